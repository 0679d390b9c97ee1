# A thread of mod_watchdog adds up the files of a quota's tree when httpd starts,
# and again after an upload if five seconds have passed.  No request waits for it,
# and the server can end at any time.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(time sleep);

use constant LIMIT => 1_000_000;
# The pause, a second to find the tree, and a slow machine.
use constant PAUSE => 5;
use constant SOON => 10;

my $top = new_directory('trees');
my $programs = vars('serverroot') . '/cgi-bin/';
my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';
mkdir $_ or die "$_: $!" for map { "$top/$_" }
    qw(tree tree/a tree/a/b other secret secret/in docs deep);

sub make {
    my ($name, $bytes) = @_;
    open my $out, '>', "$top/$name" or die "$name: $!";
    print $out 'x' x $bytes;
    close $out or die "$name: $!";
}

sub say_used {
    my ($file, $text) = @_;
    ExpectPolicy::Ledger::say_used("$top/$file", $text);
}

make('tree/1', 1);
make('tree/a/10', 10);
make('tree/a/b/100', 100);
make('tree/a/.hidden', 1000);
link "$top/tree/1", "$top/tree/a/one" or die;
make('other/large', 500_000);
symlink '../other', "$top/tree/link" or die;
symlink '../../other/large', "$top/tree/a/link" or die;
symlink '..', "$top/tree/a/loop" or die;
symlink 'tree', "$top/root" or die;
mkfifo("$top/tree/pipe", 0600) or die;
make('secret/in/file', 7);
chmod 0, "$top/secret/in" or die;
my $deep = "$top/deep";
for (1 .. 257) {
    chdir $deep or die "$deep: $!";
    mkdir 'd' or die;
    $deep = 'd';
}
chdir vars('serverroot') or die;
say_used('number', "1234\n");
# what is no number, and what that is called here
my %bad = (words => "12 34\n", empty => '', unit => "1K\n", blank => ' 1',
           huge => '9' x 20, pipe => undef, missing => undef);
for my $bad (sort keys %bad) {
    say_used($bad, $bad{$bad}) if defined $bad{$bad};
}
mkfifo("$top/pipe", 0600) or die;

my $limit = LIMIT;
my $server = ExpectPolicy::Server->start(<<"END", load => [$cgi, 'env']);
@{[is_mpm('prefork') ? '' : 'ScriptSock cgisock']}
LogLevel expect_policy:debug
SetEnv EP_APP_LOG /dev/null
ScriptAlias /cgi/ "$programs"
<Directory "$programs">
    Options +ExecCGI
    Require all granted
</Directory>
Alias /docs "$top/docs"
<Directory "$top/docs/*">
    Require all granted
    ExpectPolicyQuota $limit
</Directory>
ExpectPolicy On
<Location /tree>
    ExpectPolicyQuota $limit "$top/tree"
</Location>
<Location /root>
    ExpectPolicyQuota $limit "$top/root"
</Location>
<Location /secret>
    ExpectPolicyQuota $limit "$top/secret"
</Location>
<Location /secret/closed>
    ExpectPolicyLedgerFailure Closed
</Location>
<Location /deep>
    ExpectPolicyQuota $limit "$top/deep"
    ExpectPolicyLedgerFailure Closed
</Location>
<Location /late>
    ExpectPolicyQuota $limit "$top/late"
    ExpectPolicyLedgerFailure Closed
</Location>
<Location /cgi/app.cgi/number>
    ExpectPolicyQuota $limit "$top/other" "usage=$top/number"
</Location>
@{[ map { qq{<Location /bad/$_>
    ExpectPolicyQuota $limit "$top/secret" "usage=$top/$_"
    ExpectPolicyLedgerFailure Closed
</Location>
} } sort keys %bad ]}
END

sub upload {
    my ($path, $length, %ask) = @_;
    my $res = ask(port => $server->{port}, path => $path, length => $length,
                  host => 'localhost', tag => '', %ask);
    close $res->{conn}{sock};
    return $res;
}

sub status_of {
    my ($path) = @_;
    return upload($path, 1000, body => 'x' x 1000)->{status};
}

# There is no handler for it; what matters is that it was not refused.
sub is_admitted {
    my ($path, $name) = @_;
    my $res = upload($path, 1000, body => 'x' x 1000);
    like($res->{status}, qr/\A40[45]\z/, $name);
    return $res;
}

# Bytes in use, as a refusal tells them; undef: unknown.
sub used {
    my ($path) = @_;
    my $res = upload($path, 1_000_000_000_000_000);
    my ($doc) = $res->{status} == 507 ? parse_json($res->{body}) : ();
    return $doc && LIMIT - $doc->{quota_remaining};
}

sub lines {
    my ($pattern) = @_;
    return scalar grep { /$pattern/ } split /\n/, $server->error_log;
}

# A line of the log for each time that it was measured
sub measurements {
    my ($tree) = @_;
    return lines(qr{usage of \Q$top/$tree\E: -?\d+ bytes});
}

sub becomes {
    my ($path, $bytes, $name) = @_;
    my $found;
    wait_until(sub { $found = used($path);
                     ($found // -1) == $bytes || !sleep 0.2 }, SOON);
    is($found, $bytes, $name);
}

# -------------------------------------------------- before the first upload

ok(wait_until(sub { !grep { !measurements($_) }
                    qw(tree root secret deep late number), keys %bad }, SOON),
   'a tree in the server\'s own files is measured when httpd starts');
is(used('/tree'), 1112, 'files below it count, each name, and links do not');
is(used('/root'), 1112, 'the way to it may be a link');
my $measured = time;
mkdir "$top/docs/one" or die;
make('docs/one/file', 3000);
is(measurements('docs/one'), 0, 'a tree that no file names is not measured yet');
is_admitted('/docs/one/new', 'an upload to a tree without a number is admitted under Open');
becomes('/docs/one/new', 3000, 'the new directory is measured');

# ------------------------------------------------ what cannot be measured

my $unreadable = qr{usage of \Q$top/secret\E is unknown.*\Q$top/secret/in\E};
is(lines($unreadable), 1, 'a directory that cannot be read is logged')
    or diag $server->error_log;
is_admitted('/secret/x', 'Open admits an upload');
refusal_ok(upload('/secret/closed/x', 1000), code => 'ledger_unavailable',
           logged => 0, status => 503, headers => { 'Retry-After' => 5 },
           members => { retry_after => 5 }, name => 'Closed refuses an upload');
is(lines(qr{usage of \Q$top/deep\E is unknown.*too deep}), 1,
   'a tree that is too deep is logged');
is(status_of('/deep/x'), 503, 'an upload to a tree that is too deep is refused');
is(lines(qr{\Q$top/late\E does not exist}), 1, 'a root that is missing is logged');
is(used('/late/x'), 0, 'a directory that does not exist counts as empty');
for my $bad (sort keys %bad) {
    is(lines(qr{usage of \Q$top/$bad\E is unknown}), 1, "no number: $bad");
    is(status_of("/bad/$bad"), 503, 'is refused');
}

my $app = '/cgi/app.cgi/number';
is(used($app), 1234, 'a usage file is read, and its tree is not');
is(upload($app, 500, body => 'x' x 500)->{status}, 200, 'an upload');
is(used($app), 1734, 'is added to it');

# -------------------------------------------------- changed by other hands

my $times = measurements('tree');
make('tree/new', 2000);
mkdir "$top/late" or die;
make('late/file', 11);
chmod 0700, "$top/secret/in" or die;
unlink "$top/pipe" or die;
say_used($_, "4321\n") for sort keys %bad;
is(used('/tree'), 1112, 'a file that others add');
becomes('/tree', 3112, 'is seen');
cmp_ok(time - $measured, '>', PAUSE - 1.5, 'after a pause');
is(measurements('tree'), $times + 1, 'measured once more for that');
becomes('/late/x', 11, 'a root is there now');
becomes('/secret/closed/x', 7, 'a directory can be read now');
becomes("/bad/$_", 4321, "a good number: $_") for sort keys %bad;
is(used($app), 1734, 'a file that has not changed is not used');

# and back again
unlink "$top/tree/new", "$top/tree/a/10" or die;
chmod 0, "$top/secret/in" or die;
say_used('number', '2000');
say_used('words', 'none');
becomes('/tree', 1102, 'files that others remove are gone');
ok(wait_until(sub { status_of('/secret/closed/x') == 503 || !sleep 0.2 }, SOON),
   'a directory cannot be read again');
is(lines($unreadable), 2, 'a second failure is logged again');
becomes($app, 2000, 'a usage file that has changed is read again');
ok(wait_until(sub { status_of('/bad/words') == 503 || !sleep 0.2 }, SOON),
   'one is no number again');
is(lines(qr{usage of \Q$top/words\E is unknown.*not one number}), 2,
   'a second wrong number is logged again');
cmp_ok(measurements('deep'), '>', 1, 'one that is too deep was tried again');
is(lines(qr{usage of \Q$top/deep\E is unknown}), 1, 'a failure that stays is logged once');
is(measurements('root'), 2,
   'a tree that was asked for once was measured once more');

my %pids = map { /measured in / && /\[pid (\d+)/ ? ($1 => 1) : () }
    split /\n/, $server->error_log;
is(scalar keys %pids, 1, 'one child has measured for all');
$server->stop;
unlike($server->error_log, qr/exit signal|AH0004[56]|still did not exit/,
       'no child had to be killed');

# ------------------------------------------------------------- a large tree

mkdir "$top/large" or die;
my $files = $ENV{EP_SANITIZE} ? 40_000 : 200_000;
for my $file (1 .. $files) {
    my $dir = "$top/large/" . int $file / 1000;
    mkdir $dir if $file == 1 || $file % 1000 == 0;
    open my $out, '>', "$dir/$file" or die "$dir/$file: $!";
}
mkdir "$top/small" or die;
make('small/file', 5);

sub children {
    my @found;
    for my $file (glob '/proc/[0-9]*/stat') {
        my ($pid, $parent) = slurp($file) =~ /\A(\d+) \(.*\) [A-Y] (\d+) /s
            or next;
        push @found, $pid if $parent == $server->{pid};
    }
    return @found;
}

sub start_large {
    $server = ExpectPolicy::Server->start(<<"END");
LogLevel expect_policy:debug watchdog:debug
GracefulShutdownTimeout 15
ExpectPolicy On
<Location /large>
    ExpectPolicyQuota $limit "$top/large"
</Location>
<Location /small>
    ExpectPolicyQuota $limit "$top/small"
</Location>
END
    ok(wait_until(sub { measurements('small') }, SOON),
       'a small tree is measured next to a large one');
    return !measurements('large');
}

# the machine's own pace, with nothing measured
sub pace {
    my @ms = sort { $a <=> $b } map {
        my $res = ask(method => 'GET', path => '/plain.txt', tag => '',
                      port => $server->{port}, host => 'localhost',
                      headers => ['Connection: close']);
        $res->{status} == 200 ? $res->{ms} : 1e6;
    } 1 .. $_[0];
    return $ms[@ms / 2];
}

ok(start_large(), 'the measurement of a large tree is under way');
my $beside = pace(20);
ok(!measurements('large'), '20 GETs do not wait for the measurement');
my $res = is_admitted('/large/x', 'an upload is admitted meanwhile');
cmp_ok($res->{ms}, '<', 2000, "the upload does not wait: $res->{ms} ms");
ok(wait_until(sub { measurements('large') }, 60), 'it is measured in the end');
is(used('/large'), 0, 'every byte of it');
my $alone = pace(20);
cmp_ok($beside, '<', 3 * $alone + 100,
       "a GET took $beside ms next to it, and $alone ms alone");
$server->stop;

ok(start_large(), 'the large tree is measured again');
my @children = children();
my $started = time;
$server->stop;
cmp_ok(time - $started, '<', 5, 'a server that measures stops at once');
ok(!measurements('large'), 'it stops before the measurement is done');
is_deeply([grep { kill 0, $_ } @children], [], 'no child is left');
unlike($server->error_log, qr/exit signal|AH0004[56]|still did not exit/,
       'no child had to be killed at the end');

ok(start_large(), 'the large tree is measured before a graceful restart');
@children = children();
cmp_ok(scalar @children, '>', 0, 'the server has children');
kill USR1 => $server->{pid};
my $gone = wait_until(sub {
    my %now = map { $_ => 1 } children();
    return !grep { $now{$_} } @children;
}, 10);
ok($gone, 'a graceful restart replaces all children');
ok(!measurements('large'), 'the measurement was not done before')
    or diag $server->error_log;
ok(wait_until(sub { measurements('large') }, 60),
   'the new children measure the large tree');
$server->stop;
unlike($server->error_log, qr/exit signal|AH0004[56]|still did not exit/,
       'no child had to be killed after the restart');

done_testing;

END {
    chmod 0700, "$top/secret/in" if $top;
}
