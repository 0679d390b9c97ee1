/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Counts of the outcomes of uploads. */
#ifndef EP_TALLY_H
#define EP_TALLY_H

#include "core/policy/verdict.h"

/** How far back refusals are counted by the minute. */
#define EP_MINUTES 60

/** The outcome of a request.  If its places have different outcomes, the one that
 * is later in this list holds; of equal ones the first. */
typedef enum ep_outcome {
    EP_OUTCOME_NONE,
    EP_OUTCOME_ADMITTED,
    EP_OUTCOME_WOULD_REFUSE,
    EP_OUTCOME_REFUSED,
    /** admitted, and ended on its way */
    EP_OUTCOME_CUT,
    EP_OUTCOMES
} ep_outcome;

/** The counts of one virtual host, or of several. */
typedef struct ep_tally {
    int64_t admitted;
    /** by code; those of ADMITTED and NONE stay 0 */
    int64_t ended[EP_OUTCOMES][EP_CODES];
    /** bytes that refused uploads had declared */
    int64_t declared;
    /** bytes that refused clients sent nevertheless, and that were thrown away */
    int64_t drained;
    /** refused or cut, in the last hour; the current minute is the last entry */
    int64_t minutes[EP_MINUTES];
} ep_tally;

/** Why the ledger could not answer, so that ExpectPolicyLedgerFailure decided. */
typedef enum ep_tally_cause {
    /** another process held its lock for too long */
    EP_FAILED_BUSY,
    /** another server, or children of one that stops, have it */
    EP_FAILED_TAKEN,
    /** it could not be opened */
    EP_FAILED_MISSING,
    EP_FAILED_CORRUPT,
    /** it has no room for an account or a claim */
    EP_FAILED_FULL,
    /** an upload has more limits than a claim has room for */
    EP_FAILED_CROWDED,
    /** the claim of an upload is gone */
    EP_FAILED_LOST,
    /** a tree was not measured in time */
    EP_FAILED_UNMEASURED,
    /** a tree cannot be measured */
    EP_FAILED_UNMEASURABLE,
    /** a cause of the provider's own */
    EP_FAILED_OTHER,
    EP_FAILURES
} ep_tally_cause;

/** @return the name of a cause in reports */
const char *ep_tally_failure(ep_tally_cause why);

/** @return the name of a code in reports */
const char *ep_tally_code(ep_code code);

/** @return 1 if nothing was counted */
int ep_tally_is_empty(const ep_tally *tally);

/** @return the sum of an outcome over all codes, at most INT64_MAX */
int64_t ep_tally_sum(const ep_tally *tally, ep_outcome outcome);

/** @return all refusals of the last hour, at most INT64_MAX */
int64_t ep_tally_hour(const ep_tally *tally);

/** Adds @a more; no sum exceeds INT64_MAX. */
void ep_tally_add(ep_tally *tally, const ep_tally *more);

#endif
