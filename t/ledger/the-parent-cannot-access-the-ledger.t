# The parent may be root while its children are not, so the parent must not trust
# memory that children can write.  In each state of a server's life the parent does
# not map the ledger's file and cannot reach its lock; each child can.  Then every
# shared byte is overwritten with pointers into the parent's memory while children
# are killed and the server restarts.  The parent goes on, its memory is unchanged,
# and after a restart that ends all children the ledger counts again.
#
# runs: plain
use strict;
use warnings;
no warnings 'portable';

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire qw(accepted_ok slurp wait_until);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

# Somewhere in the parent's memory that nothing of httpd's ever writes to.
use constant CANARY => 'EP_CANARY=' . 'canary-' x 2000;

my $text = <<'END';
ScoreBoardFile scoreboard
<Directory "@site@">
    ExpectPolicyQuota 100M
    ExpectPolicyConcurrent 100 client
</Directory>
END
my ($name, $value) = split /=/, CANARY, 2;
local $ENV{$name} = $value;
my $server = ExpectPolicy::Ledger->start($text);
my $run = $server->{dir};
my $ledger = "$run/expect_policy.ledger";

is_apart('at the start');
$server->measured_ok($server->{site}, '/x');
accepted_ok($server->put('/x', 1000), status => 201, name => 'an upload');
is($server->used, 1000, 'is counted');
my $upload = $server->begin('/y', 500);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'another one is under way');
is_apart('with uploads');

# ------------------------------------------------------------------- deaths
# the child with the upload is among them
for my $pid ($server->children) {
    kill_one($pid);
}
$server->settled_ok('what the dead held is given back');
is_apart('after deaths');
accepted_ok($server->put('/z', 10), status => 201, name => 'an upload then');

restart();
is_apart('after a graceful restart');
restart();
is_apart('after another one');
accepted_ok($server->put('/zz', 10), status => 201, name => 'an upload then');

# ----------------------------------------------------------------- overwritten

my $pid = $server->{pid};
my ($address) = canary_of($pid);
ok($address, 'the canary is found in the parent\'s memory');
is(read_memory($pid, $address, length CANARY), CANARY, 'as it was put there');

# A process that overwrites what it can reach as a child can, all the time.
# Locks of httpd and its other modules are among it, so children may be ended by the C
# library: t/TEST does not count that.
open my $says, '>', "$run/overwritten" or die;
close $says;
my $end = time + 12;
defined(my $writer = fork) or die "fork: $!";
if (!$writer) {
    overwrite($pid, $address, $end);
    POSIX::_exit(0);
}
my ($kills, $restarts) = (0, 0);
while (time < $end) {
    my @some = $server->children;
    for my $child (grep { defined } @some[0 .. 5]) {
        kill_one($child);
        $kills++;
        sleep 0.05;
    }
    $server->graceful;
    $restarts++;
    sleep 0.4;
    last unless kill 0, $pid;
}
waitpid $writer, 0;
is($?, 0, 'everything was overwritten');
cmp_ok($kills, '>', 5, "$kills children were killed");
cmp_ok($restarts, '>', 5, "and the server restarted $restarts times");
ok(kill(0, $pid) && slurp("/proc/$pid/stat") =~ /\) [RSD] /,
   'the parent lives');
is(read_memory($pid, $address, length CANARY), CANARY,
   'and nothing was written into its memory');
# Children that find the ledger damaged leave it alone until a restart.  Those that find
# a lock of httpd itself damaged may end, also until a restart.
parent_is_apart('afterwards');

# ---------------------------------------------------------------------- again

# without children there is nobody who has the old lock
my %old = map { $_ => 1 } $server->children;
kill HUP => $server->{pid};
ok(wait_until(sub {
    my @children = $server->children;
    return @children && !grep { $old{$_} } @children;
}, 20), 'a restart ends all children');
is_apart('after that restart');
$server->measured_ok($server->{site}, '/a');
accepted_ok($server->put('/by-restart', 1000), status => 201,
            name => 'then the ledger counts');
is($server->used, $server->on_disk, 'what lies on disk');

# the ledger is what the overwritten one left
$server->stop;
$server = ExpectPolicy::Ledger->start($text, site => $server->{site},
                                      run => $run);
$server->measured_ok($server->{site}, '/a');
accepted_ok($server->put('/again', 1000), status => 201,
            name => 'after a start the ledger counts');
is($server->books->{trees}{ $server->{site} }{known}, 1, 'as the file says');
$server->stop;
done_testing;

sub restart {
    my $before = () = $server->error_log =~ /resuming normal operations/g;
    my %old = map { $_ => 1 } $server->children;
    $server->graceful;
    ok(wait_until(sub {
        $before < (() = $server->error_log =~ /resuming normal operations/g)
            && grep { !$old{$_} } $server->children;
    }, 20), 'a graceful restart');
}

# It is written down, so that t/TEST finds nothing wrong in the log.
sub kill_one {
    my ($child) = @_;
    open my $out, '>>', "$server->{dir}/killed" or die;
    print $out "$child\n";
    close $out;
    return kill KILL => $child;
}

# What a process has mapped: from, to, mode, name.
sub mappings {
    my ($process) = @_;
    return map {
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)\s*(.*)$/
            ? { from => hex $1, to => hex $2, mode => $3, inode => $4,
                name => $5 }
            : ();
    } split /\n/, slurp("/proc/$process/maps");
}

sub shared {
    my ($process) = @_;
    return grep { $_->{mode} =~ /s\z/ } mappings($process);
}

# What a child of this server has of the ledger: the file, and the lock.
sub has_both {
    my ($child, $file, $of_parent) = @_;
    my @maps = grep { $_->{mode} eq 'rw-s' } shared($child);
    return (grep { $_->{inode} == $file } @maps)
        && (grep {
            ($of_parent->{"$_->{from} $_->{inode}"} // '') eq '---s'
        } @maps);
}

sub is_apart {
    my ($when) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $file = (stat $ledger)[1];
    my @parent;
    ok(wait_until(sub {
        @parent = shared($server->{pid});
        my %of_parent = map { ("$_->{from} $_->{inode}" => $_->{mode}) }
            @parent;
        return grep { has_both($_, $file, \%of_parent) } $server->children;
    }, 20), "$when: children have the ledger, and a lock that is out of the "
            . 'parent\'s reach');
    parent_is_apart($when);
}

sub parent_is_apart {
    my ($when) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $file = (stat $ledger)[1];
    is_deeply([grep { $_->{inode} == $file } shared($server->{pid})], [],
              "$when: the parent has not mapped the ledger");
}

sub read_memory {
    my ($process, $from, $length) = @_;
    open my $memory, '<:raw', "/proc/$process/mem" or return '';
    sysseek $memory, $from, 0 or return '';
    my $bytes;
    sysread $memory, $bytes, $length;
    return $bytes // '';
}

# On the parent's stack, where its environment lies.
sub canary_of {
    my ($process) = @_;
    for my $map (grep { $_->{name} eq '[stack]' } mappings($process)) {
        my $at = index read_memory($process, $map->{from},
                                   $map->{to} - $map->{from}), CANARY;
        return $map->{from} + $at if $at >= 0;
    }
    return;
}

# Code in a child can write to what it has mapped for writing, and to what it may
# map so again, such as what the parent tells.  The scoreboard is httpd's own: it
# is known by its name.  At first, of each mapping, no more than where a mutex has
# its list of what a thread holds, which whoever unlocks it follows; then all.
sub overwrite {
    my ($parent, $canary, $until) = @_;
    my $middle = time + ($until - time) / 2;
    my $list = pack 'Q2', $canary + 64, $canary + 1024;
    while (time < $until) {
        for my $process ($parent, $server->children) {
            my @maps = grep { $_->{mode} =~ /^rw-s/
                                  && $_->{name} !~ m{^/dev/shm/} }
                shared($process);
            open my $memory, '+<:raw', "/proc/$process/mem" or next;
            my $began = time;
            while (time < $began + 0.3) {
                for my $map (@maps) {
                    my $size = $map->{to} - $map->{from};
                    $size = 65_536 if $size > 65_536;
                    my ($at, $bytes) = time < $middle ? (24, $list)
                        : (0, $list x ($size / length $list));
                    sysseek $memory, $map->{from} + $at, 0;
                    syswrite $memory, $bytes;
                }
            }
        }
    }
}
