# An .htaccess file is read for each request below it.  What it says to this module
# costs no request more memory than so many lines are worth, and a file that says
# more is an error that names the bound.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my %files;
my $serial = 0;
sub place {
    my ($text) = @_;
    my $name = sprintf 'place%02d', ++$serial;
    mkdir "$site/$name" or die;
    open my $out, '>', "$site/$name/.htaccess" or die;
    print $out $text;
    close $out or die;
    open $out, '>', "$site/$name/file.txt" or die;
    print $out "here\n";
    close $out or die;
    return $name;
}

# One that says it in 2 MB, and one of the most that is taken.
my $two = 2 * 1024 * 1024;
sub filled {
    my ($line) = @_;
    return $line x ($two / length $line);
}
my @names = map { "application/vnd.$_" } 1 .. 256;
my $long = 'x' x 1500;
my $nest = join('', map { "<If \"1 -eq $_\">\n" } 1 .. 40)
    . "ExpectPolicyConcurrent 1 client\n" . "</If>\n" x 40;
my @cases = (
    ['lines of types', filled("ExpectPolicyTypes a/b\n"), qr/256 lines/,
     "ExpectPolicyTypes a/b\n" x 256],
    ['lines of credentials', filled("ExpectPolicyRequireAuth Bearer realm=\"x\"\n"),
     qr/256 lines/, "ExpectPolicyRequireAuth Bearer realm=\"x\"\n" x 256],
    ['sections', filled("<Files x>\nExpectPolicyMaxSize 5\n</Files>\n"),
     qr/256 lines/, "<Files x>\nExpectPolicyMaxSize 5\n</Files>\n" x 256],
    ['limits', filled("ExpectPolicyQuota 5\n"), qr/256 lines/,
     "ExpectPolicyQuota 5\n" x 256],
    ['expressions', filled("ExpectPolicyConcurrent 1 \"expr=%{HTTP_HOST}\"\n"),
     qr/256 lines/, "ExpectPolicyConcurrent 1 \"expr=%{HTTP_HOST}\"\n" x 256],
    ['messages', filled('ExpectPolicyMessage content_too_large "' . 'x' x 1000
                        . "\"\n"), qr/256 lines/,
     ('ExpectPolicyMessage content_too_large "' . 'x' x 1000 . "\"\n") x 256],
    ['long lists', ("ExpectPolicyTypes @names\n") x 5, qr/1024 names/,
     "ExpectPolicyTypes @names\n" x 4],
    ['one list', 'ExpectPolicyTypes' . ' a/b' x 257 . "\n", qr/256 names/,
     "ExpectPolicyTypes @names\n"],
    ['one name', 'ExpectPolicyTypes a/' . 'b' x 8000 . "\n", qr/not legal/,
     'ExpectPolicyTypes a/' . 'b' x 100 . "\n"],
    ['a long expression', "ExpectPolicyConcurrent 1 \"expr=$long\"\n",
     qr/1024 bytes in an EXPRESSION/,
     'ExpectPolicyConcurrent 1 "expr=' . 'x' x 1024 . "\"\n"],
    ['long sections', "<If \"'$long$long$long' == 'x'\">\n"
         . "ExpectPolicyQuota 5\n</If>\n", qr/4096 bytes of sections/,
     "<If \"'$long' == 'x'\">\nExpectPolicyQuota 5\n</If>\n"],
    ['deep sections', $nest x 300, qr/256 lines/, $nest],
);
# a list in list context is the file in parts
for my $case (@cases) {
    my $bound = (grep { ref eq 'Regexp' } @$case)[0];
    my @parts = grep { !ref } @$case;
    my $name = shift @parts;
    my $good = pop @parts;
    $case = { name => $name, bound => $bound, bad => place(join '', @parts),
              good => place($good), bytes => length join '', @parts };
}
my $plain = place('');
# the most that an expression may be, on each of the most lines
my $most = place(join '', map {
    "<Files f$_>\nExpectPolicyConcurrent 1 \"expr=" . '%{HTTP_HOST}' x 85
        . "\"\n</Files>\n"
} 1 .. 256);
my $own = place(filled("SetEnv a b\n"));

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site, load => ['setenvif']);
<Directory "\@site\@">
    AllowOverride All
    Dav Off
</Directory>
END

# The most memory that a child has ever had, over all children, in kilobytes.
sub peak {
    my $most = 0;
    for my $pid ($server->children) {
        my ($peak) = slurp("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m or next;
        $most = $peak if $peak > $most;
    }
    return $most;
}

# the sanitizers keep freed memory, httpd's own as well, and a margin around each piece
my $room = ($ENV{EP_PRELOAD} ? 160 : 4) * 1024;

my $start = peak();
is(ask($server->here, method => 'GET', path => "/$most/file.txt")->{status}, 200,
   '256 lines with an expression of 1020 bytes each');
my $needed = peak() - $start;
cmp_ok($needed, '<', 16 * 1024, "take $needed KB");

# What httpd itself needs for a file of that size, with a line that is not ours.
my $before = peak();
is(ask($server->here, method => 'GET', path => "/$own/file.txt")->{status}, 200,
   '2 MB of lines for httpd itself');
my $httpd = peak() - $before;
cmp_ok($httpd, '>', 0, "$httpd KB for what httpd makes of it");

for my $case (@cases) {
    my $from = length $server->error_log;
    $before = peak();
    is(ask($server->here, method => 'GET', path => "/$case->{bad}/file.txt")->{status},
       500, "$case->{name}, $case->{bytes} bytes: an error");
    my $more = peak() - $before;
    like(substr($server->error_log, $from), $case->{bound}, 'that names the bound');
    # httpd reads the whole file before it looks at a line of it
    cmp_ok($more, '<', $room, "and $more KB more than that took");
    my $good = ask($server->here, method => 'GET', path => "/$case->{good}/file.txt");
    is($good->{status}, 200, 'its twin is taken');
}
is(ask($server->here, method => 'GET', path => "/$plain/file.txt")->{body}, "here\n",
   'and others go on');

# What such a file says, it says to the end.
my $last = place("ExpectPolicyMaxSize 5\n" x 255 . "ExpectPolicyMaxSize 7\n");
my %post = (method => 'POST', path => "/$last/file.txt");
is(ask($server->here, %post, length => 8, body => 'x' x 8)->{status}, 413,
   'the last of 256 lines holds');
isnt(ask($server->here, %post, length => 7, body => 'x' x 7)->{status}, 413,
     'and not the one before');

# Credentials are all told, in the order of their lines.
my $schemes = place(join '', map { "ExpectPolicyRequireAuth X$_ realm=\"r\"\n" } 1 .. 9);
my $told = ask($server->here, method => 'POST', path => "/$schemes/file.txt",
               length => 5, body => 'x' x 5);
is_deeply([ ExpectPolicy::Wire::values_of($told, 'www-authenticate') ],
          [ map { "X$_ realm=\"r\"" } 1 .. 9 ], 'nine challenges');

# The bounds are for owners: the server's own files may say more.
my ($exit, $output) = ExpectPolicy::Server::judge(
    "ExpectPolicyMaxSize 5\n" x 400 . "ExpectPolicyConcurrent 1 \"expr=$long\"\n");
is($exit, 0, 'a file of the server with 400 lines') or diag $output;

done_testing;
