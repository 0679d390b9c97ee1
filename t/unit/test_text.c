/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/text.h"

#include <string.h>

#include "unit.h"

/* Every byte that RFC 9110 5.6.2 lets a token have. */
static const char token_chars[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";

static const struct {
    const char *text;
    size_t length;
} tokens[] = {
    { "", 0 },
    { "a", 1 },
    { "100-continue", 12 },
    { "a b", 1 },
    { "a,b", 1 },
    { "a=b", 1 },
    { "a;b", 1 },
    { "a/b", 1 },
    { "\"a\"", 0 },
    { " a", 0 },
    { "\ta", 0 },
    { "a\x7f", 1 },
    { "\xc3\xa9", 0 },
    { "a\xff", 1 },
    { token_chars, sizeof(token_chars) - 1 }
};

START_TEST(a_token_ends_where_its_characters_end)
{
    ck_assert_uint_eq(ep_text_token(guarded(tokens[_i].text)), tokens[_i].length);
}
END_TEST

START_TEST(every_byte_is_a_token_character_or_not_as_the_rfc_lists_them)
{
    int byte;

    for (byte = 1; byte < 256; byte++) {
        const char text[] = { (char)byte, '\0' };
        const size_t expected = strchr(token_chars, byte) != NULL;

        ck_assert_msg(ep_text_token(guarded(text)) == expected, "byte %#x",
                      (unsigned int)byte);
    }
}
END_TEST

static const struct {
    const char *text;
    size_t length;
} strings[] = {
    { "\"\"", 2 },
    { "\"a\"", 3 },
    { "\"a b\tc\"", 7 },
    { "\"a\"b", 3 },
    { "\"\\\"\"", 4 },
    { "\"\\\\\"", 4 },
    { "\"\\a\"", 4 },
    { "\"\xc3\xa9\\\xff\"", 6 },
    { "\",;=\"", 5 },
    { "", 0 },
    { "a", 0 },
    { "a\"\"", 0 },
    { "\"", 0 },
    { "\"a", 0 },
    { "\"\\", 0 },
    { "\"\\\"", 0 },
    { "\"a\\\"", 0 },
    { "\"\x7f\"", 0 },
    { "\"\\\x7f\"", 0 },
    { "\"\r\n\"", 0 },
    { "\"\\\n\"", 0 },
    { "\"\x01\"", 0 }
};

START_TEST(a_quoted_string_is_taken_whole_or_not_at_all)
{
    ck_assert_uint_eq(ep_text_quoted_string(guarded(strings[_i].text)),
                      strings[_i].length);
}
END_TEST

static const struct {
    const char *text;
    size_t skipped;
} blanks[] = {
    { "", 0 }, { "a", 0 }, { " a", 1 }, { "\t \ta", 3 }, { "  ", 2 },
    { "\na", 0 }, { "\ra", 0 }, { "\va", 0 }, { "\xa0" "a", 0 }
};

START_TEST(white_space_is_blanks_and_tabs_alone)
{
    const char *text = guarded(blanks[_i].text);

    ck_assert_ptr_eq(ep_text_skip_space(text), text + blanks[_i].skipped);
}
END_TEST

static const struct {
    const char *text;
    /* -1: malformed */
    int skipped;
} parameters[] = {
    { "", 0 },
    { "  ", 2 },
    { ",", 0 },
    { "  ,", 2 },
    { ";a=b", 4 },
    { ";a=b,", 4 },
    { " ; a=b ; c=\"d;e\" ,", 17 },
    { ";", 1 },
    { ";;; ;", 5 },
    { "; ,", 2 },
    { ";a=b;", 5 },
    { ";a=\"\"", 5 },
    { "a=b", 0 },
    { ";a=b c", 5 },
    { ";a", -1 },
    { ";a=", -1 },
    { ";a=;", -1 },
    { ";a =b", -1 },
    { ";a= b", -1 },
    { ";a=\"b", -1 },
    { ";a=\"\\", -1 },
    { ";a=b;c", -1 },
    { ";a==b", -1 },
    { ";=b", 1 },
    { ";\x7f=b", 1 }
};

START_TEST(parameters_are_walked_over_to_what_is_behind_them)
{
    const char *text = guarded(parameters[_i].text);
    const char *end = ep_text_skip_parameters(text);

    if (parameters[_i].skipped < 0) {
        ck_assert_msg(end == NULL, "'%s' is malformed", text);
    }
    else {
        ck_assert_msg(end == text + parameters[_i].skipped,
                      "'%s' goes on at '%s'", text, end != NULL ? end : "?");
    }
}
END_TEST

static const struct {
    const char *a;
    const char *b;
    int same;
} words[] = {
    { "", "", 1 },
    { "a", "", 0 },
    { "abc", "ABC", 1 },
    { "aBz-09", "AbZ-09", 1 },
    { "abc", "abd", 0 },
    { "abc", "abcd", 0 },
    /* 0x20 apart, as cases are, but no letters */
    { "@", "`", 0 },
    { "[", "{", 0 },
    { "^", "~", 0 },
    { "1", "\x11", 0 },
    /* letters of Latin-1, but not of US-ASCII */
    { "\xc9", "\xe9", 0 }
};

START_TEST(words_are_the_same_but_for_the_case_of_us_ascii)
{
    const ep_span a = ep_text_span(guarded(words[_i].a));
    const ep_span b = ep_text_span(guarded(words[_i].b));

    ck_assert_int_eq(ep_text_same_word(a, b), words[_i].same);
    ck_assert_int_eq(ep_text_same_word(b, a), words[_i].same);
}
END_TEST

static const struct {
    const char *text;
    size_t length;
} json_lengths[] = {
    { "", 0 },
    { "image/png", 9 },
    { "\"", 2 },
    { "a\\b", 4 },
    { "\x01", 6 },
    { "\x1f ", 7 },
    { "\x7f\xc3\xa9/", 4 }
};

START_TEST(in_json_some_bytes_take_more_room)
{
    ck_assert_uint_eq(ep_text_json_length(guarded(json_lengths[_i].text)),
                      json_lengths[_i].length);
}
END_TEST

START_TEST(a_span_of_a_string_is_all_of_it_but_the_nul)
{
    const char *text = guarded("text");
    const ep_span span = ep_text_span(text);

    ck_assert_ptr_eq(span.at, text);
    ck_assert_uint_eq(span.length, 4);
}
END_TEST

static const struct {
    const char *text;
    size_t comma;
} commas[] = {
    { "", 0 },
    { ",", 0 },
    { "a,b", 1 },
    { "ab", 2 },
    { "\"a,b\"", 5 },
    { "\"a,b\",", 5 },
    { "x\"a,b\"y\",\"z,", 11 },
    { "\"a\\\",b\",", 7 },
    /* a quote that does not end quotes nothing, and neither does one behind it */
    { "\"a,b", 2 },
    { "\"a\\\",b", 4 },
    { "\"a\x01\"\",\"", 5 },
    { "\"a\t\"\",\"", 7 }
};

START_TEST(a_comma_counts_where_it_stands_in_no_quotes)
{
    const char *text = guarded(commas[_i].text);

    ck_assert_uint_eq((size_t)(ep_text_find_comma(text) - text),
                      commas[_i].comma);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_text");
    TCase *tcase = tcase_create("text");

    ADD_ROWS(tcase, a_token_ends_where_its_characters_end, tokens);
    tcase_add_test(
        tcase, every_byte_is_a_token_character_or_not_as_the_rfc_lists_them);
    ADD_ROWS(tcase, a_quoted_string_is_taken_whole_or_not_at_all, strings);
    ADD_ROWS(tcase, white_space_is_blanks_and_tabs_alone, blanks);
    ADD_ROWS(tcase, parameters_are_walked_over_to_what_is_behind_them,
             parameters);
    ADD_ROWS(tcase, words_are_the_same_but_for_the_case_of_us_ascii, words);
    ADD_ROWS(tcase, in_json_some_bytes_take_more_room, json_lengths);
    tcase_add_test(tcase, a_span_of_a_string_is_all_of_it_but_the_nul);
    ADD_ROWS(tcase, a_comma_counts_where_it_stands_in_no_quotes, commas);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
