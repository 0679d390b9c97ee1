# The status page of a server with a ledger in Redis: what calls took and why they
# failed, uploads under way here and everywhere, and whether Redis answers.  To look at it
# asks Redis nothing.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::FaultProxy;
use ExpectPolicy::Fleet;
use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');
use constant { LEASE => 3, SLACK => 2 };
my $redis = ExpectPolicy::Redis->start;
$redis->command('ACL', 'SETUSER', 'uploads', 'on', '>s3cret', '~*', '+@all');
my $proxy = ExpectPolicy::FaultProxy->start($redis->{port});
my $site = ExpectPolicy::Ledger::site();
my $lease = LEASE . 's';
my ($one, $two) = map {
    ExpectPolicy::Ledger->start(<<"END", site => $site, load => ['status'])
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger redis://uploads:s3cret\@127.0.0.1:$_ lease=$lease
<Directory "\@site\@">
    ExpectPolicyConcurrent 4 expr=all
</Directory>
<Location /counts>
    SetHandler expect-policy-status
</Location>
<Location /server-status>
    SetHandler server-status
</Location>
END
} $proxy->{port}, $redis->{port};

sub get { my ($server, $path) = @_; return $server->get($path)->{body} }
sub shared { return ExpectPolicy::Fleet::shared($_[0]) }
sub calls { my $sum = 0; $sum += $_->{calls} for @{ $_[0]{calls} }; return $sum }
sub failures { my $sum = 0; $sum += $_ for values %{ $_[0]{failures} }; return $sum }
# while nothing changes any more
sub becomes {
    my ($server, $is_right, $name, $seconds) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $last;
    ok(wait_until(sub { local $_ = $last = shared($server); $is_right->() },
                  $seconds // LEASE + SLACK), $name) or diag explain $last;
    return $last;
}

# ------------------------------------------------------------------------ it does well

my $is = becomes($one, sub { defined $_->{everywhere}{age} && $_->{everywhere}{servers} == 2 },
                 'both servers know of each other');
is($is->{where}, "redis://127.0.0.1:$proxy->{port}/0", 'where Redis is, without a password');
is($is->{breaker}, 'closed', 'it answers');
is(failures($is), 0, 'no call has failed');
cmp_ok(calls($is), '>', 0, 'calls were counted');
cmp_ok($is->{calls_microseconds}, '>', 0, 'and what they took');
is($is->{lease}, LEASE, 'the lease');
cmp_ok($is->{lease_age}, '<=', LEASE, 'was renewed');

my @uploads = ($one->begin('/a', 10), $one->begin('/b', 10), $two->begin('/c', 10));
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @uploads), 3, 'three are under way');
is(shared($one)->{claims}, 2, 'two of them here');
is(shared($two)->{claims}, 1, 'one there');
becomes($_, sub { $_->{everywhere}{claims} == 3 }, 'and three everywhere') for $one, $two;
like(get($one, '/counts?format=openmetrics'), qr/^expect_policy_shared_claims_everywhere 3$/m,
     'in OpenMetrics');
like(get($one, '/server-status?auto'), qr/^UploadsSharedClaimsEverywhere: 3$/m,
     "in mod_status' lines");
like(get($one, '/counts'), qr{>Uploads under way at all servers</th><td>3</td>}, 'on the page');
metrics_ok(get($one, '/counts?format=openmetrics'), 'all of it');
schema_ok(get($one, '/counts?format=json'), 'status.json');
unlike(join('', map { get($one, $_) } '/counts', '/counts?format=json', '/server-status',
            '/counts?format=openmetrics'), qr/s3cret|uploads:/, 'no page has the password');

# ---------------------------------------------------------------- to look asks nothing

my $before = calls(shared($one));
my $began = time;
get($one, "/counts?format=$_") for (qw(json openmetrics html)) x 30;
# what the background does in this time
cmp_ok(calls(shared($one)) - $before, '<=', 3 * (time - $began + 1), '90 looks are no calls');

# -------------------------------------------------------------------- it does not answer

$proxy->set('silent');
ExpectPolicy::Ledger::finish($uploads[0]);
$is = becomes($one, sub { $_->{breaker} eq 'open' }, 'it is told that Redis does not answer');
is($is->{opened}, 1, 'for the first time');
cmp_ok($is->{failures}{timeout}, '>=', 1, 'calls failed by a time-out');
is(shared($two)->{breaker}, 'closed', 'the other server has an answer');
$began = time;
like(get($one, '/counts?format=openmetrics'), qr/^expect_policy_shared_breaker_open 1$/m,
     'a silent Redis is shown');
cmp_ok(time - $began, '<', 1, 'at once');
like(get($one, '/counts'), qr/ does not answer, and is asked once a second\./, 'on the page');
like(get($one, '/server-status'), qr/what servers share does not answer; calls that failed [1-9]/,
     'and in the section of mod_status');
is($is->{untold}, 1, 'Redis is not told of the end yet');
my $kept_back = $is->{failures}{breaker_open};
ok(ExpectPolicy::Ledger::is_admitted(push(@uploads, $one->begin('/d', 10)) && $uploads[-1]),
   'this server decides alone');
is(shared($one)->{failures}{breaker_open}, $kept_back + 1, 'a call that is not made is counted');
becomes($one, sub { $_->{lease_age} > LEASE }, 'its lease ends', 2 * LEASE + SLACK);
becomes($two, sub { $_->{everywhere}{servers} == 1 && $_->{everywhere}{claims} == 1 },
        'and it does not count any more at the other one');

# -------------------------------------------------------------------------- and it does

$proxy->set('pass');
becomes($one, sub { $_->{breaker} eq 'closed' && $_->{untold} == 0 && $_->{claims} == 2
                    && $_->{asserted} >= 2 && $_->{lease_age} <= LEASE },
        'it is told that Redis answers, and has been told');
becomes($two, sub { $_->{everywhere}{servers} == 2 && $_->{everywhere}{claims} == 3 },
        'both count again');
ExpectPolicy::Ledger::finish($_) for @uploads[1 .. 3];
becomes($_, sub { $_->{everywhere}{claims} == 0 && $_->{claims} == 0 }, 'and in the end nothing')
    for $one, $two;
$_->stop for $one, $two;
done_testing();
