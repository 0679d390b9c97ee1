# The first upload to a tree causes its measurement.  If this upload replaces a file,
# it needs room for the difference only, like every later upload.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant M => 1024 * 1024;

my $site = ExpectPolicy::Ledger::site();
my @dirs = qw(put larger copy new);
for my $dir (@dirs) {
    mkdir "$site/$dir" or die;
    ExpectPolicy::Ledger::filled($site, "$dir/$_->[0]", $_->[1] * M)
        for [full => 8], [rest => 1];
}
my $limit = 10 * M;
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
<Directory "\@site\@/*">
    ExpectPolicyQuota $limit
</Directory>
END

sub used { return $server->used("$site/$_[0]") }
sub copied {
    my ($from, $to) = @_;
    return ask($server->here, method => 'COPY', path => $from, headers => [
        "Destination: http://localhost:$server->{port}$to"])->{status};
}
sub refused { return (code => 'quota_exceeded', members => {
    quota_remaining => $_[0], requested_size => $_[1] }) }

# No tree was measured so far.
accepted_ok($server->put('/put/full', 9 * M), status => 204,
            name => 'the first upload replaces what lies there');
is(used('put'), 10 * M, 'the new file counts, and the old one does not');
refusal_ok($server->announce('/larger/full', 9 * M + 1), refused(M, 9 * M + 1),
           name => 'one that does not fit in its place');
is(used('larger'), 9 * M, 'a refused upload counts nothing');
refusal_ok($server->announce('/new/other', M + 1), refused(M, M + 1),
           name => 'an upload that replaces nothing does not fit');
is(copied('/copy/rest', '/copy/full'), 204, 'a copy replaces what lies there');
is(used('copy'), 2 * M, 'the copy counts, and the old file does not');

$server->settled_ok;
$server->stop;
done_testing;
