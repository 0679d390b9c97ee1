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
    { EP_MALFORMED_CONTENT_RANGE, "server MaxTotal 5", "sized 1\nrange bytes */5",
      "sized 1\nrange bytes 0-0/5" },
    /* the total: of one request, of a part, as a field announces it */
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "sized 6", "sized 5" },
    { EP_CONTENT_TOO_LARGE, "owner MaxTotal 5", "unsized\nhint 6", "unsized\nhint 5" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "sized 1\nrange bytes 0-0/6",
      "sized 1\nrange bytes 0-0/5" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "sized 1\nrange bytes 5-5/*",
      "sized 1\nrange bytes 4-4/*" },
    /* more content than the range says */
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "sized 6\nrange bytes 0-0/5",
      "sized 5\nrange bytes 0-0/5" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "sized 1\ntotal Upload-Length 6",
      "sized 1\ntotal Upload-Length 5" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "total upload-length 6",
      "total upload-length 5" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "total OC-Total-Length 6",
      "total OC-Total-Lengths 6" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "total X-Upload-Content-Length 6",
      "total X-Upload-Content 6" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5\nserver TotalFields X-Size",
      "total X-Size 6", "total Upload-Length 6" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5",
      "total Upload-Length 6", "total Upload-Length 6\nserver TotalFields None" },
    /* an owner does not choose the fields */
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5\nowner TotalFields X-Size",
      "total Upload-Length 6", "total X-Size 6" },
    /* the largest of several; a smaller one admits nothing */
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5",
      "total Upload-Length 1\ntotal OC-Total-Length 6",
      "total Upload-Length 1\ntotal OC-Total-Length 5" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "sized 6\ntotal Upload-Length 1",
      "sized 5\ntotal Upload-Length 1" },
    /* a malformed one is as too large as one can be */
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "total Upload-Length x",
      "server MaxTotal Unlimited\ntotal Upload-Length x" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 9223372036854775806",
      "total Upload-Length 9223372036854775808",
      "total Upload-Length 9223372036854775806" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5",
      "total Upload-Length 5\ntotal OC-Total-Length 5, 5",
      "total Upload-Length 5\ntotal OC-Total-Length 5" },
    /* reading and deleting stores nothing */
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "total Upload-Length 6",
      "total Upload-Length 6\nmethod GET" },
    { EP_CONTENT_TOO_LARGE, "server MaxTotal 5", "total Upload-Length x\nmethod MKCOL",
      "total Upload-Length x\nmethod PROPFIND" },
    /* the limit of one request is not one of the whole */
    { EP_CONTENT_TOO_LARGE, "server MaxSize 5", "sized 6\ntotal Upload-Length 6",
      "sized 5\ntotal Upload-Length 6" },
    { EP_CONTENT_TOO_LARGE, "server MaxSize 5", "sized 1\nrange bytes 5-5/6",
      "sized 1\nrange bytes 5-5/6\nserver MaxTotal 6" },
    { EP_CONTENT_TOO_LARGE, "server MaxSize 5\nowner MaxTotal 6",
      "sized 1\nrange bytes 5-5/6", "sized 1\nrange bytes 4-4/6" },
    { EP_CONTENT_TOO_LARGE, "owner MaxSize 5\nserver MaxTotal 6",
      "sized 1\nrange bytes 5-5/6",
      "sized 1\nrange bytes 5-5/6\nowner MaxTotal 9" },
    { EP_CONTENT_TOO_LARGE, "ceiling 5\nserver MaxTotal 6",
      "sized 1\nrange bytes 5-5/6", "sized 1\nrange bytes 4-4/6" },
    { EP_CONTENT_TOO_LARGE, "server MaxSize 5\nserver MaxTotal 6",
      "sized 6\nrange bytes 0-0/6", "sized 5\nrange bytes 0-0/6" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "sized 4", "sized 4\ntotal Upload-Length 5" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "sized 4\ntotal Upload-Length 4",
      "sized 5\ntotal Upload-Length 4" },
    { EP_CONTENT_TOO_SMALL, "server MinSize 5", "sized 4\ntotal X-Size 5",
      "sized 4\ntotal X-Size 5\nserver TotalFields X-Size" },
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
              || (code == EP_CONTENT_TOO_LARGE && by == policy.ceiling)
              || ep_check_is_of_total(&policy, by)
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
    { "method POST\nsized 1\nrange bytes 0-0/65537", -1 },
    { "method POST\nsized 1\ntotal Upload-Length 65537", -1 },
    { "method POST\nsized 1\ntotal Upload-Length 65536", 65536 },
    { "method POST\nsized 1\ntotal Upload-Length x", 65536 },
    { "method POST\nsized 1\ntotal X-Size 65537", 65536 }
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

/* What is asked of quotas and free space before the first part comes; and the total. */
static const struct {
    const char *lines;
    int64_t asked;
    int64_t total;
    int announces;
} totals[] = {
    { "method POST", EP_UNKNOWN, EP_UNKNOWN, 0 },
    { "method POST\ntotal Upload-Length 7", 7, 7, 1 },
    { "method POST\ntotal Upload-Length 0", 0, 0, 1 },
    { "method POST\ntotal Upload-Length 007", 7, 7, 1 },
    { "method POST\ntotal UPLOAD-LENGTH 7", 7, 7, 1 },
    { "method POST\ntotal Upload-Length 9223372036854775807", INT64_MAX, INT64_MAX, 1 },
    /* malformed: nobody knows, but it is announced */
    { "method POST\ntotal Upload-Length", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 9223372036854775808", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 18446744073709551623", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length +7", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length -7", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 0x7", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 7.0", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 7e3", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 7 ", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length  7", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 7\t", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 7 7", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length 7, 7", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length ,7", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length \"7\"", EP_UNKNOWN, EP_UNKNOWN, 1 },
    { "method POST\ntotal Upload-Length \xd9\xa7", EP_UNKNOWN, EP_UNKNOWN, 1 },
    /* another one is well-formed */
    { "method POST\ntotal Upload-Length x\ntotal OC-Total-Length 7", 7, 7, 1 },
    { "method POST\ntotal Upload-Length 8\ntotal OC-Total-Length 7", 8, 8, 1 },
    /* not listed */
    { "method POST\ntotal X-Size 7", EP_UNKNOWN, EP_UNKNOWN, 0 },
    { "method POST\ntotal X-Size 7\nserver TotalFields a x-size", 7, 7, 1 },
    { "method POST\ntotal Upload-Length 7\nserver TotalFields X-Size", EP_UNKNOWN,
      EP_UNKNOWN, 0 },
    { "method POST\ntotal Upload-Length 7\nserver TotalFields None", EP_UNKNOWN,
      EP_UNKNOWN, 0 },
    /* methods that store nothing */
    { "method GET\ntotal Upload-Length 7", EP_UNKNOWN, EP_UNKNOWN, 0 },
    { "method PROPFIND\ntotal Upload-Length 7", EP_UNKNOWN, EP_UNKNOWN, 0 },
    { "method DELETE\ntotal Upload-Length 7", EP_UNKNOWN, EP_UNKNOWN, 0 },
    { "method MKCOL\ntotal OC-Total-Length 7", 7, 7, 1 },
    { "method MOVE\ntotal OC-Total-Length 7", 7, 7, 1 },
    /* with content: a POST begins an upload, a PUT may go on with one */
    { "method POST\nsized 5\ntotal Upload-Length 70000", 70000, 70000, 0 },
    { "method POST\nsized 5\ntotal Upload-Length 65536", EP_UNKNOWN, 65536, 0 },
    { "method POST\nsized 5\ntotal Upload-Length 7\nserver CountFrom Off", 7, 7, 0 },
    { "method POST\nsized 5\ntotal Upload-Length 5\nserver CountFrom Off", EP_UNKNOWN, 5, 0 },
    { "method POST\nsized 5\ntotal Upload-Length 4\nserver CountFrom Off", EP_UNKNOWN, 5, 0 },
    { "method POST\nunsized\ntotal Upload-Length 70000", 70000, 70000, 0 },
    { "method PUT\nsized 5\ntotal OC-Total-Length 70000", EP_UNKNOWN, 70000, 0 },
    { "method PATCH\nsized 5\ntotal Upload-Length 70000", EP_UNKNOWN, 70000, 0 },
    { "method PUT\nsized 5\nrange bytes 0-4/9\ntotal Upload-Length 7", EP_UNKNOWN, 7, 0 },
    { "method PUT\nsized 5\nrange bytes 0-4/9", EP_UNKNOWN, 9, 0 },
    { "method PUT\nsized 5\nrange bytes 2-6/*\ntotal Upload-Length 5", EP_UNKNOWN, 7, 0 }
};

START_TEST(what_is_announced_is_the_largest_total_that_parses)
{
    scenario s;
    ep_policy policy;

    given(&s, &policy, totals[_i].lines, "");
    ck_assert_int_eq(ep_check_total_to_ask(&policy, &s.facts), totals[_i].asked);
    ck_assert_int_eq(ep_check_total(&policy, &s.facts), totals[_i].total);
    ck_assert_int_eq(ep_check_announces(&policy, &s.facts), totals[_i].announces);
    ck_assert_int_eq(ep_check_concerns(&policy, &s.facts),
                     totals[_i].announces || s.facts.content != EP_CONTENT_NONE);
    /* without a limit there is nothing that a malformed one could pass */
    ck_assert_int_eq(ep_check_total_is_malformed(&policy, &s.facts), 0);
    /* the file that a COPY or MOVE is about */
    s.facts.source = 100000;
    ck_assert_int_eq(ep_check_total(&policy, &s.facts),
                     totals[_i].total > 100000 ? totals[_i].total : 100000);
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
    ADD_ROWS(tcase, what_is_announced_is_the_largest_total_that_parses, totals);
    tcase_add_test(tcase, each_check_of_the_head_has_a_row_here);
    tcase_add_test(tcase,
                   the_size_that_is_asked_for_is_the_declared_one_or_the_hint);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
