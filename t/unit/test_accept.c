/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/accept.h"

#include "unit.h"

static const struct {
    const char *accept;
    int html;
    int json;
} fields[] = {
    { "", 1000, 1000 },
    { " \t", 1000, 1000 },
    { "*/*", 1000, 1000 },
    { "text/html", 1000, 0 },
    { "TEXT/Html", 1000, 0 },
    { "text/*", 1000, 0 },
    { "text/html;q=0", 0, 0 },
    { "text/html;q=0.5", 500, 0 },
    { "text/html;q=0.5,text/html;q=0.7", 700, 0 },
    { "text/html;Q=0.123", 123, 0 },
    { "text/html; q=\"0.5\", image/png", 0, 0 },
    { "text/html;q=1.000", 1000, 0 },
    { "text/html ; level=1 ; q=0.25 , application/json", 250, 1000 },
    { "text/html;level=\"a,b\";q=0.5", 500, 0 },
    { "text/*;q=0.2, text/html;q=0.1, */*;q=0.3", 100, 300 },
    { "*/*;q=0.3, text/*", 1000, 300 },
    { ",,*/*,,", 1000, 1000 },
    /* skipped, and what is left decides */
    { "text/html;q=1.001, */*;q=0.5", 500, 500 },
    { "text/html;q=2, */*;q=0.5", 500, 500 },
    { "text/html;q=.5, */*;q=0.5", 500, 500 },
    { "text/html;q=0.1234, */*;q=0.5", 500, 500 },
    { "text/html;q=, */*;q=0.5", 500, 500 },
    { "text/html x, */*;q=0.5", 500, 500 },
    { "text, */*;q=0.5", 500, 500 },
    { "text/, */*;q=0.5", 500, 500 },
    { "/html, */*;q=0.5", 500, 500 },
    { "text/html;level=\"a, */*;q=0.5", 500, 500 },
    /* nothing parses: as if there were no field */
    { "text", 1000, 1000 },
    { "\xff", 1000, 1000 },
    /* no range at all */
    { "*/html", 0, 0 },
    { "image/png", 0, 0 }
};

START_TEST(a_client_says_how_much_it_wants_a_type)
{
    const char *accept = guarded(fields[_i].accept);

    ck_assert_int_eq(ep_accept_quality(accept, "text/html"), fields[_i].html);
    ck_assert_int_eq(ep_accept_quality(accept, "application/json"),
                     fields[_i].json);
}
END_TEST

START_TEST(without_a_field_all_will_do)
{
    ck_assert_int_eq(ep_accept_quality(NULL, "text/html"), 1000);
    ck_assert_int_eq(ep_accept_quality(NULL, "no type"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_accept");
    TCase *tcase = tcase_create("quality");

    ADD_ROWS(tcase, a_client_says_how_much_it_wants_a_type, fields);
    tcase_add_test(tcase, without_a_field_all_will_do);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
