# Scenario M1: policies in the server, virtual hosts, Location, Directory, Files
# and If merge as httpd users expect: the innermost, last one wins.
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Wire;
use Test::More;

my $root = document_root();
make_tree($_) for 'dirs', 'dirs/inner', 'dirs/inner/deep', 'dirs/match7',
    'dirs/iffy', 'dirs/located', 'm1';

my @table = (
    # host, path, limit, port
    ['the base server', '', '/app/x', 1_048_576, 'base'],
    ['a host that says nothing', 'inherits.test', '/app/x', 1_048_576],
    ['a host of its own mind', 'own.test', '/app/x', 2_097_152],
    ['a Location in it', 'own.test', '/app/located', 3_145_728],
    ['below that Location', 'own.test', '/app/located/x/y', 3_145_728],
    ['a section that is on in a host that is off', 'off.test', '/app/on', 1000],
    ['Location', 'guard.test', '/m1/file', 2000],
    ['Directory', 'guard.test', '/dirs/file', 3000],
    ['an inner Directory', 'guard.test', '/dirs/inner/file', 4000],
    ['what is below it', 'guard.test', '/dirs/inner/deep/file', 4000],
    ['DirectoryMatch', 'guard.test', '/dirs/match7/file', 5000],
    ['Files', 'guard.test', '/dirs/a.small', 100],
    ['Files wins over an inner Directory', 'guard.test',
     '/dirs/inner/a.small', 100],
    ['If wins over Directory', 'guard.test', '/dirs/iffy/file', 50],
    ['If wins over Files', 'guard.test', '/dirs/iffy/a.small', 50],
    ['Location wins over Directory', 'guard.test', '/dirs/located/file', 6000],
    ['Location wins over Files', 'guard.test', '/dirs/located/a.small', 6000],
    ['LocationMatch', 'guard.test', '/dirs/lm3', 7000],
);
my $ran = 0;
for (@table) {
    my ($name, $host, $path, $limit, $port) = @$_;
    my @where = (method => 'PUT', host => $host || '127.0.0.1', path => $path,
                 port => $port, version => $host ? '1.1' : '1.0');
    my $res = ask(@where, length => $limit + 1, marker => 1);
    refusal_ok($res, code => 'content_too_large',
               members => { limit => $limit, requested_size => $limit + 1 },
               name => "$name: $limit");
    if ($path =~ m{^/dirs}) {
        my $ok = ask(@where, length => $limit, body => 'x' x $limit);
        accepted_ok($ok, status => qr/^20[14]$/, name => "$name: one byte less");
        is(-s "$root$path", $limit, 'is stored');
    }
    else {
        # whatever httpd says to it, it is not refused by us
        my $ok = ask(@where, length => $limit, body => 'x' x $limit);
        accepted_ok($ok, status => $path =~ /^.app/ ? 200 : qr/^(?:20[14]|40[45])$/,
                    name => "$name: one byte less");
    }
    $ran++;
}
cmp_ok($ran, '>=', 18, 'places');

accepted_ok(ask(path => '/app/off', length => 100, body => 'x' x 100),
            name => 'a section that is off below a host that is on');
accepted_ok(ask(host => 'off.test', path => '/app/x', length => 9_000,
                body => 'x' x 9000), name => 'a host that is off');

if (has_http2()) {
    my $h2 = ExpectPolicy::H2->new;
    for my $n (grep { $table[$_][1] } 3, 8, 13) {
        my ($name, $host, $path, $limit) = @{ $table[$n] };
        my $res = $h2->answer($h2->request(method => 'PUT', host => $host,
                                           path => $path, length => $limit + 1),
                              reset_within => 2);
        $h2->refused_ok($res, code => 'content_too_large', members => {
            limit => $limit, requested_size => $limit + 1,
        }, name => "$name over HTTP/2");
    }
}

no_marker_was_served(18);
done_testing;
