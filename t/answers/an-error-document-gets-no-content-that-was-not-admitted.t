# Some requests fail before they are judged, because of the client or of a site
# owner.  A program that is the ErrorDocument must not read their content.  After
# any internal redirect, a request is judged by what the client has sent.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die
    for qw(site off owned owned/users owned/nobody owned/open led led/strict);
sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', "$site$name" or die "$name: $!";
    print $out $text;
    close $out or die;
}
write_file('/owned/users/.htaccess', <<'END');
ErrorDocument 401 /cgi/app.cgi
AuthType Basic
AuthName x
AuthUserFile /nonexistent
Require valid-user
END
write_file('/owned/nobody/.htaccess', <<'END');
ErrorDocument 403 /cgi/app.cgi
Require all denied
END
write_file('/owned/open/.htaccess', "ErrorDocument 404 /cgi/app.cgi\n");
write_file('/led/.htaccess', <<'END');
RequestHeader set Content-Type image/png
RequestHeader set Authorization "Bearer forged"
RequestHeader unset Content-Encoding
RewriteEngine On
RewriteRule ^go$ /cgi/strict/app.cgi [L]
END
write_file('/leads.cgi', <<'END');
#!/usr/bin/perl
binmode STDIN;
my $content = do { local $/; <STDIN> };
print "Location: /site/thanks\n\n";
END
chmod 0755, "$site/leads.cgi";
write_file('/site/thanks', "thanks\n");

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
ExpectPolicyCeiling 50K
TypesConfig /dev/null
ErrorDocument 400 /cgi/app.cgi
ErrorDocument 403 /cgi/app.cgi
ErrorDocument 404 /cgi/app.cgi
<Directory "\@site\@">
    ExpectPolicyMaxSize 10K
    ExpectPolicyMethods POST
</Directory>
<Location /cgi/>
    ExpectPolicyMaxSize 10K
</Location>
<Directory "\@site\@/owned">
    AllowOverride All
    ExpectPolicyAllowance 1M/1d client
</Directory>
ScriptAlias /off/app.cgi "@{[ vars('serverroot') ]}/cgi-bin/app.cgi"
<Directory "\@site\@/led">
    AllowOverride All
</Directory>
ScriptAlias /cgi/strict/ "@{[ vars('serverroot') ]}/cgi-bin/"
<Location /cgi/strict/>
    ExpectPolicyTypes image/png
    ExpectPolicyEncodings identity
    ExpectPolicyRequireAuth Bearer realm="x"
    ExpectPolicyMaxSize 10K
</Location>
ScriptAlias /leads "$site/leads.cgi"
<Location /leads>
    ExpectPolicyMaxSize 10K
    ExpectPolicyMethods POST
</Location>
<IfModule mod_http2.c>
    H2WebSockets on
</IfModule>
ProxyPass /socket/ http://127.0.0.1:9/ upgrade=websocket
<Location /socket/>
    ExpectPolicyMethods POST
    ExpectPolicyRequireLength On
</Location>
<Location /denied>
    Require ip 192.0.2.1
</Location>
END
    load => [qw(auth_basic authn_file authz_host authz_user headers mime proxy proxy_http
                rewrite),
             has_http2() ? 'http2' : ()]);

# Content, in one chunk.
sub chunked {
    my ($bytes) = @_;
    return (chunked => 1, body => in_chunks('x' x $bytes));
}

sub sized {
    my ($bytes) = @_;
    return (length => $bytes, body => 'x' x $bytes);
}

sub post {
    my ($path, %ask) = @_;
    return ask($server->here, method => 'POST', path => $path, %ask);
}

sub empty_ok {
    my ($res, $status, $name, $ends) = @_;
    is($res->{status}, $status, "$name: $status");
    like($res->{body}, qr/^received=0$/m, 'its page reads nothing')
        or diag $res->{raw};
    like($res->{body}, qr/^length=$/m, 'and is told of nothing');
    my $conn = $res->{conn};
    if ($status == 400 || $ends) {
        # beside `Upgrade: h2c`, Connection says more than close
        ExpectPolicy::Wire::fill($conn, time + 5)
            until $conn->{eof} || $conn->{late};
        ok($conn->{eof}, 'the connection ends there');
        is($conn->{in}, '', 'with nothing behind it');
        return;
    }
    ExpectPolicy::Wire::put($conn, head_bytes(host => 'localhost', method => 'GET',
                                              path => '/site/thanks'), 5);
    my $next = read_response($conn, method => 'GET');
    is($next->{status}, 200, 'the connection goes on');
    is($next->{body}, "thanks\n", 'behind the content');
}

# ------------------------------------------------- errors by the client's doing

for my $case (['an escaped slash', '/site/%2Fx', 404],
              ['a name that is too long', '/site/' . 'x' x 300, 403],
              ['an escape that is none', '/site/%zz', 400]) {
    my ($name, $path, $status) = @$case;
    empty_ok(post($path, chunked(40_000)), $status, "$name, chunked");
    empty_ok(post($path, sized(40_000)), $status, "$name, sized");
    my $small = post($path, sized(100));
    like($small->{body}, qr/^received=0$/m,
       "$name: the program gets no small content either");
}
empty_ok(ask($server->here, raw_head => "POST /site/x HTTP/1.1\r\n"
             . "Content-Length: 40000\r\nConnection: close\r\n\r\n",
             body => 'x' x 40_000), 400, 'no Host');
my $missing = post('/site/missing', sized(100));
like($missing->{body}, qr/^received=0$/m, 'core has read what it says 404 to');
like(post('/cgi/app.cgi', sized(100))->{body}, qr/^received=100$/m,
     'the page by itself is a program like any other');

# ------------------------------------------------- errors by an owner's doing

empty_ok(post('/owned/users/x', chunked(9_000)), 401, 'Require valid-user');
empty_ok(ask($server->here, path => '/owned/users/x', sized(9_000)), 401,
         'with a method that is not accepted');
# what is thrown away counts as read: over the limit, the connection ends there
empty_ok(post('/owned/users/x', chunked(40_000)), 401, 'Require valid-user, too much', 1);
empty_ok(ask($server->here, path => '/owned/users/x', sized(40_000)), 401,
         'too much, with a method that is not accepted', 1);
my $asked = post('/site/%2Fx', length => 40_000, headers => ['Expect: 100-continue']);
is_deeply([ $asked->{status}, $asked->{interim} ], [404, []],
          'who asks first is not invited');
like($asked->{body}, qr/^received=0$/m, 'for a page');
my $small = post('/owned/nobody/x', sized(900));
is($small->{status}, 403, 'Require all denied');
like($small->{body}, qr/^received=0$/m,
   'the program gets no content that was not counted');
is(post('/owned/nobody/x', chunked(20_000))->{status}, 403,
   'content of unknown length is denied, too');

# ------------------------------------------------------------- what leads on

my %odd = (headers => ['Content-Type: text/html', 'Content-Encoding: gzip']);
my $direct = post('/cgi/strict/app.cgi', sized(500), %odd);
is($direct->{status}, 401, 'refused by what the client has sent');
my $led = post('/led/go', sized(500), %odd);
is($led->{status}, 401, 'the same after RequestHeader has edited the fields');
my %even = (headers => ['Content-Type: image/png', 'Authorization: Bearer x']);
like(post('/led/go', sized(500), %even)->{body}, qr/^received=500$/m,
     'its twin is led on, with its content');
for my $content ([chunked(500)], [sized(500)]) {
    my $res = post('/leads', @$content);
    is($res->{status}, 200, 'a program that redirects to a GET has had the content');
    is($res->{body}, "thanks\n", 'which is none for who answers then');
}
is(post('/leads', chunked(20_000))->{status}, 413, 'if there was not too much');

# ------------------------------------------------------------- what is logged

my $mark = -s "$server->{dir}/error_log";
my $res = post('/denied', sized(50));
ok(wait_until(sub {
    return ExpectPolicy::Wire::slurp("$server->{dir}/error_log") =~ /AH01630/;
}), 'who is denied is logged');
open my $log, '<', "$server->{dir}/error_log" or die;
seek $log, $mark, 0;
is(scalar grep({ /AH01630/ } <$log>), 1, 'once');

# ------------------------------------------------------------------ WebSocket

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    my %how = (host => 'localhost', tag => '');
    my $open = $h2->request(%how, method => 'CONNECT', protocol => 'websocket',
                            path => '/socket/',
                            headers => ['sec-websocket-version: 13']);
    # nobody is there
    is($h2->answer($open)->{status}, 503, 'what opens a WebSocket is no upload');
    is($h2->answer($h2->request(%how, method => 'PUT', path => '/socket/',
                                length => 9))->{status},
       405, 'in a place where one is refused');
    isnt($h2->answer($h2->request(%how, method => 'PUT', path => '/socket/',
                                  headers => ['upgrade: websocket']))->{status},
         503, 'whatever it says');
}

done_testing;
