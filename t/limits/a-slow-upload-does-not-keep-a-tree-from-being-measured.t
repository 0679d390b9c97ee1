# Uploads that fail count as used until their tree is measured.  One slow upload, which
# may be a stranger's, does not keep them in the count: a number that is lower is used
# while it is under way, and never leaves out what is stored meanwhile.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant M => 1024 * 1024;

my $module = built_module('careless.so', 'there is the careless handler');
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(left login grows);
ExpectPolicy::Ledger::filled($site, 'login/large', M);
my $server = ExpectPolicy::Ledger->start(<<"END" . <<'END', site => $site,
LoadModule careless_module $module
END
<Directory "@site@/left">
    ExpectPolicyQuota 10M
</Directory>
<Directory "@site@/login">
    ExpectPolicyQuota 1M
</Directory>
<Directory "@site@/grows">
    ExpectPolicyQuota 10M
</Directory>
<Directory "@site@/*">
    <FilesMatch "^x">
        Dav Off
        SetHandler careless
    </FilesMatch>
</Directory>
END
    count_from => undef);
$server->measured_ok("$site/$_", "/$_/new") for qw(left login grows);

sub tree { return $server->books->{trees}{"$site/$_[0]"} }

# An upload that stays under way, with one byte sent, or so many.
sub slow {
    my ($path, $length, $sent) = @_;
    my $upload = $server->begin($path, $length, method => 'POST');
    ok(ExpectPolicy::Ledger::is_admitted($upload), 'a slow upload is under way');
    ExpectPolicy::Ledger::send_content($upload, $sent // 1);
    return $upload;
}

# ------------------------------------------------------- uploads that fail

my $slow = slow('/left/xslow', 100_000);
# the tree may be measured in between, so this is tried again
ok(wait_until(sub {
    my $status = $server->put('/left/xleft?s=500.', 4 * M, method => 'POST')->{status};
    unlink "$site/left/xleft";
    return $status == 500 && tree('left')->{used} >= 8 * M;
}, 20), 'two uploads of 4 of 10 MB that fail count');
is($server->announce('/left/new', 5 * M)->{status}, 507, 'and keep others out');
ok(wait_until(sub { tree('left')->{used} < 1000 }, 20),
   'the tree is measured although the slow one is under way');
is($server->put('/left/new', 5 * M)->{status}, 201, 'so the next one is stored');
is(tree('left')->{held}, 100_000, 'the slow one still holds what it declared');
ExpectPolicy::Ledger::send_content($slow, 99_999);
is(read_response($slow->{conn}, method => 'POST', patience => 15)->{status}, 200,
   'and is stored in the end');
cmp_ok($server->used("$site/left"), '>=', $server->on_disk('left'), 'all that lies there counts');

# ------------------------------------------------------- logins on a full site

sub login {
    my $res = $server->put('/login/xlogin?s=200.silent.', $_[0] // 100, method => 'POST');
    unlink "$site/login/xlogin";
    return $res->{status};
}
is(login(), 200, 'a login on a full site is let in');
$slow = slow('/login/xslow', 2000);
ok(wait_until(sub {
    for my $length (65_536, 4096, 256, 20) {
        login($length) for 1 .. 17;
    }
    return login() != 200;
}, 20), 'logins that store nothing use up what may be overdrawn');
ok(wait_until(sub { login() == 200 }, 20),
   'until the tree is measured, whatever is under way');
ExpectPolicy::Ledger::drop($slow);

# ------------------------------------------------------- what is stored meanwhile

# Slow uploads come and go, files are stored and replaced, and others fail, so that the
# tree is never at rest: the count is never below what lies there.
my ($least, $last, $lower) = (0, 0, 0);
$slow = slow('/grows/xslow0', 4000, 2000);
for my $round (1 .. ($ENV{EP_ROUNDS} // 40)) {
    my $next = $server->begin("/grows/xslow$round", 4000, method => 'POST');
    ExpectPolicy::Ledger::send_content($next, 2000);
    $server->put('/grows/file' . $round % 5, 1000 * (1 + $round % 7));
    $server->put("/grows/xfails?s=500.", 100_000, method => 'POST');
    unlink "$site/grows/xfails";
    ExpectPolicy::Ledger::drop($slow) if $round % 2;
    ExpectPolicy::Ledger::send_content($slow, 2000) if !($round % 2);
    $slow = $next;
    my $tree = tree('grows');
    $lower++ if $tree->{used} < $last;
    $last = $tree->{used};
    my $above = $tree->{used} + $tree->{held} - $server->on_disk('grows');
    $least = $above if $above < $least;
    select undef, undef, undef, 0.25;
}
is($least, 0, 'used and held are never less than what lies on the disk');
cmp_ok($lower, '>', 0, 'although lower numbers were used');
ExpectPolicy::Ledger::drop($slow);
$server->settled_ok;
$server->stop;
done_testing;
