/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/policy/verdict.h"

#include <string.h>

#include "core/text/expect.h"

int ep_verdict_tells_limits(const ep_verdict *verdict)
{
    return verdict->by[EP_METHOD_NOT_ALLOWED] == NULL
           && verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL
           && verdict->by[EP_REFUSED] == NULL;
}

int ep_verdict_is_temporary(const ep_verdict *verdict)
{
    if (verdict->code == EP_ADMITTED) {
        return 0;
    }
    if (verdict->code == EP_REFUSED) {
        const int own = verdict->by[EP_REFUSED]->status;

        return own == 503 || own == 429;
    }
    return (ep_check_of(verdict->code)->tells & EP_IS_TEMPORARY) != 0
           /* an upload that is larger than the whole allowance never fits, and a
            * full quota stays full unless its number is doubted */
           || ((verdict->code == EP_ALLOWANCE_EXCEEDED
                || verdict->code == EP_QUOTA_EXCEEDED)
               && verdict->retry_after != EP_UNKNOWN);
}

const char *ep_verdict_error(const ep_verdict *verdict, ep_code code)
{
    const char *token = ep_check_of(code)->token;

    return token != NULL ? token : verdict->by[code]->code;
}

/* 1 if the client sent an expectation that is not to be ignored */
static int expects_something(const ep_facts *facts)
{
    const char *rest = facts->expect;
    ep_expectation member;
    ep_expect_result result;

    if (rest == NULL) {
        return 0;
    }
    while ((result = ep_expect_next(&rest, &member)) == EP_EXPECT_MEMBER) {
        if (!facts->ignores_continue || !ep_expect_is_continue(&member)) {
            return 1;
        }
    }
    return result == EP_EXPECT_MALFORMED;
}

static int final_status(const ep_policy *policy, const ep_facts *facts,
                        const ep_verdict *verdict)
{
    const int specific = verdict->code == EP_REFUSED
                             ? verdict->by[EP_REFUSED]->status
                             : ep_check_of(verdict->code)->status;

    if (policy->status[verdict->code] == EP_STATUS_417
        || (policy->status[verdict->code] == EP_STATUS_AUTO
            && expects_something(facts))) {
        return 417;
    }
    return specific;
}

/* @return the limit that a check tells; EP_UNKNOWN: it tells none */
static int64_t limit_of(const ep_policy *policy, const ep_verdict *verdict)
{
    const unsigned int tells = ep_check_of(verdict->code)->tells;
    const ep_setting *by = verdict->by[verdict->code];
    const ep_setting *size = ep_policy_max_size(policy);

    /* nothing is told before the client has shown credentials */
    if (verdict->by[EP_AUTHENTICATION_REQUIRED] != NULL) {
        return EP_UNKNOWN;
    }
    if ((tells & EP_TELLS_MAX_SIZE) != 0 && size != NULL) {
        return size->number;
    }
    return (tells & (EP_TELLS_LIMIT | EP_LOGS_LIMIT)) == 0
                   || (by->count != NULL && by->count->is_percent)
               ? EP_UNKNOWN
               : by->number;
}

/* What was too large: the content, or the total. */
static void tell_size(const ep_policy *policy, const ep_facts *facts,
                      ep_verdict *verdict)
{
    const ep_setting *by = verdict->by[EP_CONTENT_TOO_LARGE];

    verdict->is_total = ep_check_is_of_total(policy, by);
    if (verdict->is_total && ep_check_total_is_malformed(policy, facts)) {
        verdict->requested = EP_UNKNOWN;
    }
    else {
        verdict->requested = ep_check_size_for(policy, facts, by, verdict->requested);
    }
}

/* Fills in what follows from the checks that failed. */
static void conclude(const ep_policy *policy, const ep_facts *facts,
                     ep_verdict *verdict)
{
    unsigned int tells;
    int code = 0;

    verdict->limit = EP_UNKNOWN;
    verdict->requested = EP_UNKNOWN;
    verdict->remaining = EP_UNKNOWN;
    verdict->retry_after = EP_UNKNOWN;
    while (code < EP_CODES && verdict->by[code] == NULL) {
        code++;
    }
    verdict->code = (ep_code)code;
    if (verdict->code == EP_ADMITTED) {
        return;
    }
    verdict->limit = limit_of(policy, verdict);
    tells = ep_check_of(verdict->code)->tells;
    if ((tells & EP_TELLS_REQUESTED) != 0) {
        verdict->requested = ep_check_requested(facts);
    }
    if (verdict->code == EP_CONTENT_TOO_LARGE) {
        tell_size(policy, facts, verdict);
    }
    if ((tells & EP_TELLS_TOTAL) != 0) {
        verdict->requested = ep_check_total(policy, facts);
    }
    verdict->status = final_status(policy, facts, verdict);
}

/* The checks of a request without content that stores files, as COPY does, or announces an
 * upload. */
static void check_announced(const ep_policy *policy, const ep_facts *facts,
                            ep_verdict *verdict)
{
    static const ep_code asked[] = {
        EP_AUTHENTICATION_REQUIRED, EP_REFUSED, EP_CONTENT_TOO_LARGE
    };
    size_t i;

    for (i = 0; i < sizeof(asked) / sizeof(*asked)
                && verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL;
         i++) {
        verdict->by[asked[i]] = ep_check_fails(asked[i], policy, facts);
    }
}

void ep_verdict_judge(const ep_policy *policy, const ep_facts *facts,
                      ep_verdict *verdict)
{
    int code = EP_UNSUPPORTED_EXPECTATION;

    memset(verdict, 0, sizeof(*verdict));
    if (facts->expect != NULL) {
        verdict->by[code] = ep_check_fails((ep_code)code, policy, facts);
    }
    if (ep_check_announces(policy, facts)) {
        check_announced(policy, facts, verdict);
    }
    /* without credentials, none of the checks behind them is told */
    while (++code < EP_HEAD_CODES && facts->content != EP_CONTENT_NONE
           && verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL) {
        verdict->by[code] = ep_check_fails((ep_code)code, policy, facts);
    }
    conclude(policy, facts, verdict);
}

void ep_verdict_announced(const ep_policy *policy, const ep_facts *facts,
                          ep_verdict *verdict)
{
    memset(verdict, 0, sizeof(*verdict));
    check_announced(policy, facts, verdict);
    conclude(policy, facts, verdict);
}

/* For content that was received already, Auto means the status of the check instead of
 * 417, since the expectation 100-continue was met. */
static void conclude_late(const ep_policy *policy, ep_verdict *verdict)
{
    if (verdict->code != EP_ADMITTED
        && policy->status[verdict->code] == EP_STATUS_AUTO) {
        verdict->status = ep_check_of(verdict->code)->status;
    }
}

static void conclude_cut(const ep_policy *policy, ep_verdict *verdict)
{
    /* the full size of the content is not known */
    verdict->requested = EP_UNKNOWN;
    conclude_late(policy, verdict);
}

void ep_verdict_cut(const ep_policy *policy, const ep_facts *facts, int64_t bytes,
                    ep_verdict *verdict)
{
    memset(verdict, 0, sizeof(*verdict));
    verdict->by[EP_CONTENT_TOO_LARGE] = ep_check_too_large(policy, facts, bytes);
    conclude(policy, facts, verdict);
    conclude_cut(policy, verdict);
}

int ep_verdict_end(const ep_policy *policy, const ep_facts *facts, int64_t bytes,
                   ep_verdict *verdict)
{
    ep_facts known = *facts;
    int code;

    known.content = EP_CONTENT_SIZED;
    known.declared = bytes;
    memset(verdict, 0, sizeof(*verdict));
    for (code = 0; code < EP_HEAD_CODES; code++) {
        if (ep_policy_row(ep_check_of((ep_code)code)->rule)->kind
            == EP_KIND_AT_LEAST) {
            verdict->by[code] = ep_check_fails((ep_code)code, policy, &known);
        }
    }
    conclude(policy, &known, verdict);
    conclude_late(policy, verdict);
    return verdict->code != EP_ADMITTED;
}

void ep_verdict_counted(const ep_policy *policy, const ep_facts *facts,
                        ep_code code, const ep_setting *by, int64_t remaining,
                        int64_t retry_after, int is_cut, ep_verdict *verdict)
{
    memset(verdict, 0, sizeof(*verdict));
    verdict->by[code] = by;
    conclude(policy, facts, verdict);
    if (ep_check_of(code)->remaining != NULL) {
        verdict->remaining = remaining;
    }
    if ((ep_check_of(code)->tells & EP_TELLS_RETRY) != 0) {
        verdict->retry_after = retry_after;
    }
    if (is_cut) {
        conclude_cut(policy, verdict);
    }
}

void ep_verdict_core_refused(const ep_policy *policy, const ep_facts *facts,
                             ep_verdict *verdict)
{
    memset(verdict, 0, sizeof(*verdict));
    verdict->by[EP_UNSUPPORTED_EXPECTATION] = policy->mode_by;
    conclude(policy, facts, verdict);
    /* core refuses what does not count as well: `,`, and in HTTP/1.0
     * 100-continue twice */
    verdict->status = 417;
}
