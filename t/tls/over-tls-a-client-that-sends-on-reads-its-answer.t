# ExpectPolicyLinger over TLS: a client that sends everything before it reads still
# gets the complete answer, ended by close_notify.  The drain thread throws away
# TLS records without decrypting them.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Judge;
use ExpectPolicy::Wire;
use Test::More;

use constant {
    LENGTH => 8_000_000,
    TRIES => 5,
};

my $both = certificate();
my $guard = guard(<<"END", 'ssl');
SSLEngine On
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCertificateFile "$both"
Protocols http/1.1
ExpectPolicy On
<Location /app>
    ExpectPolicyMaxSize 100000
</Location>
<Location /app/free>
    ExpectPolicyMaxSize Unlimited
</Location>
<Location /app/abort>
    ExpectPolicyLinger Abort
</Location>
END

# Sends, then reads.  Says what it could not send, and how the answer ended: by
# close_notify, or in some other way.
my $program = write_text(scratch() . '/client.py', <<'END');
import socket
import ssl
import sys

port, path, length, version = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.minimum_version = context.maximum_version = getattr(
    ssl.TLSVersion, version)
tcp = socket.create_connection(('127.0.0.1', int(port)), timeout=30)
tls = context.wrap_socket(tcp, suppress_ragged_eofs=False)
tls.sendall(('POST %s HTTP/1.1\r\nHost: guard.test\r\nContent-Length: %s\r\n'
             'Connection: close\r\n\r\n' % (path, length)).encode())
sent = 'all'
piece = b'x' * 16000
try:
    for _ in range(int(length) // len(piece)):
        tls.sendall(piece)
except OSError as error:
    sent = type(error).__name__
answer = b''
end = 'close_notify'
try:
    while True:
        more = tls.recv(65536)
        if not more:
            break
        answer += more
except OSError as error:
    end = type(error).__name__
print('sent=%s end=%s\n%s' % (sent, end, answer.decode()), end='')
END

sub client {
    my ($path, $version) = @_;
    my $said = run_client('python3', $program, $guard->{port}, $path, LENGTH,
                          $version)->{out};
    my ($how, $head, $body) = $said =~ /\A(sent=.*?)\n(.*?\r\n)\r\n(.*)\z/s;
    return { how => $how // $said, head => $head // '', body => $body // '' };
}

my %lost;
for my $version ('TLSv1_2', 'TLSv1_3') {
    for (1 .. TRIES) {
        my $got = client('/app/x', $version);
        is($got->{how}, 'sent=all end=close_notify',
           "$version, Full: all is taken, and the answer is ended properly");
        like($got->{head}, qr{\AHTTP/1\.1 413 .*^Connection: close\r$}ms,
             'it is refused');
        like($got->{body}, qr/\A\{"error":"content_too_large",.*\}\n\z/,
             'with the document');
        schema_ok($got->{body}, 'refusal.json');
    }
    my $got = client('/app/free/x', $version);
    like($got->{head}, qr{\AHTTP/1\.1 200 }, "$version: the twin is admitted");
    like($got->{body}, qr/^received=${\LENGTH}$/m, 'and arrives in full');
    # the other twin: cut off at once, it cannot send all
    for (1 .. TRIES) {
        $got = client('/app/abort/x', $version);
        $lost{$version}++ if $got->{how} !~ /\Asent=all/;
    }
    is($lost{$version}, TRIES, "$version, Abort: it cannot send all");
}
done_testing;
