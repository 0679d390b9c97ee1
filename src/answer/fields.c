/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "answer/fields.h"

#include "apr_strings.h"

#include "core/answer/document.h"

/* The largest Integer of a structured field. */
#define INTEGER_MAX APR_INT64_C(999999999999999)

void ep_fields_names(request_rec *r, const ep_policy *policy,
                     const char *field, ep_rule rule)
{
    const char *names[EP_NAMES_MAX];
    int complete;
    const size_t count = ep_policy_names(policy, rule, names, EP_LIST_BYTES,
                                         &complete);
    size_t i;

    for (i = 0; i < count; i++) {
        apr_table_mergen(r->headers_out, field, names[i]);
    }
}

/* 1 if a method works without content: ExpectPolicyMethods does not matter then,
 * but AllowMethods does. */
static int works_without(const request_rec *r, int number)
{
    return r->allowed == 0
           || (r->allowed & (AP_METHOD_BIT << number)) != 0;
}

int ep_fields_admits(const ep_policy *policy, const char *method, int unsaid)
{
    int half, result = unsaid;

    for (half = 0; half < 2; half++) {
        const ep_setting *methods = policy->rule[EP_RULE_METHODS][half];

        if (methods != NULL) {
            if (!ep_policy_lists(EP_RULE_METHODS, methods, method)) {
                return 0;
            }
            result = 1;
        }
    }
    return result;
}

void ep_fields_allow(request_rec *r, const ep_policy *policy)
{
    static const struct {
        const char *name;
        int number;
    } others[] = {
        { "GET", M_GET }, { "HEAD", M_GET }, { "OPTIONS", M_OPTIONS }
    };
    size_t i;

    apr_table_unset(r->headers_out, "Allow");
    ep_fields_names(r, policy, "Allow", EP_RULE_METHODS);
    for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
        if (works_without(r, others[i].number)
            && !ep_fields_admits(policy, others[i].name, 1)) {
            apr_table_mergen(r->headers_out, "Allow", others[i].name);
        }
    }
}

/* @return NULL: the limit of a check is not told */
static const char *upload_limit_of(request_rec *r, const ep_policy *policy,
                                   const ep_check *check)
{
    const ep_setting *limit = (check->tells & EP_TELLS_UPLOAD_LIMIT) != 0
                                  ? ep_policy_limit(policy, check->rule)
                                  : NULL;
    char *name, *at;

    if (limit == NULL || limit->number > INTEGER_MAX) {
        return NULL;
    }
    /* structured fields use `-`: max_size becomes max-size */
    name = apr_pstrdup(r->pool, ep_policy_row(check->rule)->member);
    for (at = name; (at = strchr(at, '_')) != NULL; at++) {
        *at = '-';
    }
    return apr_psprintf(r->pool, "%s=%" APR_INT64_T_FMT, name,
                        (apr_int64_t)limit->number);
}

void ep_fields_upload_limit(request_rec *r, const ep_policy *policy)
{
    const char *all = NULL;
    int code;

    for (code = 0; policy->tells_upload_limit && code < EP_HEAD_CODES; code++) {
        const char *limit = upload_limit_of(r, policy, ep_check_of((ep_code)code));

        if (limit != NULL) {
            all = all != NULL ? apr_pstrcat(r->pool, all, ", ", limit, NULL) : limit;
        }
    }
    if (all != NULL) {
        apr_table_setn(r->headers_out, "Upload-Limit", all);
    }
}
