# While an upload runs, it holds what it announced.  At its end, the quota counts the
# growth of the file that httpd has written, and nothing if the upload failed.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
ExpectPolicy::Ledger::filled($site, 'old', 5000);
# a program that answers past all output filters
my $nph = ExpectPolicy::Ledger::site();
open my $out, '>', "$nph/nph-take.pl" or die;
print $out "#!$^X\n", <<'EOF';
1 while read STDIN, my $content, 4096;
print "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
EOF
close $out or die;
chmod 0755, "$nph/nph-take.pl" or die;

my $server = ExpectPolicy::Ledger->start(<<"EOF" . <<'END', site => $site,
ScriptAlias /nph/ "$nph/"
<Directory "$nph">
    Options +ExecCGI
    Require all granted
    ExpectPolicyQuota 10000 "\@site\@"
</Directory>
EOF
<Directory "@site@">
    ExpectPolicyQuota 10000
    RewriteEngine On
    RewriteRule "^again$" "http://127.0.0.1/" [R=307,L]
    RewriteRule "^thanks$" "http://127.0.0.1/" [R=303,L]
</Directory>
<Location /cgi/>
    ExpectPolicyQuota 10000 "@site@"
</Location>
<Directory "@site@/full">
    ExpectPolicyMaxSize 10
</Directory>
END
    load => ['rewrite']);
mkdir "$site/full";
$server->measured_ok($site, '/x');
is($server->used, 5000, 'what is there is used');

sub put_ok {
    my ($path, $length, $used, $name, %ask) = @_;
    my $res = $server->put($path, $length, %ask);
    accepted_ok($res, status => qr/^20[14]$/, name => $name);
    is($server->used, $used, "$name: it is counted");
    is($server->on_disk, $used, "$name: the usage is the size on disk");
}

sub refused {
    my ($left, $asked) = @_;
    return (code => 'quota_exceeded',
            members => { quota_remaining => $left, requested_size => $asked });
}

put_ok('/new', 1000, 6000, 'a new file');
put_ok('/new', 600, 5600, 'a smaller one in its place');
put_ok('/new', 1500, 6500, 'a larger one in its place');
put_ok('/new', 5000, 10_000, 'one that fits as the old one goes');
refusal_ok($server->announce('/other', 1), refused(0, 1), name => 'it is full');
put_ok('/new', 5000, 10_000, 'a file in a full quota can be replaced');
# what goes beyond the old file has to fit
refusal_ok($server->announce('/new', 5001), refused(0, 5001),
           name => 'a replacement that is one byte larger is refused');
put_ok('/new', 10, 5010, 'a file can be replaced by a smaller one');

# A part of a file: nobody knows how long it is going to be.
my $range = $server->announce('/old', 4991, headers =>
                         ['Content-Range: bytes 5000-9990/9991']);
refusal_ok($range, refused(4990, 4991), name => 'a range counts as a whole');
accepted_ok($server->put('/old', 990, headers =>
                         ['Content-Range: bytes 5000-5989/5990']),
            status => 204, name => 'one that fits');
is($server->used, 6000, 'a range is counted as received');
is($server->on_disk, 6000, 'the range is on disk');

# Failures give back what they held.
my ($failures, $after) = (0, 6000);
for ([ sub { $server->put('/no/such/place', 100) }, 409, 'no directory' ],
     [ sub { $server->put('/full/x', 11) }, 413, 'too large for the place' ],
     [ sub { $server->put('/old', 100, headers => ['If-Match: "no"']) }, 412,
       'a condition' ],
     [ sub { $server->put('/cgi/app.cgi?status=500', 100, method => 'POST') },
       500, 'a program that fails', 100 ],
     [ sub { $server->put('/cgi/app.cgi?status=404', 100, method => 'POST') },
       404, 'a program that finds nothing', 100 ],
     [ sub { $server->put('/again', 100, method => 'POST') }, 307,
       'an upload that a redirect sends elsewhere' ]) {
    my ($do, $status, $name, $given) = @$_;
    $after += $given // 0;
    is($do->()->{status}, $status, $name);
    is($server->used, $after, 'counts what a program was given, else nothing');
    $failures++;
}
is($failures, 6, 'failures');

my $half = $server->begin('/half', 2000);
ok(ExpectPolicy::Ledger::is_admitted($half), 'an upload is under way');
ExpectPolicy::Ledger::send_content($half, 1000);
is($server->books->{trees}{$site}{held}, 2000,
   'an upload under way holds what it announced');
ExpectPolicy::Ledger::drop($half);
is($server->used, 6200, 'an upload that is given up counts nothing');
is($server->on_disk, 6000, 'nothing is left of it');

# The answer does not wait for the content, and the content never comes.
my $early = converse($server->here);
ExpectPolicy::Wire::put($early, head_bytes(
    $server->here, path => '/thanks', method => 'POST', length => 100) . 'x', 5);
ok(wait_until(sub { $server->books->{claims} }), 'it is under way');
close $early->{sock};
is($server->used, 6200, 'a success counts nothing where not all of it came');
my $thanks = $server->put('/thanks', 100, method => 'POST');
is($thanks->{status}, 303, 'one that came');
is($server->used, 6300, 'is counted');

accepted_ok($server->put('/cgi/app.cgi', 300, method => 'POST'),
            name => 'a program reads it');
is($server->used, 6600, 'what a program stores is not known: it counts as received');

my $past = $server->put('/nph/nph-take.pl', 200, method => 'POST');
is($past->{body}, "ok\n", 'a program that speaks for itself');
is($server->used, 6800, 'is counted when httpd is done with it');

$server->settled_ok;
$server->stop;
done_testing;
