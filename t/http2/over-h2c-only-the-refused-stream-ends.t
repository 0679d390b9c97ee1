# mod_http2 without TLS: by prior knowledge, and by Upgrade.  The refused stream
# is reset with NO_ERROR.  Other streams and the connection go on.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my $guard = guard(<<"END", 'http2');
Protocols h2c http/1.1
ExpectPolicy On
<Location /app>
    ExpectPolicyMaxSize 100000
</Location>
END
my @limit = (code => 'content_too_large', logged => 0,
             members => { limit => 100_000, requested_size => 100_001 });

my $h2 = ExpectPolicy::H2->new(port => $guard->{port});
my @good = map { $h2->request(path => '/app/x', length => 8000) } 1 .. 5;
ok($h2->content($_, 'x' x 4000), 'half an upload') for @good;
my $reset = 0;
for my $i (1 .. 20) {
    my $bad = $h2->request(path => '/app/x', length => 100_001,
                           $i % 2 ? (headers => ['expect: 100-continue']) : ());
    my $res = $h2->answer($bad, reset_within => 2);
    refusal_ok($res, @limit, http2 => 1, status => $i % 2 ? 417 : 413,
               name => "refusal $i") if $i <= 2;
    $reset++ if defined $res->{reset} && $res->{reset} == 0
        && $res->{status} =~ /^41[37]$/;
}
is($reset, 20, 'twenty refusals, each with RST_STREAM NO_ERROR');
is($h2->{goaway}, undef, 'the connection stays');
my $served = 0;
for my $id (@good) {
    $h2->content($id, 'y' x 4000, end => 1);
    my $res = $h2->answer($id);
    $served++ if $res->{status} == 200 && app_says($res)->{received} == 8000;
}
is($served, 5, 'all neighbours are served in full');

# A refused upload that goes on sending before it sees the answer: what it sends
# is dropped, and does not eat the window of the others.
for my $i (1 .. 3) {
    my $bad = $h2->request(path => '/app/x', length => 100_001);
    $h2->content($bad, 'x' x 16_000);
    my $res = $h2->answer($bad, reset_within => 2);
    is($res->{status}, 413, "a sender is refused, $i");
}
my $last = $h2->request(path => '/app/x', length => 60_000);
ok($h2->content($last, 'x' x 60_000, end => 1), 'there is a window left');
is(app_says($h2->answer($last))->{received}, 60_000, 'for an upload in full');

# Upgrade: h2c with content is refused in HTTP/1.1, or not upgraded
my @upgrade = ('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c',
               'HTTP2-Settings: AAMAAABkAAQAAP__');
my $res = ask(port => $guard->{port}, path => '/app/x', length => 100_001,
              headers => \@upgrade);
refusal_ok($res, @limit, name => 'with Upgrade: h2c');
$res = ask(port => $guard->{port}, path => '/app/x', length => 100,
           headers => \@upgrade, body => 'x' x 100);
is($res->{status}, 200, 'with Upgrade, an upload that fits is admitted');
done_testing;
