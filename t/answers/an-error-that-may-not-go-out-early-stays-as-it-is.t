# ExpectPolicyEarlyErrors changes only errors to uploads that nobody has read, and
# only where the policy is On.  Every other answer is that of httpd, byte for byte,
# and the connection is kept or closed as httpd would do it.
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

use constant LONG => 20_000;

# ------------------------------------------------------------ byte for byte
# A server without the module, and one where early errors are on next door.
my $users = vars('t_conf') . '/users';
my $sections = <<"EOF";
Timeout 8
<Location /user>
    AuthType Basic
    AuthName "members"
    AuthUserFile "$users"
    Require valid-user
</Location>
<Location /denied>
    Require all denied
</Location>
<Location /denied/page>
    ErrorDocument 403 /plain.txt
</Location>
<Location /denied/text>
    ErrorDocument 403 "no"
</Location>
<Location /denied/url>
    ErrorDocument 403 http://127.0.0.1/elsewhere
</Location>
<Location /moved>
    Redirect 302 http://127.0.0.1/elsewhere
</Location>
<Location /short>
    LimitRequestBody 1000
</Location>
EOF
my @load = (load => [qw(authn_file authz_user auth_basic)]);
my %host = (
    'on.test' => "ExpectPolicy On\nExpectPolicyEarlyErrors On",
    'none.test' => "ExpectPolicy Off\nExpectPolicyEarlyErrors On",
    'dry.test' => "ExpectPolicy DryRun\nExpectPolicyEarlyErrors On",
    'off.test' => "ExpectPolicy On\nExpectPolicyEarlyErrors Off",
    'unsaid.test' => 'ExpectPolicy On',
    'part.test' => "ExpectPolicy On\nExpectPolicyEarlyErrors On\n"
        . "<Location />\nExpectPolicyEarlyErrors Off\n</Location>",
    'part-dry.test' => "ExpectPolicy On\nExpectPolicyEarlyErrors On\n"
        . "<Location />\nExpectPolicy DryRun\n</Location>",
);
my $absent = ExpectPolicy::Server->start($sections, @load, module => 0);
my $port = ExpectPolicy::Server::free_port();
my $present = ExpectPolicy::Server->start(
    "Listen 127.0.0.1:$port\n$sections" . join('', map {
        "<VirtualHost 127.0.0.1:$port>\nServerName $_\n$host{$_}\n"
            . "</VirtualHost>\n"
    } sort keys %host), @load);

# All that comes back when the content follows a moment after the head.
sub everything {
    my ($on, %ask) = @_;
    my $conn = converse(port => $on);
    ExpectPolicy::Wire::put($conn, head_bytes(%ask), 5);
    ExpectPolicy::Wire::read_until($conn, time + 0.1, sub { 0 });
    my $early = $conn->{in};
    ExpectPolicy::Wire::put($conn, 'x' x $ask{length}, 5) if $ask{length};
    # a request behind it shows whether the connection is left open
    ExpectPolicy::Wire::put($conn, "GET /plain.txt HTTP/1.1\r\n"
                            . "Host: $ask{host}\r\nConnection: close\r\n\r\n", 5);
    ExpectPolicy::Wire::read_until($conn, time + 5, sub { 0 });
    my $text = "$early\n--\n" . substr $conn->{in}, length $early;
    $text =~ s/^(Date|Last-Modified|ETag): [^\r]*/$1/mg;
    # httpd lists methods in an order that is each process's own
    $text =~ s/^(Allow: )([^\r]*)/$1 . join ',', sort split \/,\/, $2/gme;
    $text =~ s/\Q$ask{host}\E|127\.0\.0\.1:\d+/HOST/g;
    return $text;
}
my @asked = (
    { path => '/user' }, { path => '/denied' }, { path => '/nowhere' },
    { path => '/denied/page' }, { path => '/denied/text' },
    { path => '/denied/url' }, { path => '/moved' }, { path => '/short' },
    { path => '/nowhere', method => 'PUT' },
    { path => '/nowhere', method => 'PUT', headers => ['Expect: 100-continue'] },
    { path => '/user', headers => ['Expect: 100-continue'] },
    { path => '/plain.txt' },
);
my $compared = 0;
for my $asked (@asked) {
    my %ask = (length => LONG, %$asked);
    my $name = join ' ', $ask{method} // 'POST', $ask{path},
        @{ $ask{headers} // [] };
    my $by_itself = everything($absent->{port}, %ask, host => 'off.test');
    like($by_itself, qr{HTTP/1.1 [2345]\d\d}, "$name: httpd by itself");
    for my $host (grep { $_ ne 'on.test' } sort keys %host) {
        # what came before the content and what behind it is a matter of time
        my $guarded;
        for (1 .. 3) {
            $guarded = everything($port, %ask, host => $host);
            last if $guarded eq $by_itself;
        }
        is($guarded, $by_itself, "$name: the same in $host");
        $compared++;
    }
}
cmp_ok($compared, '>=', 72, 'comparisons');
# for comparison: where it is on, the answer to the same bytes is another one
my $early = everything($port, path => '/nowhere', length => LONG,
                       host => 'on.test');
like($early, qr/expect-policy-error: not_found.*\n--\n/is,
     'in on.test the answer is there before the content');
unlike($early, qr/a plain file/, 'and nothing behind it is served');
$absent->stop;
$present->stop;

# ------------------------------------------------------------ no content
for (['GET', '/nowhere'], ['GET', '/app/e/denied'], ['GET', '/app/e/user'],
     ['POST', '/nowhere'], ['PUT', '/nowhere'], ['DELETE', '/nowhere'],
     ['GET', '/app/e/moved'], ['GET', '/app/e/denied/text']) {
    my ($method, $path) = @$_;
    my ($on, $off) = map {
        my $res = ask(host => $_, method => $method, path => $path, tag => '',
                      $method eq 'GET' ? () : (length => 0));
        $res->{raw} =~ s/^Date: .*//mr;
    } 'errors.test', 'errors-late.test';
    is($on, $off, "$method $path without content: as ever");
}
my $plain = ask(host => 'errors.test', method => 'GET', path => '/nowhere');
is($plain->{status}, 404, 'an error to a GET');
live_ok($plain);

# ------------------------------------------------------------ content was read
# by the application, with its own words or httpd's; the connection stays
my $chunks = "2000\r\n" . 'x' x 0x2000 . "\r\n2000\r\n" . 'x' x 0x2000
    . "\r\n0\r\n\r\n";
for (['/app/e/near?status=404', qr/^method=POST$/m], ['/e/read', qr/<html>/],
     ['/e/alive/x?status=404', qr/^received=/m]) {
    my ($path, $words) = @$_;
    for my $how ([length => LONG, body => 'x' x LONG],
                 [chunked => 1, body => $chunks],
                 [length => LONG, headers => ['Expect: 100-continue'],
                  after_100 => 'x' x LONG]) {
        # mod_lua reads no chunks
        next if $path eq '/e/read' && $how->[0] eq 'chunked';
        my $res = ask(host => 'errors.test', path => $path, @$how);
        is($res->{status}, 404, "$path: 404 behind the content, $how->[0]");
        like($res->{body}, $words, 'in the same words');
        unlike($res->{raw}, qr/expect-policy/i, 'not in ours');
        live_ok($res);
    }
}

# ------------------------------------------------------------ connections with
# a name: NTLM and Negotiate take several steps on one of them
for my $challenge ('NTLM', 'Negotiate', 'NTLM.TlRMTVNTUAACAAAA',
                   'Negotiate.oYG2MIGz', 'negotiate', 'ntlm',
                   'Basic.realm=x,.Negotiate', 'Negotiate,.Basic.realm=x',
                   'Basic.realm=x,.NTLM.TlRM') {
    my $res = ask(host => 'errors.test', path => "/app/e/steps?c=$challenge",
                  length => LONG, body => 'x' x LONG);
    is($res->{status}, 401, "a step of $challenge");
    is_deeply([ ExpectPolicy::Wire::values_of($res, 'www-authenticate') ],
              [ $challenge =~ s/\./ /gr ], 'with its challenge');
    is_deeply([ grep { /close/i }
                ExpectPolicy::Wire::values_of($res, 'connection') ], [],
              'and no close');
    my $next = exchange($res->{conn}, host => 'errors.test', length => LONG,
                        path => '/app/e/steps', body => 'x' x LONG,
                        headers => ["Authorization: $challenge x"]);
    accepted_ok($next, name => 'the next step on the same connection');
    is(app_says($next)->{received}, LONG, 'with its content');
}
# for comparison: other schemes do not belong to a connection
for my $challenge ('Basic.realm=x', 'Bearer.realm="NTLM"',
                   'Digest.realm="a,.Negotiate.b"', 'Negotiated', 'XNTLM') {
    my $res = ask(host => 'errors.test', path => "/app/e/steps?c=$challenge",
                  length => LONG);
    refusal_ok($res, code => 'unauthorized', status => 401, logged => 0,
               name => "$challenge goes out early",
               headers => { 'WWW-Authenticate' => $challenge =~ s/\./ /gr });
}

# challenges on lines of their own, with words of the handler's own
put_file('easis/two.asis', "Status: 401 Unauthorized\n"
         . "WWW-Authenticate: Basic realm=\"x\"\nWWW-Authenticate: Negotiate\n"
         . "Content-Type: text/plain\n\nwho are you?\n");
my $two = ask(host => 'errors.test', method => 'GET', length => LONG,
              path => '/easis/two.asis', body => 'x' x LONG);
is($two->{status}, 401, 'Negotiate on the second of two lines');
is($two->{body}, "who are you?\n", 'in words of its own');
is_deeply([ grep { /close/i }
            ExpectPolicy::Wire::values_of($two, 'connection') ], [],
          'leaves the connection open');
live_ok($two);

done_testing;
