package ExpectPolicy::Users;

# The same users in a database (mod_authn_dbd, SQLite), in a directory (mod_authnz_ldap,
# slapd) and in a file (AuthUserFile and SetEnvIfExpr), each with limits of their own.

use strict;
use warnings;

use Exporter 'import';
use ExpectPolicy::Company;
use ExpectPolicy::Server;
use MIME::Base64 qw(encode_base64);

our @EXPORT = qw(users_everywhere user_modules credentials);

# All users have the password `secret`.
my $PASSWORD = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=';

# By the name of a limit: the attribute of inetOrgPerson that holds it.
my %attribute = (size => 'description', total => 'postOfficeBox', least => 'street', quota => 'title',
                 rate => 'roomNumber', slots => 'employeeType');
my @limits = sort keys %attribute;

sub user_modules {
    return qw(auth_basic authn_file authz_user dbd authn_dbd ldap authnz_ldap setenvif);
}

sub credentials {
    my ($user, $password) = @_;
    return "Authorization: Basic "
        . encode_base64("$user:" . ($password // 'secret'), '');
}

# %users: the limits of each, by name.  Returns, for each of sql, ldap and file: server,
# what a configuration says outside of sections; place, what it says in the section; and
# by the name of each limit the expression that reads it.
sub users_everywhere {
    my (%users) = @_;
    return (sql => sql(%users), ldap => ldap(%users), file => file(%users));
}

sub sql {
    my (%users) = @_;
    my $file = scratch() . '/users.db';
    my $text = "CREATE TABLE users (name TEXT, password TEXT, "
        . join(', ', map { "the_$_ TEXT" } @limits) . ");\n";
    for my $name (sort keys %users) {
        $text .= 'INSERT INTO users VALUES (' . join(', ', map {
            defined ? "'" . s/'/''/gr . "'" : 'NULL'
        } $name, $PASSWORD, @{ $users{$name} }{@limits}) . ");\n";
    }
    write_text("$file.sql", $text);
    run_client('sh', '-c', "sqlite3 '$file' < '$file.sql'")->{exit} == 0
        or die 'sqlite3 makes no database';
    my $columns = join ', ', map { "the_$_" } @limits;
    return {
        server => "DBDriver sqlite3\nDBDParams \"$file\"\n",
        place => <<"END",
AuthType Basic
AuthName users
AuthBasicProvider dbd
AuthDBDUserPWQuery "SELECT password, $columns FROM users WHERE name = %s"
Require valid-user
END
        map { $_ => '%{env:AUTHENTICATE_THE_' . uc . '}' } @limits,
    };
}

# A value that is empty is none in a directory.
sub entry {
    my ($name, $of) = @_;
    return "dn: uid=$name,dc=test\nobjectClass: inetOrgPerson\nuid: $name\n"
        . "cn: $name\nsn: $name\nuserPassword: secret\n"
        . join '', map {
            ($of->{$_} // '') ne ''
                ? "$attribute{$_}:: " . encode_base64($of->{$_}, '') . "\n" : ()
        } @limits;
}

sub ldap {
    my (%users) = @_;
    my $dir = scratch();
    my $port = ExpectPolicy::Server::free_port();
    my ($module) = glob '/usr/lib/ldap/back_mdb.la';
    die 'slapd is not installed' unless $module;
    mkdir "$dir/data" or die "$dir: $!";
    write_text("$dir/slapd.conf", <<"END");
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile $dir/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=test"
directory $dir/data
END
    write_text("$dir/users.ldif", join "\n",
               "dn: dc=test\nobjectClass: dcObject\nobjectClass: organization\n"
               . "o: test\ndc: test\n",
               map { entry($_, $users{$_}) } sort keys %users);
    my $added = run_client('/usr/sbin/slapadd', '-f', "$dir/slapd.conf",
                           '-l', "$dir/users.ldif");
    die $added->{out} if $added->{exit};
    program($port, $dir, '/usr/sbin/slapd', '-d', 0, '-f', "$dir/slapd.conf",
            '-h', "ldap://127.0.0.1:$port/");
    my $read = join ',', 'uid', map { $attribute{$_} } @limits;
    return {
        server => '',
        place => <<"END",
AuthType Basic
AuthName users
AuthBasicProvider ldap
AuthLDAPURL "ldap://127.0.0.1:$port/dc=test?$read?sub"
Require valid-user
END
        map { $_ => '%{env:AUTHENTICATE_' . uc($attribute{$_}) . '}' } @limits,
    };
}

# SetEnvIfExpr runs before authentication.  The name that it reads is that of the same
# Authorization field, whose password AuthUserFile checks before any limit is judged.
sub file {
    my (%users) = @_;
    my $file = write_text(scratch() . '/users', join '', map { "$_:$PASSWORD\n" }
                                                sort keys %users);
    my $lines = '';
    for my $name (sort keys %users) {
        my %of = %{ $users{$name} };
        for (grep { defined $of{$_} && $of{$_} ne '' } @limits) {
            $lines .= 'SetEnvIfExpr "req(\'Authorization\') =~ m#^Basic +([A-Za-z0-9+/]+)#'
                . " && unbase64('\$1') =~ m#^\Q$name\E:#\" "
                . "\"THE_\U$_\E=$of{$_}\"\n";
        }
    }
    return {
        server => $lines,
        place => <<"END",
AuthType Basic
AuthName users
AuthUserFile "$file"
Require valid-user
END
        map { $_ => "%{reqenv:THE_\U$_\E}" } @limits,
    };
}

1;
