/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/explain.h"

static const char *const words[EP_EXPLAIN_RESULTS] = {
    [EP_EXPLAIN_PASSED] = "passed",
    [EP_EXPLAIN_FAILED] = "failed",
    [EP_EXPLAIN_NO_DEMAND] = "no demand",
    [EP_EXPLAIN_NOT_ASKED] = "not asked"
};

const char *ep_explain_word(ep_explain_result result)
{
    return words[result];
}

static void set_result(ep_explain_row *row, ep_explain_result result,
                       const char *why)
{
    row->result = result;
    row->why = why;
}

static void begin(ep_explain_row *row, ep_code code)
{
    row->code = code;
    set_result(row, EP_EXPLAIN_NO_DEMAND, NULL);
    row->by[0] = NULL;
    row->by[1] = NULL;
    row->limit = EP_UNKNOWN;
    row->used = EP_UNKNOWN;
    row->held = EP_UNKNOWN;
}

/* Names the directives that make the demand of a check of the head.  A ceiling is shown
 * where it is the smallest limit. */
static void set_directives(const ep_policy *policy, ep_rule rule,
                           ep_explain_row *row)
{
    const ep_rule_kind kind = ep_policy_row(rule)->kind;
    const ep_setting *limit = ep_policy_limit(policy, rule);

    row->by[0] = policy->rule[rule][0];
    row->by[1] = policy->rule[rule][1];
    if (limit == NULL || row->code == EP_MALFORMED_CONTENT_RANGE
        || (kind != EP_KIND_AT_MOST && kind != EP_KIND_AT_LEAST)) {
        return;
    }
    row->limit = limit->number;
    if (limit == policy->ceiling) {
        row->by[0] = limit;
    }
}

/* @return why a check of the head was not asked; NULL: it was */
static const char *why_not_asked(const ep_explain_facts *known, ep_code code)
{
    if (known->head == NULL) {
        return known->why_not;
    }
    if (code == EP_UNSUPPORTED_EXPECTATION) {
        return known->facts->expect == NULL ? "the request has no Expect field"
                                            : NULL;
    }
    if (known->facts->content == EP_CONTENT_NONE) {
        return "the request announces no content";
    }
    return code > EP_AUTHENTICATION_REQUIRED
                   && known->head->by[EP_AUTHENTICATION_REQUIRED] != NULL
               ? "nothing is told before the client has shown credentials"
               : NULL;
}

/* @return 1 if the setting that has failed a check is of this rule: two limits of the
 * size are one check */
static int is_of(const ep_policy *policy, ep_code code, ep_rule rule,
                 const ep_setting *by)
{
    if (code != EP_CONTENT_TOO_LARGE || policy == NULL) {
        return 1;
    }
    return ep_check_is_of_total(policy, by) == (rule == EP_RULE_MAX_TOTAL);
}

static void fail(ep_explain_row *row, const ep_setting *by)
{
    set_result(row, EP_EXPLAIN_FAILED, NULL);
    row->by[0] = by;
    row->by[1] = NULL;
    if (row->limit != EP_UNKNOWN) {
        row->limit = by->number;
    }
}

static void explain_head(const ep_explain_facts *known, ep_code code, ep_rule rule,
                         ep_explain_row *row)
{
    const ep_setting *by = known->head != NULL ? known->head->by[code] : NULL;
    const char *why = why_not_asked(known, code);

    begin(row, code);
    if (known->policy != NULL) {
        set_directives(known->policy, rule, row);
    }
    if (by != NULL && is_of(known->policy, code, rule, by)) {
        fail(row, by);
    }
    else if (by != NULL && rule == EP_RULE_MAX_SIZE && row->by[0] != NULL) {
        set_result(row, EP_EXPLAIN_NOT_ASKED, "the total is too large already");
    }
    else if (why != NULL) {
        set_result(row, EP_EXPLAIN_NOT_ASKED, why);
    }
    else if (row->by[0] != NULL || row->by[1] != NULL) {
        set_result(row, EP_EXPLAIN_PASSED, NULL);
    }
}

/* The rules of the checks that count. */
static const ep_rule rules[EP_CODES] = {
    [EP_INSUFFICIENT_STORAGE] = EP_RULE_FREE_SPACE,
    [EP_QUOTA_EXCEEDED] = EP_RULE_QUOTA,
    [EP_ALLOWANCE_EXCEEDED] = EP_RULE_ALLOWANCE,
    [EP_TOO_MANY_UPLOADS] = EP_RULE_CONCURRENT
};

/* @return NULL: the ledger was not asked of it */
static const ep_explain_limit *find_limit(const ep_explain_facts *known,
                                          const ep_setting *by)
{
    size_t i;

    for (i = 0; i < known->limits_count; i++) {
        if (known->limits[i].by == by) {
            return &known->limits[i];
        }
    }
    return NULL;
}

/* @return 1 if a check of the head has failed, or the head was not judged */
static int is_ended_before(const ep_explain_facts *known)
{
    return known->head == NULL || known->head->code != EP_ADMITTED;
}

/* @return why a limit that counts was not asked
 * @param limit NULL: the ledger was not asked of it */
static const char *why_not_counted(const ep_explain_facts *known,
                                   const ep_explain_limit *limit)
{
    if (known->head == NULL) {
        return known->why_not;
    }
    if (is_ended_before(known)) {
        return "a check before it has failed";
    }
    if (limit == NULL && known->counted == NULL) {
        return "it does not count this upload, or not before content comes";
    }
    return known->counted != NULL ? "a limit before it has no room"
                                  : "the ledger does not tell without a claim";
}

static void explain_limit(const ep_explain_facts *known, ep_code code,
                          const ep_setting *by, ep_explain_row *row)
{
    const ep_explain_limit *limit = find_limit(known, by);

    begin(row, code);
    row->by[0] = by;
    if (limit != NULL) {
        row->limit = limit->limit;
        row->used = limit->used;
        row->held = limit->held;
    }
    if (known->counted != NULL && known->counted->by[row->code] == by) {
        set_result(row, EP_EXPLAIN_FAILED, NULL);
    }
    else if (limit == NULL || !limit->is_asked || is_ended_before(known)) {
        set_result(row, EP_EXPLAIN_NOT_ASKED, why_not_counted(known, limit));
    }
    else {
        set_result(row, EP_EXPLAIN_PASSED, NULL);
    }
}

/* @return how many rows there are for a check that counts: at least one */
static size_t explain_counted(const ep_explain_facts *known, ep_code code,
                              ep_explain_row *rows)
{
    const size_t limits = known->policy != NULL ? known->policy->counted_count : 0;
    size_t count = 0, i;

    for (i = 0; i < limits; i++) {
        const ep_setting *by = known->policy->counted[i];

        if (by->count->rule == rules[code]) {
            explain_limit(known, code, by, &rows[count++]);
        }
    }
    if (count == 0) {
        begin(rows, code);
        count = 1;
    }
    return count;
}

/* Whether the ledger could answer at all. */
static void explain_ledger(const ep_explain_facts *known, ep_explain_row *row)
{
    begin(row, EP_LEDGER_UNAVAILABLE);
    if (known->counted != NULL
        && known->counted->by[EP_LEDGER_UNAVAILABLE] != NULL) {
        set_result(row, EP_EXPLAIN_FAILED, NULL);
        row->by[0] = known->counted->by[EP_LEDGER_UNAVAILABLE];
    }
    else if (known->limits_count > 0) {
        set_result(row, EP_EXPLAIN_PASSED, NULL);
    }
}

static int has_total(const ep_policy *policy)
{
    return policy != NULL && (policy->rule[EP_RULE_MAX_TOTAL][0] != NULL
                              || policy->rule[EP_RULE_MAX_TOTAL][1] != NULL);
}

size_t ep_explain(const ep_explain_facts *known, ep_explain_row *rows)
{
    size_t count = 0;
    int code;

    for (code = 0; code < EP_HEAD_CODES; code++) {
        if (code == EP_CONTENT_TOO_LARGE && has_total(known->policy)) {
            explain_head(known, (ep_code)code, EP_RULE_MAX_TOTAL, &rows[count++]);
        }
        explain_head(known, (ep_code)code, ep_check_of((ep_code)code)->rule,
                     &rows[count++]);
    }
    for (; code < EP_LEDGER_UNAVAILABLE; code++) {
        count += explain_counted(known, (ep_code)code, &rows[count]);
    }
    explain_ledger(known, &rows[count++]);
    return count;
}
