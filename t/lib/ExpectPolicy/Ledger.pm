package ExpectPolicy::Ledger;

# A server with a ledger of its own, a site that is written to by PUT (mod_dav),
# and what the ledger says of it.

use strict;
use warnings;

use parent 'ExpectPolicy::Server';

use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

my %mpm = (
    event => <<'END',
StartServers 2
ServerLimit 4
ThreadsPerChild 64
ThreadLimit 64
MinSpareThreads 1
MaxSpareThreads 256
MaxRequestWorkers 256
END
    prefork => <<'END',
StartServers 70
ServerLimit 128
MinSpareServers 60
MaxSpareServers 128
MaxRequestWorkers 128
END
);
$mpm{worker} = $mpm{event};

# A directory for a site, for tests that have to fill it before the server
# starts.
sub site { return new_directory('site') }

# %how as for ExpectPolicy::Server, site => what site() made, and run => a
# directory for the ledger's file, which another server may have, too, and preload
# => a library.  In the
# text, @site@ is the site; its first line is line 1 of a file of its own.
sub start {
    my ($class, $text, %how) = @_;
    my $site = delete $how{site} // site();
    my $run = delete $how{run};
    local $ENV{EP_PRELOAD} = join ' ', grep { defined && length }
        $ENV{EP_PRELOAD}, delete $how{preload};
    my $run_line = defined $run ? "DefaultRuntimeDir \"$run\"" : '';
    my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';
    my $socket = is_mpm('prefork') ? '' : 'ScriptSock cgisock';
    my $programs = vars('serverroot') . '/cgi-bin/';
    my $protocols = grep({ $_ eq 'http2' } @{ $how{load} // [] })
        ? 'Protocols h2c http/1.1' : '';
    $text =~ s/\@site\@/$site/g;
    my $self = $class->SUPER::start(<<"END", %how,
$text
$run_line
$mpm{ $ENV{EP_MPM} }
$socket
$protocols
SetEnv EP_APP_LOG /dev/null
DocumentRoot "$site"
DavLockDB "$site.locks"
ScriptAlias /cgi/ "$programs"
<Directory "$programs">
    Options +ExecCGI
    Require all granted
</Directory>
<Directory "$site">
    Require all granted
    Dav On
</Directory>
ExpectPolicy On
END
        load => [qw(dav dav_fs env), $cgi, @{ $how{load} // [] }]);
    $self->{site} = $site;
    $self->{run} = $run // $self->{dir};
    return $self;
}

# Keys for ask(): this server.
sub here {
    my ($self) = @_;
    return (port => $self->{port}, log => "$self->{dir}/error_log",
            host => 'localhost', method => 'PUT', tag => '');
}

# An upload whose content is all sent with its head.
sub put {
    my ($self, $path, $length, %ask) = @_;
    return ask($self->here, path => $path, length => $length,
               body => 'x' x $length, %ask);
}

# The head alone: for one that is to be refused.
sub announce {
    my ($self, $path, $length, %ask) = @_;
    return ask($self->here, path => $path, length => $length, %ask);
}

# An upload of unknown length, in chunks of at most 8000 bytes.
sub put_chunked {
    my ($self, $path, $length, %ask) = @_;
    return ask($self->here, path => $path, chunked => 1,
               body => in_chunks('x' x $length, 8000), %ask);
}

# Asks first, and waits for the verdict alone: the result has a status, or
# interim 100 and is under way until finish() or close.
sub begin {
    my $upload = connect_for(@_);
    send_head($upload);
    return read_verdict($upload);
}

# The same in three steps, for uploads that are to be judged at the same time.
sub connect_for {
    my ($self, $path, $length, %ask) = @_;
    my %all = ($self->here, %ask, path => $path, length => $length,
               headers => ['Expect: 100-continue', @{ $ask{headers} // [] }]);
    return { conn => converse(%all), length => $length, head => head_bytes(%all) };
}

sub send_head { my ($upload) = @_; ExpectPolicy::Wire::put($upload->{conn}, $upload->{head}, 5) }

sub read_verdict {
    my ($upload) = @_;
    my $res = read_response($upload->{conn}, method => 'PUT', only_interim => 1,
                            patience => 15);
    @$upload{keys %$res} = values %$res;
    return $upload;
}

sub is_admitted { return "@{ $_[0]{interim} }" eq '100' && !$_[0]{status} }

# Sends the content of what was begun, or so many bytes of it.
sub send_content {
    my ($upload, $bytes) = @_;
    my $piece = 'x' x 65_536;
    my $left = $bytes // $upload->{length};
    while ($left > 0) {
        my $n = $left < length $piece ? $left : length $piece;
        ExpectPolicy::Wire::put($upload->{conn}, substr($piece, 0, $n), 10)
            or return 0;
        $left -= $n;
    }
    return 1;
}

sub finish {
    my ($upload) = @_;
    send_content($upload);
    my $res = read_response($upload->{conn}, method => 'PUT', patience => 15);
    close $upload->{conn}{sock};
    return $res->{status} // $res->{problem};
}

sub drop { close $_->{conn}{sock} for @_ }

# What the ledger says: claims, trees by path, and accounts by kind, each with
# used and held.
sub books {
    my ($self) = @_;
    local $_;
    my %books = (trees => {}, accounts => {});
    open my $in, '-|', vars('top_dir') . '/ledger-show',
        "$self->{run}/expect_policy.ledger" or die "ledger-show: $!";
    while (<$in>) {
        if (/^claims (\d+) of (\d+)$/) {
            @books{qw(claims claims_most)} = ($1, $2);
        }
        elsif (/^tree used=(\d+) held=(\d+) limit=(\d+) known=([01]) (.+)$/) {
            $books{trees}{$5} = { used => $1, held => $2, limit => $3,
                                  known => $4 };
        }
        elsif (/^(space|allowance|concurrent) used=(\d+) held=(\d+) key=(\w+)$/) {
            $books{accounts}{$1}{$4} = { used => $2, held => $3 };
        }
    }
    close $in or die 'ledger-show failed';
    return \%books;
}

# What is used of a tree, once nothing is under way there.
sub used {
    my ($self, $path) = @_;
    $self->settled_ok if $self->books->{claims};
    return $self->books->{trees}{ $path // $self->{site} }{used};
}

# Waits until no upload holds anything any more.
sub settled_ok {
    my ($self, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($books, @held);
    # it is read without the lock: accounts may be older than claims
    wait_until(sub {
        $books = $self->books;
        @held = grep { $_->{held} } values %{ $books->{trees} },
            map { values %$_ } values %{ $books->{accounts} };
        return !$books->{claims} && !@held;
    }, 15);
    return is_deeply([$books->{claims}, \@held], [0, []],
                     $name // 'nothing is held any more');
}

# Asks for a tree by an upload to a path, which is given up at once, and waits
# until it was measured.
sub measured_ok {
    my ($self, $tree, $path) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    drop($self->begin($path, 1));
    my $known = wait_until(sub {
        my $books = $self->books;
        my $found = $books->{trees}{$tree};
        return $found && $found->{known} && !$books->{claims};
    }, 20);
    return ok($known, 'the tree was measured');
}

# Writes a usage file as a panel should: a new one takes the place of the old one.
sub say_used {
    my ($file, $text) = @_;
    open my $out, '>', "$file.new" or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
    rename "$file.new", $file or die "$file: $!";
}

# A file of that many bytes that takes no room.
sub sparse {
    my ($self, $name, $bytes) = @_;
    my $file = ref $self ? "$self->{site}/$name" : "$self/$name";
    open my $out, '>', $file or die "$file: $!";
    truncate $out, $bytes or die "$file: $!";
    close $out;
    return $file;
}

# The same, and it takes as much room as it is long.
sub filled {
    my ($self, $name, $bytes) = @_;
    return written($self, $name, 'x' x $bytes);
}

# The same with a text, and with the directories that it needs.
sub written {
    my ($self, $name, $text) = @_;
    my $file = ref $self ? "$self->{site}/$name" : "$self/$name";
    require File::Basename;
    require File::Path;
    File::Path::make_path(File::Basename::dirname($file));
    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
    return $file;
}

# A library for a server with a slow disk: each file whose name begins with "slow"
# takes a millisecond to be found.
sub slow_disk {
    my $dir = site();
    open my $out, '>', "$dir/slow.c" or die "$dir: $!";
    print $out <<'END';
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <string.h>
#include <time.h>

struct dirent *readdir(DIR *dir)
{
    static const struct timespec moment = { 0, 1000000 };
    struct dirent *(*real)(DIR *);
    struct dirent *entry;

    *(void **)&real = dlsym(RTLD_NEXT, "readdir");
    entry = real(dir);
    if (entry != NULL && strncmp(entry->d_name, "slow", 4) == 0) {
        nanosleep(&moment, NULL);
    }
    return entry;
}
END
    close $out or die "$dir: $!";
    system('gcc', '-shared', '-fPIC', '-O1', '-o', "$dir/slow.so",
           "$dir/slow.c", '-ldl') == 0 or die 'no compiler';
    return "$dir/slow.so";
}

# What really lies in the site, or below a directory of it, in bytes.
sub on_disk {
    my ($self, $directory) = @_;
    my $sum = 0;
    require File::Find;
    File::Find::find({ no_chdir => 1, wanted => sub {
        $sum += -s _ if lstat($_) && -f _;
    } }, join '/', $self->{site}, $directory // ());
    return $sum;
}

sub graceful {
    my ($self) = @_;
    kill USR1 => $self->{pid};
}

# The pids of its children that serve requests; mod_cgid's daemon has but one
# thread.
sub children {
    my ($self) = @_;
    my @found;
    for my $file (glob '/proc/[0-9]*/stat') {
        my ($pid, $parent, $threads) = slurp($file)
            =~ /\A(\d+) \(.*\) [A-Y] (\d+) (?:-?\d+ ){15}(\d+) /s or next;
        push @found, $pid if $parent == $self->{pid}
            && ($threads > 1 || is_mpm('prefork'));
    }
    return sort { $a <=> $b } @found;
}

# One of them dies with all that it holds.
sub kill_child {
    my ($self) = @_;
    my @children = $self->children or return;
    my $pid = $children[rand @children];
    open my $out, '>>', "$self->{dir}/killed" or die;
    print $out "$pid\n";
    close $out;
    return kill KILL => $pid;
}

1;
