# What an upload has used while Redis did not answer is told later.  The period of its
# allowance stays: it does not become that of an upload that had its place in the journal
# before.
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
my $redis = ExpectPolicy::Redis->start;
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(minute day);
my ($one, $two) = map { ExpectPolicy::Ledger->start($_, site => $site) } (<<"END") x 2;
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger @{[$redis->url]} lease=3s
<Directory "\@site\@/minute">
    ExpectPolicyAllowance 1000/1m expr=all
</Directory>
<Directory "\@site\@/day">
    ExpectPolicyAllowance 1000/1d expr=all
</Directory>
END

# Of all accounts: milliseconds until the period ends, by what is used.
sub periods {
    my ($seconds) = $redis->command('TIME');
    my %ends;
    for (grep { /:a:/ } $redis->command('KEYS', '*')) {
        my %field = $redis->command('HGETALL', $_);
        my $used = 0;
        $used += $field{$_} for grep { /^u:/ } keys %field;
        $ends{$used} = ($field{p} // 0) - $seconds * 1000;
    }
    return \%ends;
}

is($one->put('/day/before', 500)->{status}, 201, 'a day begins at one server');
ok(wait_until(sub { defined periods()->{500} }, 5), 'Redis has counted it');
sleep 0.2;
is($two->put('/minute/before', 300)->{status}, 201, 'a minute at another one');
ok(wait_until(sub { defined periods()->{300} }, 5), 'Redis has counted it');
sleep 0.2;
cmp_ok(periods()->{300}, '<', 61_000, 'the one ends in a minute');
cmp_ok(periods()->{500}, '>', 80_000_000, 'the other one in a day');

kill 'STOP', $redis->{pid};
is($two->put('/day/away', 100)->{status}, 201, 'Redis does not answer: an upload is admitted');
kill 'CONT', $redis->{pid};
ok(wait_until(sub { defined periods()->{600} }, 10), 'Redis is told what it has used')
    or diag explain periods();
cmp_ok(periods()->{600} // 0, '>', 80_000_000, 'in the day that had begun')
    or diag explain periods();
cmp_ok(periods()->{300} // 0, '<', 61_000, 'the minute is as it was');
$_->stop for $one, $two;
done_testing();
