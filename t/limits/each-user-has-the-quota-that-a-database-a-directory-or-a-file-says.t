# ExpectPolicyQuota, ExpectPolicyAllowance and ExpectPolicyConcurrent by expression, and a
# quota of a directory for each user: numbers come from a database, a directory or a file.
# No name of a user leads out of the directory, and nobody learns another's numbers.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Ledger;
use ExpectPolicy::Users;
use ExpectPolicy::Wire;
use File::Path qw(make_path);
use Test::More;

my %users = (
    alice => { quota => '1000', rate => '500/1h', slots => '2' },
    bob => { quota => '100', rate => '150/1d', slots => '1' },
    silent => {},
    wrong => { quota => 'Off', rate => '5', slots => '-1' },
    # names that would lead elsewhere
    '..' => { quota => '1000' },
    '../alice' => { quota => '1000' },
    'alice/in' => { quota => '1000' },
    '.' => { quota => '1000' },
);
my %from = users_everywhere(%users);
my $site = ExpectPolicy::Ledger::site();
make_path("$site/$_") for map {
    my $source = $_;
    ("$source/store", map { "$source/files/$_" } 'alice/in', qw(bob silent wrong))
} keys %from;
my $places = join '', map { <<"END" } sort keys %from;
$from{$_}{server}
<Directory "\@site\@/$_">
    $from{$_}{place}
    ExpectPolicyAdvertise On
</Directory>
<Directory "\@site\@/$_/files">
    ExpectPolicyQuota "expr=$from{$_}{quota}" "path=\@site\@/$_/files/%{REMOTE_USER}"
</Directory>
<Directory "\@site\@/$_/store">
    ExpectPolicyAllowance "expr=$from{$_}{rate}" user
    ExpectPolicyConcurrent "expr=$from{$_}{slots}" user
</Directory>
END
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site, load => [user_modules()]);
<Directory "\@site\@">
    AllowOverride FileInfo
</Directory>
$places
END

sub as { return (headers => [credentials(@_)]) }

for my $source (sort keys %from) {
    my $files = "/$source/files";
    for (['alice', 1000], ['bob', 100]) {
        my ($user, $quota) = @$_;
        $server->filled("$source/files/$user/before", 40);
        my $left = $quota - 40;
        refusal_ok($server->announce("$files/$user/a", $left + 1, as($user)),
                   code => 'quota_exceeded', by => qr/ExpectPolicyQuota/,
                   members => { quota_remaining => $left, requested_size => $left + 1 },
                   name => "$source: $user has $left left");
        accepted_ok($server->put("$files/$user/a", $left, as($user)), status => 201,
                    name => "$user may use them up");
        refusal_ok($server->announce("$files/$user/b", 1, as($user)),
                   code => 'quota_exceeded', by => qr/ExpectPolicyQuota/,
                   members => { quota_remaining => 0, requested_size => 1 },
                   name => 'then there is no room');
        my $told = ask($server->here, method => 'GET', as($user),
                       path => "$files/?expect-policy-limits=PUT");
        my ($document) = parse_json($told->{body});
        is($document->{quota_remaining}, 0, 'which the limits tell');
    }
    for my $user (qw(silent wrong)) {
        accepted_ok($server->put("$files/$user/a", 3000, as($user)), status => 201,
                    name => "$source: without a number, $user has no quota of this line");
    }
    # without a password, nobody learns a number
    for my $who ([], [credentials('alice', 'bad')]) {
        my $res = $server->announce("$files/alice/c", 1,
                                    headers => [@$who, 'Expect: 100-continue']);
        is($res->{status}, 401, "$source: 401 first");
        unlike($res->{raw}, qr/quota|Expect-Policy/, 'and no word of a quota');
    }
    # a name is one name
    for my $user ('..', '.', '../alice', 'alice/in') {
        next if $source eq 'ldap' && $user !~ /^\w/ && $user ne '..';
        refusal_ok($server->announce("$files/alice/c", 1, as($user)),
                   code => 'ledger_unavailable', by => qr/ExpectPolicyQuota/,
                   members => { retry_after => 5 }, headers => { 'Retry-After' => 5 },
                   name => "$source: '$user' leads nowhere");
    }
    is_deeply([grep { m{\A\Q$site\E/$source/files(?:/\.\.|/alice/in|)\z} }
               keys %{ $server->books->{trees} }], [], 'and no other tree was asked');

    # an allowance with its period, for each user
    my $store = "/$source/store";
    for (['alice', 500], ['bob', 150]) {
        my ($user, $most) = @$_;
        accepted_ok($server->put("$store/$user", $most, as($user)), status => qr/^20[14]/,
                    name => "$source: $user may send $most in a period");
        refusal_ok($server->announce("$store/$user", 1, as($user)),
                   code => 'allowance_exceeded', by => qr/ExpectPolicyAllowance/,
                   members => { allowance_remaining => 0, requested_size => 1,
                                retry_after => qr/^\d+$/ },
                   headers => { 'Retry-After' => qr/^\d+$/ }, name => 'and no more');
    }
    for my $user (qw(silent wrong)) {
        accepted_ok($server->put("$store/$user", 5000, as($user)), status => qr/^20[14]/,
                    name => "$source: without a number, $user may send more");
    }
}

# A COPY is stored for the user as well.
{
    my ($source) = 'sql';
    my $copy = ask($server->here, method => 'COPY', path => "/$source/files/silent/a",
                   headers => [credentials('bob'),
                               'Destination: http://localhost/sql/files/bob/copy']);
    is($copy->{status}, 507, 'a copy of 3000 does not fit into what bob has left');
    $copy = ask($server->here, method => 'COPY', path => "/$source/files/silent/a",
                headers => [credentials('silent'),
                            'Destination: http://localhost/sql/files/silent/copy']);
    is($copy->{status}, 201, 'it fits where there is no quota');
}

like($server->error_log, qr/ExpectPolicyQuota in \S+: its value 'Off' is not legal/,
     'a number that is not legal is logged');
like($server->error_log, qr/ExpectPolicyAllowance in \S+: its value '5' is not legal; legal is SIZE\/PERIOD/,
     'of an allowance, too');
like($server->error_log, qr/ExpectPolicyQuota in \S+: path= comes to '\S+', where each value/,
     'and a path that is none');
$server->stop;

# Uploads at once, for each user.
my $sql = $from{sql};
$server = ExpectPolicy::Ledger->start(<<"END", site => $site, load => [user_modules()]);
$sql->{server}
<Directory "\@site\@/sql">
    $sql->{place}
    ExpectPolicyConcurrent "expr=$sql->{slots}" user
</Directory>
END
for (['alice', 2], ['bob', 1]) {
    my ($user, $most) = @$_;
    my @held = map { $server->begin("/sql/store/$user$_", 100, as($user)) } 1 .. $most;
    ok(ExpectPolicy::Ledger::is_admitted($_), "$user may send $most at once") for @held;
    # what has sent nothing makes room for others
    ExpectPolicy::Ledger::send_content($_, 10) for @held;
    wait_until(sub { $server->books->{claims} >= $most }, 5);
    my $res = $server->announce("/sql/store/$user-x", 1, as($user));
    is($res->{status}, 429, "$user may not send one more");
    like($res->{body}, qr/"limit":$most\b/, "as $most is the limit");
    ExpectPolicy::Ledger::drop(@held);
    $server->settled_ok;
}
$server->stop;

done_testing;
