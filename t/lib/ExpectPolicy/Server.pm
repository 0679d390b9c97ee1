package ExpectPolicy::Server;

# Configurations of their own, next to the server that Apache::Test runs: to be
# judged by `httpd -t`, or to be started.

use strict;
use warnings;

use ExpectPolicy::Wire qw(ask vars new_directory);
use IO::Socket::IP ();
use POSIX qw(WNOHANG);
use Time::HiRes qw(time sleep);

# Writes a configuration; returns its file.  %how: module => 0 leaves the module
# out, load => [further modules], first => [those before all others], htaccess...
sub configuration {
    my ($text, %how) = @_;
    my $dir = new_directory('server');
    my $libexec = $ENV{EP_LIBEXEC};
    my @load = (@{ $how{first} // [] },
                "mpm_$ENV{EP_MPM}", qw(authz_core authn_core alias dir),
                @{ $how{load} // [] });
    my $port = $how{port} // 0;
    open my $out, '>', "$dir/httpd.conf" or die "$dir: $!";
    print $out "ServerRoot \"$dir\"\n", "DefaultRuntimeDir \"$dir\"\n",
        "PidFile \"$dir/httpd.pid\"\n", "ErrorLog \"$dir/error_log\"\n",
        "ServerName 127.0.0.1\n",
        (map { "LoadModule ${_}_module $libexec/mod_$_.so\n" } @load),
        ($how{module} // 1)
            ? 'LoadModule expect_policy_module ' . vars('top_dir')
                . "/mod_expect_policy.so\n" : '',
        $port ? "Define EP_PORT $port\nListen 127.0.0.1:$port\n" : '',
        'DocumentRoot "' . vars('documentroot') . "\"\n",
        ($how{module} // 1) ? "LogLevel warn expect_policy:notice\n" : '',
        ($how{module} // 1) && defined $how{count_from}
            ? "ExpectPolicyCountFrom $how{count_from}\n" : '';
    # the first line of what a test says is line 1 of a file of its own
    open my $own, '>', "$dir/test.conf" or die "$dir: $!";
    print $own $text;
    close $own or die;
    print $out "Include \"$dir/test.conf\"\n";
    close $out or die;
    return $dir;
}

# What `httpd -t` says: exit status, and all of its output.
sub judge {
    my ($text, %how) = @_;
    # a Listen that is never bound: -t does not open it
    my $dir = configuration($text, port => 9, %how);
    my @preload = $ENV{EP_PRELOAD} ? ("LD_PRELOAD=$ENV{EP_PRELOAD}",
        'ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:log_path='
            . vars('t_logs') . '/sanitizer-asan') : ();
    open my $in, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'timeout', 20, 'env',
        @preload, $ENV{EP_HTTPD}, '-t', '-d', $dir, '-f', "$dir/httpd.conf",
        @{ $how{arguments} // [] } or die "httpd: $!";
    my $output = do { local $/; <$in> } // '';
    close $in;
    return ($? >> 8, $output, $dir);
}

# In a test, limits that count hold for each upload, however small, unless the test
# sets count_from: the value of ExpectPolicyCountFrom, or undef: no such line.
sub start {
    my ($class, $text, %how) = @_;
    my $port = free_port();
    $how{count_from} = 'Off' if !exists $how{count_from};
    my $dir = configuration($text, port => $port, %how);
    return bless({ dir => $dir, port => $port, owner => $$ }, $class)->launch;
}

# Starts it, for the first time or once more after stop(): with what its files say
# by then.
sub launch {
    my ($self) = @_;
    my $dir = $self->{dir};
    unlink "$dir/error_log";
    local $ENV{LD_PRELOAD} = $ENV{EP_PRELOAD} if $ENV{EP_PRELOAD};
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0:abort_on_error=1:log_path='
        . vars('t_logs') . '/sanitizer-asan' if $ENV{EP_PRELOAD};
    defined(my $pid = fork) or die "fork: $!";
    if (!$pid) {
        # prefork ends by signalling its whole process group: not ours
        setpgrp 0, 0;
        open STDOUT, '>', "$dir/out";
        open STDERR, '>&', \*STDOUT;
        # in the foreground: this process is the one that is ended later
        exec { $ENV{EP_HTTPD} } $ENV{EP_HTTPD}, '-d', $dir, '-f',
            "$dir/httpd.conf", '-DFOREGROUND'
            or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $end = time + 30;
    while (time < $end) {
        # httpd listens before it has done all that comes before it serves, and
        # says so in its log when it has
        return $self if $self->error_log =~ /resuming normal operations/;
        if (waitpid($pid, WNOHANG) != 0) {
            delete $self->{pid};
            last;
        }
        sleep 0.05;
    }
    die "the server does not start: " . ExpectPolicy::Wire::slurp("$dir/out")
        . ExpectPolicy::Wire::slurp("$dir/error_log");
}

# One of the ports that belong to this run of t/TEST.  A test that starts many
# servers gets the same ports again, after others are stopped.
use constant PORTS => 20;
my $turn = 0;
sub free_port {
    for (1 .. PORTS) {
        my $port = vars('spare_port') + $turn++ % PORTS;
        my $probe = IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 1,
                                        LocalPort => $port, ReuseAddr => 1);
        return $port if $probe;
    }
    die 'no free port';
}

# What a GET of that path answers.  %ask as for ask().
sub get {
    my ($self, $path, %ask) = @_;
    return ask(port => $self->{port}, host => 'localhost', method => 'GET', path => $path,
               tag => '', headers => ['Connection: close'], %ask);
}

sub error_log { return ExpectPolicy::Wire::slurp("$_[0]{dir}/error_log") }

sub has_ended {
    my ($pid, $seconds) = @_;
    my $end = time + $seconds;
    while (time < $end) {
        return 1 if waitpid($pid, WNOHANG) != 0;
        sleep 0.05;
    }
    return 0;
}

# The event MPM (2.4.49 to 2.4.71 at least) looks at the sockets of its workers
# when it is ended by SIGTERM, and crashes if one is being closed at that moment
# (close_worker_sockets() in event.c).  So this waits until no client is served.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    if ($ENV{EP_MPM} eq 'event') {
        kill WINCH => $pid;
        return if has_ended($pid, 3);
    }
    kill TERM => $pid;
    return if has_ended($pid, 10);
    kill KILL => $pid;
    waitpid $pid, 0;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    $self->stop if $self->{pid} && $self->{owner} == $$;
}

1;
