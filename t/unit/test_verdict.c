/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/policy/verdict.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

/*
 * Each refusal, and its twin that is admitted with one line changed.
 */

static const struct {
    const char *policy;
    const char *refused;
    const char *admitted;
    ep_code code;
    int status;
} twins[] = {
    /* expectations: met by name and value, the default is 100-continue */
    { "", "expect foo", "expect 100-continue", EP_UNSUPPORTED_EXPECTATION,
      417 },
    { "sized 5", "expect foo", "no-expect", EP_UNSUPPORTED_EXPECTATION, 417 },
    { "", "expect 100-continue, foo", "expect 100-continue, 100-continue",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "", "expect 100-continue=1", "expect 100-Continue",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "", "expect 100-continue;", "expect 100-continue,",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "", "expect \"", "expect", EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations None", "expect 100-continue", "expect ,",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "expect 100-continue", "server Expectations None",
      "server Expectations Any", EP_UNSUPPORTED_EXPECTATION, 417 },
    { "expect 100-continue", "owner Expectations None",
      "owner Expectations Any", EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations None\nexpect 100-continue", "http11", "http10",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations None\nhttp10", "expect 100-continue, foo",
      "expect 100-continue, 100-continue", EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations foo", "expect 100-continue", "expect FOO",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations foo=Bar", "expect foo=bar", "expect Foo=\"Bar\"",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations foo=bar", "expect foo", "expect foo=bar;x=y",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations foo bar", "expect foo, bar, baz",
      "expect foo, bar, foo", EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations Any", "expect foo;x=y", "expect foo=x;x=y",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations Any", "expect foo=\"x", "expect foo=\"x\"",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations Any", "expect foo\x01", "expect foo",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations Any", "expect foo, 100 continue",
      "expect foo, 100-continue", EP_UNSUPPORTED_EXPECTATION, 417 },
    { "server Expectations foo 100-continue\nexpect foo",
      "owner Expectations 100-continue", "owner Expectations foo",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    { "expect foo\nowner Expectations foo", "override Tighten",
      "server Expectations Any", EP_UNSUPPORTED_EXPECTATION, 417 },
    { "http10", "expect foo", "expect 100-continue",
      EP_UNSUPPORTED_EXPECTATION, 417 },
    /* asking first */
    { "server RequireContinue 10", "sized 11", "sized 10",
      EP_CONTINUE_REQUIRED, 428 },
    { "server RequireContinue 10\nsized 11", "no-expect",
      "expect 100-continue", EP_CONTINUE_REQUIRED, 428 },
    { "server RequireContinue 10", "unsized", "empty", EP_CONTINUE_REQUIRED,
      428 },
    { "server RequireContinue 10\nunsized\nhint 5", "no-expect",
      "expect 100-continue", EP_CONTINUE_REQUIRED, 428 },
    { "server RequireContinue 0", "sized 1", "empty", EP_CONTINUE_REQUIRED,
      428 },
    { "sized 11", "server RequireContinue 10", "server RequireContinue Off",
      EP_CONTINUE_REQUIRED, 428 },
    { "sized 11\nserver RequireContinue 20", "owner RequireContinue 10",
      "owner RequireContinue 11", EP_CONTINUE_REQUIRED, 428 },
    { "sized 11\nserver RequireContinue 10\nexpect 100-continue", "http10",
      "http11", EP_CONTINUE_REQUIRED, 428 },
    { "sized 11\nserver RequireContinue 10\nserver Expectations Any",
      "expect foo=100-continue", "expect foo, 100-continue",
      EP_CONTINUE_REQUIRED, 417 },
    { "sized 11\nserver RequireContinue 10", "expect ,",
      "expect ,100-continue,", EP_CONTINUE_REQUIRED, 428 },
    /* methods, which have a case */
    { "server Methods PUT\nsized 5", "method POST", "method PUT",
      EP_METHOD_NOT_ALLOWED, 405 },
    { "server Methods PUT POST\nsized 5", "method put", "method POST",
      EP_METHOD_NOT_ALLOWED, 405 },
    { "server Methods PUT\nmethod DELETE", "sized 5", "empty",
      EP_METHOD_NOT_ALLOWED, 405 },
    { "server Methods PUT\nmethod POST\nsized 5", "server Methods PUTS",
      "server Methods Any", EP_METHOD_NOT_ALLOWED, 405 },
    { "server Methods PUT POST\nmethod POST\nunsized", "owner Methods PUT",
      "owner Methods POST", EP_METHOD_NOT_ALLOWED, 405 },
    { "server Methods PUT\nmethod POST\nsized 5", "owner Methods POST",
      "server Methods POST", EP_METHOD_NOT_ALLOWED, 405 },
    /* credentials: the scheme counts */
    { "server RequireAuth Bearer realm=\"api\"\nsized 5", "no-authorization",
      "authorization bearer x", EP_AUTHENTICATION_REQUIRED, 401 },
    { "server RequireAuth Bearer\nsized 5", "authorization Basic eA==",
      "authorization Bearer", EP_AUTHENTICATION_REQUIRED, 401 },
    { "server RequireAuth Bearer\nsized 5", "authorization Bearer:x",
      "authorization Bearer x", EP_AUTHENTICATION_REQUIRED, 401 },
    { "server RequireAuth Bearer\nsized 5", "authorization",
      "authorization  Bearer x", EP_AUTHENTICATION_REQUIRED, 401 },
    { "server RequireAuth Bearer\nsized 5", "authorization Bearers x",
      "authorization BEARER x", EP_AUTHENTICATION_REQUIRED, 401 },
    { "server RequireAuth Bearer\nserver RequireAuth Basic\nsized 5",
      "authorization Digest x", "authorization Basic x",
      EP_AUTHENTICATION_REQUIRED, 401 },
    { "server RequireAuth Bearer\nno-authorization", "unsized", "empty",
      EP_AUTHENTICATION_REQUIRED, 401 },
    { "server RequireAuth Bearer\nsized 5\nauthorization Bearer x",
      "owner RequireAuth Basic", "owner RequireAuth bearer realm=x",
      EP_AUTHENTICATION_REQUIRED, 401 },
    { "server RequireAuth Bearer\nsized 5", "owner RequireAuth Off",
      "server RequireAuth Off", EP_AUTHENTICATION_REQUIRED, 401 },
    /* refused by the administrator's word */
    { "sized 5", "server Refuse closed 409", "server Refuse Off", EP_REFUSED,
      409 },
    { "sized 5", "owner Refuse closed 503 Come back later.",
      "owner Refuse Off", EP_REFUSED, 503 },
    { "server Refuse closed 403", "unsized", "empty", EP_REFUSED, 403 },
    { "server Refuse closed 403\nsized 5", "owner Refuse Off",
      "server Refuse Off", EP_REFUSED, 403 },
    /* types */
    { "server Types image/png\nsized 5", "type image/gif", "type IMAGE/png",
      EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types image/*\nsized 5", "type video/mp4",
      "type image/png;x=\"y,z\"", EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types */*\nsized 5", "no-type", "type a/b",
      EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types */*\nsized 5", "type", "type a/b",
      EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types image/png\nsized 5", "type image/png, image/png",
      "type image/png", EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types image/png\nsized 5", "type image/png x",
      "type image/png;x", EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types multipart/form-data\nsized 5",
      "type multipart/form-data; boundary=====1===, text/plain",
      "type multipart/form-data; boundary=====1===",
      EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types image/png\nunsized\nno-type", "server Types a/b c/d",
      "server Types Any", EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types image/*\nsized 5", "type image/*", "type image/x",
      EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types image/png\ntype a/b", "sized 5", "empty",
      EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types image/*\nsized 5\ntype image/gif", "owner Types image/png",
      "owner Types image/gif", EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    { "server Types image/png\nsized 5", "type image/gif", "type image/png",
      EP_UNSUPPORTED_CONTENT_TYPE, 415 },
    /* codings: each of the list has to be accepted */
    { "server Encodings gzip\nsized 5", "no-encoding", "encoding gzip",
      EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings gzip\nsized 5", "encoding", "encoding x-gzip",
      EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings identity\nsized 5", "encoding gzip", "no-encoding",
      EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings identity\nsized 5", "encoding identity, gzip",
      "encoding Identity", EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings identity\nsized 5", "encoding ;", "encoding ,",
      EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings gzip br\nsized 5", "encoding gzip, deflate",
      "encoding gzip, br, GZIP", EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings gzip identity\nsized 5", "encoding gzip;q=1",
      "encoding gzip", EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings gzip identity\nsized 5", "encoding gzip, \"",
      "encoding gzip, ", EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "encoding br\nunsized", "server Encodings gzip", "server Encodings Any",
      EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings gzip br\nencoding br\nsized 5", "owner Encodings gzip",
      "owner Encodings br", EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    { "server Encodings gzip", "sized 5", "empty",
      EP_UNSUPPORTED_CONTENT_ENCODING, 415 },
    /* length */
    { "server RequireLength On", "unsized", "sized 5", EP_LENGTH_REQUIRED,
      411 },
    { "unsized\nhint 5", "server RequireLength On", "server RequireLength Off",
      EP_LENGTH_REQUIRED, 411 },
    { "unsized\nserver RequireLength Off", "owner RequireLength On",
      "owner RequireLength Off", EP_LENGTH_REQUIRED, 411 },
    { "server RequireLength On", "unsized", "empty", EP_LENGTH_REQUIRED, 411 },
    /* size, every limit inclusive */
    /* a range that cannot be read, where a size matters */
    { "server MaxSize 10\nsized 1", "range bytes */10", "range bytes 0-0/10",
      EP_MALFORMED_CONTENT_RANGE, 400 },
    { "range items 0-0/1\nsized 1", "owner MaxSize 10", "owner Refuse Off",
      EP_MALFORMED_CONTENT_RANGE, 400 },
    { "range\nunsized", "server Quota 5 /srv", "server Quota Off",
      EP_MALFORMED_CONTENT_RANGE, 400 },
    { "range bytes 1-0/5\nsized 1", "ceiling 5", "server Concurrent 1 client",
      EP_MALFORMED_CONTENT_RANGE, 400 },
    { "server MaxSize 10", "sized 11", "sized 10", EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 0", "sized 1", "empty", EP_CONTENT_TOO_LARGE, 413 },
    /* a part of a file: where it ends */
    { "server MaxSize 10\nsized 1", "range bytes 10-10/11",
      "range bytes 9-9/11", EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 10\nrange bytes 8-8/*", "sized 3", "sized 2",
      EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 10\nunsized", "range bytes 0-10/*", "range bytes 0-9/*",
      EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 10\nsized 1",
      "range bytes 9223372036854775807-9223372036854775807/*",
      "range bytes 0-0/9223372036854775807", EP_CONTENT_TOO_LARGE, 413 },
    { "sized 1\nrange bytes 10-10/*", "owner MaxSize 10", "owner MaxSize 11",
      EP_CONTENT_TOO_LARGE, 413 },
    { "sized 1\nrange bytes 10-10/*", "ceiling 10", "ceiling 11",
      EP_CONTENT_TOO_LARGE, 413 },
    { "sized 11", "server MaxSize 10", "server MaxSize Unlimited",
      EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 20\nsized 11", "owner MaxSize 10", "owner MaxSize 11",
      EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 10\nowner MaxSize 20", "sized 11", "sized 10",
      EP_CONTENT_TOO_LARGE, 413 },
    { "sized 11", "ceiling 10", "ceiling 11", EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 10\nunsized", "hint 11", "hint 10",
      EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 10\nhint 11", "unsized", "sized 10",
      EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 0\nunsized", "hint 1", "hint 0", EP_CONTENT_TOO_LARGE,
      413 },
    { "server MaxSize 10\nunsized", "hint 11", "no-hint",
      EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 10\nhint 11", "unsized", "empty", EP_CONTENT_TOO_LARGE,
      413 },
    /* a hint never admits more */
    { "server MaxSize 10\nhint 5", "sized 11", "sized 10",
      EP_CONTENT_TOO_LARGE, 413 },
    { "server MaxSize 9223372036854775805", "sized 9223372036854775806",
      "sized 9223372036854775805", EP_CONTENT_TOO_LARGE, 413 },
    { "server MinSize 10", "sized 9", "sized 10", EP_CONTENT_TOO_SMALL, 400 },
    { "sized 9", "server MinSize 10", "server MinSize Off", EP_CONTENT_TOO_SMALL,
      400 },
    { "server MinSize 10", "sized 9", "empty", EP_CONTENT_TOO_SMALL, 400 },
    { "server MinSize 9\nsized 9", "owner MinSize 10", "owner MinSize 8",
      EP_CONTENT_TOO_SMALL, 400 }
};

START_TEST(a_refusal_has_its_code_and_its_twin_is_admitted)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    int code;

    given(&s, &policy, twins[_i].policy, twins[_i].refused);
    memset(&verdict, 0xa5, sizeof(verdict));
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, twins[_i].code);
    ck_assert_int_eq(verdict.status, twins[_i].status);
    for (code = 0; code < EP_CODES; code++) {
        ck_assert((verdict.by[code] != NULL) == (code == (int)verdict.code));
    }
    scenario_free(&s);

    given(&s, &policy, twins[_i].policy, twins[_i].admitted);
    memset(&verdict, 0xa5, sizeof(verdict));
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_ADMITTED);
    ck_assert_int_eq(verdict.status, 0);
    ck_assert_int_eq(verdict.limit, EP_UNKNOWN);
    ck_assert_int_eq(verdict.requested, EP_UNKNOWN);
    for (code = 0; code < EP_CODES; code++) {
        ck_assert_ptr_null(verdict.by[code]);
    }
    scenario_free(&s);
}
END_TEST

START_TEST(every_code_has_a_refusal_and_a_twin)
{
    int had[EP_HEAD_CODES] = { 0 };
    size_t i;

    for (i = 0; i < COUNT(twins); i++) {
        had[twins[i].code] = 1;
    }
    /* what counts is not for the head to fail */
    for (i = 0; i < EP_HEAD_CODES; i++) {
        ck_assert_msg(had[i], "code %u", (unsigned int)i);
    }
}
END_TEST

/*
 * The order of the checks: one request that fails all of them, under every
 * subset of the rules.
 */

static const char hopeless[] = "method POST\nexpect foo\nunsized\nhint 11\n"
                               "type text/plain\nencoding br\n"
                               "authorization Basic x\nrange x\n"
                               "server Status Specific";

static const struct {
    const char *rule;
    int status;
} rules[EP_HEAD_CODES] = {
    { "Expectations None", 417 },
    { "RequireContinue 5", 428 },
    { "Methods PUT", 405 },
    { "RequireAuth Bearer", 401 },
    { "Refuse closed 409", 409 },
    { "Types image/png", 415 },
    { "Encodings gzip", 415 },
    { "RequireLength On", 411 },
    /* any limit of what is stored asks for a range that can be read */
    { "Quota 5 /srv", 400 },
    { "MaxSize 10", 413 },
    { "MinSize 12", 400 }
};

/* Which half says each rule. */
typedef enum spread { SERVER, OWNER, BOTH, ALTERNATING, SPREADS } spread;

static void rules_of_subset(unsigned int subset, spread how, char *lines,
                            size_t size)
{
    size_t used = 0;
    int code;

    /* the default would be a rule of its own */
    used += (size_t)snprintf(lines, size, "server Expectations Any\n");
    for (code = 0; code < EP_HEAD_CODES; code++) {
        if ((subset & (1U << code)) == 0) {
            continue;
        }
        if (how == SERVER || how == BOTH
            || (how == ALTERNATING && code % 2 == 0)) {
            used += (size_t)snprintf(lines + used, size - used, "server %s\n",
                                     rules[code].rule);
        }
        if (how == OWNER || how == BOTH
            || (how == ALTERNATING && code % 2 == 1)) {
            used += (size_t)snprintf(lines + used, size - used, "owner %s\n",
                                     rules[code].rule);
        }
    }
    ck_assert_uint_lt(used, size);
}

START_TEST(the_first_check_that_fails_decides_and_all_that_fail_are_kept)
{
    unsigned int subset;

    for (subset = 0; subset < 1U << EP_HEAD_CODES; subset++) {
        unsigned int expected = subset, failed = 0;
        char lines[1024];
        scenario s;
        ep_policy policy;
        ep_verdict verdict;
        int code, first = EP_ADMITTED;

        if ((subset & (1U << EP_CONTENT_TOO_LARGE)) != 0) {
            expected |= 1U << EP_MALFORMED_CONTENT_RANGE;
        }
        if ((subset & (1U << EP_AUTHENTICATION_REQUIRED)) != 0) {
            /* nothing behind it is looked at */
            expected &= (2U << EP_AUTHENTICATION_REQUIRED) - 1;
        }
        rules_of_subset(subset, (spread)_i, lines, sizeof(lines));
        given(&s, &policy, lines, hopeless);
        ep_verdict_judge(&policy, &s.facts, &verdict);
        for (code = EP_HEAD_CODES - 1; code >= 0; code--) {
            if (verdict.by[code] != NULL) {
                failed |= 1U << code;
                first = code;
            }
        }
        ck_assert_msg(failed == expected, "rules %#x: failed %#x", subset,
                      failed);
        ck_assert_msg((int)verdict.code == first, "rules %#x: code %d", subset,
                      verdict.code);
        ck_assert_msg(verdict.status
                          == (first < EP_ADMITTED ? rules[first].status : 0),
                      "rules %#x: status %d", subset, verdict.status);
        scenario_free(&s);
    }
}
END_TEST

START_TEST(a_check_both_halves_fail_is_decided_by_the_servers_line)
{
    char lines[1024];
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    int code;

    rules_of_subset((1U << EP_HEAD_CODES) - 1
                        - (1U << EP_AUTHENTICATION_REQUIRED),
                    BOTH, lines, sizeof(lines));
    given(&s, &policy, lines, hopeless);
    ep_verdict_judge(&policy, &s.facts, &verdict);
    for (code = 0; code < EP_HEAD_CODES; code++) {
        if (code != EP_AUTHENTICATION_REQUIRED) {
            ck_assert_ptr_nonnull(verdict.by[code]);
            ck_assert_str_eq(verdict.by[code]->file, "server");
        }
    }
    scenario_free(&s);
}
END_TEST

START_TEST(without_content_the_expectation_alone_is_checked)
{
    char lines[1024];
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    int code;

    rules_of_subset((1U << EP_HEAD_CODES) - 1, BOTH, lines, sizeof(lines));
    strcat(lines, hopeless);
    given(&s, &policy, lines, "empty");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_UNSUPPORTED_EXPECTATION);
    for (code = EP_UNSUPPORTED_EXPECTATION + 1; code < EP_HEAD_CODES; code++) {
        ck_assert_ptr_null(verdict.by[code]);
    }
    scenario_free(&s);
    given(&s, &policy, lines, "empty\nno-expect");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_ADMITTED);
    scenario_free(&s);
}
END_TEST

/* What a request without content announces: the code that refuses it, and what that
 * tells. */
static const struct {
    const char *lines;
    ep_code code;
    int64_t limit;
    int64_t requested;
} announced[] = {
    { "server MaxTotal 5\ntotal Upload-Length 6", EP_CONTENT_TOO_LARGE, 5, 6 },
    { "server MaxTotal 5\ntotal Upload-Length 5", EP_ADMITTED, EP_UNKNOWN, EP_UNKNOWN },
    { "server MaxTotal 5\ntotal Upload-Length x", EP_CONTENT_TOO_LARGE, 5, EP_UNKNOWN },
    { "server MaxTotal 5\ntotal Upload-Length 9223372036854775807",
      EP_CONTENT_TOO_LARGE, 5, INT64_MAX },
    { "owner MaxTotal 4\nserver MaxTotal 5\ntotal Upload-Length 6",
      EP_CONTENT_TOO_LARGE, 4, 6 },
    { "owner MaxTotal 9\nserver MaxTotal 5\ntotal Upload-Length 6",
      EP_CONTENT_TOO_LARGE, 5, 6 },
    /* a limit of one request is not held against it, nor anything else */
    { "server MaxSize 5\nceiling 5\ntotal Upload-Length 6", EP_ADMITTED, EP_UNKNOWN,
      EP_UNKNOWN },
    { "server RequireLength On\nserver Types a/b\nserver Encodings gzip\n"
      "server Methods POST\nserver MinSize 9\nserver RequireContinue 0\n"
      "total Upload-Length 6", EP_ADMITTED, EP_UNKNOWN, EP_UNKNOWN },
    { "server RequireAuth Bearer\nserver Refuse closed 503\nserver MaxTotal 5\n"
      "total Upload-Length 6", EP_AUTHENTICATION_REQUIRED, EP_UNKNOWN, EP_UNKNOWN },
    { "server RequireAuth Bearer\nauthorization Bearer x\nserver MaxTotal 5\n"
      "total Upload-Length 6", EP_CONTENT_TOO_LARGE, 5, 6 },
    { "server Refuse closed 503\nserver MaxTotal 5\ntotal Upload-Length 6", EP_REFUSED,
      EP_UNKNOWN, EP_UNKNOWN },
    { "server Refuse closed 503\ntotal Upload-Length x", EP_REFUSED, EP_UNKNOWN,
      EP_UNKNOWN },
    /* of a field that is not listed nothing follows */
    { "server Refuse closed 503\nserver MaxTotal 5\ntotal X-Size 6", EP_ADMITTED,
      EP_UNKNOWN, EP_UNKNOWN },
    { "server Refuse closed 503\nserver MaxTotal 5\nserver TotalFields None\n"
      "total Upload-Length 6", EP_ADMITTED, EP_UNKNOWN, EP_UNKNOWN },
    { "server Refuse closed 503\nserver MaxTotal 5\ntotal Upload-Length 6\nmethod GET",
      EP_ADMITTED, EP_UNKNOWN, EP_UNKNOWN }
};

START_TEST(an_announcement_is_judged_by_credentials_refuse_and_the_total)
{
    const ep_code code = announced[_i].code;
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, announced[_i].lines, "");
    memset(&verdict, 0xa5, sizeof(verdict));
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, code);
    ck_assert_int_eq(verdict.limit, announced[_i].limit);
    ck_assert_int_eq(verdict.requested, announced[_i].requested);
    ck_assert_int_eq(verdict.is_total, code == EP_CONTENT_TOO_LARGE);
    if (code == EP_AUTHENTICATION_REQUIRED) {
        ck_assert_ptr_null(verdict.by[EP_REFUSED]);
        ck_assert_ptr_null(verdict.by[EP_CONTENT_TOO_LARGE]);
    }
    scenario_free(&s);
}
END_TEST

START_TEST(what_stores_without_content_is_judged_by_credentials_and_refuse)
{
    char lines[1024];
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    int code;

    rules_of_subset((1U << EP_HEAD_CODES) - 1, BOTH, lines, sizeof(lines));
    strcat(lines, hopeless);
    given(&s, &policy, lines, "empty\nno-expect");
    ep_verdict_announced(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_AUTHENTICATION_REQUIRED);
    for (code = 0; code < EP_CODES; code++) {
        ck_assert(code == EP_AUTHENTICATION_REQUIRED
                  || verdict.by[code] == NULL);
    }
    scenario_free(&s);
    rules_of_subset(1U << EP_REFUSED, BOTH, lines, sizeof(lines));
    given(&s, &policy, lines, "empty\nno-expect");
    ep_verdict_announced(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_REFUSED);
    ck_assert_int_eq(verdict.status, rules[EP_REFUSED].status);
    scenario_free(&s);
    rules_of_subset(1U << EP_LENGTH_REQUIRED, BOTH, lines, sizeof(lines));
    given(&s, &policy, lines, "empty\nno-expect");
    ep_verdict_announced(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_ADMITTED);
    scenario_free(&s);
}
END_TEST

/*
 * The status of a refusal.
 */

static const struct {
    const char *status;
    const char *facts;
    int too_large;
    int unsupported;
} statuses[] = {
    { "", "expect 100-continue", 417, 417 },
    { "", "no-expect", 413, 413 },
    { "", "expect", 413, 413 },
    { "", "expect , ,", 413, 413 },
    { "", "expect foo", 417, 417 },
    { "", "expect \"", 417, 417 },
    /* in HTTP/1.0 100-continue does not count, what is beside it does */
    { "", "expect 100-continue\nhttp10", 413, 413 },
    { "", "expect 100-continue, 100-Continue\nhttp10", 413, 413 },
    { "", "expect 100-continue, foo\nhttp10", 417, 417 },
    { "", "expect 100-continue, ;\nhttp10", 417, 417 },
    { "server Status Auto", "expect 100-continue", 417, 417 },
    { "server Status Specific", "expect 100-continue", 413, 417 },
    { "server Status Specific", "no-expect", 413, 413 },
    { "server Status 417", "expect 100-continue", 417, 417 },
    { "server Status 417", "no-expect", 417, 417 },
    { "server Status 417", "expect 100-continue\nhttp10", 417, 417 },
    /* the owner's word wins */
    { "server Status 417\nowner Status Specific", "no-expect", 413, 413 },
    { "server Status Specific\nowner Status Auto", "expect 100-continue", 417,
      417 },
    { "server Status Specific\nowner Status 417", "no-expect", 417, 417 },
    { "server Status Specific\nowner Status 417\noverride None", "no-expect",
      413, 413 }
};

START_TEST(the_status_is_417_where_an_expectation_counts_or_it_is_asked_for)
{
    char lines[256];
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    snprintf(lines, sizeof(lines), "%s\n%s\nsized 11", statuses[_i].status,
             statuses[_i].facts);
    given(&s, &policy, lines, "server MaxSize 10");
    /* let all that is well-formed pass, so that the size decides */
    policy.rule[EP_RULE_EXPECTATIONS][0] = NULL;
    policy.mode_by = NULL;
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_CONTENT_TOO_LARGE);
    ck_assert_int_eq(verdict.status, statuses[_i].too_large);
    scenario_free(&s);

    given(&s, &policy, lines, "server MaxSize 10\nserver Expectations None");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.status, statuses[_i].unsupported);
    scenario_free(&s);
}
END_TEST

START_TEST(an_unsupported_expectation_is_417_whatever_the_status_says)
{
    static const char *const words[] = {
        "server Status Auto", "server Status Specific", "server Status 417"
    };
    size_t i;

    for (i = 0; i < COUNT(words); i++) {
        scenario s;
        ep_policy policy;
        ep_verdict verdict;

        given(&s, &policy, "expect foo", words[i]);
        ep_verdict_judge(&policy, &s.facts, &verdict);
        ck_assert_int_eq(verdict.code, EP_UNSUPPORTED_EXPECTATION);
        ck_assert_int_eq(verdict.status, 417);
        scenario_free(&s);
    }
}
END_TEST

/*
 * Limit and requested size.
 */

static const struct {
    const char *lines;
    ep_code code;
    int64_t limit;
    int64_t requested;
} numbers[] = {
    { "server MaxSize 10\nsized 11", EP_CONTENT_TOO_LARGE, 10, 11 },
    { "server MaxSize 10\nowner MaxSize 5\nsized 11", EP_CONTENT_TOO_LARGE, 5,
      11 },
    { "server MaxSize 10\nowner MaxSize 15\nsized 20", EP_CONTENT_TOO_LARGE,
      10, 20 },
    { "server MaxSize 10\nceiling 7\nsized 11", EP_CONTENT_TOO_LARGE, 7, 11 },
    { "server MaxSize 0\nsized 11", EP_CONTENT_TOO_LARGE, 0, 11 },
    { "server MaxSize 10\nunsized\nhint 12", EP_CONTENT_TOO_LARGE, 10, 12 },
    { "server MaxSize 10\nsized 1\nrange bytes 98-98/*", EP_CONTENT_TOO_LARGE,
      10, 99 },
    { "server MaxSize 10\nunsized\nrange bytes 98-98/*", EP_CONTENT_TOO_LARGE,
      10, 99 },
    { "server MaxSize 10\nsized 7\nrange bytes 98-98/*", EP_CONTENT_TOO_LARGE,
      10, 105 },
    { "server MaxSize 10\nsized 11\nhint 99", EP_CONTENT_TOO_LARGE, 10, 11 },
    { "server RequireContinue 10\nsized 11", EP_CONTINUE_REQUIRED, 10,
      EP_UNKNOWN },
    { "server RequireContinue 10\nunsized", EP_CONTINUE_REQUIRED, 10,
      EP_UNKNOWN },
    { "server RequireContinue 10\nowner RequireContinue Off\nsized 11",
      EP_CONTINUE_REQUIRED, 10, EP_UNKNOWN },
    { "server RequireContinue 10\nowner RequireContinue 20\nsized 21",
      EP_CONTINUE_REQUIRED, 10, EP_UNKNOWN },
    /* the smaller size holds: more than it would be refused again */
    { "server RequireContinue 20\nowner RequireContinue 10\nsized 21",
      EP_CONTINUE_REQUIRED, 10, EP_UNKNOWN },
    { "server RequireContinue 20\nowner RequireContinue 10\nsized 15",
      EP_CONTINUE_REQUIRED, 10, EP_UNKNOWN },
    { "server RequireContinue 5\nserver MaxSize 10\nsized 11",
      EP_CONTINUE_REQUIRED, 5, EP_UNKNOWN },
    /* told to those alone who have shown credentials */
    { "server RequireContinue 10\nserver RequireAuth Bearer\nsized 11",
      EP_CONTINUE_REQUIRED, EP_UNKNOWN, EP_UNKNOWN },
    { "server RequireContinue 10\nserver RequireAuth Bearer\nsized 11\n"
      "authorization Bearer x", EP_CONTINUE_REQUIRED, 10, EP_UNKNOWN },
    { "server RequireContinue 10\nowner RequireAuth Bearer\nunsized",
      EP_CONTINUE_REQUIRED, EP_UNKNOWN, EP_UNKNOWN },
    { "server RequireAuth Bearer\nserver MaxSize 10\nsized 11",
      EP_AUTHENTICATION_REQUIRED, EP_UNKNOWN, EP_UNKNOWN },
    { "server RequireAuth Bearer\nceiling 10\nunsized\nhint 11",
      EP_AUTHENTICATION_REQUIRED, EP_UNKNOWN, EP_UNKNOWN },
    { "server RequireLength On\nunsized", EP_LENGTH_REQUIRED, EP_UNKNOWN,
      EP_UNKNOWN },
    { "server RequireLength On\nserver MaxSize 10\nunsized",
      EP_LENGTH_REQUIRED, 10, EP_UNKNOWN },
    { "server RequireLength On\nowner MaxSize 9\nceiling 10\nunsized\nhint 99",
      EP_LENGTH_REQUIRED, 9, EP_UNKNOWN },
    /* a refusal that is not about sizes tells none */
    { "server Refuse closed 403\nserver MaxSize 10\nsized 11", EP_REFUSED,
      EP_UNKNOWN, EP_UNKNOWN },
    { "server Types a/b\nserver MaxSize 10\nsized 11",
      EP_UNSUPPORTED_CONTENT_TYPE, EP_UNKNOWN, EP_UNKNOWN },
    { "server Encodings gzip\nserver MaxSize 10\nsized 11",
      EP_UNSUPPORTED_CONTENT_ENCODING, EP_UNKNOWN, EP_UNKNOWN },
    { "server Methods POST\nserver MaxSize 10\nsized 11",
      EP_METHOD_NOT_ALLOWED, EP_UNKNOWN, EP_UNKNOWN },
    { "expect foo\nserver MaxSize 10\nsized 11", EP_UNSUPPORTED_EXPECTATION,
      EP_UNKNOWN, EP_UNKNOWN }
};

START_TEST(limits_are_told_where_they_help_and_to_whom_they_may_be)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, numbers[_i].lines, "");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, numbers[_i].code);
    ck_assert_int_eq(verdict.limit, numbers[_i].limit);
    ck_assert_int_eq(verdict.requested, numbers[_i].requested);
    scenario_free(&s);
}
END_TEST

START_TEST(the_line_that_limits_the_size_most_decides_on_it)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, "server MaxSize 10\nowner MaxSize 5\nceiling 7",
          "sized 11");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_str_eq(verdict.by[EP_CONTENT_TOO_LARGE]->file, "owner");
    ck_assert_uint_eq(verdict.by[EP_CONTENT_TOO_LARGE]->line, 2);
    scenario_free(&s);
}
END_TEST

START_TEST(the_line_that_switches_on_refuses_what_nobody_can_read)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, "server Expectations Any", "expect ;");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_UNSUPPORTED_EXPECTATION);
    ck_assert_ptr_eq(verdict.by[EP_UNSUPPORTED_EXPECTATION], policy.mode_by);
    scenario_free(&s);
}
END_TEST

START_TEST(where_only_the_ceiling_is_left_nothing_else_is_refused)
{
    char lines[1024];
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    rules_of_subset((1U << EP_HEAD_CODES) - 1, BOTH, lines, sizeof(lines));
    strcat(lines, hopeless);
    given(&s, &policy, lines, "ceiling 8\nhint 8\nrange bytes 0-0/8");
    ep_policy_only_ceiling(&policy, policy.mode);
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_ADMITTED);
    /* its twin: one byte more */
    s.facts.hint = 9;
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_CONTENT_TOO_LARGE);
    ck_assert_int_eq(verdict.limit, 8);
    scenario_free(&s);
}
END_TEST

START_TEST(where_only_the_ceiling_is_left_no_expectation_is_read)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, "ceiling 8", "expect ;");
    ep_policy_only_ceiling(&policy, policy.mode);
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_ADMITTED);
    scenario_free(&s);
}
END_TEST

/*
 * Verdicts that are not made on the head.
 */

static const struct {
    const char *lines;
    int64_t limit;
    int status;
} cuts[] = {
    { "server MaxSize 10\nunsized", 10, 413 },
    { "server MaxSize 10\nowner MaxSize 5\nunsized", 5, 413 },
    { "server MaxSize 10\nceiling 5\nunsized", 5, 413 },
    /* a hint that was wrong is not repeated */
    { "server MaxSize 10\nunsized\nhint 3", 10, 413 },
    { "server MaxSize 10\nsized 3", 10, 413 },
    /* what asked to continue was told to, so its expectation was met */
    { "server MaxSize 10\nunsized\nexpect 100-continue", 10, 413 },
    { "server MaxSize 10\nunsized\nexpect 100-continue\n"
      "server Status Specific", 10, 413 },
    { "server MaxSize 10\nunsized\nserver Status 417", 10, 417 },
    /* the smaller of both */
    { "server MaxTotal 10\nunsized", 10, 413 },
    { "server MaxTotal 10\nserver MaxSize 20\nunsized", 10, 413 },
    { "owner MaxTotal 10\nserver MaxTotal 20\nunsized", 10, 413 },
    { "server MaxSize 10\nunsized\nserver Refuse closed 403\n"
      "server RequireAuth Bearer\nserver RequireLength On", 10, 413 }
};

static const struct {
    const char *lines;
    int64_t bytes;
    int status;
    int64_t requested;
} ends[] = {
    { "server MinSize 10\nunsized", 10, 0, EP_UNKNOWN },
    { "server MinSize 10\nunsized", 9, 400, 9 },
    { "server MinSize 10\nunsized", 0, 400, 0 },
    { "server MinSize 5\nowner MinSize 10\nunsized", 9, 400, 9 },
    /* a hint admits nothing */
    { "server MinSize 10\nunsized\nhint 10", 9, 400, 9 },
    { "server MinSize 10\nunsized\nrange bytes 0-8/10", 9, 0, EP_UNKNOWN },
    { "server MinSize 10\nunsized\nmethod PROPFIND", 9, 0, EP_UNKNOWN },
    { "server MinSize 2000000\nunsized\nmethod PROPFIND", 1048577, 400, 1048577 },
    { "server MinSize Off\nunsized", 0, 0, EP_UNKNOWN },
    /* nothing else is asked then; the expectation was met */
    { "server MaxSize 5\nserver Methods GET\nunsized", 9, 0, EP_UNKNOWN },
    { "server MinSize 10\nunsized\nexpect 100-continue", 9, 400, 9 },
    { "server MinSize 10\nunsized\nserver Status 417", 9, 417, 9 }
};

START_TEST(content_of_unknown_length_is_judged_at_its_end)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, ends[_i].lines, "");
    memset(&verdict, 0xa5, sizeof(verdict));
    ck_assert_int_eq(ep_verdict_end(&policy, &s.facts, ends[_i].bytes, &verdict),
                     ends[_i].status != 0);
    ck_assert_int_eq(verdict.code, ends[_i].status != 0 ? EP_CONTENT_TOO_SMALL
                                                        : EP_ADMITTED);
    ck_assert_int_eq(verdict.status, ends[_i].status);
    ck_assert_int_eq(verdict.requested, ends[_i].requested);
    scenario_free(&s);
}
END_TEST

START_TEST(content_that_is_cut_is_too_large_and_of_a_size_nobody_knows)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    int code;

    given(&s, &policy, cuts[_i].lines, "");
    memset(&verdict, 0xa5, sizeof(verdict));
    ep_verdict_cut(&policy, &s.facts, cuts[_i].limit, &verdict);
    ck_assert_int_eq(verdict.code, EP_ADMITTED);
    memset(&verdict, 0xa5, sizeof(verdict));
    ep_verdict_cut(&policy, &s.facts, cuts[_i].limit + 1, &verdict);
    ck_assert_int_eq(verdict.code, EP_CONTENT_TOO_LARGE);
    ck_assert_int_eq(verdict.limit, cuts[_i].limit);
    ck_assert_int_eq(verdict.is_total, strstr(cuts[_i].lines, "MaxTotal") != NULL);
    ck_assert_int_eq(verdict.requested, EP_UNKNOWN);
    ck_assert_int_eq(verdict.status, cuts[_i].status);
    for (code = 0; code < EP_CODES; code++) {
        ck_assert((verdict.by[code] != NULL) == (code == EP_CONTENT_TOO_LARGE));
    }
    scenario_free(&s);
}
END_TEST

START_TEST(content_is_not_cut_where_no_size_is_bounded)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, "unsized", "");
    /* the bytes behind the last code's choice */
    policy.tells_upload_limit = EP_STATUS_AUTO;
    memset(&verdict, 0xa5, sizeof(verdict));
    ep_verdict_cut(&policy, &s.facts, INT64_MAX, &verdict);
    ck_assert_int_eq(verdict.code, EP_ADMITTED);
    ck_assert_int_eq(verdict.status, 0);
    ck_assert_int_eq(verdict.limit, EP_UNKNOWN);
    scenario_free(&s);
}
END_TEST

/* Verdicts of limits that count: what is handed in, and what is told. */
static const struct {
    /* the first limit of the policy is the one that decides */
    const char *lines;
    ep_code code;
    int64_t remaining;
    int64_t retry_after;
    int is_cut;
    struct {
        int status;
        int64_t limit;
        int64_t requested;
        int64_t remaining;
        int64_t retry_after;
    } told;
} denials[] = {
    { "server FreeSpace 100\nsized 50", EP_INSUFFICIENT_STORAGE, 7, 9, 0,
      { 507, 100, 50, EP_UNKNOWN, EP_UNKNOWN } },
    { "server FreeSpace 5%\nsized 50", EP_INSUFFICIENT_STORAGE, 7, 9, 0,
      { 507, EP_UNKNOWN, 50, EP_UNKNOWN, EP_UNKNOWN } },
    { "server FreeSpace 100\nunsized", EP_INSUFFICIENT_STORAGE, 7, 9, 1,
      { 507, 100, EP_UNKNOWN, EP_UNKNOWN, EP_UNKNOWN } },
    { "server Quota 100 /a\nsized 50", EP_QUOTA_EXCEEDED, 7, 9, 0,
      { 507, 100, 50, 7, 9 } },
    { "server Quota 100 /a\nsized 50", EP_QUOTA_EXCEEDED, 0, 9, 0,
      { 507, 100, 50, 0, 9 } },
    { "owner Quota 0 /a\nunsized\nhint 50", EP_QUOTA_EXCEEDED, 0, 9, 0,
      { 507, 0, 50, 0, 9 } },
    { "server Quota 100 /a\nunsized", EP_QUOTA_EXCEEDED, 7, 9, 0,
      { 507, 100, EP_UNKNOWN, 7, 9 } },
    { "server Quota 100 /a\nunsized\nhint 50", EP_QUOTA_EXCEEDED, 7, 9, 1,
      { 507, 100, EP_UNKNOWN, 7, 9 } },
    { "server Quota 100 /a\nsized 50", EP_QUOTA_EXCEEDED, 7, EP_UNKNOWN, 0,
      { 507, 100, 50, 7, EP_UNKNOWN } },
    { "server Allowance 100/5 user\nsized 50", EP_ALLOWANCE_EXCEEDED, 7, 9,
      0, { 429, 100, 50, 7, 9 } },
    { "server Allowance 100/5 user\nsized 500", EP_ALLOWANCE_EXCEEDED, 7,
      EP_UNKNOWN, 0, { 429, 100, 500, 7, EP_UNKNOWN } },
    { "server Allowance 100/5 user\nunsized", EP_ALLOWANCE_EXCEEDED, 0, 9, 1,
      { 429, 100, EP_UNKNOWN, 0, 9 } },
    { "server Concurrent 4 client\nsized 50", EP_TOO_MANY_UPLOADS, 0, 5, 0,
      { 429, 4, EP_UNKNOWN, EP_UNKNOWN, 5 } },
    { "server Quota 100 /a\nsized 50", EP_LEDGER_UNAVAILABLE, 7, 5, 0,
      { 503, EP_UNKNOWN, EP_UNKNOWN, EP_UNKNOWN, 5 } },
    /* the status, as ever; content on its way has been invited */
    { "server Quota 100 /a\nsized 50\nexpect 100-continue",
      EP_QUOTA_EXCEEDED, 7, 9, 0, { 417, 100, 50, 7, 9 } },
    { "server Quota 100 /a\nsized 50\nexpect 100-continue\nhttp10",
      EP_QUOTA_EXCEEDED, 7, 9, 0, { 507, 100, 50, 7, 9 } },
    { "server Quota 100 /a\nsized 50\nexpect 100-continue\n"
      "server Status Specific", EP_QUOTA_EXCEEDED, 7, 9, 0,
      { 507, 100, 50, 7, 9 } },
    { "server Quota 100 /a\nsized 50\nserver Status 417", EP_QUOTA_EXCEEDED,
      7, 9, 0, { 417, 100, 50, 7, 9 } },
    { "server Quota 100 /a\nunsized\nexpect 100-continue", EP_QUOTA_EXCEEDED,
      7, 9, 1, { 507, 100, EP_UNKNOWN, 7, 9 } },
    { "server Quota 100 /a\nunsized\nserver Status 417", EP_QUOTA_EXCEEDED,
      7, 9, 1, { 417, 100, EP_UNKNOWN, 7, 9 } },
    { "server Concurrent 4 client\nsized 50\nexpect 100-continue",
      EP_TOO_MANY_UPLOADS, 0, 5, 0,
      { 417, 4, EP_UNKNOWN, EP_UNKNOWN, 5 } }
};

START_TEST(a_limit_that_counts_tells_what_helps)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    int code;

    given(&s, &policy, denials[_i].lines, "");
    memset(&verdict, 0xa5, sizeof(verdict));
    ep_verdict_counted(&policy, &s.facts, denials[_i].code, policy.counted[0],
                       denials[_i].remaining, denials[_i].retry_after,
                       denials[_i].is_cut, &verdict);
    ck_assert_int_eq(verdict.code, denials[_i].code);
    for (code = 0; code < EP_CODES; code++) {
        ck_assert_ptr_eq(verdict.by[code], code == (int)denials[_i].code
                                               ? policy.counted[0]
                                               : NULL);
    }
    ck_assert_int_eq(verdict.status, denials[_i].told.status);
    ck_assert_int_eq(verdict.limit, denials[_i].told.limit);
    ck_assert_int_eq(verdict.requested, denials[_i].told.requested);
    ck_assert_int_eq(verdict.remaining, denials[_i].told.remaining);
    ck_assert_int_eq(verdict.retry_after, denials[_i].told.retry_after);
    scenario_free(&s);
}
END_TEST

START_TEST(every_code_that_counts_was_told)
{
    int had[EP_CODES] = { 0 };
    size_t i;

    for (i = 0; i < COUNT(denials); i++) {
        had[denials[i].code] = 1;
    }
    for (i = EP_HEAD_CODES; i < EP_CODES; i++) {
        ck_assert_msg(had[i], "code %u", (unsigned int)i);
    }
}
END_TEST

START_TEST(the_head_is_not_refused_for_what_counts)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, "server FreeSpace 100%\nserver Quota 0 /a\n"
          "server Allowance 0/1 client\nserver Concurrent 1 client",
          "sized 50");
    ck_assert_uint_eq(policy.counted_count, 4);
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_ADMITTED);
    ck_assert_int_eq(verdict.remaining, EP_UNKNOWN);
    ck_assert_int_eq(verdict.retry_after, EP_UNKNOWN);
    scenario_free(&s);
}
END_TEST

static const char *const core_refused[] = {
    "expect ,",
    "expect 100-continue, 100-continue",
    "expect 100-continue, 100-continue\nhttp10",
    "expect foo",
    "expect \"\x01",
    "expect foo\nserver Status Specific",
    "expect foo\nserver Expectations foo",
    "expect foo\nsized 11\nserver MaxSize 10\nserver Refuse closed 403"
};

START_TEST(what_core_refused_is_an_unsupported_expectation_and_nothing_else)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    int code;

    given(&s, &policy, core_refused[_i], "");
    memset(&verdict, 0xa5, sizeof(verdict));
    ep_verdict_core_refused(&policy, &s.facts, &verdict);
    ck_assert_int_eq(verdict.code, EP_UNSUPPORTED_EXPECTATION);
    ck_assert_int_eq(verdict.status, 417);
    ck_assert_int_eq(verdict.limit, EP_UNKNOWN);
    ck_assert_int_eq(verdict.requested, EP_UNKNOWN);
    for (code = 0; code < EP_CODES; code++) {
        ck_assert_ptr_eq(verdict.by[code],
                         code == EP_UNSUPPORTED_EXPECTATION ? policy.mode_by
                                                            : NULL);
    }
    scenario_free(&s);
}
END_TEST

/*
 * Tokens.
 */

START_TEST(a_refusal_by_word_has_the_code_of_that_word)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, "owner Refuse my-code.1 503", "sized 5");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_str_eq(ep_verdict_error(&verdict, EP_REFUSED), "my-code.1");
    ck_assert_str_eq(ep_verdict_error(&verdict, EP_LENGTH_REQUIRED),
                     "length_required");
    scenario_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_decide");
    TCase *tcase = tcase_create("decide");

    ADD_ROWS(tcase, a_refusal_has_its_code_and_its_twin_is_admitted, twins);
    tcase_add_test(tcase, every_code_has_a_refusal_and_a_twin);
    tcase_add_loop_test(
        tcase, the_first_check_that_fails_decides_and_all_that_fail_are_kept,
        0, SPREADS);
    tcase_add_test(tcase,
                   a_check_both_halves_fail_is_decided_by_the_servers_line);
    ADD_ROWS(tcase, an_announcement_is_judged_by_credentials_refuse_and_the_total,
             announced);
    tcase_add_test(tcase, without_content_the_expectation_alone_is_checked);
    tcase_add_test(
        tcase,
        what_stores_without_content_is_judged_by_credentials_and_refuse);
    ADD_ROWS(
        tcase,
        the_status_is_417_where_an_expectation_counts_or_it_is_asked_for,
        statuses);
    tcase_add_test(tcase,
                   an_unsupported_expectation_is_417_whatever_the_status_says);
    ADD_ROWS(tcase, limits_are_told_where_they_help_and_to_whom_they_may_be,
             numbers);
    tcase_add_test(tcase, the_line_that_limits_the_size_most_decides_on_it);
    tcase_add_test(tcase,
                   the_line_that_switches_on_refuses_what_nobody_can_read);
    tcase_add_test(tcase,
                   where_only_the_ceiling_is_left_nothing_else_is_refused);
    tcase_add_loop_test(tcase, content_of_unknown_length_is_judged_at_its_end, 0,
                        sizeof(ends) / sizeof(ends[0]));
    tcase_add_test(tcase,
                   where_only_the_ceiling_is_left_no_expectation_is_read);
    ADD_ROWS(tcase, content_that_is_cut_is_too_large_and_of_a_size_nobody_knows,
             cuts);
    tcase_add_test(tcase, content_is_not_cut_where_no_size_is_bounded);
    ADD_ROWS(tcase, a_limit_that_counts_tells_what_helps, denials);
    tcase_add_test(tcase, every_code_that_counts_was_told);
    tcase_add_test(tcase, the_head_is_not_refused_for_what_counts);
    ADD_ROWS(tcase,
             what_core_refused_is_an_unsupported_expectation_and_nothing_else,
             core_refused);
    tcase_add_test(tcase, a_refusal_by_word_has_the_code_of_that_word);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
