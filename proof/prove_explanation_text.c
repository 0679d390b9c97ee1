/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: explanation_text explain tally amount check sink verdict policy
 *          text expect media auth range
 * lengths: two checks with any result and any numbers; texts of 3 characters
 * joined: put_named put_row put_line put_notes put_outcome put_answer
 *         ep_explanation_text any_row any_explanation any_setting
 * options: -eva-min-loop-unroll 3
 */
#include "core/status/explanation_text.h"
#include "explanation.h"
#include "sink.h"

int main(void)
{
    any_explanation();
    ep_explanation_text(&told, &looking);
    //@ check something_was_written: sink_took == 1;
    return 0;
}
