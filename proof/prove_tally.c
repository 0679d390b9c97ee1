/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: tally amount check verdict policy text expect
 *          media auth
 * lengths: every count from 0 on
 * joined: ep_amount_of ep_amount_plus ep_tally_sum ep_tally_hour ep_tally_add
 */
#include <string.h>

#include "core/status/tally.h"
#include "report.h"

static ep_tally tally, more;

int main(void)
{
    int64_t sum;
    int is_empty, code;

    any_tally(&tally);
    any_tally(&more);
    ep_tally_add(&tally, &more);
    //@ check a_count: tally.declared >= 0;
    sum = ep_tally_sum(&tally, (ep_outcome)Frama_C_interval(0, EP_OUTCOMES - 1));
    //@ check a_sum: sum >= 0;
    sum = ep_tally_hour(&tally);
    //@ check an_hour: sum >= 0;
    is_empty = ep_tally_is_empty(&tally);
    //@ check yes_or_no: is_empty == 0 || is_empty == 1;
    for (code = 0; code < EP_CODES; code++) {
        const char *name = ep_tally_code((ep_code)code);

        //@ check a_name: valid_read_string(name);
    }
    for (code = 0; code < EP_FAILURES; code++) {
        const char *cause = ep_tally_failure((ep_tally_cause)code);

        //@ check a_cause: valid_read_string(cause);
    }
    return 0;
}
