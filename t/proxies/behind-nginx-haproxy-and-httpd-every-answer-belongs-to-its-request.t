# Scenario A3: a front end removes Expect, answers 100 itself, or forwards the field.
# The verdict is the same.  When the front end reuses a connection, each request
# gets its own answer.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Judge;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

my $limit = 20_000;
my $guard = guard(<<"END");
ExpectPolicy On
LogFormat "\\"%r\\" %>s in=%I expect=[%{Expect}i] keepalive=%k" front
CustomLog access_log front
<Location /app/mixed>
    ExpectPolicyMaxSize $limit
</Location>
<Location /app/mixed/417>
    ExpectPolicyStatus 417
</Location>
<Location /app/none>
    ExpectPolicyExpectations None
</Location>
END

my %front;
my $to = "127.0.0.1:$guard->{port}";
for my $buffering ('on', 'off') {
    my $port = ExpectPolicy::Server::free_port();
    my $dir = scratch();
    my $paths = join '', map { "    ${_}_temp_path $dir/$_;\n" }
        qw(client_body proxy fastcgi uwsgi scgi);
    write_text("$dir/nginx.conf", <<"END");
daemon off;
worker_processes 1;
pid $dir/pid;
error_log $dir/error_log;
events {}
http {
$paths
    access_log $dir/access_log;
    client_max_body_size 0;
    upstream guard {
        server $to;
        keepalive 4;
    }
    server {
        listen 127.0.0.1:$port;
        location / {
            proxy_pass http://guard;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering $buffering;
        }
    }
}
END
    program($port, $dir, '/usr/sbin/nginx', '-p', $dir, '-c',
            "$dir/nginx.conf", '-e', "$dir/error_log");
    $front{"nginx, buffering $buffering"} = $port;
}
{
    my $port = ExpectPolicy::Server::free_port();
    my $dir = scratch();
    write_text("$dir/haproxy.cfg", <<"END");
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    option http-keep-alive
    http-reuse always
frontend in
    bind 127.0.0.1:$port
    default_backend guard
backend guard
    server guard $to
END
    program($port, $dir, '/usr/sbin/haproxy', '-db', '-f', "$dir/haproxy.cfg");
    $front{haproxy} = $port;
}
my $httpd = ExpectPolicy::Server->start(<<"END", load => [qw(proxy proxy_http)],
Timeout 8
KeepAliveTimeout 4
MaxKeepAliveRequests 0
ProxyPass / http://$to/
END
    module => 0);
$front{httpd} = $httpd->{port};

# Without a front end, for comparison.
$front{none} = $guard->{port};

# What each of them makes of a request; docs/operations.md has the same table.
#   passes   Expect: 100-continue is passed on (else taken out)
#   invites  100 Continue comes from the front end, before we are asked
#   foo      what comes of Expect: foo: ours, its own 417, or 200: taken out
#   waits    a head without content is not passed on before content comes
#   closes   the client is told that the connection of a refusal is closed
my %does = (
    'none' => { passes => 1, foo => 'ours', closes => 1 },
    'httpd' => { passes => 1, foo => 'its', waits => 1, closes => 1 },
    'haproxy' => { passes => 1, foo => 'ours' },
    'nginx, buffering on' => { invites => 1, foo => 'out', waits => 1 },
    'nginx, buffering off' => { invites => 1, foo => 'out' },
);
is_deeply([sort keys %does], [sort keys %front], 'all front ends are here');

# What reached the guard, from its access log.
sub line_of {
    my ($tag) = @_;
    my $line;
    ExpectPolicy::Wire::wait_until(sub {
        ($line) = grep { /[?&]t=\Q$tag\E[ &]/ }
            split /^/, slurp("$guard->{dir}/access_log");
    }, 3);
    return $line // '';
}
sub closes {
    my ($res) = @_;
    return scalar grep { lc $_ eq 'close' }
        ExpectPolicy::Wire::values_of($res, 'connection');
}

my $too_large = qr/\A\{"error":"content_too_large".*"limit":$limit,
                   "requested_size":(\d+),"retryable":false,"id":"[^"]+"\}\n\z/x;
my @asks = (headers => ['Expect: 100-continue']);
for my $name (sort keys %front) {
    my $does = $does{$name};
    my @to = (port => $front{$name}, path => '/app/mixed', linger => 1);

    my $res = ask(@to, length => $limit + 1, @asks,
                  after_100 => 'x' x ($limit + 1));
    is($res->{status}, $does->{passes} ? 417 : 413,
       "$name: an upload that asks first is refused");
    like($res->{body}, $too_large, 'with our document');
    refusal_schema_ok($res);
    is_deeply($res->{interim}, $does->{invites} ? [100] : [],
              $does->{invites} ? 'the front end invited' : 'uninvited');
    is(app_ran($res), 0, 'the application does not run');
    is(closes($res), $does->{closes} ? 1 : 0, 'the client is told to close')
        if $does->{passes};
    my $line = line_of($res->{tag});
    like($line, $does->{passes} ? qr/expect=\[100-continue\]/ : qr/expect=\[-\]/,
         'Expect as it reaches us');
    like($line, qr/ in=\d{2,3} /, 'and we read the head alone');

    $res = ask(@to, length => $limit, @asks, after_100 => 'x' x $limit);
    is($res->{status}, 200, "$name: one byte less is admitted");
    is_deeply($res->{interim}, [100], 'invited once');
    is(app_says($res)->{received}, $limit, 'and arrives in full');

    $res = ask(@to, length => $limit + 2, body => 'x' x ($limit + 2));
    is($res->{status}, 413, "$name: without Expect");
    like($res->{body}, $too_large, 'with our document');
    refusal_schema_ok($res);
    $res = ask(@to, length => 8_000_000, body => 'x' x 8_000_000);
    is($res->{status}, 413, "$name: 8 MB at once");
    like($res->{body}, $too_large, 'the document can be read');
    refusal_schema_ok($res);

    # content that is held back, by who did not ask
    $res = ask(@to, length => $limit + 1, patience => 2);
    is($res->{status}, $does->{waits} ? undef : 413,
       "$name: a head alone " . ($does->{waits} ? 'waits' : 'is refused at once'));

    # expectations that we refuse
    $res = ask(@to, path => '/app/none', length => 10, @asks,
               after_100 => 'x' x 10);
    is($res->{status}, $does->{passes} ? 417 : 200,
       "$name: Expectations None " . ($does->{passes} ? 'refuses' : 'is not met'));
    $res = ask(@to, length => 10, headers => ['Expect: foo'], body => 'x' x 10);
    is($res->{status}, $does->{foo} eq 'out' ? 200 : 417, "$name: Expect: foo");
    is(index($res->{body}, '{"error":"unsupported_expectation"') == 0 ? 1 : 0,
       $does->{foo} eq 'ours' ? 1 : 0, "who answers: $does->{foo}");

    my $count = mixed_ok(name => $name, port => $front{$name}, limit => $limit,
                         count => 100);
    cmp_ok($count->{200} // 0, '>', 40, 'many were admitted');
    cmp_ok(($count->{413} // 0) + ($count->{417} // 0), '>', 40, 'and refused');
}
my $log = slurp("$guard->{dir}/access_log");
unlike($log, qr{"GET /marker}, 'no content was taken for a request');
# the front ends did use their connections again
cmp_ok(scalar(() = $log =~ / keepalive=[1-9]/g), '>', 50,
       'on connections that were used again');
done_testing;
