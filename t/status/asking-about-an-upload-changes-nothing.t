# An explanation of an upload (?explain of the status page) is for those who see the page
# of the main server.  To ask counts, claims and logs nothing, whatever is asked, and
# what is asked never becomes a part of the page.
#
# runs: plain
use strict;
use warnings;

use Digest::SHA ();
use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP ();
use MIME::Base64 ();
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my $port = ExpectPolicy::Server::free_port();
mkdir "$site/$_" or die for qw(own own/full ssi);
my %files = (
    'own/.htaccess' => "RewriteEngine On\nRewriteRule ^why\$ /uploads [L,QSA]\n"
        . "<Files page>\n    SetHandler expect-policy-status\n</Files>\n",
    'own/page' => '', 'own/full/old.bin' => 'x' x 1000,
    'ssi/x.shtml' => "<!--#include virtual=\"/uploads?explain=PUT+/x&format=text\" -->\n",
);
for my $name (keys %files) {
    open my $out, '>', "$site/$name" or die $!;
    print $out $files{$name};
    close $out or die;
}
open my $users, '>', "$site.users" or die $!;
print $users 'ann:{SHA}', Digest::SHA::sha1_base64('secret'), "=\n";
close $users or die;
my $server = ExpectPolicy::Server->start(<<"END",
ServerName main.test
TypesConfig /dev/null
Listen 127.0.0.1:$port
DocumentRoot "$site"
<Directory "$site">
    AllowOverride All
    Require all granted
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location /uploads>
    SetHandler expect-policy-status
</Location>
<Location /for-users>
    SetHandler expect-policy-status
    AuthType Basic
    AuthName users
    AuthUserFile $site.users
    Require valid-user
</Location>
ExpectPolicy On
<Location /small>
    ExpectPolicyMaxSize 10
</Location>
<Location /counts>
    ExpectPolicyAllowance 100/1h client
    ExpectPolicyConcurrent 1 client
</Location>
Redirect 302 /moved http://else.test/
<Directory "$site/own/full">
    ExpectPolicyQuota 1000
</Directory>
<VirtualHost 127.0.0.1:$port>
    ServerName "site.test"
    ServerAlias b.test
    DocumentRoot "$site"
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName last.test
    DocumentRoot "$site"
    <Location /small>
        ExpectPolicyMaxSize 5
    </Location>
</VirtualHost>
END
    load => [qw(include rewrite mime proxy proxy_http auth_basic authn_file authz_user)]);
open my $own, '>>', "$site/own/.htaccess" or die $!;
print $own "RewriteRule ^by-proxy\$ http://127.0.0.1:$server->{port}/uploads [P,QSA]\n";
close $own or die;

sub get {
    my ($path, %how) = @_;
    return ask(port => $server->{port}, method => 'GET', path => $path, tag => '',
               host => 'main.test', %how);
}

sub escaped { return join '', map { sprintf '%%%02x', $_ } unpack 'C*', $_[0] }

# who may ask
my $asks = 'explain=PUT+/small/x&size=11&format=text';
my $res = get("/uploads?$asks");
is($res->{status}, 200, 'the main server explains');
like($res->{body}, qr/^refused: 413 content_too_large$/m, 'what would become of it');
like($res->{body}, qr/ExpectPolicyMaxSize 10  \Q$server->{dir}\E\/test\.conf:\d+$/m,
     'by which line');
is(get("/uploads?$asks", port => $port, host => 'site.test')->{status}, 403,
   "not the page of a virtual host");
is(get('/uploads', port => $port, host => 'site.test')->{status}, 200,
   'which has its counts');
is(get("/own/page?$asks")->{status}, 403, "not where an owner's SetHandler leads");
is(get("/own/why?$asks")->{status}, 403, "nor an owner's RewriteRule");
is(get('/own/why')->{status}, 200, 'though it may lead to the counts');
for my $more ([], ['Connection: X-Forwarded-For, close'], ['X-Forwarded-For:']) {
    $res = get("/own/by-proxy?$asks", port => $port, host => 'site.test', headers => $more);
    is($res->{status}, 403, "nor an owner's proxy (@$more)");
    unlike($res->{body}, qr/refused|admitted|test\.conf/, 'which tells nothing');
}
is(get('/own/by-proxy', port => $port, host => 'site.test')->{status}, 200,
   'though it may lead to the counts');
my @login = ('Authorization: Basic ' . MIME::Base64::encode_base64('ann:secret', ''));
my @forwarded = ('X-Forwarded-For: 192.0.2.1');
is(get("/uploads?$asks", headers => \@forwarded)->{status}, 403, 'nor any proxy');
is(get("/for-users?$asks", headers => [@forwarded, @login])->{status}, 200,
   'but for a user');
is(get("/for-users?$asks", headers => \@login)->{status}, 200, 'who may ask directly, too');
is(get("/for-users?$asks")->{status}, 401, 'and nobody else');
$res = get('/ssi/x.shtml');
is($res->{status}, 200, 'a page with an include');
unlike($res->{body}, qr/refused|admitted|test\.conf/, 'which includes none');
is(ask(port => $server->{port}, method => 'POST', path => "/uploads?$asks", tag => '',
       host => 'main.test', length => 0)->{status}, 405, 'nor by POST');

# what it changes
sub counts {
    my $counts = JSON::PP->new->decode(get('/uploads?format=json')->{body});
    delete @{$counts}{qw(time filesystems)};
    delete $_->{age} for @{ $counts->{ledger}{fullest} // [] };
    return $counts;
}
ok(wait_until(sub { get('/uploads?explain=PUT+/own/full/x&format=text')->{body}
                        =~ /^refused: 507 quota_exceeded$/m }, 5), 'a tree is measured');
my $counts = counts();
my $log = $server->error_log =~ s/^.*uploads are explained only.*\n//mgr;
for my $host ('', 'http://site.test', 'http://last.test') {
    for my $path ('/small/x', '/counts/x', '/own/full/x', '/none') {
        for my $more ('', '&size=1', '&size=unknown', '&expect=100-continue', '&expect=x') {
            is(get("/uploads?explain=PUT+$host$path&format=json$more")->{status}, 200,
               "$host$path $more");
        }
    }
}
is_deeply(counts(), $counts, 'nothing was counted or claimed');
is($server->error_log =~ s/^.*uploads are explained only.*\n//mgr, $log,
   'and nothing logged');
# the twin: an upload is
ask(port => $server->{port}, method => 'PUT', path => '/small/x', length => 11,
    body => 'x' x 11, host => 'main.test');
isnt(JSON::PP->new->canonical->encode(counts()),
     JSON::PP->new->canonical->encode($counts), 'one that is sent is counted');
like($server->error_log, qr/refused: error=content_too_large/, 'and logged');

# hosts
my %host = ('http://site.test/small/x' => 'site.test', '/small/x' => 'main.test',
            'http://b.test/small/x' => 'site.test', "http://x.test:$port/" => 'site.test',
            'https://last.test/small/x?a=b#c' => 'last.test',
            'http://LAST.test' => 'last.test');
for my $url (sort keys %host) {
    $res = get('/uploads?format=json&size=6&explain=PUT+' . escaped($url));
    my $said = JSON::PP->new->decode($res->{body});
    like($said->{server}, qr/^\Q$host{$url}\E(?::[1-9]\d*)?\z/, "$url is of $host{$url}");
    is($said->{outcome}, $url =~ /last\.test\/small/ ? 'refused' : 'admitted',
       'and judged there');
}
is(get('/uploads?format=text&size=6&host=last.test&explain=PUT+/small/x')->{body}
       =~ /^refused/m, 1, 'or is named beside the URL');

# what is no question
my @wrong = (
    'PUT', 'PUT ', ' /x', '/x', 'PUT x', 'PUT /x y', 'PUT ftp://site.test/', "PUT /\0",
    'PUT file:///etc/passwd', 'PUT javascript:alert(1)', 'PUT //', "PUT /x\r\nA: b",
    'TRACE /x', 'CONNECT site.test:80', 'COPY /x', 'MOVE /x', 'NONSENSE /x', 'put /x',
    'PUT http://', 'PUT http:///x', 'PUT http://user:pass@site.test/', "PUT /\x{7f}",
    'PUT http://nobody.test/x', 'PUT http://site.test:x/', 'PUT http://site.test:99999/',
    'PUT http://si<te.test/', "PUT /\xc3\xa9", "PUT\t\t\r/x",
);
# a path that begins with two slashes is one
my %right = ('PUT //' => 1);
for my $line (@wrong) {
    $res = get('/uploads?format=json&explain=' . escaped($line));
    my $shown = substr(escaped($line), 0, 60);
    is($res->{status}, $right{$line} ? 200 : 400, "explain=$shown");
    next if $right{$line};
    is(join(' ', ExpectPolicy::Wire::values_of($res, 'content-type')),
       'text/plain;charset=utf-8', 'says so as text');
    unlike($res->{body}, qr/alert|passwd|user:pass|si<te/, 'and repeats nothing');
}
is(get('/uploads?explain=PUT+/' . 'a' x 4000)->{status}, 400, 'nor one that is too long');
for my $more ('size=0', 'size=x', 'size=-1', 'size=99999999T', 'type=%0d%0aX:1', 'type=%00',
              'expect=%0a', 'user=%c3%a9', 'auth=a+b', 'size=1&size=2', 'nobody=1',
              'accept=%7f', 'format=xml', 'host=a.test', 'type=%g', 'explain=',
              'field=a', 'field=:a', 'field=a+b:c', 'field=Host:a', 'field=content-length:1',
              'field=Transfer-encoding:+chunked', 'field=a:%0d%0ab:c',
              join('&', map { "field=a$_:b" } 1 .. 21), 'type=' . 'a' x 4001) {
    is(get("/uploads?explain=PUT+/x&$more")->{status},
       400, substr("no $more", 0, 40));
}
for my $more ('size=1&type=&expect=&user=&auth=none', 'size=8E') {
    is(get("/uploads?explain=PUT+/x&format=text&$more")->{status},
       $more =~ /8E/ ? 400 : 200, $more);
}

# the page
my $evil = q{"><script>alert(1)</script><img src=x onerror='a'>&amp;};
for my $query ('explain', 'explain=', 'explain=PUT+/' . escaped($evil =~ s/ /%20/gr),
               'explain=PUT+/small/x&size=11&type=' . escaped($evil),
               'explain=PUT+/x&user=' . escaped($evil)) {
    $res = get("/uploads?$query");
    is($res->{status}, 200, 'a page');
    my ($style) = $res->{body} =~ m{<style>(.*?)</style>};
    my $hash = Digest::SHA::sha256_base64($style) . '=';
    my ($policy) = ExpectPolicy::Wire::values_of($res, 'content-security-policy');
    like($policy, qr/\Adefault-src 'none'; style-src 'sha256-\Q$hash\E'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\z/,
         'which allows its style alone');
    unlike($res->{body}, qr/<script|<img|onerror='/, 'and no text of others is markup');
    is(scalar(() = $res->{body} =~ /<style/g), 1, 'one style sheet');
}

# any bytes
srand 1;
my @words = ('explain=', 'PUT', '+', '/', '%2f', 'http://', 'site.test', ':', '80', '%00',
    '&', 'size=', '1', 'unknown', '%', '..', 'type=', 'a/b', '=', 'user=', 'ann', '%0d%0a',
    '?', '#', '%ff', 'range=', 'bytes+0-1/2', 'expect=', '100-continue', '*', '[::1]',
    'encoding=', 'gzip', 'field=', 'a:b', 'Content-Range:+bytes+0-0/1', ',', ';', '"', 'host=', '/small/', '/own/full/x', 'POST', 'a' x 300);
my %seen;
for my $round (1 .. 1500) {
    my $query = join '', map { $words[rand @words] } 1 .. 1 + rand 12;
    $query =~ s/#//g;
    $query = 'explain=PUT+/' . $query if $round % 2;
    $res = get("/uploads?explain&format=text&$query" =~ s/explain&(.*explain)/$1/r, linger => 0);
    $seen{$res->{status} // 'none'}++;
}
is_deeply([grep { !/^(?:200|400)$/ } keys %seen], [], '1500 queries of words')
    or diag explain \%seen;
cmp_ok($seen{200}, '>=', 100, 'many of them explained');
unlike($server->error_log, qr/exit signal|AddressSanitizer|assert/, 'no child has ended');
is_deeply([counts()->{total}{admitted}, counts()->{ledger}{claims}], [0, 0],
          'and nothing was admitted or claimed');

# from a shell
sub tool {
    my (@arguments) = @_;
    local $ENV{EXPECT_POLICY_STATUS} = "http://127.0.0.1:$server->{port}/uploads";
    open my $in, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', $^X,
        ExpectPolicy::Judge::top() . '/contrib/explain/expect-policy-explain',
        @arguments or die $!;
    my $said = do { local $/; <$in> } // '';
    close $in;
    return ($? >> 8, $said);
}
my ($exit, $said) = tool(qw(PUT /small/x --size 11 --type image/png));
is($exit, 1, 'the tool says refused');
like($said, qr/^refused: 413 content_too_large$/m, 'and why');
like($said, qr/"limit":10/, 'with the document');
($exit, $said) = tool(qw(PUT /small/x --size=10));
is($exit, 0, 'and admitted');
like($said, qr/^admitted$/m, 'which it prints');
($exit, $said) = tool(qw(PUT /moved/x));
is($exit, 1, 'and answered');
like($said, qr/^answered: 302$/m, 'as it says');
($exit, $said) = tool(qw(--json PUT http://last.test/small/x --size 6));
is($exit, 1, 'in another host');
schema_ok($said, 'explain.json');
for my $wrong (['PUT'], [qw(PUT /x --size)], [qw(PUT /x --nobody 1)], [qw(NONSENSE /x)],
               [qw(--status http://127.0.0.1:1/ PUT /x)],
               ['--status', "http://127.0.0.1:$port/uploads", qw(PUT /x)],
               ['--status', "http://127.0.0.1:$server->{port}/none", qw(PUT /x)]) {
    is((tool(@$wrong))[0], 2, "trouble: @$wrong");
}

done_testing;
