/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/announced.h"

#include "ledger/charge.h"
#include "ledger/claim.h"
#include "ledger/ledger.h"
#include "request/judgement.h"

/* 1 if a limit counts what is stored */
static int counts_stored(const ep_setting *limit)
{
    return limit->count->rule == EP_RULE_QUOTA
           || limit->count->rule == EP_RULE_FREE_SPACE;
}

/* Makes the charges of a place, without their amounts.
 * @param by out: the limit of each
 * @param is_known out: 0 if the account of some limit is not known, and its charge is
 *        left out
 * @return how many charges there are */
static size_t make_charges(request_rec *place, const ep_policy *policy,
                           ep_ledger_charge *charges, const ep_setting **by,
                           int *is_known)
{
    size_t count = 0, i;

    *is_known = 1;
    for (i = 0; i < policy->counted_count; i++) {
        const ep_setting *limit = policy->counted[i];
        const char *directory;
        const int made = counts_stored(limit)
                             ? ep_charge_make(place, limit, &charges[count], &directory)
                             : 0;

        if (made < 0) {
            *is_known = 0;
        }
        else if (made) {
            by[count++] = limit;
        }
    }
    return count;
}

/* 1 if a charge has the account of one of these */
static int is_among(const ep_ledger_charge *charge, const ep_ledger_charge *charges,
                    size_t count)
{
    size_t i = 0;

    while (i < count && !ep_charge_is_same(&charges[i], charge)) {
        i++;
    }
    return i < count;
}

/* Removes the charges of accounts in which the parts count already.
 * @return how many are left */
static size_t leave_out_held(request_rec *r, const ep_policy *held,
                             ep_ledger_charge *charges, const ep_setting **by,
                             size_t count)
{
    ep_ledger_charge stored[EP_CHARGES_MAX];
    const ep_setting *unused[EP_CHARGES_MAX];
    size_t stored_count, left = 0, i;
    int is_known;

    stored_count = make_charges(r, held, stored, unused, &is_known);
    for (i = 0; i < count; i++) {
        if (!is_among(&charges[i], stored, stored_count)) {
            charges[left] = charges[i];
            by[left++] = by[i];
        }
    }
    return left;
}

const ep_judgement *ep_announced_ask(request_rec *r, request_rec *place,
                                     const ep_request *state, const ep_policy *policy,
                                     const ep_policy *held)
{
    const int64_t bytes = ep_check_total_to_ask(policy, state->facts);
    ep_ledger_charge charges[EP_CHARGES_MAX];
    const ep_setting *by[EP_CHARGES_MAX];
    ep_verdict denied;
    size_t count, i;
    int is_known;

    if (bytes <= 0) {
        return NULL;
    }
    count = make_charges(place, policy, charges, by, &is_known);
    if (held != NULL) {
        count = leave_out_held(r, held, charges, by, count);
    }
    /* as for an upload: the server's limits all hold, or nothing is admitted */
    if (policy->surplus[0] != NULL
        || (!is_known && ep_ledger_failure(policy, 0) == EP_FAILURE_CLOSED)) {
        ep_claim_deny_unavailable(policy, state->facts, policy->surplus[0], &denied);
        return ep_judgement_make(r, policy, state->facts, &denied);
    }
    for (i = 0; i < count; i++) {
        charges[i].amount = bytes;
    }
    return count == 0
                   || ep_claim_reserve(r, policy, state->facts, bytes, charges, by, count,
                                       NULL, &denied)
               ? NULL
               : ep_judgement_make(r, policy, state->facts, &denied);
}
