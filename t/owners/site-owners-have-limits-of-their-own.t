# Limits that count in .htaccess files: they hold together with the server's, and
# never instead of them.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my %htaccess = (
    'sites/tight' => "ExpectPolicyQuota 500\n",
    'sites/loose' => "ExpectPolicyQuota 5000\n",
    'sites/off' => "ExpectPolicyQuota Off\nExpectPolicyConcurrent Off\n",
    'sites/path' => "ExpectPolicyQuota 100 $site/sites/loose\n",
    'sites/usage' => "ExpectPolicyQuota 100 usage=/etc/passwd\n",
    'sites/space' => "ExpectPolicyFreeSpace 1\n",
    'sites/places' => "ExpectPolicyConcurrent 1 directory\n",
    'sites/bytes' => "ExpectPolicyAllowance 300/1d client\n",
    'none/quiet' => "ExpectPolicyQuota 100\n",
    'any/free' => "ExpectPolicyQuota Off\n",
    'any/tight' => "ExpectPolicyQuota 100\n",
);
mkdir "$site/$_" or die for qw(sites none any);
for my $dir (keys %htaccess) {
    mkdir "$site/$dir" or die;
    open my $out, '>', "$site/$dir/.htaccess" or die;
    print $out $htaccess{$dir};
    close $out;
}
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site);
<Directory "@site@/*/*">
    AllowOverride Limit
    ExpectPolicyQuota 1000
    ExpectPolicyConcurrent 3 directory
</Directory>
<Directory "@site@/none">
    ExpectPolicyOverride None
</Directory>
<Directory "@site@/any">
    ExpectPolicyOverride Any
</Directory>
END
my %size = map { $_ => length $htaccess{$_} } keys %htaccess;
for my $dir (sort keys %htaccess) {
    next if $dir =~ m{/(?:path|usage|space|free)$};
    $server->measured_ok("$site/$dir", "/$dir/x");
}

sub full {
    my ($dir, $limit, $used, $asked) = @_;
    return (code => 'quota_exceeded', by => qr/ExpectPolicyQuota $limit\b/,
            members => { quota_remaining => $limit - $used - $size{$dir},
                         requested_size => $asked });
}

# [the place, its limit, whose it is]
for (['sites/tight', 500, qr/\.htaccess:1/], ['sites/loose', 1000, qr/test\.conf/],
     ['sites/off', 1000, qr/test\.conf/], ['none/quiet', 1000, qr/test\.conf/],
     ['any/tight', 100, qr/\.htaccess:1/]) {
    my ($dir, $limit, $whose) = @$_;
    my $left = $limit - $size{$dir};
    my $res = $server->announce("/$dir/x", $left + 1);
    refusal_ok($res, full($dir, $limit, 0, $left + 1),
               name => "$dir: a byte more than $limit");
    like(join('', log_lines($res)), qr/ by \S*$whose/, 'by the line that counts');
    accepted_ok($server->put("/$dir/x", $left), status => 201,
                name => "$dir: $limit in all");
    refusal_ok($server->announce("/$dir/y", 1), full($dir, $limit, $left, 1),
               name => "$dir: and no more");
}
accepted_ok($server->put('/any/free/x', 1500), status => 201,
            name => 'any/free: under Any, the owner may end it');

for my $dir ('path', 'usage', 'space') {
    is($server->announce("/sites/$dir/x", 10)->{status}, 500,
       "$dir: not for a site owner to say");
}
is($server->used("$site/sites/loose"), 1000, 'nobody else was counted there');

# both numbers of places hold
my $first = $server->begin('/sites/places/1', 10);
refusal_ok($server->announce('/sites/places/2', 10), code => 'too_many_uploads',
           members => { limit => 1, retry_after => 5 },
           headers => { 'Retry-After' => 5 }, name => "the owner's place is taken");
ExpectPolicy::Ledger::drop($first);
my @three = map { $server->begin("/sites/off/$_", 0 + 1) } 1 .. 3;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @three), 0,
   'nothing fits where the quota is used up');
@three = map { $server->begin("/sites/bytes/$_", 10) } 1 .. 3;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @three), 3,
   "three of the server's");
refusal_ok($server->announce('/sites/bytes/4', 10), code => 'too_many_uploads',
           members => { limit => 3, retry_after => 5 },
           headers => { 'Retry-After' => 5 }, name => 'no fourth one');
ExpectPolicy::Ledger::drop(@three);
$server->settled_ok;
accepted_ok($server->put('/sites/bytes/x', 300), status => 201,
            name => "the owner's allowance");
refusal_ok($server->announce('/sites/bytes/y', 1), code => 'allowance_exceeded',
           members => { allowance_remaining => 0, requested_size => 1,
                        retry_after => qr/^8[56]\d{3}$/ },
           headers => { 'Retry-After' => qr/^8[56]\d{3}$/ },
           name => 'is used up');
$server->settled_ok;
$server->stop;
done_testing;
