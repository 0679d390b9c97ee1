# A request without content that announces a total (tus: POST with Upload-Length;
# Nextcloud: MKCOL, PUT and MOVE with OC-Total-Length) asks whether quotas and free space
# have room for it.  It holds nothing: the parts hold what they are, and the MOVE that
# joins them within one tree is not asked for again.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

use constant M => 1024 * 1024;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(tree api full roomy first owner secret chunks chunks/done);
ExpectPolicy::Ledger::filled($site, "$_/old", 6 * M) for qw(api first chunks);
ExpectPolicy::Ledger::filled($site, 'full/old', 10 * M);
ExpectPolicy::Ledger::written($site, 'owner/.htaccess', "ExpectPolicyQuota 1M\n");
# the password: admin
ExpectPolicy::Ledger::written("$site/..", "users-$$", "alice:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\n");
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
<Location /cgi/app.cgi/api>
    ExpectPolicyQuota 10M "\@site\@/api"
</Location>
<Location /cgi/app.cgi/api/small>
    ExpectPolicyCountFrom 64K
</Location>
<Location /cgi/app.cgi/api/none>
    ExpectPolicyTotalFields None
</Location>
<Location /cgi/app.cgi/api/dry>
    ExpectPolicy DryRun
</Location>
<Location /cgi/app.cgi/api/member>
    AuthType Basic
    AuthName members
    AuthBasicProvider file
    AuthUserFile "\@site\@/../users-$$"
    Require valid-user
</Location>
<Location /cgi/app.cgi/api/most>
    ExpectPolicyMaxTotal 1M
</Location>
<Location /cgi/app.cgi/full>
    ExpectPolicyQuota 10M "\@site\@/full"
</Location>
<Location /cgi/app.cgi/roomy>
    ExpectPolicyQuota 10M "\@site\@/roomy"
</Location>
<Location /cgi/app.cgi/first>
    ExpectPolicyQuota 10M "\@site\@/first"
</Location>
<Location /cgi/app.cgi/space>
    ExpectPolicyFreeSpace 100%
</Location>
<Location /cgi/app.cgi/some-space>
    ExpectPolicyFreeSpace 0
</Location>
<Location /cgi/app.cgi/unknown>
    ExpectPolicyQuota 10M "\@site\@" "usage=\@site\@/no-such-file"
</Location>
<Location /cgi/app.cgi/unknown/closed>
    ExpectPolicyLedgerFailure Closed
</Location>
<Location /cgi/app.cgi/counted>
    ExpectPolicyAllowance 1M/1d host
    ExpectPolicyConcurrent 1 host
</Location>
<Directory "\@site\@/chunks">
    ExpectPolicyQuota 10M
</Directory>
<Directory "\@site\@/owner">
    AllowOverride Limit
</Directory>
END
    load => [qw(authn_file auth_basic authz_user), has_http2() ? 'http2' : ()]);

my $tus = 'Upload-Length';
my $nextcloud = 'OC-Total-Length';
sub announce {
    my ($path, $bytes, %ask) = @_;
    my $field = delete $ask{field} // $tus;
    return ask($server->here, method => 'POST', path => $path, length => 0,
               %ask, headers => [ "$field: $bytes", @{ $ask{headers} // [] } ]);
}
sub to {
    my ($path) = @_;
    return (headers => [ "Destination: http://localhost:$server->{port}$path" ]);
}
my $api = '/cgi/app.cgi/api';
sub full_ok {
    my ($res, $left, $asked, $name, %more) = @_;
    refusal_ok($res, code => 'quota_exceeded', content => 0, name => $name,
               members => { quota_remaining => $left, requested_size => $asked }, %more);
}

# The first request to a tree: it is measured for that.
full_ok(announce('/cgi/app.cgi/first', 4 * M + 1), 4 * M, 4 * M + 1,
        'the tree is measured when it is asked');
accepted_ok(announce('/cgi/app.cgi/first', 4 * M), name => 'its twin');
# Nothing is held, so any number of them is admitted.
for my $n (1 .. 3) {
    accepted_ok(announce($api, 4 * M), name => "announcement $n fits");
    full_ok(announce($api, 4 * M + 1), 4 * M, 4 * M + 1, 'a byte more does not');
}
is($server->books->{claims}, 0, 'nobody holds anything');
is($server->books->{trees}{"$site/api"}{held}, 0, 'in the tree neither');
is($server->books->{trees}{"$site/api"}{used}, 6 * M, 'and nothing counts');
accepted_ok(announce($api, $_), name => "$_: nobody knows, and nothing is asked for")
    for 'x', '+9999999999', '9223372036854775808', '5, 5', '';
full_ok(announce($api, '9223372036854775807'), 4 * M, '9223372036854775807', 'the largest');
accepted_ok(announce($api, 0), name => 'an empty file');
accepted_ok(announce('/cgi/app.cgi/full', 0), name => 'also where it is full');
full_ok(announce('/cgi/app.cgi/full', 1), 0, 1, 'a byte where it is full');
accepted_ok(announce('/cgi/app.cgi/full', 1, method => $_), name => "$_ stores nothing")
    for qw(GET PROPFIND DELETE);
accepted_ok(announce("$api/none", 5 * M), name => 'a field that is not listed');
refusal_ok(announce("$api/most", 5 * M), code => 'content_too_large', content => 0,
           members => { limit => M, requested_size => 5 * M, total => JSON::PP::true },
           name => 'a limit of the total comes first');

# What is under way counts.
my $under_way = $server->begin("$api/part", 3 * M);
ok(ExpectPolicy::Ledger::is_admitted($under_way), 'an upload of 3 MB is under way');
full_ok(announce($api, M + 1), M, M + 1, 'an announcement beside it');
accepted_ok(announce($api, M), name => 'its twin');
ok(ExpectPolicy::Ledger::is_admitted($server->begin("$api/part", M)),
   'what was announced is not held: another one takes it');
ExpectPolicy::Ledger::drop($under_way);
$server->settled_ok;

# A POST that brings the first part along; a PUT may be any part.
sub part {
    my ($method, $path, $total, %ask) = @_;
    return ask($server->here, method => $method, path => $path, length => 10,
               body => 'x' x 10, headers => [ "$tus: $total", @{ $ask{headers} // [] } ]);
}
full_ok(part('POST', $api, 4 * M + 1), 4 * M, 4 * M + 1, 'a POST with content');
accepted_ok(part('POST', $api, 4 * M), name => 'its twin');
full_ok(part('POST', "$api/small", 5 * M), 4 * M - 10, 5 * M, 'small content of a large upload');
accepted_ok(part('PUT', $api, 5 * M), name => 'a PUT');
accepted_ok(part('PATCH', $api, 5 * M), name => 'a PATCH');
my $slot = ask($server->here, method => 'POST', path => "$api/part", length => 0,
               headers => ["$tus: 100"]);
accepted_ok($slot, name => 'a small one');
$server->settled_ok;

# Free space; allowances and slots are for what is sent.
refusal_ok(announce('/cgi/app.cgi/space', 1), code => 'insufficient_storage', content => 0,
           members => { requested_size => 1 });
accepted_ok(announce('/cgi/app.cgi/some-space', 1), name => 'some free space');
refusal_ok(announce('/cgi/app.cgi/some-space', '9000000000000000000'),
           code => 'insufficient_storage', content => 0,
           members => { requested_size => '9000000000000000000' }, name => 'more than there is');
accepted_ok(announce('/cgi/app.cgi/counted', 5 * M), name => 'an allowance is not asked');
is($server->books->{claims}, 0, 'and nothing holds a slot');

# A usage that nobody knows.
refusal_ok(announce('/cgi/app.cgi/unknown/closed', 1), code => 'ledger_unavailable', content => 0,
           members => { retry_after => 5 }, headers => { 'Retry-After' => 5 });
accepted_ok(announce('/cgi/app.cgi/unknown', 1), name => 'its twin, where the ledger may fail');

# A dry run says so.
my $dry = announce("$api/dry", 5 * M);
accepted_ok($dry, name => 'a dry run');
like(logged_once($dry, qr/would-refuse:/, 'logs it') // '',
     qr/would-refuse: error=quota_exceeded status=507 limit=10485760 requested=5242880 /,
     'in the usual words');

# Nobody learns what is left before authentication.
is(announce("$api/member", 5 * M)->{status}, 401, 'without credentials');
full_ok(announce("$api/member", 5 * M, headers => ['Authorization: Basic YWxpY2U6YWRtaW4=']),
        4 * M - 30, 5 * M, 'with credentials');
accepted_ok(announce("$api/member", 3 * M, headers => ['Authorization: Basic YWxpY2U6YWRtaW4=']),
            name => 'its twin');

# An owner's quota counts as well.
refusal_ok(announce('/owner/new/', 2 * M, method => 'MKCOL', field => $nextcloud),
           code => 'quota_exceeded', content => 0, by => qr{owner/\.htaccess:1 },
           members => { quota_remaining => qr/^10485\d\d$/, requested_size => 2 * M },
           name => 'a quota in an .htaccess file');
is(announce('/owner/new/', M / 2, method => 'MKCOL', field => $nextcloud)->{status}, 201,
   'its twin');

# Nextcloud's protocol, with mod_dav: MKCOL, chunks, and MOVE.
my @nextcloud = (field => $nextcloud);
full_ok(announce('/chunks/up/', 4 * M + 1, method => 'MKCOL', @nextcloud), 4 * M, 4 * M + 1,
        'MKCOL announces too much');
ok(!-e "$site/chunks/up", 'and makes no collection');
is(announce('/chunks/up/', 4 * M, method => 'MKCOL', @nextcloud)->{status}, 201, 'its twin');
for my $n (1 .. 2) {
    my $res = $server->put("/chunks/up/$n", 2 * M, headers => ["$nextcloud: " . 4 * M]);
    accepted_ok($res, status => 201, name => "chunk $n: it holds what it is");
}
$server->settled_ok;
is($server->books->{trees}{"$site/chunks"}{used}, 10 * M, 'the quota is used up');
full_ok($server->put('/chunks/up/3', 1), 0, 1, 'nothing else fits');
is(announce('/chunks/up/1', 4 * M, method => 'MOVE', @nextcloud,
            headers => [ { to('/chunks/done/file') }->{headers}[0] ])->{status}, 201,
   'the MOVE within the tree is not asked for again');
is(-s "$site/chunks/done/file", 2 * M, 'and is done');

# The same, where a program joins them: it is judged by the accounts of both places.
sub join_ok {
    my ($method, $from, $to, $bytes) = @_;
    return announce("/cgi/app.cgi/$from/parts", $bytes, method => $method, @nextcloud,
                    to("/cgi/app.cgi/$to/file"));
}
accepted_ok(join_ok('MOVE', 'full', 'full', 4 * M), name => 'MOVE within a full tree');
full_ok(join_ok('MOVE', 'roomy', 'full', 4 * M), 0, 4 * M, 'MOVE into a full tree');
full_ok(join_ok('COPY', 'full', 'full', 4 * M), 0, 4 * M, 'COPY within a full tree');
accepted_ok(join_ok('MOVE', 'full', 'roomy', 4 * M), name => 'MOVE to where there is room');
accepted_ok(join_ok('COPY', 'full', 'roomy', 4 * M), name => 'COPY to where there is room');
full_ok(join_ok('MOVE', 'full', 'roomy', 10 * M + 1), 10 * M, 10 * M + 1, 'MOVE of more than that');
refusal_ok(join_ok('MOVE', 'api', 'api/most', 2 * M), code => 'content_too_large', content => 0,
           members => { limit => M, requested_size => 2 * M, total => JSON::PP::true },
           name => 'a limit of the total at the destination');
accepted_ok(join_ok('MOVE', 'api', 'api/most', M), name => 'its twin');
accepted_ok(join_ok('MOVE', 'roomy', 'api/none', 9 * M),
            name => 'a destination that does not list the field');
accepted_ok(ask($server->here, method => 'MOVE', path => '/cgi/app.cgi/roomy/parts',
                to('/cgi/app.cgi/full/file')), name => 'without the field, nothing is asked for');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port}, log => "$server->{dir}/error_log");
    my @ask = (host => 'localhost', end => 1, path => '/cgi/app.cgi/full');
    my $res = $h2->answer($h2->request(@ask, headers => ['upload-length: 5']));
    is($res->{status}, 507, 'HTTP/2: no room');
    like($res->{body}, qr/"error":"quota_exceeded".*"requested_size":5\b/, 'and the document');
    is($h2->answer($h2->request(@ask, headers => ['upload-length: 0']))->{status}, 200,
       'HTTP/2: its twin');
}

$server->settled_ok('nothing is held in the end');
$server->stop;
done_testing;
