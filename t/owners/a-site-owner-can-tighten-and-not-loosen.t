# Scenario M2: what .htaccess files say is bounded by what the server's files
# say.  A laxer value is clamped and logged once, never an error page.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

sub site_log {
    my ($dir, $pattern) = @_;
    return grep { /\Q$dir\E/ && $_ =~ $pattern }
        split /^/, slurp(vars('t_logs') . '/error_log');
}
sub clamped_once {
    my ($dir, $directive, $line, $name) = @_;
    # every later request must not say it again
    my @found = site_log($dir, qr/clamped:/);
    my ($hit) = grep { /clamped: \Q$directive\E in / } @found;
    is(scalar(grep { /clamped: \Q$directive\E in / } @found), 1,
       "$name: logged once") or diag @found;
    like($hit // '', qr{\[expect_policy:notice\].*
                        clamped:\ \Q$directive\E\ in\ \S*\Q$dir\E/\.htaccess:$line
                        \ is\ laxer\ than\ \S+/extra\.conf:\d+}x,
         'with both files and lines');
}

my @png = (headers => ['Content-Type: image/png']);
my @too_large = (code => 'content_too_large');

# tightened: 10K by the server, 1000 here
make_tree('sites/tight', '.htaccess' => "# mine\nExpectPolicyMaxSize 1000\n");
my $tight = ask(path => '/sites/tight/app.cgi', length => 1001, @png, marker => 1);
refusal_ok($tight, @too_large, by => qr{/sites/tight/\.htaccess:2 },
           members => { limit => 1000, requested_size => 1001 },
           name => 'tightened');
accepted_ok(ask(path => '/sites/tight/app.cgi', length => 1000,
                body => 'x' x 1000, @png), name => 'one byte less');
accepted_ok(ask(path => '/sites/app.cgi', length => 1001, body => 'x' x 1001,
                @png), status => qr/^(?:200|404|403)$/, name => 'next door');
is_deeply([ site_log('sites/tight', qr/clamped/) ], [], 'nothing is clamped');

# loosened
make_tree('sites/loose', '.htaccess' => "ExpectPolicyMaxSize 1G\n");
for (1 .. 3) {
    my $loose = ask(path => '/sites/loose/app.cgi', length => 10_241, @png,
                    marker => 1);
    refusal_ok($loose, @too_large,
               members => { limit => 10_240, requested_size => 10_241 },
               by => qr/extra\.conf.*ExpectPolicyMaxSize 10K/, name => 'clamped');
    accepted_ok(ask(path => '/sites/loose/app.cgi', length => 10_240,
                    body => 'x' x 10_240, @png), name => 'and no error page');
}
clamped_once('sites/loose', 'ExpectPolicyMaxSize', 1, 'loosened');

# strict at the top, laxer below, within what the server grants
make_tree('sites/deep', '.htaccess' => "ExpectPolicyMaxSize 100\n");
make_tree('sites/deep/a', '.htaccess' => "ExpectPolicyMaxSize 2000\n");
make_tree('sites/deep/a/b/c', '.htaccess' => "\n\nExpectPolicyMaxSize 50K\n");
for (['sites/deep', 100], ['sites/deep/a', 2000], ['sites/deep/a/b/c', 10_240]) {
    my ($dir, $limit) = @$_;
    my $res = ask(path => "/$dir/app.cgi", length => $limit + 1, @png);
    refusal_ok($res, @too_large, members => {
        limit => $limit, requested_size => $limit + 1,
    }, name => "$dir: $limit");
    accepted_ok(ask(path => "/$dir/app.cgi", length => $limit,
                    body => 'x' x $limit, @png), name => 'one byte less');
}
clamped_once('sites/deep/a/b/c', 'ExpectPolicyMaxSize', 3, 'at depth');
is_deeply([ site_log('sites/deep/a/.htaccess', qr/clamped/) ], [],
          'laxer than the owner himself at the top is nothing to log');

# sections inside .htaccess files
make_tree('sites/sections', '.htaccess' => <<'END');
ExpectPolicyMaxSize 5000
<Files "app.cgi">
    ExpectPolicyMaxSize 300
</Files>
<If "req('X-Small') == 'yes'">
    ExpectPolicyMaxSize 30
</If>
END
for (['Files', 300], ['If', 30, 'X-Small: yes']) {
    my ($name, $limit, @header) = @$_;
    my @with = (headers => ['Content-Type: image/png', @header]);
    my $res = ask(path => '/sites/sections/app.cgi', length => $limit + 1, @with);
    refusal_ok($res, @too_large, members => {
        limit => $limit, requested_size => $limit + 1,
    }, name => "<$name> in .htaccess");
    accepted_ok(ask(path => '/sites/sections/app.cgi', length => $limit,
                    body => 'x' x $limit, @with), name => 'one byte less');
}

# a type has to match both lists
make_tree('sites/types', '.htaccess' => "ExpectPolicyTypes image/png application/pdf\n");
for (['image/png', undef], ['image/gif', 415], ['application/pdf', 415],
     ['text/plain', 415]) {
    my ($type, $status) = @$_;
    my @ask = (path => '/sites/types/app.cgi', length => 5,
               headers => ["Content-Type: $type"]);
    $status ? refusal_ok(ask(@ask), code => 'unsupported_content_type',
                         members => { supported_types => ['image/png'] },
                         name => "$type: refused")
        : accepted_ok(ask(@ask, body => 'xxxxx'), name => "$type: accepted");
}
clamped_once('sites/types', 'ExpectPolicyTypes', 1, 'a wider list');
make_tree('sites/wide', '.htaccess' => "ExpectPolicyTypes */*\n");
refusal_ok(ask(path => '/sites/wide/app.cgi', length => 5,
               headers => ['Content-Type: video/mp4']),
           code => 'unsupported_content_type',
           members => { supported_types => ['image/*', 'text/plain'] },
           name => '*/* opens nothing');
clamped_once('sites/wide', 'ExpectPolicyTypes', 1, '*/*');

# both demands for credentials, both refusals; Off below On
make_tree('sites-strict/a', '.htaccess' => <<'END');
ExpectPolicyRequireAuth Basic realm="owner"
ExpectPolicyRefuse owner_says_no "Not here."
END
my @strict = (path => '/sites-strict/a/app.cgi', length => 5);
refusal_ok(ask(@strict, headers => ['Authorization: Basic YTpi']),
           code => 'authentication_required', members => { details => qr/\S/ },
           name => "the owner's credentials are not the server's");
my $bearer = ask(@strict, headers => ['Authorization: Bearer x']);
refusal_ok($bearer, code => 'authentication_required',
           members => { details => qr/\S/ }, by => qr{/sites-strict/a/\.htaccess:1},
           name => "the server's are not the owner's");
like(join("\n", map { "$_->[0]: $_->[1]" } @{ $bearer->{headers} }),
     qr/WWW-Authenticate: Basic realm="owner"/i, 'whose challenge is told');
is_deeply([ site_log('sites-strict/a', qr/clamped/) ], [],
          'one more demand is nothing to clamp');
make_tree('sites-strict/b', '.htaccess' => "ExpectPolicyRefuse owner_says_no\n");
refusal_ok(ask(path => '/sites-strict/b/app.cgi', length => 5,
               headers => ['Authorization: Bearer x']),
           code => 'owner_says_no', by => qr{/sites-strict/b/\.htaccess:1},
           name => "the owner's Refuse");
my $off_all = <<'END';
ExpectPolicy Off
ExpectPolicyRequireAuth Off
ExpectPolicyMethods Any
ExpectPolicyEncodings Any
ExpectPolicyRequireLength Off
END
make_tree('sites-strict/c', '.htaccess' => $off_all);
my @c = (path => '/sites-strict/c/app.cgi');
refusal_ok(ask(@c, length => 5), code => 'authentication_required',
           members => { details => qr/\S/ }, name => 'Off does not end the demand');
my @known = ('Authorization: Bearer x');
refusal_ok(ask(@c, method => 'PATCH', length => 5, headers => \@known),
           code => 'method_not_allowed',
           members => { allowed_methods => ['POST', 'PUT'] },
           name => 'an owner cannot allow Any method');
refusal_ok(ask(@c, chunked => 1, headers => \@known), code => 'length_required',
           name => 'an owner cannot lift RequireLength');
refusal_ok(ask(@c, length => 5, headers => [@known, 'Content-Encoding: br']),
           code => 'unsupported_content_encoding',
           members => { supported_encodings => ['identity', 'gzip'] },
           name => 'an owner cannot add content codings');
accepted_ok(ask(@c, length => 5, headers => \@known, body => 'xxxxx'),
            name => 'what the server grants');
my $n = 0;
for my $directive (split /\n/, $off_all) {
    $n++;
    clamped_once('sites-strict/c', (split ' ', $directive)[0], $n, $directive);
}
is($n, 5, 'each of them');
# On wins over DryRun over Off
make_tree('sites/dry', '.htaccess' => "ExpectPolicy DryRun\n");
refusal_ok(ask(path => '/sites/dry/app.cgi', length => 10_241, @png),
           @too_large, members => { limit => 10_240, requested_size => 10_241 },
           name => 'DryRun below On is On');
clamped_once('sites/dry', 'ExpectPolicy', 1, 'DryRun');
make_tree('sites-off/on', '.htaccess' => "ExpectPolicy On\nExpectPolicyMaxSize 9\n");
refusal_ok(ask(path => '/sites-off/on/app.cgi', length => 10), @too_large,
           members => { limit => 9, requested_size => 10 },
           name => 'On below Off is On');
accepted_ok(ask(path => '/sites-off/on/app.cgi', length => 9, body => 'x' x 9),
            name => 'one byte less');
# nothing said by the server: everything is the owner's
make_tree('sites-free/all', '.htaccess' => "ExpectPolicyMaxSize 7\n");
refusal_ok(ask(path => '/sites-free/all/app.cgi', length => 8), @too_large,
           members => { limit => 7, requested_size => 8 }, name => 'an own limit');
# Status: the owner's word simply wins
make_tree('sites/status', '.htaccess' => "ExpectPolicyStatus 417\n");
refusal_ok(ask(path => '/sites/status/app.cgi', length => 10_241, @png),
           @too_large, status => 417,
           members => { limit => 10_240, requested_size => 10_241 },
           name => "the owner's status");
is_deeply([ site_log('sites/status', qr/clamped/) ], [], 'is not clamped');
# expectations
make_tree('sites/expect', '.htaccess' => "ExpectPolicyExpectations None\n");
refusal_ok(ask(path => '/sites/expect/app.cgi', length => 5,
               headers => ['Content-Type: image/png', 'Expect: 100-continue']),
           code => 'unsupported_expectation',
           members => { supported_expectations => [] },
           name => 'an owner can ban the field');

no_marker_was_served(4);
done_testing;
