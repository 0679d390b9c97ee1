/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: explanation_page explain tally amount check sink verdict policy
 *          text expect media auth range
 * lengths: two checks with any result and any numbers; texts of 3 characters
 * joined: put_cell put_row put_line put_place put_notes put_paragraph put_input
 *         put_question put_outcome put_answer put_explanation ep_explanation_page
 *         any_row any_explanation any_setting
 * options: -eva-min-loop-unroll 3
 */
#include "core/status/explanation_page.h"
#include "explanation.h"
#include "sink.h"

int main(void)
{
    any_explanation();
    ep_explanation_page(&told, &looking);
    ep_explanation_page(NULL, &looking);
    //@ check something_was_written: sink_took == 1;
    return 0;
}
