/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: status_page amount check sink tally trees verdict policy
 *          text expect media auth
 * lengths: up to two hosts with names of 4 and any counts
 * joined: ep_amount_of ep_amount_plus ep_amount_permille ep_trees_share
 *         put_codes put_hosts put_chart put_boxes put_tree put_trees put_spaces
 *         put_span put_failures count_failures put_server put_age put_state
 *         put_claims put_calls count_causes put_causes put_shared put_shared_lines
 *         ep_status_page any_tally any_server any_shared
 */
#include "core/status/status_page.h"
#include "report.h"
#include "sink.h"

int main(void)
{
    static ep_report report;
    int length;

    //@ loop unroll 5;
    for (length = 0; length <= host_longest; length++) {
        any_report(&report, length);
        ep_status_page(&report, &looking);
        ep_status_page_section(&report, ANY_BIT, &looking);
        ep_status_page_auto(&report, &looking);
    }
    //@ check something_was_written: sink_took == 1;
    return 0;
}
