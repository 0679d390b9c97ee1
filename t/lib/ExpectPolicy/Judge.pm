package ExpectPolicy::Judge;

# Checks documents and numbers by other programs: a JSON Schema of docs/schema, the
# reference parser of OpenMetrics, promtool.  If a program is not installed, the test
# that needs it fails.

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use File::Basename qw(dirname);
use IPC::Open2 ();
use Test::More;

our @EXPORT = qw(schema_ok refusal_schema_ok metrics_ok);

# A test may have gone elsewhere when it asks.
my $SCHEMAS = Cwd::abs_path(dirname(__FILE__) . '/../../../docs/schema');

# @return the directory of the clone
sub top { return dirname(dirname($SCHEMAS)) }

# One for all questions of a test file: it takes a third of a second to start.
# A line of "WHAT TEXT" is answered with a line; texts come in hexadecimal.
my $PROGRAM = <<'END';
import sys, json
validators = {}
def validator(name):
    from jsonschema import Draft202012Validator as Validator
    if name not in validators:
        with open(sys.argv[1] + "/" + name) as file:
            schema = json.load(file)
        Validator.check_schema(schema)
        validators[name] = Validator(schema)
    return validators[name]
def schema(name, text):
    return [error.message
            for error in validator(name).iter_errors(json.loads(text))]
def metrics(name, text):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    families = list(text_string_to_metric_families(text))
    return [] if families else ["nothing in it"]
for line in sys.stdin:
    what, name, text = line.split()
    try:
        found = {"schema": schema, "metrics": metrics}[what](
            name, bytes.fromhex(text).decode("utf-8"))
    except Exception as error:
        found = [repr(error)]
    print(json.dumps(found), flush=True)
END

my ($pid, $owner, $out, $in);

sub ask_judge {
    my ($what, $name, $text) = @_;
    if (!$pid || $owner != $$) {
        $owner = $$;
        $pid = IPC::Open2::open2($in, $out, '/usr/bin/python3', '-c', $PROGRAM,
                                $SCHEMAS);
    }
    print $out "$what $name ", unpack('H*', $text), "\n";
    $out->flush;
    my $answer = <$in> // 'no answer';
    chomp $answer;
    return $answer;
}

# @param schema a file in docs/schema
sub schema_ok {
    my ($text, $schema, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(ask_judge('schema', $schema, $text), '[]', $name // "as $schema says")
        or diag substr $text, 0, 2000;
}

# The document of a refusal, in the form that its Content-Type says.
# @param res headers and body
sub refusal_schema_ok {
    my ($res, $name) = @_;
    my ($type) = map { $_->[1] }
        grep { lc $_->[0] eq 'content-type' } @{ $res->{headers} };
    my $schema = ($type // '') eq 'application/problem+json' ? 'problem.json'
        : 'refusal.json';
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    schema_ok($res->{body}, $schema, $name);
}

sub metrics_ok {
    my ($text, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(ask_judge('metrics', '-', $text), '[]', "$name: OpenMetrics")
        or diag substr $text, 0, 2000;
    open my $promtool, '|-', 'sh', '-c', 'exec promtool check metrics 2>&1'
        or die "promtool: $!";
    print $promtool $text;
    close $promtool;
    is($?, 0, "$name: promtool check metrics");
}

END {
    local ($?, $@, $!);
    if ($pid && $owner == $$) {
        close $out;
        waitpid $pid, 0;
    }
}

1;
