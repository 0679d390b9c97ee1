# Every wrong word in a configuration stops `httpd -t`, with a message that names
# the directive, the bad text and the legal forms; and directives that do not
# exist yet are not taken for something else.
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

my $judge = \&ExpectPolicy::Server::judge;

# directive => [words that must be in a message], [wrong arguments], [right ones]
my @names = ('a' x 128);
my %directives = (
    ExpectPolicy => [[qw(On Off DryRun)],
        ['Maybe', '1', '""', 'On Off', 'Dry-Run', 'yes'],
        ['On', 'off', 'DRYRUN']],
    ExpectPolicyExpectations => [[qw(None Any NAME)],
        ['foo/bar', '"foo bar"', 'foo=', '=x', '""', 'None foo', 'foo Any',
         'foo=b;c', "@names", '"foo,bar"'],
        ['None', 'any', '100-continue', '100-continue foo bar=Baz']],
    ExpectPolicyRequireContinue => [['Off', 'number of bytes'],
        ['10MB', '-1', '1.5G', 'On', 'Unlimited', '""', '1 2', '0x10',
         '99999999999999999999', '9999999T', '+5', '" 5"'],
        ['0', '1M', '5g', 'Off', '1024']],
    ExpectPolicyMethods => [['Any', 'method'],
        ['"PO ST"', 'POST,PUT', '""', 'Any POST', 'POST Any', 'P@ST'],
        ['POST', 'POST PUT X-UPLOAD', 'any']],
    ExpectPolicyRequireAuth => [['Off', 'SCHEME'],
        ['Bearer realm', 'Bearer realm=', '"Bea rer"', 'Bearer realm="open',
         'Bearer =x', 'Bearer realm="a" b', '/'],
        ['Bearer', 'Bearer realm="api"', 'Basic realm="the vault" charset=UTF-8',
         'Digest realm="a", qop="auth"', 'Off']],
    ExpectPolicyTypes => [['Any', 'TYPE/'],
        ['png', 'image/', '/png', '*/png', 'image/png;q=1', 'image/png,image/gif',
         '""', 'Any image/png', 'image/png Any', 'im*/png', '"image/ png"'],
        ['image/png', 'image/*', '*/*', 'IMAGE/PNG text/plain', 'Any']],
    ExpectPolicyEncodings => [['Any', 'coding'],
        ['gzip,br', '"gz ip"', '""', 'gzip;q=1', 'Any gzip', 'gzip Any', '*'],
        ['gzip', 'identity gzip br', 'any']],
    ExpectPolicyRequireLength => [[qw(On Off)], ['Yes', '1', '""', 'On On'],
        ['On', 'OFF']],
    ExpectPolicyMaxSize => [['Unlimited', 'number of bytes'],
        ['10MB', '-1', '1.5G', 'Off', '""', '1 2', '10 M', '1e3',
         '9223372036854775808', '8388608T', '5b', 'M'],
        ['0', '10', '10K', '10m', '3G', '2T', 'Unlimited', 'unlimited']],
    ExpectPolicyRefuse => [[],
        ['"a b"', 'a"b', 'closed "x" 200', 'closed "x" 600', 'closed "x" 399',
         'closed "x" abc', 'closed "x" 403 more', 'content_too_large',
         'unsupported_expectation', '"x/y"', 'a' x 65, 'closed "' . 'm' x 1025 . '"',
         "closed \"bad \xff utf8\"", "closed \"a\tb\"", '""'],
        ['closed', 'closed "In words."', 'closed "In words." 503', 'Off',
         'a.b-c_D9 "x" 400', 'a "x" 599', 'a' x 64]],
    ExpectPolicyStatus => [[qw(Auto Specific 417)],
        ['413', 'Always', '""', 'Auto Specific', '4170'],
        ['Auto', 'SPECIFIC', '417']],
    ExpectPolicyOverride => [[qw(Tighten Any None)],
        ['Loosen', 'On', '""', 'Any None'], ['Tighten', 'any', 'NONE']],
    ExpectPolicyLinger => [['Full, Short or Abort'],
        ['None', '30', '""', 'Full Short'], ['Full', 'short', 'ABORT']],
    ExpectPolicyEarlyErrors => [['On or Off'], ['Yes', '401', '""', 'On Off'],
        ['On', 'off']],
    ExpectPolicyCeiling => [['Unlimited', 'number of bytes'],
        ['10MB', '-1', 'Off', '""', '1 2'], ['10G', 'unlimited', '0']],
);

my ($wrong, $right) = (0, 0);
my %seen;
for my $directive (sort keys %directives) {
    my ($forms, $bad, $good) = @{ $directives{$directive} };
    for my $text (@$bad) {
        my ($exit, $said) = $judge->("$directive $text\n");
        my $shown = length $text > 60 ? substr($text, 0, 57) . '...' : $text;
        subtest "$directive $shown" => sub {
            isnt($exit, 0, 'stops');
            unlike($said, qr/Segmentation|Sanitizer|core dumped/, 'and in order');
            like($said, qr/Syntax error on line 1 of .*test\.conf/,
                 'where it stands');
            like($said, qr/\Q$directive\E\b/, 'the directive');
            # httpd itself counts the arguments of directives that take one
            if ($said !~ /takes [\w, ]+ argument/) {
                my ($word) = grep { length $_ > 1 && index($said, $_) >= 0 }
                    reverse split /[\s"]+/, $text;
                ok(defined $word || $text !~ /\w{2}/ || length $text > 60
                   || $text =~ /\t/ || $said =~ /'\Q$text\E'|\Q$text\E/, 'the bad text')
                    or diag $said;
                like($said, qr/legal is .{6}/, 'what is legal');
                like($said, qr/legal is .*\Q$_\E/, "legal: $_") for @$forms;
            }
        };
        $wrong++;
    }
    for my $text (@$good) {
        my ($exit, $said) = $judge->("$directive $text\n");
        is($exit, 0, "$directive " . substr $text, 0, 60) or diag $said;
        like($said, qr/Syntax OK/, 'is legal');
        $right++;
    }
    # nothing at all
    my ($exit, $said) = $judge->("$directive\n");
    isnt($exit, 0, "$directive without a word stops");
    like($said, qr/\Q$directive\E/, 'and is named');
    $seen{$directive}++;
}
is(scalar keys %seen, 15, 'directives');
cmp_ok($wrong, '>=', 90, 'wrong words');
cmp_ok($right, '>=', 40, 'right words');

# where a directive may stand
my %place = (
    directory => sub { "<Directory />\n$_[0]\n</Directory>\n" },
    location => sub { "<Location />\n$_[0]\n</Location>\n" },
    files => sub { "<Files \"x\">\n$_[0]\n</Files>\n" },
    if => sub { "<If \"true\">\n$_[0]\n</If>\n" },
    virtualhost => sub { "<VirtualHost *:9>\n$_[0]\n</VirtualHost>\n" },
    server => sub { "$_[0]\n" },
);
my %everywhere = map { $_ => 1 } keys %place;
for my $directive (sort keys %directives) {
    my $text = "$directive $directives{$directive}[2][0]";
    my %legal = %everywhere;
    %legal = (server => 1, virtualhost => 1) if $directive =~ /Ceiling/;
    my @off;
    for my $where (sort keys %place) {
        my ($exit) = $judge->($place{$where}->($text));
        push @off, $where if !$exit != !!$legal{$where};
    }
    is_deeply(\@off, [], "$directive stands where the contract says");
    my ($exit, $said) = $judge->(
        "<Location />\n<Limit POST>\n$text\n</Limit>\n</Location>\n");
    isnt($exit, 0, 'and not inside <Limit>');
    like($said, qr/\Q$directive\E/, 'which is said');
}

# directives of the contract that belong to later issues
my %later = (
    ExpectPolicyQuota => '10G', ExpectPolicyFreeSpace => '5%',
    ExpectPolicyConcurrent => '4 client', ExpectPolicyAllowance => '10G/1d client',
    ExpectPolicyLedger => 'shm', ExpectPolicyLedgerFailure => 'Open',
    ExpectPolicyFormat => 'Problem', ExpectPolicyAdvertise => 'On',
    ExpectPolicyMessage => 'content_too_large "x"',
);
for my $directive (sort keys %later) {
    my ($exit, $said) = $judge->("$directive $later{$directive}\n");
    isnt($exit, 0, "$directive does not exist yet");
    like($said, qr/Invalid command '\Q$directive\E'/, 'and stops the server');
}
is(scalar keys %later, 9, 'later directives');

done_testing;
