# httpd may lead an upload through several places: by per-directory rewriting, Action,
# DirectoryIndex, FallbackResource and negotiation.  The policy of each place holds,
# each once, in any order.  Content is counted once.
use strict;
use warnings;

use ExpectPolicy::Wire;
use MIME::Base64 qw(encode_base64);
use Test::More;

my @large = (code => 'content_too_large',
             members => { limit => 1000, requested_size => 1001 });
my @cut = (cut => 1, code => 'content_too_large', members => { limit => 1000 });
my @alice = ('Authorization: Basic ' . encode_base64('alice:wonder', ''));

make_tree("ways/$_") for qw(strict lax dry dry2);
for my $dir (qw(from to)) {
    make_tree("ways/$dir/$_") for qw(index fallback);
    put_file("ways/$dir/action/x.up", '');
    put_file("ways/$dir/map/map.var",
             "URI: target.cgi\nContent-Type: text/plain\n");
    put_file("ways/$dir/rewritten", '');
    put_file("ways/$dir/moved", '');
    program("ways/$dir/nego/script.cgi");
    program("ways/$dir/map/target.cgi");
}
make_tree('ways/members', 'rewritten' => '');
program('ways/members/script.cgi');
put_file($_, '') for map { "ways/$_" } qw(chain/one chain/middle/two twice/in
    end/off end/dry look/ahead dry/in dry/to);

sub program {
    my ($path) = @_;
    make_tree($path =~ s{/[^/]*\z}{}r);
    my $link = document_root() . "/$path";
    symlink vars('serverroot') . '/cgi-bin/app.cgi', $link unless -l $link;
}

# in several pieces, so that a count that starts again would be noticed
sub chunks { return in_chunks('x' x $_[0], 250) }

sub way_ok {
    my ($path, $name, @more) = @_;
    my @ask = (host => 'ways.test', path => $path, headers => [@more]);
    my $res = ask(@ask, length => 1001, marker => 1);
    refusal_ok($res, @large, name => "$name: one byte too many");
    is(app_ran($res), 0, 'the application never saw it');
    is(scalar(my @lines = access_line($res)), 1, 'one line in the access log');
    access_ok($res, verdict => 'refused', error => 'content_too_large',
              limit => 1000, requested => 1001);

    my $asked = ask(@ask, length => 1001,
                    headers => [@more, 'Expect: 100-continue']);
    refusal_ok($asked, @large, status => 417, name => "$name: asking first");

    my $stream = ask(@ask, chunked => 1, body => chunks(1001));
    refusal_ok($stream, @cut, name => "$name: one byte too many, chunked");

    my $ok = ask(@ask, length => 1000, body => 'x' x 1000);
    accepted_ok($ok, name => "$name: one byte less");
    is(app_says($ok)->{received}, 1000, 'is read');
    is(app_ran($ok), 1, 'once');
    access_ok($ok, verdict => 'admitted');
    my $exact = ask(@ask, chunked => 1, body => chunks(1000));
    accepted_ok($exact, name => "$name: one byte less, chunked");
    is(app_says($exact)->{received}, 1000, 'is counted once');
}

my @ways = (
    ['rewritten', 'a rewrite to a location'],
    ['moved', 'a rewrite to a directory'],
    ['index/', 'DirectoryIndex'],
    ['fallback/no/such', 'FallbackResource'],
    ['action/x.up', 'Action'],
    ['nego/script', 'MultiViews'],
    ['map/map.var', 'a type map'],
);
my $ran = 0;
for (@ways) {
    my ($path, $name) = @$_;
    way_ok("/ways/from/$path", "$name, from strict to lax");
    way_ok("/ways/to/$path", "$name, from lax to strict");
    $ran += 2;
}
way_ok('/aliased/app.cgi', 'Alias');
way_ok('/ways/chain/one', 'lax, strict, lax');
way_ok('/ways/twice/in', 'strict twice');
is($ran + 3, 17, 'ways');

# what is passed cannot be taken back by a place with no policy
for my $path ('/ways/end/off', '/ways/end/dry') {
    my @ask = (host => 'ways.test', path => $path);
    refusal_ok(ask(@ask, length => 1001, marker => 1), @large, name => $path);
    refusal_ok(ask(@ask, chunked => 1, body => chunks(1001)), @cut,
               name => "$path, chunked");
    accepted_ok(ask(@ask, chunked => 1, body => chunks(1000)),
                name => "$path, one byte less");
}

# where httpd's own authentication comes first, the place waits and still holds
for (['/ways/members/', 'DirectoryIndex'],
     ['/ways/members/rewritten', 'a rewrite'],
     ['/ways/members/app.cgi', 'no way at all'],
     ['/ways/members/script', 'MultiViews']) {
    my ($path, $name) = @$_;
    my @ask = (host => 'ways.test', path => $path);
    is(ask(@ask, length => 1001, body => 'x' x 1001)->{status}, 401,
       "$name: nobody is told a limit");
    refusal_ok(ask(@ask, length => 1001, marker => 1, headers => [@alice]),
               @large, name => "members, $name");
    refusal_ok(ask(@ask, chunked => 1, body => chunks(1001),
                   headers => [@alice]), @cut, name => "members, $name, chunked");
    accepted_ok(ask(@ask, chunked => 1, body => chunks(1000),
                    headers => [@alice]), name => "members, $name, less");
}

# ------------------------------------------------------------ subrequests
# have no content: a place that a page includes, or that mod_rewrite looks at,
# refuses nothing and says nothing
put_file('ways/ssi/page.shtml', 'one <!--#include virtual="/app/closed" --> '
         . 'two <!--#include virtual="/ways/strict/app.cgi" -->');
for my $how ([length => 1500, body => 'x' x 1500],
             [chunked => 1, body => chunks(2000)]) {
    my $page = ask(host => 'ways.test', path => '/ways/ssi/page.shtml', @$how);
    accepted_ok($page, name => "a page that includes closed places, $how->[0]");
    is(() = $page->{body} =~ /^received=0$/mg, 2, 'with both of them');
    is_deeply([ log_lines($page) ], [], 'and not a word in the log');
}
my $over = ask(host => 'ways.test', path => '/ways/ssi/page.shtml',
               chunked => 1, body => chunks(2001));
refusal_ok($over, cut => 1, code => 'content_too_large', members => { limit => 2000 },
           name => 'the page has a limit of its own');
my $ahead = ask(host => 'ways.test', path => '/ways/look/ahead', chunked => 1,
                body => chunks(2000));
accepted_ok($ahead, name => 'a rewrite that looks ahead');
is(app_says($ahead)->{received}, 2000, 'counts nothing twice');
refusal_ok(ask(host => 'ways.test', path => '/ways/look/ahead', length => 2001),
           code => 'content_too_large', name => 'and refuses once',
           members => { limit => 2000, requested_size => 2001 });

# ------------------------------------------------------------ a dry run
for (['/ways/dry/app.cgi', 1, 'no way at all'], ['/ways/dry/', 1, 'DirectoryIndex'],
     ['/ways/dry/no/such', 1, 'FallbackResource'],
     ['/ways/dry/in', 1, 'a rewrite in the same place'],
     ['/ways/dry/to', 2, 'a rewrite to another dry place']) {
    my ($path, $lines, $name) = @$_;
    my $res = ask(host => 'ways.test', path => $path, length => 1001,
                  body => 'x' x 1001);
    accepted_ok($res, name => "a dry run: $name");
    my @lines = grep { / would-refuse: / } log_lines($res);
    is(scalar @lines, $lines, "$name: $lines would-refuse in the log")
        or diag @lines;
    access_ok($res, verdict => 'would-refuse', error => 'content_too_large',
              limit => $lines == 2 ? 900 : 1000, requested => 1001,
              name => 'and in the environment');
}

no_marker_was_served(17);
done_testing;
