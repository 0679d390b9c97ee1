# Keys are hashes of bytes in network order, so that servers whose machines have
# other byte orders find the same account for the same limit.  This test computes a
# key by itself, and finds it in the ledger.
#
# runs: plain
use strict;
use warnings;
no warnings "portable"; # 64 bits, as the module needs them

use Digest::MD5 qw(md5);
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

# A tree that is announced is in the ledger before the first upload.
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/tree" or die;
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site);
<Location />
    ExpectPolicyQuota 1M "@site@/tree"
</Location>
END

# the first child announces it
my $end = time + 10;
sleep 0.05 until keys %{ $server->books->{trees} } or time > $end;
is_deeply([keys %{ $server->books->{trees} }], ["$site/tree"],
          'the ledger has one tree');
my $file = slurp("$server->{run}/expect_policy.ledger");

# magic, layout, nothing, boot: then the secret
my ($k0, $k1) = unpack 'x72 QQ', $file;

# QUOTA, its directory, no usage file
my $quota = 1;
my $network = key(number($quota), text("$site/tree"), number(0));
isnt(index($file, $network), -1, 'its key is that of bytes in network order');

# what the other byte order would come to is another key, so the test can fail
my $other = key(map { reverse_numbers($_) } number($quota),
                text("$site/tree"), number(0));
is(index($file, $other), -1, 'and not of the other order');
$server->stop;
done_testing();

# As bytes that are hashed: a length, and what it is the length of.
sub piece { return [pack('Q>', length $_[0]), $_[0]] }
sub text { return piece($_[0]) }
sub number { return piece(pack 'q>', $_[0]) }

sub reverse_numbers {
    my ($length, $bytes) = @{ $_[0] };
    return [scalar reverse($length),
            length $bytes == 8 ? scalar reverse($bytes) : $bytes];
}

# What the ledger makes of it: both halves, each hashed with the secret.
sub key {
    my $digest = md5(map { @$_ } @_);
    return pack 'QQ', map { siphash($digest . pack 'Q', $_) } 0, 1;
}

sub plus { use integer; return $_[0] + $_[1] }

sub rotate {
    my ($word, $bits) = @_;
    return (($word << $bits) & 0xffffffffffffffff) | ($word >> (64 - $bits));
}

sub rounds {
    my ($v, $count) = @_;
    for (1 .. $count) {
        for ([0, 1, 13, 32], [2, 3, 16, 0], [0, 3, 21, 0], [2, 1, 17, 32]) {
            my ($x, $y, $bits, $swap) = @$_;
            $v->[$x] = plus($v->[$x], $v->[$y]) & 0xffffffffffffffff;
            $v->[$y] = rotate($v->[$y], $bits) ^ $v->[$x];
            $v->[$x] = rotate($v->[$x], $swap) if $swap;
        }
    }
}

# SipHash-2-4 of whole words
sub siphash {
    my ($bytes) = @_;
    my @v = ($k0 ^ 0x736f6d6570736575, $k1 ^ 0x646f72616e646f6d,
             $k0 ^ 0x6c7967656e657261, $k1 ^ 0x7465646279746573);
    for (unpack('Q<*', $bytes), length($bytes) << 56) {
        $v[3] ^= $_;
        rounds(\@v, 2);
        $v[0] ^= $_;
    }
    $v[2] ^= 0xff;
    rounds(\@v, 4);
    return $v[0] ^ $v[1] ^ $v[2] ^ $v[3];
}
