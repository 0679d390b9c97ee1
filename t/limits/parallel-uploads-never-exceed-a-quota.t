# Fifty uploads run at once against a quota that has room for ten.  Exactly ten are
# admitted, and all of these can be written.
# EP_ROUNDS=200 is the long run, with uploads of 10 MB.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $rounds = $ENV{EP_ROUNDS} // 10;
my $size = ($ENV{EP_ROUNDS} ? 10 : 1) * 1024 * 1024;
use constant { UPLOADS => 50, FIT => 10 };
my $quota = FIT * $size;
alarm 240 + 30 * $rounds;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for 1 .. $rounds;
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
<Directory "\@site\@/*">
    ExpectPolicyQuota $quota
</Directory>
END

# all of them at once, so that none has to wait for the next look at the trees
ExpectPolicy::Ledger::drop($server->begin("/$_/x", 1)) for 1 .. $rounds;
ok(wait_until(sub {
    my $trees = $server->books->{trees};
    $rounds == grep { $_->{known} && $_->{used} == 0 } values %$trees;
}, 30), "$rounds empty trees") or diag explain $server->books;

my (%admitted, %finished, %used, %disk);
my $most = 0;
for my $round (1 .. $rounds) {
    my $tree = "$site/$round";
    my @all = map { converse($server->here) } 1 .. UPLOADS;
    # heads first, so that they are decided at the same time
    for my $i (0 .. $#all) {
        ExpectPolicy::Wire::put($all[$i], head_bytes(
            $server->here, path => "/$round/$i", length => $size,
            headers => ['Expect: 100-continue']), 5);
    }
    my (@in, @out);
    for my $conn (@all) {
        my $res = read_response($conn, method => 'PUT', only_interim => 1);
        $res->{conn} = $conn;
        $res->{length} = $size;
        push @{ ExpectPolicy::Ledger::is_admitted($res) ? \@in : \@out }, $res;
    }
    $admitted{ scalar @in }++;
    my $held = $server->books->{trees}{$tree}{held};
    $most = $held if $held > $most;
    my @wrong = grep { ($_->{status} // 0) != 417 } @out;
    is(scalar @wrong, 0, 'all others are refused') if @wrong;
    # who was admitted sends all of it, at the same time
    my @senders = map {
        my $upload = $_;
        defined(my $pid = fork) or die "fork: $!";
        if (!$pid) {
            my $status = ExpectPolicy::Ledger::finish($upload);
            POSIX::_exit($status =~ /^20[14]$/ ? 0 : 1);
        }
        $pid;
    } @in;
    my $done = 0;
    for my $pid (@senders) {
        waitpid $pid, 0;
        $done++ if $? == 0;
    }
    $finished{$done}++;
    close $_->{sock} for @all;
    wait_until(sub { !$server->books->{claims} }, 10);
    $used{ $server->books->{trees}{$tree}{used} }++;
    my $disk = 0;
    $disk += -s $_ for glob "$tree/*";
    $disk{$disk}++;
    unlink glob "$tree/*";
}
is_deeply(\%admitted, { FIT, $rounds }, 'exactly ' . FIT . ' are admitted')
    or diag explain \%admitted;
is($most, $quota, 'what is held is never above the quota');
is_deeply(\%finished, { FIT, $rounds }, 'and all of them are written');
is_deeply(\%used, { $quota => $rounds }, 'the quota is used up, to the byte');
is_deeply(\%disk, { $quota => $rounds }, 'as it is on disk');
$server->settled_ok;
diag "$rounds rounds of " . UPLOADS . " uploads of $size bytes, $ENV{EP_MPM}: "
    . 'admitted ' . join(', ', map { "$_ in $admitted{$_}" } sort keys %admitted)
    . "; most held $most of $quota" if $ENV{EP_ROUNDS};
$server->stop;
done_testing;
