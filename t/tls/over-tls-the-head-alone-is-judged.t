# mod_ssl, TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2: a refusal comes at once, also
# where mod_ssl would read the content first because a directory wants another
# handshake (its access hook comes behind our header_parser).
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Wire;
use Test::More;

my $both = certificate();
my $guard = guard(<<"END", 'ssl', has_http2() ? 'http2' : ());
SSLEngine On
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCertificateFile "$both"
SSLSessionCache none
<IfModule mod_http2.c>
    Protocols h2 http/1.1
</IfModule>
ExpectPolicy On
<Location /app>
    ExpectPolicyMaxSize 100000
</Location>
<Location /app/again>
    SSLVerifyClient optional_no_ca
    SSLRenegBufferSize 131072
</Location>
END

my @limit = (code => 'content_too_large', logged => 0,
             members => { limit => 100_000, requested_size => 100_001 });
my $checked = 0;
for my $version ('tls1_2', 'tls1_3') {
    for my $path ('/app/x', '/app/again/x') {
        my $over = sub { over_tls($guard->{port}, "-$version",
                                  $version eq 'tls1_3' ? '-enable_pha' : ()) };
        my @expect = (headers => ['Expect: 100-continue']);
        my $res = exchange($over->(), path => $path, length => 100_001, @expect);
        refusal_ok($res, @limit, status => 417, name => "$version $path, asks");
        is(app_ran($res), 0, 'the application does not run');
        $res = exchange($over->(), path => $path, length => 100_001);
        refusal_ok($res, @limit, name => "$version $path, does not ask");

        for my $length (1000, 100_000) {
            $res = exchange($over->(), path => $path, length => $length,
                            body => 'x' x $length);
            is($res->{status}, 200, "$version $path, $length bytes are admitted")
                or diag $res->{problem};
            is(app_says($res)->{received}, $length, 'and arrive in full');
        }
        $res = exchange($over->(), path => $path, length => 1000, @expect,
                        after_100 => 'x' x 1000);
        is($res->{status}, 200, "$version $path, who asks is admitted");
        is_deeply($res->{interim}, [100], 'and invited, once');
        is(app_says($res)->{received}, 1000, 'and heard in full');
        # of unknown length: mod_ssl reads it all, and our meter below it counts
        $res = exchange($over->(), path => $path, chunked => 1,
                        body => "186a1\r\n" . 'x' x 100_001 . "\r\n0\r\n\r\n");
        is($res->{status}, 413, "$version $path, a stream is cut");
        like($res->{body}, qr/^\{"error":"content_too_large"/,
             'with our document');
        refusal_schema_ok($res);
        $checked++;
    }
}
is($checked, 4, 'versions and places');
if (has_http2()) {
    for my $version ('tls1_2', 'tls1_3') {
        my $h2 = ExpectPolicy::H2->new(
            scheme => 'https',
            conn => over_tls($guard->{port}, "-$version", '-alpn', 'h2'));
        # an upload under way next to the one that is refused
        my $good = $h2->request(path => '/app/x', length => 60_000);
        ok($h2->content($good, 'x' x 30_000), "$version, h2: half an upload");
        my $bad = $h2->request(path => '/app/x', length => 100_001);
        my $res = $h2->answer($bad, reset_within => 2);
        $h2->refused_ok($res, @limit, name => "$version, h2: another is refused");
        ok($h2->content($good, 'x' x 30_000, end => 1), 'the first one goes on');
        my $ok = $h2->answer($good);
        is($ok->{status}, 200, 'and is served');
        is(app_says($ok)->{received}, 60_000, 'in full');
    }
}
done_testing;
