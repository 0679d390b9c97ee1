# A server tells Redis what it knows of trees when Redis may have forgotten, and not each
# time that a child begins: an old number of it would fill a quota that others have made
# room in.  Each account in Redis expires, also one whose only upload was refused, and does
# not grow with each start of a server.
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
mkdir "$site/$_" or die for qw(tree small);
ExpectPolicy::Ledger::filled($site, 'tree/a', 300_000);
my $text = <<"END";
LoadModule expect_policy_redis_module $module
LogLevel expect_policy:debug
ExpectPolicyLedger @{[$redis->url]} timeout=2s lease=30s
<Directory "\@site\@/tree">
    ExpectPolicyQuota 1000000
</Directory>
<Directory "\@site\@/small">
    ExpectPolicyQuota 10
</Directory>
END
my $server = ExpectPolicy::Ledger->start($text, site => $site);

sub tree_with {
    my ($bytes) = @_;
    for (grep { /:a:/ } $redis->command('KEYS', '*')) {
        my %field = $redis->command('HGETALL', $_);
        return { key => $_, %field } if ($field{m} // -1) == $bytes;
    }
    return undef;
}

ok(wait_until(sub { tree_with(300_000) }, 10), 'a tree is measured');
is($server->put('/tree/b', 1000)->{status}, 201, 'and has an upload');
ok(wait_until(sub { tree_with(301_000) }, 5), 'which Redis counts');
sleep 2;
my $before = tree_with(301_000);
my @children = $server->children;
$server->graceful;
ok(wait_until(sub { my %was = map { $_ => 1 } @children;
                    my @now = $server->children;
                    @now && !grep { $was{$_} } @now }, 15), 'all children are new ones');
is($server->put('/tree/c', 1000)->{status}, 201, 'they admit an upload');
sleep 4;
my $after = tree_with(302_000) // {};
is($after->{c}, $before->{c} + 1, 'which is all that they have told of the tree');

# ------------------------------------------------------------------- keys that expire

$redis->command('FLUSHALL');
my $refused = $server->announce('/small/x', 100);
is($refused->{status}, 507, 'more than the limit of an empty tree is refused');
my @forever = grep { $redis->command('PTTL', $_) < 0 } grep { /:a:/ } $redis->command('KEYS', '*');
is("@forever", '', 'and leaves no key for ever');

# ------------------------------------------------------- servers that come and go

my $tree;
ok(wait_until(sub { $tree = tree_with(302_000) }, 15), 'Redis is told of the tree again');
$redis->command('HSET', $tree->{key}, map { ("x:server$_", 302_000) } 1 .. 40);
ok(wait_until(sub {
       $server->put('/tree/d', 10);
       ((tree_with(302_010) // {})->{mc} // 0) > ($tree->{mc} // 0)
   }, 20), 'and it is measured');
my $measured = tree_with(302_010) // {};
cmp_ok(scalar(grep { /^x:/ } keys %$measured), '<=', 16,
       'numbers of servers that came before are forgotten');
$server->stop;
done_testing();
