# The password of Redis, in a line that is right or wrong, is in nothing that httpd
# prints: not in the message for the line, nor in what mod_info shows of the
# configuration.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

my $top = vars('top_dir');
my $dir = new_directory('password');
my ($modules) = `apxs -q LIBEXECDIR` =~ /(\S+)/;

# @return what `httpd -t -D DUMP_CONFIG` prints
sub printed {
    my ($line) = @_;
    open my $out, '>', "$dir/conf" or die "$dir/conf: $!";
    print $out <<"END";
ServerRoot "$dir"
ServerName localhost
Listen 127.0.0.1:1
PidFile "$dir/pid"
ErrorLog "$dir/log"
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule info_module $modules/mod_info.so
LoadModule expect_policy_module $top/mod_expect_policy.so
LoadModule expect_policy_redis_module $top/mod_expect_policy_redis.so
ExpectPolicyLedger $line
END
    close $out or die;
    local $ENV{LD_PRELOAD} = $ENV{EP_PRELOAD} if $ENV{EP_PRELOAD};
    return `@{[vars('httpd')]} -f "$dir/conf" -t -D DUMP_CONFIG 2>&1`;
}

for my $line ('redis://:s3cret@127.0.0.1:1', 'redis://user:s3cret@127.0.0.1/1 lease=9s',
              'redis+unix://:s3cret@/run/s', 'redis://127.0.0.1:1') {
    my $said = printed($line);
    like($said, qr/^ExpectPolicyLedger redis/m, "the line is shown: $line");
    like($said, qr/Syntax OK/, 'and is right');
    unlike($said, qr/s3cret/, 'without its password');
}
for my $line ('redis://:s3cret@127.0.0.1:x', 'redis://:s3/s3cret@127.0.0.1',
              'redis://u:s3cret@h passwordfile=/f', 'redis://:s3cret@h s3cret') {
    my $said = printed($line);
    like($said, qr/ExpectPolicyLedger: '.*' is not legal/, "not legal: $line");
    unlike($said, qr/s3cret/, 'and its password is not told');
}
done_testing();
