# Queries and small uploads: no full disk, full quota, used-up slot or ledger that
# cannot answer keeps people from logging in, looking around and deleting.  Small
# uploads count all the same, and cannot fill what is full without a bound.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant K => 1024;
use constant { SMALL => 64 * K, M => K * K };

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die
    for qw(space busy closed dry off small owner owner/lax used);
ExpectPolicy::Ledger::filled($site, 'large', M);
my $far = ExpectPolicy::Ledger::site();
# a program that stores what it is sent, under a new name each time
my $stores = ExpectPolicy::Ledger::site();
open my $out, '>', "$stores/store.cgi" or die;
print $out "#!$^X\n", <<'END';
local $/;
my $content = <STDIN>;
open my $file, '>', "$ENV{EP_STORE}/" . time . "-$$" or die;
print $file $content;
close $file;
print "Content-Type: text/plain\r\n\r\nstored\n";
END
close $out or die;
chmod 0755, "$stores/store.cgi" or die;
# one that reads all, and then thinks
open $out, '>', "$stores/think.cgi" or die;
print $out "#!$^X\n", <<'END';
1 while read STDIN, my $content, 65536;
sleep 4;
print "Content-Type: text/plain\r\n\r\nthought\n";
END
close $out or die;
chmod 0755, "$stores/think.cgi" or die;
my $bounded = ExpectPolicy::Ledger::site();
ExpectPolicy::Ledger::filled($bounded, 'large', M);
ExpectPolicy::Ledger::say_used("$site.used", 20 * M);

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site, count_from => undef,
ScriptAlias /store/ "$stores/"
<Directory "$stores">
    Options +ExecCGI
    Require all granted
    SetEnv EP_STORE "$bounded"
    ExpectPolicyQuota 1M "$bounded"
    ExpectPolicyCountFrom 4K
</Directory>
<Location /store/think.cgi>
    ExpectPolicyQuota Off
    ExpectPolicyConcurrent 1 client
</Location>
<Location /cgi/app.cgi/far>
    ExpectPolicyQuota 1M "$far" "usage=$site.used"
</Location>
<Location /cgi/app.cgi/full>
    ExpectPolicyQuota 1M "\@site\@"
    ExpectPolicyAllowance 10/1d host
    ExpectPolicyFreeSpace 100%
    ExpectPolicyLedgerFailure Closed
</Location>
<Location /cgi/app.cgi/off>
    ExpectPolicyCountFrom Off
    ExpectPolicyQuota 1M "\@site\@"
</Location>
<Location /cgi/app.cgi/less>
    ExpectPolicyCountFrom 10
    ExpectPolicyFreeSpace 100%
</Location>
<Location /cgi/app.cgi/dry>
    ExpectPolicy DryRun
    ExpectPolicyQuota 1M "\@site\@"
</Location>
<Location /cgi/app.cgi/space>
    ExpectPolicyFreeSpace 100%
</Location>
<Location /cgi/app.cgi/reserve>
    ExpectPolicyFreeSpace 100%
    ExpectPolicyCountFrom Off
</Location>
<Location /cgi/app.cgi/busy>
    ExpectPolicyConcurrent 2 client
</Location>
<Location /cgi/app.cgi/allowed>
    ExpectPolicyAllowance 100000/1d host
</Location>
<Directory "\@site\@">
    AllowOverride All
    ExpectPolicyQuota 1M
</Directory>
<Directory "\@site\@/space">
    ExpectPolicyQuota Off
    ExpectPolicyFreeSpace 100%
</Directory>
<Directory "\@site\@/busy">
    ExpectPolicyQuota Off
    ExpectPolicyConcurrent 1 client
</Directory>
END
    load => ['deflate', 'headers']);

$server->measured_ok($site, '/new');

my $query = '<propfind xmlns="DAV:"><allprop/></propfind>';
my $lock = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope>'
    . '<locktype><write/></locktype></lockinfo>';

# What a WebDAV client asks before it does anything, and what a browser sends.
sub asks_ok {
    my ($dir, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for ([PROPFIND => $query, 207], [LOCK => $lock, 200]) {
        my ($method, $content, $status) = @$_;
        my $res = ask($server->here, method => $method, path => "$dir/",
                      length => length $content, body => $content,
                      headers => ['Depth: 0', 'Content-Type: text/xml']);
        is($res->{status}, $status, "$name: $method is answered");
        my ($token) = ExpectPolicy::Wire::values_of($res, 'lock-token');
        next if $method ne 'LOCK';
        is(ask($server->here, method => 'UNLOCK', path => "$dir/",
               headers => ["Lock-Token: $token"])->{status}, 204,
           "$name: so is UNLOCK");
    }
    return;
}

# The answer of other tests, as far as it matters here.
sub refused_ok {
    my ($res, $code, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is("@{ $res->{interim} } "
              . join(',', ExpectPolicy::Wire::values_of($res, 'expect-policy-error')),
              " $code", $name);
}

sub login {
    my ($path, $length, %ask) = @_;
    return $server->put($path, $length, method => 'POST', %ask);
}

# ------------------------------------------------------------- what asks

asks_ok('', 'full quota');
refused_ok($server->announce('/new', 12), 'quota_exceeded',
           'full quota: a PUT of 12 bytes is refused');
asks_ok('/space', 'full disk');
refused_ok($server->announce('/space/new', 12), 'insufficient_storage',
           'full disk: a PUT of 12 bytes is refused');
my $held = $server->begin('/busy/held', 12);
ok(ExpectPolicy::Ledger::is_admitted($held), 'the only slot is taken');
asks_ok('/busy', 'no slot');
refused_ok($server->announce('/busy/new', 12), 'too_many_uploads',
           'no slot: a PUT of 12 bytes is refused');
is(ExpectPolicy::Ledger::finish($held), 201, 'the slot is free again');
is($server->put('/busy/new', 12)->{status}, 201, 'and then it is admitted');

# ------------------------------------------------------------- what is small

is(login('/cgi/app.cgi/full', 12)->{status}, 200, 'a login of 12 bytes is let in');
is(login('/cgi/app.cgi/full', SMALL)->{status}, 200, 'so are 64K');
refused_ok($server->announce('/cgi/app.cgi/full', SMALL + 1, method => 'POST'), 'insufficient_storage',
           'one byte more is not');
for my $method (qw(PUT PATCH)) {
    refused_ok($server->announce('/cgi/app.cgi/full', 12, method => $method), 'insufficient_storage',
           "nor is a $method of 12 bytes");
}
is(login('/cgi/app.cgi/full', 12, method => 'PROPPATCH')->{status}, 200,
   'PROPPATCH is another method');
is(login('/cgi/app.cgi/full', 12, method => 'SAVE')->{status}, 200,
   'and so is one of a program of its own');
refused_ok($server->announce('/cgi/app.cgi/off', 1, method => 'POST'), 'quota_exceeded',
           'Off: each upload counts');
asks_ok('', 'whatever CountFrom says');
is(login('/cgi/app.cgi/less', 10)->{status}, 200, '10 bytes of 10 are small');
refused_ok($server->announce('/cgi/app.cgi/less', 11, method => 'POST'), 'insufficient_storage',
           '11 are not');
is(login('/cgi/app.cgi/dry', SMALL + 1)->{status}, 200,
   'a dry run lets more through');
like($server->error_log, qr/would-refuse: error=quota_exceeded/, 'and says so');
is(login('/cgi/app.cgi/space', 12)->{status}, 200, 'full disk: a login is let in');
refused_ok($server->announce('/cgi/app.cgi/space', SMALL + 1, method => 'POST'), 'insufficient_storage',
           'an upload is not');

refused_ok($server->announce('/cgi/app.cgi/reserve', 12, method => 'POST'),
           'insufficient_storage', 'with ExpectPolicyCountFrom Off, a login is not either');

# Of unknown length: as far as it is small.
is($server->put_chunked('/cgi/app.cgi/full', 12, method => 'POST')->{status}, 200,
   'unknown length: 12 bytes are let in');
is($server->put_chunked('/cgi/app.cgi/full', SMALL, method => 'POST')->{status},
   200, 'so are 64K');
my $cut = $server->put_chunked('/cgi/app.cgi/full', SMALL + 1, method => 'POST');
is($cut->{status}, 507, 'one byte more is cut');
refused_ok($cut, 'insufficient_storage', 'by what it has not asked');
refused_ok(ask($server->here, path => '/cgi/app.cgi/full', chunked => 1), 'insufficient_storage',
           'a PUT is refused on its head');

# ------------------------------------------------------------- slots

my @held = map { $server->begin('/cgi/app.cgi/busy', 100_000, method => 'POST') }
    1 .. 2;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @held), 2,
   'two uploads have all slots');
is(login('/cgi/app.cgi/busy', 12)->{status}, 200, 'a page asks a third thing');
my @ajax = map { $server->begin('/cgi/app.cgi/busy', 500, method => 'POST') }
    1 .. 8;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @ajax), 8,
   'and eight more at once');
refused_ok($server->announce('/cgi/app.cgi/busy', SMALL + 1, method => 'POST'), 'too_many_uploads',
           'a third upload is refused');
is(ExpectPolicy::Ledger::finish($_), 200, 'each of these is answered')
    for @ajax, @held;
$server->settled_ok;
is(login('/cgi/app.cgi/busy', SMALL + 1)->{status}, 200,
   'with free slots the upload is admitted');

# A slot is held while content comes in, and not while the program thinks.
my $thinks = $server->begin('/store/think.cgi', 100_000, method => 'POST');
ok(ExpectPolicy::Ledger::is_admitted($thinks), 'an upload has the only slot');
ExpectPolicy::Ledger::send_content($thinks, 99_999);
refused_ok($server->announce('/store/think.cgi', 100_000, method => 'POST'),
           'too_many_uploads', 'until its last byte, no other one gets it');
ExpectPolicy::Wire::put($thinks->{conn}, 'x', 5);
my $next;
ok(wait_until(sub {
    $next = $server->begin('/store/think.cgi', 100_000, method => 'POST');
    return 1 if ExpectPolicy::Ledger::is_admitted($next);
    ExpectPolicy::Ledger::drop($next);
    return 0;
}, 3), 'then the next one is admitted');
is(read_response($thinks->{conn}, method => 'POST', patience => 0.1)->{status}, undef,
   'while the first one has no answer yet');
ExpectPolicy::Ledger::send_content($next, 50_000);
refused_ok($server->announce('/store/think.cgi', 100_000, method => 'POST'),
           'too_many_uploads', 'which has the slot for itself');
is(read_response($thinks->{conn}, method => 'POST', patience => 15)->{status}, 200,
   'the first one is answered');
refused_ok($server->announce('/store/think.cgi', 100_000, method => 'POST'),
           'too_many_uploads', 'which gives back nobody else\'s slot');
ExpectPolicy::Ledger::send_content($next, 50_000);
is(read_response($next->{conn}, method => 'POST', patience => 15)->{status}, 200,
   'and so is the second one');

# ------------------------------------------------------------- allowances

is(login('/cgi/app.cgi/allowed', 60_000)->{status}, 200, 'an allowance');
is(login('/cgi/app.cgi/allowed', 60_000)->{status}, 200, 'refuses nothing small');
refused_ok($server->announce('/cgi/app.cgi/allowed', 12), 'allowance_exceeded',
           'but counts it');

# ------------------------------------------------------------- a bound

login('/store/store.cgi', 1);
my $stored = 1;
for (1 .. 40) {
    my $res = login('/store/store.cgi', 4 * K);
    $stored += 4 * K if $res->{status} == 200;
}
cmp_ok($stored, '<=', 16 * 4 * K, 'what small uploads store is bounded');
cmp_ok($stored, '>', 15 * 4 * K - 4 * K, "by 16 of them: $stored bytes");
refused_ok($server->announce('/store/store.cgi', 4 * K, method => 'POST'), 'quota_exceeded',
           'then one is refused');

sub on_disk {
    my ($tree) = @_;
    my $sum = 0;
    $sum += -s for glob "$tree/*";
    return $sum;
}

# What is measured is the truth: that it is stored, it finds, and nobody gets more.
my $before = on_disk($bounded);
is($before, M + $stored, 'all that was answered is on the disk');
my $end = time + 13;
while (time < $end) {
    login('/store/store.cgi', 4 * K);
    select undef, undef, undef, 0.5;
}
is(on_disk($bounded), $before, 'measured again and again, it grows no more');
unlink "$bounded/large" or die;
ok(wait_until(sub { login('/store/store.cgi', 4 * K)->{status} == 200 }, 20),
   'when something was deleted, it is admitted again');

# A site that has far more than its quota, by other ways than uploads.
my $file = "$site.used";
ok(wait_until(sub { ($server->books->{trees}{$file}{known} // 0) == 1 }, 20),
   'its usage is known');
refused_ok($server->announce('/cgi/app.cgi/far', 12), 'quota_exceeded',
           'far over its quota: no PUT');
refused_ok($server->announce('/cgi/app.cgi/far', SMALL + 1, method => 'POST'),
           'quota_exceeded', 'and no upload');
is(scalar(grep { login('/cgi/app.cgi/far', SMALL)->{status} == 200 } 1 .. 18), 16,
   'but 16 small ones');
# the panel has counted anew
ExpectPolicy::Ledger::say_used($file, 20 * M);
ok(wait_until(sub { login('/cgi/app.cgi/far', 12)->{status} == 200 }, 20),
   'as nothing of them was stored, there is room again');
is(scalar(grep { login('/cgi/app.cgi/far', SMALL)->{status} == 200 } 1 .. 18), 15,
   'for 16 in all');
my $full = $server->books->{trees}{$file}{used};
ExpectPolicy::Ledger::say_used($file, $full);
for (1 .. 3) {
    sleep 1;
    refused_ok(login('/cgi/app.cgi/far', SMALL), 'quota_exceeded',
               'what the panel finds of them makes no room');
}
done_testing();
