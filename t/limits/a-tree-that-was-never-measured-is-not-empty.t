# The first uploads to a tree that takes long to measure.  A large one waits a moment
# for the number, and is refused without it, also under ExpectPolicyLedgerFailure
# Open.  Small ones pass under Open, but together no more than the quota.  A usage
# file is read at once.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

# more than an upload walks through, however fast it is; and on a disk so slow that
# the thread that measures takes longer than an upload waits
my $files = 40_000;
my $slow = ExpectPolicy::Ledger::slow_disk();
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(large panel);
for my $part (1 .. 80) {
    mkdir "$site/large/$part" or die;
    for (1 .. $files / 80) {
        my $name = $_ <= 25 ? "slow$_" : $_;
        open my $out, '>', "$site/large/$part/$name" or die;
    }
}
ExpectPolicy::Ledger::sparse($site, 'large/data', 800_000);
my $tree = "$site/large";
ExpectPolicy::Ledger::say_used("$site/usage", 700_000);

# and one that is deeper than an upload goes by itself
my $deep = "$site/ldeep" . '/d' x 20;
system('mkdir', '-p', $deep) == 0 or die;
ExpectPolicy::Ledger::sparse($site, 'ldeep' . '/d' x 20 . '/data', 800_000);

my @unavailable = (code => 'ledger_unavailable', by => qr/ExpectPolicyQuota/,
                   members => { retry_after => 5 },
                   headers => { 'Retry-After' => 5 });

sub start {
    my ($failure) = @_;
    return ExpectPolicy::Ledger->start(<<"END", site => $site, preload => $slow);
<Directory "\@site\@/l*">
    ExpectPolicyLedgerFailure $failure
    ExpectPolicyQuota 1000000
</Directory>
<Directory "\@site\@/panel">
    ExpectPolicyLedgerFailure $failure
    ExpectPolicyQuota 1000000 "\@site\@/panel" usage=\@site\@/usage
</Directory>
END
}

for my $failure ('Open', 'Closed') {
    note "ExpectPolicyLedgerFailure $failure";
    my $server = start($failure);
    my @by = $failure eq 'Closed' ? (by => qr/ExpectPolicyLedgerFailure/) : ();
    my $large = $server->announce('/large/x', 200_000);
    refusal_ok($large, @unavailable, @by, within => 1500, name => 'a large upload');
    cmp_ok($large->{ms}, '<', 1500, 'which did not wait for long');
    if ($failure eq 'Open') {
        accepted_ok($server->put('/large/small', 1000), status => 201,
                    name => 'a small one passes');
    }
    ok(wait_until(sub {
        my $found = $server->books->{trees}{$tree};
        return $found && $found->{known};
    }, 30), 'the tree is measured soon');
    $server->settled_ok;
    my $left = 200_000 - ($failure eq 'Open' ? 1000 : 0);
    refusal_ok($server->announce('/large/x', $left + 1),
               code => 'quota_exceeded',
               members => { quota_remaining => $left,
                            requested_size => $left + 1 },
               name => 'and its quota holds');
    accepted_ok($server->put('/large/x', $left), status => 201,
                name => 'what fits is admitted');
    $server->settled_ok;
    ok(wait_until(sub {
        my $res = $server->announce('/ldeep/x', 200_001);
        return $res->{body} =~ /"quota_remaining": ?200000\b/;
    }, 30), 'a deep tree is measured as well');
    accepted_ok($server->put('/ldeep/x', 200_000), status => 201,
                name => 'and what fits is admitted');
    $server->settled_ok;
    refusal_ok($server->announce('/panel/x', 300_001), code => 'quota_exceeded',
               members => { quota_remaining => 300_000,
                            requested_size => 300_001 },
               name => 'a usage file is read at once');
    accepted_ok($server->put('/panel/x', 300_000), status => 201,
                name => 'and what fits is admitted');
    $server->settled_ok;
    unlink map { "$site/$_" } qw(large/x large/small panel/x ldeep/x);
    $server->stop;
}

# of unknown length, one is as large as what has come
{
    my $server = start('Open');
    my $res = $server->put_chunked('/large/x', 90_000);
    is($res->{status}, 503, 'content of unknown length is cut beyond 64 KB');
    like($res->{body}, qr/"error": ?"ledger_unavailable"/, 'and told why');
    ok(wait_until(sub {
        my $found = $server->books->{trees}{$tree};
        return $found && $found->{known};
    }, 30), 'once the tree is measured');
    $server->settled_ok;
    accepted_ok($server->put_chunked('/large/x', 90_000), status => 201,
                name => 'it is admitted');
    $server->settled_ok;
    $server->stop;
}
done_testing;
