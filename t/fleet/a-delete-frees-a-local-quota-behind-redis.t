# Behind a ledger in Redis, a local quota is this server's own: DELETE makes it due to
# be measured, and frees what it removes, also while an upload is under way.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use Test::More;

my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');
my $redis = ExpectPolicy::Redis->start;
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(full other);
ExpectPolicy::Ledger::filled($site, $_, 300_000)
    for qw(full/a full/b full/c other/a);
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger @{[$redis->url]} timeout=1s
<Directory "\@site\@">
    ExpectPolicyConcurrent 10 expr=all
</Directory>
<Directory "\@site\@/full">
    ExpectPolicyQuota 1000000 local
</Directory>
<Directory "\@site\@/other">
    ExpectPolicyQuota 1000000 local
</Directory>
END
$server->measured_ok("$site/$_", "/$_/new") for qw(full other);

sub request {
    my ($method, $path) = @_;
    return ask($server->here, method => $method, path => $path)->{status};
}

sub is_denied_for_good {
    my $res = $server->announce('/full/more', 350_000);
    return $res->{status} == 507 && $res->{body} !~ /"retry_after"/;
}

ok(wait_until(\&is_denied_for_good, 20), 'a full quota: waiting does not help');
is(request(DELETE => '/other/a'), 204, 'a DELETE in another tree');
ok(is_denied_for_good(), 'does not change that');
my $upload = $server->begin('/full/slow', 20_000);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'a small upload is under way');
is(request(DELETE => '/full/a'), 204, 'a DELETE in this tree');
denial_ok($server->announce('/full/more', 350_000), 'makes it worth waiting',
          'quota_exceeded', '"retry_after":');
accepted_ok($server->put('/full/small', 10), status => 201,
            name => 'what fits is admitted meanwhile');
ok(wait_until(sub { $server->put('/full/more', 350_000)->{status} == 201 }, 20),
   'and what was removed is free, although the upload is still under way');
is(ExpectPolicy::Ledger::finish($upload), 201, 'which ends');
ok(wait_until(sub { $redis->sums->{held} == 0 }, 5), 'in the end nothing is held');
$server->stop;
done_testing();
