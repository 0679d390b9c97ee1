# Every wrong word in a configuration stops `httpd -t`, with a message that names
# the directive, the bad text and the legal forms; and directives that do not
# exist yet are not taken for something else.
#
# runs: plain
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
         'Bearer =x', 'Bearer realm="a" b', '/',
         # what no client can answer
         'Digest', 'digest realm="a", qop="auth"', 'Basic',
         'basic charset=UTF-8', 'Basic realms="x"', 'Basic x="realm=y"', 'On',
         'any', 'None', 'On realm="x"', 'Off realm="x"'],
        ['Bearer', 'Bearer realm="api"', 'Basic realm="the vault" charset=UTF-8',
         'BASIC charset=UTF-8, Realm="x"', 'Negotiate', 'Onion', 'Off', 'OFF']],
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
    ExpectPolicyMaxTotal => [['Unlimited', 'number of bytes'],
        ['10MB', '-1', '1.5G', 'Off', '""', '1 2', '10 M', '1e3',
         '9223372036854775808', 'M'],
        ['0', '10', '10K', '10m', '3G', '2T', 'Unlimited', 'unlimited']],
    ExpectPolicyTotalFields => [[qw(None), 'field names'],
        ['Any', 'Upload-Length,OC-Total-Length', '"Upload Length"', '""', 'None X-Size',
         'X-Size None', 'X-Size:', 'X-*', 'Content-Length', 'X-Size transfer-encoding',
         'Expect', "@names"],
        ['None', 'none', 'X-Size', 'x-size OC-Total-Length', 'Off',
         join(' ', 'Upload-Length', map { "X-Size-$_" } 1 .. 29)]],
    ExpectPolicyMinSize => [['Off', 'number of bytes'],
        ['10MB', '-1', '1.5G', 'Unlimited', '""', '1 2', '10 M', '1e3',
         '9223372036854775808', 'M'],
        ['0', '10', '10K', '10m', '3G', '2T', 'Off', 'off']],
    ExpectPolicyCountFrom => [['Off', 'number of bytes'],
        ['10MB', '-1', '1.5G', 'Unlimited', '""', '1 2', '10 M', '1e3',
         '9223372036854775808', 'M'],
        ['0', '10', '64K', '1m', 'Off', 'off']],
    ExpectPolicyRefuse => [[],
        ['"a b"', 'a"b', 'closed "x" 200', 'closed "x" 600', 'closed "x" 399',
         'closed "x" abc', 'closed "x" 403 more',
         'closed "x" 420', 'closed "x" 599', 'content_too_large',
         'closed "x" 401', 'closed "x" 405', 'closed "x" 407',
         'closed "x" 426',
         'unsupported_expectation', '"x/y"', 'a' x 65, 'closed "' . 'm' x 1025 . '"',
         'closed "' . '\\\\' x 513 . '"',
         "closed \"bad \xff utf8\"", "closed \"a\tb\"", '""'],
        ['closed', 'closed "In words."', 'closed "In words." 503', 'Off',
         'closed "x" 404', 'closed "x" 408', 'closed "x" 428',
         'a.b-c_D9 "x" 400', 'closed "' . '\\\\' x 512 . '"', 'a "x" 511', 'a' x 64]],
    ExpectPolicyFormat => [[qw(JSON Problem Negotiate)],
        ['XML', 'application/json', '""', 'JSON Problem'],
        ['json', 'Problem', 'NEGOTIATE']],
    ExpectPolicyMessage => [[],
        ['content_too_large', 'too_large "x"', 'Content_Too_Large "x"',
         'content_too_large ""', 'content_too_large "a" b',
         "content_too_large \"bad \xff utf8\"",
         'content_too_large "' . 'm' x 1025 . '"'],
        ['content_too_large "In words."', 'quota_exceeded words',
         'length_required "' . 'm' x 1024 . '"']],
    ExpectPolicyAdvertise => [[qw(On Off)],
        ['Yes', 'Upload-Limit', '1', '""', 'On Off'], ['On', 'OFF']],
    ExpectPolicyStatus => [[qw(Auto Specific 417 content_too_large
                               ledger_unavailable Refuse)],
        ['413', 'Always', '""', 'Auto Specific', '4170',
         'Specific too_large', 'Specific Content_Too_Large',
         'Specific content_too_large 413', '417 content_too_large,quota_exceeded',
         'Auto ""', 'content_too_large', 'Specific EP_REFUSED', 'Auto admitted'],
        ['Auto', 'SPECIFIC', '417', 'Specific content_too_large',
         'auto unsupported_expectation continue_required method_not_allowed'
         . ' authentication_required refuse unsupported_content_type'
         . ' unsupported_content_encoding length_required content_too_large'
         . ' insufficient_storage quota_exceeded allowance_exceeded'
         . ' too_many_uploads ledger_unavailable',
         '417 Refuse', 'Specific Refuse Refuse']],
    ExpectPolicyOverride => [[qw(Tighten Any None)],
        ['Loosen', 'On', '""', 'Any None'], ['Tighten', 'any', 'NONE']],
    ExpectPolicyLinger => [['Full, Short or Abort'],
        ['None', '30', '""', 'Full Short'], ['Full', 'short', 'ABORT']],
    ExpectPolicyEarlyErrors => [['On or Off'], ['Yes', '401', '""', 'On Off'],
        ['On', 'off']],
    ExpectPolicyCeiling => [['Unlimited', 'number of bytes'],
        ['10MB', '-1', 'Off', '""', '1 2'], ['10G', 'unlimited', '0']],
    ExpectPolicyFreeSpace => [['Off', '%', 'number of bytes'],
        ['10MB', '-1', '101%', '%', '1K%', '5 %', '5%%', '1.5%', '-1%', '""',
         'Unlimited', '5% 10G'],
        ['5%', '0%', '100%', '10G', '0', 'off']],
    ExpectPolicyQuota => [[],
        ['10MB /srv', '-1 /srv', 'Unlimited', '""', '10G /srv /var',
         '10G /srv usage=', '10G "" usage=/run/x', '10G ""', 'Off /srv',
         '10G /srv use=/run/x', '10G usage=/run/x /srv', '10G usage=/run/x',
         '10G /' . 'd' x 1023, '10G', '10G /srv usage=/a usage=/b',
         '10G local /srv usage=/a /b', '10G local', 'Off local', 'local',
         '10G /srv locals'],
        ['10G /srv/www', '10G /srv/www/', '0 sites', '5T /', 'off',
         '10G "/srv/a b" usage=/run/quota', '10G /srv USAGE=run/quota',
         '10G /srv local', '10G /srv usage=/run/quota LOCAL',
         '10G /' . 'd' x 1022]],
    ExpectPolicyConcurrent => [[],
        ['4', 'Off client', '0 client', '-1 client', '1K client', '4 10',
         '4 clients', '""', '4 ""', '4 client user', '4 expr=', '4 expr=%{',
         '4 "expr=%{BOGUS:x}"', '4 directory', 'many client', '4/1d client',
         '99999999999999999999 client', '4 group'],
        ['4 client', '1 USER', '100 host', 'off', '4 expr=%{REQUEST_URI}',
         '4 "expr=%{tolower:%{HTTP_HOST}} x"']],
    ExpectPolicyAllowance => [[],
        ['10G', '10G client', '10G/1d', '10G/ client', '/1d client',
         '10G/1 client', '10G/0d client', '10G/1y client', '10G/367d client',
         '10GB/1d client', '-1/1d client', '10G/1d/2 client', '10G /1d client',
         '10G/1d group', 'Off client', '""', '10G/1d ""', '10G/1d expr=%{',
         '10G/1d directory', '10G/1d client user', 'Off/1d client'],
        ['10G/1d client', '500m/1H user', '0/1s host', '1t/52w client',
         'OFF', '1K/366D expr=%{reqenv:ACCOUNT}']],
    ExpectPolicyLedger => [['shm'],
        ['shm:', 'shm:1', 'shm:10MB', 'shm:127K', 'shm:257M', 'file', '""',
         'shm 8M', 'shm:8M 8M', 'redis', 'Off', 'shmm'],
        ['shm', 'SHM', 'shm:128K', 'shm:8m', 'shm:256M']],
    ExpectPolicyLedgerFailure => [['Local, Open or Closed'],
        ['On', '1', '""', 'Open Closed'], ['Open', 'closed', 'CLOSED', 'Local']],
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
            if ($said !~ /takes [\w, -]+ argument/) {
                my ($word) = grep { length $_ > 1 && index($said, $_) >= 0 }
                    reverse split /[\s"]+/, $text;
                ok(defined $word || $text !~ /\w{2}/ || length $text > 60
                   || $text =~ /\t/ || $said =~ /'\Q$text\E'|\Q$text\E/
                   || ($text =~ /""/ && $said =~ /''/), 'the bad text')
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
is(scalar keys %seen, 28, 'directives');
cmp_ok($wrong, '>=', 213, 'wrong words');
cmp_ok($right, '>=', 98, 'right words');

# what would make an answer that no client can act on: the message says what to
# write instead
my %instead = (
    'RequireAuth Digest realm="x"' => qr/AuthType Digest with Require valid-user/,
    'RequireAuth Basic' => qr/Basic realm="my site"/,
    'RequireAuth On' => qr/Bearer realm="api" or Basic realm="my site"/,
    'RequireAuth Any' => qr/Bearer realm="api" or Basic realm="my site"/,
    'Refuse closed "x" 401' => qr/for 401 write ExpectPolicyRequireAuth/,
    'Refuse closed "x" 405' => qr/for 405 ExpectPolicyMethods/,
    'Refuse closed "x" 407' => qr/for 407 and 426 403/,
    'Refuse closed "x" 426' => qr/for 407 and 426 403/,
    'Status Specific too_large' => qr/'too_large'.*, content_too_large, /,
);
for my $line (sort keys %instead) {
    my ($exit, $said) = $judge->("ExpectPolicy$line\n");
    isnt($exit, 0, "$line stops");
    like($said, $instead{$line}, 'and it is said what to write instead');
}

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
    %legal = (server => 1) if $directive =~ /Ledger$/;
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

# what needs a directory to stand in: where there is one, and where not
my %in = (
    '' => 0,
    '<Directory />' => 1,
    '<Directory /srv/*/htdocs>' => 1,
    '<Directory "/srv/../srv//www">' => 1,
    '<Directory /srv><Files "x"><If "true">' => 1,
    '<Directory ~ "^/srv/">' => 0,
    '<DirectoryMatch "/srv/">' => 0,
    '<DirectoryMatch "/srv/"><Files "x">' => 0,
    '<Location /srv>' => 0,
    '<LocationMatch "/srv">' => 0,
    '<Files "x">' => 0,
    '<If "true">' => 0,
    '<VirtualHost *:9>' => 0,
    '<VirtualHost *:9><Directory /srv>' => 1,
);
for my $sections (sort keys %in) {
    my @open = $sections =~ /(<[^>]+>)/g;
    for my $text ('Quota 10G', 'Concurrent 4 directory',
                  'Allowance 1G/1d directory') {
        my ($exit, $said) = $judge->(join "\n", @open, "ExpectPolicy$text",
            (map { /<(\w+)/ ? "</$1>" : () } reverse @open), '');

        is(!$exit, !!$in{$sections}, "$text in $sections") or diag $said;
        like($said, qr/legal is.*<Directory>, and that without a regular/,
             'and why') if !$in{$sections};
    }
}

# lines of one section: eight that count apart, and the same one any number of
# times
for my $lines (8, 9) {
    my ($exit, $said) = $judge->(join '', (map {
        "ExpectPolicyConcurrent $_ expr=key$_\nExpectPolicyConcurrent 1 client\n"
    } 1 .. $lines - 1), "ExpectPolicyQuota 1G /srv\n");
    is(!$exit, $lines == 8, "$lines lines of one section") or diag $said;
    like($said, qr/ExpectPolicyConcurrent: more than 8 lines/, 'and why')
        if $lines == 9;
    ($exit, $said) = $judge->(join '', (map {
        "ExpectPolicyConcurrent $_ expr=key$_\n"
    } 1 .. $lines - 1), "ExpectPolicyConcurrent Off\n", (map {
        "ExpectPolicyConcurrent $_ expr=key$_\n"
    } 2 .. $lines));
    is($exit, 0, "Off begins anew") or diag $said;
}

done_testing;
