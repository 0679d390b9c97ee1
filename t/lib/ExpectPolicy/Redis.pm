package ExpectPolicy::Redis;

# A redis-server of its own for a test, on a socket and a port of its own, with a
# directory of its own.

use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use IO::Socket::UNIX ();
use Time::HiRes qw(time sleep);

# @arguments: further words of its command line
sub start {
    my ($class, @arguments) = @_;
    my $dir = new_directory('redis');
    my $port = ExpectPolicy::Server::free_port();
    # the path of a socket is at most some 100 bytes long
    my $self = bless { dir => $dir, port => $port, owner => $$,
                       socket => "/tmp/ep-redis-$$-$port",
                       arguments => \@arguments }, $class;
    return $self->launch;
}

# Starts it, for the first time or once more.
sub launch {
    my ($self) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>>', "$self->{dir}/log" or die;
        open STDERR, '>&', \*STDOUT or die;
        exec 'redis-server', '--port', $self->{port}, '--bind', '127.0.0.1',
            '--unixsocket', $self->{socket}, '--dir', $self->{dir},
            '--save', '', @{ $self->{arguments} } or POSIX::_exit(1);
    }
    $self->{pid} = $pid;
    my $end = time + 10;
    while (time < $end) {
        my $answer = eval { $self->command('PING') } // $@;
        return $self if $answer eq 'PONG' || $answer =~ /NOAUTH|LOADING/;
        sleep 0.02;
    }
    die "redis-server did not start: $self->{dir}/log\n";
}

# One command; a list for an array.
sub command {
    my ($self, @words) = @_;
    my $sock = IO::Socket::UNIX->new(Peer => $self->{socket})
        or die "$self->{socket}: $!";
    local $SIG{PIPE} = 'IGNORE';
    _ask($sock, 'AUTH', $self->{password}) if defined $self->{password};
    my $reply = _ask($sock, @words);
    close $sock;
    return ref $reply ? @$reply : $reply;
}

sub _ask {
    my ($sock, @words) = @_;
    print $sock '*', scalar(@words), "\r\n",
        map { '$' . length($_) . "\r\n$_\r\n" } @words;
    $sock->flush;
    return _reply($sock);
}

sub _reply {
    my ($sock) = @_;
    my $line = <$sock> // die 'Redis has closed';
    $line =~ s/\r\n\z//;
    my $kind = substr $line, 0, 1, '';
    return $line if $kind eq '+' || $kind eq ':';
    die "Redis: $line\n" if $kind eq '-';
    return undef if $line < 0;
    return [map { _reply($sock) } 1 .. $line] if $kind eq '*';
    my $text = '';
    read $sock, $text, $line + 2, length $text
        or die 'Redis has closed';
    return substr $text, 0, $line;
}

# What all accounts of a ledger, or of all ledgers, have together: {held, used}; held by
# all incarnations that Redis knows, whether their leases have ended or not.  With
# lives => 1, by those whose leases have not ended.
sub sums {
    my ($self, $name, %how) = @_;
    my %sum = (held => 0, used => 0);
    my %knows;
    for my $key (grep { /:leases$/ } $self->command('KEYS', '*')) {
        my %lease = $self->command('HGETALL', $key);
        @knows{keys %lease} = values %lease;
    }
    if ($how{lives}) {
        my ($seconds, $micros) = $self->command('TIME');
        my $now = $seconds * 1000 + $micros / 1000;
        delete @knows{grep { abs $knows{$_} <= $now } keys %knows};
    }
    my $tag = defined $name ? qr/^\{ep:\Q$name\E\}/ : qr/^\{ep:[^}]*\}/;
    for my $key (grep { /$tag:a:/ } $self->command('KEYS', '*')) {
        my %field = $self->command('HGETALL', $key);
        for (keys %field) {
            $sum{held} += $field{$_} if /^h:(.*)/ && defined $knows{$1};
            $sum{used} += $field{$_} if /^u:/;
        }
    }
    return \%sum;
}

sub url { return "redis://127.0.0.1:$_[0]{port}" }

sub stop {
    my ($self) = @_;
    return if !$self->{pid} || $self->{owner} != $$;
    kill 'CONT', $self->{pid};
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    unlink $self->{socket};
    delete $self->{pid};
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    $self->stop;
}

1;
