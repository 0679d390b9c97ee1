# ExpectPolicyFreeSpace: what the file system must keep, with what is under way.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(all little most none);
# POSIX has no statvfs, and df rounds less than it seems
sub available {
    open my $in, '-|', 'stat', '-f', '-c', '%a %S %b', $site or die;
    my ($free, $size, $all) = split ' ', <$in>;
    close $in;
    return ($free * $size, $all * $size);
}
my ($free, $all) = available();
my $most = int $free / 2;
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
LimitRequestBody 0
<Directory "\@site\@/all">
    ExpectPolicyFreeSpace 8388607T
</Directory>
<Directory "\@site\@/little">
    ExpectPolicyFreeSpace 1M
</Directory>
<Directory "\@site\@/most">
    ExpectPolicyFreeSpace $most
</Directory>
<Directory "\@site\@/none">
    ExpectPolicyFreeSpace 100%
</Directory>
END

sub full { return (code => 'insufficient_storage',
                   members => { requested_size => $_[0] }) }

refusal_ok($server->announce('/all/x', 1), full(1), name => 'nothing may be used');
refusal_ok($server->announce('/none/x', 1), full(1), name => 'all of it is to stay');
accepted_ok($server->put('/little/x', 1), status => 201, name => 'there is room');
my $asked = $server->announce('/none/x', 10, marker => 1,
                headers => ['Expect: 100-continue']);
refusal_ok($asked, full(10), status => 417, name => 'asking first');

# half of it stays; others on this machine write, too: 64 MB of tolerance
my $room = $free - $most;
my $slack = 64 * 1024 * 1024;
ok($room > 4 * $slack, 'the file system has room for this test')
    or BAIL_OUT('too little space');
my $fits = $server->begin('/most/x', $room - $slack);
ok(ExpectPolicy::Ledger::is_admitted($fits), 'all but what must stay');
refusal_ok($server->announce('/most/y', 2 * $slack),
           full(2 * $slack), name => 'which is held while it is under way');
refusal_ok($server->announce('/little/y', $most + 2 * $slack),
           full($most + 2 * $slack),
           name => 'for all places on the file system');
ExpectPolicy::Ledger::drop($fits);
$server->settled_ok;
my $again = $server->begin('/most/y', 2 * $slack);
ok(ExpectPolicy::Ledger::is_admitted($again), 'it is free again');
ExpectPolicy::Ledger::drop($again);
refusal_ok($server->announce('/most/x', $room + $slack),
           full($room + $slack), name => 'more than may be used');

# where there is no such directory yet, the nearest one above it
refusal_ok($server->announce('/none/no/such/dir/x', 1),
           full(1), name => 'a directory that is not there');
is($server->put('/little/no/such/dir/x', 1)->{status}, 409,
   'where there is room, mod_dav answers');

# unknown length
my $stream = $server->put_chunked('/none/x', 10);
refusal_ok($stream, code => 'insufficient_storage', members => {},
           name => 'unknown length');
accepted_ok($server->put_chunked('/little/y', 100_000), status => 201,
            name => 'unknown length, and room');

$server->settled_ok;
$server->stop;
done_testing;
