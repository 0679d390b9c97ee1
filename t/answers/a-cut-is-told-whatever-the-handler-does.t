# An upload that is cut on its way is answered with our document, though the handler
# takes the error of a read for the end of the content and answers for itself.
# Where some of its answer has left before, that stands, and the connection is
# closed behind it.  Log line, environment and counts say `cut` in both cases.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

use constant LIMIT => 100_000;
my $module = built_module('careless.so', 'there is the careless handler');

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(size quota squeezed page dry);
open my $out, '>', "$site/plain.txt" or die;
print $out "a plain file\n";
close $out or die;
my $limit = LIMIT;
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
LoadModule careless_module $module
<IfModule mod_http2.c>
    H2Upgrade Off
</IfModule>
LogFormat "%r %>s %{EXPECT_POLICY_VERDICT}e %{EXPECT_POLICY_ERROR}e" verdicts
CustomLog access_log verdicts
Header always set Access-Control-Allow-Origin "*"
Header set X-Of-Success "yes"
<Directory "$site">
    Dav Off
    <FilesMatch "^x">
        SetHandler careless
    </FilesMatch>
    ExpectPolicyMaxSize $limit
</Directory>
<Directory "$site/quota">
    ExpectPolicyMaxSize Unlimited
    ExpectPolicyAllowance $limit/1d "expr=%{QUERY_STRING}"
</Directory>
<Directory "$site/squeezed">
    SetOutputFilter DEFLATE
</Directory>
<Directory "$site/page">
    ErrorDocument 500 /plain.txt
    ErrorDocument 413 /plain.txt
</Directory>
<Directory "$site/dry">
    ExpectPolicy DryRun
</Directory>
<Location /status>
    SetHandler expect-policy-status
</Location>
END
    load => [qw(headers deflate filter), has_http2() ? 'http2' : ()]);

sub counted {
    my $res = ask($server->here, method => 'GET', path => '/status?format=json');
    my ($status) = parse_json($res->{body});
    return $status->{total};
}

sub access_says {
    my ($path, $ways) = @_;
    my @found;
    wait_until(sub {
        @found = grep { m{^POST \Q$path?$ways\E\S* } } split /\n/,
            slurp("$server->{dir}/access_log");
        return scalar @found;
    });
    return $found[-1] // '';
}

my $serial = 0;
my @too_large = (code => 'content_too_large', members => { limit => LIMIT });
my @cors = ('Access-Control-Allow-Origin' => '*', 'X-Of-Success' => undef);
sub upload {
    my ($path, $ways, $length, %ask) = @_;
    my $tag = 'u' . ++$serial . '.';
    my $res = $server->put_chunked("$path?$ways$tag", $length, method => 'POST',
                                   marker => 0, %ask);
    $res->{ways} = "$ways$tag";
    return $res;
}

# ----------------------------------------------------- nothing of it has left

my @swallowing = (
    ['/size/x', ''],
    ['/size/x', 's=201.'],
    ['/size/x', 's=204.silent.'],
    ['/size/x', 's=304.silent.'],
    ['/size/x', 's=400.'],
    ['/size/x', 's=500.'],
    ['/size/x', 'r=500.'],
    ['/size/x', 'r=503.silent.'],
    ['/size/x', 'r=404.silent.'],
    ['/size/x', 'silent.'],
    ['/size/x', 'before.'],
    ['/size/x', 'before.r=500.silent.'],
    ['/size/x', 'before.s=201.fields.'],
    ['/size/x', 'fields.s=201.'],
    ['/size/x', 'much.'],
    ['/size/x', 'asks.'],
    ['/size/x', 'leads.'],
    ['/size/x', 'again.'],
    ['/squeezed/x', ''],
    ['/squeezed/x', 'much.fields.s=201.'],
    ['/page/x', 'r=500.silent.'],
    ['/page/x', 'r=413.silent.'],
    ['/page/x', 's=500.'],
);
for my $case (@swallowing) {
    my ($path, $ways) = @$case;
    my @gzip = (headers => ['Accept-Encoding: gzip']);
    my $cut = upload($path, $ways, 3 * LIMIT, @gzip);
    refusal_ok($cut, @too_large, cut => 1, headers => { @cors },
               name => "$path, $ways: our document");
    like(access_says($path, $cut->{ways}),
         qr/ 413 cut content_too_large$/, 'and the access log says the same');
    is($cut->{headers} && scalar(grep { /disposition/i } map { $_->[0] }
                                 @{ $cut->{headers} }), 0, 'and no field of its own');
    # the twin: as much as is admitted
    my $whole = upload($path, $ways, LIMIT, @gzip);
    my ($expected) = ($ways =~ /[sr]=(\d+)/, 200);
    is($whole->{status}, $expected, "the twin: its own answer, $expected");
    like($whole->{body}, qr/^stored=100000$/m, 'which says what it has read')
        if $ways =~ /^(?:before\.|again\.|s=201\.|asks\.)?$/ && $path eq '/size/x';
    like(access_says($path, $whole->{ways}),
         $path =~ /page/ ? qr/ $expected (?:admitted|-) -$/ : qr/ $expected admitted -$/,
         'admitted');
}

# a limit that counts, by ExpectPolicyAllowance
my $counts = upload('/quota/x', 's=201.', 3 * LIMIT);
refusal_ok($counts, code => 'allowance_exceeded', cut => 1,
           members => { allowance_remaining => LIMIT }, retryable => 0,
           name => 'an allowance');
is(upload('/quota/x', 's=201.', LIMIT)->{status}, 201, 'the twin, which fits');

# One that asked, and was invited.
my $asked = ask($server->here, method => 'POST', path => '/size/x?s=201.', chunked => 1,
                headers => ['Expect: 100-continue'], tag => '',
                after_100 => in_chunks('x' x (LIMIT + 1)));
is_deeply($asked->{interim}, [100], 'who asks is invited');
is($asked->{status}, 413, 'and cut with 413');
like($asked->{body}, qr/"error":"content_too_large"/, 'with our document');

# What stops behind the limit waits for nothing.
my $held = ask($server->here, method => 'POST', path => '/size/x?s=201.', chunked => 1,
               body => sprintf("%x\r\n", LIMIT + 1) . 'x' x (LIMIT + 1) . "\r\n");
refusal_ok($held, @too_large, cut => 1, name => 'a stream that stops behind the limit');

# What follows is content, and no request.
my $piped = upload('/size/x', 's=201.', 2 * LIMIT, marker => 1);
is($piped->{status}, 413, 'with a request behind it');
is($piped->{extra}, '', 'which nobody answers');

# ------------------------------------------------ some of it has left already

my @begun = (['/size/x', 'flush.'], ['/size/x', 'between.'],
             ['/size/x', 'flush.fields.r=500.silent.'],
             ['/size/x', 'between.much.']);
for my $case (@begun) {
    my ($path, $ways) = @$case;
    my $cut = upload($path, $ways, 3 * LIMIT, linger => 0);
    is($cut->{status}, 200, "$path, $ways: its own answer stands");
    like($cut->{body}, qr/^begun$/m, 'as it has begun');
    ok(ExpectPolicy::Wire::read_until($cut->{conn}, time + 3,
                                      sub { $cut->{conn}{eof} }),
       'and the connection is closed behind it');
    my @lines = grep { /expect_policy:notice/ } log_lines($cut);
    is(scalar @lines, 1, 'one line in the error log');
    like($lines[0], qr/ cut: error=content_too_large status=200 limit=100000 /,
         'says that it was cut');
    like(access_says($path, $cut->{ways}), qr/ cut content_too_large$/,
         'and so does the access log');
    my $whole = upload($path, $ways, LIMIT, linger => 0);
    is($whole->{status}, 200, 'the twin');
    my $next = ask($server->here, method => 'GET', path => '/plain.txt');
    is($next->{status}, 200, 'the server goes on');
    like(access_says($path, $whole->{ways}), qr/ admitted -$/, 'and is admitted');
}

# ------------------------------------------------------------------- counts

my $total = counted();
is($total->{cut}{content_too_large}, @swallowing + 3 + @begun,
   'all of them are counted as cut');
is($total->{cut}{allowance_exceeded}, 1, 'by code');
is_deeply($total->{refused}, {}, 'and none as refused');

# A dry run changes nothing.
my $dry = upload('/dry/x', 's=201.', 3 * LIMIT);
is($dry->{status}, 201, 'a dry run cuts nothing');
like($dry->{body}, qr/^stored=300000$/m, 'of all that comes');
like(access_says('/dry/x', $dry->{ways}), qr/ 201 would-refuse content_too_large$/,
     'and says what it would have done');

# ------------------------------------------------------------------- HTTP/2

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    for my $ways ('s=201.', 'r=500.', 'silent.', 'before.', 'fields.') {
        my $id = $h2->request(method => 'POST', path => "/size/x?$ways");
        $h2->content($id, 'x' x (2 * LIMIT), end => 1);
        my $res = $h2->answer($id);
        $h2->refused_ok($res, @too_large, ended => 1, logged => 0,
                        headers => { @cors }, name => "HTTP/2, $ways");
    }
    my $id = $h2->request(method => 'POST', path => '/size/x?s=201.');
    $h2->content($id, 'x' x LIMIT, end => 1);
    is($h2->answer($id)->{status}, 201, 'HTTP/2: the twin');
    $id = $h2->request(method => 'POST', path => '/size/x?flush.');
    $h2->content($id, 'x' x (2 * LIMIT), end => 1);
    my $begun = $h2->answer($id);
    is($begun->{status}, 200, 'HTTP/2: what has begun stands');
    $id = $h2->request(method => 'POST', path => '/size/x?s=201.');
    $h2->content($id, 'x' x LIMIT, end => 1);
    is($h2->answer($id)->{status}, 201, 'and the connection goes on');
    is(counted()->{cut}{content_too_large}, $total->{cut}{content_too_large} + 6,
       'counted as cut');
}
$server->settled_ok;
$server->stop;
done_testing;
