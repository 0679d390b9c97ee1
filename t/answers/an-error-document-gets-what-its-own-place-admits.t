# A program that is an ErrorDocument gets the content of the upload that failed.  The
# place of the upload has admitted this content.  The place of the ErrorDocument has
# to admit it, too.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $programs = vars('serverroot') . '/cgi-bin/';
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(dir led);
my $text = slurp("$programs/app.cgi");
my $file = "$site/dir/index.cgi";
open my $out, '>', $file or die "$file: $!";
print $out $text;
close $out or die;
chmod 0755, $file or die;

# A place for each check, its ErrorDocument, and an upload that it would refuse,
# next to one with one fact changed.
my @image = (headers => ['Content-Type: image/png']);
my @places = (
    [size => 'ExpectPolicyMaxSize 2K', [length => 2049], [length => 2048]],
    [type => 'ExpectPolicyTypes text/plain', [length => 9, @image],
     [length => 9, headers => ['Content-Type: text/plain']]],
    [coding => 'ExpectPolicyEncodings identity',
     [length => 9, headers => ['Content-Encoding: gzip']], [length => 9]],
    [method => 'ExpectPolicyMethods POST', [length => 9, method => 'PATCH'],
     [length => 9]],
    [refuse => 'ExpectPolicyRefuse closed "Closed."', [length => 9], undef],
    [auth => 'ExpectPolicyRequireAuth Bearer realm="x"', [length => 9],
     [length => 9, headers => ['Authorization: Bearer y']]],
    [must => 'ExpectPolicyRequireLength On', [chunked => 9], [length => 9]],
    [asks => 'ExpectPolicyRequireContinue 1K', [length => 1025],
     [length => 1024]],
    [count => 'ExpectPolicyAllowance 2K/1d client', [length => 2049],
     [length => 2048]],
    [dry => "ExpectPolicy DryRun\nExpectPolicyMaxSize 2K", undef,
     [length => 9000]],
    [off => "ExpectPolicy Off\nExpectPolicyMaxSize 2K", undef, [length => 9000]],
);
my $sections = join '', map { <<"END" } @places;
ScriptAlias /err-$_->[0]/ "$programs"
<Location /err-$_->[0]/>
    $_->[1]
</Location>
<Location /up-$_->[0]>
    ErrorDocument 404 /err-$_->[0]/app.cgi
</Location>
END
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site, load => [qw(rewrite mime)]);
Timeout 8
TypesConfig /dev/null
ExpectPolicyMaxSize 50K
# programs that are not there: admitted first, and then a 404
ScriptAliasMatch ^/up-(\\w+) "$site.missing/\$1"
$sections
<Directory "\@site\@">
    Options +ExecCGI
    AddHandler cgi-script .cgi
    Options +FollowSymLinks
    DirectoryIndex index.cgi
    <Files index.cgi>
        ExpectPolicyMaxSize 2K
        Dav Off
    </Files>
</Directory>
<Location /up-dir>
    ErrorDocument 404 /dir/
</Location>
<Location /up-led>
    ErrorDocument 404 /led/on
</Location>
RewriteEngine On
<Directory "\@site\@/led">
    RewriteEngine On
    RewriteRule ^on\$ /err-size/app.cgi [L]
</Directory>
END

sub content {
    my ($length) = @_;
    return in_chunks('x' x $length);
}

# The ErrorDocument's program says what it was given.
sub upload {
    my ($path, %ask) = @_;
    if (my $length = delete $ask{chunked}) {
        return ask($server->here, method => 'POST', path => $path, %ask,
                   chunked => 1, body => content($length));
    }
    return ask($server->here, method => 'POST', path => $path,
               body => 'x' x $ask{length}, %ask);
}

my $seen = 0;
for my $place (@places) {
    my ($name, $line, $bad, $good) = @$place;
    if ($bad) {
        my $res = upload("/up-$name", @$bad);
        is($res->{status}, 404, "$line: the answer is the ErrorDocument's");
        like($res->{body}, qr/^received=0$/m, "whose program gets nothing");
        like($res->{body}, qr/^length=$/m, 'and is told of nothing');
        $seen++;
    }
    if ($good) {
        my $res = upload("/up-$name", @$good);
        my ($length) = @$good[1];
        is($res->{status}, 404, "$line: its twin");
        like($res->{body}, qr/^received=$length$/m, 'is there for the program');
        $seen++;
    }
}
cmp_ok($seen, '>=', 19, 'uploads');

# unknown length: no more than the place would take
my $res = upload('/up-size', chunked => 2048);
like($res->{body}, qr/^received=2048$/m, 'chunks up to the limit');
$res = upload('/up-size', chunked => 2049);
is($res->{status}, 413, 'one byte more is cut');
like($res->{body}, qr/"error":"content_too_large"/, 'on its way');

# where mod_dir leads an ErrorDocument on, and where a rule does
for my $way ('dir', 'led') {
    like(upload("/up-$way", length => 2049)->{body}, qr/^received=0$/m,
         "$way: the place in the end decides");
    like(upload("/up-$way", length => 2048)->{body}, qr/^received=2048$/m,
         'what it admits is there');
}

# by itself, it is a place like any other
is(upload('/err-size/app.cgi', length => 2049)->{status}, 413, 'asked by itself');
is(upload('/err-size/app.cgi', length => 2048)->{status}, 200, 'its twin');

done_testing;
