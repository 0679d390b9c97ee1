# mod_dav_svn keeps what a PUT of a commit has brought, also when the PUT is cut:
# mod_dav_fs takes it away.  So the one counts in a quota until the tree is measured
# again, and the other does not.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant { LIMIT => 100_000, QUOTA => 5_000_000 };
my ($limit, $quota) = (LIMIT, QUOTA);
my $dir = scratch();
mkdir "$dir/svn" or die;
my $made = run_client('svnadmin', 'create', "$dir/svn/repo");
is($made->{exit}, 0, 'there is a repository') or BAIL_OUT($made->{out});
my $site = ExpectPolicy::Ledger::site();
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
LoadModule dav_svn_module $ENV{EP_LIBEXEC}/mod_dav_svn.so
<Location /svn>
    DAV svn
    SVNPath "$dir/svn/repo"
    ExpectPolicyQuota $quota "$dir/svn"
    ExpectPolicyMaxSize $limit
</Location>
<Directory "$site">
    ExpectPolicyQuota $quota
    ExpectPolicyMaxSize $limit
</Directory>
END

sub used { return $server->used("$dir/svn") // 0 }

# A transaction, as svn begins a commit.
sub transaction {
    my $content = '( create-txn )';
    my $res = ask($server->here, method => 'POST', path => '/svn/!svn/me',
                  length => length $content, body => $content,
                  headers => ['Content-Type: application/vnd.svn-skel']);
    is($res->{status}, 201, 'a commit begins');
    return (ExpectPolicy::Wire::values_of($res, 'svn-txn-name'))[0];
}
# not compressible, and no other content each time
sub content { return join '', map { chr rand 256 } 1 .. $_[0] }
sub put {
    my ($path, $length) = @_;
    return ask($server->here, path => $path, chunked => 1,
               body => in_chunks(content($length), 8000));
}

$server->measured_ok("$dir/svn", '/svn/!svn/me');
my $txn = transaction();
ok($txn, 'which has a name');
my $before = used();
my $cut = put("/svn/!svn/txr/$txn/large.bin", 3 * LIMIT);
is($cut->{status}, 413, 'its PUT is cut');
like($cut->{body}, qr/"error":"content_too_large"/, 'with our document');
cmp_ok(used() - $before, '>=', LIMIT / 2, 'what came of it counts');

# the twin: mod_dav_fs
$server->measured_ok($site, '/new');
my $files = $server->used;
is(put('/large.bin', 3 * LIMIT)->{status}, 413, 'a PUT of mod_dav_fs is cut');
is($server->used, $files, 'and counts nothing');

# A commit that is not cut passes, by the real client.
open my $out, '>:raw', "$dir/small.bin" or die;
print $out content(LIMIT / 2);
close $out or die;
$before = used();
my $commit = run_client(qw(svn --non-interactive --username alice import -q -m x),
                        "$dir/small.bin",
                        "http://127.0.0.1:$server->{port}/svn/small.bin");
is($commit->{exit}, 0, 'a commit that is small enough') or diag $commit->{out};
cmp_ok(used() - $before, '>=', LIMIT / 2, 'counts as well');

# What was cut cannot be repeated beyond the quota.
my ($refused, $rounds) = (0, 0);
while (!$refused && $rounds++ < 80) {
    $refused = put("/svn/!svn/txr/$txn/more$rounds.bin", 3 * LIMIT)->{status} == 507;
}
ok($refused, "after $rounds rounds, the quota refuses the next one");
my $sum = 0;
require File::Find;
File::Find::find({ no_chdir => 1, wanted => sub { $sum += -s _ if lstat && -f _ } },
                 "$dir/svn");
cmp_ok($sum, '<=', QUOTA + 3 * LIMIT, "and no more than it lies there: $sum bytes");
$server->settled_ok;
$server->stop;
done_testing;
