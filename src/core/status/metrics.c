/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/metrics.h"

#include "core/book/amount.h"
#include "core/status/version.h"

static const ep_escape in_label[] = {
    { '\\', "\\\\" }, { '"', "\\\"" }, { '\n', "\\n" }, { '\0', NULL }
};

/* Writes the lines that begin a metric family. */
static void put_head(const ep_sink *sink, const char *name, const char *type,
                     const char *help)
{
    ep_sink_text(sink, "# HELP ");
    ep_sink_text(sink, name);
    ep_sink_text(sink, " ");
    ep_sink_text(sink, help);
    if (type != NULL) {
        ep_sink_text(sink, "\n# TYPE ");
        ep_sink_text(sink, name);
        ep_sink_text(sink, " ");
        ep_sink_text(sink, type);
    }
    ep_sink_text(sink, "\n");
}

/* Writes a sample with up to two labels.
 * @param first, second NULL: there is none
 * @param number below 0: not known */
static void put_sample(const ep_sink *sink, const char *name,
                       const char *first, const char *value,
                       const char *second, const char *other, int64_t number)
{
    ep_sink_text(sink, name);
    if (first != NULL) {
        ep_sink_text(sink, "{");
        ep_sink_text(sink, first);
        ep_sink_text(sink, "=\"");
        ep_sink_escaped(sink, value, in_label);
        if (second != NULL) {
            ep_sink_text(sink, "\",");
            ep_sink_text(sink, second);
            ep_sink_text(sink, "=\"");
            ep_sink_escaped(sink, other, in_label);
        }
        ep_sink_text(sink, "\"}");
    }
    ep_sink_text(sink, " ");
    if (number < 0) {
        ep_sink_text(sink, "NaN");
    }
    else {
        ep_sink_number(sink, number);
    }
    ep_sink_text(sink, "\n");
}

/* @param host, code NULL: the sample has no such label */
static void put_number(const ep_sink *sink, const char *name,
                       const char *host, const char *code, int64_t number)
{
    put_sample(sink, name, host != NULL ? "host" : NULL, host,
               code != NULL ? "error" : NULL, code, number);
}

/* Writes a sample for each code.  One that begins with 0 lets rate() see the first
 * refusal. */
static void put_codes(const ep_report *report, const ep_sink *sink,
                      const char *name, ep_outcome outcome, const char *help)
{
    size_t i;
    int code;

    put_head(sink, name, NULL, help);
    for (i = 0; i < report->hosts_count; i++) {
        const ep_report_host *host = &report->hosts[i];

        for (code = 0; code < EP_CODES
                       && (report->has_all_codes || !ep_tally_is_empty(&host->tally));
             code++) {
            put_number(sink, name, host->name, ep_tally_code((ep_code)code),
                       host->tally.ended[outcome][code]);
        }
    }
}

static int64_t admitted(const ep_tally *tally)
{
    return tally->admitted;
}

static int64_t declared(const ep_tally *tally)
{
    return tally->declared;
}

static int64_t drained(const ep_tally *tally)
{
    return tally->drained;
}

static void put_hosts(const ep_report *report, const ep_sink *sink,
                      const char *name, int64_t (*of)(const ep_tally *),
                      const char *help)
{
    size_t i;

    put_head(sink, name, NULL, help);
    for (i = 0; i < report->hosts_count; i++) {
        put_number(sink, name, report->hosts[i].name, NULL,
                   of(&report->hosts[i].tally));
    }
}

static void put_gauge(const ep_sink *sink, const char *name, int64_t number,
                      const char *help)
{
    put_head(sink, name, "gauge", help);
    put_number(sink, name, NULL, NULL, number);
}

static int64_t used(const ep_report_tree *tree)
{
    return tree->used;
}

static int64_t held(const ep_report_tree *tree)
{
    return tree->held;
}

static int64_t limit(const ep_report_tree *tree)
{
    return tree->limit;
}

static int64_t age(const ep_report_tree *tree)
{
    return tree->age;
}

static int64_t known(const ep_report_tree *tree)
{
    return tree->is_known;
}

static int64_t due(const ep_report_tree *tree)
{
    return tree->is_due;
}

static void put_trees(const ep_trees *trees, const ep_sink *sink,
                      const char *name,
                      int64_t (*of)(const ep_report_tree *),
                      const char *help)
{
    size_t i;

    put_head(sink, name, "gauge", help);
    for (i = 0; i < trees->count; i++) {
        const ep_report_tree *tree = trees->tree[i];

        put_sample(sink, name, "path", tree->path, "source",
                   tree->is_file ? "file" : "walk", of(tree));
    }
}

static void put_ledger(const ep_report_ledger *ledger, const ep_sink *sink)
{
    const ep_trees *trees = &ledger->fullest;

    put_gauge(sink, "expect_policy_ledger_claims", ledger->claims,
              "Uploads under way that hold something in the ledger.");
    put_gauge(sink, "expect_policy_ledger_accounts", ledger->accounts,
              "Accounts in use in the ledger.");
    put_gauge(sink, "expect_policy_ledger_trees", ledger->trees,
              "Directory trees with a quota in the ledger.");
    put_gauge(sink, "expect_policy_trees_left_out", trees->left_out,
              "Trees without samples of their own, as others are fuller.");
    put_trees(trees, sink, "expect_policy_tree_used_bytes", used,
              "Bytes that are used in a tree with a quota.");
    put_trees(trees, sink, "expect_policy_tree_held_bytes", held,
              "Bytes that uploads under way hold in it.");
    put_trees(trees, sink, "expect_policy_tree_limit_bytes", limit,
              "Its quota.");
    put_trees(trees, sink, "expect_policy_tree_known", known,
              "1: the usage of the tree is known.");
    put_trees(trees, sink, "expect_policy_tree_due", due,
              "1: an upload has asked for it since it was measured.");
    put_trees(trees, sink, "expect_policy_tree_measurement_age_seconds", age,
              "How long ago it was measured.");
}

static int64_t space_free(const ep_report_space *space)
{
    return space->free;
}

static int64_t space_size(const ep_report_space *space)
{
    return space->size;
}

static int64_t space_age(const ep_report_space *space)
{
    return space->age;
}

static void put_spaces(const ep_report *report, const ep_sink *sink,
                       const char *name,
                       int64_t (*of)(const ep_report_space *),
                       const char *help)
{
    size_t i;

    put_head(sink, name, "gauge", help);
    for (i = 0; i < report->spaces_count; i++) {
        put_sample(sink, name, "path", report->spaces[i].path, NULL, NULL,
                   of(&report->spaces[i]));
    }
}

static void put_failures(const ep_report *report, const ep_sink *sink)
{
    static const char name[] = "expect_policy_ledger_failures_total";
    int why;

    put_head(sink, name, NULL, "Calls that the ledger could not answer, so that"
                               " ExpectPolicyLedgerFailure decided.");
    for (why = 0; why < EP_FAILURES; why++) {
        put_sample(sink, name, "cause", ep_tally_failure((ep_tally_cause)why), NULL,
                   NULL, report->failures[why]);
    }
}

/* Buckets are cumulative: each has those of the steps before. */
static void put_calls(const ep_report_shared *shared, const ep_sink *sink)
{
    static const char name[] = "expect_policy_shared_call_seconds";
    int64_t count = 0;
    size_t i;

    put_head(sink, name, "histogram", "Calls to what servers share, by what they"
                                      " took.");
    for (i = 0; i < shared->steps_count; i++) {
        count = ep_amount_plus(count, shared->steps[i].count);
        ep_sink_text(sink, name);
        ep_sink_text(sink, "_bucket{le=\"");
        if (i + 1 < shared->steps_count) {
            ep_sink_decimal(sink, shared->steps[i].limit, 6);
        }
        else {
            ep_sink_text(sink, "+Inf");
        }
        ep_sink_text(sink, "\"} ");
        ep_sink_number(sink, count);
        ep_sink_text(sink, "\n");
    }
    ep_sink_text(sink, name);
    ep_sink_text(sink, "_sum ");
    ep_sink_decimal(sink, shared->took, 6);
    ep_sink_text(sink, "\n");
    put_number(sink, "expect_policy_shared_call_seconds_count", NULL, NULL, count);
}

static void put_causes(const ep_report_shared *shared, const ep_sink *sink)
{
    static const char name[] = "expect_policy_shared_failures_total";
    size_t i;

    put_head(sink, name, NULL, "Calls to what servers share that failed, and those"
                               " that the open breaker kept back.");
    for (i = 0; i < shared->causes_count; i++) {
        put_sample(sink, name, "cause", shared->causes[i].word, NULL, NULL,
                   shared->causes[i].count);
    }
}

static void put_counter(const ep_sink *sink, const char *name, int64_t number,
                        const char *help)
{
    put_head(sink, name, NULL, help);
    put_number(sink, name, NULL, NULL, number);
}

static void put_shared(const ep_report_shared *shared, const ep_sink *sink)
{
    put_gauge(sink, "expect_policy_shared_breaker_open", shared->is_open,
              "1: what servers share does not answer, and no upload calls it.");
    put_counter(sink, "expect_policy_shared_breaker_opened_total", shared->opened,
                "How often that began.");
    put_calls(shared, sink);
    put_causes(shared, sink);
    put_gauge(sink, "expect_policy_shared_claims", shared->claims,
              "Uploads under way at this server that hold something there.");
    put_gauge(sink, "expect_policy_shared_untold", shared->untold,
              "Uploads that have ended, which is not told there yet.");
    put_counter(sink, "expect_policy_shared_asserted_total", shared->asserted,
                "Uploads that were told there once more after it had lost them.");
    put_gauge(sink, "expect_policy_shared_claims_everywhere",
              shared->everywhere_age < 0 ? -1 : shared->claims_everywhere,
              "Uploads under way at all servers that share the ledger.");
    put_gauge(sink, "expect_policy_shared_servers",
              shared->everywhere_age < 0 ? -1 : shared->servers,
              "Servers that share the ledger and are alive.");
    put_gauge(sink, "expect_policy_shared_everywhere_age_seconds",
              shared->everywhere_age, "How long ago these two were read.");
    put_gauge(sink, "expect_policy_shared_lease_seconds", shared->lease,
              "For how long this server counts there without a renewal.");
    put_gauge(sink, "expect_policy_shared_lease_age_seconds", shared->lease_age,
              "How long ago the lease was renewed.");
}

static void put_server(const ep_report *report, const ep_sink *sink)
{
    put_failures(report, sink);
    put_spaces(report, sink, "expect_policy_filesystem_free_bytes", space_free,
               "Bytes that are free for httpd where uploads may be stored.");
    put_spaces(report, sink, "expect_policy_filesystem_size_bytes", space_size,
               "Bytes of that file system in all.");
    put_spaces(report, sink, "expect_policy_filesystem_age_seconds", space_age,
               "How long ago it answered.");
    put_gauge(sink, "expect_policy_filesystems_left_out",
              report->spaces_left_out,
              "Directories of the configuration that were not looked at.");
}

/* By the custom of Prometheus, a gauge of 1 whose label is what it tells. */
static void put_version(const ep_sink *sink)
{
    put_head(sink, "expect_policy_build_info", "gauge",
             "The version of mod_expect_policy.");
    put_sample(sink, "expect_policy_build_info", "version", EP_VERSION, NULL,
               NULL, 1);
}

void ep_metrics(const ep_report *report, const ep_sink *sink)
{
    put_hosts(report, sink, "expect_policy_admitted_total", admitted,
              "Uploads that were let in.");
    put_codes(report, sink, "expect_policy_refused_total", EP_OUTCOME_REFUSED,
              "Uploads that were refused on their head.");
    put_codes(report, sink, "expect_policy_would_refuse_total",
              EP_OUTCOME_WOULD_REFUSE,
              "Uploads that a dry run let in and On would have refused or"
              " cut.");
    put_codes(report, sink, "expect_policy_cut_total", EP_OUTCOME_CUT,
              "Uploads that were let in and cut on their way.");
    put_hosts(report, sink, "expect_policy_refused_bytes_total", declared,
              "Bytes of content that refused uploads had announced.");
    put_hosts(report, sink, "expect_policy_drained_bytes_total", drained,
              "Bytes that refused clients sent all the same, and that were"
              " thrown away.");
    put_gauge(sink, "expect_policy_start_time_seconds", report->since,
              "When counting began, in seconds since 1970.");
    if (report->is_whole) {
        put_version(sink);
    }
    if (report->failures != NULL) {
        put_server(report, sink);
    }
    if (report->ledger != NULL) {
        put_ledger(report->ledger, sink);
    }
    if (report->shared != NULL) {
        put_shared(report->shared, sink);
    }
    ep_sink_text(sink, "# EOF\n");
}
