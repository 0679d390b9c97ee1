# Uploads that come to several servers at the same moment are admitted exactly as far
# as the limit that the servers share goes: never more, and as many as fit.  What is
# used in the end is what a book would say that admits one upload after the other.
# EP_ROUNDS=200 is the long run.
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
my $rounds = $ENV{EP_ROUNDS} // 50;
my $redis = ExpectPolicy::Redis->start;
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(bytes slots);
my $text = <<"END";
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger @{[$redis->url]} timeout=2s
<Directory "\@site\@/bytes">
    ExpectPolicyAllowance 1000/1d expr=%{req:X-Round}
</Directory>
<Directory "\@site\@/slots">
    ExpectPolicyConcurrent 3 expr=all
</Directory>
END
my @servers = map { ExpectPolicy::Ledger->start($text, site => $site) } 1 .. 4;

# All heads are sent before an answer is read.
sub race {
    my ($path, $length, $header, @on) = @_;
    my @begun;
    push @begun, $_->connect_for("$path/" . @begun, $length, headers => [$header]) for @on;
    ExpectPolicy::Ledger::send_head($_) for @begun;
    return map { ExpectPolicy::Ledger::read_verdict($_) } @begun;
}

sub none_held {
    return wait_until(sub { $redis->sums->{held} == 0 }, 5);
}

my $used = 0;
for my $count (2, 4) {
    my @on = @servers[0 .. $count - 1];
    my (%admitted, $finished, $given_back) = ();
    for my $round (1 .. $rounds) {
        my @uploads = race('/slots', 10, 'X-Round: 0', (@on) x (8 / $count));
        my @in = grep { ExpectPolicy::Ledger::is_admitted($_) } @uploads;
        $admitted{slots}{scalar @in}++;
        # half of them end, half are given up
        ExpectPolicy::Ledger::drop(splice @in, 0, 1);
        ExpectPolicy::Ledger::finish($_) for @in;
        close $_->{conn}{sock} for @uploads;
        $given_back += none_held() ? 1 : 0;
        @uploads = race('/bytes', 300, "X-Round: $count-$round",
                        (@on) x (8 / $count));
        @in = grep { ExpectPolicy::Ledger::is_admitted($_) } @uploads;
        $admitted{bytes}{scalar @in}++;
        for (@in) {
            my $status = ExpectPolicy::Ledger::finish($_);
            $used += 300 if $status =~ /^20[14]$/;
            $finished++ if $status =~ /^20[14]$/;
        }
        close $_->{conn}{sock} for @uploads;
    }
    is_deeply($admitted{slots}, { 3 => $rounds },
              "$count servers: 3 slots admit 3 of 8, $rounds times")
        or diag explain \%admitted;
    is($given_back, $rounds, 'and are given back each time');
    is_deeply($admitted{bytes}, { 3 => $rounds },
              "$count servers: 1000 bytes admit 3 times 300, $rounds times")
        or diag explain \%admitted;
    is($finished, 3 * $rounds, 'all of which end well');
}
ok(none_held(), 'in the end nothing is held');
is($redis->sums->{used}, $used, 'and used is what was received');
unlike($_->error_log, qr/ledger cannot answer/, 'no call failed') for @servers;
$_->stop for @servers;
done_testing();
