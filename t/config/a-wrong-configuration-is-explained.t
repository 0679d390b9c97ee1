# What beginners write.  Each wrong configuration is told of, with its line, its
# directive, its text and what is legal or what to do: as an error that stops `httpd -t`,
# as a warning of `httpd -t`, or in the dump of the policy.  A twin of each, with one fact
# changed, is taken in silence.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

# [how it is told, the wrong line, its twin, the text, what is legal or to be done].
# A line stands behind `ExpectPolicy On`, so it is line 2, unless a row has several
# lines: there, `@` stands before the line that is named.
my @rows = (
    # sizes
    ['error', 'MaxSize 10MB', 'MaxSize 10M', '10MB', 'write 10M'],
    ['error', 'MaxSize 10GiB', 'MaxSize 1G', '10GiB', 'write 10G'],
    ['error', 'MaxSize 10 M', 'MaxSize 10M', '10 M', 'without a blank: 10M'],
    ['error', 'MaxSize 1.5M', 'MaxSize 1536K', '1.5M', 'a whole number'],
    ['error', 'MaxSize Off', 'MaxSize Unlimited', 'Off', 'legal is Unlimited or a number'],
    ['error', 'MaxSize -1', 'MaxSize 1K', '-1', 'legal is Unlimited or a number'],
    ['error', 'MaxSize', 'MaxSize 1K', "''", 'legal is Unlimited or a number'],
    ['error', 'MaxTotal 10GB', 'MaxTotal 10G', '10GB', 'write 10G'],
    # with those of the default
    ['error', join(' ', 'TotalFields', map { "X-Size-$_" } 1 .. 30),
     join(' ', 'TotalFields', map { "X-Size-$_" } 1 .. 29), 'ExpectPolicyTotalFields',
     'more than 32 different fields in all sections together'],
    ['error', 'TotalFields Any', 'TotalFields None', 'Any', 'legal is None, or one or more'],
    ['error', 'TotalFields Content-Length', 'TotalFields X-Length', 'Content-Length',
     'legal is None, or one or more'],
    ['error', 'MaxSize expr=', 'MaxSize expr=1K', 'expr=', 'or expr=EXPRESSION'],
    ['error', 'MaxSize expr=%{env:A} B', 'MaxSize "expr=%{env:A} B"', 'expr=%{env:A} B',
     'put quotes around an EXPRESSION with blanks'],
    ['error', 'MinSize "expr=%{env"', 'MinSize "expr=%{env:A}"', 'expr=%{env',
     'or expr=EXPRESSION: '],
    ['error', 'Quota 30M expr=%{REMOTE_USER}', 'Quota 30M path=/srv/%{REMOTE_USER}',
     'expr=%{REMOTE_USER}', 'to give each user one write path='],
    ['error', 'Quota 30M path=/%{REMOTE_USER}', 'Quota 30M path=/srv/%{REMOTE_USER}',
     'path=/%{REMOTE_USER}', 'legal is path=EXPRESSION'],
    ['error', 'Quota 30M path=srv/%{REMOTE_USER}', 'Quota 30M path=/srv/a%{REMOTE_USER}',
     'path=srv/%{REMOTE_USER}', 'an absolute path'],
    ['error', 'Quota 30M path=/srv/a', 'Quota 30M path=/srv/%{REMOTE_USER}/a',
     'path=/srv/a', 'reads a value behind it'],
    ['error', 'Quota 30M /srv path=/srv/%{REMOTE_USER}',
     'Quota expr=%{env:A} path=/srv/%{REMOTE_USER} local', '/srv',
     'SIZE path=EXPRESSION [local]'],
    ['error', 'Allowance "expr=%{env" user', 'Allowance expr=%{env:A} user', 'expr=%{env',
     'or expr=EXPRESSION KEY'],
    ['error', 'Concurrent expr=%{env:A}', 'Concurrent expr=%{env:A} user', 'expr=%{env:A}',
     'Off or NUMBER KEY'],
    ['error', 'RequireContinue expr=1K', 'RequireContinue 1K', 'expr=1K',
     'legal is Off or a number'],
    ['error', 'MinSize Unlimited', 'MinSize Off', 'Unlimited', 'legal is Off or a number'],
    ['error', 'RequireContinue On', 'RequireContinue 1K', 'On', 'legal is Off or a number'],
    ['error', 'CountFrom 64KB', 'CountFrom 64K', '64KB', 'write 64K'],
    ['error', 'Ceiling 2GB', 'Ceiling 1G', '2GB', 'write 2G'],
    # words
    ['error', 'RequireLength yes', 'RequireLength On', 'yes', 'legal is On or Off'],
    ['error', 'Format XML', 'Format JSON', 'XML', 'legal is JSON, Problem or Negotiate'],
    ['error', 'Format JSON Problem', 'Format Negotiate', 'JSON Problem', 'write one word'],
    ['error', 'Linger 30', 'Linger Short', '30', 'legal is Full, Short or Abort'],
    ['error', 'Override All', 'Override Any', 'All', 'legal is Tighten, Any or None'],
    ['error', 'Status 413', 'Status Specific', '413', 'legal is Auto, Specific or 417'],
    ['error', 'Status Specific too_large', 'Status Specific content_too_large',
     'too_large', 'content_too_large'],
    # lists
    ['error', 'Methods POST,PUT', 'Methods POST PUT', 'POST,PUT',
     'separate names by blanks: POST PUT'],
    ['error', 'Methods POST, PUT', 'Methods POST PUT', 'POST,',
     'separate names by blanks: POST PUT'],
    ['error', 'Methods "POST PUT"', 'Methods POST PUT', 'POST PUT', 'leave the quotes out'],
    ['error', 'Methods POST Any', 'Methods Any', 'Any', 'stand alone'],
    ['error', 'Types png', 'Types image/png', 'png', 'a media type, such as image/png'],
    ['error', 'Types .png', 'Types image/*', '.png', 'not the ending of a file name'],
    ['error', 'Types image/png,image/gif', 'Types image/png image/gif',
     'image/png,image/gif', 'by blanks: image/png image/gif'],
    ['error', 'Types text/plain;charset=utf-8', 'Types text/plain',
     'text/plain;charset=utf-8', 'leave parameters out'],
    ['error', 'Encodings gzip,identity', 'Encodings gzip identity', 'gzip,identity',
     'by blanks: gzip identity'],
    ['error', 'Expectations None 100-continue', 'Expectations None', '100-continue',
     'stand alone'],
    # credentials
    ['error', 'RequireAuth Basic realm=my site', 'RequireAuth Basic realm="my site"',
     'Basic realm=my site', 'Basic realm="my site"'],
    ['error', 'RequireAuth "Basic realm=x"', 'RequireAuth Basic realm=x',
     'Basic realm=x', 'leave the quotes around it out'],
    ['error', 'RequireAuth On', 'RequireAuth Bearer', 'On', 'Bearer realm="api"'],
    ['error', 'RequireAuth Basic', 'RequireAuth Basic realm="x"', 'Basic',
     'Basic realm="my site"'],
    # refusals and messages
    ['error', 'Refuse "No uploads here."', 'Refuse closed "No uploads here."',
     'No uploads here.', 'write a CODE in front'],
    ['error', 'Refuse closed No uploads', 'Refuse closed "No uploads"', 'uploads',
     'put quotes around a MESSAGE'],
    ['error', 'Refuse closed No uploads here now', 'Refuse closed "No uploads here now"',
     'closed No uploads here now', 'put quotes around a MESSAGE'],
    ['error', 'Refuse closed "x" 200', 'Refuse closed "x" 503', '200',
     'a STATUS from 400 to 599'],
    ['error', 'Refuse closed "x" 401', 'Refuse closed "x" 403', '401',
     'for 401 write ExpectPolicyRequireAuth'],
    ['error', 'Message content_too_large Too large', 'Message content_too_large "Too large"',
     'content_too_large Too large', 'put quotes around a MESSAGE'],
    ['error', 'Message too_large "x"', 'Message content_too_large "x"', 'too_large',
     'a built-in CODE'],
    # limits that count
    ['error', 'Quota 30M user', 'Quota 30M /tmp', 'user', 'ExpectPolicyAllowance'],
    ['error', 'Quota 30M expr=%{REMOTE_USER}', 'Quota 30M /tmp', 'expr=%{REMOTE_USER}',
     'ExpectPolicyAllowance'],
    ['error', 'Quota 30MB /tmp', 'Quota 30M /tmp', '30MB', 'write 30M'],
    ['error', 'Quota 30M', 'Quota 30M /tmp', '30M', 'it has to stand in <Directory>'],
    ['error', 'Allowance 10G user', 'Allowance 10G/1d user', '10G', 'SIZE/PERIOD KEY'],
    ['error', 'Allowance 10G/day user', 'Allowance 10G/1d user', '10G/day',
     'a PERIOD a number with s, m, h, d or w'],
    ['error', 'Concurrent 4', 'Concurrent 4 client', '4', 'NUMBER KEY'],
    ['error', 'Concurrent 4 ip', 'Concurrent 4 client', 'ip',
     'client, user, host, directory'],
    ['error', 'Concurrent client 4', 'Concurrent 4 client', 'client', 'NUMBER KEY'],
    ['error', 'Concurrent 4 expr=%{HTTP_HOST} x', 'Concurrent 4 "expr=%{HTTP_HOST} x"',
     '4 expr=%{HTTP_HOST} x', 'put quotes around an EXPRESSION'],
    ['error', 'FreeSpace 5 %', 'FreeSpace 5%', '5 %', 'without a blank: 5%'],
    ['error', 'FreeSpace 101%', 'FreeSpace 90%', '101%', '0% to 100%'],
    # what httpd takes, and what surely is not meant
    ['warning', 'FreeSpace 5', 'FreeSpace 5%', 'FreeSpace 5 ', 'write 5%'],
    ['warning', 'FreeSpace 100%', 'FreeSpace 10%', 'FreeSpace 100%', 'refuses every upload'],
    ['warning', 'MaxSize 0', 'MaxSize 10M', 'MaxSize 0 ', 'write Unlimited'],
    ['warning', 'Ceiling 0', 'Ceiling 10M', 'Ceiling 0 ', 'write Unlimited'],
    ['warning', 'Quota 0 /tmp', 'Quota 1G /tmp', 'Quota 0 /tmp', 'write Off'],
    ['warning', 'Allowance 0/1d client', 'Allowance 1G/1d client', 'Allowance 0/1d',
     'write Off'],
    ['warning', 'Methods post PUT', 'Methods POST PUT', 'Methods post PUT', 'write POST'],
    ['warning', 'Methods None', 'Methods Any', 'Methods None', 'legal is Any, or'],
    ['warning', 'Encodings None', 'Encodings identity', 'Encodings None',
     'identity stands for none'],
    ['warning', 'Refuse 403 "No uploads."', 'Refuse closed "No uploads."', 'Refuse 403',
     'the STATUS stands third'],
    ['warning', 'Refuse closed 503', 'Refuse closed "x" 503', 'Refuse closed 503',
     'the STATUS stands third'],
    ['warning', 'Refuse On', 'Refuse Off', 'Refuse On', 'legal is Off, or CODE'],
    ['warning', '', '', 'MaxSize 10M', 'only the last line holds',
     "ExpectPolicy On\n\@ExpectPolicyMaxSize 10M\nExpectPolicyMaxSize 20M\n",
     "ExpectPolicy On\nExpectPolicyMaxSize 10M\nExpectPolicyMinSize 1K\n"],
    ['warning', '', '', 'Types image/png', 'only the last line holds',
     "ExpectPolicy On\n\@ExpectPolicyTypes image/png\nExpectPolicyTypes image/gif\n",
     "ExpectPolicy On\nExpectPolicyTypes image/png image/gif\n"],
    ['warning', '', '', 'Concurrent 4 client', 'only the last line holds',
     "ExpectPolicy On\n\@ExpectPolicyConcurrent 4 client\nExpectPolicyConcurrent 9 client\n",
     "ExpectPolicy On\nExpectPolicyConcurrent 4 client\nExpectPolicyConcurrent 9 host\n"],
    ['warning', '', '', 'RequireContinue 20M', 'write a smaller size',
     "ExpectPolicy On\nExpectPolicyMaxSize 10M\n\@ExpectPolicyRequireContinue 20M\n",
     "ExpectPolicy On\nExpectPolicyMaxSize 10M\nExpectPolicyRequireContinue 2M\n"],
    ['warning', '', '', 'RequireContinue 1M', 'add 100-continue',
     "ExpectPolicy On\nExpectPolicyExpectations None\n\@ExpectPolicyRequireContinue 1M\n",
     "ExpectPolicy On\nExpectPolicyExpectations Any\nExpectPolicyRequireContinue 1M\n"],
    ['warning', '', '', 'MinSize 20M', 'write a smaller size',
     "ExpectPolicy On\nExpectPolicyMaxSize 10M\n\@ExpectPolicyMinSize 20M\n",
     "ExpectPolicy On\nExpectPolicyMaxSize 30M\nExpectPolicyMinSize 20M\n"],
    ['warning', '', '', 'MinSize 20M', 'write a smaller size',
     "ExpectPolicy On\nExpectPolicyMaxTotal 10M\n\@ExpectPolicyMinSize 20M\n",
     "ExpectPolicy On\nExpectPolicyMaxTotal 30M\nExpectPolicyMinSize 20M\n"],
    ['warning', '', '', 'MaxSize 20M', 'never acts, above ExpectPolicyMaxTotal',
     "ExpectPolicy On\nExpectPolicyMaxTotal 10M\n\@ExpectPolicyMaxSize 20M\n",
     "ExpectPolicy On\nExpectPolicyMaxTotal 10M\nExpectPolicyMaxSize 10M\n"],
    ['warning', 'TotalFields Off', 'TotalFields None', 'TotalFields Off', 'legal is None'],
    ['warning', '', '', 'MaxSize 10M', 'write ExpectPolicy On',
     "\@ExpectPolicyMaxSize 10M\n", "ExpectPolicyMaxSize 10M\nExpectPolicy Off\n"],
    # what is likely not meant
    ['dump', 'Encodings gzip', 'Encodings gzip identity', 'Encodings gzip', 'add identity'],
    ['dump', 'Encodings identity gzipped', 'Encodings identity gzip', 'gzipped',
     'such as gzip, br or identity'],
    ['dump', 'Methods POSTT PUT', 'Methods POST PUT', 'POSTT', 'such as POST or PUT'],
    ['dump', 'Types image/jpg', 'Types image/jpeg', 'image/jpg', 'write image/jpeg'],
    ['dump', 'MaxSize 10', 'MaxSize 10M', 'MaxSize 10 ', 'write 10M'],
    ['dump', '', '', 'MaxSize 10M', 'write ExpectPolicy On',
     "<VirtualHost *:9>\nServerName a\nExpectPolicy On\n</VirtualHost>\n"
     . "<VirtualHost *:9>\nServerName b\n\@ExpectPolicyMaxSize 10M\n</VirtualHost>\n",
     "<VirtualHost *:9>\nServerName a\nExpectPolicy On\n</VirtualHost>\n"
     . "<VirtualHost *:9>\nServerName b\nExpectPolicy On\nExpectPolicyMaxSize 10M\n"
     . "</VirtualHost>\n"],
    ['dump', '', '', 'MaxSize 10M', 'write this section behind that one',
     "ExpectPolicy On\n<Directory /tmp/a>\n\@ExpectPolicyMaxSize 10M\n</Directory>\n"
     . "<Directory /tmp/*>\nExpectPolicyMaxSize 1M\n</Directory>\n",
     "ExpectPolicy On\n<Directory /tmp/*>\nExpectPolicyMaxSize 1M\n</Directory>\n"
     . "<Directory /tmp/a>\nExpectPolicyMaxSize 10M\n</Directory>\n"],
    ['dump', '', '', 'MaxSize 10M', 'write this one as <DirectoryMatch>',
     "ExpectPolicy On\n<Directory /tmp/a>\n\@ExpectPolicyMaxSize 10M\n</Directory>\n"
     . "<DirectoryMatch ^/tmp/>\nExpectPolicyMaxSize 1M\n</DirectoryMatch>\n",
     "ExpectPolicy On\n<Directory /tmp/a>\nExpectPolicyMaxSize 10M\n</Directory>\n"
     . "<DirectoryMatch ^/var/>\nExpectPolicyMaxSize 1M\n</DirectoryMatch>\n"],
    ['dump', '', '', 'MaxSize 10M', 'write this section behind that one',
     "ExpectPolicy On\n<Location /a/b>\n\@ExpectPolicyMaxSize 10M\n</Location>\n"
     . "<Location /a>\nExpectPolicyMaxSize 1M\n</Location>\n",
     "ExpectPolicy On\n<Location /a>\nExpectPolicyMaxSize 1M\n</Location>\n"
     . "<Location /a/b>\nExpectPolicyMaxSize 10M\n</Location>\n"],
);

# exit status and output; for `dump` of the dump
sub said_of {
    my ($how, $text) = @_;
    my @dump = $how eq 'dump' ? (arguments => ['-D', 'DUMP_EXPECT_POLICY']) : ();
    return ExpectPolicy::Server::judge($text, @dump);
}

my %count;
for my $row (@rows) {
    my ($how, $wrong, $right, $text, $legal, $lines, $twin) = @$row;
    $lines //= "ExpectPolicy On\n\@ExpectPolicy$wrong\n";
    $twin //= "ExpectPolicy On\nExpectPolicy$right\n";
    my ($before, $marked) = $lines =~ /^(.*?)\@(\w+)/s;
    my ($directive, $number) = ($marked, 1 + ($before =~ tr/\n//));
    $lines =~ s/\@Expect/Expect/;
    my ($exit, $said) = said_of($how, $lines);

    subtest "$how: " . ($wrong || $text) . ' ' . ++$count{$how} => sub {
        my ($line) = grep { /\b\Q$directive\E\b/ && index($_, $text) >= 0
                            && index($_, $legal) >= 0 } split /\n/, $said;
        ok(defined $line, 'directive, text and what is legal are in one line')
            or diag $said;
        if ($how eq 'error') {
            isnt($exit, 0, 'it stops');
            like($said, qr/error on line $number of .*test\.conf/, 'where it stands');
        }
        else {
            is($exit, 0, 'it is taken');
            like($line // '', qr/^ *warning: .*\bin \S*test\.conf:$number: /,
                 'where it stands');
        }
        my ($taken, $quiet) = said_of($how, $twin);
        is($taken, 0, 'the twin is taken') or diag $quiet;
        unlike($quiet, qr/warning:/, 'in silence');
    };
}
cmp_ok(scalar @rows, '>=', 60, scalar(@rows) . ' wrong configurations');

# one warning is singular
like((said_of('dump', "ExpectPolicy On\nExpectPolicyMaxSize 10\n"))[1],
     qr/^1 warning$/m, '1 warning');
like((said_of('dump', "ExpectPolicy On\nExpectPolicyMaxSize 10M\n"))[1],
     qr/^0 warnings$/m, '0 warnings');

done_testing;
