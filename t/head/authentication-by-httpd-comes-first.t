# Where httpd's own Require demands a user, its 401 comes before everything that
# would tell a stranger about the place; with the right credentials the upload
# is judged like any other.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $right = 'Authorization: Basic ' . encode_base64('alice:wonder', '');
my $wrong = 'Authorization: Basic ' . encode_base64('alice:blunder', '');
my @large = (code => 'content_too_large',
             members => { limit => 1000, requested_size => 1001 });

for my $path ('/app/user') {
    for my $credentials ([], [$wrong]) {
        my $res = ask(path => $path, length => 1001, headers => $credentials,
                      body => 'x' x 1001);
        is($res->{status}, 401, @$credentials ? 'wrong password' : 'nobody');
        unlike($res->{raw}, qr/content_too_large|\b1000\b/,
               'nothing about limits');
        is_deeply([ grep { /refused/ } log_lines($res) ], [], 'not our refusal');
        is(app_ran($res), 0, 'and it ends there');
        my $asked = ask(path => $path, length => 1001,
                        headers => [@$credentials, 'Expect: 100-continue']);
        is($asked->{status}, 401, 'the same for who asks first');
        is_deeply($asked->{interim}, [], 'who is not invited');
    }
    my $res = ask(path => $path, length => 1001, headers => [$right],
                  marker => 1);
    refusal_ok($res, @large, name => 'the right password: 413');
    is(app_ran($res), 0, 'the application never saw it');
    my $asked = ask(path => $path, length => 1001,
                    headers => [$right, 'Expect: 100-continue'], marker => 1);
    refusal_ok($asked, @large, status => 417,
               name => 'the right password and asking: 417');
    my $ok = ask(path => $path, length => 1000, headers => [$right],
                 body => 'x' x 1000);
    accepted_ok($ok, name => 'and one byte less');
    is(app_says($ok)->{received}, 1000, 'is read');
}

# Satisfy Any overrules a refusal of httpd's access checks, but not one of ours.
my $any = ask(path => '/app/user-any', length => 1001, headers => [$right],
              marker => 1);
refusal_ok($any, @large, name => 'Satisfy Any does not overrule a refusal');
my $fine = ask(path => '/app/user-any', length => 1000, headers => [$right],
               body => 'x' x 1000);
accepted_ok($fine, name => 'one byte less');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $stranger = $h2->answer($h2->request(path => '/app/user', length => 1001));
    is($stranger->{status}, 401, 'HTTP/2: nobody');
    my $user = $h2->answer($h2->request(path => '/app/user', length => 1001,
                                        headers => [$right]),
                           reset_within => 2);
    $h2->refused_ok($user, @large);
}

no_marker_was_served(3);
done_testing;
