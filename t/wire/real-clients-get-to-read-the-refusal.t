# Scenarios C1, D1 and D3 with curl, PHP's curl extension and Python requests,
# and D4: without Expect, while they send the content, they still get to read
# the document.
use strict;
use warnings;

use ExpectPolicy::Judge;
use ExpectPolicy::Wire;
use File::Temp ();
use Test::More;
use Time::HiRes qw(time);

my $base = 'http://127.0.0.1:' . port_of();
my $tmp = File::Temp->newdir;
my $php = "$tmp/client.php";
my $python = "$tmp/client.py";

# Each client takes METHOD URL FILE HEADER... ("" is no content) and prints one
# line "status=N content_type=T", an empty line and the body, and takes its own
# way of sending things.
write_text($php, <<'END');
<?php
[, $method, $url, $file] = $argv;
$c = curl_init($url);
$type = '';
$auth = '';
curl_setopt_array($c, [
    CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => array_slice($argv, 4), CURLOPT_TIMEOUT => 20,
    CURLOPT_PROXY => '',
    CURLOPT_HEADERFUNCTION => function ($c, $line) use (&$auth) {
        if (stripos($line, 'www-authenticate:') === 0) {
            $auth = trim(substr($line, 17));
        }
        return strlen($line);
    },
]);
if ($file !== '') {
    curl_setopt($c, CURLOPT_UPLOAD, true);
    curl_setopt($c, CURLOPT_INFILE, fopen($file, 'rb'));
    curl_setopt($c, CURLOPT_INFILESIZE, filesize($file));
}
$body = curl_exec($c);
echo 'status=', curl_getinfo($c, CURLINFO_RESPONSE_CODE),
    ' content_type=', curl_getinfo($c, CURLINFO_CONTENT_TYPE),
    " auth=[$auth] sent=", (int) curl_getinfo($c, CURLINFO_SIZE_UPLOAD_T),
    ' error=', curl_errno($c), "\n\n", $body;
END
write_text($python, <<'END');
import sys
import requests

method, url, path = sys.argv[1:4]
headers = dict(h.split(': ', 1) for h in sys.argv[4:])
session = requests.Session()
session.trust_env = False
data = open(path, 'rb') if path else None
answer = session.request(method, url, data=data, headers=headers, timeout=20)
print('status=%d content_type=%s auth=[%s] sent=? error=0\n\n%s' % (
    answer.status_code, answer.headers.get('Content-Type', ''),
    answer.headers.get('WWW-Authenticate', ''), answer.text), end='')
END

sub write_text {
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}
# without content on disk, so that a large one costs nothing
sub sparse {
    my ($name, $size) = @_;
    open my $out, '>', "$tmp/$name" or die $!;
    truncate $out, $size or die $!;
    close $out;
    return "$tmp/$name";
}

sub run {
    my (@command) = @_;
    my $start = time;
    open my $in, '-|', 'timeout', 30, @command or die "$command[0]: $!";
    binmode $in;
    my $out = do { local $/; <$in> } // '';
    close $in;
    my %got = (ms => (time - $start) * 1000, exit => $? >> 8, out => $out);
    ($got{line}, $got{body}) = split /\n\n/, $out, 2;
    @got{qw(status type auth sent error)} = ($got{line} // '') =~
        /status=(\d+) content_type=(\S*) auth=\[(.*?)\] sent=(\S+) error=(\d+)/;
    return \%got;
}

my %client = (
    curl => sub {
        my ($method, $url, $file, @headers) = @_;
        my @upload = length $file ? ('-T', $file) : ();
        my $headers = "$tmp/headers";
        my @out = ('curl', '-s', '-q', '--max-time', 20, '--noproxy', '*',
            '-X', $method, @upload, (map { ('-H', $_) } @headers),
            '-o', "$tmp/body", '-D', $headers,
            '-w', 'status=%{http_code} content_type=%{content_type} '
                . "auth=[] sent=%{size_upload} error=%{exitcode}\n\n", $url);
        unlink "$tmp/body", $headers;
        my $got = run(@out);
        $got->{body} = slurp("$tmp/body");
        ($got->{auth}) = slurp($headers) =~ /^WWW-Authenticate: (.*?)\r$/mi;
        return $got;
    },
    php => sub { run('php', '-n', php_extension(), $php, @_) },
    requests => sub { run('python3', $python, @_) },
);
sub php_extension {
    # -n keeps this machine's configuration away, the extension has to be named
    my ($dir) = `php -r 'echo ini_get("extension_dir");'`;
    return -f "$dir/curl.so" ? "-dextension=$dir/curl.so" : ();
}

sub document_of {
    my ($got, $name) = @_;
    my ($doc, undef, $wrong) = parse_json($got->{body} // '');
    is($wrong, undef, "$name: strict JSON") or diag $got->{out}, $got->{body};
    schema_ok($got->{body} // '', 'refusal.json');
    return $doc // {};
}

my $ran = 0;
my $small = sparse('small', 2_097_152);
my $large = sparse('large', 524_288_000);
for my $name (sort keys %client) {
    my $ask = $client{$name};

    # C1
    my $c1 = $ask->('GET', "$base/plain.txt", '', 'Expect: certain-expectation');
    is($c1->{status}, 417, "$name, C1: 417") or diag $c1->{out};
    is($c1->{type}, 'application/json', 'JSON');
    is(document_of($c1, $name)->{error}, 'unsupported_expectation', 'the error');
    my $c1_post = $ask->('POST', "$base/app/free", $small,
                         'Expect: certain-expectation');
    is($c1_post->{status}, 417, "$name, C1 with POST: 417") or diag $c1_post->{out};
    is(document_of($c1_post, $name)->{error}, 'unsupported_expectation',
       'the error');
    my $c1_twin = $ask->('GET', "$base/plain.txt", '');
    is($c1_twin->{status}, 200, "$name, without Expect: 200");

    # D1: requests sends its content at once, however large; 500 MB would prove
    # nothing more than 2
    my $d1_file = $name eq 'requests' ? $small : $large;
    my @d1 = ('POST', "$base/api/uploads", $d1_file, 'Content-Type: video/mp4',
              'Expect: 100-continue');
    my $d1 = $ask->(@d1);
    is($d1->{status}, 417, "$name, D1: 417") or diag $d1->{out};
    is($d1->{auth}, 'Bearer realm="api"', 'the challenge');
    my $doc = document_of($d1, $name);
    is($doc->{error}, 'authentication_required', 'the error');
    ok(length($doc->{message} // '') && $doc->{details}, 'message and details');
    is($d1->{sent}, 0, 'and not one byte of content left the client')
        unless $name eq 'requests';
    my $d1_twin = $ask->('POST', "$base/app/auth", $small, 'Expect: 100-continue',
                         'Content-Type: video/mp4', 'Authorization: Bearer x');
    is($d1_twin->{status}, 200, "$name, D1 with a token: 200")
        or diag $d1_twin->{out};
    like($d1_twin->{body}, qr/^received=2097152$/m, 'arrives in full');

    # D3
    my @d3 = ('POST', "$base/api/images", $small, 'Content-Type: image/webp');
    my $d3 = $ask->(@d3, 'Expect: 100-continue');
    is($d3->{status}, 417, "$name, D3: 417") or diag $d3->{out};
    $doc = document_of($d3, $name);
    is($doc->{error}, 'unsupported_content_type', 'the error');
    is_deeply($doc->{supported_types}, ['image/jpeg', 'image/png', 'image/gif'],
              'the types');
    is($d3->{sent}, 0, 'and not one byte of content left the client')
        unless $name eq 'requests';

    # D4: curl and PHP must be told to leave Expect out, requests never sends it
    my @no_expect = $name eq 'requests' ? () : ('Expect:');
    my $d4 = $ask->('POST', "$base/api/images", sparse('middle', 62_914_560),
                    'Content-Type: image/webp', @no_expect);
    is($d4->{status}, 415, "$name, D4: 415 for D3") or diag $d4->{out};
    is(document_of($d4, $name)->{error}, 'unsupported_content_type', 'the error');
    my $d4_auth = $ask->('POST', "$base/api/uploads", "$tmp/middle",
                         'Content-Type: video/mp4', @no_expect);
    is($d4_auth->{status}, 401, "$name, D4: 401 for D1") or diag $d4_auth->{out};
    is(document_of($d4_auth, $name)->{error}, 'authentication_required',
       'the error');
    is($d4_auth->{auth}, 'Bearer realm="api"', 'the challenge');
    $ran++;
}
is($ran, 3, 'clients');

# C1 with curl in each of its protocols
for my $way ('--http1.0', '--http1.1', has_http2() ? '--http2-prior-knowledge' : ()) {
    my $got = run('curl', '-s', '-q', '--max-time', 20, '--noproxy', '*', $way,
                  '-H', 'Expect: certain-expectation',
                  '-w', "\n\nstatus=%{http_code}", "$base/plain.txt");
    like($got->{out}, qr/"error":"unsupported_expectation".*status=417/s,
         "curl $way") or diag $got->{out};
    cmp_ok($got->{ms}, '<', 5000, 'at once');
}

done_testing;
