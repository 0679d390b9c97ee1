#!/usr/bin/perl
# The application behind the guard: it reads whatever content it is given and
# writes down that it ran, so that a test can tell that it did not.
use strict;
use warnings;

binmode STDIN;
my $received = 0;
my $head = '';
while (my $n = read STDIN, my $buffer, 65536) {
    $received += $n;
    $head .= substr $buffer, 0, 64 if length $head < 64;
}
my $uri = $ENV{REQUEST_URI} // '';
if (open my $log, '>>', $ENV{EP_APP_LOG}) {
    # one write, so that lines of two processes do not mix
    syswrite $log, "$ENV{REQUEST_METHOD} $uri received=$received\n";
}
my %say = (
    method => $ENV{REQUEST_METHOD},
    received => $received,
    length => $ENV{CONTENT_LENGTH} // '',
    verdict => $ENV{EXPECT_POLICY_VERDICT} // '',
    error => $ENV{EXPECT_POLICY_ERROR} // '',
    limit => $ENV{EXPECT_POLICY_LIMIT} // '',
    requested => $ENV{EXPECT_POLICY_REQUESTED} // '',
);
my $body = join '', map { "$_=$say{$_}\n" } sort keys %say;
my $status = $uri =~ /[?&]status=(\d{3})/ ? "Status: $1 Said So\r\n" : '';
print $status, "Content-Type: text/plain\r\n",
    'Content-Length: ', length $body, "\r\n\r\n", $body;
