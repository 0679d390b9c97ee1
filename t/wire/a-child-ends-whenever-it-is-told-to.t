# prefork ends a child in its handler of SIGTERM, at any point of the child's code.
# This must not happen while the module holds its mutex and starts its thread: the
# signal has to wait until the connection is handed over.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

if (!is_mpm('prefork')) {
    pass('other MPMs end children in a thread that does nothing else');
    done_testing;
    exit;
}

# The child tells itself to end, in the very moment, if a file is there; what
# threads a child has from its start are none of this.
my $dir = new_directory('moment');
open my $out, '>', "$dir/moment.c" or die "$dir: $!";
print $out <<"END";
#define ARMED "$dir/armed"
END
print $out <<'END';
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                   void *);

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*run)(void *), void *data)
{
    create *real;
    int result;

    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    result = real(thread, attributes, run, data);
    if (access(ARMED, F_OK) == 0) {
        kill(getpid(), SIGTERM);
    }
    return result;
}
END
close $out or die "$dir: $!";
is(system('gcc', '-shared', '-fPIC', '-O1', '-o', "$dir/moment.so",
          "$dir/moment.c", '-ldl'), 0, 'what tells it to is built')
    or die 'no compiler';

my $server;
{
    local $ENV{EP_PRELOAD} = join ' ', grep { length } $ENV{EP_PRELOAD},
        "$dir/moment.so";
    $server = ExpectPolicy::Server->start(<<'END');
StartServers 1
ServerLimit 1
MaxRequestWorkers 1
ExpectPolicy On
ExpectPolicyRefuse closed
END
}

sub children {
    return grep {
        slurp("/proc/$_/stat") =~ /\A\d+ \(.*\) [^Z] $server->{pid} /s
    } map { m{(\d+)$} } glob '/proc/[0-9]*';
}

for my $round (1 .. 2) {
    my $get = ask(port => $server->{port}, method => 'GET', linger => 0,
                  path => '/plain.txt', headers => ['Connection: close']);
    is($get->{status}, 200, 'the child is ready');
    close $get->{conn}{sock};
    my ($child) = children();
    open my $armed, '>', "$dir/armed" or die "$dir: $!";
    my $conn = converse(port => $server->{port});
    my $res = exchange($conn, path => '/', length => 1e9, linger => 0);
    is($res->{status}, 403, "a refused upload, $round");
    close $conn->{sock};
    ok(wait_until(sub { !grep { $_ == $child } children() }, 5),
       'its child ends');
    unlink "$dir/armed" or die "$dir: $!";
}
my $get = ask(port => $server->{port}, method => 'GET', path => '/plain.txt');
is($get->{status}, 200, 'the next child serves');
$server->stop;
done_testing;
