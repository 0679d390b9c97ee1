/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/range.h"

#include "unit.h"

static const struct {
    const char *value;
    int64_t first;
    int64_t last;
    int64_t complete;
} ranges[] = {
    { "bytes 0-0/1", 0, 0, 1 },
    { "bytes 10-19/100", 10, 19, 100 },
    { "bytes 10-19/20", 10, 19, 20 },
    { "bytes 10-19/*", 10, 19, 0 },
    { "BYTES 10-19/*", 10, 19, 0 },
    { "bytes 007-010/0011", 7, 10, 11 },
    { "bytes 0-9223372036854775806/9223372036854775807", 0, INT64_MAX - 1, INT64_MAX },
    { "bytes 9223372036854775807-9223372036854775807/*", INT64_MAX, INT64_MAX, 0 },
    /* what mod_dav takes beyond the grammar */
    { "bytes 10-19/*junk", 10, 19, 0 },
    { "bytes 10/20-19", 10, 19, 20 },
    { "bytes 10/*-19", 10, 19, 0 }
};

START_TEST(a_range_of_bytes_has_a_first_and_a_last_position)
{
    ep_range range = { -7, -7, -7 };

    ck_assert_int_eq(ep_range_parse(guarded(ranges[_i].value), &range),
                     EP_RANGE_BYTES);
    ck_assert_int_eq(range.first, ranges[_i].first);
    ck_assert_int_eq(range.last, ranges[_i].last);
    ck_assert_int_eq(range.complete, ranges[_i].complete);
}
END_TEST

/* Behind each bad value its twin that is good with one fact changed. */
static const struct {
    const char *value;
    const char *twin;
} bad_ranges[] = {
    { "", "bytes 0-0/1" },
    { "bytes", "bytes 0-0/1" },
    { "bytes ", "bytes 0-0/1" },
    { "bytes=0-0/1", "bytes 0-0/1" },
    { "bytes\t0-0/1", "bytes 0-0/1" },
    { "bytes  0-0/1", "bytes 0-0/1" },
    { " bytes 0-0/1", "bytes 0-0/1" },
    { "byte 0-0/1", "bytes 0-0/1" },
    { "bytess 0-0/1", "bytes 0-0/1" },
    { "items 0-0/1", "bytes 0-0/1" },
    { "0-0/1", "bytes 0-0/1" },
    { "bytes */1", "bytes 0-0/1" },
    { "bytes */*", "bytes 0-0/*" },
    { "bytes *", "bytes 0-0/*" },
    { "bytes 0-0", "bytes 0-0/1" },
    { "bytes 0-0/", "bytes 0-0/1" },
    { "bytes 0/1", "bytes 0-0/1" },
    { "bytes -0/1", "bytes 0-0/1" },
    { "bytes 0-/1", "bytes 0-0/1" },
    { "bytes --1-0/1", "bytes 0-0/1" },
    { "bytes -1-0/1", "bytes 1-1/2" },
    { "bytes 0--1/1", "bytes 0-1/2" },
    { "bytes +0-0/1", "bytes 0-0/1" },
    { "bytes 0x0-0/1", "bytes 0-0/1" },
    { "bytes 0 -0/1", "bytes 0-0/1" },
    { "bytes 0- 0/1", "bytes 0-0/1" },
    { "bytes 0-0 /1", "bytes 0-0/1" },
    { "bytes 0-0/ 1", "bytes 0-0/1" },
    { "bytes 0-0/1 ", "bytes 0-0/1" },
    { "bytes 0-0/1;", "bytes 0-0/1" },
    { "bytes 1-0/2", "bytes 0-1/2" },
    { "bytes 0-1/1", "bytes 0-1/2" },
    { "bytes 0-1/0", "bytes 0-1/*" },
    { "bytes 0-0/-1", "bytes 0-0/1" },
    /* two fields, which httpd joins */
    { "bytes 0-0/1, bytes 0-0/1", "bytes 0-0/1" },
    { "bytes 0-0/1,", "bytes 0-0/1" },
    /* one more than fits */
    { "bytes 0-9223372036854775808/*", "bytes 0-9223372036854775807/*" },
    { "bytes 9223372036854775808-9223372036854775808/*",
      "bytes 9223372036854775807-9223372036854775807/*" },
    { "bytes 0-0/9223372036854775808", "bytes 0-0/9223372036854775807" },
    { "bytes 0-18446744073709551616/*", "bytes 0-1844674407370955161/*" },
    { "bytes 18446744073709551616-18446744073709551616/*", "bytes 0-0/*" },
    { "bytes 0-0\n/1", "bytes 0-0/1" },
    { "bytes 0-\xd9\xa1/2", "bytes 0-1/2" }
};

START_TEST(what_is_no_range_of_bytes_leaves_the_range_alone)
{
    ep_range range = { -7, -8, -9 };

    ck_assert_int_eq(ep_range_parse(guarded(bad_ranges[_i].value), &range),
                     EP_RANGE_MALFORMED);
    ck_assert_int_eq(range.first, -7);
    ck_assert_int_eq(range.last, -8);
    ck_assert_int_eq(ep_range_parse(guarded(bad_ranges[_i].twin), &range),
                     EP_RANGE_BYTES);
}
END_TEST

START_TEST(without_the_field_there_is_no_range)
{
    ep_range range;

    ck_assert_int_eq(ep_range_parse(NULL, &range), EP_RANGE_NONE);
}
END_TEST

static const struct {
    ep_range range;
    int64_t bytes;
    int64_t end;
} ends[] = {
    { { 0, 0, 0 }, 0, 1 },
    { { 0, 9, 0 }, 10, 10 },
    { { 0, 9, 0 }, 5, 10 },
    { { 0, 9, 0 }, 11, 11 },
    { { 90, 99, 0 }, 10, 100 },
    { { 90, 99, 0 }, 11, 101 },
    { { 90, 90, 0 }, INT64_MAX, INT64_MAX },
    { { 90, 90, 0 }, INT64_MAX - 90, INT64_MAX },
    { { 90, 90, 0 }, INT64_MAX - 91, INT64_MAX - 1 },
    { { 0, INT64_MAX, 0 }, 0, INT64_MAX },
    { { 0, INT64_MAX - 1, 0 }, 0, INT64_MAX },
    { { 0, INT64_MAX - 2, 0 }, 0, INT64_MAX - 1 },
    { { INT64_MAX, INT64_MAX, 0 }, 1, INT64_MAX }
};

START_TEST(content_ends_where_it_is_said_or_where_it_ends)
{
    ck_assert_int_eq(ep_range_end(&ends[_i].range, ends[_i].bytes),
                     ends[_i].end);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_range");
    TCase *tcase = tcase_create("range");

    ADD_ROWS(tcase, a_range_of_bytes_has_a_first_and_a_last_position, ranges);
    ADD_ROWS(tcase, what_is_no_range_of_bytes_leaves_the_range_alone,
             bad_ranges);
    tcase_add_test(tcase, without_the_field_there_is_no_range);
    ADD_ROWS(tcase, content_ends_where_it_is_said_or_where_it_ends, ends);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
