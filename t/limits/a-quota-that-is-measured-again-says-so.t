# A full quota stays full, and `retryable` is false.  It is true, with Retry-After, if
# there may be more room soon: files were deleted or moved, or an upload has failed.
# Then the next upload succeeds in a bounded time.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time);

my $module = built_module('careless.so', 'there is the careless handler');
my $site = ExpectPolicy::Ledger::site();
mkdir "$site/$_" or die for qw(full other);
ExpectPolicy::Ledger::filled($site, "full/$_", 300_000) for qw(a b c);
my $programs = ExpectPolicy::Ledger::site();
my $server = ExpectPolicy::Ledger->start(<<"END" . <<'END', site => $site);
LoadModule careless_module $module
Alias /program "$programs"
<Directory "$programs">
    Require all granted
    SetHandler careless
    ExpectPolicyQuota 1000000 "\@site\@/full"
</Directory>
END
<Directory "@site@/full">
    ExpectPolicyQuota 1000000
</Directory>
<Directory "@site@/other">
    ExpectPolicyQuota 1000000
</Directory>
<Directory "@site@/*">
    <FilesMatch "^x">
        Dav Off
        SetHandler careless
    </FilesMatch>
</Directory>
END
$server->measured_ok("$site/$_", "/$_/new") for qw(full other);

my $schema;

# What is told of an upload that does not fit: '' or the seconds.
sub told {
    my ($length) = @_;
    my $res = $server->announce('/full/more', $length // 350_000);
    return "status $res->{status}" if $res->{status} != 507;
    my ($after) = ExpectPolicy::Wire::values_of($res, 'retry-after');
    my ($member) = $res->{body} =~ /"retry_after":(\d+)/;
    my $is_true = $res->{body} =~ /"retryable":true/;
    $schema = $res;
    return 'inconsistent' if ($after // '') ne ($member // '')
        || $is_true != (defined $after);
    return $after // '';
}

sub final_ok {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $told;
    wait_until(sub { $told = told(); $told eq '' }, 20);
    return is($told, '', $name);
}

sub temporary_ok {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return like(told(), qr/\A[1-7]\z/, $name);
}

sub request {
    my ($method, $path, @headers) = @_;
    return ask($server->here, method => $method, path => $path,
               headers => \@headers)->{status};
}

final_ok('a full quota: waiting does not help');
is(request(DELETE => '/full/none'), 404, 'a DELETE that fails');
is(told(), '', 'changes nothing');
is(request(DELETE => '/full/a'), 204, 'one that succeeds');
temporary_ok('waiting helps');
ExpectPolicy::Wire::refusal_schema_ok($schema);
is(told(1_000_001), '', 'but not an upload that is larger than the quota');
my $began = time;
ok(wait_until(sub { $server->put('/full/new', 350_000)->{status} == 201 }, 20),
   'and the upload is stored');
diag sprintf '%.1f s after the DELETE', time - $began;
final_ok('then the quota is full again');

my $slow = $server->begin('/full/xslow', 1000, method => 'POST');
ExpectPolicy::Ledger::send_content($slow, 1);
is(request(MOVE => '/full/b', "Destination: http://localhost:$server->{port}/other/b"),
   201, 'a MOVE out of the directory, with a slow upload under way');
temporary_ok('waiting helps as well');
ok(wait_until(sub { $server->put('/full/new2', 300_000)->{status} == 201 }, 20),
   'and then it fits');
ExpectPolicy::Ledger::drop($slow);
final_ok('full again');

is($server->put('/full/xfails?s=500.', 10, method => 'POST')->{status}, 500,
   'an upload fails');
temporary_ok('what it left counts until the directory is measured');
final_ok('and then it is known');

is(request(DELETE => '/program/x?s=500.'), 500, 'a program that fails to delete');
is(told(), '', 'changes nothing');
is(request(DELETE => '/program/x?s=200.'), 200, 'one that says it did');
temporary_ok('is believed, and measured');
final_ok('to no avail');

$server->stop;
done_testing;
