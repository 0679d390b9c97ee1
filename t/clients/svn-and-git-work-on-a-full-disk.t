# mod_dav_svn and git's smart HTTP: in a full tree svn and git read, and change
# what is small; a large commit is refused, and passes when there is room.
#
# runs: company
use strict;
use warnings;

use ExpectPolicy::Company;
use ExpectPolicy::Wire;
use Test::More;
use Time::HiRes qw(sleep time);

my $QUOTA = 50_000_000;
my $dir = scratch();
mkdir "$dir/$_" or die $! for qw(svn git home);
my $git_program = (grep { -x } map { "$_/git-http-backend" }
                   qw(/usr/lib/git-core /usr/libexec/git-core))[0];
ok($git_program, 'git is installed') or BAIL_OUT('no git-http-backend');
$ENV{HOME} = "$dir/home";
$ENV{GIT_TERMINAL_PROMPT} = 0;
sub run {
    my ($in, @command) = @_;
    return run_client('sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', $in,
                      @command);
}
sub done {
    my ($in, @command) = @_;
    my $got = run($in, @command);
    die "@command: $got->{out}" if $got->{exit};
    return $got->{out};
}
# not compressible
my $state = 1;
write_text("$dir/large.bin", pack 'N*', map {
    $state = ($state * 1103515245 + 12345) % 2**31 } 1 .. 200_000);

done($dir, 'svnadmin', 'create', "$dir/svn/repo");
done($dir, qw(git init -q --bare git/repo));
done("$dir/git/repo", qw(git config http.receivepack true));
my @me = qw(-c user.name=alice -c user.email=alice@example.com
            -c init.defaultBranch=main -c advice.detachedHead=false);
done($dir, 'git', @me, qw(init -q work));
write_text("$dir/work/a.txt", "first\n");
done("$dir/work", qw(git add a.txt));
done("$dir/work", 'git', @me, qw(commit -q -m first));
done("$dir/work", qw(git push -q ../git/repo HEAD:main HEAD:old));

fill_up("$dir/$_/full.bin", $QUOTA) for 'svn', 'git';
my $cgi = is_mpm('prefork') ? 'cgi' : 'cgid';
my $server = ExpectPolicy::Server->start(<<"END", load => ['dav', 'env', 'setenvif', $cgi]);
<IfModule mod_cgid.c>
    ScriptSock cgisock
</IfModule>
LoadModule dav_svn_module $ENV{EP_LIBEXEC}/mod_dav_svn.so
ExpectPolicy On
ExpectPolicyCountFrom 64K
<Location /svn>
    DAV svn
    SVNPath "$dir/svn/repo"
    ExpectPolicyQuota $QUOTA "$dir/svn"
</Location>
SetEnv GIT_PROJECT_ROOT "$dir/git"
SetEnv GIT_HTTP_EXPORT_ALL 1
ScriptAlias /git/ "$git_program/"
<Location /git>
    Require all granted
    ExpectPolicyQuota $QUOTA "$dir/git"
</Location>
END
my $url = "http://127.0.0.1:$server->{port}";

# A measurement is asked for by an upload, and done some seconds later.
sub soon_ok {
    my ($try, $name) = @_;
    my $end = time + 20;
    my $got;
    until (!($got = $try->())->{exit} || time > $end) {
        sleep 0.5;
    }
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($got->{exit}, 0, $name) or diag $got->{out}, $server->error_log;
}
sub ok_run {
    my ($name, @how) = @_;
    my $got = run(@how);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($got->{exit}, 0, $name) or diag $got->{out}, $server->error_log;
    return $got;
}

my @svn = qw(svn --non-interactive --username alice);
ok_run('svn lists a full repository', $dir, @svn, 'ls', "$url/svn");
ok_run('and checks it out', $dir, @svn, 'checkout', '-q', "$url/svn", 'checkout');
write_text("$dir/checkout/small.txt", "small\n");
ok_run('svn adds', "$dir/checkout", qw(svn add -q small.txt));
ok_run('and reads its log', $dir, @svn, 'log', "$url/svn");
ok_run('and makes a directory there', $dir, @svn, 'mkdir', '-q', '-m', 'x',
       "$url/svn/made");
ok_run('and deletes it', $dir, @svn, 'rm', '-q', '-m', 'x', "$url/svn/made");
write_text("$dir/checkout/large.bin", slurp("$dir/large.bin"));
done("$dir/checkout", qw(svn add -q large.bin));
my $commit = sub { run("$dir/checkout", @svn, 'commit', '-q', '-m', 'large') };
my $refused = $commit->();
isnt($refused->{exit}, 0, 'svn does not commit a large file there');
like($refused->{out}, qr/507|Insufficient/, 'and says why')
    or diag $refused->{out};

ok_run('git lists a full repository', $dir, 'git', 'ls-remote', "$url/git/repo");
ok_run('and clones it', $dir, 'git', 'clone', '-q', '-b', 'main',
       "$url/git/repo", 'clone');
ok_run('and deletes a branch there', "$dir/clone", qw(git push -q origin :old));
write_text("$dir/clone/b.txt", "second\n");
done("$dir/clone", qw(git add b.txt));
done("$dir/clone", 'git', @me, qw(commit -q -m second));
ok_run('and pushes a small commit', "$dir/clone", qw(git push -q origin main));
write_text("$dir/clone/large.bin", slurp("$dir/large.bin"));
done("$dir/clone", qw(git add large.bin));
done("$dir/clone", 'git', @me, qw(commit -q -m large));
my $push = sub { run("$dir/clone", qw(git push -q origin main)) };
$refused = $push->();
isnt($refused->{exit}, 0, 'git does not push a large file there');
like($refused->{out}, qr/507/, 'and says why') or diag $refused->{out};

unlink "$dir/$_/full.bin" for 'svn', 'git';
soon_ok($commit, 'svn commits it when there is room');
soon_ok($push, 'git pushes it when there is room');
like(done($dir, 'git', 'ls-remote', "$url/git/repo"), qr{refs/heads/main},
     'and it is there');
done_testing;
