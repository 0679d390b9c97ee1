/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: verdict check policy auth expect media number range text
 * lengths: each field of 0 to 4 characters or missing, each setting missing or
 *          with 0 to 2 names of 0 to 3; four Expect fields that are known
 * joined: ep_verdict_judge ep_check_fails ep_check_is_query is_one_of unmet fill
 *         any_setting any_limit tokens known_expectations announced lists_total
 *         ep_check_announces ep_check_may_announce ep_check_total_is_malformed
 *         ep_check_too_large ep_check_total
 * options: -eva-min-loop-unroll 60
 */
#include "core/policy/verdict.h"
#include "upload.h"

static ep_verdict verdict;

/* The tokens of all checks that failed, as the document lists them. */
static void tokens(void)
{
    int code;

    for (code = 0; code < EP_CODES; code++) {
        const char *token = ep_check_of((ep_code)code)->token;

        //@ check only_refuse_has_none: token != \null || code == EP_REFUSED;
        if (verdict.by[code] != NULL) {
            ep_verdict_error(&verdict, (ep_code)code);
        }
    }
}

static void decide(void)
{
    ep_verdict_judge(&policy, &facts, &verdict);
    //@ check a_code: 0 <= verdict.code <= EP_ADMITTED;
    if (verdict.code == EP_ADMITTED) {
        //@ check no_status: verdict.status == 0;
        //@ check no_limit: verdict.limit == EP_UNKNOWN;
    }
    else {
        //@ check somebody_decided: verdict.by[verdict.code] != \null;
    }
}

static void decide_cut(void)
{
    ep_verdict_cut(&policy, &facts, Frama_C_long_interval(0, INT64_MAX), &verdict);
    //@ check nobody_knows: verdict.requested == EP_UNKNOWN;
}

static void decide_end(void)
{
    const int result = ep_verdict_end(&policy, &facts,
                                      Frama_C_long_interval(0, INT64_MAX), &verdict);

    //@ check yes_or_no: result == 0 || result == 1;
    if (result) {
        //@ check too_small: verdict.code == EP_CONTENT_TOO_SMALL;
    }
    else {
        //@ check admitted: verdict.code == EP_ADMITTED;
    }
}

static void decide_counted(ep_code code)
{
    const int64_t remaining = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    const int64_t retry_after = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);

    ep_verdict_counted(&policy, &facts, code, &limit, remaining, retry_after,
                       ANY_BIT, &verdict);
    //@ check its_code: verdict.code == code;
    //@ check at_least_unknown: verdict.remaining >= EP_UNKNOWN;
    ep_verdict_counted(&policy, &facts, code, &limit, remaining, retry_after, 1,
                       &verdict);
    //@ check cut_is_unknown: verdict.requested == EP_UNKNOWN;
}

/* Any verdict, with the setting that every refusal by REFUSE has. */
static void temporary(void)
{
    static ep_verdict any;
    int code;

    any.by[EP_REFUSED] = &settings[EP_RULE_REFUSE][0];
    any.retry_after = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    //@ loop unroll EP_CODES + 1;
    for (code = 0; code <= EP_ADMITTED; code++) {
        int result;

        any.code = (ep_code)code;
        result = ep_verdict_is_temporary(&any);
        //@ check yes_or_no: result == 0 || result == 1;
    }
}

static void tells_limits(void)
{
    static const ep_code hiding[] = { EP_METHOD_NOT_ALLOWED,
                                      EP_AUTHENTICATION_REQUIRED, EP_REFUSED };
    static ep_verdict any;
    int i, result;

    //@ loop unroll 3;
    for (i = 0; i < 3; i++) {
        any.by[hiding[i]] = Frama_C_interval(0, 1)
                                ? &settings[EP_RULE_REFUSE][0] : NULL;
    }
    result = ep_verdict_tells_limits(&any);
    //@ check yes_or_no: result == 0 || result == 1;
}

static void decide_core_refused(void)
{
    ep_verdict_core_refused(&policy, &facts, &verdict);
    //@ check always_417: verdict.status == 417;
}

/* A request that stores files without content. */
static void decide_announced(void)
{
    ep_verdict_announced(&policy, &facts, &verdict);
    /*@ check one_of_three: verdict.code == EP_ADMITTED
            || verdict.code == EP_AUTHENTICATION_REQUIRED
            || verdict.code == EP_REFUSED
            || verdict.code == EP_CONTENT_TOO_LARGE; */
}

/* Expectations that arbitrary short texts cannot match. */
static void known_expectations(void)
{
    static const char *const values[] = {
        "100-continue", "100-Continue,a=\"b\\\"\" ;c=d , 100-continue", ",",
        "100-continue,@"
    };
    size_t i;

    names[0] = "100-continue";
    names[1] = "a=\"b\\\"\"";
    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        facts.expect = values[i];
        decide();
        tokens();
    }
}

/* A policy without demands refuses nothing, for any facts. */
static void silent_policy(void)
{
    static const ep_policy silent;

    ep_verdict_judge(&silent, &facts, &verdict);
    //@ check admitted: verdict.code == EP_ADMITTED && verdict.status == 0;
}

/* Any policy refuses only uploads, announcements and expectations. */
static void plain_request(void)
{
    ep_facts plain = facts;

    plain.content = EP_CONTENT_NONE;
    plain.expect = NULL;
    plain.totals_count = 0;
    ep_verdict_judge(&policy, &plain, &verdict);
    //@ check admitted: verdict.code == EP_ADMITTED && verdict.status == 0;
}

int main(void)
{
    size_t i, j;
    int code;

    ANY_FILL(field);
    ANY_FILL(name);
    for (i = 0; i <= field_longest; i++) {
        for (j = 0; j <= name_longest; j++) {
            fill(i, j);
            decide();
            tokens();
            decide_cut();
            decide_end();
            tokens();
            //@ loop unroll 5;
            for (code = EP_HEAD_CODES; code < EP_CODES; code++) {
                decide_counted((ep_code)code);
            }
            tokens();
            temporary();
            tells_limits();
            decide_core_refused();
            decide_announced();
            tokens();
            silent_policy();
            plain_request();
        }
    }
    known_expectations();
    return 0;
}
