# An upload of unknown length holds a little more than what it has sent, and is
# cut where a limit ends.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(sleep);

use constant MB => 1024 * 1024;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(quota allowance both dry large);
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site,
<Directory "@site@/quota">
    ExpectPolicyQuota 30000
</Directory>
<Directory "@site@/allowance">
    ExpectPolicyAllowance 30000/1h client
</Directory>
<Directory "@site@/both">
    ExpectPolicyQuota 20000
    ExpectPolicyMaxSize 15000
</Directory>
<Directory "@site@/dry">
    ExpectPolicy DryRun
    ExpectPolicyQuota 1000
</Directory>
<Directory "@site@/large">
    ExpectPolicyQuota 10M
</Directory>
END
    has_http2() ? (load => ['http2']) : ());
$server->measured_ok("$site/$_", "/$_/x") for qw(quota both dry large);

for my $dir ('quota', 'allowance') {
    my ($code, $member) = $dir eq 'quota'
        ? ('quota_exceeded', 'quota_remaining')
        : ('allowance_exceeded', 'allowance_remaining');
    my @more = $dir eq 'quota' ? () : (retry_after => qr/^\d+$/);
    my @fields = $dir eq 'quota' ? () : ('Retry-After' => qr/^\d+$/);
    accepted_ok($server->put_chunked("/$dir/a", 10_000), status => 201,
                name => "$dir: 10000 bytes in chunks");
    my $cut = $server->put_chunked("/$dir/b", 20_001);
    refusal_ok($cut, cut => 1, code => $code, members => { $member => 20_000, @more },
               headers => { @fields }, name => 'a byte more than is left');
    ok(!-e "$site/$dir/b", 'is not kept');
    $server->settled_ok;
    accepted_ok($server->put_chunked("/$dir/b", 20_000), status => 201,
                name => 'exactly what is left');
    is(-s "$site/$dir/b", 20_000, 'is kept');
    my $none = $server->put_chunked("/$dir/c", 1);
    refusal_ok($none, code => $code, members => { $member => 0, @more },
               headers => { @fields }, name => 'nothing is left');
}
is($server->used("$site/quota"), 30_000, 'all of it is used');

# one of unknown length holds a step, not everything
my $drip = converse($server->here);
ExpectPolicy::Wire::put($drip, head_bytes($server->here, path => '/large/drip',
                                          chunked => 1) . "1\r\nx\r\n", 5);
my $held = sub { $server->books->{trees}{"$site/large"}{held} };
ok(wait_until(sub { $held->() > 0 }), 'it holds something');
cmp_ok($held->(), '<=', MB + 1, 'a step of one MB at most');
accepted_ok($server->put('/large/next', 8 * MB), status => 201,
            name => 'the rest is for others');
# 8 MB used, 1 MB held; the drip may come to 2 MB
my $piece = sprintf("%x\r\n", MB) . 'x' x MB . "\r\n";
ExpectPolicy::Wire::put($drip, $piece, 10);
ok(wait_until(sub { $held->() > MB }), 'it grows as it streams');
cmp_ok($held->(), '<=', 2 * MB, 'no more is held than the limit has left');
ExpectPolicy::Wire::put($drip, $piece, 10);
my $res = read_response($drip, method => 'PUT');
is($res->{status}, 507, 'content beyond the limit is cut');
like($res->{body}, qr/"quota_remaining": ?2097152\b/, 'what it could have been');
refusal_schema_ok($res);
$server->settled_ok;
ok(!-e "$site/large/drip", 'what was cut is not stored');

# the stricter limit speaks
my $size = $server->put_chunked('/both/x', 15_001);
refusal_ok($size, cut => 1, code => 'content_too_large', members => { limit => 15_000 },
           name => 'the size');
accepted_ok($server->put_chunked('/both/x', 15_000), status => 201,
            name => 'not above it');
my $quota = $server->put_chunked('/both/y', 5001);
refusal_ok($quota, cut => 1, code => 'quota_exceeded', members => { quota_remaining => 5000 },
           name => 'the quota');

# A hint can refuse earlier, and admits nothing.
my $hint = $server->put_chunked('/both/y', 100, headers =>
                                ['X-Expected-Entity-Length: 5001']);
refusal_ok($hint, code => 'quota_exceeded',
           members => { quota_remaining => 5000, requested_size => 5001 },
           name => 'a client says itself that it is too much');
my $lie = $server->put_chunked('/both/y', 5001, headers =>
                               ['X-Expected-Entity-Length: 10']);
refusal_ok($lie, cut => 1, code => 'quota_exceeded', members => { quota_remaining => 5000 },
           name => 'a client that says less than it sends');
accepted_ok($server->put_chunked('/both/y', 5000, headers =>
                                 ['X-Expected-Entity-Length: 5000']),
            status => 201, name => 'one that says the truth');

# a dry run counts on
my $dry = $server->put_chunked('/dry/x', 3_000_000);
accepted_ok($dry, status => 201, name => 'a dry run lets it through');
is(-s "$site/dry/x", 3_000_000, 'whole');
my @lines = grep { /would-refuse: error=quota_exceeded/ } log_lines($dry);
is(scalar @lines, 1, 'the dry run is logged once');
is($server->used("$site/dry"), 3_000_000, 'it is counted all the same');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    my $id = $h2->request(method => 'PUT', path => '/large/h2',
                          host => 'localhost');
    $h2->content($id, 'x' x 100_000, end => 1);
    my $done = $h2->answer($id);
    is($done->{status}, 201, 'HTTP/2 without a length');
    is(-s "$site/large/h2", 100_000, 'is kept');
    $server->settled_ok;
}

$server->stop;
done_testing;
