# ExpectPolicyMinSize: an upload of exactly this size passes.  The head announces the
# total.  An upload of unknown length is judged at its end: its reader gets an error
# in place of the end, nothing is stored, and the client gets the document.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Wire;
use Test::More;

my @small = (code => 'content_too_small');
my $root = document_root();
make_tree($_) for 'dav-least', 'dav-least/locked', 'least-led';

sub chunks {
    my (@parts) = @_;
    return join('', map { sprintf("%x\r\n%s\r\n", length, $_) } @parts) . "0\r\n\r\n";
}
sub refused_ok {
    my ($res, $limit, $requested, $name, @more) = @_;
    refusal_ok($res, @small, members => { limit => $limit, requested_size => $requested },
               cut => scalar($res->{head} =~ /^Transfer-Encoding:/mi), name => $name, @more);
    refusal_schema_ok($res);
}

# by Content-Length
for my $size (1, 999) {
    my $res = ask(path => '/app/least', length => $size, marker => 1);
    refused_ok($res, 1000, $size, "$size bytes");
    is(app_ran($res), 0, 'no program ran');
    access_ok($res, verdict => 'refused', error => 'content_too_small',
              limit => 1000, requested => $size);
}
for my $size (1000, 1001) {
    my $res = ask(path => '/app/least', length => $size, body => 'x' x $size);
    accepted_ok($res, name => "$size bytes");
    is(app_says($res)->{received}, $size, 'are read');
}
accepted_ok(ask(path => '/app/least', length => 0), name => 'no content is no upload');
accepted_ok(ask(path => '/app/least', method => 'GET'),
   name => 'a GET is no upload');
accepted_ok(ask(path => '/app/least/off', length => 1, body => 'x'),
            name => 'Off lifts it further inside');
my $first = ask(path => '/app/least', length => 5, headers => ['Expect: 100-continue'],
                patience => 1);
refused_ok($first, 1000, 5, 'who asks first is not invited', status => 417);

# the whole that a part belongs to
my @range = (path => '/app/least', method => 'PUT', length => 10, body => 'x' x 10);
for (['bytes 0-9/999', 999], ['bytes 980-989/*', 990], ['bytes 0-9/10', 10]) {
    my ($range, $total) = @$_;
    refused_ok(ask(@range[0 .. 5], headers => ["Content-Range: $range"], marker => 1),
               1000, $total, "Content-Range: $range");
}
for my $range ('bytes 0-9/1000', 'bytes 990-999/*', 'bytes 5000-5009/9000') {
    # core's handlers refuse ranges of which they know nothing, a program does not
    accepted_ok(ask(@range, headers => ["Content-Range: $range"]),
                name => "Content-Range: $range");
}
refused_ok(ask(path => '/app/least', length => 10,
               headers => ['Content-Range: bytes 0-9/1000'], marker => 1),
           1000, 10, 'a POST has no range');

# queries ask and describe
my $propfind = '<propfind xmlns="DAV:"><prop/></propfind>';
for my $method (qw(PROPFIND LOCK)) {
    my $body = $method eq 'LOCK'
        ? '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope>'
          . '<locktype><write/></locktype></lockinfo>' : $propfind;
    my $res = ask(path => '/dav-least/locked/', method => $method, body => $body,
                  length => length $body,
                  headers => ['Depth: 0', 'Content-Type: text/xml']);
    accepted_ok($res, status => qr/^(?:207|200)$/, name => "$method is a query");
}
refused_ok(ask(path => '/dav-least/a', method => 'PROPPATCH', length => 50, marker => 1),
           1000, 50, 'PROPPATCH is none');

# of unknown length: mod_dav stores nothing of it
for (['one chunk', 'x' x 999], ['many chunks', ('yz') x 499, 'y'], ['nothing']) {
    my ($name, @parts) = @$_;
    my $size = length join '', @parts;
    my $file = 'chunked-' . $name =~ tr/ /-/r;
    my $res = ask(path => "/dav-least/$file", method => 'PUT', chunked => 1,
                  body => chunks(@parts), marker => 1);
    refused_ok($res, 1000, $size, "mod_dav, $name of $size bytes");
    ok(!-e "$root/dav-least/$file", 'stores nothing');
    my $ok = ask(path => "/dav-least/$file", method => 'PUT', chunked => 1,
                 body => chunks(@parts, '+' x (1000 - $size)));
    accepted_ok($ok, status => 201, name => 'its twin has enough');
    is(-s "$root/dav-least/$file", 1000, 'and is stored in full');
    # what is there is not replaced
    my $again = ask(path => "/dav-least/$file", method => 'PUT', chunked => 1,
                    body => chunks('0' x 999), marker => 1);
    refused_ok($again, 1000, 999, 'over an older file');
    unlike(slurp("$root/dav-least/$file"), qr/0/, 'which stays as it was');
}
is_deeply([ grep { !m{/(?:chunked-[a-z-]+|app\.cgi)$} && -f } glob("$root/dav-least/{.,}*") ], [],
          'no temporary file is left');

# programs and proxies
for my $path ('/app/least', '/proxy/least') {
    my $res = ask(path => $path, chunked => 1, body => chunks('x' x 500, 'x' x 499),
                  marker => 1);
    refused_ok($res, 1000, 999, "$path, of unknown length");
    my $ok = ask(path => $path, chunked => 1, body => chunks('x' x 500, 'x' x 500));
    accepted_ok($ok, name => 'its twin has enough');
    is(app_says($ok)->{received}, 1000, 'and arrives in full');
}
my $invited = ask(path => '/app/least', chunked => 1, headers => ['Expect: 100-continue'],
                  after_100 => chunks('x' x 999));
is_deeply($invited->{interim}, [100], 'nobody knows yet: it is invited');
is($invited->{status}, 400, 'and then too small');
is((parse_json($invited->{body}))[0]{error}, 'content_too_small', 'with the document');

# Finder's hint can refuse earlier, and admits nothing
my @hint = (path => '/app/least', method => 'PUT', chunked => 1);
refused_ok(ask(@hint, headers => ['X-Expected-Entity-Length: 999'], marker => 1),
           1000, 999, 'a hint below the limit', cut => 0);
refused_ok(ask(@hint, headers => ['X-Expected-Entity-Length: 5000'],
               body => chunks('x' x 999), marker => 1),
           1000, 999, 'a hint that was wrong');
accepted_ok(ask(@hint, headers => ['X-Expected-Entity-Length: 1000'],
                body => chunks('x' x 1000)), name => 'one that is right');

# a dry run says so and changes nothing
for (['with a length', length => 10, body => 'x' x 10],
     ['of unknown length', chunked => 1, body => chunks('x' x 10)]) {
    my ($name, @ask) = @$_;
    my $res = ask(path => '/app/least-dry', @ask);
    is($res->{status}, 200, "dry run, $name");
    is(app_says($res)->{received}, 10, 'all of it arrives');
    like(logged_once($res, qr/would-refuse:/, 'it is logged') // '',
         qr/would-refuse: error=content_too_small status=400 limit=1000 requested=10 /,
         'in the usual words');
}

# an owner may ask for more, not for less
make_tree('sites/least', '.htaccess' => "ExpectPolicyMinSize 200\n");
make_tree('sites/least/lax', '.htaccess' => "ExpectPolicyMinSize 50\n");
make_tree('sites/least/none', '.htaccess' => "ExpectPolicyMinSize Off\n");
for (['sites/least', 200], ['sites/least/lax', 100], ['sites/least/none', 100]) {
    my ($dir, $limit) = @$_;
    my @png = (headers => ['Content-Type: image/png']);
    refused_ok(ask(path => "/$dir/app.cgi", length => $limit - 1, @png, marker => 1),
               $limit, $limit - 1, $dir);
    accepted_ok(ask(path => "/$dir/app.cgi", length => $limit, body => 'x' x $limit, @png),
                name => 'its twin has enough');
    my @lines = grep { m{clamped: ExpectPolicyMinSize in \S*/$dir/\.htaccess} }
        split /^/, slurp(vars('t_logs') . '/error_log');
    is(scalar @lines, $limit == 100 ? 1 : 0, 'clamped where it is laxer, said once');
}

# the strictest place on the way holds at the end as well
my $led = ask(path => '/least-led/in', method => 'PUT', chunked => 1,
              body => chunks('x' x 999), marker => 1);
refused_ok($led, 1000, 999, 'a redirect to a place without a least size');
accepted_ok(ask(path => '/least-led/in', method => 'PUT', chunked => 1,
                body => chunks('x' x 1000)), name => 'its twin has enough');

# told to those who ask
my $told = ask(path => '/app/least?expect-policy-limits=PUT', method => 'GET');
is((parse_json($told->{body}))[0]{min_size}, 1000, 'the limits document has it');
my $options = ask(path => '/app/least', method => 'OPTIONS');
is_deeply([ ExpectPolicy::Wire::values_of($options, 'upload-limit') ], ['max-size=1048576, min-size=1000'],
          'and so has Upload-Limit');
my $refused = ask(path => '/app/least', length => 1);
is_deeply([ ExpectPolicy::Wire::values_of($refused, 'upload-limit') ], ['max-size=1048576, min-size=1000'],
          'of a refusal, too');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $sized = $h2->answer($h2->request(path => '/app/least', length => 999),
                            reset_within => 2);
    $h2->refused_ok($sized, @small, members => { limit => 1000, requested_size => 999 });
    for my $path ('/app/least', '/dav-least/h2.bin') {
        my $method = $path =~ /dav/ ? 'PUT' : 'POST';
        my $id = $h2->request(method => $method, path => $path);
        $h2->content($id, 'x' x 999, end => 1);
        my $res = $h2->answer($id);
        $h2->refused_ok($res, @small, cut => 1, ended => 1, name => "HTTP/2, $path, unknown length",
                        members => { limit => 1000, requested_size => 999 });
        ok(!-e "$root/dav-least/h2.bin", 'nothing is stored');
        $id = $h2->request(method => $method, path => $path);
        $h2->content($id, 'x' x 1000, end => 1);
        accepted_ok($h2->answer($id), status => qr/^20[01]$/, name => 'its twin');
    }
    is(-s "$root/dav-least/h2.bin", 1000, 'and is stored');
}

no_marker_was_served(21);
done_testing;
