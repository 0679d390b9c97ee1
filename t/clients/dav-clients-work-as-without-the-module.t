# mod_dav_fs: litmus finds the same with the module On and generous limits as
# without it; cadaver and rclone store what fits, and fail on what does not.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use Test::More;

sub dav {
    my ($policy, %how) = @_;
    my $dir = scratch();
    mkdir "$dir/$_" or die "$dir/$_: $!" for qw(files state);
    my $server = ExpectPolicy::Server->start(<<"END", %how,
Timeout 4
DavLockDB "$dir/state/lock"
Alias /dav "$dir/files"
<Directory "$dir/files">
    Require all granted
    Dav On
$policy
</Directory>
END
        load => [qw(dav dav_fs dav_lock)]);
    return { server => $server, files => "$dir/files",
             url => "http://127.0.0.1:$server->{port}/dav/" };
}

# each suite's own words, without times and addresses
sub litmus {
    my ($dav) = @_;
    my $dir = scratch();
    my $got = run_client('sh', '-c', 'cd "$1" && exec litmus -k "$2"', 'sh',
                         $dir, $dav->{url});
    return [ map { s/\x0d.*?\x0d//gr } grep { /summary|FAIL|WARNING/ }
             split /\n/, $got->{out} ];
}
my $without = dav('', module => 0);
my $generous = dav(<<"END");
    ExpectPolicy On
    ExpectPolicyEarlyErrors On
    ExpectPolicyMaxSize 1G
    ExpectPolicyExpectations 100-continue
END
my $before = litmus($without);
my $after = litmus($generous);
note $_ for @$before;
cmp_ok(scalar(grep { /summary/ } @$before), '>=', 5, 'litmus ran its suites');
my ($ran) = map { /of (\d+) tests run/ } grep { /basic/ } @$before;
cmp_ok($ran // 0, '>', 10, 'and tests');
is_deeply($after, $before, 'litmus finds the same with the module')
    or diag map { "$_\n" } @$before, '--', @$after;

my $strict = dav("    ExpectPolicy On\n    ExpectPolicyMaxSize 100000");
my $tmp = scratch();
write_text("$tmp/fits.bin", 'x' x 100_000);
write_text("$tmp/large.bin", 'x' x 100_001);
write_text("$tmp/huge.bin", 'x' x 20_000_000);
my %client = (
    cadaver => sub {
        my ($name) = @_;
        write_text("$tmp/commands", "put $tmp/$name $name\nquit\n");
        return run_client('sh', '-c', 'HOME="$1" cadaver "$2" <"$1/commands"',
                          'sh', $tmp, $strict->{url});
    },
    rclone => sub {
        my ($name) = @_;
        return run_client('rclone', '--config', "$tmp/rclone.conf", '--retries',
                          1, '--low-level-retries', 1, 'copyto', "$tmp/$name",
                          ":webdav,url='$strict->{url}':$name");
    },
);
for my $name (sort keys %client) {
    for my $large ('large.bin', 'huge.bin') {
        my $got = $client{$name}->($large);
        ok(!-e "$strict->{files}/$large", "$name: $large is not stored");
        like($got->{out}, qr/41[37]/, 'and the user is told the status')
            or diag $got->{out};
    }
    my $got = $client{$name}->('fits.bin');
    is(-s "$strict->{files}/fits.bin", 100_000, "$name: what fits is stored")
        or diag $got->{out};
    unlink "$strict->{files}/fits.bin";
}
is(scalar keys %client, 2, 'clients');
done_testing;
