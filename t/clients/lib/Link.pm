# Licensed under the Apache License, Version 2.0; see LICENSE.

# A slow line between a client and a server, in user space: every byte arrives
# DELAY seconds after it has passed a bottleneck of RATE bytes a second, in
# either direction.
#
#   client ---TCP---> relay: read at RATE, keep for DELAY, write ---TCP---> server
#
# So that what a client sees is what it would see on such a line:
#   - no more is read than the line can hold, and a receiver that reads nothing
#     stops the sender;
#   - a FIN is passed on as a FIN, behind the data before it, and the other
#     direction goes on;
#   - a reset is passed on as a reset.  It arrives DELAY later, and not before
#     the data that was sent ahead of it: a socket that is closed with a reset
#     forgets what it has not delivered, so its send queue has to be empty.
# What is missing: the round trip that a handshake would take, and loss.
package Link;

use strict;
use warnings;
use Errno qw(EAGAIN EWOULDBLOCK EINTR);
use IO::Poll qw(POLLIN POLLOUT POLLERR POLLHUP);
use IO::Socket::INET;
use POSIX ();
use Socket qw(SOL_SOCKET SO_ERROR SO_LINGER SO_RCVBUF SO_SNDBUF IPPROTO_TCP
              TCP_NODELAY SHUT_WR);
use Time::HiRes qw(time);

use constant PIECE => 16 * 1024;
# What waits in front of the bottleneck, as in a small router, in seconds.
use constant QUEUE => 0.01;
# The relay's own sockets hold little; the kernel doubles it.
use constant SOCKET_BUFFER => 64 * 1024;
# linux: how much a socket has sent and the peer has not acknowledged
use constant SIOCOUTQ => 0x5411;
# A peer that acknowledges nothing for so long is reset nevertheless.
use constant RESET_PATIENCE => 5;

# start(to => PORT, delay => SECONDS, rate => BYTES_A_SECOND, log => FILE)
# The log gets "open N" and "done N CONTENT HEADS" for each connection: bytes of
# content that left the client, and what else did.
sub start {
    my ($class, %option) = @_;
    my $listener = IO::Socket::INET->new(
        Listen => 64, LocalAddr => '127.0.0.1') or die "link: $!\n";
    setsockopt $listener, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER;
    defined(my $pid = fork) or die "link: fork: $!\n";
    if (!$pid) {
        $SIG{PIPE} = 'IGNORE';
        $SIG{$_} = 'DEFAULT' for qw(INT TERM ALRM);
        open my $log, '>>', $option{log} or POSIX::_exit(1);
        $log->autoflush;
        eval { carry({ %option, log => $log, listener => $listener }) };
        print STDERR "link: $@";
        POSIX::_exit(1);
    }
    return bless { pid => $pid, port => $listener->sockport }, $class;
}

sub port { return $_[0]{port} }

sub stop {
    my ($self) = @_;
    local $?;
    kill TERM => $self->{pid};
    waitpid $self->{pid}, 0;
}

# ------------------------------------------------------------ the child

sub carry {
    my ($link) = @_;
    my @connections;
    my $count = 0;

    $link->{listener}->blocking(0);
    while (1) {
        my $poll = IO::Poll->new;
        $poll->mask($link->{listener} => POLLIN);
        my $wait = 5;
        for my $connection (@connections) {
            $wait = ask($link, $connection, $poll, $wait);
        }
        $poll->poll($wait > 0 ? $wait : 0);
        while (my $client = $link->{listener}->accept) {
            push @connections, connection($link, $client, ++$count);
        }
        for my $connection (@connections) {
            look($link, $connection, $poll);
            move($link, $connection);
        }
        @connections = grep { !$_->{done} } @connections;
    }
}

sub connection {
    my ($link, $client, $number) = @_;
    my $server = IO::Socket::INET->new(
        PeerAddr => "127.0.0.1:$link->{to}", Timeout => 10,
    ) or die "no server at $link->{to}\n";

    for my $socket ($client, $server) {
        $socket->blocking(0);
        setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
        setsockopt $socket, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER;
    }
    print { $link->{log} } "open $number\n";
    my $up = { from => $client, to => $server };
    my $down = { from => $server, to => $client };
    for my $way ($up, $down) {
        # what is on its way: [when it arrives, "data" or undef for FIN]
        @$way{qw(queue held free back)}
            = ([], 0, 0, $way == $up ? $down : $up);
    }
    return { number => $number, ways => [$up, $down], up => $up,
             content => Content->new };
}

# What to wait for, and for how long.
sub ask {
    my ($link, $connection, $poll, $wait) = @_;
    my $now = time;
    my %mask;
    for my $way (@{ $connection->{ways} }) {
        for my $end (qw(from to)) {
            $mask{ $way->{$end} } //= [$way->{$end}, 0] if $way->{$end};
        }
        if ($way->{reset_at}) {
            $wait = min($wait, $way->{reset_at} - $now, 0.005);
        }
        if (may_read($link, $way)) {
            if ($way->{free} - $now < QUEUE) {
                $mask{ $way->{from} }[1] |= POLLIN;
            }
            else {
                $wait = min($wait, $way->{free} - $now - QUEUE);
            }
        }
        if (@{ $way->{queue} }) {
            if ($way->{queue}[0][0] <= $now) {
                $mask{ $way->{to} }[1] |= POLLOUT;
            }
            else {
                $wait = min($wait, $way->{queue}[0][0] - $now);
            }
        }
    }
    # POLLERR is told even where nothing is asked for; but a mask of 0 would
    # take a socket out, and one that is closed both ways says POLLHUP for ever
    for my $asked (values %mask) {
        $poll->mask($asked->[0] => $asked->[1] | POLLERR)
            unless ${*{ $asked->[0] }}{link_closed};
    }
    return $wait;
}

sub min {
    my $least = shift;
    for (@_) {
        $least = $_ if $_ < $least;
    }
    return $least > 0 ? $least : 0;
}

sub may_read {
    my ($link, $way) = @_;
    return $way->{from} && !$way->{ended} && !$way->{reset_at}
        && $way->{held} < $link->{rate} * ($link->{delay} + QUEUE) + PIECE;
}

sub look {
    my ($link, $connection, $poll) = @_;
    for my $way (@{ $connection->{ways} }) {
        next unless $way->{from};
        my $events = $poll->events($way->{from});
        if ($events & POLLIN && may_read($link, $way)) {
            take($link, $connection, $way);
        }
        if ($way->{from} && $events & (POLLERR | POLLHUP)) {
            my $error = getsockopt $way->{from}, SOL_SOCKET, SO_ERROR;
            if ($error && unpack 'i', $error) {
                was_reset($link, $connection, $way);
            }
            elsif ($events & POLLHUP && $way->{ended}) {
                ${*{ $way->{from} }}{link_closed} = 1;
            }
        }
    }
}

# Reads a piece.  @return 1 if there may be more
sub take {
    my ($link, $connection, $way) = @_;
    my $length = sysread $way->{from}, my $piece, PIECE;
    if (!defined $length) {
        return 0 if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
        was_reset($link, $connection, $way);
        return 0;
    }
    if ($length == 0) {
        $way->{ended} = 1;
        push @{ $way->{queue} }, [arrival($link, $way, 0), undef];
        return 0;
    }
    $connection->{content}->add($piece) if $way == $connection->{up};
    $way->{held} += $length;
    push @{ $way->{queue} }, [arrival($link, $way, $length), $piece];
    return 1;
}

sub arrival {
    my ($link, $way, $bytes) = @_;
    my $now = time;
    $way->{free} = $now if $way->{free} < $now;
    $way->{free} += $bytes / $link->{rate};
    return $way->{free} + $link->{delay};
}

# The peer at the beginning of a way has reset its connection: what it had sent
# before is still on its way, what was on the way to it is lost.
sub was_reset {
    my ($link, $connection, $way) = @_;
    return if $way->{reset_at};
    if (!$way->{ended}) {
        # the kernel has told of the error already, what it has is still there
        while (my $length = sysread $way->{from}, my $piece, PIECE) {
            $connection->{content}->add($piece) if $way == $connection->{up};
            $way->{held} += $length;
            push @{ $way->{queue} }, [arrival($link, $way, $length), $piece];
        }
    }
    $way->{reset_at} = arrival($link, $way, 0);
    $way->{back}{queue} = [];
    $way->{back}{ended} = 1;
    $way->{back}{gone} = 1;
    close $way->{from};
    $way->{from} = undef;
    $way->{back}{to} = undef;
}

sub move {
    my ($link, $connection) = @_;
    my $now = time;

    for my $way (@{ $connection->{ways} }) {
        while (@{ $way->{queue} } && $way->{queue}[0][0] <= $now) {
            my $piece = $way->{queue}[0][1];
            if (!defined $piece) {
                shutdown $way->{to}, SHUT_WR;
                $way->{delivered} = 1;
                shift @{ $way->{queue} };
                next;
            }
            my $length = syswrite $way->{to}, $piece;
            if (!defined $length) {
                last if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
                was_reset($link, $connection, $way->{back});
                last;
            }
            $way->{held} -= $length;
            if ($length == length $piece) {
                shift @{ $way->{queue} };
            }
            else {
                $way->{queue}[0][1] = substr $piece, $length;
                last;
            }
        }
        pass_reset($connection, $way, $now)
            if $way->{reset_at} && $now >= $way->{reset_at}
                && !@{ $way->{queue} };
    }
    my ($up, $down) = @{ $connection->{ways} };
    finish($link, $connection)
        if $connection->{reset_passed}
            || $up->{delivered} && $down->{delivered};
}

sub pass_reset {
    my ($connection, $way, $now) = @_;
    # both ends have reset: nobody is left to tell
    if (!$way->{to}) {
        $connection->{reset_passed} = 1;
        return;
    }
    my $unacknowledged = pack 'i', 0;
    ioctl $way->{to}, SIOCOUTQ, $unacknowledged or die "SIOCOUTQ: $!\n";
    return if unpack('i', $unacknowledged) > 0
        && $now < $way->{reset_at} + RESET_PATIENCE;
    setsockopt $way->{to}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
    close $way->{to};
    $way->{to} = $way->{back}{from} = undef;
    $connection->{reset_passed} = 1;
}

sub finish {
    my ($link, $connection) = @_;
    $connection->{done} = 1;
    for my $way (@{ $connection->{ways} }) {
        close $way->{from} if $way->{from};
    }
    my $content = $connection->{content};
    printf { $link->{log} } "done %d %d %d\n", $connection->{number},
        $content->bytes, $content->others;
}

# Tells content from what else a client sends: the one head of an HTTP/1
# connection, all but the payload of DATA in HTTP/2.
package Content;

use constant PREFACE => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
use constant FRAME_HEAD => 9;

sub new {
    my ($class) = @_;
    return bless { start => '', all => 0, bytes => 0, left => 0 }, $class;
}

sub bytes { return $_[0]{bytes} }
sub others { return $_[0]{all} - $_[0]{bytes} }

sub add {
    my ($self, $piece) = @_;
    $self->{all} += length $piece;
    if ($self->{in_content}) {
        $self->{bytes} += length $piece;
        return;
    }
    $self->{start} .= $piece;
    if (!$self->{is_http2} && $self->{start} =~ /^PRI \*/) {
        return if length $self->{start} < length PREFACE;
        substr $self->{start}, 0, length PREFACE, '';
        $self->{is_http2} = 1;
    }
    if ($self->{is_http2}) {
        $self->frames;
    }
    elsif ($self->{start} =~ /\r?\n\r?\n/g) {
        $self->{bytes} += length($self->{start}) - pos $self->{start};
        $self->{in_content} = 1;
        $self->{start} = '';
    }
}

sub frames {
    my ($self) = @_;
    while (1) {
        my $have = length $self->{start};
        if ($self->{left} > 0) {
            my $piece = $have < $self->{left} ? $have : $self->{left};
            $self->{bytes} += $piece if $self->{is_data};
            substr $self->{start}, 0, $piece, '';
            $self->{left} -= $piece;
            return if $self->{left} > 0;
        }
        return if length $self->{start} < FRAME_HEAD;
        my ($high, $low, $type) = unpack 'CnC', $self->{start};
        $self->{left} = $high << 16 | $low;
        $self->{is_data} = $type == 0;
        substr $self->{start}, 0, FRAME_HEAD, '';
    }
}

1;
