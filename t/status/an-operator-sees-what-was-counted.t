# The counters, and the page that shows them: each request that was judged is
# counted once, by what it came to, for its virtual host.
#
# runs: plain
use strict;
use warnings;

use Digest::SHA ();
use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

my $logs = vars('t_logs');
my $root = vars('serverroot');
my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';
# virtual hosts are served here, the main server at the port that start() finds
my $port = ExpectPolicy::Server::free_port();
my $odd = q{x"&<b>'.test};
my $server = ExpectPolicy::Server->start(<<"END", load => [
TypesConfig /dev/null
Listen 127.0.0.1:$port
ServerName main.test
KeepAliveTimeout 4
Timeout 8
Protocols h2c http/1.1
SetEnv EP_APP_LOG "$logs/app.log"
ScriptAliasMatch "^/app(/.*)?\$" "$root/cgi-bin/app.cgi"
<IfModule mod_cgid.c>
    ScriptSock cgisock
</IfModule>
<Directory "$root/cgi-bin">
    Options +ExecCGI
</Directory>
ExpectPolicy On
ExpectPolicyMaxSize 1000
<Location /counts>
    SetHandler expect-policy-status
</Location>
<Location /server-status>
    SetHandler server-status
</Location>
<Location /app/closed>
    ExpectPolicyRefuse gone_fishing
</Location>
<Location /app/strict>
    ExpectPolicyTypes text/plain
    ExpectPolicyRequireAuth Bearer
</Location>
<Location /app/held>
    ExpectPolicyConcurrent 5 client
</Location>
<Directory "@{[ document_root() ]}/rewrite">
    RewriteEngine On
    RewriteRule "^in\$" "/app/small" [L]
    ExpectPolicyMaxSize 2000
</Directory>
<Location /app/small>
    ExpectPolicyMaxSize 500
</Location>
<Directory "@{[ document_root() ]}/sites">
    AllowOverride All
</Directory>
# the first one answers requests for all other names
<VirtualHost 127.0.0.1:$port>
    ServerName $odd
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName one.test
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName dry.test
    ExpectPolicy DryRun
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName off.test
    ExpectPolicy Off
</VirtualHost>
END
    qw(env mime rewrite status), $cgi, has_http2() ? 'http2' : () ]);

sub get {
    my ($at, $path, %how) = @_;
    return ask(port => $at, host => 'nobody.test', method => 'GET', path => $path,
               tag => '', headers => ['Connection: close'], %how);
}

sub field {
    my ($res, $name) = @_;
    return join '|', ExpectPolicy::Wire::values_of($res, lc $name);
}

sub json_of {
    my ($host) = @_;
    my $res = $host ? get($port, '/counts?format=json', host => $host)
        : get($server->{port}, '/counts?format=json');
    return eval { JSON::PP->new->utf8->decode($res->{body}) } // {};
}

# What a host has counted, without its bytes.
sub told {
    my ($host) = @_;
    my $total = json_of($host)->{total};
    return { map { $_ => $total->{$_} } qw(admitted refused would_refuse cut) };
}

# A request is counted when it is over, which may be a moment after its answer.
sub counted_ok {
    my ($host, $want, $name) = @_;
    my $full = { admitted => 0, refused => {}, would_refuse => {}, cut => {},
                 %$want };
    my $json = JSON::PP->new->canonical;
    wait_until(sub { $json->encode(told($host)) eq $json->encode($full) }, 5);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply(told($host), $full, $name);
}

# ---------------------------------------------------------------- counts

counted_ok('one.test', {}, 'all counts are 0 at first');

put_file('rewrite/there', 'x');
# Every one of these, and what it comes to where the policy is On.
my $chunks = sprintf("%x\r\n%s\r\n", 600, 'y' x 600) x 3 . "0\r\n\r\n";
my @large = (path => '/app/x', length => 1001, body => 'x' x 1001);
my @requests = (
    [ 'a small upload', admitted => undef,
      path => '/app/x', length => 1000, body => 'x' x 1000 ],
    [ 'an upload that asks first', admitted => undef,
      path => '/app/x', length => 10, headers => ['Expect: 100-continue'],
      after_100 => 'x' x 10 ],
    [ 'an upload to a path that does not exist', admitted => undef,
      path => '/missing', length => 10, body => 'x' x 10 ],
    [ 'an upload that is too large', refused => 'content_too_large', @large ],
    [ 'a second upload that is too large', refused => 'content_too_large', @large ],
    [ 'an upload that its section refuses', refused => 'refuse',
      path => "/app/closed", length => 1, body => 'x' ],
    [ 'an upload that two checks refuse', refused => 'authentication_required',
      path => '/app/strict', length => 1, body => 'x' ],
    [ 'an upload that only the second check refuses', refused =>
      'unsupported_content_type',
      path => '/app/strict', length => 1, body => 'x',
      headers => ['Authorization: Bearer x'] ],
    [ 'a list of expectations, without content', refused =>
      'unsupported_expectation', method => 'GET', path => '/app/x',
      headers => ['Expect: foo'] ],
    [ 'over the limit while it streams', cut => 'content_too_large',
      path => '/app/x', chunked => 1, body => $chunks ],
    [ 'refused where a redirect leads', refused => 'content_too_large',
      path => '/rewrite/in', length => 600, body => 'x' x 600 ],
    [ 'accepted where a redirect leads', admitted => undef,
      path => '/rewrite/in', length => 500, body => 'x' x 500 ],
    [ 'a GET', undef, undef, method => 'GET', path => '/app/x' ],
);

my %on = (admitted => 0, refused => {}, would_refuse => {}, cut => {});
my %dry = (admitted => 0, refused => {}, would_refuse => {}, cut => {});
my ($refused_bytes, $answered) = (0, 0);
for my $request (@requests) {
    my ($name, $outcome, $code, %ask) = @$request;
    my %status;
    for my $host (qw(one.test dry.test off.test)) {
        my $res = ask(port => $port, host => $host, %ask,
                      headers => ['Connection: close', @{ $ask{headers} // [] }]);
        $status{$host} = $res->{status} // $res->{problem};
        $answered++ if $res->{status};
    }
    is($status{'dry.test'}, $status{'off.test'}, "$name: a dry run is as Off");
    my $plain = $ask{path} eq '/missing' ? 404
        : ($code // '') eq 'unsupported_expectation' ? 417 : 200;
    is($status{'off.test'}, $plain,
       "$name: Off answers $plain");
    if (!$outcome) {
        next;
    }
    if ($outcome eq 'admitted') {
        $on{admitted}++;
        $dry{admitted}++;
        is($status{'one.test'}, $status{'off.test'},
           "$name: On gives the same status");
        next;
    }
    like($status{'one.test'}, qr/^4\d\d$/, "$name: On refuses");
    $on{$outcome}{$code}++;
    $dry{would_refuse}{$code}++;
    $refused_bytes += $ask{length} // 0 if $outcome eq 'refused';
}
is($answered, 3 * @requests, 'all were answered');
counted_ok('one.test', \%on, 'On: each is counted once');
counted_ok('dry.test', \%dry, 'DryRun: what On refuses and cuts would be refused');
counted_ok('off.test', {}, 'Off: nothing is counted');
counted_ok('nobody.test', {}, 'a host without uploads counts nothing');
is(json_of('one.test')->{total}{refused_bytes}, $refused_bytes,
   'bytes that refused uploads had announced');
is(json_of('dry.test')->{total}{refused_bytes}, 0, 'a dry run has refused none');

# the whole
my $whole = json_of();
is($whole->{scope}, 'server', 'the main server sees all virtual hosts');
is_deeply([ sort map { $_->{name} } @{ $whole->{hosts} } ],
          [ sort 'main.test', map { "$_:$port" } $odd, qw(one.test dry.test
            off.test) ], 'all of them');
for my $member (qw(admitted refused_bytes drained_bytes)) {
    my $sum = 0;
    $sum += $_->{$member} for @{ $whole->{hosts} };
    is($whole->{total}{$member}, $sum, "the sum of $member");
}
is_deeply($whole->{total}{would_refuse}, $dry{would_refuse}, 'and of codes');

# by the minute
my $refusals = 0;
$refusals += $_ for values %{ $on{refused} }, values %{ $on{cut} };
my $minutes = $whole->{refusals_per_minute};
is(scalar @$minutes, 60, 'sixty minutes');
my $of_last = 0;
$of_last += $_ for @$minutes[-5 .. -1];
is($of_last, $refusals, 'refused and cut, not what a dry run let pass');
is(scalar(grep { $_ } @$minutes[0 .. 54]), 0, 'and nothing before');

# what a refused client sends all the same
my $sent = ask(port => $port, host => 'one.test', path => '/app/x',
               length => 400_000, body => 'x' x 400_000);
is($sent->{status}, 413, 'a refused client that goes on sending');
my $drained = sub { json_of('one.test')->{total}{drained_bytes} };
ok(wait_until(sub { $drained->() > 0 }, 5), 'some of it is drained');
cmp_ok($drained->(), '<=', 400_000, 'and no more than was sent');
$on{refused}{content_too_large}++;

# streams of one connection, none of which ends it
if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $port);
    for my $length (1001, 1000, 1002) {
        my $id = $h2->request(path => '/app/x', host => 'one.test', tag => '',
                              length => $length);
        $h2->content($id, 'x' x $length, end => 1);
        is($h2->answer($id)->{status}, $length > 1000 ? 413 : 200,
           "HTTP/2: $length bytes");
    }
    $on{refused}{content_too_large} += 2;
    $on{admitted}++;
    counted_ok('one.test', \%on, 'each stream is counted');
}

# ---------------------------------------------------------------- who sees what

my $one = get($port, '/counts', host => 'one.test');
is($one->{status}, 200, 'a virtual host has a page of its own');
like($one->{body}, qr/<h1>Uploads: one\.test:$port</, 'with its name');
unlike($one->{body}, qr/dry\.test|off\.test|main\.test|By virtual host/,
       'and no other');
my $host_json = json_of('one.test');
is_deeply([ $host_json->{scope}, map { $_->{name} } @{ $host_json->{hosts} } ],
          [ 'host', "one.test:$port" ], 'in JSON as well');
ok(!exists $host_json->{ledger}, 'and nothing of the ledger, which is for all');

# what the ledger holds, which is for who sees all
my $claims = sub { json_of()->{ledger}{claims} // -1 };
is($claims->(), 0, 'nothing is under way');
my $slow = converse(port => $port);
ExpectPolicy::Wire::put($slow, ExpectPolicy::Wire::head_bytes(
    path => '/app/held', host => 'one.test', length => 10,
    headers => ['Connection: close']), 5);
ok(wait_until(sub { $claims->() == 1 }, 5), 'an upload under way has a claim');
like(get($server->{port}, '/counts')->{body},
     qr{<dt>Uploads under way that limits count</dt><dd>1</dd>}, 'shown on the page');
schema_ok(get($server->{port}, '/counts?format=json')->{body}, 'status.json',
          'with a ledger');
metrics_ok(get($server->{port}, '/counts?format=openmetrics')->{body},
           'with a ledger');
ExpectPolicy::Wire::put($slow, 'x' x 10, 5);
is(ExpectPolicy::Wire::read_response($slow, method => 'POST')->{status}, 200,
   'once it has all');
ok(wait_until(sub { $claims->() == 0 }, 5), 'the claim is gone');
$on{admitted}++;

# An owner names the handler: by SetHandler, as a type, in a section, by rewriting
put_file('sites/status/page', 'x');
for my $how ('SetHandler expect-policy-status',
             '<Files page>SetHandler expect-policy-status</Files>',
             'AddHandler expect-policy-status .x',
             'ForceType expect-policy-status',
             'RewriteEngine On' . "\n"
             . 'RewriteRule ^ - [H=expect-policy-status]') {
    my $text = $how =~ s{(<Files page>)(.*)(</Files>)}{$1\n$2\n$3}r;
    my $file = $how =~ /AddHandler/ ? 'page.x' : 'page';
    put_file('sites/status/page.x', 'x');
    put_file('sites/status/.htaccess', "$text\n");
    my $res = get($port, "/sites/status/$file", host => 'one.test');
    my $wanted = $how =~ /ForceType/ ? qr/^(?:200|403)$/ : qr/^403$/;
    like($res->{status}, $wanted, "not in .htaccess: $how");
    unlike($res->{body}, qr/Uploads|admitted/i, 'nothing is told');
}
put_file('sites/status/.htaccess', "# nothing\n");
is(get($port, '/sites/status/page', host => 'one.test')->{status}, 200,
   'the same file without one');
put_file('sites/status/.htaccess', "SetHandler expect-policy-status\n");
is(get($port, '/counts/sites/status/page', host => 'one.test')->{status}, 200,
   "where the server's files say it, .htaccess files do not matter");

# ---------------------------------------------------------------- the page

my $all = get($server->{port}, '/counts');
is($all->{status}, 200, 'the page of all');
is(field($all, 'content-type'), 'text/html; charset=utf-8', 'HTML');
is(field($all, 'cache-control'), 'no-store', 'not kept');
is(field($all, 'x-content-type-options'), 'nosniff', 'not guessed at');
my ($style) = $all->{body} =~ m{<style>(.*?)</style>}s;
my $hash = Digest::SHA::sha256_base64($style // '');
$hash .= '=' while length($hash) % 4;
is(field($all, 'content-security-policy'),
   "default-src 'none'; img-src data:; style-src 'sha256-$hash'; base-uri 'none';"
   . " form-action 'none'; frame-ancestors 'none'",
   'nothing is loaded, and its style sheet alone applies');
unlike($all->{body}, qr/<script|<img|<link(?! rel="icon" href="data:,">)|\bsrc=|url\(|\@import| on\w+=|style=/i,
       'nothing in it wants more');
like($all->{body}, qr{<dt>Refused</dt><dd>(\d+)</dd>}, 'numbers');
like($all->{body}, qr{<svg .*<rect .*</svg>}s, 'a chart');
# the first virtual host, whose name is harm
is(ask(port => $port, host => 'nobody.test', @large)->{status}, 413,
   'a refusal of the odd host');
counted_ok('nobody.test', { refused => { content_too_large => 1 } },
           'is counted there');
for my $at ($server->{port}, $port) {
    my $page = get($at, '/counts')->{body};
    like($page, qr/x&quot;&amp;&lt;b&gt;&#39;\.test:$port/, 'its name is escaped');
    unlike($page, qr/<b>|\.test"|x"/, 'everywhere');
    metrics_ok(get($at, '/counts?format=openmetrics')->{body}, 'an odd name');
    schema_ok(get($at, '/counts?format=json')->{body}, 'status.json');
}
schema_ok(get($port, '/counts?format=json', host => 'one.test')->{body},
          'status.json', 'one.test as the schema says');

# ---------------------------------------------------------------- forms

my $metrics = get($server->{port}, '/counts?format=openmetrics');
is(field($metrics, 'content-type'),
   'application/openmetrics-text; version=1.0.0; charset=utf-8', 'OpenMetrics');
like($metrics->{body},
     qr/^expect_policy_refused_total\{host="one\.test:$port",error="refuse"\} 1$/m,
     'a line of it');
like($metrics->{body}, qr/\n# EOF\n\z/, 'ends as it should');
is(field(get($port, '/counts?format=json'), 'content-type'), 'application/json',
   'JSON');
is(get($port, '/counts?x=y&format=json&t=1')->{status}, 200,
   'other parameters do not matter');
for my $format ('xml', '', 'JSON', 'json%00', '<b>') {
    my $res = get($port, "/counts?format=$format");
    is($res->{status}, 400, "no such format: '$format'");
    unlike($res->{body}, qr/<b>/, 'which is not repeated');
}
for my $format ('', '?format=json', '?format=openmetrics') {
    my $res = get($port, "/counts$format", method => 'HEAD');
    is($res->{status}, 200, "HEAD $format");
    is($res->{body}, '', 'has no content');
    like(field($res, 'content-type'), qr/html|json|openmetrics/, 'but a type');
}
for my $method (qw(POST PUT DELETE PATCH FOO)) {
    my $res = get($port, '/counts', method => $method, length => 0);
    like($res->{status}, qr/^405$/, "$method: 405");
    like(field($res, 'allow'), qr/\bGET\b/, 'told what is allowed');
    unlike(field($res, 'allow'), qr/\b$method\b/, 'and not what is not');
}

# mod_status
my $section = get($server->{port}, '/server-status')->{body};
like($section, qr/mod_expect_policy: uploads, all virtual hosts/,
     'a section in mod_status');
like(get($port, '/server-status', host => 'one.test')->{body},
     qr/mod_expect_policy: uploads, one\.test/, 'of one host where one is asked');
my $auto = get($port, '/server-status?auto', host => 'one.test')->{body};
like($auto, qr/^UploadsAdmitted: $on{admitted}\nUploadsRefused: \d+$/m, '?auto');
unlike($auto, qr/<|mod_expect/, 'in its form');

# ---------------------------------------------------------------- restarts

my $generation = sub {
    get($port, '/server-status?auto') ->{body} =~ /^ParentServerConfigGeneration: (\d+)/m
        ? $1 : -1;
};
my $before = $generation->();
my $since = json_of('one.test')->{since};
kill USR1 => $server->{pid};
ok(wait_until(sub { $generation->() > $before }, 15), 'a graceful restart');
counted_ok('one.test', \%on, 'leaves the counts as they are');
is(json_of('one.test')->{since}, $since, 'and their beginning');
is(ask(port => $port, host => 'one.test', @large)->{status}, 413, 'one more');
$on{refused}{content_too_large}++;
counted_ok('one.test', \%on, 'is counted on top');

done_testing;
