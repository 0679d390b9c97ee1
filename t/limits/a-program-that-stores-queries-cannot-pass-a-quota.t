# A query (PROPFIND, SEARCH, LOCK and others, up to 1M) is let in where a site is full.
# mod_dav stores nothing of it.  A program may: there it counts as a small upload, and
# what programs store of queries is bounded by the same sum.  A program that answers
# with a list (207) has stored nothing: people may list a full site as often as they
# like.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

use constant { K => 1024, M => 1024 * 1024 };
my @queries = qw(PROPFIND REPORT SEARCH QUERY LOCK ACL MKCALENDAR MKCOL);

my $module = built_module('careless.so', 'there is the careless handler');
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(off methods space dry);
ExpectPolicy::Ledger::filled($site, 'large', M);
my $server = ExpectPolicy::Ledger->start(<<"END", count_from => undef);
LoadModule careless_module $module
Alias /p "$site"
Alias /dav "$site"
<Directory "$site">
    Require all granted
    SetHandler careless
    ExpectPolicyQuota 1M
</Directory>
<Location /dav>
    Dav On
</Location>
<Directory "$site/off">
    ExpectPolicyCountFrom Off
</Directory>
<Directory "$site/methods">
    ExpectPolicyMethods POST PUT
</Directory>
<Directory "$site/space">
    ExpectPolicyQuota Off
    ExpectPolicyFreeSpace 100%
    ExpectPolicyConcurrent 1 client
</Directory>
<Directory "$site/dry">
    ExpectPolicy DryRun
</Directory>
END
$server->measured_ok($site, '/p/new');

sub asks {
    my ($method, $path, $ways, $length) = @_;
    my $res = $server->put("/p$path?$ways", $length, method => $method);
    return $res->{status} // $res->{problem};
}
sub login { return asks('POST', '/xlogin', 's=200.', 100) }
sub on_disk { my $sum = 0; $sum += -s for glob "$site/x*"; return $sum }

# ------------------------------------------------------------- listing

my $before = $server->used($site);
my %answers;
$answers{ asks('PROPFIND', '/xlist', 's=207.', 400) }++ for 1 .. 500;
is_deeply(\%answers, { 207 => 500 }, '500 PROPFINDs are answered by a program');
$answers{ asks('REPORT', '/xlist', 's=207.', 100 * K) }++ for 1 .. 20;
is_deeply(\%answers, { 207 => 520 }, 'and lists that are asked for in 100 K each');
is($server->used($site), $before, 'which count nothing');
%answers = ();
$answers{ asks('PROPFIND', '/xlist', 's=404.', 400) }++ for 1 .. 500;
is_deeply(\%answers, { 404 => 500 }, '500 PROPFINDs for what is not there');
is(login(), 200, 'and a login is let in then');
is(asks('PROPFIND', '/space/xlist', 's=207.', 400), 207,
   'a full disk keeps no query from a program');
unlink glob("$site/x*"), "$site/space/xlist";

# Measured again, with nothing stored, the sum is free again.
ok(wait_until(sub { $server->books->{trees}{$site}{used} <= $before }, 30),
   'what did not store anything is forgotten');

# ------------------------------------------------------------- storing

my (@last, %stored);
for my $round (1 .. 5) {
    for my $method (@queries) {
        my $file = "x$method$round";
        my $status = asks($method, "/$file", 's=201.', 100 * K);
        $stored{$method} += $status == 201;
        push @last, $status;
    }
}
my $sum = on_disk();
cmp_ok($sum, '<=', 16 * 64 * K + 200, "what queries store is bounded: $sum bytes");
cmp_ok($sum, '>=', 8 * 100 * K, 'by as much as small uploads are');
is_deeply([ grep { !$_ } map { $stored{$_} } @queries ], [],
          'each method is let in as long as there is room');
is($last[-1], 507, 'then it is refused');
my $cut = $server->put_chunked('/p/xchunks?s=201.', 300 * K, method => 'SEARCH');
is($cut->{status}, 507, 'of unknown length, it is cut');
unlink "$site/xchunks";
is(asks('SEARCH', '/dry/x', 's=201.', 300 * K), 201, 'a dry run refuses nothing');
like($server->error_log, qr/would-refuse: error=quota_exceeded/, 'and says so');
unlink "$site/dry/x";

# Measured again and again, it grows no more.
my $end = time + 13;
while (time < $end) {
    asks($_, "/xmore$_", 's=201.', 100 * K) for 'SEARCH', 'MKCOL';
    sleep 0.5;
}
$sum = on_disk();
cmp_ok($sum, '<=', 16 * 64 * K + 200, "nor after it was measured: $sum bytes");
my $query = '<propfind xmlns="DAV:"><allprop/></propfind>';
is(ask($server->here, method => 'PROPFIND', path => '/dav/', length => length $query,
       body => $query, headers => ['Depth: 0', 'Content-Type: text/xml'])->{status}, 207,
   'mod_dav answers queries all the same');
is(ask($server->here, method => 'DELETE', path => '/dav/large')->{status}, 204,
   'the owner deletes');
ok(wait_until(sub { asks('SEARCH', '/xagain', 's=201.', 100 * K) == 201 }, 30),
   'and then a query is let in again');

# ------------------------------------------------------------- what stops it

ExpectPolicy::Ledger::filled($site, 'large', 2 * M);
ok(wait_until(sub {
    my $status = asks('SEARCH', '/off/x', 's=201.', 10);
    unlink "$site/off/x";
    return $status == 507;
}, 30), 'ExpectPolicyCountFrom Off: no program gets a query where it is full');
is(ask($server->here, method => 'PROPFIND', path => '/dav/off/', length => length $query,
       body => $query, headers => ['Depth: 0', 'Content-Type: text/xml'])->{status}, 207,
   'mod_dav does');
is(asks('SEARCH', '/methods/x', 's=201.', 10), 405,
   'ExpectPolicyMethods keeps a method away from programs');
is(asks('POST', '/methods/x', 's=201.', 10), 201, 'and lets in another one');
$server->settled_ok;
$server->stop;
done_testing;
