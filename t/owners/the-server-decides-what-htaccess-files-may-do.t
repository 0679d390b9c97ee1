# AllowOverride, AllowOverrideList and ExpectPolicyOverride; a directive that is
# not allowed, and a wrong word, are httpd's usual 500 with the reason in the log.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

my @too_large = (code => 'content_too_large');

sub site_log {
    my ($dir, $pattern) = @_;
    return grep { /\Q$dir\E/ && $_ =~ $pattern }
        split /^/, slurp(vars('t_logs') . '/error_log');
}

# None: logged once and otherwise as if there were no file
make_tree('sites-none/a', '.htaccess' => "\nExpectPolicyMaxSize 5\n");
for (1 .. 3) {
    accepted_ok(ask(path => '/sites-none/a/app.cgi', length => 10_240,
                    body => 'x' x 10_240), name => 'None: .htaccess is ignored');
    refusal_ok(ask(path => '/sites-none/a/app.cgi', length => 10_241), @too_large,
               members => { limit => 10_240, requested_size => 10_241 },
               name => "None: the server's limit");
}
my @ignored = site_log('sites-none/a', qr/ignored:/);
is(scalar @ignored, 1, 'logged once') or diag @ignored;
like($ignored[0] // '', qr{\[expect_policy:notice\].*ignored:\ ExpectPolicyMaxSize\ in\ 
        \S*/sites-none/a/\.htaccess:2,\ by\ ExpectPolicyOverride\ None\ in
        \ \S*/extra\.conf:\d+}x, 'with files and lines');

# Any: all files as one sequence
if (is_held()) {
    make_tree('sites-any/a', '.htaccess' => <<'END');
ExpectPolicyMaxSize 20K
ExpectPolicyTypes text/plain
END
    my @text = (headers => ['Content-Type: text/plain']);
    accepted_ok(ask(path => '/sites-any/a/app.cgi', length => 20_480,
                    body => 'x' x 20_480, @text), name => 'Any: loosened');
    refusal_ok(ask(path => '/sites-any/a/app.cgi', length => 20_481, @text),
               @too_large, members => { limit => 20_480, requested_size => 20_481 },
               by => qr{/sites-any/a/\.htaccess:1 }, name => 'one byte more');
    refusal_ok(ask(path => '/sites-any/a/app.cgi', length => 9,
                   headers => ['Content-Type: image/png']),
               code => 'unsupported_content_type',
               members => { supported_types => ['text/plain'] },
               name => 'the list is replaced');
    is_deeply([ site_log('sites-any/a', qr/clamped|ignored/) ], [],
              'nothing is clamped');
    make_tree('sites-any/b', '.htaccess' => "ExpectPolicy Off\n");
    accepted_ok(ask(path => '/sites-any/b/app.cgi', length => 20_480,
                    body => 'x' x 20_480), name => 'Any: Off is Off');
    make_tree('sites-any/c', '.htaccess' => <<'END');
ExpectPolicyExpectations 100-continue certain-expectation
ExpectPolicyTypes Any
END
    accepted_ok(ask(path => '/sites-any/c/app.cgi', length => 5, body => 'xxxxx',
                    headers => ['Expect: certain-expectation']),
                name => 'Any: an owner can name an expectation');
}

# AllowOverrideList
make_tree('sites-list/a', '.htaccess' => "ExpectPolicyMaxSize 100\n");
refusal_ok(ask(path => '/sites-list/a/app.cgi', length => 101), @too_large,
           members => { limit => 100, requested_size => 101 },
           name => 'AllowOverrideList names it');
accepted_ok(ask(path => '/sites-list/a/app.cgi', length => 100, body => 'x' x 100),
            name => 'one byte less');

# What httpd answers with 500, and what the log has to say
my @wrong = (
    # dir, text, what the log must have
    ['sites-list/b', "ExpectPolicyTypes image/png\n",
     [qr/ExpectPolicyTypes not allowed here/]],
    ['sites-auth/a', "ExpectPolicyMaxSize 100\n",
     [qr/ExpectPolicyMaxSize not allowed here/]],
    ['sites/wrong-size', "# one\nExpectPolicyMaxSize 10MB\n",
     [qr/\.htaccess/, qr/ExpectPolicyMaxSize/, qr/10MB/, qr/Unlimited/]],
    ['sites/wrong-mode', "ExpectPolicy Maybe\n",
     [qr/\.htaccess/, qr/ExpectPolicy/, qr/Maybe/, qr/On/, qr/Off/, qr/DryRun/]],
    ['sites/wrong-type', "ExpectPolicyTypes png\n",
     [qr/\.htaccess/, qr/ExpectPolicyTypes/, qr/png/, qr/Any/]],
    ['sites/ceiling', "ExpectPolicyCeiling 1M\n", [qr/ExpectPolicyCeiling/]],
    ['sites/override', "ExpectPolicyOverride Any\n", [qr/ExpectPolicyOverride/]],
    ['sites/limit', "<Limit POST>\nExpectPolicyMaxSize 10\n</Limit>\n",
     [qr/ExpectPolicyMaxSize/]],
    ['sites/space', "ExpectPolicyFreeSpace 5%\n", [qr/ExpectPolicyFreeSpace/]],
    ['sites/ledger', "ExpectPolicyLedger shm\n", [qr/ExpectPolicyLedger\b/]],
    ['sites/failure', "ExpectPolicyLedgerFailure Open\n",
     [qr/ExpectPolicyLedgerFailure/]],
    # where a tree lies that is not the owner's is not the owner's to say
    ['sites/tree', "ExpectPolicyQuota 1G /etc\n",
     [qr/ExpectPolicyQuota: '\/etc'/, qr/legal is Off or SIZE alone/]],
    ['sites/usage', "ExpectPolicyQuota 1G usage=/etc/hostname\n",
     [qr/ExpectPolicyQuota: 'usage=/, qr/legal is Off or SIZE alone/]],
    ['sites/expression', "ExpectPolicyConcurrent 4 expr=%{file:/etc/hostname}\n",
     [qr/ExpectPolicyConcurrent/, qr/not available in restricted context/]],
    ['sites/unknown', "ExpectPolicyUnknown 10G\n", [qr/ExpectPolicyUnknown/]],
);
for (@wrong) {
    my ($dir, $text, $patterns) = @$_;
    make_tree($dir, '.htaccess' => $text);
    my $res = ask(path => "/$dir/app.cgi", length => 5, body => 'xxxxx');
    is($res->{status}, 500, "$dir: 500");
    is(app_ran($res), 0, 'nothing is let through');
    is_deeply([ grep { lc $_->[0] eq 'expect-policy-error' }
                @{ $res->{headers} } ], [], "httpd's own");
    my @lines = site_log("$dir/.htaccess", qr/\[(?:core|expect_policy):/);
    ok(scalar @lines, 'the log says why') or next;
    like($lines[-1], $_, "with $_") for @$patterns;
    unlike($res->{body}, qr/ExpectPolicy|htaccess/, 'the client is not told');
}
cmp_ok(scalar @wrong, '>=', 15, 'wrong files');

# what they may say about limits that count
make_tree('sites/counts', '.htaccess' => <<'END');
ExpectPolicyQuota 1G
ExpectPolicyConcurrent 4 directory
ExpectPolicyAllowance 1G/1d expr=%{REQUEST_URI}
<Files "app.cgi">
    ExpectPolicyQuota Off
    ExpectPolicyConcurrent 4 client
</Files>
END
accepted_ok(ask(path => '/sites/counts/app.cgi', length => 5, body => 'xxxxx',
                headers => ['Content-Type: image/png']),
            name => 'an owner may count');

# a file that is put right works at once
make_tree('sites/wrong-size', '.htaccess' => "ExpectPolicyMaxSize 10\n");
refusal_ok(ask(path => '/sites/wrong-size/app.cgi', length => 11,
               headers => ['Content-Type: image/png']), @too_large,
           members => { limit => 10, requested_size => 11 }, name => 'put right');

done_testing;
