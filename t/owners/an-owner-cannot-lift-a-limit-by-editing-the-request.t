# An owner may edit the fields and the environment of a request, and lead it to
# another place.  Limits of the server, with any expression, hold as if the owner had
# changed nothing.  Each case is compared with a place whose owner has no such line.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use File::Path qw(make_path);
use Test::More;

my $site = ExpectPolicy::Ledger::site();
sub write_file { return ExpectPolicy::Ledger::written($site, @_) }

# mod_dav answers a PUT before it is led on, so what is led on is a POST.
sub program {
    my ($name) = @_;
    write_file($name, "#!/bin/sh\nread=`wc -c`\n"
        . "printf 'Status: 201\\n\\nread=%d\\n' \$read\n");
    chmod 0755, "$site/$name";
}

# An upload of 60 bytes, and 60 more do not fit into 100.  What the server's own
# files make of a request (t/plain/.. below):
#   ACCOUNT    SetEnvIf by Host, in the virtual host
#   TENANT     SetEnvIf by X-Tenant, in the virtual host
#   REWRITTEN  RewriteRule, in the virtual host
#   SECTION    SetEnvIf in a section
my $on = "RewriteEngine On\nRewriteRule ^(x.*)\$ /target/%s/\$1 [L]\n";
my @cases = (
    # [name, expression, what the owner says, whether it leads to another place]
    ['unset', '%{reqenv:ACCOUNT}', "SetEnvIf Request_Method . !ACCOUNT\n"],
    ['unset-env', '%{env:ACCOUNT}', "SetEnvIf Request_Method . !ACCOUNT\n"],
    ['changed', '%{reqenv:ACCOUNT}', "SetEnvIf X-Serial (.+) ACCOUNT=\$1\n"],
    ['browser', '%{reqenv:ACCOUNT}', "BrowserMatch . !ACCOUNT\n"],
    ['rewritten', '%{reqenv:REWRITTEN}', "SetEnvIf Request_Method . !REWRITTEN\n"],
    ['led-env', '%{reqenv:ACCOUNT}', "SetEnvIf X-Serial (.+) ACCOUNT=\$1\n", 1],
    ['led-unset', '%{reqenv:ACCOUNT}', "UnsetEnv ACCOUNT\n", 1],
    ['led-rewritten', '%{reqenv:REWRITTEN}', '', 1],
    ['led-field', '%{HTTP:X-Tenant}', "RequestHeader unset X-Tenant\n", 1],
    ['led-req', '%{req:X-Tenant}', "RequestHeader set X-Tenant %%{UNIQUE_ID}e\n"
        . "SetEnvIf X-Serial (.+) UNIQUE_ID=\$1\n", 1],
    ['led-novary', '%{req_novary:X-Tenant}', "RequestHeader unset X-Tenant\n", 1],
    ['led-agent', '%{HTTP_USER_AGENT}', "RequestHeader unset User-Agent\n", 1],
    ['led-derived', '%{reqenv:TENANT}', "RequestHeader unset X-Tenant\n", 1],
    ['led-host', '%{HTTP_HOST}', "RequestHeader set Host %%{SERIAL}e\n"
        . "SetEnvIf X-Serial (.+) SERIAL=\$1\n", 1],
    ['led-concurrent', '%{reqenv:ACCOUNT}', "SetEnvIf Request_Method . !ACCOUNT\n", 1],
    ['user', '%{REMOTE_USER}', '', 0, "AuthType Basic\nAuthName x\nRequire valid-user\n"],
    ['led-user', '%{REMOTE_USER}', '', 1,
     "AuthType Basic\nAuthName x\nRequire valid-user\n"],
    ['known', '%{reqenv:AUTHENTICATE_ACCOUNT}',
     "SetEnvIf X-Serial (.+) AUTHENTICATE_ACCOUNT=\$1\n", 0,
     "AuthType Basic\nAuthName x\nRequire valid-user\n"],
    ['led-known', '%{reqenv:AUTHENTICATE_ACCOUNT}',
     "SetEnvIf X-Serial (.+) AUTHENTICATE_ACCOUNT=\$1\n"
        . "RequestHeader set Authorization \"Basic YWxpY2U6\"\n", 1,
     "AuthType Basic\nAuthName x\nRequire valid-user\n"],
    ['section', '%{reqenv:SECTION}', '', 0, 'SetEnvIf Host ^([a-z-]+)\. SECTION=$1'],
);
# What docs/directives.md says that an owner can change, and the dump warns of.
my $free = 'RewriteEngine On' . "\nRewriteRule ^(x.*)\$ /target/%s";
my @editable = (
    ['handler', '%{HANDLER}', "RemoveHandler .x\n", 0],
    ['type', '%{CONTENT_TYPE}', "RemoveType .x\n", 0],
    ['led-query', '%{QUERY_STRING}', "$free/x1?%%{HTTP:X-Serial} [L]\n", 1],
    ['led-uri', '%{REQUEST_URI}', "$free/x1/%%{HTTP:X-Serial} [L]\n", 1],
    ['led-document', '%{DOCUMENT_URI}', "$free/x1/%%{HTTP:X-Serial} [L]\n", 1],
    ['led-info', '%{PATH_INFO}', "$free/x1/%%{HTTP:X-Serial} [L]\n", 1],
    ['led-file', '%{REQUEST_FILENAME}', "$free/\$1 [L]\n", 1],
    ['led-script', '%{SCRIPT_FILENAME}', "$free/\$1 [L]\n", 1],
    ['led-answer', '%{resp:Set-Cookie}',
     "$free/\$1 [L,CO=c:%%{HTTP:X-Serial}:.test]\n", 1],
);
my $sections = '';
for (@editable) {
    my ($name, $expression, $owner, $is_led) = @$_;
    write_file("free/$name/.htaccess",
               $is_led ? sprintf $owner, "free/$name" : $owner);
    program("target/free/$name/x$_") for 1 .. 3;
    my $limited = $is_led ? "target/free/$name" : "free/$name";
    $sections .= <<"END";
<Directory "$site/$limited">
    AddHandler h .x
    AddType text/x .x
    ExpectPolicyAllowance 100/1d expr=$expression
</Directory>
END
}
make_path("$site/free/bound-$_") for qw(handler type);
$sections .= <<"END";
<Directory "$site/free/bound-handler">
    AddHandler default-handler .x
    ExpectPolicyAllowance 100/1d expr=%{HANDLER}
</Directory>
<Directory "$site/free/bound-type">
    AddType text/x .x
    ExpectPolicyAllowance 100/1d expr=%{CONTENT_TYPE}
</Directory>
END
for (@cases) {
    my ($name, $expression, $owner, $is_led, $more) = @$_;
    for my $kind ('owned', 'twin') {
        my $place = "$kind/$name";
        my $says = $kind eq 'owned' ? sprintf $owner : '';
        # a twin is led on as well: that by itself is no dodge
        write_file("$place/.htaccess",
                   $says . ($is_led ? sprintf $on, $place : ''));
        program("target/$place/x$_") for 1, 2;
        my $limited = $is_led ? "target/$place" : $place;
        $more //= '';
        $sections .= <<"END";
<Directory "$site/$limited">
    ExpectPolicyAllowance 100/1d expr=$expression
</Directory>
<Directory "$site/$place">
    $more
</Directory>
END
    }
}
write_file('users.lua', <<'END');
function authenticate(r)
    r.user = "alice"
    r.subprocess_env["AUTHENTICATE_ACCOUNT"] = "gold"
    return apache2.OK
end
END
# what is not the server's to say
write_file('victim/.htaccess', "SetEnvIf Request_Method . LENT=victim\n");
write_file('mine/.htaccess', <<'END');
SetEnvIf Request_Method . MINE=1
ExpectPolicyAllowance 100/1d expr=%{reqenv:MINE}
END
write_file('taken/.htaccess', "SetEnvIf Request_Method . !SECTION\n");
# facts of what was sent
write_file('facts/type/.htaccess', "RequestHeader set Content-Type image/png\n"
    . sprintf $on, 'type');
write_file('facts/coding/.htaccess', "RequestHeader unset Content-Encoding\n"
    . sprintf $on, 'coding');
write_file('facts/auth/.htaccess', "RequestHeader set Authorization \"Bearer x\"\n"
    . sprintf $on, 'auth');
write_file('facts/length/.htaccess', "RequestHeader unset Content-Length\n"
    . sprintf $on, 'length');
write_file('target/length/.htaccess',
           "RequestHeader set Content-Length 40\n");
write_file('facts/less/.htaccess', "RequestHeader set Content-Length 5\n"
    . sprintf $on, 'less');
write_file('facts/gone/.htaccess', "RequestHeader unset Content-Length\n"
    . "ErrorDocument 404 /target/page/x\nOptions +ExecCGI\n"
    . "SetHandler cgi-script\n");
write_file('target/page/.htaccess', "RequestHeader set Content-Length 60\n");
program("target/$_/x") for qw(type coding auth length less page if if-first);
write_file('facts/if/.htaccess', sprintf $on, 'if');
write_file('facts/if-not/.htaccess', "RequestHeader unset X-Tenant\n"
    . sprintf $on, 'if');
write_file('target/if-first/.htaccess', "RequestHeader unset X-Tenant\n");

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
TypesConfig /dev/null
SetEnvIf Host ^([a-z-]+)\\. ACCOUNT=\$1
SetEnvIf X-Tenant (.+) TENANT=\$1
SetEnvIf X-Lent (.+) LENT=\$1
RewriteEngine On
RewriteCond %{HTTP_HOST} ^([a-z-]+)\\.
RewriteRule .* - [E=REWRITTEN:%1]
LuaHookCheckUserID "$site/users.lua" authenticate
<Directory "$site">
    AllowOverride All
</Directory>
$sections
<Directory ~ "^$site/(lent|victim)/">
    ExpectPolicyAllowance 100/1d expr=%{reqenv:LENT}
</Directory>
<Directory "$site/taken">
    SetEnvIf Host ^([a-z-]+)\\. SECTION=\$1
    ExpectPolicyAllowance 100/1d expr=%{reqenv:SECTION}
</Directory>
<Directory "$site/target">
    Options +ExecCGI
    SetHandler cgi-script
</Directory>
END
    load => [qw(authz_user headers lua mime rewrite setenvif)]);

my $serial = 0;
sub upload {
    my ($how, $path, $length, %more) = @_;
    my $host = $path =~ m{^/(?:owned|twin)/([a-z-]+)/} ? $1 : 'somebody';
    return $server->$how($path, $length, host => "$host.test", patience => 5,
                         $path =~ m{/led-} ? (method => 'POST') : (),
                         headers => ['X-Tenant: t', 'User-Agent: agent',
                                     'X-Serial: ' . ++$serial,
                                     @{ $more{headers} // [] }]);
}
# 60 bytes fit into 100, and 60 more do not.
sub limited_ok {
    my ($path, $name, %more) = @_;
    my $suffix = delete $more{suffix} // '';
    my $first = upload(put => "$path/x1$suffix", 60, %more);
    accepted_ok($first, status => 201, name => "$name: fits");
    $server->settled_ok;
    refusal_ok(upload(announce => "$path/x2$suffix", 60, %more),
               code => 'allowance_exceeded',
               by => qr/ExpectPolicyAllowance/,
               members => { allowance_remaining => 40, requested_size => 60,
                            retry_after => qr/^8[56]\d{3}$/ },
               headers => { 'Retry-After' => qr/^8[56]\d{3}$/ },
               name => "$name: no more does");
}
for my $case (@cases) {
    limited_ok("/twin/$case->[0]", "$case->[0], twin");
    limited_ok("/owned/$case->[0]", $case->[0]);
}

# An owner who says that he is somebody else uses up nothing of his.
make_path("$site/lent");
accepted_ok(upload(put => '/victim/x1', 60), status => 201, name => 'as another one');
$server->settled_ok;
limited_ok('/lent', 'the other one', headers => ['X-Lent: victim']);
refusal_ok(upload(announce => '/victim/x2', 60), code => 'allowance_exceeded',
           by => qr/ExpectPolicyAllowance/,
           members => { allowance_remaining => 40, requested_size => 60,
                        retry_after => qr/^8[56]\d{3}$/ },
           headers => { 'Retry-After' => qr/^8[56]\d{3}$/ },
           name => 'what he has used counts for him');

# His own expressions see what he has done.
limited_ok('/mine', "the owner's own");

# What docs/directives.md says that he can take back.
for my $case (@editable) {
    my ($name, $expression) = @$case;
    for (1 .. 3) {
        my $file = $name =~ /^led/ ? "x$_" : "$_.x";
        accepted_ok(upload(put => "/free/$name/$file", 60), status => 201,
                    name => "$expression is the owner's");
        $server->settled_ok;
    }
}
limited_ok("/free/bound-$_", "$_ without him", suffix => '.x') for 'handler', 'type';
for (1 .. 3) {
    accepted_ok(upload(put => "/taken/x$_", 60), status => 201,
                name => 'a variable from a section');
    $server->settled_ok;
}

# ------------------------------------------- what was sent, whatever it became

# The place that leads on has no policy, nor has the server.
$server->stop;
my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';
my $socket = is_mpm('prefork') ? '' : 'ScriptSock cgisock';
$server = ExpectPolicy::Server->start(<<"END", load => [$cgi, qw(headers rewrite)]);
$socket
KeepAlive Off
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride All
</Directory>
<Directory "$site/target">
    ExpectPolicy On
    Options +ExecCGI
    SetHandler cgi-script
</Directory>
<Directory ~ "^$site/target/if">
    <If "-n %{HTTP:X-Tenant}">
        ExpectPolicyMaxSize 50
    </If>
</Directory>
<Directory "$site/target/type">
    ExpectPolicyTypes image/png
</Directory>
<Directory "$site/target/coding">
    ExpectPolicyEncodings identity
</Directory>
<Directory "$site/target/auth">
    ExpectPolicyRequireAuth Bearer realm="x"
</Directory>
<Directory ~ "^$site/target/(length|less)/">
    ExpectPolicyMaxSize 50
</Directory>
END
sub post {
    my ($path, $length, @fields) = @_;
    return ask(port => $server->{port}, log => "$server->{dir}/error_log",
               host => 'localhost', tag => '', method => 'POST', patience => 5,
               path => $path, length => $length, body => 'x' x $length,
               headers => \@fields);
}
for (['type', 415], ['coding', 415], ['auth', 401], ['length', 413], ['less', 413]) {
    my ($fact, $status) = @$_;
    is(post("/facts/$fact/x", 60, 'Content-Type: text/plain',
            'Content-Encoding: gzip')->{status}, $status,
       "$fact: refused by what was sent");
    my $twin = post("/facts/$fact/x", 40, 'Content-Type: image/png',
                    'Authorization: Bearer x');
    is($twin->{status}, 201, "$fact: what fits comes in");
}

# An ErrorDocument of his gets nothing, either, by hiding that there is content.
like(post('/facts/gone/x', 60)->{body}, qr/^read=0$/m,
     'there is nothing for its page to read');
like(post('/target/page/x', 60)->{body}, qr/^read=60$/m,
     'which reads what is sent to it');

# <If> is httpd's to evaluate: in a place that a request is led on to, it sees what
# the owner has made of it; in the first one, what came in.
is(post('/target/if/x', 60, 'X-Tenant: t')->{status}, 413, '<If> holds');
is(post('/facts/if/x', 60, 'X-Tenant: t')->{status}, 413, 'and where that leads');
is(post('/facts/if-not/x', 60, 'X-Tenant: t')->{status}, 201,
   'but not where the owner has taken the field away');
is(post('/target/if-first/x', 60, 'X-Tenant: t')->{status}, 413,
   'which does not help in the place itself');
$server->stop;
done_testing;
