# The dump of a server with 500 virtual hosts: in the order of the files, what is the same
# is told once, and one host can be asked for.  A section is shown with all sections that
# surely hold there, as requests find it.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

use constant HOSTS => 500;

my $common = <<'END';
ExpectPolicy On
ExpectPolicyCeiling 1G
<Directory /tmp/sites>
    ExpectPolicyMaxSize 100M
    ExpectPolicyMethods POST PUT
</Directory>
<Directory /tmp/sites/*>
    ExpectPolicyConcurrent 20 directory
</Directory>
<Location /api>
    ExpectPolicyMinSize 2K
</Location>
END
# every tenth host has a section of its own
my $hosts = join '', map {
    "<VirtualHost *:9>\nServerName h$_.test\nServerAlias www.h$_.test *.w$_.test\n"
    . ($_ % 10 ? '' : "<Directory /tmp/sites/h$_>\nExpectPolicyMaxSize ${_}K\n"
                      . "</Directory>\n")
    . "</VirtualHost>\n"
} 1 .. HOSTS;

sub dump_of {
    my ($text, $name) = @_;
    my $define = 'DUMP_EXPECT_POLICY' . (defined $name ? "=$name" : '');
    my ($exit, $said) = ExpectPolicy::Server::judge($text,
                                                    arguments => ['-D', $define]);
    is($exit, 0, "-D $define") or diag $said;
    return $said;
}

my $start = time;
my $all = dump_of($common . $hosts);
my $took = time - $start;
my @lines = split /\n/, $all;
note sprintf '%d lines, %.2f s', scalar @lines, $took;
cmp_ok(scalar @lines, '<', 3 * HOSTS, 'few lines');
cmp_ok($took, '<', 10, 'in seconds');
is_deeply([$all =~ /^virtual host h(\d+)\.test/mg], [1 .. HOSTS],
          'hosts stand in the order of the files');
like($all, qr/^virtual host h7\.test \(\S+:\d+\): as main server$/m,
     'a host that is like another one is told in one line');
like($all, qr/^virtual host h20\.test \(\S+\)\n(?: {4}.*\n)+/m, 'others in full');
like($all, qr/^    3 sections as in the main server$/m,
     'without the sections that are as in the main server');

# the twin: one fact of one host is another
my $other = $hosts;
$other =~ s/(ServerName h7\.test\n)/$1ExpectPolicyMaxSize 7M\n/;
like(dump_of($common . $other),
     qr/^virtual host h7\.test \(\S+\)\n    ExpectPolicy On .*\n    ExpectPolicyMaxSize 7M/m,
     'a host that says something else is told in full');

# one host
for my $name (qw(h20.test WWW.H20.TEST x.w20.test)) {
    my $one = dump_of($common . $hosts, $name);
    is_deeply([$one =~ /^virtual host (\S+)/mg], ['h20.test'], "$name is h20.test");
    unlike($one, qr/^main server|as in the main server/m, 'alone, and in full');
    like($one, qr/<Location "\/api">\n +ExpectPolicy On/, 'with sections of the main server');
}
my $none = dump_of($common . $hosts, 'h0.test');
like($none, qr/^no virtual host is named h0\.test/m, 'a name that no host has is told');
unlike($none, qr/^virtual host/m, 'and no host');

# what holds in a section: [title, what has to be there, what must not]
sub policy_of {
    my ($said, $title) = @_;
    my ($indent, $part) = $said =~ /^( +)\Q$title\E\n((?:\1 +.*\n)+)/m;
    return $part // '';
}
my $host = policy_of($all, '<Directory "/tmp/sites/h20/">');
like($host, qr/ExpectPolicyMaxSize 20K/, 'a directory has its own limit,');
like($host, qr/ExpectPolicyMethods POST PUT/, 'those of the one around it,');
like($host, qr/ExpectPolicyConcurrent 20 directory/, 'and those of a wildcard');

my $sections = dump_of(<<'END');
ExpectPolicy On
<Location /api>
    ExpectPolicyMaxSize 5M
</Location>
<LocationMatch "^/api/images/.*[.]png$">
    ExpectPolicyTypes image/png
</LocationMatch>
<LocationMatch "^/apis?/">
    ExpectPolicyTypes text/plain
</LocationMatch>
<LocationMatch "^/api/a|^/b">
    ExpectPolicyTypes text/html
</LocationMatch>
<LocationMatch "^/deep/">
    ExpectPolicyMinSize 3K
</LocationMatch>
<LocationMatch "^/deep/a$">
    ExpectPolicyMinSize 4K
</LocationMatch>
<Location /deep/a>
    ExpectPolicyMaxSize 6M
</Location>
<Location /w/*>
    ExpectPolicyMinSize 7K
</Location>
<Location /w/a>
    ExpectPolicyMaxSize 8M
</Location>
<Location /w/a/b>
    ExpectPolicyMaxSize 9M
</Location>
END
like(policy_of($sections, '<LocationMatch "^/api/images/.*[.]png$">'),
     qr/MaxSize 5M/, 'a LocationMatch has what the Location around it has');
unlike(policy_of($sections, '<LocationMatch "^/apis?/">'), qr/MaxSize 5M/,
       'unless it matches other paths as well');
unlike(policy_of($sections, '<LocationMatch "^/api/a|^/b">'), qr/MaxSize 5M/,
       'as one with alternatives does');
like(policy_of($sections, '<Location "/deep/a">'), qr/MinSize 3K/,
     'a Location has what a LocationMatch around it has');
unlike(policy_of($sections, '<Location "/deep/a">'), qr/MinSize 4K/,
       'but not of one that ends there');
like(policy_of($sections, '<Location "/w/a">'), qr/MinSize 7K/, 'nor of wildcards,');
unlike(policy_of($sections, '<Location "/w/a/b">'), qr/MinSize 7K/,
       'which match a whole path');

# .htaccess files that httpd does not read, where no section has a directive of ours
my $dir = new_directory('htaccess');
for my $file ("$dir/.htaccess") {
    open my $out, '>', $file or die "$file: $!";
    print $out "ExpectPolicyMaxSize 1K\n";
    close $out or die;
}
for my $override (qw(None Limit)) {
    my $said = dump_of(<<"END");
ExpectPolicy On
DocumentRoot "$dir"
<Directory />
    AllowOverride $override
</Directory>
END
    my $found = qr/warning: \Q$dir\E\/.htaccess:1 is not read.*add Limit to AllowOverride/;
    $override eq 'None' ? like($said, $found, 'a file that is not read is told')
                        : unlike($said, $found, 'and not one that is read');
}

done_testing;
