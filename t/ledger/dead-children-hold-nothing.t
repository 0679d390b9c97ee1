# Children that are killed in the middle of uploads, and graceful restarts in the
# middle of uploads: afterwards nothing is held, and what is used is what lies on
# disk.  EP_ROUNDS=20 is the long run.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);

my $rounds = $ENV{EP_ROUNDS} // 2;
use constant CLIENTS => 4;
alarm 200 + 40 * $rounds;

my $site = ExpectPolicy::Ledger::site();
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site);
GracefulShutdownTimeout 10
<Directory "@site@">
    ExpectPolicyQuota 1G
    ExpectPolicyConcurrent 100 client
    ExpectPolicyAllowance 1T/1d client
</Directory>
END
$server->measured_ok($site, '/x');

# Uploads of all kinds until the time is over; each client writes files of its
# own, so that no two replace the same one at a time.
sub load {
    my ($client, $end) = @_;
    srand $client * 1000 + $$;
    my $i = 0;
    while (time < $end) {
        my $path = "/$client-" . int rand 5;
        my $length = 1 + int rand 300_000;
        my $kind = $i++ % 5;
        my $conn = eval { converse($server->here) } or next;
        my @here = ($server->here, path => $kind == 4 ? "/no/such$path" : $path);
        my $head = $kind == 3 ? head_bytes(@here, chunked => 1)
            : head_bytes(@here, length => $length);
        my $content = 'x' x $length;
        $content = in_chunks($content) if $kind == 3;
        # every third is given up
        $content = substr $content, 0, $length / 2 if $kind == 2;
        ExpectPolicy::Wire::put($conn, $head . $content, 5);
        read_response($conn, method => 'PUT', patience => 5) if $kind != 2;
        close $conn->{sock};
    }
}

sub loaded {
    my ($what, $seconds) = @_;
    my $end = time + $seconds;
    my @clients = map {
        my $client = $_;
        defined(my $pid = fork) or die "fork: $!";
        if (!$pid) {
            load($client, $end);
            POSIX::_exit(0);
        }
        $pid;
    } 1 .. CLIENTS;
    my $most = 0;
    while (time < $end - 0.3) {
        sleep 0.1 + rand 0.4;
        my $claims = $server->books->{claims};
        $most = $claims if $claims > $most;
        $what->();
    }
    waitpid $_, 0 for @clients;
    return $most;
}

my ($busy, $killed, $restarts) = (0, 0, 0);
my $slowest = 0;
for my $how ('killed', 'restarted') {
    for my $round (1 .. $rounds) {
        my $times = 0;
        my $most = loaded(sub {
            if ($how eq 'killed') {
                $killed += $server->kill_child // 0;
            }
            # a restart takes its time
            elsif ($times++ % 3 == 0) {
                $server->graceful;
                $restarts++;
            }
        }, 2);
        $busy++ if $most > 0;
        my $start = time;
        my $free = wait_until(sub { !$server->books->{claims} }, 8);
        my $took = time - $start;
        $slowest = $took if $took > $slowest;
        ok($free, "$how, round $round: nothing is held any more");
        # what a killed child leaves behind half written is found by the scan
        my ($used, $disk);
        ok(wait_until(sub {
            $disk = $server->on_disk;
            $used = $server->books->{trees}{$site}{used};
            return 1 if $used == $disk;
            sleep 0.5;
            # a tree is looked at where it is asked for
            ExpectPolicy::Ledger::drop($server->begin('/x', 1));
            return 0;
        }, 25), "$how, round $round: used is what lies on disk")
            or diag "used $used, on disk $disk";
        unlink glob "$site/.davfs.tmp*";
    }
}
$server->settled_ok;
cmp_ok($busy, '>', $rounds / 2, 'uploads were under way meanwhile');
cmp_ok($killed, '>=', $rounds, "$killed children were killed");
cmp_ok($restarts, '>=', $rounds, "$restarts graceful restarts");
accepted_ok($server->put('/after', 100), status => qr/^20[14]$/,
            name => 'and the server serves');
diag "$rounds rounds, $ENV{EP_MPM}: $killed killed, $restarts restarts; held for "
    . sprintf('%.1f', $slowest) . ' s at most' if $ENV{EP_ROUNDS};
$server->stop;
done_testing;
