# Limits that count add up from section to section until one says Off.  Within a
# section the last line of the same kind holds.  An owner's line that has no effect
# is logged once.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(more off off/again last same owned owned/clamps
    owned/off quiet quiet/here crowd crowd/inside);
my %htaccess = (
    'owned/clamps' => <<'END',
ExpectPolicyQuota 2G
ExpectPolicyConcurrent 4 client
ExpectPolicyConcurrent 4 host
ExpectPolicyConcurrent 3 client
ExpectPolicyAllowance 1G/2d client
ExpectPolicyAllowance 1G/1d client
ExpectPolicyAllowance 1M/1d client
ExpectPolicyAllowance 2G/1d user
END
    'owned/off' => "ExpectPolicyQuota Off\nExpectPolicyAllowance Off\n",
    'quiet/here' => "ExpectPolicyConcurrent Off\nExpectPolicyConcurrent 1 host\n",
    'crowd' => join('', map { "ExpectPolicyConcurrent 9 expr=$_\n" } 1 .. 8),
    'crowd/inside' => join('', map { "ExpectPolicyConcurrent 9 expr=$_\n" } 9 .. 16),
);
for my $dir (keys %htaccess) {
    open my $out, '>', "$site/$dir/.htaccess" or die;
    print $out $htaccess{$dir};
    close $out;
}
my $server = ExpectPolicy::Ledger->start(<<'END', site => $site);
<Directory "@site@">
    AllowOverride Limit
    ExpectPolicyAllowance 10000/1d expr=outer
</Directory>
<Directory "@site@/more">
    ExpectPolicyAllowance 500/1d expr=more
    <Files "inner">
        ExpectPolicyAllowance 100/1d expr=inner
    </Files>
</Directory>
<Directory "@site@/off">
    ExpectPolicyAllowance Off
</Directory>
<Directory "@site@/off/again">
    ExpectPolicyAllowance 300/1d expr=again
</Directory>
<Directory "@site@/last">
    ExpectPolicyAllowance 1/1d expr=last
    ExpectPolicyAllowance 1/1d expr=other
    ExpectPolicyAllowance Off
    ExpectPolicyAllowance 20000/1d expr=last
</Directory>
<Directory "@site@/same">
    ExpectPolicyAllowance 100/1d expr=same
    ExpectPolicyAllowance 60/1d expr=different
    ExpectPolicyAllowance 40/1d expr=same
    ExpectPolicyAllowance 50/1d expr=same
</Directory>
<Directory "@site@/owned/*">
    ExpectPolicyQuota 1G
    ExpectPolicyConcurrent 3 client
    ExpectPolicyAllowance 100M/1d client
    ExpectPolicyAllowance 100M/1d user
</Directory>
<Directory "@site@/quiet">
    ExpectPolicyOverride None
</Directory>
END

sub full_ok {
    my ($path, $ask, $line, $left) = @_;
    my ($size) = $line =~ /^(\d+)/;
    # what is larger than the whole allowance need not wait for it
    my @wait = $ask > $size ? () : qr/^8[56]\d{3}$/;
    refusal_ok($server->announce($path, $ask), code => 'allowance_exceeded',
               by => qr/ExpectPolicyAllowance $line$/,
               members => { allowance_remaining => $left,
                            requested_size => $ask,
                            map { (retry_after => $_) } @wait },
               headers => { map { ('Retry-After' => $_) } @wait },
               name => "$path: $ask bytes do not fit into $line");
}
sub fits_ok {
    my ($path, $length) = @_;
    accepted_ok($server->put($path, $length), status => 201,
                name => "$path: $length bytes");
    $server->settled_ok;
}

# each section adds its own; what all hold is used of all
full_ok('/more/inner', 101, '100/1d expr=inner', 100);
fits_ok('/more/inner', 100);
full_ok('/more/x', 401, '500/1d expr=more', 400);
fits_ok('/more/x', 400);
full_ok('/x', 9501, '10000/1d expr=outer', 9500);

# Off ends those further out, of its own section the lines before it
fits_ok('/off/x', 20_000);
full_ok('/off/again/x', 301, '300/1d expr=again', 300);
fits_ok('/off/again/x', 300);
fits_ok('/last/x', 15_000);
full_ok('/last/x', 5001, '20000/1d expr=last', 5000);
full_ok('/x', 9501, '10000/1d expr=outer', 9500);

# of two lines that count the same the later one
full_ok('/same/x', 51, '50/1d expr=same', 50);
fits_ok('/same/x', 50);

sub said {
    my ($word, $dir) = @_;
    return grep { /\[expect_policy:notice\].* \Q$word\E: .*\Q$dir\E/ }
        split /^/, $server->error_log;
}

# clamped: a larger number where the server's smaller one counts all that this
# counts, and Off
for my $dir ('owned/clamps', 'owned/off') {
    for (1 .. 3) {
        accepted_ok($server->put("/$dir/$_", 10), status => 201,
                    name => "$dir: no error page");
        $server->settled_ok;
    }
}
my $clamped = qr{clamped: (\S+) in \S+/\.htaccess:(\d+) is laxer than \S+/test\.conf:\d+$};
is_deeply([ sort map { /$clamped/ ? "$2 $1" : $_ } said('clamped', 'owned/clamps') ],
          ['1 ExpectPolicyQuota', '8 ExpectPolicyAllowance'],
          'clamped, once each; what a later line replaced is not told');
is_deeply([ sort map { /$clamped/ ? "$2 $1" : $_ } said('clamped', 'owned/off') ],
          ['1 ExpectPolicyQuota', '2 ExpectPolicyAllowance'], 'and Off');

# ignored under None
for (1 .. 2) {
    accepted_ok($server->put('/quiet/here/x', 10), status => qr/^20[14]$/,
                name => 'None: nothing of the owner holds');
}
is_deeply([ sort map { /ignored: (\S+) in \S+:(\d+), by / ? "$2 $1" : $_ }
            said('ignored', 'quiet/here') ],
          ['1 ExpectPolicyConcurrent', '2 ExpectPolicyConcurrent'],
          'None: each line once');

# 1 of the server's, and 8 of the inner .htaccess file, which are all that it may have
for (1 .. 2) {
    accepted_ok($server->put("/crowd/inside/$_", 10), status => 201,
                name => 'one limit too many');
    accepted_ok($server->put("/crowd/$_", 10), status => 201,
                name => 'without the limit too many, it is admitted');
}
my @surplus = said('ignored', 'crowd');
is(scalar @surplus, 1, 'the surplus line is logged once') or diag @surplus;
like($surplus[0] // '', qr{ignored:\ ExpectPolicyConcurrent\ in\ \S+/crowd/\.htaccess:8,
                           \ as\ 8\ limits\ of\ .htaccess\ files\ count\ here\ already$}x,
     'the log names the surplus line') if @surplus;
$server->stop;
done_testing;
