# Uploads of one client address that have sent nothing lose their claims when uploads
# of other addresses need room; half of what they hold stays.  Uploads that have sent
# something keep their claims, also against uploads of the same address.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(quota places twin);
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site, load => ['remoteip']);
# stands in for machines with other addresses
RemoteIPHeader X-Client
RemoteIPTrustedProxy 127.0.0.1
<Directory "@site@/quota">
    ExpectPolicyQuota 1000000
</Directory>
<Directory "@site@/twin">
    ExpectPolicyQuota 1000000
</Directory>
<Directory "@site@/places">
    ExpectPolicyConcurrent 4 host
</Directory>
END
sub of { return (headers => ["X-Client: $_[0]"]) }
# the log has the client's address, by which refusal_ok() looks for its line
sub denied_ok {
    my ($res, $status, $code, $name) = @_;
    my ($error, $number) = split / /, $code;
    is($res->{status}, $status, $name);
    like($res->{body}, qr/"error": ?"$error".*"(?:quota_remaining|limit)": ?$number\b/,
         "$name: the answer tells code and number");
}
sub admitted { return scalar grep { ExpectPolicy::Ledger::is_admitted($_) } @_ }

for my $dir ('quota', 'twin') {
    $server->measured_ok("$site/$dir", "/$dir/x");
}

# one address holds all there is, and has sent nothing
my @hoard = map { $server->begin("/quota/$_", 100_000, of('192.0.2.1')) } 1 .. 10;
is(admitted(@hoard), 10, 'one client holds all of the quota');
denied_ok($server->announce('/quota/x', 1, of('192.0.2.1')),
          507, 'quota_exceeded 0', 'the client that holds most gets no more');
accepted_ok($server->put('/quota/other', 400_000, of('192.0.2.2')),
            status => 201, name => 'another client gets room');
accepted_ok($server->put('/quota/other.v6', 100_000, of('2001:db8::1')),
            status => 201, name => 'a third client gets room');
denied_ok($server->announce('/quota/more', 300_000, of('192.0.2.3')),
          507, 'quota_exceeded 0', 'more than half of what is left is kept');

# of ten, five have given way: they ask again
my @status = map { ExpectPolicy::Ledger::finish($_) } @hoard;
is(scalar(grep { $_ eq '201' } @status), 5, 'five of the ten are stored')
    or diag "@status";
is(scalar(grep { $_ eq '507' } @status), 5, 'five are cut');
$server->settled_ok;
is($server->used("$site/quota"), 1_000_000, 'the quota is full');

# for comparison: the same, and each has sent one byte of content
my @sent = map { $server->begin("/twin/$_", 100_000, of('192.0.2.1')) } 1 .. 10;
ExpectPolicy::Ledger::send_content($_, 1) for @sent;
is($server->books->{trees}{"$site/twin"}{held}, 1_000_000, 'all is held');
select undef, undef, undef, 0.5;
denied_ok($server->announce('/twin/other', 1, of('192.0.2.2')),
          507, 'quota_exceeded 0', 'uploads that have begun to send keep their claims');
$_->{length}-- for @sent;
@status = map { ExpectPolicy::Ledger::finish($_) } @sent;
is(scalar(grep { $_ eq '201' } @status), 10, 'all ten uploads are stored');
$server->settled_ok;

# one IPv6 network is one client
my @network = map { $server->begin("/places/$_", 10, of("2001:db8:0:1::$_")) } 1 .. 4;
is(admitted(@network), 4, 'one network holds all places');
denied_ok($server->announce('/places/x', 10, of('2001:db8:0:1::ffff')),
          429, 'too_many_uploads 4', 'another address of the network gets no slot');
my @others = map { $server->begin("/places/other$_", 10, of("192.0.2.$_")) } 1, 2;
is(admitted(@others), 2, 'half of them give way to others');
ExpectPolicy::Ledger::send_content($_, 1) for @others;
select undef, undef, undef, 0.5;
is(admitted($server->begin('/places/other3', 10, of('192.0.2.3'))), 1,
   'of the two that are left, one');
ExpectPolicy::Ledger::drop(@network, @others);
$server->settled_ok;
$server->stop;
done_testing;
