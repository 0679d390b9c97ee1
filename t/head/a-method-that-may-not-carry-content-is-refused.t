# ExpectPolicyMethods: an upload with another method gets 405.  Allow has the listed
# methods and those that work without content.  Without content every method passes.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my @refused = (code => 'method_not_allowed',
               members => { allowed_methods => ['POST', 'PATCH'] },
               headers => { Allow => 'POST, PATCH, GET, HEAD, OPTIONS' });

my $seen = 0;
for my $method (qw(PUT DELETE GET OPTIONS PROPFIND BREW post)) {
    my $res = ask(method => $method, path => '/app/methods', length => 10,
                  after_refusal => 'x' x 10);
    refusal_ok($res, @refused, name => "$method with content");
    is(app_ran($res), 0, 'the application never saw it');
    $seen++;
}
cmp_ok($seen, '>=', 7, 'methods');

for my $method (qw(POST PATCH)) {
    my $res = ask(method => $method, path => '/app/methods', length => 10,
                  body => 'x' x 10);
    accepted_ok($res, name => "$method with content");
    is(app_says($res)->{received}, 10, 'is read');
    my $chunked = ask(method => $method, path => '/app/methods', chunked => 1,
                      body => "3\r\nabc\r\n0\r\n\r\n");
    accepted_ok($chunked, name => "$method in chunks");
}
for my $method (qw(PUT DELETE GET)) {
    my $res = ask(method => $method, path => '/app/methods', length => 0);
    accepted_ok($res, name => "$method without content");
}

my $head = ask(method => 'HEAD', path => '/app/methods', length => 10);
refusal_ok($head, @refused, head => 1, name => 'HEAD with content');
my $put = ask(method => 'PUT', path => '/app/free', length => 10,
              body => 'x' x 10);
accepted_ok($put, name => 'PUT where nothing is said about methods');

my $asked = ask(method => 'PUT', path => '/app/methods', length => 10,
                headers => ['Expect: 100-continue']);
refusal_ok($asked, @refused, status => 417, name => '417 for who asked first');
access_ok($asked, verdict => 'refused', error => 'method_not_allowed');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer($h2->request(method => 'PUT', path => '/app/methods'),
                          reset_within => 2);
    $h2->refused_ok($res, @refused);
}

done_testing;
