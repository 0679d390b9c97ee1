# A file that is no ledger of this server's keeps httpd from starting, with a
# message that names the file and says what to do; each time the same file with
# one fact changed is used.  A ledger that cannot be had is logged only.
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire qw(vars);
use Fcntl qw(S_IMODE);
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(sleep time);

my $run = sprintf '%s/run%d', vars('t_logs'), $$;
my $ledger = "$run/expect_policy.ledger";
mkdir $run or die "$run: $!";

sub text {
    my ($size, $dir) = @_;
    return 'DefaultRuntimeDir "' . ($dir // $run) . "\"\n"
        . "ExpectPolicy On\nExpectPolicyLedger shm:" . ($size // '1M') . "\n";
}

sub starts {
    my ($what, @text) = @_;
    my $server = eval { ExpectPolicy::Server->start(text(@text)) };
    ok($server, $what) or diag($@);
    return $server;
}

sub log_of {
    my $server = starts(@_) or return '';
    $server->stop;
    return $server->error_log;
}

sub is_refused {
    my ($what, $why) = @_;
    my $server = eval { ExpectPolicy::Server->start(text()) };
    ok(!$server, "$what: httpd does not start");
    like($@, qr/the ledger \Q$ledger\E [^\n]*$why/, "$what: it says why");
}

sub edit {
    my ($offset, $bytes) = @_;
    open(my $file, '+<:raw', $ledger) or die "$ledger: $!";
    seek $file, $offset, 0;
    print $file $bytes;
    close $file or die;
}

my $log = log_of('without a file httpd starts');
unlike($log, qr/ledger/, 'and has nothing to say about it');
my @made = stat $ledger;
is($made[7], (1 << 20) + 4096, 'the file has the size that is configured');
is(S_IMODE($made[2]), 0600, 'and is its owner\'s alone');

unlike(log_of('with that file httpd starts'), qr/ledger/, 'and is silent');
is((stat $ledger)[1], $made[1], 'the file is the same');

chmod 0644, $ledger;
is_refused('a file that others can read', 'open to other users: remove it');
chmod 0600, $ledger;
log_of('as it was, it starts');

link $ledger, "$ledger.too" or die;
is_refused('a file of two names', 'several names: remove it');
unlink $ledger;
symlink "$ledger.too", $ledger or die;
is_refused('a symbolic link', 'remove it');
rename "$ledger.too", $ledger or die;
log_of('as it was, it starts');

rename $ledger, "$ledger.aside" or die;
mkdir $ledger or die;
is_refused('a directory', 'remove it');
rmdir $ledger or die;
mkfifo $ledger, 0600 or die;
is_refused('a pipe', 'no file: remove it');
rename "$ledger.aside", $ledger or die;
log_of('as it was, it starts');

edit(24, pack 'L', 99);
is_refused('a file of another version', 'another version: remove it');
edit(24, pack 'L', 2);
log_of('of this version, it starts');
edit(0, 'somebody\'s thesis');
is_refused('a file of something else', 'no ledger');
is(-s $ledger, (1 << 20) + 4096, 'which is left as it is');
unlink $ledger;
log_of('once that is removed, it starts');

# the same in a second server
my $first = starts('a server starts');
my $began = time;
is_refused('a file that a server uses', 'used by another server');
cmp_ok(time - $began, '>', 4, 'the second one has waited for the first');
my $second = starts('a second one in a directory of its own starts', '1M',
                    do { mkdir "$run/own"; "$run/own" });
$second->stop;

# children of the first one may be there for a moment when it has gone
kill TERM => $first->{pid};
$second = starts('one that starts while the first stops gets the file');
$first->stop;
$second->stop;

like(log_of('another size starts', '2M'),
     qr/the ledger \Q$ledger\E has another size [^\n]*made anew/,
     'and makes it anew, which is logged');
is(-s $ledger, (2 << 20) + 4096, 'with that size');

my $closed = "$run/closed";
mkdir $closed, 0500 or die;
like(log_of('in a directory that is closed httpd starts', '1M', $closed),
     qr{there is no ledger: \Q$closed\E/expect_policy\.ledger cannot be made},
     'and says that there is no ledger');
chmod 0700, $closed;
unlike(log_of('in an open one httpd starts', '1M', $closed), qr/ledger/,
       'and has one');

# restarts
my $server = starts('a server starts', '2M');
my $inode = (stat $ledger)[1];
for my $round (1 .. 3) {
    restart($server);
}
is((stat $ledger)[1], $inode, 'the file is the same after restarts');
unlike($server->error_log, qr/ledger/, 'which have nothing to say about it');
open(my $conf, '>', "$server->{dir}/test.conf") or die;
print $conf text('4M');
close $conf or die;
restart($server);
like($server->error_log,
     qr/the ledger keeps its size of 2097152 bytes until the server is stopped/,
     'another size at a restart waits for a start');
is(-s $ledger, (2 << 20) + 4096, 'and the file is as it was');
$server->stop;
like(log_of('a start takes it', '4M'), qr/another size/, 'and says so');
is(-s $ledger, (4 << 20) + 4096, 'and the file has it');

done_testing();

sub restart {
    my ($server) = @_;
    my $lines = () = $server->error_log =~ /resuming normal operations/g;
    kill USR1 => $server->{pid};
    my $end = time + 20;
    while (time < $end) {
        my $now = () = $server->error_log =~ /resuming normal operations/g;
        return pass('restarted') if $now > $lines;
        sleep 0.05;
    }
    fail('restarted');
}
