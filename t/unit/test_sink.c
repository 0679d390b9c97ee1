/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/sink.h"

#include "paper.h"
#include "unit.h"

static const struct {
    int64_t number;
    const char *text;
} numbers[] = {
    { 0, "0" },
    { 9, "9" },
    { 10, "10" },
    { 1234567890, "1234567890" },
    { INT64_MAX - 1, "9223372036854775806" },
    { INT64_MAX, "9223372036854775807" },
    { -1, "0" },
    { INT64_MIN, "0" }
};

static const ep_escape escapes[] = {
    { '<', "&lt;" }, { '&', "&amp;" }, { '\0', NULL }
};

static const struct {
    const char *text;
    const char *escaped;
} texts[] = {
    { "", "" },
    { "plain", "plain" },
    { "<", "&lt;" },
    { "<<", "&lt;&lt;" },
    { "a<b", "a&lt;b" },
    { "a<", "a&lt;" },
    { "&lt;", "&amp;lt;" },
    { "\xff\x01>", "\xff\x01>" }
};

START_TEST(a_number_is_written_in_full)
{
    paper *p = new_paper();

    ep_sink_number(&p->sink, numbers[_i].number);
    ck_assert_str_eq(p->text, numbers[_i].text);
}
END_TEST

static const struct {
    int64_t number;
    int places;
    const char *text;
} decimals[] = {
    { 0, 6, "0.0" },
    { 250, 6, "0.00025" },
    { 1000000, 6, "1.0" },
    { 1000001, 6, "1.000001" },
    { 12500, 3, "12.5" },
    { 9, 1, "0.9" },
    { INT64_MAX, 18, "9.223372036854775807" },
    { -1, 6, "0.0" },
    { INT64_MIN, 3, "0.0" }
};

START_TEST(a_decimal_has_no_zeros_at_its_end)
{
    paper *p = new_paper();

    ep_sink_decimal(&p->sink, decimals[_i].number, decimals[_i].places);
    ck_assert_str_eq(p->text, decimals[_i].text);
}
END_TEST

START_TEST(a_text_is_written_with_its_escapes)
{
    paper *p = new_paper();

    ep_sink_escaped(&p->sink, guarded(texts[_i].text), escapes);
    ck_assert_str_eq(p->text, texts[_i].escaped);
}
END_TEST

static const struct {
    int64_t bytes;
    const char *text;
} sizes[] = {
    { 0, "0 bytes" },
    { 1023, "1023 bytes" },
    { 1024, "1.0 KB" },
    { 1535, "1.4 KB" },
    { 52428800, "50.0 MB" },
    { INT64_MAX, "7.9 EB" }
};

START_TEST(bytes_are_written_for_a_person)
{
    paper *p = new_paper();

    ep_sink_bytes(&p->sink, sizes[_i].bytes);
    ck_assert_str_eq(p->text, sizes[_i].text);
}
END_TEST

START_TEST(a_text_can_stand_anywhere_in_a_page)
{
    paper *p = new_paper();

    ep_sink_html(&p->sink, "<a href='x' id=\"y\">&</a>");
    ck_assert_str_eq(p->text, "&lt;a href=&#39;x&#39; id=&quot;y&quot;&gt;"
                              "&amp;&lt;/a&gt;");
}
END_TEST

START_TEST(a_text_is_written_as_it_is)
{
    paper *p = new_paper();

    ep_sink_text(&p->sink, guarded(texts[_i].text));
    ck_assert_str_eq(p->text, texts[_i].text);
}
END_TEST

static const struct {
    const char *text, *printed;
} printables[] = {
    { "", "" },
    { "/home/sites/a b~!", "/home/sites/a b~!" },
    { "\n", "\\x0a" },
    { "a\nb", "a\\x0ab" },
    { "\r\t\b", "\\x0d\\x09\\x08" },
    /* a terminal's own, in 7 and in 8 bits */
    { "\033]0;title\a", "\\x1b]0;title\\x07" },
    { "\x9b" "2J", "\\x9b2J" },
    { "\x7f\x1f\x01", "\\x7f\\x1f\\x01" },
    /* UTF-8, right and wrong, and what turns a line around */
    { "\xc3\xa4", "\\xc3\\xa4" },
    { "\xc3", "\\xc3" },
    { "\xff\xfe\x80", "\\xff\\xfe\\x80" },
    { "\xe2\x80\xae", "\\xe2\\x80\\xae" },
    /* what was escaped before is another text */
    { "\\", "\\\\" },
    { "\\x0a", "\\\\x0a" },
    { "\\\n\\", "\\\\\\x0a\\\\" }
};

START_TEST(a_text_of_others_is_printable)
{
    paper *p = new_paper();

    ep_sink_printable(&p->sink, guarded(printables[_i].text));
    ck_assert_str_eq(p->text, printables[_i].printed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_sink");
    TCase *tcase = tcase_create("pieces");

    ADD_ROWS(tcase, a_number_is_written_in_full, numbers);
    ADD_ROWS(tcase, a_decimal_has_no_zeros_at_its_end, decimals);
    ADD_ROWS(tcase, a_text_of_others_is_printable, printables);
    ADD_ROWS(tcase, a_text_is_written_with_its_escapes, texts);
    ADD_ROWS(tcase, a_text_is_written_as_it_is, texts);
    ADD_ROWS(tcase, bytes_are_written_for_a_person, sizes);
    tcase_add_test(tcase, a_text_can_stand_anywhere_in_a_page);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
