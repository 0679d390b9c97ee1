/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "hooks/judge_copy.h"

#include "apr_uri.h"
#include "http_request.h"

#include "answer/refusal.h"
#include "config/section.h"
#include "ledger/announced.h"
#include "ledger/copy.h"
#include "request/facts.h"
#include "request/judgement.h"

/* Where it leads, asked as mod_dav does it (dav_lookup_uri()); what mod_dav has
 * against it, it says itself.
 * @return NULL: nowhere, or nobody may know */
static request_rec *look_up(request_rec *r)
{
    /* what is denied is logged when mod_dav asks */
    static const struct ap_logconf silent = { NULL, APLOG_EMERG };
    const struct ap_logconf *log = r->log;
    const char *url = ep_facts_destination(r);
    request_rec *found;
    apr_uri_t parsed;

    if (url == NULL || apr_uri_parse(r->pool, url, &parsed) != APR_SUCCESS
        || parsed.path == NULL) {
        return NULL;
    }
    r->log = &silent;
    found = ap_sub_req_method_uri(r->method,
                                  apr_uri_unparse(r->pool, &parsed,
                                                  APR_URI_UNP_OMITSITEPART),
                                  r, NULL);
    r->log = log;
    found->log = log;
    return found->status == HTTP_OK && found->filename != NULL ? found : NULL;
}

void ep_judge_copy_note(request_rec *r)
{
    ep_facts facts;

    if (ep_request_make(r)->facts == NULL) {
        ep_facts_read_all(r, &facts);
        ep_facts_know_from_now(r, &facts);
    }
}

/* 1 if mod_dav is about to answer, and so the file is known that it copies or moves */
static int is_dav(const request_rec *r)
{
    return r->handler != NULL && strcmp(r->handler, "dav-handler") == 0
           && r->filename != NULL;
}

/* Judges the request by the policy of a place.
 * @return as ep_judge_copy() */
static int judge(request_rec *r, ep_request *state, const ep_policy *policy)
{
    ep_verdict verdict;
    ep_facts facts;

    if (policy->mode == EP_MODE_OFF) {
        return DECLINED;
    }
    ep_judge_copy_note(r);
    facts = *state->facts;
    /* what it sends is not what it stores */
    facts.content = EP_CONTENT_NONE;
    facts.source = is_dav(r) ? ep_copy_file_size(r) : 0;
    ep_verdict_announced(policy, &facts, &verdict);
    state->judged = ep_judgement_make(r, policy, ep_facts_copy(r, &facts), &verdict);
    return ep_refusal_conclude(r, state, state->judged);
}

/* Claims what the policy of the destination asks for, which was judged last; or asks for
 * what is announced, without what a MOVE leaves in the same accounts.
 * @param own the policy of the request's own place */
static int count(request_rec *r, request_rec *destination, ep_request *state,
                 const ep_policy *own, const ep_policy *policy)
{
    const int is_within = r->method_number == M_MOVE && own->mode != EP_MODE_OFF;
    const ep_judgement *denial;

    if (policy->mode == EP_MODE_OFF || policy->counted_count == 0
        || state->judged->verdict.code != EP_ADMITTED) {
        return DECLINED;
    }
    denial = is_dav(r) ? ep_copy_claim(r, destination, state, policy)
                       : ep_announced_ask(r, destination, state, policy,
                                          is_within ? own : NULL);
    return denial == NULL ? DECLINED : ep_refusal_conclude(r, state, denial);
}

/* 1 if a program or a backend is told the size of what it is to copy or move */
static int is_announced(request_rec *r)
{
    const ep_request *state = ep_request_get(r);

    return state != NULL && state->facts != NULL
           && state->facts->content == EP_CONTENT_NONE
           && ep_check_may_announce(state->facts);
}

int ep_judge_copy(request_rec *r)
{
    request_rec *destination;
    const ep_policy *own, *policy;
    ep_request *state;
    int result = DECLINED;

    if (!is_dav(r) && !is_announced(r)) {
        return DECLINED;
    }
    destination = look_up(r);
    if (destination == NULL) {
        return DECLINED;
    }
    state = ep_request_make(r);
    own = ep_section_make_policy(r, r->per_dir_config, EP_VALUES_NOW);
    /* what is announced was judged on the head */
    if (is_dav(r)) {
        result = judge(r, state, own);
    }
    if (result != DECLINED) {
        return result;
    }
    policy = ep_section_make_policy(destination, destination->per_dir_config,
                                    EP_VALUES_NOW);
    if (!is_dav(r) && !ep_check_announces(policy, state->facts)) {
        return DECLINED;
    }
    result = judge(r, state, policy);
    return result == DECLINED ? count(r, destination, state, own, policy) : result;
}
