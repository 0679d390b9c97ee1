# A refusal is the last answer on an HTTP/1 connection.  On HTTP/2 it concerns one
# stream only.  Nothing that follows an upload's head is taken for a request.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

# A pipeline of requests ends at the refusal, and what came before is answered.
sub pipeline {
    my (%upload) = @_;
    my $marker = ExpectPolicy::Wire::marker();
    my $conn = converse();
    my $bytes = "GET /plain.txt HTTP/1.1\r\nHost: guard.test\r\n\r\n"
        . head_bytes(%upload) . ExpectPolicy::Wire::marker_request($marker) x 3;
    ExpectPolicy::Wire::put($conn, $bytes, 5);
    my @answers;
    while (my $res = read_response($conn, patience => 5)) {
        last if !$res->{status};
        push @answers, $res->{status};
    }
    return "@answers";
}
is(pipeline(path => '/app/refuse', length => 5000), '200 403',
   'a pipeline with a Content-Length');
is(pipeline(path => '/app/refuse', chunked => 1), '200 403', 'with chunks');
is(pipeline(path => '/app/refuse', length => 5000,
            headers => ['Expect: 100-continue']), '200 417', 'asking first');
is(pipeline(path => '/app/free', length => 5000, headers => ['Expect: foo']),
   '200 417', 'with an expectation that is not met');
is(pipeline(host => 'ceiling.test', path => '/x', length => 5001), '200 413',
   'over the ceiling');
# the twin: the same bytes, and an upload that ends before the markers
my $conn = converse();
my $two = head_bytes(path => '/app/free', length => 3) . 'abc'
    . "GET /plain.txt HTTP/1.1\r\nHost: guard.test\r\n\r\n";
ExpectPolicy::Wire::put($conn, $two, 5);
is(read_response($conn)->{status}, 200, 'an accepted upload');
is(read_response($conn)->{body}, "a plain file\n", 'is followed by a request');

# Two ways to say how long it is, of which a front end may believe the other one.
for my $how (['Content-Length: 5', 'Transfer-Encoding: chunked'],
             ['Transfer-Encoding: chunked', 'Content-Length: 5'],
             ['Transfer-Encoding: identity'], ['Transfer-Encoding: xchunked'],
             ['Content-Length: 5', 'Content-Length: 50'],
             ['Transfer-Encoding: chunked, identity']) {
    my $res = ask(path => '/app/refuse', headers => $how, marker => 1);
    like($res->{status}, qr/^[45]\d\d$/, "@$how: refused by somebody");
    is_deeply($res->{interim}, [], 'without 100');
    is($res->{extra}, '', 'and nothing behind it');
    ok($res->{eof}, 'closed');
}

# A refused upload without content leaves the connection to the next request.
my $get = ask(method => 'GET', path => '/app/refuse');
accepted_ok($get, name => 'no upload');
live_ok($get);

if (has_http2()) {
    # one stream is in the middle of its content while another is refused
    my $h2 = ExpectPolicy::H2->new;
    my $first = $h2->request(path => '/app/free', length => 2000);
    $h2->content($first, 'a' x 1000);
    my @refused = map { $h2->request(path => '/app/refuse', length => 1e9) } 1 .. 5;
    for my $id (@refused) {
        my $res = $h2->answer($id, reset_within => 2);
        # their lines in the log cannot be told apart
        refusal_ok($res, code => 'closed', http2 => 1, logged => 0,
                   name => "stream $id is refused");
        is(join(' ', map { $_->[0] } @{ $res->{frames} }), '1 0 3',
           'HEADERS, DATA, RST_STREAM') or diag explain $res->{frames};
        is($res->{reset}, 0, 'NO_ERROR');
    }
    # a client that had its content on the way already
    $h2->content($refused[0], 'GET / HTTP/1.1', end => 1)
        unless $h2->{streams}{ $refused[0] }{closed};
    $h2->content($first, 'b' x 1000, end => 1);
    my $res = $h2->answer($first);
    is($res->{status}, 200, 'the upload next to them goes on');
    my @lines = grep { / refused: error=closed status=403 / } log_lines($res);
    is(scalar @lines, 5, 'one line in the log for each of the others');
    is(app_says($res)->{received}, 2000, 'and arrives in full');
    is($h2->{goaway}, undef, 'nobody closes the connection');
}

no_marker_was_served(11);
done_testing;
