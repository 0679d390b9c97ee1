# A ledger that is full, and quotas whose usage is not known: admitted under
# ExpectPolicyLedgerFailure Open, refused under Closed, and logged at a rate.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

my $site = ExpectPolicy::Ledger::site();
my %dirs = map { $_ => 1 } qw(open closed dry hidden-open hidden-closed new);
mkdir "$site/$_" or die for keys %dirs;
# httpd may pass, and write what it is told to, but not look
mkdir "$site/$_/in" or die for qw(hidden-open hidden-closed);
chmod 0300, "$site/$_" or die for qw(hidden-open hidden-closed);
# more trees than there is room for
mkdir "$site/$_" or die for qw(many many-closed);
mkdir "$site/many/$_" or die for 1 .. 20;
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site);
ExpectPolicyLedger shm:128K
<Directory "@site@/open">
    ExpectPolicyConcurrent 1000 host
</Directory>
<Directory "@site@/closed">
    ExpectPolicyConcurrent 1000 host
    ExpectPolicyLedgerFailure Closed
</Directory>
<Directory "@site@/dry">
    ExpectPolicy DryRun
    ExpectPolicyConcurrent 1000 host
    ExpectPolicyLedgerFailure Closed
</Directory>
<Directory "@site@/hidden-open">
    ExpectPolicyQuota 1000
</Directory>
<Directory "@site@/hidden-closed">
    ExpectPolicyQuota 1000
    ExpectPolicyLedgerFailure Closed
</Directory>
<Directory "@site@/new*">
    ExpectPolicyQuota 1000
    ExpectPolicyLedgerFailure Closed
</Directory>
<Directory "@site@/many*">
    ExpectPolicyConcurrent 1 host
    ExpectPolicyAllowance 1000/1d host
</Directory>
<Directory "@site@/many/*">
    ExpectPolicyQuota 500
</Directory>
<Directory "@site@/many-c*">
    ExpectPolicyQuota 500
    ExpectPolicyLedgerFailure Closed
</Directory>
END

my @unavailable = (code => 'ledger_unavailable', members => { retry_after => 5 },
                   headers => { 'Retry-After' => 5 });
my $lines = sub {
    return scalar grep { /ledger cannot answer/ } split /^/, $server->error_log;
};

# ------------------------------------------------------------- no room in it

my $most = $server->books->{claims_most};
cmp_ok($most, '>', 20, "room for $most uploads");
my @held = map { $server->begin("/open/$_", 10) } 1 .. $most;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @held), $most,
   'as many are admitted');
is($server->books->{claims}, $most, 'and it is full');
is($lines->(), 0, 'nothing to complain about so far');

accepted_ok($server->put('/open/more', 10), status => 201,
            name => 'Open: one more is admitted');
refusal_ok($server->announce('/closed/more', 10), @unavailable,
           name => 'Closed: it is refused');
refusal_ok($server->announce('/closed/more', 10,
                             headers => ['Expect: 100-continue']),
           @unavailable, status => 417, name => 'asking first');
my $dry = $server->put('/dry/more', 10);
accepted_ok($dry, status => 201, name => 'a dry run lets it pass');
is(scalar(grep { /would-refuse: error=ledger_unavailable/ } log_lines($dry)), 1,
   'and says so');
is($server->books->{claims}, $most, 'nothing was counted of them');
my $start = time;
$server->put('/open/more', 10) for 1 .. 30;
my $seconds = time - $start;
cmp_ok($lines->(), '>=', 1, 'it is logged');
cmp_ok($lines->(), '<=', 4 + $seconds, 'but once a second at most')
    or diag $server->error_log;
like($server->error_log, qr/ledger cannot answer: [^\n]+; uploads are admitted/,
     'in words');

ExpectPolicy::Ledger::drop(@held);
$server->settled_ok;
accepted_ok($server->put('/closed/more', 10), status => 201,
            name => 'Closed: admitted as soon as there is room');

# ------------------------------------------------------------ nobody may look

for (1 .. 2) {
    refusal_ok($server->announce('/hidden-closed/in/x', 10), @unavailable,
               name => 'Closed: a tree that cannot be read');
    accepted_ok($server->put('/hidden-open/in/x', 10), status => qr/^20[14]$/,
                name => 'Open: it is as good as empty');
    ok(wait_until(sub {
        $server->error_log =~ m{\Q$site\E/hidden-open\b}
    }, 15), 'the log names it');
}
refusal_ok($server->announce('/hidden-open/in/y', 1001), code => 'quota_exceeded',
           members => { quota_remaining => 980, requested_size => 1001 },
           name => 'Open: what comes in is counted all the same, and replaces nothing');
chmod 0700, "$site/hidden-closed" or die;
ok(wait_until(sub {
    my $res = $server->put('/hidden-closed/in/x', 10);
    ($res->{status} // 0) == 201;
}, 20), 'once it can be read, uploads are admitted');

# --------------------------------------------------------------- nobody has yet

accepted_ok($server->put('/new/x', 10), status => 201,
            name => 'Closed: the first upload to a tree, which is measured');
refusal_ok($server->announce('/new/y', 991), code => 'quota_exceeded',
           members => { quota_remaining => 990, requested_size => 991 },
           name => 'and its quota holds');

# ------------------------------------------------ no room for one of the limits

accepted_ok($server->put("/many/$_/x", 10), status => 201,
            name => "tree $_, which may take the place of another one")
    for 1 .. 20;
is(scalar keys %{ $server->books->{trees} }, 16, 'there is room for 16 trees');
my $one = $server->begin('/many/20/y', 10);
ok(ExpectPolicy::Ledger::is_admitted($one), 'one is under way');
refusal_ok($server->announce('/many/20/z', 10), code => 'too_many_uploads',
           members => { limit => 1, retry_after => 5 }, headers => { 'Retry-After' => 5 },
           name => 'and a second one is one too many');
ExpectPolicy::Ledger::drop($one);
$server->settled_ok;
accepted_ok($server->put('/many-closed/x', 10), status => 201,
            name => 'Closed: one more tree, with a share of its own');

chmod 0700, "$site/hidden-open";
$server->settled_ok;
$server->stop;

# What is planted keeps its place, so that there is none for any other tree.
mkdir "$site/planted" or die;
mkdir "$site/$_" or die for qw(late-open late-closed), map { "planted/$_" } 1 .. 16;
my $planted = join '', map { <<"END" } 1 .. 16;
<Directory "\@site\@/planted/$_">
    ExpectPolicyQuota 1000
</Directory>
END
$server = ExpectPolicy::Ledger->start(<<"END", site => $site);
ExpectPolicyLedger shm:128K
<Directory "\@site\@/late-o*">
    ExpectPolicyQuota 500
    ExpectPolicyConcurrent 1 host
</Directory>
<Directory "\@site\@/late-c*">
    ExpectPolicyQuota 500
    ExpectPolicyLedgerFailure Closed
</Directory>
$planted
END
accepted_ok($server->put('/late-open/x', 10), status => 201,
            name => 'Open: a tree that there is no room for');
like($server->error_log, qr{the\ ledger\ has\ no\ room\ for
                            \ ExpectPolicyQuota\ in\ \S+/test\.conf:3}x,
     'the log says whose');
refusal_ok($server->announce('/late-open/y', 491), code => 'quota_exceeded',
           members => { quota_remaining => 490, requested_size => 491 },
           name => 'it is measured for each upload');
my $other = $server->begin('/late-open/z', 490);
ok(ExpectPolicy::Ledger::is_admitted($other), 'what fits is admitted');
refusal_ok($server->announce('/late-open/y', 10), code => 'too_many_uploads',
           members => { limit => 1, retry_after => 5 }, headers => { 'Retry-After' => 5 },
           name => 'and other limits count it');
ExpectPolicy::Ledger::drop($other);
refusal_ok($server->announce('/late-closed/x', 10), @unavailable,
           name => 'Closed: a tree that there is no room for');
is(scalar(grep { m{/planted/} } keys %{ $server->books->{trees} }), 16,
   'those that were planted are there');
$server->settled_ok;
$server->stop;
done_testing;
