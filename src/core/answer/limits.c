/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/limits.h"

#include "core/answer/document.h"
#include "core/answer/json.h"
#include "core/text/auth.h"

/* Adds the schemes of the challenges; a client has to use one of them. */
static void set_schemes(json_t *document, const ep_policy *policy)
{
    const char *names[EP_NAMES_MAX];
    json_t *list = json_array();
    int complete;
    const size_t count = ep_policy_names(policy, EP_RULE_REQUIRE_AUTH, names,
                                         EP_LIST_BYTES, &complete);
    size_t i;

    for (i = 0; i < count; i++) {
        const ep_span scheme = ep_auth_scheme(names[i]);

        json_array_append_new(list, json_stringn(scheme.at, scheme.length));
    }
    json_object_set_new(document,
                        ep_policy_row(EP_RULE_REQUIRE_AUTH)->member, list);
}

static int64_t most_at_once(const ep_policy *policy)
{
    int64_t most = EP_UNKNOWN;
    size_t i;

    for (i = 0; i < policy->counted_count; i++) {
        const ep_setting *line = policy->counted[i];

        if (line->count->rule == EP_RULE_CONCURRENT
            && (most == EP_UNKNOWN || line->number < most)) {
            most = line->number;
        }
    }
    return most;
}

/* Adds the refusal that every upload gets by ExpectPolicyRefuse. */
static void set_refused(json_t *document, const ep_setting *by)
{
    json_t *refused = json_object();

    json_object_set_new(refused, "error", json_string(by->code));
    json_object_set_new(refused, "message", json_string(ep_document_refused(by)));
    json_object_set_new(refused, "status", json_integer(by->status));
    json_object_set_new(document, "refused", refused);
}

/* Adds the limit of one rule of the head. */
static void set_rule(json_t *document, const ep_policy *policy, ep_rule rule)
{
    const ep_rule_row *row = ep_policy_row(rule);
    const ep_setting *limit;

    switch (row->kind) {
    case EP_KIND_LIST:
        if (policy->rule[rule][0] != NULL || policy->rule[rule][1] != NULL) {
            ep_json_names(document, row->member, policy, rule);
        }
        break;
    case EP_KIND_SWITCH:
        if (ep_policy_strictest(policy, rule) != NULL) {
            json_object_set_new(document, row->member, json_true());
        }
        break;
    default:
        limit = ep_policy_limit(policy, rule);
        ep_json_number(document, row->member,
                       limit != NULL ? limit->number : EP_UNKNOWN);
        break;
    }
}

/* @return 1 if a client without credentials is told this rule, too */
static int is_told_first(ep_rule rule)
{
    return rule == EP_RULE_EXPECTATIONS || rule == EP_RULE_METHODS
           || rule == EP_RULE_REQUIRE_AUTH;
}

static void set_limits(json_t *document, const ep_policy *policy,
                       const ep_left *left)
{
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        if (ep_policy_row((ep_rule)rule)->member != NULL
            && !is_told_first((ep_rule)rule)) {
            set_rule(document, policy, (ep_rule)rule);
        }
    }
    ep_json_number(document, "max_concurrent", most_at_once(policy));
    ep_json_number(document, "quota_remaining", left->quota);
    ep_json_number(document, "allowance_remaining", left->allowance);
}

size_t ep_limits_document(char *out, const ep_policy *policy,
                             const char *method, const ep_verdict *verdict,
                             const ep_left *left)
{
    json_t *document = json_object();

    json_object_set_new(document, "method", json_string(method));
    set_rule(document, policy, EP_RULE_EXPECTATIONS);
    set_rule(document, policy, EP_RULE_METHODS);
    if (verdict->by[EP_METHOD_NOT_ALLOWED] == NULL
        && (policy->rule[EP_RULE_REQUIRE_AUTH][0] != NULL
            || policy->rule[EP_RULE_REQUIRE_AUTH][1] != NULL)) {
        set_schemes(document, policy);
    }
    if (ep_verdict_tells_limits(verdict)) {
        set_limits(document, policy, left);
    }
    else if (verdict->by[EP_METHOD_NOT_ALLOWED] == NULL
             && verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL) {
        set_refused(document, verdict->by[EP_REFUSED]);
    }
    return ep_json_line(out, EP_LIMITS_SIZE, document);
}
