# The ledger has places for a fixed number of trees, here 16.  A site with many
# quotas of its own, or a client that makes many directories in one section, takes
# no more of them than its share.  A refused upload takes none.  A tree that lost
# its place is not taken for an empty tree.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my %quota = (good => 1000);
mkdir "$site/$_" or die for qw(evil good users other fixed old old/full old/roomy);
for (1 .. 140) {
    mkdir "$site/evil/$_" or die;
    $quota{"evil/$_"} = $_ <= 100 ? 0 : 100_000;
}
for my $dir (keys %quota) {
    open my $out, '>', "$site/$dir/.htaccess" or die;
    print $out "ExpectPolicyQuota $quota{$dir}\n";
    close $out;
}
mkdir "$site/$_" or die for qw(other/1);
ExpectPolicy::Ledger::sparse($site, 'old/full/data', 10_000_000);
ExpectPolicy::Ledger::sparse($site, 'old/roomy/data', 700_000);

for my $failure ('Open', 'Closed') {
    note "ExpectPolicyLedgerFailure $failure";
    # the sites differ by their virtual hosts, as all files are one user's here
    my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
ExpectPolicyLedger shm:128K
<Directory "\@site\@">
    AllowOverride Limit
    ExpectPolicyLedgerFailure $failure
</Directory>
<Directory "\@site\@/fixed">
    ExpectPolicyQuota 1000
</Directory>
<Directory "\@site\@/other/*">
    ExpectPolicyQuota 1000
</Directory>
<Directory "\@site\@/users/*">
    ExpectPolicyQuota 1000
</Directory>
<Directory "\@site\@/old/*">
    ExpectPolicyQuota 1000000
</Directory>
Listen 127.0.0.1:@{[ ExpectPolicy::Server::free_port() ]}
<VirtualHost *:*>
    ServerName localhost
    DocumentRoot "\@site\@"
</VirtualHost>
<VirtualHost *:*>
    ServerName evil.example
    DocumentRoot "\@site\@"
    ExpectPolicy On
</VirtualHost>
END
    my @evil = (host => 'evil.example');
    my $has = sub { return $server->books->{trees}{"$site/$_[0]"} };
    my $stays_ok = sub {
        my ($dir, $used, $name) = @_;
        my $tree = $has->($dir);
        is_deeply([ map { $tree->{$_} } qw(used known) ], [$used, 1],
                  "$name: the tree of $dir has its place");
        refusal_ok($server->announce("/$dir/more", 1001 - $used),
                   code => 'quota_exceeded',
                   by => qr/ExpectPolicyQuota 1000\b/,
                   members => { quota_remaining => 1000 - $used,
                                requested_size => 1001 - $used },
                   name => "$name: the quota of $dir holds");
    };
    my $mine = -s "$site/good/.htaccess";

    # each is measured when it is first asked for, and admitted
    for my $dir ('good', 'other/1', 'fixed') {
        accepted_ok($server->put("/$dir/x", 100), status => qr/^20[14]$/,
                    name => "$dir: a first upload");
        $server->settled_ok;
    }
    my $trees = sub { return scalar keys %{ $server->books->{trees} } };
    # what wildcards stand for is found as well: other/1, old/full and old/roomy
    ok(wait_until(sub { $trees->() == 5 }, 15), 'five trees have places');
    my $before = $trees->();

    for (1 .. 100) {
        my $res = $server->announce("/evil/$_/x", 1, @evil);
        $res->{status} == 507 or fail("evil/$_: $res->{status}");
    }
    is($trees->(), $before, 'uploads that are refused take no place');
    for (101 .. 140) {
        my $res = $server->put("/evil/$_/x", 10, @evil);
        $res->{status} =~ /^20[14]$/ or fail("evil/$_: $res->{status}");
    }
    $server->settled_ok;
    is($trees->(), 16, 'uploads that are granted take all that are left');
    $stays_ok->('good', $mine + 100, 'after a flood of quotas of another site');
    $stays_ok->('other/1', 100, 'after a flood of quotas of another site');
    $stays_ok->('fixed', 100, 'after a flood of quotas of another site');

    # a client may make directories
    for (1 .. 60) {
        ask($server->here, method => "MKCOL", path => "/users/$_");
        my $res = $server->put("/users/$_/x", 600);
        $res->{status} =~ /^20[14]$/ or fail("users/$_: $res->{status}");
    }
    $server->settled_ok;
    $stays_ok->('other/1', 100, 'after a flood of directories of one section');
    $stays_ok->('fixed', 100, 'after a flood of directories of one section');

    # what has lost its place is measured again, and nothing is opened by it
    is($has->('users/1'), undef, 'the tree of users/1 has lost its place');
    refusal_ok($server->announce('/users/1/y', 401), code => 'quota_exceeded',
               members => { quota_remaining => 400, requested_size => 401 },
               name => 'its quota holds all the same');
    accepted_ok($server->put('/users/1/y', 400), status => qr/^20[14]$/,
                name => 'and has room for what is left');
    $server->settled_ok;
    is($server->used("$site/users/1"), 1000, 'which is counted on top');
    unlink "$site/users/1/y" or die;

    # the first upload to a tree that has been there for long
    refusal_ok($server->announce('/old/full/x', 100_000),
               code => 'quota_exceeded',
               members => { quota_remaining => 0, requested_size => 100_000 },
               name => 'a tree that is full already');
    refusal_ok($server->announce('/old/roomy/x', 300_001),
               code => 'quota_exceeded',
               members => { quota_remaining => 300_000,
                            requested_size => 300_001 },
               name => 'a tree with some room, and a byte too much');
    accepted_ok($server->put('/old/roomy/x', 300_000), status => 201,
                name => 'and what fits');
    $server->settled_ok;
    unlink "$site/$_/x" for qw(good other/1 fixed old/roomy);
    unlink glob("$site/evil/*/x"), glob("$site/users/*/x");
    rmdir for glob("$site/users/*");
    $server->stop;
}
done_testing;
