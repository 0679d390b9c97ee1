# No document is larger than 4 KB, for any configuration.  A long list is cut, and
# the document says that it was cut.  The longest message fits.
use strict;
use warnings;

use ExpectPolicy::Wire;
use Test::More;

my @types = map { sprintf 'application/x-type-number-%03d', $_ } 1 .. 250;
make_tree('sites-free/long', '.htaccess' => "ExpectPolicyTypes @types\n");
my $res = ask(path => '/sites-free/long/app.cgi', length => 9,
              headers => ['Content-Type: image/webp']);
my ($doc) = parse_json($res->{body});
my $told = $doc->{supported_types} // [];
refusal_ok($res, code => 'unsupported_content_type', members => {
    supported_types => [ @types[0 .. $#$told] ], truncated => JSON::PP::true(),
}, name => 'a long list is cut');
cmp_ok(scalar @$told, '>=', 20, 'and not to nothing');
cmp_ok(scalar @$told, '<', 250, 'but it is');
accepted_ok(ask(path => '/sites-free/long/app.cgi', length => 9, body => 'x' x 9,
                headers => ["Content-Type: $types[-1]"]),
            name => 'what is not told is accepted all the same');

my @methods = map { sprintf 'X-A-METHOD-OF-ITS-OWN-%03d', $_ } 1 .. 200;
make_tree('sites-free/methods', '.htaccess' => "ExpectPolicyMethods @methods\n");
$res = ask(path => '/sites-free/methods/app.cgi', length => 9);
($doc) = parse_json($res->{body});
refusal_ok($res, code => 'method_not_allowed', members => {
    allowed_methods => $doc->{allowed_methods}, truncated => JSON::PP::true(),
}, name => 'methods as well');

# each of these bytes is written as two or more in JSON
for (['\"', 'q'], ["\xc3\xb6", 'u'], ['\\\\', 'b']) {
    my ($character, $name) = @$_;
    my $message = $character x (1024 / length $character);
    $message = $character x 512 if $name ne 'u';
    make_tree("sites-free/$name", '.htaccess' => "ExpectPolicyRefuse closed \"$message\"\n");
    $res = ask(path => "/sites-free/$name/app.cgi", length => 9);
    refusal_ok($res, code => 'closed', name => "the longest message, $name");
    my ($words) = parse_json($res->{body});
    is(length $words->{message}, 512, 'in full');
}

done_testing;
