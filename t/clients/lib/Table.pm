# Licensed under the Apache License, Version 2.0; see LICENSE.

# What was measured, as the tables of docs/operations.md.
package Table;

use strict;
use warnings;
use Clients;

use constant BEGIN_MARK => '<!-- clients:begin -->';
use constant END_MARK => '<!-- clients:end -->';
# megabytes, way
use constant PLACES => ([2, 'direct'], [50, 'direct'], [2, 'link'], [50, 'link']);

# status, JSON seen, content sent, time
sub cell {
    my ($got) = @_;
    my $status = $got->{status} ? $got->{status} : '-';
    my $json = $got->{document} ? 'JSON' : 'no JSON';
    $json .= ', then an error' if $got->{document} && $got->{error};
    return join ', ', $status, $got->{document} ? $json : "**$json**",
        amount($got->{content}), seconds($got->{seconds});
}

sub amount {
    my ($bytes) = @_;
    return '?' unless defined $bytes;
    return '0 B' if $bytes <= 0;
    return $bytes < 10_000 ? "$bytes B"
        : $bytes < 1_000_000 ? sprintf('%.0f KB', $bytes / 1000)
        : sprintf('%.1f MB', $bytes / 1_000_000);
}

sub seconds {
    my ($seconds) = @_;
    return '?' unless defined $seconds;
    return $seconds < 0.995 ? sprintf('%.0f ms', $seconds * 1000)
        : sprintf('%.1f s', $seconds);
}

sub row { return '| ' . join(' | ', @_) . " |\n" }

sub text {
    my ($clients, $got, $habits, $curl) = @_;
    my $text = <<'END';
Written by `make -f Makefile.apxs clients`, which anyone can run. Each client
uploads a file with PUT, in the most ordinary way it knows, to a place where
`ExpectPolicyMaxSize` is 1M. A cell says: status, whether the program got the
document, how much content had left the client by then, and how long it took.
"direct" is loopback; "link" a line of 40 ms each way and 50 Mbit/s (a relay in
user space). What left the client is counted by the link, or by the kernel of
the server. Every number is of one run, on a machine with two cores that others
used, too.

END
    for my $linger (qw(Full Short Abort)) {
        $text .= "`ExpectPolicyLinger $linger`: "
            . seen($clients, $got->{$linger}) . "\n\n"
            . one($clients, $got->{$linger}) . "\n";
    }
    return $text . notes($clients, $got) . habits($clients, $habits)
        . curl($curl);
}

# Who did not see the document, and how often.
sub seen {
    my ($clients, $got) = @_;
    my ($all, $seen, @missed) = (0, 0);
    for my $client (@$clients) {
        for my $expect (0, 1) {
            my $cells = $got->{ $client->{name} }[$expect] or next;
            my $missed = grep { !$_->{document} } @$cells;
            $all += @$cells;
            $seen += @$cells - $missed;
            push @missed, $client->{name} . ($expect ? ' with Expect' : '')
                . " ($missed)" if $missed;
        }
    }
    return "$seen of $all uploads got to read the document"
        . (@missed ? '; not ' . join(', ', @missed) : '') . '.';
}

sub one {
    my ($clients, $got) = @_;
    my @heads = map { "$_->[0] MB, $_->[1]" } PLACES;
    my $text = row('client', 'Expect', @heads) . "|---|---|---|---|---|---|\n";
    for my $client (@$clients) {
        for my $expect (0, 1) {
            my $cells = $got->{ $client->{name} }[$expect] or next;
            $text .= row($client->{name}, $expect ? 'yes' : 'no',
                         map { cell($_) } @$cells);
        }
    }
    return $text;
}

# What the clients said where they did not get the document.
sub notes {
    my ($clients, $got) = @_;
    my %said;
    for my $linger (qw(Full Short Abort)) {
        for my $client (@$clients) {
            my @all = map { $_ ? @$_ : () } @{ $got->{$linger}{ $client->{name} } };
            for my $error (grep { length } map { $_->{error} } @all) {
                $error =~ s/\|/\\|/g;
                # numbers of ports and bytes would make every error another one
                $error =~ s/\d{4,}/N/g;
                $said{ $client->{name} }{ substr $error, 0, 120 }++;
            }
        }
    }
    return '' unless %said;
    return "What they say where something went wrong, and how often:\n\n"
        . join('', map {
            my $name = $_;
            map { "- $name: `$_`, $said{$name}{$_}\n" } sort keys %{ $said{$name} };
        } sort keys %said) . "\n";
}

sub habits {
    my ($clients, $habits) = @_;
    my $text = "What they do with `Expect: 100-continue`, asked of a server that"
        . " says nothing,\nand of one that says 417:\n\n"
        . row('client', 'version', 'sends content after',
              'repeats after 417 with close', 'after 417 that keeps the connection')
        . "|---|---|---|---|---|\n";
    for my $client (@$clients) {
        my $habit = $habits->{ $client->{name} };
        my @cells = !$client->{expect} ? ('cannot send it', '', '')
            : !$habit ? ('(HTTP/2: not asked)', '', '')
            : (!$habit->{sends} ? 'does not send it'
                : !defined $habit->{waited} ? 'never (12 s were waited)'
                : $habit->{waited} < 0.1 ? 'at once'
                : sprintf('%.1f s', $habit->{waited}),
               map { again($habit->{repeats}{$_}) } 'close', 'keep-alive');
        $text .= row($client->{name}, Clients::version($client), @cells);
    }
    return "$text\n";
}

sub again {
    my ($repeats) = @_;
    return $repeats eq 'no' ? 'no'
        : $repeats eq 'hangs' ? 'no, and does not return'
        : "yes, $repeats Expect";
}

sub curl {
    my ($count) = @_;
    my $shown = sub {
        my ($which) = @_;
        return join ', ', map { "$_: $which->{$_} times" } sort keys %$which;
    };
    return <<"END";
curl over HTTP/2, without Expect, 2 MB, direct: a refusal gave
${\$shown->($count->{refusal})}; httpd's own 403 gave
${\$shown->($count->{with})} with the module loaded, and
${\$shown->($count->{without})} without it.
Exit 92 is a stream error: curl meets the reset (NO_ERROR) that mod_http2 sends
behind an answer to content that nobody reads before it has looked at the answer.
Behind a refusal the reset waits (see [TLS and HTTP/2](#tls-and-http2)), but with
`Abort`.
END
}

# Puts the text between the marks of a file, and changes nothing else.
sub put {
    my ($file, $text) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    my $all = do { local $/; <$in> };
    my ($begin, $end) = (BEGIN_MARK, END_MARK);
    $all =~ s/(\Q$begin\E\n).*?(?=\Q$end\E)/$1\n$text\n/s
        or die "$file: there are no marks $begin and $end\n";
    open my $out, '>', $file or die "$file: $!\n";
    print $out $all;
    close $out or die "$file: $!\n";
}

1;
