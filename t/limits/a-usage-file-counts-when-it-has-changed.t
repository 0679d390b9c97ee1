# A usage file that has not changed since it was read does not count later uploads.
# So it is not read again because time has passed or because another child asks.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

# The pause, a second to find the tree, another child's turn, a slow machine.
use constant SOON => 40;

# A clock that was set back by an hour after the files were written.
my $dir = ExpectPolicy::Ledger::site();
open my $out, '>', "$dir/clock.c" or die "$dir: $!";
print $out <<'END';
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/time.h>

typedef int get(struct timeval *, void *);

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    get *real;
    int result;

    *(void **)&real = dlsym(RTLD_NEXT, "gettimeofday");
    result = real(now, zone);
    now->tv_sec -= 3600;
    return result;
}
END
close $out or die "$dir: $!";
is(system('gcc', '-shared', '-fPIC', '-O1', '-o', "$dir/clock.so",
          "$dir/clock.c", '-ldl'), 0, 'another clock is built')
    or die 'no compiler';

sub say_used {
    my ($name, $text) = @_;
    ExpectPolicy::Ledger::say_used("$dir/$name", $text);
}

my $site = ExpectPolicy::Ledger::site();
for my $name (qw(same changed)) {
    say_used($name, "1000\n");
    mkdir "$site/$name" or die;
}
my $server;
{
    local $ENV{EP_PRELOAD} = join ' ', grep { length } $ENV{EP_PRELOAD},
        "$dir/clock.so";
    $server = ExpectPolicy::Ledger->start(join('', map { <<"END" }
<Directory "\@site\@/$_">
    ExpectPolicyQuota 10000 "\@site\@/$_" "usage=$dir/$_"
</Directory>
END
        qw(same changed)), site => $site);
}
$server->measured_ok("$dir/$_", "/$_/x") for qw(same changed);

sub upload_both {
    my ($number) = @_;
    for my $name (qw(same changed)) {
        accepted_ok($server->put("/$name/$number", 1500), status => 201,
                    name => "$name: an upload");
    }
}

# Rewrites one file, and waits until it was read; the other is looked at as often.
sub becomes_ok {
    my ($bytes) = @_;
    say_used('changed', "$bytes\n");
    ok(wait_until(sub {
        # asks for both
        ExpectPolicy::Ledger::drop($server->begin("/$_/x", 1))
            for qw(same changed);
        sleep 1;
        return $server->used("$dir/changed") == $bytes;
    }, SOON), 'the file that has changed is read');
    sleep 2;
}

upload_both(1);
is($server->used("$dir/$_"), 2500, "$_: counted") for qw(same changed);
becomes_ok(3000);
is($server->used("$dir/same"), 2500, 'the other one is not taken again');
upload_both(2);
$server->graceful;
becomes_ok(5000);
is($server->used("$dir/same"), 4000,
   'another child does not take the old number again');

$server->settled_ok;
$server->stop;
done_testing;
