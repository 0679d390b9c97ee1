# An upload may be exactly as large as what is left of a quota, and not one byte
# larger.  A refusal tells how much is left.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant LEFT => 52_428_800;
use constant ASKED => 104_857_600;

# 150 MB, of which 100 MB are used: counted in the background, or told in a file
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(scanned told told/api);
ExpectPolicy::Ledger::sparse($site, 'scanned/old.bin', ASKED);
my $usage = "$site.usage";
open my $out, '>', $usage or die;
print $out ASKED, "\n";
close $out or die;

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
<Directory "\@site\@/scanned">
    ExpectPolicyQuota 150M
</Directory>
<Directory "\@site\@/told">
    ExpectPolicyQuota 150M "\@site\@/told" usage=$usage
</Directory>
END

$server->measured_ok("$site/scanned", '/scanned/x');
$server->measured_ok($usage, '/told/x');

my @bearer = (headers => ['Authorization: Bearer abc',
                          'Content-Type: application/pdf']);
my @asks = (headers => [@{ $bearer[1] }, 'Expect: 100-continue']);
my @refused = (code => 'quota_exceeded',
               members => { quota_remaining => LEFT, requested_size => ASKED });
for my $dir ('scanned', 'told') {
    my $path = "/$dir/report.pdf";
    my $asked = $server->announce($path, ASKED, marker => 1,
                    @asks);
    refusal_ok($asked, @refused, status => 417, name => "$dir: asking first");
    my $sent = $server->announce($path, ASKED, marker => 1,
                   @bearer);
    refusal_ok($sent, @refused, name => "$dir: not asking");

    my $fits = $server->begin($path, LEFT, @bearer);
    ok(ExpectPolicy::Ledger::is_admitted($fits), "$dir: all that is left fits");
    my $next = $server->announce("/$dir/one", 1);
    refusal_ok($next, code => 'quota_exceeded',
               members => { quota_remaining => 0, requested_size => 1 },
               name => "$dir: and is held while it is under way");
    ExpectPolicy::Ledger::drop($fits);
    $server->settled_ok("$dir: an upload that was given up holds nothing");
    my $more = $server->announce($path, LEFT + 1, @bearer);
    refusal_ok($more, code => 'quota_exceeded',
               members => { quota_remaining => LEFT, requested_size => LEFT + 1 },
               name => "$dir: one byte more does not");
}

# the two trees are two
accepted_ok($server->put('/scanned/one', 1), status => 201,
            name => 'a byte is written');
is($server->used("$site/scanned"), ASKED + 1, 'and is used');
is($server->used($usage), ASKED, 'in one tree alone');

# curl waits for the answer to its head
ExpectPolicy::Ledger::sparse($site, '../asked.bin', ASKED);
my $curl = sub {
    my (@how) = @_;
    open my $in, '-|', 'curl', '-s', '-S', '-m', 20, @how, '-T',
        "$site/../asked.bin", '-w', '\n%{http_code} %{size_upload}',
        "http://127.0.0.1:$server->{port}/told/by-curl" or die "curl: $!";
    local $/;
    return <$in> // '';
};
my $said = $curl->();
my $body = $said =~ s/\n\d+ \d+\z//r;
my ($doc) = parse_json($body);
schema_ok($body, 'refusal.json');
is($doc->{error}, 'quota_exceeded', 'curl reads the document');
is($doc->{quota_remaining}, LEFT, 'with what is left');
like($said, qr/\n417 0\z/, '417, and nothing was uploaded');
like($curl->('-H', 'Expect:'), qr/\n507 \d+\z/, '507 where it does not ask');
unlink "$site/../asked.bin";

$server->stop;
done_testing;
