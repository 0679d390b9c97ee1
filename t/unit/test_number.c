/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/number.h"

#include <string.h>

#include "unit.h"

static const struct {
    const char *text;
    int64_t bytes;
} sizes[] = {
    { "0", 0 },
    { "1", 1 },
    { "00010", 10 },
    { "524288000", 524288000 },
    { "1K", 1024 },
    { "1k", 1024 },
    { "10M", 10485760 },
    { "10m", 10485760 },
    { "2G", INT64_C(2147483648) },
    { "2g", INT64_C(2147483648) },
    { "1T", INT64_C(1099511627776) },
    { "1t", INT64_C(1099511627776) },
    { "0T", 0 },
    /* the largest of each unit: INT64_MAX itself stands for Unlimited */
    { "9223372036854775806", INT64_MAX - 1 },
    { "9007199254740991K", INT64_C(9007199254740991) << 10 },
    { "8796093022207M", INT64_C(8796093022207) << 20 },
    { "8589934591G", INT64_C(8589934591) << 30 },
    { "8388607T", INT64_C(8388607) << 40 }
};

START_TEST(digits_and_a_unit_are_a_size)
{
    int64_t bytes = -7;

    ck_assert_int_eq(ep_number_size(guarded(sizes[_i].text), &bytes), 1);
    ck_assert_int_eq(bytes, sizes[_i].bytes);
}
END_TEST

/* Behind each bad text its twin that is a size with one fact changed. */
static const struct {
    const char *text;
    const char *twin;
} bad_sizes[] = {
    { "", "0" },
    { "K", "0K" },
    { "-1", "1" },
    { "+1", "1" },
    { " 1", "1" },
    { "1 ", "1" },
    { "1\n", "1" },
    { "1 K", "1K" },
    { "1.5G", "15G" },
    { "1,5", "15" },
    { "10MB", "10M" },
    { "10KiB", "10K" },
    { "1KK", "1K" },
    { "K1", "1K" },
    { "0x10", "010" },
    { "1e3", "13" },
    { "1P", "1T" },
    { "1B", "1" },
    { "10%", "10" },
    { "1_000", "1000" },
    { "\xd9\xa1", "1" },
    { "1\xff", "1" },
    { "Unlimited", "1" },
    /* one more than the largest of each unit */
    { "9223372036854775807", "9223372036854775806" },
    { "9223372036854775808", "9223372036854775806" },
    { "9223372036854775810", "922337203685477581" },
    { "18446744073709551617", "1844674407370955161" },
    { "99999999999999999999999999999999", "999999999999999999" },
    { "9007199254740992K", "9007199254740991K" },
    { "8796093022208M", "8796093022207M" },
    { "8589934592G", "8589934591G" },
    { "8388608T", "8388607T" },
    { "18014398509481985K", "1801439850948198K" }
};

START_TEST(anything_else_is_no_size_and_leaves_the_number_alone)
{
    int64_t bytes = -7;

    ck_assert_int_eq(ep_number_size(guarded(bad_sizes[_i].text), &bytes), 0);
    ck_assert_int_eq(bytes, -7);
    ck_assert_int_eq(ep_number_size(guarded(bad_sizes[_i].twin), &bytes), 1);
    ck_assert_int_ge(bytes, 0);
}
END_TEST

START_TEST(a_number_of_any_length_is_read_without_overflow)
{
    char digits[4096];
    int64_t bytes = -7;

    memset(digits, '9', sizeof(digits) - 1);
    digits[sizeof(digits) - 1] = '\0';
    ck_assert_int_eq(ep_number_size(guarded(digits), &bytes), 0);
    memset(digits, '0', sizeof(digits) - 2);
    ck_assert_int_eq(ep_number_size(guarded(digits), &bytes), 1);
    ck_assert_int_eq(bytes, 9);
}
END_TEST

/* Numbers in fields; -7: it is none. */
static const struct {
    const char *text;
    int64_t number;
} digits[] = {
    { "0", 0 },
    { "7", 7 },
    { "007", 7 },
    { "9223372036854775807", INT64_MAX },
    { "0009223372036854775807", INT64_MAX },
    { "", -7 },
    { "9223372036854775808", -7 },
    { "9223372036854775810", -7 },
    { "18446744073709551616", -7 },
    { "99999999999999999999999999999999", -7 },
    { "+7", -7 },
    { "-7", -7 },
    { " 7", -7 },
    { "7 ", -7 },
    { "7\t", -7 },
    { "7,7", -7 },
    { "7, 7", -7 },
    { "7K", -7 },
    { "0x7", -7 },
    { "7.0", -7 },
    { "7e3", -7 },
    { "7;a=1", -7 },
    { "\"7\"", -7 },
    { "\xd9\xa7", -7 }
};

START_TEST(digits_alone_are_a_number)
{
    const char *text = guarded(digits[_i].text);
    int64_t number = -7;

    ck_assert_int_eq(ep_number_digits(text, &number), digits[_i].number != -7);
    ck_assert_int_eq(number, digits[_i].number);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_size");
    TCase *tcase = tcase_create("size");

    ADD_ROWS(tcase, digits_and_a_unit_are_a_size, sizes);
    ADD_ROWS(tcase, anything_else_is_no_size_and_leaves_the_number_alone,
             bad_sizes);
    tcase_add_test(tcase, a_number_of_any_length_is_read_without_overflow);
    ADD_ROWS(tcase, digits_alone_are_a_number, digits);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
