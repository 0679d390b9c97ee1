# ExpectPolicyRefuse composes with the sections of httpd into any rule.
use strict;
use warnings;
use utf8;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my $closed = ask(path => '/app/refuse', length => 9, marker => 1);
refusal_ok($closed, code => 'closed', name => 'a code alone: 403');
is(app_ran($closed), 0, 'the application never saw it');
access_ok($closed, verdict => 'refused', error => 'closed');
refusal_ok(ask(path => '/app/refuse', chunked => 1), code => 'closed',
           name => 'chunked');
accepted_ok(ask(method => 'GET', path => '/app/refuse'), name => 'no upload');
accepted_ok(ask(path => '/app/free', length => 9, body => 'x' x 9),
            name => 'an upload elsewhere');

my $words = ask(path => '/app/refuse-words', length => 9);
refusal_ok($words, code => 'maintenance', status => 503, retryable => 1,
           name => 'with words and a status');
my ($doc) = parse_json($words->{body});
is($doc->{message}, 'We are moving. "Soon" – ö.', 'the words as written');
my $asked = ask(path => '/app/refuse-words', length => 9,
                headers => ['Expect: 100-continue']);
refusal_ok($asked, code => 'maintenance', status => 417, retryable => 1,
           name => '417 for who asked first');

my $silver = ask(path => '/app/refuse-if', length => 9,
                 headers => ['X-Plan: silver']);
refusal_ok($silver, code => 'gold_only', name => 'in an <If>');
($doc) = parse_json($silver->{body});
is($doc->{message}, 'Uploads need the gold plan.', 'its words');
accepted_ok(ask(path => '/app/refuse-if', length => 9, body => 'x' x 9,
                headers => ['X-Plan: gold']), name => 'whose condition is false');

make_tree('dirs');
for my $name ('evil.php', 'evil.exe') {
    my $res = ask(method => 'PUT', path => "/dirs/$name", length => 9,
                  after_refusal => 'x' x 9);
    refusal_ok($res, code => 'no_programs', name => "<FilesMatch>: $name");
    ok(!-e document_root() . "/dirs/$name", 'nothing was stored');
}
my $php = ask(method => 'PUT', path => '/dirs/fine.phps', length => 9,
              body => 'x' x 9);
accepted_ok($php, status => 201, name => '<FilesMatch> that does not match');
is(slurp(document_root() . '/dirs/fine.phps'), 'x' x 9, 'stored');

refusal_ok(ask(path => '/app/refuse-off', length => 9), code => 'closed',
           name => 'outside');
accepted_ok(ask(path => '/app/refuse-off/but', length => 9, body => 'x' x 9),
            name => 'Off inside ends it');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer($h2->request(path => '/app/refuse'),
                          reset_within => 2);
    $h2->refused_ok($res, code => 'closed');
}

no_marker_was_served(1);
done_testing;
