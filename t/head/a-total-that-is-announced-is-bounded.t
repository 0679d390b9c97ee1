# ExpectPolicyMaxTotal: what an upload comes to in all its parts.  A request without
# content that announces it (tus: a POST with Upload-Length; Nextcloud: MKCOL and MOVE
# with OC-Total-Length) is refused before the first part; so is a part that says of what
# it is one.  A field that the policy does not list has no effect.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Wire;
use Test::More;

my $root = document_root();
my $many = '9223372036854775807';
make_tree($_) for 'dav-whole', 'whole-led';

sub chunks { return in_chunks(@_) }
sub announce {
    my ($path, $headers, %more) = @_;
    return ask(path => $path, length => 0, headers => [ ref $headers ? @$headers : $headers ],
               %more);
}
# What refuses it is the total, unless a limit of one request is given.
sub too_large_ok {
    my ($res, $requested, $name, %more) = @_;
    my $limit = delete $more{limit} // 1000;
    my $total = exists $more{total} ? delete $more{total} : 1;
    refusal_ok($res, code => 'content_too_large', content => 0, name => $name,
               members => { limit => $limit, $total ? (total => JSON::PP::true) : (),
                            defined $requested ? (requested_size => $requested) : () },
               by => $total ? qr/ExpectPolicyMaxTotal/ : qr/ExpectPolicyMaxSize/, %more);
}

# by each field that announces it, and by no other
for my $field (qw(Upload-Length OC-Total-Length X-Upload-Content-Length upload-length)) {
    my $res = announce('/app/whole', "$field: 1001");
    too_large_ok($res, 1001, "$field: 1001");
    is(app_ran($res), 0, 'no program ran');
    access_ok($res, verdict => 'refused', error => 'content_too_large', limit => 1000,
              requested => 1001);
    my $ok = announce('/app/whole', "$field: 1000");
    accepted_ok($ok, name => "$field: 1000");
    access_ok($ok, verdict => 'admitted');
}
for ('X-File-Size: 1001', 'Upload-Lengths: 1001', 'Upload-Offset: 1001',
     'X-Expected-Entity-Length: 1001') {
    my $ok = announce('/app/whole', $_);
    accepted_ok($ok, name => "$_ announces nothing");
    access_ok($ok, name => 'and is judged by nobody');
}
for (['none', 'Upload-Length: 1001'], ['own', 'Upload-Length: 1001'],
     ['none', 'Upload-Length: x'], ['own', 'Upload-Length: x']) {
    my ($place, $field) = @$_;
    my $ok = announce("/app/whole/$place", $field);
    accepted_ok($ok, name => "$field where the policy does not list it, $place");
    access_ok($ok, name => 'and is judged by nobody');
}
too_large_ok(announce('/app/whole/own', 'x-file-size: 1001'), 1001, 'a field that it lists');
accepted_ok(announce('/app/whole/own', 'X-File-Size: 1000'), name => 'its twin');
accepted_ok(announce('/app/whole/off', 'Upload-Length: 1001'), name => 'Unlimited further inside');
accepted_ok(announce('/app/whole-off', 'Upload-Length: 1001'), name => 'a policy that is Off');

# neither the size of one request nor a type is asked of an announcement, nor its method
accepted_ok(announce('/app/whole', 'Upload-Length: 900'), name => 'above ExpectPolicyMaxSize');
for my $method (qw(PUT PATCH MKCOL MOVE COPY PROPPATCH)) {
    too_large_ok(announce('/app/whole', 'OC-Total-Length: 1001', method => $method), 1001,
                 "$method");
    accepted_ok(announce('/app/whole', 'OC-Total-Length: 1000', method => $method),
                name => "$method, its twin");
}
for my $method (qw(GET OPTIONS DELETE PROPFIND REPORT LOCK)) {
    accepted_ok(announce('/app/whole', 'Upload-Length: 1001', method => $method),
                name => "$method stores nothing");
}
my $asks = announce('/app/whole', ['Upload-Length: 1001', 'Expect: 100-continue']);
too_large_ok($asks, 1001, 'one that asks first', status => 417);

# malformed values are too large where a MaxTotal holds, and mean nothing elsewhere
for my $value ('', '+1', '-1', '0x1', '1.0', '1e3', '1 1', '1, 1', ',1', '"1"', '1;a=b', '1K',
               'deferred', '9223372036854775808', '18446744073709551617', '9' x 100) {
    too_large_ok(announce('/app/whole', "Upload-Length: $value"), undef, "malformed: '$value'");
    accepted_ok(announce('/app/whole/off', "Upload-Length: $value"),
                name => 'without a limit of the total it means nothing');
}
for my $value ('1', "\t1\t", '  1  ', '0001', '0') {
    accepted_ok(announce('/app/whole', "Upload-Length:$value"), name => "well-formed: '$value'");
}
too_large_ok(announce('/app/whole', "Upload-Length: $many"), $many, 'the largest number');
too_large_ok(announce('/app/whole', ['Upload-Length: 1', 'Upload-Length: 1']), undef,
             'two fields of one name');
too_large_ok(announce('/app/whole', ['Upload-Length: 1', 'OC-Total-Length: 1001']), 1001,
             'of two fields the larger one counts');
too_large_ok(announce('/app/whole', ['OC-Total-Length: 1', 'Upload-Length: x']), undef,
             'one that is malformed next to one that is not');
accepted_ok(announce('/app/whole', ['Upload-Length: 1', 'OC-Total-Length: 1000']), name => 'their twin');
# obs-fold of HTTP/1.0 times becomes a blank
is(announce('/app/whole', "Upload-Length: 1\r\n 001")->{status} =~ /^4\d\d$/ ? 1 : 0, 1,
   'a folded number is no number');

# parts, and what is sent at once
my @text = ('Content-Type: text/plain');
for my $field ('OC-Total-Length: 1001', 'Content-Range: bytes 0-9/1001',
               'Content-Range: bytes 991-1000/*') {
    my $res = ask(path => '/app/whole', method => 'PUT', length => 10, marker => 1,
                  headers => [ @text, $field ]);
    too_large_ok($res, 1001, "a part with $field", content => 1);
    is(app_ran($res), 0, 'no program ran');
}
for my $field ('OC-Total-Length: 1000', 'Content-Range: bytes 0-9/1000',
               # where the same side bounds the total, MaxSize bounds one request alone
               'Content-Range: bytes 990-999/*') {
    my $ok = ask(path => '/app/whole', method => 'PUT', length => 10, body => 'x' x 10,
                 headers => [ @text, $field ]);
    accepted_ok($ok, name => "a part with $field");
    is(app_says($ok)->{received}, 10, 'arrives');
}
too_large_ok(ask(path => '/app/whole', length => 501, headers => [@text], marker => 1), 501,
             'one request', content => 1, limit => 500, total => 0);
too_large_ok(ask(path => '/app/whole', length => 1001, headers => [@text], marker => 1), 1001,
             'nothing helps who sends more than the total at once', content => 1);
too_large_ok(ask(path => '/app/whole', length => 501, headers => [@text, 'Upload-Length: 5'],
                 marker => 1),
             501, 'a total that is too small admits nothing', content => 1, limit => 500,
             total => 0);
my $bad = ask(path => '/app/whole', method => 'PUT', length => 10, marker => 1,
              headers => [ @text, 'Content-Range: bytes 9-0/10' ]);
refusal_ok($bad, code => 'malformed_content_range', name => 'a range that nobody can read');

# Of unknown length: a client's own word, also that of S3's chunks, can refuse earlier.
for my $hint (qw(X-Expected-Entity-Length x-amz-decoded-content-length)) {
    my @hinted = (path => '/proxy/whole', method => 'PUT', chunked => 1);
    too_large_ok(ask(@hinted, headers => ["$hint: 1001"], marker => 1), 1001, $hint,
                 content => 1);
    accepted_ok(ask(@hinted, headers => ["$hint: 1000"], body => chunks('x' x 1000)),
                name => "$hint, its twin");
    too_large_ok(ask(@hinted, headers => ["$hint: 5"], body => chunks('x' x 1001), marker => 1),
                 undef, "$hint that was wrong", content => 1, cut => 1);
    accepted_ok(ask(@hinted, headers => ["$hint: x"], body => chunks('x' x 1000)),
                name => "$hint that is malformed");
}
for my $path ('/dav-whole/chunked', '/proxy/whole', '/whole-led/in') {
    my @put = (path => $path, method => 'PUT', chunked => 1);
    unlink "$root$path";
    too_large_ok(ask(@put, body => chunks('x' x 1001, 100), marker => 1), undef,
                 "$path is cut", content => 1, cut => 1);
    ok(!-e "$root$path", 'nothing is stored');
    accepted_ok(ask(@put, body => chunks('x' x 1000, 100)), status => qr/^20[01]$/,
                name => "$path, its twin");
}

# credentials and Refuse come before, and nothing else is then told
my $member = announce('/app/whole/member', 'Upload-Length: 1001');
refusal_ok($member, code => 'authentication_required', content => 0,
           members => { details => qr/WWW-Authenticate/ },
           headers => { 'WWW-Authenticate' => 'Bearer realm="whole"' });
live_ok($member, 'without content, the connection goes on');
too_large_ok(announce('/app/whole/member', ['Upload-Length: 1001', 'Authorization: Bearer x']),
             1001, 'with credentials');
accepted_ok(announce('/app/whole/member', ['Upload-Length: 1000', 'Authorization: Bearer x']),
            name => 'its twin');
accepted_ok(announce('/app/whole/member', 'X-Other: 1'), name => 'a POST that announces nothing');
my $closed = announce('/app/whole/closed', 'Upload-Length: 1001');
refusal_ok($closed, code => 'closed', status => 503, content => 0, retryable => 1,
           violations => ['closed', 'content_too_large']);
refusal_ok(announce('/app/whole/closed', 'Upload-Length: x'), code => 'closed', status => 503,
           content => 0, retryable => 1, violations => ['closed', 'content_too_large'],
           name => 'a malformed one');
refusal_ok(announce('/app/whole/closed', 'Upload-Length: 1'), code => 'closed', status => 503,
           content => 0, retryable => 1, name => 'and one that is small enough');

# a dry run says so and changes nothing
my $dry = announce('/app/whole-dry', 'Upload-Length: 1001');
is($dry->{status}, 200, 'a dry run');
is(app_says($dry)->{verdict}, 'would-refuse', 'tells the program');
like(logged_once($dry, qr/would-refuse:/, 'it is logged') // '',
     qr/would-refuse: error=content_too_large status=413 limit=1000 requested=1001 /,
     'in the usual words');

# COPY and MOVE are judged by the file that they are about
put_file('dav-free/large', 'x' x 1001);
put_file('dav-free/small', 'x' x 1000);
sub transfer {
    my ($method, $from, $to, @headers) = @_;
    return ask(method => $method, path => $from,
               headers => [ 'Destination: http://guard.test' . $to, @headers ]);
}
for my $method (qw(COPY MOVE)) {
    too_large_ok(transfer($method, '/dav-free/large', '/dav-whole/new'), 1001,
                 "$method of a large file");
    too_large_ok(transfer($method, '/dav-free/small', '/dav-whole/new', 'OC-Total-Length: 1002'),
                 1002, "$method with a large total");
    ok(!-e "$root/dav-whole/new", 'stores nothing');
    accepted_ok(transfer($method, '/dav-free/large', '/dav-free/elsewhere'), status => qr/^20[14]$/,
                name => "$method to a place without a limit");
    rename "$root/dav-free/elsewhere", "$root/dav-free/large";
    accepted_ok(transfer($method, '/dav-free/small', '/dav-whole/new', 'OC-Total-Length: 1000'),
                status => 201, name => "$method of a small file");
    is(-s "$root/dav-whole/new", 1000, 'is done');
    unlink "$root/dav-whole/new";
    put_file('dav-free/small', 'x' x 1000);
}

# an owner may tighten it, not lift it, and does not choose the fields
make_tree('sites/whole', '.htaccess' => "ExpectPolicyMaxTotal 500\n");
make_tree('sites/whole/lax', '.htaccess' => "ExpectPolicyMaxTotal 2000\n");
make_tree('sites/whole/none', '.htaccess' => "ExpectPolicyMaxTotal Unlimited\n");
for (['sites/whole', 500], ['sites/whole/lax', 1000], ['sites/whole/none', 1000]) {
    my ($dir, $limit) = @$_;
    too_large_ok(announce("/$dir/app.cgi", 'Upload-Length: ' . ($limit + 1)), $limit + 1, $dir,
                 limit => $limit);
    accepted_ok(announce("/$dir/app.cgi", "Upload-Length: $limit"), name => 'its twin');
    my @lines = grep { m{clamped: ExpectPolicyMaxTotal in \S*/$dir/\.htaccess} }
        split /^/, slurp(vars('t_logs') . '/error_log');
    is(scalar @lines, $limit == 1000 ? 1 : 0, 'clamped where it is laxer, said once');
}
make_tree('sites/whole/fields', '.htaccess' => "ExpectPolicyTotalFields None\n");
is(announce('/sites/whole/fields/app.cgi', 'Upload-Length: 1')->{status}, 500,
   'TotalFields is not for owners');

# told to those who ask
my $told = ask(path => '/app/whole?expect-policy-limits=PUT', method => 'GET');
my ($limits) = parse_json($told->{body});
is($limits->{max_total}, 1000, 'the limits document has it');
is($limits->{max_size}, 500, 'next to the size of one request');
refusal_schema_ok($asks);

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    for my $fields (['upload-length: 1001'], ['upload-length: 1', 'oc-total-length: 1001']) {
        $h2->refused_ok($h2->answer($h2->request(path => '/app/whole', end => 1,
                                                 headers => $fields)),
                        code => 'content_too_large', content => 0, ended => 1,
                        members => { limit => 1000, requested_size => 1001,
                                     total => JSON::PP::true },
                        name => "HTTP/2, @$fields");
    }
    for my $fields (['upload-length: x'], ['upload-length: 1', 'upload-length: 1']) {
        $h2->refused_ok($h2->answer($h2->request(path => '/app/whole', end => 1,
                                                 headers => $fields)),
                        code => 'content_too_large', content => 0, ended => 1,
                        members => { limit => 1000, total => JSON::PP::true },
                        name => "HTTP/2, malformed, @$fields");
    }
    accepted_ok($h2->answer($h2->request(path => '/app/whole', end => 1,
                                         headers => ['upload-length: 1000'])),
                name => 'HTTP/2, their twin');
    accepted_ok($h2->answer($h2->request(path => '/app/whole/none', end => 1,
                                         headers => ['upload-length: 1001'])),
                name => 'HTTP/2, a field that is not listed');
    my $part = $h2->answer($h2->request(path => '/app/whole', method => 'PUT', length => 10,
                                        headers => ['oc-total-length: 1001', @text]),
                           reset_within => 2);
    $h2->refused_ok($part, code => 'content_too_large', name => 'HTTP/2, a part',
                    members => { limit => 1000, requested_size => 1001,
                                 total => JSON::PP::true });
}

no_marker_was_served(10);
done_testing;
