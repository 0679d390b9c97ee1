/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/metrics.h"

#include <string.h>

#include "core/status/version.h"
#include "paper.h"
#include "unit.h"

#define HOST "{host=\"x\\\"&<b>'\\\\\\n.test:80\""

#define TREE "{path=\"/srv/<b>\\\"\\\\x\",source=\"walk\"}"

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
    "\nexpect_policy_build_info{version=\"" EP_VERSION "\"} 1\n",
    "\nexpect_policy_ledger_claims 21\n",
    "\nexpect_policy_ledger_accounts 22\n",
    "\nexpect_policy_ledger_trees 23\n",
    "\nexpect_policy_trees_left_out 35\n",
    "\nexpect_policy_tree_used_bytes" TREE " 31\n",
    "\nexpect_policy_tree_held_bytes" TREE " 32\n",
    "\nexpect_policy_tree_limit_bytes" TREE " 330\n",
    "\nexpect_policy_tree_known" TREE " 1\n",
    "\nexpect_policy_tree_due" TREE " 0\n",
    "\nexpect_policy_tree_measurement_age_seconds" TREE " 34\n",
    "\nexpect_policy_ledger_failures_total{cause=\"full\"} 41\n",
    "\nexpect_policy_ledger_failures_total{cause=\"busy\"} 0\n",
    "\nexpect_policy_filesystem_free_bytes{path=\"/srv\"} 4400\n",
    "\nexpect_policy_filesystem_size_bytes{path=\"/srv\"} 8800\n",
    "\nexpect_policy_filesystem_age_seconds{path=\"/srv\"} 46\n",
    "\nexpect_policy_filesystems_left_out 47\n",
    "\nexpect_policy_cut_total{host=\"quiet.test:80\",error=\"refuse\"} 0\n",
    "\n# TYPE expect_policy_ledger_claims gauge\n",
    "\nexpect_policy_shared_breaker_open 1\n",
    "\nexpect_policy_shared_breaker_opened_total 55\n",
    "\n# TYPE expect_policy_shared_call_seconds histogram\n",
    "\nexpect_policy_shared_call_seconds_bucket{le=\"0.00025\"} 51\n",
    "\nexpect_policy_shared_call_seconds_bucket{le=\"1.0\"} 103\n",
    "\nexpect_policy_shared_call_seconds_bucket{le=\"+Inf\"} 156\n",
    "\nexpect_policy_shared_call_seconds_sum 5.600001\n",
    "\nexpect_policy_shared_call_seconds_count 156\n",
    "\nexpect_policy_shared_failures_total{cause=\"timeout\"} 0\n",
    "\nexpect_policy_shared_failures_total{cause=\"oom\"} 54\n",
    "\nexpect_policy_shared_claims 57\n",
    "\nexpect_policy_shared_untold 58\n",
    "\nexpect_policy_shared_asserted_total 59\n",
    "\nexpect_policy_shared_claims_everywhere 60\n",
    "\nexpect_policy_shared_servers 61\n",
    "\nexpect_policy_shared_everywhere_age_seconds 62\n",
    "\nexpect_policy_shared_lease_seconds 63\n",
    "\nexpect_policy_shared_lease_age_seconds 64\n"
};

START_TEST(every_number_has_its_line)
{
    paper *p = new_paper();

    ep_metrics(new_report(), &p->sink);
    ck_assert_msg(count_of(p, lines[_i]) == 1, "%s in %s", lines[_i],
                  p->text);
}
END_TEST

/* Two hosts, and three numbers of each and three by code; a start and the
 * version; the ledger: 4 numbers and 6 of its tree; failures by cause; a file system, 3 numbers, and how many were left
 * out; what is shared: 10 numbers, 5 of calls and 2 of causes. */
START_TEST(every_series_begins_with_0)
{
    paper *p = new_paper();

    ep_metrics(new_report(), &p->sink);
    ck_assert_uint_eq(count_of(p, ",error="), 2 * 3 * EP_CODES);
    ck_assert_uint_eq(count_of(p, "\n") - count_of(p, "# "),
                      6 + 2 * 3 * EP_CODES + 2 + 4 + 6 + EP_FAILURES + 4
                          + 10 + 5 + 2);
}
END_TEST

START_TEST(the_owner_of_one_host_is_not_told_the_version)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    report->is_whole = 0;
    ep_metrics(report, &p->sink);
    ck_assert_uint_eq(count_of(p, EP_VERSION), 0);
}
END_TEST

START_TEST(quiet_hosts_need_not_have_codes)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    report->has_all_codes = 0;
    ep_metrics(report, &p->sink);
    ck_assert_uint_eq(count_of(p, ",error="), 3 * EP_CODES);
    ck_assert_uint_eq(count_of(p, "expect_policy_admitted_total{"), 2);
}
END_TEST

START_TEST(a_tree_that_was_never_measured_has_no_age)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    given_tree.age = -1;
    given_tree.is_file = 1;
    ep_metrics(report, &p->sink);
    ck_assert_uint_eq(count_of(p, "source=\"file\"} NaN\n"), 1);
}
END_TEST

START_TEST(what_was_never_read_is_not_0)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    given_shared.everywhere_age = -1;
    given_shared.lease_age = -1;
    ep_metrics(report, &p->sink);
    ck_assert_uint_eq(count_of(p, "_claims_everywhere NaN\n"), 1);
    ck_assert_uint_eq(count_of(p, "_shared_servers NaN\n"), 1);
    ck_assert_uint_eq(count_of(p, "_everywhere_age_seconds NaN\n"), 1);
    ck_assert_uint_eq(count_of(p, "_lease_age_seconds NaN\n"), 1);
}
END_TEST

START_TEST(it_ends_with_its_end_and_only_there)
{
    ep_report *report = new_report();
    paper *p = new_paper();
    const char *end;

    report->ledger = NULL;
    report->failures = NULL;
    report->shared = NULL;
    ep_metrics(report, &p->sink);
    ck_assert_uint_eq(count_of(p, "# EOF\n"), 1);
    end = strstr(p->text, "# EOF\n");
    ck_assert_str_eq(end, "# EOF\n");
    ck_assert_uint_eq(count_of(p, "expect_policy_ledger"), 0);
    ck_assert_uint_eq(count_of(p, "expect_policy_shared"), 0);
    ck_assert_uint_eq(count_of(p, "path="), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_metrics");
    TCase *tcase = tcase_create("lines");

    ADD_ROWS(tcase, every_number_has_its_line, lines);
    tcase_add_test(tcase, every_series_begins_with_0);
    tcase_add_test(tcase, quiet_hosts_need_not_have_codes);
    tcase_add_test(tcase, the_owner_of_one_host_is_not_told_the_version);
    tcase_add_test(tcase, a_tree_that_was_never_measured_has_no_age);
    tcase_add_test(tcase, what_was_never_read_is_not_0);
    tcase_add_test(tcase, it_ends_with_its_end_and_only_there);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
