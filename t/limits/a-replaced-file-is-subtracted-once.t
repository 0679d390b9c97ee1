# The size of a replaced file is subtracted from a quota's usage once, and only if the
# file is really gone.  It is not subtracted for a link, for a file that was
# moved away, or for a file that another upload replaces.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Fcntl qw(:flock);
use Test::More;

use constant LARGE => 20_000;
use constant FULL => 2 * LARGE;

# A directory each, with a quota of its own that is full.
my $site = ExpectPolicy::Ledger::site();
my @dirs = qw(at-once apart linked named moved stays dry locked other);
for my $dir (@dirs) {
    mkdir "$site/$dir" or die;
    ExpectPolicy::Ledger::filled($site, "$dir/$_", LARGE) for qw(big rest);
}
my $outside = ExpectPolicy::Ledger::site();
ExpectPolicy::Ledger::filled($outside, 'large', LARGE);
symlink "$outside/large", "$site/linked/link" or die;
link "$site/named/big", "$outside/name" or die;

my $full = FULL;
my $server = ExpectPolicy::Ledger->start(join('', map { <<"END" } @dirs),
<Directory "\@site\@/$_">
    ExpectPolicyQuota $full
    ExpectPolicy @{[$_ eq 'dry' ? 'DryRun' : 'On']}
</Directory>
END
    site => $site);
$server->measured_ok("$site/$_", "/$_/big") for @dirs;

sub size_of {
    my ($dir) = @_;
    my $sum = 0;
    for my $file (glob "$site/$dir/*") {
        $sum += -s _ if lstat($file) && -f _;
    }
    return $sum;
}

sub counted_ok {
    my ($dir, $bytes, $name) = @_;
    is(size_of($dir), $bytes, "$name: on disk");
    is($server->used("$site/$dir"), $bytes, 'as is counted');
}

sub refused {
    my ($left, $asked) = @_;
    return (code => 'quota_exceeded',
            members => { quota_remaining => $left, requested_size => $asked });
}

sub finish_all { return join ' ', map { ExpectPolicy::Ledger::finish($_) } @_ }

# Several at once, all heads first: who comes first may take it off.
sub admitted { return grep { ExpectPolicy::Ledger::is_admitted($_) } @_ }

my @over = map { $server->begin('/at-once/big', 1) } 1 .. 3;
is(scalar(admitted(@over)), 1, 'one of three over one file');
is(finish_all(admitted(@over)), '204', 'replaces it');
counted_ok('at-once', LARGE + 1, 'the old file is subtracted once');
refusal_ok($server->announce('/at-once/new', LARGE),
           refused(LARGE - 1, LARGE), name => 'no more than that is free');
accepted_ok($server->put('/at-once/new', LARGE - 1), status => 201,
            name => 'what is free is admitted');
@over = map { $server->begin("/apart/$_", 1) } qw(big rest);
is(finish_all(@over), '204 204', 'two over a file each');
counted_ok('apart', 2, 'both are taken off');
accepted_ok($server->put('/apart/new', LARGE), status => 201,
            name => 'there is room for another one');
for (1, 2) {
    @over = map { $server->begin('/other/big', LARGE) } 1, 2;
    is(scalar(admitted(@over)), 1, 'one of two as large as the file');
    is(finish_all(admitted(@over)), '204', 'replaces it');
    counted_ok('other', FULL, 'in its place');
}

# A link goes, but not what it leads to; a file with another name does not go.
refusal_ok($server->announce('/linked/link', LARGE), refused(0, LARGE),
           name => 'a link replaces nothing');
accepted_ok($server->put('/linked/big', LARGE), status => 204,
            name => 'a file replaces a file');
counted_ok('linked', FULL, 'a file over a file');
accepted_ok($server->put('/linked/big', LARGE - 10), status => 204,
            name => 'a smaller file leaves room in the quota');
accepted_ok($server->put('/linked/link', 10), status => 204,
            name => 'a file that fits may replace a link');
counted_ok('linked', FULL, 'a file over a link');
refusal_ok($server->announce('/named/big', 1), refused(0, 1),
           name => 'a file of another name is not subtracted');

# Moved away while the new one comes in.
my %late;
for my $dir (qw(moved stays dry)) {
    $late{$dir} = $server->begin("/$dir/big", LARGE);
    ok(ExpectPolicy::Ledger::is_admitted($late{$dir}), "$dir: over a file");
    ExpectPolicy::Ledger::send_content($late{$dir}, LARGE - 1);
    $late{$dir}{length} = 1;
}
for my $dir (qw(moved dry)) {
    my $moved = ask($server->here, method => 'MOVE', path => "/$dir/big",
                    headers => ["Destination: http://localhost:$server->{port}"
                                . "/$dir/old"]);
    is($moved->{status}, 201, "the file in $dir is moved away");
}
is(ExpectPolicy::Ledger::finish($late{moved}), 507, 'no room is left for both');
is(ExpectPolicy::Ledger::finish($late{stays}), 204, 'one that stays is replaced');
is(ExpectPolicy::Ledger::finish($late{dry}), 204, 'a dry run admits what has no room');
is(() = $server->error_log =~ /would-refuse: error=quota_exceeded/g, 1,
   'the dry run reports it once');
counted_ok('dry', FULL + LARGE, 'a dry run counts the new file');
counted_ok('moved', FULL, 'the new one is not stored');
counted_ok('stays', FULL, 'in place of the old one');

# What another program locks is replaced all the same.
open my $lock, '<', "$site/locked/big" or die;
flock $lock, LOCK_EX or die;
my $second = $server->begin('/locked/big', LARGE);
is(ExpectPolicy::Ledger::finish($second), 204, 'one that is locked');
close $lock;
counted_ok('locked', FULL, 'replaced');

$server->settled_ok;
$server->stop;
done_testing;
