/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/period.h"

#include <stdio.h>

#include "unit.h"

static const struct {
    const char *text;
    int64_t seconds;
} periods[] = {
    { "1s", 1 },
    { "1S", 1 },
    { "59s", 59 },
    { "1m", 60 },
    { "90M", 5400 },
    { "1h", 3600 },
    { "24H", 86400 },
    { "1d", 86400 },
    { "366D", INT64_C(366) * 86400 },
    { "1w", 604800 },
    { "52W", INT64_C(364) * 86400 },
    { "31622400s", INT64_C(366) * 86400 },
    { "0001s", 1 },
    { "00000000000000000000000000007m", 420 }
};

static const char *const others[] = {
    "", "s", "0s", "0", "1", "60", "-1s", "+1s", " 1s", "1s ", "1 s", "1ss",
    "1sm", "1ms", "1y", "1.5h", "1h30m", "0x1s", "1/s", "1:s", "367d", "53w",
    "8785h", "527041m", "31622401s", "99999999999999999999s",
    "18446744073709551617s", "9223372036854775808d", "1\xc2\xb5"
};

START_TEST(digits_and_a_unit_are_a_period)
{
    int64_t microseconds = -7;

    ck_assert_int_eq(ep_period_parse(guarded(periods[_i].text),
                                     &microseconds), 1);
    ck_assert_int_eq(microseconds, periods[_i].seconds * 1000000);
}
END_TEST

START_TEST(nothing_else_is_a_period)
{
    int64_t microseconds = -7;

    ck_assert_int_eq(ep_period_parse(guarded(others[_i]), &microseconds), 0);
    ck_assert_int_eq(microseconds, -7);
}
END_TEST

START_TEST(ten_letters_are_units_and_no_other_byte)
{
    int byte, units = 0;

    for (byte = 1; byte < 256; byte++) {
        char text[3] = "1";
        int64_t microseconds = 0;

        text[1] = (char)byte;
        units += ep_period_parse(guarded(text), &microseconds);
    }
    ck_assert_int_eq(units, 10);
}
END_TEST

START_TEST(the_longest_period_is_the_same_in_all_units)
{
    static const struct {
        char unit;
        int64_t most;
    } units[] = {
        { 's', INT64_C(366) * 86400 }, { 'm', 366 * 1440 }, { 'h', 366 * 24 },
        { 'd', 366 }, { 'w', 52 }
    };
    size_t i;

    for (i = 0; i < COUNT(units); i++) {
        char text[32];
        int64_t microseconds = 0;

        snprintf(text, sizeof(text), "%lld%c", (long long)units[i].most,
                 units[i].unit);
        ck_assert_int_eq(ep_period_parse(text, &microseconds), 1);
        ck_assert_int_le(microseconds, EP_PERIOD_MAX);
        snprintf(text, sizeof(text), "%lld%c", (long long)units[i].most + 1,
                 units[i].unit);
        ck_assert_int_eq(ep_period_parse(text, &microseconds), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_period");
    TCase *tcase = tcase_create("period");

    ADD_ROWS(tcase, digits_and_a_unit_are_a_period, periods);
    ADD_ROWS(tcase, nothing_else_is_a_period, others);
    tcase_add_test(tcase, ten_letters_are_units_and_no_other_byte);
    tcase_add_test(tcase, the_longest_period_is_the_same_in_all_units);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
