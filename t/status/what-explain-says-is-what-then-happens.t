# An administrator asks the status page what would become of an upload.  What it says is
# what then happens to that upload: status and document are compared byte for byte, the
# id and the seconds of retry_after aside.
#
# runs: plain
use strict;
use warnings;

use Digest::SHA ();
use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;

my $site = ExpectPolicy::Ledger::site();
my $port = ExpectPolicy::Server::free_port();
my @places = qw(dav full room allowance slots space small tight none laxer files
    rewritten led bob);
mkdir "$site/$_" or die "$_: $!" for @places, 'other', 'main';
my %htaccess = (
    tight => "ExpectPolicyMaxSize 100\nExpectPolicyTypes image/png\n"
        . "ExpectPolicyMessage content_too_large \"Too large for \\\"us\\\".\"\n",
    none => "ExpectPolicyMaxSize 100\n",
    laxer => "ExpectPolicyMaxSize 1M\n<Files *.iso>\n    ExpectPolicyRefuse no_iso"
        . " \"No images of disks.\" 422\n</Files>\n<If \"%{QUERY_STRING} =~ /late/\">\n"
        . "    ExpectPolicyMaxSize 7\n</If>\n",
    rewritten => "RewriteEngine On\nRewriteRule ^in\$ /led/out [L]\n"
        . "RewriteRule ^once\$ /led/out [L,NS]\nRewriteRule ^away\$ http://else.test/ [R=307,L]\n"
        . "RewriteRule ^empty\$ - [R=204]\nRewriteRule ^gone\$ - [R=410]\n",
);
for my $dir (keys %htaccess) {
    open my $out, '>', "$site/$dir/.htaccess" or die $!;
    print $out $htaccess{$dir};
    close $out or die;
}
ExpectPolicy::Ledger::sparse($site, 'full/old.bin', 1_000_000);
open my $old, '>', "$site/room/old.bin" or die $!;
print $old 'x' x 400_000;
close $old or die;
open my $users, '>', "$site.users" or die $!;
print $users "ann:{SHA}", Digest::SHA::sha1_base64('secret'), "=\n",
    map { "$_:{SHA}" . Digest::SHA::sha1_base64('secret') . "=\n" } qw(bob 3 5);
close $users or die;

my $auth = <<"END";
        AuthType Basic
        AuthName site
        AuthUserFile $site.users
END
my $server = ExpectPolicy::Server->start(<<"END",
ServerName main.test
DocumentRoot "$site/main"
TypesConfig /dev/null
Listen 127.0.0.1:$port
<Location /uploads>
    SetHandler expect-policy-status
</Location>
<Directory "$site">
    AllowOverride All
    Require all granted
</Directory>
# the page itself
<LocationMatch "^/(?<PLACE>uploads)\$">
    <Limit PUT>
        Require expr "%{env:MATCH_PLACE} == 'uploads'"
    </Limit>
    <Limit POST>
        Require expr "%{env:MATCH_PLACE} == 'other'"
    </Limit>
</LocationMatch>
ExpectPolicy On
<VirtualHost 127.0.0.1:$port>
    ServerName site.test
    ServerAlias www.site.test *.wild.test
    DocumentRoot "$site"
    Redirect 302 /moved http://else.test/
    ErrorDocument 413 /never.html
    ErrorDocument 403 /never.html
    ExpectPolicyCeiling 200K
    DavLockDB $site.locks
    <Directory "$site/dav">
        Dav On
        ExpectPolicyMaxSize 5000
    </Directory>
    <Directory "$site/full">
        Dav On
        ExpectPolicyQuota 1000100
    </Directory>
    <Directory "$site/room">
        Dav On
        ExpectPolicyQuota 450000
    </Directory>
    <DirectoryMatch "^$site/(?:allowance|slots|bob)">
        Dav On
    </DirectoryMatch>
    <Location /allowance>
        ExpectPolicyAllowance 100/1d client
    </Location>
    <Location /slots>
        ExpectPolicyConcurrent 1 client
    </Location>
    <Location /space>
        ExpectPolicyFreeSpace 100%
    </Location>
    <Location /small>
        ExpectPolicyMinSize 50
    </Location>
    <Location /types>
        ExpectPolicyTypes image/png text/*
        ExpectPolicyEncodings identity gzip
        ExpectPolicyMaxSize 500
    </Location>
    <Location /methods>
        ExpectPolicyMethods POST PATCH
    </Location>
    <Location /length>
        ExpectPolicyRequireLength On
        ExpectPolicyMaxSize 400
    </Location>
    <Location /bearer>
        ExpectPolicyRequireAuth Bearer realm="api"
        ExpectPolicyMaxSize 10
    </Location>
    <Location /asks>
        ExpectPolicyRequireContinue 100
    </Location>
    <Location /banned>
        ExpectPolicyExpectations None
    </Location>
    <Location /listed>
        ExpectPolicyExpectations 100-continue foo=bar
    </Location>
    <Location /closed>
        ExpectPolicyRefuse maintenance "Back <soon> & \\"well\\"." 503
    </Location>
    <Location /dry>
        ExpectPolicy DryRun
        ExpectPolicyMaxSize 10
    </Location>
    <Location /off>
        ExpectPolicy Off
    </Location>
    <Location /problem>
        ExpectPolicyFormat Problem
        ExpectPolicyMaxSize 10
        ExpectPolicyTypes image/png
    </Location>
    <Location /negotiate>
        ExpectPolicyFormat Negotiate
        ExpectPolicyMaxSize 10
    </Location>
    <Location /always417>
        ExpectPolicyStatus 417
        ExpectPolicyMaxSize 10
    </Location>
    <Location /specific>
        ExpectPolicyStatus Specific
        ExpectPolicyMaxSize 10
    </Location>
    <Location /user>
$auth
        Require valid-user
        ExpectPolicyMaxSize 10
    </Location>
    <Location /bob>
$auth
        Require user bob
        ExpectPolicyMaxSize 10
        ExpectPolicyEarlyErrors On
    </Location>
    <Location /denied>
        Require all denied
    </Location>
    <Location /denied-early>
        Require all denied
        ExpectPolicyEarlyErrors On
    </Location>
    <Location /token>
        Require expr "%{HTTP:X-Token} == '1'"
    </Location>
    <Location /each>
$auth
        Require valid-user
        ExpectPolicyMaxSize expr=%{REMOTE_USER}
    </Location>
    <Location /total>
        ExpectPolicyMaxTotal 1000
    </Location>
    <Location /put>
        <Limit PUT>
            Require all denied
        </Limit>
    </Location>
    <Directory "$site/none">
        ExpectPolicyOverride None
        ExpectPolicyMaxSize 200
    </Directory>
    <Directory "$site/laxer">
        ExpectPolicyMaxSize 300
    </Directory>
    <Directory "$site/files">
        <FilesMatch "\\.php\$">
            ExpectPolicyRefuse no_programs
        </FilesMatch>
    </Directory>
    <Directory "$site/led">
        ExpectPolicyMaxSize 20
    </Directory>
    <If "%{HTTP:Content-Type} == 'application/x-if'">
        ExpectPolicyRefuse by_if "By <If>."
    </If>
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName other.test
    DocumentRoot "$site/other"
    ExpectPolicyMaxSize 30
</VirtualHost>
END
    load => [qw(auth_basic authn_file authz_user authz_host dav dav_fs rewrite mime)]);

sub encoded { return $_[0] =~ s/([^A-Za-z0-9.\/_-])/sprintf '%%%02X', ord $1/ger }

# The page, in a form: status, fields, body.
sub page {
    my ($query) = @_;
    return ask(port => $server->{port}, method => 'GET', path => "/uploads?$query",
               tag => '', host => 'main.test', timeout => 10);
}

sub asked_why {
    my ($host, $path, %how) = @_;
    my $query = 'explain=' . encoded("$how{method} http://$host$path");
    $query .= "&$_=" . encoded($how{$_})
        for grep { defined $how{$_} } qw(size type expect user auth encoding range accept);
    $query .= '&field=' . encoded($_) for @{ $how{fields} // [] };
    my $got = page("format=json&$query");
    is($got->{status}, 200, "$how{name}: it is explained") or diag $got->{body};
    schema_ok($got->{body}, 'explain.json');
    return JSON::PP->new->decode($got->{body});
}

# The same upload, sent.
sub upload {
    my ($host, $path, %how) = @_;
    my %fields = (type => 'Content-Type', expect => 'Expect', accept => 'Accept',
                  encoding => 'Content-Encoding', range => 'Content-Range');
    my @fields = map { "$fields{$_}: $how{$_}" }
        grep { defined $how{$_} } sort keys %fields;
    push @fields, 'Authorization: Basic ' . encode_base64("$how{user}:secret", '')
        if defined $how{user};
    push @fields, "Authorization: $how{auth} x" if defined $how{auth};
    push @fields, @{ $how{fields} // [] };
    my $size = $how{size};
    my $content = 'x' x ($size eq 'unknown' ? 300 : $size);
    my $head = "$how{method} $path HTTP/1.1\r\nHost: $host\r\n"
        . join('', map { "$_\r\n" } @fields)
        . ($size eq 'unknown' ? "Transfer-Encoding: chunked\r\n\r\n"
                              : "Content-Length: $size\r\n\r\n");
    $content = in_chunks($content) if $size eq 'unknown';
    my $asks = lc($how{expect} // '') =~ /100-continue/;
    return ask(port => $how{port} // $port, method => $how{method}, raw_head => $head,
               $asks ? (after_100 => $content) : (body => $content), tag => '');
}

# What differs from request to request.
sub comparable {
    my ($body) = @_;
    return undef if !defined $body;
    return $body =~ s/"id":"[^"]*"/"id":"-"/r =~ s/"retry_after":\d+/"retry_after":0/r
        =~ s/(>Request<\w+>)[^<]+/$1-/r;
}

my %results;
sub compare {
    my ($name, $path, %how) = @_;
    %how = (method => 'PUT', size => 100, host => 'site.test', name => $name, %how);
    my $said = asked_why($how{host}, $path, %how);
    my $got = upload($how{host}, $path, %how);
    my ($error) = ExpectPolicy::Wire::values_of($got, 'expect-policy-error');
    $results{$said->{outcome}}++;
    $results{codes}{$said->{error}}++ if defined $said->{error};
    is($said->{outcome}, $how{outcome}, "$name: the outcome") if $how{outcome};
    is($said->{error}, $how{error}, "$name: the error") if $how{error};
    if ($said->{outcome} eq 'refused') {
        is($got->{status}, $said->{answer}{status}, "$name: the status");
        is($error, $said->{error}, "$name: the error in the field");
    }
    elsif ($said->{outcome} =~ /\A(?:error|answered)\z/) {
        is($got->{status}, $said->{answer}{status}, "$name: the status of the answer");
    }
    else {
        is($error, undef, "$name: it is not refused") or diag $got->{body};
        unlike($got->{status}, qr/^5/, "$name: nor by others");
    }
    if (defined $said->{answer}{document}) {
        is(comparable($got->{body}), comparable($said->{answer}{document}),
           "$name: the document, byte for byte");
        for my $field (@{ $said->{answer}{fields} }) {
            my $value = $field->{value};
            next if lc $field->{name} eq 'retry-after';
            ok((grep { $_ eq $value } ExpectPolicy::Wire::values_of($got, lc $field->{name})),
               "$name: $field->{name}") or diag "$value, but: ",
                explain_fields($got, $field->{name});
        }
    }
    else {
        is($error, undef, "$name: nor is there a document of ours");
    }
    return $said;
}
sub explain_fields { return join ' | ', ExpectPolicy::Wire::values_of($_[0], lc $_[1]) }

sub check_of {
    my ($said, $check) = @_;
    return grep { $_->{check} eq $check } @{ $said->{checks} };
}

my $file = qr/\Q$server->{dir}\E\/test\.conf\z/;

# refused ones, and next to each one that differs in one fact
my $said = compare('too large', '/dav/a', size => 5001, outcome => 'refused',
                   error => 'content_too_large');
my ($check) = check_of($said, 'content_too_large');
is($check->{result}, 'failed', 'the check is named');
is($check->{limit}, 5000, 'with its limit');
is($check->{by}[0]{directive}, 'ExpectPolicyMaxSize', 'its directive');
is($check->{by}[0]{arguments}, '5000', 'as it was written');
like($check->{by}[0]{file}, $file, 'its file');
like($check->{by}[0]{line}, qr/^\d+$/, 'and its line');
compare('of the largest size', '/dav/a', size => 5000, outcome => 'admitted');
compare('too large, and asks', '/dav/b', size => 5001, expect => '100-continue');
compare('of the largest size, and asks', '/dav/b', size => 5000,
        expect => '100-continue', outcome => 'admitted');
compare('of unknown length', '/dav/c', size => 'unknown', outcome => 'admitted');
compare('above the ceiling', '/anywhere', size => 204_801,
        error => 'content_too_large');
compare('of the ceiling', '/anywhere', size => 204_800, outcome => 'admitted');
compare('above the ceiling where it is Off', '/off/x', size => 204_801,
        error => 'content_too_large');
compare('where it is Off', '/off/x', outcome => 'admitted');
compare('too small', '/small/x', size => 49, error => 'content_too_small');
compare('of the smallest size', '/small/x', size => 50, outcome => 'admitted');
compare('a part of a file', '/dav/part', size => 10, range => 'bytes 4995-5004/*',
        error => 'content_too_large');
compare('a part that fits', '/dav/part', size => 10, range => 'bytes 0-9/*',
        outcome => 'admitted');
compare('a range that is none', '/dav/part', size => 10, range => 'bytes a-b/*',
        error => 'malformed_content_range');
compare('of another type', '/types/x', type => 'application/pdf',
        error => 'unsupported_content_type');
compare('without a type', '/types/x', error => 'unsupported_content_type');
compare('of a type', '/types/x', type => 'text/plain; charset=x',
        outcome => 'admitted');
compare('of a type that is none', '/types/x', type => 'text',
        error => 'unsupported_content_type');
compare('POST of another type', '/types/x', method => 'POST', type => 'application/pdf');
compare('PATCH of another type', '/types/x', method => 'PATCH', type => 'application/pdf');
compare('of another coding', '/types/x', type => 'image/png', encoding => 'br',
        error => 'unsupported_content_encoding');
compare('of a coding', '/types/x', type => 'image/png', encoding => 'gzip',
        outcome => 'admitted');
compare('all wrong', '/types/x', size => 501, type => 'a/b', encoding => 'br',
        error => 'unsupported_content_type');
compare('by another method', '/methods/x', error => 'method_not_allowed');
compare('by a method', '/methods/x', method => 'POST', outcome => 'admitted');
compare('without a length', '/length/x', size => 'unknown', error => 'length_required');
compare('with a length', '/length/x', outcome => 'admitted');
compare('without credentials', '/bearer/x', size => 11, error => 'authentication_required');
compare('with others', '/bearer/x', size => 11, auth => 'Basic',
        error => 'authentication_required');
compare('with credentials', '/bearer/x', size => 11, auth => 'Bearer',
        error => 'content_too_large');
compare('with credentials, small', '/bearer/x', size => 10, auth => 'Bearer',
        outcome => 'admitted');
compare('does not ask', '/asks/x', size => 101, error => 'continue_required');
compare('asks', '/asks/x', size => 101, expect => '100-continue', outcome => 'admitted');
compare('need not ask', '/asks/x', size => 100, outcome => 'admitted');
compare('asks where that is banned', '/banned/x', expect => '100-continue',
        error => 'unsupported_expectation');
compare('does not ask there', '/banned/x', outcome => 'admitted');
compare('expects what is listed', '/listed/x', expect => 'foo=bar',
        outcome => 'admitted');
compare('expects something else', '/listed/x', expect => 'foo=baz',
        error => 'unsupported_expectation');
compare('expects what nobody lists', '/dav/x', expect => 'x', error => 'unsupported_expectation');
compare('expects something where it is Off', '/off/x', expect => 'x', outcome => 'error');
compare('is refused', '/closed/x', outcome => 'refused', error => 'maintenance');
compare('is refused, and asks', '/closed/x', expect => '100-continue');
compare('a dry run', '/dry/x', size => 11, outcome => 'would-refuse',
        error => 'content_too_large');
compare('a dry run, small', '/dry/x', size => 10, outcome => 'admitted');
compare('as a problem', '/problem/x', size => 11, type => 'image/png');
compare('as a problem with violations', '/problem/x', size => 11, type => 'a/b');
compare('as JSON', '/negotiate/x', accept => 'application/json');
compare('as a problem that is accepted', '/negotiate/x',
        accept => 'application/problem+json');
compare('as a page', '/negotiate/x', accept => 'text/html,*/*;q=0.1');
compare('always 417', '/always417/x');
compare('never 417', '/specific/x', expect => '100-continue');
compare('with a user', '/user/x', user => 'ann', size => 11, error => 'content_too_large');
compare('with a user, small', '/user/x', user => 'ann', size => 10,
        outcome => 'admitted');
$said = compare('without a user', '/user/x', size => 11, outcome => 'error');
is($said->{answer}{status}, 401, 'without a user, httpd says 401');
is_deeply([map { $_->{result} } check_of($said, 'content_too_large')], ['not asked'],
          'and the size is not asked');
like((check_of($said, 'content_too_large'))[0]{why}, qr/user first/, 'which it says');
compare('another user', '/bob/x', user => 'ann', size => 11, outcome => 'error');
compare('the user', '/bob/x', user => 'bob', size => 11, error => 'content_too_large');
compare('the user, small', '/bob/x', user => 'bob', size => 10, outcome => 'admitted');
compare('no user, with early errors', '/bob/x', size => 11, outcome => 'error');
compare('denied', '/denied/x', outcome => 'error');
compare('denied, with early errors', '/denied-early/x', outcome => 'error');
compare('denied by its method', '/put/x', outcome => 'error');
compare('not denied by its method', '/put/x', method => 'POST', outcome => 'admitted');
compare('by a stricter owner', '/tight/x', size => 101, type => 'image/png',
        error => 'content_too_large');
compare('not by that owner', '/tight/x', size => 100, type => 'image/png',
        outcome => 'admitted');
$said = compare("by the owner's types", '/tight/x', size => 100, type => 'image/gif',
        error => 'unsupported_content_type');
is((check_of($said, 'unsupported_content_type'))[0]{by}[0]{file},
   "$site/tight/.htaccess", 'in the .htaccess file');
compare('where no owner is asked', '/none/x', size => 101, outcome => 'admitted');
compare('by the server there', '/none/x', size => 201, error => 'content_too_large');
compare('by the server, which is stricter', '/laxer/x', size => 301,
        error => 'content_too_large');
compare('by an owner for some files', '/laxer/x.iso', error => 'no_iso');
compare('by an owner for a query', '/laxer/x?late=1', size => 8,
        error => 'content_too_large');
compare('by FilesMatch', '/files/x.php', error => 'no_programs');
compare('not by FilesMatch', '/files/x.txt', outcome => 'admitted');
compare('by If', '/x', type => 'application/x-if', error => 'by_if');
compare('by Require expr', '/token/x', outcome => 'error');
compare('with the field that it asks for', '/token/x', fields => ['X-Token: 1', 'X-A: b'],
        outcome => 'admitted');
compare('with a total that is too large', '/total/x', method => 'POST', size => 10,
        fields => ['Upload-Length: 1001'], error => 'content_too_large');
my ($total) = check_of($said = asked_why('site.test', '/total/x', method => 'POST',
        size => 10, fields => ['Upload-Length: 1001'], name => 'the total'),
    'content_too_large');
is_deeply([$total->{result}, $total->{limit}, $total->{by}[0]{directive}],
          ['failed', 1000, 'ExpectPolicyMaxTotal'], 'by the limit of the total');
compare("by a user's own limit", '/each/x', user => '3', size => 4,
        error => 'content_too_large');
compare("by another user's", '/each/x', user => '5', size => 5, outcome => 'admitted');
compare('and one byte more', '/each/x', user => '5', size => 6,
        error => 'content_too_large');
compare('with a total', '/total/x', method => 'POST', size => 10,
        fields => ['Upload-Length: 1000'], outcome => 'admitted');
compare('after mod_rewrite', '/rewritten/in', size => 21, error => 'content_too_large');
compare('after mod_rewrite, small', '/rewritten/in', size => 20, outcome => 'admitted');
compare('by a rule for no subrequest', '/rewritten/once', size => 21,
        error => 'content_too_large');
compare('by a rule for no subrequest, small', '/rewritten/once', size => 20,
        outcome => 'admitted');
compare('to another URL by mod_rewrite', '/rewritten/away', outcome => 'answered');
compare('to no other URL', '/rewritten/stays', outcome => 'admitted');
compare('to an answer without content', '/rewritten/empty', outcome => 'answered');
compare('to an error by mod_rewrite', '/rewritten/gone', outcome => 'error');
compare('to another URL', '/moved/x', outcome => 'answered');
compare('to none', '/moves/x', outcome => 'admitted');
compare('too large for another URL', '/moved/x', size => 204_801,
        error => 'content_too_large');
compare('in another host', '/x', host => 'other.test', size => 31,
        error => 'content_too_large');
compare('in another host, small', '/x', host => 'other.test', size => 30,
        outcome => 'admitted');
compare('by an alias', '/types/x', host => 'www.site.test', type => 'a/b',
        error => 'unsupported_content_type');
compare('by a wildcard', '/types/x', host => 'a.wild.test', type => 'a/b',
        error => 'unsupported_content_type');
compare('in a host that is none', '/types/x', host => "nobody.test:$port", type => 'a/b',
        error => 'unsupported_content_type');
compare('by a pattern that holds for the page, too', '/uploads', host => 'main.test',
        port => $server->{port}, outcome => 'admitted');
compare('by that pattern, and denied', '/uploads', host => 'main.test', method => 'POST',
        port => $server->{port}, outcome => 'error');
compare('with escapes', '/laxer/%78.iso', error => 'no_iso');
compare('with dots', '/dav/../laxer/x.iso', error => 'no_iso');
compare('a path that is none', '/dav/%zz', outcome => 'error');

# limits that count
compare('into a full tree', '/full/x', size => 101, error => 'quota_exceeded');
compare('into the rest of a full tree', '/full/x', size => 100, outcome => 'admitted');
$said = compare('into a tree with room', '/room/x', size => 50_001,
                error => 'quota_exceeded');
($check) = check_of($said, 'quota_exceeded');
is($check->{used}, 400_000, 'what is used is told');
is($check->{held}, 0, 'and what is held');
is($check->{limit}, 450_000, 'of the limit');
compare('over a file', '/room/old.bin', size => 200_000, outcome => 'admitted');
$said = compare('with an allowance', '/allowance/x', size => 60, outcome => 'admitted');
compare('beyond an allowance', '/allowance/x', size => 60, error => 'allowance_exceeded');
compare('for free space', '/space/x', error => 'insufficient_storage');
my $open = ask(port => $port, method => 'PUT', tag => '', patience => 0.5, linger => 0,
    raw_head => "PUT /slots/a HTTP/1.1\r\nHost: site.test\r\nContent-Length: 9\r\n\r\n",
    body => 'x');
is($open->{status}, undef, 'one is under way');
compare('while another is under way', '/slots/x',
        error => 'too_many_uploads');
close $open->{conn}{sock};
ok(wait_until(sub { page('explain=PUT+http://site.test/slots/y&format=text')->{body}
                            =~ /^admitted/m }, 5), 'and then not');
compare('when that has ended', '/slots/y', outcome => 'admitted');

cmp_ok($results{refused}, '>=', 40, 'uploads were refused');
cmp_ok($results{admitted}, '>=', 20, 'and others were not');
note join ', ', map { "$_ $results{codes}{$_}" } sort keys %{ $results{codes} };

done_testing;
