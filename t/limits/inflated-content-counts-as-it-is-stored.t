# An owner's SetInputFilter DEFLATE makes a thousand bytes of one.  Quotas count what
# the handler gets: mod_dav, a program or mod_proxy.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use IO::Compress::Gzip qw(gzip $GzipError);
use Test::More;

use constant M => 1024 * 1024;

sub zipped {
    my ($bytes) = @_;
    my $plain = 'x' x $bytes;
    gzip(\$plain => \my $out) or die $GzipError;
    return $out;
}
my $bomb = zipped(20 * M);
my $fits = zipped(3 * M);
cmp_ok(20 * M / length $bomb, '>', 900, 'a thousand-fold');

my $site = ExpectPolicy::Ledger::site();
my %ways = (dav => '', cgi => '', proxy => '', named => '');
my $sections = '';
my $backend = ExpectPolicy::Ledger->start('');
for my $way (qw(dav cgi proxy named)) {
    for my $dir ("$way-inflated", "$way-plain") {
        mkdir "$site/$dir" or die;
        my $filter = $dir !~ /inflated/ ? ''
            : $way eq 'named' ? 'SetInputFilter DEFLATE;EXPECT_POLICY_HANDED'
            : 'SetInputFilter DEFLATE';
        $filter .= "\n DeflateInflateRatioLimit 5000" if $filter;
        my $place = $way eq 'cgi' ? "<Location /cgi/$dir>"
            : $way eq 'proxy' ? "<Location /proxy/$dir>"
            : "<Directory \"$site/$dir\">";
        my $end = $place =~ /Location/ ? '</Location>' : '</Directory>';
        my $limit = 10 * M;
        $sections .= "$place\n $filter\n ExpectPolicyQuota $limit "
            . "\"$site/$dir\"\n$end\n";
    }
}
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
$sections
ScriptAliasMatch "^/cgi/[a-z]+-[a-z]+/" "@{[vars('serverroot')]}/cgi-bin/app.cgi"
ProxyPassMatch "^/proxy/[a-z]+-[a-z]+/" "http://127.0.0.1:$backend->{port}/cgi/app.cgi"
END
    load => [qw(deflate proxy proxy_http)]);

my %url = map { my $way = $_; $way => sub {
    my ($dir) = @_;
    return $way eq 'cgi' ? "/cgi/$dir/a" : $way eq 'proxy' ? "/proxy/$dir/a"
        : "/$dir/a";
} } qw(dav cgi proxy named);

sub upload {
    my ($path, $method, $content) = @_;
    return ask($server->here, path => $path, method => $method,
               length => length $content, body => $content,
               headers => ['Content-Encoding: gzip']);
}

for my $way (qw(dav cgi proxy named)) {
    my $method = $way =~ /dav|named/ ? 'PUT' : 'POST';
    my $done = qr/^20[014]$/;
    for my $dir ("$way-inflated", "$way-plain") {
        $server->measured_ok("$site/$dir", $url{$way}->($dir));
    }
    my $path = $url{$way}->("$way-plain");
    my $res = upload($path, $method, $bomb);
    like($res->{status}, $done, "$way: a small one, as it is");
    is($server->used("$site/$way-plain"), length $bomb, 'counts as it is');
    $path = $url{$way}->("$way-inflated");
    $res = upload($path, $method, $fits);
    like($res->{status}, $done, "$way: one that fits");
    is($server->used("$site/$way-inflated"), 3 * M, 'counts as it is stored');
    $res = upload($path, $method, $fits);
    like($res->{status}, $done, "$way: once more");
    my $used = $method eq 'PUT' ? 3 * M : 6 * M;
    is($server->used("$site/$way-inflated"), $used,
       "$way: a second upload counts if it is stored");
    $res = upload($path, $method, $bomb);
    like($res->{status}, qr/^(507|413)$/, "$way: a thousand-fold, inflated")
        or diag $res->{body};
    like($server->error_log, qr/(cut|refused): error=quota_exceeded[^\n]*/,
         "$way: the log says that inflated content has no room");
    $server->settled_ok;
    my $after = $server->used("$site/$way-inflated");
    if ($method eq 'PUT') {
        is($after, $used, 'a PUT without room counts nothing');
        is(-s "$site/$way-inflated/a", 3 * M, 'a PUT without room is not stored');
    }
    else {
        # a program may have stored what it was given
        cmp_ok($after, '>=', $used, 'what a program was given counts');
        cmp_ok($after, '<=', 10 * M, 'a program gets no more than had room');
    }
}

$server->settled_ok;
$_->stop for $server, $backend;
done_testing;
