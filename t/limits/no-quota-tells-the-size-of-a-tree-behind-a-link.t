# A site owner may put a link in place of the site's directory.  What it leads to
# is not measured, so no quota_remaining tells how large it is.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(sleep);

use constant LIMIT => 1_000_000;
use constant OWN => 3_000;
# in each of two directories
use constant FOREIGN => 300_000;
# The pause, a second to find the tree, a slow machine.
use constant SOON => 40;

my $site = ExpectPolicy::Ledger::site();
# in `home`, others than who started httpd may write; in `fixed`, nobody else
mkdir "$site/$_" or die "$_: $!" for qw(foreign foreign/docs home fixed real
    home/mine home/shut fixed/mine);
ExpectPolicy::Ledger::sparse($site, "$_/file", FOREIGN)
    for qw(foreign foreign/docs real);
ExpectPolicy::Ledger::sparse($site, "$_/file", OWN)
    for qw(home/mine home/shut fixed/mine);
chmod 0755, $site or die;
chmod 0777, "$site/home" or die;
chmod 0755, "$site/fixed" or die;
symlink '../foreign', "$site/home/link" or die;
symlink "$site/foreign", "$site/home/absolute" or die;
symlink '..', "$site/home/up" or die;
symlink '../foreign', "$site/fixed/link" or die;
symlink '/proc/self/cwd', "$site/home/magic" or die;

my $limit = LIMIT;
sub section {
    my ($path, @more) = @_;
    return join "\n", "<Directory \"\@site\@/$path\">",
        "ExpectPolicyQuota $limit \"\@site\@/$path\"", @more,
        "</Directory>\n";
}
my @links = qw(home/link home/absolute home/up/foreign home/link/docs
               home/magic);
my $server = ExpectPolicy::Ledger->start(
    "LogLevel expect_policy:debug\n"
    . join('', map { section($_) } @links, qw(home/mine fixed/mine fixed/link
                                              real))
    . section('home/shut', 'ExpectPolicyLedgerFailure Closed'),
    site => $site);

# What an upload that is too large for any of them is told of what is left.
sub left {
    my ($path) = @_;
    my $res = $server->announce("/$path/x", 2 * LIMIT);
    return ($res->{body} // '') =~ /"quota_remaining": ?(\d+)/ ? $1
        : "$res->{status} $res->{body}";
}

sub becomes_ok {
    my ($path, $bytes, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $left = '';
    wait_until(sub { sleep 0.2; ($left = left($path)) eq $bytes }, SOON);
    return is($left, $bytes, $name);
}

sub lines { return grep { /not followed/ } split /\n/, $server->error_log }

sub said_ok {
    my ($path, $link, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $said = qr/the usage of \Q$site\/$path\E is unknown.*not followed: \Q$site\/$link\E$/;
    wait_until(sub { left($path); sleep 0.2; grep { $_ =~ $said } lines() }, SOON);
    return is(scalar(grep { $_ =~ $said } lines()), 1, $name);
}

becomes_ok('real', LIMIT - FOREIGN, 'a directory is measured');
becomes_ok('fixed/link', LIMIT - 2 * FOREIGN, 'an administrator\'s link is followed');
for my $path (@links) {
    my ($link) = $path =~ m{^(home/\w+)};
    said_ok($path, $link, "$path: the link that is not followed is logged once");
    is(left($path), LIMIT, "$path: nothing is told of what it leads to");
}

# while the server runs
my %told;
becomes_ok("home/$_", LIMIT - OWN, "$_ is measured") for qw(mine shut);
rename "$site/home/$_", "$site/home/$_.old" or die for qw(mine shut);
symlink '../foreign', "$site/home/$_" or die for qw(mine shut);
wait_until(sub {
    $told{ left("home/$_") }++ for qw(mine shut);
    sleep 0.2;
    return 2 == grep { m{not followed: \Q$site\E/home/(?:mine|shut)$} } lines();
}, SOON);
said_ok('home/mine', 'home/mine', 'a link in place of the directory is logged');
is(left('home/mine'), LIMIT - OWN, 'the usage from before the link still counts');
refusal_ok($server->announce('/home/shut/x', 1), code => 'ledger_unavailable',
           members => { retry_after => 5 }, headers => { 'Retry-After' => 5 },
           name => 'an upload to a tree of unknown usage is refused');
ok(!exists $told{ (LIMIT - 2 * FOREIGN) }, 'the size behind the link is never told')
    or diag explain \%told;
ok($told{ (LIMIT - OWN) }, 'before the link, the size of its own tree is told');
unlink "$site/home/$_" or die for qw(mine shut);
rename "$site/home/$_.old", "$site/home/$_" or die for qw(mine shut);
becomes_ok("home/$_", LIMIT - OWN, "$_ is itself again") for qw(mine shut);

# it is measured with the rights of who answers requests
my %pids = map { $_ => 1 } $server->error_log =~ /\[pid (\d+)[^\n]*usage of/g;
my %children = map { $_ => 1 } $server->children;
is_deeply([grep { !$children{$_} } keys %pids], [],
          'children measure, the parent does not');
ok(scalar(keys %pids), 'one did');

# what COPY is about to write is added up in the same way, with a quota or without
$server->settled_ok;
$server->stop;
my $other = ExpectPolicy::Ledger->start(<<"END", site => $site);
<Directory "\@site\@">
    ExpectPolicyFreeSpace 1M
</Directory>
END
sub copy {
    my ($from, $to) = @_;
    return ask($other->here, method => 'COPY', path => $from, headers => [
        "Destination: http://localhost:$other->{port}$to"]);
}
accepted_ok(copy('/fixed/link/docs/', '/fixed/new'), status => 201,
            name => 'COPY of a collection behind a link of the administrator');
my $refused = copy('/home/link/docs/', '/fixed/newer');
is($refused->{status}, 507, 'COPY of one behind any other link');
unlike($refused->{body} // '', qr/requested_size|@{[FOREIGN]}/,
       'its size is not told');
$other->stop;
done_testing;
