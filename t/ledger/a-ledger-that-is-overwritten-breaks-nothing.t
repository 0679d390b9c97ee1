# Random bytes are written over the ledger's memory, through its file, while
# uploads are under way.  Every upload gets an answer, and no child crashes.
# A graceful restart repairs a ledger that cannot be used.  Without a ledger,
# ExpectPolicyLedgerFailure decides.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire qw(vars accepted_ok ask refusal_ok wait_until);
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);

use constant { CLIENTS => 3, SECONDS => 8, FRONT => 4096, HEAD => 256 };

my $text = <<'END';
<Directory "@site@">
    ExpectPolicyQuota 1G
    ExpectPolicyFreeSpace 1K
    ExpectPolicyConcurrent 100 client
    ExpectPolicyAllowance 1T/1d client
</Directory>
<Directory "@site@/closed">
    ExpectPolicyLedgerFailure Closed
</Directory>
END
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/closed" or die;

# ------------------------------------------------------------------ overwritten

my $server = ExpectPolicy::Ledger->start("ExpectPolicyLedger shm:256K\n$text",
                                         site => $site);
my $ledger = "$server->{dir}/expect_policy.ledger";
$server->measured_ok($site, '/x');
my $size = -s $ledger;
accepted_ok($server->put('/closed/x', 1000), status => 201,
            name => 'an upload is admitted');

# How many lines of the log are like that.
sub logged {
    my ($like) = @_;
    return scalar grep { /$like/ } split /^/, $server->error_log;
}

sub restart {
    my $before = logged('resuming normal operations');
    $server->graceful;
    return wait_until(sub {
        logged('resuming normal operations') > $before
    }, 20);
}

# A client of its own process: how many answers of which status it got.
sub client {
    my ($number, $end) = @_;
    my %seen;
    while (time < $end) {
        my $path = ('/', '/closed/')[rand 2] . "$number-" . int rand 5;
        my $began = time;
        my $res = rand(3) < 1 ? $server->put_chunked($path, int rand 200_000)
            : $server->put($path, 1 + int rand 50_000);
        $seen{ $res->{status} // "none: " . ($res->{problem} // '') }++;
        $seen{slow}++ if time - $began > 5;
    }
    return %seen;
}

my $end = time + SECONDS;
my @from = map {
    my $number = $_;
    my $pid = open(my $in, '-|') // die "fork: $!";
    if (!$pid) {
        srand $number;
        my %seen = client($number, $end);
        print map { "$_\t$seen{$_}\n" } keys %seen;
        close STDOUT;
        POSIX::_exit(0);
    }
    $in;
} 1 .. CLIENTS;

srand 1;
open my $file, '+<:raw', $ledger or die "$ledger: $!";
my $rounds = 0;
while (time < $end) {
    # mostly what is behind the head, which is looked at in each call
    my $from = FRONT + HEAD;
    my $at = $rounds % 10 == 0 ? FRONT : $from + int rand($size - $from);
    my $count = 1 + int rand($rounds % 3 == 0 ? $size - $at : 2000);
    sysseek $file, $at, 0;
    syswrite $file, join '', map { chr int rand 256 } 1 .. $count;
    if ($rounds % 10 == 0) {
        sleep 0.5;
        # what is behind the head is used again then
        restart();
    }
    $rounds++;
    sleep 0.1;
}
my %seen;
for my $in (@from) {
    while (<$in>) {
        chomp;
        my ($what, $count) = split /\t/;
        $seen{$what} += $count;
    }
    ok(close $in, 'a client is done');
}
my ($answers, $others) = (0, 0);
for my $what (keys %seen) {
    $what =~ /^(?:201|204|417|429|503|507)$/ ? $answers += $seen{$what}
                                             : $others += $seen{$what};
}
my $told = join ', ', map { "$_: $seen{$_}" } sort keys %seen;
note "$rounds rounds; $told";
cmp_ok($rounds, '>', 20, 'it was overwritten often');
cmp_ok($answers, '>', 50, 'meanwhile uploads were answered');
is($others, 0, 'each in a way that is known, and in time') or diag $told;
cmp_ok(($seen{201} // 0) + ($seen{204} // 0), '>', 0, 'some were admitted');
cmp_ok(scalar(grep { /^(?:503|507|429)$/ } keys %seen), '>', 0,
       'and some refused');
unlike($server->error_log, qr/exit signal|AddressSanitizer|runtime error/,
       'no child has crashed');
like($server->error_log, qr/ledger cannot answer: it is corrupt/,
     'the log tells what was wrong');

# --------------------------------------------------------------------- mended

sysseek $file, FRONT, 0;
syswrite $file, "\xff" x ($size - FRONT);
refusal_ok($server->announce('/closed/y', 10), code => 'ledger_unavailable',
           members => { retry_after => 5 }, headers => { 'Retry-After' => 5 },
           name => 'Closed: a ledger of nothing but ones');
accepted_ok($server->put('/y', 10), status => qr/^20[14]$/, name => 'Open');
my $made = logged('ledger is corrupt, and is made anew');
ok(restart(), 'a graceful restart');
# by the first child that asks for it
ok(wait_until(sub {
    logged('ledger is corrupt, and is made anew') > $made
}, 20), 'makes it anew');
is(logged('ledger is corrupt, and is made anew'), $made + 1, 'once');
ok(wait_until(sub {
    ($server->put('/closed/z', 10)->{status} // 0) =~ /^20[14]$/
}, 20), 'Closed: admitted');
$server->settled_ok;
is($server->books->{trees}{$site}{known}, 1, 'and the tree is measured again');
$server->stop;

# ----------------------------------------------------------------- none at all

mkdir "$site.run", 0500 or die;
$server = ExpectPolicy::Ledger->start(
    "DefaultRuntimeDir \"$site.run\"\n$text", site => $site);
is(logged('there is no ledger: .* cannot be made'), 1,
   'without a ledger, httpd starts, and says so');
accepted_ok($server->put('/y', 10), status => qr/^20[14]$/,
            name => 'Open: an upload is admitted');
refusal_ok($server->announce('/closed/y', 10), code => 'ledger_unavailable',
           members => { retry_after => 5 }, headers => { 'Retry-After' => 5 },
           name => 'Closed: it is refused');
$server->put('/y', 10) for 1 .. 20;
my $lines = logged('ledger cannot answer: it is missing');
cmp_ok($lines, '>=', 1, 'it is logged');
cmp_ok($lines, '<=', 10, 'and not for each of them');
$server->stop;
done_testing;
