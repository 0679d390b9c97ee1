package ExpectPolicy::Wire;

# HTTP/1 on a raw socket, for everything that a client library would hide:
# interim responses, answers that come before the content, what is sent behind
# the answer, and when.

use strict;
use warnings;

use Exporter 'import';
use Errno qw(EAGAIN EWOULDBLOCK EINTR EPIPE ECONNRESET);
use ExpectPolicy::Judge qw(refusal_schema_ok);
use Fcntl ();
use IO::Select ();
use IO::Socket::IP ();
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time sleep);

our @EXPORT = qw(
    ask converse head_bytes is_held is_mpm has_http2 port_of vars
    read_response exchange live_ok in_chunks
    refusal_ok accepted_ok denial_ok built_module parse_json
    log_lines logged_once access_line access_ok app_ran app_calls app_says
    no_marker_was_served put_file make_tree slurp document_root
    wait_until new_directory unique MARKER_COUNT
);

# An answer that comes at once takes a few milliseconds; a server that waits for the
# content answers after its Timeout of 8 seconds.  The bound lies between, since the
# machine may be busy.
our $HARD_MS = 2500;
# How long a test waits for anything at all.
our $PATIENCE = 20;

# A test file that hangs is ended, so that the others can run.
$SIG{ALRM} = sub { die "this test file took too long\n" };
alarm 240;
$SIG{PIPE} = 'IGNORE';

my $serial = 0;
my @markers;

# What Apache::Test saved when it configured the server; asking Apache::Test
# itself would take every test file half a second.
my $config;
sub vars {
    $config //= do {
        require './t/conf/apache_test_config.pm';
        apache_test_config->new->{vars};
    };
    return $config->{ $_[0] } // die "nobody knows \@$_[0]\@";
}
sub is_held { return $ENV{EP_PROFILE} eq 'held' }
sub is_mpm { return $ENV{EP_MPM} eq $_[0] }
# mod_http2 refuses to work under prefork
sub has_http2 { return $ENV{EP_MPM} ne 'prefork' }
sub document_root { return vars('documentroot') }

sub port_of {
    my ($name) = @_;
    return vars(!$name || $name eq 'main' ? 'port' : "${name}_port");
}

# A name that no other test of the run has, for paths and queries.  The system may use
# the pid of an earlier test again, so the time is part of the name.  No name is the
# begin of another one.
sub unique {
    my ($word) = @_;
    return sprintf '%s%dx%dx%dx', $word, $^T, $$, ++$serial;
}

# A directory of this test's own, whose name begins with a word.
sub new_directory {
    my ($word) = @_;
    my $dir = vars('t_logs') . '/' . unique($word);
    mkdir $dir or die "$dir: $!";
    return $dir;
}

# Content as it is sent in chunks of at most so many bytes (undef: in one), with the
# last chunk (RFC 9112 7.1).
sub in_chunks {
    my ($content, $most) = @_;
    my $sent = '';
    for (my $at = 0; $at < length $content; $at += $most // length $content) {
        my $chunk = substr $content, $at, $most // length $content;
        $sent .= sprintf("%x\r\n", length $chunk) . "$chunk\r\n";
    }
    return "${sent}0\r\n\r\n";
}

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or return '';
    local $/;
    return scalar <$in> // '';
}

# Polls, because a log line may be written a moment after the answer.
sub wait_until {
    my ($condition, $seconds) = @_;
    my $end = time + ($seconds // 3);
    while (1) {
        my $found = $condition->();
        return $found if $found;
        return $found if time > $end;
        sleep 0.01;
    }
}

# ------------------------------------------------------------------ requests

# The bytes of a head.  All keys are optional:
#   method path host version    POST, /, guard.test, 1.1
#   length                      Content-Length
#   chunked                     Transfer-Encoding: chunked
#   headers                     array of further lines, without their ends
sub head_bytes {
    my (%ask) = @_;
    my $version = $ask{version} // '1.1';
    my $host = $ask{host} // 'guard.test';
    my @lines = (($ask{method} // 'POST') . ' ' . ($ask{path} // '/')
                 . " HTTP/$version");
    push @lines, "Host: $host" if length $host;
    push @lines, "Content-Length: $ask{length}" if defined $ask{length};
    push @lines, 'Transfer-Encoding: chunked' if $ask{chunked};
    push @lines, @{ $ask{headers} // [] };
    return join("\r\n", @lines) . "\r\n\r\n";
}

# Sends a request and takes in everything that comes back.  Keys of head_bytes,
# and:
#   port            name of a port, see port_of
#   body            content that goes out together with the head; without it
#                   the content is withheld
#   after_100       content that goes out once 100 Continue was received
#   after_refusal   bytes sent once a complete final answer was received
#   marker          1: a complete request is sent as content, right behind the
#                   head; nothing may ever answer it if the upload is refused
#   linger          seconds to wait for the server to close (default 3), 0 does
#                   not wait at all
#   raw_head        instead of what head_bytes makes
#   tag             appended to the path as a query (default: a fresh one), by
#                   which the logs are searched; '' for none
#   patience        seconds to wait for a final answer
#   log             the error log of a server that is not Apache::Test's
# The result is a hash: status version reason headers(array of pairs) body
# interim(array of statuses) ms(head sent to answer complete) eof extra(bytes
# behind the answer) raw, and what log_lines and access_line need.
sub ask {
    my (%ask) = @_;
    my $conn = converse(%ask);
    my $res = exchange($conn, %ask);
    return $res;
}

sub converse {
    my (%ask) = @_;
    my $port = $ask{port} && $ask{port} =~ /^\d+$/ ? $ask{port}
        : port_of($ask{port});
    my $log = $ask{log} // vars('t_logs') . '/error_log';
    my $marks = {
        error => -s $log || 0,
        access => -s vars('t_logs') . '/access_log' || 0,
    };
    my $sock;
    # a full accept queue is no result: try again
    for (1 .. 50) {
        $sock = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port,
                                    Timeout => 5) and last;
        sleep 0.05;
    }
    $sock or die "connect to $port: $!";
    $sock->blocking(0);
    $sock->setsockopt(Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1);
    return { sock => $sock, in => '', port => $sock->sockport, log => $log,
             marks => $marks, eof => 0 };
}

sub exchange {
    my ($conn, %ask) = @_;
    my $tag = $ask{tag} // unique('ep');
    my $canary = sprintf 'canary%d', 1e9 + int rand 1e9;

    my $head = $ask{raw_head};
    if (!defined $head) {
        my $path = $ask{path} // '/';
        $path .= ($path =~ /\?/ ? '&' : '?') . "t=$tag" if length $tag;
        $head = head_bytes(
            %ask, path => $path,
            headers => [ @{ $ask{headers} // [] }, "X-Canary: $canary" ],
        );
    }
    my $content = $ask{body} // '';
    my $marker;
    if ($ask{marker}) {
        $marker = marker();
        $content .= marker_request($marker);
    }

    put($conn, $head . $content, 10);
    my $sent = time;
    my $res = read_response(
        $conn, method => $ask{method} // 'POST',
        patience => $ask{patience} // $PATIENCE,
        on_100 => defined $ask{after_100}
            ? sub { put($conn, $ask{after_100}, 10) } : undef,
    );
    $res->{ms} = (($res->{done} // time) - $sent) * 1000;
    $res->{tag} = $tag;
    $res->{canary} = $canary;
    $res->{marker} = $marker;
    $res->{client_port} = $conn->{port};
    $res->{marks} = $conn->{marks};
    $res->{log} = $conn->{log};
    $res->{conn} = $conn;
    $res->{head} = $head;
    $res->{http1} = 1;

    put($conn, $ask{after_refusal}, 2) if defined $ask{after_refusal};
    my $linger = $ask{linger} // 3;
    my $closes = grep { lc $_ eq 'close' } values_of($res, 'connection');
    if ($linger && (!$res->{status} || $closes)) {
        # the server half-closes at once, after the complete answer
        fill($conn, time + $linger) until $conn->{eof} || $conn->{late};
        $res->{ms_eof} = (time - $sent) * 1000;
    }
    $res->{eof} = $conn->{eof};
    $res->{extra} = $conn->{in};
    return $res;
}

# A path in content that looks like a request, and must never be served.
sub marker {
    my $marker = unique('marker');
    push @markers, $marker;
    return $marker;
}

sub marker_request {
    my ($marker) = @_;
    return "GET /$marker HTTP/1.1\r\nHost: guard.test\r\n\r\n";
}

# To be called last: none of all the markers sent was taken for a request.
sub no_marker_was_served {
    my ($floor) = @_;
    my $log = slurp(vars('t_logs') . '/access_log');
    my @served = grep { $log =~ m{"GET /$_ } } @markers;
    is_deeply(\@served, [], 'no content was taken for a request');
    cmp_ok(scalar @markers, '>=', $floor // 1, 'and there was some');
}

sub MARKER_COUNT { return scalar @markers }

# ------------------------------------------------------------------- socket

sub put {
    my ($conn, $bytes, $seconds) = @_;
    my $end = time + $seconds;
    my $select = IO::Select->new($conn->{sock});
    while (length $bytes && time < $end) {
        my $n = syswrite $conn->{sock}, $bytes;
        if (defined $n) {
            substr $bytes, 0, $n, '';
        }
        elsif ($!{EAGAIN} || $!{EWOULDBLOCK} || $!{EINTR}) {
            $select->can_write(0.2);
        }
        else {
            # the other side is gone; what it said can still be read
            return 0;
        }
    }
    return !length $bytes;
}

# One read; sets eof, or late when the deadline is over.
sub fill {
    my ($conn, $deadline) = @_;
    my $left = $deadline - time;
    if ($left <= 0) {
        $conn->{late} = 1;
        return;
    }
    return unless IO::Select->new($conn->{sock})->can_read($left);
    my $n = sysread $conn->{sock}, my $bytes, 65536;
    if (!defined $n) {
        return if $!{EAGAIN} || $!{EWOULDBLOCK} || $!{EINTR};
        $conn->{eof} = 1;
        $conn->{reset} = 1;
    }
    elsif ($n == 0) {
        $conn->{eof} = 1;
    }
    else {
        $conn->{in} .= $bytes;
    }
}

sub read_until {
    my ($conn, $deadline, $enough) = @_;
    $conn->{late} = 0;
    while (!$enough->()) {
        return 0 if $conn->{eof} || $conn->{late};
        fill($conn, $deadline);
    }
    return 1;
}

# Strict: a head that is not exactly of RFC 9112's form is a failure.
sub read_response {
    my ($conn, %how) = @_;
    my $deadline = time + ($how{patience} // $PATIENCE);
    my %res = (headers => [], interim => [], body => '', raw => '');

    while (1) {
        read_until($conn, $deadline, sub { $conn->{in} =~ /\r\n\r\n/ })
            or return { %res, problem => $conn->{eof} ? 'closed' : 'silent',
                        raw => $conn->{in} };
        $conn->{in} =~ s/\A(.*?\r\n)\r\n//s;
        my $head = $1;
        $res{raw} .= "$head\r\n";
        my ($line, @lines) = split /\r\n/, $head;
        $line =~ m{\AHTTP/(\d\.\d) ([1-5]\d\d)(?: ([\x20-\x7e]*))?\z}
            or return { %res, problem => "bad status line: $line" };
        @res{qw(version status reason)} = ($1, $2, $3);
        my @headers;
        for (@lines) {
            /\A([!#\$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\xff]*)\z/
                or return { %res, problem => "bad header line: $_" };
            push @headers, [$1, $2];
        }
        if ($res{status} < 200) {
            push @{ $res{interim} }, $res{status};
            $how{on_100}->() if $how{on_100} && $res{status} == 100;
            delete $res{status};
            return { %res, done => time } if $how{only_interim};
            next;
        }
        $res{headers} = \@headers;
        last;
    }

    my @length = values_of(\%res, 'content-length');
    my @coding = values_of(\%res, 'transfer-encoding');
    if (($how{method} // '') eq 'HEAD' || $res{status} =~ /^(?:204|304)$/) {
        # no content
    }
    elsif (@coding) {
        return { %res, problem => "bad transfer coding @coding" }
            unless "@coding" eq 'chunked' && !@length;
        my $bad = read_chunked($conn, $deadline, \%res);
        return { %res, problem => $bad } if $bad;
    }
    elsif (@length) {
        return { %res, problem => "bad Content-Length @length" }
            unless @length == 1 && $length[0] =~ /\A(?:0|[1-9]\d*)\z/;
        my $length = $length[0];
        read_until($conn, $deadline, sub { length $conn->{in} >= $length })
            or return { %res, problem => 'the body is cut short' };
        $res{body} = substr $conn->{in}, 0, $length, '';
    }
    else {
        read_until($conn, $deadline, sub { 0 });
        return { %res, problem => 'the body does not end' } unless $conn->{eof};
        $res{body} = $conn->{in};
        $conn->{in} = '';
    }
    $res{raw} .= $res{body};
    $res{done} = time;
    record($res{raw});
    return \%res;
}

# With EP_RECORD, every answer is written to a file of that directory, one for
# each test, a line for each answer, so that two builds can be compared
# (tools/compare-answers).
sub record {
    my ($text) = @_;
    return unless defined $ENV{EP_RECORD};
    my $file = "$ENV{EP_RECORD}/$ENV{EP_MPM}-$ENV{EP_PROFILE}-" . $0 =~ s{.*/}{}r;
    open my $out, '>>', $file or die "$file: $!\n";
    syswrite $out, $text =~ s{([^ -~]|%)}{sprintf '%%%02x', ord $1}ger . "\n";
    close $out;
}

sub read_chunked {
    my ($conn, $deadline, $res) = @_;
    while (1) {
        read_until($conn, $deadline, sub { $conn->{in} =~ /\r\n/ })
            or return 'the chunks are cut short';
        $conn->{in} =~ s/\A([0-9a-fA-F]{1,8})\r\n// or return 'bad chunk';
        my $n = hex $1;
        if (!$n) {
            read_until($conn, $deadline, sub { $conn->{in} =~ /\A\r\n/ })
                or return 'bad end of chunks';
            substr $conn->{in}, 0, 2, '';
            return;
        }
        read_until($conn, $deadline, sub { length $conn->{in} >= $n + 2 })
            or return 'the chunk is cut short';
        $res->{body} .= substr $conn->{in}, 0, $n, '';
        substr($conn->{in}, 0, 2, '') eq "\r\n" or return 'bad chunk end';
    }
}

sub values_of {
    my ($res, $name) = @_;
    return map { $_->[1] } grep { lc $_->[0] eq $name } @{ $res->{headers} };
}

# The connection of an answer that left it open still serves requests.
sub live_ok {
    my ($res, $what) = @_;
    my $conn = $res->{conn};
    put($conn, "GET /plain.txt HTTP/1.1\r\nHost: guard.test\r\n\r\n", 2);
    my $next = read_response($conn, method => 'GET', patience => 5);
    is($next->{status}, 200, $what // 'the connection goes on');
}

# --------------------------------------------------------------------- JSON

# RFC 8259, and no name twice.  Objects are arrays of pairs in `order`, so that
# their order can be looked at.
sub parse_json {
    my ($text) = @_;
    # what the rest of the world makes of it
    my $plain = eval { JSON::PP->new->utf8->decode($text) };
    return (undef, undef, "JSON::PP: $@") unless $plain;
    my @names;
    my $rest = $text;
    my $ok = eval {
        json_value(\$rest, \@names, 0);
        $rest =~ s/\A[ \t\r\n]+//;
        die "text behind the document\n" if length $rest;
        1;
    };
    return (undef, undef, $@) unless $ok;
    return ($plain, \@names, undef);
}

sub json_value {
    my ($rest, $top, $depth) = @_;
    die "too deep\n" if $depth > 20;
    $$rest =~ s/\A[ \t\r\n]+//;
    if ($$rest =~ s/\A\{[ \t\r\n]*//) {
        my %seen;
        return if $$rest =~ s/\A\}//;
        while (1) {
            $$rest =~ s/\A[ \t\r\n]*"((?:[^"\\\x00-\x1f]|\\.)*)"[ \t\r\n]*:// or
                die "no name at: " . substr($$rest, 0, 20) . "\n";
            die "the name $1 stands twice\n" if $seen{$1}++;
            push @$top, $1 if $depth == 0;
            json_value($rest, $top, $depth + 1);
            last if $$rest =~ s/\A[ \t\r\n]*\}//;
            $$rest =~ s/\A[ \t\r\n]*,// or die "no comma in an object\n";
        }
    }
    elsif ($$rest =~ s/\A\[[ \t\r\n]*//) {
        return if $$rest =~ s/\A\]//;
        while (1) {
            json_value($rest, $top, $depth + 1);
            last if $$rest =~ s/\A[ \t\r\n]*\]//;
            $$rest =~ s/\A[ \t\r\n]*,// or die "no comma in an array\n";
        }
    }
    else {
        $$rest =~ s/\A"(?:[^"\\\x00-\x1f]|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"//
            or $$rest =~ s/\A-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?//
            or $$rest =~ s/\A(?:true|false|null)//
            or die "no value at: " . substr($$rest, 0, 20) . "\n";
    }
}

# ---------------------------------------------------------------- assertions

# Which status a code has by itself, and which directive may have decided.
my %code = (
    unsupported_expectation => [417, qr/ExpectPolicyExpectations|ExpectPolicy\s/],
    continue_required => [428, qr/ExpectPolicyRequireContinue/],
    method_not_allowed => [405, qr/ExpectPolicyMethods/],
    authentication_required => [401, qr/ExpectPolicyRequireAuth/],
    unsupported_content_type => [415, qr/ExpectPolicyTypes/],
    unsupported_content_encoding => [415, qr/ExpectPolicyEncodings/],
    length_required => [411, qr/ExpectPolicyRequireLength/],
    malformed_content_range => [400,
                                qr/ExpectPolicy(?:MaxSize|MaxTotal|Ceiling|Quota)/],
    content_too_small => [400, qr/ExpectPolicyMinSize/],
    content_too_large => [413, qr/ExpectPolicy(?:MaxSize|MaxTotal|Ceiling)/],
    insufficient_storage => [507, qr/ExpectPolicyFreeSpace/],
    quota_exceeded => [507, qr/ExpectPolicyQuota/],
    allowance_exceeded => [429, qr/ExpectPolicyAllowance/],
    too_many_uploads => [429, qr/ExpectPolicyConcurrent/],
    ledger_unavailable => [503, qr/ExpectPolicyLedgerFailure/],
);

# Everything that the contract says of a refusal, in one subtest.
#   code      the `error`
#   status    default: the code's own
#   members   hash of every member besides error, message, id and violations
#   violations  array, or undef for none
#   retryable  default: what its code means
#   headers   hash of further headers that have exactly this value, or match a
#             pattern; undef: must not be there
#   content   1 (default): the request had content, the connection is closed
#   by        pattern for the directive's line, or for the whole "FILE:LINE"
#   head      1: the request was HEAD
#   http2     1: sent over HTTP/2
#   core      1: the log may lack what a directory would have known
#   logged    0: do not look at the log
sub refusal_ok {
    my ($res, %want) = @_;
    my $name = delete $want{name} // "refused: $want{code}";
    my $known = $code{ $want{code} };
    my $status = $want{status} // ($known ? $known->[0] : 403);
    my $content = $want{content} // 1;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    expect_retry($res, \%want) if $want{code} eq 'quota_exceeded';
    return subtest $name => sub {
        is($res->{problem}, undef, 'the answer is well-formed')
            or diag substr $res->{raw} // '', 0, 500;
        is($res->{status}, $status, "status $status");
        is_deeply($res->{interim}, [], 'no interim response');
        cmp_ok($res->{ms}, '<', $want{within} // $HARD_MS, 'at once');

        my %h;
        push @{ $h{ lc $_->[0] } }, $_->[1] for @{ $res->{headers} };
        for ([ 'content-type', 'application/json' ],
             [ 'cache-control', 'no-store' ],
             [ 'x-content-type-options', 'nosniff' ],
             [ 'expect-policy-error', $want{code} ]) {
            my ($header, $value) = @$_;
            is_deeply($h{$header}, [$value], "$header: $value");
        }
        my $length = $h{'content-length'} // [];
        is(scalar @$length, 1, 'one Content-Length');
        if ($want{head}) {
            cmp_ok($length->[0] // 0, '>', 20, 'the length of the document');
            is($res->{body}, '', 'and not the document');
        }
        else {
            is($length->[0], length $res->{body}, 'and it is exact');
        }
        cmp_ok($length->[0] // 1e9, '<', 4096, 'less than 4 KB');
        is(scalar @{ $h{date} // [] }, 1, 'one Date');
        like($h{date}[0] // '',
             qr/\A[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\z/,
             'of the right form');
        my %expected = map { lc $_ => 1 } keys %{ $want{headers} // {} };
        for my $header (grep { !$expected{$_} }
                        qw(transfer-encoding content-encoding etag
                           last-modified location set-cookie trailer upgrade
                           accept-ranges retry-after)) {
            is_deeply($h{$header}, undef, "no $header");
        }
        if ($want{http2}) {
            is_deeply($h{connection}, undef, 'no Connection in HTTP/2');
        }
        else {
            is($res->{version}, '1.1', 'HTTP/1.1');
            if ($content) {
                is_deeply($h{connection}, ['close'], 'Connection: close');
                is_deeply($h{'keep-alive'}, undef, 'no Keep-Alive');
                ok($res->{eof}, 'the server closes');
            }
            is($res->{extra}, '', 'nothing behind the answer');
        }
        my %headers = %{ $want{headers} // {} };
        for my $header (sort keys %headers) {
            if (ref $headers{$header} eq 'Regexp') {
                like(join(', ', @{ $h{ lc $header } // [] }),
                     $headers{$header}, $header);
                next;
            }
            is_deeply($h{ lc $header },
                      defined $headers{$header}
                        ? ref $headers{$header} ? $headers{$header}
                            : [$headers{$header}]
                        : undef,
                      "$header: " . ($headers{$header} // 'none'));
        }
        my $everything = join "\n", $res->{body},
            map { "$_->[0]: $_->[1]" } @{ $res->{headers} };
        unlike($everything, qr/canary/i, 'no echo') if $res->{canary};
        unlike($everything, qr{\Q@{[ vars('top_dir') ]}\E},
               'no path of the server');

        document_ok($res, \%want) unless $want{head};
        refusal_logged_ok($res, $status, \%want, $known)
            unless defined $want{logged} && !$want{logged};
    };
}

# The module file that make has built for tests, or that is another one of ours.
sub built_module {
    my ($file, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $path = vars('top_dir') . "/$file";
    ok(-f $path, $name) or BAIL_OUT('build it');
    return $path;
}

# A refusal by a ledger whose log line is not looked at, and texts of its document.
sub denial_ok {
    my ($res, $name, $code, @members) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like($res->{body} // '', qr/\A\{"error":"$code",/, $name)
        or diag explain $res;
    like($res->{body} // '', qr/\Q$_\E/, "with $_") for @members;
}

# Whether a directory is about to be measured again depends on when an upload is
# refused.  a-quota-that-is-measured-again-says-so holds what is told to the time; here
# Retry-After, retry_after and retryable have to agree.
sub expect_retry {
    my ($res, $want) = @_;
    my ($seconds) = ($res->{body} // '') =~ /"retry_after":(\d+)/;
    return if !defined $seconds || defined $want->{members}{retry_after};
    $want->{members} = { %{ $want->{members} // {} }, retry_after => $seconds };
    $want->{headers} = { %{ $want->{headers} // {} }, 'Retry-After' => $seconds };
}

sub document_ok {
    my ($res, $want) = @_;
    my ($doc, $names, $wrong) = parse_json($res->{body});
    is($wrong, undef, 'strict JSON') or return diag $res->{body};
    refusal_schema_ok($res);
    like($res->{body},
         qr/\A\{\s*"error"\s*:\s*"\Q$want->{code}\E"\s*,\s*"message"\s*:\s*"/,
         'error and message come first');
    like($res->{body}, qr/\A[^\n]*\n\z/, 'one line');
    is($doc->{error}, $want->{code}, "error $want->{code}");
    like($doc->{message}, qr/\A[^\x00-\x1f]*\S[^\x00-\x1f]*\z/,
         'a message for a person');

    my %members = %{ $want->{members} // {} };
    my $violations = $want->{violations};
    is_deeply([ sort @$names ],
              [ sort 'error', 'message', 'retryable', 'id', keys %members,
                $violations ? 'violations' : () ],
              'exactly the members of the contract') or diag $res->{body};
    for my $member (sort keys %members) {
        my $value = $members{$member};
        if (ref $value eq 'Regexp') {
            like(ref $doc->{$member} ? $res->{body} : $doc->{$member} // '',
                 $value, $member);
        }
        else {
            is_deeply($doc->{$member}, $value, $member);
            # "1000" would compare equal
            like($res->{body}, qr/"\Q$member\E"\s*:\s*$value[,}\s]/,
                 "$member is a number")
                if !ref $value && $value =~ /\A\d+\z/;
        }
    }
    is_deeply($doc->{violations}, $violations, 'violations') if $violations;
    my $retryable = $want->{retryable}
        // ($want->{code} =~ /^(?:insufficient_storage|too_many_uploads
                                  |ledger_unavailable
                                  |request_timeout|too_many_requests
                                  |bad_gateway|service_unavailable
                                  |gateway_timeout|storage_exhausted)$/x
            || defined $members{retry_after});
    like($res->{body}, $retryable ? qr/"retryable":true/ : qr/"retryable":false/,
         'retryable');
}

sub refusal_logged_ok {
    my ($res, $status, $want, $known) = @_;
    my $word = $want->{cut} ? 'cut' : 'refused';
    my $lines = logged_once($res, qr/(?:refused|cut):/, 'one line in the error log')
        or return;
    my $number = sub {
        my ($value) = @_;
        return defined $value && $value =~ /^\d+$/ ? $value : qr/\d+|-/;
    };
    my %members = %{ $want->{members} // {} };
    my $limit = $number->($members{limit});
    my $requested = $number->($members{requested_size});
    like($lines,
         qr/\ \[expect_policy:notice\]\ \[pid\ [^]]+\]\ \[(?:client|remote)\ 127\.0\.0\.1:\d+\]\s
            $word:\ error=\Q$want->{code}\E\ status=$status
            \ limit=(?:$limit)\ requested=(?:$requested)
            \ by\ \S+:\d+(?:\ got="[^"]*")?\ host=\S+\ uri=\S+\ id=\S+(?:,\ referer:.*)?\n?\z/x,
         'of the form that the contract gives');
    $lines =~ / by (\S+):(\d+)/ or return;
    my ($file, $number_of) = ($1, $2);
    my $by = $want->{by} // ($known ? $known->[1] : qr/ExpectPolicyRefuse/);
    my @text = split /\n/, slurp($file);
    my $line = $text[$number_of - 1] // '';
    like("$file:$number_of $line", $by, 'by the directive that decided');
    my ($id) = $lines =~ /.* id=([^\s,]+)/;
    like($res->{body}, qr/"id":"\Q$id\E"/, 'the document has the id of the line')
        unless $want->{head};
}

# The twin: the same request with one fact changed.
#   status    default 200
#   interim   the interim statuses, default none
sub accepted_ok {
    my ($res, %want) = @_;
    my $name = $want{name} // 'accepted';
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest $name => sub {
        is($res->{problem}, undef, 'the answer is well-formed')
            or diag substr $res->{raw} // '', 0, 500;
        my $status = $want{status} // 200;
        ref $status ? like($res->{status}, $status, 'status')
            : is($res->{status}, $status, "status $status");
        is_deeply($res->{interim}, $want{interim} // [], 'interim responses');
        is_deeply([ values_of($res, 'expect-policy-error') ], [],
                  'no word of a refusal');
        my @lines = log_lines($res);
        is_deeply([ grep { / refused: / } @lines ], [], 'nor in the log');
    };
}

# --------------------------------------------------------------------- logs

# Lines of this module about one connection, written since it was opened.
sub log_lines {
    my ($res, $file) = @_;
    my $log = $file ? vars('t_logs') . "/$file"
        : $res->{log} // vars('t_logs') . '/error_log';
    open my $in, '<:raw', $log or return;
    seek $in, $res->{marks}{error}, 0;
    return grep { /\[expect_policy:/ && /\[(?:client|remote) 127\.0\.0\.1:$res->{client_port}\]/ }
        <$in>;
}

# Waits for a line and returns it; exactly one has to match.
sub logged_once {
    my ($res, $pattern, $name) = @_;
    wait_until(sub { grep { $_ =~ $pattern } log_lines($res) }, 2);
    my @found = grep { $_ =~ $pattern } log_lines($res);
    is(scalar @found, 1, $name) or diag map { "log: $_" } log_lines($res);
    return $found[0];
}

sub access_line {
    my ($res) = @_;
    my @found;
    wait_until(sub {
        open my $in, '<:raw', vars('t_logs') . '/access_log' or return;
        seek $in, $res->{marks}{access}, 0;
        @found = grep { /[?&]t=\Q$res->{tag}\E[ &]/ } <$in>;
        return scalar @found;
    }, 5);
    return wantarray ? @found : $found[0];
}

# The variables of one request as LogFormat tells them; absent ones are '-'.
sub access_ok {
    my ($res, %want) = @_;
    my $line = access_line($res) // '';
    my $name = delete $want{name} // 'environment for LogFormat';
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %got = $line =~ / (verdict|error|limit|requested)=(\S+)/g;
    return is_deeply(\%got, { verdict => '-', error => '-', limit => '-',
                              requested => '-', %want }, $name)
        || diag "access log: $line";
}

# How often the application ran for this request.
sub app_calls {
    my ($tag) = @_;
    return scalar grep { /[?&]t=\Q$tag\E[ &]/ }
        split /^/, slurp(vars('t_logs') . '/app.log');
}

sub app_ran {
    my ($res) = @_;
    return app_calls($res->{tag});
}

# What t/cgi-bin/app.cgi says.
sub app_says {
    my ($res) = @_;
    return { $res->{body} =~ /^(\w+)=(.*)$/mg };
}

# -------------------------------------------------------------------- files

sub put_file {
    my ($path, $text) = @_;
    my $file = document_root() . "/$path";
    require File::Basename;
    require File::Path;
    File::Path::make_path(File::Basename::dirname($file));
    # replaced in one step: a server that reads it sees the old or the new one
    open my $out, '>:raw', "$file.new" or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
    rename "$file.new", $file or die "$file: $!";
    return $file;
}

# Puts the application at DIR/app.cgi, and files with their text below DIR.
sub make_tree {
    my ($dir, %files) = @_;
    put_file("$dir/$_", $files{$_}) for keys %files;
    my $root = document_root();
    require File::Path;
    File::Path::make_path("$root/$dir");
    my $link = "$root/$dir/app.cgi";
    symlink vars('serverroot') . '/cgi-bin/app.cgi', $link unless -l $link;
    return "$root/$dir";
}

1;
