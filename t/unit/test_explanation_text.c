/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/explanation_text.h"

#include "paper.h"
#include "unit.h"

START_TEST(what_is_not_known_is_left_out)
{
    ep_explanation *told = new_explanation();
    paper *p = new_paper();

    told->size = EP_UNKNOWN;
    told->file = NULL;
    told->mode_by = NULL;
    told->error = NULL;
    told->status = 0;
    told->document = NULL;
    told->outcome = "admitted";
    ep_explanation_text(told, &p->sink);
    ck_assert_uint_eq(count_of(p, "PUT a.test/<script>\nadmitted\n"), 1);
    ck_assert_uint_eq(count_of(p, "The client gets"), 0);
}
END_TEST

START_TEST(the_text_has_all_of_it)
{
    ep_explanation *told = new_explanation();
    paper *p = new_paper();

    told->document = "{\"error\":\"<s>\"}\n\xc2\x9b\n";
    ep_explanation_text(told, &p->sink);
    ck_assert_str_eq(
        p->text,
        "PUT a.test/<script>, size 11\n"
        "refused: 413 content_too_large\n"
        "virtual host b<i>.test:80, file /srv/<u>, ExpectPolicy On\n"
        "        ExpectPolicyMaxSize 10 <b>  /etc/<&\"'.conf:7\n"
        "\n"
        "    unsupported_expectation: not asked, there is <none>\n"
        "        built in\n"
        "  ! content_too_large: failed, limit 10, used 3, held 4\n"
        "        ExpectPolicyMaxSize 10 <b>  /etc/<&\"'.conf:7\n"
        "        ExpectPolicyMaxSize 10 <b>  /etc/<&\"'.conf:7\n"
        "\nThe client gets:\n"
        "    Content-Type: a<b\n"
        "    {\"error\":\"<s>\"}\n    \\xc2\\x9b\n"
        "\na <note>\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explanation_text");
    TCase *tcase = tcase_create("explanation_text");

    tcase_add_test(tcase, what_is_not_known_is_left_out);
    tcase_add_test(tcase, the_text_has_all_of_it);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
