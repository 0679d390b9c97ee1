# A backend of mod_proxy_http that is down: the client gets 503 as soon as
# mod_proxy_http connects, which is at once if it asks first, else when 16 KB of the
# content, or all of it, have come.  With ExpectPolicyEarlyErrors it gets a document,
# unless all of a small upload has been read by then.  What is refused is refused all
# the same.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

# nobody listens there
my $down = ExpectPolicy::Server::free_port();
my $up = vars('port');
my $server = ExpectPolicy::Server->start(<<"END", load => ['proxy', 'proxy_http']);
ExpectPolicy On
ExpectPolicyMaxSize 10M
Timeout 3
ProxyPreserveHost On
ProxyPass /late/ http://127.0.0.1:$down/ retry=0
ProxyPass /down/ http://127.0.0.1:$down/ retry=0
ProxyPass /up/ http://127.0.0.1:$up/
<Location /down/>
    ExpectPolicyEarlyErrors On
</Location>
END

sub put {
    my ($path, $length, $sent, @headers) = @_;
    my $began = time;
    my $res = ask(port => $server->{port}, method => 'PUT', path => $path,
                  length => $length, body => 'x' x $sent, headers => \@headers,
                  patience => 6);
    $res->{after} = time - $began;
    return $res;
}

sub told_ok {
    my ($res, $status, $error, $name) = @_;
    is($res->{status}, $status, "$name: $status");
    is((ExpectPolicy::Wire::values_of($res, 'expect-policy-error'))[0], $error,
       "$name: " . (defined $error ? 'with a document' : "httpd's page"));
    return cmp_ok($res->{after}, '<', 2, "$name: at once");
}

for my $length (1, 1000, 16_000, 20_000, 100_000, 1_000_000) {
    my $is_small = $length <= 16_384;
    told_ok(put('/down/x', $length, $length), 503,
            $is_small ? undef : 'service_unavailable', "$length bytes, all sent");
    told_ok(put('/late/x', $length, $length), 503, undef,
            "$length bytes, all sent, without EarlyErrors");
    told_ok(put('/down/x', $length, 0, 'Expect: 100-continue'), 503,
            'service_unavailable', "$length bytes, asked first");
}
told_ok(put('/down/x', 1_000_000, 20_000), 503, 'service_unavailable',
        'some of it has been sent');
# mod_proxy_http has not connected so far
for my $sent (0, 4000) {
    my $silent = put('/down/x', 1_000_000, $sent);
    is($silent->{status}, 408, "a client that stops after $sent bytes: 408");
    cmp_ok($silent->{after}, '>', 2.5, 'after Timeout');
}

told_ok(put('/down/x', 11 << 20, 0), 413, 'content_too_large', 'too large');
# the twin: a backend that is up
for my $length (1000, 100_000) {
    my $taken = put('/up/app/x', $length, $length);
    is($taken->{status}, 200, "$length bytes to a backend that is up");
    like($taken->{body}, qr/^received=$length$/m, 'which gets all of it');
}
$server->stop;

done_testing;
