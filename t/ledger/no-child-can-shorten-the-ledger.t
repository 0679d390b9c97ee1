# A process that shortens a mapped file kills every process that reads the missing
# part.  So no child has a descriptor that lets it shorten the ledger.  Still only one
# server can use the ledger, and a restart keeps all counts.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire qw(accepted_ok slurp wait_until);
use Test::More;

my $text = <<'END';
<Directory "@site@">
    ExpectPolicyQuota 1M
    ExpectPolicyConcurrent 10 client
</Directory>
END
my $server = ExpectPolicy::Ledger->start($text);
my $ledger = "$server->{dir}/expect_policy.ledger";
$server->measured_ok($server->{site}, '/x');
accepted_ok($server->put('/x', 1000), status => 201, name => 'an upload');
is($server->used, 1000, 'is counted');
my $upload = $server->begin('/y', 500);
ok(ExpectPolicy::Ledger::is_admitted($upload), 'another one is under way');

is_had_right('at the start');
my @old = $server->children;
$server->graceful;
ok(wait_until(sub {
    2 == (() = $server->error_log =~ /resuming normal operations/g)
}, 20), 'a graceful restart');
ok(wait_until(sub {
    my %new = map { $_ => 1 } $server->children;
    delete @new{@old};
    return scalar keys %new;
}, 20), 'with children of its own');
is_had_right('after the restart');

is($server->books->{trees}{ $server->{site} }{used}, 1000,
   'what was used is still counted');
is($server->books->{trees}{ $server->{site} }{held}, 500,
   'and what is under way');
is(ExpectPolicy::Ledger::finish($upload), 201, 'which is stored');
is($server->used, 1500, 'and counted');
$server->stop;
done_testing;

# Descriptors of the ledger's file that a process has, by what they are open for.
sub descriptors {
    my ($pid) = @_;
    my @inode = (stat $ledger)[0, 1];
    my %found;
    for my $file (glob "/proc/$pid/fd/*") {
        my @is = (stat $file)[0, 1];
        next unless @is && "@is" eq "@inode";
        my ($number) = $file =~ /(\d+)\z/;
        my ($flags) = slurp("/proc/$pid/fdinfo/$number") =~ /^flags:\s+(\d+)/m
            or next;
        $found{ (oct($flags) & 3) == 0 ? 'read' : 'write' }++;
    }
    return \%found;
}

# Also mod_cgid's daemon.
sub all_children {
    return map {
        slurp($_) =~ /\A(\d+) \(.*\) [A-Y] (\d+) /s
            && $2 == $server->{pid} ? $1 : ();
    } glob '/proc/[0-9]*/stat';
}

sub is_had_right {
    my ($when) = @_;
    my %seen;
    my @pids = ($server->{pid}, all_children());
    for my $pid (@pids) {
        my $has = descriptors($pid);
        $seen{$_}++ for keys %$has;
    }
    cmp_ok(scalar @pids, '>', 1, "$when: there are children");
    is($seen{write} // 0, 0, "$when: none has the ledger open to write");
    cmp_ok($seen{read} // 0, '>', 1, "$when: they have it open to read");
    my $second = ExpectPolicy::Ledger->start($text, run => $server->{dir});
    like($second->error_log, qr/\Q$ledger\E is used by another server/,
         "$when: another server does not count in it, and says so");
    $second->stop;
}
