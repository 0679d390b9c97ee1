/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/request.h"

#include "http_request.h"

APLOG_USE_MODULE(expect_policy);

ep_request ep_request_plain;

/* 1 if it stands for an upload that is explained */
static int stands_for_upload(const request_rec *r)
{
    const ep_request *state = ap_get_module_config(r->request_config,
                                                   &expect_policy_module);

    return state != NULL && state->explained != NULL;
}

request_rec *ep_request_initial(request_rec *r)
{
    while ((r->prev != NULL || r->main != NULL) && !stands_for_upload(r)) {
        r = r->prev != NULL ? r->prev : r->main;
    }
    return r;
}

int ep_request_is_explained(request_rec *r)
{
    return stands_for_upload(ep_request_initial(r));
}

int ep_request_is_part(const request_rec *r)
{
    return r->main != NULL && !stands_for_upload(r);
}

ep_request *ep_request_get(request_rec *r)
{
    ep_request *state = ap_get_module_config(
        ep_request_initial(r)->request_config, &expect_policy_module);

    return state != &ep_request_plain ? state : NULL;
}

static ep_request *make_state(request_rec *r)
{
    ep_request *state = apr_pcalloc(r->pool, sizeof(*state));

    state->given = EP_UNKNOWN;
    ap_set_module_config(r->request_config, &expect_policy_module, state);
    return state;
}

ep_request *ep_request_make(request_rec *r)
{
    ep_request *state = ep_request_get(r);

    return state != NULL ? state : make_state(ep_request_initial(r));
}

ep_request *ep_request_explain(request_rec *r, ep_explained *explained)
{
    ep_request *state = make_state(r);

    state->explained = explained;
    return state;
}

void ep_request_end_giving(ep_request *state)
{
    if (state->given == EP_UNKNOWN) {
        state->given = state->counted;
    }
}

int64_t ep_request_given(const ep_request *state)
{
    return state->given != EP_UNKNOWN ? state->given : state->counted;
}

/* A fault of this module, which must not change the answer. */
static void note_illegal(request_rec *r, const char *event, const char *state)
{
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r,
                  "%s is illegal in the state %s, which stays", event, state);
#ifdef EP_MAINTAINER
    ap_assert(!"an event that is illegal in this state");
#endif
}

void ep_request_move(request_rec *r, ep_request *state, ep_stage_event event)
{
    if (!ep_stage_move(&state->stage, event)) {
        note_illegal(r, ep_stage_event_name(event), ep_stage_name(state->stage));
    }
}

void ep_request_move_body(request_rec *r, ep_request *state, ep_body_event event)
{
    if (!ep_stage_move_body(&state->body, event)) {
        note_illegal(r, ep_stage_body_event_name(event),
                     ep_stage_body_name(state->body));
    }
}

void ep_request_set_plain(request_rec *r)
{
    ap_set_module_config(r->request_config, &expect_policy_module, &ep_request_plain);
}
