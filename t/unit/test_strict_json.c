/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* A judge that finds everything good proves nothing: it is judged here. */

#include "strict_json.h"

#include <string.h>

#include "unit.h"

/* Behind each bad text its twin that is JSON with one fact changed. */
static const struct {
    const char *bad;
    const char *good;
} texts[] = {
    { "", "0" },
    { " 1", "1" },
    { "1 ", "1" },
    { "1\n", "1" },
    { "1 2", "12" },
    { "01", "10" },
    { "-", "-0" },
    { "+1", "1" },
    { ".5", "0.5" },
    { "5.", "5.0" },
    { "1e", "1e9" },
    { "1e+", "1e+0" },
    { "1E-", "1E-12" },
    { "0x1", "0" },
    { "NaN", "null" },
    { "nul", "null" },
    { "True", "true" },
    { "falsee", "false" },
    { "'a'", "\"a\"" },
    { "\"a", "\"a\"" },
    { "\"a\"b\"", "\"ab\"" },
    { "\"a\tb\"", "\"a\\tb\"" },
    { "\"a\nb\"", "\"a\\nb\"" },
    { "\"\\a\"", "\"\\b\"" },
    { "\"\\\"", "\"\\\\\"" },
    { "\"\\u12\"", "\"\\u0012\"" },
    { "\"\\u12g4\"", "\"\\u12F4\"" },
    { "\"\\u0000\"", "\"\\u0001\"" },
    { "\"\\ud800\"", "\"\\ud800\\udc00\"" },
    { "\"\\udc00\"", "\"\\ud7ff\"" },
    { "\"\\ud800\\ud800\"", "\"\\udbff\\udfff\"" },
    { "\"\xff\"", "\"\x7f\"" },
    { "\"\xc3\"", "\"\xc3\xa9\"" },
    { "\"\xc0\xaf\"", "\"\xc2\x80\"" },
    { "\"\xe0\x80\xaf\"", "\"\xe2\x82\xac\"" },
    { "\"\xed\xa0\x80\"", "\"\xed\x9f\xbf\"" },
    { "\"\xf4\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"" },
    { "\"\xf0\x8f\xbf\xbf\"", "\"\xf0\x90\x80\x80\"" },
    { "\"\x80\"", "\" \"" },
    { "[", "[]" },
    { "[1,]", "[1]" },
    { "[,1]", "[1]" },
    { "[1 2]", "[1, 2]" },
    { "]", "[]" },
    { "[1}", "[1]" },
    { "{", "{}" },
    { "{a:1}", "{\"a\":1}" },
    { "{\"a\"}", "{\"a\":1}" },
    { "{\"a\":}", "{\"a\":1}" },
    { "{\"a\":1,}", "{\"a\":1}" },
    { "{\"a\":1 \"b\":2}", "{\"a\":1 , \"b\":2}" },
    { "{1:1}", "{\"1\":1}" },
    { "{\"a\":1,\"a\":1}", "{\"a\":1,\"A\":1}" },
    { "{\"a\":1,\"b\":2,\"\\u0061\":1}", "{\"a\":1,\"b\":2,\"\\u0062x\":1}" },
    { "{\"a\":1]", "{\"a\":[1]}" },
    { "[[[[[[[[0]]]]]]]]", "[[[[[[[0]]]]]]]" },
    { "{\"a\":1}x", "{\"a\":1}" },
    { "{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":{\"b\":1},\"b\":2}" }
};

START_TEST(only_json_is_found_valid)
{
    const char *bad = guarded(texts[_i].bad);
    const char *good = guarded(texts[_i].good);

    ck_assert_msg(!strict_json_valid(bad, strlen(bad)), "%s", bad);
    ck_assert_msg(strict_json_valid(good, strlen(good)), "%s", good);
}
END_TEST

START_TEST(nothing_is_read_behind_the_length_given)
{
    const char *good = texts[_i].good;
    size_t length;

    for (length = 0; length <= strlen(good); length++) {
        char *part = guarded_room(length + 1);

        memmove(part + 1, good, length);
        strict_json_valid(part + 1, length);
    }
    ck_assert_int_eq(strict_json_valid(good, strlen(good)), 1);
    ck_assert_int_eq(strict_json_valid("1\0", 2), 0);
}
END_TEST

START_TEST(members_and_elements_are_counted_and_pointed_to)
{
    static const char text[] = "{ \"a\" : [1, {\"x\":2}] ,"
                               "\"b\":\"\\u00e9\\n\"}";
    const json_piece whole = { text, sizeof(text) - 1 };
    json_item items[2], elements[1];
    char decoded[4];

    ck_assert(strict_json_valid(whole.at, whole.length));
    ck_assert_uint_eq(strict_json_items(whole, items, 2), 2);
    ck_assert(span_is(items[0].name.at, items[0].name.length, "a"));
    ck_assert(span_is(items[0].value.at, items[0].value.length,
                      "[1, {\"x\":2}]"));
    ck_assert(span_is(items[1].name.at, items[1].name.length, "b"));
    ck_assert_uint_eq(strict_json_items(items[0].value, elements, 1), 2);
    ck_assert(span_is(elements[0].value.at, elements[0].value.length, "1"));
    ck_assert_uint_eq(strict_json_decode(items[1].value, decoded, 4), 3);
    ck_assert_str_eq(decoded, "\xc3\xa9\n");
    ck_assert_uint_eq(strict_json_decode(items[1].value, decoded, 3),
                      (size_t)-1);
    ck_assert_uint_eq(strict_json_decode(elements[0].value, decoded, 4),
                      (size_t)-1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("strict_json");
    TCase *tcase = tcase_create("json");

    ADD_ROWS(tcase, only_json_is_found_valid, texts);
    ADD_ROWS(tcase, nothing_is_read_behind_the_length_given, texts);
    tcase_add_test(tcase, members_and_elements_are_counted_and_pointed_to);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
