# Behind a refused upload the connection is kept if the content is at most 16 KB
# long, has arrived completely and nothing follows it; in every other case it is
# closed, without waiting for what is missing.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

use constant MOST => 16_384;

my $marker_bytes = ExpectPolicy::Wire::marker_request(ExpectPolicy::Wire::marker());

# Refused, and open: the next request is answered, and no byte of the content.
sub kept_ok {
    my ($ask, %want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $name = delete $want{name};
    my $res = ask(path => '/app/refuse', %$ask);
    refusal_ok($res, code => 'closed', content => 0, %want, name => $name);
    is_deeply([ grep { /close/i }
                ExpectPolicy::Wire::values_of($res, 'connection') ], [],
              "$name: no close");
    live_ok($res, "$name: the connection goes on");
    return $res;
}

# Refused, closed, and nothing waited for.
sub closed_ok {
    my ($ask, %want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $res = ask(path => '/app/refuse', %$ask);
    refusal_ok($res, code => 'closed', within => 1500, %want);
    return $res;
}

kept_ok({ length => 1, body => 'x' }, name => 'one byte');
kept_ok({ length => 1000, body => 'x' x 1000 }, name => '1000 bytes');
kept_ok({ length => MOST, body => 'x' x MOST }, name => '16 KB');
kept_ok({ method => 'PUT', length => 1000, body => 'x' x 1000 }, name => 'PUT');
kept_ok({ method => 'HEAD', length => 100, body => 'x' x 100 }, name => 'HEAD',
        head => 1);
kept_ok({ length => length $marker_bytes, body => $marker_bytes },
        name => 'content that looks like a request');
# a refusal that other rules give, and one of another module
kept_ok({ path => '/app/auth', length => 9, body => 'x' x 9 }, name => 'without credentials',
        code => 'authentication_required', members => { details => qr/\S/ });
kept_ok({ path => '/app/types', length => 9, body => 'x' x 9 }, name => 'of another type',
        code => 'unsupported_content_type',
        members => { supported_types => ['image/png', 'image/jpeg', 'text/*'] });
kept_ok({ host => 'errors.test', path => '/nowhere', length => 9,
          body => 'x' x 9 }, name => 'an early error', code => 'not_found',
        status => 404, logged => 0);

# many of them on one connection
my $conn = converse();
my @seen;
for my $n (1 .. 20) {
    my $res = exchange($conn, path => '/app/refuse', length => $n * 500,
                       body => 'x' x ($n * 500), linger => 0);
    push @seen, $res->{status} // $res->{problem};
}
is_deeply(\@seen, [ (403) x 20 ], 'twenty refusals on one connection');
my $last = exchange($conn, path => '/app/free', length => 5, body => 'xxxxx');
is($last->{status}, 200, 'and an upload behind them');
is(app_says($last)->{received}, 5, 'arrives as it was sent');

closed_ok({ length => MOST + 1, body => 'x' x (MOST + 1) },
          name => 'one byte more');
closed_ok({ length => 1000, body => 'x' x 999 }, name => 'one byte missing');
closed_ok({ length => 1000 }, name => 'all of them missing');
closed_ok({ length => 1000, body => 'x' x 999, after_refusal => 'x'
            . ExpectPolicy::Wire::marker_request(ExpectPolicy::Wire::marker()) },
          name => 'the missing byte comes later');
closed_ok({ length => 1000, body => 'x' x 1000,
            headers => ['Expect: 100-continue'] }, status => 417,
          name => 'who asked first and sent all the same');
closed_ok({ length => 1000, body => 'x' x 1000
            . ExpectPolicy::Wire::marker_request(ExpectPolicy::Wire::marker()) },
          name => 'a request behind the content');
closed_ok({ length => 1000, body => 'x' x 1000 . "\r\n" },
          name => 'a stray end of line behind it');
closed_ok({ chunked => 1, body => "5\r\nxxxxx\r\n0\r\n\r\n" },
          name => 'chunks, all of them');
closed_ok({ chunked => 1, body => "5\r\nxxxxx\r\n0\r\n\r\n"
            . ExpectPolicy::Wire::marker_request(ExpectPolicy::Wire::marker()) },
          name => 'chunks and a request');
closed_ok({ length => 1000, body => 'x' x 1000,
            headers => ['Connection: close'] }, name => 'who wants it closed');
closed_ok({ path => '/app/size', length => 1001, body => 'x' x 1001 },
          code => 'content_too_large', name => 'a status at which httpd closes',
          members => { limit => 1000, requested_size => 1001 });

# HTTP/1.0 keeps what it asks to have kept
my $old = ask(path => '/app/refuse', version => '1.0', length => 10,
              body => 'x' x 10, headers => ['Connection: keep-alive'],
              linger => 0);
refusal_ok($old, code => 'closed', content => 0, name => 'HTTP/1.0, keep-alive');
live_ok($old);
closed_ok({ version => '1.0', length => 10, body => 'x' x 10 },
          name => 'HTTP/1.0, nothing said');

no_marker_was_served(4);
done_testing;
