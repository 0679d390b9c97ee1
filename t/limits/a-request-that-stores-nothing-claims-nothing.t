# Some requests store nothing, because of their method, or because core's handler
# throws their content away.  They hold nothing of a quota, so others can use it.  A
# program may store the content of a GET: this content is claimed when it comes.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant M => 1024 * 1024;
# just below httpd's own limit of 1 GiB
use constant HUGE => 1_047_527_424;

my $site = ExpectPolicy::Ledger::site();
my $files = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(sub);
ExpectPolicy::Ledger::filled($site, 'page.html', 1000);
ExpectPolicy::Ledger::filled($files, 'page.html', 1000);
# a program that takes what it is sent, and leads on to a page
my $led = ExpectPolicy::Ledger::site();
open my $out, '>', "$led/take.cgi" or die;
print $out "#!$^X\n", <<'EOF';
1 while read STDIN, my $content, 4096;
print "Location: /page.html\r\n\r\n";
EOF
close $out or die;
chmod 0755, "$led/take.cgi" or die;
my $server = ExpectPolicy::Ledger->start(<<"MORE" . <<'END', site => $site);
Alias /files "$files"
ScriptAlias /led/ "$led/"
<Directory "$led">
    Options +ExecCGI
    Require all granted
    ExpectPolicyQuota 1000M "\@site\@"
</Directory>
<Directory "$files">
    Require all granted
    ExpectPolicyQuota 1000M "\@site\@"
    ExpectPolicyConcurrent 2 host
</Directory>
MORE
<Directory "@site@">
    ExpectPolicyQuota 1000M
    ExpectPolicyConcurrent 2 host
</Directory>
<Location /cgi/>
    ExpectPolicyQuota 1000M "@site@"
</Location>
<Location /cgi/full>
    ExpectPolicyQuota 100K "@site@"
</Location>
END
$server->measured_ok($site, '/new');

sub held { return $server->books->{trees}{$site}{held} }

# The head alone, and then nothing.
sub announce {
    my ($method, $path, $length, @headers) = @_;
    my $conn = converse($server->here);
    ExpectPolicy::Wire::put($conn, head_bytes(
        $server->here, method => $method, path => $path, length => $length,
        headers => \@headers), 5);
    return $conn;
}

# An upload of another one's that needs nearly all of it.
sub put_fits_ok {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $other = $server->begin('/other', 900 * M);
    ok(ExpectPolicy::Ledger::is_admitted($other), $name);
    ExpectPolicy::Ledger::drop($other);
    $server->settled_ok;
}

# Many requests of each kind wait while somebody else uploads.
my %asking = (
    GET => '/page.html', HEAD => '/page.html', OPTIONS => '/page.html',
    DELETE => '/no/such', PROPFIND => '/sub/', TRACE => '/page.html',
    COPY => '/page.html', UNLOCK => '/page.html',
);
for my $method (sort keys %asking) {
    my $length = $method eq 'PROPFIND' ? M : HUGE;
    my @conns = map { announce($method, $asking{$method}, $length) } 1 .. 4;
    put_fits_ok("$method holds nothing");
    close $_->{sock} for @conns;
}
for ([POST => '/files/page.html', 200], [PUT => '/files/page.html', 405],
     [POST => '/files/none', 404], [POST => '/page.html', 200]) {
    my ($method, $path, $status) = @$_;
    # All four wait in core's handler: 100 Continue comes from there.  Until then, a
    # program could have stored the content, and the request held its length.
    my @waiting = map { $server->begin($path, HUGE, method => $method) } 1 .. 4;
    is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @waiting), 4,
       "$method $path is read");
    put_fits_ok("$method $path, which is going to be $status, holds nothing");
    ExpectPolicy::Ledger::drop(@waiting);
    my $res = ask($server->here, method => $method, path => $path, length => 5,
                  body => 'hello');
    is($res->{status}, $status, 'it is');
}
my @programs = map { announce('GET', '/cgi/app.cgi', HUGE) } 1 .. 4;
put_fits_ok('GETs to a program hold nothing before content comes');
close $_->{sock} for @programs;

# For comparison: a PUT is going to be stored.
my $put = announce('PUT', '/large', 900 * M);
ok(wait_until(sub { held() >= 900 * M }), 'a PUT holds what it announces');
my $denied = $server->begin('/other', 900 * M);
ok(!ExpectPolicy::Ledger::is_admitted($denied),
   'a second PUT that does not fit next to it is refused');
ExpectPolicy::Ledger::drop($denied);
close $put->{sock};
$server->settled_ok;
$put = announce('PROPFIND', '/sub/', 900 * M);
ok(wait_until(sub { held() >= 900 * M }),
   'content larger than a query can be is held');
close $put->{sock};
$server->settled_ok;

# What comes to a program counts, whatever the method.
my $get = $server->put('/cgi/app.cgi', 50_000, method => 'GET');
is($get->{status}, 200, 'a program gets content with a GET');
is($server->used($site), 51_000, 'the content of a GET counts');
$get = $server->put('/cgi/full/app.cgi', 60_000, method => 'GET');
isnt($get->{status}, 200, 'it cannot pass a quota with it');
$server->settled_ok;
is($server->used($site), 51_000, 'a refused GET counts nothing');
$get = $server->put_chunked('/cgi/app.cgi', 2 * M, method => 'GET');
is($get->{status}, 200, 'a GET of unknown length is answered');
is($server->used($site), 51_000 + 2 * M, 'a GET of unknown length counts');
$get = $server->put('/cgi/full/app.cgi', 1, method => 'GET');
is($get->{status}, 507, 'a GET with content is refused where the quota is full');
is($server->put('/page.html', 500, method => 'GET')->{status}, 200,
   'a page without content is served there');

# What a program has read counts, also where it leads on to core's own handler.
my $before = $server->used($site);
is($server->put('/led/take.cgi', 7000, method => 'POST')->{status}, 200,
   'a program leads on to a page');
is($server->used($site), $before + 7000, 'what it has read counts');

# Queries are let in where it is full.
my $query = "<propfind xmlns='DAV:'><allprop/></propfind>";
my $full = ExpectPolicy::Ledger::site();
ExpectPolicy::Ledger::filled($full, 'a', 1000);
my $other = ExpectPolicy::Ledger->start(<<'END', site => $full);
<Directory "@site@">
    ExpectPolicyQuota 1000
</Directory>
END
$other->measured_ok($full, '/a') or diag 'not measured';
refusal_ok($other->announce('/b', 1), code => 'quota_exceeded',
           members => { quota_remaining => 0, requested_size => 1 },
           name => 'where it is full');
my $found = ask($other->here, method => 'PROPFIND', path => '/',
                length => length $query, body => $query,
             headers => ['Depth: 1']);
is($found->{status}, 207, 'a client may look');
is(ask($other->here, method => 'DELETE', path => '/a', length => 3,
       body => 'now')->{status}, 204, 'and delete');
$other->stop;

$server->settled_ok;
$server->stop;
done_testing;
