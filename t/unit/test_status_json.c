/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/status_json.h"

#include <string.h>

#include "paper.h"
#include "unit.h"

/* Every report is asked all that holds for each. */
static json_t *written(const ep_report *report)
{
    paper *p = new_paper();
    json_t *json;

    ck_assert_int_eq(ep_status_json(report, &p->sink), 1);
    json = json_on(p);
    ck_assert_uint_eq(
        json_array_size(json_object_get(json, "refusals_per_minute")),
        EP_MINUTES);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "hosts")),
                      report->hosts_count);
    return json;
}

/* All numbers of new_report()'s second host. */
static void check_tally(const json_t *object)
{
    const json_t *refused = json_object_get(object, "refused");
    const json_t *would = json_object_get(object, "would_refuse");
    const json_t *cut = json_object_get(object, "cut");

    ck_assert_int_eq(number_in(object, "admitted"), 11);
    ck_assert_uint_eq(json_object_size(refused), 2);
    ck_assert_int_eq(number_in(refused, "content_too_large"), 12);
    ck_assert_int_eq(number_in(refused, "refuse"), 13);
    ck_assert_uint_eq(json_object_size(would), 1);
    ck_assert_int_eq(number_in(would, "length_required"), 14);
    ck_assert_uint_eq(json_object_size(cut), 1);
    ck_assert_int_eq(number_in(cut, "content_too_large"), 15);
    ck_assert_int_eq(number_in(object, "refused_bytes"), 1600);
    ck_assert_int_eq(number_in(object, "drained_bytes"), 17);
}

static void check_server(const json_t *json, const json_t *ledger)
{
    const json_t *tree = json_array_get(json_object_get(ledger, "fullest"), 0);
    const json_t *failures = json_object_get(json, "ledger_failures");
    const json_t *space = json_array_get(json_object_get(json, "filesystems"),
                                         0);

    ck_assert_str_eq(json_string_value(json_object_get(tree, "path")),
                     given_tree.path);
    ck_assert_int_eq(number_in(tree, "used"), 31);
    ck_assert_int_eq(number_in(tree, "held"), 32);
    ck_assert_int_eq(number_in(tree, "limit"), 330);
    ck_assert_int_eq(number_in(tree, "age"), 34);
    ck_assert(json_is_true(json_object_get(tree, "known")));
    ck_assert(json_is_false(json_object_get(tree, "due")));
    ck_assert_int_eq(number_in(ledger, "trees_left_out"), 35);
    ck_assert_uint_eq(json_object_size(failures), EP_FAILURES);
    ck_assert_int_eq(number_in(failures, "full"), 41);
    ck_assert_int_eq(number_in(failures, "busy"), 0);
    ck_assert_int_eq(number_in(space, "free"), 4400);
    ck_assert_int_eq(number_in(space, "size"), 8800);
    ck_assert_int_eq(number_in(space, "age"), 46);
    ck_assert_int_eq(number_in(json, "filesystems_left_out"), 47);
}

static void check_shared(const json_t *shared)
{
    const json_t *calls = json_object_get(shared, "calls");
    const json_t *failures = json_object_get(shared, "failures");
    const json_t *everywhere = json_object_get(shared, "everywhere");

    ck_assert_str_eq(json_string_value(json_object_get(shared, "where")),
                     given_shared.where);
    ck_assert_str_eq(json_string_value(json_object_get(shared, "breaker")), "open");
    ck_assert_int_eq(number_in(shared, "opened"), 55);
    ck_assert_uint_eq(json_array_size(calls), 3);
    ck_assert_int_eq(number_in(json_array_get(calls, 0), "up_to_microseconds"), 250);
    ck_assert_int_eq(number_in(json_array_get(calls, 0), "calls"), 51);
    ck_assert(json_is_null(json_object_get(json_array_get(calls, 2),
                                           "up_to_microseconds")));
    ck_assert_int_eq(number_in(json_array_get(calls, 2), "calls"), 53);
    ck_assert_int_eq(number_in(shared, "calls_microseconds"), 5600001);
    ck_assert_int_eq(number_in(failures, "timeout"), 0);
    ck_assert_int_eq(number_in(failures, "oom"), 54);
    ck_assert_int_eq(number_in(shared, "claims"), 57);
    ck_assert_int_eq(number_in(shared, "untold"), 58);
    ck_assert_int_eq(number_in(shared, "asserted"), 59);
    ck_assert_int_eq(number_in(everywhere, "claims"), 60);
    ck_assert_int_eq(number_in(everywhere, "servers"), 61);
    ck_assert_int_eq(number_in(everywhere, "age"), 62);
    ck_assert_int_eq(number_in(shared, "lease"), 63);
    ck_assert_int_eq(number_in(shared, "lease_age"), 64);
}

START_TEST(every_number_is_in_its_place)
{
    json_t *json = written(new_report());
    const json_t *minutes = json_object_get(json, "refusals_per_minute");
    const json_t *hosts = json_object_get(json, "hosts");
    const json_t *ledger = json_object_get(json, "ledger");

    ck_assert_str_eq(json_string_value(json_object_get(json, "scope")),
                     "server");
    ck_assert_int_eq(number_in(json, "time"), 1700000060);
    ck_assert_int_eq(number_in(json, "since"), 1700000000);
    check_tally(json_object_get(json, "total"));
    check_tally(json_array_get(hosts, 1));
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(hosts, 0), "name")),
        given_hosts[0].name);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(hosts, 1), "name")),
        given_hosts[1].name);
    ck_assert_int_eq(number_in(json_array_get(hosts, 0), "admitted"), 0);
    ck_assert_int_eq(json_integer_value(json_array_get(minutes, 0)), 18);
    ck_assert_int_eq(json_integer_value(json_array_get(minutes, 1)), 0);
    ck_assert_int_eq(json_integer_value(json_array_get(minutes, 59)), 9);
    ck_assert_int_eq(number_in(ledger, "claims"), 21);
    ck_assert_int_eq(number_in(ledger, "accounts"), 22);
    ck_assert_int_eq(number_in(ledger, "trees"), 23);
    check_server(json, ledger);
    check_shared(json_object_get(json, "shared_ledger"));
    json_decref(json);
}
END_TEST

START_TEST(one_host_is_said_to_be_one)
{
    ep_report *report = new_report();
    json_t *json;

    report->is_whole = 0;
    report->ledger = NULL;
    report->failures = NULL;
    report->shared = NULL;
    json = written(report);
    ck_assert_str_eq(json_string_value(json_object_get(json, "scope")),
                     "host");
    ck_assert_ptr_eq(json_object_get(json, "ledger"), NULL);
    ck_assert_ptr_eq(json_object_get(json, "shared_ledger"), NULL);
    ck_assert_ptr_eq(json_object_get(json, "filesystems"), NULL);
    json_decref(json);
}
END_TEST

START_TEST(a_name_that_is_not_utf_8_spoils_nothing)
{
    ep_report *report = new_report();
    json_t *json;

    given_hosts[0].name = "\xff.test";
    json = written(report);
    ck_assert_str_eq(
        json_string_value(json_object_get(
            json_array_get(json_object_get(json, "hosts"), 0), "name")),
        "?");
    json_decref(json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_report");
    TCase *tcase = tcase_create("json");

    tcase_add_test(tcase, every_number_is_in_its_place);
    tcase_add_test(tcase, one_host_is_said_to_be_one);
    tcase_add_test(tcase, a_name_that_is_not_utf_8_spoils_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
