/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/expect.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

/* What becomes of a field value: how many members are taken off before its
 * end, or before what nobody can read; and whether 100-continue counts. */
static const struct {
    const char *value;
    int members;
    int malformed;
    int has_continue;
} values[] = {
    /* nothing said */
    { "", 0, 0, 0 },
    { " ", 0, 0, 0 },
    { "\t \t", 0, 0, 0 },
    { ",", 0, 0, 0 },
    { " , ,,\t,", 0, 0, 0 },
    /* 100-continue in all its spellings */
    { "100-continue", 1, 0, 1 },
    { "100-Continue", 1, 0, 1 },
    { "100-CONTINUE", 1, 0, 1 },
    { "  100-continue\t", 1, 0, 1 },
    { ",100-continue", 1, 0, 1 },
    { "100-continue,", 1, 0, 1 },
    { ", ,100-continue , ,", 1, 0, 1 },
    { "100-continue, 100-continue", 2, 0, 1 },
    { "100-continue,100-Continue,100-CONTINUE", 3, 0, 1 },
    { "foo, 100-continue", 2, 0, 1 },
    { "100-continue , foo", 2, 0, 1 },
    { "foo=\"100-continue\", 100-continue", 2, 0, 1 },
    /* what is something else */
    { "foo", 1, 0, 0 },
    { "100", 1, 0, 0 },
    { "100-continu", 1, 0, 0 },
    { "100-continue2", 1, 0, 0 },
    { "x100-continue", 1, 0, 0 },
    { "100_continue", 1, 0, 0 },
    { "100-continue-", 1, 0, 0 },
    { "200-ok", 1, 0, 0 },
    { "*", 1, 0, 0 },
    { "!#$%&'*+-.^_`|~", 1, 0, 0 },
    { "100-continue=1", 1, 0, 0 },
    { "100-continue=\"\"", 1, 0, 0 },
    { "100-continue=100-continue", 1, 0, 0 },
    { "foo=100-continue", 1, 0, 0 },
    { "foo=\", 100-continue\"", 1, 0, 0 },
    { "foo=\"\\\", 100-continue\"", 1, 0, 0 },
    { "foo=\"a\\\\\", 100-continue", 2, 0, 1 },
    { "foo=bar", 1, 0, 0 },
    { "foo=\"\"", 1, 0, 0 },
    { "foo=\"bar\tbaz\"", 1, 0, 0 },
    { "foo=\"caf\xc3\xa9\"", 1, 0, 0 },
    { "foo=bar;x=y", 1, 0, 0 },
    { "foo=bar ; x=\"y,z\" ;; , bar=1", 2, 0, 0 },
    { "foo=bar;", 1, 0, 0 },
    /* what nobody can read */
    { ";", 0, 1, 0 },
    { "=", 0, 1, 0 },
    { "=foo", 0, 1, 0 },
    { "\"100-continue\"", 0, 1, 0 },
    { "'100-continue' x", 0, 1, 0 },
    { "100-continue;", 0, 1, 0 },
    { "100-continue;q=1", 0, 1, 0 },
    { "foo;x=y", 0, 1, 0 },
    { "100-continue foo", 0, 1, 0 },
    { "100 continue", 0, 1, 0 },
    { "100-continue 100-continue", 0, 1, 0 },
    { "100-continue; 100-continue", 0, 1, 0 },
    { "100-continue=", 0, 1, 0 },
    { "100-continue =1", 0, 1, 0 },
    { "100-continue= 1", 0, 1, 0 },
    { "foo=\"bar", 0, 1, 0 },
    { "foo=\"bar\\", 0, 1, 0 },
    { "foo=\"bar\\\"", 0, 1, 0 },
    { "foo=\"a\"b", 0, 1, 0 },
    { "foo=\"a\"\"b\"", 0, 1, 0 },
    { "foo=bar=baz", 0, 1, 0 },
    { "foo=bar;x", 0, 1, 0 },
    { "foo=bar;x=", 0, 1, 0 },
    { "foo=bar;x=y z", 0, 1, 0 },
    { "foo/bar", 0, 1, 0 },
    { "<foo>", 0, 1, 0 },
    { "foo(comment)", 0, 1, 0 },
    { "100-continue\r\n", 0, 1, 0 },
    { "100-continue\r", 0, 1, 0 },
    { "\n100-continue", 0, 1, 0 },
    { "100-continue\x0b", 0, 1, 0 },
    { "100-continue\x7f", 0, 1, 0 },
    { "100-continue\x01", 0, 1, 0 },
    { "foo=\"\x01\"", 0, 1, 0 },
    { "foo=\"\x7f\"", 0, 1, 0 },
    { "100-continue\xc2\xa0", 0, 1, 0 },
    { "\xef\xbb\xbf" "100-continue", 0, 1, 0 },
    { "100\xe2\x80\x91" "continue", 0, 1, 0 },
    { "100-continue, ;", 1, 1, 0 },
    { "100-continue, \"", 1, 1, 0 },
    { "100-continue, foo=", 1, 1, 0 },
    { "foo=bar, 100-continue;", 1, 1, 0 }
};

START_TEST(a_field_value_has_the_members_that_the_grammar_gives_it)
{
    const char *value = guarded(values[_i].value);
    ep_expectation member;
    ep_expect_result result;
    int members = 0;

    while ((result = ep_expect_next(&value, &member)) == EP_EXPECT_MEMBER) {
        members++;
    }
    ck_assert_msg(members == values[_i].members, "'%s' has %d members",
                  values[_i].value, members);
    ck_assert_msg((result == EP_EXPECT_MALFORMED) == values[_i].malformed,
                  "'%s' is read otherwise", values[_i].value);
}
END_TEST

START_TEST(only_a_well_formed_value_with_a_bare_100_continue_asks_to_continue)
{
    ck_assert_msg(ep_expect_has_continue(guarded(values[_i].value))
                      == values[_i].has_continue,
                  "'%s'", values[_i].value);
}
END_TEST

START_TEST(one_bad_member_spoils_a_value_wherever_it_stands)
{
    size_t i, tried = 0;

    for (i = 0; i < COUNT(values); i++) {
        char text[256];

        if (values[i].malformed) {
            snprintf(text, sizeof(text), "100-continue, %s, 100-continue",
                     values[i].value);
            ck_assert_msg(!ep_expect_has_continue(guarded(text)), "'%s'",
                          text);
            tried++;
        }
    }
    ck_assert_uint_gt(tried, 30);
}
END_TEST

START_TEST(members_point_to_names_and_values_as_they_were_written)
{
    const char *rest = guarded(" ,Foo=\"a\\\"b\" ; p=1 , 100-Continue,bar=b");
    ep_expectation member;

    ck_assert_int_eq(ep_expect_next(&rest, &member), EP_EXPECT_MEMBER);
    ck_assert(span_is(member.name.at, member.name.length, "Foo"));
    ck_assert(span_is(member.value.at, member.value.length, "\"a\\\"b\""));
    ck_assert(!ep_expect_is_continue(&member));
    ck_assert_int_eq(ep_expect_next(&rest, &member), EP_EXPECT_MEMBER);
    ck_assert(span_is(member.name.at, member.name.length, "100-Continue"));
    ck_assert_uint_eq(member.value.length, 0);
    ck_assert(ep_expect_is_continue(&member));
    ck_assert_int_eq(ep_expect_next(&rest, &member), EP_EXPECT_MEMBER);
    ck_assert(span_is(member.name.at, member.name.length, "bar"));
    ck_assert(span_is(member.value.at, member.value.length, "b"));
    ck_assert_int_eq(ep_expect_next(&rest, &member), EP_EXPECT_END);
}
END_TEST

START_TEST(a_member_is_left_alone_where_none_was_found)
{
    static const char *const without[] = { "", ",", "foo;x=y", "=" };
    size_t i;

    for (i = 0; i < COUNT(without); i++) {
        const char *rest = guarded(without[i]);
        ep_expectation member = { { "n", 1 }, { "v", 1 } };

        ck_assert_int_ne(ep_expect_next(&rest, &member), EP_EXPECT_MEMBER);
        ck_assert(span_is(member.name.at, member.name.length, "n"));
        ck_assert(span_is(member.value.at, member.value.length, "v"));
    }
}
END_TEST

static const struct {
    const char *configured;
    const char *met;
    /* the same with one fact changed */
    const char *unmet;
} matches[] = {
    { "100-continue", "100-continue", "100-continu" },
    { "100-continue", "100-CONTINUE", "100-continue=1" },
    { "Foo", "fOO", "fO" },
    { "foo", "foo", "foo=bar" },
    { "foo", "foo", "foo=\"\"" },
    { "foo=bar", "foo=bar", "foo" },
    { "foo=bar", "FOO=bar", "FOO=Bar" },
    { "foo=bar", "foo=\"bar\"", "foo=\"bar \"" },
    { "foo=bar", "foo=\"b\\a\\r\"", "foo=\"b\\\\ar\"" },
    { "foo=bar", "foo=bar;x=y;z=\"1\"", "foo=barx;x=y;z=\"1\"" },
    { "foo=\"bar\"", "foo=bar", "foo=ba" },
    { "foo=\"\"", "foo=\"\"", "foo" },
    { "foo=\"\"", "foo=\"\"", "foo=x" },
    { "foo=\"a b\"", "foo=\"a\\ b\"", "foo=\"ab\"" },
    { "foo=\"a\\\"b\"", "foo=\"a\\\"b\"", "foo=\"a\\\\\\\"b\"" },
    { "foo=\"\\\\\"", "foo=\"\\\\\"", "foo=\"\\\\\\\\\"" },
    { "foo=\"\xc3\xa9\"", "foo=\"\\\xc3\\\xa9\"", "foo=\"\xc3\xa8\"" },
    { "foo=ba", "foo=\"ba\"", "foo=\"bar\"" },
    { "foo=bar", "foo=\"bar\"", "foo=\"ba\"" }
};

START_TEST(an_expectation_is_met_by_its_name_and_value_alone)
{
    const char *met = guarded(matches[_i].met);
    const char *unmet = guarded(matches[_i].unmet);
    const char *configured = guarded(matches[_i].configured);
    ep_expectation member;

    ck_assert_int_eq(ep_expect_next(&met, &member), EP_EXPECT_MEMBER);
    ck_assert(ep_expect_matches(&member, configured));
    ck_assert_int_eq(ep_expect_next(&unmet, &member), EP_EXPECT_MEMBER);
    ck_assert(!ep_expect_matches(&member, configured));
}
END_TEST

static const struct {
    const char *text;
    int valid;
} configured[] = {
    { "100-continue", 1 },
    { "foo", 1 },
    { "foo=bar", 1 },
    { "foo=\"b a\"", 1 },
    { "", 0 },
    { "foo=", 0 },
    { "=bar", 0 },
    { "foo ", 0 },
    { " foo", 0 },
    { "foo,", 0 },
    { "foo,bar", 0 },
    { "foo=bar;x=y", 0 },
    { "foo;x=y", 0 },
    { "foo=\"bar", 0 },
    { "foo=\"a\"b", 0 },
    { "foo\x7f", 0 },
    { "f\xc3\xa9", 0 }
};

START_TEST(a_configuration_may_name_a_name_or_a_name_with_a_value)
{
    ck_assert_int_eq(ep_expect_valid(guarded(configured[_i].text)),
                     configured[_i].valid);
}
END_TEST

START_TEST(a_long_value_is_read_to_its_end)
{
    char text[16384];
    size_t used = 0;

    while (used + 64 < sizeof(text)) {
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "foo=\"\\\"\\\\\";a=b;;c=\"d,e\" ,, ");
    }
    snprintf(text + used, sizeof(text) - used, "100-continue");
    ck_assert(ep_expect_has_continue(guarded(text)));
    /* its twin: one quote is never closed */
    text[used - 8] = '"';
    ck_assert(!ep_expect_has_continue(guarded(text)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_expect");
    TCase *tcase = tcase_create("expect");

    ADD_ROWS(tcase, a_field_value_has_the_members_that_the_grammar_gives_it,
             values);
    ADD_ROWS(
        tcase,
        only_a_well_formed_value_with_a_bare_100_continue_asks_to_continue,
        values);
    tcase_add_test(tcase, one_bad_member_spoils_a_value_wherever_it_stands);
    tcase_add_test(tcase,
                   members_point_to_names_and_values_as_they_were_written);
    tcase_add_test(tcase, a_member_is_left_alone_where_none_was_found);
    ADD_ROWS(tcase, an_expectation_is_met_by_its_name_and_value_alone,
             matches);
    ADD_ROWS(tcase, a_configuration_may_name_a_name_or_a_name_with_a_value,
             configured);
    tcase_add_test(tcase, a_long_value_is_read_to_its_end);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
