# httpd lets a site owner add any named filter to any request, by SetInputFilter and
# similar directives.  Our filters then run without their data.  They remove
# themselves, and every answer is the same as without the line.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::H2;
use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use Test::More;

# All that the module could have registered, so that no later filter is forgotten.
my %names = map { $_ => 1 }
    slurp(vars('top_dir') . '/mod_expect_policy.so')
        =~ /\0(EXPECT_POLICY_[A-Z0-9_]+)(?=\0)/g;
for my $name (qw(METER HOLD CLAIM PAGE EARLY ADVERTISE)) {
    ok($names{"EXPECT_POLICY_$name"}, "$name is in the module");
}
my @names = sort keys %names;

# The lines that name a filter.  Where there is none of that name for output,
# mod_filter takes no line with it.
my %ways = (
    output => [
        "SetOutputFilter %s\n", "SetOutputFilter %s;%s\n",
        "AddOutputFilter %s txt cgi\n",
        "AddOutputFilterByType %s text/plain text/html\n",
        "FilterDeclare own\nFilterProvider own %s \"true\"\nFilterChain own\n",
        "FilterDeclare own PROTOCOL\nFilterProvider own %s \"true\"\n"
            . "FilterChain own\n",
    ],
    input => [
        "SetInputFilter %s\n", "SetInputFilter %s;%s\n",
        "AddInputFilter %s txt cgi shtml\n",
    ],
    either => [ "SetInputFilter %s\nSetOutputFilter %s\n" ],
);

my $site = ExpectPolicy::Ledger::site();
my $programs = vars('serverroot') . '/cgi-bin';
my $serial = 0;

sub write_file {
    my ($name, $text, $mode) = @_;
    open my $out, '>', "$site/$name" or die "$name: $!";
    print $out $text;
    close $out or die;
    chmod $mode // 0644, "$site/$name" or die;
    # the same ETag everywhere
    utime 1e9, 1e9, "$site/$name" or die;
}

# A directory with that line in its .htaccess file, below one whose policy is on
# or off.  All names are equally long.
sub make_place {
    my ($policy, $line) = @_;
    my $place = sprintf '%s/case%03d', $policy, ++$serial;
    mkdir "$site/$place" or die "$place: $!";
    write_file("$place/.htaccess", <<"END");
$line
ErrorDocument 403 /$place/app.cgi
<Files denied.txt>
    Require all denied
</Files>
END
    write_file("$place/file.txt", "a file of thirty bytes and one\n");
    write_file("$place/denied.txt", "not to be seen\n");
    write_file("$place/app.cgi", slurp("$programs/app.cgi"), 0755);
    write_file("$place/index.cgi", slurp("$programs/app.cgi"), 0755);
    write_file("$place/page.shtml", <<'END');
<!--#include virtual="file.txt" --><!--#include virtual="app.cgi" -->
<!--#include virtual="missing.txt" --><!--#include file="file.txt" -->
END
    return $place;
}

mkdir "$site/$_" or die for qw(on off quota at-once);
my @cases;
for my $policy (qw(on off)) {
    my $same = make_place($policy, '');
    for my $name (@names) {
        for my $kind (sort keys %ways) {
            for my $way (@{ $ways{$kind} }) {
                push @cases, { name => $name, kind => $kind, same => $same,
                               line => $way =~ s/%s/$name/gr };
                $cases[-1]{place} = make_place($policy, $cases[-1]{line});
            }
        }
    }
}
write_file('quota/.htaccess', join '', map { "Set${_}Filter "
    . join(';', @names) . "\n" } qw(Input Output));
write_file('at-once/.htaccess', slurp("$site/quota/.htaccess"));

my $server = ExpectPolicy::Ledger->start(<<"END", site => $site,
Timeout 8
TypesConfig /dev/null
AddType text/plain .txt
AddType text/html .shtml
AddHandler cgi-script .cgi
AddOutputFilter INCLUDES .shtml
ErrorDocument 404 /cgi/app.cgi
<Directory "\@site\@">
    Options +Includes +ExecCGI
    AllowOverride All
    DirectoryIndex index.cgi
    ExpectPolicyMaxSize 10K
    ExpectPolicyAdvertise On
    ExpectPolicyEarlyErrors On
    <Files index.cgi>
        ExpectPolicyMaxSize 2K
    </Files>
</Directory>
<Directory "\@site\@/off">
    ExpectPolicy Off
</Directory>
<Directory "\@site\@/quota">
    ExpectPolicyQuota 1M
</Directory>
<Directory "\@site\@/at-once">
    ExpectPolicyConcurrent 1 client
</Directory>
ExpectPolicyExpectations Any
END
    load => [qw(mime include filter setenvif headers),
             has_http2() ? 'http2' : ()]);

my @requests = (
    [method => 'GET', path => 'file.txt'],
    [method => 'GET', path => 'file.txt', headers => ['Range: bytes=2-5']],
    [method => 'HEAD', path => 'file.txt'],
    [method => 'GET', path => 'page.shtml'],
    [method => 'GET', path => 'missing.txt'],
    [method => 'GET', path => 'denied.txt'],
    [method => 'OPTIONS', path => 'file.txt'],
    [method => 'GET', path => 'file.txt?expect-policy-limits=PUT'],
    [method => 'GET', path => 'file.txt', headers => ['Expect: foo']],
    [method => 'POST', path => 'app.cgi', length => 5000, body => 'x' x 5000],
    [method => 'POST', path => 'app.cgi', chunked => 1, body => in_chunks('x' x 5000)],
    [method => 'POST', path => 'app.cgi', chunked => 1, body => in_chunks('x' x 20_000)],
    [method => 'POST', path => '', chunked => 1, body => in_chunks('x' x 5000)],
    [method => 'POST', path => 'denied.txt', length => 50, body => 'x' x 50],
    [method => 'PUT', path => 'new.txt', length => 20_000, body => 'x' x 20_000],
    [method => 'PUT', path => 'new.txt', chunked => 1, body => in_chunks('x' x 20_000)],
    [method => 'PUT', path => 'new.txt', length => 50, body => 'x' x 50],
    [method => 'DELETE', path => 'new.txt'],
);

# The answer, without what is of the time, of the place, or of a race: httpd knows the
# length of what a program says, or does not.
sub shown {
    my ($place, $res) = @_;
    my $text = join "\n", $res->{status} // 'none', "@{ $res->{interim} // [] }",
        (map {
            "$_->[0]: " . ($_->[0] eq 'Allow' ? join ',', sort split /,/, $_->[1]
                           : $_->[1])
        } grep { $_->[0] !~ /^(?:date|last-modified|content-length|transfer-encoding)$/i }
            @{ $res->{headers} // [] }),
        $res->{body} // '', $res->{extra} // '';
    return $text =~ s/\Q$place\E/PLACE/gr =~ s/"id":"[^"]*"/"id":""/gr;
}

sub all_answers {
    my ($place) = @_;
    my @shown = map {
        my %ask = @$_;
        shown($place, ask($server->here, %ask, linger => 0, patience => 3,
                          path => "/$place/$ask{path}"));
    } @requests;
    if (has_http2()) {
        my $h2 = ExpectPolicy::H2->new(port => $server->{port});
        for my $method (qw(GET POST)) {
            my $stream = $h2->request(
                method => $method, host => 'localhost', tag => '',
                $method eq 'GET' ? (end => 1, path => "/$place/file.txt")
                                 : (length => 3000, path => "/$place/app.cgi"));
            $h2->content($stream, 'x' x 3000, end => 1) if $method eq 'POST';
            push @shown, shown($place, $h2->answer($stream));
        }
    }
    return \@shown;
}

my (%expected, %found);
for my $case (@cases) {
    $expected{ $case->{same} } //= all_answers($case->{same});
}
# for comparison: without such a line, there are answers of all kinds
my %statuses;
for my $answers (values %expected) {
    $statuses{ $_ =~ s/\n.*//sr }++ for @$answers;
}
ok($statuses{$_}, "some answer is $_") for 200, 201, 204, 206, 403, 404, 413, 417;

# Which of the names are filters, as httpd says itself.
for my $case (grep { $_->{kind} eq 'either' } @cases) {
    my $from = length $server->error_log;
    ask($server->here, method => 'GET', path => "/$case->{place}/file.txt");
    my $log = substr $server->error_log, $from;
    my $unknown = () = $log =~ /an unknown filter was not added: $case->{name}/g;
    $found{ $case->{name} } = $unknown < 2;
}
my @filters = grep { $found{$_} } @names;
cmp_ok(scalar @filters, '>=', 6, "filters: @filters");
# mod_filter takes the names of output filters alone
my %is_output = map { $_->{name} => 1 } grep {
    $_->{line} =~ /^FilterDeclare/
        && (ask($server->here, method => 'GET',
                path => "/$_->{place}/file.txt")->{status} // 0) != 500
} @cases;
cmp_ok(scalar keys %is_output, '>=', 4, "for output: @{[sort keys %is_output]}");

my $compared = 0;
for my $case (@cases) {
    next unless $found{ $case->{name} };
    next if $case->{line} =~ /^(?:FilterDeclare|AddOutputFilterByType)/
        && !$is_output{ $case->{name} };
    my $answers = all_answers($case->{place});
    is_deeply($answers, $expected{ $case->{same} },
              "$case->{place}: " . $case->{line} =~ s/\n(?=.)/, /gr =~ s/\n//r)
        and $compared++;
}
cmp_ok($compared, '>=', 100, 'places with a line');

# What is held is held while the content comes in, and counts once.
$server->measured_ok("$site/quota", '/quota/measured.bin');
is($server->put('/quota/a.bin', 5000)->{status}, 201, 'an upload under a quota');
my $used = $server->used("$site/quota");
my $there = 5000 + length slurp("$site/quota/.htaccess");
is($used, $there, 'is counted once');
my $first = $server->begin('/at-once/a.bin', 5000);
ok(ExpectPolicy::Ledger::is_admitted($first), 'one upload at once');
is($server->announce('/at-once/b.bin', 500)->{status}, 429, 'and no other meanwhile');
is(ExpectPolicy::Ledger::finish($first), 201, 'the first one');
is($server->put('/at-once/b.bin', 500)->{status}, 201, 'and then the other');

unlike($server->error_log, qr/exit signal/, 'no child has crashed');

done_testing;
