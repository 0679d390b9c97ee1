# conf-examples/wordpress.conf with php.conf, as they are shipped, and a site in
# PHP-FPM that takes what WordPress takes: on a full site, authors log in, save a
# text, list and delete media, and upload again when there is room.
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
    for qw(home site site/wp-admin site/wp-content site/wp-content/uploads);
# What WordPress has these programs for, without the rest of it.
my $program = <<'END';
<?php
$media = dirname($_SERVER['SCRIPT_FILENAME'], DEPTH) . '/wp-content/uploads';
$says = 'text/plain';
$name = basename($_FILES['async-upload']['name'] ?? $_POST['file'] ?? 'a');
switch (basename($_SERVER['SCRIPT_NAME'])) {
case 'wp-login.php':
    if (($_POST['log'] ?? '') !== 'alice' || $_POST['pwd'] !== 'secret') {
        http_response_code(403);
        break;
    }
    setcookie('wordpress_logged_in', 'alice');
    header('Location: /wp-admin/', true, 302);
    break;
case 'admin-ajax.php':
    if ($_POST['action'] === 'delete-post') {
        unlink("$media/$name");
    }
    echo implode(' ', array_map('basename', glob("$media/*"))), "\n";
    break;
case 'async-upload.php':
    move_uploaded_file($_FILES['async-upload']['tmp_name'], "$media/$name");
    echo filesize("$media/$name"), "\n";
    break;
case 'xmlrpc.php':
    echo strlen(file_get_contents('php://input')), "\n";
    break;
default:
    http_response_code(201);
    echo strlen(file_get_contents('php://input')), ' ', strtok($_SERVER['REQUEST_URI'], '?'), "\n";
}
END
write_text("$dir/site/$_", $program =~ s/DEPTH/m{\/} ? 2 : 1/er)
    for qw(wp-login.php xmlrpc.php index.php wp-admin/admin-ajax.php
           wp-admin/async-upload.php);
# as WordPress writes it
write_text("$dir/site/.htaccess", <<'END');
# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
</IfModule>
# END WordPress
END
my $full = fill_up("$dir/site/wp-content/uploads/full.mp4", 12 * 1024**3);
my $fpm = php_fpm('upload_max_filesize=64M', 'post_max_size=65M',
                  "upload_tmp_dir=$dir/home");
my $site = example(names => [qw(php wordpress)], load => [qw(env proxy proxy_fcgi rewrite)],
                   define => { EP_FPM => $fpm, EP_WORDPRESS => "$dir/site" });
write_text("$dir/home/photo.jpg", 'x' x 2_000_000);
write_text("$dir/home/text.json", '{"content":"' . 'x' x 300_000 . '"}');
fill_up("$dir/home/large.mp4", 66 * 1024**2);

sub curl {
    my ($path, @more) = @_;
    return run_curl($site, '-c', "$dir/home/jar", '-b', "$dir/home/jar", @more,
                    "http://127.0.0.1:$site->{port}$path");
}
sub upload { return curl('/wp-admin/async-upload.php', '-F', 'name=photo.jpg', '-F',
                         "async-upload=\@$dir/home/$_[0]") }
my @json = ('-H', 'Content-Type: application/json');
my @media = ('/wp-json/wp/v2/media', '-H', 'Content-Disposition: attachment; filename=a');

status_ok(curl('/wp-login.php', '-d', 'log=alice&pwd=secret'), 302,
          'an author logs in to a full site');
status_ok(curl('/wp-login.php', '-d', 'log=alice&pwd=wrong'), 403,
          'and not with a wrong password');
like(curl('/wp-admin/admin-ajax.php', '-d', 'action=query-attachments')->{out},
     qr/full\.mp4/, 'sees the media');
status_ok(curl('/wp-json/wp/v2/posts/1/autosaves?_locale=user', @json, '--data-binary',
               "\@$dir/home/text.json"), 201, 'saves a text of 300 KB');
my $refused = upload('photo.jpg');
status_ok($refused, '417|507', 'uploads no photo');
like($refused->{out}, qr/"error":"quota_exceeded"/, 'and is told the quota');
unlike(curl('/wp-admin/admin-ajax.php', '-d', 'action=delete-post&file=full.mp4')
           ->{out}, qr/full\.mp4/, 'deletes the largest file');
ok(!-e $full, 'which is gone');
my $end = time + 20;
my $got;
until (($got = upload('photo.jpg'))->{status} eq '200' || time > $end) {
    sleep 0.5;
}
status_ok($got, 200, 'and uploads again');
is(-s "$dir/site/wp-content/uploads/photo.jpg", 2_000_000, 'all of the photo');

# what is right for a site that has room
my $large = upload('large.mp4');
status_ok($large, '413|417', 'a form over 65 MB is refused');
like($large->{out}, qr/"limit":68157440/, 'by the limit of the site, not of php.conf');
status_ok(curl(@media, '-H', 'Content-Type: image/jpeg', '--data-binary',
               "\@$dir/home/photo.jpg"), 201, 'a photo by the REST interface');
status_ok(curl(@media, '-F', "file=\@$dir/home/photo.jpg"), 201,
          'and in a form, as the block editor sends it');
status_ok(curl('/wp-json/wp/v2/media/7', @json, '-d', '{"alt_text":"a"}'), 201,
          'and a text for it');
status_ok(curl(@media, '-H', 'Content-Type: application/x-sh', '-d', 'x'), 415,
          'but no program');
status_ok(curl('/xmlrpc.php', '-H', 'Content-Type: text/xml', '-d', '<a/>'), 200,
          'the app for phones');
status_ok(curl('/xmlrpc.php', '-d', 'a=b'), 415, 'and no form in its place');
status_ok(curl('/wp-login.php', '-H', 'Expect:', '-F', "pwd=\@$dir/home/photo.jpg"),
          413, 'a password is no photo');
done_testing;
