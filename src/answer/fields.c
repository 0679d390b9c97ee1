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

void ep_fields_upload_limit(request_rec *r, const ep_policy *policy)
{
    const ep_setting *size = ep_policy_max_size(policy);

    if (policy->tells_upload_limit && size != NULL
        && size->number <= INTEGER_MAX) {
        apr_table_setn(r->headers_out, "Upload-Limit",
                       apr_psprintf(r->pool, "max-size=%" APR_INT64_T_FMT,
                                    (apr_int64_t)size->number));
    }
}
