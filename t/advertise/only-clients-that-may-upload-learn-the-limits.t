# The limits that a client is told beforehand (ExpectPolicyAdvertise) are those of
# the upload itself.  Only clients that would learn them by an upload are told.
# Rewriting, error documents and other modules do not change this.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use Digest::MD5 qw(md5_hex);
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die
    for qw(mapped mapped/behind env led guarded fresh open b counted refused fixed
           filtered rewritten ns files forward);
sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', "$site$name" or die "$name: $!";
    print $out $text;
    close $out or die;
}
my $hash = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=';
write_file('.users', "alice:$hash\nbob:$hash\n");
write_file('.digest', 'alice:digest:' . md5_hex('alice:digest:secret') . "\n");
write_file('.cgi', <<'END');
#!/usr/bin/perl
print "Allow: GET, PUT, POST\n", "Upload-Limit: max-size=500\n",
    "Accept-Encoding: br\n\n";
END
chmod 0755, "$site.cgi";
write_file('.lua', <<'END');
function writers(r)
    return r.method == "PUT" and 403 or apache2.DECLINED
end
END
write_file("/$_", 'x')
    for qw(mapped/behind/f open/100%.txt b/f counted/f
           refused/f filtered/a.tar.gz filtered/a.en filtered/a.shtml
           env/f led/first led/there guarded/f fresh/f rewritten/there ns/f fixed/f files/f);

my $backend = ExpectPolicy::Server::free_port();
my $forward = ExpectPolicy::Server::free_port();
my $gated = ExpectPolicy::Server::free_port();
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
TypesConfig /dev/null
ExpectPolicyAdvertise On
ExpectPolicyMaxSize 1000
<Macro USERS>
    AuthType Basic
    AuthName users
    AuthUserFile "$site.users"
</Macro>

Listen 127.0.0.1:$backend
<VirtualHost 127.0.0.1:$backend>
    ServerName backend.test
    DocumentRoot "$site/mapped"
    ExpectPolicy Off
    <Location /behind/resumed>
        Header add Allow "PUT, X-OTHER"
        Header set Upload-Limit "max-size=500, max-age=3600"
        Header set Accept-Post "image/png"
    </Location>
</VirtualHost>
# a backend that wants credentials of its own
ProxyPass /api/ http://127.0.0.1:$backend/behind/
<Location /api/>
    Use USERS
    RequestHeader set Authorization "Basic YWxpY2U6c2VjcmV0"
    ExpectPolicyAllowance 5000/1d user
    <LimitExcept GET OPTIONS>
        Require valid-user
    </LimitExcept>
</Location>
ProxyPass /gate/ http://127.0.0.1:$backend/behind/
<Location /gate/>
    RequestHeader set Authorization "Basic YWxpY2U6c2VjcmV0"
    ExpectPolicyRequireAuth Basic realm="gate"
</Location>
# one that does not get to see those of the client
ProxyPass /own/ http://127.0.0.1:$backend/behind/
<Location /own/>
    Use USERS
    RequestHeader unset Authorization
    Require valid-user
</Location>
ProxyPass /plain/ http://127.0.0.1:$backend/behind/

<Location /b>
    ExpectPolicyMaxSize 222
    <Limit GET>
        Require all denied
    </Limit>
</Location>
<Directory "\@site\@/counted">
    Use USERS
    ExpectPolicyMethods PUT
    ExpectPolicyQuota 100000
    <Limit PUT>
        Require user alice
    </Limit>
    <LimitExcept PUT>
        Require valid-user
    </LimitExcept>
</Directory>
<Directory "\@site\@/refused">
    Use USERS
    Require valid-user
    ExpectPolicyQuota 100000
    <If "%{REMOTE_USER} != 'alice' && %{HTTP:Authorization} !~ /^Basic YWxp/">
        ExpectPolicyRefuse not_yours
    </If>
</Directory>
<Directory "\@site\@/filtered">
    AddEncoding x-gzip .gz
    AddLanguage en .en
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    Header set X-Kept yes
    ExpectPolicyRefuse closed "x <!--#printenv --> y"
</Directory>
<Directory "\@site\@/rewritten">
    RewriteEngine On
    RewriteRule "!^there\$" there [L]
    <Files there>
        ExpectPolicyMaxSize 5
    </Files>
</Directory>
<Directory "\@site\@/fixed">
    AllowMethods GET OPTIONS HEAD
</Directory>
RewriteEngine On
RewriteCond %{THE_REQUEST} "^PUT /ns/f HTTP/"
RewriteRule ^/ns/ - [F]
# who only looks is let in by the environment
RewriteCond %{REQUEST_METHOD} ^(GET|OPTIONS)\$
RewriteRule ^/env/ - [E=reader:1]
<Directory "\@site\@/env">
    Use USERS
    <RequireAny>
        Require env reader
        Require valid-user
    </RequireAny>
</Directory>
<Directory "\@site\@/led">
    RewriteEngine On
    RewriteRule ^first there [L]
</Directory>
<Location /led/first>
    Use USERS
    <LimitExcept GET OPTIONS>
        Require valid-user
    </LimitExcept>
</Location>
<Directory "\@site\@/guarded">
    Use USERS
    ExpectPolicyMethods PUT
    ExpectPolicyTypes application/secret
    <Limit PUT>
        Require valid-user
    </Limit>
</Directory>
<Directory "\@site\@/fresh">
    AuthType Digest
    AuthName digest
    AuthUserFile "$site.digest"
    AuthDigestNonceLifetime 0
    Require valid-user
</Directory>
ScriptAlias /says "$site.cgi"
<Location /says>
    ExpectPolicyMethods PUT
    ExpectPolicyTypes text/plain
    ExpectPolicyEncodings gzip
</Location>

# no section at all, and a hook that asks who it is
Listen 127.0.0.1:$gated
<VirtualHost 127.0.0.1:$gated>
    ServerName gated.test
    ExpectPolicyEncodings gzip
    ProxyPass / http://127.0.0.1:$backend/
    LuaHookAccessChecker "$site.lua" writers
</VirtualHost>
Listen 127.0.0.1:$forward
<VirtualHost 127.0.0.1:$forward>
    ServerName forward.test
    ProxyRequests On
</VirtualHost>
END
    load => [qw(allowmethods auth_basic auth_digest authn_file authz_host authz_user headers include lua
                macro mime proxy proxy_http rewrite)]);

my @alice = (headers => ['Authorization: Basic YWxpY2U6c2VjcmV0']);
my @bob = (headers => ['Authorization: Basic Ym9iOnNlY3JldA==']);

sub limits {
    my ($path, %ask) = @_;
    my $method = delete $ask{for} // 'PUT';
    my $res = ask($server->here, method => 'GET',
                  path => "$path?expect-policy-limits=$method", %ask);
    schema_ok($res->{body}, 'limits.json', "$path: as the schema says")
        if $res->{status} == 200;
    my ($document) = $res->{status} == 200 ? parse_json($res->{body}) : ();
    return { %{ $document // {} }, status => $res->{status}, res => $res };
}

sub options {
    my ($path, %ask) = @_;
    return ask($server->here, method => 'OPTIONS', path => $path, %ask);
}

sub field {
    my ($res, $name) = @_;
    return join ', ', ExpectPolicy::Wire::values_of($res, lc $name);
}

sub told_ok {
    my ($path, $limit, $name, %ask) = @_;
    is(limits($path, %ask)->{max_size}, $limit, "$name: the document");
    is(field(options($path, %ask), 'upload-limit'), "max-size=$limit",
       "$name: OPTIONS");
}

sub untold_ok {
    my ($path, $status, $name, %ask) = @_;
    my $told = limits($path, %ask);
    is($told->{status}, $status, "$name: the document is answered $status");
    unlike($told->{res}{body}, qr/max_size|\b1000\b/, 'without the limits');
    my $res = options($path, %ask);
    is($res->{status}, 200, 'OPTIONS is open');
    is(field($res, 'upload-limit'), '', 'and does not tell them either');
}

# ---------------------------------------------------------------- who is asked

# Credentials for a backend are not those of the client.
is($server->put('/api/x', 10)->{status}, 401, 'without any, PUT is 401');
untold_ok('/api/x', 401, 'credentials that are meant for a backend');
is(limits('/api/x', @alice)->{allowance_remaining}, 5000,
   'with those of a user, all is told');
is(limits('/gate/x')->{max_size}, undef, 'RequireAuth looks at the client, too');
is(field(options('/gate/x'), 'upload-limit'), '', 'and in OPTIONS');
is(limits('/gate/x', @bob)->{max_size}, 1000, 'whose own are good for it');
is($server->announce('/own/x', 2000, @alice)->{status}, 413,
   'where the backend sees no credentials, an upload is judged with them');
is(limits('/own/x', @alice)->{max_size}, 1000, 'and limits are told');
is(limits('/own/x')->{status}, 401, 'but not without');

# Hooks that are asked wherever the place is the server's own.
my @gated = (port => $gated, host => 'gated.test');
is(limits('/behind/f', @gated)->{status}, 403, 'a hook says no to PUT');
is(field(options('/behind/f', @gated), 'accept-encoding'), '', 'in OPTIONS, too');
is(limits('/behind/f', for => 'POST', @gated)->{max_size}, 1000,
   'and nothing to POST');
is(limits('/ns/f')->{status}, 403, 'a rewriting that looks at the request line');
is(limits('/ns/f', for => 'POST')->{max_size}, 1000, 'another method');
untold_ok('/env/f', 401, 'permission to read does not permit an upload');
is(limits('/env/f', @bob)->{max_size}, 1000, 'a user who may upload is told the limits');
untold_ok('/led/first', 401, 'the place that redirects is asked, too');
is(limits('/led/first', @bob)->{max_size}, 1000, 'and then the place that it leads to');
untold_ok('/guarded/f', 401, 'a method that is guarded');
my $without = limits('/guarded/f', for => 'POST');
is_deeply([ @$without{qw(allowed_methods supported_types max_size)} ],
          [ ['PUT'], undef, undef ], 'a method that is not accepted learns no more');
like(field(options('/guarded/f'), 'link'), qr/limits=PUT>/,
     'OPTIONS links to the limits of PUT instead');
is(limits('/fixed/f')->{status}, 404, 'a method that AllowMethods excludes');
is(limits('/fixed/f', for => 'GET')->{max_size}, 1000, 'and one of its own');
is(limits('/files/f', for => $_)->{status}, 400, "$_ cannot upload")
    for qw(TRACE CONNECT);
is(limits('/www.example:80', for => 'CONNECT')->{status}, 400,
   'a path is not taken for the name of a host');

# Limits that count are asked last, so that they are not told to who fails before.
$server->measured_ok("$site/counted", '/counted/x', @alice);
ok(limits('/counted/x', @alice)->{quota_remaining}, 'alice can use the quota up');
is(limits('/counted/x', @bob)->{status}, 401, 'bob cannot');
my $other = limits('/counted/x', for => 'GET', @bob);
is_deeply($other->{allowed_methods}, ['PUT'], 'he may not upload by GET either');
is($other->{max_size}, undef, 'so he is not told how large');
is($other->{quota_remaining}, undef, 'he is not told what others have used');
$server->measured_ok("$site/refused", '/refused/x', @alice);
ok(limits('/refused/x', @alice)->{quota_remaining}, 'one quota more');
my $refused = limits('/refused/x', @bob);
is($refused->{refused}{error}, 'not_yours', 'who is refused is told so');
is($refused->{quota_remaining}, undef, 'and no more');

# ---------------------------------------------------------------- which place

told_ok('/open/100%25.txt', 1000, 'a name with a percent sign');
is(limits('/b/f')->{status}, 403, 'who may not GET is not told');
is(limits('/open/%252e%252e/b/f')->{max_size}, 1000,
   'the path is decoded once, not twice');
is(limits('/b/f', method => 'HEAD')->{status}, 403, 'HEAD does not tell him either');
is(limits('/rewritten/new', for => 'POST')->{max_size}, 5,
   'a rewriting of the directory leads on to the place that is told');
is($server->announce('/rewritten/new', 6, method => 'POST')->{status}, 413,
   'as it does for an upload');
is($server->put('/rewritten/there', 5, method => 'POST')->{status}, 200,
   'of which so much is let through');
is(field(options('*'), 'link'), '', 'the server as a whole is no place');
my @proxied = (port => $forward, host => "127.0.0.1:$backend");
my $far = ask($server->here, method => 'GET', @proxied, path =>
              "http://127.0.0.1:$backend/behind/f?expect-policy-limits=PUT");
is($far->{body}, 'x', 'limits of others are theirs to tell');
is(field(ask($server->here, method => 'OPTIONS', @proxied,
             path => "http://127.0.0.1:$backend/behind/f"), 'link'),
   '', 'and nothing is added to what they say');

# ---------------------------------------------------------------- the answers

my $res = options('/plain/resumed');
my %allowed = map { $_ => 1 } split /,/, field($res, 'allow');
is_deeply([ grep { !$allowed{$_} } qw(MKCOL PUT LOCK X-OTHER) ], [],
          'Allow on two lines loses nothing') or diag $res->{raw};
is(field($res, 'upload-limit'), 'max-size=500, max-age=3600',
   'a backend that resumes uploads knows best');
is(field($res, 'accept-post'), 'image/png', 'as does one that says its types');
like(field($res, 'link'), qr/expect-policy-limits=PUT/, 'the rest is added');
$res = options('/says');
is(field($res, 'allow'), 'GET,PUT', "a program's Allow is narrowed, too")
    or diag $res->{raw};
is(field($res, 'upload-limit'), 'max-size=500', 'and not contradicted');
is(field($res, 'accept-encoding'), 'br', 'in nothing that it says');
# its nonce is good for one request, and asking is that request
my %challenge = field(limits('/fresh/f')->{res}, 'www-authenticate')
    =~ /(nonce|opaque)="([^"]+)"/g;
my $nonce = $challenge{nonce};
my $uri = '/fresh/f?expect-policy-limits=PUT';
my $response = md5_hex(join ':', md5_hex('alice:digest:secret'), $nonce, '00000001',
                       'c', 'auth', md5_hex("GET:$uri"));
my $asked = limits('/fresh/f', headers => [
    'Authorization: Digest username="alice", realm="digest", qop=auth, '
    . "nc=00000001, cnonce=\"c\", nonce=\"$nonce\", uri=\"$uri\", "
    . "opaque=\"$challenge{opaque}\", response=\"$response\"" ]);
is($asked->{status}, 404, 'nobody is challenged for ever');
for my $file ('a.tar.gz', 'a.en', 'a.shtml') {
    my $told = limits("/filtered/$file");
    is($told->{refused}{message}, 'x <!--#printenv --> y',
       "$file: the document is what it is");
    is(field($told->{res}, "content-$_"), '', "without Content-\u$_")
        for qw(encoding language);
    is(field($told->{res}, 'x-kept'), 'yes', 'and Header has its word');
}
my @preflight = ('Origin: https://app.example',
                 'Access-Control-Request-Method: PUT');
$res = options('/open/x', headers => \@preflight);
is($res->{status}, 200, 'a preflight');
is(field($res, 'link') . field($res, 'upload-limit'), '',
   'has no fields for scripts, and asks for no limits');
like(field(options('/open/x', headers => [ $preflight[0] ]), 'link'), qr/limits/,
     'while OPTIONS of a script is answered as any');

done_testing;
