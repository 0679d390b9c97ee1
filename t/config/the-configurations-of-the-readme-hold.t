# The three configurations of README.md are taken by httpd as they stand there, and
# refuse and accept what README.md says.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Server;
use ExpectPolicy::Wire;
use JSON::PP qw(decode_json);
use Test::More;

use constant MB => 1024 * 1024;

my $readme = ExpectPolicy::Wire::slurp(ExpectPolicy::Wire::vars('top_dir')
                                       . '/README.md');
my @config = $readme =~ /^```apache\n(.*?)^```/msg;
is(scalar @config, 3, 'three configurations');

# An upload by a client that waits for `100 Continue` before it sends.  It is refused
# as larger than $limit.
sub refused_ok {
    my ($server, $path, $limit, $name, @headers) = @_;
    my $answer = ask(port => $server->{port}, path => $path, length => $limit + 1,
                     headers => ['Expect: 100-continue', @headers]);

    is($answer->{status}, 417, $name);
    is_deeply($answer->{interim}, [], 'and not asked for its content');
    my $document = decode_json($answer->{body});
    is_deeply([@$document{qw(error limit)}], ['content_too_large', $limit],
              'and told the limit');
}

{
    my $server = ExpectPolicy::Server->start($config[0]);

    refused_ok($server, '/index.html', 10 * MB, 'over 10 MB');
    my $taken = ask(port => $server->{port}, path => '/index.html', length => 3,
                    body => 'xxx');
    unlike($taken->{status}, qr/^4(?:13|17)$/, 'what fits is let in');
}

{
    my $home = ExpectPolicy::Wire::new_directory('home');

    mkdir "$home/alice" or die "$home: $!";
    my $server = ExpectPolicy::Server->start(
        ($config[1] =~ s{"/home}{"$home}gr)
        . "Alias /alice \"$home/alice\"\n<Directory \"$home\">\n"
        . "Require all granted\n</Directory>\n", count_from => undef);
    refused_ok($server, '/alice/file', 512 * MB, 'a site: over 512 MB');
    is(ask(port => $server->{port}, path => '/alice/file', length => 3, body => 'xxx')
       ->{status}, 404, 'what fits is let in');
    open my $owner, '>', "$home/alice/.htaccess" or die "$home: $!";
    print $owner "ExpectPolicyMaxSize 1M\n";
    close $owner or die "$home: $!";
    refused_ok($server, '/alice/file', MB, 'its owner has tightened it');
    open $owner, '>', "$home/alice/.htaccess" or die "$home: $!";
    print $owner "ExpectPolicyMaxSize 1G\n";
    close $owner or die "$home: $!";
    refused_ok($server, '/alice/file', 512 * MB, 'and cannot loosen it');
}

{
    my $server = ExpectPolicy::Server->start($config[2]);
    my @token = ('Authorization: Bearer abc');
    my @json = ('Content-Type: application/json');
    my $status = sub { ask(port => $server->{port}, path => '/api/x', length => 2,
                           body => '{}', @_)->{status} };

    is($status->(headers => [@json]), 401, 'an API: without a token');
    is($status->(headers => [@token, @json]), 404, 'with one, it is let in');
    is($status->(headers => [@token, 'Content-Type: text/html']), 415, 'another type');
    is($status->(headers => [@token, 'Content-Type: image/png']), 404, 'an image');
    is($status->(headers => [@token, @json], method => 'PATCH'), 405, 'another method');
    refused_ok($server, '/api/x', 20 * MB, 'over 20 MB', @token, @json);
}

done_testing;
