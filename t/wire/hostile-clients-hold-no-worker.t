# Hostile clients: they go on after a refusal, or never finish a request.  None of
# them keeps a worker or a descriptor, and the server can still end.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use IO::Select ();
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(time sleep);

# One child where there are threads, so that every client meets the same one.
my $mpm = is_mpm('prefork') ? <<'END' : <<'END2';
StartServers 12
ServerLimit 12
MinSpareServers 1
MaxSpareServers 12
MaxRequestWorkers 12
END
StartServers 1
ServerLimit 4
ThreadsPerChild 25
MinSpareThreads 1
MaxSpareThreads 100
MaxRequestWorkers 25
END2
my $server = ExpectPolicy::Server->start(<<"END", load => [qw(status mime)]);
$mpm
TypesConfig /dev/null
Timeout 4
GracefulShutdownTimeout 15
ExpectPolicy On
ExpectPolicyMaxSize 10
<Location /short>
    ExpectPolicyLinger Short
</Location>
<Location /abort>
    ExpectPolicyLinger Abort
</Location>
<Location /server-status>
    SetHandler server-status
</Location>
END
my $port = $server->{port};

sub children {
    my @found;
    for my $file (glob '/proc/[0-9]*/stat') {
        my ($pid, $parent) = slurp($file) =~ /\A(\d+) \(.*\) [A-Y] (\d+) /s
            or next;
        push @found, $pid if $parent == $server->{pid};
    }
    return sort { $a <=> $b } @found;
}

sub descriptors {
    my ($pid) = @_;
    opendir my $dir, "/proc/$pid/fd" or return 0;
    return scalar grep { /^\d/ } readdir $dir;
}

sub most_descriptors {
    return (sort { $b <=> $a } map { descriptors($_) } children())[0] // 0;
}

sub get {
    my ($path) = @_;
    return ask(method => 'GET', path => $path // '/plain.txt', port => $port,
               host => 'localhost', tag => '', patience => 15,
               headers => ['Connection: close']);
}

sub busy {
    my $res = get('/server-status?auto');
    # the one that answers is busy, too
    return $res->{body} =~ /^BusyWorkers: (\d+)/m ? $1 - 1 : 999;
}

sub served_ok {
    my ($name) = @_;
    my @ms;
    for (1 .. 5) {
        my $res = get();
        push @ms, $res->{status} && $res->{status} == 200 ? $res->{ms} : 1e6;
    }
    @ms = sort { $a <=> $b } @ms;
    cmp_ok($ms[-1], '<', 3000, "$name: five GETs are served")
        or diag "@ms ms";
}

sub upload {
    my ($path, %ask) = @_;
    my $conn = converse(port => $port);
    ExpectPolicy::Wire::put($conn, head_bytes(
        path => $path, host => 'localhost', length => 99_999_999_999, %ask), 5);
    return $conn;
}

sub end_with_reset {
    my ($conn) = @_;
    setsockopt $conn->{sock}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    close $conn->{sock};
}

# Every connection sends as much as is taken, up to MOST and for a number of
# seconds.  What lies in the server's buffers is read at a bounded rate, for all
# of them together: without an end of their own they would take all 30 s of it.
use constant MOST => 200_000;
my $most = MOST;
sub send_on {
    my ($seconds, @conns) = @_;
    my %sent;
    my $select = IO::Select->new(map { $_->{sock} } @conns);
    my $bytes = 'x' x 16_384;
    my $end = time + $seconds;
    my $taken = 0;
    while (time < $end && $select->count) {
        for my $sock ($select->can_write(0.2)) {
            my $n = syswrite $sock, $bytes;
            if (defined $n) {
                $taken += $n;
                $sent{$sock} += $n;
                $select->remove($sock) if $sent{$sock} >= $most;
            }
            elsif (!$!{EAGAIN} && !$!{EINTR}) {
                $select->remove($sock);
            }
        }
    }
    return $taken;
}

get() for 1 .. 20;
my $idle = most_descriptors();
cmp_ok($idle, '>', 3, "$idle descriptors, to begin with");

# ---------------------------------------------------------- resets, at a stage

my $whole = head_bytes(path => '/x', host => 'localhost', length => 5000)
    . 'x' x 3000;
my $resets = 0;
for my $how (qw(reset close half)) {
    for (my $at = 1; $at < length $whole; $at += $at < 120 ? 6 : 400) {
        my $conn = converse(port => $port);
        ExpectPolicy::Wire::put($conn, substr($whole, 0, $at), 5);
        sleep 0.01 if $at % 3;
        if ($how eq 'half') {
            shutdown $conn->{sock}, 1;
            my $res = read_response($conn, patience => 5);
            # closed, 400 or refused, but never waited for
            isnt($res->{problem} // '', 'silent', "half closed at $at")
                unless $res->{status};
            close $conn->{sock};
        }
        elsif ($how eq 'reset') {
            end_with_reset($conn);
        }
        close $conn->{sock} if $how eq 'close';
        $resets++;
    }
}
cmp_ok($resets, '>', 60, "$resets connections were broken at every stage");
served_ok('behind resets');

# ------------------------------------------------------- slow heads and drips

# fewer than there are workers: nothing here limits how slow a head may be
my @slow = map { converse(port => $port) } 1 .. 8;
for my $byte (split //, substr $whole, 0, 25) {
    ExpectPolicy::Wire::put($_, $byte, 1) for @slow;
    sleep 0.02;
}
served_ok('next to heads that drip');
my $rest = substr $whole, 25;
ExpectPolicy::Wire::put($_, $rest, 2) for @slow;
my @statuses = map { read_response($_, patience => 8)->{status} // 'none' } @slow;
is_deeply(\@statuses, [(413) x 8], 'which are refused in the end');
for my $byte (split //, 'dripping') {
    ExpectPolicy::Wire::put($_, $byte, 1) for @slow;
    sleep 0.05;
}
served_ok('next to content that drips behind a refusal');
ok(wait_until(sub { busy() == 0 }, 5), 'nobody is held by it');
close $_->{sock} for @slow;

# ------------------------------------- more refused senders than are drained

for my $path ('/full', '/short', '/abort') {
    my $many = is_mpm('prefork') ? 100 : 300;
    my @conns = map { upload($path) } 1 .. $many;
    my $answered = grep { (read_response($_, patience => 10)->{status} // 0)
                          == 413 } @conns;
    # Abort may take the answer away from who sends on, but nobody did yet
    is($answered, $many, "$path: all $many are refused");
    served_ok("$path: next to $many that stay connected");
    my $taken = send_on(2, @conns);
    cmp_ok($taken, '>', 0, "$path: and then send on ($taken bytes)");
    served_ok("$path: next to $many that sent on");
    close $_->{sock} for @conns;
    ok(wait_until(sub { busy() == 0 }, 10), "$path: no worker is held");
    ok(wait_until(sub { most_descriptors() <= $idle + 4 }, 10),
       "$path: no descriptor is left behind")
        or diag "$idle to begin with, now " . most_descriptors();
}

# ----------------------------------------------------- senders that never close

my @stay = map { upload('/short') } 1 .. 20;
read_response($_, patience => 10) for @stay;
sleep 3.5;
ok(wait_until(sub { most_descriptors() <= $idle + 4 }, 5),
   'who does not close is closed when Short is over')
    or diag "$idle to begin with, now " . most_descriptors();
close $_->{sock} for @stay;

# More senders at line rate than one child drains at once: the oldest ones go,
# and no worker takes them over.
my $sender = fork // die "fork: $!";
if (!$sender) {
    alarm 60;
    $most = 1e12;
    my @conns = map { upload('/full') } 1 .. (is_mpm('prefork') ? 100 : 320);
    send_on(6, @conns);
    end_with_reset($_) for @conns;
    POSIX::_exit(0);
}
sleep 1.5;
served_ok('next to hundreds at line rate');
sleep 1;
served_ok('and a second later');
cmp_ok(busy(), '<', 10, 'hardly a worker is held');
waitpid $sender, 0;
is($?, 0, 'they have sent for all the time');
ok(wait_until(sub { most_descriptors() <= $idle + 4 }, 10),
   'and leave nothing behind')
    or diag "$idle to begin with, now " . most_descriptors();

# ------------------------------------------------------ ending while draining

my @old = children();
my @drained = map { upload('/full') } 1 .. 20;
read_response($_, patience => 10) for @drained;
kill USR1 => $server->{pid};
my $gone = wait_until(sub {
    send_on(0.1, @drained);
    my %now = map { $_ => 1 } children();
    return !grep { $now{$_} } @old;
}, 20);
ok($gone, 'a graceful restart ends children that drain');
served_ok('after a graceful restart');
close $_->{sock} for @drained;

@drained = map { upload('/full') } 1 .. 20;
read_response($_, patience => 10) for @drained;
my $pid = $server->{pid};
my @last = children();
my $started = time;
$server->stop;
cmp_ok(time - $started, '<', 9.5, 'and the server ends with senders about');
ok(!kill(0, $pid), 'it is gone');
is_deeply([grep { kill 0, $_ } @last], [], 'with all of its children');
unlike($server->error_log, qr/exit signal|AH00045|AH00046|still did not exit/,
       'no child had to be killed at the end');

done_testing;
