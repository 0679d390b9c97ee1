# A provider of the ledger may be in a module file of its own that uses only
# ledger/provider.h.  One provider here has all members, one has only the required
# ones; both work.  A provider without a required member is not accepted.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

my $module = vars('top_dir') . '/second-provider.so';
ok(-f $module, 'there is a second module file') or BAIL_OUT('build it');
my $load = "LoadModule expect_policy_second_module $module\n";

# ------------------------------------------------------------------ what is taken

for my $case (['second', undef], ['second:yes', undef], ['SECOND', undef],
              ['least', undef], ['shm', undef],
              ['second:no', qr/second, or second:yes/],
              ['broken', qr/another provider: broken lacks grow/],
              ['half', qr/another provider: half lacks some of the trees/],
              ['older', qr/shm or shm:SIZE/], ['none', qr/shm or shm:SIZE/]) {
    my ($word, $why) = @$case;
    my ($status, $output)
        = ExpectPolicy::Server::judge("${load}ExpectPolicyLedger $word\n");
    is($status != 0, defined $why, defined $why ? "$word: is not taken"
                                                : "$word: is taken")
        or diag($output);
    like($output, $why, "$word: and why") if defined $why;
}

# ------------------------------------------------- words for a ledger of many servers

my ($status, $output) = ExpectPolicy::Server::judge(
    "${load}ExpectPolicyLedger fleet://no:s3cret\@host also=t0ken\n");
isnt($status, 0, 'a wrong URL is not taken');
like($output, qr/'fleet\.\.\.' is not legal here; legal is fleet:/, 'and why');
unlike($output, qr/s3cret|t0ken/, 'which repeats no password');
for my $wrong ('rediss//user:s3cret@host', 'redis:s3cret') {
    ($status, $output)
        = ExpectPolicy::Server::judge("${load}ExpectPolicyLedger $wrong\n");
    isnt($status, 0, 'a URL without a colon or a host is not taken');
    unlike($output, qr/s3cret/, 'and not repeated');
}
for my $case (['fleet://yes', '/srv', 1], ['fleet://yes word=1', '/srv local', 0],
              ['shm', '/srv', 0]) {
    my ($ledger, $words, $fails) = @$case;
    ($status, $output) = ExpectPolicy::Server::judge(
        "${load}ExpectPolicyQuota 1G $words\nExpectPolicyLedger $ledger\n");
    is($status != 0, $fails == 1, "a quota of $words with $ledger")
        or diag($output);
    like($output, qr/each server counts.* legal is ExpectPolicyQuota 1G \/srv local/,
         'and what to write') if $fails;
}

# ------------------------------------------------------------------- all members

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(bytes tree slow);
# trees are measured as soon as the server has started
open my $out, '>', "$site/tree/before" or die;
print $out 'x' x 400;
close $out or die;
my $text = <<'END';
<Directory "@site@/bytes">
    ExpectPolicyAllowance 1000/1d host
</Directory>
<Directory "@site@/tree">
    ExpectPolicyQuota 1000
    ExpectPolicyLedgerFailure Closed
</Directory>
<Directory "@site@/slow">
    ExpectPolicyConcurrent 1 host
</Directory>
END
my $server = ExpectPolicy::Ledger->start(
    "${load}ExpectPolicyLedger second:yes\n$text", site => $site);
counts_exactly($server, 'all members');
ok(!-e "$server->{run}/expect_policy.ledger", 'there is no other ledger');

denial_ok($server->announce('/tree/new', 601), 'its trees are measured',
          'quota_exceeded', '"quota_remaining":600,');
accepted_ok($server->put('/tree/new', 600), status => 201,
            name => 'and take as much as fits');

# an upload that ends gives back what it holds, and so does a child that dies
my $upload = $server->begin('/slow/a', 10);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'an upload is under way');
denial_ok($server->announce('/slow/b', 10), 'the only one that may be',
          'too_many_uploads');
like(ExpectPolicy::Ledger::finish($upload), qr/^201$/, 'it ends');
accepted_ok($server->put('/slow/b', 10), status => 201,
            name => 'and the next one gets in');
$upload = $server->begin('/slow/c', 10);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'one more is under way');
my @children = $server->children;
is(kill('KILL', @children), scalar @children, 'all children are killed');
my $end = time + 20;
$status = '';
do {
    sleep 0.2;
    $status = eval { $server->put('/slow/d', 10)->{status} } // '';
} until $status eq '201' or time > $end;
is($status, '201', 'what they held is given back');
unlike($server->error_log, qr/ledger cannot answer/, 'no call failed');
$server->stop;

# ---------------------------------------------------------- the least of members

unlink glob "$site/*/*";
$server = ExpectPolicy::Ledger->start(
    "${load}ExpectPolicyLedger least\n$text", site => $site);
counts_exactly($server, 'least');
denial_ok($server->announce('/tree/new', 10),
          'trees that are not measured are not known', 'ledger_unavailable');
$server->stop;
done_testing();

sub counts_exactly {
    my ($on, $what) = @_;
    accepted_ok($on->put('/bytes/a', 400), status => 201,
                name => "$what: an upload that fits is admitted");
    denial_ok($on->announce('/bytes/b', 601),
              "$what: one byte too much is refused", 'allowance_exceeded',
              '"allowance_remaining":600,');
    # of unknown length, so that it grows
    accepted_ok($on->put_chunked('/bytes/b', 600), status => 201,
                name => "$what: as much as is left is admitted");
    denial_ok($on->announce('/bytes/c', 1), "$what: and then nothing",
              'allowance_exceeded', '"allowance_remaining":0,');
}

