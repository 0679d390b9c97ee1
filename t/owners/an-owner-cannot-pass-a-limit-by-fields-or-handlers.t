# An .htaccess file may have other lines that touch this module: fields that announce
# content, names of handlers, variables, redirects.  None of them lifts a limit.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my $programs = vars('serverroot') . '/cgi-bin';
my $serial = 0;
sub place {
    my ($text) = @_;
    my $name = sprintf 'place%02d', ++$serial;
    mkdir "$site/$name" or die;
    for my $file (['.htaccess', $text], ['file.txt', "here\n"],
                  ['file.status', "no status\n"],
                  ['app.cgi', slurp("$programs/app.cgi"), 0755]) {
        open my $out, '>', "$site/$name/$file->[0]" or die;
        print $out $file->[1];
        close $out or die;
        chmod $file->[2] // 0644, "$site/$name/$file->[0]" or die;
    }
    return $name;
}

my %handlers = (
    'SetHandler' => "SetHandler expect-policy-status\n",
    'SetHandler, as an expression' => "SetHandler \"%{tolower:EXPECT-POLICY-STATUS}\"\n",
    'AddHandler' => "AddHandler expect-policy-status .status\n",
    'ForceType' => "ForceType expect-policy-status\n",
    'AddType' => "AddType expect-policy-status .status\n",
    'RewriteRule [H]' => "RewriteEngine On\nRewriteRule . - [H=expect-policy-status]\n",
    'Action' => "Action expect-policy-status /status\nSetHandler expect-policy-status\n",
    'If' => "<If \"true\">\nSetHandler expect-policy-status\n</If>\n",
);
my %place = map { $_ => place($handlers{$_}) } keys %handlers;
my $chunked = place("RequestHeader set Transfer-Encoding chunked\n");
my $length = place("RequestHeader set Content-Length 50000\n");
my $env = place(<<'END');
SetEnv EXPECT_POLICY_VERDICT admitted
SetEnvIf Request_URI . EXPECT_POLICY_ERROR=none EXPECT_POLICY_LIMIT=1
Header always set Expect-Policy-Error none
<If "reqenv('EXPECT_POLICY_VERDICT') != 'x'">
    ExpectPolicyMaxSize Unlimited
</If>
END
my $moved = place("Redirect /placexx http://elsewhere.test/\n"
    . "RedirectMatch . http://elsewhere.test/\n");

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
Timeout 8
TypesConfig /dev/null
<Directory "\@site\@">
    AllowOverride All
    Options +ExecCGI +FollowSymLinks
    <Files *.cgi>
        SetHandler cgi-script
    </Files>
    ExpectPolicyMaxSize 10K
</Directory>
<Location /status>
    SetHandler expect-policy-status
    Require ip 192.0.2.1
</Location>
<Location /open-status>
    SetHandler expect-policy-status
</Location>
END
    load => [qw(mime rewrite headers setenvif actions authz_host)]);

# for comparison: the status where the administrator has configured it
like(ask($server->here, method => 'GET', path => '/open-status')->{body},
     qr/Uploads: all virtual hosts/, 'the status where the server has it');
for my $way (sort keys %handlers) {
    my $res = ask($server->here, method => 'GET',
                  path => "/$place{$way}/file.status");
    unlike($res->{body} // '', qr/Uploads: /,
           "$way in an .htaccess file shows none ($res->{status})");
}

# A request that announced nothing, until its owner said otherwise.
my $body = in_chunks('x' x 30_000);
for my $case ([PUT => $chunked, 'new.txt', $body], [PUT => $length, 'new.txt', 'x' x 50_000],
              [POST => $chunked, 'app.cgi', $body],
              [POST => $length, 'app.cgi', 'x' x 50_000]) {
    my ($method, $place, $file, $content) = @$case;
    my $conn = converse($server->here);
    ExpectPolicy::Wire::put($conn, head_bytes(
        host => 'localhost', method => $method, path => "/$place/$file")
        . $content, 5);
    my $res = read_response($conn, method => $method, patience => 5);
    close $conn->{sock};
    is($res->{status}, 413, "$method without content, to which an owner adds a field");
    unlike($res->{body} // '', qr/received=[1-9]/, 'of which no program gets any');
    ok(!-s "$site/$place/new.txt", 'and nothing is stored');
}
# an expectation alone announces none, either
my $conn = converse($server->here);
ExpectPolicy::Wire::put($conn, head_bytes(
    host => 'localhost', method => 'POST', path => "/$chunked/app.cgi",
    headers => ['Expect: 100-continue']) . $body, 5);
my $res = read_response($conn, method => 'POST', patience => 5);
is($res->{status}, 413, '413 with 100-continue, too');
close $conn->{sock};
# its twins: no content at all
for my $method (qw(PUT POST)) {
    my $file = $method eq 'PUT' ? 'new.txt' : 'app.cgi';
    my $res = ask($server->here, method => $method, path => "/$chunked/$file",
                  body => "0\r\n\r\n");
    like($res->{status}, qr/^20[014]$/, "$method of nothing");
}

# Variables and fields say nothing to the module.
my $lie = ask($server->here, method => 'POST', path => "/$env/app.cgi", length => 10_241);
is($lie->{status}, 413, 'variables of the same names');
is(ask($server->here, method => 'POST', path => "/$env/app.cgi", length => 10_240,
       body => 'x' x 10_240)->{status}, 200, 'and their twin');

# What an owner redirects is judged first.
is(ask($server->here, method => 'POST', path => "/$moved/app.cgi",
       length => 10_241)->{status}, 413, 'a redirect of an owner');
is(ask($server->here, method => 'POST', path => "/$moved/app.cgi", length => 10_240,
       body => 'x' x 10_240)->{status}, 302, 'and its twin');
unlike($server->error_log, qr/exit signal/, 'no child has crashed');

done_testing;
