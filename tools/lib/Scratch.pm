# Licensed under the Apache License, Version 2.0; see LICENSE.

# One httpd process, under valgrind where asked for, in a scratch directory of
# its own, on a free loopback port.  httpd's children refuse to run as root, and
# valgrind writes as the user that its program has become: as root, all of it is
# run by and belongs to an ordinary user.
package Scratch;

use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep);

# Longer than any run takes: ends only a run that hangs.
use constant RUN_SECONDS => 300;

sub new {
    my ($class, $module) = @_;

    -f $module or die "no $module; build it first\n";
    my $apxs = $ENV{APXS} || 'apxs';
    my ($sbin, $name, $modules) = map {
        my $value = `$apxs -q $_`;
        chomp $value;
        $value;
    } qw(SBINDIR PROGNAME LIBEXECDIR);
    my ($uid, $gid) = $> == 0 ? (getpwnam 'nobody')[2, 3] : ($>, $) + 0);
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
        or die "no free port: $!\n";
    my $self = bless {
        dir => tempdir('ep-scratch-XXXXXX', TMPDIR => 1, CLEANUP => 1),
        httpd => "$sbin/$name", modules => $modules,
        uid => $uid, gid => $gid, port => $socket->sockport,
    }, $class;
    make_path("$self->{dir}/htdocs", "$self->{dir}/logs");
    copy($module, "$self->{dir}/module.so") or die "copy $module: $!\n";
    return $self;
}

# Writes a file below the directory; @return its path
sub file {
    my ($self, $name, $text) = @_;
    my $path = "$self->{dir}/$name";

    make_path($path =~ m{^(.*)/});
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
    return $path;
}

# The first lines of every configuration.
sub preamble {
    my ($self, @modules) = @_;
    my $load = join "\n",
        map { "LoadModule ${_}_module $self->{modules}/mod_$_.so" } @modules;

    return <<"END";
ServerRoot $self->{dir}
DefaultRuntimeDir $self->{dir}/logs
$load
Listen 127.0.0.1:$self->{port}
ServerName localhost
PidFile $self->{dir}/logs/pid
ErrorLog $self->{dir}/logs/error.log
DocumentRoot $self->{dir}/htdocs
TypesConfig /dev/null
END
}

sub connection {
    my ($self) = @_;

    return IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}",
                                 Timeout => 10);
}

# Runs httpd while $work->(PID) is done, with no options under valgrind.
# @return the output of valgrind
sub run {
    my ($self, $options, $conf, $work) = @_;
    my @valgrind = @$options ? ('valgrind', @$options) : ();
    my $said = "$self->{dir}/logs/valgrind";

    unlink $said, "$self->{dir}/logs/pid";
    system('chown', '-R', "$self->{uid}:$self->{gid}", $self->{dir}) == 0
        or die "chown $self->{dir}\n" if $> == 0;
    defined(my $pid = fork) or die "fork: $!\n";
    if (!$pid) {
        if ($> == 0) {
            $) = "$self->{gid} $self->{gid}";
            POSIX::setgid($self->{gid});
            POSIX::setuid($self->{uid});
        }
        open STDOUT, '>', '/dev/null';
        push @valgrind, "--log-file=$said" if @valgrind;
        exec @valgrind, $self->{httpd}, '-X', '-f', $conf
            or POSIX::_exit(127);
    }
    local $SIG{ALRM} = sub {
        kill KILL => $pid;
        die "the server hangs\n";
    };
    alarm RUN_SECONDS;
    for (1 .. 300) {
        last if $self->connection;
        waitpid($pid, POSIX::WNOHANG()) == 0
            or die "the server did not start:\n", slurp($said);
        sleep 0.1;
    }
    my $done = eval { $work->($pid); 1 };
    my $why = $@;
    sleep 0.5;
    kill TERM => $pid;
    waitpid $pid, 0;
    alarm 0;
    die $why unless $done;
    return slurp($said);
}

sub slurp {
    my ($path) = @_;

    open my $in, '<', $path or return '';
    local $/;
    return scalar(<$in>) // '';
}

1;
