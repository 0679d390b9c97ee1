# An owner's RequestHeader may announce content that the client has not announced.
# Server limits that depend on fields or variables ignore the owner's changes to
# these, in the owner's place and after the owner's RewriteRule.
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant SIZE => 50_000;

my %limit = (
    types => 'ExpectPolicyTypes image/*',
    auth => 'ExpectPolicyRequireAuth Bearer realm="api"',
    coding => 'ExpectPolicyEncodings gzip',
    ask => 'ExpectPolicyRequireContinue 1K',
    count => 'ExpectPolicyAllowance 60000/1d expr=%{reqenv:ACCOUNT}',
    size => 'ExpectPolicyMaxSize expr=%{reqenv:SIZE}',
    free => '',
);
my $htaccess = <<'END' . 'RequestHeader set Content-Length ' . SIZE . "\n";
RequestHeader set Content-Type image/png
RequestHeader set Authorization "Bearer x"
RequestHeader set Content-Encoding gzip
RequestHeader set Expect 100-continue
SetEnvIf Request_Method . !ACCOUNT
END
my $site = ExpectPolicy::Ledger::site();
my $from = ExpectPolicy::Ledger::site();
for my $place (sort keys %limit) {
    mkdir $_ or die for "$site/$place", "$from/$place", "$site/$place/to";
    for my $case (["$site/$place", ''],
                  ["$from/$place", "RewriteEngine On\nRewriteRule (.*) /$place/to/\$1\n"]) {
        open my $out, '>', "$case->[0]/.htaccess" or die;
        print $out $htaccess, $case->[1];
        close $out or die;
    }
}
my $server = ExpectPolicy::Ledger->start(<<"END" . join('', map { <<"PLACE" } sort keys %limit),
Alias /from/ "$from/"
SetEnvIf Request_Method . ACCOUNT=alice SIZE=1G
<Directory "$from">
    AllowOverride FileInfo
    Require all granted
</Directory>
<Directory "\@site\@">
    AllowOverride FileInfo
</Directory>
END
<Directory "\@site\@/$_">
    $limit{$_}
</Directory>
PLACE
    site => $site, load => [qw(headers rewrite setenvif)]);

sub put_unannounced {
    my ($path) = @_;
    my $conn = converse($server->here);
    ExpectPolicy::Wire::put($conn, head_bytes(
        host => 'localhost', method => 'PUT', path => $path) . 'x' x SIZE, 5);
    my $res = read_response($conn, method => 'PUT', patience => 5);
    close $conn->{sock};
    return $res->{status} // $res->{problem};
}

my %status = (types => 415, auth => 401, coding => 415, ask => 428, count => 429,
              # of what only an owner has announced, no value is known
              size => 413);
for my $way (['', ''], ['/from', 'to/']) {
    my ($before, $below) = @$way;
    for my $place (sort keys %status) {
        my @new = map { "$_.txt" } 1, 2;
        # an allowance is for one of them
        if ($place eq 'count') {
            is(put_unannounced("$before/$place/0.txt"), $before eq '' ? 201 : 429,
               "$before/$place: so much is allowed, for both places together");
        }
        is(put_unannounced("$before/$place/$_"), $status{$place},
           "$before/$place: what an owner says of it counts for nothing") for @new;
        ok(!-e "$site/$place/$below$_", 'and nothing is stored') for @new;
    }
    is(put_unannounced("$before/free/new.txt"), 201, "$before/free: no limit");
    is(-s "$site/free/${below}new.txt", SIZE, 'takes it');
}

# mod_dir leads on behind mod_headers, where that is loaded first, to a place that has
# no .htaccess files.
my $index = ExpectPolicy::Ledger::site();
for my $way (['index', 'DirectoryIndex'], ['fallback', 'FallbackResource']) {
    mkdir "$index/$way->[0]" or die;
    open my $out, '>', "$index/$way->[0]/.htaccess" or die;
    print $out "$way->[1] /cgi/app.cgi\nRequestHeader set Content-Length ", SIZE, "\n";
    close $out or die;
}
for my $case ([SIZE, 200], [SIZE - 1, 413]) {
    my ($limit, $status) = @$case;
    my $other = ExpectPolicy::Ledger->start(<<"END", site => $index, first => ['headers']);
<Directory "\@site\@">
    AllowOverride FileInfo Indexes
    Dav Off
</Directory>
ExpectPolicyMaxSize $limit
END
    for my $path ('/index/', '/fallback/none') {
        my $conn = converse($other->here);
        ExpectPolicy::Wire::put($conn, head_bytes(
            host => 'localhost', path => $path) . 'x' x SIZE, 5);
        my $res = read_response($conn, patience => 5);
        close $conn->{sock};
        is($res->{status}, $status, "$path leads on, to a limit of $limit");
        my ($received) = ($res->{body} // '') =~ /^received=(\d+)/m;
        is($received // 0, $status == 200 ? SIZE : 0, 'and the program gets as much');
    }
    $other->stop;
}

# The twins: what the client says of its own content.
sub announced {
    my ($place, @headers) = @_;
    return $server->put("/$place/client.txt", SIZE, headers => \@headers)->{status};
}
is(announced(types => 'Content-Type: image/png'), 201, 'a type');
is(announced(auth => 'Authorization: Bearer y'), 201, 'credentials');
is(announced(coding => 'Content-Encoding: gzip'), 201, 'a coding');

$server->settled_ok;
$server->stop;
done_testing;
