# What Redis is asked, as its own MONITOR shows it: one command for an upload, however many
# limits it has; none by the request that ends; and none for what is refused by its head or
# by what this server knows.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use IO::Select ();
use IO::Socket::UNIX ();
use Test::More;
use Time::HiRes qw(time sleep);

my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');
my $redis = ExpectPolicy::Redis->start;
# the lease is renewed every 200 seconds: not while this test runs
my $server = ExpectPolicy::Ledger->start(<<"END");
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger @{[$redis->url]} timeout=1s lease=600s
ExpectPolicyLedgerFailure Closed
<Directory "\@site\@/many">
    ExpectPolicyAllowance 100M/1d expr=all
    ExpectPolicyAllowance 100M/1h client
    ExpectPolicyConcurrent 4 expr=all
    ExpectPolicyConcurrent 4 client
</Directory>
<Directory "\@site\@/strict">
    ExpectPolicyMaxSize 1000
    ExpectPolicyTypes text/plain
    ExpectPolicyRequireAuth Bearer
    ExpectPolicyConcurrent 4 expr=strict
</Directory>
<Directory "\@site\@/local">
    ExpectPolicyQuota 1M local
    ExpectPolicyFreeSpace 1
</Directory>
END
mkdir "$server->{site}/$_" or die $! for qw(many strict local plain);

# ------------------------------------------------------------------------------ MONITOR

my $monitor = IO::Socket::UNIX->new(Peer => $redis->{socket}) or die $!;
print $monitor "MONITOR\r\n";
$monitor->flush;
my ($unread, $marks) = ('', 0);

# What httpd has asked since the last call; not what scripts do, nor what servers tell each
# other for status pages.
sub seen {
    my $mark = 'mark-' . ++$marks;
    $redis->command('ECHO', $mark);
    my $end = time + 5;
    while ($unread !~ /"\Q$mark\E"\r\n/ && time < $end) {
        IO::Select->new($monitor)->can_read(0.1) or next;
        sysread $monitor, $unread, 1 << 16, length $unread or last;
    }
    $unread =~ s/\A(.*"\Q$mark\E"\r\n)//s or die 'MONITOR shows no mark';
    return grep { /^\+[\d.]+ \[0 127\.0\.0\.1:\d+\] / && !/:claims"/ } split /\r\n/, $1;
}
sub digest_of { return $_[0] =~ /"evalsha" "(\w{40})"/i ? $1 : "no EVALSHA: $_[0]" }
sub none_ok {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @lines = seen();
    is_deeply(\@lines, [], "$name: Redis is asked nothing");
}
# Until what has ended was told.
sub told {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(wait_until(sub { $redis->sums->{held} == 0 }, 5), $name) or diag explain $redis->sums;
    sleep 0.2;
}

# --------------------------------------------------------------------------- one command

accepted_ok($server->put('/many/first', 100), status => 201, name => 'scripts are there now');
told('what it held is given back');
seen();
my $upload = $server->begin('/many/a', 1000);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'an upload with four limits');
my @asked = seen();
is(scalar @asked, 1, 'is one command') or diag explain \@asked;
my $reserve = digest_of($asked[0]);
like($reserve, qr/\A\w{40}\z/, 'EVALSHA');
is(scalar(my @accounts = $asked[0] =~ /"\{ep:default\}:a:\w+"/g), 4, 'for all four');

# ------------------------------------------------------------- the end: none in a request

kill 'STOP', $redis->{pid};
my $began = time;
is(ExpectPolicy::Ledger::finish($upload), 201, 'Redis is stopped, and the upload ends');
cmp_ok(time - $began, '<', 0.5, 'at once: nobody waits for Redis');
$began = time;
my $res = $server->announce('/many/b', 1000);
like($res->{body} // '', qr/ledger_unavailable/, 'one that begins')
    or diag $res->{raw};
cmp_ok(time - $began, '>', 0.9, 'waits for Redis as long as timeout= says');
kill 'CONT', $redis->{pid};
told('Redis goes on, and is told');
@asked = seen();
cmp_ok(scalar(grep { digest_of($_) ne $reserve } @asked), '>=', 1, 'by commands of the background');
accepted_ok($server->put('/many/after', 100), status => 201, name => 'it is asked again');
told('what it held is given back');
seen();

# ------------------------------------------------------------------------- one after another

for my $i (1 .. 20) {
    is($server->put("/many/row$i", 10)->{status}, 201, "upload $i of a row");
}
told('all of them end');
@asked = seen();
is(scalar(grep { digest_of($_) eq $reserve } @asked), 20, '20 uploads reserve 20 times');
is(scalar(grep { !/"evalsha"/i } @asked), 0, 'and all commands are EVALSHA');

# ------------------------------------------------------------------------------------ none

my @bearer = (headers => ['Authorization: Bearer x', 'Content-Type: text/plain']);
denial_ok($server->announce('/strict/a', 1001, @bearer), 'too large', 'content_too_large');
denial_ok($server->announce('/strict/a', 10, headers => ['Authorization: Bearer x',
    'Content-Type: image/png']), 'of another type', 'unsupported_content_type');
denial_ok($server->announce('/strict/a', 10, headers => ['Content-Type: text/plain']),
          'without credentials', 'authentication_required');
none_ok('refused by the head');
accepted_ok($server->put('/strict/a', 10, @bearer), status => 201, name => 'the twin is let in');
is(scalar(grep { digest_of($_) eq $reserve } seen()), 1, 'by one command');
told('and ends');
seen();

accepted_ok($server->put('/local/a', 10), status => 201, name => 'limits of this server alone');
accepted_ok($server->put('/plain/a', 10), status => 201, name => 'no limits that count');
is($server->get('/plain/a')->{status}, 200, 'a download');
denial_ok($server->announce('/local/b', 2_000_000), 'a quota of this server', 'quota_exceeded');
none_ok('counted here');

my @uploads = map { $server->begin("/many/held$_", 10) } 1 .. 4;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @uploads), 4, 'all slots are taken');
is(scalar seen(), 4, 'by four commands');
denial_ok($server->announce('/many/more', 10), 'another one', 'too_many_uploads');
none_ok('a limit that this server breaks alone');
ExpectPolicy::Ledger::finish($_) for @uploads;
told('they end');

# ---------------------------------------------------------------------- of unknown length

seen();
accepted_ok($server->put_chunked('/many/stream', 20_000_000), status => 201,
            name => '20 MB of unknown length');
cmp_ok(scalar(@asked = seen()), '<=', 16, 'ask a few times, and not for each piece')
    or diag scalar @asked;
$server->stop;
done_testing();
