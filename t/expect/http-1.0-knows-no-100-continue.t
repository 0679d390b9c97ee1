# RFC 9110 10.1.1: a server that receives 100-continue in an HTTP/1.0 request
# MUST ignore it.  The request is not refused for it, no status becomes 417 by it,
# and no 100 is sent.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

my @old = (version => '1.0', headers => ['Expect: 100-continue']);

my $none = ask(@old, path => '/app/none', length => 30, body => 'x' x 30);
accepted_ok($none, name => 'not refused where every Expect is');
is(app_says($none)->{received}, 30, 'and read');
my $new = ask(path => '/app/none', length => 30,
              headers => ['Expect: 100-continue'], after_refusal => 'x' x 30);
refusal_ok($new, code => 'unsupported_expectation',
           members => { supported_expectations => [] },
           name => 'in HTTP/1.1 it is');

my $free = ask(@old, path => '/app/free', length => 30, body => 'x' x 30);
accepted_ok($free, name => 'no 100 is sent');

my $large = ask(@old, path => '/app/size', length => 1001);
refusal_ok($large, code => 'content_too_large',
           members => { limit => 1000, requested_size => 1001 },
           name => 'it does not turn 413 into 417');
my $large11 = ask(path => '/app/size', length => 1001,
                  headers => ['Expect: 100-continue']);
refusal_ok($large11, code => 'content_too_large', status => 417,
           members => { limit => 1000, requested_size => 1001 },
           name => 'in HTTP/1.1 it does');

my $must = ask(@old, path => '/app/continue', length => 2_000_000);
refusal_ok($must, code => 'continue_required',
           members => { limit => 1_048_576 },
           name => 'it does not satisfy ExpectPolicyRequireContinue');

done_testing;
