# What alerts and dashboards are made of: trees with a quota, file systems, failures of
# the ledger, what servers share; series that begin with 0; and the files of contrib/,
# which name only what is there.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Judge;
use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

# more than a report has
use constant TREES => 230;

my $root = new_directory('quota');
mkdir $_ or die "$_: $!" for map { "$root/t$_" } 1 .. TREES;
mkdir $_ or die "$_: $!" for "$root/full", "$root/file", "$root/broken";
my $file = "$root/full/x";
open my $out, '>', $file or die;
print $out 'x' x 950;
close $out or die;
sub say_usage { my ($name, $text) = @_; open my $to, '>', "$root/$name" or die; print $to $text;
    close $to or die }
say_usage('usage', "123456\n");
say_usage('wrong', "12 GB\n");
my $port = ExpectPolicy::Server::free_port();
my $many = join '', map { "<Directory \"$root/t$_\">\nExpectPolicyQuota 1000\n</Directory>\n" }
    1 .. TREES;
my $server = ExpectPolicy::Server->start(<<"END", load => [qw(status alias)]);
Listen 127.0.0.1:$port
ServerName main.test
ExpectPolicy On
Alias /q "$root"
$many
<Directory "$root/full">
    ExpectPolicyQuota 1000
</Directory>
<Directory "$root/file">
    ExpectPolicyQuota 200000 usage=$root/usage
</Directory>
<Directory "$root/broken">
    ExpectPolicyQuota 200000 usage=$root/wrong
    ExpectPolicyLedgerFailure Closed
</Directory>
<Location /counts>
    SetHandler expect-policy-status
</Location>
<Location /server-status>
    SetHandler server-status
</Location>
<VirtualHost 127.0.0.1:$port>
    ServerName zebra.test
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName ant.test
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName middle.test
</VirtualHost>
END

sub get {
    my ($path, $at, $host) = @_;
    return ask(port => $at // $server->{port}, host => $host // 'main.test', method => 'GET',
               path => $path, tag => '', headers => ['Connection: close'])->{body};
}
sub status { return JSON::PP->new->utf8->decode(get('/counts?format=json')) }
sub tree { my ($path) = @_; return (grep { $_->{path} eq $path }
    @{ status()->{ledger}{fullest} })[0] // {} }

# ---------------------------------------------------------------- from the start

my $metrics = get('/counts?format=openmetrics');
for my $cause (qw(busy used_by_another_server missing corrupt full too_many_limits claim_lost
                  not_measured_yet not_measurable other)) {
    like($metrics, qr/^expect_policy_ledger_failures_total\{cause="$cause"\} 0$/m,
         "failures begin with 0: $cause");
}
like($metrics, qr/^expect_policy_refused_total\{host="ant\.test:$port",error="quota_exceeded"\} 0$/m,
     'refusals begin with 0, for each host and code');
is_deeply([ $metrics =~ /^expect_policy_admitted_total\{host="([^":]+)/mg ],
          [qw(main.test zebra.test ant.test middle.test)],
          'hosts are in the order of the files');
is_deeply([ map { $_->{name} =~ s/:.*//r } @{ status()->{hosts} } ],
          [qw(main.test zebra.test ant.test middle.test)], 'in JSON as well');

# ---------------------------------------------------------------- trees

ok(wait_until(sub { (tree("$root/full")->{known} // 0)
                    && (tree("$root/usage")->{known} // 0) }, 20),
   'trees of the configuration are measured');
my $full = tree("$root/full");
is_deeply([ @$full{qw(used held limit source)} ], [950, 0, 1000, 'walk'],
          'a tree, with the limit of the files');
cmp_ok($full->{age}, '<', 60, 'measured just now');
is_deeply([ @{ tree("$root/usage") }{qw(used limit source)} ], [123456, 200000, 'file'],
          'one whose usage is in a file');
my $ledger = status()->{ledger};
is(scalar @{ $ledger->{fullest} }, 200, 'no more than 200 have samples');
is($ledger->{trees}, TREES + 3, 'all are counted');
is($ledger->{trees_left_out}, TREES + 3 - 200, 'and those that were left out');
is((grep { $_->{known} } @{ $ledger->{fullest} })[0]{path}, "$root/full", 'the fullest is the first');
like(get('/counts?format=openmetrics'),
     qr/^expect_policy_tree_used_bytes\{path="\Q$root\E\/full",source="walk"\} 950$/m,
     'a series for each of them');
like(get('/counts'), qr{>\Q$root\E/full</th><td>950 bytes</td><td>0 bytes</td><td>1000 bytes</td><td>95 %</td>},
     'and a row of the page');
my ($book) = grep { -f } map { "$server->{dir}/$_" } qw(run/expect_policy.ledger
    expect_policy.ledger logs/expect_policy.ledger);
my $shown = $book ? qx(@{[ vars('top_dir') ]}/ledger-show $book) : 'no ledger';
like($shown, qr/^tree used=950 held=0 limit=1000 known=1 \Q$root\E\/full$/m,
     'ledger-show tells the limit, too');

# an upload asks, and the number is due
my $res = ask(port => $server->{port}, host => 'main.test', method => 'PUT', path => '/q/full/y',
              length => 100, body => 'x' x 100);
is($res->{status}, 507, 'an upload that does not fit');
ok(wait_until(sub { get('/counts?format=openmetrics')
    =~ /^expect_policy_refused_total\{host="main\.test[^"]*",error="quota_exceeded"\} 1$/m }, 5),
   'is counted');
is(ask(port => $server->{port}, host => 'main.test', method => 'PUT', path => '/q/full/y',
       length => 50, body => 'x' x 50)->{status}, 405, 'one that fits is let in');

# ---------------------------------------------------------------- failures

ok(wait_until(sub { exists tree("$root/wrong")->{known} && tree("$root/wrong")->{age} }, 5) || 1,
   'the wrong file was read');
is(ask(port => $server->{port}, host => 'main.test', method => 'PUT', path => '/q/broken/y',
       length => 10, body => 'x' x 10)->{status}, 503, 'a usage that is not known refuses');
ok(wait_until(sub { my $f = status()->{ledger_failures};
                    $f->{not_measurable} + $f->{not_measured_yet} == 1 }, 5),
   'and is counted by its cause');
is(tree("$root/wrong")->{known}, JSON::PP::false, 'the tree is not known');
like(get('/counts?format=openmetrics'),
     qr/^expect_policy_tree_known\{path="\Q$root\E\/wrong",source="file"\} 0$/m, 'in its series');
like(get('/server-status?auto'), qr/^UploadsLedgerFailures: 1$/m, "in mod_status' lines");
like(get('/server-status'), qr/failures of the ledger 1</, 'and in its section');

# ---------------------------------------------------------------- file systems

my ($space) = @{ status()->{filesystems} };
cmp_ok($space->{free}, '>', 0, 'a file system with room');
cmp_ok($space->{size}, '>=', $space->{free}, 'of its size');
cmp_ok($space->{age}, '<', 30, 'read just now');

# ---------------------------------------------------------------- who sees it, and how much

my $one = get('/counts?format=json', $port, 'ant.test');
unlike($one, qr/\Q$root\E|filesystems|ledger/, 'a virtual host sees nothing of it');
unlike(get('/counts', $port, 'ant.test'), qr/\Q$root\E|File systems/, 'nor on its page');
schema_ok(get('/counts?format=json'), 'status.json');
metrics_ok(get('/counts?format=openmetrics'), 'all of it');
$metrics = get('/counts?format=openmetrics');
note length($metrics) . ' bytes';
cmp_ok(length $metrics, '<', 600_000, 'the size is bounded');

# ---------------------------------------------------------------- contrib

# what servers share has series before Redis was ever reached
my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');
my $nobody = ExpectPolicy::Server::free_port();
my $shares = ExpectPolicy::Server->start(<<"END");
LoadModule expect_policy_redis_module $module
ExpectPolicyLedger redis://127.0.0.1:$nobody
<Location /counts>
    SetHandler expect-policy-status
</Location>
END
my $shared = get('/counts?format=openmetrics', $shares->{port});
metrics_ok($shared, 'what is shared');
schema_ok(get('/counts?format=json', $shares->{port}), 'status.json');
for my $cause (qw(breaker_open unresolved connect connect_timeout timeout closed protocol auth
                  noperm readonly oom loading moved clusterdown misconf busy again error)) {
    like($shared, qr/^expect_policy_shared_failures_total\{cause="$cause"\} \d+$/m,
         "failures of calls are there: $cause");
}
unlike($metrics, qr/^expect_policy_shared/m, 'without Redis, nothing is shared');
my %there = map { $_ => 1 } "$metrics$shared" =~ /^(expect_policy_\w+)/mg;
for my $name (qw(prometheus/expect_policy.rules.yml grafana/expect_policy.json)) {
    my $path = ExpectPolicy::Judge::top() . "/contrib/$name";
    my $text = slurp($path);
    my %named = map { $_ => 1 } $text =~ /\b(expect_policy_\w+)\b(?!\.)/g;
    cmp_ok(scalar keys %named, '>=', 8, "$name names series");
    is_deeply([ grep { !$there{$_} } sort keys %named ], [], "$name: all of them are there");
    if ($name =~ /yml$/) {
        my $said = qx(promtool check rules $path 2>&1);
        is($?, 0, 'promtool check rules') or diag $said;
        for my $alert (qw(QuotaAlmostFull LedgerFailing RefusalsJump MeasurementTooOld
                          SharedLedgerDown SharedLedgerFailing SharedLeaseEnded)) {
            like($text, qr/^ +- alert: ExpectPolicy$alert$/m, "there is $alert");
        }
    }
    else {
        my $board = JSON::PP->new->decode($text);
        is_deeply([ grep { !$named{$_} } sort keys %there ], [],
                  'the dashboard shows every series');
        is(scalar(grep { !@{ $_->{targets} } } @{ $board->{panels} }), 0, 'in panels');
    }
}

done_testing;
