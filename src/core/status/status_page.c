/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/status_page.h"

#include "core/book/amount.h"
#include "core/status/page_style.h"
#include "core/status/version.h"

/* The chart, in units of its own: one minute is so wide. */
#define MINUTE 10
#define HEIGHT 100

/* A change here changes the hash in EP_PAGE_SECURITY.  The colours of text have a
 * contrast of at least 4.5. */
static const char style[] =
    EP_PAGE_STYLE
    "h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}"
    "p,dl{margin:0}.faint{color:var(--faint);font-size:.875rem}"
    "dl{display:grid;gap:.5rem;margin-top:1rem;"
    "grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr))}"
    "dl div{background:var(--box);border:1px solid var(--line);"
    "border-radius:.5rem;padding:.5rem .75rem}"
    "dt{color:var(--faint);font-size:.875rem}"
    "dd{margin:0;font-size:1.25rem;overflow-wrap:anywhere;"
    "font-variant-numeric:tabular-nums}"
    "svg{display:block;width:100%;height:7rem;background:var(--box);"
    "border:1px solid var(--line);border-radius:.5rem;fill:var(--bad)}"
    ".ends{display:flex;justify-content:space-between}"
    ".wide{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%;font-size:.9375rem;"
    "font-variant-numeric:tabular-nums}"
    "th,td{padding:.4rem .3rem;border-bottom:1px solid var(--line);"
    "text-align:right;white-space:nowrap}"
    "th:first-child{text-align:left;font-weight:inherit;white-space:normal;"
    "overflow-wrap:anywhere;min-width:8rem}"
    "thead th,thead th:first-child{color:var(--faint);font-size:.8125rem;"
    "font-weight:600;white-space:normal;vertical-align:bottom}"
    "a{color:var(--link)}footer{margin-top:2rem}";

static void put_cell(const ep_sink *sink, int64_t number)
{
    ep_sink_text(sink, "<td>");
    ep_sink_number(sink, number);
    ep_sink_text(sink, "</td>");
}

static void put_box(const ep_sink *sink, const char *name, int64_t number)
{
    ep_sink_text(sink, "<div><dt>");
    ep_sink_text(sink, name);
    ep_sink_text(sink, "</dt><dd>");
    ep_sink_number(sink, number);
    ep_sink_text(sink, "</dd></div>");
}

static void put_bytes_box(const ep_sink *sink, const char *name,
                          int64_t bytes)
{
    ep_sink_text(sink, "<div><dt>");
    ep_sink_text(sink, name);
    ep_sink_text(sink, "</dt><dd>");
    ep_sink_bytes(sink, bytes);
    ep_sink_text(sink, "</dd></div>");
}

static void put_boxes(const ep_report *report, const ep_sink *sink)
{
    const ep_tally *total = &report->total;

    ep_sink_text(sink, "<dl>");
    put_box(sink, "Admitted", total->admitted);
    put_box(sink, "Refused", ep_tally_sum(total, EP_OUTCOME_REFUSED));
    put_box(sink, "Would be refused (dry run)",
            ep_tally_sum(total, EP_OUTCOME_WOULD_REFUSE));
    put_box(sink, "Stopped at a limit while sending", ep_tally_sum(total, EP_OUTCOME_CUT));
    put_bytes_box(sink, "Content that was refused", total->declared);
    put_bytes_box(sink, "Sent after a refusal", total->drained);
    if (report->ledger != NULL) {
        put_box(sink, "Uploads under way that limits count", report->ledger->claims);
        put_box(sink, "Counters of limits in use", report->ledger->accounts);
        put_box(sink, "Directories with a quota", report->ledger->trees);
    }
    ep_sink_text(sink, "</dl>\n");
}

/* Writes one bar of the chart; the largest number gets HEIGHT. */
static void put_bar(const ep_sink *sink, int minute, int64_t number,
                    int64_t most)
{
    /* a product of large numbers would overflow: divide first */
    const int64_t height = most > INT32_MAX ? number / (most / HEIGHT)
                           : number < most  ? number * HEIGHT / most
                                            : HEIGHT;
    const int64_t seen = height < 1 ? 1 : height > HEIGHT ? HEIGHT : height;

    ep_sink_text(sink, "<rect x=\"");
    ep_sink_number(sink, minute * MINUTE + 1);
    ep_sink_text(sink, "\" y=\"");
    ep_sink_number(sink, HEIGHT - seen);
    ep_sink_text(sink, "\" width=\"8\" height=\"");
    ep_sink_number(sink, seen);
    ep_sink_text(sink, "\"><title>");
    ep_sink_number(sink, number);
    ep_sink_text(sink, minute == EP_MINUTES - 1 ? " this minute" : ", ");
    if (minute < EP_MINUTES - 1) {
        ep_sink_number(sink, EP_MINUTES - 1 - minute);
        ep_sink_text(sink, " min ago");
    }
    ep_sink_text(sink, "</title></rect>");
}

static void put_chart(const ep_report *report, const ep_sink *sink)
{
    const int64_t *minutes = report->total.minutes;
    int64_t most = 0;
    int i;

    for (i = 0; i < EP_MINUTES; i++) {
        most = minutes[i] > most ? minutes[i] : most;
    }
    ep_sink_text(sink, "<h2>Refusals in the last hour</h2>\n"
                       "<svg viewBox=\"0 -4 600 104\""
                       " preserveAspectRatio=\"none\" role=\"img\""
                       " aria-labelledby=\"chart\">");
    for (i = 0; i < EP_MINUTES; i++) {
        if (minutes[i] > 0) {
            put_bar(sink, i, minutes[i], most);
        }
    }
    ep_sink_text(sink, "</svg>\n<p class=\"faint ends\"><span>60 minutes ago"
                       "</span><span>now</span></p>\n"
                       "<p class=\"faint\" id=\"chart\">");
    ep_sink_number(sink, ep_tally_hour(&report->total));
    ep_sink_text(sink, " in all, at most ");
    ep_sink_number(sink, most);
    ep_sink_text(sink, " in a minute.</p>\n");
}

static void put_codes(const ep_report *report, const ep_sink *sink)
{
    const ep_tally *total = &report->total;
    int code;

    ep_sink_text(sink, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">Code</th>"
                       "<th scope=\"col\">Refused</th>"
                       "<th scope=\"col\">Would be</th>"
                       "<th scope=\"col\">Cut</th></tr></thead><tbody>\n");
    for (code = 0; code < EP_CODES; code++) {
        const int64_t refused = total->ended[EP_OUTCOME_REFUSED][code];
        const int64_t would = total->ended[EP_OUTCOME_WOULD_REFUSE][code];
        const int64_t cut = total->ended[EP_OUTCOME_CUT][code];

        if (refused > 0 || would > 0 || cut > 0) {
            ep_sink_text(sink, "<tr><th scope=\"row\">");
            ep_sink_html(sink, ep_tally_code((ep_code)code));
            ep_sink_text(sink, "</th>");
            put_cell(sink, refused);
            put_cell(sink, would);
            put_cell(sink, cut);
            ep_sink_text(sink, "</tr>\n");
        }
    }
    ep_sink_text(sink, "</tbody></table></div>\n");
}

static void put_hosts(const ep_report *report, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "<h2>By virtual host</h2>\n"
                       "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">Host</th>"
                       "<th scope=\"col\">Admitted</th>"
                       "<th scope=\"col\">Refused</th>"
                       "<th scope=\"col\">Would be</th>"
                       "<th scope=\"col\">Cut</th>"
                       "<th scope=\"col\">Refused content</th></tr></thead><tbody>\n");
    for (i = 0; i < report->hosts_count; i++) {
        const ep_tally *tally = &report->hosts[i].tally;

        if (!ep_tally_is_empty(tally)) {
            ep_sink_text(sink, "<tr><th scope=\"row\">");
            ep_sink_html(sink, report->hosts[i].name);
            ep_sink_text(sink, "</th>");
            put_cell(sink, tally->admitted);
            put_cell(sink, ep_tally_sum(tally, EP_OUTCOME_REFUSED));
            put_cell(sink, ep_tally_sum(tally, EP_OUTCOME_WOULD_REFUSE));
            put_cell(sink, ep_tally_sum(tally, EP_OUTCOME_CUT));
            ep_sink_text(sink, "<td>");
            ep_sink_bytes(sink, tally->declared);
            ep_sink_text(sink, "</td></tr>\n");
        }
    }
    ep_sink_text(sink, "</tbody></table></div>\n");
}

static void put_units(const ep_sink *sink, int64_t number, const char *unit)
{
    ep_sink_number(sink, number);
    ep_sink_text(sink, unit);
}

static void put_span(const ep_sink *sink, int64_t seconds)
{
    if (seconds >= 2 * 86400) {
        put_units(sink, seconds / 86400, " d");
    }
    else if (seconds >= 2 * 3600) {
        put_units(sink, seconds / 3600, " h");
    }
    else if (seconds >= 2 * 60) {
        put_units(sink, seconds / 60, " min");
    }
    else {
        put_units(sink, seconds, " s");
    }
}

static void put_bytes_cell(const ep_sink *sink, int64_t bytes)
{
    ep_sink_text(sink, "<td>");
    ep_sink_bytes(sink, bytes);
    ep_sink_text(sink, "</td>");
}

/* @param permille 1000 is all of it */
static void put_share_cell(const ep_sink *sink, int64_t permille)
{
    ep_sink_text(sink, "<td>");
    ep_sink_number(sink, permille / 10);
    ep_sink_text(sink, " %</td>");
}

static void put_tree(const ep_report_tree *tree, const ep_sink *sink)
{
    ep_sink_text(sink, "<tr><th scope=\"row\">");
    ep_sink_html(sink, tree->path);
    ep_sink_text(sink, "</th>");
    put_bytes_cell(sink, tree->used);
    put_bytes_cell(sink, tree->held);
    put_bytes_cell(sink, tree->limit);
    put_share_cell(sink, ep_trees_share(tree));
    ep_sink_text(sink, "<td>");
    if (tree->age < 0) {
        ep_sink_text(sink, "never");
    }
    else {
        put_span(sink, tree->age);
    }
    if (!tree->is_known && tree->age >= 0) {
        ep_sink_text(sink, ", failed");
    }
    ep_sink_text(sink, "</td></tr>\n");
}

static void put_trees(const ep_trees *trees, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "<h2>Directories with a quota</h2>\n"
                       "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">Directory, the fullest first</th>"
                       "<th scope=\"col\">Used</th>"
                       "<th scope=\"col\">Held by uploads</th>"
                       "<th scope=\"col\">Limit</th>"
                       "<th scope=\"col\">Full</th>"
                       "<th scope=\"col\">Measured ago</th></tr></thead><tbody>\n");
    for (i = 0; i < trees->count; i++) {
        put_tree(trees->tree[i], sink);
    }
    ep_sink_text(sink, "</tbody></table></div>\n");
    if (trees->left_out > 0) {
        ep_sink_text(sink, "<p class=\"faint\">And ");
        ep_sink_number(sink, trees->left_out);
        ep_sink_text(sink, " more that are less full.</p>\n");
    }
}

static void put_spaces(const ep_report *report, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "<h2>File systems</h2>\n"
                       "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">With the directory</th>"
                       "<th scope=\"col\">Free</th>"
                       "<th scope=\"col\">Size</th>"
                       "<th scope=\"col\">Free</th>"
                       "<th scope=\"col\">Read ago</th></tr></thead><tbody>\n");
    for (i = 0; i < report->spaces_count; i++) {
        const ep_report_space *space = &report->spaces[i];

        ep_sink_text(sink, "<tr><th scope=\"row\">");
        ep_sink_html(sink, space->path);
        ep_sink_text(sink, "</th>");
        put_bytes_cell(sink, space->free);
        put_bytes_cell(sink, space->size);
        put_share_cell(sink, ep_amount_permille(space->free, space->size));
        ep_sink_text(sink, "<td>");
        put_span(sink, space->age);
        ep_sink_text(sink, "</td></tr>\n");
    }
    ep_sink_text(sink, "</tbody></table></div>\n");
}

static int64_t count_failures(const ep_report *report)
{
    int64_t all = 0;
    int why;

    for (why = 0; why < EP_FAILURES; why++) {
        all = ep_amount_plus(all, report->failures[why]);
    }
    return all;
}

static void put_failures(const ep_report *report, const ep_sink *sink)
{
    int why;

    ep_sink_text(sink, "<h2>Failures of the ledger</h2>\n"
                       "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">Cause</th>"
                       "<th scope=\"col\">Failures</th></tr></thead><tbody>\n");
    for (why = 0; why < EP_FAILURES; why++) {
        if (report->failures[why] > 0) {
            ep_sink_text(sink, "<tr><th scope=\"row\">");
            ep_sink_html(sink, ep_tally_failure((ep_tally_cause)why));
            ep_sink_text(sink, "</th>");
            put_cell(sink, report->failures[why]);
            ep_sink_text(sink, "</tr>\n");
        }
    }
    ep_sink_text(sink, "</tbody></table></div>\n");
}

static void put_age(const ep_sink *sink, int64_t age)
{
    if (age < 0) {
        ep_sink_text(sink, "never");
        return;
    }
    put_span(sink, age);
    ep_sink_text(sink, " ago");
}

static void put_row(const ep_sink *sink, const char *name, int64_t number)
{
    ep_sink_text(sink, "<tr><th scope=\"row\">");
    ep_sink_html(sink, name);
    ep_sink_text(sink, "</th>");
    put_cell(sink, number);
    ep_sink_text(sink, "</tr>\n");
}

static void put_state(const ep_report_shared *shared, const ep_sink *sink)
{
    ep_sink_text(sink, "<h2>What servers share</h2>\n<p class=\"faint\">");
    ep_sink_html(sink, shared->where);
    if (shared->is_open) {
        ep_sink_text(sink, " does not answer, and is asked once a second.");
    }
    else {
        ep_sink_text(sink, " is asked for each upload that limits count.");
    }
    ep_sink_text(sink, " The lease of ");
    put_span(sink, shared->lease);
    ep_sink_text(sink, " was renewed: ");
    put_age(sink, shared->lease_age);
    ep_sink_text(sink, ". Numbers of all servers were read: ");
    put_age(sink, shared->everywhere_age);
    ep_sink_text(sink, ".</p>\n");
}

static void put_claims(const ep_report_shared *shared, const ep_sink *sink)
{
    ep_sink_text(sink, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">Shared</th>"
                       "<th scope=\"col\">Count</th></tr></thead><tbody>\n");
    put_row(sink, "Uploads under way at this server", shared->claims);
    put_row(sink, "Uploads under way at all servers", shared->claims_everywhere);
    put_row(sink, "Servers", shared->servers);
    put_row(sink, "Ends of uploads that are not told yet", shared->untold);
    put_row(sink, "Uploads told once more after a loss", shared->asserted);
    put_row(sink, "Times that it ceased to answer", shared->opened);
    ep_sink_text(sink, "</tbody></table></div>\n");
}

static void put_calls(const ep_report_shared *shared, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">Calls that took</th>"
                       "<th scope=\"col\">Calls</th></tr></thead><tbody>\n");
    for (i = 0; i < shared->steps_count; i++) {
        ep_sink_text(sink, "<tr><th scope=\"row\">");
        if (i + 1 < shared->steps_count) {
            ep_sink_text(sink, "up to ");
            ep_sink_decimal(sink, shared->steps[i].limit, 3);
            ep_sink_text(sink, " ms");
        }
        else {
            ep_sink_text(sink, "more");
        }
        ep_sink_text(sink, "</th>");
        put_cell(sink, shared->steps[i].count);
        ep_sink_text(sink, "</tr>\n");
    }
    ep_sink_text(sink, "</tbody></table></div>\n");
}

static int64_t count_causes(const ep_report_shared *shared)
{
    int64_t all = 0;
    size_t i;

    for (i = 0; i < shared->causes_count; i++) {
        all = ep_amount_plus(all, shared->causes[i].count);
    }
    return all;
}

static void put_causes(const ep_report_shared *shared, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">Calls that failed</th>"
                       "<th scope=\"col\">Failures</th></tr></thead><tbody>\n");
    for (i = 0; i < shared->causes_count; i++) {
        if (shared->causes[i].count > 0) {
            put_row(sink, shared->causes[i].word, shared->causes[i].count);
        }
    }
    ep_sink_text(sink, "</tbody></table></div>\n");
}

static void put_shared(const ep_report_shared *shared, const ep_sink *sink)
{
    put_state(shared, sink);
    put_claims(shared, sink);
    put_calls(shared, sink);
    if (count_causes(shared) > 0) {
        put_causes(shared, sink);
    }
}

/* What is of no virtual host. */
static void put_server(const ep_report *report, const ep_sink *sink)
{
    if (report->ledger != NULL && report->ledger->fullest.count > 0) {
        put_trees(&report->ledger->fullest, sink);
    }
    if (report->failures != NULL && count_failures(report) > 0) {
        put_failures(report, sink);
    }
    if (report->shared != NULL) {
        put_shared(report->shared, sink);
    }
    if (report->spaces_count > 0) {
        put_spaces(report, sink);
    }
}

/* Says for which virtual hosts the numbers are. */
static void put_whose(const ep_report *report, const ep_sink *sink)
{
    if (report->is_whole || report->hosts_count == 0) {
        ep_sink_text(sink, "all virtual hosts");
    }
    else {
        ep_sink_html(sink, report->hosts[0].name);
    }
}

void ep_status_page(const ep_report *report, const ep_sink *sink)
{
    ep_sink_text(sink, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
                       "<meta charset=\"utf-8\">"
                       "<meta name=\"viewport\""
                       " content=\"width=device-width\">"
                       "<link rel=\"icon\" href=\"data:,\">"
                       "<title>Uploads: ");
    put_whose(report, sink);
    ep_sink_text(sink, "</title><style>");
    ep_sink_text(sink, style);
    ep_sink_text(sink, "</style></head><body>\n<h1>Uploads: ");
    put_whose(report, sink);
    ep_sink_text(sink, "</h1>\n<p class=\"faint\">At ");
    ep_sink_html(sink, report->now_text);
    ep_sink_text(sink, ", counted since ");
    ep_sink_html(sink, report->since_text);
    ep_sink_text(sink, "</p>\n");
    put_boxes(report, sink);
    put_chart(report, sink);
    ep_sink_text(sink, "<h2>By code</h2>\n");
    put_codes(report, sink);
    if (report->is_whole) {
        put_hosts(report, sink);
    }
    put_server(report, sink);
    ep_sink_text(sink, "<footer class=\"faint\">");
    if (report->is_whole) {
        ep_sink_text(sink, "mod_expect_policy " EP_VERSION ". ");
    }
    ep_sink_text(sink, "The same as"
                       " <a href=\"?format=json\">JSON</a> and"
                       " <a href=\"?format=openmetrics\">OpenMetrics</a>.");
    if (report->is_whole) {
        ep_sink_text(sink, " <a href=\"?explain\">What would become of an"
                           " upload?</a>");
    }
    ep_sink_text(sink, "</footer>\n</body></html>\n");
}

void ep_status_page_section(const ep_report *report, int has_table,
                            const ep_sink *sink)
{
    const ep_tally *total = &report->total;

    ep_sink_text(sink, "<hr />\n<h2>mod_expect_policy: uploads, ");
    put_whose(report, sink);
    ep_sink_text(sink, "</h2>\n<dl>\n<dt>admitted ");
    ep_sink_number(sink, total->admitted);
    ep_sink_text(sink, ", refused ");
    ep_sink_number(sink, ep_tally_sum(total, EP_OUTCOME_REFUSED));
    ep_sink_text(sink, ", would be refused ");
    ep_sink_number(sink, ep_tally_sum(total, EP_OUTCOME_WOULD_REFUSE));
    ep_sink_text(sink, ", cut on the way ");
    ep_sink_number(sink, ep_tally_sum(total, EP_OUTCOME_CUT));
    ep_sink_text(sink, "</dt>\n<dt>refused content ");
    ep_sink_bytes(sink, total->declared);
    ep_sink_text(sink, ", sent after a refusal ");
    ep_sink_bytes(sink, total->drained);
    ep_sink_text(sink, "</dt>\n");
    if (report->failures != NULL) {
        ep_sink_text(sink, "<dt>failures of the ledger ");
        ep_sink_number(sink, count_failures(report));
        ep_sink_text(sink, "</dt>\n");
    }
    if (report->shared != NULL) {
        ep_sink_text(sink, "<dt>what servers share ");
        if (report->shared->is_open) {
            ep_sink_text(sink, "does not answer");
        }
        else {
            ep_sink_text(sink, "answers");
        }
        ep_sink_text(sink, "; calls that failed ");
        ep_sink_number(sink, count_causes(report->shared));
        ep_sink_text(sink, "</dt>\n");
    }
    ep_sink_text(sink, "</dl>\n");
    if (has_table) {
        put_codes(report, sink);
        put_server(report, sink);
    }
}

static void put_line(const ep_sink *sink, const char *name, int64_t number)
{
    ep_sink_text(sink, "Uploads");
    ep_sink_text(sink, name);
    ep_sink_text(sink, ": ");
    ep_sink_number(sink, number);
    ep_sink_text(sink, "\n");
}

/* An age that is not known has no line. */
static void put_shared_lines(const ep_report_shared *shared, const ep_sink *sink)
{
    put_line(sink, "SharedBreakerOpen", shared->is_open);
    put_line(sink, "SharedFailures", count_causes(shared));
    put_line(sink, "SharedClaims", shared->claims);
    if (shared->everywhere_age >= 0) {
        put_line(sink, "SharedClaimsEverywhere", shared->claims_everywhere);
        put_line(sink, "SharedEverywhereAge", shared->everywhere_age);
    }
    put_line(sink, "SharedAsserted", shared->asserted);
    if (shared->lease_age >= 0) {
        put_line(sink, "SharedLeaseAge", shared->lease_age);
    }
}

void ep_status_page_auto(const ep_report *report, const ep_sink *sink)
{
    const ep_tally *total = &report->total;

    put_line(sink, "Admitted", total->admitted);
    put_line(sink, "Refused", ep_tally_sum(total, EP_OUTCOME_REFUSED));
    put_line(sink, "WouldRefuse",
             ep_tally_sum(total, EP_OUTCOME_WOULD_REFUSE));
    put_line(sink, "Cut", ep_tally_sum(total, EP_OUTCOME_CUT));
    put_line(sink, "RefusedBytes", total->declared);
    put_line(sink, "DrainedBytes", total->drained);
    if (report->failures != NULL) {
        put_line(sink, "LedgerFailures", count_failures(report));
    }
    if (report->ledger != NULL) {
        put_line(sink, "LedgerTrees", report->ledger->trees);
        put_line(sink, "LedgerFullestPercent",
                 report->ledger->fullest.count > 0
                     ? ep_trees_share(report->ledger->fullest.tree[0]) / 10
                     : 0);
    }
    if (report->shared != NULL) {
        put_shared_lines(report->shared, sink);
    }
}
