/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/handler.h"

#include "apr_strings.h"
#include "ap_expr.h"
#include "http_core.h"
#include "http_log.h"
#include "http_protocol.h"
#include "http_request.h"
#include "mod_status.h"

#include "core/book/amount.h"
#include "core/status/metrics.h"
#include "core/status/status_page.h"
#include "ledger/ledger.h"
#include "ledger/measure.h"
#include "ledger/space.h"
#include "request/counters.h"
#include "request/facts.h"
#include "request/query.h"

APLOG_USE_MODULE(expect_policy);

#define HANDLER "expect-policy-status"
/* Of more hosts, those that have counted nothing have no lines by code: of 4096 hosts
 * these would be 200 000. */
#define HOSTS_WITH_ALL_CODES 100

/* SetHandler directives of the server's own files that may name the handler;
 * read-only once these are read. */
static apr_array_header_t *named;

/* Set while hooks are registered. */
static const ep_handler_explainer *explainer;

void ep_handler_explain_by(const ep_handler_explainer *by)
{
    explainer = by;
}

/* @return the next directive of a tree, children before siblings */
static const ap_directive_t *next_of(const ap_directive_t *directive)
{
    if (directive->first_child != NULL) {
        return directive->first_child;
    }
    while (directive != NULL && directive->next == NULL) {
        directive = directive->parent;
    }
    return directive != NULL ? directive->next : NULL;
}

/*
 * An owner may be allowed SetHandler in .htaccess files, and has other ways to
 * choose a handler, too.  Only the administrator decides who sees the counts.
 */
static int is_named_by_server(const request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    int i;

    for (i = 0; core->expr_handler != NULL && i < named->nelts; i++) {
        const ap_directive_t *by = APR_ARRAY_IDX(named, i, ap_directive_t *);

        /* the same text in memory: no other file can have that */
        if (core->expr_handler->filename == by->filename
            && core->expr_handler->line_number == (unsigned int)by->line_num) {
            return 1;
        }
    }
    return 0;
}

/* How many calls of next_tree() find no tree, before the ledger is left alone. */
#define LOOKS_MOST 100000

/* @param span microseconds; -1: never */
static int64_t seconds_of(apr_int64_t span)
{
    return span >= 0 ? span / APR_USEC_PER_SEC : -1;
}

static void set_tree(const ep_ledger_tree *from, ep_report_tree *tree)
{
    const apr_int64_t planned = ep_measure_limit_of(from->path);

    tree->used = from->used;
    tree->held = from->held;
    /* the server's files may have changed since the last upload */
    tree->limit = planned >= 0 ? planned : from->limit;
    tree->age = seconds_of(from->since_measured);
    tree->is_known = from->is_known;
    tree->is_due = !from->is_offered
                   && (from->since_measured < 0
                       || from->since_asked < from->since_measured);
    tree->is_file = from->is_file;
    apr_cpystrn(tree->raw, from->path, sizeof(tree->raw));
}

/* Finds the fullest trees.  Each call of the ledger takes its lock for a moment. */
static void find_fullest(apr_pool_t *pool, ep_trees *trees)
{
    const ep_ledger_provider *ledger = ep_ledger_find_measured();
    ep_report_tree *next = NULL;
    ep_ledger_tree found;
    apr_uint32_t place = 0;
    apr_status_t rv = ledger != NULL ? APR_SUCCESS : APR_EOF;
    int looks;
    size_t i;

    for (looks = 0; looks < LOOKS_MOST
                    && (rv == APR_SUCCESS || rv == APR_NOTFOUND); looks++) {
        rv = ledger->next_tree(&place, &found);
        if (rv == APR_SUCCESS) {
            next = next != NULL ? next : apr_palloc(pool, sizeof(*next));
            set_tree(&found, next);
            next = ep_trees_add(trees, next);
            place++;
        }
    }
    for (i = 0; i < trees->count; i++) {
        trees->tree[i]->path = ap_escape_logitem(pool, trees->tree[i]->raw);
    }
}

/* @return the ledger; NULL: there is none, or no answer now */
static const ep_report_ledger *look_at_ledger(apr_pool_t *pool)
{
    ep_report_ledger *ledger;
    ep_ledger_counts counts;

    if (ep_ledger_count_entries(&counts) != APR_SUCCESS) {
        return NULL;
    }
    ledger = apr_pcalloc(pool, sizeof(*ledger));
    ledger->claims = counts.claims;
    ledger->accounts = counts.accounts;
    ledger->trees = counts.trees;
    find_fullest(pool, &ledger->fullest);
    return ledger;
}

/* The numbers of others may be anything. */
static int64_t count_of(apr_uint64_t number)
{
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static void set_calls(const ep_ledger_shared *from, apr_pool_t *pool,
                      ep_report_shared *shared)
{
    ep_report_step *steps = apr_palloc(pool, sizeof(*steps) * EP_LEDGER_STEPS_MAX);
    ep_report_cause *causes = apr_palloc(pool, sizeof(*causes)
                                                   * EP_LEDGER_CAUSES_MAX);
    int i;

    for (i = 0; i < from->steps_count && i < EP_LEDGER_STEPS_MAX; i++) {
        steps[i].limit = from->steps[i].limit;
        steps[i].count = count_of(from->steps[i].count);
        shared->steps_count++;
    }
    for (i = 0; i < from->causes_count && i < EP_LEDGER_CAUSES_MAX; i++) {
        causes[i].word = from->causes[i].word;
        causes[i].count = count_of(from->causes[i].count);
        shared->causes_count++;
    }
    shared->steps = steps;
    shared->causes = causes;
}

/* @return what the ledger shares with other servers; NULL: nothing */
static const ep_report_shared *look_at_shared(apr_pool_t *pool)
{
    ep_report_shared *shared;
    ep_ledger_shared from;

    if (ep_ledger_read_shared(&from) != APR_SUCCESS) {
        return NULL;
    }
    shared = apr_pcalloc(pool, sizeof(*shared));
    set_calls(&from, pool, shared);
    shared->where = ap_escape_logitem(pool, from.where);
    shared->is_open = from.is_open != 0;
    shared->opened = count_of(from.opened);
    shared->took = count_of(from.took);
    shared->claims = from.claims;
    shared->untold = from.untold;
    shared->asserted = count_of(from.asserted);
    shared->claims_everywhere = ep_amount_of(from.claims_everywhere);
    shared->servers = ep_amount_of(from.servers);
    shared->everywhere_age = seconds_of(from.since_everywhere);
    shared->lease = ep_amount_of(from.lease) / APR_USEC_PER_SEC;
    shared->lease_age = seconds_of(from.since_renewed);
    return shared;
}

/* What is of no virtual host. */
static void gather_server(apr_pool_t *pool, ep_report *report)
{
    int64_t *failures = apr_palloc(pool, EP_FAILURES * sizeof(*failures));
    ep_report_space *spaces = apr_palloc(pool, EP_SPACE_MAX * sizeof(*spaces));
    int left_out, i;

    for (i = 0; i < EP_FAILURES; i++) {
        failures[i] = ep_counters_failures((ep_tally_cause)i);
    }
    report->failures = failures;
    report->spaces = spaces;
    report->spaces_count = (size_t)ep_space_read(pool, spaces, &left_out);
    report->spaces_left_out = left_out;
    report->ledger = look_at_ledger(pool);
    report->shared = look_at_shared(pool);
}

static const char *time_text(apr_pool_t *pool, apr_time_t seconds)
{
    apr_time_exp_t when;

    apr_time_exp_gmt(&when, apr_time_from_sec(seconds));
    return apr_psprintf(pool, "%d-%02d-%02d %02d:%02d UTC",
                        when.tm_year + 1900, when.tm_mon + 1, when.tm_mday,
                        when.tm_hour, when.tm_min);
}

/*
 * Collects the counts: of all virtual hosts if the main server is asked, which
 * belongs to no owner; otherwise of the virtual host that was asked.
 * @return 1; 0 if the virtual host is counted together with others
 */
static int gather(const request_rec *r, ep_report *report)
{
    const size_t first = r->server->is_virtual ? ep_counters_place(r->server)
                                               : EP_COUNTERS_OTHERS;
    const size_t end = r->server->is_virtual ? first + 1
                                             : ep_counters_places();
    ep_report_host *hosts = apr_pcalloc(r->pool,
                                        (end - first) * sizeof(*hosts));
    size_t i;

    if (r->server->is_virtual && first == EP_COUNTERS_OTHERS) {
        return 0;
    }
    memset(report, 0, sizeof(*report));
    report->is_whole = !r->server->is_virtual;
    report->hosts = hosts;
    for (i = first; i < end; i++) {
        ep_report_host *host = &hosts[report->hosts_count];

        host->name = ep_counters_read(i, &host->tally);
        if (i != EP_COUNTERS_OTHERS || !ep_tally_is_empty(&host->tally)) {
            ep_tally_add(&report->total, &host->tally);
            report->hosts_count++;
        }
    }
    report->has_all_codes = report->hosts_count <= HOSTS_WITH_ALL_CODES;
    report->now = apr_time_sec(apr_time_now());
    report->since = ep_counters_since();
    /* a child may have written any number there; an apr_time_t ends at 2^63
     * microseconds */
    if (report->since > report->now) {
        report->since = report->now;
    }
    report->now_text = time_text(r->pool, report->now);
    report->since_text = time_text(r->pool, report->since);
    if (report->is_whole) {
        gather_server(r->pool, report);
    }
    return 1;
}

static void take(void *data, const char *bytes, size_t length)
{
    ap_rwrite(bytes, (int)length, data);
}

/*
 * 1 if a proxy has sent a request for somebody who did not authenticate.  An owner's
 * RewriteRule with the flag P makes this server its own client, from this machine's
 * address, which `Require local` admits.
 */
static int is_anonymous_by_proxy(const request_rec *r)
{
    return r->user == NULL && ep_facts_is_forwarded(r);
}

/* The fields of every answer. */
static void set_fields(request_rec *r)
{
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
}

void ep_handler_set_page_fields(request_rec *r, const char *security)
{
    ap_set_content_type(r, "text/html; charset=utf-8");
    apr_table_setn(r->headers_out, "Content-Security-Policy", security);
    apr_table_setn(r->headers_out, "Referrer-Policy", "no-referrer");
}

/*
 * An explanation has lines of all files, and judges in any virtual host.  So it is told
 * where the page tells of all hosts: the main server belongs to no owner.  And it is the
 * client's own request: no owner's include or redirect leads an administrator there.
 */
static int explain(request_rec *r, const ep_sink *sink)
{
    if (r->server->is_virtual || r->main != NULL || r->prev != NULL
        || is_anonymous_by_proxy(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "%s: uploads are explained only by the page of the main"
                      " server, asked directly, or through a proxy by a user",
                      HANDLER);
        return HTTP_FORBIDDEN;
    }
    set_fields(r);
    return explainer->answer(r, sink);
}

static int answer(request_rec *r)
{
    const ep_sink sink = { take, r };
    ep_report report;
    const char *format;

    if (strcmp(r->handler, HANDLER) != 0) {
        return DECLINED;
    }
    if (!is_named_by_server(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "%s works only with SetHandler in the server's files",
                      HANDLER);
        return HTTP_FORBIDDEN;
    }
    if (r->method_number != M_GET) {
        ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    if (ep_query_value(r, "explain", "") != NULL) {
        return explain(r, &sink);
    }
    format = ep_query_value(r, "format", NULL);
    if (!gather(r, &report)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "%s: this virtual host has no counters of its own; the"
                      " page of the main server shows it together with others",
                      HANDLER);
        return HTTP_SERVICE_UNAVAILABLE;
    }
    set_fields(r);
    if (format == NULL || strcmp(format, "html") == 0) {
        ep_handler_set_page_fields(r, EP_PAGE_SECURITY);
        ep_status_page(&report, &sink);
    }
    else if (strcmp(format, "json") == 0) {
        ap_set_content_type(r, "application/json");
        if (!ep_status_json(&report, &sink)) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    else if (strcmp(format, "openmetrics") == 0) {
        ap_set_content_type(r, "application/openmetrics-text; version=1.0.0;"
                               " charset=utf-8");
        ep_metrics(&report, &sink);
    }
    else {
        return HTTP_BAD_REQUEST;
    }
    return OK;
}

static int add_section(request_rec *r, int flags)
{
    const ep_sink sink = { take, r };
    ep_report report;

    if (!gather(r, &report)) {
        return DECLINED;
    }
    if (flags & AP_STATUS_SHORT) {
        ep_status_page_auto(&report, &sink);
    }
    else {
        ep_status_page_section(&report, !(flags & AP_STATUS_NOTABLE), &sink);
    }
    return OK;
}

void ep_handler_register(void)
{
    APR_OPTIONAL_HOOK(ap, status_hook, add_section, NULL, NULL,
                      APR_HOOK_MIDDLE);
}

void ep_handler_look(apr_pool_t *pconf)
{
    const ap_directive_t *directive;

    named = apr_array_make(pconf, 1, sizeof(ap_directive_t *));
    for (directive = ap_conftree; directive != NULL;
         directive = next_of(directive)) {
        if (ap_cstr_casecmp(directive->directive, "SetHandler") == 0
            && ap_strcasestr(directive->args, HANDLER) != NULL) {
            APR_ARRAY_PUSH(named, const ap_directive_t *) = directive;
        }
    }
    if (named->nelts > 0) {
        explainer->begin();
        ap_hook_handler(answer, NULL, NULL, APR_HOOK_MIDDLE);
    }
}
