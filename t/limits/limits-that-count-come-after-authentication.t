# Before httpd has authenticated a client, the client does not learn what others have
# used, and holds nothing of a limit.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(private open denied);
open my $out, '>', "$site.users" or die;
print $out "alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n";
close $out;
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
<Directory "\@site\@">
    ExpectPolicyAllowance 100/1d host
    ExpectPolicyConcurrent 1 host
</Directory>
<Directory "\@site\@/private">
    AuthType Basic
    AuthName users
    AuthUserFile "$site.users"
    Require valid-user
</Directory>
<Directory "\@site\@/denied">
    Require all denied
</Directory>
ErrorDocument 401 /open/page
ErrorDocument 403 /open/page
END
    load => [qw(auth_basic authn_file authz_user)]);
open $out, '>', "$site/open/page" or die;
print $out "who are you\n";
close $out;

my @alice = (headers => ['Authorization: Basic YWxpY2U6c2VjcmV0']);
my @nobody = (headers => ['Authorization: Basic YWxpY2U6d3Jvbmc=']);

accepted_ok($server->put('/private/a', 100, @alice), status => 201,
            name => 'who is known uses it up');
refusal_ok($server->announce('/private/a', 10, @alice), code => 'allowance_exceeded',
           members => { allowance_remaining => 0, requested_size => 10,
                        retry_after => qr/^\d+$/ },
           headers => { 'Retry-After' => qr/^\d+$/ }, name => 'and is told so');
for my $who ([], \@nobody) {
    my $name = @$who ? 'a wrong password' : 'no password';
    for my $asks (0, 1) {
        my $res = $server->announce('/private/a', 10,
                      headers => [@{ { @$who }->{headers} // [] },
                                  $asks ? 'Expect: 100-continue' : ()],
                      $asks ? () : (body => 'x' x 10));
        is($res->{status}, 401, "$name: 401 first");
        unlike($res->{raw}, qr/allowance|Expect-Policy|Retry-After/i,
               'and no word of usage');
    }
}
my $denied = $server->put('/denied/a', 10);
is($denied->{status}, 403, 'who may not come in at all');
unlike($denied->{raw}, qr/allowance|Expect-Policy/i, 'learns nothing either');
is($server->books->{claims}, 0, 'none of them held anything');
refusal_ok($server->announce('/open/a', 10), code => 'allowance_exceeded',
           members => { allowance_remaining => 0, requested_size => 10,
                        retry_after => qr/^\d+$/ },
           headers => { 'Retry-After' => qr/^\d+$/ },
           name => 'without Require every client is told');

$server->stop;
done_testing;
