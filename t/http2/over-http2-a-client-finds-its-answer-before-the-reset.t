# If nobody reads the content of a stream, mod_http2 resets the stream as soon as its
# answer is sent.  A client that still sends may see the reset first (curl 7.88.1
# does).  So the reset waits for a tenth of a second.  It does not wait if the client
# ends the stream itself, if the client is to be cut off, or if too many wait.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Judge;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

if (!has_http2()) {
    pass('mod_http2 does not work under prefork');
    done_testing;
    exit;
}

use constant {
    THREADS => 16,
    # one for every four threads
    PLACES => 4,
    # between what a busy machine adds to nothing and takes from 100
    WAITED_MS => 60,
    TRIES => 7,
};

my $threads = THREADS;
my $cgi = vars('serverroot') . '/cgi-bin';
my $server = ExpectPolicy::Server->start(
    <<"END", load => [qw(mime cgid http2)]);
StartServers 1
ServerLimit 1
ThreadsPerChild $threads
MaxRequestWorkers $threads
Protocols h2c
TypesConfig /dev/null
ExpectPolicy On
ExpectPolicyMaxSize 1000
<Location /short>
    ExpectPolicyLinger Short
</Location>
<Location /abort>
    ExpectPolicyLinger Abort
</Location>
<Location /early>
    ExpectPolicyEarlyErrors On
</Location>
# a program, for which content is read
ScriptSock cgisock
ScriptAliasMatch "^(/abort)?/app\$" "$cgi/app.cgi"
<Directory "$cgi">
    Options +ExecCGI
</Directory>
END

sub connection {
    return ExpectPolicy::H2->new(port => $server->{port});
}

# Milliseconds from the answer's end to the reset, which has to be NO_ERROR.
sub reset_after {
    my ($h2, $id) = @_;
    my $res = $h2->answer($id, reset_within => 5);
    return 9999 unless defined $res->{reset} && $res->{reset} == 0;
    return ($res->{closed} - $res->{done}) * 1000;
}

sub median { return (sort { $a <=> $b } @_)[$#_ / 2] }

# What $ask->(CONNECTION) does, on a connection of its own each time.
sub median_reset_after {
    my ($ask) = @_;
    return median(map {
        my $h2 = connection();
        reset_after($h2, $ask->($h2));
    } 1 .. TRIES);
}

sub refused {
    my ($path, %more) = @_;
    return sub { $_[0]->request(path => $path, length => 5000, %more) };
}

sub sends_on {
    my ($path) = @_;
    return sub {
        my ($h2) = @_;
        my $id = $h2->request(path => $path);
        $h2->content($id, 'x' x 5000);
        return $id;
    };
}

for (['/', refused('/'), 413],
     ['/short', refused('/short'), 413],
     ['who asks', refused('/', headers => ['expect: 100-continue']), 417],
     ['HEAD', refused('/', method => 'HEAD'), 413],
     ['an expectation that core refuses',
      refused('/', headers => ['expect: nonsense']), 417],
     ['a stream that is cut', sends_on('/app'), 413],
     ["another module's error",
      refused('/early', method => 'PUT', length => 500), 405]) {
    my ($name, $ask, $status) = @$_;
    my $h2 = connection();
    my $res = $h2->answer($ask->($h2), reset_within => 5);
    is($res->{status}, $status, "$name: the answer");
    # a HEAD's answer has no DATA, and ends where it begins
    like($res->{body},
         $name eq 'HEAD' ? qr/\A\z/ : qr/\A\{"error":"\w+".*\}\n\z/,
         'in full, and once');
    refusal_schema_ok($res) if length $res->{body};
    is($res->{extra}, '', 'and nothing behind it');
    my $ms = median_reset_after($ask);
    cmp_ok($ms, '>', WAITED_MS, "the reset waits ($ms ms)");
    cmp_ok($ms, '<', 1000, 'but not for long');
}

# The twin: nobody waits for who is to be cut off.
for (['Abort', refused('/abort')], ['Abort, cut', sends_on('/abort/app')]) {
    my ($name, $ask) = @$_;
    my $ms = median_reset_after($ask);
    cmp_ok($ms, '<', WAITED_MS, "$name: the reset comes at once ($ms ms)");
}

# One stream of a connection waits; its neighbours do not.
my (@first, @second, @get);
for (1 .. TRIES) {
    my $h2 = connection();
    my @ids = map { $h2->request(path => '/', length => 5000) } 1, 2;
    my $started = time;
    my $get = $h2->request(method => 'GET', path => '/plain.txt', end => 1);
    my $res = $h2->answer($get);
    is($res->{status}, 200, 'a GET next to them is served');
    push @get, $res->{ms};
    my @ms = sort { $a <=> $b } map { reset_after($h2, $_) } @ids;
    push @first, $ms[0];
    push @second, $ms[1];
}
cmp_ok(median(@get), '<', WAITED_MS, 'at once (' . median(@get) . ' ms)');
cmp_ok(median(@first), '<', WAITED_MS, 'one of two is reset at once');
cmp_ok(median(@second), '>', WAITED_MS, 'the other one waits');

# Who ends the stream gives the place back, and is not reset.
for (['an end', 0, 1, ''], ['a reset', 3, 0, pack 'N', 8]) {
    my ($name, @frame) = @$_;
    my $waited = 0;
    for (1 .. TRIES) {
        my $h2 = connection();
        my $id = $h2->request(path => '/', length => 5000);
        my $res = $h2->answer($id);
        # a DATA frame with END_STREAM would have to be as long as was said
        $h2->content($id, 'x' x 5000, end => 1) if $frame[0] == 0;
        $h2->send_frame($frame[0], $frame[1], $id, $frame[2]) if $frame[0];
        sleep 0.03;
        $waited++ if reset_after($h2, refused('/')->($h2)) > WAITED_MS;
        is($res->{reset}, undef, "$name: no reset in return");
    }
    cmp_ok($waited, '>', TRIES / 2, "$name gives the place back ($waited)");
}

# Not more than a few wait in a child.
my @waited = map {
    my @all = map { connection() } 1 .. 3 * PLACES;
    # connected and ready: their requests come together
    $_->answer($_->request(method => 'GET', path => '/plain.txt', end => 1))
        for @all;
    # the same number for all
    my ($id) = map { refused('/')->($_) } @all;
    my @open = @all;
    my $end = time + 10;
    while (@open && time < $end) {
        # all in turn: what waits in a buffer would have no time of its own
        $_->step(time + 0.001) for @open;
        # event ends kept connections when it has no thread for them
        @open = grep { !$_->{streams}{ $id }{closed} && !defined $_->{goaway} }
            @open;
    }
    is(scalar @open, 0, 'each is answered, unless its connection was ended');
    my @late = grep { !defined $_->{goaway}
                      && reset_after($_, $id) > WAITED_MS } @all;
    scalar @late;
} 1 .. 3;
cmp_ok(median(@waited), '<=', PLACES, "of 12 at most 4 wait (@waited)");
cmp_ok(median(@waited), '>=', 1, 'but some do');
is(connection()->{goaway}, undef, 'the server goes on');
# event 2.4.71 may crash in close_worker_sockets() when a child is ended while
# HTTP/2 connections are closing, with this module or without it
sleep 0.5;
$server->stop;
done_testing;
