# Hostile spellings of Expect, in a place that accepts expectations and in one that
# refuses all.  Each request gets an answer.  No 100 comes before a refusal.  After
# a refusal, content is never answered as if it were a request.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my @hostile = (
    # the plain ones, and their neighbours
    '100-continue', '100-Continue', '100-CONTINUE', '100-continu',
    '100-continuee', '100_continue', '100 continue', '100', '-continue',
    'continue', '0100-continue', "100-continue\t", '  100-continue',
    # lists
    '100-continue,', ',100-continue', ',,,100-continue,,,', ',', ',,,,', ' , ',
    '100-continue, 100-continue', '100-continue,foo', 'foo,100-continue',
    '100-continue 100-continue', '100-continue;foo', ';', ';100-continue',
    ("100-continue, " x 400) . 'x', join(',', ('a') x 1000),
    # values, parameters, quoting
    '100-continue=', '100-continue=1', '100-continue="', '"100-continue"',
    "'100-continue'", '100-continue;q=1', '100-continue; q="', 'foo="bar',
    'foo="\\"', 'foo="\\', 'foo="a, 100-continue', 'foo=bar;', 'foo=bar;;;a',
    'foo=bar;a', '=', '==', '=100-continue', 'foo=', '"', '""', '\\',
    # what other parsers have choked on
    'Transfer-Encoding: chunked', '100-continue\r\nX: y', '%31%30%30-continue',
    '100-continue#', '(100-continue)', '<script>', '${jndi:ldap://x}', '../..',
    '%s%s%n%n', '100-continue' . ' ' x 3000, 'z' x 7000, '@', '{}', '[', '100–continue',
    # bytes that have no place in a field
    "100-continue\x01", "\x7f", "100-\xffcontinue", "\xc0\x80", "foo\x0bbar",
    "100-continue\x00", "\x1b[2J", "foo\rbar",
    # and none at all
    '', ' ', "\t",
);
# several lines, and lines that go on
my @lines = (
    ['100-continue', 'foo'], ['foo', '100-continue'],
    ['100-continue', '100-continue'], ['', '100-continue'], ['', ''],
    ["foo,\r\n 100-continue"], ["\r\n 100-continue"], ["100-\r\n continue"],
    ["foo=\"a\r\n b\""],
);
my @all = ((map { [$_] } @hostile), @lines);
cmp_ok(scalar @all, '>=', 47, 'spellings');

my %accepting = is_held() ? ('/app/any' => 1, '/app/certain' => 1)
    : ('/app/free' => 1);
my %refusing = (is_held() ? ('/app/any-closed' => 1) : (), '/app/none' => 1,
                '/app/refuse' => 1);

my ($asked, $refused, $admitted) = (0, 0, 0);
my @wrong;
for my $values (@all) {
    my @head = map { "Expect: $_" } @$values;
    my $shown = substr join(' | ', map {
        s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ger
    } @$values), 0, 50;
    for my $version ('1.0', '1.1') {
        for my $path (sort(keys %accepting), sort keys %refusing) {
            my @ask = (method => 'PUT', path => $path, version => $version,
                       headers => \@head, patience => 3, linger => 2);
            # On an accepting place the content has to come some time; on a
            # refusing one it never does before the answer.
            my $res = $refusing{$path}
                && !($path eq '/app/none' && expects_nothing($values, $version))
                ? ask(@ask, length => 5000, after_refusal => 'GET /later')
                : withheld_then_sent(@ask);
            $asked++;
            my $bad = problem_of($res, $refusing{$path});
            push @wrong, "HTTP/$version $path '$shown': $bad" if $bad;
            $res->{status} && $res->{status} >= 400 ? $refused++ : $admitted++;
        }
    }
}

# A list without a member expects nothing, and 100-continue in HTTP/1.0 does not
# count: where only expectations are refused, such an upload is let through.
sub expects_nothing {
    my ($values, $version) = @_;
    my @members = grep { length } split /[\s,]+/, join ',', @$values;
    return !@members || ($version eq '1.0'
                         && !grep { lc $_ ne '100-continue' } @members);
}

# What the client does on an accepting place: a complete request as content.
sub withheld_then_sent {
    my (@ask) = @_;
    my $marker = ExpectPolicy::Wire::marker();
    my $content = ExpectPolicy::Wire::marker_request($marker);
    my $res = ask(@ask, length => length $content, body => $content);
    $res->{marker_sent} = 1;
    return $res;
}

sub next_is_served {
    my ($res) = @_;
    my $conn = $res->{conn};
    ExpectPolicy::Wire::put(
        $conn, head_bytes(method => 'GET', path => '/plain.txt'), 2);
    my $next = read_response($conn, method => 'GET', patience => 3);
    return ($next->{status} // 0) == 200 && $next->{body} eq "a plain file\n"
        && $conn->{in} eq '';
}

sub problem_of {
    my ($res, $must_refuse) = @_;
    return $res->{problem} if $res->{problem};
    my $status = $res->{status};
    if ($status >= 400) {
        return "100 before $status" if @{ $res->{interim} };
        return 'bytes behind the refusal: ' . substr $res->{extra}, 0, 40
            if length $res->{extra};
        # It may stay open only if all content was sent and got out of the way:
        # then the next request is answered, and nothing else.
        return 'the connection stays open, and is no use'
            if !$res->{eof} && !($res->{marker_sent} && next_is_served($res));
        return "$res->{ms} ms" if $res->{ms} > 2000;
        return;
    }
    return "status $status" if $status != 200 && $status != 204;
    # nothing was refused: HTTP/1.0 ignores 100-continue, an empty field expects
    # nothing, and then the place may still say no
    return 'let through a place that refuses every upload'
        if $must_refuse && $res->{head} =~ m{ /app/(?:refuse|any-closed)};
    return 'the content was not read to its end'
        if app_says($res)->{received} != app_says($res)->{length};
    return;
}

is_deeply(\@wrong, [], 'never silent, never a wrong byte')
    or diag map { "$_\n" } @wrong;
cmp_ok($asked, '>=', 47 * 2 * 3, 'requests');
cmp_ok($refused, '>=', 47 * 2, 'of which refused');
cmp_ok($admitted, '>=', 8, 'and admitted');

# Over HTTP/2 what is no field value at all is a broken stream or connection; all
# else is answered, on a stream that ends.
if (has_http2()) {
    my @wrong2;
    my $n = 0;
    for my $values (grep { join('', @$_) !~ /[\x00-\x08\x0a-\x1f\x7f]/ } @all) {
        my $h2 = ExpectPolicy::H2->new;
        for my $path (sort(keys %accepting), sort keys %refusing) {
            my $id = $h2->request(method => 'PUT', path => $path, length => 50,
                                  headers => [ map { "expect: $_" } @$values ]);
            $h2->content($id, 'x' x 50, end => 1)
                if $accepting{$path}
                || $path eq '/app/none' && expects_nothing($values, '2');
            my $res = $h2->answer($id, patience => 3);
            $n++;
            my $shown = substr "@$values", 0, 40;
            my $bad = $res->{problem} && $res->{problem} !~ /^reset: 1$/
                ? $res->{problem}
                : ($res->{status} // 0) >= 400 && @{ $res->{interim} } ? '100'
                : $res->{extra} ? 'more than one answer' : undef;
            push @wrong2, "$path '$shown': $bad" if $bad;
        }
        my $page = $h2->answer($h2->request(method => 'GET', end => 1,
                                            path => '/plain.txt'));
        push @wrong2, "after '@$values': no other stream"
            if !$h2->{goaway} && ($page->{status} // 0) != 200;
    }
    is_deeply(\@wrong2, [], 'the same over HTTP/2')
        or diag map { "$_\n" } @wrong2;
    cmp_ok($n, '>=', 47 * 3, 'streams');
}

no_marker_was_served(47);
like(slurp(document_root() . '/plain.txt'), qr/plain/, 'the server is there');
done_testing;
