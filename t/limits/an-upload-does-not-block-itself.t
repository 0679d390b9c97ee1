# The limit is one upload at a time.  A client that has read the answer to its upload
# may send the next one at once.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant TIMES => 100;

my $server = ExpectPolicy::Ledger->start(<<'END',
ExpectPolicyConcurrent 1 client
MaxKeepAliveRequests 0
END
    load => [has_http2() ? 'http2' : ()]);

sub none_refused {
    my ($name, @statuses) = @_;
    my %seen;
    $seen{ $_ // 'none' }++ for @statuses;
    my @refused = grep { !/^2/ } keys %seen;
    is_deeply(\@refused, [], $name) or diag explain \%seen;
    is(scalar @statuses, TIMES, 'as often as was asked');
}

none_refused('each on a connection of its own',
             map { $server->put("/own", 100)->{status} } 1 .. TIMES);

none_refused('by a program',
             map { $server->put('/cgi/app.cgi', 100, method => 'POST')->{status} }
                 1 .. TIMES);

my $conn = converse($server->here);
none_refused('one connection', map {
    ExpectPolicy::Wire::put($conn, head_bytes($server->here, path => '/same',
                                              length => 100) . 'x' x 100, 5);
    read_response($conn, method => 'PUT')->{status};
} 1 .. TIMES);

# the next head is there before the answer to the one before it has left
$conn = converse($server->here);
my $many = (head_bytes($server->here, path => '/piped', length => 100)
            . 'x' x 100) x TIMES;
ExpectPolicy::Wire::put($conn, $many, 10);
none_refused('pipelined', map {
    read_response($conn, method => 'PUT')->{status}
} 1 .. TIMES);

# an error ends an upload as well
my @errors = map { $server->put('/no/such/directory', 100)->{status} } 1 .. TIMES;
is_deeply([grep { $_ != 409 } @errors], [], 'errors, each of its own connection');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    none_refused('one HTTP/2 connection', map {
        my $id = $h2->request(method => 'PUT', path => '/h2', length => 100,
                              host => 'localhost');
        $h2->content($id, 'x' x 100, end => 1);
        $h2->answer($id)->{status};
    } 1 .. TIMES);
}

# The limit holds all the same.
my $held = $server->begin('/held', 10);
refusal_ok($server->announce('/other', 10), code => 'too_many_uploads',
           members => { limit => 1, retry_after => 5 },
           headers => { 'Retry-After' => 5 }, name => 'two at once');
is(ExpectPolicy::Ledger::finish($held), 201, 'the first one is done');
$server->settled_ok;
$server->stop;
done_testing;
