# While a tree is measured, a client may move directories within it.  The thread may
# then see such a directory twice or not at all.  A number measured then is not
# used: the usage does not change until nothing moves.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

# so many, of sizes whose sums all differ: hardly any walk meets each of them once
use constant MOVED => 8;
use constant USED => 10_000 * (2 ** MOVED - 1);
use constant LIMIT => 3_000_000;
# seconds: more than a pause, and what it takes to measure the tree twice
use constant LONG => 14;

# what takes a while to be measured lies between two directories
my $site = ExpectPolicy::Ledger::site();
for my $part (map { sprintf 'd%02d', $_ } 0 .. 39) {
    mkdir "$site/$part" or die;
    for (1 .. 1000) {
        open my $out, '>', "$site/$part/$_" or die;
    }
}
opendir my $in, $site or die;
my @order = grep { /^d/ } readdir $in;
closedir $in;
my ($first, $last) = @order[0, -1];
for my $n (0 .. MOVED - 1) {
    mkdir "$site/$first/big$n" or die;
    ExpectPolicy::Ledger::filled($site, "$first/big$n/file", 10_000 * 2 ** $n);
}

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
<Directory "\@site\@">
    ExpectPolicyQuota @{[ LIMIT ]}
</Directory>
END
$server->measured_ok($site, '/x');
is($server->used, USED, 'a tree is measured');

# one client moves, and another one asks
my $end = time + LONG;
my $count = "$server->{dir}/moves";
defined(my $pid = fork) or die "fork: $!";
if (!$pid) {
    my $moves = 0;
    while (time < $end) {
        my $big = 'big' . $moves % MOVED;
        my ($from, $to) = int($moves / MOVED) % 2 ? ($last, $first)
                                                  : ($first, $last);
        ask($server->here, method => 'MOVE', path => "/$from/$big/", headers => [
            "Destination: http://localhost:$server->{port}/$to/$big/"])
            ->{status} == 201 or last;
        $moves++;
    }
    open my $out, '>', $count or POSIX::_exit(1);
    print $out $moves;
    close $out;
    POSIX::_exit(0);
}
my %seen;
while (time < $end) {
    $server->announce('/y', LIMIT);
    $seen{ $server->books->{trees}{$site}{used} }++;
    sleep 0.1;
}
waitpid $pid, 0;
is($?, 0, 'a client has moved directories');
cmp_ok(slurp($count), '>', 100, 'many times');
is_deeply([keys %seen], [USED], 'and what is used stays what it is')
    or diag explain \%seen;
refusal_ok($server->announce('/y', LIMIT - USED + 1), code => 'quota_exceeded',
           members => { quota_remaining => LIMIT - USED, requested_size => LIMIT - USED + 1 },
           name => 'so the quota holds');
accepted_ok($server->put('/y', LIMIT - USED), status => 201,
            name => 'and what fits is admitted');
$server->settled_ok;

# nothing moves any more
unlink "$site/y" or die;
ok(wait_until(sub {
    my $res = $server->announce('/y', LIMIT);
    return $res->{body} =~ /"quota_remaining": ?@{[ LIMIT - USED ]}\b/
        || !sleep 0.3;
}, 40), 'then the tree is measured again');
$server->settled_ok;
$server->stop;
done_testing;
