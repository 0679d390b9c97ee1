# ExpectPolicyMaxSize: the head declares the size.  An upload of exactly the limit
# passes.  K, M and G are powers of 1024.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my $ran = 0;
# place, limit, the largest that passes
for (['/app/size', 1000], ['/app/size-k', 1024], ['/app/size-zero', 0]) {
    my ($path, $limit) = @$_;
    for my $over (1, 2, 50_000, 9_000_000_000_000_000_000 - $limit) {
        my $size = $limit + $over;
        my $res = ask(path => $path, length => $size, marker => 1);
        refusal_ok($res, code => 'content_too_large',
                   members => { limit => $limit, requested_size => $size },
                   name => "$path: $size");
        access_ok($res, verdict => 'refused', error => 'content_too_large',
                  limit => $limit, requested => $size);
        $ran++;
    }
    next unless $limit;
    for my $size ($limit, $limit - 1, 1) {
        my $res = ask(path => $path, length => $size, body => 'x' x $size);
        accepted_ok($res, name => "$path: $size");
        is(app_says($res)->{received}, $size, 'is read');
        access_ok($res, verdict => 'admitted');
        $ran++;
    }
}
cmp_ok($ran, '>=', 18, 'sizes');
accepted_ok(ask(path => '/app/size-zero', length => 0),
            name => 'no content is not too large for 0');
refusal_ok(ask(path => '/app/size-g', length => 2_147_483_649),
           code => 'content_too_large', members => {
               limit => 2_147_483_648, requested_size => 2_147_483_649,
           }, name => 'more than 2G');
my $invited = ask(path => '/app/size-g', length => 2_147_483_648, linger => 0,
                  headers => ['Expect: 100-continue'], patience => 1);
is_deeply($invited->{interim}, [100], '2G itself is invited');
close delete $invited->{conn}{sock};

# Content-Lengths that httpd takes
for my $written ('0001001', "1001\t") {
    refusal_ok(ask(path => '/app/size', headers => ["Content-Length: $written"]),
               code => 'content_too_large',
               members => { limit => 1000, requested_size => 1001 },
               name => 'Content-Length: ' . $written =~ s/\t/<TAB>/r);
}
accepted_ok(ask(path => '/app/size', headers => ['Content-Length: 0001000'],
                body => 'x' x 1000), name => 'leading zeros do not add up');
# and those that it refuses before anybody else sees them
for my $written ('+5', '-5', '0x5', '5,5', '1e30', '99999999999999999999', '5 5') {
    my $res = ask(path => '/app/size', headers => ["Content-Length: $written"]);
    like($res->{status}, qr/^4\d\d$/, "Content-Length: $written is refused");
    is_deeply($res->{interim}, [], 'without 100');
    is($res->{extra}, '', 'once');
}

# Finder's hint can refuse earlier, never admit more
my $hint = 'X-Expected-Entity-Length';
my $hinted = ask(method => 'PUT', path => '/app/size', chunked => 1,
                 headers => ["$hint: 1001"], marker => 1);
refusal_ok($hinted, code => 'content_too_large',
           members => { limit => 1000, requested_size => 1001 },
           name => 'a hint above the limit');
my $fits = ask(method => 'PUT', path => '/app/size', chunked => 1,
               headers => ["$hint: 1000"], body => "3\r\nabc\r\n0\r\n\r\n");
accepted_ok($fits, name => 'a hint within it');
my $lies = ask(method => 'PUT', path => '/app/size', length => 1001,
               headers => ["$hint: 5"]);
refusal_ok($lies, code => 'content_too_large',
           members => { limit => 1000, requested_size => 1001 },
           name => 'a hint does not make Content-Length smaller');
for my $nonsense ('abc', '-1', '', '1e9', '99999999999999999999999',
                  '5000, 5000', '0x7fffffff') {
    my $res = ask(method => 'PUT', path => '/app/size', chunked => 1,
                  headers => ["$hint: $nonsense"],
                  body => "3\r\nabc\r\n0\r\n\r\n");
    like($res->{status}, qr/^(?:200|413)$/, "a hint of '$nonsense' is harmless");
    is($res->{extra}, '', 'one answer');
    my $over = ask(method => 'PUT', path => '/app/size', length => 1001,
                   headers => ["$hint: $nonsense"]);
    refusal_ok($over, code => 'content_too_large',
               members => { limit => 1000, requested_size => 1001 },
               name => 'and admits nothing');
}

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer($h2->request(path => '/app/size', length => 1001),
                          reset_within => 2);
    $h2->refused_ok($res, code => 'content_too_large',
                    members => { limit => 1000, requested_size => 1001 });
    my $id = $h2->request(path => '/app/size', length => 1000);
    $h2->content($id, 'x' x 1000, end => 1);
    my $ok = $h2->answer($id);
    accepted_ok($ok, name => 'HTTP/2: exactly the limit');
    is(app_says($ok)->{received}, 1000, 'is read');
}

no_marker_was_served(13);
done_testing;
