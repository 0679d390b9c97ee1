/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: ep_metrics ep_amount ep_check ep_sink ep_tally ep_decide ep_policy
 *          ep_text ep_expect ep_media ep_auth
 * lengths: up to two hosts with names of 4 and any counts
 * joined: ep_amount_of ep_amount_plus put_codes put_hosts ep_metrics any_tally
 */
#include "ep_metrics.h"
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
