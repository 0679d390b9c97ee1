# A file that mod_dav has stored counts, for every status that the client gets.  An
# owner can change that status: an ErrorDocument for 204 that does not exist, or a
# field that httpd does not send and that makes the answer 500.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant M => 1024 * 1024;

my %htaccess = (
    plain => '',
    document => "ErrorDocument 204 /missing\n",
    field => "Header always set X-Odd \"a\x01b\"\n",
);
my $site = ExpectPolicy::Ledger::site();
for my $dir (sort keys %htaccess) {
    mkdir "$site/$dir" or die;
    open my $out, '>', "$site/$dir/.htaccess" or die;
    print $out $htaccess{$dir};
    close $out or die;
    ExpectPolicy::Ledger::filled($site, "$dir/$_", 1) for 'a', 'b';
}
my $limit = 10 * M;
my $server = ExpectPolicy::Ledger->start(join('', map { <<"END" } sort keys %htaccess),
<Directory "\@site\@/$_">
    ExpectPolicyQuota $limit
    AllowOverride FileInfo
</Directory>
END
    site => $site, load => ['headers']);
$server->measured_ok("$site/$_", "/$_/new") for sort keys %htaccess;

# What lies there, the .htaccess file included.
sub on_disk {
    my ($dir) = @_;
    my $sum = 0;
    $sum += -s for glob "$site/$dir/* $site/$dir/.htaccess";
    return $sum;
}

for my $case ([plain => 204], [document => 204], [field => 500]) {
    my ($dir, $status) = @$case;
    is($server->put("/$dir/a", 6 * M)->{status}, $status,
       "$dir: an upload over a file is answered with $status");
    is(-s "$site/$dir/a", 6 * M, "$dir: it is stored");
    is($server->used("$site/$dir"), on_disk($dir), "$dir: it counts");
    $server->put("/$dir/b", 6 * M);
    is(-s "$site/$dir/b", 1, "$dir: a second upload finds no room");
    is($server->put("/$dir/a", 3)->{status}, $status,
       "$dir: a smaller upload over the file");
    is($server->used("$site/$dir"), on_disk($dir), "$dir: the smaller file counts");
}

# What mod_dav has not stored counts nothing.
my $given_up = $server->begin('/plain/a', 6 * M);
ok(ExpectPolicy::Ledger::is_admitted($given_up), 'one that is admitted');
ExpectPolicy::Ledger::send_content($given_up, M);
ExpectPolicy::Ledger::drop($given_up);
is($server->used("$site/plain"), on_disk('plain'), 'and given up counts nothing');
is($server->put('/plain/a', 6 * M, headers => ['If-Match: "nothing"'])->{status},
   412, 'an upload whose precondition fails gets 412');
is($server->used("$site/plain"), on_disk('plain'), 'of all that it sends');

$server->settled_ok;
$server->stop;
done_testing;
