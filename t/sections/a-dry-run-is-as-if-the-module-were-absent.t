# A DryRun virtual host under a corpus of requests: the answers of a server that
# does not have the module, and the counts of one that is On.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

use constant SAMPLE => 320;

my $logs = vars('t_logs');
my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';

# What is behind the guard, and says nothing of the guard's environment.
mkdir "$logs/behind";
my $app = "$logs/behind/app.cgi";
open my $out, '>', $app or die "$app: $!";
print $out <<'END';
#!/usr/bin/perl
binmode STDIN;
my $content = do { local $/; <STDIN> } // '';
my $body = "$ENV{REQUEST_METHOD} " . length($content) . ' '
    . unpack('%32C*', $content) . "\n";
print "Content-Type: text/plain\r\nContent-Length: ", length $body, "\r\n\r\n",
    $body;
END
close $out;
chmod 0755, $app;

# One section for each, below /app/ and below /nothing/; in each virtual host, as
# limits that count do so for the place where they stand.
my %policy = (
    expectations => "ExpectPolicyExpectations None\n",
    continue => "ExpectPolicyRequireContinue 100\n",
    methods => "ExpectPolicyMethods POST PATCH\n",
    auth => qq(ExpectPolicyRequireAuth Bearer realm="api"\n),
    types => "ExpectPolicyTypes image/* text/plain\n",
    encodings => "ExpectPolicyEncodings identity gzip\n",
    length => "ExpectPolicyRequireLength On\n",
    size => "ExpectPolicyMaxSize 1000\n",
    refuse => "ExpectPolicyRefuse closed \"Closed.\" 503\n",
    always417 => "ExpectPolicyMaxSize 1000\nExpectPolicyStatus 417\n",
    early => "ExpectPolicyMaxSize 1000\nExpectPolicyEarlyErrors On\n"
        . "ExpectPolicyLinger Short\n",
    allowance => "ExpectPolicyAllowance 10K/1d client\n",
    all => "ExpectPolicyMethods POST\nExpectPolicyTypes image/*\n"
        . "ExpectPolicyEncodings identity\nExpectPolicyMaxSize 1000\n"
        . "ExpectPolicyRequireContinue 500\n",
    nothing => '',
);
my $sections = join '', map {
    qq(<LocationMatch "^/(app|nothing)/$_\$">\n$policy{$_}</LocationMatch>\n)
} sort keys %policy;

sub text {
    my ($port, $has_module) = @_;
    my $text = <<"END";
KeepAliveTimeout 5
Timeout 8
TypesConfig /dev/null
ScriptAliasMatch "^/app/" "$app"
<IfModule mod_cgid.c>
    ScriptSock cgisock
</IfModule>
<Directory "$logs/behind">
    Options +ExecCGI
</Directory>
END
    return $text unless $has_module;
    return <<"END";
Listen 127.0.0.1:$port
$text
<Location /counts>
    SetHandler expect-policy-status
</Location>
<VirtualHost 127.0.0.1:$port>
    ServerName dry.test
    ExpectPolicy DryRun
    ExpectPolicyAdvertise On
$sections
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName on.test
    ExpectPolicy On
    ExpectPolicyAdvertise On
$sections
</VirtualHost>
END
}

my $port = ExpectPolicy::Server::free_port();
my $with = ExpectPolicy::Server->start(text($port, 1), load => ['mime', $cgi]);
my $without = ExpectPolicy::Server->start(text($port, 0), module => 0,
                                          load => ['mime', $cgi]);

# ---------------------------------------------------------------- the corpus

# Always the same numbers.
my $state = 4711;
sub pick {
    $state = ($state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return $_[($state >> 8) % @_];
}

sub content {
    my ($bytes, $chunked) = @_;
    my $content = join '', map { chr(97 + $_ % 26) } 1 .. $bytes;
    return (length => $bytes, content => $content) unless $chunked;
    return (chunked => 1, content => in_chunks($content));
}

my @corpus;
for my $i (1 .. SAMPLE) {
    my @headers = grep { defined } (
        pick(undef, undef, undef, 'Expect: 100-continue', 'Expect: 100-Continue',
             'Expect: foo', 'Expect: 100-continue, foo', 'Expect: foo="x,y"'),
        pick(undef, 'Content-Type: text/plain', 'Content-Type: image/png',
             'Content-Type: Image/PNG; q="a;b"', 'Content-Type: video/mp4',
             'Content-Type: nonsense'),
        pick(undef, undef, 'Content-Encoding: gzip', 'Content-Encoding: br',
             'Content-Encoding: gzip, identity'),
        pick(undef, 'Authorization: Bearer abc', 'Authorization: Basic YTpi',
             'Authorization: nonsense'),
        pick(undef, undef, 'X-Expected-Entity-Length: 99999'));
    push @corpus, {
        path => '/' . pick('app', 'app', 'app', 'nothing') . '/'
            . pick(sort keys %policy),
        method => pick(qw(POST POST PUT PATCH GET DELETE OPTIONS HEAD)),
        version => pick('1.1', '1.1', '1.1', '1.0'),
        headers => \@headers,
        pick(1, 1, 1, 1, 0) ? content(pick(1, 10, 499, 1000, 1001, 5000),
                                      pick(0, 0, 0, 1)) : (),
    };
}
# Content that turns out too large on its way.  Not below /nothing/early: On says
# 404 there before it reads any, and a dry run leaves that to core, which reads.
push @corpus, map { +{ path => $_, method => 'POST', headers => [],
                       content(5000, 1) } }
    '/app/early', map { ("/app/$_", "/nothing/$_") } qw(size always417 all);
# Who asks for limits is told none.
push @corpus, map { +{ path => $_, method => 'OPTIONS', headers => [] } }
    map { ("/app/$_", "/nothing/$_") } qw(size types methods);
# Whether the connection is kept is said in a field, too.  Not by a program: for
# HTTP/1.0 that is a matter of timing.
push @corpus, map { +{ path => '/nothing/nothing', method => 'POST', keeps => 1,
                       linger => 0, content(2), %$_ } }
    { version => '1.0', headers => ['Expect: 100-continue'] },
    { version => '1.0', headers => [] }, { headers => [] };
# fields that are anything but as usual
my %odd = (
    Expect => [ '', ',', '100-continue,', '100-continue=1', '"100-continue"',
                '100 continue', "\t100-continue", '100-continue;q=1',
                "\xef\xbc\x9100-continue", 'x' x 500, 'a,' x 300 ],
    'Content-Type' => [ '', '/', 'a/', '/b', 'a/b/c', 'a b', '*/*', 'image/*',
                        'image/png,image/png', 'image/png;', "image/p\xffg",
                        'x' x 300 . '/y' ],
    'Content-Encoding' => [ '', ',', 'x-gzip', 'GZIP', 'gzip gzip', ';', '*' ],
    Authorization => [ '', 'Bearer', 'bearer x', 'Bearer  x', 'BearerX y',
                       "Bearer\tx", ',' ],
    'X-Expected-Entity-Length' => [ '-1', '+1001', '1e9', '9' x 30, '' ],
);
for my $field (sort keys %odd) {
    for my $value (@{ $odd{$field} }) {
        push @corpus, { path => '/app/all', method => 'POST',
                        headers => ["$field: $value"], content(10) },
            { path => pick('/app/types', '/app/encodings', '/app/auth',
                           '/app/expectations', '/app/size'),
              method => 'PUT', headers => ["$field: $value"], content(10) };
    }
}

# ---------------------------------------------------------------- what comes back

sub told {
    my ($at, $host, $request) = @_;
    my %ask = %$request;
    my $content = delete $ask{content};
    my $connection = delete $ask{keeps} ? 'keep-alive' : 'close';
    my $asks = $ask{version} && $ask{version} eq '1.0' ? 0
        : grep { /^Expect:\s*100-continue$/i } @{ $ask{headers} };
    my $res = ask(%ask, port => $at, host => $host, tag => '',
                  headers => [ "Connection: $connection", @{ $ask{headers} } ],
                  !defined $content ? ()
                      : $asks ? (after_100 => $content) : (body => $content));
    return join "\n", $res->{problem} // '', $res->{status} // '',
        "@{ $res->{interim} }",
        # whether a script's answer is sent in chunks is a matter of timing
        (map { "$_->[0]: " . (lc $_->[0] eq 'allow'
            # in whichever order a process happens to have them
            ? join(',', sort split /[, ]+/, $_->[1]) : $_->[1]) }
            grep { $_->[0] !~ /^(?:date|content-length|transfer-encoding)$/i }
            @{ $res->{headers} }),
        $res->{body}, $res->{extra};
}

sub counts {
    my ($host) = @_;
    my $res = ask(port => $port, host => $host, method => 'GET', tag => '',
                  path => '/counts?format=json', headers => ['Connection: close']);
    return JSON::PP->new->decode($res->{body})->{total};
}

sub sum {
    my $sum = 0;
    $sum += $_ for @_;
    return $sum;
}

my (@differ, %status);
my $verdicts = 0;
for my $request (@corpus) {
    my $absent = told($without->{port}, 'dry.test', $request);
    my $dry = told($port, 'dry.test', $request);
    my $on = told($port, 'on.test', $request);
    $status{ (split /\n/, $on)[1] }++;
    if ($dry ne $absent) {
        push @differ, join ' ', map { "[$_]" } $request->{method},
            $request->{path}, @{ $request->{headers} },
            $request->{length} // 'unsized', $dry, $absent;
    }
}
is(scalar @differ, 0, 'a dry run answers as a server without the module')
    or diag join "\n\n", @differ[0 .. ($#differ < 3 ? $#differ : 3)];
cmp_ok(scalar @corpus, '>', 380, 'many were asked');
cmp_ok(scalar keys %status, '>', 8, 'and On answers in many ways');
note join ', ', map { "$_: $status{$_}" } sort keys %status;

# what On refuses on the head or cuts, a dry run would refuse
my ($dry, $on);
my $would = sub {
    my %codes = %{ $on->{refused} };
    $codes{$_} += $on->{cut}{$_} for keys %{ $on->{cut} };
    return \%codes;
};
my $json = JSON::PP->new->canonical;
wait_until(sub {
    ($dry, $on) = (counts('dry.test'), counts('on.test'));
    $json->encode($dry->{would_refuse}) eq $json->encode($would->())
        && $dry->{admitted} == $on->{admitted};
}, 5);
is_deeply($dry->{would_refuse}, $would->(), 'by code, what On refuses and cuts');
is($dry->{admitted}, $on->{admitted}, 'and what it admits');
is_deeply([ $dry->{refused}, $dry->{cut}, $dry->{refused_bytes} ], [ {}, {}, 0 ],
          'nothing is refused');
is_deeply($on->{would_refuse}, {}, 'On refuses in earnest');
cmp_ok($on->{admitted}, '>', 50, 'some were admitted');
cmp_ok(scalar keys %{ $dry->{would_refuse} }, '>=', 10, 'and every code was met');
cmp_ok(sum(values %{ $on->{cut} }), '>', 0, 'some were cut');

done_testing;
