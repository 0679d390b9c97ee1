# Licensed under the Apache License, Version 2.0; see LICENSE.

# The clients, and how they are run.
package Clients;

use strict;
use warnings;
use IO::Select ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);

use constant CURL_HTTP2 => 'curl, HTTP/2';
# Who has not sent content by then, with nobody saying 100, never will.
use constant SILENCE_SECONDS => 12;
# Who has not repeated its request or returned by then, will not.
use constant REPEAT_SECONDS => 3;
use constant HANG_SECONDS => 3;

# name, version (a command whose output has it), command (URL FILE EXPECT
# SECONDS are appended), and
#   expect    it can be told to send Expect: 100-continue
#   waits     and holds its content back then
#   hangs     with Expect, it does not return: nobody waits for it long
#   in_check  it belongs to check-clients
sub all {
    my ($top, $build, $home) = @_;
    my $here = "$top/programs";
    my @python = ('/usr/bin/python3');
    return (
        { name => 'curl, HTTP/1.1', expect => 1, waits => 1, in_check => 1,
          version => ['curl', '--version'],
          command => ["$here/put_curl.sh", '--http1.1'] },
        { name => CURL_HTTP2, expect => 1, http2 => 1, in_check => 1,
          version => ['curl', '--version'],
          command => ["$here/put_curl.sh", '--http2-prior-knowledge'] },
        { name => 'PHP curl', expect => 1, waits => 1, in_check => 1,
          version => ['php', '--version'], command => ['php', "$here/put.php"] },
        { name => 'Python requests', expect => 1, in_check => 1,
          version => [@python, '-c', 'import requests; print(requests.__version__)'],
          command => [@python, "$here/put_requests.py"] },
        { name => 'Python http.client', expect => 1, in_check => 1,
          version => [@python, '--version'],
          command => [@python, "$here/put_http_client.py"] },
        { name => 'Python aiohttp', expect => 1, waits => 1,
          version => [@python, '-c', 'import aiohttp; print(aiohttp.__version__)'],
          command => [@python, "$here/put_aiohttp.py"] },
        { name => 'Python httpx', expect => 1,
          version => [@python, '-c', 'import httpx; print(httpx.__version__)'],
          command => [@python, "$here/put_httpx.py"] },
        { name => 'node http', expect => 1, waits => 1, in_check => 1,
          version => ['node', '--version'],
          command => ['node', "$here/put_http.mjs"] },
        { name => 'node fetch', expect => 0, in_check => 1,
          version => ['node', '--version'],
          command => ['node', "$here/put_fetch.mjs"] },
        { name => 'wget', expect => 0, version => ['wget', '--version'],
          command => ["$here/put_wget.sh"] },
        { name => 'Perl LWP', expect => 1, waits => 1, in_check => 1,
          version => ['perl', '-MLWP', '-e', 'print $LWP::VERSION'],
          command => ['perl', "$here/put.pl"] },
        { name => 'Ruby net/http', expect => 1, waits => 1,
          version => ['ruby', '--version'], command => ['ruby', "$here/put.rb"] },
        { name => 'Go net/http', expect => 1, waits => 1,
          version => ['go', 'version'], command => ["$build/put_go"] },
        { name => 'Java HttpClient', expect => 1, waits => 1, hangs => 1,
          version => ['java', '-version'],
          command => ['java', '-cp', $build, 'Put'] },
        map { { name => "Chromium $_->[0]", expect => 0, how => $_->[1],
                version => ['chromium', '--version'], home => $home } }
            ['fetch', 'fetch'], ['XMLHttpRequest', 'xhr'],
    );
}

sub version {
    my ($client) = @_;
    my $log = File::Temp->new;
    my $said = finish(begin($log, @{ $client->{version} }), 20);
    my ($version) = $said =~ /(\d+\.[\d.]*\d)/
        or die "$client->{name} does not say its version: $said\n";
    return $version;
}

# Runs a program that writes to a file.
sub begin {
    my ($log, @command) = @_;
    defined(my $pid = fork) or die "fork: $!\n";
    if (!$pid) {
        # what it starts ends with it
        setpgrp 0, 0;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$log" or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or print "$command[0]: $!\n";
        POSIX::_exit(127);
    }
    return { pid => $pid, log => "$log" };
}

# @return what it has said, at last when it is ended
sub finish {
    my ($run, $seconds) = @_;
    my $end = time + $seconds;
    while (waitpid($run->{pid}, POSIX::WNOHANG()) == 0) {
        if (time > $end) {
            abandon($run);
            last;
        }
        sleep 0.01;
    }
    return said($run);
}

sub abandon {
    my ($run) = @_;
    kill KILL => -$run->{pid};
    waitpid $run->{pid}, 0;
}

sub said {
    my ($run) = @_;
    open my $in, '<:raw', $run->{log} or return '';
    local $/;
    return scalar(<$in>) // '';
}

# @return status, document (the text; undef if it was not seen), error, seconds,
# said
sub upload {
    my ($client, $url, $file, $expect, $seconds) = @_;
    my $log = File::Temp->new;
    $seconds = HANG_SECONDS if $expect && $client->{hangs};
    my $text = $client->{how}
        ? browse($log, $client, $url, $file, $seconds)
        : finish(begin($log, @{ $client->{command} }, $url, $file, $expect,
                       $seconds), $seconds + 3);
    my ($line, $body) = split /\n\n/, $text, 2;
    $line //= '';
    my ($status) = $line =~ /\bstatus=(\d+)/;
    my ($took) = $line =~ /\bseconds=([\d.]+)/;
    my ($error) = $line =~ /\berror=(.*?) (?:status|seconds)=/s;
    my $document = eval { JSON::PP->new->decode($body // '') };
    my $is_seen = ref $document eq 'HASH'
        && ($document->{error} // '') eq 'content_too_large';
    return { status => $status // 0, said => $text,
             document => $is_seen ? $body : undef,
             error => $error // (defined $status ? '' : 'has not returned'),
             seconds => $took };
}

# A page's script uploads, and tells the access log.
sub browse {
    my ($log, $client, $url, $file, $seconds) = @_;
    my ($origin, $path) = $url =~ m{^(http://[^/]+)(/.*)};
    my $profile = File::Temp->newdir(DIR => $client->{home});
    my $mark = -s $client->{access_log};
    my $run = begin($log, 'chromium', '--headless', '--no-sandbox',
        '--disable-gpu', '--no-first-run', '--no-proxy-server',
        '--disable-background-networking', '--disable-dev-shm-usage',
        "--user-data-dir=$profile",
        "$origin/page.html?how=$client->{how}&to=$path&bytes=" . -s $file);
    my $end = time + $seconds + 20;
    my $told;
    while (!$told && time < $end) {
        sleep 0.02;
        open my $in, '<', $client->{access_log} or next;
        seek $in, $mark, 0;
        ($told) = map { m{^/told\?(\S+)} } <$in>;
    }
    abandon($run);
    return 'error=no answer seconds=0' unless $told;
    my %said = map { s/\+/ /g; s/%([0-9A-Fa-f]{2})/chr hex $1/ger }
        map { split /=/, $_, 2 } split /&/, $told;
    return join(' ', map { defined $said{$_} ? "$_=$said{$_}" : () }
                qw(error status seconds)) . "\n\n" . ($said{body} // '');
}

# ------------------------------------------------------------ habits

# What a client does when nobody says 100, and when a 417 comes: asked of a
# server of ours, which says nothing, or 417.
#   sends    it sends the field where it is told to
#   waited   seconds until it sent content, undef if it never did
#   repeats  by Connection: what it did after 417
sub habits {
    my ($client, $file) = @_;
    return undef if $client->{http2};
    my %habit = silence($client, $file);
    for my $connection ('close', 'keep-alive') {
        $habit{repeats}{$connection} = after_417($client, $file, $connection);
    }
    return \%habit;
}

sub listener {
    return IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1')
        // die "no port: $!\n";
}

sub accept_within {
    my ($listener, $seconds) = @_;
    return IO::Select->new($listener)->can_read($seconds)
        ? scalar $listener->accept : undef;
}

# @return a head, and what came with it; undef if none came
sub head_within {
    my ($socket, $seconds) = @_;
    my $end = time + $seconds;
    my $text = '';
    while ((my $left = $end - time) > 0) {
        IO::Select->new($socket)->can_read($left) or last;
        sysread $socket, $text, 65536, length $text or last;
        return split /\r\n\r\n/, $text, 2 if $text =~ /\r\n\r\n/;
    }
    return;
}

sub silence {
    my ($client, $file) = @_;
    my $listener = listener();
    my $log = File::Temp->new;
    my $run = begin($log, @{ $client->{command} },
        'http://127.0.0.1:' . $listener->sockport . '/', $file, 1, 60);
    my $socket = accept_within($listener, 20) or die "$client->{name}: nobody\n";
    my ($head, $content) = head_within($socket, 10)
        or die "$client->{name}: no head\n";
    my $start = time;
    my %habit = (sends => $head =~ /^Expect:\s*100-continue\s*$/mi ? 1 : 0);
    if (length($content // '')
        || IO::Select->new($socket)->can_read(SILENCE_SECONDS)) {
        $habit{waited} = time - $start;
    }
    abandon($run);
    return %habit;
}

# @return 'without' or 'with' Expect, 'no' if there is no second request, 'hangs'
# if the program does not return either
sub after_417 {
    my ($client, $file, $connection) = @_;
    my $listener = listener();
    my $log = File::Temp->new;
    my $run = begin($log, @{ $client->{command} },
        'http://127.0.0.1:' . $listener->sockport . '/', $file, 1, 60);
    my $first = accept_within($listener, 20) or die "$client->{name}: nobody\n";
    head_within($first, 10) or die "$client->{name}: no head\n";
    syswrite $first, "HTTP/1.1 417 Expectation Failed\r\n"
        . "Content-Type: application/json\r\nContent-Length: 3\r\n"
        . "Connection: $connection\r\n\r\n{}\n";
    shutdown $first, 1 if $connection eq 'close';
    my $again = second_request($listener, $first);
    my $returned = waitpid $run->{pid}, POSIX::WNOHANG();
    abandon($run) unless $returned;
    return $returned ? 'no' : 'hangs' unless defined $again;
    return $again =~ /^Expect:/mi ? 'with' : 'without';
}

# On a new connection, or on the first one, behind whatever content comes.
sub second_request {
    my ($listener, $first) = @_;
    my $end = time + REPEAT_SECONDS;
    my $select = IO::Select->new($listener, $first);
    my $tail = '';
    while ((my $left = $end - time) > 0) {
        for my $ready ($select->can_read($left)) {
            if ($ready == $listener) {
                my ($head) = head_within($listener->accept, 2);
                return $head;
            }
            if (!sysread $first, my $piece, 65536) {
                $select->remove($first);
            }
            else {
                $tail = substr($tail, -4096) . $piece;
                return $1 if $tail =~ /(PUT .*?\r\n)\r\n/s;
            }
        }
    }
    return;
}

1;
