# COPY and MOVE make files although the request has no content.  The policies of
# their own place and of their destination hold, and they claim what they write.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Judge qw(refusal_schema_ok);
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant M => 1024 * 1024;

my $site = ExpectPolicy::Ledger::site();
my @dirs = qw(storm again from to tree many props dry space closed secret
              plain public edited);
mkdir "$site/$_" or die for @dirs, 'tree/sub', 'many/all', 'tree/sub/deep';
ExpectPolicy::Ledger::filled($site, $_, 9 * M) for qw(storm/a from/a);
ExpectPolicy::Ledger::filled($site, $_, 3 * M)
    for qw(tree/sub/a tree/sub/deep/b plain/a dry/a space/a);
ExpectPolicy::Ledger::filled($site, $_, 10) for qw(public/x.txt props/a edited/a);
for my $n (1 .. 11_000) {
    open my $out, '>', "$site/many/all/$n" or die;
    close $out;
}
open my $out, '>', "$site/../users-$$" or die;
print $out "alice:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\n"; # secret: admin
close $out;
my $limit = 10 * M;
my $server = ExpectPolicy::Ledger->start(
    join('', map { <<"END" } qw(storm again to tree many props secret)) . <<"MORE",
<Directory "\@site\@/$_">
    ExpectPolicyQuota $limit
</Directory>
END
<Directory "\@site\@/dry">
    ExpectPolicy DryRun
    ExpectPolicyQuota $limit
</Directory>
<Directory "\@site\@/space">
    ExpectPolicyFreeSpace 99%
</Directory>
<Directory "\@site\@/closed">
    ExpectPolicyRefuse closed "Closed."
</Directory>
<Directory "\@site\@/secret">
    AuthType Basic
    AuthName members
    AuthBasicProvider file
    AuthUserFile "\@site\@/../users-$$"
    Require valid-user
</Directory>
<FilesMatch "\\.php\$">
    ExpectPolicyRefuse no_programs "No programs here."
</FilesMatch>
<Directory "\@site\@/edited">
    ExpectPolicyRequireAuth Bearer realm="api"
    RequestHeader set Authorization "Bearer x"
</Directory>
<Directory "\@site\@/public">
    ExpectPolicyRequireAuth Bearer realm="api"
</Directory>
MORE
    site => $site, load => [qw(headers authn_file auth_basic authz_user)]);
$server->measured_ok("$site/$_", "/$_/new")
    for qw(storm again to tree many props dry);

sub used { return $server->used("$site/$_[0]") }

sub transfer {
    my ($method, $from, $to, @headers) = @_;
    return ask($server->here, method => $method, path => $from, headers => [
        "Destination: http://localhost:$server->{port}$to", @headers]);
}
sub copy { return transfer('COPY', @_) }
sub move { return transfer('MOVE', @_) }

sub refused_ok {
    my ($res, $name, $code, %members) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($json) = parse_json($res->{body});
    refusal_schema_ok($res, "$name: by the schema");
    my %got = (error => $json ? $json->{error} : undef);
    for my $member (keys %members) {
        $got{$member} = $member eq 'status' ? $res->{status} : $json->{$member};
    }
    is_deeply(\%got, { error => $code, %members }, $name);
}

sub over {
    my ($left, $asked) = @_;
    return ('quota_exceeded', status => 507, quota_remaining => $left,
            requested_size => $asked);
}

# (e) Fifteen copies, one after the other.
for my $n (1 .. 15) {
    refused_ok(copy('/storm/a', "/storm/$n"), "copy $n", over(M, 9 * M));
}
is(used('storm'), 9 * M, 'none counts');
is(scalar(() = glob "$site/storm/*"), 1, 'and none is there');
is(copy('/storm/a', '/storm/a')->{status}, 403, 'onto itself: mod_dav says no');
accepted_ok($server->put('/again/a', 3 * M), status => 201, name => 'a file');
my @status = map { copy('/again/a', "/again/$_")->{status} } 1 .. 4;
is("@status", '201 201 507 507', 'as many as fit');
is(used('again'), 9 * M, 'and all count');
is(copy('/again/a', '/again/1')->{status}, 204, 'one that replaces another one');
is(used('again'), 9 * M, 'counts nothing more');
is(copy('/again/a', '/again/1', 'Overwrite: F')->{status}, 412,
   'one that must not replace any');
is(used('again'), 9 * M, 'counts nothing');

# (b) What was copied stays when its source is replaced.
accepted_ok($server->put('/again/a', 1), status => 204, name => 'one byte');
is(used('again'), 6 * M + 1, 'counts what still lies there');

# At once.
my @conns = map { converse($server->here) } 1 .. 8;
for my $n (1 .. 8) {
    ExpectPolicy::Wire::put($conns[$n - 1], head_bytes(
        $server->here, method => 'COPY', path => '/again/2', headers => [
            "Destination: http://localhost:$server->{port}/again/new$n" ]), 5);
}
@status = sort map {
    read_response($_, method => 'COPY', patience => 15)->{status} } @conns;
is("@status", '201 507 507 507 507 507 507 507', 'eight at once: one fits');
is(used('again'), 9 * M + 1, 'and counts');

# Into another place; its own is not asked.
is(copy('/from/a', '/from/b')->{status}, 201, 'no quota, no limit');
is(copy('/from/a', '/to/a')->{status}, 201, 'one into a quota');
is(used('to'), 9 * M, 'counts there');
refused_ok(copy('/from/a', '/to/b'), 'another one', over(M, 9 * M));
refused_ok(move('/from/a', '/to/b'), 'a move of it to there', over(M, 9 * M));
ok(-e "$site/from/a", 'it stays');
is(move('/to/a', '/to/c')->{status}, 201, 'within the tree it is');
is(used('to'), 9 * M, 'and counts once');
is(move('/plain/a', '/to/d')->{status}, 507, 'no room for another one');
unlink "$site/to/c" or die;
is(move('/to/c', '/from/c')->{status}, 404, 'nothing to move');

# A collection.
refused_ok(copy('/tree/sub/', '/tree/new/'), 'a collection is added up',
           over(4 * M, 6 * M));
ok(!-e "$site/tree/new", 'none is made');
is(copy('/tree/sub/', '/tree/empty/', 'Depth: 0')->{status}, 201,
   'without what is in it');
is(used('tree'), 6 * M, 'it takes no room');
is(copy('/tree/sub/deep/', '/tree/new/')->{status}, 201, 'one that fits');
is(used('tree'), 9 * M, 'counts');
is(-s "$site/tree/new/b", 3 * M, 'as it lies there');
refused_ok(copy('/many/all/', '/many/new/'), 'one of too many entries',
           over(10 * M, undef));
ok(!-e "$site/many/new", 'is not copied');
is(copy('/many/all/', '/from/all/')->{status}, 201,
   'the same tree, to a place without a quota');
is(scalar(() = glob "$site/from/all/*"), 11_000, 'is copied completely');
is(move('/many/all/', '/many/other/')->{status}, 201,
   'a move within one quota is not limited');

# Properties go along.
my $set = "<propertyupdate xmlns='DAV:'><set><prop>" . join('',
    map { "<p$_ xmlns='urn:x'>" . 'x' x 900 . "</p$_>" } 1 .. 200)
    . '</prop></set></propertyupdate>';
my $patched = ask($server->here, method => 'PROPPATCH', path => '/props/a',
                  length => length $set, body => $set);
is($patched->{status}, 207, 'a file with properties');
my $before = used('props');
is(copy('/props/a', '/props/b')->{status}, 201, 'is copied');
cmp_ok(used('props') - $before, '>', 150_000, 'and they count');

# A dry run.
is(copy('/dry/a', "/dry/$_")->{status}, 201, "dry run $_") for 1 .. 3;
is(() = $server->error_log =~ /would-refuse: error=quota_exceeded/g, 1,
   'reports what does not fit');

# Free space.
refused_ok(copy('/plain/a', '/space/b'), 'no space', 'insufficient_storage',
           status => 507, requested_size => 3 * M);
is(move('/space/a', '/space/b')->{status}, 201, 'a move needs none');

# Refuse and credentials, of both places, and nothing else.
refused_ok(copy('/plain/a', '/closed/a'), 'a closed place', 'closed',
           status => 403);
refused_ok(move('/plain/a', '/plain/a.php'), 'a name that is refused',
           'no_programs', status => 403);
is(move('/plain/a', '/plain/a.txt')->{status}, 201, 'another name is not');
my $res = copy('/public/x.txt', '/plain/x.txt');
refused_ok($res, 'credentials', 'authentication_required', status => 401);
is(copy('/public/x.txt', '/plain/x.txt', 'Authorization: Bearer x')->{status},
   201, 'that are there');

refused_ok(copy('/edited/a', '/plain/e.txt'), 'credentials that an owner adds',
           'authentication_required', status => 401);
is(copy('/edited/a', '/plain/e.txt', 'Authorization: Bearer y')->{status}, 201,
   'and those of the client');

# Nothing is told to those who may not go there.
$res = copy('/from/a', '/secret/a');
is($res->{status}, 401, 'who may not know');
unlike($res->{body}, qr/quota/, 'is told nothing');
$res = copy('/from/a', '/secret/a', 'Authorization: Basic YWxpY2U6YWRtaW4=');
is($res->{status}, 201, 'who may, may');
refused_ok(copy('/from/a', '/secret/b', 'Authorization: Basic YWxpY2U6YWRtaW4='),
           'and is told', 'quota_exceeded', status => 507);

$server->settled_ok;
$server->stop;
done_testing;
