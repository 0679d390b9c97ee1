# Nextcloud's chunked upload (MKCOL, PUT, MOVE of `.file`, each with OC-Total-Length) over
# HTTP/1.1 and HTTP/2: mod_dav stores the chunks, a program joins them.  What cannot fit is
# refused by the MKCOL, or by the first chunk that tells it; the MOVE that joins the chunks
# of a file that just fits is not asked for room again.  rclone, as a client of Nextcloud,
# learns it from the head of its PUT.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::H2;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

use constant M => 1024 * 1024;

my $dir = scratch();
mkdir "$dir/$_" or die $! for qw(programs data data/uploads data/files data/files/alice home);
mkdir "$dir/data/uploads/alice" or die $!;
ExpectPolicy::Ledger::filled("$dir/data/files/alice", 'old', 2 * M);
write_text("$dir/programs/join.cgi", "#!$^X\n" . <<'END');
use strict;
use warnings;
my ($up) = $ENV{REQUEST_URI} =~ m{/uploads/alice/([\w-]+)/\.file$} or die;
my ($to) = $ENV{HTTP_DESTINATION} =~ m{/files/alice/(\w+)$} or die;
my @chunks = sort glob "$ENV{EP_DATA}/uploads/alice/$up/*";
rename shift @chunks, "$ENV{EP_DATA}/files/alice/$to" or die $!;
open my $out, '>>:raw', "$ENV{EP_DATA}/files/alice/$to" or die $!;
for my $chunk (@chunks) {
    open my $in, '<:raw', $chunk or die $!;
    local $/ = \65536;
    print $out $_ while <$in>;
    unlink $chunk;
}
close $out or die $!;
print "Status: 201 Created\r\nContent-Type: text/plain\r\n\r\n";
END
chmod 0755, "$dir/programs/join.cgi" or die $!;
my $guard = guard(<<"END", qw(dav dav_fs), has_http2() ? 'http2' : ());
<IfModule mod_http2.c>
    Protocols h2c http/1.1
</IfModule>
DavLockDB "$dir/locks"
SetEnv EP_DATA "$dir/data"
ScriptAliasMatch "^/remote.php/dav/uploads/alice/[^/]+/\\.file\$" "$dir/programs/join.cgi"
Alias /remote.php/dav/uploads "$dir/data/uploads"
Alias /remote.php/dav/files "$dir/data/files"
<Directory "$dir/programs">
    Options +ExecCGI
    Require all granted
</Directory>
<Directory "$dir/data">
    Dav On
    Require all granted
</Directory>
ExpectPolicy On
<Location /remote.php/dav>
    ExpectPolicyMaxSize 1M
    ExpectPolicyMaxTotal 3M
    ExpectPolicyQuota 4M "$dir/data"
</Location>
<Location /remote.php/dav/files/bob>
    ExpectPolicyMaxSize 8M
</Location>
END
mkdir "$dir/data/files/bob" or die $!;
my $files = "http://127.0.0.1:$guard->{port}/remote.php/dav/files/alice";
my $uploads = '/remote.php/dav/uploads/alice';

# One request of the protocol.
sub request {
    my ($method, $path, $total, %ask) = @_;
    return ask(port => $guard->{port}, log => "$guard->{dir}/error_log", method => $method,
               path => "$uploads/$path", tag => '', length => length($ask{body} // ''), %ask,
               headers => [ defined $total ? "OC-Total-Length: $total" : (),
                            "Destination: $files/movie" ]);
}
sub refused_ok {
    my ($res, $code, $members, $name) = @_;
    my %content = (content => 0);
    refusal_ok($res, code => $code, members => $members, name => $name, %content);
}
my @total = (total => JSON::PP::true);

# refused before the first chunk
refused_ok(request('MKCOL', 'up1/', 3 * M + 1), 'content_too_large',
           { limit => 3 * M, requested_size => 3 * M + 1, @total }, 'larger than any file');
refused_ok(request('MKCOL', 'up1/', 2 * M + 1), 'quota_exceeded',
           { quota_remaining => 2 * M, requested_size => 2 * M + 1 }, 'larger than what is left');
ok(!-e "$dir/data/uploads/alice/up1", 'no collection is made');
is(request('MKCOL', 'up1/', 2 * M)->{status}, 201, 'one that just fits');

# refused with the first chunk, if that is the first to tell it
my $late = request('PUT', 'up1/1', 3 * M + 1, length => M, linger => 0);
is($late->{status}, 413, 'a chunk of a file that is too large');
like($late->{body}, qr/"error":"content_too_large".*"limit":3145728,.*"total":true/,
     'is refused by its head');

for my $n (1 .. 2) {
    is(request('PUT', "up1/$n", 2 * M, body => 'x' x M)->{status}, 201, "chunk $n");
}
# the quota is full now: the chunks are there
refused_ok(request('MKCOL', 'up2/', 1), 'quota_exceeded',
           { quota_remaining => 0, requested_size => 1 }, 'nothing else fits');
is(request('MOVE', 'up1/.file', 2 * M)->{status}, 201, 'the MOVE is not asked for room again');
is(-s "$dir/data/files/alice/movie", 2 * M, 'the file is joined');
refused_ok(request('MOVE', 'up1/.file', 3 * M + 1), 'content_too_large',
           { limit => 3 * M, requested_size => 3 * M + 1, @total }, 'a MOVE of too much');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $guard->{port});
    my %of = (3 * M + 1 => [413, 'content_too_large'], 1 => [507, 'quota_exceeded']);
    for my $bytes (sort keys %of) {
        my $res = $h2->answer($h2->request(
            method => 'MKCOL', path => "$uploads/up3/", end => 1,
            headers => ["oc-total-length: $bytes", "destination: $files/movie"]));
        my ($status, $code) = @{ $of{$bytes} };
        is($res->{status}, $status, "HTTP/2: MKCOL with $bytes bytes");
        like($res->{body}, qr/\A\{"error":"$code"/, 'has the document');
    }
    is($h2->answer($h2->request(method => 'MKCOL', path => "$uploads/up3/", end => 1,
                                headers => ['oc-total-length: 0']))->{status}, 201,
       'HTTP/2: an empty file');
}

# rclone 1.60 sends a file in one request; later ones send chunks without a total
unlink "$dir/data/files/alice/movie", "$dir/data/files/alice/old";
sub rclone {
    my ($bytes) = @_;
    write_text("$dir/home/file", 'x' x $bytes);
    return run_client('rclone', '--config', "$dir/home/rclone.conf", '--retries', 1,
                      '--low-level-retries', 1, 'copyto', "$dir/home/file",
                      ":webdav,url='http://127.0.0.1:$guard->{port}/remote.php/dav/files/bob',"
                      . 'vendor=nextcloud:file');
}
my $large = rclone(3 * M + 1);
isnt($large->{exit}, 0, 'rclone does not store what is too large');
like($large->{out}, qr/413/, 'and tells the status') or diag $large->{out};
ok(!-e "$dir/data/files/bob/file", 'nothing is there');
my $stored;
# what was deleted without httpd is seen when the tree is measured again
wait_until(sub { ($stored = rclone(2 * M))->{exit} == 0 }, 20);
is($stored->{exit}, 0, 'rclone stores what fits') or diag $stored->{out};
is(-s "$dir/data/files/bob/file", 2 * M, 'all of it');

$guard->stop;
done_testing;
