/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: stage
 * lengths: every stage and body with every event, and numbers that are none
 */
#include <string.h>

#include "any.h"

#include "core/policy/stage.h"

/* Transitions that no event causes. */
static void move(ep_stage from, ep_stage_event event)
{
    ep_stage to = from;
    const int is_legal = ep_stage_move(&to, event);

    //@ check yes_or_no: is_legal == 0 || is_legal == 1;
    //@ check a_stage: to < EP_STAGES || from >= EP_STAGES;
    //@ check illegal_stays: is_legal || to == from;
    /*@ check answered_stays: from != EP_STAGE_ANSWERED
            || to == EP_STAGE_ANSWERED; */
    /*@ check cut_answered_stays: from != EP_STAGE_CUT_ANSWERED
            || to == EP_STAGE_CUT_ANSWERED; */
    if (from < EP_STAGES) {
        const int was_cut = ep_stage_is_cut(from);
        const int is_cut = ep_stage_is_cut(to);
        const int was_over = ep_stage_is_over(from);
        const int is_over = ep_stage_is_over(to);
        const int is_answered = ep_stage_is_answered(to);

        //@ check cut_for_good: !was_cut || is_cut;
        //@ check over_for_good: !was_over || is_over;
        /*@ check nothing_is_cut_behind_an_answer: from != EP_STAGE_ANSWERED
                || !is_cut; */
        /*@ check every_answer_ends_it: event != EP_STAGE_ANSWERS || !is_legal
                || is_answered; */
        /*@ check no_way_past_the_user: from != EP_STAGE_AWAITS_USER
                || to != EP_STAGE_ADMITTED && to != EP_STAGE_AWAITS_LEDGER; */
        /*@ check told_to_a_user_alone: from != EP_STAGE_CUT_UNTOLD
                || to != EP_STAGE_CUT || event == EP_STAGE_HAS_USER; */
        /*@ check admitted_by_a_place: to != EP_STAGE_ADMITTED
                || event == EP_STAGE_ADMITS || from == to; */
        /*@ check no_dry_run_past_the_ledger: from != EP_STAGE_AWAITS_LEDGER
                || to != EP_STAGE_LET_GO; */
    }
}

static void move_body(ep_body from, ep_body_event event)
{
    ep_body to = from;
    const int is_legal = ep_stage_move_body(&to, event);

    //@ check yes_or_no: is_legal == 0 || is_legal == 1;
    //@ check a_body: to < EP_BODIES || from >= EP_BODIES;
    //@ check illegal_stays: is_legal || to == from;
    if (from < EP_BODIES) {
        const int was_read = ep_stage_body_is_read(from);
        const int is_read = ep_stage_body_is_read(to);
        const int was_discarded = ep_stage_body_is_discarded(from);
        const int is_discarded = ep_stage_body_is_discarded(to);
        const int was_withheld = ep_stage_body_is_withheld(from);
        const int is_withheld = ep_stage_body_is_withheld(to);

        //@ check read_for_good: !was_read || is_read;
        /*@ check read_by_its_end_alone: was_read || !is_read
                || event == EP_BODY_ENDS; */
        //@ check discarded_for_good: !was_discarded || is_discarded;
        //@ check withheld_for_good: !was_withheld || is_withheld;
        //@ check withheld_is_discarded: !is_withheld || is_discarded;
        /*@ check nothing_is_read_of_what_is_withheld: !was_withheld
                || was_read == is_read; */
    }
}

static void name(int number)
{
    const char *stage = ep_stage_name((ep_stage)number);
    const char *stage_event = ep_stage_event_name((ep_stage_event)number);
    const char *body = ep_stage_body_name((ep_body)number);
    const char *body_event = ep_stage_body_event_name((ep_body_event)number);
    const int lacks_user = ep_stage_lacks_user((ep_stage)number);

    //@ check a_stage: valid_read_string(stage);
    //@ check an_event: valid_read_string(stage_event);
    //@ check a_body: valid_read_string(body);
    //@ check an_event_of_it: valid_read_string(body_event);
    /*@ check waits_or_was_cut: !lacks_user || number == EP_STAGE_AWAITS_USER
            || number == EP_STAGE_CUT_UNTOLD; */
}

int main(void)
{
    int number, event;

    //@ loop unroll EP_STAGES + 1;
    for (number = 0; number <= EP_STAGES; number++) {
        name(number);
        //@ loop unroll EP_STAGE_EVENTS + 1;
        for (event = 0; event <= EP_STAGE_EVENTS; event++) {
            move((ep_stage)number, (ep_stage_event)event);
        }
    }
    //@ loop unroll EP_BODIES + 1;
    for (number = 0; number <= EP_BODIES; number++) {
        //@ loop unroll EP_BODY_EVENTS + 1;
        for (event = 0; event <= EP_BODY_EVENTS; event++) {
            move_body((ep_body)number, (ep_body_event)event);
        }
    }
    name((int)Frama_C_interval(0, 1000));
    return 0;
}
