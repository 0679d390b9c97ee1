# ExpectPolicyRequireContinue: an upload over the size or of unknown length that
# does not send `Expect: 100-continue` gets 428.  With the field it gets 100.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my @refused = (code => 'continue_required', members => { limit => 1_048_576 });

my $over = ask(path => '/app/continue', length => 1_048_577, marker => 1);
refusal_ok($over, @refused, name => 'one byte over the size');
is(app_ran($over), 0, 'the application never saw it');
my $exact = ask(path => '/app/continue', length => 1_048_576,
                body => 'x' x 1_048_576);
accepted_ok($exact, name => 'exactly the size');
my $asked = ask(path => '/app/continue', length => 1_048_577,
                headers => ['Expect: 100-continue'],
                after_100 => 'x' x 1_048_577);
accepted_ok($asked, interim => [100], name => 'over the size, but asked');
is(app_says($asked)->{received}, 1_048_577, 'and read');

my $chunked = ask(path => '/app/continue', chunked => 1, marker => 1);
refusal_ok($chunked, @refused, name => 'of unknown length');
my $asks = ask(path => '/app/continue', chunked => 1,
               headers => ['Expect: 100-continue'],
               after_100 => "3\r\nabc\r\n0\r\n\r\n");
accepted_ok($asks, interim => [100], name => 'of unknown length, but asked');
accepted_ok(ask(method => 'GET', path => '/app/continue'), name => 'no upload');

# an empty field asks for nothing
my $empty = ask(path => '/app/continue', length => 1_048_577,
                headers => ['Expect:']);
refusal_ok($empty, @refused, name => 'an empty Expect');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer($h2->request(path => '/app/continue'),
                          reset_within => 2);
    $h2->refused_ok($res, @refused);
    my $id = $h2->request(path => '/app/continue',
                          headers => ['expect: 100-continue']);
    is($h2->interim($id, 5), 100, 'asked over HTTP/2');
    $h2->content($id, 'xxx', end => 1);
    accepted_ok($h2->answer($id), interim => [100], name => 'and accepted');
}

no_marker_was_served(2);
done_testing;
