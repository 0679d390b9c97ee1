/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/explain.h"

#include <stdlib.h>
#include <string.h>

#include "core/status/tally.h"
#include "unit.h"

static ep_explain_row rows[EP_EXPLAIN_ROWS];
static size_t rows_count;
static scenario s;
static ep_policy policy;
static ep_verdict head, counted;
static ep_explain_facts known;

/* Judges a scenario as an upload is, and explains it. */
static void explain(const char *lines, const char *more)
{
    given(&s, &policy, lines, more);
    ep_verdict_judge(&policy, &s.facts, &head);
    memset(&known, 0, sizeof(known));
    known.policy = &policy;
    known.facts = &s.facts;
    known.head = &head;
    rows_count = ep_explain(&known, rows);
    ck_assert_uint_le(rows_count, EP_EXPLAIN_ROWS);
}

/* @return the only row of a check */
static const ep_explain_row *row_of(ep_code code)
{
    const ep_explain_row *found = NULL;
    size_t i;

    for (i = 0; i < rows_count; i++) {
        if (rows[i].code == code) {
            ck_assert_ptr_null(found);
            found = &rows[i];
        }
    }
    ck_assert_ptr_nonnull(found);
    return found;
}

static const struct {
    const char *lines;
    const char *more;
    ep_code code;
    ep_explain_result result;
    int64_t limit;
} heads[] = {
    { "", "sized 1", EP_CONTENT_TOO_LARGE, EP_EXPLAIN_NO_DEMAND, EP_UNKNOWN },
    { "server MaxSize 10", "sized 10", EP_CONTENT_TOO_LARGE, EP_EXPLAIN_PASSED, 10 },
    { "server MaxSize 10", "sized 11", EP_CONTENT_TOO_LARGE, EP_EXPLAIN_FAILED, 10 },
    { "server MaxSize 10\nowner MaxSize 5", "sized 6", EP_CONTENT_TOO_LARGE,
      EP_EXPLAIN_FAILED, 5 },
    { "ceiling 7", "sized 8", EP_CONTENT_TOO_LARGE, EP_EXPLAIN_FAILED, 7 },
    { "server MaxSize 10\nceiling 7", "sized 7", EP_CONTENT_TOO_LARGE,
      EP_EXPLAIN_PASSED, 7 },
    { "server MinSize 10", "sized 9", EP_CONTENT_TOO_SMALL, EP_EXPLAIN_FAILED, 10 },
    { "server RequireContinue 5", "sized 6", EP_CONTINUE_REQUIRED, EP_EXPLAIN_FAILED,
      5 },
    { "server RequireContinue 5", "sized 5", EP_CONTINUE_REQUIRED, EP_EXPLAIN_PASSED,
      5 },
    { "server Types a/b", "sized 1\ntype a/c", EP_UNSUPPORTED_CONTENT_TYPE,
      EP_EXPLAIN_FAILED, EP_UNKNOWN },
    { "server Types a/b", "sized 1\ntype a/b", EP_UNSUPPORTED_CONTENT_TYPE,
      EP_EXPLAIN_PASSED, EP_UNKNOWN },
    { "server Types a/b", "empty", EP_UNSUPPORTED_CONTENT_TYPE, EP_EXPLAIN_NOT_ASKED,
      EP_UNKNOWN },
    { "server RequireAuth Bearer realm=\"a\"\nserver MaxSize 1", "sized 2",
      EP_CONTENT_TOO_LARGE, EP_EXPLAIN_NOT_ASKED, 1 },
    { "server RequireAuth Bearer realm=\"a\"\nserver MaxSize 1", "sized 2",
      EP_AUTHENTICATION_REQUIRED, EP_EXPLAIN_FAILED, EP_UNKNOWN },
    { "server RequireAuth Bearer realm=\"a\"\nserver MaxSize 1",
      "sized 2\nauthorization Bearer x", EP_CONTENT_TOO_LARGE, EP_EXPLAIN_FAILED, 1 },
    { "", "sized 1", EP_UNSUPPORTED_EXPECTATION, EP_EXPLAIN_NOT_ASKED, EP_UNKNOWN },
    { "", "sized 1\nexpect 100-continue", EP_UNSUPPORTED_EXPECTATION,
      EP_EXPLAIN_PASSED, EP_UNKNOWN },
    { "", "sized 1\nexpect x", EP_UNSUPPORTED_EXPECTATION, EP_EXPLAIN_FAILED,
      EP_UNKNOWN },
    { "server Refuse closed 503", "sized 1", EP_REFUSED, EP_EXPLAIN_FAILED,
      EP_UNKNOWN },
    { "server Quota 10 /t", "sized 1", EP_LEDGER_UNAVAILABLE, EP_EXPLAIN_NO_DEMAND,
      EP_UNKNOWN }
};

START_TEST(a_check_of_the_head_says_what_the_verdict_says)
{
    const ep_explain_row *row;

    explain(heads[_i].lines, heads[_i].more);
    row = row_of(heads[_i].code);
    ck_assert_int_eq(row->result, heads[_i].result);
    ck_assert_int_eq(row->limit, heads[_i].limit);
    ck_assert_int_eq(row->why != NULL, row->result == EP_EXPLAIN_NOT_ASKED);
    if (row->result == EP_EXPLAIN_FAILED) {
        ck_assert_ptr_eq(row->by[0], head.by[row->code]);
        ck_assert_ptr_null(row->by[1]);
    }
    scenario_free(&s);
}
END_TEST

START_TEST(all_checks_come_in_order)
{
    size_t i;

    explain("server MaxSize 1\nserver Quota 5 /t\nserver Quota 7 /u", "sized 1");
    ck_assert_uint_eq(rows_count, EP_CODES + 1);
    for (i = 1; i < rows_count; i++) {
        ck_assert_int_ge((int)rows[i].code, (int)rows[i - 1].code);
    }
    ck_assert_int_eq((int)rows[0].code, 0);
    ck_assert_int_eq((int)rows[rows_count - 1].code, EP_CODES - 1);
    scenario_free(&s);
}
END_TEST

START_TEST(both_sides_are_named)
{
    const ep_explain_row *row;

    explain("server Types a/b a/c\nowner Types a/b", "sized 1\ntype a/b");
    row = row_of(EP_UNSUPPORTED_CONTENT_TYPE);
    ck_assert_ptr_eq(row->by[0], policy.rule[EP_RULE_TYPES][0]);
    ck_assert_ptr_eq(row->by[1], policy.rule[EP_RULE_TYPES][1]);
    ck_assert_ptr_ne(row->by[0], row->by[1]);
    scenario_free(&s);
}
END_TEST

/* Of two quotas, the first has room. */
#define QUOTAS "server Quota 10 /t\nserver Quota 20 /u"

static void count(ep_explain_limit *limits, int first_asked, int second_asked)
{
    memset(limits, 0, 2 * sizeof(*limits));
    limits[0].by = policy.counted[0];
    limits[0].is_asked = first_asked;
    limits[0].limit = 10;
    limits[0].used = 3;
    limits[0].held = 4;
    limits[1] = limits[0];
    limits[1].by = policy.counted[1];
    limits[1].is_asked = second_asked;
    known.limits = limits;
    known.limits_count = 2;
}

static const ep_explain_row *nth_row_of(ep_code code, int nth)
{
    size_t i = 0;

    while (i < rows_count && (rows[i].code != code || nth-- > 0)) {
        i++;
    }
    ck_assert_uint_lt(i, rows_count);
    return &rows[i];
}

START_TEST(a_limit_that_counts_says_what_the_ledger_says)
{
    ep_explain_limit limits[2];
    const ep_explain_row *row;

    explain(QUOTAS, "sized 1");
    count(limits, 1, 1);
    rows_count = ep_explain(&known, rows);
    row = nth_row_of(EP_QUOTA_EXCEEDED, 0);
    ck_assert_int_eq(row->result, EP_EXPLAIN_PASSED);
    ck_assert_int_eq(row->used, 3);
    ck_assert_int_eq(row->held, 4);
    ck_assert_int_eq(row_of(EP_LEDGER_UNAVAILABLE)->result, EP_EXPLAIN_PASSED);
    ck_assert_int_eq(row_of(EP_ALLOWANCE_EXCEEDED)->result, EP_EXPLAIN_NO_DEMAND);
    /* the first one is full */
    count(limits, 1, 0);
    ep_verdict_counted(&policy, &s.facts, EP_QUOTA_EXCEEDED, policy.counted[0], 0,
                       EP_UNKNOWN, 0, &counted);
    known.counted = &counted;
    rows_count = ep_explain(&known, rows);
    ck_assert_int_eq(nth_row_of(EP_QUOTA_EXCEEDED, 0)->result, EP_EXPLAIN_FAILED);
    row = nth_row_of(EP_QUOTA_EXCEEDED, 1);
    ck_assert_int_eq(row->result, EP_EXPLAIN_NOT_ASKED);
    ck_assert_str_eq(row->why, "a limit before it has no room");
    scenario_free(&s);
}
END_TEST

START_TEST(the_total_is_a_limit_of_its_own)
{
    explain("server MaxTotal 10\nserver MaxSize 5", "sized 11");
    ck_assert_int_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 0)->result, EP_EXPLAIN_FAILED);
    ck_assert_int_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 0)->limit, 10);
    ck_assert_ptr_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 0)->by[0],
                     policy.rule[EP_RULE_MAX_TOTAL][0]);
    ck_assert_int_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 1)->result, EP_EXPLAIN_NOT_ASKED);
    scenario_free(&s);
    explain("server MaxTotal 10\nserver MaxSize 5", "sized 6");
    ck_assert_int_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 0)->result, EP_EXPLAIN_PASSED);
    ck_assert_int_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 1)->result, EP_EXPLAIN_FAILED);
    ck_assert_int_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 1)->limit, 5);
    ck_assert_uint_eq(rows_count, EP_CODES + 1);
    scenario_free(&s);
    explain("server MaxTotal 10", "sized 11");
    ck_assert_int_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 0)->result, EP_EXPLAIN_FAILED);
    ck_assert_int_eq(nth_row_of(EP_CONTENT_TOO_LARGE, 1)->result,
                     EP_EXPLAIN_NO_DEMAND);
    scenario_free(&s);
}
END_TEST

START_TEST(a_limit_that_was_not_asked_says_why)
{
    ep_explain_limit limits[2];

    explain(QUOTAS, "sized 1");
    ck_assert_str_eq(nth_row_of(EP_QUOTA_EXCEEDED, 0)->why,
                     "it does not count this upload, or not before content comes");
    count(limits, 0, 1);
    rows_count = ep_explain(&known, rows);
    ck_assert_str_eq(nth_row_of(EP_QUOTA_EXCEEDED, 0)->why,
                     "the ledger does not tell without a claim");
    scenario_free(&s);
    explain(QUOTAS "\nserver MaxSize 1", "sized 2");
    ck_assert_str_eq(nth_row_of(EP_QUOTA_EXCEEDED, 1)->why,
                     "a check before it has failed");
    scenario_free(&s);
}
END_TEST

START_TEST(a_ledger_that_does_not_answer_fails)
{
    explain(QUOTAS, "sized 1");
    ep_verdict_counted(&policy, &s.facts, EP_LEDGER_UNAVAILABLE, policy.counted[1],
                       EP_UNKNOWN, 5, 0, &counted);
    known.counted = &counted;
    rows_count = ep_explain(&known, rows);
    ck_assert_int_eq(row_of(EP_LEDGER_UNAVAILABLE)->result, EP_EXPLAIN_FAILED);
    ck_assert_ptr_eq(row_of(EP_LEDGER_UNAVAILABLE)->by[0], policy.counted[1]);
    scenario_free(&s);
}
END_TEST

START_TEST(what_was_not_judged_says_why)
{
    size_t i;

    explain("server MaxSize 1\n" QUOTAS, "sized 2");
    known.head = NULL;
    known.why_not = "nobody asked";
    rows_count = ep_explain(&known, rows);
    for (i = 0; i < rows_count; i++) {
        if (rows[i].by[0] != NULL) {
            ck_assert_int_eq(rows[i].result, EP_EXPLAIN_NOT_ASKED);
            ck_assert_str_eq(rows[i].why, "nobody asked");
        }
    }
    ck_assert_ptr_nonnull(row_of(EP_CONTENT_TOO_LARGE)->by[0]);
    known.policy = NULL;
    ck_assert_uint_eq(ep_explain(&known, rows), EP_CODES);
    scenario_free(&s);
}
END_TEST

START_TEST(each_result_has_a_word)
{
    ck_assert_str_eq(ep_explain_word(EP_EXPLAIN_PASSED), "passed");
    ck_assert_str_eq(ep_explain_word(EP_EXPLAIN_FAILED), "failed");
    ck_assert_str_eq(ep_explain_word(EP_EXPLAIN_NO_DEMAND), "no demand");
    ck_assert_str_eq(ep_explain_word(EP_EXPLAIN_NOT_ASKED), "not asked");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain");
    TCase *tcase = tcase_create("explain");

    ADD_ROWS(tcase, a_check_of_the_head_says_what_the_verdict_says, heads);
    tcase_add_test(tcase, all_checks_come_in_order);
    tcase_add_test(tcase, both_sides_are_named);
    tcase_add_test(tcase, a_limit_that_counts_says_what_the_ledger_says);
    tcase_add_test(tcase, the_total_is_a_limit_of_its_own);
    tcase_add_test(tcase, a_limit_that_was_not_asked_says_why);
    tcase_add_test(tcase, a_ledger_that_does_not_answer_fails);
    tcase_add_test(tcase, what_was_not_judged_says_why);
    tcase_add_test(tcase, each_result_has_a_word);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
