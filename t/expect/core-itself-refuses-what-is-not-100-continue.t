# No section names an expectation here, so the field is not held back: httpd's
# core answers before any directory is known.  Its 417 has to come at once, with
# our document.  No ErrorDocument or Header of an administrator may change it.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my @refused = (code => 'unsupported_expectation',
               members => { supported_expectations => ['100-continue'] });

# Legal spellings of 100-continue are among what core does not understand; a
# client that gets 417 comes back without.
for my $value ('foo', '100-continue, 100-continue', ',', 'foo;x=y',
               '100-continue;q=1', '"100-continue"') {
    for my $way (['length', length => 60_000_000], ['chunked', chunked => 1]) {
        my ($name, @way) = @$way;
        my $res = ask(method => 'PUT', path => '/app/free', @way,
                      headers => ["Expect: $value"], marker => 1);
        refusal_ok($res, @refused, name => "Expect: $value, $name");
    }
}
my $two = ask(path => '/app/free', length => 10, marker => 1,
              headers => ['Expect: 100-continue', 'Expect: 100-continue']);
refusal_ok($two, @refused, name => 'two Expect lines');
my $one = ask(path => '/app/free', length => 10, body => 'x' x 10,
              headers => ['Expect: 100-continue']);
accepted_ok($one, interim => $one->{interim}, name => 'and one');

# a virtual host whose own level is on, with pages of its own for 417
for my $host ('own.test', 'own-text.test', 'own-url.test', 'inherits.test') {
    my $res = ask(host => $host, path => '/app/free', length => 500_000,
                  headers => ['Expect: foo'], after_refusal => 'x' x 9000);
    refusal_ok($res, @refused, name => "ErrorDocument 417 of $host",
               headers => $host eq 'own.test'
                ? { 'Access-Control-Allow-Origin' => 'https://app.example' } : {});
    is(app_calls($res->{tag}), 0, 'no page of the administrator was asked');
    my $head = ask(method => 'HEAD', host => $host, path => '/plain.txt',
                   headers => ['Expect: foo']);
    refusal_ok($head, @refused, head => 1, name => "HEAD to $host");
}
unlike(slurp(vars('t_logs') . '/app.log'), qr{ /app/error},
       'the error page never ran');

# on in a section alone: core does not know the section, the host is enough
my $section = ask(host => 'off.test', path => '/app/anything', length => 5,
                  headers => ['Expect: foo'], after_refusal => 'xxxxx');
refusal_ok($section, @refused, name => 'a host with a section that is on',
           by => qr/./);

# on nowhere: what core says stays as it is
my $dark = ask(method => 'GET', host => 'dark.test', path => '/plain.txt',
               headers => ['Expect: foo']);
is($dark->{status}, 417, 'a host without policy: core');
like($dark->{body}, qr/<title>417/, "and core's page");
is_deeply([ log_lines($dark) ], [], 'of which we say nothing');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    for my $value ('foo', '100-continue, 100-continue') {
        my $res = $h2->answer($h2->request(path => '/app/free',
                                           length => 60_000_000,
                                           headers => ["expect: $value"]),
                              reset_within => 2);
        $h2->refused_ok($res, @refused, name => "HTTP/2, Expect: $value");
    }
    my $own = $h2->answer($h2->request(path => '/app/free', host => 'own.test',
                                       length => 100,
                                       headers => ['expect: foo']),
                          reset_within => 2);
    $h2->refused_ok($own, @refused, name => 'HTTP/2, ErrorDocument 417');
}

no_marker_was_served(13);
done_testing;
