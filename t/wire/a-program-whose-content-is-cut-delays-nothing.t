# httpd ends a program whose upload was cut, and the program ends at once, also in a
# child that drains refused connections.  Under prefork the program is forked from
# that child, and the signal may come before exec.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

my $programs = vars('serverroot') . '/cgi-bin/';
my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';
my $one = is_mpm('prefork')
    ? "StartServers 1\nServerLimit 1\nMaxRequestWorkers 1\n"
    : "StartServers 1\nServerLimit 1\nScriptSock cgisock\n";
my $server = ExpectPolicy::Server->start(<<"EOF", load => [$cgi, 'env']);
$one
SetEnv EP_APP_LOG /dev/null
ScriptAlias /cgi/ "$programs"
<Directory "$programs">
    Options +ExecCGI
    Require all granted
</Directory>
ExpectPolicy On
<Location /cgi/>
    ExpectPolicyMaxSize 1000
</Location>
<Location /refused>
    ExpectPolicyRefuse closed
</Location>
EOF

# How long it takes from the head to the end of the connection.
sub cut_seconds {
    my $start = time;
    my $conn = converse(port => $server->{port});
    ExpectPolicy::Wire::put($conn, head_bytes(path => '/cgi/app.cgi', chunked => 1)
        . "fa\r\n" . 'x' x 250 . "\r\n400\r\n" . 'x' x 1024 . "\r\n0\r\n\r\n", 5);
    my $res = read_response($conn);
    is($res->{status}, 413, 'cut');
    ExpectPolicy::Wire::read_until($conn, time + 6, sub { 0 });
    ok($conn->{eof}, 'and closed');
    close $conn->{sock};
    return time - $start;
}

cut_seconds();
my $drained = ask(port => $server->{port}, path => '/refused', length => 1e9);
refusal_ok($drained, code => 'closed', logged => 0,
           name => 'a connection that the child drains');
close $drained->{conn}{sock};
# one of them may meet a busy machine
my @seconds = sort { $a <=> $b } map { cut_seconds() } 1 .. 5;
cmp_ok($seconds[2], '<', 2, "a cut program is gone at once: @seconds");

my $whole = ask(port => $server->{port}, path => '/cgi/app.cgi', length => 1000,
                body => 'x' x 1000);
accepted_ok($whole, name => 'a program that gets all of its upload');
is(app_says($whole)->{received}, 1000, 'reads it');
$server->stop;
done_testing;
