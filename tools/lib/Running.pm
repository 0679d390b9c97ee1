# Licensed under the Apache License, Version 2.0; see LICENSE.

# An httpd with parent and children, in a scratch directory of its own, and the
# memory, descriptors and workers that it holds.
package Running;

use strict;
use warnings;

use Scratch;
use POSIX ();
use Time::HiRes qw(sleep time);

our @ISA = ('Scratch');

# Starts httpd in the foreground of a process group of its own: prefork ends by
# signalling its whole group.
sub start {
    my ($self, $conf) = @_;

    system('chown', '-R', "$self->{uid}:$self->{gid}", $self->{dir}) == 0
        or die "chown $self->{dir}\n" if $> == 0;
    unlink "$self->{dir}/logs/pid";
    defined(my $pid = fork) or die "fork: $!\n";
    if (!$pid) {
        setpgrp 0, 0;
        if ($> == 0) {
            $) = "$self->{gid} $self->{gid}";
            POSIX::setgid($self->{gid});
            POSIX::setuid($self->{uid});
        }
        open STDOUT, '>', "$self->{dir}/logs/out" or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec { $self->{httpd} } $self->{httpd}, '-f', $conf,
            @{ $self->{arguments} // ['-DFOREGROUND'] }
            or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    $self->{owner} = $$;
    for (1 .. 300) {
        return $self if $self->connection;
        last if waitpid($pid, POSIX::WNOHANG()) != 0;
        sleep 0.1;
    }
    $self->{pid} = 0;
    die "the server did not start:\n",
        Scratch::slurp("$self->{dir}/logs/out"),
        Scratch::slurp("$self->{dir}/logs/error.log");
}

# Ends the server that this process has started, and no other one.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;

    kill TERM => $pid;
    for (1 .. 150) {
        return if waitpid($pid, POSIX::WNOHANG()) != 0;
        sleep 0.1;
    }
    kill KILL => $pid;
    waitpid $pid, 0;
    die "the server did not end within 15 seconds\n";
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    eval { $self->stop } if $self->{pid} && $self->{owner} == $$;
}

sub graceful {
    my ($self) = @_;
    kill USR1 => $self->{pid};
}

# The children, old generations included.
sub children {
    my ($self) = @_;
    my @children;

    for my $stat (glob '/proc/[0-9]*/stat') {
        my $text = Scratch::slurp($stat);
        push @children, $1
            if $text =~ /^(\d+) \(.*\) [A-Y] (\d+) /s && $2 == $self->{pid};
    }
    return sort { $a <=> $b } @children;
}

# What one process holds.  @return { pid, memory (KB), fds, threads }, or nothing
# if it has ended.  Memory is private memory: shared memory exists only once, and
# counts for a process with each page that the process has read.
sub held {
    my ($pid) = @_;
    my $status = Scratch::slurp("/proc/$pid/status");
    my ($memory) = $status =~ /^RssAnon:\s+(\d+)/m or return;
    my ($threads) = $status =~ /^Threads:\s+(\d+)/m;

    opendir my $dir, "/proc/$pid/fd" or return;
    my $fds = grep { /^\d/ } readdir $dir;
    return { pid => $pid, memory => $memory, fds => $fds, threads => $threads };
}

# The parent first.
sub everything_held {
    my ($self) = @_;
    return map { held($_) } $self->{pid}, $self->children;
}

# One request on a connection of its own.
# @return the answer's bytes and the seconds that it took; undef: none came
sub answer_to {
    my ($self, $bytes, $seconds) = @_;
    my $started = time;
    my $answer = '';
    my $done = eval {
        local $SIG{ALRM} = sub { die "late\n" };
        Time::HiRes::alarm($seconds // 10);
        my $socket = $self->connection or die "no connection\n";
        syswrite $socket, $bytes;
        while (1) {
            my $n = sysread $socket, $answer, 65536, length $answer;
            last unless $n;
        }
        1;
    };
    Time::HiRes::alarm(0);
    return (undef, time - $started) unless $done && length $answer;
    return ($answer, time - $started);
}

# What mod_status says at /server-status?auto.  @return NAME => VALUE
sub status {
    my ($self) = @_;
    my ($answer) = $self->answer_to("GET /server-status?auto HTTP/1.1\r\n"
        . "Host: localhost\r\nConnection: close\r\n\r\n");

    return defined $answer ? $answer =~ /^(\w+): (.+?)\r?$/mg : ();
}

# The lines of the log about processes that ended unexpectedly.
sub deaths {
    my ($self) = @_;
    return grep {
        /AH00052|exit signal|Sanitizer|[Aa]ssertion|runtime error:|double free
         |AH00045|AH00046|AH00047/x
    } split /^/, Scratch::slurp("$self->{dir}/logs/error.log")
        . Scratch::slurp("$self->{dir}/logs/out");
}

1;
