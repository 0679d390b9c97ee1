# ExpectPolicyStatus: Auto says 417 to a client that sent an Expect field that
# counts, Specific only for an expectation that is not met, 417 always.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

my @large = (code => 'content_too_large',
             members => { limit => 1000, requested_size => 1001 });
my @asks = (headers => ['Expect: 100-continue']);

my @table = (
    # place, without Expect, with 100-continue, the same in HTTP/1.0, empty
    ['auto', 413, 417, 413, 413],
    ['specific', 413, 413, 413, 413],
    ['always417', 417, 417, 417, 417],
);
my $n = 0;
for (@table) {
    my ($place, $without, $with, $old, $empty) = @$_;
    my @ask = (path => "/app/$place", length => 1001);
    refusal_ok(ask(@ask), @large, status => $without,
               name => "$place, no Expect: $without");
    refusal_ok(ask(@ask, @asks), @large, status => $with,
               name => "$place, 100-continue: $with");
    refusal_ok(ask(@ask, @asks, version => '1.0'), @large, status => $old,
               name => "$place, 100-continue in HTTP/1.0: $old");
    refusal_ok(ask(@ask, headers => ['Expect:']), @large, status => $empty,
               name => "$place, an empty Expect: $empty");
    accepted_ok(ask(path => "/app/$place", length => 1000, body => 'x' x 1000),
                name => "$place, one byte less");
    $n += 5;
}
cmp_ok($n, '>=', 15, 'combinations');

my $none = ask(path => '/app/specific-none', length => 9, @asks);
refusal_ok($none, code => 'unsupported_expectation',
           members => { supported_expectations => [] },
           name => 'Specific, an expectation that is not met: 417');
accepted_ok(ask(path => '/app/specific-none', length => 9, body => 'x' x 9),
            name => 'and without it');

done_testing;
