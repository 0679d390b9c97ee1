/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/policy/check.h"

#include <string.h>

#include "unit.h"

START_TEST(codes_have_the_tokens_and_statuses_of_the_contract)
{
    static const char *const tokens[EP_CODES] = {
        "unsupported_expectation", "continue_required", "method_not_allowed",
        "authentication_required", NULL, "unsupported_content_type",
        "unsupported_content_encoding", "length_required",
        "malformed_content_range", "content_too_large", "content_too_small",
        "insufficient_storage", "quota_exceeded", "allowance_exceeded",
        "too_many_uploads", "ledger_unavailable"
    };
    static const int statuses[EP_CODES] = {
        417, 428, 405, 401, 403, 415, 415, 411, 400, 413, 400, 507, 507, 429,
        429, 503
    };
    int code;

    for (code = 0; code < EP_CODES; code++) {
        const char *token = ep_check_of((ep_code)code)->token;

        ck_assert_int_eq(ep_check_of((ep_code)code)->status, statuses[code]);
        if (tokens[code] == NULL) {
            ck_assert_ptr_null(token);
        }
        else {
            ck_assert_str_eq(token, tokens[code]);
        }
    }
}
END_TEST

/* Each check of the head: what fails it, and the same with one fact changed. */
static const struct {
    ep_code code;
    const char *rule;
    const char *fails;
    const char *passes;
} heads[] = {
    { EP_UNSUPPORTED_EXPECTATION, "server Expectations a", "expect b",
      "expect a" },
    { EP_UNSUPPORTED_EXPECTATION, "server Expectations Any", "expect a,@",
      "expect a,b" },
    { EP_CONTINUE_REQUIRED, "server RequireContinue 5", "sized 6", "sized 5" },
    { EP_CONTINUE_REQUIRED, "server RequireContinue 5", "unsized",
      "unsized\nexpect 100-continue" },
    { EP_METHOD_NOT_ALLOWED, "server Methods PUT", "sized 5\nmethod POST",
      "sized 5\nmethod PUT" },
    { EP_AUTHENTICATION_REQUIRED, "server RequireAuth Bearer", "sized 5",
      "sized 5\nauthorization Bearer x" },
    { EP_REFUSED, "owner Refuse closed 403", "sized 5", NULL },
    { EP_UNSUPPORTED_CONTENT_TYPE, "server Types image/*", "sized 5\ntype a/b",
      "sized 5\ntype image/png" },
    { EP_UNSUPPORTED_CONTENT_ENCODING, "server Encodings gzip",
      "sized 5\nencoding br", "sized 5\nencoding gzip" },
    { EP_LENGTH_REQUIRED, "server RequireLength On", "unsized", "sized 5" },
    { EP_MALFORMED_CONTENT_RANGE, "server MaxSize 5", "sized 1\nrange bytes */5",
      "sized 1\nrange bytes 0-0/5" },
    { EP_MALFORMED_CONTENT_RANGE, "owner Quota 5 /srv",
      "sized 1\nrange bytes 1-0/5", "sized 1\nrange bytes 0-0/5" },
    { EP_CONTENT_TOO_LARGE, "server MaxSize 5", "sized 6", "sized 5" },
    { EP_CONTENT_TOO_LARGE, "owner MaxSize 5", "unsized\nhint 6",
      "unsized\nhint 5" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "sized 4", "sized 5" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "sized 4", "sized 4\nrange bytes 0-3/5" },
    { EP_CONTENT_TOO_SMALL, "owner MinSize 5", "sized 1\nrange bytes 3-3/*", "sized 1\nrange bytes 4-4/*" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5\nowner MinSize 6", "sized 5", "sized 6" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 6\nowner MinSize 5", "sized 5", "sized 6" },
    /* not known yet; a hint can refuse earlier */
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "unsized\nhint 4", "unsized" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "unsized\nhint 4", "unsized\nhint 5" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "sized 4\nmethod PUT",
      "sized 4\nmethod PROPFIND" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "sized 4\nmethod lock",
      "sized 4\nmethod LOCK" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 2000000", "sized 1048577\nmethod REPORT",
      "sized 1048576\nmethod REPORT" }
};

/* @return the setting that decided; NULL: the check passes */
static const ep_setting *ask(ep_code code, const char *rule, const char *facts)
{
    scenario s;
    ep_policy policy;
    const ep_setting *by;

    given(&s, &policy, rule, facts);
    by = ep_check_fails(code, &policy, &s.facts);
    ck_assert(by == NULL || by == policy.mode_by
              || by == policy.rule[ep_check_of(code)->rule][0]
              || by == policy.rule[ep_check_of(code)->rule][1]
              || (code == EP_MALFORMED_CONTENT_RANGE
                  && by == policy.counted[0]));
    scenario_free(&s);
    return by;
}

START_TEST(a_check_fails_by_its_own_fact_alone)
{
    const ep_code code = heads[_i].code;

    ck_assert_ptr_nonnull(ask(code, heads[_i].rule, heads[_i].fails));
    if (heads[_i].passes != NULL) {
        ck_assert_ptr_null(ask(code, heads[_i].rule, heads[_i].passes));
    }
    else {
        /* no fact helps, only another setting does */
        ck_assert_ptr_null(ask(code, "", heads[_i].fails));
    }
}
END_TEST

static const struct {
    const char *lines;
    int64_t up_to;
} small[] = {
    { "method POST\nsized 65536", 65536 },
    { "method POST\nsized 65537", -1 },
    { "sized 1\nmethod PUT", -1 },
    { "sized 1\nmethod PATCH", -1 },
    { "sized 1\nmethod Put", 65536 },
    { "sized 1\nmethod PROPPATCH", 65536 },
    { "method POST\nsized 10\nserver CountFrom 10", 10 },
    { "method POST\nsized 11\nserver CountFrom 10", -1 },
    { "method POST\nsized 11\nowner CountFrom 10", -1 },
    { "method POST\nsized 1\nserver CountFrom Off", -1 },
    /* as far as it is known */
    { "method POST\nunsized", 65536 },
    { "unsized\nmethod PUT", -1 },
    { "method POST\nunsized\nhint 65536", 65536 },
    { "method POST\nunsized\nhint 65537", -1 },
    { "method POST\nsized 1\nrange bytes 0-0/65537", -1 }
};

START_TEST(what_is_small_is_neither_put_nor_large)
{
    scenario s;
    ep_policy policy;

    given(&s, &policy, small[_i].lines, "");
    ck_assert_int_eq(ep_check_small_up_to(&policy, &s.facts), small[_i].up_to);
    scenario_free(&s);
}
END_TEST

START_TEST(each_check_of_the_head_has_a_row_here)
{
    int code;
    size_t i;

    for (code = 0; code < EP_CODES; code++) {
        int rows = 0;

        for (i = 0; i < COUNT(heads); i++) {
            rows += heads[i].code == (ep_code)code;
        }
        ck_assert_int_eq(rows > 0, code < EP_HEAD_CODES);
        ck_assert_int_eq(ep_check_of((ep_code)code)->fails != NULL,
                         code < EP_HEAD_CODES);
    }
}
END_TEST

START_TEST(the_size_that_is_asked_for_is_the_declared_one_or_the_hint)
{
    ep_facts facts;

    memset(&facts, 0, sizeof(facts));
    facts.content = EP_CONTENT_SIZED;
    facts.declared = 5;
    facts.hint = 7;
    ck_assert(ep_check_requested(&facts) == 5);
    facts.content = EP_CONTENT_UNSIZED;
    ck_assert(ep_check_requested(&facts) == 7);
    facts.hint = EP_UNKNOWN;
    ck_assert(ep_check_requested(&facts) == EP_UNKNOWN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_check");
    TCase *tcase = tcase_create("check");

    tcase_add_test(tcase, codes_have_the_tokens_and_statuses_of_the_contract);
    ADD_ROWS(tcase, a_check_fails_by_its_own_fact_alone, heads);
    tcase_add_loop_test(tcase, what_is_small_is_neither_put_nor_large, 0,
                        COUNT(small));
    tcase_add_test(tcase, each_check_of_the_head_has_a_row_here);
    tcase_add_test(tcase,
                   the_size_that_is_asked_for_is_the_declared_one_or_the_hint);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
