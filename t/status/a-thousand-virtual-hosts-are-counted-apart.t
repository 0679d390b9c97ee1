# Many virtual hosts, and many refusals at once in several children.  Every count is
# exact, and each host sees its own.  Hosts after the first 4096 are counted together,
# and only the main server sees that count.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Judge;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);

use constant {
    HOSTS => 4096,
    MORE => 4,
    # of which so many are asked, by so many clients at once
    ASKED => 50,
    CLIENTS => 4,
    REQUESTS => 250,
};

my $port = ExpectPolicy::Server::free_port();
my $hosts = join '', map {
    "<VirtualHost 127.0.0.1:$port>\nServerName h$_.test\n</VirtualHost>\n"
} 1 .. HOSTS + MORE - 1;    # and the main server
my $server = ExpectPolicy::Server->start(<<"END");
Listen 127.0.0.1:$port
ServerName main.test
ExpectPolicy On
ExpectPolicyMaxSize 3
<Location /counts>
    SetHandler expect-policy-status
</Location>
$hosts
END

sub report {
    my ($host) = @_;
    my $start = time;
    my $res = ask(port => $host ? $port : $server->{port}, tag => '',
                  method => 'GET', path => '/counts?format=json',
                  host => $host // 'main.test',
                  headers => ['Connection: close']);
    my $took = time - $start;
    return ($res->{status}, $res->{body},
            eval { JSON::PP->new->utf8->decode($res->{body}) }, $took);
}

# The hosts of the requests are the same for all clients.
sub host_of { return 'h' . (100 + $_[0] % ASKED) . '.test' }

# Small content that is there is read, and the connection kept.
my @pids;
for my $client (1 .. CLIENTS) {
    defined(my $pid = fork) or die "fork: $!";
    if (!$pid) {
        alarm 100;
        my $refused = 0;
        my $conn = converse(port => $port);
        for my $i (1 .. REQUESTS) {
            my $res = exchange($conn, host => host_of($i), path => '/x',
                               length => 4, body => 'xxxx', linger => 0);
            $refused++ if ($res->{status} // 0) == 413;
            $conn = converse(port => $port)
                if $conn->{eof} || !$res->{status}
                    || grep { lc $_ eq 'close' }
                        ExpectPolicy::Wire::values_of($res, 'connection');
        }
        require POSIX;
        POSIX::_exit($refused == REQUESTS ? 0 : 1);
    }
    push @pids, $pid;
}
my $failed = 0;
for my $pid (@pids) {
    waitpid $pid, 0;
    $failed++ if $?;
}
is($failed, 0, CLIENTS . ' clients are refused ' . REQUESTS . ' times each');

my ($status, $text, $whole, $took);
ok(wait_until(sub {
    ($status, $text, $whole, $took) = report();
    ($whole->{total}{refused}{content_too_large} // 0) >= CLIENTS * REQUESTS;
}, 10), 'they are counted');
is($whole->{total}{refused}{content_too_large}, CLIENTS * REQUESTS,
   'and every one once');
is($whole->{total}{refused_bytes}, 4 * CLIENTS * REQUESTS, 'as are their bytes');
note sprintf '%.3f s, %d bytes', $took, length $text;
cmp_ok($took, '<', $ENV{EP_SANITIZE} ? 10 : 3, 'told without delay');
schema_ok($text, 'status.json', 'as the schema says');
my %by_name = map { $_->{name} => $_ } @{ $whole->{hosts} };
is(scalar keys %by_name, HOSTS, 'each host that has room is there');
my @wrong;
for my $i (1 .. ASKED) {
    my $name = host_of($i);
    my $got = $by_name{"$name:$port"}{refused}{content_too_large} // 0;
    push @wrong, "$name: $got" if $got != CLIENTS * REQUESTS / ASKED;
}
is_deeply(\@wrong, [], 'each has its own refusals');
my (undef, undef, $one) = report(host_of(7));
is($one->{total}{refused}{content_too_large}, CLIENTS * REQUESTS / ASKED,
   'and sees them');
my (undef, undef, $quiet) = report('h999.test');
is_deeply($quiet->{total}{refused}, {}, 'who had none sees none');

# beyond what there is room for
my @crowd = grep { !$by_name{"$_:$port"} } map { "h$_.test" }
    1 .. HOSTS + MORE - 1;
is(scalar @crowd, MORE, 'some have none');
for my $host (@crowd) {
    is(ask(port => $port, host => $host, path => '/x', length => 4,
           body => 'xxxx')->{status}, 413, "$host refuses all the same");
    my ($seen, $page) = report($host);
    is($seen, 503, 'and has no numbers of its own to tell');
    unlike($page, qr/refused|total/, 'it does not tell the common count either');
}
my $others = sub {
    my (undef, undef, $now) = report();
    my ($row) = grep { $_->{name} eq '(others)' } @{ $now->{hosts} };
    return $row->{refused}{content_too_large} // 0;
};
ok(wait_until(sub { $others->() == MORE }, 5),
   'the main server sees what they are together');

done_testing;
