/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/tally.h"

#include <string.h>

#include "unit.h"

START_TEST(a_sum_is_of_one_outcome)
{
    ep_tally tally;

    memset(&tally, 0, sizeof(tally));
    ck_assert_int_eq(ep_tally_sum(&tally, EP_OUTCOME_REFUSED), 0);
    tally.ended[EP_OUTCOME_REFUSED][0] = 3;
    tally.ended[EP_OUTCOME_REFUSED][EP_CODES - 1] = 4;
    tally.ended[EP_OUTCOME_CUT][1] = 100;
    tally.ended[EP_OUTCOME_WOULD_REFUSE][EP_CODES - 1] = 1000;
    ck_assert_int_eq(ep_tally_sum(&tally, EP_OUTCOME_REFUSED), 7);
    ck_assert_int_eq(ep_tally_sum(&tally, EP_OUTCOME_CUT), 100);
    ck_assert_int_eq(ep_tally_sum(&tally, EP_OUTCOME_WOULD_REFUSE), 1000);
}
END_TEST

START_TEST(every_count_is_added)
{
    /* a tally is nothing but counts */
    enum { COUNTS = sizeof(ep_tally) / sizeof(int64_t) };
    int64_t one[COUNTS], other[COUNTS];
    ep_tally tally, more;
    size_t i;

    for (i = 0; i < COUNTS; i++) {
        one[i] = (int64_t)i;
        other[i] = 1000;
    }
    memcpy(&tally, one, sizeof(tally));
    memcpy(&more, other, sizeof(more));
    ep_tally_add(&tally, &more);
    memcpy(one, &tally, sizeof(tally));
    for (i = 0; i < COUNTS; i++) {
        ck_assert_int_eq(one[i], 1000 + (int64_t)i);
    }
}
END_TEST

START_TEST(no_sum_overflows)
{
    ep_tally tally, more;

    memset(&tally, 0, sizeof(tally));
    memset(&more, 0, sizeof(more));
    tally.declared = INT64_MAX - 1;
    more.declared = 1;
    ep_tally_add(&tally, &more);
    ck_assert_int_eq(tally.declared, INT64_MAX);
    ep_tally_add(&tally, &more);
    ck_assert_int_eq(tally.declared, INT64_MAX);

    tally.ended[EP_OUTCOME_CUT][0] = INT64_MAX;
    tally.ended[EP_OUTCOME_CUT][1] = INT64_MAX;
    ck_assert_int_eq(ep_tally_sum(&tally, EP_OUTCOME_CUT), INT64_MAX);
}
END_TEST

START_TEST(an_empty_tally_is_one)
{
    ep_tally tally;

    memset(&tally, 0, sizeof(tally));
    ck_assert(ep_tally_is_empty(&tally));
    tally.admitted = 1;
    ck_assert(!ep_tally_is_empty(&tally));
    tally.admitted = 0;
    tally.drained = 1;
    ck_assert(!ep_tally_is_empty(&tally));
    tally.drained = 0;
    tally.ended[EP_OUTCOME_WOULD_REFUSE][EP_CODES - 1] = 1;
    ck_assert(!ep_tally_is_empty(&tally));
    tally.ended[EP_OUTCOME_WOULD_REFUSE][EP_CODES - 1] = 0;
    tally.ended[EP_OUTCOME_REFUSED][0] = 1;
    ck_assert(!ep_tally_is_empty(&tally));
    tally.ended[EP_OUTCOME_REFUSED][0] = 0;
    tally.ended[EP_OUTCOME_CUT][0] = 1;
    ck_assert(!ep_tally_is_empty(&tally));
}
END_TEST

START_TEST(an_hour_is_all_its_minutes)
{
    ep_tally tally;

    memset(&tally, 0, sizeof(tally));
    ck_assert_int_eq(ep_tally_hour(&tally), 0);
    tally.minutes[0] = 1;
    tally.minutes[EP_MINUTES - 1] = 20;
    ck_assert_int_eq(ep_tally_hour(&tally), 21);
    tally.minutes[1] = INT64_MAX;
    ck_assert_int_eq(ep_tally_hour(&tally), INT64_MAX);
}
END_TEST

START_TEST(every_code_has_a_name_of_its_own)
{
    int code, other;

    for (code = 0; code < EP_CODES; code++) {
        const char *name = ep_tally_code((ep_code)code);

        ck_assert_uint_gt(strlen(name), 0);
        for (other = 0; other < code; other++) {
            ck_assert_str_ne(name, ep_tally_code((ep_code)other));
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_tally");
    TCase *tcase = tcase_create("sums");

    tcase_add_test(tcase, a_sum_is_of_one_outcome);
    tcase_add_test(tcase, every_count_is_added);
    tcase_add_test(tcase, no_sum_overflows);
    tcase_add_test(tcase, an_empty_tally_is_one);
    tcase_add_test(tcase, an_hour_is_all_its_minutes);
    tcase_add_test(tcase, every_code_has_a_name_of_its_own);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
