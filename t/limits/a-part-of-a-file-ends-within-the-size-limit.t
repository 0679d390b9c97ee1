# ExpectPolicyMaxSize bounds where a part of a file ends (Content-Range of PUT and
# PATCH): last position + 1, or further where there is more content than the range
# says.  The answer comes on the head, and tells where the part would have ended; a
# range that cannot be read is refused, where a size or a quota matters.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(dav owner ceiling try free quota once);
open my $out, '>', "$site/owner/.htaccess" or die;
print $out "ExpectPolicyMaxSize 1000\n";
close $out or die;
my $capped = ExpectPolicy::Server::free_port();
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
<Directory "$site/dav">
    ExpectPolicyMaxSize 1000
</Directory>
<Directory "$site/owner">
    AllowOverride Limit
</Directory>
<Directory "$site/quota">
    ExpectPolicyQuota 1M
</Directory>
<Directory "$site/once">
    ExpectPolicyConcurrent 9 client
</Directory>
<Directory "$site/try">
    ExpectPolicy DryRun
    ExpectPolicyMaxSize 1000
</Directory>
<Location /cgi>
    ExpectPolicyMaxSize 1000
</Location>
Listen 127.0.0.1:$capped
<VirtualHost 127.0.0.1:$capped>
    ServerName capped.test
    ExpectPolicy On
    ExpectPolicyCeiling 1000
</VirtualHost>
END

sub range { return (headers => ["Content-Range: bytes $_[0]", @_[1 .. $#_]]) }
sub too_large {
    my ($end, %want) = @_;
    return (code => 'content_too_large',
            members => { limit => 1000, requested_size => $end }, %want);
}

# a file grows by parts up to the limit, and by no byte more
accepted_ok($server->put('/dav/a', 500, range('0-499/*')), status => 201,
            name => 'the first part');
accepted_ok($server->put('/dav/a', 500, range('500-999/*')), status => 204,
            name => 'the second one ends at the limit');
refusal_ok($server->announce('/dav/a', 1, range('1000-1000/*')),
           too_large(1001), name => 'the third one would end behind it');
is(-s "$site/dav/a", 1000, 'the file is as long as it may be');
refusal_ok($server->announce('/dav/b', 1, range('1073741823-1073741823/*',
                                                'Expect: 100-continue')),
           too_large(1_073_741_824, status => 417),
           name => 'a byte far behind the limit, asked first');
ok(!-e "$site/dav/b", 'no such file is made');
refusal_ok($server->announce('/dav/b', 20, range('985-990/*')),
           too_large(1005), name => 'more content than the range says');
accepted_ok($server->put('/dav/b', 15, range('985-990/*')), status => 201,
            name => 'which may be, as far as the limit goes');
is(-s "$site/dav/b", 1000, 'mod_dav writes all of it');
accepted_ok($server->put('/dav/c', 10, range('0-9/5000')), status => 201,
            name => 'the length of the whole is not what is stored');
refusal_ok($server->announce('/dav/d', 1,
                             range('9223372036854775807-9223372036854775807/*')),
           too_large(9_223_372_036_854_775_807), name => 'the last byte of all');

# of unknown length: on the head as far as the range says, then while it comes in
refusal_ok(ask($server->here, path => '/dav/e', chunked => 1,
               range('900-1000/*')),
           too_large(1001), name => 'chunked, and the range ends too far');
for ([100, 201, 1000], [101, 413, undef]) {
    my ($bytes, $status, $stored) = @$_;
    my $res = ask($server->here, path => "/dav/e$bytes", chunked => 1,
                  range('900-900/*'),
                  body => in_chunks('x' x $bytes));
    is($res->{status}, $status, "$bytes bytes in a chunk: $status");
    is(-s "$site/dav/e$bytes", $stored, 'and so much is stored');
    like($res->{body}, qr/^\{"error":"content_too_large".*"limit":1000/,
         'cut with the document') if $status == 413;
}

# both sides and the ceiling
refusal_ok($server->announce('/owner/a', 1, range('1000-1000/*')),
           too_large(1001, by => qr/\.htaccess:1/), name => "an owner's limit");
accepted_ok($server->put('/owner/a', 1, range('999-999/*')), status => 201,
            name => 'and a byte before it');
refusal_ok($server->announce('/ceiling/a', 1, range('1000-1000/*'),
                             port => $capped),
           too_large(1001), name => 'the ceiling');
accepted_ok($server->put('/ceiling/a', 1, range('999-999/*'), port => $capped),
            status => 201, name => 'and a byte before it');
accepted_ok($server->put('/free/a', 1, range('1000-1000/*')), status => 201,
            name => 'where there is no limit');
my $dry = $server->put('/try/a', 1, range('1000-1000/*'));
is($dry->{status}, 201, 'a dry run lets it through');
logged_once($dry, qr/would-refuse: error=content_too_large .*requested=1001 /,
            'and says so');

# what cannot be read, and the same with one fact changed
$server->measured_ok("$site/quota", '/quota/new');
my %twins = (
    'bytes 5-4/10' => 'bytes 4-5/10',
    'bytes 0-9/9' => 'bytes 0-9/10',
    'bytes */10' => 'bytes 0-9/*',
    'items 0-9/10' => 'bytes 0-9/10',
    'bytes=0-9/10' => 'bytes 0-9/10',
    'bytes  0-9/10' => 'bytes 0-9/10',
    'bytes 0 - 9/10' => 'bytes 0-9/10',
    'bytes 0--9/10' => 'bytes 0-9/10',
    'bytes -1-9/10' => 'bytes 1-9/10',
    'bytes 0-9223372036854775808/*' => 'bytes 0-9/9223372036854775807',
    'bytes 18446744073709551616-18446744073709551617/*' => 'bytes 0-1/*',
    '' => 'bytes 0-9/10',
);
my $pairs = 0;
for my $bad (sort keys %twins) {
    for my $place ('/dav/t', '/quota/t') {
        refusal_ok(ask($server->here, path => $place, length => 1,
                       headers => ["Content-Range: $bad"]),
                   code => 'malformed_content_range', name => "$place: $bad");
        is($server->put($place, 1,
                        headers => ["Content-Range: $twins{$bad}"])->{status},
           $pairs < 2 ? 201 : 204, "but $twins{$bad}");
        $pairs++;
    }
}
is($pairs, 24, 'pairs');
refusal_ok(ask($server->here, path => '/dav/t', chunked => 1,
               headers => ['Content-Range: bytes 0-0/1',
                           'Content-Range: bytes 0-0/1']),
           code => 'malformed_content_range', name => 'two fields, chunked');
refusal_ok(ask($server->here, path => '/dav/t', length => 1,
               headers => ['Content-Range: */1', 'Expect: 100-continue']),
           code => 'malformed_content_range', status => 417,
           name => 'who asked first');
# mod_dav's own answer where no limit needs to know
for my $place ('/once/t', '/free/t') {
    my $res = $server->put($place, 1, headers => ['Content-Range: bytes 5-4/10']);
    is($res->{status}, 400, "mod_dav says so itself: $place");
    unlike($res->{body}, qr/malformed_content_range/, 'in its own words');
}

# the field has a meaning for PUT and PATCH alone
refusal_ok($server->announce('/cgi/app.cgi', 1, range('1000-1000/*'),
                             method => 'PATCH'),
           too_large(1001), name => 'PATCH to a program');
accepted_ok($server->put('/cgi/app.cgi', 1, range('999-999/*'),
                         method => 'PATCH'), name => 'and a byte before it');
accepted_ok($server->put('/cgi/app.cgi', 1, range('1000-1000/*'),
                         method => 'POST'), name => 'POST');
accepted_ok($server->put('/cgi/app.cgi', 1, range('x'), method => 'POST'),
            name => 'POST with a field that nobody could read');

done_testing;
