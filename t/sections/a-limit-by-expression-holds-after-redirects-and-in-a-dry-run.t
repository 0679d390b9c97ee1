# A limit by expression is evaluated for the place that an upload comes to: after an
# internal redirect, and where mod_dir has changed the place just before the handler.
# A dry run tells what it would have refused.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
sub write_file { return ExpectPolicy::Ledger::written($site, @_) }
mkdir "$site/$_" or die for qw(from to dir dry types sub);
for (qw(to/x dir/index.x)) {
    chmod 0755, write_file($_, "#!/bin/sh\nread=`wc -c`\n"
        . "printf 'Status: 201\\n\\nread=%d\\n' \$read\n") or die;
}
write_file('sub/page.shtml', "<!--#include virtual=\"/to/part\" -->\n");
write_file('to/part', "part\n");

# who is who by a field that the test sends
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site,
SetEnvIf X-User ^alice$ SIZE=1000
SetEnvIf X-User ^bob$ SIZE=50
<Directory "@site@">
    Options +ExecCGI +Includes
    <FilesMatch "^(?:x|index\.x)$">
        SetHandler cgi-script
    </FilesMatch>
    <Files "page.shtml">
        SetOutputFilter INCLUDES
    </Files>
</Directory>
<Directory "@site@/to">
    ExpectPolicyMaxSize expr=%{reqenv:SIZE}
</Directory>
<Directory "@site@/from">
    RewriteEngine On
    RewriteRule . /to/x [L]
</Directory>
<Directory "@site@/dir">
    DirectoryIndex index.x
    <Files "index.x">
        ExpectPolicyMaxSize expr=%{reqenv:SIZE}
    </Files>
</Directory>
<Directory "@site@/dry">
    ExpectPolicy DryRun
    ExpectPolicyMaxSize expr=%{reqenv:SIZE}
</Directory>
<Directory "@site@/types">
    ExpectPolicyTypes image/png
    ExpectPolicyMaxSize expr=%{reqenv:SIZE}
</Directory>
END
    load => [qw(setenvif rewrite include)]);

sub as { return (method => 'POST', headers => ["X-User: $_[0]", @_[1 .. $#_]]) }

for my $path ('/to/x', '/from/a', '/dir/') {
    refusal_ok($server->announce($path, 51, as('bob')), code => 'content_too_large',
               members => { limit => 50, requested_size => 51 },
               by => qr/ExpectPolicyMaxSize/, name => "$path: bob may not send 51");
    accepted_ok($server->put($path, 50, as('bob')), status => 201,
                name => "$path: bob may send 50");
    accepted_ok($server->put($path, 1000, as('alice')), status => 201,
                name => "$path: alice may send 1000");
    refusal_ok($server->announce($path, 1001, as('alice')), code => 'content_too_large',
               members => { limit => 1000, requested_size => 1001 },
               by => qr/ExpectPolicyMaxSize/, name => "$path: and not 1001");
    accepted_ok($server->put($path, 5000, as('carol')), status => 201,
                name => "$path: nothing is said of carol");
}

# what is a part of another answer is no upload
my $page = $server->put('/sub/page.shtml', 60, as('bob'));
is($page->{status}, 200, 'a page that includes a part from there');
like($page->{body}, qr/part/, 'has it');

my $dry = $server->put('/dry/a', 60, as('bob'), method => 'PUT');
is($dry->{status}, 201, 'a dry run stores it');
my @lines = $server->error_log =~ /(would-refuse: .*)/g;
is(scalar @lines, 1, 'and says once that it would have been refused');
like($lines[0] // '', qr/error=content_too_large.* limit=50 .*by \S+test\.conf:\d+/,
     'with the value');
accepted_ok($server->put('/dry/b', 60, as('alice'), method => 'PUT'), status => 201,
            name => 'another user is not reported');

# the checks keep their order: the type is judged first
for my $user (qw(bob alice)) {
    my $res = $server->announce('/types/a', 51, as($user, 'Content-Type: text/plain'));
    is($res->{status}, 415, "a wrong type of $user is refused");
}
accepted_ok($server->put('/types/a', 51, as('alice', 'Content-Type: image/png'),
                         method => 'PUT'), status => 201, name => 'a right one is not');
refusal_ok($server->announce('/types/a', 51, as('bob', 'Content-Type: image/png')),
           code => 'content_too_large', members => { limit => 50, requested_size => 51 },
           by => qr/ExpectPolicyMaxSize/, name => 'unless it is too large');

$server->stop;
done_testing;
