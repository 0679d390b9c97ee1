# Redis may lose what it knows, be stopped, or be gone.  Then ExpectPolicyLedgerFailure
# decides, no upload waits longer than timeout= says, and as soon as Redis is there,
# each server tells it what it holds and has used.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');
# what a lease and a call may take, and what a loaded machine adds
use constant { LEASE => 3, TIMEOUT => 0.1, SLACK => 1 };
my $redis = ExpectPolicy::Redis->start('--requirepass', 's3cret-word');
$redis->{password} = 's3cret-word';
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(bytes slow open closed);
my $lease = LEASE . 's';
my $text = <<"END";
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger redis://:s3cret-word\@127.0.0.1:$redis->{port} lease=$lease
<Directory "\@site\@/bytes">
    ExpectPolicyAllowance 1000/1d expr=all
</Directory>
<Directory "\@site\@/slow">
    ExpectPolicyConcurrent 2 expr=all
</Directory>
<Directory "\@site\@/open">
    ExpectPolicyConcurrent 1 expr=open
    ExpectPolicyLedgerFailure Open
</Directory>
<Directory "\@site\@/closed">
    ExpectPolicyConcurrent 1 expr=closed
    ExpectPolicyLedgerFailure Closed
</Directory>
END
my ($one, $two) = map { ExpectPolicy::Ledger->start($text, site => $site) } 1 .. 2;

sub sums_ok {
    my ($held, $used, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(wait_until(sub {
           my $sum = eval { $redis->sums } or return 0;
           return $sum->{held} == $held && $sum->{used} == $used;
       }, LEASE + SLACK), $name) or diag explain eval { $redis->sums } // $@;
}

# --------------------------------------------------------------- what is forgotten

accepted_ok($one->put('/bytes/a', 400), status => 201, name => '400 bytes are used');
sums_ok(0, 400, 'Redis knows');
my @uploads = map { $_->begin("/slow/$_->{port}", 10) } $one, $two;
ok(ExpectPolicy::Ledger::is_admitted($_), 'an upload is under way') for @uploads;
sums_ok(2, 400, 'Redis knows both');
$redis->command('SCRIPT', 'FLUSH');
denial_ok($one->announce('/slow/x', 10), 'without its scripts, Redis is told them',
          'too_many_uploads');
for my $how (qw(emptied restarted)) {
    if ($how eq 'emptied') {
        $redis->command('FLUSHALL');
    }
    else {
        $redis->stop;
        $redis->launch;
    }
    sums_ok(2, 400, "$how: within a lease it knows again what is held and used");
    denial_ok($_->announce('/slow/x', 10), "$how: no third upload",
              'too_many_uploads') for $one, $two;
    denial_ok($two->announce('/bytes/x', 601), "$how: nor more bytes",
              'allowance_exceeded', '"allowance_remaining":600,');
}
is(ExpectPolicy::Ledger::finish($_), 201, 'they end') for @uploads;
sums_ok(0, 400, 'and are given back once');

# ----------------------------------------------------------------- children die

my $upload = $one->begin('/slow/dies', 10);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'an upload is under way');
sums_ok(1, 400, 'Redis knows');
kill 'KILL', $one->children;
sums_ok(0, 400, 'its child is killed, and holds nothing any more');
close $upload->{conn}{sock};

# ----------------------------------------------------------------- Redis is stopped

sub within {
    my ($seconds, $do, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $began = time;
    my $res = $do->();
    cmp_ok(time - $began, '<', $seconds, "$name: in time");
    return $res;
}

kill 'STOP', $redis->{pid};
@uploads = map {
    my $on = $_;
    within(TIMEOUT + SLACK, sub { $on->begin("/slow/l$on->{port}", 10) }, 'Local');
} $one, $one, $two;
ok(ExpectPolicy::Ledger::is_admitted($_), 'Local: an upload is admitted')
    for @uploads;
denial_ok(within(TIMEOUT + SLACK, sub { $one->announce('/slow/x', 10) }, 'Local'),
          'as far as this server knows', 'too_many_uploads');
denial_ok(within(TIMEOUT + SLACK, sub { $two->announce('/bytes/x', 1001) }, 'Local'),
          'the other one knows only its own bytes', 'allowance_exceeded');
denial_ok(within(TIMEOUT + SLACK, sub { $one->announce('/bytes/x', 601) }, 'Local'),
          'and this one its own', 'allowance_exceeded');
accepted_ok(within(TIMEOUT + SLACK, sub { $one->put('/open/a', 10) }, 'Open'),
            status => 201, name => 'Open admits');
denial_ok(within(TIMEOUT + SLACK, sub { $one->announce('/closed/a', 10) }, 'Closed'),
          'Closed refuses', 'ledger_unavailable');
kill 'CONT', $redis->{pid};
sums_ok(3, 400, 'Redis goes on, and is told what was admitted without it');
denial_ok($two->announce('/slow/x', 10), 'which counts', 'too_many_uploads');
is(ExpectPolicy::Ledger::finish($_), 201, 'they end') for @uploads;
sums_ok(0, 400, 'and nothing is held');
accepted_ok($one->put('/closed/a', 10), status => 201, name => 'Closed admits again');

# ------------------------------------------------------------------ a server is gone

$upload = $two->begin('/slow/gone', 10);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'an upload is under way');
sums_ok(1, 400, 'Redis knows');
my @all = ($two->children, do {
    open my $in, '<', "$two->{dir}/httpd.pid" or die;
    <$in> =~ /(\d+)/;
});
kill 'STOP', @all;
my @mine = map { $one->begin("/slow/m$_", 10) } 1 .. 2;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @mine), 1,
   'while a stopped server has its lease, what it holds counts');
ok(wait_until(sub {
       my $more = $one->begin('/slow/more', 10);
       push @mine, $more;
       return ExpectPolicy::Ledger::is_admitted($more);
   }, LEASE + 2 * SLACK), 'and not any more when the lease has ended');
kill 'CONT', @all;
is(ExpectPolicy::Ledger::finish($upload), 201, 'it goes on, and the upload ends');
ExpectPolicy::Ledger::drop(@mine);
sums_ok(0, 400, 'in the end nothing is held');

# ------------------------------------------------------------------------- the logs

for my $server ($one, $two) {
    my $log = $server->error_log;
    unlike($log, qr/s3cret/, 'no log has the password');
    like($log, qr/did not know this server any more: \d+ uploads/,
         'but what was asserted');
}
$_->stop for $one, $two;
done_testing();
