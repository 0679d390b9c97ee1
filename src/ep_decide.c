/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ep_decide.h"

#include <string.h>

#include "ep_auth.h"
#include "ep_expect.h"
#include "ep_media.h"

/* token and specific status of each code; REFUSE brings its own */
static const struct {
    const char *token;
    int status;
} codes[EP_CODES] = {
    { "unsupported_expectation", 417 },
    { "continue_required", 428 },
    { "method_not_allowed", 405 },
    { "authentication_required", 401 },
    { NULL, 403 },
    { "unsupported_content_type", 415 },
    { "unsupported_content_encoding", 415 },
    { "length_required", 411 },
    { "content_too_large", 413 },
    { "insufficient_storage", 507 },
    { "quota_exceeded", 507 },
    { "allowance_exceeded", 429 },
    { "too_many_uploads", 429 },
    { "ledger_unavailable", 503 }
};

/* each code has a message; an array of a negative size is no type */
typedef char a_message_for_each_code[EP_CODES == EP_MESSAGES ? 1 : -1];

const char *ep_code_token(ep_code code)
{
    return codes[code].token;
}

int ep_verdict_tells_limits(const ep_verdict *verdict)
{
    return verdict->by[EP_METHOD_NOT_ALLOWED] == NULL
           && verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL
           && verdict->by[EP_REFUSED] == NULL;
}

int ep_verdict_is_temporary(const ep_verdict *verdict)
{
    switch (verdict->code) {
    case EP_INSUFFICIENT_STORAGE:
    case EP_TOO_MANY_UPLOADS:
    case EP_LEDGER_UNAVAILABLE:
        return 1;
    case EP_ALLOWANCE_EXCEEDED:
        /* what is larger than a whole allowance never fits */
        return verdict->retry_after != EP_UNKNOWN;
    case EP_REFUSED:
        return verdict->by[EP_REFUSED]->status == 503
               || verdict->by[EP_REFUSED]->status == 429;
    default:
        return 0;
    }
}

const char *ep_verdict_error(const ep_verdict *verdict, ep_code code)
{
    const char *token = codes[code].token;

    return token != NULL ? token : verdict->by[code]->code;
}

/* One check against one half: 1 if the facts meet the setting. */
typedef int ep_check(const ep_setting *setting, const ep_facts *facts);

static int meets_expectation(const ep_setting *setting,
                             const ep_expectation *member)
{
    size_t i;

    for (i = 0; i < setting->names_count; i++) {
        if (ep_expect_matches(member, setting->names[i])) {
            return 1;
        }
    }
    return 0;
}

static int meets_expectations(const ep_setting *setting, const ep_facts *facts)
{
    const char *rest = facts->expect;
    ep_expectation member;
    ep_expect_result result;

    while ((result = ep_expect_next(&rest, &member)) == EP_EXPECT_MEMBER) {
        if (facts->ignores_continue && ep_expect_is_continue(&member)) {
            continue;
        }
        if (!meets_expectation(setting, &member)) {
            return 0;
        }
    }
    return result == EP_EXPECT_END;
}

static int is_well_formed(const char *expect)
{
    ep_expectation member;
    ep_expect_result result;

    do {
        result = ep_expect_next(&expect, &member);
    } while (result == EP_EXPECT_MEMBER);
    return result == EP_EXPECT_END;
}

static int asks_first(const ep_setting *setting, const ep_facts *facts)
{
    if (facts->content == EP_CONTENT_SIZED
        && facts->declared <= setting->number) {
        return 1;
    }
    return facts->expect != NULL && !facts->ignores_continue
           && ep_expect_has_continue(facts->expect);
}

static int has_method(const ep_setting *setting, const ep_facts *facts)
{
    return ep_policy_lists(EP_RULE_METHODS, setting, facts->method);
}

static int has_credentials(const ep_setting *setting, const ep_facts *facts)
{
    return facts->authorization != NULL
           && ep_auth_scheme(facts->authorization).length > 0
           && ep_policy_lists(EP_RULE_REQUIRE_AUTH, setting,
                              facts->authorization);
}

static int is_refused(const ep_setting *setting, const ep_facts *facts)
{
    (void)setting;
    (void)facts;
    return 0;
}

static int has_type(const ep_setting *setting, const ep_facts *facts)
{
    ep_media media;
    size_t i;

    if (facts->content_type == NULL
        || !ep_media_parse(facts->content_type, &media)) {
        return 0;
    }
    for (i = 0; i < setting->names_count; i++) {
        if (ep_media_in_range(&media, setting->names[i])) {
            return 1;
        }
    }
    return 0;
}

static int lists_coding(const ep_setting *setting, ep_span coding)
{
    size_t i;

    for (i = 0; i < setting->names_count; i++) {
        if (ep_coding_same(ep_span_of(setting->names[i]), coding)) {
            return 1;
        }
    }
    return 0;
}

static int has_encodings(const ep_setting *setting, const ep_facts *facts)
{
    const char *rest = facts->content_encoding;
    ep_coding_result result = EP_CODING_END;
    ep_span coding;
    int members = 0;

    while (rest != NULL
           && (result = ep_coding_next(&rest, &coding)) == EP_CODING_MEMBER) {
        if (!lists_coding(setting, coding)) {
            return 0;
        }
        members++;
    }
    if (members == 0 && result == EP_CODING_END) {
        return lists_coding(setting, ep_span_of("identity"));
    }
    return result == EP_CODING_END;
}

static int has_length(const ep_setting *setting, const ep_facts *facts)
{
    (void)setting;
    return facts->content == EP_CONTENT_SIZED;
}

static int64_t announced(const ep_facts *facts)
{
    return facts->content == EP_CONTENT_SIZED ? facts->declared : facts->hint;
}

/* The first half that the facts fail decides; its setting is kept. */
static void check(const ep_policy *policy, const ep_facts *facts,
                  ep_verdict *verdict, ep_code code, ep_rule rule,
                  ep_check *passes)
{
    int half;

    for (half = 0; half < 2; half++) {
        const ep_setting *setting = policy->rule[rule][half];

        if (setting != NULL && verdict->by[code] == NULL
            && !passes(setting, facts)) {
            verdict->by[code] = setting;
        }
    }
}

/* 1 if the client sent an expectation that is not to be ignored */
static int expects_something(const ep_facts *facts)
{
    const char *rest = facts->expect;
    ep_expectation member;
    ep_expect_result result;

    if (rest == NULL) {
        return 0;
    }
    while ((result = ep_expect_next(&rest, &member)) == EP_EXPECT_MEMBER) {
        if (!facts->ignores_continue || !ep_expect_is_continue(&member)) {
            return 1;
        }
    }
    return result == EP_EXPECT_MALFORMED;
}

static int final_status(const ep_policy *policy, const ep_facts *facts,
                        const ep_verdict *verdict)
{
    const int specific = verdict->code == EP_REFUSED
                             ? verdict->by[EP_REFUSED]->status
                             : codes[verdict->code].status;

    if (policy->status == EP_STATUS_417
        || (policy->status == EP_STATUS_AUTO && expects_something(facts))) {
        return 417;
    }
    return specific;
}

/* Fills in what follows from the checks that failed. */
static void conclude(const ep_policy *policy, const ep_facts *facts,
                     ep_verdict *verdict)
{
    const ep_setting *size = ep_policy_max_size(policy);
    int code = 0;

    verdict->limit = EP_UNKNOWN;
    verdict->requested = EP_UNKNOWN;
    verdict->remaining = EP_UNKNOWN;
    verdict->retry_after = EP_UNKNOWN;
    while (code < EP_CODES && verdict->by[code] == NULL) {
        code++;
    }
    verdict->code = (ep_code)code;
    switch (verdict->code) {
    case EP_ADMITTED:
        return;
    case EP_CONTINUE_REQUIRED:
        /* limits are told to nobody who has yet to show credentials */
        if (verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL) {
            verdict->limit = verdict->by[EP_CONTINUE_REQUIRED]->number;
        }
        break;
    case EP_LENGTH_REQUIRED:
        verdict->limit = size != NULL ? size->number : EP_UNKNOWN;
        break;
    case EP_CONTENT_TOO_LARGE:
        verdict->limit = verdict->by[EP_CONTENT_TOO_LARGE]->number;
        verdict->requested = announced(facts);
        break;
    case EP_INSUFFICIENT_STORAGE:
        verdict->requested = announced(facts);
        if (!verdict->by[EP_INSUFFICIENT_STORAGE]->count->is_percent) {
            verdict->limit = verdict->by[EP_INSUFFICIENT_STORAGE]->number;
        }
        break;
    case EP_QUOTA_EXCEEDED:
    case EP_ALLOWANCE_EXCEEDED:
        verdict->requested = announced(facts);
        verdict->limit = verdict->by[verdict->code]->number;
        break;
    case EP_TOO_MANY_UPLOADS:
        verdict->limit = verdict->by[EP_TOO_MANY_UPLOADS]->number;
        break;
    default:
        break;
    }
    verdict->status = final_status(policy, facts, verdict);
}

static void check_content(const ep_policy *policy, const ep_facts *facts,
                          ep_verdict *verdict)
{
    const ep_setting *size = ep_policy_max_size(policy);

    check(policy, facts, verdict, EP_REFUSED, EP_RULE_REFUSE, is_refused);
    check(policy, facts, verdict, EP_UNSUPPORTED_CONTENT_TYPE, EP_RULE_TYPES,
          has_type);
    check(policy, facts, verdict, EP_UNSUPPORTED_CONTENT_ENCODING,
          EP_RULE_ENCODINGS, has_encodings);
    check(policy, facts, verdict, EP_LENGTH_REQUIRED, EP_RULE_REQUIRE_LENGTH,
          has_length);
    if (size != NULL && announced(facts) > size->number) {
        verdict->by[EP_CONTENT_TOO_LARGE] = size;
    }
}

void ep_decide(const ep_policy *policy, const ep_facts *facts,
               ep_verdict *verdict)
{
    const ep_setting *ask = ep_policy_smallest(policy,
                                               EP_RULE_REQUIRE_CONTINUE);

    memset(verdict, 0, sizeof(*verdict));
    if (facts->expect != NULL) {
        check(policy, facts, verdict, EP_UNSUPPORTED_EXPECTATION,
              EP_RULE_EXPECTATIONS, meets_expectations);
        /* Any ignores what it does not know, not what nobody can read */
        if (verdict->by[EP_UNSUPPORTED_EXPECTATION] == NULL
            && policy->mode_by != NULL && !is_well_formed(facts->expect)) {
            verdict->by[EP_UNSUPPORTED_EXPECTATION] = policy->mode_by;
        }
    }
    if (facts->content != EP_CONTENT_NONE) {
        if (ask != NULL && !asks_first(ask, facts)) {
            verdict->by[EP_CONTINUE_REQUIRED] = ask;
        }
        check(policy, facts, verdict, EP_METHOD_NOT_ALLOWED, EP_RULE_METHODS,
              has_method);
        check(policy, facts, verdict, EP_AUTHENTICATION_REQUIRED,
              EP_RULE_REQUIRE_AUTH, has_credentials);
        if (verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL) {
            check_content(policy, facts, verdict);
        }
    }
    conclude(policy, facts, verdict);
}

/* What is different where content was on its way already. */
static void conclude_cut(const ep_policy *policy, ep_code code,
                         ep_verdict *verdict)
{
    /* how much it would have been, nobody knows */
    verdict->requested = EP_UNKNOWN;
    /* the expectation to continue was met */
    if (policy->status == EP_STATUS_AUTO) {
        verdict->status = codes[code].status;
    }
}

void ep_decide_cut(const ep_policy *policy, const ep_facts *facts,
                   ep_verdict *verdict)
{
    memset(verdict, 0, sizeof(*verdict));
    verdict->by[EP_CONTENT_TOO_LARGE] = ep_policy_max_size(policy);
    conclude(policy, facts, verdict);
    conclude_cut(policy, EP_CONTENT_TOO_LARGE, verdict);
}

void ep_decide_counted(const ep_policy *policy, const ep_facts *facts,
                       ep_code code, const ep_setting *by, int64_t remaining,
                       int64_t retry_after, int is_cut, ep_verdict *verdict)
{
    memset(verdict, 0, sizeof(*verdict));
    verdict->by[code] = by;
    conclude(policy, facts, verdict);
    if (code == EP_QUOTA_EXCEEDED || code == EP_ALLOWANCE_EXCEEDED) {
        verdict->remaining = remaining;
    }
    /* space and quotas become free when somebody sees to it */
    if (code >= EP_ALLOWANCE_EXCEEDED) {
        verdict->retry_after = retry_after;
    }
    if (is_cut) {
        conclude_cut(policy, code, verdict);
    }
}

void ep_decide_core_refused(const ep_policy *policy, const ep_facts *facts,
                            ep_verdict *verdict)
{
    memset(verdict, 0, sizeof(*verdict));
    verdict->by[EP_UNSUPPORTED_EXPECTATION] = policy->mode_by;
    conclude(policy, facts, verdict);
    /* core refuses what does not count as well: `,`, and in HTTP/1.0
     * 100-continue twice */
    verdict->status = 417;
}
