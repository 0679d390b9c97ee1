# Licensed under the Apache License, Version 2.0; see LICENSE.
use strict;
use warnings;
use HTTP::Request;
use LWP::UserAgent;
use Time::HiRes qw(time);

my ($url, $file, $expect, $seconds) = @ARGV;
my $agent = LWP::UserAgent->new(timeout => $seconds);
open my $in, '<:raw', $file or die "$file: $!";
my $request = HTTP::Request->new(PUT => $url, [
    'Content-Length' => -s $file,
    $expect ? (Expect => '100-continue') : (),
], sub { sysread $in, my $piece, 65536; return $piece });
my $start = time;
my $answer = $agent->request($request);
my $took = sprintf '%.3f', time - $start;
# LWP makes an answer of its own where it got none
if (($answer->header('Client-Warning') // '') eq 'Internal response') {
    print "error=", $answer->message =~ s/\s+/ /gr, " seconds=$took\n";
}
else {
    print "status=", $answer->code, " seconds=$took\n\n", $answer->content;
}
