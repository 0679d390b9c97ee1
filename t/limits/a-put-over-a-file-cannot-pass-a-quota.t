# A PUT needs room only for the difference to the file that it replaces.  Only bytes
# that exist and were counted are subtracted, for one upload at a time.  A part of a
# file needs room for the growth of the file.  The fields that mod_dav sees decide.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant M => 1024 * 1024;

# A directory each, with a quota of 10M of its own.
my $site = ExpectPolicy::Ledger::site();
my @dirs = qw(range fits edited unedited unset storm holes linked plain late
              broken);
mkdir "$site/$_" or die for @dirs;
my $outside = ExpectPolicy::Ledger::site();
ExpectPolicy::Ledger::filled($outside, 'large', 9 * M);
symlink $outside, "$site/linked/out" or die;
ExpectPolicy::Ledger::sparse($site, 'holes/sparse', 9 * M);
ExpectPolicy::Ledger::filled($site, "$_/full", 9 * M) for qw(storm plain late);
my $limit = 10 * M;
ExpectPolicy::Ledger::filled($site, 'error.html', 10);
my %more = (
    # a page that httpd leads on to takes nothing back
    fits => join("\n", map { "ErrorDocument $_ /error.html" } 400, 408, 500),
    edited => 'RequestHeader set Content-Range "bytes 1073741823-1073741823/*"',
    unedited => 'RequestHeader set Content-Range "bytes 5000-5009/*"',
    unset => 'RequestHeader unset Content-Range',
);
my $server = ExpectPolicy::Ledger->start(join('', map { <<"END" } @dirs),
<Directory "\@site\@/$_">
    ExpectPolicyQuota $limit
    Options +FollowSymLinks
    @{[$more{$_} // '']}
</Directory>
END
    site => $site, load => ['headers']);
$server->measured_ok("$site/$_", "/$_/new") for @dirs;

sub used { return $server->used("$site/$_[0]") }

sub refused {
    my ($left, $asked) = @_;
    return (code => 'quota_exceeded',
            members => { quota_remaining => $left, requested_size => $asked });
}

sub range {
    my ($first, $last, $complete) = @_;
    $complete //= $last + 1;
    return (headers => ["Content-Range: bytes $first-$last/$complete"]);
}

# (a) One byte at the end of a gigabyte.
my $far = $server->announce('/range/a', 1, range(1_073_741_823, 1_073_741_823));
refusal_ok($far, refused($limit, 1), name => 'a byte far behind the end');
ok(!-e "$site/range/a", 'no such file is made');
accepted_ok($server->put('/range/a', 1, range(5 * M - 1, 5 * M - 1)),
            status => 201, name => 'a byte that is not so far');
is(-s "$site/range/a", 5 * M, 'the file is as long as the position says');
is(used('range'), 5 * M, 'the whole length of the file counts');
refusal_ok($server->announce('/range/a', 6 * M), refused(5 * M, 6 * M),
           name => 'holes are no credit');
accepted_ok($server->put('/range/b', 5 * M), status => 201,
            name => 'an upload of what is left is admitted');
is(used('range'), 10 * M, 'the quota is used to the last byte');
refusal_ok($server->announce('/range/b', 1, range(5 * M, 5 * M)),
           refused(0, 1), name => 'no file grows by a byte more');
accepted_ok($server->put('/range/b', 1000, range(1000, 1999, 5 * M)),
            status => 204, name => 'a part that makes nothing longer');
is(used('range'), 10 * M, 'a part inside the file counts nothing');
refusal_ok($server->announce('/range/a', 1000, range(1000, 1999, 5 * M)),
           refused(0, 1000), name => 'a part that fills a hole counts');
# the content is longer than the range says, and mod_dav writes all of it
refusal_ok($server->announce('/range/b', 1000, range(5 * M - 1, 5 * M - 1)),
           refused(0, 1000), name => 'a range that is shorter than its content');
for my $place ('/range/b', '/fits/a') {
    refusal_ok($server->announce($place, 10, range(5, 4)),
               code => 'malformed_content_range',
               name => "a malformed range, $place");
}
is(used('fits'), 0, 'a malformed range counts nothing');

# A part that is given up stays in the file.
accepted_ok($server->put('/fits/a', 10), status => 201, name => 'a small file');
my $part = $server->begin('/fits/a', 2 * M, range(10, 2 * M + 9));
ok(ExpectPolicy::Ledger::is_admitted($part),
   'a part that makes the file longer is admitted');
ExpectPolicy::Ledger::send_content($part, M);
ok(wait_until(sub { -s "$site/fits/a" >= M / 2 }, 10), 'some of the part is on disk');
ExpectPolicy::Ledger::drop($part);
is(used('fits'), -s "$site/fits/a", 'what was written when it was given up counts');
cmp_ok(used('fits'), '>', 10, 'the file is longer than before');

# (c) An owner's RequestHeader, which mod_dav sees.
refusal_ok($server->announce('/edited/a', 1), refused($limit, 1),
           name => 'a range from the configuration');
ok(!-e "$site/edited/a", 'no such file is made');
accepted_ok($server->put('/unedited/a', 10), status => 201,
            name => 'one that fits');
is(used('unedited'), 5010, 'a range from the configuration counts up to its end');
accepted_ok($server->put('/unset/a', 3000), status => 201, name => 'a file');
accepted_ok($server->put('/unset/a', 10, range(3000, 3009)), status => 204,
            name => 'a range that is taken away');
is(-s "$site/unset/a", 10, 'content whose range was removed replaces the file');
is(used('unset'), 3010, 'it counts no more than was known on the head');

# (d) Eight uploads over one file.
my @over = map { $server->begin('/storm/full', 9 * M) } 1 .. 8;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @over), 1,
   'one of eight may replace it');
is(scalar(grep { ($_->{status} // 0) == 417 } @over), 7, 'seven are refused');
my ($one) = grep { ExpectPolicy::Ledger::is_admitted($_) } @over;
is(ExpectPolicy::Ledger::finish($one), 204, 'the one that is admitted replaces the file');
is(used('storm'), 9 * M, 'the replaced file counts once');
accepted_ok($server->put('/storm/full', 9 * M), status => 204,
            name => 'then it is the next one\'s turn');
@over = map { $server->begin('/storm/full', 100_000) } 1 .. 8;
is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @over), 8,
   'smaller ones fit without it');
is(join(' ', map { ExpectPolicy::Ledger::finish($_) } @over),
   join(' ', (204) x 8), 'the smaller ones are all stored');
cmp_ok(used('storm'), '>=', 100_000, 'the usage is never below the size on disk');

# One that is given up or dies gives the right back.
$one = $server->begin('/late/full', 9 * M);
ok(ExpectPolicy::Ledger::is_admitted($one), 'one may');
refusal_ok($server->announce('/late/full', 9 * M), refused(M, 9 * M),
           name => 'no other meanwhile');
ExpectPolicy::Ledger::drop($one);
$server->settled_ok;
accepted_ok($server->put('/late/full', 9 * M), status => 204,
            name => 'when it is given up, another one may');

# What no walk through the tree counts is no credit.
refusal_ok($server->announce('/holes/sparse', 2 * M), refused(M, 2 * M),
           name => 'a file of holes is no credit');
accepted_ok($server->put('/holes/sparse', M), status => 204,
            name => 'it can be replaced by what fits');
is(used('holes'), 10 * M, 'the file of holes counts until the tree is measured again');
accepted_ok($server->put('/linked/own', M), status => 201, name => 'a file');
accepted_ok($server->put('/linked/out/large', 1), status => 204,
            name => 'one behind a link is replaced');
is(used('linked'), M + 1, 'a file behind a link is not subtracted');
accepted_ok($server->put('/plain/full', 1), status => 204,
            name => 'one in the tree is replaced');
is(used('plain'), 1, 'a replaced file in the tree is subtracted');

# A range of unknown length.
my $chunked = $server->put_chunked('/broken/a', 100,
                                   range(1_073_741_823, 1_073_741_823));
refusal_ok($chunked, code => 'quota_exceeded',
           members => { quota_remaining => $limit },
           name => 'far away, of unknown length');
accepted_ok($server->put_chunked('/broken/a', 100, range(M, M + 99)),
            status => 201, name => 'not so far');
is(used('broken'), M + 100, 'counts as far as it reaches');

$server->settled_ok;
$server->stop;
done_testing;
