/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/json.h"

#include <string.h>

#include "paper.h"
#include "unit.h"

START_TEST(a_number_is_a_member_unless_it_is_unknown)
{
    json_t *document = json_object();

    ep_json_number(document, "known", 0);
    ep_json_number(document, "largest", INT64_MAX);
    ep_json_number(document, "unknown", EP_UNKNOWN);
    ck_assert_uint_eq(json_object_size(document), 2);
    ck_assert(json_integer_value(json_object_get(document, "known")) == 0);
    ck_assert(json_integer_value(json_object_get(document, "largest"))
              == INT64_MAX);
    json_decref(document);
}
END_TEST

START_TEST(the_names_of_a_rule_are_those_that_both_sides_accept)
{
    json_t *document = json_object();
    scenario s;
    ep_policy policy;

    given(&s, &policy, "server Types image/*", "owner Types image/png t/t");
    ep_json_names(document, "types", &policy, EP_RULE_TYPES);
    ck_assert_uint_eq(json_array_size(json_object_get(document, "types")), 1);
    ck_assert_str_eq(json_string_value(json_array_get(
                         json_object_get(document, "types"), 0)),
                     "image/png");
    ck_assert_ptr_null(json_object_get(document, "truncated"));
    json_decref(document);
    scenario_free(&s);
}
END_TEST

START_TEST(names_that_find_no_room_are_said_to_be_left_out)
{
    json_t *document = json_object();
    ep_policy policy;
    ep_setting longest;

    memset(&policy, 0, sizeof(policy));
    longest_list(&longest, _i);
    policy.rule[longest_lists[_i].rule][0] = &longest;
    ep_json_names(document, "names", &policy, longest_lists[_i].rule);
    ck_assert_uint_gt(json_array_size(json_object_get(document, "names")), 0);
    ck_assert(json_is_true(json_object_get(document, "truncated")));
    json_decref(document);
}
END_TEST

START_TEST(a_document_is_written_whole_or_not_at_all)
{
    /* {"n":1} and a newline */
    static const size_t length = 8;
    size_t size;

    for (size = 2; size < length + 3; size++) {
        json_t *document = json_pack("{s:i}", "n", 1);
        char *out = guarded_room(size);
        const size_t written = ep_json_line(out, size, document);

        if (size < length) {
            ck_assert_uint_eq(written, 0);
        }
        else {
            ck_assert_uint_eq(written, length);
            ck_assert_int_eq(strncmp(out, "{\"n\":1}\n", length), 0);
        }
    }
}
END_TEST

START_TEST(a_document_of_any_length_goes_to_a_sink)
{
    paper *p = new_paper();

    ck_assert_int_eq(ep_json_sink(&p->sink, json_pack("{s:i,s:s}", "n", 1, "t", "x")),
                     1);
    ck_assert_str_eq(p->text, "{\"n\":1,\"t\":\"x\"}");
    ck_assert_int_eq(ep_json_sink(&p->sink, NULL), 0);
    ck_assert_str_eq(p->text, "{\"n\":1,\"t\":\"x\"}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_json");
    TCase *tcase = tcase_create("json");

    tcase_add_test(tcase, a_number_is_a_member_unless_it_is_unknown);
    tcase_add_test(tcase, the_names_of_a_rule_are_those_that_both_sides_accept);
    tcase_add_loop_test(tcase, names_that_find_no_room_are_said_to_be_left_out,
                        0, LONGEST_LISTS);
    tcase_add_test(tcase, a_document_is_written_whole_or_not_at_all);
    tcase_add_test(tcase, a_document_of_any_length_goes_to_a_sink);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
