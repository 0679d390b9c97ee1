/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/metrics.h"

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

/* @param host, code NULL: the sample has no such label */
static void put_number(const ep_sink *sink, const char *name,
                       const char *host, const char *code, int64_t number)
{
    ep_sink_text(sink, name);
    if (host != NULL) {
        ep_sink_text(sink, "{host=\"");
        ep_sink_escaped(sink, host, in_label);
        if (code != NULL) {
            ep_sink_text(sink, "\",error=\"");
            ep_sink_escaped(sink, code, in_label);
        }
        ep_sink_text(sink, "\"}");
    }
    ep_sink_text(sink, " ");
    ep_sink_number(sink, number);
    ep_sink_text(sink, "\n");
}

/* Writes one sample for each code with a count above 0. */
static void put_codes(const ep_report *report, const ep_sink *sink,
                      const char *name, ep_outcome outcome, const char *help)
{
    size_t i;
    int code;

    put_head(sink, name, NULL, help);
    for (i = 0; i < report->hosts_count; i++) {
        const ep_report_host *host = &report->hosts[i];

        for (code = 0; code < EP_CODES; code++) {
            if (host->tally.ended[outcome][code] > 0) {
                put_number(sink, name, host->name,
                           ep_tally_code((ep_code)code),
                           host->tally.ended[outcome][code]);
            }
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
    if (report->ledger != NULL) {
        put_gauge(sink, "expect_policy_ledger_claims", report->ledger->claims,
                  "Uploads under way that hold something in the ledger.");
        put_gauge(sink, "expect_policy_ledger_accounts",
                  report->ledger->accounts, "Accounts in use in the ledger.");
        put_gauge(sink, "expect_policy_ledger_trees", report->ledger->trees,
                  "Directory trees with a quota in the ledger.");
    }
    ep_sink_text(sink, "# EOF\n");
}
