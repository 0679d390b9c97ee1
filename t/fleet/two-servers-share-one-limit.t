# Servers with one ledger in Redis have one allowance and one limit of uploads at
# once.  One call reserves, and none is needed for what ends or is refused by its
# head.
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
my $text = <<"END";
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger @{[$redis->url]} timeout=1s
<Directory "\@site\@/bytes">
    ExpectPolicyAllowance 1000/1d expr=all
</Directory>
<Directory "\@site\@/many">
    ExpectPolicyAllowance 100M/1d expr=many
    ExpectPolicyConcurrent 4 expr=all
</Directory>
<Directory "\@site\@/slow">
    ExpectPolicyConcurrent 2 expr=all
</Directory>
<Directory "\@site\@/small">
    ExpectPolicyMaxSize 10
    ExpectPolicyConcurrent 2 expr=all
</Directory>
<Directory "\@site\@/local">
    ExpectPolicyQuota 1000 local
</Directory>
END


# the same site, since a limit of a section belongs to its path
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(bytes many slow small local);
my ($one, $two) = map { ExpectPolicy::Ledger->start($text, site => $site) } 1 .. 2;

sub given_back_ok {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(wait_until(sub { $redis->sums->{held} == 0 }, 5), $name)
        or diag explain $redis->sums;
}

# ---------------------------------------------------------------- allowances

accepted_ok($one->put('/bytes/a', 400), status => 201,
            name => 'one server admits what fits');
given_back_ok('it tells Redis when the upload has ended');
is($redis->sums->{used}, 400, 'which counts what came');
denial_ok($two->announce('/bytes/b', 601), 'the other one refuses a byte too much',
          'allowance_exceeded', '"allowance_remaining":600,', '"retry_after":');
accepted_ok($two->put_chunked('/bytes/b', 600), status => 201,
            name => 'and admits as much as is left, of unknown length');
given_back_ok('it has ended, too');
is($redis->sums->{used}, 1000, 'all is used');
denial_ok($_->announce('/bytes/c', 1), 'and then nothing is left',
          'allowance_exceeded', '"allowance_remaining":0,') for $one, $two;

# ---------------------------------------------------------------- uploads at once

my @uploads = map { $_->begin("/slow/$_->{port}", 10) } $one, $two;
ok(ExpectPolicy::Ledger::is_admitted($_), 'each has an upload under way')
    for @uploads;
denial_ok($_->announce('/slow/c', 10), 'and none has room for a third one',
          'too_many_uploads') for $one, $two;
is(ExpectPolicy::Ledger::finish($_), 201, 'they end') for @uploads;
given_back_ok('and give back their slots');
accepted_ok($two->put('/slow/d', 10), status => 201, name => 'for the next one');
accepted_ok($one->put("/slow/e$_", 10), status => 201,
            name => 'one after another never meets itself') for 1 .. 20;

# ---------------------------------------------------------------- a restart

my @before = $one->children;
@uploads = map { $_->begin("/slow/r$_->{port}", 10) } $one, $two;
$one->graceful;
ok(wait_until(sub { my %is = map { $_ => 1 } @before;
                    return grep { !$is{$_} } $one->children }, 10),
   'one server restarts gracefully');
denial_ok($_->announce('/slow/s', 10), 'what its old children serve still counts',
          'too_many_uploads') for $one, $two;
is(ExpectPolicy::Ledger::finish($_), 201, 'and ends') for @uploads;
given_back_ok('and is given back');
accepted_ok($one->put('/slow/s', 10), status => 201,
            name => 'the restarted server admits again');

# ---------------------------------------------------------------- wrong words

for my $case (['redis://u:s3cret@127.0.0.1:99999', 1], ['redis://u:s3cret@h timeot=1s', 1],
              ['redis://u:s3cret@h timeout=1ms', 1], ['redis://u:s3cret@127.0.0.1', 0]) {
    my ($url, $fails) = @$case;
    my ($status, $output) = ExpectPolicy::Server::judge(
        "LoadModule expect_policy_redis_module $module\nExpectPolicyLedger $url\n");
    is($status != 0, $fails == 1, 'httpd -t judges ' . $url =~ s/s3cret/.../r)
        or diag $output;
    unlike($output, qr/s3cret/, 'and repeats no password');
}

# ---------------------------------------------------------------- local quotas

ok($_->put('/local/x' . $_->{port}, 1)->{status} == 201, 'quotas are local')
    for $one, $two;

# ---------------------------------------------------------------- what is asked

given_back_ok('all is given back');
$redis->command('CONFIG', 'RESETSTAT');
sub calls {
    my ($stats) = $redis->command('INFO', 'commandstats');
    my ($n) = $stats =~ /^cmdstat_evalsha:calls=(\d+)/m;
    return $n // 0;
}
my $renewals = 1;
denial_ok($one->announce('/small/a', 11), 'what its head refuses',
          'content_too_large');
cmp_ok(calls(), '<=', $renewals, 'asks Redis nothing');
my $upload = $one->begin('/many/a', 1000);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'an upload with two limits');
cmp_ok(calls(), '<=', 1 + $renewals, 'asks once');
is(ExpectPolicy::Ledger::finish($upload), 201, 'it ends');
given_back_ok('in the background');
$redis->command('CONFIG', 'RESETSTAT');
accepted_ok($one->put_chunked('/many/b', 50_000_000), status => 201,
            name => '50 MB of unknown length');
given_back_ok('end');
cmp_ok(calls(), '<=', 16, 'and have asked a few times') or diag calls();
unlike($_->error_log, qr/ledger cannot answer/, 'no call failed') for $one, $two;

# the server's secret, and accounts that nobody can tell
my @keys = $redis->command('KEYS', '*');
is(scalar(grep { !/^\{ep:default\}:/ } @keys), 0, 'all keys have one tag');
$_->stop for $one, $two;
done_testing();
