# ExpectPolicyEarlyErrors: an error of another module is sent before the content of
# the upload has come, with a document and `Connection: close`.  Without the
# directive httpd waits for the content and sends its own page.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

# Longer than what httpd takes in to keep a connection, short enough to send.
use constant LONG => 20_000;

my %basic = (headers => { 'WWW-Authenticate' => 'Basic realm="members"' });
my @alice = ('Authorization: Basic YWxpY2U6d29uZGVy');

# Answered on the head, whatever follows.
sub early_ok {
    my ($ask, %want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $name = delete $want{name};
    my $res = ask(host => 'errors.test', length => LONG, %$ask);
    refusal_ok($res, logged => 0, %want, name => $name);
    return $res;
}

# The answer says so itself, perhaps next to an Upgrade, and then it is done.
sub closed_ok {
    my ($res) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like(join(', ', ExpectPolicy::Wire::values_of($res, 'connection')),
         qr/\bclose\b/i, 'Connection: close');
    my $conn = $res->{conn};
    ExpectPolicy::Wire::read_until($conn, time + 2, sub { 0 });
    ok($conn->{eof}, 'the server closes');
    is($conn->{in}, '', 'and says nothing more');
}

# httpd by itself says nothing until the content is there.
sub waits_ok {
    my ($ask, %want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %ask = (host => 'errors-late.test', length => LONG, %$ask);
    my $conn = converse();
    my $bytes = head_bytes(%ask);
    return subtest $want{name} => sub {
        ExpectPolicy::Wire::put($conn, $bytes, 5);
        my $silent = read_response($conn, patience => 0.3);
        is($silent->{problem}, 'silent', 'nothing is said on the head')
            or diag $silent->{raw};
        ExpectPolicy::Wire::put($conn, 'x' x $ask{length}, 5);
        my $res = read_response($conn, method => $ask{method} // 'POST');
        is($res->{status}, $want{status}, "but $want{status} behind the content");
        unlike($res->{raw}, qr/expect-policy/i, 'in its own words');
        live_ok({ conn => $conn }) unless $want{closes};
    };
}

put_file('edav/there.txt', 'there');
put_file('edav/locked.txt', 'locked');
put_file('ehta/.htaccess', "NoSuchDirective\n");
put_file('ehta/x', '');
put_file('eloop/x', '');
put_file('easis/own.asis', "Status: 409 Conflict\nContent-Type: text/plain\n"
         . "X-Own: yes\n\nin its own words\n");

# ------------------------------------------------------------ 60 MB
my $large = early_ok({ path => '/app/e/user', length => 60_000_000 },
                     code => 'unauthorized', status => 401, %basic,
                     name => 'Require valid-user, 60 MB');
is(app_ran($large), 0, 'the application never saw it');
my ($in) = (access_line($large) // '') =~ / in=(\d+)/;
cmp_ok($in, '<', 1000, 'not one byte of content was read');
early_ok({ path => '/app/e/user', length => 60_000_000, marker => 1 },
         code => 'unauthorized', status => 401, %basic,
         name => 'with content on its way');
waits_ok({ path => '/app/e/user' }, status => 401, name => 'httpd by itself');
my $known = ask(host => 'errors.test', path => '/app/e/user', length => LONG,
                body => 'x' x LONG, headers => \@alice);
accepted_ok($known, name => 'with credentials');
is(app_says($known)->{received}, LONG, 'is read');
live_ok($known);

# ------------------------------------------------------------ every error
# what, how it is asked for, status, code, and what httpd does by itself:
# wait for the content (and keep the connection), or not
my @errors = (
    ['Require all denied', { path => '/app/e/denied' }, 403, 'forbidden', 1],
    ['Require ip', { path => '/app/e/far' }, 403, 'forbidden', 1],
    ['no such file', { path => '/nowhere' }, 404, 'not_found', 1],
    ['a directory', { path => '/edir/' }, 404, 'not_found', 1],
    ['a file and more', { path => '/plain.txt/more' }, 404, 'not_found', 1],
    ['GET of a file that cannot be read',
     { path => '/eshut/shut.txt', method => 'GET' }, 403, 'forbidden', 1],
    ['PUT to a file', { path => '/plain.txt', method => 'PUT' },
     405, 'method_not_supported', 1, { Allow => qr/GET/ }],
    ['PUT to nothing', { path => '/nowhere', method => 'PUT' },
     405, 'method_not_supported', 1, { Allow => qr/GET/ }],
    ['no method that httpd knows', { path => '/plain.txt', method => 'FROB' },
     501, 'not_implemented', 1],
    ['while the URL is mapped', { path => '/e/retired' }, 410, 'gone', 1],
    ['a broken .htaccess', { path => '/ehta/x' }, 500,
     'internal_server_error', 0],
    ['a redirect without end', { path => '/eloop/x' }, 500,
     'internal_server_error', 0],
    ['LimitRequestBody', { path => '/app/e/short' }, 413, 'request_too_large',
     0],
    ['PUT into no collection', { path => '/edav/no/such', method => 'PUT' },
     409, 'conflict', 1],
    ['PUT if it were another one',
     { path => '/edav/there.txt', method => 'PUT',
       headers => ['If-Match: "other"'] }, 412, 'precondition_failed', 1],
);
make_tree('edir');
put_file('eshut/open.txt', 'open');
chmod 0, put_file('eshut/shut.txt', 'shut') or die "chmod: $!";
for (@errors) {
    my ($name, $ask, $status, $code, $waits, $headers) = @$_;
    my @want = (code => $code, status => $status);
    my $res = early_ok($ask, @want, name => $name);
    for my $header (sort keys %{ $headers // {} }) {
        like(join(', ', ExpectPolicy::Wire::values_of($res, lc $header)),
             $headers->{$header}, "$header is kept");
    }
    early_ok({ %$ask, headers => [ @{ $ask->{headers} // [] },
                                   'Expect: 100-continue' ] },
             @want, name => "$name, asking first");
    early_ok({ %$ask, length => undef, chunked => 1, marker => 1 },
             @want, name => "$name, chunked") if $code ne 'request_too_large';
    waits_ok($ask, status => $status, name => "$name: httpd by itself",
             closes => $status >= 500) if $waits;
}
cmp_ok(scalar @errors, '>=', 15, 'errors');

# their twins
for (['near enough', '/app/e/near'], ['small enough', '/app/e/short', 1000],
     ['POST to a file', '/plain.txt'],
     ['GET of a file', '/eshut/open.txt', LONG, 'GET']) {
    my ($name, $path, $length, $method) = @$_;
    $length //= LONG;
    my $res = ask(host => 'errors.test', path => $path, length => $length,
                  method => $method // 'POST', body => 'x' x $length);
    accepted_ok($res, name => $name);
    live_ok($res);
}
my $stored = ask(host => 'errors.test', method => 'PUT', length => LONG,
                 path => '/edav/new' . time, body => 'x' x LONG);
accepted_ok($stored, status => 201, name => 'PUT into a collection');

# ------------------------------------------------------------ a lock
my $lock = '<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope>'
    . '<D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>'
    . '</D:lockinfo>';
my $locked = ask(host => 'errors.test', method => 'LOCK', body => $lock,
                 length => length $lock, path => '/edav/locked.txt',
                 headers => ['Depth: 0', 'Content-Type: application/xml']);
is($locked->{status}, 200, 'a file is locked');
my ($token) = map { /<([^>]+)>/ } ExpectPolicy::Wire::values_of($locked,
                                                                'lock-token');
my $without = ask(host => 'errors.test', method => 'PUT', length => LONG,
                  path => '/edav/locked.txt', linger => 1);
is($without->{status}, 423, 'PUT without the token: 423');
cmp_ok($without->{ms}, '<', 2500, 'at once');
closed_ok($without);
is_deeply($without->{interim}, [], 'without 100');
my $with = ask(host => 'errors.test', method => 'PUT', length => LONG,
               body => 'x' x LONG, path => '/edav/locked.txt',
               headers => ["If: (<$token>)"]);
accepted_ok($with, status => 204, name => 'with the token');
is(ask(host => 'errors.test', method => 'UNLOCK', path => '/edav/locked.txt',
       headers => ["Lock-Token: <$token>"])->{status}, 204, 'unlocked');

# ------------------------------------------------------------ a dead backend
early_ok({ path => '/e/dead/x', headers => ['Expect: 100-continue'] },
         code => 'service_unavailable', status => 503,
         name => 'a dead backend, asking first');
early_ok({ path => '/e/dead/x', body => 'x' x 16_384, length => 60_000_000 },
         code => 'service_unavailable', status => 503,
         name => 'a dead backend, behind the first 16 KB');
my $alive = ask(host => 'errors.test', path => '/e/alive/x', length => LONG,
                body => 'x' x LONG);
accepted_ok($alive, name => 'a living one');
is(app_says($alive)->{received}, LONG, 'reads it all');

# ------------------------------------------------------------ its own body
for my $expect ([], ['Expect: 100-continue']) {
    my $own = ask(host => 'errors.test', method => 'GET', length => LONG,
                  path => '/easis/own.asis', headers => $expect);
    is($own->{status}, 409, "an error in words of its own @$expect");
    is($own->{body}, "in its own words\n", 'is kept');
    is_deeply([ ExpectPolicy::Wire::values_of($own, 'x-own') ], ['yes'],
              'with its fields');
    is_deeply($own->{interim}, [], 'no 100');
    cmp_ok($own->{ms}, '<', 2500, 'and goes out at once');
    closed_ok($own);
}

# ------------------------------------------------------------ HEAD, HTTP/1.0, CORS
my $head = early_ok({ method => 'HEAD', path => '/app/e/denied' }, head => 1,
                    code => 'forbidden', status => 403, name => 'HEAD');
my $body = early_ok({ path => '/app/e/denied/cors' }, code => 'forbidden',
                    status => 403, name => 'Header always is kept', headers => {
    'Access-Control-Allow-Origin' => 'https://app.example',
    'X-Only-On-Success' => undef,
});
is_deeply([ ExpectPolicy::Wire::values_of($head, 'content-length') ],
          [ length $body->{body} ], 'the length is that of the document');
for my $keep ([], ['Connection: keep-alive'], ['Expect: 100-continue']) {
    early_ok({ version => '1.0', path => '/app/e/user', headers => $keep },
             code => 'unauthorized', status => 401, %basic,
             name => "HTTP/1.0 @$keep");
}

# ------------------------------------------------------------ HTTP/2
if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $other = $h2->request(host => 'errors.test', path => '/app/e/near',
                             length => 2000);
    $h2->content($other, 'a' x 1000);
    for (['/app/e/user', 401, 'unauthorized'], ['/nowhere', 404, 'not_found'],
         ['/app/e/denied', 403, 'forbidden']) {
        my ($path, $status, $code) = @$_;
        my $res = $h2->answer($h2->request(host => 'errors.test', path => $path,
                                           length => 500_000),
                              reset_within => 2);
        $h2->refused_ok($res, code => $code, status => $status, logged => 0,
                        name => "HTTP/2: $status");
    }
    my $own = $h2->answer($h2->request(host => 'errors.test', method => 'GET',
                                       path => '/easis/own.asis',
                                       length => 500_000), reset_within => 2);
    is($own->{status}, 409, 'HTTP/2: an error in words of its own');
    is($own->{body}, "in its own words\n", 'is kept');
    is($own->{reset}, 0, 'RST_STREAM with NO_ERROR');
    $h2->content($other, 'b' x 1000, end => 1);
    my $res = $h2->answer($other);
    is(app_says($res)->{received}, 2000, 'the upload next to them goes on');
    is($h2->{goaway}, undef, 'nobody closes the connection');
}

no_marker_was_served(12);
done_testing;
