# RequestHeader in an .htaccess file may set Content-Range, by which mod_dav writes at
# any position of a file.  The server's size limits look at that range as well as at
# the client's own; a least size looks at what the client has sent.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my %range = (far => '1048575-1048575/*', near => '998-998/*', end => '990-990/*',
             total => '0-9/5000', broken => 'x');
for (sort keys %range) {
    mkdir "$site/$_" or die;
    open my $out, '>', "$site/$_/.htaccess" or die;
    print $out qq(RequestHeader set Content-Range "bytes $range{$_}"\n);
    close $out or die;
}
mkdir "$site/$_" or die for qw(own plain);
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site, load => ['headers']);
<Directory "$site">
    AllowOverride FileInfo
    ExpectPolicyMaxSize 1000
</Directory>
<Directory "$site/total">
    ExpectPolicyMinSize 100
</Directory>
<Directory "$site/own">
    ExpectPolicyMinSize 100
</Directory>
END

my $far = $server->put('/far/a', 1);
is($far->{status}, 413, 'a byte far behind the limit, by the owner\'s range');
like($far->{body}, qr/"requested_size":1048576\b/, 'and says where it would have ended');
ok(!-e "$site/far/a", 'no such file is made');
is($server->put_chunked('/far/b', 1)->{status}, 413, 'the same of unknown length');
ok(!-e "$site/far/b", 'no such file is made');
is($server->put('/plain/a', 1)->{status}, 201, 'without that range it is stored');

is($server->put('/near/a', 1)->{status}, 201, 'a range within the limit');
is(-s "$site/near/a", 999, 'is written');
is($server->put('/end/a', 10)->{status}, 201, 'content up to the limit');
is(-s "$site/end/a", 1000, 'is written, behind the range');
is($server->put('/end/b', 11)->{status}, 413, 'one byte more is refused');
is($server->put_chunked('/end/c', 10)->{status}, 201, 'unknown length: up to the limit');
is($server->put_chunked('/end/d', 11)->{status}, 413, 'unknown length: one byte more is cut');
cmp_ok(-s "$site/end/d" // 0, '<=', 1000, 'within the limit');
is($server->put('/broken/a', 1)->{status}, 400, 'mod_dav refuses a malformed one');

for my $how ('put', 'put_chunked') {
    my $small = $server->$how('/total/a', 10);
    is($small->{status}, 400, "$how: the total that an owner states");
    like($small->{body}, qr/"error":"content_too_small"/, 'makes no upload larger');
}
is($server->put('/own/a', 10, headers => ['Content-Range: bytes 0-9/5000'])->{status},
   201, 'the total that the client states is believed');
$server->settled_ok;
$server->stop;
done_testing;
