# Network file systems report 2^63 bytes and more, and a client may declare as many.
# No sum of such numbers overflows to a small number.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant MOST => '9223372036854775807';

# A file system with so many blocks of a size below each directory that is called
# fs-BLOCKS-SIZE.
my $dir = ExpectPolicy::Ledger::site();
open my $out, '>', "$dir/statvfs.c" or die "$dir: $!";
print $out <<'END';
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

typedef int get(const char *, struct statvfs *);

static int tell(const char *name, const char *path, struct statvfs *fs)
{
    const char *at = strstr(path, "/fs-");
    unsigned long blocks, size;
    get *real;

    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (real(path, fs) != 0) {
        return -1;
    }
    if (at != NULL && sscanf(at, "/fs-%lu-%lu", &blocks, &size) == 2) {
        fs->f_blocks = fs->f_bfree = fs->f_bavail = blocks;
        fs->f_frsize = fs->f_bsize = size;
    }
    return 0;
}

int statvfs(const char *restrict path, struct statvfs *restrict fs)
{
    return tell("statvfs", path, fs);
}

int statvfs64(const char *restrict path, struct statvfs64 *restrict fs)
{
    return tell("statvfs64", path, (struct statvfs *)fs);
}
END
close $out or die "$dir: $!";
is(system('gcc', '-shared', '-fPIC', '-O1', '-o', "$dir/statvfs.so",
          "$dir/statvfs.c", '-ldl'), 0, 'another statvfs is built')
    or die 'no compiler';

# 2^63 - 1, 2^63 and 2^64 - 1 bytes, and twice what comes to 0 in 64 bits
my @huge = ('fs-9223372036854775807-1', 'fs-9223372036854775808-1',
            'fs-18446744073709551615-1', 'fs-2251799813685248-4096',
            'fs-4503599627370496-4096', 'fs-18446744073709551615-1048576');
my @ordinary = ('fs-1073741824-4096');
my $site = ExpectPolicy::Ledger::site();
for my $name (@huge, @ordinary) {
    mkdir "$site/$name" or die;
    for my $keep (qw(none some part all)) {
        mkdir "$site/$name/$keep" or die;
    }
}
mkdir "$site/$_" or die for qw(declared dry counted);

my $server;
{
    local $ENV{EP_PRELOAD} = join ' ', grep { length } $ENV{EP_PRELOAD},
        "$dir/statvfs.so";
    my $spaces = join '', map { <<"END" } @huge, @ordinary;
<Directory "\@site\@/$_/none">
    ExpectPolicyFreeSpace 0
</Directory>
<Directory "\@site\@/$_/some">
    ExpectPolicyFreeSpace 1M
</Directory>
<Directory "\@site\@/$_/part">
    ExpectPolicyFreeSpace 99%
</Directory>
<Directory "\@site\@/$_/all">
    ExpectPolicyFreeSpace 100%
</Directory>
END
    $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
LimitRequestBody 0
$spaces
<Directory "\@site\@/declared">
    ExpectPolicyQuota 9223372036854775806 "\@site\@/declared"
    ExpectPolicyAllowance 9223372036854775806/1w directory
</Directory>
<Directory "\@site\@/dry">
    ExpectPolicy DryRun
    ExpectPolicyQuota 9223372036854775806 "\@site\@/dry"
    ExpectPolicyAllowance 9223372036854775806/1w directory
    ExpectPolicyFreeSpace 1M
</Directory>
<Directory "\@site\@/counted">
    ExpectPolicyAllowance 5M/1w directory
</Directory>
END
}

sub lack { return (code => 'insufficient_storage',
                   members => { requested_size => $_[0] }) }

# of unknown length: what has come in is added to what is free
for my $name (@huge, @ordinary) {
    for my $keep (qw(none some part)) {
        accepted_ok($server->put_chunked("/$name/$keep/x", 3_000_000),
                    status => 201, name => "$name, $keep is to stay: content");
    }
    refusal_ok($server->put_chunked("/$name/all/x", 3_000_000),
               code => 'insufficient_storage', members => {},
               name => "$name, all is to stay: content");
}
# and what is declared is taken off
for my $name (@huge) {
    my $begun = $server->begin("/$name/none/y", MOST);
    ok(ExpectPolicy::Ledger::is_admitted($begun), "$name: all there is");
    ExpectPolicy::Ledger::drop($begun);
    $server->settled_ok;
    refusal_ok($server->announce("/$name/some/y", MOST), lack(MOST),
               name => "$name: all, where some is to stay");
    refusal_ok($server->announce("/$name/part/y", MOST), lack(MOST),
               name => "$name: all, where a part is to stay");
}
refusal_ok($server->announce("/$ordinary[0]/none/y", MOST), lack(MOST),
           name => 'an ordinary file system has no room for that');
accepted_ok($server->put("/$ordinary[0]/none/y", 3), status => 201,
            name => 'and room for 3 bytes');

# as much as a length can say
$server->measured_ok("$site/declared", '/declared/x');
refusal_ok($server->announce('/declared/x', MOST), code => 'quota_exceeded',
           members => { requested_size => MOST,
                        quota_remaining => '9223372036854775806' },
           name => 'a byte more than a quota can have');
my $all = $server->begin('/declared/x', '9223372036854775806');
ok(ExpectPolicy::Ledger::is_admitted($all), 'all of it');
refusal_ok($server->announce('/declared/y', 1), code => 'quota_exceeded',
           members => { requested_size => 1, quota_remaining => 0 },
           name => 'while all is held, not a byte more');
refusal_ok($server->put_chunked('/declared/y', 3_000_000),
           code => 'quota_exceeded', members => { quota_remaining => 0 },
           name => 'be its length unknown');
ExpectPolicy::Ledger::send_content($all, 3_000_000);
ExpectPolicy::Ledger::drop($all);
$server->settled_ok;
accepted_ok($server->put('/declared/y', 1000), status => 201,
            name => 'then it is free');

# a dry run goes on with what no limit could have
my $dry = $server->begin('/dry/x', MOST);
ok(ExpectPolicy::Ledger::is_admitted($dry), 'a dry run admits all there is');
ExpectPolicy::Ledger::send_content($dry, 3_000_000);
ExpectPolicy::Ledger::drop($dry);
accepted_ok($server->put('/dry/x', 1000), status => 201,
            name => 'and what comes after it');

# seconds to wait are rounded up
accepted_ok($server->put('/counted/x', 5_000_000), status => 201,
            name => 'an allowance is used');
my $late = $server->announce('/counted/x', 5_000_000);
is($late->{status}, 429, 'and is used up');
my ($wait) = ($late->{body} // '') =~ /"retry_after": ?(\d+)/;
cmp_ok($wait // 0, '>', 7 * 86400 - 60, 'for a week, to the second');
cmp_ok($wait // 0, '<=', 7 * 86400, 'and no longer');

$server->settled_ok;
unlike($server->error_log, qr/runtime error|exit signal/, 'nothing broke');
$server->stop;
done_testing;
