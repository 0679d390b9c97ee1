/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/explanation_page.h"

#include <string.h>

#include "paper.h"
#include "unit.h"

static const char *const parts[] = {
    "PUT a.test/&lt;script&gt;, 11 bytes",
    "refused: 413 content_too_large",
    "Virtual host b&lt;i&gt;.test:80, file /srv/&lt;u&gt;, ExpectPolicy On",
    "<td>not asked: there is &lt;none&gt;</td><td><div>built in</div></td>",
    "<th scope=\"row\">content_too_large</th><td class=\"bad\">failed</td>",
    "<td class=\"number\">10</td><td class=\"number\">3</td><td class=\"number\">4</td>",
    "Content-Type: a&lt;b\n",
    "{&quot;error&quot;:&quot;&lt;s&gt;&quot;}",
    "<p>a &lt;note&gt;</p>"
};

START_TEST(all_is_shown_once)
{
    paper *p = new_paper();

    ep_explanation_page(new_explanation(), &p->sink);
    ck_assert_msg(count_of(p, parts[_i]) == 1, "%s in %s", parts[_i], p->text);
}
END_TEST

START_TEST(each_line_tells_where_it_stands)
{
    paper *p = new_paper();

    ep_explanation_page(new_explanation(), &p->sink);
    /* that of the mode, and both of the check */
    ck_assert_uint_eq(count_of(p, "ExpectPolicyMaxSize 10 &lt;b&gt;<br>"
                                  "<span class=\"faint\">/etc/&lt;&amp;&quot;&#39;"
                                  ".conf:7</span>"), 3);
}
END_TEST

START_TEST(no_text_is_markup)
{
    paper *p = new_paper();

    ep_explanation_page(new_explanation(), &p->sink);
    ck_assert_uint_eq(count_of(p, "<script"), 0);
    ck_assert_uint_eq(count_of(p, "<b>"), 0);
    ck_assert_uint_eq(count_of(p, "<i>"), 0);
    ck_assert_uint_eq(count_of(p, "<u>"), 0);
    ck_assert_uint_eq(count_of(p, "<s>"), 0);
    ck_assert_uint_eq(count_of(p, "<note"), 0);
}
END_TEST

START_TEST(without_an_upload_there_is_a_form)
{
    paper *p = new_paper();

    ep_explanation_page(NULL, &p->sink);
    ck_assert_uint_eq(count_of(p, "<input name=\"explain\""), 1);
    ck_assert_uint_eq(count_of(p, "<table"), 0);
}
END_TEST

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
    ep_explanation_page(told, &p->sink);
    ck_assert_uint_eq(count_of(p, ", unknown length"), 1);
    ck_assert_uint_eq(count_of(p, "What the client gets"), 0);
    ck_assert_uint_eq(count_of(p, ">admitted<"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explanation_page");
    TCase *tcase = tcase_create("explanation_page");

    ADD_ROWS(tcase, all_is_shown_once, parts);
    tcase_add_test(tcase, each_line_tells_where_it_stands);
    tcase_add_test(tcase, no_text_is_markup);
    tcase_add_test(tcase, without_an_upload_there_is_a_form);
    tcase_add_test(tcase, what_is_not_known_is_left_out);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
