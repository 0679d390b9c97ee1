# A reverse proxy sends many clients' requests over few connections.  Whatever
# is refused behind it, each client gets the answer to its own request.
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use POSIX ();
use Time::HiRes qw(time);

use constant { CLIENTS => 8, ROUNDS => 100 };

# two connections to the server under test, and never closed for their age
my $mpm = is_mpm('prefork')
    ? "StartServers 8\nMinSpareServers 8\nServerLimit 8\nMaxRequestWorkers 8\n"
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nMaxRequestWorkers 25\n";
my $backend = 'http://127.0.0.1:' . port_of();
my $proxy = ExpectPolicy::Server->start(<<"END", load => [qw(proxy proxy_http)], module => 0);
$mpm
Timeout 15
KeepAliveTimeout 5
ProxyPreserveHost On
ProxyPass / $backend/ max=2 keepalive=On acquire=10000
END

put_file("pool/$_.txt", "the answer to $_\n") for 1 .. CLIENTS;

# What each kind of request is answered with.
my $number;
my $hidden = unique('hidden');
my %kinds = (
    get => sub {
        return (head_bytes(method => 'GET', path => "/pool/$number.txt"),
                200, qr/\Athe answer to $number\n\z/);
    },
    small => sub {
        return (head_bytes(path => '/app/refuse', length => 5) . 'hello',
                403, qr/"error":"closed"/);
    },
    large => sub {
        return (head_bytes(path => '/app/size', length => 300_000)
                . 'x' x 300_000, 413, qr/"error":"content_too_large"/);
    },
    request_in_it => sub {
        my $content = ExpectPolicy::Wire::marker_request($hidden) x 40;
        return (head_bytes(path => '/app/types', length => length $content)
                . $content, 415, qr/"error":"unsupported_content_type"/);
    },
    asks => sub {
        return (head_bytes(path => '/app/auth', length => 5000,
                           headers => ['Expect: 100-continue']) . 'x' x 5000,
                qr/\A4(?:01|17)\z/, qr/"error":"authentication_required"/);
    },
    chunks => sub {
        return (head_bytes(path => '/app/refuse', chunked => 1)
                . "5\r\nhello\r\n0\r\n\r\n", 403, qr/"error":"closed"/);
    },
    head => sub {
        return (head_bytes(method => 'HEAD', path => '/app/refuse', length => 5)
                . 'hello', 403, qr/\A\z/);
    },
    unread => sub {
        # the client of this one goes away in the middle of it
        return (head_bytes(path => '/app/size', length => 300_000) . 'x' x 999,
                undef, undef);
    },
);

# One client; tells a pipe what was not as it should be.
sub client {
    my ($out) = @_;
    my @order = sort keys %kinds;
    srand 1000 + $number;
    for my $round (1 .. ROUNDS) {
        # every other one is a GET, whose answer tells whose it is
        my $kind = $round % 2 ? 'get' : $order[rand @order];
        my ($bytes, $status, $body) = $kinds{$kind}->();
        my $conn = converse(port => $proxy->{port});
        ExpectPolicy::Wire::put($conn, $bytes, 5);
        if (!defined $status) {
            close $conn->{sock};
            print $out "done $kind\n";
            next;
        }
        my $res = read_response($conn, patience => 15,
                                method => $kind eq 'head' ? 'HEAD' : 'POST');
        # nothing but the one answer
        ExpectPolicy::Wire::fill($conn, time + 0.01) for 1 .. 2;
        my $got = $res->{status} // $res->{problem} // 'nothing';
        my $right = ref $status ? $got =~ $status : $got eq $status;
        print $out "wrong $kind: $got ",
            substr($res->{body}, 0, 60) =~ s/\s+/ /gr, "\n"
            unless $right && $res->{body} =~ $body;
        print $out "wrong $kind: behind it ", substr($conn->{in}, 0, 40), "\n"
            if length $conn->{in};
        print $out "done $kind\n";
        close $conn->{sock};
    }
}

my (%done, @wrong, %pipes);
for (1 .. CLIENTS) {
    pipe my $in, my $out or die "pipe: $!";
    defined(my $pid = fork) or die "fork: $!";
    if (!$pid) {
        $number = $_;
        close $in;
        alarm 120;
        my $ok = eval { client($out); 1 };
        print $out 'wrong: ', $@ =~ s/\n/ /gr, "\n" unless $ok;
        close $out;
        POSIX::_exit(0);
    }
    close $out;
    $pipes{$pid} = $in;
}
for my $pid (keys %pipes) {
    for (readline $pipes{$pid}) {
        $done{$1}++ if /^done (\w+)/;
        push @wrong, $_ if /^wrong/;
    }
    waitpid $pid, 0;
}
is_deeply(\@wrong, [], 'every client got the answer to its own request');
my $all = 0;
$all += $_ for values %done;
is($all, CLIENTS * ROUNDS, 'all of them');
is_deeply([sort keys %done], [sort keys %kinds], 'of every kind');
cmp_ok($done{get}, '>=', CLIENTS * ROUNDS / 2, 'ordinary ones among them');
unlike(slurp(vars('t_logs') . '/access_log'), qr{"GET /$hidden },
       'no content was taken for a request');
# they did share connections
my %ports;
my $log = slurp(vars('t_logs') . '/access_log');
$ports{$1}++ while $log =~ m{^guard\.test (\d+) "GET /pool/\d+\.txt }mg;
cmp_ok(scalar(keys %ports), '<', $done{get}, 'connections were used again')
    or diag explain \%ports;
$proxy->stop;
done_testing;
