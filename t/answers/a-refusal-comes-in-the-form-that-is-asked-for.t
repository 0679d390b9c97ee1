# ExpectPolicyFormat: JSON, a problem (RFC 9457), or what the client's Accept
# prefers, a page for a person included.  ExpectPolicyMessage: the site's words.
use strict;
use warnings;

use ExpectPolicy::Judge;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

my $browser = 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,'
            . '*/*;q=0.8';

sub header {
    my ($res, $name) = @_;
    return join ', ',
        map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $res->{headers} };
}

# What holds for a refusal in each form.
sub form_ok {
    my ($res, $type, $name) = @_;
    is($res->{status}, 413, "$name: 413");
    is(header($res, 'Content-Type'), $type, "$name: $type");
    is(header($res, 'Content-Length'), length $res->{body}, "$name: exact");
    is(header($res, 'Expect-Policy-Error'), 'content_too_large',
       "$name: the code");
    cmp_ok(length $res->{body}, '<', 4096, "$name: less than 4 KB");
    refusal_schema_ok($res, "$name: as the schema says") if $type !~ /html/;
}

sub upload {
    my ($place, $length, @headers) = @_;
    return ask(path => "/app/$place", length => $length, headers => [@headers],
               $length > 1000 ? () : (body => 'x' x $length));
}

# a problem
my $res = upload('problem', 1001);
form_ok($res, 'application/problem+json', 'Problem');
is(header($res, 'Vary'), '', 'and it depends on nothing');
is_deeply(JSON::PP::decode_json($res->{body}),
          { type => 'urn:expect-policy:content_too_large',
            title => 'Content too large', status => 413,
            detail => 'The content is larger than accepted here.',
            error => 'content_too_large', limit => 1000,
            requested_size => 1001, retryable => JSON::PP::false(),
            id => JSON::PP::decode_json($res->{body})->{id} },
          'Problem: the members');
$res = ask(path => '/app/problem', length => 1001,
           headers => ['Expect: 100-continue']);
is($res->{status}, 417, 'and the status in it is that of the answer');
is(JSON::PP::decode_json($res->{body})->{status}, 417, 'the same there');
refusal_schema_ok($res);
accepted_ok(upload('problem', 1000), name => 'one byte less is accepted');

# by Accept
for ([undef, 'application/json'], ['*/*', 'application/json'],
     ['application/json', 'application/json'],
     ['application/problem+json', 'application/problem+json'],
     ['text/html;q=0.5, application/json;q=0.4', 'text/html;charset=utf-8'],
     ['image/*', 'application/json'], ['"', 'application/json']) {
    my ($accept, $type) = @$_;
    $res = upload('negotiate', 1001, defined $accept ? "Accept: $accept" : ());
    form_ok($res, $type, 'Negotiate, ' . ($accept // 'no Accept'));
    is(header($res, 'Vary'), 'Accept', 'which is what it depends on');
}
$res = upload('negotiate', 1001, $browser);
form_ok($res, 'text/html;charset=utf-8', 'Negotiate, a browser');
like($res->{body}, qr{^<!DOCTYPE html>}, 'a page');
like($res->{body}, qr{<p>At most &lt;1000&gt; bytes, &quot;please&quot;\.</p>},
     "in the site's own words, escaped");
like($res->{body}, qr{<dt>Limit<dd>1000 bytes<dt>Your upload<dd>1001 bytes<dt>Code<dd>content_too_large<dt>Request<dd>[^<]+</dl>},
     'with the numbers');
like(header($res, 'Content-Security-Policy'), qr/default-src 'none'/,
     'which fetches nothing');
accepted_ok(upload('negotiate', 1000, $browser),
            name => 'one byte less is accepted');
$res = upload('always417', 1001, $browser);
is(header($res, 'Content-Type'), 'application/json',
   'by default, a browser gets JSON as well');

# words
for (['words', 1001, 'image/png', "At most 1000 bytes, caf\x{e9}."],
     ['words/inner', 1001, 'image/png', "At most 1000 bytes, caf\x{e9}."],
     ['words', 9, 'image/gif', 'Only PNG.'],
     ['words/inner', 9, 'image/gif', 'Only PNG, in here.']) {
    my ($place, $length, $type, $words) = @$_;
    $res = ask(path => "/app/$place", length => $length,
               headers => ["Content-Type: $type"]);
    is(JSON::PP::decode_json($res->{body})->{message}, $words,
       "$place: $words");
    refusal_schema_ok($res);
}
accepted_ok(upload('words', 9, 'Content-Type: image/png'),
            name => 'a small PNG is accepted');

done_testing;
