/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/policy/check.h"

#include <string.h>

#include "core/text/auth.h"
#include "core/text/expect.h"
#include "core/text/media.h"
#include "core/text/number.h"

/* @return 1 if the facts meet the setting of one half */
typedef int meets(const ep_setting *setting, const ep_facts *facts);

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

static int meets_continue(const ep_setting *setting, const ep_facts *facts)
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
        if (ep_media_coding_same(ep_text_span(setting->names[i]), coding)) {
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
           && (result = ep_media_coding_next(&rest, &coding))
                  == EP_CODING_MEMBER) {
        if (!lists_coding(setting, coding)) {
            return 0;
        }
        members++;
    }
    if (members == 0 && result == EP_CODING_END) {
        return lists_coding(setting, ep_text_span("identity"));
    }
    return result == EP_CODING_END;
}

static int has_length(const ep_setting *setting, const ep_facts *facts)
{
    (void)setting;
    return facts->content == EP_CONTENT_SIZED;
}

/* @return the setting that the facts do not meet, the server's before the owner's;
 * NULL: they meet both */
static const ep_setting *unmet(const ep_policy *policy, ep_rule rule,
                               const ep_facts *facts, meets *is_met)
{
    int half;

    for (half = 0; half < 2; half++) {
        const ep_setting *setting = policy->rule[rule][half];

        if (setting != NULL && !is_met(setting, facts)) {
            return setting;
        }
    }
    return NULL;
}

static const ep_setting *fails_expectations(const ep_policy *policy,
                                            ep_rule rule,
                                            const ep_facts *facts)
{
    const ep_setting *setting = unmet(policy, rule, facts,
                                      meets_expectations);

    /* Any accepts an unknown expectation, but no malformed field */
    return setting == NULL && !is_well_formed(facts->expect) ? policy->mode_by
                                                             : setting;
}

static const ep_setting *fails_continue(const ep_policy *policy, ep_rule rule,
                                        const ep_facts *facts)
{
    const ep_setting *limit = ep_policy_strictest(policy, rule);

    return limit != NULL && !meets_continue(limit, facts) ? limit : NULL;
}

static const ep_setting *fails_method(const ep_policy *policy, ep_rule rule,
                                      const ep_facts *facts)
{
    return unmet(policy, rule, facts, has_method);
}

static const ep_setting *fails_credentials(const ep_policy *policy,
                                           ep_rule rule,
                                           const ep_facts *facts)
{
    return unmet(policy, rule, facts, has_credentials);
}

static const ep_setting *fails_always(const ep_policy *policy, ep_rule rule,
                                      const ep_facts *facts)
{
    (void)facts;
    return policy->rule[rule][0] != NULL ? policy->rule[rule][0]
                                         : policy->rule[rule][1];
}

static const ep_setting *fails_type(const ep_policy *policy, ep_rule rule,
                                    const ep_facts *facts)
{
    return unmet(policy, rule, facts, has_type);
}

static const ep_setting *fails_encodings(const ep_policy *policy, ep_rule rule,
                                         const ep_facts *facts)
{
    return unmet(policy, rule, facts, has_encodings);
}

static const ep_setting *fails_length(const ep_policy *policy, ep_rule rule,
                                      const ep_facts *facts)
{
    return unmet(policy, rule, facts, has_length);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* 1 if a field is one of those that announce a total here */
static int lists_total(const ep_policy *policy, const ep_total_field *field)
{
    const ep_setting *listed = policy->rule[EP_RULE_TOTAL_FIELDS][0];

    return listed != NULL
           && ep_policy_lists(EP_RULE_TOTAL_FIELDS, listed, field->name);
}

/* @return what it says; EP_UNKNOWN: it is no number */
static int64_t total_in(const ep_total_field *field)
{
    int64_t total;

    if (!ep_number_digits(field->value, &total)) {
        return EP_UNKNOWN;
    }
    return total;
}

/* 1 if the method is one of these */
static int is_one_of(const ep_facts *facts, const char *const *methods, size_t count)
{
    size_t i = 0;

    while (i < count && strcmp(facts->method, methods[i]) != 0) {
        i++;
    }
    return i < count;
}

int ep_check_may_announce(const ep_facts *facts)
{
    static const char *const others[] = {
        "GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "DELETE", "UNLOCK", "PROPFIND",
        "REPORT", "SEARCH", "QUERY", "LOCK", "ACL"
    };

    return facts->totals_count > 0
           && !is_one_of(facts, others, sizeof(others) / sizeof(*others));
}

/* @return the largest total that a field announces; EP_UNKNOWN: none parses */
static int64_t announced(const ep_policy *policy, const ep_facts *facts)
{
    int64_t largest = EP_UNKNOWN;
    size_t i;

    if (!ep_check_may_announce(facts)) {
        return EP_UNKNOWN;
    }
    for (i = 0; i < facts->totals_count; i++) {
        if (lists_total(policy, &facts->totals[i])) {
            largest = larger(largest, total_in(&facts->totals[i]));
        }
    }
    return largest;
}

int ep_check_announces(const ep_policy *policy, const ep_facts *facts)
{
    size_t i;

    if (facts->content != EP_CONTENT_NONE || !ep_check_may_announce(facts)) {
        return 0;
    }
    for (i = 0; i < facts->totals_count; i++) {
        if (lists_total(policy, &facts->totals[i])) {
            return 1;
        }
    }
    return 0;
}

int ep_check_concerns(const ep_policy *policy, const ep_facts *facts)
{
    return facts->content != EP_CONTENT_NONE || facts->expect != NULL
           || ep_check_announces(policy, facts);
}

/* A program behind httpd may read such a value in another way, and begin an upload of any
 * size.  Without a limit of the total, there is no limit that this could avoid. */
int ep_check_total_is_malformed(const ep_policy *policy, const ep_facts *facts)
{
    size_t i;

    if (ep_policy_strictest(policy, EP_RULE_MAX_TOTAL) == NULL
        || !ep_check_may_announce(facts)) {
        return 0;
    }
    for (i = 0; i < facts->totals_count; i++) {
        if (lists_total(policy, &facts->totals[i])
            && total_in(&facts->totals[i]) == EP_UNKNOWN) {
            return 1;
        }
    }
    return 0;
}

/* A size limit and a quota have to know where a part of a file ends. */
static const ep_setting *fails_range(const ep_policy *policy, ep_rule rule,
                                     const ep_facts *facts)
{
    const ep_setting *limit = ep_policy_max_size(policy);
    size_t i;

    (void)rule;
    if (facts->has_range != EP_RANGE_MALFORMED) {
        return NULL;
    }
    if (limit == NULL) {
        limit = ep_policy_strictest(policy, EP_RULE_MAX_TOTAL);
    }
    for (i = 0; limit == NULL && i < policy->counted_count; i++) {
        if (policy->counted[i]->count->rule == EP_RULE_QUOTA) {
            limit = policy->counted[i];
        }
    }
    return limit;
}

int ep_check_is_of_total(const ep_policy *policy, const ep_setting *limit)
{
    return limit != NULL && (limit == policy->rule[EP_RULE_MAX_TOTAL][0]
                             || limit == policy->rule[EP_RULE_MAX_TOTAL][1]);
}

/* 1 if the side that has set the limit has a limit of the total as well */
static int has_total_beside(const ep_policy *policy, const ep_setting *limit)
{
    const int half = limit == policy->rule[EP_RULE_MAX_SIZE][1];

    return limit != policy->ceiling && policy->rule[EP_RULE_MAX_TOTAL][half] != NULL;
}

int64_t ep_check_size_for(const ep_policy *policy, const ep_facts *facts,
                          const ep_setting *limit, int64_t bytes)
{
    const int64_t extent = ep_check_extent(facts, bytes);

    if (ep_check_is_of_total(policy, limit)) {
        return larger(extent, ep_check_total(policy, facts));
    }
    return has_total_beside(policy, limit) ? bytes : extent;
}

const ep_setting *ep_check_too_large(const ep_policy *policy, const ep_facts *facts,
                                     int64_t bytes)
{
    const ep_setting *const limits[] = {
        policy->ceiling, ep_policy_known(policy->rule[EP_RULE_MAX_SIZE][0]),
        ep_policy_known(policy->rule[EP_RULE_MAX_SIZE][1])
    };
    const ep_setting *found = ep_policy_strictest(policy, EP_RULE_MAX_TOTAL);
    size_t i;

    if (found != NULL
        && (ep_check_total_is_malformed(policy, facts)
            || ep_check_size_for(policy, facts, found, bytes) > found->number)) {
        return found;
    }
    found = NULL;
    /* these limits bound content, and an announcement has none */
    for (i = 0; i < 3 && facts->content != EP_CONTENT_NONE; i++) {
        if (limits[i] != NULL
            && ep_check_size_for(policy, facts, limits[i], bytes) > limits[i]->number
            && (found == NULL || limits[i]->number < found->number)) {
            found = limits[i];
        }
    }
    return found;
}

/* The ceiling and the limit of the total are size limits beside the rule. */
static const ep_setting *fails_size(const ep_policy *policy, ep_rule rule,
                                    const ep_facts *facts)
{
    (void)rule;
    return ep_check_too_large(policy, facts, ep_check_requested(facts));
}

static const ep_setting *fails_min_size(const ep_policy *policy, ep_rule rule,
                                        const ep_facts *facts)
{
    const ep_setting *limit = ep_policy_strictest(policy, rule);
    const int64_t total = ep_check_total(policy, facts);

    return limit != NULL && total != EP_UNKNOWN && total < limit->number
                   && !ep_check_is_query(facts)
               ? limit
               : NULL;
}

static const ep_check checks[EP_CODES] = {
#define HEAD_CHECK(code, token, status, rule, fails, tells, message) \
    { token, status, EP_RULE_##rule, fails, NULL, tells, message },
#define COUNTED_CHECK(code, token, status, remaining, tells, message) \
    { token, status, EP_RULES, NULL, remaining, tells, message },
#include "core/policy/checks.def"
};

const ep_check *ep_check_of(ep_code code)
{
    return &checks[code];
}

const char *ep_check_list(ep_code code)
{
    const ep_rule rule = checks[code].rule;

    return rule < EP_RULES && ep_policy_row(rule)->kind == EP_KIND_LIST
               ? ep_policy_row(rule)->member
               : NULL;
}

const ep_setting *ep_check_fails(ep_code code, const ep_policy *policy,
                                 const ep_facts *facts)
{
    return checks[code].fails(policy, checks[code].rule, facts);
}

int64_t ep_check_extent(const ep_facts *facts, int64_t bytes)
{
    return facts->has_range == EP_RANGE_BYTES
               ? ep_range_end(&facts->range, bytes > 0 ? bytes : 0)
               : bytes;
}

int ep_check_is_query(const ep_facts *facts)
{
    static const char *const queries[] = {
        "PROPFIND", "REPORT", "SEARCH", "QUERY", "LOCK", "ACL", "MKCALENDAR",
        "MKCOL"
    };

    return is_one_of(facts, queries, sizeof(queries) / sizeof(*queries))
           && (facts->content != EP_CONTENT_SIZED
               || facts->declared <= EP_QUERY_MAX);
}

int64_t ep_check_total(const ep_policy *policy, const ep_facts *facts)
{
    const int64_t part = ep_check_extent(facts, ep_check_requested(facts));
    int64_t whole = announced(policy, facts);

    if (whole == EP_UNKNOWN && facts->has_range == EP_RANGE_BYTES) {
        /* 0: it does not say */
        whole = facts->range.complete;
    }
    if (facts->source > 0) {
        whole = larger(whole, facts->source);
    }
    return larger(whole, part);
}

int64_t ep_check_total_to_ask(const ep_policy *policy, const ep_facts *facts)
{
    const int64_t whole = announced(policy, facts);

    if (facts->content == EP_CONTENT_NONE) {
        return whole;
    }
    /* a PUT or PATCH may be any part, of which those before it are stored already */
    return strcmp(facts->method, "POST") == 0
                   && whole > ep_check_requested(facts)
                   && ep_check_small_up_to(policy, facts) < 0
               ? whole
               : EP_UNKNOWN;
}

int64_t ep_check_requested(const ep_facts *facts)
{
    return facts->content == EP_CONTENT_SIZED ? facts->declared : facts->hint;
}

int64_t ep_check_small_up_to(const ep_policy *policy, const ep_facts *facts)
{
    const int64_t most = ep_policy_count_from(policy);

    /* PUT and PATCH replace a file or a part of it */
    return most > 0 && strcmp(facts->method, "PUT") != 0
                   && strcmp(facts->method, "PATCH") != 0
                   && ep_check_requested(facts) <= most
                   && ep_check_total(policy, facts) <= most
               ? most
               : -1;
}
