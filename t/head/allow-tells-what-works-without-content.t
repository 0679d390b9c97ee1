# Allow of a 405 has the methods that may carry content.  It also has GET, HEAD and
# OPTIONS, except those that the configuration of httpd forbids.  A line of an owner
# is an error if it would cause an answer without a field that the answer needs.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my %htaccess = (
    narrowed => 'ExpectPolicyMethods POST PATCH',
    lists => 'ExpectPolicyMethods HEAD get PUT',
    refuse => 'ExpectPolicyRefuse no "No." 401',
    'refuse-twin' => 'ExpectPolicyRefuse no "No." 403',
    digest => 'ExpectPolicyRequireAuth Digest realm="x"',
    'digest-twin' => 'ExpectPolicyRequireAuth Bearer realm="x"',
    status => 'ExpectPolicyStatus Specific too_large',
    'status-twin' => 'ExpectPolicyStatus Specific content_too_large',
);
sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', "$site/$name" or die "$name: $!";
    print $out "$text\n";
    close $out or die;
}
for my $name (sort keys %htaccess) {
    mkdir "$site/$name" or die;
    write_file("$name/.htaccess", $htaccess{$name});
}
mkdir "$site/$_" or die for qw(told untold);
write_file('.users', 'alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=');
my $guarded = join '', map { <<"END" } qw(told untold);
<Directory "$site/$_">
    AuthType Basic
    AuthName "files"
    AuthUserFile "$site/.users"
    Require valid-user
    ExpectPolicyMethods PUT
</Directory>
END
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
<Directory "$site">
    AllowOverride Limit
</Directory>
<Directory "$site/narrowed">
    ExpectPolicyMethods PUT POST
</Directory>
$guarded
<Directory "$site/told">
    AllowMethods PUT POST OPTIONS
</Directory>
END
    load => [qw(auth_basic authn_file authz_user allowmethods)]);

my @user = (headers => ['Authorization: Basic '
                        . encode_base64('alice:secret', '')]);
sub allow_ok {
    my ($place, $methods, $allow, @more) = @_;
    refusal_ok(ask($server->here, path => "/$place/x", length => 1,
                   method => 'POST', @more),
               code => 'method_not_allowed',
               members => { allowed_methods => $methods },
               headers => { Allow => $allow }, name => "$place: $allow");
}
allow_ok('narrowed', ['POST'], 'POST, GET, HEAD, OPTIONS', method => 'PUT');
allow_ok('lists', [qw(HEAD get PUT)], 'HEAD, get, PUT, GET, OPTIONS');
allow_ok('untold', ['PUT'], 'PUT, GET, HEAD, OPTIONS', @user);
allow_ok('told', ['PUT'], 'PUT, OPTIONS', @user);
is(ask($server->here, path => '/told/', method => 'GET', @user)->{status}, 405,
   'AllowMethods excludes GET there');
isnt(ask($server->here, path => '/untold/', method => 'GET', @user)->{status}, 405,
     'and not here');

for my $name (qw(refuse digest status)) {
    my @put = ($server->here, path => "/$name/x", length => 1, body => 'x');
    is(ask(@put)->{status}, 500, "an owner's line: $htaccess{$name}");
    like($server->error_log, qr/\Q$site\E\/$name\/\.htaccess: (ExpectPolicy\w+): '.*' is not legal here; legal is /,
         'and the log says what is legal');
    isnt(ask(@put, path => "/$name-twin/x")->{status}, 500,
         "its twin: $htaccess{qq($name-twin)}");
}

done_testing;
