# ExpectPolicyAdvertise: OPTIONS and a document of limits tell a client before its
# upload which limits hold.  They tell nothing that a refusal would not tell.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die
    for qw(open secret written owned owned/off quiet dry token closed cross
           limited);
mkdir "$site.plain" or die;
sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', "$site$name" or die "$name: $!";
    print $out $text;
    close $out or die;
}
write_file('.users', "alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
           . "bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n");
write_file('/owned/.htaccess', "ExpectPolicyMaxSize 700\n"
           . "ExpectPolicyTypes image/png text/css\n");
write_file('/owned/off/.htaccess', "ExpectPolicyAdvertise Off\n");
write_file('/quiet/.htaccess', "ExpectPolicyAdvertise On\n");
write_file('/open/file', 'x');
write_file('/secret/file', 'x');
write_file('/written/program.cgi', "");
write_file('/written/file', 'y' x 100);

my $port = ExpectPolicy::Server::free_port();
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
ExpectPolicyCeiling 1G
<Directory "\@site\@/open">
    ExpectPolicyAdvertise On
    ExpectPolicyMaxSize 10M
    ExpectPolicyTypes image/* text/plain
    ExpectPolicyEncodings identity gzip
    ExpectPolicyRequireContinue 1M
    ExpectPolicyRequireLength On
    ExpectPolicyMethods PUT PATCH
    ExpectPolicyConcurrent 7 client
    ExpectPolicyConcurrent 5 host
    ExpectPolicyQuota 1M
</Directory>
<Directory "\@site\@/secret">
    ExpectPolicyAdvertise On
    ExpectPolicyMaxSize 10M
    ExpectPolicyTypes image/png
    ExpectPolicyMethods PUT
    ExpectPolicyQuota 10000
    ExpectPolicyAllowance 5000/1d user
    AuthType Basic
    AuthName users
    AuthUserFile "$site.users"
    # who may look may not write
    <LimitExcept GET HEAD OPTIONS POST>
        Require user alice
    </LimitExcept>
</Directory>
<Directory "\@site\@/token">
    ExpectPolicyAdvertise On
    ExpectPolicyRequireAuth Bearer realm="api"
    ExpectPolicyRequireAuth Basic realm="api"
    ExpectPolicyMaxSize 10M
    ExpectPolicyTypes image/png
    ExpectPolicyRequireContinue 1M
</Directory>
<Directory "\@site\@/closed">
    ExpectPolicyAdvertise On
    ExpectPolicyRefuse moving "We are \\"moving\\"." 503
</Directory>
<Directory "\@site\@/written">
    ExpectPolicyAdvertise On
    ExpectPolicyMaxSize 4000
    <If "%{REQUEST_METHOD} == 'PUT'">
        ExpectPolicyMaxSize 3000
    </If>
    <Files "*.cgi">
        ExpectPolicyMaxSize 2000
    </Files>
</Directory>
<Directory "\@site\@/owned">
    AllowOverride Limit
    ExpectPolicyAdvertise On
    ExpectPolicyMaxSize 1000
    ExpectPolicyTypes image/*
</Directory>
<Directory "\@site\@/quiet">
    AllowOverride Limit
    ExpectPolicyMaxSize 1000
</Directory>
Alias /plain "\@site\@.plain"
<Directory "\@site\@.plain">
    Require all granted
    ExpectPolicyAdvertise On
    ExpectPolicyTypes image/png
</Directory>
<Directory "\@site\@/cross">
    ExpectPolicyAdvertise On
    ExpectPolicyExpectations None
    ExpectPolicyMethods PUT
    ExpectPolicyRequireAuth Bearer
    ExpectPolicyRefuse closed
    ExpectPolicyMaxSize 0
    Header always set Access-Control-Allow-Origin "https://app.example"
    Header always set Access-Control-Allow-Methods "PUT"
    Header unset Link
</Directory>
<Directory "\@site\@/dry">
    ExpectPolicy DryRun
    ExpectPolicyAdvertise On
    ExpectPolicyMaxSize 1000
</Directory>
<Directory "\@site\@/limited">
    ExpectPolicyAdvertise On
    ExpectPolicyMaxSize 2000T
</Directory>
<Location /cgi/app.cgi>
    ExpectPolicyAdvertise On
    ExpectPolicyMaxSize 1234
    ExpectPolicyTypes text/plain
    ExpectPolicyMethods PATCH
</Location>
<Location /behind/>
    ExpectPolicyAdvertise On
    ExpectPolicyMaxSize 2345
</Location>
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    ServerName backend.test
    ExpectPolicy Off
</VirtualHost>
ProxyPass /behind/ http://127.0.0.1:$port/open/
END
    load => [qw(auth_basic authn_file authz_user headers proxy proxy_http
                setenvif), has_http2() ? 'http2' : ()]);

my @alice = (headers => ['Authorization: Basic YWxpY2U6c2VjcmV0']);
my @bob = (headers => ['Authorization: Basic Ym9iOnNlY3JldA==']);

sub get {
    my ($path, %ask) = @_;
    return ask($server->here, method => 'GET', path => $path, %ask);
}

sub options {
    my ($path, %ask) = @_;
    return get($path, method => 'OPTIONS', %ask);
}

sub fields {
    my ($res, $name) = @_;
    return join ', ', ExpectPolicy::Wire::values_of($res, lc $name);
}

# The document, held against its schema.
sub limits {
    my ($path, %ask) = @_;
    my $method = delete $ask{for} // 'PUT';
    my $res = get("$path?expect-policy-limits=$method", %ask);
    is($res->{status}, 200, "$path tells the limits of $method")
        or return {};
    is(fields($res, 'content-type'), 'application/json', 'in JSON');
    is(fields($res, 'cache-control'), 'no-store', 'for now');
    is(fields($res, 'x-content-type-options'), 'nosniff', 'and nothing else');
    schema_ok($res->{body}, 'limits.json');
    my ($document, $names, $wrong) = parse_json($res->{body});
    is($wrong, undef, 'strictly');
    is($document->{method}, $method, 'of the method');
    like($res->{body}, qr/\A\{"method":/, 'which comes first');
    return $document;
}

my $link = sub {
    return "<?expect-policy-limits=$_[0]>; rel=\"describedby\";"
        . ' type="application/json"';
};

# ---------------------------------------------------------------- OPTIONS

my $res = options('/open/new');
is($res->{status}, 200, 'OPTIONS, answered by mod_dav');
is(fields($res, 'link'), $link->('PUT'), 'says where the limits are told');
is(fields($res, 'upload-limit'), 'max-size=10485760', 'Upload-Limit');
is(fields($res, 'accept-encoding'), 'identity, gzip', 'Accept-Encoding');
is(fields($res, 'accept-post'), '', 'no POST, no Accept-Post');
is(fields($res, 'accept-patch'), '', 'nobody said that there is a PATCH');
my %allowed = map { $_ => 1 } split /,\s*/, fields($res, 'allow');
ok($allowed{PUT}, 'PUT is allowed');
is_deeply([ grep { $allowed{$_} } qw(POST PATCH PROPPATCH) ], [],
          'what ExpectPolicyMethods does not list is not');
my $file = options('/open/file');
%allowed = map { $_ => 1 } split /,\s*/, fields($file, 'allow');
is_deeply([ grep { !$allowed{$_} } qw(OPTIONS GET HEAD DELETE PROPFIND PUT) ],
          [], 'what carries no content stays, as mod_dav says it');
my %without = map { $_ => 1 }
    split /,\s*/, fields(options('/dry/file'), 'allow');
ok($without{MKCOL}, 'there is an Allow to compare with');
like(fields(options('/plain/new'), 'allow'), qr/\bPOST\b/,
     'Allow of core, as it is where no method is excluded');
is(fields(options('/plain/new'), 'accept-post'), 'image/png', 'Accept-Post');
is(fields(options('/plain/new'), 'link'), $link->('POST'),
   'and the link is to what POST may do');
is(fields(options('/plain/new'), 'upload-limit'), 'max-size=1073741824',
   'the ceiling is a limit, too');
is(fields(options('/limited/new'), 'upload-limit'), 'max-size=1073741824',
   'and the smaller one counts');
unlike(options('/open/new')->{raw}, qr/new/, 'nothing of the request is in it');
is(fields(options('/cgi/app.cgi'), 'accept-patch'), 'text/plain',
   'an answer without Allow: ExpectPolicyMethods says PATCH');
is(fields(options('/cgi/app.cgi'), 'accept-post'), '', 'and not POST');
is(fields(options('/cgi/app.cgi'), 'upload-limit'), 'max-size=1234',
   'its limit is told as well');
$res = options('/behind/file');
is($res->{status}, 200, 'OPTIONS, answered behind a proxy');
is(fields($res, 'upload-limit'), 'max-size=2345', 'tells the limit in front');
is(fields($res, 'link'), $link->('PUT'), 'once');
is(limits('/behind/file')->{max_size}, 2345, 'and the document, too');
is(get('/behind/file')->{body}, 'x', 'other requests are passed on');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    my %how = (host => 'localhost', tag => '', end => 1);
    my $told = $h2->answer($h2->request(%how, method => 'OPTIONS',
                                        path => '/open/new'));
    is(fields($told, 'upload-limit'), 'max-size=10485760', 'HTTP/2: OPTIONS');
    $told = $h2->answer($h2->request(
        %how, method => 'GET', path => '/open/new?expect-policy-limits=PUT'));
    is($told->{body}, get('/open/new?expect-policy-limits=PUT')->{body},
       'and the same document');
}

# nothing where nobody asked for it, nor in a dry run
for my $path ('/file', '/dry/file', '/owned/off/file') {
    my $silent = options($path);
    is($silent->{status}, 200, "OPTIONS $path");
    is(join('', map { fields($silent, $_) }
            qw(link upload-limit accept-post accept-encoding)), '',
       'tells nothing');
    my $own = get("$path?expect-policy-limits=PUT");
    is($own->{status}, 404, 'and the document is not there');
}
is(get('/open/file?expect-policy-limits')->{body}, 'x', 'no method, no document');
is(get('/open/file?xexpect-policy-limits=PUT')->{body}, 'x',
   'a longer parameter name asks for no document');
is(get('/open/file?expect-policy-limits=FOO')->{status}, 400, 'no such method');
is(get('/open/file?expect-policy-limits=put')->{status}, 400,
   'the method is case-sensitive');
is(get('/open/file?expect-policy-limits=')->{status}, 400,
   'an empty method is an error');
my $trace = get('/open/file?expect-policy-limits=TRACE',
                headers => ['Cookie: session=secret']);
is($trace->{status}, 400, 'TRACE has no content, and no limits');
unlike($trace->{raw}, qr/secret/, 'the answer of TRACE is not sent');
is(limits('/limited/new', for => 'DELETE')->{max_size}, 1 << 30,
   'while DELETE may have some');
is_deeply(limits('/open/file', for => 'DELETE'),
          { method => 'DELETE', supported_expectations => ['100-continue'],
            allowed_methods => [qw(PUT PATCH)] },
          'where it may not, nothing more is told');
is(get('/open/file?a=b&expect-policy-limits=PUT&c')->{body} =~ /^\{"method"/,
   1, 'among other parameters');
my $head = get('/open/file?expect-policy-limits=PUT', method => 'HEAD');
is($head->{status}, 200, 'HEAD');
cmp_ok(fields($head, 'content-length'), '>', 100, 'with the length');
is($server->put('/open/file?expect-policy-limits=PUT', 3,
                headers => ['Content-Type: text/plain'])->{status}, 204,
   'an upload is an upload');

# ---------------------------------------------------------------- the document

is_deeply(limits('/open/new'), {
    method => 'PUT', supported_expectations => ['100-continue'],
    allowed_methods => [qw(PUT PATCH)], continue_above => 1_048_576,
    supported_types => ['image/*', 'text/plain'],
    supported_encodings => [qw(identity gzip)],
    length_required => JSON::PP::true, max_size => 10_485_760,
    max_concurrent => 5,
}, 'all that is static, and nothing about usage for who is not known');
is_deeply(limits('/plain/new', for => 'POST'), {
    method => 'POST', supported_expectations => ['100-continue'],
    supported_types => ['image/png'], max_size => 1_073_741_824,
}, 'what is not limited is left out');
is_deeply(limits('/owned/new'), {
    method => 'PUT', supported_expectations => ['100-continue'],
    supported_types => ['image/png'], max_size => 700,
}, 'what the owner says is bounded by what the server says');
is_deeply(limits('/closed/new')->{refused},
          { error => 'moving', message => 'We are "moving".', status => 503 },
          'where every upload is refused, it says so');
is(limits('/written/new')->{max_size}, 3000, 'sections by method: PUT');
is(limits('/written/new', for => 'POST')->{max_size}, 4000, 'and POST');
is(limits('/written/program.cgi', for => 'POST')->{max_size}, 2000,
   'and by file');

# as the limits are told, so they hold
for my $case (['/owned/new', 700], ['/written/new', 3000]) {
    my ($path, $limit) = @$case;
    my @png = (headers => ['Content-Type: image/png']);
    refusal_ok($server->announce($path, $limit + 1, @png),
               code => 'content_too_large', logged => 0,
               members => { limit => $limit, requested_size => $limit + 1 },
               headers => { 'Upload-Limit' => "max-size=$limit" },
               name => "$path: one byte more is refused, and says Upload-Limit");
    accepted_ok($server->put($path, $limit, @png), status => 201,
                name => "$path: as much as is told is accepted");
}
refusal_ok($server->announce('/quiet/new', 1001), code => 'content_too_large',
           logged => 0, members => { limit => 1000, requested_size => 1001 },
           headers => { 'Upload-Limit' => undef },
           name => 'Upload-Limit is for the administrator to allow');
is(fields(options('/quiet/new'), 'upload-limit'), '', 'in OPTIONS, too');
is(limits('/quiet/new')->{max_size}, 1000, 'the document is not');
refusal_ok($server->announce('/file', 2 << 30), code => 'content_too_large',
           logged => 0, members => { limit => 1 << 30,
                                     requested_size => 2 << 30 },
           headers => { 'Upload-Limit' => undef },
           name => 'Upload-Limit is not sent where nothing is advertised');

# ---------------------------------------------------------------- who may know

$res = options('/secret/file');
is($res->{status}, 200, 'OPTIONS is open');
is(fields($res, 'link'), $link->('PUT'), 'it says where limits are told');
is(join('', map { fields($res, $_) } qw(upload-limit accept-post)), '',
   'and not what they are');
like(fields($res, 'allow'), qr/\bPROPPATCH\b/,
   'Allow does not tell limits by leaving out a method');
$res = options('/secret/file', @alice);
is(fields($res, 'upload-limit'), 'max-size=10485760', 'who may write is told');
unlike(fields($res, 'allow'), qr/\bPROPPATCH\b/, 'all of it');
for my $case (['nobody', 401], ['bob', 401, @bob]) {
    my ($who, $status, @ask) = @$case;
    $res = get('/secret/new?expect-policy-limits=PUT', @ask);
    is($res->{status}, $status, "$who may not write: $status");
    is(fields($res, 'www-authenticate'), 'Basic realm="users"',
       'with the challenge');
    unlike($res->{body}, qr/10485760|max_size/, 'and nothing more');
    is(fields(options('/secret/new', @ask), 'upload-limit'), '',
       'OPTIONS does not tell the limits');
}
is(limits('/secret/new', for => 'POST')->{quota_remaining}, undef,
   'POST needs no user there, so that its limits are told; what is left is not');

$server->measured_ok("$site/secret", '/secret/x');
my $left = limits('/secret/new', @alice);
is_deeply([ @$left{qw(quota_remaining allowance_remaining)} ], [9999, 5000],
          'alice is told what is left');
is($server->put('/secret/a', 3000,
                headers => [ @{ $alice[1] }, 'Content-Type: image/png' ])
       ->{status}, 201, 'she uploads');
$server->settled_ok;
$left = limits('/secret/new', @alice);
is_deeply([ @$left{qw(quota_remaining allowance_remaining)} ], [6999, 2000],
          'and it is less');
my $slow = $server->begin('/secret/b', 1500,
                          headers => [ @{ $alice[1] },
                                       'Content-Type: image/png' ]);
ok(ExpectPolicy::Ledger::is_admitted($slow), 'one more is under way');
$left = limits('/secret/new', @alice);
is_deeply([ @$left{qw(quota_remaining allowance_remaining)} ], [5499, 500],
          'which counts while it lasts');
ExpectPolicy::Ledger::drop($slow);

my $hidden = limits('/token/new');
is_deeply($hidden, {
    method => 'PUT', supported_expectations => ['100-continue'],
    authentication_schemes => [qw(Bearer Basic)],
}, 'without credentials, nothing that comes behind them');
is(fields(options('/token/new'), 'upload-limit'), '', 'in OPTIONS, too');
my @token = (headers => ['Authorization: Bearer x']);
is(limits('/token/new', @token)->{max_size}, 10_485_760, 'with them, all');
is(limits('/token/new', @token)->{continue_above}, 1_048_576, 'of it');
is(fields(options('/token/new', @token), 'upload-limit'), 'max-size=10485760',
   'in OPTIONS, too');

# ---------------------------------------------------------------- CORS

for my $method (qw(PUT POST DELETE)) {
    $res = options('/cross/new',
                   headers => [ 'Origin: https://app.example',
                                "Access-Control-Request-Method: $method",
                                'Access-Control-Request-Headers: content-type' ]);
    is($res->{status}, 200, "a preflight for $method is never refused");
    is(fields($res, 'access-control-allow-origin'), 'https://app.example',
       'and says what the site says');
    is(fields($res, 'expect-policy-error'), '', 'and nothing of ours');
}
$res = options('/cross/new', headers => ['Origin: https://app.example']);
is(fields($res, 'link'), '', "an administrator's Header has the last word");
is(fields($res, 'access-control-allow-origin'), 'https://app.example',
   'in what is no preflight');
$res = $server->announce('/cross/new', 10,
                         headers => ['Origin: https://app.example']);
is($res->{status}, 401, 'the upload itself is refused');
is(fields($res, 'access-control-allow-origin'), 'https://app.example',
   'and a script can read why');

done_testing;
