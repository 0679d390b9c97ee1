/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ep_tally.h"

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

int main(void)
{
    Suite *suite = suite_create("ep_tally");
    TCase *tcase = tcase_create("sums");

    tcase_add_test(tcase, a_sum_is_of_one_outcome);
    tcase_add_test(tcase, every_count_is_added);
    tcase_add_test(tcase, no_sum_overflows);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
