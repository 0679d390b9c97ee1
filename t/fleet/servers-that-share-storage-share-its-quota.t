# Servers that write to one storage have one quota of it.  One of them measures it, for
# all; none admits what all together have no room for.  A local quota is each server's.
# EP_ROUNDS=200 is the long run of its races.
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
my $rounds = $ENV{EP_ROUNDS} // 12;
my $redis = ExpectPolicy::Redis->start;
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(bytes own full owner);
mkdir "$site/bytes/$_" or die for 1 .. 2 * $rounds;
ExpectPolicy::Ledger::filled($site, "full/$_", 300_000) for qw(a b c);
ExpectPolicy::Ledger::filled($site, 'owner/a', 900);
ExpectPolicy::Ledger::written($site, 'owner/.htaccess', "ExpectPolicyQuota 1000\n");
# one for each round
my $each = join '', map { "<Directory \"\@site\@/bytes/$_\">\nExpectPolicyQuota 1000\n"
                              . "</Directory>\n" } 1 .. 2 * $rounds;
my $text = <<"END";
LoadModule expect_policy_redis_module $module
LogLevel expect_policy:debug
ExpectPolicyLedger @{[$redis->url]} timeout=2s lease=3s
$each
<Directory "\@site\@/own">
    ExpectPolicyQuota 1000 local
</Directory>
<Directory "\@site\@/full">
    ExpectPolicyQuota 1000000
</Directory>
<Directory "\@site\@/owner">
    AllowOverride Limit
</Directory>
END
my @servers = map { ExpectPolicy::Ledger->start($text, site => $site) } 1 .. 4;

sub measurements_of {
    my ($path) = @_;
    my $n = 0;
    $n += () = $_->error_log =~ /usage of \Q$path\E: \d+ bytes, measured in \d+ ms, taken/g
        for @servers;
    return $n;
}

# ------------------------------------------------------------- one measures for all

ok(wait_until(sub { measurements_of("$site/full") >= 1 }, 10), 'a tree is measured');
denial_ok($_->announce('/full/x', 100_001), 'each server sees what lies there',
          'quota_exceeded', '"quota_remaining":100000,') for @servers;
is(measurements_of("$site/full"), 1, 'which one of them has measured');
denial_ok($_->announce('/owner/x', 200), 'so with a quota of a site owner',
          'quota_exceeded') for @servers;
# by the upload that waited for it, which logs nothing: Redis counts, too
my @counted = grep { ($_->{m} // 0) > 900 && $_->{m} < 1000 }
    map { +{ $redis->command('HGETALL', $_) } }
    grep { /:a:/ } $redis->command('KEYS', '*');
is("@{[map { $_->{mc} } @counted]}", '1', 'also measured once');

# ------------------------------------------------------------------------- races

my $number = 0;
for my $count (2, 4) {
    my @on = @servers[0 .. $count - 1];
    my (%admitted, $on_disk) = ();
    for my $round (1 .. $rounds) {
        my $path = '/bytes/' . ++$number;
        my @begun;
        push @begun, $_->connect_for("$path/" . @begun, 300) for (@on) x (8 / $count);
        # all of them before an answer is read
        ExpectPolicy::Ledger::send_head($_) for @begun;
        ExpectPolicy::Ledger::read_verdict($_) for @begun;
        my @in = grep { ExpectPolicy::Ledger::is_admitted($_) } @begun;
        $admitted{scalar @in}++;
        ExpectPolicy::Ledger::finish($_) for @in;
        close $_->{conn}{sock} for @begun;
        $on_disk += -s for glob "$site$path/*";
    }
    is_deeply(\%admitted, { 3 => $rounds },
              "$count servers: 1000 bytes admit 3 times 300, $rounds times")
        or diag explain \%admitted;
    is($on_disk, 900 * $rounds, 'and so much lies on disk');
}

# ----------------------------------------------------------------- DELETE, and local

is(ask($servers[0]->here, method => 'DELETE', path => '/full/a')->{status}, 204,
   'one server removes a file');
ok(wait_until(sub { ($servers[1]->announce('/full/x', 400_000)->{status} // 0) != 507 }, 20),
   'and when the tree is measured again, another one has the room');
ok($_->put('/own/x' . $_->{port}, 300)->{status} == 201, 'each measures a local tree')
    for @servers[0, 1];

# ---------------------------------------------------------------- Redis forgets

my $upload = $servers[0]->begin('/bytes/1/slow', 50);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'an upload is under way');
$redis->stop;
$redis->launch;
sleep 4;
denial_ok($_->announce('/bytes/1/x', 51), 'a Redis that is empty knows it within a lease',
          'quota_exceeded') for @servers;
is(ExpectPolicy::Ledger::finish($upload), 201, 'it ends');
ok(wait_until(sub { $redis->sums->{held} == 0 }, 5), 'in the end nothing is held');
unlike($_->error_log, qr/corrupt|is full/, 'no call failed') for @servers;
$_->stop for @servers;
done_testing();
