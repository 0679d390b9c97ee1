/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/policy/stage.h"

/* Stands in the tables where an event is illegal.  No state has this number. */
enum { EP_STAGE_ILLEGAL = 99, EP_BODY_ILLEGAL = 99 };

static const unsigned char stages[EP_STAGES][EP_STAGE_EVENTS] = {
#define STAGE(stage, arrives, needs_user, has_user, passes, admits, lets_go, cuts, \
              answers) \
    { EP_STAGE_##arrives, EP_STAGE_##needs_user, EP_STAGE_##has_user, \
      EP_STAGE_##passes, EP_STAGE_##admits, EP_STAGE_##lets_go, EP_STAGE_##cuts, \
      EP_STAGE_##answers },
#include "core/policy/stage.def"
};

static const unsigned char bodies[EP_BODIES][EP_BODY_EVENTS] = {
#define BODY(body, ends, discards, withholds) \
    { EP_BODY_##ends, EP_BODY_##discards, EP_BODY_##withholds },
#include "core/policy/stage.def"
};

int ep_stage_move(ep_stage *stage, ep_stage_event event)
{
    if ((unsigned int)*stage >= EP_STAGES || (unsigned int)event >= EP_STAGE_EVENTS
        || stages[*stage][event] == EP_STAGE_ILLEGAL) {
        return 0;
    }
    *stage = (ep_stage)stages[*stage][event];
    return 1;
}

int ep_stage_move_body(ep_body *body, ep_body_event event)
{
    if ((unsigned int)*body >= EP_BODIES || (unsigned int)event >= EP_BODY_EVENTS
        || bodies[*body][event] == EP_BODY_ILLEGAL) {
        return 0;
    }
    *body = (ep_body)bodies[*body][event];
    return 1;
}

const char *ep_stage_name(ep_stage stage)
{
    static const char *const names[EP_STAGES] = {
#define STAGE(stage, arrives, needs_user, has_user, passes, admits, lets_go, cuts, \
              answers) #stage,
#include "core/policy/stage.def"
    };

    return (unsigned int)stage < EP_STAGES ? names[stage] : "?";
}

const char *ep_stage_event_name(ep_stage_event event)
{
    static const char *const names[EP_STAGE_EVENTS] = {
        "ARRIVES", "NEEDS_USER", "HAS_USER", "PASSES", "ADMITS", "LETS_GO", "CUTS",
        "ANSWERS"
    };

    return (unsigned int)event < EP_STAGE_EVENTS ? names[event] : "?";
}

const char *ep_stage_body_name(ep_body body)
{
    static const char *const names[EP_BODIES] = {
#define BODY(body, ends, discards, withholds) #body,
#include "core/policy/stage.def"
    };

    return (unsigned int)body < EP_BODIES ? names[body] : "?";
}

const char *ep_stage_body_event_name(ep_body_event event)
{
    static const char *const names[EP_BODY_EVENTS] = {
        "ENDS", "DISCARDS", "WITHHOLDS"
    };

    return (unsigned int)event < EP_BODY_EVENTS ? names[event] : "?";
}

int ep_stage_is_cut(ep_stage stage)
{
    return stage == EP_STAGE_CUT_UNTOLD || stage == EP_STAGE_CUT
           || stage == EP_STAGE_CUT_ANSWERED;
}

int ep_stage_is_answered(ep_stage stage)
{
    return stage == EP_STAGE_ANSWERED || stage == EP_STAGE_CUT_ANSWERED;
}

int ep_stage_is_over(ep_stage stage)
{
    return ep_stage_is_cut(stage) || ep_stage_is_answered(stage);
}

int ep_stage_lacks_user(ep_stage stage)
{
    return stage == EP_STAGE_AWAITS_USER || stage == EP_STAGE_CUT_UNTOLD;
}

int ep_stage_body_is_read(ep_body body)
{
    return body == EP_BODY_READ || body == EP_BODY_DRAINED || body == EP_BODY_SPENT;
}

int ep_stage_body_is_discarded(ep_body body)
{
    return body != EP_BODY_UNREAD && body != EP_BODY_READ;
}

int ep_stage_body_is_withheld(ep_body body)
{
    return body == EP_BODY_WITHHELD || body == EP_BODY_SPENT;
}
