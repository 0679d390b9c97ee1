package ExpectPolicy::H2;

# HTTP/2 without TLS and with prior knowledge (RFC 9113 3.3), or over a
# connection that was made elsewhere (conn, scheme), just enough to
# withhold content, to see every frame of an answer, and to go on with other
# streams.  Requests are encoded without Huffman and without the dynamic table;
# answers are decoded in full.

use strict;
use warnings;

use ExpectPolicy::Wire ();
use Test::More;
use Time::HiRes qw(time);

use constant {
    DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, PING => 6,
    GOAWAY => 7, WINDOW_UPDATE => 8, CONTINUATION => 9,
    END_STREAM => 1, ACK => 1, END_HEADERS => 4, PADDED => 8, PRIORITY => 0x20,
};


# RFC 7541 Appendix A
my @static = (undef, map { [split /=/, $_, 2] } split /\|/, join '|',
    ':authority=|:method=GET|:method=POST|:path=/|:path=/index.html',
    ':scheme=http|:scheme=https|:status=200|:status=204|:status=206',
    ':status=304|:status=400|:status=404|:status=500|accept-charset=',
    'accept-encoding=gzip, deflate|accept-language=|accept-ranges=|accept=',
    'access-control-allow-origin=|age=|allow=|authorization=|cache-control=',
    'content-disposition=|content-encoding=|content-language=',
    'content-length=|content-location=|content-range=|content-type=|cookie=',
    'date=|etag=|expect=|expires=|from=|host=|if-match=|if-modified-since=',
    'if-none-match=|if-range=|if-unmodified-since=|last-modified=|link=',
    'location=|max-forwards=|proxy-authenticate=|proxy-authorization=|range=',
    'referer=|refresh=|retry-after=|server=|set-cookie=',
    'strict-transport-security=|transfer-encoding=|user-agent=|vary=|via=',
    'www-authenticate=');

# RFC 7541 Appendix B.  The code is canonical, so the lengths are enough.  Only octets
# that are not printable, and the backslash, are longer than 15 bits.
my %huffman;
{
    my @of_length = (
        [5, '012aceiost'], [6, ' %-./3456789=A_bdfghlmnpru'],
        [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'], [8, '&*,;XZ'],
        [10, '!"()?'], [11, "'+|"], [12, '#>'], [13, "\0\$\@[]~"],
        [14, '^}'], [15, '<`{'],
        [19, join '', map { chr } 92, 195, 208],
        [20, join '', map { chr } 128, 130, 131, 162, 184, 194, 224, 226],
        [21, join '', map { chr } 153, 161, 167, 172, 176, 177, 179, 209,
            216, 217, 227, 229, 230],
        [22, join '', map { chr } 129, 132, 133, 134, 136, 146, 154, 156,
            160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196,
            198, 228, 232, 233],
        [23, join '', map { chr } 1, 135, 137, 138, 139, 140, 141, 143, 147,
            149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182,
            183, 188, 191, 197, 231, 239],
        [24, join '', map { chr } 9, 142, 144, 145, 148, 159, 171, 206, 215,
            225, 236, 237],
        [25, join '', map { chr } 199, 207, 234, 235],
        [26, join '', map { chr } 192, 193, 200, 201, 202, 205, 210, 213,
            218, 219, 238, 240, 242, 243, 255],
        [27, join '', map { chr } 203, 204, 211, 212, 214, 221, 222, 223,
            241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254],
        [28, join '', map { chr } 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16,
            17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249],
        [30, join '', map { chr } 10, 13, 22],
    );
    my ($code, $last) = (0, 5);
    for (@of_length) {
        my ($length, $symbols) = @$_;
        $code <<= $length - $last;
        $last = $length;
        for my $symbol (split //, $symbols) {
            $huffman{ sprintf "%0${length}b", $code++ } = $symbol;
        }
    }
}

sub new {
    my ($class, %how) = @_;
    my $self = bless {
        conn => $how{conn} // ExpectPolicy::Wire::converse(port => $how{port}),
        scheme => $how{scheme} // 'http',
        table => [], streams => {}, next => 1, window => 65_535,
    }, $class;
    # a table of no size would be legal too; the default one is decoded
    $self->send_raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    # room for every answer there is, no push
    $self->send_frame(SETTINGS, 0, 0, pack 'nN nN', 2, 0, 4, 1 << 20);
    return $self;
}

sub send_raw {
    my ($self, $bytes) = @_;
    return ExpectPolicy::Wire::put($self->{conn}, $bytes, 10);
}

sub frame {
    my ($type, $flags, $stream, $payload) = @_;
    my $length = length $payload;
    return pack('CnCCN', $length >> 16, $length & 0xffff, $type, $flags,
                $stream) . $payload;
}

sub send_frame {
    my ($self, @frame) = @_;
    return $self->send_raw(frame(@frame));
}

sub integer {
    my ($value, $bits, $first) = @_;
    my $max = (1 << $bits) - 1;
    return chr($first | $value) if $value < $max;
    my $out = chr($first | $max);
    $value -= $max;
    while ($value >= 128) {
        $out .= chr(128 | $value & 127);
        $value >>= 7;
    }
    return $out . chr $value;
}

sub header_block {
    return join '', map {
        my ($name, $value) = @$_;
        # literal, never indexed, new name
        "\x10" . integer(length $name, 7, 0) . $name
            . integer(length $value, 7, 0) . $value
    } @_;
}

# Sends a head; keys as in ExpectPolicy::Wire::ask: method path host length
# headers ('name: value' lines) tag; end => 1 means there is no content; protocol
# is for an extended CONNECT (RFC 8441).
# Returns the stream's number.
sub request {
    my ($self, %ask) = @_;
    my $tag = $ask{tag} // ExpectPolicy::Wire::unique('h2x');
    my $canary = sprintf 'canary%d', 1e9 + int rand 1e9;
    my $path = $ask{path} // '/';
    $path .= ($path =~ /\?/ ? '&' : '?') . "t=$tag";
    my @fields = (
        [':method', $ask{method} // 'POST'], [':scheme', $self->{scheme}],
        [':authority', $ask{host} // 'guard.test'], [':path', $path],
        defined $ask{protocol} ? [':protocol', $ask{protocol}] : (),
        defined $ask{length} ? ['content-length', $ask{length}] : (),
        (map { /\A([^:]+): ?(.*)\z/s; [lc $1, $2] } @{ $ask{headers} // [] }),
        ['x-canary', $canary],
    );
    my $id = $self->{next};
    $self->{next} += 2;
    $self->{streams}{$id} = {
        headers => [], interim => [], body => '', frames => [], version => '2',
        tag => $tag, canary => $canary, extra => '', http2 => 1,
        client_port => $self->{conn}{port}, window => 65_535,
        marks => {
            error => -s ExpectPolicy::Wire::vars('t_logs') . '/error_log' || 0,
            access => -s ExpectPolicy::Wire::vars('t_logs') . '/access_log' || 0,
        },
    };
    $self->send_frame(HEADERS, END_HEADERS | ($ask{end} ? END_STREAM : 0), $id,
                      header_block(@fields));
    $self->{streams}{$id}{sent} = time;
    return $id;
}

# Sends content; small enough for the windows that nobody enlarged yet.
sub content {
    my ($self, $id, $bytes, %how) = @_;
    my $end = time + 10;
    my $stream = $self->{streams}{$id};
    while (length $bytes) {
        my $n = length $bytes;
        $n = 16_384 if $n > 16_384;
        $n = $self->{window} if $n > $self->{window};
        $n = $stream->{window} if $n > $stream->{window};
        if ($n <= 0) {
            return 0 if $stream->{closed} || time > $end
                || !$self->step($end);
            next;
        }
        my $piece = substr $bytes, 0, $n, '';
        $self->{window} -= $n;
        $stream->{window} -= $n;
        $self->send_frame(DATA,
                          !length $bytes && $how{end} ? END_STREAM : 0,
                          $id, $piece) or return 0;
        return 0 if $stream->{closed};
    }
    return 1;
}

# Reads one frame; false when the time is over or the server closed.
sub step {
    my ($self, $deadline) = @_;
    my $conn = $self->{conn};
    ExpectPolicy::Wire::read_until($conn, $deadline,
                                   sub { length $conn->{in} >= 9 })
        or return 0;
    my ($high, $low, $type, $flags, $id) = unpack 'CnCCN', $conn->{in};
    my $length = $high << 16 | $low;
    ExpectPolicy::Wire::read_until($conn, $deadline,
                                   sub { length $conn->{in} >= 9 + $length })
        or return 0;
    substr $conn->{in}, 0, 9, '';
    my $payload = substr $conn->{in}, 0, $length, '';
    $id &= 0x7fffffff;
    $self->handle($type, $flags, $id, $payload);
    return 1;
}

sub handle {
    my ($self, $type, $flags, $id, $payload) = @_;
    my $stream = $self->{streams}{$id};
    push @{ $stream->{frames} }, [$type, $flags] if $stream;

    if ($type == SETTINGS && !($flags & ACK)) {
        $self->send_frame(SETTINGS, ACK, 0, '');
    }
    elsif ($type == PING && !($flags & ACK)) {
        $self->send_frame(PING, ACK, 0, $payload);
    }
    elsif ($type == GOAWAY) {
        $self->{goaway} = unpack 'x4N', $payload;
    }
    elsif ($type == WINDOW_UPDATE) {
        ($stream // $self)->{window} += unpack 'N', $payload;
    }
    elsif ($type == HEADERS || $type == CONTINUATION) {
        if ($type == HEADERS) {
            $payload = unpadded($payload) if $flags & PADDED;
            substr $payload, 0, 5, '' if $flags & PRIORITY;
            $self->{block} = '';
            $self->{ends} = $flags & END_STREAM;
        }
        $self->{block} .= $payload;
        return unless $flags & END_HEADERS;
        my @fields = $self->decode($self->{block});
        if ($stream) {
            my ($status) = map { $_->[1] } grep { $_->[0] eq ':status' } @fields;
            if (defined $status && $status < 200) {
                push @{ $stream->{interim} }, $status;
            }
            elsif (defined $status) {
                $stream->{extra} .= 'second head' if $stream->{status};
                $stream->{status} = $status;
                $stream->{headers} = [ grep { $_->[0] !~ /^:/ } @fields ];
            }
            $self->ended($stream) if $self->{ends};
        }
    }
    elsif ($type == DATA) {
        $self->send_frame(WINDOW_UPDATE, 0, 0, pack 'N', length $payload)
            if length $payload;
        $payload = unpadded($payload) if $flags & PADDED;
        if ($stream) {
            if ($stream->{done}) {
                $stream->{extra} .= $payload;
            }
            else {
                $stream->{body} .= $payload;
            }
            $self->ended($stream) if $flags & END_STREAM;
        }
    }
    elsif ($type == RST_STREAM && $stream) {
        $stream->{reset} = unpack 'N', $payload;
        $stream->{closed} = time;
    }
}

sub ended {
    my ($self, $stream) = @_;
    $stream->{done} //= time;
    $stream->{end_stream} = 1;
}

sub unpadded {
    my ($payload) = @_;
    my $n = ord substr $payload, 0, 1, '';
    return substr $payload, 0, length($payload) - $n;
}

sub decode_integer {
    my ($in, $bits) = @_;
    my $max = (1 << $bits) - 1;
    my $value = ord(substr $$in, 0, 1, '') & $max;
    return $value if $value < $max;
    my $shift = 0;
    while (1) {
        length $$in && $shift < 28 or die "bad integer in a header block\n";
        my $byte = ord substr $$in, 0, 1, '';
        $value += ($byte & 127) << $shift;
        $shift += 7;
        return $value unless $byte & 128;
    }
}

sub decode_string {
    my ($in) = @_;
    my $huffman = ord($$in) & 128;
    my $length = decode_integer($in, 7);
    length $$in >= $length or die "a string is cut short\n";
    my $raw = substr $$in, 0, $length, '';
    return $raw unless $huffman;
    my ($text, $code) = ('', '');
    for my $bit (split //, unpack 'B*', $raw) {
        $code .= $bit;
        if (exists $huffman{$code}) {
            $text .= $huffman{$code};
            $code = '';
        }
        die "no octet has this Huffman code\n" if length $code > 30;
    }
    $code =~ /\A1{0,7}\z/ or die "bad padding of a Huffman code\n";
    return $text;
}

sub entry {
    my ($self, $n) = @_;
    my $entry = $n < @static ? $static[$n] : $self->{table}[$n - @static];
    return $entry // die "no header $n in the table\n";
}

sub decode {
    my ($self, $in) = @_;
    my @fields;
    while (length $in) {
        my $first = ord $in;
        if ($first & 128) {
            push @fields, $self->entry(decode_integer(\$in, 7));
        }
        elsif (($first & 0xe0) == 0x20) {
            decode_integer(\$in, 5);
        }
        else {
            my $keep = $first & 0x40;
            my $n = decode_integer(\$in, $keep ? 6 : 4);
            my $name = $n ? $self->entry($n)->[0] : decode_string(\$in);
            my $field = [$name, decode_string(\$in)];
            push @fields, $field;
            next unless $keep;
            unshift @{ $self->{table} }, $field;
            my $size = 0;
            my $kept = 0;
            for (@{ $self->{table} }) {
                $size += 32 + length($_->[0]) + length $_->[1];
                last if $size > 4096;
                $kept++;
            }
            splice @{ $self->{table} }, $kept;
        }
    }
    return @fields;
}

# Waits for the complete answer of a stream; the result is what
# ExpectPolicy::Wire::ask returns.
sub answer {
    my ($self, $id, %how) = @_;
    my $stream = $self->{streams}{$id};
    my $deadline = time + ($how{patience} // 10);
    1 while !$stream->{end_stream} && !defined $stream->{reset}
        && $self->step($deadline);
    if (!$stream->{end_stream}) {
        $stream->{problem} = defined $stream->{reset}
            ? "reset: $stream->{reset}" : 'silent';
    }
    elsif (!$how{unfinished}) {
        # the reset that tells a client to keep its content follows at once
        my $soon = time + ($how{reset_within} // 2);
        1 while $how{reset_within} && !defined $stream->{reset}
            && $self->step($soon);
    }
    $stream->{ms} = (($stream->{done} // time) - $stream->{sent}) * 1000;
    ExpectPolicy::Wire::record(
        join "\r\n", "HTTP/2 " . ($stream->{status} // $stream->{problem}),
        (map { "$_->[0]: $_->[1]" } @{ $stream->{headers} || [] }), '',
        $stream->{body} // '');
    return $stream;
}

# Waits for an interim response; returns its status or undef.
sub interim {
    my ($self, $id, $seconds) = @_;
    my $stream = $self->{streams}{$id};
    my $deadline = time + $seconds;
    1 while !@{ $stream->{interim} } && !$stream->{end_stream}
        && $self->step($deadline);
    return $stream->{interim}[0];
}

# A refused stream: the answer and no more, and the connection serves others.
sub refused_ok {
    my ($self, $res, %want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $name = $want{name} // "refused over HTTP/2: $want{code}";
    return subtest $name => sub {
        ExpectPolicy::Wire::refusal_ok($res, %want, http2 => 1,
                                       name => 'the answer');
        if (($want{content} // 1) && !$want{ended}) {
            is($res->{reset}, 0, 'RST_STREAM with NO_ERROR');
        }
        is($self->{goaway}, undef, 'no GOAWAY');
        my $next = $self->request(method => 'GET', path => '/plain.txt',
                                  end => 1);
        my $page = $self->answer($next);
        is($page->{status}, 200, 'another stream is served');
        is($page->{body}, "a plain file\n", 'in full');
    };
}

1;
