# A limit by expression of the server's files holds whatever an owner sets of what it
# reads.  An owner's own expression tightens as any value does, and never loosens.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use File::Path qw(make_path);
use Test::More;

my $site = ExpectPolicy::Ledger::site();
sub write_file { return ExpectPolicy::Ledger::written($site, @_) }

# The server's limit is 100, by SetEnvIf of the virtual host; what encloses it says 500.
# [what the owner's file says, the size up to which an upload then passes]
my %owner = (
    nothing => ['', 100],
    raise => ["SetEnvIf Request_Method . SIZE=400\n", 100],
    unset => ["SetEnvIf Request_Method . !SIZE\n", 100],
    'raise-field' => ["RequestHeader set X-Size 400\n", 100],
    tighten => ["SetEnvIf Request_Method . OWN=50\n"
                . "ExpectPolicyMaxSize expr=%{reqenv:OWN}\n", 50],
    loosen => ["SetEnvIf Request_Method . OWN=400\n"
               . "ExpectPolicyMaxSize expr=%{reqenv:OWN}\n", 100],
    unlimited => ["SetEnvIf Request_Method . OWN=Unlimited\n"
                  . "ExpectPolicyMaxSize expr=%{reqenv:OWN}\n", 100],
    illegal => ["SetEnvIf Request_Method . OWN=few\n"
                . "ExpectPolicyMaxSize expr=%{reqenv:OWN}\n", 100],
    silent => ["ExpectPolicyMaxSize expr=%{reqenv:OWN}\n", 100],
    literal => ["ExpectPolicyMaxSize expr=60\n", 60],
    # what encloses a line that says nothing is the owner's own, too
    'in-a-section' => ["ExpectPolicyMaxSize 70\n<Files \"*\">\n"
                       . "ExpectPolicyMaxSize expr=%{reqenv:OWN}\n</Files>\n", 70],
);
my $places = '';
for my $name (sort keys %owner) {
    write_file("$name/.htaccess", $owner{$name}[0]);
    $places .= <<"END";
<Directory "\@site\@/$name">
    ExpectPolicyMaxSize "expr=%{reqenv:SIZE}"
</Directory>
END
}
# what a line of a section sets comes too late: an owner could have set it
write_file('late/.htaccess', '');
# the owner may do anything here
write_file('any/.htaccess', "SetEnvIf Request_Method . OWN=400\n"
           . "ExpectPolicyMaxSize expr=%{reqenv:OWN}\n");
# these are errors of the file
my %wrong = (
    file => 'ExpectPolicyMaxSize expr=%{file:/etc/passwd}',
    filesize => 'ExpectPolicyMaxSize expr=%{filesize:/etc/passwd}',
    long => 'ExpectPolicyMaxSize "expr=' . 'x' x 1025 . '"',
    broken => 'ExpectPolicyMaxSize "expr=%{nothing"',
    path => "ExpectPolicyQuota 500 path=$site/%{REMOTE_USER}",
    'of-a-count' => 'ExpectPolicyConcurrent expr=%{file:/etc/passwd} client',
);
write_file("wrong-$_/.htaccess", "$wrong{$_}\n") for keys %wrong;
write_file("count/$_->[0]/.htaccess", "SetEnvIf Request_Method . OWN=$_->[1]\n"
           . "ExpectPolicyAllowance expr=%{reqenv:OWN} client\n")
    for ['fewer', '30/1d'], ['more', '400/1d'];
write_file("wrong-none/.htaccess", "ExpectPolicyMaxSize expr=400\n");

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
SetEnvIf Request_Method . SIZE=100
SetEnvIf X-Size (.+) SIZE_OF_CLIENT=\$1
ExpectPolicyMaxSize 500
$places
<Directory "\@site\@/late">
    SetEnvIf Request_Method . LATE=300
    ExpectPolicyMaxSize expr=%{reqenv:LATE}
</Directory>
<DirectoryMatch "^\@site\@/count/">
    ExpectPolicyAllowance expr=%{reqenv:SIZE}/1d expr=%{REQUEST_URI}
</DirectoryMatch>
<Directory "\@site\@/any">
    ExpectPolicyMaxSize expr=%{reqenv:SIZE}
    ExpectPolicyOverride Any
</Directory>
<Directory "\@site\@">
    AllowOverride Limit FileInfo
</Directory>
END
    load => [qw(setenvif headers)]);

sub bound_ok {
    my ($server, $path, $limit, $by) = @_;
    refusal_ok($server->announce($path, $limit + 1), code => 'content_too_large',
               members => { limit => $limit, requested_size => $limit + 1 },
               by => $by // qr/ExpectPolicyMaxSize/, name => "$path: not " . ($limit + 1));
    accepted_ok($server->put($path, $limit), status => qr/^20[14]$/,
                name => "$path: but $limit");
}

bound_ok($server, "/$_/a", $owner{$_}[1]) for sort keys %owner;
bound_ok($server, '/late/a', 500);
bound_ok($server, '/any/a', 400);
is($server->put("/wrong-$_/a", 10)->{status}, 500, "an owner's file with $_ is an error")
    for sort keys %wrong;
bound_ok($server, '/wrong-none/a', 400);

# An owner's limit that counts stands beside the server's.
for (['fewer', 30], ['more', 100]) {
    my ($name, $limit) = @$_;
    refusal_ok($server->announce("/count/$name/a", $limit + 1), code => 'allowance_exceeded',
               by => qr/ExpectPolicyAllowance/, headers => { 'Retry-After' => undef },
               members => { allowance_remaining => $limit, requested_size => $limit + 1 },
               name => "$name: not " . ($limit + 1));
    accepted_ok($server->put("/count/$name/a", $limit), status => qr/^20[14]$/,
                name => "but $limit");
}

my $log = $server->error_log;
my $says = sub { scalar(() = $log =~ /$_[0]/g) };
is($says->(qr{clamped: ExpectPolicyMaxSize in \S+/$_/\.htaccess:2 is laxer}), 1,
   "$_: logged once as clamped") for qw(loosen unlimited);
is($says->(qr{clamped: \S+ in \S+/$_/}), 0, "$_: not clamped")
    for qw(tighten silent illegal literal);
is($says->(qr{ExpectPolicyMaxSize in \S+/illegal/\.htaccess:2: its value 'few' is not legal}),
   1, 'an illegal value is logged once');
$server->stop;

# Where no owner may edit anything, a section can set the value.
make_path("$site/open");
$server = ExpectPolicy::Ledger->start(<<'END', site => $site,
ExpectPolicyMaxSize 500
<Directory "@site@/open">
    SetEnvIf Request_Method . LATE=600
    ExpectPolicyMaxSize expr=%{reqenv:LATE}
</Directory>
<Directory "/">
    AllowOverride None
</Directory>
END
    load => [qw(setenvif)]);
bound_ok($server, '/open/a', 600);
$server->stop;

done_testing;
