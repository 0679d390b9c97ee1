# mod_proxy_http in front of a backend that speaks 100-continue itself: nothing
# of a refused upload reaches it; an admitted one is passed on as it comes in,
# with the backend's own 100 and its own answer.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

my $limit = 1_000_000;
my $backend = backend();
# nobody listens there
my $dead = ExpectPolicy::Server::free_port();
my $guard = guard(<<"END", qw(proxy proxy_http), has_http2() ? 'http2' : ());
<IfModule mod_http2.c>
    Protocols h2c http/1.1
</IfModule>
ExpectPolicy On
ProxyPass /b http://127.0.0.1:$backend->{port}/b
ProxyPass /dead http://127.0.0.1:$dead/dead
<Location /b>
    ExpectPolicyMaxSize $limit
</Location>
<Location /b/early>
    ExpectPolicyEarlyErrors On
</Location>
<Location /dead>
    ExpectPolicyMaxSize $limit
</Location>
<Location /dead/early>
    ExpectPolicyEarlyErrors On
</Location>
END
my @to = (port => $guard->{port});
my @expect = (headers => ['Expect: 100-continue']);

# refused
for my $case (['asks', 417, @expect], ['does not ask', 413]) {
    my ($name, $status, @more) = @$case;
    my $res = ask(@to, path => '/b/x', length => $limit + 1, @more);
    refusal_ok($res, code => 'content_too_large', status => $status, logged => 0,
               members => { limit => $limit, requested_size => $limit + 1 },
               name => "refused, $name");
    is_deeply([seen($backend, $res->{tag})], [], 'nothing reaches the backend');
}

# admitted
my $asked = ask(@to, path => '/b/x', length => 1000, @expect,
                after_100 => 'x' x 1000);
is($asked->{status}, 200, 'a smaller one is admitted');
is_deeply($asked->{interim}, [100], 'invited once');
like($asked->{body}, qr/^received=1000$/m, 'and arrives');
my @lines = seen($backend, $asked->{tag}, qr/^done/);
note "asked: $_" for @lines;
is(scalar(grep { /^head/ } @lines), 1, 'the backend saw one head');
my $plain = ask(@to, path => '/b/x', length => $limit, body => 'x' x $limit);
is($plain->{status}, 200, 'without Expect, exactly the limit');
like($plain->{body}, qr/^received=$limit$/m, 'arrives in full');
note "plain: $_" for seen($backend, $plain->{tag});

# streamed: the backend has the first bytes while the client holds the rest
sub streams_ok {
    my ($name, $conn, %more) = @_;
    my $path = delete $more{path} // '/b/x';
    my $tag = 'stream' . ($name =~ tr/a-z//cdr);
    my $first = 'x' x 100_000;
    ExpectPolicy::Wire::put($conn, head_bytes(path => "$path?t=$tag", %more)
                            . ($more{chunked} ? "186a0\r\n$first\r\n" : $first),
                            10);
    my @got = seen($backend, $tag, qr/^content/);
    is(scalar(grep { /^content/ } @got), 1,
       "$name: the backend has the first bytes")
        or diag @got;
    is(scalar(grep { /^done/ } @got), 0, 'and not the last');
    ExpectPolicy::Wire::put($conn, $more{chunked} ? "1\r\ny\r\n0\r\n\r\n" : 'y',
                            10);
    my $res = read_response($conn, patience => 10);
    like($res->{body}, qr/^received=100001$/m, 'then it gets the rest');
    note "$name: $_" for seen($backend, $tag);
}
streams_ok('with a length', converse(@to), length => 100_001);
streams_ok('chunked', converse(@to), chunked => 1);
streams_ok('with ExpectPolicyEarlyErrors', converse(@to),
           chunked => 1, path => '/b/early/x');
{
    my $conn = converse(@to);
    my $tag = 'streamasked';
    ExpectPolicy::Wire::put($conn, head_bytes(path => "/b/x?t=$tag", @expect,
                                              length => 100_001), 10);
    my $interim = read_response($conn, only_interim => 1, patience => 5);
    is_deeply($interim->{interim}, [100], 'who asks is invited');
    ExpectPolicy::Wire::put($conn, 'x' x 100_000, 10);
    ok((grep { /^content/ } seen($backend, $tag, qr/^content/)),
       'the backend has the first bytes then');
    ExpectPolicy::Wire::put($conn, 'y', 10);
    like(read_response($conn, patience => 10)->{body}, qr/^received=100001$/m,
         'then it gets the rest');
}

# the backend refuses by itself: its answer comes through
for my $status (413, 417) {
    for my $place ('/b', '/b/early') {
        for my $case (['asks', @expect, length => 500_000,
                       after_100 => 'x' x 500_000],
                      ['sends', length => 500_000, body => 'x' x 500_000]) {
            my ($name, @more) = @$case;
            my $res = ask(@to, path => "$place/refuse-$status", @more);
            is($res->{status}, $status,
               "$place, the backend's own $status, $name");
            is($res->{body}, "the backend says $status\n", 'and words');
            is_deeply($res->{interim}, [], 'and no content is invited');
            cmp_ok($res->{ms}, '<', $ExpectPolicy::Wire::HARD_MS, 'at once');
        }
    }
}
# mod_proxy_http listens to the backend only when all content has been sent: a
# client that stops in the middle is timed out.
my $half = ask(@to, path => '/b/refuse-413', length => 500_000,
               body => 'x' x 100_000);
is($half->{status}, 408, 'the answer waits for content that does not come');

# nobody there
my %doc_at = ('/dead' => 0, '/dead/early' => 1);
for my $place (sort keys %doc_at) {
    for my $case (['asks', @expect, length => 500_000,
                   after_100 => 'x' x 500_000],
                  ['sends', length => 500_000, body => 'x' x 500_000],
                  ['has sent a part of it', length => 500_000,
                   body => 'x' x 100_000]) {
        my ($name, @more) = @$case;
        my $res = ask(@to, path => "$place/x", @more);
        is($res->{status}, 503, "$place: who $name gets 503");
        is_deeply($res->{interim}, [], 'uninvited');
        cmp_ok($res->{ms}, '<', $ExpectPolicy::Wire::HARD_MS, 'at once');
        my ($doc) = parse_json($res->{body});
        is($doc ? $doc->{error} : '-',
           $doc_at{$place} ? 'service_unavailable' : '-',
           $doc_at{$place} ? 'with our document' : 'with the page of core');
        refusal_schema_ok($res) if $doc_at{$place};
    }
}
# mod_proxy_http wants the first bytes of content before it connects
my $silent = ask(@to, path => '/dead/early/x', length => 500_000);
is($silent->{status}, 408, 'who neither asks nor sends is timed out');
done_testing;
