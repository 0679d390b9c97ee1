/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/refusal_page.h"

#include <string.h>

#include "core/answer/document.h"
#include "unit.h"

#define SIZE 4096
/* what ep_refusal_page() asks for */
#define SMALLEST 3072

static const struct {
    const char *error;
    const char *title;
} titles[] = {
    { "content_too_large", "Content too large" },
    { "x", "X" },
    { "", "" },
    { "Closed.for-good", "Closed.for-good" },
    { "_a", " a" },
    { "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg"
      "hhhhhhhhhhiiii",
      "Aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg"
      "hhhhhhhhh" }
};

START_TEST(a_code_has_a_title)
{
    char *title = guarded_room(EP_TITLE_SIZE);

    ep_refusal_page_title(guarded(titles[_i].error), title);
    ck_assert_str_eq(title, titles[_i].title);
}
END_TEST

/* The page of a scenario that is refused. */
static char *page_of(const char *lines, const char *message, size_t size)
{
    static char text[SIZE + 1];
    char *room = guarded_room(size);
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    size_t length;

    given(&s, &policy, lines, "");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_ne(verdict.code, EP_ADMITTED);
    length = ep_refusal_page(room, size, ep_verdict_error(&verdict, verdict.code),
                             message, &policy, &verdict, "I&d@1");
    ck_assert_uint_le(length, size);
    memcpy(text, room, length);
    text[length] = '\0';
    scenario_free(&s);
    return text;
}

static const struct {
    const char *lines;
    const char *has;
} pages[] = {
    { "server MaxSize 1024\nsized 52428800",
      "<dt>Limit<dd>1.0 KB<dt>Your upload<dd>50.0 MB<dt>Code"
      "<dd>content_too_large<dt>Request<dd>I&amp;d@1</dl>" },
    { "server Types image/png image/*\nsized 5",
      "<dt>Accepted here<dd>image/png, image/*<dt>Code" },
    { "server Methods POST\nsized 5\nmethod PUT",
      "<dt>Accepted here<dd>POST<dt>Code" },
    { "server Encodings gzip\nsized 5", "<dt>Accepted here<dd>gzip<dt>Code" },
    { "server Expectations a=\"<b>\"\nexpect foo",
      "<dt>Accepted here<dd>a=&quot;&lt;b&gt;&quot;<dt>Code" },
    { "server Refuse closed 403\nsized 5",
      "<title>Closed</title><h1>Closed</h1><p>a &lt;b&gt; &amp; c</p><dl>"
      "<dt>Code<dd>closed<dt>Request<dd>I&amp;d@1</dl>" }
};

START_TEST(a_page_says_what_the_document_says)
{
    const char *text = page_of(pages[_i].lines, "a <b> & c", SIZE);

    ck_assert_msg(strstr(text, pages[_i].has) != NULL, "%s", text);
    ck_assert(strstr(text, "<p>a &lt;b&gt; &amp; c</p>") != NULL);
}
END_TEST

START_TEST(a_message_that_does_not_fit_is_left_out)
{
    char message[1025];
    const char *text;

    memset(message, '"', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    text = page_of("server MaxSize 1024\nsized 2000", message, SIZE);
    ck_assert(strstr(text, "<p></p>") != NULL);
    ck_assert(strstr(text, "content_too_large") != NULL);
    message[200] = '\0';
    text = page_of("server MaxSize 1024\nsized 2000", message, SIZE);
    ck_assert(strstr(text, "<p>&quot;&quot;") != NULL);
}
END_TEST

/* Where nothing else fits, the code and the id do. */
START_TEST(the_longest_id_leaves_room_for_the_code)
{
    static const char error[] =
        "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<";
    char id[EP_ID_MAX + 1], message[SIZE];
    char *text = guarded_room(SMALLEST);
    size_t length;

    memset(message, '<', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    memset(id, '&', EP_ID_MAX);
    id[EP_ID_MAX] = '\0';
    length = ep_refusal_page(text, SMALLEST, error, message, NULL, NULL, id);
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_le(length, SMALLEST);
    ck_assert_mem_eq(text + length - 23, "&amp;&amp;</dl></html>\n", 23);
}
END_TEST

START_TEST(an_error_of_others_has_a_message_alone)
{
    char *text = guarded_room(SIZE);
    const size_t length = ep_refusal_page(text, SIZE, "not_found", "gone", NULL,
                                          NULL, "-");

    text[length - 1] = '\0';
    ck_assert(strstr(text, "<p>gone</p><dl><dt>Code<dd>not_found<dt>Request<dd>-</dl>")
              != NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_notice");
    TCase *tcase = tcase_create("page");

    ADD_ROWS(tcase, a_code_has_a_title, titles);
    ADD_ROWS(tcase, a_page_says_what_the_document_says, pages);
    tcase_add_test(tcase, a_message_that_does_not_fit_is_left_out);
    tcase_add_test(tcase, the_longest_id_leaves_room_for_the_code);
    tcase_add_test(tcase, an_error_of_others_has_a_message_alone);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
