# Scenario C1: 417 with a document, in every protocol, although the client holds
# its content back and would wait.  In the plain server the answer is core's,
# replaced on its way out; the client cannot tell the difference.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my $expect = 'Expect: certain-expectation';
my @refused = (
    code => 'unsupported_expectation',
    members => { supported_expectations => ['100-continue'] },
);

for my $version ('1.0', '1.1') {
    my $get = ask(method => 'GET', path => '/plain.txt', version => $version,
                  headers => [$expect]);
    refusal_ok($get, @refused, content => is_held() ? 0 : 1,
               name => "GET in HTTP/$version");

    my $post = ask(path => '/app/free', version => $version, length => 50_000,
                   headers => [$expect], after_refusal => 'x' x 50_000);
    refusal_ok($post, @refused, name => "POST in HTTP/$version");
    is(app_ran($post), 0, 'the application never saw it');
    access_ok($post, verdict => 'refused', error => 'unsupported_expectation');

    my $head = ask(method => 'HEAD', path => '/plain.txt', version => $version,
                   headers => [$expect]);
    refusal_ok($head, @refused, head => 1, content => is_held() ? 0 : 1,
               name => "HEAD in HTTP/$version");

    my $twin = ask(path => '/app/free', version => $version, length => 50_000,
                   body => 'x' x 50_000);
    accepted_ok($twin, name => "the same POST in HTTP/$version without Expect");
    is(app_says($twin)->{received}, 50_000, 'arrived in full');
}

my $chunked = ask(path => '/app/free', chunked => 1, headers => [$expect]);
refusal_ok($chunked, @refused, name => 'a chunked POST');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $get = $h2->answer($h2->request(method => 'GET', path => '/plain.txt',
                                       end => 1, headers => [$expect]));
    $h2->refused_ok($get, @refused, content => 0, name => 'GET in HTTP/2');
    my $post = $h2->answer($h2->request(path => '/app/free', length => 50_000,
                                        headers => [$expect]),
                           reset_within => 2);
    $h2->refused_ok($post, @refused, name => 'POST in HTTP/2');
    is(app_ran($post), 0, 'the application never saw it');

    my $id = $h2->request(path => '/app/free', length => 5000);
    $h2->content($id, 'x' x 5000, end => 1);
    my $twin = $h2->answer($id);
    accepted_ok($twin, name => 'the same POST in HTTP/2 without Expect');
    is(app_says($twin)->{received}, 5000, 'arrived in full');
}

done_testing;
