# With mod_security2, mod_reqtimeout, mod_remoteip, mod_rewrite and mod_deflate in the
# same server, an upload is judged by its head first.  Then each does its own work.
#
# runs: company
use strict;
use warnings;

use Compress::Zlib ();
use MIME::Base64 qw(encode_base64);
use ExpectPolicy::Company;
use ExpectPolicy::Wire;
use Test::More;

my $dir = scratch();
my $conf = vars('t_conf');
mkdir "$dir/$_" or die $! for qw(in rewritten);
my $root = vars('serverroot');
symlink "$root/cgi-bin/app.cgi", "$dir/in/app.cgi" or die $!;
symlink "$root/cgi-bin/app.cgi", "$dir/rewritten/app.cgi" or die $!;
my $guard = guard(<<"END", qw(unique_id security2 reqtimeout remoteip rewrite),
ExpectPolicy On
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 1000000
SecRequestBodyInMemoryLimit 131072
SecDataDir "$dir"
SecTmpDir "$dir"
SecRule REQUEST_BODY "attack" "id:1,phase:2,deny,status:409"
RequestReadTimeout header=2 body=2
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
LogFormat "\\"%r\\" %>s client=%a in=%I" company
CustomLog access_log company
<Location /app>
    ExpectPolicyMaxSize 1000
</Location>
<Location /app/counted>
    ExpectPolicyAllowance 2000/1d host
</Location>
<Location /app/user>
    AuthType Basic
    AuthName "members"
    AuthUserFile "$conf/users"
    Require valid-user
</Location>
<Location /app/inflated>
    SetInputFilter DEFLATE
    SecRuleEngine Off
</Location>
Alias /dir "$dir"
<Directory "$dir">
    Require all granted
    Options +ExecCGI +FollowSymLinks
    SetHandler cgi-script
    # or it reads all before mod_rewrite has had its turn
    SecRequestBodyAccess Off
</Directory>
<Directory "$dir/in">
    RewriteEngine On
    RewriteRule "^moved\$" "/dir/rewritten/app.cgi"
    ExpectPolicyMaxSize 5000
</Directory>
<Directory "$dir/rewritten">
    ExpectPolicyMaxSize 1000
</Directory>
END
    qw(auth_basic authn_file authz_user deflate filter));
my @to = (port => $guard->{port});
my @asks = (headers => ['Expect: 100-continue']);
my @large = (code => 'content_too_large', logged => 0,
             members => { limit => 1000, requested_size => 1001 });

# mod_security2 reads the content in its first fixup
for my $case (['/app/x'], ['/app/user', 'Authorization: Basic '
                           . encode_base64('alice:wonder', '')]) {
    my ($path, @headers) = @$case;
    my @sec = (@to, path => $path);
    my $res = ask(@sec, length => 1001, headers => [@headers]);
    refusal_ok($res, @large, name => "$path: mod_security2 does not read first");
    $res = ask(@sec, length => 1001, headers => [@headers, @{ $asks[1] }]);
    refusal_ok($res, @large, status => 417, name => "$path: nor invite");
    $res = ask(@sec, length => 1000, headers => [@headers, @{ $asks[1] }],
               after_100 => 'x' x 1000);
    is($res->{status}, 200, "$path: what fits is admitted")
        or diag $guard->error_log;
    is_deeply($res->{interim}, [100], 'invited once');
    is(app_says($res)->{received}, 1000, "$path: mod_security2 passes the content on");
    $res = ask(@sec, length => 6, body => 'attack', headers =>
               [@headers, 'Content-Type: application/x-www-form-urlencoded']);
    is($res->{status}, 409, "$path: mod_security2 refuses an attack");
    $res = ask(@sec, chunked => 1, headers => [@headers],
               body => "3e9\r\n" . 'x' x 1001 . "\r\n0\r\n\r\n");
    refusal_ok($res, code => 'content_too_large', logged => 0,
               members => { limit => 1000 },
               name => "$path: cut while mod_security2 reads");
    is(app_ran($res), 0, 'a stream over the limit runs nothing');
}
# limits that count are asked in fixups, and still before it
my @counted = (@to, path => '/app/counted');
for my $turn (1, 2) {
    my $fits = ask(@counted, length => 1000, @asks, after_100 => 'x' x 1000);
    is($fits->{status}, 200, "allowance, upload $turn of two that fit");
    is(app_says($fits)->{received}, 1000, 'is read');
}
my $over = ask(@counted, length => 1, @asks);
refusal_ok($over, code => 'allowance_exceeded', status => 417, logged => 0,
           members => { allowance_remaining => 0, requested_size => 1,
                        retry_after => qr/^\d+$/ },
           headers => { 'Retry-After' => qr/^\d+$/ },
           name => 'a third one is not invited by mod_security2');
refusal_ok(ask(@counted, length => 1), code => 'allowance_exceeded', logged => 0,
           members => { allowance_remaining => 0, requested_size => 1,
                        retry_after => qr/^\d+$/ },
           headers => { 'Retry-After' => qr/^\d+$/ },
           name => 'a refused upload is not waited for');

my $nobody = ask(@to, path => '/app/user', length => 1001, @asks);
is($nobody->{status}, 401, 'a client without credentials is asked for a password first');

# mod_reqtimeout: who sends slowly is cut off by it, who is refused is not held
my $slow = ask(@to, path => '/app/x', length => 1000, body => 'x', patience => 8);
is($slow->{status}, 408, 'mod_reqtimeout ends an admitted upload that stalls');
cmp_ok($slow->{ms}, '>', 1500, 'after its time');
my $quick = ask(@to, path => '/app/x', length => 1001, body => 'x');
refusal_ok($quick, @large, name => 'a refused one is answered at once');

# mod_remoteip: the line in the log is about the client, not the front end
my $far = ask(@to, path => '/app/x', length => 1001,
              headers => ['X-Forwarded-For: 192.0.2.77']);
refusal_ok($far, @large, name => 'refused behind a front end');
like((refusals($guard, qr/192\.0\.2\.77/))[0] // '',
     qr/\[(?:client|remote) 192\.0\.2\.77:\d+\] refused: /,
     'the log names the client');
unlike((refusals($guard))[0], qr/192\.0\.2\.77/, 'lines of other clients do not name it');

# mod_rewrite in a directory: both places hold
my $moved = ask(@to, path => '/dir/in/moved', length => 1001);
refusal_ok($moved, @large, name => 'the place it is rewritten to is asked, too');
my $fits = ask(@to, path => '/dir/in/moved', length => 1000, body => 'x' x 1000);
is($fits->{status}, 200, 'one byte less is admitted') or diag $guard->error_log;
is(app_says($fits)->{received}, 1000, 'the content reaches the program after the rewrite');
my $first = ask(@to, path => '/dir/in/moved', length => 5001);
refusal_ok($first, code => 'content_too_large', logged => 0,
           members => { limit => 5000, requested_size => 5001 },
           name => 'the place that the client named is asked, too');

# mod_deflate inflates content: what is counted are the bytes on the wire
# mod_deflate has a limit of its own, on a ratio of 200
my $block = join '', map { chr int rand 256 } 1 .. 400;
my $zipped = Compress::Zlib::memGzip($block x 125);
cmp_ok(length $zipped, '<', 1000, 'content that is small on its way');
my $gzip = 'Content-Encoding: gzip';
for my $case (['with a length', length => length $zipped, body => $zipped],
              ['chunked', chunked => 1, body => in_chunks($zipped)]) {
    my ($name, @more) = @$case;
    my $res = ask(@to, path => '/app/inflated', @more, headers => [$gzip]);
    is($res->{status}, 200, "$name: admitted") or diag $guard->error_log;
    is(app_says($res)->{received}, 50_000, "$name: the program gets inflated content")
        or diag $res->{body};
}
my $random = join '', map { chr int rand 256 } 1 .. 3000;
my $dense = Compress::Zlib::memGzip($random);
my $cut = ask(@to, path => '/app/inflated', chunked => 1, headers => [$gzip],
              body => in_chunks($dense));
is($cut->{status}, 413, 'more than the limit on the wire is cut');
is(app_ran($cut), 0, 'before the program runs');
done_testing;
