# A refusal tells the client the id that its line in the error log has, in each form of
# the document, so that a customer can quote it.  It is that of %L, also where no line
# is written: the access log has it.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

my $module = built_module('careless.so', 'there is the careless handler');
my $config = <<"END" . <<'END';
LoadModule careless_module $module
END
LogFormat "id=%L %>s %U" ids
CustomLog ids.log ids
ExpectPolicy On
ExpectPolicyEarlyErrors On
ExpectPolicyMaxSize 3
<Location /problem>
    ExpectPolicyFormat Problem
</Location>
<Location /negotiate>
    ExpectPolicyFormat Negotiate
</Location>
<LocationMatch "/cut$">
    SetHandler careless
</LocationMatch>
<Location /denied>
    Require all denied
</Location>
<Location /page>
    Require all denied
    ExpectPolicyFormat Negotiate
</Location>
<Location /silent>
    LogLevel expect_policy:error
</Location>
ErrorDocument 417 /index.html
END

sub id_of {
    my ($res) = @_;
    return $1 if $res->{body} =~ m{<dt>Request<dd>([^<]+)</dl></html>\n\z};
    return (eval { JSON::PP::decode_json($res->{body}) } // {})->{id} // '(none)';
}

my @forms = (
    ['/json', 'application/json'],
    ['/problem', 'application/problem+json'],
    ['/negotiate', 'text/html;charset=utf-8', 'Accept: text/html'],
);
for my $unique (0, 1) {
    my $server = ExpectPolicy::Server->start($config,
        load => $unique ? ['unique_id'] : []);
    my %ask = (port => $server->{port}, method => 'POST', host => 'a.example');
    my $said = $unique ? qr/^[\w@-]{20,32}$/ : qr/^[\w+\/]{8,16}$/;
    my $lines = sub {
        my ($id) = @_;
        return scalar grep { /\ (?:refused|cut):\ .*\ id=\Q$id\E$/ }
            split /\n/, $server->error_log;
    };
    my $logged = sub {
        my ($id, $status, $path) = @_;
        my $line = "id=$id $status $path";
        ok(wait_until(sub { grep { $_ eq $line }
               split /\n/, ExpectPolicy::Wire::slurp("$server->{dir}/ids.log") }, 5),
           'and that of %L in the access log');
    };
    my %seen;
    my $id_ok = sub {
        my ($res, $status, $name) = @_;
        my $id = id_of($res);
        is($res->{status}, $status, "$name: $status");
        like($id, $said, "$name: an id");
        ok(!$seen{$id}++, 'which no other request has');
        return $id;
    };
    for my $form (@forms) {
        my ($path, $type, @accept) = @$form;
        my $res = ask(%ask, path => $path, length => 4, body => 'xxxx', headers => \@accept);
        is_deeply([ExpectPolicy::Wire::values_of($res, 'content-type')], [$type], $type);
        my $id = $id_ok->($res, 413, 'refused');
        is($lines->($id), 1, 'it is in one line of the error log');
        $logged->($id, 413, $path);
        my $cut = ask(%ask, path => "$path/cut?s=201.", chunked => 1, tag => '',
                      headers => \@accept, body => in_chunks('xxxx'));
        is($lines->($id_ok->($cut, 413, 'cut')), 1, 'it is in one line of the error log');
        # the twin has no document of ours
        my $taken = ask(%ask, path => '/index.html', method => 'GET');
        is($taken->{status}, 200, 'the twin, which nothing refuses');
        is_deeply([ExpectPolicy::Wire::values_of($taken, 'expect-policy-error')], [],
                  'has none');
    }
    # an expectation that core refuses
    my $core = ask(%ask, path => '/json', length => 3, headers => ['Expect: x']);
    is($lines->($id_ok->($core, 417, 'by core')), 1, 'it is in one line of the error log');
    # an error that is not ours has no line of ours
    my $denied = ask(%ask, path => '/denied', length => 3);
    my $id = $id_ok->($denied, 403, 'an early error');
    is($lines->($id), 0, 'no line of ours');
    $logged->($id, 403, '/denied');
    my $page = ask(%ask, path => '/page', length => 3, headers => ['Accept: text/html']);
    $logged->($id_ok->($page, 403, 'an early error as a page'), 403, '/page');
    # nor has one that LogLevel keeps from the log
    my $silent = ask(%ask, path => '/silent', length => 4);
    $id = $id_ok->($silent, 413, 'below LogLevel');
    is($lines->($id), 0, 'no line');
    $logged->($id, 413, '/silent');
    $server->stop;
}

done_testing;
