# A front end, a cache or an attacker may not agree with httpd on where a request
# ends.  Content must never be served as a request.  Every content here has the form
# of a request, and so have the bytes that follow it.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(sleep);

my $after = "GET /plain.txt HTTP/1.1\r\nHost: guard.test\r\n\r\n";

# Sends pieces, a moment apart, and tells all answers that come: statuses, with
# a "!" behind one that closes, and "|" where the server did.  A piece that is a
# reference waits for an answer.
sub talk {
    my ($method, @pieces) = @_;
    my $conn = converse();
    for my $n (0 .. $#pieces) {
        last if ref $pieces[$n];
        sleep 0.02 if $n;
        ExpectPolicy::Wire::put($conn, $pieces[$n], 5) or last;
    }
    my @late = map { $$_ } grep { ref } @pieces;
    my @said;
    while (1) {
        ExpectPolicy::Wire::put($conn, shift @late, 5)
            if @late && @said && $said[-1] ne '100';
        my $res = read_response($conn, method => @said ? 'GET' : $method,
                                patience => @said ? 0.5 : 10);
        if ($res->{problem}) {
            push @said, length $res->{raw} ? $res->{problem} : (),
                $conn->{eof} ? '|' : ();
            last;
        }
        my $closes = grep { /^close$/i }
            ExpectPolicy::Wire::values_of($res, 'connection');
        push @said, @{ $res->{interim} }, $res->{status} . ($closes ? '!' : '');
        last if @said > 5;
    }
    close $conn->{sock};
    return "@said";
}

# -------------------------------------------- content that arrived completely

for my $method (qw(POST HEAD OPTIONS)) {
    my $marker = ExpectPolicy::Wire::marker();
    my $content = ExpectPolicy::Wire::marker_request($marker);
    my $head = head_bytes(method => $method, path => '/app/refuse',
                          length => length $content);
    my $all = $head . $content . $after;
    my $end = length($head) + length $content;

    is(talk($method, $all), '403! |', "$method: all at once is closed");
    # the twin: the next request comes when the answer may have left
    is(talk($method, $head . $content, \$after), '403 200',
       "$method: content, and then a request");
    my (%seen, @wrong);
    # HEAD and OPTIONS look at a part, they differ in nothing but the method
    my $step = $method eq 'POST' ? 1 : 7;
    for (my $at = length($head) - 4; $at < length $all; $at += $step) {
        my $said = talk($method, substr($all, 0, $at), substr $all, $at);
        $seen{$said}++;
        # closed and silent, or kept in step
        push @wrong, "split at $at of $end: $said"
            unless $said eq '403! |' || $said eq '403!'
                || $at == $end && $said eq '403 200'
                || $at < length($head) && $said eq '403! |';
    }
    is_deeply(\@wrong, [], "$method: in two pieces, wherever they part")
        or diag explain \%seen;
    cmp_ok($seen{'403! |'} // 0, '>', 5, "$method: nearly all are closed");
}

# Content up to the last byte, and the last byte with what follows it.
my $hidden = ExpectPolicy::Wire::marker_request(ExpectPolicy::Wire::marker());
is(talk('POST', head_bytes(path => '/app/refuse', length => length $hidden)
        . substr($hidden, 0, -1), substr($hidden, -1) . $after),
   '403! |', 'the last byte comes late, and with more');
# More than is ever read to keep a connection.
for my $length (16_384, 16_385) {
    my $content = $hidden . 'x' x ($length - length $hidden);
    my $said = talk('POST', head_bytes(path => '/app/refuse',
                                       length => $length) . $content, \$after);
    like($said, qr/\A403(?: 200|! \|)\z/, "$length bytes: kept in step or closed");
    is($said, '403! |', 'and closed') if $length > 16_384;
}

# --------------------------------------------------- two ways to read one head

# Heads whose content ends in different places for different readers.  Each of
# them is answered once, by whoever, and no more.
my @tricks = (
    ['Content-Length: 6', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 6'],
    ['Content-Length: 0', 'Transfer-Encoding: chunked'],
    ['Content-Length: 6', 'Content-Length: 600'],
    ['Content-Length: 600', 'Content-Length: 6'],
    ['Content-Length: 6, 600'], ['Content-Length: 6, 6'],
    ['Content-Length: +6'], ['Content-Length: -6'], ['Content-Length: 0x6'],
    ['Content-Length: 6 6'], ['Content-Length: 6;'], ['Content-Length : 6'],
    ["Content-Length:\x0b6"], ["Content-Length: 6\x0c"],
    ['Content-Length: 18446744073709551622'],
    ['Transfer-Encoding: xchunked'], ['Transfer-Encoding: chunkedx'],
    ['Transfer-Encoding: identity'], ['Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding: gzip'], ['Transfer-Encoding : chunked'],
    ["Transfer-Encoding:\x0bchunked"], ["Transfer-Encoding: \x00chunked"],
    ["Transfer-Encoding: chunked\x0b"], ['Transfer-Encoding: "chunked"'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: x'],
    ["Transfer-Encoding\x00: chunked"], ["X: y\nTransfer-Encoding: chunked"],
    ["Content-Length: 6\nTransfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked\r"], ["Transfer-Encoding:\r\n chunked"],
    ["Transfer-Encoding: chun\r\n ked"], ['Transfer-Encoding: , chunked'],
    ["Transfer-Encoding: CHUNKED", 'Content-Length: 6'],
    ['Content-Length: 6', 'Transfer-Encoding: chunked', 'Connection: close'],
    ['Content-Length: 6', 'Connection: Content-Length'],
    ['Transfer-Encoding: chunked', 'Connection: Transfer-Encoding'],
    ['Content-Length: 600', 'Upgrade: h2c', 'Connection: Upgrade'],
    ['Content-Length: 600', 'Upgrade: TLS/1.0', 'Connection: Upgrade'],
);
for my $trick (@tricks) {
    for my $body ('', "0\r\n\r\n", "5\r\nhello\r\n0\r\nContent-Length: 9\r\n"
                  . "Expect: 100-continue\r\n\r\n") {
        my $marker = ExpectPolicy::Wire::marker_request(
            ExpectPolicy::Wire::marker());
        my $said = talk('POST', head_bytes(path => '/app/refuse',
                                           headers => $trick)
                        . $body . $marker x 2);
        like($said, qr/\A[45]\d\d!(?: \|)?\z/,
             join(', ', @$trick) =~ s/[^ -~]/./gr . ': one answer, the last');
    }
}

# -------------------------------------------------------- obfuscated Expect

for my $expect ('Expect: 100-continue', "Expect:\t100-Continue ",
                'eXPECT: 100-CONTINUE', 'Expect: 100-continue, 100-continue',
                'Expect: 100-continue;x=y', 'Expect: "100-continue"',
                'Expect: 100-continue=', 'Expect : 100-continue',
                "Expect: 100-\r\n continue", "Expect:\r\n 100-continue",
                "Expect: 100-continue\x00", "Expect: \x0b100-continue",
                "X: y\nExpect: 100-continue", 'Expect: 100-continue,',
                'Expect: y 100-continue', 'Expect: ,', 'Expect: foo',
                "Expect: 100-continue\r\nExpect: foo",
                "Expect: foo\r\nExpect: 100-continue") {
    my $name = $expect =~ s/\r\n/\\r\\n/gr =~ s/[^ -~]/./gr;
    for my $path ('/app/refuse', '/app/size', '/app/none') {
        # a field without a member expects nothing
        next if $expect eq 'Expect: ,' && $path eq '/app/none';
        my $marker = ExpectPolicy::Wire::marker_request(
            ExpectPolicy::Wire::marker());
        my @ask = (path => $path, headers => [$expect]);
        # with its content, without it, and with more than it
        like(talk('POST', head_bytes(@ask, length => 5000) . $marker x 2),
             qr/\A4\d\d!(?: \|)?\z/, "$name at $path, some of the content");
        like(talk('POST', head_bytes(@ask, length => 5000)), qr/\A4\d\d! \|\z/,
             'none of it');
        like(talk('POST', head_bytes(@ask, length => 5000)
                  . $marker . 'x' x (5000 - length $marker) . $marker),
             qr/\A4\d\d!(?: \|)?\z/, 'more than it');
    }
}
# the twin: the same field in front of content that is let in
my $free = head_bytes(path => '/app/free', length => 5,
                      headers => ['Expect: 100-continue']);
is(talk('POST', $free, 'hello', \$after), '100 200 200',
   'an upload that is let in, and what follows it');

# ------------------------------------------- content where nobody looks for it

for my $method (qw(GET HEAD OPTIONS DELETE TRACE PROPFIND FOO)) {
    for my $how ('length', 'chunks') {
        my $marker = ExpectPolicy::Wire::marker_request(
            ExpectPolicy::Wire::marker());
        my @ask = (method => $method, path => '/app/refuse');
        my $bytes = $how eq 'length' ? head_bytes(@ask, length => 9000)
            : head_bytes(@ask, chunked => 1) . sprintf "%x\r\n", 9000;
        like(talk($method, $bytes . $marker x 3), qr/\A[45]\d\d!(?: \|)?\z/,
             "$method with content by $how");
    }
}

no_marker_was_served(3 + 3 * @tricks);
done_testing;
