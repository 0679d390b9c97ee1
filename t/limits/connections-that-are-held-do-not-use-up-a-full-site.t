# Small uploads share what a full quota may be overdrawn by.  They claim what has come
# of their content: connections that are held with one byte each keep nobody from
# logging in.  What has come is claimed, and bounded.  And a slot is for content that
# comes in: a place that is led on to when all content has come asks for none.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant { K => 1024, M => 1024 * 1024 };

my $module = built_module('careless.so', 'there is the careless handler');
my $site = ExpectPolicy::Ledger::site();
ExpectPolicy::Ledger::filled($site, 'large', M);
my $led = ExpectPolicy::Ledger::site();
my $server = ExpectPolicy::Ledger->start(<<"END" . <<'END', site => $site,
LoadModule careless_module $module
<Directory "$led">
    Require all granted
    SetHandler careless
    ExpectPolicyQuota 10M
</Directory>
Alias /led "$led"
Alias /plain.txt "$led/plain.txt"
<Location /plain.txt>
    ExpectPolicyConcurrent 1 host
</Location>
END
<Directory "@site@">
    ExpectPolicyQuota 1M
    <FilesMatch "^x">
        Dav Off
        SetHandler careless
    </FilesMatch>
</Directory>
END
    count_from => undef);
$server->measured_ok($site, '/new');

sub tree { return $server->books->{trees}{$site} }

sub login { return $server->put('/xlogin?s=200.silent.', 100, method => 'POST')->{status} }

# ------------------------------------------------------------- held connections

my @held = map { $server->begin("/xheld$_", 64 * K, method => 'POST') } 1 .. 53;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @held), 53,
   '53 small uploads are admitted to a full site');
ExpectPolicy::Ledger::send_content($_, 1) for @held;
cmp_ok(tree()->{held}, '<', 1000, 'with one byte sent, they hold next to nothing');
is(login(), 200, 'so a login is let in');

# What has come is claimed before a handler gets it.
my @kept = splice @held, 0, 15;
ExpectPolicy::Ledger::send_content($_, 64 * K - 2) for @kept;
ok(wait_until(sub { tree()->{held} >= 15 * (64 * K - 1) }, 10),
   'what has come of 15 uploads is held');
my $fits = $server->put('/xfits?s=200.', 60 * K, method => 'POST');
is($fits->{status}, 200, 'one more fits');
my $refused = $server->announce('/xmore', 64 * K, method => 'POST');
is($refused->{status}, 507, 'one that announces more than what is left is refused');
like($refused->{body}, qr/"quota_remaining":\d{1,4},/, 'and is told what is left');
# those that are let in share what is left
ExpectPolicy::Ledger::send_content($held[0], 64 * K - 2);
my $cut = read_response($held[0]{conn}, method => 'POST', patience => 15);
is($cut->{status}, 507, 'one that was let in is cut where nothing is left');
my $tree = tree();
cmp_ok($tree->{used} + $tree->{held}, '<=', 2 * M + 64 * K, 'the sum is within the bound');
ExpectPolicy::Ledger::drop(@held, @kept);
$server->settled_ok;

# ------------------------------------------------------------- slots of later places

my $slot = $server->begin('/plain.txt', 100_000, method => 'POST');
ok(ExpectPolicy::Ledger::is_admitted($slot), 'the only slot of a place is taken');
is($server->announce('/plain.txt', 100_000, method => 'POST')->{status}, 429,
   'an upload to it is refused');
is($server->put('/led/x?leads.', 100_000, method => 'POST')->{status}, 200,
   'one that was read before it is led there is not');
is(ExpectPolicy::Ledger::finish($slot), 200, 'the slot is in use all the time');

$server->settled_ok;
$server->stop;
done_testing;
