# ExpectPolicyEarlyErrors: an ErrorDocument could read the content, wait for it, or
# give another status.  So no ErrorDocument is called.  A redirect of any module is
# sent at once, too.  The same holds where only a section has the directive.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

use constant LONG => 20_000;

put_file('easis/moved.asis', "Status: 303 See Other\n"
         . "Location: http://127.0.0.1/elsewhere\n"
         . "Content-Type: text/plain\n\nover there\n");

my $checked = 0;
for my $host ('errors.test', 'errors-place.test') {
    for my $expect ([], ['Expect: 100-continue']) {
        for (['/app/e/denied/page', 403, 'forbidden'],
             ['/app/e/denied/text', 403, 'forbidden'],
             ['/app/e/user-page', 401, 'unauthorized']) {
            my ($path, $status, $code) = @$_;
            my $res = ask(host => $host, path => $path, length => LONG,
                          headers => $expect, marker => 1);
            refusal_ok($res, code => $code, status => $status, logged => 0,
                       name => "$host$path @$expect");
            is(app_ran($res), 0, 'no script was asked for a page');
            is(scalar(my @lines = access_line($res)), 1,
               'one line in the access log');
            like($lines[0], qr/" $status /, 'with the status');
            $checked++;
        }
        for (['/app/e/denied/url', 302, 'POST'], ['/app/e/moved', 302, 'POST'],
             ['/easis/moved.asis', 303, 'GET']) {
            my ($path, $status, $method) = @$_;
            next if $host eq 'errors-place.test' && $path =~ /asis/;
            my $res = ask(host => $host, method => $method, path => $path,
                          length => LONG, headers => $expect, marker => 1);
            is($res->{status}, $status, "$host$path @$expect: a redirect");
            cmp_ok($res->{ms}, '<', 2500, 'at once');
            is_deeply($res->{interim}, [], 'without 100');
            like(join(' ', ExpectPolicy::Wire::values_of($res, 'location')),
                 qr{/elsewhere(?:\?|\z)}, 'to where it leads');
            like(join(', ', ExpectPolicy::Wire::values_of($res, 'connection')),
                 qr/\bclose\b/i, 'with close');
            ExpectPolicy::Wire::read_until($res->{conn}, time + 2, sub { 0 });
            ok($res->{conn}{eof}, 'and closed');
            is($res->{conn}{in}, '', 'nothing behind it');
            $checked++;
        }
    }
}
is($checked, 22, 'asked');

# a section may also say Off, and then the administrator's page is back
for my $host ('errors-late.test', 'errors-none.test', 'errors-dry.test') {
    my $res = ask(host => $host, path => '/app/e/denied/text', length => LONG,
                  body => 'x' x LONG);
    is($res->{body}, "A page of the administrator's", "$host: the page");
    live_ok($res);
}
my $not = ask(host => 'errors-place.test', path => '/app/e/denied/not',
              length => LONG, body => 'x' x LONG);
like($not->{body}, qr/^<!DOCTYPE HTML/, 'where a section says Off, httpd answers');
live_ok($not);
# without content it never went away
my $get = ask(host => 'errors.test', method => 'GET',
              path => '/app/e/denied/page');
like($get->{body}, qr/^method=GET$/m,
   'a request without content gets the ErrorDocument');
my $late = ask(host => 'errors-place.test', path => '/e/retired', length => LONG,
               body => 'x' x LONG);
is($late->{status}, 410, 'what no section knows of');
unlike($late->{raw}, qr/expect-policy/i, "stays httpd's");

no_marker_was_served(22);
done_testing;
