# A quota that is no longer configured is forgotten at the next start, and one
# that nobody has asked for since the last start as well; a graceful restart
# forgets none.  What is still configured is known at once.  What a wildcard stands
# for is in the ledger as long as the wildcard is configured.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(stays goes owners idle wild wild/1);
for my $dir (qw(owners idle)) {
    open my $out, '>', "$site/$dir/.htaccess" or die;
    print $out "ExpectPolicyQuota 1000\n";
    close $out;
}
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site);
<Directory "@site@">
    AllowOverride Limit
    ExpectPolicyConcurrent 1000 host
</Directory>
<Directory "@site@/stays">
    ExpectPolicyQuota 1000
</Directory>
<Directory "@site@/goes">
    ExpectPolicyQuota 1000
</Directory>
<Directory "@site@/wild/*">
    ExpectPolicyQuota 1000
</Directory>
END

sub trees { return join ' ', sort map { s{^\Q$site\E/}{}r } keys %{ $server->books->{trees} } }
sub trees_ok {
    my ($expected, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    wait_until(sub { trees() eq $expected }, 15);
    is(trees(), $expected, $name);
}
sub configure {
    my ($edit) = @_;
    my $file = "$server->{dir}/test.conf";
    local $_ = ExpectPolicy::Wire::slurp($file);
    $edit->();
    open my $conf, '>', $file or die;
    print $conf $_;
    close $conf or die;
}
sub start_again {
    $server->stop;
    $server->launch;
    # a child looks before it serves
    accepted_ok($server->put('/plain', 1), status => qr/^20[14]$/,
                name => 'started again');
    $server->settled_ok;
}

for my $dir (qw(stays goes owners idle)) {
    accepted_ok($server->put("/$dir/x", 100), status => 201, name => $dir);
}
$server->settled_ok;
trees_ok('goes idle owners stays wild/1', 'all are in the ledger');

configure(sub { s{<Directory "\S+/goes">.*?</Directory>\n}{}s or die });
$server->graceful;
wait_until(sub { 2 == (() = $server->error_log =~ /resuming normal/g) }, 15);
accepted_ok($server->put('/stays/y', 100), status => 201,
            name => 'after a graceful restart');
$server->settled_ok;
trees_ok('goes idle owners stays wild/1', 'a graceful restart forgets no tree');

start_again();
trees_ok('idle owners stays wild/1', 'a start forgets the one that is gone');
is($server->books->{trees}{"$site/stays"}{used}, 200,
   'a start keeps the usage of a quota that stays');
accepted_ok($server->put('/owners/y', 100), status => 201,
            name => 'one of the others is asked for');
$server->settled_ok;

start_again();
trees_ok('owners stays wild/1', 'the next start forgets the one that was not');
is($server->books->{trees}{"$site/owners"}{used},
   200 + -s "$site/owners/.htaccess", 'the next start keeps the tree that was asked for');

accepted_ok($server->put('/owners/z', 100), status => 201,
            name => 'it is asked for once more');
$server->settled_ok;
configure(sub {
    s{<Directory "\S+/stays">.*?</Directory>\n}{}s or die;
    s{<Directory "\S+/wild/\*">.*?</Directory>\n}{}s or die;
    s{AllowOverride Limit}{AllowOverride None} or die;
});
start_again();
is(trees(), 'owners', 'without any quota in its files, what was planted goes');
start_again();
is(trees(), '', 'the start after it forgets the other trees');
$server->stop;
done_testing;
