# ErrorDocument never changes a refusal, `Header always` is kept on it, HEAD gets
# the head alone, and what the client sent is not told back.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my @large = (code => 'content_too_large',
             members => { limit => 1000, requested_size => 1001 });

for my $path ('/app/pages', '/app/pages-text', '/app/pages-url') {
    for my $expect ([], ['Expect: 100-continue']) {
        my $res = ask(path => $path, length => 1001, headers => $expect,
                      marker => 1);
        refusal_ok($res, @large, status => @$expect ? 417 : 413,
                   name => "$path @$expect");
        is(app_ran($res), 0, 'no script was asked for a page');
    }
    accepted_ok(ask(path => $path, length => 1000, body => 'x' x 1000),
                name => "$path: one byte less");
}

my %cors = ('Access-Control-Allow-Origin' => 'https://app.example',
            'Access-Control-Expose-Headers' => 'Expect-Policy-Error');
my $cors = ask(path => '/app/cors', length => 1001, marker => 1);
refusal_ok($cors, @large, headers => { %cors, 'X-Only-On-Success' => undef },
           name => 'Header always is kept');
my $fine = ask(path => '/app/cors', length => 1000, body => 'x' x 1000);
accepted_ok($fine, name => 'one byte less');
my %got = map { $_->[0] => $_->[1] } @{ $fine->{headers} };
is($got{'X-Only-On-Success'}, 'yes', 'with the header of successes');

my @gzip = (headers => ['Accept-Encoding: gzip']);
refusal_ok(ask(path => '/app/deflate', length => 1001, @gzip), @large,
           name => 'mod_deflate leaves it alone');
my $squeezed = ask(path => '/app/deflate', length => 1000, body => 'x' x 1000,
                   @gzip);
like(join("\n", map { "$_->[0]: $_->[1]" } @{ $squeezed->{headers} }),
     qr/^Content-Encoding: gzip$/m, 'and works on what is let through');

my $post = ask(path => '/app/size', length => 1001);
my $head = ask(method => 'HEAD', path => '/app/size', length => 1001, marker => 1);
refusal_ok($head, @large, head => 1, name => 'HEAD');
my ($length) = map { $_->[1] }
    grep { lc $_->[0] eq 'content-length' } @{ $head->{headers} };
is($length, length $post->{body}, 'the length is that of the document');

# everywhere a client can put something
my $evil = 'canary"><script>alert(1)</script>';
my $echo = ask(method => 'PUT', path => "/app/many/canary?%22canary=$evil",
               length => 1001, headers => [
    "Content-Type: $evil", "Content-Encoding: $evil",
    "User-Agent: $evil", "Referer: http://$evil/", "Origin: $evil",
    "Authorization: $evil", "Cookie: $evil", "X-Request-Id: $evil",
]);
refusal_ok($echo, code => 'continue_required', members => { limit => 500 },
           violations => [qw(continue_required method_not_allowed
               unsupported_content_type unsupported_content_encoding
               content_too_large)], name => 'no echo of anything');
my $expect = ask(path => '/app/none', length => 10, headers => ["Expect: $evil"]);
refusal_ok($expect, code => 'unsupported_expectation', members => {
    supported_expectations => is_held() ? [] : ['100-continue'],
}, name => 'the expectation is not repeated in the answer');

# and nothing that a terminal or a log reader would act on
my $log = join '', log_lines($echo), log_lines($expect);
unlike($log, qr/[\x00-\x08\x0b-\x1f\x7f]/, 'no control bytes in the log');
my $bytes = ask(path => '/app/types', length => 1,
                headers => ["Content-Type: \x1b[31m\x80\xff" . 'w' x 500]);
my @lines = log_lines($bytes);
unlike("@lines", qr/[\x00-\x08\x0b-\x1f\x7f-\xff]/,
       'the log has no raw bytes of the client');
unlike("@lines", qr/w{81}/, 'and it is cut');

# What did not reach us in one piece is httpd's to refuse, and still no upload
# is read for it.
if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer($h2->request(path => '/app/cors', length => 1001),
                          reset_within => 2);
    $h2->refused_ok($res, @large, headers => \%cors);
    my $page = $h2->answer($h2->request(path => '/app/pages', length => 1001),
                           reset_within => 2);
    $h2->refused_ok($page, @large, name => 'ErrorDocument over HTTP/2');
    my $none = $h2->answer($h2->request(method => 'HEAD', path => '/app/size',
                                        length => 1001), reset_within => 2);
    $h2->refused_ok($none, @large, head => 1, name => 'HEAD over HTTP/2');
}

no_marker_was_served(8);
done_testing;
