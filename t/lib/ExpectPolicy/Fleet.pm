package ExpectPolicy::Fleet;

# Two servers with one ledger in Redis, a directory for each word of
# ExpectPolicyLedgerFailure, and what has to be true whatever becomes of Redis, of what is
# between, or of a server: no answer takes longer than timeout= says, nothing is charged
# twice, and within a lease after a fault has ended the limits hold again.

use strict;
use warnings;

use ExpectPolicy::Ledger;
use ExpectPolicy::Wire;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time sleep);

# What a lease and a call may take, and what a loaded machine adds; in seconds.
use constant { LEASE => 3, TIMEOUT => 0.1, SLACK => 2 };
# Of each mode: bytes of an upload, uploads at once, and bytes in a day.
use constant { SIZE => 100, SLOTS => 3, BYTES => 100_000_000 };
# Closed first: what it leaves behind, no other call mends.
our @MODES = qw(Closed Open Local);

# %how: url => of the ledger, more => lines for the servers, and for each server
# servers => [{ elsewhere => an ExpectPolicy::Elsewhere }, ...]
sub start {
    my ($class, $redis, %how) = @_;
    my $module = built_module('mod_expect_policy_redis.so', 'the module for Redis is there');
    my $self = bless { redis => $redis, site => ExpectPolicy::Ledger::site(), count => 0,
                       used => { map { $_ => 0 } @MODES } }, $class;
    my $url = $how{url} // $redis->url;
    my $text = "LoadModule expect_policy_redis_module $module\n"
        . "ExpectPolicyLedger $url lease=" . LEASE . "s\n" . ($how{more} // '')
        . "<Location /counts>\nSetHandler expect-policy-status\n</Location>\n";
    for my $mode (@MODES) {
        mkdir "$self->{site}/$mode" or die "$self->{site}/$mode: $!";
        $text .= "<Directory \"\@site\@/$mode\">\n"
            . "ExpectPolicyAllowance " . BYTES . "/1d expr=all\n"
            . "ExpectPolicyConcurrent " . SLOTS . " expr=all\n"
            . "ExpectPolicyLedgerFailure $mode\n</Directory>\n";
    }
    $self->{servers} = [map {
        my $elsewhere = $_->{elsewhere};
        local $ENV{EP_ELSEWHERE} = $elsewhere->{file} if $elsewhere;
        ExpectPolicy::Ledger->start($text, site => $self->{site},
                                    $elsewhere ? (preload => $elsewhere->{library}) : ())
    } @{ $how{servers} // [{}, {}] }];
    return $self;
}

sub servers { return @{ $_[0]{servers} } }
sub stop { $_->stop for $_[0]->servers }

sub path { my ($self, $mode) = @_; return "/$mode/f" . ++$self->{count} }

# What a status page tells of Redis.
sub shared {
    my ($server) = @_;
    my $json = $server->get('/counts?format=json')->{body};
    return JSON::PP->new->utf8->decode($json)->{shared_ledger};
}

# An upload under way in each mode.
sub hold_ok {
    my ($self, $name, $server) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @uploads = map { $server->begin($self->path($_), SIZE) } @MODES;
    is(scalar(grep { ExpectPolicy::Ledger::is_admitted($_) } @uploads), @MODES,
       "$name: uploads are under way");
    return @uploads;
}

# They end, each in time, whatever Redis does, and each is charged once.
sub finish_ok {
    my ($self, $name, @uploads) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $i (0 .. $#uploads) {
        my $began = time;
        is(ExpectPolicy::Ledger::finish($uploads[$i]), 201, "$name: $MODES[$i]: it ends");
        cmp_ok(time - $began, '<', TIMEOUT + SLACK, "$name: $MODES[$i]: in time");
        $self->{used}{ $MODES[$i] } += SIZE;
    }
}

# An upload, in time.  @return its answer
sub put_in_time {
    my ($self, $server, $mode, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $began = time;
    my $res = $server->put($self->path($mode), SIZE);
    cmp_ok(time - $began, '<', TIMEOUT + SLACK, "$name: $mode: in time");
    return $res;
}

sub is_stored { return ($_[0]{status} // 0) == 201 }
sub is_denied { return ($_[0]{body} // '') =~ /\A\{"error":"too_many_uploads",/ }
sub is_unavailable { return ($_[0]{body} // '') =~ /\A\{"error":"ledger_unavailable",/ }

# As long as Redis does not answer, LedgerFailure decides.
sub decided_alone_ok {
    my ($self, $name, $server) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $mode (map { @MODES } 1 .. 3) {
        my $res = $self->put_in_time($server, $mode, $name);
        my $is_right = $mode eq 'Closed' ? is_unavailable($res) : is_stored($res);
        ok($is_right, "$name: $mode: " . ($mode eq 'Closed' ? 'refused' : 'admitted'))
            or diag $res->{raw};
        # Redis is told later; under Open never
        $self->{used}{Local} += SIZE if $mode eq 'Local';
    }
}

# Redis answers, or did a moment ago, and may have forgotten something: each answer is one
# of those that are right.
sub answered_ok {
    my ($self, $name, $server) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $self->{stored} = {};
    for my $mode (map { @MODES } 1 .. 3) {
        my $res = $self->put_in_time($server, $mode, $name);
        ok(is_stored($res) || is_denied($res) || ($mode eq 'Closed' && is_unavailable($res)),
           "$name: $mode: answered") or diag $res->{raw};
        next if !is_stored($res);
        $self->{stored}{$mode}++;
        # under Open, Redis was asked or was not
        $self->{$mode eq 'Open' ? 'perhaps' : 'used'}{$mode} += SIZE;
    }
}

# What Redis counts: what is used, and what servers hold whose lease lives.
sub sums { return $_[0]{redis}->sums('default', lives => 1) }

# What is expected of `used`, from and to.
sub expected {
    my ($self) = @_;
    my $sum = 0;
    $sum += $_ for values %{ $self->{used} };
    return ($sum, $sum + ($self->{perhaps}{Open} // 0));
}

# @param $uploads how many are under way
sub counted_ok {
    my ($self, $name, $uploads, $seconds) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($least, $most) = $self->expected;
    my $sums;
    ok(wait_until(sub {
           eval { $self->{redis}->command('PING') } or return 0;
           # what has ended may not be told yet
           return 0 if grep { shared($_)->{untold} } $self->servers;
           $sums = $self->sums;
           # each holds a slot and its bytes
           return $sums->{held} == $uploads * (SIZE + 1) && $sums->{used} >= $least;
       }, $seconds // LEASE + SLACK), "$name: within a lease, Redis knows what is held and used")
        or diag explain [$sums // $@, $uploads, $least, $most];
    cmp_ok($sums->{used}, '<=', $most, "$name: nothing is charged twice");
    $self->{used}{Open} += $sums->{used} - $least;
    delete $self->{perhaps};
}

# Until a server asks Redis for each upload again.
# @param $seconds within which it has to; default: a lease
sub answers_again_ok {
    my ($self, $name, $seconds) = @_;
    $seconds //= LEASE + SLACK;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @are;
    ok(wait_until(sub {
           @are = map { shared($_) } $self->servers;
           return !grep { $_->{breaker} ne 'closed' || ($_->{lease_age} // 999) > LEASE } @are;
       }, $seconds), "$name: within $seconds s, servers ask Redis again") or diag explain \@are;
}

# There is room for so many more uploads, and for none behind them, at each server.
sub limits_hold_ok {
    my ($self, $name, $free) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($one, $two) = $self->servers;
    for my $mode (@MODES) {
        my ($tries, @more, $res) = 0;
        # on a loaded machine, a call of TIMEOUT may fail
        while (@more < $free && $tries++ < $free + 3) {
            $res = $one->begin($self->path($mode), SIZE);
            push @more, $res if ExpectPolicy::Ledger::is_admitted($res);
            last if is_denied($res);
        }
        is(scalar @more, $free, "$name: $mode: there is room for $free") or diag $res->{raw};
        for my $server ($one, $two) {
            my $res = $server->announce($self->path($mode), SIZE);
            ok(is_denied($res), "$name: $mode: and for no other one") or diag $res->{raw};
        }
        ExpectPolicy::Ledger::drop(@more);
    }
}

# Nothing is under way: each server says what is left.
sub room_ok {
    my ($self, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $mode (@MODES) {
        my $left = BYTES - $self->{used}{$mode};
        for my $server ($self->servers) {
            my $res = $server->announce($self->path($mode), $left + 1);
            like($res->{body} // '', qr/"error":"allowance_exceeded".*"allowance_remaining":$left,/s,
                 "$name: $mode: $left bytes are left, and no more") or diag $res->{raw};
        }
    }
}

# A fault, from its begin to its end.  %fault: before => is called first, begin =>, end =>,
# answers => 1: Redis answers meanwhile, though it may have forgotten something
sub survive_ok {
    my ($self, $name, %fault) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($one, $two) = $self->servers;
    $fault{before}->() if $fault{before};
    my @mine = $self->hold_ok($name, $one);
    my @theirs = $self->hold_ok($name, $two);
    $fault{begin}->();
    $fault{answers} ? $self->answered_ok($name, $one) : $self->decided_alone_ok($name, $one);
    $self->finish_ok($name, @mine);
    $fault{end}->() if $fault{end};
    $self->answers_again_ok("after $name");
    $self->counted_ok("after $name", scalar @theirs);
    $self->limits_hold_ok("after $name", SLOTS - 1);
    $self->finish_ok("after $name", @theirs);
    $self->counted_ok("after $name, in the end", 0);
    $self->room_ok("after $name");
}

1;
