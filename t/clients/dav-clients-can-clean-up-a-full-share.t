# conf-examples/webdav.conf as it is shipped, and cadaver, rclone and davfs2's
# requests: on a full share they log in, list, delete, and store again what fits
# by then.  The same with svn (mod_dav_svn) and git (smart HTTP).
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(sleep time);

my $FULL = 100 * 1024**3;
my $dir = scratch();
mkdir "$dir/$_" or die $! for qw(files files-lock tmp home);
fill_up("$dir/files/full.bin", $FULL);
write_text("$dir/users", 'alice:' . crypt('secret', 'ab') . "\n");
my $share = example(
    names => ['webdav'],
    define => { EP_FILES => "$dir/files", EP_USERS => "$dir/users" },
    load => [qw(authn_file authz_user auth_basic setenvif autoindex dav dav_fs)]);
my $url = "http://127.0.0.1:$share->{port}/";
my @as_alice = ('-u', 'alice:secret');
write_text("$dir/tmp/large.bin", 'x' x 300_000);

sub curl { return run_curl($share, @_) }

# A measurement is asked for by an upload, and done some seconds later.
sub soon_ok {
    my ($try, $name) = @_;
    my $end = time + 20;
    my $got;
    until (($got = $try->())->{good} || time > $end) {
        sleep 0.5;
    }
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($got->{good}, $name) or diag $got->{out}, $share->error_log;
}

sub cadaver {
    my (@commands) = @_;
    write_text("$dir/home/.netrc", "machine 127.0.0.1\nlogin alice\npassword secret\n");
    chmod 0600, "$dir/home/.netrc";
    write_text("$dir/home/commands", join '', map { "$_\n" } @commands, 'quit');
    return run_client('sh', '-c', 'HOME="$1" cadaver "$2" <"$1/commands"', 'sh',
                      "$dir/home", $url);
}

my $password = run_client('rclone', 'obscure', 'secret')->{out};
chomp $password;
sub rclone {
    my ($do, @rest) = @_;
    return run_client('rclone', '--config', "$dir/home/rclone.conf", '--retries',
                      1, '--low-level-retries', 1, $do, @rest);
}
my $remote = ":webdav,url='$url',user=alice,pass='$password':";

# What davfs2 1.6.1 sends to mount, and to store a new file, as it was recorded
# where it could be mounted; the token is the server's.
my @ask = (<<'END', <<'END');
<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="DAV:"><prop>
<resourcetype xmlns="DAV:"/>
<getcontentlength xmlns="DAV:"/>
<getetag xmlns="DAV:"/>
<getlastmodified xmlns="DAV:"/>
<executable xmlns="http://apache.org/dav/props/"/>
</prop></propfind>
END
<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="DAV:"><prop>
<quota-available-bytes xmlns="DAV:"/>
<quota-used-bytes xmlns="DAV:"/>
</prop></propfind>
END
my $lock = <<'END';
<?xml version="1.0" encoding="utf-8"?>
<lockinfo xmlns='DAV:'>
 <lockscope><exclusive/></lockscope>
<locktype><write/></locktype><owner>alice</owner>
</lockinfo>
END
sub davfs {
    return curl('-A', 'davfs2/1.6.1 neon/0.32.5', '-H', 'Expect:', @as_alice, @_);
}
sub asks {
    my ($method, $depth, $content, $where) = @_;
    return davfs('-X', $method, '-H', "Depth: $depth", '-H',
                 'Content-Type: application/xml', '--data-binary', $content, $where);
}
sub mount {
    return davfs('-X', 'OPTIONS', $url), asks('PROPFIND', 1, $ask[0], $url),
        asks('PROPFIND', 0, $ask[1], $url);
}
sub davfs_put {
    my ($name) = @_;
    my $got = asks('LOCK', 0, $lock, "$url$name");
    my ($token) = $got->{out} =~ /^Lock-Token: <([^>]+)>/mi;
    is($got->{status}, 200, 'davfs2 gets a lock') or return $got;
    my $put = davfs('-H', 'If-None-Match: *', '-H', "If: <$url$name> (<$token>)",
                    '-T', "$dir/tmp/large.bin", "$url$name");
    is(davfs('-X', 'UNLOCK', '-H', "Lock-Token: <$token>", "$url$name")->{status},
       204, 'and gives it back');
    return $put;
}

my %client = (
    cadaver => {
        list => sub {
            my $got = cadaver('ls');
            return { out => $got->{out}, good => scalar $got->{out} =~ /full\.bin/ };
        },
        remove => sub { cadaver("delete $_[0]") },
        store => sub { cadaver("put $dir/tmp/large.bin $_[0]") },
    },
    davfs2 => {
        list => sub {
            my @got = mount();
            return { out => join('', map { $_->{out} } @got),
                     good => "@{[ map { $_->{status} } @got ]}" eq '200 207 207'
                         && scalar $got[1]{out} =~ /full\.bin/ };
        },
        remove => sub { curl(@as_alice, '-X', 'DELETE', "$url$_[0]") },
        store => \&davfs_put,
    },
    rclone => {
        list => sub {
            my $got = rclone('lsf', $remote);
            return { %$got, good => scalar $got->{out} =~ /^full\.bin$/m };
        },
        remove => sub { rclone('deletefile', "$remote$_[0]") },
        store => sub { rclone('copyto', "$dir/tmp/large.bin", "$remote$_[0]") },
    },
);

# Full when the server starts, measured then.
my %put = map { my $name = $_; $name => sub {
    my $got = $client{$name}{store}->("$name-large.bin");
    $got->{good} = (-s "$dir/files/$name-large.bin" // 0) == 300_000;
    return $got;
} } keys %client;
for my $name (sort keys %client) {
    my $got = $client{$name}{list}->();
    ok($got->{good}, "$name lists a full share") or diag $got->{out};
    ok(!$put{$name}->()->{good}, "$name stores nothing more there");
    write_text("$dir/files/$name.old", 'old');
    $client{$name}{remove}->("$name.old");
    ok(!-e "$dir/files/$name.old", "$name deletes a file there");
}
is(scalar(() = refusals($share, 'error=quota_exceeded')), 3,
   'each of them was refused by the quota') or diag $share->error_log;
my $times = '<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:" '
    . 'xmlns:Z="urn:schemas-microsoft-com:"><D:set><D:prop>'
    . '<Z:Win32LastModifiedTime>Thu, 26 Nov 2026 10:00:00 GMT'
    . '</Z:Win32LastModifiedTime></D:prop></D:set></D:propertyupdate>';
is(curl(@as_alice, '-X', 'PROPPATCH', '-H', 'Content-Type: text/xml', '-d',
        $times, "${url}full.bin")->{status}, 207,
   'Windows can set the time of a file there');
is(curl(@as_alice, '-X', 'MOVE', '-H', "Destination: ${url}moved.bin",
        "${url}full.bin")->{status}, 201, 'a file there can be renamed');
is(curl(@as_alice, '-X', 'DELETE', "${url}moved.bin")->{status}, 204,
   'and deleted');
soon_ok($put{cadaver}, 'cadaver then stores a file again');
ok($put{$_}->()->{good}, "$_ then stores a file again") for qw(davfs2 rclone);

# macOS Finder: of unknown length, with the length in a field of its own
sub finder {
    my ($length) = @_;
    return curl(@as_alice, '-H', 'Transfer-Encoding: chunked', '-H', 'Expect:',
                '-H', "X-Expected-Entity-Length: $length", '-T',
                "$dir/tmp/large.bin", "${url}finder.bin");
}
is(finder(300_000)->{status}, 201, 'Finder stores a file');
is(finder(5 * 1024**3)->{status}, 413, 'and hears of a limit at once');
write_text("$dir/files/run.php", '<?php echo "was run";');
like(curl(@as_alice, "${url}run.php")->{out}, qr/<\?php/,
     'a program in the share is sent, not run');
my $sent = curl('-T', "$dir/tmp/large.bin", '-H', 'Expect:', "${url}nobody.bin");
is($sent->{status}, 401, 'nobody stores without a password');
like($sent->{out}, qr/^Connection: close/mi, 'and is told before the content');
done_testing;
