# The clocks of two servers are an hour apart, and one of them is set back while it
# serves.  Redis counts by its own clock alone: limits, periods and leases are as if all
# clocks were right.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Elsewhere;
use ExpectPolicy::Fleet;
use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

use constant { HOUR => 3600, PERIOD => 6 };
my $redis = ExpectPolicy::Redis->start;
my ($here, $there) = map { ExpectPolicy::Elsewhere->new } 1 .. 2;
$here->set_clock(HOUR);
my $fleet = ExpectPolicy::Fleet->start($redis, servers => [
    { elsewhere => $here }, { elsewhere => $there } ], more => <<"END");
<Directory "\@site\@/short">
    ExpectPolicyAllowance 1000/@{[PERIOD]}s expr=short
</Directory>
END
mkdir "$fleet->{site}/short" or die $!;
my ($one, $two) = $fleet->servers;

# The Date of an answer, in seconds.
sub clock_of {
    my ($server) = @_;
    my ($date) = ExpectPolicy::Wire::values_of($server->get('/counts'), 'date');
    my ($h, $m, $s) = $date =~ /(\d\d):(\d\d):(\d\d) GMT/ or die $date;
    return ($h * 60 + $m) * 60 + $s;
}
my $apart = (clock_of($one) - clock_of($two)) % 86_400;
cmp_ok(abs($apart - HOUR), '<=', 2, 'their clocks are an hour apart');

# ------------------------------------------------------------------------------- faults

$fleet->survive_ok('an hour apart, Redis is stopped',
    begin => sub { kill 'STOP', $redis->{pid} },
    end => sub { kill 'CONT', $redis->{pid} });
$fleet->survive_ok('an hour apart, Redis is emptied', answers => 1,
    begin => sub { $redis->command('FLUSHALL') });

# ------------------------------------------------------------------ a clock is set back

my @uploads = $fleet->hold_ok('before the clock is set', $one);
$fleet->counted_ok('before the clock is set', 3);
# nothing else wakes the first server
for my $seconds (-HOUR(), HOUR) {
    $here->set_clock($seconds);
    sleep ExpectPolicy::Fleet::LEASE + 0.5;
    my $set = $seconds < 0 ? 'set back' : 'set ahead';
    cmp_ok(ExpectPolicy::Fleet::shared($one)->{lease_age}, '<=', ExpectPolicy::Fleet::LEASE,
           "a clock is $set: the lease is renewed");
    for my $mode (@ExpectPolicy::Fleet::MODES) {
        my @more = map { $two->begin($fleet->path($mode), 10) } 1 .. 3;
        is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @more), 2,
           "a clock is $set: $mode: what that server holds still counts");
        ExpectPolicy::Ledger::drop(@more);
    }
    $fleet->counted_ok("a clock is $set", 3);
}
$fleet->finish_ok('with a clock that was set', @uploads);
$fleet->counted_ok('in the end', 0);
$fleet->room_ok('in the end');

# ------------------------------------------------------------------------------ periods

accepted_ok($one->put('/short/a', 700), status => 201, name => 'one uses 700 bytes');
my $began = time;
ok(wait_until(sub { $fleet->sums->{held} == 0 }, 5), 'Redis knows');
for my $server ($one, $two) {
    my $res = $server->announce('/short/b', 301);
    like($res->{body} // '', qr/"allowance_remaining":300,/, 'both know what is left')
        or diag explain $res;
    my ($wait) = ($res->{body} // '') =~ /"retry_after":(\d+)/;
    cmp_ok($wait // 999, '<=', PERIOD, 'and for how long it is to be waited');
    cmp_ok($wait // 0, '>', 0, 'which is not at once');
}
my $again;
ok(wait_until(sub { ($again = $two->put('/short/c', 301))->{status} =~ /^20/ },
              PERIOD + ExpectPolicy::Fleet::SLACK), 'the period ends') or diag explain $again;
cmp_ok(time - $began, '>', PERIOD - 1, 'when it is over, and not before');
$fleet->stop;
done_testing();
