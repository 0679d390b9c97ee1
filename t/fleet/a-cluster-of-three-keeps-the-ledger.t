# A Redis Cluster of three nodes keeps the ledger: MOVED and ASK are followed, a slot can be
# moved to another node while uploads are under way, and when its node dies,
# ExpectPolicyLedgerFailure decides until there is one again.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Fleet;
use ExpectPolicy::Redis;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

use constant { SLOTS => 16_384, THIRD => 5461 };

# by itself, Redis takes the port 10000 above, which another connection may have
my @bus = map { ExpectPolicy::Server::free_port() } 1 .. 3;
my @nodes = map {
    ExpectPolicy::Redis->start(qw(--cluster-enabled yes --cluster-node-timeout 1000),
                               '--cluster-port', $_)
} @bus;
for my $i (0 .. 2) {
    $nodes[$i]->command(qw(CLUSTER ADDSLOTSRANGE), $i * THIRD,
                        $i == 2 ? SLOTS - 1 : ($i + 1) * THIRD - 1);
    $nodes[$i]->command(qw(CLUSTER MEET 127.0.0.1), $nodes[0]{port}, $bus[0]) if $i;
}
# All of them agree, and all slots are served.
sub is_whole {
    return !grep {
        my ($info) = eval { $_->command(qw(CLUSTER INFO)) };
        ($info // '') !~ /^cluster_state:ok\r?$/m || $info !~ /^cluster_known_nodes:3\r?$/m
    } @nodes;
}
ok(wait_until(\&is_whole, 20), 'there is a cluster of three nodes') or BAIL_OUT('no cluster');
my ($slot) = $nodes[0]->command(qw(CLUSTER KEYSLOT), '{ep:default}:leases');
my $owner = int($slot / THIRD);
$owner = 2 if $owner > 2;
my @others = grep { $_ != $owner } 0 .. 2;

# Neither of these has the ledger.
my $url = 'redis://' . join ',', map { "127.0.0.1:$nodes[$_]{port}" } @others;
my $fleet = ExpectPolicy::Fleet->start($nodes[$owner], url => $url);
my ($one, $two) = $fleet->servers;

$fleet->answers_again_ok('MOVED is followed');
$fleet->limits_hold_ok('MOVED is followed', ExpectPolicy::Fleet::SLOTS);
$fleet->counted_ok('MOVED is followed', 0);
is(scalar(grep { $_->command('DBSIZE') } @nodes[@others]), 0, 'one node has all of the ledger');
is(scalar(grep { ExpectPolicy::Fleet::shared($_)->{failures}{moved} } $one, $two), 0,
   'no call failed by MOVED');

# ----------------------------------------------------------------------- the slot moves

my $to = $others[0];
my @id = map { $_->command(qw(CLUSTER MYID)) } @nodes;
sub begin_move {
    $nodes[$to]->command(qw(CLUSTER SETSLOT), $slot, 'IMPORTING', $id[$owner]);
    $nodes[$owner]->command(qw(CLUSTER SETSLOT), $slot, 'MIGRATING', $id[$to]);
}
sub move_keys {
    while (my @keys = $nodes[$owner]->command(qw(CLUSTER GETKEYSINSLOT), $slot, 100)) {
        $nodes[$owner]->command('MIGRATE', '127.0.0.1', $nodes[$to]{port}, '', 0, 5000,
                                'KEYS', @keys);
    }
}
sub end_move {
    $nodes[$_]->command(qw(CLUSTER SETSLOT), $slot, 'NODE', $id[$to]) for $to, $owner, $others[1];
    ($owner, @others) = ($to, grep { $_ != $to } 0 .. 2);
    $fleet->{redis} = $nodes[$owner];
}
# while keys are at both nodes, Redis can carry out no script: then LedgerFailure decides
$fleet->survive_ok('the slot is moved to another node', answers => 1,
    begin => sub { begin_move(); move_keys() },
    end => sub {
        cmp_ok($fleet->{stored}{Closed}, '>=', 1, 'ASK is followed');
        end_move();
    });
is(scalar(grep { ExpectPolicy::Fleet::shared($_)->{failures}{moved} } $one, $two), 0,
   'no call failed by ASK');
is(scalar(grep { $_->command('DBSIZE') } @nodes[@others]), 0, 'that node has all of it now');

# ------------------------------------------------------------------------ the node dies

# what is known after node-timeout: the others do not serve the slot either
$fleet->survive_ok('the node is killed',
    begin => sub {
        $nodes[$owner]->stop;
        ok(wait_until(sub { !is_whole() && (eval { $nodes[$others[0]]->command(qw(CLUSTER INFO)) }
                                            // '') =~ /^cluster_state:fail/m }, 10),
           'the others know that it is gone');
    },
    end => sub {
        $nodes[$owner]->launch;
        ok(wait_until(\&is_whole, 20), 'it is there again, and empty');
    });
$fleet->stop;
done_testing();
