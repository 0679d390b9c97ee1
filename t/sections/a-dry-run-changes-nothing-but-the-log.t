# ExpectPolicy DryRun decides and logs as if On and lets the request through: the
# answer is that of Off.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

sub would_ok {
    my ($res, $code, $status, %numbers) = @_;
    my $line = logged_once($res, qr/would-refuse:/, "the log: $code") // '';
    my $limit = $numbers{limit} // '-';
    my $requested = $numbers{requested} // '-';
    like($line, qr/would-refuse:\ error=\Q$code\E\ status=$status\ limit=$limit
                   \ requested=$requested\ by\ \S+:\d+/x, 'as if On');
    unlike($line, qr/ refused:/, 'and not as refused');
    access_ok($res, verdict => 'would-refuse', error => $code, %numbers);
}

sub shown {
    my ($res) = @_;
    return join "\n", $res->{status}, "@{ $res->{interim} }",
        sort map { "$_->[0]: $_->[1]" }
        # whether a script's answer is sent in chunks is a matter of timing
        grep { $_->[0] !~ /^(?:date|content-length|transfer-encoding)$/i } @{ $res->{headers} };
}

my @large = (length => 1001, body => 'x' x 1001);
my $dry = ask(path => '/app/dry', @large);
my $off = ask(path => '/app/off', @large);
accepted_ok($dry, name => 'too large and of no type: let through');
is(app_says($dry)->{received}, 1001, 'the application reads it');
is(shown($dry), shown($off), 'answered as with Off');
is(app_says($dry)->{verdict}, 'would-refuse', 'the application is told');
would_ok($dry, 'unsupported_content_type', 415);

my @png = (headers => ['Content-Type: image/png']);
my $size = ask(path => '/app/dry', @large, @png);
accepted_ok($size, name => 'too large: let through');
would_ok($size, 'content_too_large', 413, limit => 1000, requested => 1001);

my $fine = ask(path => '/app/dry', length => 1000, body => 'x' x 1000, @png);
accepted_ok($fine, name => 'nothing to say');
is_deeply([ log_lines($fine) ], [], 'and nothing said');
access_ok($fine, verdict => 'admitted');

my @asks = (headers => ['Content-Type: image/png', 'Expect: 100-continue']);
my $asked = ask(path => '/app/dry', length => 1001, after_100 => 'x' x 1001,
                @asks);
accepted_ok($asked, interim => [100], name => '100-continue is invited');
would_ok($asked, 'content_too_large', 417, limit => 1000, requested => 1001);

# the same, where the whole host is on a dry run
my $host = ask(host => 'dry.test', path => '/app/x', length => 1_048_577,
               body => 'x' x 1_048_577);
accepted_ok($host, name => 'a host on a dry run');
would_ok($host, 'content_too_large', 413, limit => 1_048_576,
         requested => 1_048_577);

# While it streams: counted, not cut.
my $chunks = sprintf("%x\r\n%s\r\n", 60_000, 'y' x 60_000) x 3 . "0\r\n\r\n";
my $stream = ask(path => '/app/stream-dry', chunked => 1, body => $chunks);
accepted_ok($stream, name => 'over the limit while it streams: let through');
is(app_says($stream)->{received}, 180_000, 'the application reads it all');
my $line = logged_once($stream, qr/would-refuse:/, 'the log') // '';
like($line, qr/error=content_too_large status=413 limit=100000 requested=- by /,
     'says where it would have been cut');

# An unknown expectation is for core to refuse where we only watch: a client gets
# what it would get with Off.
my @foo = (method => 'GET', headers => ['Expect: foo']);
for my $where (['dry.test', '/app/x'], is_held() ? ['guard.test', '/app/dry'] : ()) {
    my ($at, $path) = @$where;
    my $foo = ask(@foo, host => $at, path => $path);
    is($foo->{status}, 417, "an unknown expectation, $at$path: 417");
    like($foo->{body}, qr/<title>417/, "core's page, as with Off");
    is(app_ran($foo), 0, 'the application never saw it');
    my $said = logged_once($foo, qr/would-refuse:/, 'the log') // '';
    like($said, qr/error=unsupported_expectation status=417 /, 'as if On');
}

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $id = $h2->request(path => '/app/dry', length => 1001,
                          headers => ['content-type: image/png']);
    $h2->content($id, 'x' x 1001, end => 1);
    my $res = $h2->answer($id);
    accepted_ok($res, name => 'HTTP/2: let through');
    would_ok($res, 'content_too_large', 413, limit => 1000, requested => 1001);
}

done_testing;
