# conf-examples/php.conf as it is shipped, with PHP-FPM and with mod_php: what PHP
# sees of forms below and above the limit, and of content of unknown length.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

my $LIMIT = 8 * 1024**2;
my $dir = scratch();
# mod_php reads no content before the program asks for it, or it is a form
write_text("$dir/form.php", <<'END');
<?php
file_put_contents(__DIR__ . '/ran', ($_GET['t'] ?? '') . "\n", FILE_APPEND);
$file = $_FILES['file'] ?? null;
echo json_encode(['name' => $_POST['name'] ?? null, 'size' => $file['size'] ?? null,
    'error' => $file['error'] ?? null, 'verdict' => $_SERVER['EXPECT_POLICY_VERDICT']
    ?? null, 'raw' => strlen(file_get_contents('php://input'))]), "\n";
END
my @ini = ("upload_max_filesize=$LIMIT", "post_max_size=$LIMIT");
my $fpm = php_fpm(@ini, "upload_tmp_dir=$dir");
write_text("$dir/php.ini", join "\n", @ini, "upload_tmp_dir=$dir", '');

sub site {
    my (%how) = @_;
    return example(names => ['php'], load => $how{load}, define => { EP_FPM => $fpm },
                   before => ($how{before} // '') . <<"END");
DocumentRoot "$dir"
<Directory "$dir">
    Require all granted
</Directory>
END
}
my ($php) = sort glob "$ENV{EP_LIBEXEC}/libphp*.so";
ok($php, 'mod_php is installed') or BAIL_OUT('no mod_php');
my %site = ('PHP-FPM' => site(load => [qw(env proxy proxy_fcgi)]));
{
    # the mod_php of most systems knows no threads
    local $ENV{EP_MPM} = 'prefork';
    $site{mod_php} = site(load => ['env'], before =>
                          "LoadModule php_module $php\nPHPIniDir \"$dir\"\n");
}

my $boundary = 'ep-boundary-7d3';
sub form {
    my ($size) = @_;
    return "--$boundary\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nalice"
        . "\r\n--$boundary\r\nContent-Disposition: form-data; name=\"file\"; "
        . "filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        . 'x' x $size . "\r\n--$boundary--\r\n";
}
my @form = (path => '/form.php',
            headers => ["Content-Type: multipart/form-data; boundary=$boundary"]);
sub ran { return scalar grep { /^\Q$_[0]{tag}\E$/ } split /\n/, slurp("$dir/ran") }
sub seen_by_php { return (parse_json($_[0]{body}))[0] }
my $around = length form(0);

for my $name (sort keys %site) {
    my @to = (port => $site{$name}{port});
    for my $case (['of 1 KB', 1024], ['of exactly the limit', $LIMIT - $around]) {
        my ($which, $size) = @$case;
        my $res = ask(@to, @form, length => $around + $size, body => form($size));
        is($res->{status}, 200, "$name: a form $which is admitted")
            or diag $site{$name}->error_log;
        is_deeply(seen_by_php($res), { name => 'alice', size => $size, error => 0, raw => 0,
                           verdict => 'admitted' }, 'and PHP sees all of it');
    }
    my $res = ask(@to, @form, length => $LIMIT + 1);
    refusal_ok($res, code => 'content_too_large', status => 413, logged => 0,
               name => "$name: a form of one byte more is refused on its head",
               members => { limit => $LIMIT, requested_size => $LIMIT + 1 });
    is(ran($res), 0, 'and PHP does not run');
    $res = ask(@to, path => '/form.php', chunked => 1, body => in_chunks('x' x 200_000),
               method => 'PUT');
    is($res->{status}, 200, "$name: content of unknown length is admitted");
    is(seen_by_php($res)->{raw}, 200_000, 'and PHP sees all of it');
    $res = ask(@to, path => '/form.php', chunked => 1, length => undef,
               body => in_chunks('x' x ($LIMIT + 1)), method => 'PUT');
    like($site{$name}->error_log, qr/error=content_too_large .*php\.conf:\d+/,
         "$name: of unknown length above the limit, the log names this file");
}
is(scalar keys %site, 2, 'both ways to run PHP');
done_testing;
