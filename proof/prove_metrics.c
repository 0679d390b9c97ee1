/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: metrics amount check sink tally trees verdict policy
 *          text expect media auth
 * lengths: up to two hosts with names of 4 and any counts
 * joined: ep_amount_of ep_amount_plus put_codes put_hosts put_trees put_ledger
 *         put_failures put_spaces put_server put_calls put_causes put_shared
 *         ep_metrics any_tally any_server any_shared
 */
#include "core/status/metrics.h"
#include "report.h"
#include "sink.h"

int main(void)
{
    static ep_report report;
    int length;

    //@ loop unroll 5;
    for (length = 0; length <= host_longest; length++) {
        any_report(&report, length);
        ep_metrics(&report, &looking);
    }
    //@ check something_was_written: sink_took == 1;
    return 0;
}
