/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: ep_tally
 * lengths: every count from 0 on
 */
#include <string.h>

#include "any.h"
#include "ep_tally.h"

static ep_tally tally, more;

static int64_t any_count(void)
{
    return (int64_t)Frama_C_unsigned_long_interval(0, INT64_MAX);
}

static void fill(ep_tally *any)
{
    int i, j;

    any->admitted = any_count();
    any->declared = any_count();
    for (i = 0; i < EP_OUTCOMES; i++) {
        for (j = 0; j < EP_CODES; j++) {
            any->ended[i][j] = any_count();
        }
    }
    for (i = 0; i < EP_MINUTES; i++) {
        any->minutes[i] = any_count();
    }
}

int main(void)
{
    int64_t sum;

    fill(&tally);
    fill(&more);
    ep_tally_add(&tally, &more);
    //@ check a_count: tally.declared >= 0;
    sum = ep_tally_sum(&tally, (ep_outcome)Frama_C_interval(0, EP_OUTCOMES - 1));
    //@ check a_sum: sum >= 0;
    return 0;
}
