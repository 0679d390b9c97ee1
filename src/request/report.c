/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/report.h"

#include "apr_strings.h"
#include "http_log.h"

#include "core/answer/document.h"
#include "request/counters.h"
#include "request/explained.h"
#include "request/judgement.h"

APLOG_USE_MODULE(expect_policy);

/* The most bytes of the client's that a log line repeats: of a field, and of the host
 * and the path. */
#define GOT_MAX 80
#define WHERE_MAX 200
/* The most bytes of an id, each of which may become three; core's has 11,
 * mod_unique_id's 27 at most. */
#define ID_MAX (EP_ID_MAX / 3)

static const char *number_or_dash(apr_pool_t *pool, int64_t number)
{
    return number == EP_UNKNOWN ? "-" : apr_psprintf(pool, "%" APR_INT64_T_FMT,
                                                     (apr_int64_t)number);
}

/* The field value that a check refused, cut.  The error log escapes unprintable
 * characters; a quote must not end the value early. */
static const char *got(apr_pool_t *pool, const ep_judgement *judgement)
{
    const ep_facts *facts = judgement->facts;
    const char *value;
    char *shown, *quote;

    switch (judgement->verdict.code) {
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

/* What others chose, without blanks, quotes, brackets and what is not US-ASCII, so
 * that it cannot look like another part of a line, or another line; cut. */
static const char *encode(apr_pool_t *pool, const char *text, apr_size_t length,
                          apr_size_t most)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded, *end;
    apr_size_t i;

    if (length > most) {
        length = most;
    }
    encoded = end = apr_palloc(pool, 3 * length + 1);
    for (i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];

        if (c > ' ' && c < 0x7f && strchr("\"[]\\", c) == NULL) {
            *end++ = (char)c;
        }
        else {
            *end++ = '%';
            *end++ = digits[c >> 4];
            *end++ = digits[c & 15];
        }
    }
    *end = '\0';
    return encoded;
}

/* The host and the path that the client asked for.  A query may hold a password. */
static const char *where(request_rec *r)
{
    const request_rec *first = ep_request_initial(r);
    const char *uri = first->unparsed_uri != NULL ? first->unparsed_uri : "-";

    return apr_pstrcat(r->pool, "host=",
                       r->hostname != NULL
                           ? encode(r->pool, r->hostname, strlen(r->hostname),
                                    WHERE_MAX)
                           : "-",
                       " uri=", encode(r->pool, uri, strcspn(uri, "?"), WHERE_MAX),
                       NULL);
}

/* httpd makes the id when it first writes it to a log; here it is made earlier. */
const char *ep_report_id(request_rec *r)
{
    request_rec *first = ep_request_initial(r);

    if (first->log_id == NULL) {
        ap_run_generate_log_id(first->connection, first, &first->log_id);
    }
    r->log_id = first->log_id;
    return r->log_id != NULL
               ? encode(r->pool, r->log_id, strlen(r->log_id), ID_MAX)
               : "-";
}

/* @param word the first one of the line */
static void log_line(request_rec *r, const ep_judgement *judgement, const char *word)
{
    const ep_verdict *verdict = &judgement->verdict;
    const ep_setting *by = verdict->by[verdict->code];

    if (!ep_logs(r)) {
        return;
    }
    /* a built-in check has no line: the line that switched the policy on is named */
    if (by->file == NULL) {
        by = judgement->policy->mode_by;
    }
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                  "%s: error=%s status=%d limit=%s requested=%s by %s:%u%s %s id=%s",
                  word, ep_verdict_error(verdict, verdict->code),
                  verdict->status, number_or_dash(r->pool, verdict->limit),
                  number_or_dash(r->pool, verdict->requested), by->file,
                  by->line, got(r->pool, judgement), where(r), ep_report_id(r));
}

static void set_number(request_rec *r, const char *name, int64_t number)
{
    if (number != EP_UNKNOWN) {
        apr_table_setn(r->subprocess_env, name,
                       number_or_dash(r->pool, number));
    }
}

/* Log lines begin with them as well. */
static const char *const words[EP_OUTCOMES] = {
    NULL, "admitted", "would-refuse", "refused", "cut"
};

void ep_report_in_environment(request_rec *r, const ep_judgement *judgement,
                              ep_outcome outcome)
{
    const ep_verdict *verdict = &judgement->verdict;

    /* the access log uses the last request of a chain of redirects, which may be an
     * ErrorDocument that never answered */
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

/* 1 if a log line tells it: after a redirect in the same section, it is the same
 * refusal */
static int has_line(ep_request *state, const ep_judgement *judgement,
                    ep_outcome outcome)
{
    const ep_setting *by, *reported = state->reported;

    if (outcome == EP_OUTCOME_ADMITTED) {
        return 0;
    }
    if (outcome != EP_OUTCOME_WOULD_REFUSE) {
        return 1;
    }
    by = judgement->verdict.by[judgement->verdict.code];
    state->reported = by;
    return by != reported;
}

void ep_report(request_rec *r, ep_request *state, const ep_judgement *judgement,
               ep_outcome outcome)
{
    if (outcome == EP_OUTCOME_REFUSED || outcome == EP_OUTCOME_CUT) {
        state->told = judgement;
    }
    if (state->explained != NULL) {
        ep_explained_note(state->explained, judgement, outcome);
        return;
    }
    if (has_line(state, judgement, outcome)) {
        log_line(r, judgement, words[outcome]);
    }
    ep_counters_note(r, state, judgement, outcome);
    ep_report_in_environment(r, judgement, outcome);
}

void ep_report_would_refuse(request_rec *r, ep_request *state,
                            const ep_judgement *judgement)
{
    ep_request_move(r, state, EP_STAGE_LETS_GO);
    ep_report(r, state, judgement, EP_OUTCOME_WOULD_REFUSE);
}
