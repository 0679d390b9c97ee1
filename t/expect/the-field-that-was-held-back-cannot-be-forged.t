# Where Expect is held back from core, it has another name for a moment.  A client
# may send a field of that name, single bytes, or several requests at once.  None
# of this lets an Expect field pass, or adds one that the client did not send.
#
# runs: held
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(sleep);

my @refused = (code => 'unsupported_expectation', members => {
    supported_expectations => ['100-continue'],
});
my @none = (code => 'unsupported_expectation',
            members => { supported_expectations => [] });

# names that a client might guess; the application must not be told either
for my $name ('Expect-Policy-Held', 'expect-policy-held', 'X-Expect',
              'EXPECT_POLICY_HELD', 'Xpect', 'Expect-', 'Expects', 'X-Expect-Held') {
    my $free = ask(path => '/app/none', length => 5, body => 'xxxxx',
                   headers => ["$name: foo"]);
    accepted_ok($free, name => "$name is not Expect");
    my $both = ask(path => '/app/certain', length => 5, after_refusal => 'xxxxx',
                   headers => ["$name: 100-continue", 'Expect: foo',
                               "$name: certain-expectation"]);
    refusal_ok($both, code => 'unsupported_expectation', members => {
        supported_expectations => ['100-continue', 'certain-expectation'],
    }, name => "$name does not replace Expect");
    my $must = ask(path => '/app/continue', length => 2_000_000,
                   headers => ["$name: 100-continue"]);
    refusal_ok($must, code => 'continue_required', members => { limit => 1_048_576 },
               name => "$name does not ask");
}

# however the field's name is written, and wherever its line is torn
for my $name ('expect', 'EXPECT', 'eXpEcT') {
    refusal_ok(ask(path => '/app/free', length => 5, headers => ["$name: foo"]),
               @refused, name => "$name: foo");
    refusal_ok(ask(path => '/app/free', length => 5, headers => ["$name:foo"]),
               @refused, name => "$name:foo");
}
my $torn = 0;
my $head = head_bytes(path => '/app/free', length => 5,
                      headers => ['Expect: foo', 'X-Last: 1']);
my $from = index $head, 'Expect';
for my $cut (map { $from + $_ } 0 .. 13) {
    my $conn = converse();
    ExpectPolicy::Wire::put($conn, substr($head, 0, $cut), 5);
    sleep 0.02;
    ExpectPolicy::Wire::put($conn, substr($head, $cut), 5);
    my $res = read_response($conn, patience => 5);
    $torn++ if ($res->{status} // 0) == 417
        && $res->{body} =~ /"error":"unsupported_expectation"/;
}
is($torn, 14, 'a line that comes in two pieces');
my $conn = converse();
for my $byte (split //, head_bytes(path => '/app/certain', length => 5,
                                   headers => ['Expect: certain-expectation'])) {
    ExpectPolicy::Wire::put($conn, $byte, 5);
    sleep 0.001;
}
ExpectPolicy::Wire::put($conn, 'xxxxx', 5);
is(read_response($conn, patience => 5)->{status}, 200, 'a head byte by byte');

# one connection, many requests: each has its own field
$conn = converse();
my @expected;
for my $round (1 .. 4) {
    for (['/plain.txt', 'foo', 417], ['/plain.txt', undef, 200],
         ['/app/certain', 'certain-expectation', 200],
         ['/plain.txt', 'certain-expectation', 417], ['/app/any', 'foo', 200]) {
        my ($path, $value, $status) = @$_;
        ExpectPolicy::Wire::put($conn, head_bytes(
            method => 'GET', path => $path,
            headers => defined $value ? ["Expect: $value"] : []), 5);
        my $res = read_response($conn, method => 'GET', patience => 5);
        push @expected, $res->{status} // 'none' if ($res->{status} // 0) != $status;
    }
}
is_deeply(\@expected, [], 'twenty requests on one connection');
my $pipe = join '', map {
    head_bytes(method => 'GET', path => '/plain.txt',
               headers => $_ % 2 ? ['Expect: foo'] : [])
} 1 .. 6;
$conn = converse();
ExpectPolicy::Wire::put($conn, "\r\n$pipe", 5);
is(join(' ', map { read_response($conn, method => 'GET', patience => 5)->{status}
                       // 'none' } 1 .. 6),
   '417 200 417 200 417 200', 'and six at once, behind an empty line');

# content that looks like the field
my $content = "Expect: foo\r\n\r\nExpect: 100-continue\r\n";
my $upload = ask(path => '/app/free', length => length $content, body => $content);
accepted_ok($upload, name => 'a line of the content is no field');
is(app_says($upload)->{received}, length $content, 'arrives in full');
my $trailer = ask(path => '/app/free', chunked => 1,
                  body => "3\r\nabc\r\n0\r\nExpect: foo\r\n\r\n");
accepted_ok($trailer, name => 'Expect in a trailer does not count');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $id = $h2->request(path => '/app/none', length => 5,
                          headers => ['expect-policy-held: foo']);
    $h2->content($id, 'xxxxx', end => 1);
    accepted_ok($h2->answer($id),
       name => 'the other name does not count over HTTP/2');
    my $res = $h2->answer($h2->request(
        path => '/app/none', length => 5,
        headers => ['expect-policy-held: x', 'expect: 100-continue']),
        reset_within => 2);
    $h2->refused_ok($res, @none);
}

done_testing;
