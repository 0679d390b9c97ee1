# ExpectPolicyEncodings: every coding of the list has to be accepted; a missing
# Content-Encoding is identity.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my %place = (
    '/app/encodings' => {
        list => ['identity', 'gzip'],
        yes => [[], ['gzip'], ['GZIP'], ['x-gzip'], ['identity'], ['gzip, gzip'],
                ['gzip', 'gzip'], [', gzip ,'], ['']],
        no => [['br'], ['gzip, br'], ['br', 'gzip'], ['deflate'], ['gzipp'],
               ['gzip;q=1'], ['"gzip"'], ['gzip br'], ['*'], ['any'],
               ['z' x 300], ["gz\xefp"], ['<b>']],
    },
    '/app/encodings-gzip' => {
        list => ['gzip'],
        yes => [['gzip'], ['X-GZip']],
        no => [[], ['identity'], ['gzip, identity']],
    },
);
my ($accepted, $refused) = (0, 0);
for my $path (sort keys %place) {
    my $here = $place{$path};
    for my $codings (@{ $here->{no} }) {
        my $res = ask(path => $path, length => 9, after_refusal => 'x' x 9,
                      headers => [ map { "Content-Encoding: $_" } @$codings ]);
        refusal_ok($res, code => 'unsupported_content_encoding',
                   members => { supported_encodings => $here->{list} },
                   headers => {
                       'Accept-Encoding' => join ', ', @{ $here->{list} },
                   },
                   name => "$path: " . substr join(' | ', @$codings), 0, 40);
        unlike($res->{raw}, qr/zzzzzzzz|<b>/, 'nothing raw is echoed');
        $refused++;
    }
    for my $codings (@{ $here->{yes} }) {
        my $res = ask(path => $path, length => 9, body => 'x' x 9,
                      headers => [ map { "Content-Encoding: $_" } @$codings ]);
        accepted_ok($res, name => "$path: accepted: @$codings");
        is(app_says($res)->{received}, 9, 'and read');
        $accepted++;
    }
}
cmp_ok($refused, '>=', 16, 'refused codings');
cmp_ok($accepted, '>=', 11, 'accepted codings');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    my $res = $h2->answer(
        $h2->request(path => '/app/encodings', length => 500_000,
                     headers => ['content-encoding: br']), reset_within => 2);
    $h2->refused_ok($res, code => 'unsupported_content_encoding',
                    members => { supported_encodings => ['identity', 'gzip'] });
}

done_testing;
