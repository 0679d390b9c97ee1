# A section whose pattern names a part of the path (<DirectoryMatch>), which
# `Require expr` compares with the user: the limits are told to that user as the upload
# is admitted, quota_remaining included, and to no other one.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my $hash = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=';
open my $out, '>', "$site.users" or die "$site.users: $!";
print $out "alice:$hash\nbob:$hash\n";
close $out or die;
for (map { ("$site/$_", "$site/$_/alice", "$site/$_/bob") } qw(dirs places)) {
    mkdir or die "$_: $!";
}
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
ExpectPolicyAdvertise On
<Directory "$site">
    AuthType Basic
    AuthName users
    AuthUserFile "$site.users"
</Directory>
<DirectoryMatch "^$site/dirs/(?<OWNER>[^/]+)">
    Require expr "%{REMOTE_USER} == %{env:MATCH_OWNER}"
</DirectoryMatch>
<LocationMatch "^/places/(?<PERSON>[^/]+)">
    Require expr "%{REMOTE_USER} == %{env:MATCH_PERSON}"
</LocationMatch>
<Directory "$site/*/*">
    ExpectPolicyQuota 10000
</Directory>
END
    load => [qw(auth_basic authn_file authz_user)]);

my %as = (alice => 'Authorization: Basic YWxpY2U6c2VjcmV0',
          bob => 'Authorization: Basic Ym9iOnNlY3JldA==');
sub limits {
    my ($path, $user) = @_;
    return ask($server->here, method => 'GET', tag => '',
               path => "$path?expect-policy-limits=PUT", headers => [$as{$user}]);
}
sub put {
    my ($path, $user) = @_;
    return ask($server->here, method => 'PUT', tag => '', path => $path, length => 1000,
               body => 'x' x 1000, headers => [$as{$user}]);
}

for my $where ('dirs', 'places') {
    for ((['alice', 'bob'], ['bob', 'alice'])) {
        my ($user, $other) = @$_;
        like(put("/$where/$user/f", $user)->{status}, qr/^20[14]$/,
             "$where: $user may upload there");
        my ($res, $said);
        # measured in the background
        wait_until(sub {
            $res = limits("/$where/$user/f", $user);
            $said = eval { JSON::PP::decode_json($res->{body}) } // {};
            defined $said->{quota_remaining};
        }, 5);
        is($res->{status}, 200, "$where: and is told the limits of a file that is there");
        is($said->{quota_remaining}, 9000, 'with what is left of the quota');
        my $new = limits("/$where/$user/new", $user);
        is(JSON::PP::decode_json($new->{body})->{quota_remaining}, 9000,
           'and of a new one') if is($new->{status}, 200, 'the limits of a new one');
        # the twin: somebody else
        for my $res (put("/$where/$user/f", $other), limits("/$where/$user/f", $other),
                     limits("/$where/$user/new", $other)) {
            is($res->{status}, 401, "$where: $other may not, and is told nothing");
        }
    }
}
$server->stop;

done_testing;
