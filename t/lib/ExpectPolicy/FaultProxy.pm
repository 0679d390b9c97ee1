package ExpectPolicy::FaultProxy;

# Stands between httpd and Redis, and does to what passes what a test says:
#
#   pass            nothing
#   silent          no reply comes, and no command gets through
#   drip            a byte of each reply a second
#   late SECONDS    replies come later; the commands are carried out
#   reset           each command is carried out, and instead of its reply the
#                   connection is reset
#   close           as reset, but nothing is carried out
#   reply TEXT      each command gets this reply, and none is carried out
#
# and to each command that contains TEXT, and to no other:
#
#   reset-of TEXT          as reset
#   close-of TEXT          as close
#   late-of SECONDS TEXT   as late
#   held-of SECONDS TEXT   the connection is reset at once, and the command is carried
#                          out later

use strict;
use warnings;

use ExpectPolicy::Wire;
use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

# no test takes longer
use constant LIFE => 600;

sub start {
    my ($class, $redis_port) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64)
        or die "listen: $!";
    my $self = bless { port => $listener->sockport, owner => $$,
                       file => new_directory('proxy') . '/mode' }, $class;
    $self->set('pass');
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        eval { _serve($listener, $redis_port, $self->{file}, getppid) };
        POSIX::_exit(0);
    }
    $self->{pid} = $pid;
    return $self;
}

# From now on, for what is under way, too.
sub set {
    my ($self, $mode) = @_;
    open my $out, '>', "$self->{file}.new" or die "$self->{file}: $!";
    print $out $mode;
    close $out or die;
    rename "$self->{file}.new", $self->{file} or die;
}

sub stop {
    my ($self) = @_;
    return if !$self->{pid} || $self->{owner} != $$;
    kill 'KILL', $self->{pid};
    waitpid delete $self->{pid}, 0;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    $self->stop;
}

sub _mode {
    my ($file) = @_;
    open my $in, '<', $file or return 'pass';
    local $/;
    return <$in> // 'pass';
}

# A pair: { client, redis, out => bytes for the client, at => when they may go }
sub _serve {
    my ($listener, $redis_port, $file, $parent) = @_;
    my $end = time + LIFE;
    my @pairs;
    local $SIG{PIPE} = 'IGNORE';
    while (time < $end && getppid == $parent) {
        my @open = grep { !$_->{is_done} } @pairs;
        my %pair_of = map { ($_->{client} => $_, $_->{redis} => $_) } @open;
        my $select = IO::Select->new($listener, map { @$_{qw(client redis)} } @open);
        my @ready = $select->can_read(0.01);
        # read now: what a test said before it sent something holds for that
        my $mode = _mode($file);
        for my $ready (@ready) {
            if ($ready == $listener) {
                my $client = $listener->accept or next;
                my $redis = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                                  PeerPort => $redis_port);
                push @pairs, { client => $client, redis => $redis, out => '',
                               at => 0 } if $redis;
                next;
            }
            my $pair = $pair_of{$ready};
            next if $pair->{is_done};
            my $is_read = sysread $ready, my $bytes, 1 << 16;
            $pair->{is_done} = 1, next if !$is_read;
            $ready == $pair->{client} ? _command($pair, $mode, $bytes)
                : _reply($pair, $mode, $bytes);
        }
        _pass_on($_, $mode) for grep { !$_->{is_done} } @pairs;
        _carry_out($_) for grep { $_->{held} } @pairs;
        close $_->{client} for grep { $_->{is_done} } @pairs;
        close $_->{redis} for grep { $_->{is_done} && !$_->{held} } @pairs;
        @pairs = grep { !$_->{is_done} || $_->{held} } @pairs;
    }
}

sub _reset {
    my ($pair) = @_;
    setsockopt $pair->{client}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
    $pair->{is_done} = 1;
}

sub _command {
    my ($pair, $mode, $bytes) = @_;
    return if $mode eq 'silent';
    return _reset($pair) if $mode eq 'close';
    if ($mode =~ /^reply (.*)/s) {
        $pair->{out} .= $1;
        return;
    }
    # what happens to the reply of this command
    $pair->{of} = '';
    if ($mode =~ /^(\w+)-of (?:([\d.]+) )?(.*)/s && index($bytes, $3) >= 0) {
        return _reset($pair) if $1 eq 'close';
        if ($1 eq 'held') {
            @$pair{qw(held at)} = ($bytes, time + $2);
            return _reset($pair);
        }
        $pair->{of} = $1 eq 'late' ? "late $2" : $1;
    }
    syswrite $pair->{redis}, $bytes;
}

sub _reply {
    my ($pair, $mode, $bytes) = @_;
    return if $mode eq 'silent';
    $mode = $pair->{of} || $mode;
    return _reset($pair) if $mode eq 'reset';
    $pair->{at} = time + $1 if $mode =~ /^late (\S+)/;
    $pair->{out} .= $bytes;
}

# What was held, long after its connection was reset.
sub _carry_out {
    my ($pair) = @_;
    return if time < $pair->{at};
    syswrite $pair->{redis}, delete $pair->{held};
    sysread $pair->{redis}, my $reply, 1 << 16;
}

sub _pass_on {
    my ($pair, $mode) = @_;
    return if $pair->{out} eq '' || time < $pair->{at};
    my $bytes = $mode eq 'drip' ? substr $pair->{out}, 0, 1 : $pair->{out};
    syswrite $pair->{client}, $bytes;
    substr $pair->{out}, 0, length $bytes, '';
    $pair->{at} = time + 1 if $mode eq 'drip';
}

1;
