# `ExpectPolicy Off` is the default: with the module loaded and none of its
# directives in use, every answer is the one of a server without it.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

my $config = "DirectoryIndex index.html\nTimeout 5\n"
    . "ErrorDocument 417 \"a page of the administrator's\"\n";
my $without = ExpectPolicy::Server->start($config, module => 0);
my $with = ExpectPolicy::Server->start($config, count_from => undef);
# the limits of a policy that is off are not a policy
my $off = ExpectPolicy::Server->start(<<"END");
$config
ExpectPolicy Off
ExpectPolicyMaxSize 1
ExpectPolicyRefuse closed
ExpectPolicyExpectations None
ExpectPolicyRequireAuth Bearer
END

my @requests = (
    [method => 'GET', path => '/'],
    [method => 'GET', path => '/plain.txt'],
    [method => 'HEAD', path => '/plain.txt', version => '1.0'],
    [method => 'GET', path => '/plain.txt', headers => ['Expect: foo']],
    [method => 'GET', path => '/plain.txt', headers => ['Expect: 100-continue']],
    [method => 'POST', path => '/plain.txt', length => 5, body => 'xxxxx'],
    [method => 'POST', path => '/plain.txt', length => 5, after_100 => 'xxxxx',
     headers => ['Expect: 100-continue']],
    [method => 'POST', path => '/plain.txt', length => 5, body => 'xxxxx',
     headers => ['Expect: 100-continue, 100-continue']],
    [method => 'PUT', path => '/nothing', length => 5, body => 'xxxxx'],
    [method => 'PUT', path => '/nothing', chunked => 1,
     body => "3\r\nabc\r\n0\r\n\r\n"],
    [method => 'DELETE', path => '/plain.txt'],
    [method => 'POST', path => '/plain.txt', length => 5, version => '1.0',
     body => 'xxxxx', headers => ['Expect: 100-continue']],
    [method => 'POST', path => '/plain.txt', headers => ['Content-Length: -1']],
    [method => 'OPTIONS', path => '*'],
);

sub shown {
    my ($res) = @_;
    my $text = join "\n", $res->{status} // 'none', "@{ $res->{interim} }",
        (map {
            # httpd puts methods in an order of chance
            "$_->[0]: " . ($_->[0] eq 'Allow' ? join ',', sort split /,/, $_->[1]
                           : $_->[1])
        } grep { lc $_->[0] ne 'date' } @{ $res->{headers} }),
        $res->{body}, $res->{extra}, $res->{eof} ? 'closed' : 'open';
    # each server names its own port in its error pages
    return $text =~ s/Port \d+/Port/gr;
}
my $same = 0;
for my $request (@requests) {
    my %request = @$request;
    my $name = "$request{method} $request{path} @{ $request{headers} // [] }";
    my @shown = map { shown(ask(%request, port => $_->{port}, tag => '')) }
        $without, $with, $off;
    is($shown[1], $shown[0], "loaded: $name");
    is($shown[2], $shown[0], "Off: $name");
    $same++;
}
cmp_ok($same, '>=', 14, 'requests');
# but for one line at each start, which names the version
sub said {
    my ($server) = @_;
    return [ grep { /expect_policy/ && !m{ mod_expect_policy/[\d.]+ configured$} }
             split /\n/, $server->error_log ];
}
is_deeply(said($with), [], 'it says nothing');
is_deeply(said($off), [], 'with ExpectPolicy Off it logs nothing either');

# the twin: one word more
my $on = ExpectPolicy::Server->start("$config\nExpectPolicy On\n"
                                     . "ExpectPolicyMaxSize 1\n");
my $res = ask(port => $on->{port}, path => '/plain.txt', length => 2, tag => '');
refusal_ok($res, code => 'content_too_large', logged => 0,
           members => { limit => 1, requested_size => 2 }, name => 'On is on');
like($on->error_log, qr/\[expect_policy:notice\].*\ refused:\ error=content_too_large
                        \ .*\ by\ \S+test\.conf:6\ host=\S+\ uri=\S+plain\.txt\ id=\S+\n/x, 'and says so');

done_testing;
