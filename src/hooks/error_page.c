/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "hooks/error_page.h"

#include "apr_strings.h"

#include "answer/foreign_error.h"
#include "answer/refusal.h"
#include "config/section.h"
#include "hooks/meter.h"
#include "ledger/claim.h"
#include "request/expect_hold.h"
#include "request/facts.h"
#include "request/judgement.h"
#include "request/report.h"

const ep_judgement *ep_error_page_judge(request_rec *r)
{
    ep_policy policy;
    ep_verdict verdict;
    ep_facts facts;

    if (!ep_expect_hold_core_refused(r)) {
        return NULL;
    }
    ep_section_host_policy(r, &policy);
    if (policy.mode == EP_MODE_OFF || !ep_facts_read(r, &facts)) {
        return NULL;
    }
    ep_verdict_core_refused(&policy, &facts, &verdict);
    if (policy.mode == EP_MODE_ON && !ep_request_is_explained(r)) {
        /* core does not continue this request, so the connection is closed */
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    return ep_judgement_make(
        r, apr_pmemdup(ep_request_initial(r)->pool, &policy, sizeof(policy)),
        ep_facts_copy(r, &facts), &verdict);
}

/* 1 if content was cut, and the client is told why */
static int is_cut(const ep_request *state)
{
    return state != NULL && ep_stage_is_cut(state->stage)
           && !ep_stage_lacks_user(state->stage);
}

void ep_error_page_insert(request_rec *r)
{
    ep_request *state = ep_request_get(r);
    const ep_judgement *judgement;

    if (state != NULL) {
        ep_request_end_giving(state);
    }
    if (is_cut(state)) {
        ep_refusal_replace_page(r, state, state->told);
        return;
    }
    if (state != NULL && ep_stage_is_answered(state->stage)) {
        return;
    }
    judgement = ep_error_page_judge(r);
    if (judgement == NULL) {
        judgement = ep_foreign_error(r, r->status);
        if (judgement != NULL) {
            ep_refusal_replace_page(r, ep_request_get(r), judgement);
        }
        else {
            ep_foreign_error_close(r);
        }
    }
    else if (judgement->policy->mode != EP_MODE_ON) {
        ep_refusal_conclude(r, ep_request_make(r), judgement);
    }
    else {
        ep_report(r, ep_request_make(r), judgement, EP_OUTCOME_REFUSED);
        ep_refusal_replace_page(r, ep_request_get(r), judgement);
    }
}

int ep_error_page_reject(request_rec *r)
{
    const ep_request *state = ep_request_get(r);
    const ep_judgement *judgement;

    if (is_cut(state)) {
        return state->told->verdict.status;
    }
    if (state != NULL && ep_stage_is_answered(state->stage)) {
        return DECLINED;
    }
    judgement = ep_error_page_judge(r);
    if (judgement != NULL && judgement->policy->mode != EP_MODE_ON) {
        return ep_refusal_conclude(r, ep_request_make(r), judgement);
    }
    return judgement != NULL || ep_foreign_error(r->prev, r->prev->status) != NULL
               ? r->prev->status
               : DECLINED;
}

int ep_error_page_is_document(const request_rec *r)
{
    for (r = r->prev; r != NULL; r = r->prev) {
        if (r->status != HTTP_OK) {
            return 1;
        }
    }
    return 0;
}

/* Asks the place of an ErrorDocument about an upload that was admitted in its own.
 * What that place says is no verdict on the upload.
 * counts: ask the limits that count, and nothing else.
 * @return 1 if a program there may have the content */
static int may_have_content(request_rec *r, ep_request *state, int counts)
{
    const ep_policy *policy = ep_section_make_policy(r, r->per_dir_config,
                                                     EP_VALUES_NOW);
    ep_verdict verdict;

    if (policy->mode != EP_MODE_ON) {
        return 1;
    }
    ep_verdict_judge(policy, state->facts, &verdict);
    if (verdict.code != EP_ADMITTED) {
        return 0;
    }
    if (counts) {
        return ep_claim_take(r, state, policy) == NULL;
    }
    ep_meter_attach(r, state, policy);
    if (policy->counted_count > 0) {
        ep_request_move(r, state, EP_STAGE_PASSES);
    }
    return 1;
}

static void withhold(request_rec *r, const char *why)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "no content for an ErrorDocument, as %s", why);
    ep_meter_withhold(r, ep_request_make(r));
}

/* 1 if the policy is on where an upload failed, or where that is answered */
static int is_guarded(request_rec *r)
{
    ep_policy policy;

    ep_section_policy(r, r->prev->per_dir_config, EP_VALUES_LATER, &policy);
    if (policy.mode != EP_MODE_ON) {
        ep_section_policy(r, r->per_dir_config, EP_VALUES_LATER, &policy);
    }
    return policy.mode == EP_MODE_ON;
}

int ep_error_page_guard_content(request_rec *r)
{
    ep_request *state = ep_request_get(r);
    const ep_facts *facts;

    if (state != NULL && ep_stage_body_is_withheld(state->body)) {
        return DECLINED;
    }
    facts = ep_facts_know(r);
    if (facts == NULL || facts->content == EP_CONTENT_NONE) {
        return DECLINED;
    }
    if (state != NULL && state->stage == EP_STAGE_ADMITTED) {
        state->place = r->per_dir_config;
        if (!ep_stage_body_is_read(state->body)
            && !may_have_content(r, state, 0)) {
            withhold(r, "its own place would not admit it");
        }
    }
    else if (is_guarded(r)) {
        withhold(r, "the upload was not admitted");
    }
    return DECLINED;
}

int ep_error_page_guard_counted(request_rec *r, ep_request *state)
{
    if (state->stage == EP_STAGE_AWAITS_LEDGER
        && !ep_stage_body_is_withheld(state->body)) {
        ep_request_move(r, state, EP_STAGE_ADMITS);
        if (!may_have_content(r, state, 1)) {
            withhold(r, "a limit of its own place has no room for it");
        }
    }
    return DECLINED;
}

int ep_error_page_guard_new_place(request_rec *r, ep_request *state)
{
    ep_error_page_guard_content(r);
    return ep_error_page_guard_counted(r, state);
}
