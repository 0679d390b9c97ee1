# mod_proxy_fcgi with PHP-FPM, and mod_cgid: no program hears of a refused
# upload, an admitted one reaches it in full.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Wire;
use Test::More;

my $limit = 100_000;
my $dir = scratch();
my ($fpm) = sort glob '/usr/sbin/php-fpm*';
ok($fpm, 'PHP-FPM is installed') or BAIL_OUT('no PHP-FPM');
# the path of a socket is limited to 108 bytes
my $socket = "$dir/fpm";
write_text("$dir/fpm.conf", <<"END");
[global]
daemonize = no
error_log = $dir/fpm.log
[www]
listen = $socket
pm = static
pm.max_children = 2
clear_env = no
END
write_text("$dir/index.php", <<'END');
<?php
$n = strlen(file_get_contents('php://input'));
file_put_contents(__DIR__ . '/ran', $_SERVER['REQUEST_URI'] . "\n", FILE_APPEND);
header('Content-Type: text/plain');
echo "received=$n\nverdict=", $_SERVER['EXPECT_POLICY_VERDICT'] ?? '', "\n";
END
mkdir "$dir/spooled" or die $!;
symlink "$dir/index.php", "$dir/spooled/index.php" or die $!;
program($socket, $dir, $fpm, '-n', '-F', '-y', "$dir/fpm.conf",
        '-d', 'post_max_size=0');
my $guard = guard(<<"END", qw(proxy proxy_fcgi));
ExpectPolicy On
Alias /php $dir
<Directory $dir>
    Require all granted
    ExpectPolicyMaxSize $limit
    <FilesMatch "\\.php\$">
        SetHandler "proxy:unix:$socket|fcgi://localhost"
    </FilesMatch>
</Directory>
<Directory $dir/spooled>
    SetEnv proxy-sendcl 1
</Directory>
<Location /app>
    ExpectPolicyMaxSize $limit
</Location>
END
my @to = (port => $guard->{port});
my @asks = (headers => ['Expect: 100-continue']);

sub ran {
    my ($res) = @_;
    return app_ran($res) + scalar grep { /[?&]t=\Q$res->{tag}\E$/m }
        split /\n/, slurp("$dir/ran");
}

for my $path ('/php/index.php', '/app/x') {
    for my $case (['asks', 417, @asks], ['does not ask', 413]) {
        my ($name, $status, @more) = @$case;
        my $res = ask(@to, path => $path, length => $limit + 1, @more);
        refusal_ok($res, code => 'content_too_large', status => $status,
                   logged => 0, name => "$path, who $name is refused",
                   members => { limit => $limit, requested_size => $limit + 1 });
        is(ran($res), 0, 'the program does not run');
    }
    for my $case (['asks', [100], @asks, after_100 => 'x' x $limit],
                  ['sends', [], body => 'x' x $limit]) {
        my ($name, $interim, @more) = @$case;
        my $res = ask(@to, path => $path, length => $limit, @more);
        is($res->{status}, 200, "$path, who $name exactly the limit is admitted")
            or diag $guard->error_log, slurp("$dir/fpm.log");
        is_deeply($res->{interim}, $interim, 'interim responses');
        like($res->{body}, qr/^received=$limit$/m, 'and arrives in full');
        like($res->{body}, qr/^verdict=admitted$/m, 'with the verdict');
        is(ran($res), 1, 'the program runs once');
    }
}

# Of unknown length.  mod_cgid reads all content before the program starts;
# mod_proxy_fcgi passes it on as it comes, and PHP, which is not told a length,
# takes it for none; with proxy-sendcl it is stored first, and told.
sub chunked {
    my ($path, $bytes) = @_;
    return ask(@to, path => $path, chunked => 1, 
               body => in_chunks('x' x $bytes));
}
for my $path ('/php/spooled/index.php', '/app/x') {
    my $res = chunked($path, $limit + 1);
    refusal_ok($res, code => 'content_too_large', logged => 0,
               name => "$path, cut while it streams",
               members => { limit => $limit });
    is(ran($res), 0, 'the program does not run');
    $res = chunked($path, $limit);
    is($res->{status}, 200, 'of unknown length, exactly the limit');
    like($res->{body}, qr/^received=$limit$/m, 'arrives in full');
    is(ran($res), 1, 'once');
}
my $none = chunked('/php/index.php', $limit);
like($none->{body}, qr/^received=0$/m, 'PHP-FPM makes nothing of it by itself');
my $cut = chunked('/php/index.php', $limit + 1);
# it had answered before the limit was met: that stands, the connection ends
is($cut->{status}, 200, 'the status that was already sent stays 200');
ok(ExpectPolicy::Wire::read_until($cut->{conn}, time + 3,
                                  sub { $cut->{conn}{eof} }),
   'and the connection is closed');
like($guard->error_log, qr/ cut: error=content_too_large /, 'the log says so');
done_testing;
