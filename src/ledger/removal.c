/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/removal.h"

#include "util_filter.h"

#include "ledger/charge.h"
#include "ledger/ledger.h"
#include "request/filter.h"

/* The trees that count what a request removes. */
typedef struct removal {
    ep_ledger_charge charges[EP_CHARGES_MAX];
    size_t count;
} removal;

static ap_filter_rec_t *end_filter;

/* Before the client has the answer, since it may upload at once. */
static apr_status_t end_before_answer(ap_filter_t *f, apr_bucket_brigade *bb)
{
    const removal *removed = f->ctx;

    if (removed == NULL) {
        return ep_filter_leave_output(f, bb);
    }
    if (!APR_BRIGADE_EMPTY(bb)) {
        if (f->r->status < HTTP_BAD_REQUEST) {
            ep_ledger_doubt(removed->charges, removed->count);
        }
        ap_remove_output_filter(f);
    }
    return ap_pass_brigade(f->next, bb);
}

void ep_removal_register(void)
{
    end_filter = ap_register_output_filter("EXPECT_POLICY_REMOVAL",
                                           end_before_answer, NULL,
                                           AP_FTYPE_PROTOCOL);
}

int ep_removal_is(const request_rec *r)
{
    return r->main == NULL
           && (r->method_number == M_DELETE || r->method_number == M_MOVE);
}

void ep_removal_note(request_rec *r, const ep_policy *policy)
{
    removal *removed = NULL;
    size_t i;

    for (i = 0; i < policy->counted_count; i++) {
        const char *directory;

        if (policy->counted[i]->count->rule != EP_RULE_QUOTA) {
            continue;
        }
        if (removed == NULL) {
            removed = apr_pcalloc(r->pool, sizeof(*removed));
        }
        if (removed->count < EP_CHARGES_MAX
            && ep_charge_make(r, policy->counted[i],
                              &removed->charges[removed->count], &directory) > 0) {
            removed->count++;
        }
    }
    if (removed != NULL) {
        ap_add_output_filter_handle(end_filter, removed, r, r->connection);
    }
}
