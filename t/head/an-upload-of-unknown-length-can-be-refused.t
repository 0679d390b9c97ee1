# ExpectPolicyRequireLength: chunked content, and HTTP/2 content without
# content-length, get 411.  With Content-Length the same upload passes.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

for my $coding ('chunked', 'Chunked', 'gzip, chunked') {
    my $res = ask(path => '/app/length',
                  headers => ["Transfer-Encoding: $coding"], marker => 1);
    refusal_ok($res, code => 'length_required',
               name => "Transfer-Encoding: $coding");
    is(app_ran($res), 0, 'the application never saw it');
}
my $limited = ask(path => '/app/length-limited', chunked => 1);
refusal_ok($limited, code => 'length_required', members => { limit => 1_048_576 },
           name => 'with the limit, if there is one');

my $twin = ask(path => '/app/length', length => 26, body => "5\r\nhello\r\n0\r\n\r\n" . 'x' x 11);
accepted_ok($twin, name => 'the same bytes with a Content-Length');
is(app_says($twin)->{received}, 26, 'are read as they are');
my $elsewhere = ask(path => '/app/free', chunked => 1,
                    body => "5\r\nhello\r\n0\r\n\r\n");
accepted_ok($elsewhere, name => 'chunked where it is not asked for');
is(app_says($elsewhere)->{received}, 5, 'is read');
accepted_ok(ask(path => '/app/length', length => 0), name => 'no content');
accepted_ok(ask(method => 'GET', path => '/app/length'), name => 'no upload');

my $asked = ask(path => '/app/length', chunked => 1,
                headers => ['Expect: 100-continue']);
refusal_ok($asked, code => 'length_required', status => 417,
           name => '417 for who asked first');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer($h2->request(path => '/app/length'),
                          reset_within => 2);
    $h2->refused_ok($res, code => 'length_required');
    my $id = $h2->request(path => '/app/length', length => 5);
    $h2->content($id, 'hello', end => 1);
    accepted_ok($h2->answer($id), name => 'HTTP/2 with content-length');
    my $none = $h2->answer($h2->request(method => 'GET', path => '/app/length',
                                        end => 1));
    accepted_ok($none, name => 'HTTP/2 without content');
}

no_marker_was_served(3);
done_testing;
