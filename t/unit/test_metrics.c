/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/metrics.h"

#include <string.h>

#include "paper.h"
#include "unit.h"

#define HOST "{host=\"x\\\"&<b>'\\\\\\n.test:80\""

/* A line of each kind. */
static const char *const lines[] = {
    "\nexpect_policy_admitted_total{host=\"quiet.test:80\"} 0\n",
    "\nexpect_policy_admitted_total" HOST "} 11\n",
    "\nexpect_policy_refused_total" HOST ",error=\"content_too_large\"} 12\n",
    "\nexpect_policy_refused_total" HOST ",error=\"refuse\"} 13\n",
    "\nexpect_policy_would_refuse_total" HOST
    ",error=\"length_required\"} 14\n",
    "\nexpect_policy_cut_total" HOST ",error=\"content_too_large\"} 15\n",
    "\nexpect_policy_refused_bytes_total" HOST "} 1600\n",
    "\nexpect_policy_drained_bytes_total" HOST "} 17\n",
    "\nexpect_policy_start_time_seconds 1700000000\n",
    "\nexpect_policy_ledger_claims 21\n",
    "\nexpect_policy_ledger_accounts 22\n",
    "\nexpect_policy_ledger_trees 23\n",
    "\n# TYPE expect_policy_ledger_claims gauge\n"
};

START_TEST(every_number_has_its_line)
{
    paper *p = new_paper();

    ep_metrics(new_report(), &p->sink);
    ck_assert_msg(count_of(p, lines[_i]) == 1, "%s in %s", lines[_i],
                  p->text);
}
END_TEST

START_TEST(what_was_not_counted_by_code_has_none)
{
    paper *p = new_paper();

    ep_metrics(new_report(), &p->sink);
    ck_assert_uint_eq(count_of(p, ",error="), 4);
    /* two hosts, three numbers each; a start, and the ledger's */
    ck_assert_uint_eq(count_of(p, "\n") - count_of(p, "# "), 6 + 4 + 1 + 3);
}
END_TEST

START_TEST(it_ends_with_its_end_and_only_there)
{
    ep_report *report = new_report();
    paper *p = new_paper();
    const char *end;

    report->ledger = NULL;
    ep_metrics(report, &p->sink);
    ck_assert_uint_eq(count_of(p, "# EOF\n"), 1);
    end = strstr(p->text, "# EOF\n");
    ck_assert_str_eq(end, "# EOF\n");
    ck_assert_uint_eq(count_of(p, "ledger"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_metrics");
    TCase *tcase = tcase_create("lines");

    ADD_ROWS(tcase, every_number_has_its_line, lines);
    tcase_add_test(tcase, what_was_not_counted_by_code_has_none);
    tcase_add_test(tcase, it_ends_with_its_end_and_only_there);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
