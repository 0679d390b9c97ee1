# contrib/usage/expect-policy-usage: output in the formats of repquota and xfs_quota, and the
# real du.  The files are whole at any time, and nothing is written through a link.
#
# runs: alone
use strict;
use warnings;

use Cwd qw(abs_path);
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(__FILE__) . '/../..');
my $script = "$top/contrib/usage/expect-policy-usage";
my $dir = tempdir('/tmp/ep-usage-XXXXXX', CLEANUP => 1);

sub put { my ($file, $text) = @_; open my $out, '>', $file or die "$file: $!"; print {$out} $text;
    close $out or die }
sub slurp { open my $in, '<', $_[0] or return undef; local $/; return scalar <$in> }

# A command that prints a text, and ends with a status.
my $fakes = 0;
sub fake {
    my ($of, $text, $status, $more) = @_;
    my $name = $of . $fakes++;
    put("$dir/$name.txt", $text);
    put("$dir/$name", "#!/bin/sh\n" . ($more // '') . "cat '$dir/$name.txt'\nexit "
        . ($status // 0) . "\n");
    chmod 0755, "$dir/$name" or die;
    return ('--command', "$dir/$name");
}

my $number = 0;
sub new_to { my $to = "$dir/to" . $number++; mkdir $to, 0755 or die; return $to }

sub run {
    my (@how) = @_;
    my $pid = open my $from, '-|';
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec $script, @how or die;
    }
    local $/;
    my $said = <$from> // '';
    close $from;
    return ($? >> 8, $said);
}

sub files {
    my ($to) = @_;
    opendir my $in, $to or die;
    return { map { $_ => slurp("$to/$_") } grep { !/^\.lock$|^\.\.?$/ } readdir $in };
}

# written in the format of repquota of quota 4.06, ext4
my $repquota = <<'END';
*** Report for user quotas on device /dev/vdb1
Block grace time: 7days; Inode grace time: 7days
                        Block limits                File limits
User            used    soft    hard  grace    used  soft  hard  grace
----------------------------------------------------------------------
root      --      20       0       0              2     0     0       
alice     +-  105000  100000  120000  6days     120     0     0       
www-bob   --       0   50000   60000              1     0     0       
carol     -+     512       0       0              9     5    10   none
#1005     --    4096       0       0              3     0     0       

END
my $to = new_to();
my ($rc, $said) = run(fake('repquota', $repquota), 'repquota', $to, '/home');
is_deeply(files($to), { root => "20480\n", alice => "107520000\n", 'www-bob' => "0\n",
                        carol => "524288\n" },
          'repquota: KiB become bytes, one file for each user');
is($rc, 1, 'a user without a name is told');
like($said, qr/^expect-policy-usage: #1005: not the name of a file$/m, 'by its number');
is((stat "$to/alice")[2] & 07777, 0644, 'httpd may read it');
($rc) = run(fake('repquota', $repquota =~ s/^#1005.*\n//mr), '--mode', '0640', 'repquota',
            $to, '/home');
is($rc, 0, 'without that user nothing is wrong');
is((stat "$to/alice")[2] & 07777, 0640, 'the mode can be chosen');

# written in the format of xfs_quota of xfsprogs 6.1
my $xfs = <<'END';
#0                   0          0          0     00 [--------]
alice            10240          0      51200     00 [--------]
shop            102400      90000     102400     00 [6 days]
END
my $xfs_to = new_to();
($rc, $said) = run(fake('xfs_quota', $xfs), 'xfs_quota', $xfs_to, '/srv');
is_deeply(files($xfs_to), { alice => "10485760\n", shop => "104857600\n" },
          'xfs_quota: one file for each project');
is($rc, 1, 'the project without a name is told');

# du
my $home = "$dir/home";
mkdir $_ or die for $home, "$home/alice", "$home/bob", "$home/alice/sub", "$home/a b";
put("$home/alice/sub/x", 'x' x 100_000);
put("$home/file", 'x');
symlink "$home/alice", "$home/link" or die;
symlink '/usr', "$home/bob/usr" or die;
my $du_to = new_to();
($rc, $said) = run('du', $du_to, $home);
my $found = files($du_to);
is_deeply([ sort keys %$found ], [qw(alice bob)], 'du: one file for each directory');
cmp_ok($found->{alice}, '>=', 100_000, 'with its bytes');
cmp_ok($found->{alice}, '<', 200_000, 'and not more');
cmp_ok($found->{bob}, '<', 100_000, 'a link is not followed');
like($said, qr/a b: not the name/, 'a name with a blank is told');

# what fails changes nothing
put("$to/alice", "1\n");
for my $case (
    [ 'a command that fails', fake('repquota', $repquota, 3) ],
    [ 'a command that prints nothing', fake('repquota', '') ],
    [ 'a command that is not there', '--command', "$dir/missing" ],
    [ 'another format', fake('repquota', "alice 105000\n") ],
    [ 'a number that is none', fake('repquota',
        ("-" x 70) . "\nalice     --  -5       0       0              2     0     0\n") ],
    [ 'too many', '--most', 3, fake('repquota', $repquota) ],
    [ 'a command that hangs', '--seconds', 1, fake('repquota', $repquota, 0,
        "exec sleep 20\n") ],
) {
    my ($name, @how) = @$case;
    my $start = time;
    my ($status, $text) = run(@how, 'repquota', $to, '/home');
    is($status, 1, "$name: fails");
    isnt($text, '', "$name: and says so");
    is(slurp("$to/alice"), "1\n", "$name: the old number stays");
    cmp_ok(time - $start, '<', 10, "$name: within its time");
}
is_deeply([ grep { /^\.(?!lock)/ } keys %{ files($to) } ], [], 'nothing half is left');

# links, and directories of others
my @good = fake('repquota', $repquota =~ s/^#1005.*\n//mr);
my $trap = new_to();
put("$dir/victim", "keep\n");
symlink "$dir/victim", "$trap/alice" or die;
($rc, $said) = run(@good, 'repquota', $trap, '/home');
is($rc, 1, 'a link in place of a file is refused');
is(slurp("$dir/victim"), "keep\n", 'what it leads to is not written');
ok(-l "$trap/alice", 'and the link stays');
is(slurp("$trap/carol"), "524288\n", 'the others are written');
symlink $trap, "$dir/to-link" or die;
is((run(@good, 'repquota', "$dir/to-link", '/home'))[0], 1, 'a link to a directory');
my $open = new_to();
chmod 0775, $open or die;
is((run(@good, 'repquota', $open, '/home'))[0], 1, 'a directory where a group may write');
is_deeply(files($open), {}, 'nothing is written there');
chmod 0755, $open or die;
is((run(@good, 'repquota', $open, '/home'))[0], 0, 'the same directory, closed');
my $locked = new_to();
symlink "$dir/victim", "$locked/.lock" or die;
is((run(@good, 'repquota', $locked, '/home'))[0], 1, 'a lock that is a link');
is(slurp("$dir/victim"), "keep\n", 'leads nowhere');

# two at once
my $busy = new_to();
open my $lock, '>', "$busy/.lock" or die;
flock $lock, LOCK_EX or die;
($rc, $said) = run(@good, 'repquota', $busy, '/home');
is($rc, 0, 'the second one of two does nothing');
like($said, qr/another one is at work/, 'and says why');
is_deeply(files($busy), {}, 'nothing is written');
close $lock;
is((run(@good, 'repquota', $busy, '/home'))[0], 0, 'the next one writes');
is(scalar keys %{ files($busy) }, 4, 'all files');

# a reader finds a whole number at any time
my $pid = fork // die;
if (!$pid) {
    open STDERR, '>', '/dev/null';
    for (1 .. 20) { run(@good, 'repquota', $busy, '/home') }
    require POSIX;
    POSIX::_exit(0);
}
my ($reads, $bad) = (0, 0);
while (waitpid($pid, 1) == 0) {
    $reads++;
    $bad++ if (slurp("$busy/alice") // '') ne "107520000\n";
}
cmp_ok($reads, '>', 100, 'read while it is written');
is($bad, 0, 'every time it is whole');

for my $wrong ([], ['repquota', $busy], ['quota', $busy, '/home'],
               ['repquota', $busy, '-a'], ['--mode', '7', 'du', $busy, $home],
               ['--other', 1, 'du', $busy, $home]) {
    is((run(@$wrong))[0], 2, "wrong arguments: @$wrong");
}

# systemd takes the units
for my $unit (qw(service timer)) {
    my $text = slurp("$top/contrib/usage/expect-policy-usage.$unit");
    $text =~ s{/usr/local/sbin/expect-policy-usage}{$script};
    put("$dir/expect-policy-usage.$unit", $text);
}
my $verified = `systemd-analyze verify $dir/expect-policy-usage.timer $dir/expect-policy-usage.service 2>&1`;
is($?, 0, 'systemd-analyze verify');
unlike($verified, qr/expect-policy-usage/, 'and has nothing to say') or diag $verified;

done_testing;
