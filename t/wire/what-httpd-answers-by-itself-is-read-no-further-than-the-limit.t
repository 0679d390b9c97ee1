# Some requests belong to no section: `OPTIONS *`, TRACE, a path that httpd cannot
# decode, requests that are redirected or denied for the whole server.  Their content
# is bounded by the server's own policy.  Where a section applies, its policy holds
# instead, and may admit more.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(larger off user);
my $users = vars('serverroot') . '/conf/users';

my $text = <<"END";
Timeout 8
TraceEnable extended
Header always set Access-Control-Allow-Origin "*"
Header always add X-Once "yes"
Redirect /moved http://elsewhere.test/
RewriteEngine On
RewriteRule ^/forbidden - [F]
RewriteRule ^/gone - [G]
<Directory "\@site\@">
    Options +FollowSymLinks
    ExpectPolicyMaxSize 10K
</Directory>
<Directory "\@site\@/larger">
    ExpectPolicyMaxSize 100K
</Directory>
<Directory "\@site\@/off">
    ExpectPolicy Off
</Directory>
<Directory "\@site\@/user">
    ExpectPolicyMaxSize 100K
    AuthType Basic
    AuthName x
    AuthUserFile "$users"
    Require valid-user
</Directory>
END
my @load = qw(headers rewrite auth_basic authn_file authz_user);
my %limited = (site => $site, load => [@load, has_http2() ? 'http2' : ()]);
my $server = ExpectPolicy::Ledger->start("$text\nExpectPolicyMaxSize 5K\n", %limited);
my $capped = ExpectPolicy::Ledger->start("$text\nExpectPolicyCeiling 5K\n", %limited);
my $free = ExpectPolicy::Ledger->start($text, %limited);

# How much of a chunked content without an end is taken until there is an answer
# or nothing more is read.  Returns the answer and the bytes.
sub endless {
    my ($at, %ask) = @_;
    my %all = ($at->here, %ask);
    my $conn = converse(%all);
    ExpectPolicy::Wire::put($conn, $all{raw_head} // head_bytes(%all, chunked => 1), 5);
    my ($sent, $end) = (0, time + 6);
    my $chunk = "2000\r\n" . 'x' x 8192 . "\r\n";
    my $select = IO::Select->new($conn->{sock});
    while (time < $end && $sent < 200 * 1024 * 1024) {
        last if $select->can_read(0);
        ExpectPolicy::Wire::put($conn, $chunk, 1) or last;
        $sent += 8192;
    }
    my $res = read_response($conn, method => $all{method}, patience => 3);
    close $conn->{sock};
    return ($res, $sent);
}

my @requests = (
    [method => 'OPTIONS', path => '*', without => 200],
    [method => 'TRACE', path => '/', without => 413],
    [method => 'PUT', path => '/a%2Fb', without => 404],
    [method => 'POST', path => '/moved/x', without => 302],
    [method => 'POST', path => '/forbidden', without => 403],
    [method => 'POST', path => '/gone', without => 410],
);

for my $request (@requests) {
    my %ask = @$request;
    my $without = delete $ask{without};
    my $name = "$ask{method} $ask{path}";
    for my $at ([$server, 'MaxSize'], [$capped, 'Ceiling']) {
        my ($guard, $by) = @$at;
        my ($res, $sent) = endless($guard, %ask);
        is($res->{status}, 413, "$name without an end is cut ($by)");
        like($res->{body} // '', qr/"error":"content_too_large"/, 'with our document');
        ok((grep { lc $_ eq 'close' }
            ExpectPolicy::Wire::values_of($res, 'connection')),
           'and the connection is closed');
        is_deeply([map { ExpectPolicy::Wire::values_of($res, $_) }
                   qw(access-control-allow-origin x-once)], ['*', 'yes'],
                  'with the fields of Header always, each once');
        cmp_ok($sent, '<', 8 * 1024 * 1024, "after $sent bytes");
        refusal_ok(ask($guard->here, %ask, length => 50_000, body => 'x' x 50_000),
                   code => 'content_too_large',
                   members => { limit => 5120, requested_size => 50_000 },
                   by => qr/ExpectPolicy$by/, name => "$name, $by, sized")
            if $ask{path} =~ /%2F|\*/ || $by eq 'Ceiling';
        # the twins: what is below the limit, or has no content
        for my $content ([length => 5000, body => 'x' x 5000],
                         [chunked => 1, body => in_chunks('x' x 5000)]) {
            my $ok = ask($guard->here, %ask, @$content);
            my $expected = $ask{method} eq 'TRACE' ? 200 : $without;
            is($ok->{status}, $expected, "$name with $content->[0]: $expected");
            is($ok->{extra}, '', 'with nothing behind it');
        }
        if ($ask{method} ne 'TRACE') {
            is(ask($guard->here, %ask)->{status}, $without, "$name without content");
        }
    }
    # and where nothing limits, all is as httpd does it
    my $is_read = ask($free->here, %ask, chunked => 1, body => in_chunks('x' x 60_000));
    is($is_read->{status}, $without eq '413' ? 200 : $without,
       "$name without a limit");
}

# declared, and never invited: judged on the head alone
for my $path ('*', '/a%2Fb') {
    refusal_ok(ask($server->here, method => $path eq '*' ? 'OPTIONS' : 'PUT',
                   path => $path, length => 6000,
                   headers => ['Expect: 100-continue']),
               code => 'content_too_large', status => 417,
               members => { limit => 5120, requested_size => 6000 },
               by => qr/ExpectPolicyMaxSize/, name => "$path, asking first");
}

# a place counts its own limit, be it larger or none
for my $content ([length => 60_000, body => 'x' x 60_000],
                 [chunked => 1, body => in_chunks('x' x 60_000)]) {
    my $how = $content->[0];
    is(ask($server->here, path => "/larger/$how", @$content)->{status}, 201,
       "60 KB, $how, where 100 KB are allowed");
    is(ask($server->here, path => "/off/$how", @$content)->{status}, 201,
       'and where the policy is off');
    is(ask($server->here, path => "/here-$how", @$content)->{status}, 413,
       'but not elsewhere');
}
my ($res, $sent) = endless($server, path => '/larger/endless');
is($res->{status}, 413, 'a place that allows more cuts as well');
cmp_ok($sent, '>', 100_000, 'later');

# Behind a 401, nothing is told, and no more is read than the place would take.
($res, $sent) = endless($server, path => '/user/endless');
is($res->{status}, 401, 'without credentials: 401');
unlike($res->{raw}, qr/content_too_large|102400/, 'nothing about limits');
cmp_ok($sent, '<', 8 * 1024 * 1024, "and no content without an end: $sent bytes");
my $small = ask($server->here, path => '/user/small', chunked => 1,
                body => in_chunks('x' x 60_000));
is($small->{status}, 401, 'what the place would take');
ok(!(grep { lc $_ eq 'close' } ExpectPolicy::Wire::values_of($small, 'connection')),
   'does not end the connection');

# What core says to a head that it does not understand reads no content at all.
for my $head (['no Host' => "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"],
              ['a bad escape' => "POST /%zz HTTP/1.1\r\nHost: x\r\n"
                  . "Transfer-Encoding: chunked\r\n\r\n"],
              ['above the root' => "POST /../x HTTP/1.1\r\nHost: x\r\n"
                  . "Transfer-Encoding: chunked\r\n\r\n"],
              ['CONNECT' => "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n"
                  . "Transfer-Encoding: chunked\r\n\r\n"],
              ['a long URL' => 'POST /' . 'x' x 9000 . " HTTP/1.1\r\nHost: x\r\n"
                  . "Transfer-Encoding: chunked\r\n\r\n"],
              ['a long field' => "POST / HTTP/1.1\r\nHost: x\r\nX: "
                  . 'x' x 9000 . "\r\nTransfer-Encoding: chunked\r\n\r\n"],
              ['a version' => "POST / HTTP/9.9\r\nHost: x\r\n"
                  . "Transfer-Encoding: chunked\r\n\r\n"]) {
    my ($name, $bytes) = @$head;
    my ($got, $taken) = endless($server, raw_head => $bytes, method => 'POST');
    like($got->{status} // 'closed', qr/^(?:400|405|413|414|505|closed)$/,
         "$name: " . ($got->{status} // 'closed'));
    cmp_ok($taken, '<', 8 * 1024 * 1024, "no content without an end: $taken bytes");
}

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    my %how = (host => 'localhost', tag => '');
    for my $case (['/a%2Fb', 404], ['/moved/x', 302]) {
        my ($path, $status) = @$case;
        for my $length (4000, 40_000) {
            my $stream = $h2->request(%how, method => 'PUT', path => $path);
            $h2->content($stream, 'x' x $length, end => 1);
            # nothing is read before the answer, and the stream ends with it
            is($h2->answer($stream)->{status}, $status,
               "HTTP/2: $path with $length bytes is $status");
        }
    }
}

done_testing;
