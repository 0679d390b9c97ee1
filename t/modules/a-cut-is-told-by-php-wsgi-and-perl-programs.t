# Programs under mod_php, mod_wsgi and mod_perl store what they can read, do not look at
# errors, and answer 201.  When their content is cut, the client gets the refusal all
# the same; where it is not, their own answer.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

use constant LIMIT => 300_000;
my $limit = LIMIT;
my $dir = scratch();
my $store = scratch();

write_text("$dir/store.php", <<"END");
<?php
\$out = fopen('$store/php', 'w');
\$in = fopen('php://input', 'r');
while (\$in && (\$piece = fread(\$in, 8192)) !== false && \$piece !== '') {
    fwrite(\$out, \$piece);
}
http_response_code(201);
header('Location: /stored');
echo "stored\\n";
END
write_text("$dir/form.php", <<'END');
<?php
http_response_code(201);
echo "stored\n";
END
write_text("$dir/store.wsgi", <<"END");
def application(environ, start_response):
    with open('$store/wsgi', 'wb') as out:
        try:
            while True:
                piece = environ['wsgi.input'].read(8192)
                if not piece:
                    break
                out.write(piece)
                out.flush()
        except Exception:
            pass
    start_response('201 Created', [('Content-Type', 'text/plain'),
                                   ('Location', '/stored')])
    return [b'stored\\n']
END
write_text("$dir/store.pl", <<"END");
package ExpectPolicyStore;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
sub handler {
    my (\$r) = \@_;
    open my \$out, '>', '$store/perl' or die;
    eval { print \$out \$_ while \$r->read(\$_, 8192) > 0 };
    close \$out;
    \$r->status(201);
    \$r->content_type('text/plain');
    \$r->headers_out->{Location} = '/stored';
    \$r->print("stored\\n");
    return 0;
}
1;
END

my ($php) = sort glob "$ENV{EP_LIBEXEC}/libphp*.so";
ok($php, 'mod_php is installed') or BAIL_OUT('no mod_php');
my $server;
{
    # the mod_php of most systems knows no threads
    local $ENV{EP_MPM} = 'prefork';
    $server = ExpectPolicy::Server->start(<<"END", load => [qw(perl wsgi env)]);
LoadModule php_module $php
StartServers 2
DocumentRoot "$dir"
LogFormat "%U %>s %{EXPECT_POLICY_VERDICT}e %{EXPECT_POLICY_ERROR}e" verdicts
CustomLog access_log verdicts
WSGIChunkedRequest On
WSGIScriptAlias /wsgi "$dir/store.wsgi"
PerlRequire "$dir/store.pl"
<Directory "$dir">
    Require all granted
    ExpectPolicy On
    ExpectPolicyMaxSize $limit
</Directory>
<FilesMatch "\\.php\$">
    SetHandler application/x-httpd-php
</FilesMatch>
<Location /perl>
    SetHandler modperl
    PerlResponseHandler ExpectPolicyStore
    ExpectPolicy On
    ExpectPolicyMaxSize $limit
</Location>
END
}

sub verdict_of {
    my ($path) = @_;
    my @lines = grep { /^\Q$path\E / } split /\n/, slurp("$server->{dir}/access_log");
    return $lines[-1] // '';
}

my $boundary = 'ep-boundary';
my %program = (
    'mod_php, php://input' => { path => '/store.php', method => 'PUT', file => 'php' },
    'mod_php, which reads a form before the program runs' =>
        { path => '/form.php', method => 'POST', headers =>
          ["Content-Type: multipart/form-data; boundary=$boundary"] },
    'mod_wsgi' => { path => '/wsgi', method => 'PUT', file => 'wsgi' },
    'mod_perl' => { path => '/perl', method => 'PUT', file => 'perl' },
);
for my $name (sort keys %program) {
    my %to = %{ $program{$name} };
    my $file = delete $to{file};
    my $path = $to{path};
    my $res = ask(port => $server->{port}, host => 'localhost', tag => '', chunked => 1,
                  body => in_chunks('x' x LIMIT, 8000), %to);
    is($res->{status}, 201, "$name: content up to the limit is stored")
        or diag $server->error_log;
    is(-s "$store/$file", LIMIT, "$name: all of it") if $file;
    wait_until(sub { verdict_of($path) ne '' });
    like(verdict_of($path), qr/ 201 admitted -$/, "$name: the access log says so");

    $res = ask(port => $server->{port}, host => 'localhost', tag => '', chunked => 1,
               body => in_chunks('x' x (2 * LIMIT), 8000), %to);
    refusal_ok($res, code => 'content_too_large', status => 413, logged => 0,
               name => "$name: content that is cut is answered by the refusal",
               members => { limit => LIMIT });
    cmp_ok(-s "$store/$file", '<=', LIMIT, "$name: the program got no more than the limit")
        if $file;
    ok(wait_until(sub { verdict_of($path) =~ / 413 cut content_too_large$/ }),
       "$name: the access log says that it was cut") or diag verdict_of($path);
    like($server->error_log, qr/ cut: error=content_too_large status=413 /,
         "$name: and so does the error log");
}
$server->stop;
done_testing;
