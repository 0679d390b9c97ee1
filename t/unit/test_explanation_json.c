/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/explanation_json.h"

#include <string.h>

#include "paper.h"
#include "unit.h"

static json_t *written(const ep_explanation *told)
{
    paper *p = new_paper();

    ck_assert_int_eq(ep_explanation_json(told, &p->sink), 1);
    return json_on(p);
}

static const char *text_in(const json_t *object, const char *member)
{
    const json_t *text = json_object_get(object, member);

    ck_assert_msg(json_is_string(text), "%s", member);
    return json_string_value(text);
}

static int is_null(const json_t *object, const char *member)
{
    return json_is_null(json_object_get(object, member));
}

START_TEST(all_is_written)
{
    json_t *json = written(new_explanation());
    const json_t *request = json_object_get(json, "request");
    const json_t *answer = json_object_get(json, "answer");
    const json_t *checks = json_object_get(json, "checks");
    const json_t *last = json_array_get(checks, 1);
    const json_t *line = json_array_get(json_object_get(last, "by"), 0);

    ck_assert_str_eq(text_in(request, "method"), "PUT");
    ck_assert_str_eq(text_in(request, "path"), "/<script>");
    ck_assert_str_eq(text_in(request, "host"), "a.test");
    ck_assert_int_eq(number_in(request, "size"), 11);
    ck_assert_str_eq(text_in(json, "server"), "b<i>.test:80");
    ck_assert_str_eq(text_in(json, "file"), "/srv/<u>");
    ck_assert_str_eq(text_in(json, "mode"), "On");
    ck_assert_int_eq(number_in(json_object_get(json, "mode_by"), "line"), 7);
    ck_assert_str_eq(text_in(json, "outcome"), "refused");
    ck_assert_str_eq(text_in(json, "error"), "content_too_large");
    ck_assert_int_eq(number_in(answer, "status"), 413);
    ck_assert_str_eq(text_in(answer, "document"), "{\"error\":\"<s>\"}\n");
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "fields")), 1);
    ck_assert_uint_eq(json_array_size(checks), 2);
    ck_assert_str_eq(text_in(last, "check"), "content_too_large");
    ck_assert_str_eq(text_in(last, "result"), "failed");
    ck_assert(is_null(last, "why"));
    ck_assert_uint_eq(json_array_size(json_object_get(last, "by")), 2);
    ck_assert_str_eq(text_in(line, "directive"), "ExpectPolicyMaxSize");
    ck_assert_str_eq(text_in(line, "arguments"), "10 <b>");
    ck_assert_str_eq(text_in(line, "file"), "/etc/<&\"'.conf");
    ck_assert_int_eq(number_in(last, "limit"), 10);
    ck_assert_int_eq(number_in(last, "used"), 3);
    ck_assert_int_eq(number_in(last, "held"), 4);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "notes")), 1);
    json_decref(json);
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
    ep_explanation *told = new_explanation();
    const json_t *first, *line;
    json_t *json;

    told->size = EP_UNKNOWN;
    told->file = NULL;
    told->mode_by = NULL;
    told->error = NULL;
    told->status = 0;
    told->document = NULL;
    told->notes_count = 0;
    json = written(told);
    ck_assert(is_null(json_object_get(json, "request"), "size"));
    ck_assert(is_null(json, "file"));
    ck_assert(is_null(json, "mode_by"));
    ck_assert(is_null(json, "error"));
    ck_assert(is_null(json_object_get(json, "answer"), "status"));
    ck_assert(is_null(json_object_get(json, "answer"), "document"));
    first = json_array_get(json_object_get(json, "checks"), 0);
    ck_assert_str_eq(text_in(first, "why"), "there is <none>");
    ck_assert(is_null(first, "limit"));
    line = json_array_get(json_object_get(first, "by"), 0);
    ck_assert(is_null(line, "file"));
    ck_assert(is_null(line, "line"));
    json_decref(json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explanation_json");
    TCase *tcase = tcase_create("explanation_json");

    tcase_add_test(tcase, all_is_written);
    tcase_add_test(tcase, what_is_not_known_is_null);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
