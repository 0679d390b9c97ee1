/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: explain verdict check policy auth expect media range text
 * lengths: any policy with one limit that counts, or none; any verdicts, or none; up to
 *          one limit of the ledger; fields and names of 2 characters
 * joined: ep_explain explain_head explain_counted fill any_setting any_limit any_verdict
 * options: -eva-min-loop-unroll 60
 */
#include "core/status/explain.h"
#include "upload.h"

static ep_verdict heads;
static ep_verdict counts;
static ep_explain_limit asked;
static ep_explain_row rows[EP_EXPLAIN_ROWS];

static void any_verdict(ep_verdict *verdict)
{
    const ep_setting *const any_of_sizes[3] = {
        NULL, &limit, &settings[EP_RULE_MAX_TOTAL][0]
    };
    int code;

    for (code = 0; code < EP_CODES; code++) {
        verdict->by[code] = maybe(&limit);
    }
    verdict->by[EP_CONTENT_TOO_LARGE] = any_of_sizes[Frama_C_interval(0, 2)];
    verdict->code = (ep_code)Frama_C_interval(0, EP_ADMITTED);
}

static const ep_verdict *verdict_or_none(const ep_verdict *verdict)
{
    const ep_verdict *const both[2] = { NULL, verdict };

    return both[ANY_BIT];
}

static void explain(const ep_policy *where)
{
    ep_explain_facts known;
    size_t rows_count;

    known.policy = where;
    known.facts = &facts;
    known.head = verdict_or_none(&heads);
    known.why_not = "why";
    known.counted = verdict_or_none(&counts);
    known.limits = &asked;
    known.limits_count = (size_t)Frama_C_interval(0, 1);
    rows_count = ep_explain(&known, rows);
    //@ check one_for_each: EP_CODES <= rows_count <= EP_CODES + 1;
    //@ check a_result: 0 <= rows[0].result < EP_EXPLAIN_RESULTS;
}

int main(void)
{
    int result;

    ANY_FILL(field);
    ANY_FILL(name);
    fill(2, 2);
    any_verdict(&heads);
    any_verdict(&counts);
    asked.by = maybe(&limit);
    asked.is_asked = ANY_BIT;
    asked.limit = Frama_C_long_interval(0, INT64_MAX);
    asked.used = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    asked.held = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    explain(&policy);
    explain(NULL);
    //@ loop unroll 4;
    for (result = 0; result < EP_EXPLAIN_RESULTS; result++) {
        const char *word = ep_explain_word((ep_explain_result)result);

        //@ check a_word: word != \null;
    }
    return 0;
}
