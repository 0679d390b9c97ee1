# Some of a handler's answer has left when its upload is cut, and then the handler
# returns an error.  The answer ends where it is, nothing is added to it, and the
# connection is closed behind it: a client never sees two documents in one.  An
# interim response (103) is no part of the answer, and our document follows it.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

use constant LIMIT => 100_000;
my $limit = LIMIT;
my $module = built_module('careless.so', 'there is the careless handler');

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(size page squeezed early closed);
open my $out, '>', "$site/plain.txt" or die;
print $out "a plain file\n";
close $out or die;
open $out, q{>}, "$site/closed/plain.txt" or die;
print $out "a plain file\n";
close $out or die;
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
LoadModule careless_module $module
<IfModule mod_http2.c>
    H2Upgrade Off
    H2EarlyHints On
</IfModule>
LogFormat "%r %>s %{EXPECT_POLICY_VERDICT}e %{EXPECT_POLICY_ERROR}e" verdicts
CustomLog access_log verdicts
<Directory "$site">
    Dav Off
    <FilesMatch "^x">
        SetHandler careless
    </FilesMatch>
    ExpectPolicyMaxSize $limit
</Directory>
<Directory "$site/page">
    ErrorDocument 500 /plain.txt
    ErrorDocument 403 /plain.txt
    ErrorDocument 413 /plain.txt
</Directory>
<Directory "$site/squeezed">
    SetOutputFilter DEFLATE
</Directory>
<Directory "$site/closed">
    <Files plain.txt>
        ExpectPolicyRefuse closed "This is closed."
    </Files>
</Directory>
<Directory "$site/early">
    ExpectPolicyMaxSize Unlimited
    ExpectPolicyEarlyErrors On
</Directory>
END
    load => [qw(deflate filter), has_http2() ? 'http2' : ()]);

my $serial = 0;
sub upload {
    my ($path, $ways, $length, %ask) = @_;
    my $tag = 'u' . ++$serial . '.';
    my $res = $server->put_chunked("$path?$ways$tag", $length, method => 'POST',
                                   linger => 0, patience => 3, %ask);
    $res->{ways} = "$ways$tag";
    return $res;
}

sub access_says {
    my ($path, $res) = @_;
    my @found;
    wait_until(sub {
        @found = grep { m{^POST \Q$path?$res->{ways}\E\S* } } split /\n/,
            slurp("$server->{dir}/access_log");
        return scalar @found;
    });
    return $found[-1] // '';
}

# All bytes up to the end of the connection.
sub closes_ok {
    my ($res) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(ExpectPolicy::Wire::read_until($res->{conn}, time + 3,
                                             sub { $res->{conn}{eof} }),
              'the connection is closed behind it');
}

# ------------------------------------------------ some of it has left

for my $path ('/size/x', '/page/x') {
    for my $begin ('flush.', 'between.', 'flush.length.', 'between.length.',
                   'flush.fields.') {
        for my $end ('r=500.', 'r=403.', 'r=413.') {
            my $ways = "$begin${end}silent.";
            my $cut = upload($path, $ways, 3 * LIMIT);
            is($cut->{status}, 200, "$path, $ways: its own answer stands");
            closes_ok($cut);
            my $all = $cut->{raw} . ($cut->{body} // '') . $cut->{conn}{in};
            $all =~ s/\A.*?\r\n\r\n//s;
            like($all, qr/begun\n/, 'as it has begun');
            unlike($all, qr/error|HTTP|html|plain file/i, 'and nothing is added');
            like(access_says($path, $cut), qr/ cut content_too_large$/,
                 'the access log says that it was cut');
        }
    }
    # the twin: nothing has left, so that our document takes its place
    for my $ways ('r=500.silent.', 'before.r=500.silent.', 'length.before.r=413.silent.') {
        my $cut = upload($path, $ways, 3 * LIMIT);
        is($cut->{status}, 413, "$path, $ways: our status");
        like($cut->{body}, qr/\A\{"error":"content_too_large"[^{}]*\}\s*\z/,
             'and our document alone');
    }
}

# What is squeezed is no document of two either.
my $squeezed = upload('/squeezed/x', 'flush.r=500.silent.', 3 * LIMIT,
                      headers => ['Accept-Encoding: gzip']);
is($squeezed->{status}, 200, 'compressed: its own answer stands');
closes_ok($squeezed);
unlike(($squeezed->{body} // '') . $squeezed->{conn}{in}, qr/error|html/i,
       'nothing is added');

# An error of a handler that goes out early (ExpectPolicyEarlyErrors) is not added
# either: the upload has more content than the handler reads.
my $early = ask($server->here, method => 'POST', length => 10,
                path => '/early/x?flush.unread.r=500.silent.', patience => 3,
                linger => 0, body => 'x');
is($early->{status}, 200, 'early errors: its own answer stands');
closes_ok($early);
unlike($early->{raw} . ($early->{body} // '') . $early->{conn}{in},
       qr/"error"/, 'no document of ours is added');
my $twin = ask($server->here, method => 'POST', length => 10,
               path => '/early/x?unread.r=500.silent.', body => 'x');
is($twin->{status}, 500, 'the twin, of which nothing has left');
like($twin->{body}, qr/\A\{"error":"internal_server_error"/, 'is our document');

# A handler leads on to a place where the upload is refused.
my $led = ask($server->here, method => 'POST', length => 10, patience => 3, linger => 0,
              path => '/closed/x?flush.unread.leads.to.', body => 'x');
is($led->{status}, 200, 'led on to a refusal: its own answer stands');
closes_ok($led);
unlike($led->{raw} . ($led->{body} // '') . $led->{conn}{in}, qr/closed/,
       'no document of ours is added');
$twin = ask($server->here, method => 'POST', length => 10,
            path => '/closed/x?unread.leads.to.', body => 'x');
is($twin->{status}, 403, 'the twin, of which nothing has left');
like($twin->{body}, qr/\A\{"error":"closed"/, 'is our document');

# ------------------------------------------------ an interim response has left

for my $ways ('early.', 'early.s=201.', 'early.r=500.silent.') {
    my $cut = upload('/size/x', $ways, 3 * LIMIT);
    is_deeply($cut->{interim}, [103], "$ways: 103 has left");
    is($cut->{status}, 413, 'our status follows');
    like($cut->{body}, qr/\A\{"error":"content_too_large"/, 'with our document');
    like(access_says('/size/x', $cut), qr/ 413 cut content_too_large$/,
         'the access log says the same');
    my $whole = upload('/size/x', $ways, LIMIT);
    is_deeply($whole->{interim}, [103], 'the twin has 103 as well');
    is($whole->{status}, $ways =~ /=(\d+)/ ? $1 : 200, 'and its own status');
}

# ------------------------------------------------ HTTP/2

sub over_http2 {
    my ($h2, $ways, $length) = @_;
    my $id = $h2->request(method => 'POST', path => "/size/x?$ways");
    $h2->content($id, 'x' x $length, end => 1);
    return $h2->answer($id, patience => 5);
}

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    for my $begin ('flush.', 'between.', 'flush.length.') {
        my $res = over_http2($h2, "${begin}r=500.silent.", 2 * LIMIT);
        is($res->{status}, 200, "HTTP/2, $begin: its own answer stands");
        is($res->{body}, "begun\n", 'and nothing is added');
        is($res->{extra}, '', 'nor behind it');
        ok($res->{end_stream} || defined $res->{reset}, 'its stream ends');
    }
    for my $ways ('r=500.silent.', 'early.r=500.silent.', 'early.s=201.') {
        my $res = over_http2($h2, $ways, 2 * LIMIT);
        is($res->{status}, 413, "HTTP/2, $ways: our status");
        like($res->{body}, qr/\A\{"error":"content_too_large"[^{}]*\}\s*\z/,
             'and our document alone');
        is_deeply($res->{interim}, $ways =~ /early/ ? [103] : [],
                  'behind what has left before');
    }
    is(over_http2($h2, 'flush.', LIMIT)->{body}, "begun\nstored=100000\n",
       'HTTP/2: an upload that is not cut, on the same connection');
}
$server->settled_ok;
$server->stop;
done_testing;
