/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/book/amount.h"

#include "unit.h"

static const struct {
    int64_t amount, other, sum, difference;
} amounts[] = {
    { 0, 0, 0, 0 },
    { 5, 3, 8, 2 },
    { 3, 5, 8, 0 },
    { 5, 5, 10, 0 },
    { INT64_MAX, 0, INT64_MAX, INT64_MAX },
    { 0, INT64_MAX, INT64_MAX, 0 },
    { INT64_MAX, 1, INT64_MAX, INT64_MAX - 1 },
    { 1, INT64_MAX, INT64_MAX, 0 },
    { INT64_MAX - 1, 1, INT64_MAX, INT64_MAX - 2 },
    { INT64_MAX - 1, 2, INT64_MAX, INT64_MAX - 3 },
    { INT64_MAX - 2, 1, INT64_MAX - 1, INT64_MAX - 3 },
    { INT64_MAX / 2 + 1, INT64_MAX / 2, INT64_MAX, 1 },
    { INT64_MAX, INT64_MAX, INT64_MAX, 0 },
    { 5, -1, 5, 5 },
    { -1, 5, 5, 0 },
    { 5, INT64_MIN, 5, 5 },
    { INT64_MIN, 5, 5, 0 },
    { INT64_MIN, INT64_MIN, 0, 0 },
    { INT64_MIN, INT64_MAX, INT64_MAX, 0 },
    { INT64_MAX, INT64_MIN, INT64_MAX, INT64_MAX }
};

START_TEST(sums_and_differences_stay_within_their_bounds)
{
    ck_assert_int_eq(ep_amount_plus(amounts[_i].amount, amounts[_i].other),
                     amounts[_i].sum);
    ck_assert_int_eq(ep_amount_minus(amounts[_i].amount, amounts[_i].other),
                     amounts[_i].difference);
}
END_TEST

static const int64_t numbers[][2] = {
    { INT64_MIN, 0 }, { -1, 0 }, { 0, 0 }, { 1, 1 },
    { INT64_MAX, INT64_MAX }
};

START_TEST(what_is_below_0_counts_as_0)
{
    ck_assert_int_eq(ep_amount_of(numbers[_i][0]), numbers[_i][1]);
}
END_TEST

#define TWO_TO_63 (UINT64_C(1) << 63)

static const struct {
    uint64_t count, each;
    int64_t product;
} products[] = {
    { 0, 0, 0 },
    { 0, UINT64_MAX, 0 },
    { UINT64_MAX, 0, 0 },
    { 3, 4096, 12288 },
    { INT64_MAX, 1, INT64_MAX },
    { 1, INT64_MAX, INT64_MAX },
    { TWO_TO_63, 1, INT64_MAX },
    { UINT64_MAX, 1, INT64_MAX },
    { UINT64_MAX, UINT64_MAX, INT64_MAX },
    /* 2^63 - 4096, 2^63 and what comes to 0 and 4096 in 64 bits */
    { (TWO_TO_63 >> 12) - 1, 4096, INT64_MAX - 4095 },
    { TWO_TO_63 >> 12, 4096, INT64_MAX },
    { TWO_TO_63 >> 11, 4096, INT64_MAX },
    { (TWO_TO_63 >> 11) + 1, 4096, INT64_MAX }
};

START_TEST(products_stay_within_their_bounds)
{
    ck_assert_int_eq(ep_amount_times(products[_i].count, products[_i].each),
                     products[_i].product);
    ck_assert_int_eq(ep_amount_times(products[_i].each, products[_i].count),
                     products[_i].product);
}
END_TEST

static const struct {
    int64_t amount, percent, part;
} parts[] = {
    { 1000, 0, 0 },
    { 1000, 1, 10 },
    { 999, 1, 9 },
    { 99, 50, 49 },
    { 1000, 100, 1000 },
    { 1000, 101, 1000 },
    { 1000, INT64_MAX, 1000 },
    { 1000, -1, 0 },
    { -1000, 50, 0 },
    { INT64_MIN, INT64_MIN, 0 },
    { INT64_MAX, 1, 92233720368547758 },
    { INT64_MAX, 50, INT64_MAX / 2 },
    { INT64_MAX, 99, 9131138316486228048 },
    { INT64_MAX, 100, INT64_MAX }
};

static const struct {
    int64_t amount, whole, permille;
} shares[] = {
    { 0, 0, 1000000 },
    { 0, 1, 0 },
    { 1, 3, 333 },
    { -1, 3, 0 },
    { 3, -1, 1000000 },
    { 999, 1, 999000 },
    { 1000, 1, 1000000 },
    { INT64_MAX, 1, 1000000 },
    { INT64_MAX, INT64_MAX, 1000 },
    { INT64_MAX / 2, INT64_MAX, 499 },
    { INT64_MAX, INT64_MAX / 999, 999000 }
};

START_TEST(a_share_is_told_in_thousandths)
{
    ck_assert_int_eq(ep_amount_permille(shares[_i].amount, shares[_i].whole),
                     shares[_i].permille);
}
END_TEST

START_TEST(a_part_is_never_more_than_the_whole)
{
    ck_assert_int_eq(ep_amount_percent(parts[_i].amount, parts[_i].percent),
                     parts[_i].part);
}
END_TEST

static const struct {
    int64_t amount, unit, units;
} in_units[] = {
    { 0, 1000000, 0 },
    { 1, 1000000, 1 },
    { 999999, 1000000, 1 },
    { 1000000, 1000000, 1 },
    { 1000001, 1000000, 2 },
    { -1, 1000000, 0 },
    { INT64_MIN, 1000000, 0 },
    { INT64_MAX, 1000000, 9223372036855 },
    { INT64_MAX, 1, INT64_MAX },
    { INT64_MAX, INT64_MAX, 1 }
};

START_TEST(units_are_rounded_up)
{
    ck_assert_int_eq(ep_amount_in_units(in_units[_i].amount,
                                        in_units[_i].unit),
                     in_units[_i].units);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_amount");
    TCase *tcase = tcase_create("amounts");

    ADD_ROWS(tcase, sums_and_differences_stay_within_their_bounds, amounts);
    ADD_ROWS(tcase, what_is_below_0_counts_as_0, numbers);
    ADD_ROWS(tcase, products_stay_within_their_bounds, products);
    ADD_ROWS(tcase, a_part_is_never_more_than_the_whole, parts);
    ADD_ROWS(tcase, a_share_is_told_in_thousandths, shares);
    ADD_ROWS(tcase, units_are_rounded_up, in_units);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
