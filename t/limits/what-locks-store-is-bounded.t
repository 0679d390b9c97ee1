# mod_dav writes each LOCK into its lock database, which no quota covers.  How much one
# LOCK may write is bounded by LimitXMLRequestBody; ExpectPolicyMethods keeps LOCK out.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(any bounded none);
ExpectPolicy::Ledger::filled($site, 'large', 1024 * 1024);
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site, count_from => undef);
<Directory "$site">
    ExpectPolicyQuota 1M
    ExpectPolicyFreeSpace 1
</Directory>
<Directory "$site/bounded">
    LimitXMLRequestBody 4096
</Directory>
<Directory "$site/none">
    ExpectPolicyMethods PUT PROPFIND PROPPATCH MKCOL
</Directory>
END

$server->measured_ok($site, '/new');

sub locks {
    my ($path, $owner) = @_;
    my $content = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope>'
        . '<locktype><write/></locktype><owner>' . 'o' x $owner . '</owner></lockinfo>';
    return ask($server->here, method => 'LOCK', path => $path, length => length $content,
               body => $content, headers => ['Depth: 0', 'Content-Type: text/xml',
                                             'Timeout: Infinite']);
}
sub database { my $sum = 0; $sum += (stat)[12] * 512 for glob "$site.locks*"; return $sum }

is(locks('/any/first', 100)->{status}, 200, 'LOCK is answered');
my $before = database();
is_deeply([ map { locks("/any/l$_", 60_000)->{status} } 1 .. 20 ], [ (200) x 20 ],
          'so are 20 with 60 000 bytes each, on a full quota');
my $grown = database() - $before;
cmp_ok($grown, '>', 20 * 50_000, "all of which is stored: $grown bytes");

$before = database();
my $large = locks('/bounded/large', 60_000);
is($large->{status}, 413, 'LimitXMLRequestBody: no large LOCK');
is(database(), $before, 'of which nothing is stored');
is(locks('/bounded/small', 100)->{status}, 200, 'a usual one is answered');
is_deeply([ map { locks("/bounded/l$_", 3500)->{status} } 1 .. 20 ], [ (200) x 20 ],
          'so are 20 of nearly 4096 bytes');
$grown = database() - $before;
cmp_ok($grown, '<=', 21 * 8192, "which are bounded: $grown bytes");
my $none = locks('/none/a', 100);
is($none->{status}, 405, 'ExpectPolicyMethods without LOCK');
ok(!-e "$site/none/a", 'makes no file');
is($server->put('/none/a', 10)->{status}, 507, 'and asks the quota for a PUT');
$server->stop;
done_testing;
