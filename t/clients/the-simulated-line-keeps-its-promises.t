# runs: alone
# t/clients measures over a simulated line in user space.  This test shows that the
# line itself is right: its delays, its ends of stream and its resets.
use strict;
use warnings;

use Errno qw(ECONNRESET EAGAIN EPIPE);
use File::Temp ();
use FindBin ();
use IO::Select ();
use IO::Socket::INET;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF SHUT_WR INADDR_LOOPBACK
              pack_sockaddr_in);
use Test::More;
use Time::HiRes qw(sleep time);
use lib "$FindBin::RealBin/lib";
use Link;

use constant { DELAY => 0.04, RATE => 50e6 / 8, MEGABYTE => 1_000_000 };

$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { die "this test took too long\n" };
alarm 60;

my $log = File::Temp->new;
my $listener = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1')
    or die $!;
my $link = Link->start(to => $listener->sockport, delay => DELAY, rate => RATE,
                       log => "$log");
my $main = $$;
END { $link->stop if $link && $$ == $main }

sub pair {
    my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $link->port)
        or die $!;
    IO::Select->new($listener)->can_read(10) or die 'nobody came';
    return $client, scalar $listener->accept;
}

# @return what came within some seconds, and how it ended: end, reset, nothing
sub hear {
    my ($socket, $seconds, $piece, $pause) = @_;
    my $end = time + ($seconds // 5);
    my $text = '';
    while ((my $left = $end - time) > 0) {
        IO::Select->new($socket)->can_read($left) or last;
        my $length = sysread $socket, $text, $piece // 65536, length $text;
        return $text, $! == ECONNRESET ? 'reset' : "$!" unless defined $length;
        return $text, 'end' if $length == 0;
        sleep($pause // 0);
    }
    return $text, 'nothing';
}

sub reset_now {
    my ($socket) = @_;
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) or die $!;
    close $socket;
}

subtest 'a byte takes the delay, in either direction' => sub {
    my ($client, $server) = pair();
    for my $way ([$client, $server, 'up'], [$server, $client, 'down']) {
        my ($from, $to, $name) = @$way;
        my $start = time;
        syswrite $from, 'x';
        sysread $to, my $byte, 1;
        my $took = time - $start;
        is($byte, 'x', "$name: it arrives");
        cmp_ok($took, '>=', DELAY - 0.002, 'not before its time');
        cmp_ok($took, '<', DELAY + 1, 'and not long after');
    }
};

subtest 'five megabytes take as long as the rate says' => sub {
    my ($client, $server) = pair();
    defined(my $pid = fork) or die $!;
    if (!$pid) {
        print $client 'x' x (5 * MEGABYTE);
        close $client;
        POSIX::_exit(0);
    }
    close $client;
    my $start = time;
    my ($text, $ending) = hear($server, 20);
    my $took = time - $start;
    waitpid $pid, 0;
    is(length $text, 5 * MEGABYTE, 'all of it arrives');
    is($ending, 'end', 'with its end behind it');
    cmp_ok($took, '>=', 0.95 * 5 * MEGABYTE / RATE, 'not faster than the line is');
    cmp_ok($took, '<', 5 * 5 * MEGABYTE / RATE + DELAY,
       'not much slower than the line is');
};

subtest 'who is not read has to stop' => sub {
    my ($client, $server) = pair();
    $client->blocking(0);
    my $sent = 0;
    my $end = time + 2.5;
    while (time < $end) {
        my $length = syswrite $client, 'x' x 65536;
        $sent += $length // 0;
        sleep 0.01 unless $length;
    }
    # what the kernel holds in four socket buffers, and what the line holds
    cmp_ok($sent, '<', 12 * MEGABYTE, "after $sent bytes");
    my $got = 0;
    $end = time + 20;
    while ($got < $sent && time < $end && IO::Select->new($server)->can_read(5)) {
        $got += sysread($server, my $piece, 65536) || last;
    }
    is($got, $sent, 'and nothing of it is lost');
};

subtest 'one direction can end alone' => sub {
    my ($client, $server) = pair();
    syswrite $client, 'question';
    shutdown $client, SHUT_WR;
    my ($text, $ending) = hear($server);
    is($text, 'question', 'the question arrives');
    is($ending, 'end', 'and its end');
    syswrite $server, 'answer';
    close $server;
    ($text, $ending) = hear($client);
    is($text, 'answer', 'the answer still arrives');
    is($ending, 'end', 'and its end, which is no reset');
};

subtest 'a reset comes as a reset, behind what was sent before it' => sub {
    my ($client, $server) = pair();
    syswrite $client, 'question';
    sysread $server, my $question, 100;
    my $start = time;
    syswrite $server, 'answer';
    reset_now($server);
    my ($text, $ending) = hear($client);
    is($text, 'answer', 'the answer arrives');
    is($ending, 'reset', 'then the reset');
    cmp_ok(time - $start, '>=', DELAY - 0.002, 'and it has come all the way');
};

subtest 'a reset waits for who reads slowly' => sub {
    # what is on the way fits into the line, but not into the client
    my $size = 250_000;
    my $client = IO::Socket::INET->new(Proto => 'tcp') or die $!;
    setsockopt $client, SOL_SOCKET, SO_RCVBUF, 8192;
    connect $client, pack_sockaddr_in($link->port, INADDR_LOOPBACK) or die $!;
    my $server = $listener->accept;
    syswrite $server, 'x' x $size;
    sleep 0.5;
    reset_now($server);
    my ($text, $ending) = hear($client, 10, 4096, 0.005);
    is(length $text, $size, 'nothing that was sent before it is lost');
    is($ending, 'reset', 'then it comes');
};

subtest 'a reset can follow an end' => sub {
    my ($client, $server) = pair();
    syswrite $client, 'question';
    sysread $server, my $question, 100;
    syswrite $server, 'answer';
    shutdown $server, SHUT_WR;
    my ($text, $ending) = hear($client);
    is("$text, $ending", 'answer, end', 'the answer and the end arrive');
    # as httpd closes over content that it has not read
    syswrite $client, 'content';
    sleep 0.2;
    close $server;
    sleep 0.2;
    my $said = 'nothing';
    for (1 .. 20) {
        if (!defined syswrite $client, 'more') {
            $said = $! == EPIPE || $! == ECONNRESET ? 'reset' : "$!";
            last;
        }
        sleep 0.05;
    }
    is($said, 'reset', 'who goes on sending is reset');
};

subtest 'who resets or leaves is told to the server' => sub {
    my ($client, $server) = pair();
    syswrite $client, 'x';
    sysread $server, my $byte, 1;
    reset_now($client);
    my (undef, $ending) = hear($server);
    is($ending, 'reset', 'a reset');
    ($client, $server) = pair();
    syswrite $client, 'x';
    sysread $server, $byte, 1;
    close $client;
    (undef, $ending) = hear($server);
    is($ending, 'end', 'and a close as an end');
    my $said = 'nothing';
    for (1 .. 20) {
        if (!defined syswrite $server, 'more') {
            $said = $! == EPIPE || $! == ECONNRESET ? 'reset' : "$!";
            last;
        }
        sleep 0.05;
    }
    is($said, 'reset', 'bytes to a closed socket are answered with a reset');
};

subtest 'content is told from heads' => sub {
    my $http1 = Content->new;
    $http1->add($_) for "PUT / HTTP/1.1\r\nA: b\r", "\n\r\nabc", 'def';
    is($http1->bytes, 6, 'HTTP/1');
    my $http2 = Content->new;
    my $frames = pack('CnCCN a3', 0, 3, 4, 0, 0, 'abc')
        . pack('CnCCN a5', 0, 5, 0, 0, 1, 'hello')
        . pack('CnCCN', 0, 0, 1, 1, 1) . pack('CnCCN a2', 0, 2, 0, 1, 1, 'yo');
    $http2->add($_) for split //, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n$frames";
    is($http2->bytes, 7, 'HTTP/2, byte by byte');
    my $whole = Content->new;
    $whole->add("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n$frames");
    is($whole->bytes, 7, 'and at once');
};

done_testing;
