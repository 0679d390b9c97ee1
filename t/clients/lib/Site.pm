# Licensed under the Apache License, Version 2.0; see LICENSE.

# One httpd (event) in a scratch directory, and a slow line to it.
#
#   /full /short /abort   ExpectPolicyLinger of that name, MaxSize 1M
#   /free                 takes everything (DAV)
#   /denied               httpd's own 403; no section of the module's
#
# With `without` the same server without the module.
package Site;

use strict;
use warnings;
use File::Copy qw(copy);
use FindBin ();
use POSIX ();
use Time::HiRes qw(sleep time);
use lib "$FindBin::RealBin/../../tools/lib";
use parent 'Scratch';
use Link;

use constant LIMIT => 1024 * 1024;
# What the kernel has when all clients are gone is written down within that.
use constant SETTLE_SECONDS => 5;

sub start {
    my ($class, %option) = @_;
    my $self = $class->new($option{module});
    my $dir = $self->{dir};

    $self->file("htdocs/$_/.keep", '') for qw(full short abort free denied);
    $self->file($_, '') for qw(received link.log access.log);
    # where the server's user can read it
    copy($option{received}, "$dir/received.so")
        or die "$option{received}: $!\n";
    $self->file('htdocs/page.html',
                Scratch::slurp("$FindBin::RealBin/programs/page.html"));
    my $conf = $self->file('httpd.conf', $self->configuration(%option));
    $self->give;
    defined(my $pid = fork) or die "fork: $!\n";
    if (!$pid) {
        $self->drop;
        $ENV{LD_PRELOAD} = "$dir/received.so";
        $ENV{EP_RECEIVED} = "$dir/received";
        open STDOUT, '>', '/dev/null';
        exec $self->{httpd}, '-DFOREGROUND', '-f', $conf or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    for (1 .. 200) {
        last if $self->connection;
        waitpid($pid, POSIX::WNOHANG()) == 0
            or die "the server did not start:\n",
                Scratch::slurp("$dir/logs/error.log");
        sleep 0.05;
    }
    $self->{link} = Link->start(to => $self->{port}, delay => $option{delay},
                                rate => $option{rate}, log => "$dir/link.log");
    return $self;
}

sub configuration {
    my ($self, %option) = @_;
    my $dir = $self->{dir};
    my $policy = $option{without}
        ? '' : "LoadModule expect_policy_module $dir/module.so\n";

    for my $linger ($option{without} ? () : qw(Full Short Abort)) {
        my ($place, $limit) = (lc $linger, LIMIT);
        $policy .= <<"END";
<Directory $dir/htdocs/$place>
    ExpectPolicy On
    ExpectPolicyMaxSize $limit
    ExpectPolicyLinger $linger
</Directory>
END
    }
    return $self->preamble(qw(mpm_event authz_core dir mime dav dav_fs http2))
        . <<"END";
Protocols h2c http/1.1
DavLockDB $dir/logs/dav
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
Timeout 60
# one request a connection: what follows its head is content
KeepAlive Off
# what pages tell of themselves
LogFormat "%U%q" told
CustomLog $dir/access.log told
<Directory $dir/htdocs>
    Require all granted
    LimitRequestBody 0
    Dav On
</Directory>
<Directory $dir/htdocs/denied>
    Require all denied
</Directory>
$policy
END
}

# As root, the server is run by an ordinary user, to whom the directory belongs.
sub give {
    my ($self) = @_;
    return if $> != 0;
    system('chown', '-R', "$self->{uid}:$self->{gid}", $self->{dir}) == 0
        or die "chown $self->{dir}\n";
}

sub drop {
    my ($self) = @_;
    return if $> != 0;
    $) = "$self->{gid} $self->{gid}";
    POSIX::setgid($self->{gid});
    POSIX::setuid($self->{uid});
    POSIX::_exit(126) if $> == 0 || $< == 0;
}

sub stop {
    my ($self) = @_;
    $self->{link}->stop;
    kill TERM => $self->{pid};
    for (1 .. 100) {
        return if waitpid($self->{pid}, POSIX::WNOHANG()) != 0;
        sleep 0.1;
    }
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
}

# $path over $way, 'direct' or 'link'
sub url {
    my ($self, $way, $path) = @_;
    my $port = $way eq 'direct' ? $self->{port} : $self->{link}->port;
    return "http://127.0.0.1:$port$path";
}

# Where the counting of a run begins.
sub mark {
    my ($self) = @_;
    return { received => -s "$self->{dir}/received",
             'link.log' => -s "$self->{dir}/link.log" };
}

sub lines_since {
    my ($self, $mark, $name) = @_;
    open my $in, '<', "$self->{dir}/$name" or die "$name: $!\n";
    seek $in, $mark->{$name}, 0;
    my @lines = <$in>;
    return @lines;
}

# @return bytes of content that left the client since the mark
sub content_since {
    my ($self, $mark, $way) = @_;
    my $end = time + SETTLE_SECONDS;
    my $last = '';
    my $now;
    while (time < $end) {
        (my $settled, $now) = $way eq 'direct'
            ? $self->content_received($mark) : $self->content_relayed($mark);
        # what is closed in this moment may be written down in the next one
        return $now if $settled && $last eq $now;
        $last = $settled ? $now : '';
        sleep 0.03;
    }
    return $now;
}

sub content_relayed {
    my ($self, $mark) = @_;
    my ($open, $all, $content) = (0, 0, 0);
    for ($self->lines_since($mark, 'link.log')) {
        if (/^open/) {
            $open++;
            $all++;
        }
        elsif (/^done \d+ (\d+)/) {
            $open--;
            $content += $1;
        }
    }
    return $all > 0 && $open == 0, $content;
}

sub content_received {
    my ($self, $mark) = @_;
    my %connection;
    for ($self->lines_since($mark, 'received')) {
        my ($port, $cookie, @numbers) = split ' ';
        next unless $port == $self->{port};
        my $most = $connection{$cookie} //= [0, 0, 0];
        for my $i (0 .. 2) {
            $most->[$i] = $numbers[$i] if $numbers[$i] > $most->[$i];
        }
    }
    my $content = 0;
    for (values %connection) {
        my ($received, $head, $data) = @$_;
        $content += $head > 0 ? $received - $head : $data;
    }
    return %connection && !$self->has_connections, $content;
}

# @return 1 if httpd still has a descriptor for any connection
sub has_connections {
    my ($self) = @_;
    open my $in, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";
    my $listening = '0A';
    my $port = sprintf ':%04X', $self->{port};
    while (<$in>) {
        my ($local, $state, $inode) = (split)[1, 3, 9];
        return 1 if $local =~ /\Q$port\E$/ && $state ne $listening && $inode;
    }
    return 0;
}

1;
