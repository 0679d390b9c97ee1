# Scenario D3, and D4 for 415.  A Content-Type that is missing or repeated, or whose
# type is malformed, matches nothing; parameters are not looked at.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my @list = ('image/png', 'image/jpeg', 'text/*');
my @refused = (code => 'unsupported_content_type',
               members => { supported_types => \@list });
my $accept = join ', ', @list;

# D3, of the scenario's own numbers
my @images = (code => 'unsupported_content_type', members => {
    supported_types => ['image/jpeg', 'image/png', 'image/gif'],
});
my $d3 = ask(path => '/api/images', length => 2_097_152,
             headers => ['Content-Type: image/webp', 'Expect: 100-continue'],
             after_refusal => 'x' x 5000);
refusal_ok($d3, @images, status => 417, name => 'D3');
is(app_ran($d3), 0, 'the application never saw it');
my $d4 = ask(path => '/api/images', length => 2_097_152, marker => 1,
             headers => ['Content-Type: image/webp']);
refusal_ok($d4, @images, name => 'D4: without Expect 415, at once');

# Accept says what a request may contain, by method also in its own field
my %by_method = (POST => ['Accept-Post'], PATCH => ['Accept-Patch'], PUT => []);
for my $method (sort keys %by_method) {
    my $res = ask(method => $method, path => '/app/types', length => 9,
                  headers => ['Content-Type: image/webp']);
    my %headers = ('Accept' => $accept, 'Accept-Post' => undef,
                   'Accept-Patch' => undef);
    $headers{$_} = $accept for @{ $by_method{$method} };
    refusal_ok($res, @refused, headers => \%headers, name => "$method: Accept");
    like($res->{body}, qr{image/webp|message}, 'a type that parsed may be told');
}

my @no = (
    [], ['image/webp'], ['image/pngx'], ['image'], ['image/'], ['/png'], [''],
    ['image/png, image/png'], ['image/png', 'image/png'],
    ['image/png', 'text/plain'], ['image/png; boundary====1===, text/plain'],
    ['image/png; =1', 'image/png'],
    ['image /png'], ['image/ png'], ['image/png image/jpeg'], ['*/*'],
    ['"image/png"'], ['application/x; a="image/png"'], ['image/*'],
    ["image/" . 'p' x 200], ['image/png;a="open, x'], ["image/\xe9"],
    ['<script>alert(1)</script>'], ['textx/plain'], ['text'],
);
for my $types (@no) {
    my $res = ask(path => '/app/types', length => 9,
                  headers => [ map { "Content-Type: $_" } @$types ],
                  after_refusal => 'x' x 9);
    refusal_ok($res, @refused,
               name => 'refused: ' . substr join(' | ', @$types), 0, 40);
    unlike($res->{body}, qr/<script|pppppppp|open/, 'nothing raw is echoed');
}
my @yes = ('image/png', 'IMAGE/PNG', 'image/jpeg;q=1', 'text/plain; charset=utf-8',
           'text/html', 'Text/x-anything', 'image/png ; a="b, c"',
           'image/png;a="\""',
           # parameters are not looked at, malformed ones included
           'text/x-form; boundary====1===', 'image/png;x', 'image/png; =1',
           'image/png;a="open', 'image/png; a = b; c d');
for my $type (@yes) {
    my $res = ask(path => '/app/types', length => 9, body => 'x' x 9,
                  headers => ["Content-Type: $type"]);
    accepted_ok($res, name => "accepted: $type");
    is(app_says($res)->{received}, 9, 'and read');
}
cmp_ok(scalar @no, '>=', 24, 'refused types');
cmp_ok(scalar @yes, '>=', 13, 'accepted types');

# */* asks for a type, whatever it is
accepted_ok(ask(path => '/app/types-any', length => 3, body => 'xxx',
                headers => ['Content-Type: a/b']), name => '*/* takes any type');
refusal_ok(ask(path => '/app/types-any', length => 3),
           code => 'unsupported_content_type',
           members => { supported_types => ['*/*'] }, name => 'but not none');
accepted_ok(ask(path => '/app/free', length => 3, body => 'xxx'),
            name => 'nothing is asked where nothing is said');
accepted_ok(ask(method => 'GET', path => '/app/types',
                headers => ['Content-Type: image/webp']),
            name => 'a GET needs no Content-Type of the list');

my $long = ask(path => '/app/types', length => 9,
               headers => ['Content-Type: image/' . 'q' x 121]);
refusal_ok($long, @refused, name => 'a type of 127 bytes');
my $longer = ask(path => '/app/types', length => 9,
                 headers => ['Content-Type: image/' . 'q' x 122]);
refusal_ok($longer, @refused, name => 'a type of 128 bytes');
unlike($longer->{raw}, qr/qqqqqqqq/, 'is not told');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer(
        $h2->request(path => '/app/types', length => 500_000,
                     headers => ['content-type: image/webp']),
        reset_within => 2);
    $h2->refused_ok($res, @refused,
                    headers => { 'Accept' => $accept, 'Accept-Post' => $accept });
}

no_marker_was_served(1);
done_testing;
