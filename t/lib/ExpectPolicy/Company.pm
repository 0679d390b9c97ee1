package ExpectPolicy::Company;

# What httpd is used with: TLS clients, front ends and backends, each started on
# a port of the run's own and ended with the test.

use strict;
use warnings;

use Exporter 'import';
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use IO::Socket::IP ();
use POSIX qw(WNOHANG);
use Socket ();
use Test::More;
use Time::HiRes qw(time sleep);

our @EXPORT = qw(guard example php_fpm fill_up scratch certificate over_tls program backend seen
                 run_client run_curl status_ok write_text refusals mixed_ok);

my @children;

# The guard under test: an httpd with further modules.  The application is at
# /app/..., it writes down every run of its own in t_logs/app.log.
sub guard {
    my ($text, @load) = @_;
    my $logs = vars('t_logs');
    my $root = vars('serverroot');
    my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';
    return ExpectPolicy::Server->start(<<"END", load => [
Timeout 4
KeepAliveTimeout 4
MaxKeepAliveRequests 0
SetEnv EP_APP_LOG "$logs/app.log"
ScriptAliasMatch "^/app(/.*)?\$" "$root/cgi-bin/app.cgi"
<IfModule mod_cgid.c>
    ScriptSock cgisock
</IfModule>
<Directory "$root/cgi-bin">
    Options +ExecCGI
</Directory>
$text
END
        qw(env setenvif headers), $cgi, @load ]);
}

# A server with examples of conf-examples/ as they are shipped.
#   names    of the files, without .conf
#   define   what the examples let be set from outside
#   load     the modules that they need
sub example {
    my (%how) = @_;
    my $top = vars('top_dir');
    my $text = join '',
        (map { "Define $_ \"$how{define}{$_}\"\n" } sort keys %{ $how{define} }),
        $how{before} // '',
        map { "Include \"$top/conf-examples/$_.conf\"\n" } @{ $how{names} };
    return ExpectPolicy::Server->start($text, load => $how{load}, count_from => undef);
}

# PHP-FPM.  Returns its socket, whose path is limited to 108 bytes.
sub php_fpm {
    my (@options) = @_;
    my $dir = scratch();
    my ($fpm) = sort glob '/usr/sbin/php-fpm*';
    die 'PHP-FPM is not installed' unless $fpm;
    write_text("$dir/fpm.conf", <<"END");
[global]
daemonize = no
error_log = $dir/fpm.log
[www]
listen = $dir/fpm
pm = static
pm.max_children = 4
clear_env = no
END
    program("$dir/fpm", $dir, $fpm, '-n', '-F', '-y', "$dir/fpm.conf",
            map { ('-d', $_) } @options);
    return "$dir/fpm";
}

# A file as large as that, with nothing in it that takes space.
sub fill_up {
    my ($file, $bytes) = @_;
    write_text($file, '');
    truncate $file, $bytes or die "$file: $!";
    return $file;
}

# A directory for one program's files.
sub scratch { return new_directory('company') }

sub write_text {
    my ($file, $text) = @_;
    open my $out, '>:raw', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
    return $file;
}

# ---------------------------------------------------------------- TLS

# A self-signed certificate and its key, in one file.
sub certificate {
    my $dir = scratch();
    run_client('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
               '-keyout', "$dir/key.pem", '-out', "$dir/cert.pem", '-days', 2,
               '-subj', '/CN=guard.test')->{exit} == 0
        or die 'openssl makes no certificate';
    return write_text("$dir/both.pem",
                      slurp("$dir/cert.pem") . slurp("$dir/key.pem"));
}

# A connection as ExpectPolicy::Wire::converse makes them, over TLS: openssl
# stands in between, so that every byte goes out when it is written.
sub over_tls {
    my ($port, @options) = @_;
    socketpair my $ours, my $theirs, Socket::AF_UNIX(), Socket::SOCK_STREAM(), 0
        or die "socketpair: $!";
    my $said = scratch() . '/s_client';
    my $pid = child(sub {
        close $ours;
        open STDIN, '<&', $theirs or die;
        open STDOUT, '>&', $theirs or die;
        open STDERR, '>', $said or die;
        exec 'openssl', 's_client', '-quiet', '-connect', "127.0.0.1:$port",
            '-servername', 'guard.test', @options;
    });
    close $theirs;
    $ours->blocking(0);
    return { sock => $ours, in => '', port => 0, eof => 0, said => $said,
             marks => { error => 0, access => 0 }, pid => $pid };
}

# ---------------------------------------------------------------- programs

# A run that is ended from outside ends what it started, too.
$SIG{$_} = sub { exit 1 } for qw(INT TERM);

# In a group of its own, so that what it starts can be ended with it.
sub child {
    my ($code) = @_;
    defined(my $pid = fork) or die "fork: $!";
    if (!$pid) {
        setpgrp 0, 0;
        alarm 0;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM);
        # what the parent is to end is none of the child's business
        @children = ();
        eval { $code->(); 1 } or print STDERR $@;
        POSIX::_exit(127);
    }
    push @children, $pid;
    return $pid;
}

# Starts a program in the foreground and waits for its port, or its socket.
sub program {
    my ($waits_for, $dir, @command) = @_;
    my $pid = child(sub {
        chdir $dir or die "$dir: $!";
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', "$dir/out" or die;
        open STDERR, '>&', \*STDOUT or die;
        exec { $command[0] } @command;
    });
    my $end = time + 30;
    while (time < $end) {
        my $is_there = $waits_for =~ /^\d+$/
            ? IO::Socket::IP->new(PeerHost => '127.0.0.1',
                                  PeerPort => $waits_for)
            : -S $waits_for;
        return $pid if $is_there;
        last if waitpid($pid, WNOHANG) != 0;
        sleep 0.05;
    }
    die "@command does not start: ", slurp("$dir/out");
}

sub end_children {
    my @pids = splice @children;
    kill TERM => -$_ for @pids;
    my $end = time + 3;
    for my $pid (@pids) {
        while (waitpid($pid, WNOHANG) == 0) {
            kill KILL => -$pid if time > $end;
            sleep 0.02;
        }
    }
}
END {
    local ($?, $@, $!);
    end_children();
}

# A client: what it said on both channels, its exit status, how long it took.
sub run_client {
    my (@command) = @_;
    my $start = time;
    open my $in, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'timeout', 60,
        @command or die "$command[0]: $!";
    binmode $in;
    my $out = do { local $/; <$in> } // '';
    close $in;
    return { out => $out, exit => $? >> 8, ms => (time - $start) * 1000 };
}

# curl, with the heads of answers in what it prints: status is that of the last answer,
# or `nothing`.
sub run_curl {
    my ($server, @arguments) = @_;
    my $got = run_client('curl', '-s', '-S', '-i', '-m', 20, @arguments);
    ($got->{status}) = reverse $got->{out} =~ m{^HTTP/1.1 ([2-9]\d\d)}mg;
    $got->{status} //= 'nothing';
    return { %$got, server => $server };
}

# What run_curl() got has this status, or one of several: `201|204`.
sub status_ok {
    my ($got, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like($got->{status}, qr/^(?:$status)$/, $name)
        or diag $got->{out}, $got->{server}->error_log;
}

# ---------------------------------------------------------------- backend

# A backend that speaks 100-continue, and writes down what reached it and when.
# By path: .../refuse-N answers N to the head and closes; all others invite and
# read the content, and tell how much it was.
sub backend {
    my $port = ExpectPolicy::Server::free_port();
    my $listen = IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 64,
                                     LocalPort => $port, ReuseAddr => 1)
        or die "backend: $!";
    my $log = scratch() . '/backend';
    write_text($log, '');
    child(sub {
        $SIG{CHLD} = 'IGNORE';
        while (1) {
            my $sock = $listen->accept or next;
            defined(my $pid = fork) or die "fork: $!";
            if (!$pid) {
                close $listen;
                serve($sock, $log);
                POSIX::_exit(0);
            }
            close $sock;
        }
    });
    close $listen;
    return { port => $port, log => $log };
}

sub record {
    my ($log, $text) = @_;
    open my $out, '>>', $log or return;
    syswrite $out, "$text\n";
}

sub serve {
    my ($sock, $log) = @_;
    my $in = '';
    my $more = sub { sysread $sock, $in, 65536, length $in };
    while (1) {
        until ($in =~ /\r\n\r\n/) {
            $more->() or return;
        }
        $in =~ s/\A(.*?\r\n)\r\n//s;
        my $head = $1;
        my ($method, $path) = $head =~ /\A(\S+) (\S+)/;
        my $expect = $head =~ /^Expect: (.*?)\r$/mi ? $1 : '-';
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;
        my $chunked = $head =~ /^Transfer-Encoding:.*chunked/mi;
        record($log, "head $path expect=$expect length=" . ($length // '-')
             . ' chunked=' . ($chunked ? 1 : 0));
        if ($path =~ /refuse-(\d{3})/) {
            my $body = "the backend says $1\n";
            syswrite $sock, "HTTP/1.1 $1 Refused\r\nContent-Length: "
                . length($body) . "\r\nContent-Type: text/plain\r\n"
                . "Connection: close\r\n\r\n$body";
            shutdown $sock, 1;
            # lingers, or the answer could be lost to a reset
            local $SIG{ALRM} = sub { POSIX::_exit(0) };
            alarm 5;
            1 while $more->() && ($in = '', 1);
            return;
        }
        if (lc $expect eq '100-continue') {
            syswrite $sock, "HTTP/1.1 100 Continue\r\n\r\n";
        }
        my $got = 0;
        if ($chunked) {
            while (1) {
                until ($in =~ /\A([0-9a-f]+)\r\n/i) {
                    $more->() or return;
                }
                my ($size) = $in =~ /\A([0-9a-f]+)/i;
                my $n = hex $size;
                my $all = length($size) + 2 + $n + 2;
                record($log, "content $path") if $n && !$got;
                until (length $in >= $all) {
                    $more->() or return;
                }
                substr $in, 0, $all, '';
                $got += $n;
                last if !$n;
            }
        }
        elsif ($length) {
            while ($got < $length) {
                if (!length $in) {
                    $more->() or return;
                }
                record($log, "content $path") if !$got;
                my $take = $length - $got;
                $take = length $in if $take > length $in;
                substr $in, 0, $take, '';
                $got += $take;
            }
        }
        record($log, "done $path received=$got");
        my $body = "received=$got\npath=$path\n";
        syswrite $sock, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    }
}

# The backend's lines about one request; waits for one that matches.
sub seen {
    my ($backend, $tag, $pattern) = @_;
    my $lines = sub {
        grep { /[?&]t=\Q$tag\E[ &]/ || /[?&]t=\Q$tag\E$/ }
            split /\n/, slurp($backend->{log});
    };
    ExpectPolicy::Wire::wait_until(sub { grep { /$pattern/ } $lines->() }, 3)
        if $pattern;
    return $lines->();
}

# ---------------------------------------------------------------- judgement

# Lines of refusals in the error log of a server.
sub refusals {
    my ($server, $pattern) = @_;
    return grep { / refused: / && (!$pattern || /$pattern/) }
        split /^/, $server->error_log;
}

# Many requests in a row on connections that are kept wherever the front end
# keeps them: refused and admitted in a fixed, mixed order, with and without
# Expect, with the content at once or withheld until it is invited.  Every
# answer has to be the one of its own request, and no content, which looks like
# requests, may be taken for one.  A front end may close a connection that it
# let stand behind a refusal: then the request is made again on a new one, as
# every client does, and has to be answered there.
#   port     of the front end
#   limit    ExpectPolicyMaxSize of /app/mixed and of /app/mixed/417, which says
#            ExpectPolicyStatus 417: httpd does not close behind it by itself
#   count    how many
# Returns how many connections there were, and answers of each status.
sub mixed_ok {
    my (%how) = @_;
    my $limit = $how{limit};
    my %count = (connections => 0);
    my @wrong;
    my ($conn, $is_used);
    for my $i (1 .. $how{count}) {
        # a fixed sequence without a short period
        my $n = ($i * 7919) % 101;
        my $large = $n % 2;
        my $asks = $n % 3 == 0;
        my $always = $n % 5 < 2;
        my $length = $large ? $limit + 1 + $n * 100 : 1 + $n % $limit;
        my $tag = ExpectPolicy::Wire::unique('mix');
        my $request = ExpectPolicy::Wire::marker_request(
            ExpectPolicy::Wire::marker());
        my $content = substr $request x (1 + $length / length $request), 0,
            $length;
        my $res;
        for my $try (1, 2) {
            if (!$conn) {
                $conn = converse(port => $how{port});
                $count{connections}++;
                $is_used = 0;
            }
            $res = exchange($conn, path => '/app/mixed' . ($always ? '/417' : ''),
                            tag => $tag,
                            length => $length, patience => 10, linger => 1,
                            $asks ? (headers => ['Expect: 100-continue'],
                                     after_100 => $content)
                                : (body => $content));
            last if $res->{status} || !$is_used || $res->{problem} ne 'closed'
                || length $conn->{in};
            $count{closed}++;
            $conn = undef;
        }
        $is_used = 1;
        my $status = $res->{status} // $res->{problem};
        $count{$status}++;
        my $runs = app_ran($res);
        my $refused = $always ? qr/^417$/ : $asks ? qr/^41[37]$/ : qr/^413$/;
        my $good = $large
            ? $status =~ $refused && !$runs && $res->{body} =~
                /"error":"content_too_large".*"requested_size":$length\b/
            : $status eq '200' && $runs == 1
                && $res->{body} =~ /^received=$length$/m;
        push @wrong, "$i: $length bytes, expect=" . ($asks ? 1 : 0)
            . ", ran $runs times: $status " . substr($res->{body}, 0, 120)
            . "|$res->{extra}"
            if !$good || length $res->{extra};
        last if @wrong > 10;
        # Who gets a final answer in place of 100 Continue has to close: where
        # the answer did not say so, what comes next is still the content.
        $conn = undef if $res->{eof} || !$res->{status}
            || $asks && !@{ $res->{interim} }
            || grep { lc $_ eq 'close' }
                ExpectPolicy::Wire::values_of($res, 'connection');
    }
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply(\@wrong, [], "$how{name}: every answer belongs to its request");
    note "$how{name}: ", join ', ', map { "$_: $count{$_}" } sort keys %count;
    return \%count;
}

1;
