# A claim has room for the server's limits in all places of a request, however
# many limits an .htaccess file has.  A limit of the server's that finds no room
# refuses the upload; one of the owner's is left out, and the log says so.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
sub lines {
    my ($from, $to) = @_;
    return join '', map {
        $_ % 2 ? "ExpectPolicyConcurrent 1000 expr=$_\n"
               : "ExpectPolicyAllowance 1G/1d expr=$_\n"
    } $from .. $to;
}
# where an owner's RewriteRule leads, and how many limits the server has there
my $lead_on = "RewriteEngine On\nRewriteRule \"^x\$\" \"/to/app.cgi\"\n";
my %htaccess = (
    'owner/sixteen' => lines(1, 16) . $lead_on,
    'owner/none' => $lead_on,
    'owner/fifteen-of-the-server' => lines(1, 8) . $lead_on,
    'owner/sixteen-of-the-server' => lines(1, 8) . $lead_on,
);
mkdir "$site/$_" or die for qw(owner to place place/sixteen place/seventeen),
    sort keys %htaccess;
symlink vars('serverroot') . '/cgi-bin/app.cgi', "$site/to/app.cgi" or die;
for my $dir (keys %htaccess) {
    open my $out, '>', "$site/$dir/.htaccess" or die;
    print $out $htaccess{$dir};
    close $out;
}
my ($fifteen, $sixteen) = (lines(101, 115), lines(101, 116));
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site, load => [qw(rewrite mime)]);
TypesConfig /dev/null
<Directory "\@site\@">
    Options +FollowSymLinks +ExecCGI
    AddHandler cgi-script .cgi
</Directory>
<Directory "\@site\@/owner">
    AllowOverride All
</Directory>
<Directory "\@site\@/owner/fifteen-of-the-server">
$fifteen</Directory>
<Directory "\@site\@/owner/sixteen-of-the-server">
$sixteen</Directory>
<Directory "\@site\@/to">
    ExpectPolicyQuota 1000
</Directory>
<Directory "\@site\@/place/*teen">
$sixteen</Directory>
<Directory "\@site\@/place/seventeen">
    ExpectPolicyConcurrent 1000 client
</Directory>
END
$server->measured_ok("$site/to", '/to/app.cgi');

my @unavailable = (code => 'ledger_unavailable', members => { retry_after => 5 },
                   headers => { 'Retry-After' => 5 });
my @post = (method => 'POST');
my $used = 0;
sub full_ok {
    my ($path, $name) = @_;
    my $left = 1000 - $used;
    refusal_ok($server->announce($path, $left + 1, @post), code => 'quota_exceeded',
               by => qr/ExpectPolicyQuota 1000\b/,
               members => { quota_remaining => $left,
                            requested_size => $left + 1 },
               name => "$name: a byte more than is left");
}
sub fits_ok {
    my ($path, $name) = @_;
    accepted_ok($server->put($path, 200, @post), name => "$name: 200 bytes");
    $used += 200;
    is($server->used("$site/to"), $used, 'which are counted');
}

for my $owner ('none', 'sixteen', 'fifteen-of-the-server') {
    full_ok("/owner/$owner/x", $owner);
    fits_ok("/owner/$owner/x", $owner);
    full_ok("/owner/$owner/x", $owner);
}

# 16 of the server's and 8 of the owner's, and then one more of the server's
my $full = $server->announce('/owner/sixteen-of-the-server/x', 10, @post);
refusal_ok($full, @unavailable, by => qr/ExpectPolicyQuota 1000\b/,
           name => 'no room for the quota where it leads to');
accepted_ok($server->put('/owner/sixteen-of-the-server/y', 10), status => 201,
            name => 'without that place all fit');
is($server->used("$site/to"), $used, 'nothing was counted there');

# in one place
accepted_ok($server->put('/place/sixteen/x', 10), status => 201,
            name => '16 limits of the server in one place');
refusal_ok($server->announce('/place/seventeen/x', 10), @unavailable,
           by => qr/ExpectPolicyConcurrent 1000 expr=101\b/,
           name => '17 are more than there is room for');

my @ignored = grep { /ignored: ExpectPolicy/ } split /^/, $server->error_log;
is(scalar @ignored, 1, "a limit of the owner's too many is told once")
    or diag @ignored;
like($ignored[0] // '', qr{/owner/sixteen/\.htaccess:15,
                           \ as\ 8\ limits\ of\ \.htaccess\ files\ count}x,
     'which line it was');
$server->settled_ok;
$server->stop;
done_testing;
