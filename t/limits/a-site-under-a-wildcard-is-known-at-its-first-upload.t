# A quota for a path with wildcards: the directories that fit are found and measured
# when httpd has started, and the first upload to one waits a moment for its number.
# So it gets the right answer, and the log has no error.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use IO::Select ();
use Test::More;
use Time::HiRes qw(time sleep);

# What an upload waits at most, and a slow machine.
use constant LONGEST => 800;
use constant SLACK => 1500;
use constant SOON => 40;

my $slow = ExpectPolicy::Ledger::slow_disk();

# Deeper than an upload goes by itself.
use constant DEEP => '/d' x 20;

sub make_site {
    my ($site, $name, $bytes) = @_;
    system('mkdir', '-p', "$site/$name" . DEEP) == 0 or die;
    ExpectPolicy::Ledger::sparse($site, $name . DEEP . '/data', $bytes);
}

sub start {
    my ($site, $text, $is_slow, %how) = @_;
    return ExpectPolicy::Ledger->start("LogLevel expect_policy:debug\n$text",
                                       site => $site, %how,
                                       $is_slow ? (preload => $slow) : ());
}

sub no_error_ok {
    my ($server, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply([ grep { /\[expect_policy:(?:warn|error|crit)\]/ }
                split /\n/, $server->error_log ], [], $name);
}

sub left_ok {
    my ($res, $left, $asked, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    refusal_ok($res, code => 'quota_exceeded', within => LONGEST + SLACK,
               members => { quota_remaining => $left, requested_size => $asked },
               name => $name);
}

sub knows {
    my ($server, $tree) = @_;
    my $found = $server->books->{trees}{"$server->{site}/$tree"};
    return $found && $found->{known};
}

# --------------------------------------------------------------- three sites

for my $failure ('Open', 'Closed') {
    note "ExpectPolicyLedgerFailure $failure";
    my $site = ExpectPolicy::Ledger::site();
    make_site($site, "home/$_->[0]/public_html", $_->[1])
        for ['alice', 100_000], ['bob', 900_000], ['carol', 0];
    my $server = start($site, <<"END");
<Directory "\@site\@/home/*/public_html">
    ExpectPolicyLedgerFailure $failure
    ExpectPolicyQuota 1000000
</Directory>
END
    accepted_ok($server->put('/home/alice/public_html/x', 200_000),
                status => 201, name => 'the first upload to one');
    my $first = $server->announce('/home/bob/public_html/x', 200_000);
    left_ok($first, 100_000, 200_000, 'to one that is nearly full');
    note "the first upload to it took $first->{ms} ms";
    accepted_ok($server->put('/home/bob/public_html/x', 100_000),
                status => 201, name => 'where less fits');
    accepted_ok($server->put_chunked('/home/carol/public_html/x', 200_000),
                status => 201, name => 'and one of unknown length');
    $server->settled_ok;
    is($server->used("$site/home/alice/public_html"), 300_000,
       'all of it is counted');
    # one that was not there when httpd started
    make_site($site, 'home/new/public_html', 900_000);
    left_ok($server->announce('/home/new/public_html/x', 200_000), 100_000,
            200_000, 'a site that came later is measured for its first upload');
    no_error_ok($server, 'none of this is an error');
    $server->stop;
}

# ------------------------------------------------------ a disk that is slow

my $large = ExpectPolicy::Ledger::site();
make_site($large, "home/$_/docs", 300_000) for qw(quick fast);
mkdir "$large/home/large" or die;
mkdir "$large/home/large/docs" or die;
for my $part (1 .. 50) {
    mkdir "$large/home/large/docs/$part" or die;
    for (1 .. 1000) {
        # two seconds' worth
        my $name = $_ <= 40 ? "slow$_" : $_;
        open my $file, '>', "$large/home/large/docs/$part/$name" or die;
    }
}
ExpectPolicy::Ledger::sparse($large, 'home/large/docs/data', 800_000);

sub start_large {
    my ($failure, $is_slow, %how) = @_;
    return start($large, <<"END", $is_slow, %how);
<Directory "\@site\@/home/*/docs">
    ExpectPolicyLedgerFailure $failure
    ExpectPolicyQuota 1000000
</Directory>
END
}

for my $failure ('Open', 'Closed') {
    note "ExpectPolicyLedgerFailure $failure, a slow disk";
    my $server = start_large($failure, 1);
    my $res = $server->announce('/home/large/docs/x', 100_000);
    refusal_ok($res, code => 'ledger_unavailable', within => LONGEST + SLACK,
               by => $failure eq 'Open' ? qr/ExpectPolicyQuota/
                                        : qr/ExpectPolicyLedgerFailure/,
               members => { retry_after => 5 }, headers => { 'Retry-After' => 5 },
               name => 'what takes longer than an upload waits');
    cmp_ok($res->{ms}, '>=', LONGEST - 100, "it waited for $res->{ms} ms");
    if ($failure eq 'Open') {
        my $small = $server->put('/home/large/docs/small', 1000);
        accepted_ok($small, status => 201, name => 'a small one passes');
        cmp_ok($small->{ms}, '<', LONGEST / 2,
               "and does not wait for long: $small->{ms} ms");
        unlink "$large/home/large/docs/small" or die;
    }
    left_ok($server->announce('/home/quick/docs/x', 900_000), 700_000, 900_000,
            'another site is measured meanwhile');
    ok(wait_until(sub { knows($server, 'home/large/docs') }, SOON),
       'the large one is measured soon');
    $server->settled_ok;
    my $there = $failure eq 'Open' ? 801_000 : 800_000;
    my $second = $server->announce('/home/large/docs/x', 500_000);
    left_ok($second, 1_000_000 - $there, 500_000, 'and then answers are right');
    cmp_ok($second->{ms}, '<', LONGEST / 2,
           "and at once: $second->{ms} ms");
    no_error_ok($server, 'a number that takes a while is no error');
    $server->stop;
}

{
    my $server = start_large('Closed', 0);
    my $first = $server->announce('/home/quick/docs/x', 900_000);
    left_ok($first, 700_000, 900_000, 'on a fast disk, the first upload waits');
    # it may be a busy machine
    wait_until(sub {
        $first = $server->announce('/home/large/docs/x', 500_000);
        return $first->{status} != 503;
    }, SOON);
    left_ok($first, 200_000, 500_000, 'for a large tree as well');
    my $second = $server->announce('/home/large/docs/x', 500_001);
    left_ok($second, 200_000, 500_001, 'and the second one need not');
    cmp_ok($second->{ms}, '<', LONGEST / 2, "$first->{ms} and $second->{ms} ms");
    accepted_ok($server->put('/home/large/docs/x', 200_000), status => 201,
                name => 'and what fits is admitted');
    unlink "$large/home/large/docs/x" or die;
    $server->stop;
}

# A dry run delays nobody for a number.
{
    my $server = start($large, <<"END", 1);
<Directory "\@site\@/home/*/docs">
    ExpectPolicy DryRun
    ExpectPolicyLedgerFailure Closed
    ExpectPolicyQuota 1000000
</Directory>
END
    my $res = $server->put('/home/large/docs/x', 200_001);
    is($res->{status}, 201, 'a dry run admits');
    cmp_ok($res->{ms}, '<', LONGEST - 100, "and does not wait: $res->{ms} ms");
    unlink "$large/home/large/docs/x" or die;
    $server->stop;
}

# --------------------------------------------------- so many wait at a time

{
    my $server = start_large('Closed', 1);
    my $began = time;
    my @waiting = map {
        my $conn = converse($server->here);
        ExpectPolicy::Wire::put($conn, head_bytes(
            $server->here, path => "/home/large/docs/$_", length => 100_000,
            headers => ['Expect: 100-continue']), 5);
        $conn;
    } 1 .. 16;
    my $fast = $server->announce('/home/fast/docs/x', 900_000);
    left_ok($fast, 700_000, 900_000, 'another site has an answer meanwhile');
    my %by = map { fileno($_->{sock}) => $_ } @waiting;
    my $select = IO::Select->new(map { $_->{sock} } @waiting);
    my (@early, @late);
    while ($select->count && time - $began < 20) {
        for my $sock ($select->can_read(1)) {
            $select->remove($sock);
            my $ms = 1000 * (time - $began);
            push @{ $ms < LONGEST - 100 ? \@early : \@late }, int $ms;
            my $res = read_response($by{ fileno $sock }, method => 'PUT',
                                    patience => 5);
            is($res->{status}, $res->{status} == 417 ? 417 : 503, 'refused')
                if $res->{status} !~ /^(?:417|503)$/;
        }
    }
    note "early: @early; late: @late";
    cmp_ok(scalar @late, '>=', 1, 'some wait for it');
    cmp_ok(scalar @late, '<=', 4, 'but no more than four');
    is(@early + @late, 16, 'and all get an answer');
    close $_->{sock} for @waiting;
    $server->stop;
}

# ----------------------------------------------------------------- HTTP/2

if (has_http2()) {
    my $server = start_large('Closed', 0, load => ['http2']);
    my $h2 = ExpectPolicy::H2->new(port => $server->{port});
    my $id = $h2->request(method => 'PUT', path => '/home/quick/docs/x',
                          length => 900_000);
    my $res = $h2->answer($id, reset_within => 2);
    like($res->{body}, qr/"quota_remaining": ?700000\b/,
         'over HTTP/2, the first upload waits as well');
    $server->stop;
}

# ------------------------------------------- a thousand sites, a link, a reload

{
    my $site = ExpectPolicy::Ledger::site();
    chmod 0755, $site or die;
    mkdir "$site/$_" or die for qw(home other foreign other/one off off/one);
    for (1 .. 1000) {
        mkdir "$site/home/$_" or die;
        mkdir "$site/home/$_/docs" or die;
        ExpectPolicy::Ledger::sparse($site, "home/$_/docs/data", $_);
    }
    make_site($site, 'other/one/docs', 800_000);
    ExpectPolicy::Ledger::sparse($site, 'foreign/data', 500_000);
    # in `mallory`, others than who started httpd may write; not in `trusted`
    mkdir "$site/home/$_" or die for qw(mallory trusted empty file);
    chmod 0777, "$site/home/mallory" or die;
    chmod 0755, "$site/home/trusted" or die;
    symlink "$site/foreign", "$site/home/$_/docs" or die for qw(mallory trusted);
    symlink '/', "$site/home/root" or die;
    symlink '.', "$site/home/loop" or die;
    ExpectPolicy::Ledger::sparse($site, 'home/file/docs', 1);
    my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
LogLevel expect_policy:debug
<Directory "\@site\@/home/*/docs">
    ExpectPolicyLedgerFailure Closed
    ExpectPolicyQuota 1000000
</Directory>
<Directory "\@site\@/off/*">
    ExpectPolicy Off
    ExpectPolicyQuota 1000000
</Directory>
END
    my $began = time;
    ok(wait_until(sub {
        my $trees = $server->books->{trees};
        return 1000 == grep { m{/home/\d+/docs$} && $trees->{$_}{known} }
            keys %$trees;
    }, SOON), 'a thousand sites are measured');
    note sprintf '%.2f s after httpd was ready', time - $began;
    my $trees = $server->books->{trees};
    is($trees->{"$site/home/777/docs"}{used}, 777, 'each by itself');
    is_deeply([ grep { !m{/home/\d+/docs$} } sort keys %$trees ],
              ["$site/home/trusted/docs"],
              'nothing is found where a link is not the administrator\'s');
    is($trees->{"$site/home/trusted/docs"}{used}, 500_000,
       'and the other one is followed');
    left_ok($server->announce('/home/7/docs/x', 2_000_000), 999_993, 2_000_000,
            'an upload to one of them');
    refusal_ok($server->announce('/home/mallory/docs/x', 2_000_000),
               code => 'quota_exceeded',
               members => { quota_remaining => 1_000_000,
                            requested_size => 2_000_000 },
               name => 'the link tells nothing');
    refusal_ok($server->announce('/home/mallory/docs/x', 1000),
               code => 'ledger_unavailable', headers => { 'Retry-After' => 5 },
               members => { retry_after => 5 },
               by => qr/ExpectPolicyLedgerFailure/, within => LONGEST + SLACK,
               name => 'and leads nowhere');
    like($server->error_log, qr{warn\].*mallory/docs is unknown.*a link},
         'which the log says');

    my $conf = slurp("$server->{dir}/test.conf");
    $conf =~ s{/home/\*/docs}{/other/*/docs} or die;
    open my $out, '>', "$server->{dir}/test.conf" or die;
    print $out $conf;
    close $out or die;
    $server->graceful;
    ok(wait_until(sub { knows($server, 'other/one/docs') }, SOON),
       'after a reload with another wildcard, its site is measured');
    left_ok($server->announce('/other/one/docs/x', 400_000), 200_000, 400_000,
            'and known at its first upload');
    ok(wait_until(sub { !knows($server, 'home/777/docs') }, SOON),
       'what was found before and never asked for is forgotten');
    ok(knows($server, 'home/7/docs'), 'what was asked for is not');
    $server->stop;
}

done_testing;
