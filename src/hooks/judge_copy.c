/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "hooks/judge_copy.h"

#include "apr_uri.h"
#include "http_request.h"

#include "answer/refusal.h"
#include "config/section.h"
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
    facts.source = ep_copy_file_size(r);
    ep_verdict_announced(policy, &facts, &verdict);
    state->judged = ep_judgement_make(r, policy, ep_facts_copy(r, &facts), &verdict);
    return ep_refusal_conclude(r, state, state->judged);
}

/* Claims what the policy of the destination asks for, which was judged last. */
static int count(request_rec *r, request_rec *destination, ep_request *state,
                 const ep_policy *policy)
{
    const ep_judgement *denial;

    if (policy->mode == EP_MODE_OFF || policy->counted_count == 0
        || state->judged->verdict.code != EP_ADMITTED) {
        return DECLINED;
    }
    denial = ep_copy_claim(r, destination, state, policy);
    return denial == NULL ? DECLINED : ep_refusal_conclude(r, state, denial);
}

int ep_judge_copy(request_rec *r)
{
    request_rec *destination;
    const ep_policy *policy;
    ep_request *state;
    int result;

    if (r->handler == NULL || strcmp(r->handler, "dav-handler") != 0
        || r->filename == NULL) {
        return DECLINED;
    }
    destination = look_up(r);
    if (destination == NULL) {
        return DECLINED;
    }
    state = ep_request_make(r);
    result = judge(r, state, ep_section_make_policy(r, r->per_dir_config,
                                             EP_VALUES_NOW));
    if (result != DECLINED) {
        return result;
    }
    policy = ep_section_make_policy(destination, destination->per_dir_config,
                                    EP_VALUES_NOW);
    result = judge(r, state, policy);
    return result == DECLINED ? count(r, destination, state, policy) : result;
}
