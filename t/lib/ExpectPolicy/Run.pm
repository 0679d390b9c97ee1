package ExpectPolicy::Run;

# Apache::TestRun for one profile of t/TEST.

use strict;
use warnings;

use parent 'Apache::TestRun';

use Apache::TestConfig ();
use Apache::TestHarness ();
use Cwd ();
use TAP::Harness ();

# The last ones have only one of them, the MPM decides.
my @modules = qw(
    authn_core authn_file authz_core authz_host authz_user auth_basic
    access_compat allowmethods alias actions asis autoindex cgi_or_cgid dav
    dav_fs deflate dir env filter headers http2 include mime
    lua negotiation proxy proxy_http remoteip reqtimeout rewrite setenvif
    status
);

# Names behind what EP_PORT says, in the order of the ports.
my @ports = qw(base backend);

sub run {
    my ($self, @argv) = @_;
    my $top = Cwd::cwd();
    my $mpm = $ENV{EP_MPM};

    my $apxs = Apache::TestConfig::which('apxs')
        or die "no apxs: install apache2-dev\n";
    chomp(my $sbin = `$apxs -q sbindir`);
    chomp(my $name = `$apxs -q progname`);
    chomp(my $libexec = `$apxs -q libexecdir`);
    my $httpd = "$sbin/$name";
    -x $httpd or die "no $httpd\n";

    # What Apache::Test takes LoadModule lines from, instead of the
    # configuration of the server that this machine may be running.
    my $inherited = "$top/modules.conf";
    open my $out, '>', $inherited or die "$inherited: $!\n";
    my $cgi = $mpm eq 'prefork' ? 'cgi' : 'cgid';
    for my $module ("mpm_$mpm", map { s/cgi_or_cgid/$cgi/r } @modules) {
        # mod_http2 is not for prefork and says so on every start
        next if $module eq 'http2' && $mpm eq 'prefork';
        my $so = "$libexec/mod_$module.so";
        -f $so or die "no $so\n";
        print $out "LoadModule ${module}_module $so\n";
    }
    close $out or die "$inherited: $!\n";

    $ENV{EP_LIBEXEC} = $libexec;
    $ENV{EP_HTTPD} = $httpd;
    $ENV{EP_PROFILE} = $self->{profile};
    if ($ENV{EP_SANITIZE}) {
        # httpd itself was built without: the runtimes have to come first.
        chomp(my $asan = `gcc -print-file-name=libasan.so`);
        -f $asan or die "no libasan.so: install gcc\n";
        chomp(my $ubsan = `gcc -print-file-name=libubsan.so`);
        $ENV{EP_PRELOAD} = Cwd::realpath($asan)
            . (-f $ubsan ? ':' . Cwd::realpath($ubsan) : '');
    }

    $self->SUPER::run(
        @argv,
        -httpd => $httpd,
        -apxs => $apxs,
        -httpd_conf => $inherited,
        -port => $ENV{EP_PORT},
        -servername => '127.0.0.1',
        -defines => join(' ', uc "EP_$self->{profile}", uc "EP_$mpm"),
    );
}

# Further @names@ for the files in t/conf.
sub pre_configure {
    my ($self) = @_;
    my $port = $ENV{EP_PORT};
    $self->{conf_opts}{"${_}_port"} = ++$port for @ports;
    # the rest is for the servers that tests start by themselves
    $self->{conf_opts}{spare_port} = ++$port;
}

# The sanitizers' runtime goes into the server alone, not into this perl.
sub start {
    my ($self) = @_;
    my $logs = "$self->{test_config}{vars}{t_logs}";
    local $ENV{LD_PRELOAD} = $ENV{EP_PRELOAD} if $ENV{EP_PRELOAD};
    local $ENV{ASAN_OPTIONS} = "detect_leaks=0:abort_on_error=1:"
        . "log_path=$logs/sanitizer-asan" if $ENV{EP_PRELOAD};
    local $ENV{UBSAN_OPTIONS} = "print_stacktrace=1:halt_on_error=0:"
        . "log_path=$logs/sanitizer-ubsan" if $ENV{EP_PRELOAD};
    return $self->SUPER::start;
}

# For t/TEST, which may run them once more.
sub note_failed {
    my %failed = map { $_ => 1 } @_;
    open my $out, '>', 'failed' or die "failed: $!\n";
    print $out "$_\n" for sort keys %failed;
    close $out;
}

# Apache::TestHarness finds and sorts the tests; a harness of our own runs
# them, because it can tell how many did, and that none was skipped.
sub run_tests {
    my ($self) = @_;
    return unless $self->{opts}{'run-tests'};

    my @tests = Apache::TestHarness->get_tests({ tests => $self->{tests} });
    my $harness = TAP::Harness->new({
        verbosity => $self->{opts}{verbose} ? 1 : 0,
        lib => [ Cwd::cwd() . '/t/lib', @INC ],
        timer => 1,
        color => 0,
    });
    my $result = @tests ? $harness->runtests(@tests) : undef;

    my @wrong;
    push @wrong, 'no test file ran' unless @tests;
    if ($result) {
        push @wrong, 'not all passed: ' . $result->get_status
            unless $result->get_status eq 'PASS';
        note_failed($result->failed, $result->exit, $result->wait);
        push @wrong, 'no test was counted' unless $result->total;
        my @without = grep {
            !$result->parsers($_) || !($result->parsers($_))[0]->tests_run
        } @tests;
        push @wrong, "nothing was checked in @without" if @without;
        push @wrong, 'skipped: ' . join ' ', $result->skipped
            if $result->skipped;
    }
    return unless @wrong;
    print "$self->{profile}: $_\n" for @wrong;
    $self->stop;
    Apache::TestRun::exit_perl(0);
}

1;
