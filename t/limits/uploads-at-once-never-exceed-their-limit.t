# ExpectPolicyConcurrent: at most this number of uploads at once for each key.  The
# next one is admitted as soon as one of them has ended.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

my $site = ExpectPolicy::Ledger::site();
for my $dir (qw(client user host expr one one/a one/b v6 drip many many/a
                many/b)) {
    mkdir "$site/$dir" or die;
}
open my $out, '>', "$site.users" or die;
# alice:secret, bob:secret
print $out "$_:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n" for qw(alice bob);
close $out;

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
<Directory "\@site\@/client">
    ExpectPolicyConcurrent 3 client
</Directory>
<Directory "\@site\@/v6">
    ExpectPolicyConcurrent 1 client
</Directory>
<Directory "\@site\@/user">
    AuthType Basic
    AuthName users
    AuthUserFile "$site.users"
    Require valid-user
    ExpectPolicyConcurrent 1 user
</Directory>
<Directory "\@site\@/host">
    ExpectPolicyConcurrent 1 host
</Directory>
<Directory "\@site\@/expr">
    ExpectPolicyConcurrent 1 "expr=%{req:X-Tenant}"
</Directory>
<Directory "\@site\@/one">
    ExpectPolicyConcurrent 1 directory
</Directory>
<Directory "\@site\@/many/*">
    ExpectPolicyConcurrent 1 directory
</Directory>
<Directory "\@site\@/drip">
    ExpectPolicyConcurrent 1 directory
</Directory>
RequestReadTimeout header=20 body=6
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
UseCanonicalName On
<VirtualHost *:*>
    ServerName a.test
</VirtualHost>
<VirtualHost *:*>
    ServerName b.test
</VirtualHost>
END
    load => [qw(auth_basic authn_file authz_user remoteip reqtimeout)]);

sub headers { return (headers => [@_]) }

# One holds the place, the next one does not get it, a third one with one fact
# changed does; and the next one does as soon as the first has ended.
sub places_ok {
    my ($name, $limit, $path, $like, $other, $other_path) = @_;
    subtest $name => sub {
        my @held = map { $server->begin("$path/$_", 5, @$like) } 1 .. $limit;
        is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @held), $limit,
           "$limit at once");
        my @quiet = "@{ { @$like }->{headers} // [] }" =~ /X-Client/
            ? (logged => 0) : ();
        my $next = $server->announce("$path/next", 5, @$like);
        refusal_ok($next, @quiet, code => 'too_many_uploads',
                   members => { limit => $limit, retry_after => 5 },
                   headers => { 'Retry-After' => 5 }, name => 'one more');
        my $asked = $server->announce("$path/next", 5, @$like,
                                 headers => [@{ { @$like }->{headers} // [] },
                                             'Expect: 100-continue']);
        refusal_ok($asked, @quiet, code => 'too_many_uploads', status => 417,
                   members => { limit => $limit, retry_after => 5 },
                   headers => { 'Retry-After' => 5 }, name => 'asking first');
        if ($other) {
            accepted_ok($server->put(($other_path // $path) . '/other', 5,
                                     @$other),
                        status => 201, name => 'somebody else');
        }
        is(ExpectPolicy::Ledger::finish(shift @held), 201, 'one ends');
        accepted_ok($server->put("$path/next", 5, @$like), status => 201,
                    name => 'the next one comes in');
        ExpectPolicy::Ledger::drop(@held);
        $server->settled_ok;
    };
}

places_ok('client', 3, '/client', [], [headers('X-Client: 192.0.2.1')]);
places_ok('client, IPv6 by /64', 1, '/v6',
          [headers('X-Client: 2001:db8:1:2::1')],
          [headers('X-Client: 2001:db8:1:3::1')]);
places_ok('user', 1, '/user', [headers('Authorization: Basic YWxpY2U6c2VjcmV0')],
          [headers('Authorization: Basic Ym9iOnNlY3JldA==')]);
places_ok('host', 1, '/host', [host => 'a.test'], [host => 'b.test']);
places_ok('expression', 1, '/expr', [headers('X-Tenant: a')],
          [headers('X-Tenant: b')]);
places_ok('directory', 1, '/one', []);
places_ok('directories by wildcard', 1, '/many/a', [], [], '/many/b');

# which fact it is that counts
my $first = $server->begin('/v6/1', 5, headers('X-Client: 2001:db8:1:2::1'));
refusal_ok($server->announce('/v6/2', 5, headers('X-Client: 2001:db8:1:2:ffff::9')),
           code => 'too_many_uploads', members => { limit => 1, retry_after => 5 },
           headers => { 'Retry-After' => 5 },
           logged => 0,
           name => 'another address of the same 64 bits is the same client');
ExpectPolicy::Ledger::drop($first);

$first = $server->begin('/one/a/1', 5);
refusal_ok($server->announce('/one/b/2', 5), code => 'too_many_uploads',
           members => { limit => 1, retry_after => 5 },
           headers => { 'Retry-After' => 5 },
           name => 'directory: where the line stands, with all below it');
ExpectPolicy::Ledger::drop($first);

# no header that a client invents changes who it is
$first = $server->begin('/v6/1', 5);
for my $field ('X-Forwarded-For: 192.0.2.9', 'Forwarded: for=192.0.2.9',
               'X-Real-IP: 192.0.2.9', 'Via: 1.1 other') {
    refusal_ok($server->announce('/v6/2', 5, headers($field)),
               code => 'too_many_uploads',
               members => { limit => 1, retry_after => 5 },
               headers => { 'Retry-After' => 5 }, name => $field);
}
ExpectPolicy::Ledger::drop($first);

# the Host field: an unknown name is the first virtual host
$first = $server->begin('/host/1', 5, host => 'a.test');
refusal_ok($server->announce('/host/2', 5, host => 'invented.test'),
           code => 'too_many_uploads', members => { limit => 1, retry_after => 5 },
           headers => { 'Retry-After' => 5 }, name => 'a Host field of its own');
ExpectPolicy::Ledger::drop($first);

# an expression that comes to nothing limits nothing
$first = $server->begin('/expr/1', 5);
accepted_ok($server->put('/expr/2', 5), status => 201, name => 'no value');
ExpectPolicy::Ledger::drop($first);
$server->settled_ok;

# Whoever drips holds its place no longer than the server lets it.
my $drip = $server->begin('/drip/1', 1000);
my $start = time;
my ($ended, $refused) = (0, 0);
while (time - $start < 25) {
    ExpectPolicy::Wire::put($drip->{conn}, 'x', 1);
    my $res = $server->put('/drip/2', 5);
    if (($res->{status} // 0) == 429) {
        $refused++;
    }
    else {
        $ended = time - $start;
        is($res->{status}, 201, 'the place is free');
        last;
    }
    sleep 0.2;
}
cmp_ok($refused, '>', 2, 'a drip keeps its place');
cmp_ok($ended, '>', 4, 'until mod_reqtimeout ends it');
cmp_ok($ended, '<', 14, "in time ($ended s)");
ExpectPolicy::Ledger::drop($drip);
$server->settled_ok;
$server->stop;
done_testing;
