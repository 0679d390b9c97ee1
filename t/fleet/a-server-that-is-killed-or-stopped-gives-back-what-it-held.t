# A server is killed with all its processes, or stopped for longer than its lease.  Then
# others have the room that it held, and not before; what it has used still counts.  If it
# goes on, its uploads end and are charged once.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Fleet;
use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

use constant { LEASE => ExpectPolicy::Fleet::LEASE, SLACK => ExpectPolicy::Fleet::SLACK,
               SLOTS => ExpectPolicy::Fleet::SLOTS };
my @modes = @ExpectPolicy::Fleet::MODES;
my $redis = ExpectPolicy::Redis->start;
my $fleet = ExpectPolicy::Fleet->start($redis);
my ($one, $two) = $fleet->servers;

sub used_ok {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $server ($one, $two) {
        for my $mode (@modes) {
            is($fleet->put_in_time($server, $mode, $name)->{status}, 201, "$name: $mode: an upload");
            $fleet->{used}{$mode} += ExpectPolicy::Fleet::SIZE;
        }
    }
    $fleet->counted_ok($name, 0);
}

# What is admitted until it is enough, or until the time is over.
sub take {
    my ($server, $mode, $count, $seconds) = @_;
    my @taken;
    wait_until(sub {
        my $more = $server->begin($fleet->path($mode), ExpectPolicy::Fleet::SIZE);
        push @taken, $more if ExpectPolicy::Ledger::is_admitted($more);
        return @taken >= $count;
    }, $seconds);
    return @taken;
}

# All its processes are of one group.
sub signal_all { my ($server, $signal) = @_; kill $signal, -$server->{pid} or die "kill: $!" }

# While the lease of the second server lives, and afterwards.  @return uploads of the
# first one: all slots of each mode
sub room_returns_ok {
    my ($name, $began) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @taken;
    for my $mode (@modes) {
        my @now = take($one, $mode, SLOTS, 0);
        push @now, take($one, $mode, 1, 0) if @now < SLOTS - 1;
        is(scalar @now, SLOTS - 1, "$name: $mode: what it holds counts as long as its lease");
        push @taken, @now;
    }
    cmp_ok(time - $began, '<', LEASE - 0.5, "$name: all of this was within the lease");
    for my $mode (@modes) {
        my @now = take($one, $mode, 1, LEASE + SLACK);
        is(scalar @now, 1, "$name: $mode: within a lease there is room");
        push @taken, @now;
        ok(ExpectPolicy::Fleet::is_denied($one->announce($fleet->path($mode), 10)),
           "$name: $mode: as much as it held");
    }
    return @taken;
}

used_ok('before all');
my @uploads = $fleet->hold_ok('before it is killed', $two);
$fleet->counted_ok('before it is killed', 3);
my $began = time;
signal_all($two, 'KILL');
waitpid $two->{pid}, 0;
my @taken = room_returns_ok('killed', $began);
ExpectPolicy::Ledger::drop(@taken, @uploads);
$two->launch;
used_ok('it is started again');
$fleet->limits_hold_ok('it is started again', SLOTS);
$fleet->room_ok('it is started again');

@uploads = $fleet->hold_ok('before it is stopped', $two);
$fleet->counted_ok('before it is stopped', 3);
$began = time;
signal_all($two, 'STOP');
@taken = room_returns_ok('stopped', $began);
signal_all($two, 'CONT');
$fleet->answers_again_ok('it goes on');
# more than the limit is under way: nothing is admitted until there is room again
for my $mode (@modes) {
    ok(ExpectPolicy::Fleet::is_denied($_->announce($fleet->path($mode), 10)),
       "it goes on: $mode: nothing more is admitted") for $one, $two;
}
$fleet->finish_ok('it goes on', @uploads);
$fleet->counted_ok('it goes on, and its uploads end', scalar @taken);
ExpectPolicy::Ledger::drop(@taken);
$fleet->counted_ok('it goes on', 0);
$fleet->limits_hold_ok('it goes on', SLOTS);
$fleet->room_ok('it goes on');
$fleet->stop;
done_testing();
