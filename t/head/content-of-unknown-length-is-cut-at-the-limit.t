# An upload of unknown length is counted while it streams, and cut at the limit.  For
# every handler the client gets the document of content_too_large, nothing of
# the upload is kept, and the bytes that follow are not taken for a request.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Wire;
use Test::More;

my $limit = 100_000;
my @cut = (cut => 1, code => 'content_too_large', members => { limit => $limit });

sub chunks {
    my ($bytes, $each) = @_;
    return in_chunks('c' x $bytes, $each);
}

make_tree($_) for 'dav', 'dav-free';
my $root = document_root();
my $stored = 0;
for my $each (100, 8192, 65_536) {
    my $name = "cut-$each.bin";
    my $res = ask(method => 'PUT', path => "/dav/$name", chunked => 1,
                  body => chunks($limit + 1, $each), marker => 1);
    refusal_ok($res, @cut, name => "mod_dav, chunks of $each");
    ok(!-e "$root/dav/$name", 'nothing is stored');
    my $ok = ask(method => 'PUT', path => "/dav/$name", chunked => 1,
                 body => chunks($limit, $each));
    accepted_ok($ok, status => 201, name => "mod_dav, exactly the limit");
    is(-s "$root/dav/$name", $limit, 'is stored in full');
    $stored++;

    # an existing file survives
    my $again = ask(method => 'PUT', path => "/dav/$name", chunked => 1,
                    body => chunks($limit * 2, $each) =~ tr/c/d/r, marker => 1);
    refusal_ok($again, @cut, name => "mod_dav, over an older file");
    is(slurp("$root/dav/$name"), 'c' x $limit, 'which is kept as it was');
}
is($stored, 3, 'sizes of chunks');
my @left = grep { !m{/(?:cut-\d+\.bin|app\.cgi)$} } glob("$root/dav/{.,}*"),
    grep { -f } glob("$root/dav/.*");
is_deeply([ grep { -f } @left ], [], 'no temporary file is left');

for my $place (['/proxy/stream', 'mod_proxy_http'], ['/app/stream', 'mod_cgi']) {
    my ($path, $name) = @$place;
    my $res = ask(path => $path, chunked => 1, body => chunks($limit + 1, 4096),
                  marker => 1);
    refusal_ok($res, @cut, name => $name);
    my $ok = ask(path => $path, chunked => 1, body => chunks($limit, 4096));
    accepted_ok($ok, name => "$name, exactly the limit");
    is(app_says($ok)->{received}, $limit, 'arrives in full');
    my $none = ask(path => $path, chunked => 1, body => "0\r\n\r\n");
    accepted_ok($none, name => "$name, empty");
}
# LimitRequestBody is not enforced for proxied requests: ours is all there is.
my $sized = ask(path => '/proxy/stream', length => $limit + 1, marker => 1);
refusal_ok($sized, code => 'content_too_large',
           members => { limit => $limit, requested_size => $limit + 1 },
           name => 'mod_proxy_http, with a Content-Length');
is(app_ran($sized), 0, 'the backend never saw it');
my $fits = ask(path => '/proxy/stream', length => $limit, body => 'x' x $limit);
accepted_ok($fits, name => 'of exactly the limit');
is(app_says($fits)->{received}, $limit, 'arrives in full');

# the handler that reads content only to throw it away
my $static = ask(path => '/app/size', chunked => 1, body => chunks(1001, 10),
                 marker => 1);
refusal_ok($static, cut => 1, code => 'content_too_large', members => { limit => 1000 },
           name => 'a small limit and small chunks');

# A client that asks first is invited, for nobody knows yet; then it is cut.
my $asked = ask(method => 'PUT', path => '/dav/asked.bin', chunked => 1,
                headers => ['Expect: 100-continue'],
                after_100 => chunks($limit + 1, 8192));
is_deeply($asked->{interim}, [100], 'who asks is invited');
# its expectation was met, what comes now is about the content
is($asked->{status}, 413, 'and cut with 413');
my ($doc) = parse_json($asked->{body});
is($doc->{error}, 'content_too_large', 'with the document');
refusal_schema_ok($asked);
ok(!-e "$root/dav/asked.bin", 'nothing is stored');
my $always = ask(path => '/app/stream-417', chunked => 1,
                 body => chunks($limit + 1, 8192), marker => 1);
refusal_ok($always, @cut, status => 417, name => 'ExpectPolicyStatus 417');

# no limit, no counting
my $free = ask(method => 'PUT', path => '/dav-free/any.bin', chunked => 1,
               body => chunks($limit * 3, 8192));
accepted_ok($free, status => 201, name => 'no limit');
is(-s "$root/dav-free/any.bin", $limit * 3, 'is stored in full');

# Held back at the limit: the answer comes without another byte.
my $held = ask(path => '/app/stream', chunked => 1,
               body => substr chunks($limit + 5000, 5000), 0, $limit + 5500);
refusal_ok($held, @cut, name => 'a stream that stops behind the limit');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    for my $path ('/app/stream', '/proxy/stream', '/dav/h2.bin') {
        my $method = $path =~ /dav/ ? 'PUT' : 'POST';
        my $id = $h2->request(method => $method, path => $path);
        $h2->content($id, 'x' x ($limit + 1), end => 1);
        my $res = $h2->answer($id);
        # its content was sent in full, there may be nothing left to reset
        $h2->refused_ok($res, @cut, ended => 1, name => "HTTP/2, $path");
        $id = $h2->request(method => $method, path => $path);
        $h2->content($id, 'x' x $limit, end => 1);
        my $ok = $h2->answer($id);
        accepted_ok($ok, status => qr/^20[01]$/,
                    name => "HTTP/2, $path, exactly the limit");
    }
    is(-s "$root/dav/h2.bin", $limit, 'and stored');
}

no_marker_was_served(11);
done_testing;
