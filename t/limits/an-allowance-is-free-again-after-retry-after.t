# ExpectPolicyAllowance: bytes in a period, and Retry-After that is true.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(short day other two two/inner);
my $backend = ExpectPolicy::Ledger->start('');
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
<Location /passed>
    ExpectPolicyAllowance 1000/1d client
    ProxyPass http://127.0.0.1:$backend->{port}/cgi
</Location>
<Directory "\@site\@/short">
    ExpectPolicyAllowance 1000/5s client
</Directory>
<Directory "\@site\@/day">
    ExpectPolicyAllowance 1000/1d client
</Directory>
<Directory "\@site\@/other">
    ExpectPolicyAllowance 1000/1d client
</Directory>
<Directory "\@site\@/two">
    ExpectPolicyAllowance 1000/1d client
    ExpectPolicyAllowance 600/1h client
</Directory>
<Location /cgi/>
    ExpectPolicyAllowance 1000/1d client
</Location>
END
    load => [qw(proxy proxy_http)]);

sub used_up {
    my ($left, $asked, $retry) = @_;
    return (code => 'allowance_exceeded',
            members => { allowance_remaining => $left, requested_size => $asked,
                         defined $retry ? (retry_after => $retry) : () },
            headers => { 'Retry-After' => $retry });
}

my $start = time;
accepted_ok($server->put('/short/a', 600), status => 201, name => 'it is free');
accepted_ok($server->put('/short/a', 400), status => 204, name => 'up to its end');
my $res = $server->announce('/short/b', 1);
refusal_ok($res, used_up(0, 1, qr/\A[1-5]\z/), name => 'used up');
my ($after) = map { $_->[1] } grep { lc $_->[0] eq 'retry-after' }
    @{ $res->{headers} };
cmp_ok($after, '<=', 5 - int(time - $start), 'not longer than the period');
# the answer came after the period began: whoever waits that long gets in
sleep $after;
accepted_ok($server->put('/short/b', 1000), status => 201,
            name => "all of it, $after s later");
$res = $server->announce('/short/c', 1001);
refusal_ok($res, used_up(0, 1001, undef), name => 'what never fits')
    or diag $res->{body};

# a day is counted apart from other places, and from failures
accepted_ok($server->put('/day/a', 700), status => 201, name => 'in a day');
refusal_ok($server->announce('/day/b', 301), used_up(300, 301, qr/\A8[56]\d{3}\z/),
           name => 'more than is left');
accepted_ok($server->put('/other/a', 700), status => 201,
            name => 'another place counts for itself');
is($server->put('/day/no/dir/x', 300)->{status}, 409, 'an upload that fails');
$server->settled_ok;
my $half = $server->begin('/day/b', 300);
ok(ExpectPolicy::Ledger::is_admitted($half), 'was not counted');
ExpectPolicy::Ledger::send_content($half, 200);
refusal_ok($server->announce('/day/c', 1), used_up(0, 1, qr/\A8[56]\d{3}\z/),
           name => 'one under way is');
ExpectPolicy::Ledger::drop($half);
$server->settled_ok;
accepted_ok($server->put('/day/b', 300), status => 201,
            name => 'given up: it is free again');

# both lines hold
accepted_ok($server->put('/two/a', 600), status => 201, name => 'two lines');
refusal_ok($server->announce('/two/b', 1), used_up(0, 1, qr/\A3[56]\d\d\z/),
           name => 'the stricter one holds');

# what a backend gets counts as what is kept here
accepted_ok($server->put('/passed/app.cgi', 600, method => 'POST'),
            name => 'passed on');
is($server->put('/passed/app.cgi?status=503', 400, method => 'POST')->{status},
   503, 'passed on, and the backend fails');
refusal_ok($server->announce('/passed/app.cgi', 401, method => 'POST'),
           used_up(400, 401, qr/\A8[56]\d{3}\z/), name => 'what is left');
my $cut = $server->put_chunked('/passed/app.cgi', 401, method => 'POST');
refusal_ok($cut, cut => 1, code => 'allowance_exceeded',
           members => { allowance_remaining => 400, retry_after => qr/^\d+$/ },
           headers => { 'Retry-After' => qr/^\d+$/ }, name => 'in chunks');
accepted_ok($server->put_chunked('/passed/app.cgi', 400, method => 'POST'),
            name => 'to the last byte');

# what is received counts, whatever a program makes of it
accepted_ok($server->put('/cgi/app.cgi', 900, method => 'POST'),
            name => 'a program');
refusal_ok($server->announce('/cgi/app.cgi', 101, method => 'POST'),
           used_up(100, 101, qr/\A8[56]\d{3}\z/), name => 'and a second time');
is($server->put('/cgi/app.cgi?status=500', 100, method => 'POST')->{status}, 500,
   'it fails');
accepted_ok($server->put('/cgi/app.cgi', 100, method => 'POST'),
            name => 'which was not counted');
# smaller files in place of larger ones were uploaded all the same
refusal_ok($server->announce('/day/a', 1), used_up(0, 1, qr/\A8[56]\d{3}\z/),
           name => 'overwriting is uploading');

$server->settled_ok;
$_->stop for $server, $backend;
done_testing;
