/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/report.h"

#include "apr_strings.h"
#include "http_log.h"

#include "request/counters.h"

APLOG_USE_MODULE(expect_policy);

/* The most bytes of the client's that a log line repeats. */
#define GOT_MAX 80

static const char *number_or_dash(apr_pool_t *pool, int64_t number)
{
    return number == EP_UNKNOWN ? "-" : apr_psprintf(pool, "%" APR_INT64_T_FMT,
                                                     (apr_int64_t)number);
}

/* What the client sent that a check did not like, cut.  The log escapes what
 * is not printable; a quote must not end it early. */
static const char *got(apr_pool_t *pool, const ep_request *state)
{
    const ep_facts *facts = &state->facts;
    const char *value;
    char *shown, *quote;

    switch (state->verdict.code) {
    case EP_UNSUPPORTED_EXPECTATION:
        value = facts->expect;
        break;
    case EP_METHOD_NOT_ALLOWED:
        value = facts->method;
        break;
    case EP_UNSUPPORTED_CONTENT_TYPE:
        value = facts->content_type;
        break;
    case EP_UNSUPPORTED_CONTENT_ENCODING:
        value = facts->content_encoding;
        break;
    default:
        value = NULL;
        break;
    }
    if (value == NULL) {
        return "";
    }
    shown = apr_pstrndup(pool, value, GOT_MAX);
    while ((quote = strchr(shown, '"')) != NULL) {
        *quote = '\'';
    }
    return apr_psprintf(pool, " got=\"%s\"", shown);
}

void ep_report_line(request_rec *r, const ep_request *state, const char *done)
{
    const ep_verdict *verdict = &state->verdict;
    const ep_setting *by = verdict->by[verdict->code];

    if (!ep_logs(r)) {
        return;
    }
    /* what is built in acts through the line that switched the policy on */
    if (by->file == NULL) {
        by = state->policy.mode_by;
    }
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                  "%s: error=%s status=%d limit=%s requested=%s by %s:%u%s",
                  done, ep_verdict_error(verdict, verdict->code),
                  verdict->status, number_or_dash(r->pool, verdict->limit),
                  number_or_dash(r->pool, verdict->requested), by->file,
                  by->line, got(r->pool, state));
}

static void set_number(request_rec *r, const char *name, int64_t number)
{
    if (number != EP_UNKNOWN) {
        apr_table_setn(r->subprocess_env, name,
                       number_or_dash(r->pool, number));
    }
}

void ep_report_outcome(request_rec *r, ep_request *state, ep_outcome outcome)
{
    static const char *const words[EP_OUTCOMES] = {
        NULL, "admitted", "would-refuse", "refused", "cut"
    };
    const ep_verdict *verdict = &state->verdict;

    ep_counters_note(r, state, outcome);
    /* the access log looks at the last one of a chain of redirects, which may
     * be an ErrorDocument that never came to answer */
    while (r->next != NULL) {
        r = r->next;
    }
    apr_table_setn(r->subprocess_env, "EXPECT_POLICY_VERDICT",
                   words[outcome]);
    if (verdict->code != EP_ADMITTED) {
        apr_table_setn(r->subprocess_env, "EXPECT_POLICY_ERROR",
                       ep_verdict_error(verdict, verdict->code));
        set_number(r, "EXPECT_POLICY_LIMIT", verdict->limit);
        set_number(r, "EXPECT_POLICY_REQUESTED", verdict->requested);
    }
}

void ep_report_would_refuse(request_rec *r, ep_request *state)
{
    const ep_setting *by = state->verdict.by[state->verdict.code];

    ep_request_move(r, state, EP_STAGE_LETS_GO);
    ep_report_outcome(r, state, EP_OUTCOME_WOULD_REFUSE);
    /* a redirect within a place is no second refusal */
    if (by != state->reported) {
        ep_report_line(r, state, "would-refuse");
        state->reported = by;
    }
}
