/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/policy/stage.h"

#include <string.h>

#include "unit.h"

/* Written out once more by hand, so that a row of stage.def that slips is seen.  A
 * stage that an event leads to; `-`: it is illegal. */
static const struct row {
    const char *from;
    const char *to[8];
} stages[] = {
    /*                 ARRIVES NEEDS_USER HAS_USER PASSES ADMITS LETS_GO CUTS ANSWERS */
    { "NEW", { "NEW", "AWAITS_USER", "-", "AWAITS_LEDGER", "ADMITTED", "LET_GO",
               "CUT", "ANSWERED" } },
    { "AWAITS_USER", { "NEW", "-", "NEW", "-", "-", "AWAITS_USER", "CUT_UNTOLD",
                       "ANSWERED" } },
    { "AWAITS_LEDGER", { "NEW", "-", "-", "-", "ADMITTED", "AWAITS_LEDGER", "CUT",
                         "ANSWERED" } },
    { "ADMITTED", { "NEW", "-", "-", "AWAITS_LEDGER", "-", "LET_GO", "CUT",
                    "ANSWERED" } },
    { "LET_GO", { "NEW", "-", "-", "-", "-", "LET_GO", "CUT", "ANSWERED" } },
    { "CUT_UNTOLD", { "CUT_UNTOLD", "-", "CUT", "-", "-", "CUT_UNTOLD", "-",
                      "CUT_ANSWERED" } },
    { "CUT", { "CUT", "-", "-", "-", "-", "CUT", "-", "CUT_ANSWERED" } },
    { "CUT_ANSWERED", { "CUT_ANSWERED", "-", "-", "-", "-", "-", "-", "-" } },
    { "ANSWERED", { "ANSWERED", "-", "-", "-", "-", "-", "-", "-" } }
};

static const struct body_row {
    const char *from;
    const char *to[3];
} bodies[] = {
    /*              ENDS    DISCARDS     WITHHOLDS */
    { "UNREAD", { "READ", "DISCARDED", "-" } },
    { "READ", { "READ", "DRAINED", "-" } },
    { "DISCARDED", { "DRAINED", "DISCARDED", "WITHHELD" } },
    { "DRAINED", { "DRAINED", "DRAINED", "SPENT" } },
    { "WITHHELD", { "-", "WITHHELD", "WITHHELD" } },
    { "SPENT", { "-", "SPENT", "SPENT" } }
};

START_TEST(every_event_leads_to_the_stage_of_its_column)
{
    int event;

    ck_assert_str_eq(ep_stage_name((ep_stage)_i), stages[_i].from);
    for (event = 0; event < EP_STAGE_EVENTS; event++) {
        const char *to = stages[_i].to[event];
        const int is_legal = strcmp(to, "-") != 0;
        ep_stage stage = (ep_stage)_i;

        ck_assert_int_eq(ep_stage_move(&stage, (ep_stage_event)event), is_legal);
        /* what is illegal stays */
        ck_assert_str_eq(ep_stage_name(stage), is_legal ? to : stages[_i].from);
    }
}
END_TEST

START_TEST(every_event_leads_to_the_body_of_its_column)
{
    int event;

    ck_assert_str_eq(ep_stage_body_name((ep_body)_i), bodies[_i].from);
    for (event = 0; event < EP_BODY_EVENTS; event++) {
        const char *to = bodies[_i].to[event];
        const int is_legal = strcmp(to, "-") != 0;
        ep_body body = (ep_body)_i;

        ck_assert_int_eq(ep_stage_move_body(&body, (ep_body_event)event), is_legal);
        ck_assert_str_eq(ep_stage_body_name(body), is_legal ? to : bodies[_i].from);
    }
}
END_TEST

START_TEST(what_is_no_stage_or_event_moves_nothing)
{
    ep_stage stage = EP_STAGES;
    ep_body body = EP_BODIES;

    ck_assert_int_eq(ep_stage_move(&stage, EP_STAGE_ANSWERS), 0);
    ck_assert_int_eq(stage, EP_STAGES);
    ck_assert_int_eq(ep_stage_move_body(&body, EP_BODY_ENDS), 0);
    ck_assert_int_eq(body, EP_BODIES);
    stage = EP_STAGE_NEW;
    body = EP_BODY_UNREAD;
    ck_assert_int_eq(ep_stage_move(&stage, EP_STAGE_EVENTS), 0);
    ck_assert_int_eq(stage, EP_STAGE_NEW);
    ck_assert_int_eq(ep_stage_move_body(&body, EP_BODY_EVENTS), 0);
    ck_assert_int_eq(body, EP_BODY_UNREAD);
    ck_assert_str_eq(ep_stage_name(EP_STAGES), "?");
    ck_assert_str_eq(ep_stage_event_name(EP_STAGE_EVENTS), "?");
    ck_assert_str_eq(ep_stage_body_name(EP_BODIES), "?");
    ck_assert_str_eq(ep_stage_body_event_name(EP_BODY_EVENTS), "?");
}
END_TEST

/* A request's memory is all 0 when it begins. */
START_TEST(a_request_begins_new_and_unread)
{
    ck_assert_int_eq(EP_STAGE_NEW, 0);
    ck_assert_int_eq(EP_BODY_UNREAD, 0);
}
END_TEST

static const struct answer {
    ep_stage stage;
    int is_cut, is_answered, is_over, lacks_user;
} answers[] = {
    { EP_STAGE_NEW, 0, 0, 0, 0 },
    { EP_STAGE_AWAITS_USER, 0, 0, 0, 1 },
    { EP_STAGE_AWAITS_LEDGER, 0, 0, 0, 0 },
    { EP_STAGE_ADMITTED, 0, 0, 0, 0 },
    { EP_STAGE_LET_GO, 0, 0, 0, 0 },
    { EP_STAGE_CUT_UNTOLD, 1, 0, 1, 1 },
    { EP_STAGE_CUT, 1, 0, 1, 0 },
    { EP_STAGE_CUT_ANSWERED, 1, 1, 1, 0 },
    { EP_STAGE_ANSWERED, 0, 1, 1, 0 }
};

START_TEST(a_stage_says_what_it_means)
{
    const struct answer *row = &answers[_i];

    ck_assert_int_eq(row->stage, _i);
    ck_assert_int_eq(ep_stage_is_cut(row->stage), row->is_cut);
    ck_assert_int_eq(ep_stage_is_answered(row->stage), row->is_answered);
    ck_assert_int_eq(ep_stage_is_over(row->stage), row->is_over);
    ck_assert_int_eq(ep_stage_lacks_user(row->stage), row->lacks_user);
}
END_TEST

static const struct told {
    ep_body body;
    int is_read, is_discarded, is_withheld;
} told[] = {
    { EP_BODY_UNREAD, 0, 0, 0 },
    { EP_BODY_READ, 1, 0, 0 },
    { EP_BODY_DISCARDED, 0, 1, 0 },
    { EP_BODY_DRAINED, 1, 1, 0 },
    { EP_BODY_WITHHELD, 0, 1, 1 },
    { EP_BODY_SPENT, 1, 1, 1 }
};

START_TEST(a_body_says_what_it_means)
{
    const struct told *row = &told[_i];

    ck_assert_int_eq(row->body, _i);
    ck_assert_int_eq(ep_stage_body_is_read(row->body), row->is_read);
    ck_assert_int_eq(ep_stage_body_is_discarded(row->body), row->is_discarded);
    ck_assert_int_eq(ep_stage_body_is_withheld(row->body), row->is_withheld);
}
END_TEST

/* The rows and columns are all that there are. */
START_TEST(every_stage_has_a_row)
{
    ck_assert_uint_eq(COUNT(stages), EP_STAGES);
    ck_assert_uint_eq(COUNT(stages[0].to), EP_STAGE_EVENTS);
    ck_assert_uint_eq(COUNT(bodies), EP_BODIES);
    ck_assert_uint_eq(COUNT(bodies[0].to), EP_BODY_EVENTS);
    ck_assert_uint_eq(COUNT(answers), EP_STAGES);
    ck_assert_uint_eq(COUNT(told), EP_BODIES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_stage");
    TCase *tcase = tcase_create("moves");

    tcase_add_test(tcase, every_stage_has_a_row);
    ADD_ROWS(tcase, every_event_leads_to_the_stage_of_its_column, stages);
    ADD_ROWS(tcase, every_event_leads_to_the_body_of_its_column, bodies);
    tcase_add_test(tcase, what_is_no_stage_or_event_moves_nothing);
    tcase_add_test(tcase, a_request_begins_new_and_unread);
    ADD_ROWS(tcase, a_stage_says_what_it_means, answers);
    ADD_ROWS(tcase, a_body_says_what_it_means, told);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
