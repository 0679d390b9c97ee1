# conf-examples/nextcloud.conf with php.conf, as they are shipped, and a WebDAV
# server in PHP-FPM with Nextcloud's addresses: rclone, and the requests of the
# desktop client, on a full disk, and on one that has room.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = scratch();
mkdir "$dir/$_" or die "$dir/$_: $!"
    for qw(home cloud data data/alice data/alice/files data/alice/uploads data/bob);
# Nextcloud stores what it reads as it comes, and joins chunks by a MOVE.
write_text("$dir/cloud/remote.php", <<'END' =~ s/DATA/$dir\/data/r);
<?php
if (($_SERVER['PHP_AUTH_USER'] ?? '') !== 'alice' || $_SERVER['PHP_AUTH_PW'] !== 'secret') {
    header('WWW-Authenticate: Basic realm="cloud"');
    http_response_code(401);
    exit;
}
[, , $kind, , $name] = explode('/', $_SERVER['PATH_INFO'] . '////', 5);
$name = trim($name, '/');
$root = 'DATA/alice';
$path = "$root/$kind/$name";
switch ($_SERVER['REQUEST_METHOD']) {
case 'PROPFIND':
    if (!file_exists($path)) { http_response_code(404); exit; }
    http_response_code(207);
    header('Content-Type: application/xml');
    $self = rtrim($_SERVER['REQUEST_URI'], '/');
    $deep = is_dir($path) && ($_SERVER['HTTP_DEPTH'] ?? '1') !== '0';
    echo '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">';
    foreach (array_merge([''], $deep ? array_diff(scandir($path), ['.', '..']) : []) as $one) {
        $file = rtrim("$path/$one", '/');
        $isDir = is_dir($file);
        echo "<d:response><d:href>$self", $one === '' ? '' : "/$one", $isDir ? '/' : '',
            '</d:href><d:propstat><d:prop><d:resourcetype>', $isDir ? '<d:collection/>' : '',
            '</d:resourcetype><d:getcontentlength>', $isDir ? 0 : filesize($file),
            '</d:getcontentlength><d:getlastmodified>', gmdate('D, d M Y H:i:s', filemtime($file)),
            ' GMT</d:getlastmodified></d:prop><d:status>HTTP/1.1 200 OK</d:status>',
            '</d:propstat></d:response>';
    }
    echo '</d:multistatus>';
    break;
case 'REPORT': case 'SEARCH': case 'PROPPATCH':
    http_response_code(207);
    echo strlen(file_get_contents('php://input'));
    break;
case 'MKCOL':
    http_response_code(mkdir($path) ? 201 : 405);
    break;
case 'PUT':
    file_put_contents($path, fopen('php://input', 'r'));
    http_response_code(201);
    break;
case 'DELETE':
    unlink($path);
    http_response_code(204);
    break;
case 'MOVE':
    $to = "$root/files/" . basename($_SERVER['HTTP_DESTINATION']);
    $chunks = glob(dirname($path) . '/*');
    file_put_contents($to, implode('', array_map('file_get_contents', $chunks)));
    array_map('unlink', $chunks);
    rmdir(dirname($path));
    http_response_code(201);
    break;
}
END
write_text("$dir/cloud/index.php", <<'END');
<?php
http_response_code(($_POST['user'] ?? '') === 'alice' ? 303 : 403);
END
my $full = fill_up("$dir/data/alice/files/full.bin", 500 * 1024**3);
my $fpm = php_fpm('post_max_size=8M');
my $cloud = example(names => [qw(php nextcloud)],
                    load => [qw(env proxy proxy_fcgi dav dav_fs)],
                    define => { EP_FPM => $fpm, EP_NEXTCLOUD => "$dir/cloud",
                                EP_DATA => "$dir/data" });
my $url = "http://127.0.0.1:$cloud->{port}";
my $files = "$url/remote.php/dav/files/alice";
write_text("$dir/home/photo.jpg", 'x' x 300_000);
# more than php.conf lets through
write_text("$dir/home/video.mp4", 'v' x 10_000_000);

sub curl {
    my ($where, @more) = @_;
    return run_curl($cloud, '-u', 'alice:secret', '-A',
                    'Mozilla/5.0 (Linux) mirall/3.7.3', @more, $where);
}
my $password = run_client('rclone', 'obscure', 'secret')->{out};
chomp $password;
sub rclone {
    my ($do, @rest) = @_;
    return run_client('rclone', '--config', "$dir/home/rclone.conf", '--retries', 1,
                      '--low-level-retries', 1, $do, @rest);
}
my $remote = ":webdav,url='$files/',vendor=nextcloud,user=alice,pass='$password':";

# What the desktop client sends for a large file.
sub chunks {
    my ($name) = @_;
    my $total = 600_000;
    my $upload = "$url/remote.php/dav/uploads/alice/1795";
    my @whole = ('-H', "Destination: $files/$name", '-H', "OC-Total-Length: $total");
    my @got = curl($upload, '-X', 'MKCOL', @whole);
    push @got, curl("$upload/$_", '-T', "$dir/home/photo.jpg", @whole, '-H',
                    "OC-Chunk-Offset: $_", '-H', 'Expect:') for '00001', '00002';
    push @got, curl("$upload/.file", '-X', 'MOVE', @whole);
    return @got;
}

status_ok(curl("$url/index.php/login", '-d', 'user=alice'), 303, 'a user logs in');
status_ok(curl("$files/", '-X', 'PROPFIND', '-H', 'Depth: 1', '-H',
               'Content-Type: application/xml', '-d', '<?xml version="1.0"?>'
               . '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'),
          207, 'the desktop client lists');
for my $method (qw(REPORT SEARCH PROPPATCH)) {
    my $asked = curl("$files/", '-X', $method, '-d', 'x' x 2000);
    status_ok($asked, 207, "$method is answered");
    like($asked->{out}, qr/2000\s*\z/, 'and PHP got the question');
}
like(rclone('lsf', $remote)->{out}, qr/^full\.bin$/m, 'rclone lists');
rclone('copyto', "$dir/home/photo.jpg", "${remote}photo.jpg");
ok(!-s "$dir/data/alice/files/photo.jpg", 'rclone stores nothing more');
like(join(' ', map { $_->{out} } chunks('sync.mp4')), qr/"error":"quota_exceeded"/,
     'nor does the desktop client');
ok(!-s "$dir/data/alice/files/sync.mp4", 'of which nothing is left');
rclone('deletefile', "${remote}full.bin");
ok(!-e $full, 'rclone deletes the largest file');
my $end = time + 20;
until ((-s "$dir/data/alice/files/photo.jpg" // 0) == 300_000 || time > $end) {
    rclone('copyto', "$dir/home/photo.jpg", "${remote}photo.jpg");
    sleep 0.5;
}
is(-s "$dir/data/alice/files/photo.jpg", 300_000, 'and stores again')
    or diag $cloud->error_log;
my @sent = chunks('sync.mp4');
is(join(' ', map { $_->{status} } @sent), '201 201 201 201',
   'the desktop client sends in chunks') or diag map { $_->{out} } @sent;
is(-s "$dir/data/alice/files/sync.mp4", 600_000, 'and they are joined');
rclone('copyto', "$dir/home/video.mp4", "${remote}video.mp4");
is(-s "$dir/data/alice/files/video.mp4", 10_000_000, 'php.conf limits no file here');
my $huge = ask(port => $cloud->{port}, method => 'PUT', length => 10 * 1024**3 + 1,
               path => '/remote.php/dav/files/alice/huge.bin',
               headers => ['Authorization: Basic YWxpY2U6c2VjcmV0']);
refusal_ok($huge, code => 'content_too_large', status => 413, logged => 0,
           name => 'one that is larger than 10 GB is refused on its head',
           members => { limit => 10 * 1024**3, requested_size => 10 * 1024**3 + 1 });

# Each user has a quota of his own, in the section of the address.
fill_up("$dir/data/alice/files/own.bin", 10 * 1024**3);
my @alice = (port => $cloud->{port}, method => 'PUT', length => 100_000,
             headers => ['Authorization: Basic YWxpY2U6c2VjcmV0']);
my $denied;
$end = time + 30;
do {
    $denied = ask(@alice, path => '/remote.php/dav/files/alice/more.bin',
                  body => 'x' x 100_000);
    sleep 0.5;
} until $denied->{status} == 507 || time > $end;
for my $kind (qw(files uploads)) {
    $denied = ask(@alice, path => "/remote.php/dav/$kind/alice/more.bin");
    refusal_ok($denied, code => 'quota_exceeded', logged => 0,
               name => "alice has used up her own quota: $kind",
               # httpd has not authenticated her: it tells no number
               members => { requested_size => 100_000 });
}
is(ask(@alice, path => '/remote.php/dav/files/bob/a.bin', body => 'x' x 100_000)->{status},
   201, 'bob has not');
for my $user ('..', '%2e%2e', 'a%2fb') {
    my $res = ask(@alice, path => "/remote.php/dav/files/$user/a.bin",
                  body => 'x' x 100_000);
    unlike($res->{body}, qr/quota/, "and '$user' leads to no other tree");
}
done_testing;
