# The first check that fails gives the error.  If more than one fails, all of them
# are in `violations`, in the order of the checks.  A demand for credentials tells
# nothing of the checks after it.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

my @png = ('Content-Type: image/png');
my @gzip = ('Content-Encoding: gzip');
my @auth = ('Authorization: Bearer x');
my @post = (method => 'POST');
my %members = (
    unsupported_expectation => { supported_expectations => [] },
    continue_required => { limit => 500 },
    method_not_allowed => { allowed_methods => ['POST'] },
    authentication_required => { details => qr/\S/ },
    closed => {},
    unsupported_content_type => { supported_types => ['image/png'] },
    unsupported_content_encoding => { supported_encodings => ['identity'] },
    length_required => { limit => 1000 },
    content_too_large => { limit => 1000, requested_size => 1001 },
);

my @table = (
    # place, what is sent, what fails
    ['many', [method => 'PUT', length => 1001, headers => [@gzip]],
     [qw(continue_required method_not_allowed unsupported_content_type
         unsupported_content_encoding content_too_large)]],
    ['many', [@post, length => 1001, headers => [@gzip]],
     [qw(continue_required unsupported_content_type
         unsupported_content_encoding content_too_large)]],
    ['many', [@post, length => 1001, headers => [@gzip, 'Expect: 100-continue']],
     [qw(unsupported_content_type unsupported_content_encoding
         content_too_large)], 417],
    ['many', [@post, length => 1001, headers => [@png, 'Expect: 100-continue']],
     [qw(content_too_large)], 417],
    ['many', [@post, length => 1001, headers => [@png]],
     [qw(continue_required content_too_large)]],
    ['many', [@post, length => 501, headers => [@png]],
     [qw(continue_required)]],
    ['many', [@post, length => 500, headers => [@png, @gzip]],
     [qw(unsupported_content_encoding)]],
    ['many', [method => 'PUT', length => 500, headers => [@png]],
     [qw(method_not_allowed)]],
    ['many', [@post, chunked => 1, headers => [@png]],
     [qw(continue_required length_required)]],
    ['many', [@post, chunked => 1, headers => [@png, 'Expect: 100-continue']],
     [qw(length_required)], 417],
    ['order', [@post, length => 1001, headers => [@gzip]],
     [qw(closed unsupported_content_type unsupported_content_encoding
         content_too_large)]],
    ['order', [@post, length => 1000, headers => [@png]], [qw(closed)]],
    ['all', [method => 'PUT', length => 1001,
             headers => [@gzip, 'Expect: 100-continue']],
     [qw(unsupported_expectation method_not_allowed authentication_required)],
     417],
    ['all', [method => 'PUT', length => 1001, headers => [@gzip]],
     [qw(continue_required method_not_allowed authentication_required)]],
    ['all', [@post, length => 100, headers => [@gzip]],
     [qw(authentication_required)]],
    ['all', [@post, length => 1001, headers => [@gzip, @auth]],
     [qw(continue_required closed unsupported_content_type
         unsupported_content_encoding content_too_large)]],
    ['all', [@post, length => 100, headers => [@png, @auth]], [qw(closed)]],
);
for (@table) {
    my ($place, $ask, $failed, $status) = @$_;
    my $first = $failed->[0];
    my $res = ask(path => "/app/$place", @$ask, marker => 1);
    my %has = %{ $members{$first} };
    # what a stranger must not know
    delete $has{limit}
        if grep { $_ eq 'authentication_required' } @$failed;
    refusal_ok($res, code => $first, status => $status, members => \%has,
               violations => @$failed > 1 ? $failed : undef,
               name => "$place: @$failed");
}
cmp_ok(scalar @table, '>=', 17, 'combinations');

accepted_ok(ask(path => '/app/many', @post, length => 500, body => 'x' x 500,
                headers => [@png]), name => 'nothing fails');
accepted_ok(ask(path => '/app/many', @post, length => 1000,
                headers => [@png, 'Expect: 100-continue'],
                after_100 => 'x' x 1000),
            interim => [100], name => 'nothing fails for who asks first');

no_marker_was_served(17);
done_testing;
