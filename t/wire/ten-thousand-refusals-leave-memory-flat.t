# 10 000 refusals on HTTP/1 connections, and on one HTTP/2 connection: after them a
# child holds as much memory as after the first few hundred.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

use constant {
    REFUSALS => 10_000,
    WARM_UP => 1000,
    # they take 2 to 8; if each of ten at once waited for its client, 100
    SECONDS => $ENV{EP_SANITIZE} ? 90 : 60,
    # 10 000 refusals that left 500 bytes each would be seen.  The sanitizers
    # keep what was freed, up to 256 MB.
    GROWTH_KB => $ENV{EP_SANITIZE} ? 300_000 : 4096,
};

my $mpm = is_mpm('prefork')
    ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nServerLimit 1\n"
        . "MaxRequestWorkers 1\n"
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 16\n"
        . "MaxRequestWorkers 16\nProtocols h2c http/1.1\n";
my @load = qw(mime);
push @load, 'http2' if has_http2();
my $server = ExpectPolicy::Server->start(<<"END", load => \@load);
$mpm
TypesConfig /dev/null
MaxKeepAliveRequests 0
MaxConnectionsPerChild 0
ExpectPolicy On
ExpectPolicyMaxSize 3
LogLevel crit
END

sub child {
    my @found;
    # the server takes connections a moment before there is a child
    wait_until(sub {
        @found = ();
        for my $file (glob '/proc/[0-9]*/stat') {
            my ($pid, $parent) = slurp($file) =~ /\A(\d+) \(.*\) [A-Y] (\d+) /s
                or next;
            push @found, $pid if $parent == $server->{pid};
        }
        return scalar @found;
    }, 10);
    is(scalar @found, 1, 'there is one child');
    return $found[0];
}

# Of its memory what is its own: pages of shared memory are there once.
sub held {
    my ($pid) = @_;
    my ($own) = slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
    return $own // 0;
}

my $child = child();

# $refuse->(NUMBER) makes that many refusals and tells how many it saw.
sub flat_ok {
    my ($name, $refuse) = @_;
    is($refuse->(WARM_UP), WARM_UP, "$name: the first ones");
    my $before = held($child);
    my $started = time;
    is($refuse->(REFUSALS), REFUSALS, "$name: all refused");
    my $took = time - $started;
    my $after = held($child);
    note sprintf '%s: %d KB before, %d KB after, %.1f s', $name, $before,
        $after, $took;
    cmp_ok($took, '<', SECONDS, "$name: in time ($took s)");
    cmp_ok($before, '>', 100, "$name: memory is measured");
    cmp_ok($after - $before, '<', GROWTH_KB,
           "$name: memory is flat ($before KB, then $after KB)");
}

my $head = head_bytes(host => 'localhost', length => 5);
my $asking = head_bytes(host => 'localhost', length => 5_000_000,
                        headers => ['Expect: 100-continue']);

# One connection that is kept, since the content has arrived.
flat_ok('one HTTP/1 connection', sub {
    my ($number) = @_;
    my $conn = converse(port => $server->{port});
    my $seen = 0;
    for (1 .. $number) {
        ExpectPolicy::Wire::put($conn, $head . 'hello', 5);
        my $res = read_response($conn);
        # a busy machine may part content from head: then it is closed
        $conn = converse(port => $server->{port})
            if grep { $_ eq 'close' }
                ExpectPolicy::Wire::values_of($res, 'connection');
        $seen++ if ($res->{status} // 0) == 413;
    }
    return $seen;
});

flat_ok('a connection for each', sub {
    my ($number) = @_;
    my $seen = 0;
    for (1 .. $number) {
        my $conn = converse(port => $server->{port});
        ExpectPolicy::Wire::put($conn, $asking, 5);
        my $res = read_response($conn);
        $seen++ if ($res->{status} // 0) == 417;
        close $conn->{sock};
    }
    return $seen;
});

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    flat_ok('one HTTP/2 connection', sub {
        my ($number) = @_;
        my $seen = 0;
        for my $n (1 .. $number / 10) {
            # ten at once, and an ordinary request now and then
            my @ids = map {
                $h2->request(host => 'localhost', length => 5000)
            } 1 .. 10;
            for my $id (@ids) {
                my $res = $h2->answer($id);
                $seen++ if ($res->{status} // 0) == 413
                    && $res->{body} =~ /"error":"content_too_large"/;
                delete $h2->{streams}{$id};
            }
            if ($n % 100 == 0) {
                my $id = $h2->request(method => 'GET', path => '/plain.txt',
                                      host => 'localhost', end => 1);
                my $res = $h2->answer($id);
                $seen-- if $res->{status} != 200;
            }
            last if defined $h2->{goaway};
        }
        return $seen;
    });
    is($h2->{goaway}, undef, 'and it is still open');

    # A client that takes every one of its uploads back at once may be sent
    # away by mod_http2, but costs no memory.
    my $before = held($child);
    my $sent = 0;
    for (1 .. 20) {
        my $flood = ExpectPolicy::H2->new(port => $server->{port});
        my $end = time + 5;
        for (1 .. 25) {
            my $bytes = '';
            for (1 .. 20) {
                my $id = $flood->{next};
                $flood->{next} += 2;
                $bytes .= ExpectPolicy::H2::frame(
                    ExpectPolicy::H2::HEADERS(), 4, $id,
                    ExpectPolicy::H2::header_block(
                        [':method', 'POST'], [':scheme', 'http'],
                        [':authority', 'localhost'], [':path', '/x'],
                        ['content-length', '5000']))
                    . ExpectPolicy::H2::frame(ExpectPolicy::H2::RST_STREAM(),
                                              0, $id, pack 'N', 8);
                $sent++;
            }
            ExpectPolicy::Wire::put($flood->{conn}, $bytes, 2) or last;
            while ($flood->step(time + 0.001)) {
                last if time > $end;
            }
            last if defined $flood->{goaway} || $flood->{conn}{eof};
        }
        close $flood->{conn}{sock};
    }
    my $after = held($child);
    cmp_ok($sent, '>', 400, "$sent uploads were taken back");
    cmp_ok($after - $before, '<', GROWTH_KB * 2,
           "memory is flat ($before KB, then $after KB)");
}

my $last = ask(port => $server->{port}, method => 'GET', path => '/plain.txt',
               host => 'localhost', tag => '');
is($last->{status}, 200, 'an ordinary request is served in the end');
is(child(), $child, 'by the same child');
$server->stop;
done_testing;
