/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/tally.h"

#include "core/book/amount.h"

const char *ep_tally_code(ep_code code)
{
    const char *token = ep_check_of(code)->token;

    /* the codes of ExpectPolicyRefuse are free words of site owners: any number
     * of them, so all count as one */
    return token != NULL ? token : "refuse";
}

const char *ep_tally_failure(ep_tally_cause why)
{
    static const char *const names[EP_FAILURES] = {
        [EP_FAILED_BUSY] = "busy",
        [EP_FAILED_TAKEN] = "used_by_another_server",
        [EP_FAILED_MISSING] = "missing",
        [EP_FAILED_CORRUPT] = "corrupt",
        [EP_FAILED_FULL] = "full",
        [EP_FAILED_CROWDED] = "too_many_limits",
        [EP_FAILED_LOST] = "claim_lost",
        [EP_FAILED_UNMEASURED] = "not_measured_yet",
        [EP_FAILED_UNMEASURABLE] = "not_measurable",
        [EP_FAILED_OTHER] = "other"
    };

    return names[why];
}

int64_t ep_tally_sum(const ep_tally *tally, ep_outcome outcome)
{
    int64_t all = 0;
    int code;

    for (code = 0; code < EP_CODES; code++) {
        all = ep_amount_plus(all, tally->ended[outcome][code]);
    }
    return all;
}

int64_t ep_tally_hour(const ep_tally *tally)
{
    int64_t all = 0;
    int minute;

    for (minute = 0; minute < EP_MINUTES; minute++) {
        all = ep_amount_plus(all, tally->minutes[minute]);
    }
    return all;
}

int ep_tally_is_empty(const ep_tally *tally)
{
    return tally->admitted == 0 && tally->drained == 0
           && ep_tally_sum(tally, EP_OUTCOME_WOULD_REFUSE) == 0
           && ep_tally_sum(tally, EP_OUTCOME_REFUSED) == 0
           && ep_tally_sum(tally, EP_OUTCOME_CUT) == 0;
}

void ep_tally_add(ep_tally *tally, const ep_tally *more)
{
    int outcome, code, minute;

    tally->admitted = ep_amount_plus(tally->admitted, more->admitted);
    tally->declared = ep_amount_plus(tally->declared, more->declared);
    tally->drained = ep_amount_plus(tally->drained, more->drained);
    for (outcome = 0; outcome < EP_OUTCOMES; outcome++) {
        for (code = 0; code < EP_CODES; code++) {
            tally->ended[outcome][code]
                = ep_amount_plus(tally->ended[outcome][code],
                                 more->ended[outcome][code]);
        }
    }
    for (minute = 0; minute < EP_MINUTES; minute++) {
        tally->minutes[minute] = ep_amount_plus(tally->minutes[minute],
                                                more->minutes[minute]);
    }
}
