/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What became of uploads, counted. */
#ifndef EP_TALLY_H
#define EP_TALLY_H

#include "core/policy/verdict.h"

/** How far back refusals are counted by the minute. */
#define EP_MINUTES 60

/** What became of a request, in rising order of what it tells: of several
 * places on its way the last of these holds, and of equals the first. */
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
    /** bytes that refused clients sent all the same, and that nobody wanted */
    int64_t drained;
    /** refused or cut, in the last hour; the minute that runs comes last */
    int64_t minutes[EP_MINUTES];
} ep_tally;

/** @return what a code is called in reports */
const char *ep_tally_code(ep_code code);

/** @return 1 if nothing was counted */
int ep_tally_is_empty(const ep_tally *tally);

/** @return the sum of an outcome over all codes, at most INT64_MAX */
int64_t ep_tally_sum(const ep_tally *tally, ep_outcome outcome);

/** @return all refusals of the last hour, at most INT64_MAX */
int64_t ep_tally_hour(const ep_tally *tally);

/** Adds @a more; no sum comes above INT64_MAX. */
void ep_tally_add(ep_tally *tally, const ep_tally *more);

#endif
