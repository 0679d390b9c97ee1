# httpd may serve an upload from another place than the one it asked for: after
# per-directory rewriting, Action, DirectoryIndex, FallbackResource and content
# negotiation.  The last three swap the configuration without running any hook
# before the handler.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

my @large = (code => 'content_too_large',
             members => { limit => 1000, requested_size => 1001 });

my $app = slurp(vars('serverroot') . '/cgi-bin/app.cgi');
for my $file ('index/index.cgi', 'fallback/front.cgi', 'nego/script.cgi') {
    make_tree($file =~ s{/.*}{}r);
    my $link = document_root() . "/$file";
    symlink vars('serverroot') . '/cgi-bin/app.cgi', $link unless -l $link;
}
make_tree('rewrite', 'in' => '', 'free' => '');
make_tree('action', 'x.up' => '');
ok(length $app, 'there is an application');

my $ran = 0;
for (['/rewrite/in', 'RewriteRule'], ['/index/', 'DirectoryIndex'],
     ['/fallback/no/such', 'FallbackResource'], ['/action/x.up', 'Action'],
     ['/nego/script', 'MultiViews']) {
    my ($path, $name) = @$_;
    my $res = ask(path => $path, length => 1001, marker => 1);
    refusal_ok($res, @large, name => $name);
    is(app_ran($res), 0, 'the application never saw it');
    my @lines = access_line($res);
    is(scalar @lines, 1, 'one request in the access log');
    access_ok($res, verdict => 'refused', error => 'content_too_large',
              limit => 1000, requested => 1001,
              name => 'with the verdict, wherever it was given');

    my $asked = ask(path => $path, length => 1001, marker => 1,
                    headers => ['Expect: 100-continue']);
    refusal_ok($asked, @large, status => 417, name => "$name, asking first");

    my $ok = ask(path => $path, length => 1000, body => 'x' x 1000);
    accepted_ok($ok, name => "$name, one byte less");
    is(app_says($ok)->{received}, 1000, 'is read');
    access_ok($ok, verdict => 'admitted');
    $ran++;

    my $stream = ask(path => $path, chunked => 1, marker => 1,
                     body => "400\r\n" . 'x' x 1024 . "\r\n0\r\n\r\n");
    refusal_ok($stream, cut => 1, code => 'content_too_large',
               members => { limit => 1000 }, name => "$name, chunked");
    accepted_ok(ask(path => $path, chunked => 1,
                    body => "3e8\r\n" . 'x' x 1000 . "\r\n0\r\n\r\n"),
                name => "$name, chunked, exactly the limit");
}
is($ran, 5, 'ways');

# the place that was asked for lets it pass, and so does the other
accepted_ok(ask(path => '/rewrite/free', length => 1001, body => 'x' x 1001),
            name => 'a rewrite to where it is allowed');

# An error page is no upload: the place where it lies may refuse what it likes.
my $gone = ask(path => '/gone/x', length => 9, body => 'x' x 9);
is($gone->{status}, 404, 'an error stays the error that it is');
like($gone->{body}, qr/^method=GET$/m, 'with the page of the administrator');
is_deeply([ grep { /refused/ } log_lines($gone) ], [], 'which is not refused');

no_marker_was_served(15);
done_testing;
