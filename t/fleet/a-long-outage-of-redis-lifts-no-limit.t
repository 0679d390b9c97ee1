# While Redis is away, this server's own counts decide, also for more uploads than the
# journal has room for.  Afterwards Redis is told, and no request waits for that.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time sleep);

my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');
# more than EP_JOURNAL_ENTRIES, and what a loaded machine adds
use constant { LIMIT => 8300, ENTRIES => 8192, SLACK => 1 };
my $redis = ExpectPolicy::Redis->start;
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(bytes other);
my $limit = LIMIT;
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger @{[$redis->url]} lease=2s
MaxKeepAliveRequests 0
<Directory "\@site\@/bytes">
    ExpectPolicyAllowance $limit/1d expr=all
</Directory>
<Directory "\@site\@/other">
    ExpectPolicyConcurrent 2 expr=other
    ExpectPolicyAllowance 10/1d expr=other
</Directory>
END

# Puts a byte so many times on one connection.  @return how often by status
sub put_bytes {
    my ($count) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$server->{port}",
                                     Timeout => 10) or die "no connection: $!";
    my %seen;
    for (1 .. $count) {
        print $sock "PUT /bytes/a HTTP/1.1\r\nHost: localhost\r\n"
                    . "Content-Length: 1\r\n\r\nx";
        my ($head, $length) = ('', 0);
        while (my $line = <$sock>) {
            $head .= $line;
            $length = $1 if $line =~ /^Content-Length: (\d+)/i;
            last if $line eq "\r\n";
        }
        $head =~ m{\AHTTP/1\.1 (\d+)} or last;
        $seen{$1 < 300 ? 'admitted' : $1}++;
        read $sock, my $body, $length if $length > 0;
    }
    return \%seen;
}

accepted_ok($server->put('/other/a', 1), status => 201, name => 'Redis is known');
kill 'STOP', $redis->{pid};
is_deeply(put_bytes(LIMIT), { admitted => LIMIT },
          'without Redis, all bytes of the limit are admitted');
my $res = $server->announce('/bytes/a', 1);
like($res->{body} // '', qr/\A\{"error":"allowance_exceeded",/,
     'but none above it, when the journal is full') or diag explain $res;
$res = $server->put_chunked('/other/b', 11);
is($res->{status}, 429, 'nor by an upload of unknown length') or diag explain $res;
accepted_ok($server->put_chunked('/other/b', 9), status => 201,
            name => 'and what fits is admitted');
kill 'CONT', $redis->{pid};
for (1 .. 20) {
    my $began = time;
    $server->announce('/bytes/a', LIMIT);
    cmp_ok(time - $began, '<', SLACK, 'no request waits until Redis was told');
    sleep 0.1;
}
ok(wait_until(sub {
       my $sums = eval { $redis->sums } or return 0;
       return $sums->{held} == 0 && $sums->{used} >= ENTRIES;
   }, 60), 'Redis is told') or diag explain eval { $redis->sums };
$server->stop;
done_testing();
