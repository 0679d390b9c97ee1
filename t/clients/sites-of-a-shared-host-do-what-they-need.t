# conf-examples/shared-host.conf as it is shipped: many people behind one address,
# calendars and WebDAV in the programs of a site, and a site that is full.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = scratch();
my $site = "$dir/home/sites/www.alice.example";
my $path = '';
mkdir "$dir/$_" or die "$dir/$_: $!"
    for map { $path = $path eq '' ? $_ : "$path/$_" }
        qw(home sites www.alice.example htdocs cgi-bin);
mkdir "$dir/home/$_" or die $! for 'free', 'free/bob';
write_text("$site/htdocs/cgi-bin/app.cgi", <<'END');
#!/bin/sh
n=$(wc -c)
case $QUERY_STRING in delete*) rm -f ../../full.bin;; esac
printf 'Content-Type: text/plain\n\n%s received=%d\n' "$REQUEST_METHOD" "$n"
END
chmod 0755, "$site/htdocs/cgi-bin/app.cgi";
fill_up("$site/full.bin", 11 * 1024**3);
my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';
my $host = example(names => ['shared-host'], load => [$cgi],
                   before => "<IfModule mod_cgid.c>\nScriptSock cgisock\n</IfModule>\n",
                   define => { EP_HOMES => "$dir/home", EP_LOGS => $dir,
                               EP_MODULES => $ENV{EP_LIBEXEC} });
my @alice = (port => $host->{port}, host => 'www.alice.example',
             path => '/cgi-bin/app.cgi');
sub app_ok {
    my ($name, %ask) = @_;
    my $res = ask(@alice, %ask);
    my $length = $ask{length};
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like($res->{body}, qr/^\Q$ask{method}\E received=$length$/, $name)
        or diag $res->{body}, $host->error_log;
}

# a login of 12 bytes, as it was refused by full sites
app_ok('on a full site, a login', method => 'POST', length => 12, body => 'pass=secret1');
for my $method (qw(PROPFIND PROPPATCH MKCOL LOCK REPORT SEARCH MKCALENDAR ACL DELETE)) {
    app_ok("and $method with content", method => $method, length => 200,
           body => 'x' x 200);
}
refusal_ok(ask(@alice, method => 'BASELINE-CONTROL', length => 200),
           code => 'method_not_allowed', status => 405, logged => 0,
           name => 'and no method with content that no site needs',
           members => { allowed_methods => [qw(POST PUT PATCH DELETE PROPFIND PROPPATCH
               MKCOL LOCK REPORT SEARCH MKCALENDAR ACL)] });
refusal_ok(ask(@alice, method => 'PUT', length => 100_000), code => 'quota_exceeded',
           status => 507, logged => 0, name => 'and no file',
           members => { quota_remaining => 0, requested_size => 100_000 });
app_ok('its owner deletes the largest', method => 'POST', length => 1, body => 'x',
       path => '/cgi-bin/app.cgi?delete');
ok(!-e "$site/full.bin", 'which is gone');
my @file = (method => 'PUT', length => 100_000, body => 'x' x 100_000);
my $end = time + 20;
my $res;
until (($res = ask(@alice, @file))->{status} == 200 || time > $end) {
    sleep 0.5;
}
is($res->{status}, 200, 'and then a file is stored again') or diag $host->error_log;

# A slot is held by an upload whose content does not come to its end.
my @held;
my $is_refused = 0;
sub hold {
    my $conn = converse(port => $host->{port});
    ExpectPolicy::Wire::put($conn, head_bytes(@alice, method => 'PUT', length => 100_000)
                            . 'x' x 5000, 2);
    push @held, $conn;
}
hold() for 1 .. 39;
is(ask(@alice, @file)->{status}, 200, 'of 40 people behind one address, each can upload');
# the log tells of the one that is too many, whichever it is
until ($is_refused || @held > 42) {
    hold();
    $is_refused = $host->error_log =~ /error=too_many_uploads status=429 limit=40 /
        || ask(@alice, @file)->{body} =~ /"error":"too_many_uploads".*"limit":40/;
}
ok($is_refused, 'and one more has to wait') or diag $host->error_log;
cmp_ok(scalar @held, '<=', 41, 'the 41st');
app_ok("meanwhile pages ask the server as they always do", method => 'POST', length => 20,
       body => 'action=heartbeat&a=b') for 1 .. 10;
close $_->{sock} for @held;
$end = time + 10;
until (($res = ask(@alice, @file))->{status} == 200 || time > $end) {
    sleep 0.2;
}
is($res->{status}, 200, 'and then there is room for one more');

refusal_ok(ask(port => $host->{port}, host => 'bob.free.example.net', path => '/x',
               length => 1024**2 + 1), code => 'content_too_large', status => 413,
           logged => 0, name => 'a free site takes no more than 1 MB',
           members => { limit => 1024**2, requested_size => 1024**2 + 1 });
is(ask(port => $host->{port}, host => 'bob.free.example.net', path => '/x',
       length => 1024, body => 'x' x 1024)->{status}, 404,
   'and answers as always below that');
done_testing;
