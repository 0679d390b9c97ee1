# Redis is stopped, killed, emptied, restarted from an old dump, replaced by a replica that
# lacks writes, or refuses what it is asked.  Meanwhile no answer takes longer than
# timeout= says, and ExpectPolicyLedgerFailure decides; nothing is charged twice; and
# within a lease the limits of both servers hold again.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Fleet;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use IO::Socket::UNIX ();
use Test::More;
use Time::HiRes qw(time sleep);

my $redis = ExpectPolicy::Redis->start;
my $port = $redis->{port};
my @user = qw(ACL SETUSER uploads);
sub make_user { $_[0]->command(@user, qw(on >secret ~{ep:default}:* +@all)) }
make_user($redis);
my $fleet = ExpectPolicy::Fleet->start($redis, url => "redis://uploads:secret\@127.0.0.1:$port");

sub relaunch {
    my (@arguments) = @_;
    $redis->stop;
    local $redis->{arguments} = [@{ $redis->{arguments} }, @arguments];
    $redis->launch;
    make_user($redis) if !grep { /loading/ } @arguments;
}

sub has_dump { return -e "$redis->{dir}/dump.rdb" }
sub forget_dump { unlink "$redis->{dir}/dump.rdb" or die $! }

$fleet->limits_hold_ok('before all faults', ExpectPolicy::Fleet::SLOTS);
$fleet->counted_ok('before all faults', 0);

$fleet->survive_ok('Redis is stopped',
    begin => sub { kill 'STOP', $redis->{pid} },
    end => sub { kill 'CONT', $redis->{pid} });

$fleet->survive_ok('Redis is killed, and comes back empty',
    begin => sub { $redis->stop },
    end => sub { $redis->launch; make_user($redis) });

$fleet->survive_ok('Redis is restarted empty', answers => 1,
    begin => sub { relaunch() });

$fleet->survive_ok('Redis is emptied', answers => 1,
    begin => sub { $redis->command('FLUSHALL') });

$fleet->survive_ok('Redis forgets its scripts', answers => 1,
    begin => sub { $redis->command('SCRIPT', 'FLUSH') });

$fleet->survive_ok('Redis is restarted from an old dump', answers => 1,
    before => sub { $redis->command('SAVE'); ok(has_dump(), 'there is a dump') },
    begin => sub { relaunch() },
    end => sub { forget_dump() });

$fleet->survive_ok('Redis loads its data',
    before => sub {
        $redis->command('EVAL', "for i=1,3000 do redis.call('SET','fill:'..i,i) end", 0);
        $redis->command('SAVE');
    },
    begin => sub { relaunch('--key-load-delay', 1000,
                            '--loading-process-events-interval-bytes', 1024) },
    end => sub {
        ok(wait_until(sub { eval { $redis->command('PING') } }, 20), 'it has loaded them');
        make_user($redis);
        forget_dump();
    });

$fleet->survive_ok('Redis is out of memory',
    begin => sub { $redis->command(qw(CONFIG SET maxmemory 1)) },
    end => sub { $redis->command(qw(CONFIG SET maxmemory 0)) });

$fleet->survive_ok('the user may not run scripts',
    begin => sub { $redis->command(@user, '-evalsha', '-eval') },
    end => sub { $redis->command(@user, '+evalsha', '+eval') });

# what was done before it is not undone by Redis
$fleet->survive_ok('a script is denied a command in its middle',
    begin => sub { $redis->command(@user, '-pexpire') },
    end => sub { $redis->command(@user, '+pexpire') });

$fleet->survive_ok('the password is another one',
    begin => sub {
        $redis->command(@user, qw(resetpass >other));
        $redis->command(qw(CLIENT KILL USER uploads));
    },
    end => sub { $redis->command(@user, qw(resetpass >secret)) });

# an endless script of somebody else
$fleet->survive_ok('Redis is busy',
    before => sub { $redis->command(qw(CONFIG SET busy-reply-threshold 50)) },
    begin => sub {
        my $other = IO::Socket::UNIX->new(Peer => $redis->{socket}) or die $!;
        print $other "EVAL \"while true do end\" 0\r\n";
        $other->flush;
        # its answer is not waited for
        push @{ $redis->{busy} }, $other;
    },
    end => sub {
        ok(wait_until(sub { eval { $redis->command(qw(SCRIPT KILL)) } }, 5),
           'the script is ended');
    });

# ---------------------------------------------------------------- another one takes its place

# @return a replica that has all
sub replica {
    my $replica = ExpectPolicy::Redis->start('--replicaof', "127.0.0.1 $port");
    make_user($replica);
    ok(wait_until(sub { ($replica->command(qw(INFO replication)))[0]
                            =~ /^master_link_status:up/m }, 10), 'there is a replica');
    return $replica;
}

# The old one is killed, and the other one serves its port.
sub take_place {
    my ($replica) = @_;
    $redis->stop;
    ok(wait_until(sub { eval { $replica->command(qw(CONFIG SET port), $port) } }, 5),
       'it takes the place of the old one');
    $redis = $fleet->{redis} = $replica;
}

my $replica;
$fleet->survive_ok('Redis is a replica, which takes no writes',
    before => sub { $replica = replica() },
    begin => sub { take_place($replica) },
    end => sub { $redis->command(qw(REPLICAOF NO ONE)) });

$fleet->survive_ok('a replica is promoted that lacks the last writes', answers => 1,
    before => sub {
        $replica = replica();
        # from now on it gets no writes
        $replica->command(qw(REPLICAOF NO ONE));
    },
    begin => sub { take_place($replica) });

for my $server ($fleet->servers) {
    my $log = $server->error_log;
    my $lines = () = $log =~ /does not answer \(/g;
    cmp_ok($lines, '<=', 20, 'the log has a line for each fault, not for each upload');
    unlike($log, qr/secret/, 'and no password');
}
$fleet->stop;
done_testing();
