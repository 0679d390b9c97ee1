# Scenarios A1, A2, B1 and B2: under `ExpectPolicyExpectations None` every Expect
# field is refused, 100-continue included, and the client that comes back without
# one is served.  Where 100-continue is accepted, it is answered with 100.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my $cors = 'https://app.example';
my $checked = 0;

# 100-continue means nothing in HTTP/1.0 (RFC 9110 10.1.1) and is no reason to
# refuse there; that has its own test.
for my $value ('100-continue', '100-Continue', 'foo', 'certain-expectation=1') {
    # A1 is about any request, content or not
    for my $path ('/app/none', '/app/none-cors') {
        # In the plain server it is core that meets what is not 100-continue,
        # and core knows the virtual host alone, which accepts 100-continue.
        my $supported = !is_held() && $value !~ /^100-continue$/i
            ? ['100-continue'] : [];
        my @want = (code => 'unsupported_expectation',
                    members => { supported_expectations => $supported });
        my $upload = ask(path => $path, length => 50_000,
                         headers => ["Expect: $value"], marker => 0,
                         after_refusal => 'x' x 1000);
        refusal_ok($upload, @want, name => "POST $path, Expect: $value");
        is(app_ran($upload), 0, 'the application never saw it');
        my ($allow) = grep { lc $_->[0] eq 'access-control-allow-origin' }
            @{ $upload->{headers} };
        is($allow && $allow->[1],
           $path =~ /cors/ && "@$supported" eq '' ? $cors : undef,
           'Header always is kept where the directory is known');

        my $get = ask(method => 'GET', path => $path,
                      headers => ["Expect: $value"]);
        refusal_ok($get, @want, content => @$supported ? 1 : 0,
                   name => "GET $path, Expect: $value");
        is(app_ran($get), 0, 'the application never saw it');
        $checked++;
    }
}
cmp_ok($checked, '>=', 8, 'values and places');

# A2
my $twin = ask(path => '/app/none', length => 5000, body => 'x' x 5000);
accepted_ok($twin, name => 'the same POST without Expect');
is(app_says($twin)->{received}, 5000, 'arrived in full');
my $empty = ask(path => '/app/none', length => 5000, body => 'x' x 5000,
                headers => ['Expect:']);
accepted_ok($empty, name => 'an empty Expect field expects nothing');

# B2: nothing but 100 until the content comes
my $invited = ask(path => '/app/free', length => 50_000,
                  headers => ['Expect: 100-continue'],
                  after_100 => 'y' x 50_000);
accepted_ok($invited, interim => [100], name => '100, then the content, then 200');
is(app_says($invited)->{received}, 50_000, 'arrived in full');
access_ok($invited, verdict => 'admitted');

# B1, of the contract's own numbers
my $b1 = ask(path => '/app/refuse', length => 50_000,
             headers => ['Expect: 100-continue'],
             after_refusal => 'z' x 50_000);
refusal_ok($b1, code => 'closed', status => 417, name => 'B1: 417, at once');
like(access_line($b1) // '', qr/ 417 in=(?:[1-9]\d\d) /,
     'httpd read the head and nothing else');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer(
        $h2->request(path => '/app/none', length => 50_000,
                     headers => ['expect: 100-continue']), reset_within => 2);
    $h2->refused_ok($res, code => 'unsupported_expectation',
                    members => { supported_expectations => [] });
    is(app_ran($res), 0, 'the application never saw it');

    my $id = $h2->request(path => '/app/free', length => 5000,
                          headers => ['expect: 100-continue']);
    is($h2->interim($id, 5), 100, '100 Continue over HTTP/2');
    $h2->content($id, 'x' x 5000, end => 1);
    my $ok = $h2->answer($id);
    accepted_ok($ok, interim => [100], name => 'then the content, then 200');
    is(app_says($ok)->{received}, 5000, 'arrived in full');
}

done_testing;
