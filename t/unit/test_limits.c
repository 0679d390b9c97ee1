/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/limits.h"

#include <stdlib.h>
#include <string.h>

#include "strict_json.h"
#include "unit.h"

/* Limits of an upload of one byte in a scenario, as many as fit. */
static char *limits_of(const char *lines, const ep_left *left, size_t *length)
{
    char *text = guarded_room(EP_LIMITS_SIZE);
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, lines, "sized 1");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    *length = ep_limits_document(text, &policy, "PUT", &verdict, left);
    ck_assert_uint_gt(*length, 2);
    ck_assert_uint_le(*length, EP_LIMITS_SIZE);
    ck_assert_int_eq(text[*length - 1], '\n');
    ck_assert(strict_json_valid(text, *length - 1));
    scenario_free(&s);
    return text;
}

#define EXPECTATIONS "\"supported_expectations\":[\"100-continue\"]"

static const struct {
    const char *lines;
    int64_t quota;
    int64_t allowance;
    const char *text;
} limits[] = {
    { "server ExpectPolicy On", EP_UNKNOWN, EP_UNKNOWN,
      "{\"method\":\"PUT\"," EXPECTATIONS "}\n" },
    { "server Expectations Any", EP_UNKNOWN, EP_UNKNOWN,
      "{\"method\":\"PUT\"}\n" },
    { "server MaxSize 20\nowner MaxSize 10\nceiling 15\n"
      "server Methods PUT POST\nserver Types image/*\n"
      "owner Types image/png text/css\nserver Encodings gzip\n"
      "server RequireLength On\nserver RequireContinue 5\n"
      "server Concurrent 7 client\nserver Concurrent 3 host",
      100, 0,
      "{\"method\":\"PUT\"," EXPECTATIONS ",\"allowed_methods\":[\"PUT\","
      "\"POST\"],\"continue_above\":5,\"supported_types\":[\"image/png\"],"
      "\"supported_encodings\":[\"gzip\"],\"length_required\":true,"
      "\"max_size\":10,\"max_concurrent\":3,\"quota_remaining\":100,"
      "\"allowance_remaining\":0}\n" },
    /* who has yet to show credentials is told what comes before them */
    { "server MaxSize 10\nserver Methods PUT\nserver Types t/t\n"
      "server RequireContinue 5\nserver Concurrent 3 host\n"
      "server Refuse closed 503\n"
      "server RequireAuth Bearer realm=\"api\"", 100, 100,
      "{\"method\":\"PUT\"," EXPECTATIONS ",\"allowed_methods\":[\"PUT\"],"
      "\"authentication_schemes\":[\"Bearer\"]}\n" },
    { "server MaxSize 10\nserver RequireAuth Bearer realm=\"api\"\n"
      "authorization Bearer x", EP_UNKNOWN, EP_UNKNOWN,
      "{\"method\":\"PUT\"," EXPECTATIONS ",\"authentication_schemes\":"
      "[\"Bearer\"],\"max_size\":10}\n" },
    { "server MaxTotal 20\nowner MaxTotal 10\nceiling 5", EP_UNKNOWN, EP_UNKNOWN,
      "{\"method\":\"PUT\"," EXPECTATIONS ",\"max_size\":5,\"max_total\":10}\n" },
    { "server Refuse closed 503", EP_UNKNOWN, EP_UNKNOWN,
      "{\"method\":\"PUT\"," EXPECTATIONS ",\"refused\":{\"error\":"
      "\"closed\",\"message\":\"Uploads are refused here.\",\"status\":503}}"
      "\n" },
    { "server Refuse closed 403 \"Soon\".", EP_UNKNOWN, EP_UNKNOWN,
      "{\"method\":\"PUT\"," EXPECTATIONS ",\"refused\":{\"error\":"
      "\"closed\",\"message\":\"\\\"Soon\\\".\",\"status\":403}}\n" }
};

START_TEST(limits_are_all_that_a_refusal_would_tell)
{
    const ep_left left = { limits[_i].quota, limits[_i].allowance };
    size_t length;
    char *text = limits_of(limits[_i].lines, &left, &length);

    text[length - 1] = '\0';
    ck_assert_uint_eq(length, strlen(limits[_i].text));
    ck_assert_int_eq(strncmp(text, limits[_i].text, length - 1), 0);
}
END_TEST

START_TEST(the_longest_lists_leave_room_for_all_limits)
{
    static const ep_left left = { INT64_MAX, INT64_MAX };
    static const char lines[] =
        "server MaxSize 9223372036854775806\nserver RequireLength On\n"
        "server MaxTotal 9223372036854775806\n"
        "server RequireContinue 9223372036854775806\n"
        "server RequireAuth Bearer\nauthorization Bearer x\n"
        "server Concurrent 9223372036854775806 host";
    char *text = guarded_room(EP_LIMITS_SIZE);
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    ep_setting longest[LONGEST_LISTS];
    size_t length;
    int i;

    given(&s, &policy, lines, "sized 1");
    for (i = 0; i < LONGEST_LISTS; i++) {
        longest_list(&longest[i], i);
        policy.rule[longest_lists[i].rule][0] = &longest[i];
        s.facts.method = longest_lists[i].rule == EP_RULE_METHODS
                             ? longest[i].names[0] : s.facts.method;
    }
    ep_verdict_judge(&policy, &s.facts, &verdict);
    length = ep_limits_document(text, &policy, "PUT", &verdict, &left);
    /* a list ends where its next name, each byte doubled, may not fit */
    ck_assert_uint_gt(length, 4 * (EP_LIST_BYTES - 2 * EP_NAME_MAX - 3));
    ck_assert(strict_json_valid(text, length - 1));
    ck_assert_ptr_nonnull(strstr(text, "\"truncated\":true"));
    scenario_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_limits");
    TCase *tcase = tcase_create("limits");

    ep_document_init();
    ADD_ROWS(tcase, limits_are_all_that_a_refusal_would_tell, limits);
    tcase_add_test(tcase, the_longest_lists_leave_room_for_all_limits);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
