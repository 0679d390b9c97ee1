# A client may make directories that are too deep to be measured.  This does not lift
# the quota: the old usage still counts, also under ExpectPolicyLedgerFailure Open,
# and new uploads are added to it.  When the tree can be measured again, the usage is
# what lies on the disk.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use File::Path ();
use Test::More;
use Time::HiRes qw(sleep);

use constant LIMIT => 1_000_000;
# one more than a tree may have
use constant LEVELS => 257;

my $server = ExpectPolicy::Ledger->start(<<"END");
<Directory "\@site\@">
    ExpectPolicyQuota @{[ LIMIT ]}
</Directory>
END
my $site = $server->{site};
$server->measured_ok($site, '/x');
accepted_ok($server->put('/a', 600_000), status => 201, name => 'an upload');
is($server->used, 600_000, 'is counted');

my $path = '';
my $made = 0;
for (1 .. LEVELS) {
    $path .= '/d';
    $made += ask($server->here, method => 'MKCOL', path => $path)->{status}
        == 201;
}
is($made, LEVELS, 'a client makes directories that are too deep');
ok(becomes(0), 'a tree with directories that are too deep cannot be measured')
    or diag $server->error_log;

refusal_ok($server->announce('/b', 450_000), code => 'quota_exceeded',
           members => { quota_remaining => LIMIT - 600_000,
                        requested_size => 450_000 },
           name => 'the quota is not open');
my $left = LIMIT - $server->used;
accepted_ok($server->put('/b', $left), status => 201,
            name => 'what is left of it is admitted');
is($server->used, LIMIT, 'the upload is added to the old usage');
refusal_ok($server->announce('/c', 1), code => 'quota_exceeded',
           members => { quota_remaining => 0, requested_size => 1 },
           name => 'one byte more than the quota is refused');
is($server->on_disk, LIMIT, 'the usage is the size on disk');

File::Path::remove_tree("$site/d");
unlink "$site/a" or die;
ok(becomes(1), 'without them it is measured again');
is($server->used, $server->on_disk, 'the new usage is the size on disk');
accepted_ok($server->put('/c', 500_000), status => 201,
            name => 'an upload that fits the new usage is admitted');
$server->settled_ok;
$server->stop;
done_testing;

# Asks for the tree, by uploads that are given up, until its usage is known, or not.
sub becomes {
    my ($known) = @_;
    return wait_until(sub {
        ExpectPolicy::Ledger::drop($server->begin('/ask', 1));
        my $books = $server->books;
        my $found = !$books->{claims}
            && $books->{trees}{$site}{known} == $known;
        sleep 0.5 if !$found;
        return $found;
    }, 30);
}
