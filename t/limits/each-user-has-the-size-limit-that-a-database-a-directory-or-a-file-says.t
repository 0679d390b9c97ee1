# ExpectPolicyMaxSize and ExpectPolicyMinSize by expression: each user has the limits
# that a database, a directory or a file says.  They are judged behind authentication,
# before one byte of content is read, and nobody learns another's.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Ledger;
use ExpectPolicy::Users;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

# What encloses the places admits 500 bytes, so that a value can also admit more.
my %users = (
    alice => { size => '1000' },
    bob => { size => '50', least => '10' },
    parts => { size => '50', total => '200' },
    blanks => { size => ' 1K ' },
    any => { size => 'Unlimited' },
    nobody => { size => '0' },
    # what says nothing, and what is not legal
    silent => { size => '' },
    empty => {},
    (map { ("bad$_" => { size => ('ten', '-1', '1.5K', '99999999999999999999',
                                  '8388608T', '10 K', '0x10', '10MB')[$_] }) } 0 .. 7),
);
my %from = users_everywhere(%users);

my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for keys %from;
my $places = join '', map { <<"END" } sort keys %from;
$from{$_}{server}
<Directory "\@site\@/$_">
    $from{$_}{place}
    ExpectPolicyMaxSize "expr=$from{$_}{size}"
    ExpectPolicyMinSize "expr=$from{$_}{least}"
    ExpectPolicyMaxTotal "expr=$from{$_}{total}"
    ExpectPolicyAdvertise On
</Directory>
END
my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
ExpectPolicyMaxSize 500
ExpectPolicyCeiling 5000
<Directory "\@site\@">
    # so that values are those of the request before .htaccess files
    AllowOverride FileInfo
</Directory>
$places
END
    load => [user_modules(), has_http2() ? 'http2' : ()]);

sub as { return (headers => [credentials(@_)]) }

# An answer without what tells the time of day, or that the connection ends.
sub undated {
    my ($res) = @_;
    return join "\n", $res->{body}, map { "$_->[0]: $_->[1]" }
        grep { $_->[0] !~ /^(?:Date|Connection|Keep-Alive)$/i } @{ $res->{headers} };
}

sub too_large_ok {
    my ($path, $user, $limit, $size) = @_;
    refusal_ok($server->announce($path, $size, as($user)), code => 'content_too_large',
               members => { limit => $limit, requested_size => $size },
               by => qr/ExpectPolicyMaxSize/, name => "$path: $user may not send $size");
}

for my $source (sort keys %from) {
    my $path = "/$source/a";
    my %limit = (alice => 1000, bob => 50, blanks => 1024, silent => 500, empty => 500,
                 map { ("bad$_" => 500) } 0 .. 7);
    for my $user (sort keys %limit) {
        accepted_ok($server->put($path, $limit{$user}, as($user)), status => qr/^20[14]$/,
                    name => "$source: $user may send $limit{$user}");
        too_large_ok($path, $user, $limit{$user}, $limit{$user} + 1);
    }
    accepted_ok($server->put($path, 5000, as('any')), status => qr/^20[14]$/,
                name => "$source: one without a limit may send what the ceiling admits");
    refusal_ok($server->announce($path, 5001, as('any')), code => 'content_too_large',
               members => { limit => 5000, requested_size => 5001 },
               by => qr/ExpectPolicyCeiling/, name => 'and no more');
    too_large_ok($path, 'nobody', 0, 1);

    # a smallest size, of one user alone
    refusal_ok($server->announce($path, 9, as('bob')), code => 'content_too_small',
               members => { limit => 10, requested_size => 9 },
               by => qr/ExpectPolicyMinSize/, name => "$source: bob may not send 9");
    accepted_ok($server->put($path, 9, as('alice')), status => qr/^20[14]$/,
                name => 'alice may');

    # the whole of which an upload is a part, of one user alone
    my $part = sub { return headers => [credentials($_[0]),
                                        "Content-Range: bytes 0-9/$_[1]"] };
    refusal_ok($server->announce($path, 10, $part->('parts', 201)),
               code => 'content_too_large',
               members => { limit => 200, requested_size => 201, total => JSON::PP::true },
               by => qr/ExpectPolicyMaxTotal/, name => "$source: not a part of 201");
    for (['parts', 200], ['alice', 201]) {
        accepted_ok($server->put($path, 10, $part->(@$_)), status => qr/^20[14]$/,
                    name => "$_->[0] may send a part of $_->[1]");
    }

    # asked first: nobody is invited in vain
    my $asked = $server->announce($path, 51, headers => [credentials('bob'),
                                                         'Expect: 100-continue']);
    refusal_ok($asked, code => 'content_too_large', status => 417,
               members => { limit => 50, requested_size => 51 },
               by => qr/ExpectPolicyMaxSize/, name => "$source: an upload that asks");
    my $upload = $server->begin($path, 51, as('alice'));
    ok(ExpectPolicy::Ledger::is_admitted($upload), 'alice is invited');
    like(ExpectPolicy::Ledger::finish($upload), qr/^20[14]$/, 'and stores it');

    # content of unknown length is cut there
    my $cut = $server->put_chunked($path, 51, as('bob'));
    is($cut->{status}, 413, "$source: content of unknown length is cut");
    like($cut->{body}, qr/"error":"content_too_large".*"limit":50\b/, 'at his limit');
    accepted_ok($server->put_chunked($path, 50, as('bob')), status => qr/^20[14]$/,
                name => 'and not before');

    # nobody learns a limit without a password
    for my $who ([], [credentials('alice', 'wrong')], [credentials('stranger')]) {
        for my $asks (0, 1) {
            my $res = $server->announce($path, 4000, headers => [
                @$who, $asks ? 'Expect: 100-continue' : ()],
                $asks ? () : (body => 'x' x 4000));
            is($res->{status}, 401, "$source: 401 comes first");
            is_deeply($res->{interim}, [], 'without an invitation');
            is(undated($res), undated($server->put($path, 1, headers => $who)),
               'as of an upload within all limits');
        }
    }
    # before its 401, httpd reads content to discard it: no more than what encloses the
    # place admits
    my $long = $server->put_chunked($path, 4000, headers => []);
    is($long->{status}, 401, "$source: content of unknown length without a password");
    like($server->error_log,
         qr{cut: error=content_too_large status=413 limit=500 .* uri=/$source/a},
         'is not read to its end');
    # more than any user may send is refused on the head, before a user is known
    refusal_ok($server->announce($path, 5001), code => 'content_too_large',
               members => { limit => 5000, requested_size => 5001 },
               by => qr/ExpectPolicyCeiling/, name => 'the ceiling needs no user');

    # limits that are asked for
    for (['alice', 1000], ['bob', 50], ['silent', 500]) {
        my ($user, $limit) = @$_;
        my $told = ask($server->here, method => 'GET', as($user),
                       path => "/$source/?expect-policy-limits=PUT");
        is($told->{status}, 200, "$source: $user is told limits");
        my ($document) = parse_json($told->{body});
        is($document->{max_size}, $limit, "of $limit");
        is($document->{min_size}, $user eq 'bob' ? 10 : undef, 'and no other');
    }
    is(ask($server->here, method => 'GET',
           path => "/$source/?expect-policy-limits=PUT")->{status}, 401,
       'and nobody else is');

    # curl, with a body and with its own Expect
    my $file = fill_up(scratch() . '/file', 51);
    for (['bob', '413|417'], ['alice', '201|204']) {
        my ($user, $status) = @$_;
        for my $expect (0, 1) {
            status_ok(run_curl($server, '-u', "$user:secret", '-T', $file,
                               '-H', $expect ? 'Expect: 100-continue' : 'Expect:',
                               "http://127.0.0.1:$server->{port}$path"),
                      $status, "$source: curl of $user");
        }
    }
}

# A value that is not legal is logged once for its line, cut and escaped.
my @logged = $server->error_log =~ /(ExpectPolicyMaxSize in \S+: its value .*)/g;
is(scalar @logged, 3, 'each line with an illegal value is logged once');
like($_, qr/'.*' is not legal; legal is Unlimited or a number.*what encloses it holds/,
     'with the value and what is legal') for @logged;

SKIP: {
    skip 'no HTTP/2 under prefork', 1 if !has_http2();
    subtest 'over HTTP/2' => sub {
        for (['bob', 413], ['alice', 204]) {
            my ($user, $status) = @$_;
            my $got = run_client('curl', '-s', '--http2-prior-knowledge', '-o',
                                 '/dev/null', '-w', '%{http_code} %{size_upload}',
                                 '-H', 'Expect:', '-u', "$user:secret", '-T',
                                 fill_up(scratch() . '/file', 51),
                                 "http://127.0.0.1:$server->{port}/sql/a");
            like($got->{out}, qr/^$status /, "$user: $status");
        }
    };
}

$server->stop;
done_testing;
