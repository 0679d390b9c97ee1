# A handler may have stored what it was given, whatever it answers.  So an upload that
# was cut, that ended in an error or that its client left counts until the tree is
# measured; and then as what lies there.  EP_ROUNDS=200 is the long run.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant { QUOTA => 600_000, EACH => 500_000 };
my $rounds = $ENV{EP_ROUNDS} // 40;
my $module = built_module('careless.so', 'there is the careless handler');
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(cut error left dav);
my $quota = QUOTA;
my $server = ExpectPolicy::Ledger->start(<<"END" . <<'END', site => $site);
LoadModule careless_module $module
END
<Directory "@site@/*">
    ExpectPolicyQuota 600000
    <FilesMatch "^x">
        Dav Off
        SetHandler careless
    </FilesMatch>
</Directory>
END
$server->measured_ok("$site/$_", "/$_/new") for qw(cut error left dav);

# Uploads that are cut, and are stored as far as they came.
my $most = 0;
my %status;
for my $round (1 .. $rounds) {
    my $res = $server->put_chunked("/cut/x$round?s=201.", 2 * QUOTA, method => 'POST');
    $status{ $res->{status} // 'none' }++;
    my $disk = $server->on_disk('cut');
    $most = $disk if $disk > $most;
}
is_deeply(\%status, { 507 => $rounds }, 'all of them are told');
cmp_ok($most, '>', 0, 'the handler has stored something');
cmp_ok($most, '<=', 2 * QUOTA, "never more than an upload above the quota: $most");
diag "$rounds rounds, most on disk $most of " . QUOTA if $ENV{EP_ROUNDS};

# An error, once the content was read.
is($server->put('/error/x1?r=500.', EACH, method => 'POST')->{status}, 500, 'an error');
is($server->used("$site/error"), EACH, 'counts what the handler was given');
is($server->put('/error/x2', EACH, method => 'POST')->{status}, 507,
   'so that no other one fits');
unlink "$site/error/x1";
ok(wait_until(sub {
    $server->begin('/error/new', EACH + 50_000)->{status} // 0;
    ($server->books->{trees}{"$site/error"}{used} // -1) == $server->on_disk('error');
}, 20), 'it is measured within seconds, and only what lies there counts');
is($server->put('/error/x2', EACH, method => 'POST')->{status}, 200, 'and then it does');

# A client that leaves.
my $left = $server->begin('/left/x1', EACH, method => 'POST');
ExpectPolicy::Ledger::send_content($left, 200_000);
ok(wait_until(sub { -s "$site/left/x1" }, 5), 'the handler stores what comes');
ExpectPolicy::Ledger::drop($left);
my $used = $server->used("$site/left");
cmp_ok($used, '>=', $server->on_disk('left'), 'of one that is left, what was stored counts');
cmp_ok($used, '<=', 200_000, 'and no more than it has sent');

# mod_dav_fs takes away what it has stored.
my $dav = $server->begin('/dav/new', EACH);
ExpectPolicy::Ledger::send_content($dav, 200_000);
ExpectPolicy::Ledger::drop($dav);
is($server->used("$site/dav"), 0, 'the twin with mod_dav_fs counts nothing');
is($server->put_chunked('/dav/new', 2 * QUOTA)->{status}, 507, 'nor one that is cut');
is($server->used("$site/dav"), 0, 'as nothing lies there');
is($server->put('/dav/new', EACH)->{status}, 201, 'one that fits is stored');

$server->settled_ok;
$server->stop;
done_testing;
