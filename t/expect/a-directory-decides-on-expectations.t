# Scenario C2: an expectation that one directory names is accepted there, and
# refused in another directory.  This holds for every spelling of a list.
#
# runs: held
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my @refused = (code => 'unsupported_expectation',
               members => { supported_expectations => ['100-continue'] });

make_tree('certain', 'page.txt' => "met here\n");
make_tree('certain-not', 'page.txt' => "not here\n");
for my $version ('1.0', '1.1') {
    my $here = ask(method => 'GET', path => '/certain/page.txt',
                   version => $version,
                   headers => ['Expect: certain-expectation']);
    accepted_ok($here, name => "GET in HTTP/$version, in the directory");
    is($here->{body}, "met here\n", 'and served');
    my $there = ask(method => 'GET', path => '/certain-not/page.txt',
                    version => $version,
                    headers => ['Expect: certain-expectation']);
    refusal_ok($there, @refused, content => 0,
               name => "GET in HTTP/$version, next door");
    live_ok($there, 'a refusal without content leaves the connection open')
        if $version eq '1.1';

    my $post = ask(path => '/app/certain', version => $version, length => 100,
                   body => 'x' x 100,
                   headers => ['Expect: certain-expectation']);
    accepted_ok($post, name => "POST in HTTP/$version, in the location");
    is(app_says($post)->{received}, 100, 'arrived in full');
}

# Members that are met, however the list is written: 100 goes out if and only if
# 100-continue is among them.
my @met = (
    # value lines, whether 100 is due, place
    [['certain-expectation, 100-continue'], 1, 'certain'],
    [['100-continue, 100-continue'], 1, 'certain'],
    [['100-Continue,CERTAIN-Expectation'], 1, 'certain'],
    [[', ,100-continue, ,'], 1, 'certain'],
    [["certain-expectation,\t100-continue"], 1, 'certain'],
    [['certain-expectation', '100-continue'], 1, 'certain'],
    [['100-continue', '100-continue'], 1, 'certain'],
    [["certain-expectation,\r\n 100-continue"], 1, 'certain'],
    [[','], 0, 'certain'],
    [['certain-expectation'], 0, 'certain'],
    [['certain-expectation=7'], undef, 'certain'],
    [['foo, 100-Continue'], 1, 'any'],
    [['foo=bar;a=b;c="d e", 100-continue'], 1, 'any'],
    [['foo="a, 100-continue"'], 0, 'any'],
    [['foo'], 0, 'any'],
    [['100-continue=1'], 0, 'any'],
    [['color=Red'], 0, 'valued'],
    [['COLOR="Red"'], 0, 'valued'],
    [['color="\R\e\d"'], 0, 'valued'],
    [['color=Red;q=1, 100-continue'], 1, 'valued'],
    [['color=red'], undef, 'valued'],
    [['color'], undef, 'valued'],
    [['foo;x=y'], undef, 'any'],
    [['foo="open'], undef, 'any'],
    [['foo bar'], undef, 'any'],
    [['"foo"'], undef, 'any'],
    [['foo='], undef, 'any'],
    [['=foo'], undef, 'any'],
);
my %supported = (certain => ['100-continue', 'certain-expectation'], any => undef,
                 valued => ['100-continue', 'color=Red']);
for (@met) {
    my ($lines, $continue, $place) = @$_;
    my $shown = join ' | ', map { s/[\r\n\t]+/ /gr } @$lines;
    my @head = map { "Expect: $_" } @$lines;
    if (!defined $continue) {
        my $res = ask(path => "/app/$place", length => 50, headers => \@head,
                      after_refusal => 'x' x 50);
        my ($doc) = parse_json($res->{body});
        refusal_ok($res, code => 'unsupported_expectation', members => {
            supported_expectations => $supported{$place}
                // $doc->{supported_expectations},
        }, name => "refused: $shown");
    }
    elsif ($continue) {
        my $res = ask(path => "/app/$place", length => 50, headers => \@head,
                      after_100 => 'x' x 50);
        accepted_ok($res, interim => [100], name => "100: $shown");
        is(app_says($res)->{received}, 50, 'then the content');
    }
    else {
        my $res = ask(path => "/app/$place", length => 50, headers => \@head,
                      body => 'x' x 50);
        accepted_ok($res, name => "no 100: $shown");
        is(app_says($res)->{received}, 50, 'and the content is read');
    }
}
cmp_ok(scalar @met, '>=', 28, 'lists');

# 100-continue next to something that is not met must not be answered with 100
my $mixed = ask(path => '/app/free', length => 50, marker => 0,
                headers => ['Expect: 100-continue, foo'],
                after_refusal => 'x' x 50);
refusal_ok($mixed, @refused, name => '100-continue does not excuse foo');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $there = $h2->answer($h2->request(
        method => 'GET', path => '/certain-not/page.txt', end => 1,
        headers => ['expect: certain-expectation']));
    $h2->refused_ok($there, @refused, content => 0);
    my $here = $h2->answer($h2->request(
        method => 'GET', path => '/certain/page.txt', end => 1,
        headers => ['expect: certain-expectation']));
    accepted_ok($here, name => 'GET in HTTP/2, in the directory');
    for my $value ('certain-expectation', 'certain-expectation, 100-continue') {
        my $id = $h2->request(path => '/app/certain', length => 500,
                              headers => ["expect: $value"]);
        is($h2->interim($id, 5), 100, 'invited') if $value =~ /continue/;
        $h2->content($id, 'x' x 500, end => 1);
        my $res = $h2->answer($id);
        accepted_ok($res, interim => $value =~ /continue/ ? [100] : [],
                    name => "HTTP/2, Expect: $value");
        is(app_says($res)->{received}, 500, 'arrived in full');
    }
}

# Where the policy is off, the field that was held back is judged as core would
# have: with core's page, which is not ours.
for my $where (['guard.test', '/app/off'], ['off.test', '/app/x'],
               ['dark.test', '/plain.txt']) {
    my ($host, $path) = @$where;
    my $res = ask(method => 'GET', host => $host, path => $path,
                  headers => ['Expect: foo']);
    is($res->{status}, 417, "$host$path is off: core's status");
    like($res->{body}, qr/<title>417/, "and core's page");
    is_deeply([ grep { lc $_->[0] eq 'expect-policy-error' }
                @{ $res->{headers} } ], [], 'not ours');
    is(app_ran($res), 0, 'nothing reaches the application');
    my $up = ask(host => $host, path => '/app/off', length => 20,
                 headers => ['Expect: 100-continue'], after_100 => 'x' x 20);
    accepted_ok($up, interim => [100], name => 'and 100-continue works');
}

done_testing;
