# A PUT over an existing file needs room for the difference only if mod_dav stores
# it.  If a program or a backend gets it, the PUT needs room for its whole size.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

use constant LARGE => 20_000;

# For each way, a directory that is full and one that has room left.  Dav cannot
# be turned off below a directory where it is on, so all are next to the site.
my %ways = (
    dav => 'Dav On',
    script => 'Script PUT /cgi/app.cgi',
    rewritten => "RewriteEngine On\n RewriteRule . /cgi/app.cgi",
    'passed-on' => "RewriteEngine On\n"
        . ' RewriteRule . http://127.0.0.1:@port@/cgi/app.cgi [P]',
);
my $site = ExpectPolicy::Ledger::site();
my $sections = '';
for my $way (sort keys %ways) {
    for my $dir ("full-$way", "room-$way") {
        my $limit = $dir =~ /^full/ ? LARGE : 2 * LARGE;
        mkdir "$site/$dir" or die;
        ExpectPolicy::Ledger::filled($site, "$dir/file", LARGE);
        $sections .= "<Directory \"$site/$dir\">\n $ways{$way}\n"
            . " Require all granted\n ExpectPolicyQuota $limit\n</Directory>\n"
            . "Alias /$dir \"$site/$dir\"\n";
    }
}
my $backend = ExpectPolicy::Ledger->start('');
$sections =~ s/\@port\@/$backend->{port}/g;
my $server = ExpectPolicy::Ledger->start($sections,
    load => [qw(actions rewrite proxy proxy_http)]);

for my $way (sort keys %ways) {
    $server->measured_ok("$site/$_-$way", "/$_-$way/new") for qw(full room);
    my $path = "full-$way/file";
    if ($way eq 'dav') {
        accepted_ok($server->put("/$path", LARGE), status => 204,
                    name => "$way: a file in place of one as large");
        accepted_ok($server->put("/room-$way/file", LARGE), status => 204,
                    name => "$way: the same where there is room");
        is($server->used("$site/room-$way"), LARGE, 'and counts nothing more');
        next;
    }
    refusal_ok($server->announce("/$path", LARGE), code => 'quota_exceeded',
        members => { quota_remaining => 0, requested_size => LARGE },
        name => "$way: nothing is replaced");
    my $res = $server->put("/room-$way/file", LARGE);
    is($res->{status}, 200, "$way: what fits is stored");
    like($res->{body}, qr/^method=PUT$/m, 'by a program');
    is($server->used("$site/room-$way"), 2 * LARGE, 'and counts as received');
}

$server->settled_ok;
$_->stop for $server, $backend;
done_testing;
