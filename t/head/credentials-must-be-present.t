# Scenario D1, and D4 for 401: an upload without credentials of a scheme is
# refused with the challenge, and is told nothing else about the place.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my @bearer = (
    code => 'authentication_required', members => { details => qr/\S/ },
    headers => { 'WWW-Authenticate' => 'Bearer realm="api"' },
);

# D1, of the scenario's own numbers
my @video = (path => '/api/uploads', length => 524_288_000);
my $d1 = ask(@video, headers => ['Content-Type: video/mp4',
                                 'Expect: 100-continue'],
             after_refusal => 'x' x 5000);
refusal_ok($d1, @bearer, status => 417, name => 'D1');
is(app_ran($d1), 0, 'the application never saw it');
my $d4 = ask(@video, headers => ['Content-Type: video/mp4'], marker => 1);
refusal_ok($d4, @bearer, name => 'D4: without Expect 401, at once');

# which credentials are of the scheme
my @no = ('', 'Basic YTpi', 'Bearerx abc', 'Token bearer', '"Bearer" x',
          'realm=Bearer', ',Bearer x');
my @yes = ('Bearer abc', 'bearer abc', 'BEARER  abc', 'Bearer');
for my $credentials (@no) {
    my $res = ask(path => '/app/auth', length => 10,
                  headers => ["Authorization: $credentials"]);
    refusal_ok($res, @bearer, name => "Authorization: $credentials");
    unlike($res->{body}, qr/YTpi|Bearerx|Token/, 'no echo of credentials');
    unlike(join('', log_lines($res)), qr/YTpi|Bearerx|Token/,
           'the log has no credentials');
}
for my $credentials (@yes) {
    my $res = ask(path => '/app/auth', length => 10, body => 'x' x 10,
                  headers => ["Authorization: $credentials"]);
    accepted_ok($res, name => "Authorization: $credentials");
    is(app_says($res)->{received}, 10, 'is read');
}
cmp_ok(@no + @yes, '>=', 11, 'credentials');

my $get = ask(method => 'GET', path => '/app/auth');
accepted_ok($get, name => 'what is no upload needs none');

# several lines: any of them, each one a challenge
my $two = ask(path => '/app/auth-two', length => 10);
refusal_ok($two, code => 'authentication_required',
           members => { details => qr/\S/ }, headers => {
    'WWW-Authenticate' => ['Bearer realm="api"',
                           'Basic realm="the vault", charset=UTF-8'],
}, name => 'two lines are two challenges');
for my $credentials ('Bearer abc', 'Basic YTpi') {
    my $res = ask(path => '/app/auth-two', length => 10, body => 'x' x 10,
                  headers => ["Authorization: $credentials"]);
    accepted_ok($res, name => "either is enough: $credentials");
}
my $third = ask(path => '/app/auth-two', length => 10,
                headers => ['Authorization: Digest username="x"']);
refusal_ok($third, code => 'authentication_required',
           members => { details => qr/\S/ }, name => 'a third one is not');

# The limit would tell the stranger something about the place.
my $secret = ask(path => '/app/continue-secret', length => 2_000_000);
refusal_ok($secret, code => 'continue_required',
           violations => ['continue_required', 'authentication_required'],
           name => 'nothing about limits before authentication');
unlike($secret->{raw}, qr/1048576/, 'not anywhere');
my $known = ask(path => '/app/continue-secret', length => 2_000_000,
                headers => ['Authorization: Bearer x']);
refusal_ok($known, code => 'continue_required', members => { limit => 1_048_576 },
           name => 'after it the limit is told');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer($h2->request(path => '/app/auth', length => 500_000),
                          reset_within => 2);
    $h2->refused_ok($res, @bearer);
    my $id = $h2->request(path => '/app/auth', length => 5,
                          headers => ['authorization: Bearer x']);
    $h2->content($id, 'xxxxx', end => 1);
    accepted_ok($h2->answer($id), name => 'with credentials, over HTTP/2');
}

no_marker_was_served(1);
done_testing;
