# tus-js-client, as npm has it, uploads in parts to a server of tus behind mod_proxy: a
# file that does not fit is refused when it is created, with the document in the client's
# error, and nothing reaches the backend; its twin is created and stored.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Ledger;
use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;

use constant M => 1024 * 1024;

my $top = vars('top_dir');
my $programs = "$top/t/clients/programs";
my $packages = "$top/build/clients/npm";
ok(-d "$packages/node_modules/tus-js-client", 'tus-js-client is there')
    or BAIL_OUT('make -f Makefile.apxs build/clients/npm/node_modules/.package-lock.json');

my $dir = scratch();
mkdir "$dir/stored" or die;
ExpectPolicy::Ledger::filled("$dir/stored", 'old', 4 * M);
my $port = ExpectPolicy::Server::free_port();
program($port, $dir, 'node', "$programs/tus_server.mjs", $port, "$dir/stored");
my $guard = guard(<<"END", qw(proxy proxy_http));
ExpectPolicy On
ProxyPass /files http://127.0.0.1:$port/files
<Location /files>
    ExpectPolicyMaxSize 1M
    ExpectPolicyMaxTotal 5M
    ExpectPolicyQuota 8M "$dir/stored"
</Location>
END

sub upload {
    my ($bytes, @how) = @_;
    write_text("$dir/seen", '');
    my $got = run_client('node', "$programs/put_tus.mjs", $packages,
                         "http://127.0.0.1:$guard->{port}/files", $bytes, M / 2, @how);
    my $said = eval { JSON::PP->new->decode($got->{out}) } // {};
    return ({ %$said, out => $got->{out} }, [ split /\n/, slurp("$dir/seen") ]);
}

sub refused_ok {
    my ($name, $code, $status, $bytes, $members, @how) = @_;
    my ($said, $seen) = upload($bytes, @how);
    subtest $name => sub {
        is($said->{status}, $status, "status $status") or diag $said->{out};
        is($said->{method}, 'POST', 'of the creation');
        is($said->{code}, $code, 'Expect-Policy-Error');
        my ($document) = parse_json($said->{body} // '');
        is($document->{error}, $code, 'the document');
        is($document->{$_}, $members->{$_}, $_) for sort keys %$members;
        like($said->{message} // '', qr/\Q"error":"$code"\E/, 'in what the client throws');
        is_deeply($seen, [], 'nothing has reached the backend');
    };
}

for my $how ([], ['at-once']) {
    my $name = @$how ? ', with its first part' : '';
    refused_ok("larger than any upload$name", 'content_too_large', 413, 5 * M + 1,
               { limit => 5 * M, requested_size => 5 * M + 1, total => 1 }, @$how);
    refused_ok("larger than what is left$name", 'quota_exceeded', 507, 4 * M + 1,
               { quota_remaining => 4 * M, requested_size => 4 * M + 1 }, @$how);
}
my ($said, $seen) = upload(2 * M);
my ($stored) = ($said->{url} // '') =~ m{/files/(upload\d+)\z};
ok(defined $stored, 'one that fits is stored') or diag $said->{out};
is(-s "$dir/stored/$stored", 2 * M, 'all of it');
is_deeply($seen, [ 'POST /files', ("PATCH /files/$stored") x 4 ], 'in its parts');
($said) = upload(2 * M, 'at-once');
like($said->{url} // '', qr{/files/upload\d+\z}, 'and one with its first part')
    or diag $said->{out};
is(scalar(refusals($guard, qr/error=/)), 4, 'each refusal has one line in the log');
refused_ok('where nothing is left', 'quota_exceeded', 507, 1,
           { quota_remaining => 0, requested_size => 1 });

$guard->stop;
done_testing;
