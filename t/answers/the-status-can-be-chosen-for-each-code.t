# ExpectPolicyStatus with codes: the line holds for these codes only.  For each code
# the innermost section that names it decides.  Owners may choose for their place.
# So a client that needs 401 (curl --anyauth) gets 401 although it asked first.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(asks asks/told owner deaf);
sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', "$site/$name" or die "$name: $!";
    print $out $text;
    close $out or die;
}
write_file("$_/.htaccess", <<'END') for qw(owner deaf);
ExpectPolicyStatus 417 Refuse
ExpectPolicyStatus Specific length_required
END

my $rules = <<'END';
    ExpectPolicyMaxSize 1000
    ExpectPolicyRequireLength On
    <If "req('X-Refuse') == 'y'">
        ExpectPolicyRefuse closed "Closed." 503
    </If>
END
my %places = (
    one => "ExpectPolicyStatus Specific content_too_large\n",
    own => "ExpectPolicyStatus Specific refuse\n",
    two => "ExpectPolicyStatus Specific content_too_large\n"
        . "ExpectPolicyStatus 417 length_required\n",
    before => "ExpectPolicyStatus Specific content_too_large\n"
        . "ExpectPolicyStatus 417\n",
    after => "ExpectPolicyStatus 417\n"
        . "ExpectPolicyStatus Specific content_too_large\n",
    outer => "ExpectPolicyStatus Specific content_too_large Refuse\n",
    'outer/inner' => "ExpectPolicyStatus Auto content_too_large\n",
    'outer/all' => "ExpectPolicyStatus 417\n",
    none => '',
);
my $server = ExpectPolicy::Ledger->start(
    join('', map { "<Location /$_>\n$rules$places{$_}</Location>\n" }
             sort keys %places) . <<"END", site => $site);
<Location /asks>
    ExpectPolicyRequireAuth Basic realm="files"
</Location>
<Location /asks/told>
    ExpectPolicyStatus Specific authentication_required
</Location>
<Location /owner>
    ExpectPolicyRequireLength On
    <If "req('X-Refuse') == 'y'">
        ExpectPolicyRefuse closed "Closed." 503
    </If>
</Location>
<Directory "$site/owner">
    AllowOverride Limit
    ExpectPolicyStatus Specific
    ExpectPolicyRequireLength On
</Directory>
<Directory "$site/deaf">
    AllowOverride Limit
    ExpectPolicyStatus Specific
    ExpectPolicyOverride None
    ExpectPolicyRequireLength On
</Directory>
END

my @asks = (headers => ['Expect: 100-continue']);
my @refuses = (headers => ['Expect: 100-continue', 'X-Refuse: y']);
my %ways = (
    content_too_large => [413, length => 1001, @asks],
    length_required => [411, chunked => 1, @asks],
    closed => [503, length => 10, @refuses],
);
# place => what the three have instead of 417 where the client asked first
my %specific = (
    one => 'content_too_large',
    own => 'closed',
    two => 'content_too_large',
    before => 'content_too_large',
    after => 'content_too_large',
    outer => 'content_too_large closed',
    'outer/inner' => 'closed',
    'outer/all' => '',
    none => '',
    owner => 'length_required',
    deaf => 'length_required',
);
my $asked = 0;
for my $place (sort keys %specific) {
    for my $code (sort keys %ways) {
        next if !$places{$place} && $place =~ /owner|deaf/
            && $code eq 'content_too_large';
        my ($status, @ask) = @{ $ways{$code} };
        next if $place eq 'deaf' && $code eq 'closed';
        my $is_specific = $specific{$place} =~ /\b$code\b/;
        my $res = ask($server->here, path => "/$place/x", @ask);
        is($res->{status}, $is_specific ? $status : 417, "$place: $code");
        like($res->{body}, qr/^\{"error":"$code"/, 'the document stays');
        $asked++;
    }
}
is($asked, 30, 'refusals');

# without Expect the default is the specific status; 417 is for the codes that say so
is(ask($server->here, path => '/two/x', chunked => 1)->{status}, 417,
   '417 for one code, without Expect');
is(ask($server->here, path => '/two/x', length => 1001)->{status}, 413, 'not for another');
accepted_ok(ask($server->here, path => '/none/x', method => 'GET'), status => 404,
            name => 'no upload, no refusal');

# curl --anyauth sends its credentials where it is told 401, and nowhere else
write_file('.content', 'c' x 2_000_000);
for (['/asks', 1, 417], ['/asks/told', 2, 201]) {
    my ($place, $requests, $status) = @$_;
    my $got = run_client('curl', '-sS', '-v', '-m', 20, '--anyauth', '-u',
        'alice:secret', '-T', "$site/.content",
        "http://127.0.0.1:$server->{port}$place/file");

    is($got->{exit}, 0, "curl --anyauth to $place ends in order");
    is(() = $got->{out} =~ /^> PUT /mg, $requests, "$requests requests")
        or diag $got->{out};
    is(() = $got->{out} =~ /^> Authorization: Basic/mg, $requests - 1,
       'of them with credentials');
    like($got->{out}, qr/.*^< HTTP\/1\.1 $status /ms, "in the end $status");
}
is(-s "$site/asks/told/file", 2_000_000, 'and stored');
ok(!-e "$site/asks/file", 'where it is not told, nothing is');

done_testing;
