# docs/fleet.md has a line for a user of Redis that may do what the module needs, and
# nothing else.  This user admits, grows, ends, and tells Redis again what it forgot.
# Each of its commands is needed.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use IO::Socket::UNIX ();
use Test::More;
use Time::HiRes qw(time sleep);

my $top = vars('top_dir');
my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');

my $manual = "$top/fleet.md";
open my $in, '<', $manual or die "$manual: $!";
my ($line) = do { local $/; <$in> } =~ /^ACL SETUSER ((?:.*\\\n)*.*)$/m;
ok($line, 'it has a line for a user') or BAIL_OUT('no ACL SETUSER');
my @rules = split ' ', $line =~ s/\\\n/ /gr;

my $redis = ExpectPolicy::Redis->start;
$redis->command('ACL', 'SETUSER', map { s/^>.*/>secret/r } @rules);
my @commands = grep { /^\+/ } @rules;
cmp_ok(scalar @commands, '>', 5, 'which names commands');

my $url = $redis->url =~ s{//}{//uploads:secret@}r;
my $server = ExpectPolicy::Ledger->start(<<"END");
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger $url timeout=1s lease=3s
ExpectPolicyLedgerFailure Closed
<Directory "\@site\@">
    ExpectPolicyAllowance 100M/1d expr=all
    ExpectPolicyConcurrent 4 expr=all
</Directory>
END

accepted_ok($server->put('/a', 400), status => 201, name => 'an upload');
ok(wait_until(sub { $redis->sums->{used} == 400 }, 5), 'is counted')
    or diag explain $redis->sums;
accepted_ok($server->put_chunked('/b', 5_000_000), status => 201,
            name => 'one of unknown length grows');
ok(wait_until(sub { $redis->sums->{held} == 0 }, 5), 'and ends');
my $under_way = $server->begin('/c', 1000);
ok(ExpectPolicy::Ledger::is_admitted($under_way), 'one is under way');
$redis->command('FLUSHALL');
ok(wait_until(sub { $redis->sums->{held} > 0 && $redis->sums->{used} >= 5_000_400 },
              10),
   'Redis forgets, and is told what is held and used') or diag explain $redis->sums;
is(ExpectPolicy::Ledger::finish($under_way), 201, 'it ends');
my $error_log = $server->error_log;
unlike($error_log, qr/ledger cannot answer|does not answer/, 'no call failed');

# in Redis' own log of what it has denied
is(scalar($redis->command('ACL', 'LOG') // ''), 0, 'nothing was denied');
my @seen = ($redis->command('INFO', 'commandstats'))[0]
    =~ /^cmdstat_(\w+):calls=/mg;
my %was_called = map { $_ => 1 } @seen;
# select and asking are for a database other than 0, and for Redis Cluster
for my $command (grep { !/^\+(?:select|asking)$/ } @commands) {
    my $name = substr $command, 1;
    ok($was_called{$name}, "$name is needed");
}

# others, and other keys, are not allowed
for my $denied ([qw(KEYS *)], [qw(FLUSHALL)], [qw(CONFIG GET *)], [qw(GET other)],
                [qw(EVAL), "return redis.call('KEYS','*')", 0]) {
    my $answer = eval {
        my $socket = IO::Socket::UNIX->new(Peer => $redis->{socket}) or die;
        for my $words ([qw(AUTH uploads secret)], $denied) {
            print $socket '*', scalar(@$words), "\r\n",
                map { '$' . length($_) . "\r\n$_\r\n" } @$words;
        }
        $socket->flush;
        my $ok = <$socket>;
        <$socket>;
    } // $@;
    like($answer, qr/^-(?:NOPERM|ERR)/, "$denied->[0] is denied");
}
$server->stop;
done_testing();
