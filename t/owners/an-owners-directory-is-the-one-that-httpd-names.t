# A limit in an .htaccess file counts for the directory in which httpd has found the
# file.  This holds for every AccessFileName, for every place of the line in the
# file, and for lines that a macro has written.  Two directories are never counted
# together because their lines have the same text.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use File::Path qw(make_path);
use Test::More;

my $site = ExpectPolicy::Ledger::site();
# [directory, file, what it says]; each limits its directory to 500 bytes
my @owners = (
    ['sub', 'cfg/htaccess', "ExpectPolicyQuota 500\n"],
    ['first', '.first', "ExpectPolicyQuota 500\n"],
    ['files', 'cfg/htaccess', "<Files \"x\">\nExpectPolicyQuota 500\n</Files>\n"],
    ['if', 'cfg/htaccess', "<If \"true\">\nExpectPolicyQuota 500\n</If>\n"],
    ['both', 'cfg/htaccess', "<Files \"x\">\n<If \"true\">\nExpectPolicyQuota 500\n"
        . "</If>\n</Files>\n"],
    ['plain', '.htaccess', "<FilesMatch \"^x\$\">\nExpectPolicyQuota 500\n</FilesMatch>\n"],
    ['macro', '.htaccess', "<Macro Q \$n>\nExpectPolicyQuota \$n\n</Macro>\nUse Q 500\n"],
    ['macro-if', '.htaccess', "<Macro QIF \$n>\n<If \"true\">\nExpectPolicyQuota \$n\n"
        . "</If>\n</Macro>\nUse QIF 500\n"],
    # httpd finds it from deep/ as cfg/htaccess, and from here as htaccess: one
    # file, two directories
    ['deep/cfg', 'htaccess', "<Files \"x\">\nExpectPolicyQuota 500\n</Files>\n"],
);
for (@owners) {
    my ($dir, $file, $text) = @$_;
    my ($below) = "$dir/$file" =~ m{^(.+)/};
    make_path("$site/own/$below");
    open my $out, '>', "$site/own/$dir/$file" or die;
    print $out $text;
    close $out;
}
my @servers = qw(written/macro written/include written/module written/variable
                 apart/a apart/b);
make_path("$site/$_") for @servers;
open my $out, '>', "$site.included" or die;
print $out "ExpectPolicyQuota 500\n";
close $out;

my $text = <<'END';
AccessFileName .first .htaccess cfg/htaccess htaccess
<Directory "@site@/own">
    AllowOverride All
</Directory>
<Macro Tree $dir $size>
    <Directory $dir>
        ExpectPolicyQuota $size
    </Directory>
</Macro>
Use Tree "@site@/written/macro" 500
<Directory "@site@/written/include">
    Include "@site@.included"
</Directory>
<Directory "@site@/written/module">
    <IfModule mod_dav.c>
        <IfModule !mod_nobody_has.c>
            ExpectPolicyQuota 500
        </IfModule>
    </IfModule>
</Directory>
Define TREE "@site@/written/variable"
<Directory "${TREE}">
    ExpectPolicyQuota 500
</Directory>
END
my $server = ExpectPolicy::Ledger->start($text, site => $site,
                                         load => ['macro']);

for (map({ ["own/$_->[0]", length $_->[2]] } @owners),
     map({ [$_, 0] } grep { /^written/ } @servers)) {
    my ($dir, $there) = @$_;
    my $left = 500 - $there;
    $server->measured_ok("$site/$dir", "/$dir/x");
    refusal_ok($server->announce("/$dir/x", $left + 1), code => 'quota_exceeded',
               logged => 0,
               members => { quota_remaining => $left,
                            requested_size => $left + 1 },
               name => "$dir: a byte more than fits");
    accepted_ok($server->put("/$dir/x", $left), status => qr/^20[14]$/,
                name => "$dir: and what fits");
    $server->settled_ok;
}
is_deeply([ sort keys %{ $server->books->{trees} } ],
          [ sort "$site/own/deep", map({ "$site/own/$_->[0]" } @owners),
            map({ "$site/$_" } grep { /^written/ } @servers) ],
          'no other tree is counted');
$server->stop;

# Lines of two places that read the same, since a variable or a macro has written
# them.  Each has 100 bytes a day of its own.
my %places = (
    'sections of one variable' => <<'END',
Define DIR "@site@/apart/a"
Include "@site@.section"
Define DIR "@site@/apart/b"
Include "@site@.section"
END
    'virtual hosts of one variable' => <<'END',
Define NAME a.test
Include "@site@.host"
Define NAME b.test
Include "@site@.host"
END
    'virtual hosts that are named in a section' => <<'END',
<VirtualHost *:*>
    <IfModule mod_dav.c>
        ServerName a.test
    </IfModule>
    DocumentRoot "@site@"
    ExpectPolicyAllowance 100/1d expr=all
</VirtualHost>
<VirtualHost *:*>
    <IfModule mod_dav.c>
        ServerName b.test
    </IfModule>
    DocumentRoot "@site@"
    ExpectPolicyAllowance 100/1d expr=all
</VirtualHost>
END
    'virtual hosts of a macro' => <<'END',
<Macro Host $name>
<VirtualHost *:*>
    ServerName $name
    DocumentRoot "@site@"
    ExpectPolicyAllowance 100/1d expr=all
</VirtualHost>
</Macro>
Use Host a.test
Use Host b.test
END
);
open $out, '>', "$site.section" or die;
print $out <<'END';
<Directory "${DIR}">
    ExpectPolicyAllowance 100/1d expr=all
</Directory>
END
close $out;
open $out, '>', "$site.host" or die;
print $out <<"END";
<VirtualHost *:*>
    ServerName \${NAME}
    DocumentRoot "$site"
    ExpectPolicyAllowance 100/1d expr=all
</VirtualHost>
END
close $out;
sub upload {
    my ($how, $name, $length) = @_;
    return $server->$how("/apart/$name/x", $length, host => "$name.test");
}
sub used_up_ok {
    my ($name, $when) = @_;
    refusal_ok(upload(announce => $name, 1), code => 'allowance_exceeded',
               logged => 0,
               members => { allowance_remaining => 0, requested_size => 1,
                            retry_after => qr/^8[56]\d{3}$/ },
               headers => { 'Retry-After' => qr/^8[56]\d{3}$/ },
               name => $when);
}
for my $how (sort keys %places) {
    unlink glob "$site/apart/*/x";
    $server = ExpectPolicy::Ledger->start($places{$how}, site => $site,
                                          load => ['macro']);
    accepted_ok(upload(put => 'a', 100), status => 201, name => "$how: a");
    $server->settled_ok;
    used_up_ok('a', 'has no more');
    accepted_ok(upload(put => 'b', 90), status => 201, name => "$how: b");
    $server->settled_ok;
    my $resumed = () = $server->error_log =~ /resuming normal operations/g;
    $server->graceful;
    ok(wait_until(sub {
        my $again = () = $server->error_log =~ /resuming normal operations/g;
        return $again > $resumed;
    }, 15), 'httpd reads its files again');
    used_up_ok('a', "$how: a has no more after a restart");
    accepted_ok(upload(put => 'b', 10), status => qr/^20[14]$/,
                name => 'and b what it had');
    $server->settled_ok;
    used_up_ok('b', 'and no more');
    $server->stop;
}

# What is no directory cannot be counted for.
for (['<Directory ~ "^/srv/[a-z]+">', '</Directory>'],
     ['<DirectoryMatch "^/srv/[a-z]+">', '</DirectoryMatch>'],
     ['<Location "/srv">', '</Location>'],
     ['<Directory "/srv">', '</Directory>', 1]) {
    my ($open, $close, $is_fine) = @$_;
    my ($status, $said) = ExpectPolicy::Server::judge(
        "$open\nExpectPolicyQuota 500\n$close\n");
    if ($is_fine) {
        is($status, 0, "$open is a directory") or diag $said;
    }
    else {
        isnt($status, 0, "$open is none");
        like($said, qr/without PATH it has to stand in <Directory>/, 'and why');
    }
}
done_testing;
