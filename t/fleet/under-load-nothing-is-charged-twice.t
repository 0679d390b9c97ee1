# Many uploads come to two servers while Redis is emptied, loses its scripts, or its
# connections are reset after each command was carried out.  Each upload has its answer in
# time; in the end each that was stored was charged once, and the limits hold.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::FaultProxy;
use ExpectPolicy::Fleet;
use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

use constant { CLIENTS => 6, SECONDS => 4,
               PATIENCE => ExpectPolicy::Fleet::TIMEOUT + ExpectPolicy::Fleet::SLACK };
my @modes = @ExpectPolicy::Fleet::MODES;
my $redis = ExpectPolicy::Redis->start;
my $proxy = ExpectPolicy::FaultProxy->start($redis->{port});
my $fleet = ExpectPolicy::Fleet->start($redis, url => "redis://127.0.0.1:$proxy->{port}");

my $round = 0;

# Uploads one after another, to both servers and to each mode.
sub be_client {
    my ($client) = @_;
    my (%stored, @wrong);
    my ($longest, $count) = (0, 0);
    my @servers = $fleet->servers;
    for (my $end = time + SECONDS; time < $end; $count++) {
        my $mode = $modes[($client + $count) % @modes];
        # what Redis is told later has to fit into the journal: 8192 uploads
        sleep 0.005;
        my $began = time;
        my $res = $servers[$count % 2]->put("/$mode/r$round-$client-$count", ExpectPolicy::Fleet::SIZE);
        $longest = time - $began if time - $began > $longest;
        $stored{$mode}++ if ExpectPolicy::Fleet::is_stored($res);
        push @wrong, "$mode: " . ($res->{status} // $res->{problem} // 'nothing')
            if !ExpectPolicy::Fleet::is_stored($res) && !ExpectPolicy::Fleet::is_denied($res)
            && !($mode eq 'Closed' && ExpectPolicy::Fleet::is_unavailable($res));
    }
    return join ' ', $longest, $count, (map { $stored{$_} // 0 } @modes), "@wrong[0 .. ($#wrong < 3 ? $#wrong : 3)]";
}

# @param $disturb is called again and again  @param $is_sure 1: Redis is always asked
sub load_ok {
    my ($name, $is_sure, $disturb) = @_;
    my @pipes;
    $round++;
    for my $client (1 .. CLIENTS) {
        pipe my $in, my $out or die $!;
        my $pid = fork // die $!;
        if (!$pid) {
            close $in;
            print $out eval { be_client($client) } // "died $@";
            close $out;
            POSIX::_exit(0);
        }
        close $out;
        push @pipes, [$in, $pid];
    }
    for (my $end = time + SECONDS; time < $end;) {
        $disturb->();
    }
    my $stored = 0;
    for (@pipes) {
        my ($in, $pid) = @$_;
        my ($longest, $count, @rest) = split ' ', <$in>, 3 + @modes;
        waitpid $pid, 0;
        cmp_ok($longest, '<', PATIENCE, "$name: no upload of $count waited");
        for my $mode (@modes) {
            my $bytes = ExpectPolicy::Fleet::SIZE * shift @rest;
            # under Open, Redis was asked or was not
            $fleet->{$mode eq 'Open' && !$is_sure ? 'perhaps' : 'used'}{$mode} += $bytes;
            $stored += $bytes;
        }
        is($rest[0] // '', '', "$name: each had one of the right answers");
    }
    cmp_ok($stored, '>', 0, "$name: uploads were stored: $stored bytes");
    $proxy->set('pass');
    $fleet->answers_again_ok($name);
}

sub exactly_counted_ok {
    my ($name) = @_;
    # what was admitted without Redis is told to it bit by bit
    $fleet->counted_ok($name, 0, 20);
    $fleet->limits_hold_ok($name, ExpectPolicy::Fleet::SLOTS);
    $fleet->room_ok($name);
}

# When Redis forgets just after it was told of an end, this one may be counted twice or not
# at all: at most one of each client each time.
sub nearly_counted_ok {
    my ($name, $times) = @_;
    my ($least, $most) = $fleet->expected;
    my $may_differ = $times * CLIENTS * ExpectPolicy::Fleet::SIZE;
    my $sums;
    ok(wait_until(sub {
           return 0 if grep { ExpectPolicy::Fleet::shared($_)->{untold} } $fleet->servers;
           $sums = $fleet->sums;
           return $sums->{held} == 0 && $sums->{used} >= $least - $may_differ;
       }, 20), "$name: nothing is held any more, and what was stored is counted")
        or diag explain [$sums, $least, $most];
    cmp_ok($sums->{used}, '<=', $most + $may_differ, "$name: once");
    note "$name: $sums->{used} are counted of $least to $most";
    $fleet->limits_hold_ok($name, ExpectPolicy::Fleet::SLOTS);
}

load_ok('nothing happens', 1, sub { sleep 0.1 });
exactly_counted_ok('nothing happens');
load_ok('scripts are forgotten', 1,
        sub { $redis->command('SCRIPT', 'FLUSH'); sleep 0.05 });
exactly_counted_ok('scripts are forgotten');
load_ok('commands are carried out, and connections reset', 0,
        sub { $proxy->set('reset'); sleep 0.3; $proxy->set('pass'); sleep 0.3 });
exactly_counted_ok('commands are carried out, and connections reset');
load_ok('replies come late', 0,
        sub { $proxy->set('late 0.2'); sleep 0.3; $proxy->set('pass'); sleep 0.3 });
exactly_counted_ok('replies come late');
my $times = 0;
load_ok('Redis is emptied', 0,
        sub { $times++; $redis->command('FLUSHALL'); sleep 0.4 });
nearly_counted_ok('Redis is emptied', $times);
$fleet->stop;
done_testing();
