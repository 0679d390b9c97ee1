# ExpectPolicyLinger bounds how long a refused client may go on sending.  No worker
# waits for such a client, shown in a server that has only two workers.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Judge;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use IO::Select ();
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);

use constant SENDERS => 6;

my $few = $ENV{EP_MPM} eq 'prefork'
    ? "StartServers 2\nServerLimit 2\nMinSpareServers 1\nMaxSpareServers 2\n"
        . "MaxRequestWorkers 2\n"
    : "StartServers 1\nServerLimit 1\nThreadLimit 2\nThreadsPerChild 2\n"
        . "MinSpareThreads 1\nMaxSpareThreads 2\nMaxRequestWorkers 2\n";
my $server = ExpectPolicy::Server->start(<<"EOF", load => ['status']);
$few
Timeout 20
KeepAlive On
ExpectPolicy On
<LocationMatch "^/(full|short|abort)">
    ExpectPolicyRefuse closed
</LocationMatch>
<Location /short>
    ExpectPolicyLinger Short
</Location>
<Location /abort>
    ExpectPolicyLinger Abort
</Location>
<Location /limited>
    ExpectPolicyMaxSize 100K
</Location>
<Location /tiny>
    ExpectPolicyMaxSize 100
</Location>
<Location /early>
    ExpectPolicyEarlyErrors On
</Location>
<Location /by-itself>
    ExpectPolicy Off
    LimitRequestBody 1000
</Location>
<Location /server-status>
    SetHandler server-status
</Location>
EOF

sub head_to {
    my ($path, %more) = @_;
    return head_bytes(path => $path, %more);
}

# ------------------------------------------------------------ how long
# Three clients that send a little all the time, and look at nothing.
my %until = (full => 4.5, short => 4.5, abort => 4.5);
my $start = time;
my %sender = map {
    my $conn = converse(port => $server->{port});
    ExpectPolicy::Wire::put($conn, head_to("/$_", length => 1e9) . 'x' x 4096, 5);
    ($_ => { conn => $conn })
} keys %until;
while (time - $start < 4.5 && grep { !$_->{ended} } values %sender) {
    for my $sender (values %sender) {
        next if $sender->{ended};
        my $n = syswrite $sender->{conn}{sock}, 'x' x 4096;
        next if defined $n || $!{EAGAIN} || $!{EINTR};
        $sender->{ended} = time - $start;
    }
    sleep 0.03;
}
is($sender{full}{ended}, undef, 'Full: it could send for four and a half seconds');
cmp_ok($sender{short}{ended} // 99, '>', 1.5, 'Short: for about two');
cmp_ok($sender{short}{ended} // 99, '<', 4, 'and no longer');
cmp_ok($sender{abort}{ended} // 99, '<', 1, 'Abort: it was cut at once');
my $read = read_response($sender{full}{conn}, patience => 3);
is($read->{status}, 403, 'Full: and then the answer can still be read');
is(($read->{body} =~ /"error":"(\w+)"/)[0], 'closed', 'in full');
refusal_schema_ok($read);
is($sender{full}{conn}{in}, '', 'and nothing behind it');
close $_->{conn}{sock} for values %sender;

# Who asks first, or reads first, sees the answer in any case.
for my $path ('/full', '/short', '/abort') {
    for my $expect ([], ['Expect: 100-continue']) {
        my $res = ask(port => $server->{port}, path => $path, length => 1e9,
                      headers => $expect);
        refusal_ok($res, code => 'closed', status => @$expect ? 417 : 403,
                   logged => 0, name => "$path @$expect: read before content");
    }
}

# ------------------------------------------------------------ no worker
sub get_ms {
    my ($path) = @_;
    my $res = ask(port => $server->{port}, method => 'GET', patience => 8,
                  path => $path // '/plain.txt', tag => '', linger => 0,
                  headers => ['Connection: close']);
    # or a worker would wait for that
    close $res->{conn}{sock};
    return ($res->{ms}, $res);
}

# One process that sends as fast as it can, in %how's manner, on several
# connections; it never reads.  Returns its pid and the end of a pipe that is
# closed when all of them have sent a first piece.
sub senders {
    my (%how) = @_;
    pipe my $ready, my $tell or die "pipe: $!";
    defined(my $pid = fork) or die "fork: $!";
    return ($pid, $ready) if $pid && close $tell;
    my $ok = eval {
        my @conns = map { converse(port => $server->{port}) } 1 .. SENDERS;
        ExpectPolicy::Wire::put($_, $how{head}, 5) for @conns;
        close $tell;
        my $end = time + $how{seconds};
        my $select = IO::Select->new(map { $_->{sock} } @conns);
        while (time < $end) {
            if (!length $how{piece}) {
                sleep 0.05;
                next;
            }
            for my $sock ($select->can_write(0.1)) {
                my $n = syswrite $sock, $how{piece};
                # a chunk goes out whole or the rest behind it
                if (defined $n && $n < length $how{piece}) {
                    my ($conn) = grep { $_->{sock} == $sock } @conns;
                    ExpectPolicy::Wire::put($conn, substr($how{piece}, $n), 0.5);
                }
                $select->remove($sock)
                    if !defined $n && !$!{EAGAIN} && !$!{EINTR};
            }
        }
        1;
    };
    POSIX::_exit($ok ? 0 : 1);
}

# Requests next to them: the slowest, and the fewest workers seen busy, of which
# one is the one that tells.
sub next_to {
    my (%how) = @_;
    my ($pid, $ready) = senders(%how);
    my $one = <$ready>;
    sleep 0.2;
    my ($slowest, $busy, $served) = (0, 99, 0);
    my $end = time + $how{seconds} - 0.4;
    do {
        my ($ms, $res) = get_ms();
        $served++ if $res->{status} && $res->{body} eq "a plain file\n";
        $slowest = $ms if $ms > $slowest;
        ($ms, $res) = get_ms('/server-status?auto');
        $slowest = $ms if $ms > $slowest;
        my ($now) = ($res->{body} // '') =~ /^BusyWorkers: (\d+)/m;
        $busy = $now if defined $now && $now < $busy;
        sleep 0.05;
    } while (time < $end);
    waitpid $pid, 0;
    is($?, 0, 'the senders sent');
    return ($slowest, $busy, $served);
}

my $chunk = sprintf("%x\r\n", 65536) . 'x' x 65536 . "\r\n";
my @kinds = (
    ['Full, at line rate', 1.5,
     head => head_to('/full', length => 1e12), piece => 'x' x 65536],
    ['Short, at line rate', 1,
     head => head_to('/short', length => 1e12), piece => 'x' x 65536],
    ['Full, content withheld', 1,
     head => head_to('/full', length => 1e12), piece => ''],
    ['cut on its way', 1,
     head => head_to('/limited', chunked => 1), piece => $chunk],
    ['an early error', 1,
     head => head_to('/early', method => 'PUT', length => 1e12),
     piece => 'x' x 65536],
    ['small, complete, and a status that closes', 1,
     head => head_to('/limited', length => 102_401,
) . 'x' x 102_401, piece => ''],
);
for (@kinds) {
    my ($name, $seconds, @how) = @$_;
    my ($slowest, $busy, $served) = next_to(seconds => $seconds, @how);
    cmp_ok($slowest, '<', 700, "$name: a GET next to them is served at once");
    cmp_ok($served, '>=', 3, 'several times');
    is($busy, 1, 'and no worker is held');
}
# the twin: httpd closes its own refusals, with a worker each
if (!is_mpm('event')) {
    my ($slowest) = next_to(
        seconds => 2, piece => 'x' x 65536,
        head => head_to('/by-itself', method => 'PUT', length => 1e12));
    cmp_ok($slowest, '>', 700, 'httpd by itself: a GET has to wait');
}
$server->stop;
done_testing;
