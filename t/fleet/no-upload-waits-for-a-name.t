# The name of Redis is not found at the start, is found later, and then looking it up
# hangs.  No upload waits for a name, and Redis is used as soon as its address is known.
#
# runs: plain
use strict;
use warnings;

use ExpectPolicy::Elsewhere;
use ExpectPolicy::Fleet;
use ExpectPolicy::Redis;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(time sleep);

# how often names are looked up that were not found
use constant RESOLVE_SOON => 5;
my $redis = ExpectPolicy::Redis->start;
my $names = ExpectPolicy::Elsewhere->new->set_names(ExpectPolicy::Elsewhere::NOT_FOUND);
my $fleet = ExpectPolicy::Fleet->start($redis, url => "redis://redis.test:$redis->{port}",
    servers => [{ elsewhere => $names }, { elsewhere => $names }]);
my ($one, $two) = $fleet->servers;

like($_->error_log, qr/the name redis\.test of the ledger is not found: .*; it is looked up again/,
     'the log says that the name is not found') for $one, $two;
$fleet->decided_alone_ok('without a name', $_) for $one, $two;
cmp_ok(ExpectPolicy::Fleet::shared($one)->{failures}{unresolved}, '>=', 1,
       'the status page has the cause');
$names->set_names(ExpectPolicy::Elsewhere::FOUND);
$fleet->answers_again_ok('the name is found', RESOLVE_SOON + 2 * ExpectPolicy::Fleet::SLACK);
$fleet->counted_ok('the name is found', 0);
$fleet->limits_hold_ok('the name is found', ExpectPolicy::Fleet::SLOTS);
$fleet->room_ok('the name is found');

$names->set_names(ExpectPolicy::Elsewhere::HANGS);
$fleet->survive_ok('to look it up hangs, and Redis is restarted',
    begin => sub { $redis->stop },
    # names are looked up after a fault
    end => sub { sleep RESOLVE_SOON + 0.5; $redis->launch });
$fleet->survive_ok('to look it up hangs, and Redis is stopped',
    begin => sub { kill 'STOP', $redis->{pid} },
    end => sub { kill 'CONT', $redis->{pid} });
my $began = time;
$fleet->stop;
cmp_ok(time - $began, '<', 15, 'no server waits for a name when it stops');
done_testing();
