# One thread measures all trees, a few at a time.  An owner whose trees are large
# has at most two of these turns: the tree of another owner is measured at the same
# time, not after them.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

# more than one request adds up by itself
use constant FILES => 20_000;
# an upload counts in so many quotas of its owner
use constant NESTED => 8;

my $site = ExpectPolicy::Ledger::site();
my @evil;
mkdir "$site/$_" or die for qw(evil good good/1);
my $deep = "$site/evil";
for (1 .. NESTED) {
    $deep .= '/d';
    mkdir $deep or die;
    open my $out, '>', "$deep/.htaccess" or die;
    print $out "ExpectPolicyQuota 1000000\n";
    close $out;
    push @evil, $deep;
}
fill($deep);
fill("$site/good/1");

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site);
<Directory "\@site\@">
    AllowOverride Limit
</Directory>
<Directory "\@site\@/good/*">
    ExpectPolicyQuota 1000000
</Directory>
END

accepted_ok($server->put('/evil' . '/d' x NESTED . '/x', 10), status => 201,
            name => 'an upload below all of the owner\'s quotas');
is(scalar(grep { $server->books->{trees}{$_} } @evil), NESTED,
   'all of his trees are to be measured');
accepted_ok($server->put('/good/1/x', 10), status => 201,
            name => 'an upload into a tree of the server\'s');
my $books;
ok(wait_until(sub {
    $books = $server->books;
    return ($books->{trees}{"$site/good/1"} || {})->{known};
}, 60), 'which is measured');
cmp_ok(scalar(grep { $books->{trees}{$_}{known} } @evil), '<=', NESTED / 2,
       'before most of the owner\'s');
ok(wait_until(sub {
    $books = $server->books;
    return NESTED == grep { $books->{trees}{$_}{known} } @evil;
}, 120), 'and his are, in the end');
is($books->{trees}{ $evil[0] }{used} > 0, 1, 'with what lies there');
$server->stop;
done_testing;

sub fill {
    my ($dir) = @_;
    for (1 .. FILES) {
        open my $out, '>', "$dir/f$_" or die "$dir/f$_: $!";
    }
}
