# An answer of Redis may not arrive, or arrive late, or the call may run late, or Redis
# may lose what it had answered.  Whatever happens at once, each upload is counted once,
# and what is under way counts again within a lease.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::FaultProxy;
use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');
# a lease, a period, and how long a loaded machine may take: less than a third of a lease,
# after which the server asks of itself
use constant { LEASE => 30, PERIOD => 6, SLACK => 8 };
my $redis = ExpectPolicy::Redis->start;
my $proxy = ExpectPolicy::FaultProxy->start($redis->{port});
my ($lease, $period) = (LEASE . 's', PERIOD . 's');
my $count = 0;
my ($server, $name);

# A server with a ledger of its own.  The limits are numbers that stand in no other
# words of a call.
sub begin_case {
    $proxy->set('pass');
    $server->stop if $server;
    $name = 'case' . ++$count;
    $server = ExpectPolicy::Ledger->start(<<"END");
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger redis://127.0.0.1:$proxy->{port} lease=$lease name=$name timeout=2s
ExpectPolicyLedgerFailure Closed
<Location "/bytes">
    ExpectPolicyAllowance 100000/1d expr=all
</Location>
<Location "/other">
    ExpectPolicyAllowance 200000/1d expr=all
</Location>
<Location "/slots">
    ExpectPolicyConcurrent 7777 expr=all
</Location>
<Location "/short">
    ExpectPolicyAllowance 300000/$period expr=all
</Location>
END
    mkdir "$server->{site}/$_" or die for qw(bytes other slots short);
    accepted_ok($server->put('/other/a', 1), status => 201, name => 'Redis is known');
    sums_ok(0, 1, 'and has counted');
}

my $sum;
sub is_counted {
    my ($held, $used) = @_;
    $sum = eval { $redis->sums($name) } or return 0;
    return $sum->{held} == $held && $sum->{used} == $used;
}

sub sums_ok {
    my ($held, $used, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(wait_until(sub { is_counted($held, $used) }, SLACK), $what) or diag explain $sum;
}

# An upload that is admitted, sooner or later: until Redis is asked again.
sub put_ok {
    my ($path, $length, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $res;
    ok(wait_until(sub {
           $res = $server->put($path, $length);
           return ($res->{status} // 0) =~ /^20[14]$/;
       }, SLACK), $what) or diag explain $res->{body};
}

sub begun_ok {
    my ($path, $length, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $upload = $server->begin($path, $length);
    ok(ExpectPolicy::Ledger::is_admitted($upload), $what) or diag explain $upload;
    return $upload;
}

# Redis falls back to what it had saved.
sub fall_back {
    $redis->stop;
    $redis->launch;
}

# ------------------------------------------------- the answer to an end is lost

my $upload;
# The second end has to be told by the incarnation that has told the first one.  If a new
# one has begun before, as on a loaded machine, this one tells of both only when it gets
# answers: then the scene is another one, and is begun again.
for my $try (1 .. 8) {
    begin_case();
    $upload = begun_ok('/bytes/a', 400, 'an upload is under way');
    $proxy->set("reset-of \r\n400\r\n");
    is(ExpectPolicy::Ledger::finish($upload), 201, 'it ends');
    sums_ok(0, 401, 'which Redis is told, and has no answer for');
    $redis->command('SAVE');
    put_ok('/other/b', 7, 'there is another upload');
    last if wait_until(sub { is_counted(0, 408) }, 1);
    note "a new incarnation has begun: try $try";
}
sums_ok(0, 408, 'Redis knows');
fall_back();
put_ok('/other/c', 20, 'Redis has lost that one, and there is a third one');
$proxy->set('pass');
sums_ok(0, 428, 'each of them is counted once');
sleep 2;
sums_ok(0, 428, 'for good');

# the twin: nothing is lost but the answer
begin_case();
$upload = begun_ok('/bytes/a', 400, 'an upload is under way');
$proxy->set("reset-of \r\n400\r\n");
is(ExpectPolicy::Ledger::finish($upload), 201, 'it ends');
sums_ok(0, 401, 'which Redis is told, and has no answer for');
$proxy->set('pass');
put_ok('/other/b', 7, 'there is another upload');
sums_ok(0, 408, 'both are counted once');

# ------------------------------------- the answer to a reserve comes behind a loss

begin_case();
$proxy->set("late-of 1.5 \r\n7777\r\n");
$upload = $server->connect_for('/slots/a', 10);
# its answer is read later
ExpectPolicy::Ledger::send_head($upload);
sums_ok(1, 1, 'Redis has reserved for an upload that does not know yet');
$redis->command('FLUSHALL');
put_ok('/other/b', 7, 'Redis is emptied, and another upload shows it');
ExpectPolicy::Ledger::read_verdict($upload);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'the answer arrives');
sums_ok(1, 8, 'the upload is held within a lease');
is(ExpectPolicy::Ledger::finish($upload), 201, 'it ends');
sums_ok(0, 8, 'and is not held any more');

# ------------------------------------------------------- an assertion runs late

begin_case();
$upload = begun_ok('/bytes/a', 400, 'an upload is under way');
$proxy->set("held-of 3 \r\n400\r\n");
$redis->command('FLUSHALL');
put_ok('/other/b', 7, 'Redis is emptied, and another upload shows it');
sleep 0.3;
$proxy->set('pass');
is(ExpectPolicy::Ledger::finish($upload), 201, 'the upload ends');
sums_ok(0, 408, 'all of it is counted');
sleep 4;
is($redis->sums($name)->{held}, 0, 'an assertion that runs now holds nothing');

# -------------------------------------- answers are lost, and hide what Redis lost

begin_case();
$redis->command('SAVE');
$upload = begun_ok('/slots/a', 10, 'an upload is under way');
sums_ok(1, 1, 'Redis knows');
$proxy->set("reset-of \r\n100000\r\n");
fall_back();
$server->announce('/bytes/b', 50) for 1 .. 2;
$proxy->set('pass');
put_ok('/other/c', 7, 'Redis has lost the upload, and other calls have no answer');
sums_ok(1, 8, 'it is held within a lease');
is(ExpectPolicy::Ledger::finish($upload), 201, 'it ends');
sums_ok(0, 8, 'and is not held any more');

# --------------------------------------------- what is used cannot be told at once

begin_case();
accepted_ok($server->put('/bytes/a', 400), status => 201, name => '400 bytes are used');
sums_ok(0, 401, 'Redis knows');
$proxy->set("close-of \r\n400\r\n");
$redis->command('FLUSHALL');
put_ok('/other/b', 7, 'Redis is emptied, and another upload shows it');
sleep 0.3;
$proxy->set('pass');
sums_ok(0, 408, 'what was not told at first is told later');

# ------------------------------------------------------- no byte is of two periods

begin_case();
my $began = time;
$upload = begun_ok('/short/a', 400, 'an upload is under way, and its period has begun');
sleep PERIOD / 2;
is(ExpectPolicy::Ledger::finish($upload), 201, 'it ends');
sums_ok(0, 401, 'and is counted');
$redis->command('FLUSHALL');
put_ok('/other/b', 7, 'Redis is emptied, and another upload shows it');
sums_ok(0, 408, 'in its period, it is told again');
my $left = $began + PERIOD + 0.5 - time;
sleep $left if $left > 0;
$redis->command('FLUSHALL');
put_ok('/other/c', 20, 'the period is over, and Redis is emptied again');
sums_ok(0, 28, 'then it counts no more');
$server->stop;
done_testing();
