/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: check policy auth expect media number range text
 * lengths: each field of 0 to 4 characters or missing, each setting missing or
 *          with 0 to 2 names of 0 to 3; two Expect fields that are known
 * joined: ask ep_check_fails ep_check_is_query is_one_of unmet fill any_setting
 *         any_limit known_expectations announced lists_total ep_check_announces
 *         ep_check_may_announce ep_check_total_is_malformed ep_check_too_large
 *         ep_check_total
 * options: -eva-min-loop-unroll 60
 */
#include "upload.h"

/* Facts that hold for every row of the table. */
static void rows(void)
{
    int code;

    //@ loop unroll EP_CODES;
    for (code = 0; code < EP_CODES; code++) {
        const ep_check *row = ep_check_of((ep_code)code);

        //@ check only_refuse_has_none: row->token != \null || code == EP_REFUSED;
        //@ check an_error: 400 <= row->status <= 599;
        //@ check a_message: row->message != \null;
        ep_check_list((ep_code)code);
        //@ check head: (row->fails != \null) <==> (code < EP_HEAD_CODES);
    }
}

/* Calls each check with the fields that it needs. */
static void ask(void)
{
    const int is_total = ep_check_is_of_total(&policy, maybe(&ceiling));
    const int64_t size = ep_check_requested(&facts);
    const int64_t total = ep_check_total(&policy, &facts);
    const int64_t to_ask = ep_check_total_to_ask(&policy, &facts);
    const int announces = ep_check_announces(&policy, &facts);
    const int concerns = ep_check_concerns(&policy, &facts);
    const int is_malformed = ep_check_total_is_malformed(&policy, &facts);
    const int is_query = ep_check_is_query(&facts);
    const int64_t small = ep_check_small_up_to(&policy, &facts);
    int code;

    //@ check of_the_total_or_not: is_total == 0 || is_total == 1;
    //@ check at_least_unknown: size >= EP_UNKNOWN && total >= EP_UNKNOWN;
    //@ check asked_or_not: to_ask >= EP_UNKNOWN;
    //@ check announced_or_not: announces == 0 || announces == 1;
    //@ check concerned_or_not: concerns == 0 || concerns == 1;
    //@ check malformed_or_not: is_malformed == 0 || is_malformed == 1;
    //@ check query_or_not: is_query == 0 || is_query == 1;
    //@ check small_or_minus_1: small >= -1;
    //@ loop unroll EP_HEAD_CODES;
    for (code = 0; code < EP_HEAD_CODES; code++) {
        if (code != EP_UNSUPPORTED_EXPECTATION || facts.expect != NULL) {
            const ep_setting *by = ep_check_fails((ep_code)code, &policy,
                                                  &facts);
            const int failed = by != NULL;

            //@ check yes_or_no: failed == 0 || failed == 1;
        }
    }
}

/* Expectations that arbitrary short texts cannot match. */
static void known_expectations(void)
{
    names[0] = "100-continue";
    names[1] = "a=\"b\\\"\"";
    facts.expect = "100-Continue,a=\"b\\\"\" ;c=d , 100-continue";
    ask();
    facts.expect = "100-continue,@";
    ask();
}

int main(void)
{
    size_t i, j;

    ANY_FILL(field);
    ANY_FILL(name);
    rows();
    for (i = 0; i <= field_longest; i++) {
        for (j = 0; j <= name_longest; j++) {
            fill(i, j);
            ask();
        }
    }
    known_expectations();
    return 0;
}
