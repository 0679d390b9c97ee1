# Scenario M4: no section and no .htaccess file admits more than the ceiling, and
# an upload over it is refused before anything is known of its URL.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my $host = 'ceiling.test';
sub too_large {
    my ($limit, $requested) = @_;
    return (code => 'content_too_large', members => {
        limit => $limit, $requested ? (requested_size => $requested) : (),
    }, by => qr/ExpectPolicyCeiling/);
}

# Paths of which mapping would say something else: rewritten to 404, a section
# that admits more, one that is off, one that demands a user, none at all.
my @paths = ('/app/x', '/app/mapped', '/app/larger', '/app/off', '/app/user',
             '/nowhere/at/all', '/%2e%2e/x', '/plain.txt', '*');
for my $path (@paths) {
    my $method = $path eq '*' ? 'OPTIONS' : 'PUT';
    my $res = ask(host => $host, method => $method, path => $path,
                  length => 5001, marker => 1, $path eq '*' ? (tag => '') : ());
    if ($path eq '/%2e%2e/x' && ($res->{status} // 0) == 400) {
        # httpd refuses such a path before any module is asked
        pass('a path that climbs out is 400');
        next;
    }
    refusal_ok($res, too_large(5000, 5001), name => "$method $path");
    is(app_ran($res), 0, 'the application never saw it') if $path ne '*';
    my $asked = ask(host => $host, method => $method, path => $path,
                    length => 5001, headers => ['Expect: 100-continue'],
                    $path eq '*' ? (tag => '') : (), marker => 1);
    refusal_ok($asked, too_large(5000, 5001), status => 417,
               name => "$method $path, asking first");
}
cmp_ok(scalar @paths, '>=', 8, 'paths');

my $ok = ask(host => $host, path => '/app/x', length => 5000, body => 'x' x 5000);
accepted_ok($ok, name => 'exactly the ceiling');
is(app_says($ok)->{received}, 5000, 'is read');
my $mapped = ask(host => $host, path => '/app/mapped', length => 5000,
                 body => 'x' x 5000);
is($mapped->{status}, 404, 'what is let through is mapped');
my $user = ask(host => $host, path => '/app/user', length => 5000,
               body => 'x' x 5000);
is($user->{status}, 401, 'and asked for a user');

# a section may be stricter
my $small = ask(host => $host, path => '/app/smaller', length => 1001);
refusal_ok($small, code => 'content_too_large',
           members => { limit => 1000, requested_size => 1001 },
           by => qr/ExpectPolicyMaxSize/, name => 'a stricter section');

# an owner cannot get over it
make_tree('sites-free/ceiling', '.htaccess' => "ExpectPolicyMaxSize 1G\n");
my $owner = ask(host => $host, path => '/sites-free/ceiling/app.cgi',
                length => 5001);
refusal_ok($owner, too_large(5000, 5001), name => 'an owner who admits more');
accepted_ok(ask(host => $host, path => '/sites-free/ceiling/app.cgi',
                length => 5000, body => 'x' x 5000), name => 'one byte less');

# while it streams
for my $path ('/app/x', '/app/larger', '/app/off') {
    my $chunk = sprintf("%x\r\n%s\r\n", 2500, 'y' x 2500);
    my $stream = ask(host => $host, path => $path, chunked => 1, marker => 1,
                     body => $chunk x 2 . "1\r\nz\r\n0\r\n\r\n");
    refusal_ok($stream, too_large(5000), cut => 1, name => "$path, streaming");
    my $fits = ask(host => $host, path => $path, chunked => 1,
                   body => $chunk x 2 . "0\r\n\r\n");
    accepted_ok($fits, name => "$path, streaming exactly the ceiling");
    is(app_says($fits)->{received}, 5000, 'arrives in full');
}

# it bounds, it switches nothing on
my $off = ask(host => 'ceiling-off.test', path => '/app/x', length => 5001,
              body => 'x' x 5001);
accepted_ok($off, name => 'a host that is off');
my $on = ask(host => 'ceiling-off.test', path => '/app/on', length => 5001);
refusal_ok($on, too_large(5000, 5001), name => 'a section that is on in it');
my $dry = ask(host => 'ceiling-dry.test', path => '/app/x', length => 5001,
              body => 'x' x 5001);
accepted_ok($dry, name => 'a host on a dry run');
my $line = logged_once($dry, qr/would-refuse:/, 'says so in the log') // '';
like($line, qr/error=content_too_large status=413 limit=5000 requested=5001 by /,
     'once, with both numbers');
accepted_ok(ask(path => '/app/free', length => 5001, body => 'x' x 5001),
            name => 'a host without a ceiling');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    for my $path ('/app/larger', '/app/mapped') {
        my $res = $h2->answer($h2->request(host => $host, path => $path,
                                           length => 5001), reset_within => 2);
        $h2->refused_ok($res, too_large(5000, 5001), name => "HTTP/2, $path");
    }
}

no_marker_was_served(15);
done_testing;
