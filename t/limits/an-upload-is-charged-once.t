# httpd may lead an upload through several places.  It claims each place's limits
# once.  If one place refuses it, what it holds of the others is given back.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(from from/index from/fallback to dry dry/on tree);
my $app = vars('serverroot') . '/cgi-bin/app.cgi';
symlink $app, "$site/to/app.cgi" or die;
symlink $app, "$site/dry/app.cgi" or die;
symlink $app, "$site/dry/on/app.cgi" or die;
open my $out, '>', "$site/from/x.up" or die;
close $out;
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site,
TypesConfig /dev/null
<Location />
    ExpectPolicyAllowance 10000/1d host
    ExpectPolicyQuota 1000000 "@site@/tree"
</Location>
<Directory "@site@">
    Options +ExecCGI +FollowSymLinks
    AddHandler cgi-script .cgi
    RewriteEngine On
</Directory>
<Directory "@site@/from">
    Dav Off
    ExpectPolicyConcurrent 1 host
    RewriteRule "^rewritten$" "/to/app.cgi" [L]
    RewriteRule "^slow$" "/to/app.cgi" [L]
    Action to-app /to/app.cgi
    <Files "*.up">
        SetHandler to-app
    </Files>
</Directory>
<Directory "@site@/from/index">
    DirectoryIndex /to/app.cgi
</Directory>
<Directory "@site@/from/fallback">
    FallbackResource /to/app.cgi
</Directory>
<Directory "@site@/to">
    Dav Off
    ExpectPolicyConcurrent 1 "expr=%{req:X-Second}"
    ExpectPolicyQuota 500000 "@site@/tree"
</Directory>
<Directory "@site@/dry">
    Dav Off
    ExpectPolicy DryRun
    ExpectPolicyConcurrent 1 directory
</Directory>
<Directory "@site@/dry/on">
    ExpectPolicy On
    ExpectPolicyConcurrent 2 directory
</Directory>
END
    load => [qw(rewrite actions mime)]);
$server->measured_ok("$site/tree", '/to/app.cgi');

my @post = (method => 'POST');
my $total = 0;
for my $way ('/to/app.cgi', '/from/rewritten', '/from/index/',
             '/from/fallback/no/such', '/from/x.up') {
    my $res = $server->put($way, 1000, @post);
    accepted_ok($res, name => $way);
    like($res->{body}, qr/^received=1000$/m, 'the program has read it');
    $total += 1000;
    is($server->used("$site/tree"), $total, 'it was charged once');
    my $left = 10_000 - $total;
    refusal_ok($server->announce($way, $left + 1, @post),
               code => 'allowance_exceeded',
               members => { allowance_remaining => $left,
                            requested_size => $left + 1,
                            retry_after => qr/^8[56]\d{3}$/ },
               headers => { 'Retry-After' => qr/^8[56]\d{3}$/ },
               name => "$way: as the allowance tells");
    my $stream = $server->put_chunked($way, 100, @post);
    accepted_ok($stream, name => "$way, unknown length");
    $total += 100;
    is($server->used("$site/tree"), $total, 'was charged once');
}
$server->settled_ok;

# What the second place refuses, the first one gives back.
my $other = $server->begin('/to/app.cgi', 100, @post,
                           headers => ['X-Second: a']);
ok(ExpectPolicy::Ledger::is_admitted($other), 'somebody holds the second place');
for my $way ('/from/rewritten', '/from/index/') {
    refusal_ok($server->announce($way, 100, @post, headers => ['X-Second: a']),
               code => 'too_many_uploads', members => { limit => 1, retry_after => 5 },
               headers => { 'Retry-After' => 5 }, name => "$way: refused there");
    accepted_ok($server->put($way, 100, @post, headers => ['X-Second: b']),
                name => "$way: the first place is free again");
}
ExpectPolicy::Ledger::drop($other);
$server->settled_ok;
# and while it is under way, it holds both
my $both = $server->begin('/from/rewritten', 100, @post,
                          headers => ['X-Second: a']);
ok(ExpectPolicy::Ledger::is_admitted($both), 'one that goes through both places');
is(scalar(grep { $_->{held} == 1 }
          values %{ $server->books->{accounts}{concurrent} }), 2,
   'holds one place in each');
is($server->books->{trees}{"$site/tree"}{held}, 100, 'and its bytes once');
ExpectPolicy::Ledger::drop($both);
$server->settled_ok;

# A dry run claims as On does, and lets pass what it would have refused.
my $held = $server->begin('/dry/app.cgi', 10, @post);
is($server->books->{claims}, 1, 'a dry run claims');
my $next = $server->put('/dry/app.cgi', 10, @post);
accepted_ok($next, name => 'and lets the next one pass');
is(scalar(grep { /would-refuse: error=too_many_uploads .* limit=1 / }
          log_lines($next)), 1, 'which it would have refused');
like($next->{body}, qr/^verdict=would-refuse$/m, 'the program is told');
like($next->{body}, qr/^error=too_many_uploads$/m, 'and why');
is(scalar(grep { /would-refuse/ } log_lines(
    $server->put('/dry/on/app.cgi', 10, @post))), 0,
   'nothing to say where it is On, and both hold');
is(ExpectPolicy::Ledger::finish($held), 200, 'the first one ends');
my $free = $server->put('/dry/app.cgi', 10, @post);
is(scalar(grep { /would-refuse/ } log_lines($free)), 0, 'then it would have passed');

$server->settled_ok;
$server->stop;
done_testing;
