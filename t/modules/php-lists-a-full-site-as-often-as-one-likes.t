# A WebDAV server in PHP (as PicoDAV and Nextcloud are) on a site that is full: clients
# list, lock, log in and look for what is not there, many hundred times in a row.  What
# a program stores of queries is bounded.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

use constant { K => 1024, M => 1024 * 1024 };
my ($php) = glob "$ENV{EP_LIBEXEC}/libphp*.so";
ok($php, 'mod_php is installed') or BAIL_OUT('no mod_php');
my $dir = scratch();
mkdir "$dir/$_" or die for qw(site);
write_text("$dir/site/dav.php", <<'END');
<?php
$content = file_get_contents('php://input');
parse_str($_SERVER['QUERY_STRING'], $query);
http_response_code((int)$query['status']);
if (isset($query['store'])) {
    file_put_contents(__DIR__ . '/stored-' . $query['store'], $content);
}
echo strlen($content), "\n";
END
fill_up("$dir/site/full.bin", 2 * M);
my $server;
{
    # mod_php knows no threads
    local $ENV{EP_MPM} = 'prefork';
    $server = ExpectPolicy::Server->start(<<"END", load => ['env']);
LoadModule php_module $php
StartServers 2
DocumentRoot "$dir/site"
<Directory "$dir/site">
    Require all granted
    ExpectPolicy On
    ExpectPolicyCountFrom 64K
    ExpectPolicyQuota 1M
</Directory>
<FilesMatch "\\.php\$">
    SetHandler application/x-httpd-php
</FilesMatch>
END
}

sub asks {
    my ($method, $query, $length) = @_;
    my $res = ask(port => $server->{port}, host => 'localhost', tag => '',
                  log => "$server->{dir}/error_log", method => $method,
                  path => "/dav.php?$query", length => $length, body => 'x' x $length);
    return $res->{status} // $res->{problem};
}

ok(wait_until(sub { asks('PUT', 'status=201', 12) == 507 }, 20), 'the site is full');
my %answers;
$answers{ asks('PROPFIND', 'status=207', 500) }++ for 1 .. 500;
is_deeply(\%answers, { 207 => 500 }, '500 PROPFINDs of 500 bytes are answered');
$answers{ asks('REPORT', 'status=207', 200 * K) }++ for 1 .. 20;
is_deeply(\%answers, { 207 => 520 }, 'and 20 REPORTs of 200 K');
%answers = ();
$answers{ asks('PROPFIND', 'status=404', 300) }++ for 1 .. 500;
$answers{ asks('LOCK', 'status=404', 300) }++ for 1 .. 100;
is_deeply(\%answers, { 404 => 600 }, '600 queries for what is not there as well');
is(asks('LOCK', 'status=200', 300), 200, 'LOCK is answered');
is(asks('POST', 'status=200', 300), 200, 'and so is a login');

# a program that stores whatever comes
my $stored = 0;
$stored += asks('SEARCH', "status=201&store=$_", 100 * K) == 201 ? 100 * K : 0
    for 1 .. 20;
cmp_ok($stored, '<=', 16 * 64 * K, "what a program stores is bounded: $stored bytes");
cmp_ok($stored, '>=', 4 * 100 * K, 'and some of it is let in');
is(asks('PROPFIND', 'status=207', 200 * K), 507, 'then a large query is refused');
$server->stop;
done_testing;
