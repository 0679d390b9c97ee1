# The ledger never keeps httpd from starting.  A file that is not a ledger of this
# server is renamed, and a new one is made.  With one fact changed, the same file is
# used, with its counts.  If another server, or children of a stopping one, use the
# file, the server serves while it waits for the file, and
# ExpectPolicyLedgerFailure decides.  The log and the terminal tell each case.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire qw(vars accepted_ok is_mpm new_directory refusal_ok slurp
                           wait_until);
use Fcntl qw(S_IMODE);
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(sleep time);

use constant SIZE => 1 << 20;

my $run = new_directory('run');
my $ledger = "$run/expect_policy.ledger";
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/closed" or die;

# Nothing but the ledger is in the way of these.
sub text {
    my ($size) = @_;
    return 'ExpectPolicyLedger shm:' . ($size // '1M') . "\n" . <<'END';
<Directory "@site@">
    ExpectPolicyConcurrent 10 client
    ExpectPolicyAllowance 1G/1d client
</Directory>
<Directory "@site@/closed">
    ExpectPolicyLedgerFailure Closed
</Directory>
END
}

sub starts {
    my ($what, $size, $where) = @_;
    my $server = eval {
        ExpectPolicy::Ledger->start(text($size), site => $site,
                                    run => $where // $run);
    };
    ok($server, $what) or BAIL_OUT($@);
    return $server;
}

sub logged {
    my ($server, $like) = @_;
    return scalar grep { /$like/ } split /^/, $server->error_log;
}

# What the server says of the ledger, in its log and on the terminal.
sub says {
    my ($server) = @_;
    return join '', grep { /ledger/ } split /^/,
        $server->error_log . slurp("$server->{dir}/out");
}

# All that clients have used of their allowance.
sub allowance {
    my ($server) = @_;
    my $accounts = $server->books->{accounts}{allowance} // {};
    my $sum = 0;
    $sum += $_->{used} for values %$accounts;
    return $sum;
}

sub counts {
    my ($server, $what, $before) = @_;
    accepted_ok($server->put('/closed/x', 100), status => qr/^20[14]$/,
                name => "$what: an upload");
    $server->settled_ok("$what: is done");
    is(allowance($server), $before + 100, "$what: and counted");
}

my $counted = 0;
my $server = starts('without a file httpd starts');
is(says($server), '', 'and has nothing to say about it');
my @made = stat $ledger;
is($made[7], SIZE + 4096, 'the file has the size that is configured');
is(S_IMODE($made[2]), 0600, 'and is its owner\'s alone');
my $layout = unpack 'x24 L', slurp($ledger);
counts($server, 'with a new file', $counted);
$counted += 100;
$server->stop;
is_used('with that file');

# Each is met twice: as it must not be used, and with that fact changed.
for my $case (
    ['a file that others can read', sub { chmod 0644, $_[0] },
     sub { chmod 0600, $_[0] }, 'can be accessed by other users'],
    ['a file of two names', sub { link $_[0], "$run/too" },
     sub { unlink "$run/too" }, 'has more than one hard link'],
    ['a symbolic link', sub {
         rename $_[0], "$run/there" and symlink "$run/there", $_[0]
     }, sub { rename "$run/there", $_[0] }, 'is no regular file'],
    ['a directory', sub {
         rename $_[0], "$run/there" and mkdir $_[0]
     }, sub { rmdir $_[0]; rename "$run/there", $_[0] }, 'is no regular file'],
    ['a directory that is not empty', sub {
         rename $_[0], "$run/there" and mkdir $_[0] and mkdir "$_[0]/in"
     }, sub { rmdir "$_[0]/in"; rmdir $_[0]; rename "$run/there", $_[0] },
     'is no regular file'],
    ['a pipe', sub { rename $_[0], "$run/there" and mkfifo $_[0], 0600 },
     sub { rename "$run/there", $_[0] }, 'is no regular file'],
    ['a file of another version', sub { edit($_[0], 24, pack 'L', 99) },
     sub { edit($_[0], 24, pack 'L', $layout) },
     'is no ledger, or has another version'],
    ['a file whose first 24 bytes are overwritten', sub {
         edit($_[0], 0, 'somebody\'s thesis, page 1')
     }, sub { edit($_[0], 0, 'mod_expect_policy ledger' . pack 'L', $layout) },
     'is no ledger'],
    ['a file cut short', sub { system('cp', $_[0], "$run/there");
                               truncate $_[0], 50 },
     sub { system "cat $run/there > $_[0]"; unlink "$run/there" },
     'is no ledger']) {
    my ($what, $spoil, $mend, $why) = @$case;
    $spoil->($ledger) or die "$what: $!";
    is_set_aside($what, $why);
    # and back
    unlink $ledger or die;
    rename "$ledger.old", $ledger or die "$what: $!";
    $mend->($ledger) or die "$what: $!";
    is_used("$what, as it was before");
}

# As apachectl does it: httpd detaches, and what it said before is all that is
# seen; -t changes nothing.
chmod 0644, $ledger;
{
    my $dir = ExpectPolicy::Server::configuration(
        "DefaultRuntimeDir \"$run\"\nExpectPolicy On\nExpectPolicyLedger shm:1M\n",
        port => ExpectPolicy::Server::free_port());
    my @httpd = ($ENV{EP_HTTPD}, '-d', $dir, '-f', "$dir/httpd.conf");
    my $found = (stat $ledger)[1];
    like(said(@httpd, '-t'), qr/^Syntax OK$/, '-t says that all is well');
    is((stat $ledger)[1], $found, 'and changes nothing');
    like(said(@httpd, '-k', 'start'), qr/the ledger \Q$ledger\E can be accessed by other users/,
         'apachectl start shows what becomes of the ledger');
    ok(wait_until(sub {
        slurp("$dir/error_log") =~ /resuming normal operations/
    }, 20), 'and the server runs');
    is((stat "$ledger.old")[1], $found, 'with the old one set aside');
    is(said(@httpd, '-k', 'graceful'), '', 'a restart shows nothing');
    ok(wait_until(sub {
        2 == (() = slurp("$dir/error_log") =~ /resuming normal operations/g)
    }, 20), 'and is done');
    is(said(@httpd, '-k', 'stop'), '', 'a stop has nothing to say');
    ok(wait_until(sub { !-e "$dir/httpd.pid" }, 20), 'it is stopped');
    unlink $ledger;
    rename "$ledger.old", $ledger or die;
    chmod 0600, $ledger;
}
is_used('as it was before apachectl');

# --------------------------------------------------- what was set aside before

# one generation: the older one goes
chmod 0644, $ledger;
open my $older, '>', "$ledger.old" or die;
close $older;
is_set_aside('with an older one of that name', 'can be accessed by other users');
unlink $ledger;
rename "$ledger.old", $ledger or die;
mkdir "$ledger.old" or die;
is_set_aside('with an empty directory of that name', 'can be accessed by other users');
unlink $ledger;
rename "$ledger.old", $ledger or die;
mkdir "$ledger.old" or die;
mkdir "$ledger.old/in" or die;
my $inode = (stat $ledger)[1];
$server = starts('where it cannot be renamed, httpd starts');
like(says($server), qr/there is no ledger: \Q$ledger\E can be accessed by other users; it cannot be renamed/,
     'and says so');
is((stat $ledger)[1], $inode, 'the file is as it was');
decides($server, 'it is missing');
$server->stop;
rmdir "$ledger.old/in";
rmdir "$ledger.old";
chmod 0600, $ledger;
is_used('as it was');

# what is in the book is not looked at by the parent
edit($ledger, 4096, 'x' x 24);
$inode = (stat $ledger)[1];
$server = starts('with 24 overwritten bytes in the book, httpd starts');
counts($server, 'an empty one', 0);
is((stat $ledger)[1], $inode, 'in the same file');
is(logged($server, 'the ledger is corrupt, and is made anew'), 1,
   'and says so');
$server->stop;
$counted = 100;
is_used('after that');

# ------------------------------------------------------------------------ busy

my $first = starts('a server starts');
my $began = time;
$server = starts('another one in the same directory');
cmp_ok(time - $began, '<', 4, 'starts at once');
like(says($server), qr/the ledger \Q$ledger\E is used by another server/,
     'and says that the ledger is used');
like(slurp("$server->{dir}/out"), qr/\Q$ledger\E is used by another server/,
     'on the terminal, too');
is((stat $ledger)[1], $inode, 'which is the same file');
decides($server, 'it is used by another server');
counts($first, 'the first one counts', $counted);
$counted += 100;
my $own = starts('in a directory of its own', '1M',
                 do { mkdir "$run/own"; "$run/own" });
is(says($own), '', 'another one has a ledger');
counts($own, 'it counts', 0);
$own->stop;

# of another size it does not fit, and is not waited for
my $larger = starts('one that wants another size', '2M');
like(says($larger),
     qr/the ledger \Q$ledger\E has another size .*; it is used by another server.*; it was renamed/,
     'sets it aside');
counts($larger, 'and counts', 0);
$larger->stop;
unlink $ledger;
rename "$ledger.old", $ledger or die;

$first->stop;
ok(wait_until(sub { logged($server, 'is free, and counts from now on') }, 30),
   'when the first one has stopped, the second one gets the ledger');
counts($server, 'with what was counted', $counted);
$counted += 100;
$server->stop;
is_used('and a start finds it');

# children that are still at uploads when their server has stopped
$first = starts('a server starts');
my $upload = $first->begin('/slow', 50);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'an upload is under way');
kill WINCH => $first->{pid};
ok(wait_until(sub { !-e "$first->{dir}/httpd.pid" || !$first->children }, 3)
       || 1, 'and it is stopped gracefully');
$server = starts('a start meanwhile');
like(says($server), qr/children of a server that is stopping/, 'says so');
decides($server, 'it is used by another server');
is(ExpectPolicy::Ledger::finish($upload), 201, 'the upload is stored');
$counted += 50;
ok(wait_until(sub { logged($server, 'is free, and counts from now on') }, 40),
   'and then the next one has the ledger');
counts($server, 'with what the last upload came to', $counted);
$counted += 100;
$first->stop;
$server->stop;

# ------------------------------------------------------------ made in its place

$server = starts('another size starts', '2M');
like(says($server),
     qr/the ledger \Q$ledger\E has another size [^\n]*made anew/,
     'and makes it anew, which is logged');
is(-s $ledger, (2 << 20) + 4096, 'with that size');
$server->stop;
my $closed = "$run/closed";
mkdir $closed, 0500 or die;
$server = starts('in a directory that is closed httpd starts', '1M', $closed);
like(says($server),
     qr{there is no ledger: \Q$closed\E/expect_policy\.ledger cannot be made},
     'and says that there is no ledger');
like(slurp("$server->{dir}/out"), qr/there is no ledger: \Q$closed\E/,
     'on the terminal, too');
decides($server, 'it is missing');
$server->stop;
chmod 0700, $closed;
$server = starts('in an open one httpd starts', '1M', $closed);
is(says($server), '', 'and has one');
$server->stop;

# -------------------------------------------------------------------- restarts

$server = starts('a server starts', '2M');
$inode = (stat $ledger)[1];
for my $round (1 .. 3) {
    restart($server);
}
is((stat $ledger)[1], $inode, 'the file is the same after restarts');
is(says($server), '', 'which have nothing to say about it');
my $conf = slurp("$server->{dir}/test.conf");
write_conf($server, $conf =~ s/shm:2M/shm:4M/r);
restart($server);
like($server->error_log,
     qr/the ledger keeps its size of 2097152 bytes until the server is stopped/,
     'another size at a restart waits for a start');
is(-s $ledger, (2 << 20) + 4096, 'and the file is as it was');
$server->stop;
$server = starts('a start takes it', '4M');
like(says($server), qr/another size/, 'and says so');
is(-s $ledger, (4 << 20) + 4096, 'and the file has it');

# ---------------------------------------------------------------------- upgrade

# another build of the module, whose ledger has another layout
counts($server, 'before an upgrade', 0);
$upload = $server->begin('/slow', 50);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'an upload is under way');
$conf = slurp("$server->{dir}/httpd.conf");
my $other = vars('top_dir') . '/other-layout.so';
ok(-f $other, 'there is another build') or BAIL_OUT('build it');
open my $out, '>', "$server->{dir}/httpd.conf" or die;
print $out $conf =~ s{"?\S*/mod_expect_policy\.so"?}{$other}r;
close $out or die;
$inode = (stat $ledger)[1];
restart($server);
like(says($server),
     qr/the ledger \Q$ledger\E is no ledger, or has another version;.*; it was renamed/,
     'an upgrade by a graceful restart sets it aside');
is((stat "$ledger.old")[1], $inode, 'under its other name');
accepted_ok($server->put('/closed/new', 10), status => qr/^20[14]$/,
            name => 'new children count in another one');
like(ExpectPolicy::Ledger::finish($upload), qr/^20[14]$/,
     'and the old ones finish what they have');
$server->stop;
done_testing();

sub is_used {
    my ($what) = @_;
    my $found = (stat $ledger)[1];
    my $on = starts("$what: httpd starts");
    is(says($on), '', "$what: and is silent");
    is((stat $ledger)[1], $found, "$what: the file is the same");
    counts($on, $what, $counted);
    $counted += 100;
    $on->stop;
}

sub is_set_aside {
    my ($what, $why) = @_;
    my $found = (lstat $ledger)[1];
    my $on = starts("$what: httpd starts");
    like($on->error_log,
         qr/the ledger \Q$ledger\E $why[^\n]*; it was renamed to expect_policy\.ledger\.old, and/,
         "$what: it says why");
    like(slurp("$on->{dir}/out"),
         qr/the ledger \Q$ledger\E $why[^\n]*; it will be renamed to expect_policy\.ledger\.old/,
         "$what: and on the terminal");
    is((lstat "$ledger.old")[1], $found, "$what: it is there still");
    counts($on, $what, 0);
    $on->stop;
}

# What becomes of uploads that nobody can count.
sub decides {
    my ($on, $why) = @_;
    refusal_ok($on->announce('/closed/y', 10), code => 'ledger_unavailable',
               members => { retry_after => 5 },
               headers => { 'Retry-After' => 5 }, name => "Closed: $why");
    accepted_ok($on->put('/y', 10), status => qr/^20[14]$/,
                name => "Open: $why");
    cmp_ok(logged($on, "ledger cannot answer: $why"), '>', 0, 'it is logged');
}

# What a command prints on the terminal.
sub said {
    my (@command) = @_;
    local $ENV{LD_PRELOAD} = $ENV{EP_PRELOAD} if $ENV{EP_PRELOAD};
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0' if $ENV{EP_PRELOAD};
    my $file = "$run/said";
    system 'sh', '-c', 'f=$1; shift; exec "$@" >"$f" 2>&1', 'sh', $file,
        @command;
    return slurp($file);
}

sub edit {
    my ($name, $offset, $bytes) = @_;
    open(my $file, '+<:raw', $name) or die "$name: $!";
    seek $file, $offset, 0;
    print $file $bytes;
    return close $file;
}

sub write_conf {
    my ($on, $what) = @_;
    open(my $file, '>', "$on->{dir}/test.conf") or die;
    print $file $what;
    close $file or die;
}

sub restart {
    my ($on) = @_;
    my $lines = logged($on, 'resuming normal operations');
    my %old = map { $_ => 1 } $on->children;
    $on->graceful;
    ok(wait_until(sub {
        logged($on, 'resuming normal operations') > $lines
            && grep { !$old{$_} } $on->children;
    }, 20), 'restarted');
}
