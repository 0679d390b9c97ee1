# Whatever happens between httpd and Redis: no upload waits for long, what
# ExpectPolicyLedgerFailure says is done, and when it is over, each upload was counted
# once.
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
# what a lease and a call may take, and what a loaded machine adds
use constant { LEASE => 3, TIMEOUT => 0.1, SLACK => 1 };
use constant SIZE => 100;
my $redis = ExpectPolicy::Redis->start;
my $proxy = ExpectPolicy::FaultProxy->start($redis->{port});

# A server for each word of ExpectPolicyLedgerFailure, with a ledger of its own.
my %server;
for my $word (qw(Local Open Closed)) {
    my $lease = LEASE . 's';
    $server{$word} = ExpectPolicy::Ledger->start(<<"END");
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger redis://127.0.0.1:$proxy->{port} lease=$lease name=$word
<Directory "\@site\@">
    ExpectPolicyAllowance 100000/1d expr=all
    ExpectPolicyConcurrent 20 expr=all
    ExpectPolicyLedgerFailure $word
</Directory>
END
}
my %used = map { $_ => 0 } keys %server;

sub counted_ok {
    my ($word, $when) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(wait_until(sub {
           my $sum = $redis->sums($word);
           return $sum->{held} == 0 && $sum->{used} == $used{$word};
       }, LEASE + 2 * SLACK), "$word: $when each upload is counted once")
        or diag explain [$redis->sums($word), $used{$word}];
}

sub upload {
    my ($word) = @_;
    my $began = time;
    my $res = $server{$word}->put('/x', SIZE);
    return ($res, time - $began);
}

# Until the server asks Redis again: then what is admitted is counted there at once.
sub recovered_ok {
    my ($word, $when) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    counted_ok($word, $when);
    ok(wait_until(sub {
           my ($res) = upload($word);
           return 0 if ($res->{status} // 0) !~ /^20[14]$/;
           $used{$word} += SIZE;
           my $end = time + 0.5;
           sleep 0.02 while time < $end && $redis->sums($word)->{used} != $used{$word};
           return $redis->sums($word)->{used} == $used{$word}
               if $word eq 'Local' || $word eq 'Closed';
           # Open: not counted as long as Redis was not asked
           return 1 if $redis->sums($word)->{used} == $used{$word};
           $used{$word} -= SIZE;
           return 0;
       }, 3 * SLACK), "$word: $when Redis is asked again");
}

recovered_ok($_, 'before all faults') for sort keys %server;
my %faults = (
    'silence'                    => 'silent',
    'a byte a second'            => 'drip',
    'replies after the deadline' => 'late 0.3',
    'a reset after each command' => 'reset',
    'a reset before it'          => 'close',
    'garbage'                    => "reply HTTP/1.1 400 Bad Request\r\n\r\n",
    'a reply without an end'     => "reply \$2000000000\r\n",
    map({ (lc((split)[0]) . ' as reply' => "reply -$_\r\n") }
        # all others: t/redis/test_redis.c
        'OOM command not allowed', "READONLY You can't write",
        'NOPERM this user', 'MOVED 1 a.name:1'),
);
for my $fault (sort keys %faults) {
    $proxy->set($faults{$fault});
    for my $word (sort keys %server) {
        for my $turn (1 .. 3) {
            my ($res, $took) = upload($word);
            cmp_ok($took, '<', TIMEOUT + SLACK, "$fault, $word: no upload waits");
            if ($word eq 'Closed') {
                like($res->{body} // '', qr/\A\{"error":"ledger_unavailable",/,
                     "$fault, $word: it is refused") or diag explain $res;
            }
            else {
                like($res->{status} // '', qr/^20[14]$/,
                     "$fault, $word: it is admitted") or diag explain $res;
            }
            $used{$word} += SIZE if $word eq 'Local';
        }
    }
    $proxy->set('pass');
    recovered_ok($_, "after $fault") for sort keys %server;
}
for my $word (sort keys %server) {
    my $log = $server{$word}->error_log;
    my $opened = () = $log =~ /does not answer \(/g;
    my $closed = () = $log =~ /answers again/g;
    cmp_ok($opened, '>=', 1, "$word: the log says when Redis did not answer");
    cmp_ok(abs($opened - $closed), '<=', 1, "$word: and when it did again");
    cmp_ok($opened, '<=', 3 * keys %faults, "$word: in a line for the server");
    $server{$word}->stop;
}
done_testing();
