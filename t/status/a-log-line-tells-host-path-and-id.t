# The log line of a refusal tells the host, the path and the id, which is the same that %L
# has in ErrorLogFormat and in the access log.  What the client sends cannot look like
# another part of the line, and fail2ban bans the client that sent it.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

my $config = <<'END';
ExpectPolicy On
ExpectPolicyMaxSize 3
ExpectPolicyTypes text/plain
LogFormat "id=%L %>s" ids
CustomLog ids.log ids
END

# with and without %L in ErrorLogFormat
my $format = 'ErrorLogFormat "[%{u}t] [%-m:%l] [pid %P:tid %T] [client\ %a] [id\ %L] %M% ,\ referer\ %{Referer}i"' . "\n";
my @evil = (
    ['/x%22%20%5bclient%206.6.6.6:1%5d', 'a.example'],
    ['/x"[client', 'a.example'],
    ['/plain?password=secret', 'a.example'],
    ['/' . 'pppppppp/' x 60, 'a.example'],
);
for my $errors ('', $format) {
    my $server = ExpectPolicy::Server->start($config . $errors);
    for my $sent (@evil) {
        ask(port => $server->{port}, path => $sent->[0], host => $sent->[1], length => 4,
            body => 'xxxx', headers => ['Content-Type: text/plain',
                'Referer: ] [client 6.6.6.6:1] refused: error=a status=1']);
    }
    ask(port => $server->{port}, path => '/type', length => 3, body => 'xxx',
        headers => ['Content-Type: x" [client 6.6.6.6:1] refused: error=a status=1']);
    # the twin: nothing is refused
    my $taken = ask(port => $server->{port}, path => '/index.html', length => 3,
                    body => 'xxx', headers => ['Content-Type: text/plain']);
    unlike($taken->{status}, qr/^41/, 'one that is accepted');
    my @lines;
    ok(wait_until(sub { @lines = grep { /\[expect_policy:notice\].*\] refused: error=/ }
                            split /\n/, $server->error_log; @lines >= 5 }, 5),
       'lines of the log');
    is(scalar @lines, 5, 'each refusal is one line');
    for my $line (@lines) {
        like($line, qr/ by \S+:\d+(?: got="[^"]*")? host=\S+ uri=\S{1,600} id=[^\s"\[\]]+/,
             'tells host, uri and id');
    }
    like($lines[2], qr/ uri=\/plain id=/, 'without the query');
    like($lines[3], qr/ uri=[p\/]{200} id=/, 'cut');
    my %logged = map { $_ => 1 } ExpectPolicy::Wire::slurp("$server->{dir}/ids.log")
        =~ /^id=(\S+) 41/mg;
    for my $line (@lines) {
        my ($id) = $line =~ /.* id=([^\s,]+)/;
        ok($logged{$id}, "$id is in the access log");
        like($line, qr/\[id \Q$id\E\]/, 'and is that of ErrorLogFormat') if $errors;
    }
    # fail2ban: each line is of 127.0.0.1
    my $said = `fail2ban-regex --print-all-matched $server->{dir}/error_log contrib/fail2ban/expect-policy.conf 2>&1`;
    is($?, 0, 'fail2ban-regex reads the log') or diag $said;
    like($said, qr/Lines: \d+ lines, \d+ ignored, 5 matched/, 'it finds each refusal');
    my $found = `fail2ban-regex --out ip $server->{dir}/error_log contrib/fail2ban/expect-policy.conf 2>&1`;
    is_deeply([sort split ' ', $found], [('127.0.0.1') x 5], 'of the client that sent it')
        or diag $found;
}

done_testing;
