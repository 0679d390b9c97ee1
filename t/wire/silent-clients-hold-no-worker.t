# Scenario D5: 200 clients send the heads of 10 GB uploads and then nothing.  All
# are refused at once, and an ordinary GET next to them is served as before.
use strict;
use warnings;

use ExpectPolicy::Wire;
use IO::Select ();
use Test::More;
use Time::HiRes qw(time sleep);

use constant CLIENTS => 200;

sub get_ms {
    my @ms = map {
        my $res = ask(method => 'GET', path => '/plain.txt', linger => 0);
        is($res->{status}, 200, 'GET') if $res->{status} != 200;
        $res->{ms};
    } 1 .. 9;
    return (sort { $a <=> $b } @ms)[4];
}
my $before = get_ms();

for (['/app/size', 'content_too_large', 413],
     ['/app/none', 'unsupported_expectation', 417],
     ['/app/auth', 'authentication_required', 401]) {
    my ($path, $code, $status) = @$_;
    my $expect = $status == 417 ? ['Expect: foo'] : [];
    # Under prefork a client that stays connected holds a process until the
    # lingering close is over, with any module and any answer: the clients go
    # there when they have read theirs.
    my $stay = !is_mpm('prefork');

    my $head = head_bytes(path => $path, length => 10_737_418_240,
                          headers => $expect);
    my $started = time;
    my (@conns, @late);
    my $answered = 0;
    for my $n (1 .. CLIENTS) {
        my $conn = converse();
        ExpectPolicy::Wire::put($conn, $head, 5);
        push @conns, $conn;
        if (!$stay) {
            my $res = read_response($conn, patience => 5);
            $answered++ if ($res->{status} // 0) == $status;
            close delete $conn->{sock};
        }
    }
    my $sent = time;
    if ($stay) {
        for my $conn (@conns) {
            my $res = read_response($conn, patience => 5);
            $answered++ if ($res->{status} // 0) == $status
                && index($res->{body}, "\"error\":\"$code\"") > 0;
        }
    }
    is($answered, CLIENTS, "$path: all refused with $status");
    cmp_ok(time - $sent, '<', 2, 'at once');
    cmp_ok(time - $started, '<', 10, 'within bounds in all');

    my $now = get_ms();
    cmp_ok($now, '<', $before * 5 + 100,
           "GET next to them is served ($before ms before, $now ms now)");
    my $post = ask(path => '/app/free', length => 5, body => 'xxxxx');
    accepted_ok($post, name => 'and so is an upload that fits');
    close $_->{sock} for grep { $_->{sock} } @conns;
}

done_testing;
