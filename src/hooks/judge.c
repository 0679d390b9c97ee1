/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "hooks/judge.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_request.h"

#include "answer/advertise.h"
#include "answer/refusal.h"
#include "config/section.h"
#include "hooks/error_page.h"
#include "hooks/judge_copy.h"
#include "hooks/meter.h"
#include "ledger/announced.h"
#include "ledger/claim.h"
#include "ledger/copy.h"
#include "ledger/removal.h"
#include "request/expect_hold.h"
#include "request/facts.h"
#include "request/judgement.h"
#include "request/snapshot.h"

/* 1 if httpd will answer without looking for a place: `OPTIONS *`, and a path that
 * it does not decode (ap_process_request_internal) */
static int has_no_place(const request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    char *path;

    if (r->method_number == M_OPTIONS && strcmp(r->uri, "*") == 0) {
        return 1;
    }
    if (r->proxyreq != PROXYREQ_NONE || r->parsed_uri.path == NULL) {
        return 0;
    }
    path = apr_pstrdup(r->pool, r->parsed_uri.path);
    return (core->allow_encoded_slashes
                ? ap_unescape_url_keep2f(path, core->decode_encoded_slashes)
                : ap_unescape_url(path)) != OK;
}

/*
 * Before anything is known of the place.  Content that is read before the place is
 * judged, or of a request that never comes that far, counts against the server's
 * own policy.
 */
static int judge_server(request_rec *r)
{
    ep_request *state;
    const ep_facts *facts;
    const ep_policy *policy;
    const ep_judgement *judged;
    ep_policy *ceiling;
    ep_facts read;

    if (!ep_facts_read(r, &read)) {
        return DECLINED;
    }
    state = ep_request_make(r);
    policy = ep_section_make_policy(r, r->per_dir_config, EP_VALUES_LATER);
    if (policy->mode == EP_MODE_OFF || !ep_check_concerns(policy, &read)) {
        return DECLINED;
    }
    facts = ep_facts_copy(r, &read);
    if (facts->content != EP_CONTENT_NONE) {
        ep_meter_attach_provisional(r, state, policy, facts);
    }
    if (has_no_place(r)) {
        /* only the server's own policy applies */
        return ep_refusal_conclude(r, state,
                                   ep_judgement_make_of_head(r, policy, facts));
    }
    /* a dry run reports only once, in the place */
    if (policy->mode != EP_MODE_ON || policy->ceiling == NULL) {
        return DECLINED;
    }
    ceiling = apr_pmemdup(r->pool, policy, sizeof(*ceiling));
    ep_policy_only_ceiling(ceiling, policy->mode);
    judged = ep_judgement_make_of_head(r, ceiling, facts);
    return judged->verdict.code != EP_ADMITTED
               ? ep_refusal_conclude(r, state, judged)
               : DECLINED;
}

/* 1 if a request is neither a part of another one's answer nor an ErrorDocument */
static int is_own(const request_rec *r)
{
    return !ep_request_is_part(r) && !ep_error_page_is_document(r);
}

/* A head without content and Expect has nothing to judge. */
static void set_aside(request_rec *r)
{
    if (ep_copy_is(r)) {
        ep_judge_copy_note(r);
    }
    else {
        ep_request_set_plain(r);
    }
}

int ep_judge_host(request_rec *r)
{
    int asks;

    if (r->prev != NULL) {
        return r->prev->status != HTTP_OK ? ep_error_page_reject(r)
                                          : DECLINED;
    }
    asks = !ep_request_is_explained(r) && ep_advertise_prepare(r);
    /* the server's own policy; its virtual host's ceiling needs it, too */
    if (!ep_section_may_be_on(r->per_dir_config)) {
        return DECLINED;
    }
    if (!ep_facts_any(r)) {
        if (!asks) {
            set_aside(r);
        }
        return DECLINED;
    }
    return judge_server(r);
}

/*
 * 1 if a user is demanded.  ap_some_authn_required() runs access_checker as
 * well, in which mod_ssl reads all content before it renegotiates; what that
 * hook denies never comes to fixups, and needs no verdict.
 */
static int needs_user(request_rec *r)
{
    /* what is denied is logged when httpd asks itself */
    static const struct ap_logconf silent = { NULL, APLOG_EMERG };
    const struct ap_logconf *log = r->log;
    char *user = r->user;
    int result;

    r->log = &silent;
    if (ap_satisfies(r) == SATISFY_ANY) {
        result = ap_some_authn_required(r);
    }
    else {
        r->user = NULL;
        result = ap_run_access_checker_ex(r) == DECLINED;
        r->user = user;
    }
    r->log = log;
    return result;
}

/* 1 if a program has redirected to a request without content: the program has read the
 * content (RFC 3875 6.2.2) */
static int is_led_on(const request_rec *r, const ep_facts *facts)
{
    return strcmp(r->method, facts->method) != 0;
}

/* 1 if an owner may have taken away the fields by which an upload is known */
static int may_hide_content(request_rec *r)
{
    const ep_request *state = r->prev != NULL ? ep_request_get(r) : NULL;

    return state != NULL && state->facts != NULL;
}

/* Whether there is room for what is announced.  What COPY and MOVE store is not stored
 * in this place. */
static int ask_for_total(request_rec *r, ep_request *state)
{
    const ep_judgement *denial = ep_copy_is(r)
                                     ? NULL
                                     : ep_announced_ask(r, r, state,
                                                        state->judged->policy, NULL);

    return denial == NULL ? DECLINED : ep_refusal_conclude(r, state, denial);
}

/* Asks the limits that count in the place that was judged last, if that is due. */
static int count(request_rec *r, ep_request *state)
{
    const ep_judgement *denial;
    int result;

    if (state->stage != EP_STAGE_AWAITS_LEDGER || state->judged == NULL) {
        return DECLINED;
    }
    ep_request_move(r, state, EP_STAGE_ADMITS);
    result = ask_for_total(r, state);
    if (result != DECLINED || state->facts->content == EP_CONTENT_NONE) {
        return result;
    }
    denial = ep_claim_take(r, state, state->judged->policy);
    return denial == NULL ? DECLINED : ep_refusal_conclude(r, state, denial);
}

/* The head passes all checks of the place.  @return as judge() */
static int admit(request_rec *r, ep_request *state, int is_early)
{
    const ep_policy *policy = state->judged->policy;
    const int is_upload = state->facts->content != EP_CONTENT_NONE;
    const int is_counted = is_upload || ep_check_announces(policy, state->facts);

    if (is_upload) {
        ep_meter_attach(r, state, policy);
    }
    ep_request_move(r, state, is_counted && policy->counted_count > 0
                                  ? EP_STAGE_PASSES
                                  : EP_STAGE_ADMITS);
    return is_early ? DECLINED : count(r, state);
}

/* Leaves the verdict to the time after authentication.  @return as judge() */
static int await(request_rec *r, ep_request *state, const ep_policy *policy)
{
    ep_request_move(r, state, EP_STAGE_NEEDS_USER);
    state->judged = NULL;
    /* what is read meanwhile counts, though nothing is told */
    if (state->facts->content != EP_CONTENT_NONE) {
        ep_meter_attach(r, state, policy);
        state->unauthenticated_metered = NULL;
        if (policy->awaits_values) {
            ep_meter_attach_unauthenticated(
                r, state, ep_section_make_policy(r, state->place, EP_VALUES_NEVER));
        }
    }
    return DECLINED;
}

/* Acts on the judgement of the head.  @return as judge() */
static int conclude(request_rec *r, ep_request *state, int is_early)
{
    const ep_judgement *judged = state->judged;
    const int is_dry_run = judged->policy->mode == EP_MODE_DRY_RUN;
    int result = ep_refusal_conclude(r, state, judged);

    if (result != DECLINED) {
        return result;
    }
    if (judged->facts->ignores_continue && judged->policy->mode == EP_MODE_ON) {
        r->expecting_100 = 0;
    }
    /* what a dry run would have refused is not reported twice */
    if (judged->verdict.code == EP_ADMITTED) {
        result = admit(r, state, is_early);
    }
    /* a dry run leaves to core what core would have refused */
    return result == DECLINED && is_dry_run ? ep_expect_hold_as_core(r) : result;
}

/* Judges the head by a policy that concerns it.  is_early: httpd's own authentication is
 * still to come; where it is demanded, nothing is told before it, and nobody learns what
 * others have used.  Where a limit's number comes from an expression, the rest is judged
 * early, and all of it afterwards.  @return as judge() */
static int judge_by(request_rec *r, ep_request *state, const ep_policy *policy,
                    const ep_facts *facts, int is_early)
{
    ep_request_move(r, state, EP_STAGE_ARRIVES);
    if (is_early && needs_user(r)) {
        return await(r, state, policy);
    }
    state->judged = ep_judgement_make_of_head(r, policy, facts);
    return is_early && policy->awaits_values
                   && state->judged->verdict.code == EP_ADMITTED
               ? await(r, state, policy)
               : conclude(r, state, is_early);
}

/* Judges the request in a place, given by its configuration.
 * @return DECLINED: it goes on; else what the hook returns */
static int judge(request_rec *r, const ap_conf_vector_t *place, int is_early)
{
    ep_request *state;
    const ep_facts *facts;
    const ep_policy *policy;
    int result, is_known;

    if (!is_own(r)) {
        return DECLINED;
    }
    facts = ep_facts_know(r);
    is_known = facts != NULL && !is_led_on(r, facts);
    if (!ep_section_may_be_on(place) && !ep_section_has_ceiling(r)) {
        return ep_expect_hold_as_core(r);
    }
    if (!is_known) {
        return DECLINED;
    }
    state = ep_request_make(r);
    if (ep_stage_is_over(state->stage)) {
        return DECLINED;
    }
    ep_meter_end_provisional(state);
    state->place = place;
    state->judged = NULL;
    policy = ep_section_make_policy(r, place,
                                    is_early ? EP_VALUES_LATER : EP_VALUES_NOW);
    if (policy->mode_by == NULL) {
        /* the place is Off; at most a ceiling holds */
        result = ep_expect_hold_as_core(r);
        if (result != DECLINED || policy->mode == EP_MODE_OFF) {
            return result;
        }
    }
    /* a field announces a total only where the policy lists it */
    return ep_check_concerns(policy, facts)
               ? judge_by(r, state, policy, facts, is_early)
               : DECLINED;
}

int ep_judge_head(request_rec *r)
{
    /* Most requests end here, at little cost. */
    if (ep_request_is_plain(r)) {
        return DECLINED;
    }
    if (!ep_facts_any(r) && !ep_advertise_may_answer(r)
        && !may_hide_content(r)) {
        set_aside(r);
        return DECLINED;
    }
    return ep_error_page_is_document(r) ? ep_error_page_guard_content(r)
                                : judge(r, r->per_dir_config, 1);
}

int ep_judge_authenticated(request_rec *r)
{
    ep_request *state;
    int result;

    if (ep_request_is_plain(r)) {
        return DECLINED;
    }
    /* of a subrequest as well, if it stands for an upload */
    ep_snapshot_add_authenticated(r);
    state = !ep_request_is_part(r) ? ep_request_get(r) : NULL;
    if (state == NULL) {
        return DECLINED;
    }
    if (ep_error_page_is_document(r)) {
        return ep_error_page_guard_counted(r, state);
    }
    if (!ep_stage_lacks_user(state->stage)) {
        return count(r, state);
    }
    ep_request_move(r, state, EP_STAGE_HAS_USER);
    if (state->stage == EP_STAGE_CUT) {
        /* it was not told why before */
        return ep_refusal_send(r, state);
    }
    result = judge(r, state->place, 0);
    /* mod_negotiation has changed the place before it was judged */
    return result == DECLINED && state->place != r->per_dir_config
               ? judge(r, r->per_dir_config, 0)
               : result;
}

/* Set when a server starts, then read-only: 1 if some place lets .htaccess files edit
 * fields. mod_dir can redirect from such a place to one that does not, and no hook
 * runs between. */
static int owners_write_fields;

void ep_judge_start(const server_rec *main_server)
{
    owners_write_fields = ep_section_has_owners(main_server, OR_FILEINFO);
}

/*
 * 1 if a request that announced no content does so now: an owner's RequestHeader has
 * added the field since, and httpd goes by it when the content is read.  The last
 * moment to see that is before the handler.
 */
static int announces_since(const request_rec *r, const ep_request *state,
                           ep_facts *facts)
{
    return owners_write_fields
           && (state == NULL || state->facts == NULL
               || state->facts->content == EP_CONTENT_NONE)
           && ep_facts_any(r) && ep_facts_read(r, facts)
           && facts->content != EP_CONTENT_NONE;
}

/*
 * RequestHeader, which owners may use, acts behind the place where the head was judged.
 * mod_dav goes by the Content-Range that it has set, and writes that far behind the
 * content.  The size of the file is judged by both; a least size by what the client
 * has sent.
 * @return as judge()
 */
static int judge_range(request_rec *r, ep_request *state)
{
    ep_facts facts;
    ep_verdict verdict;
    const ep_policy *policy;

    if (state->facts == NULL || state->facts->content == EP_CONTENT_NONE
        || ep_stage_is_over(state->stage)) {
        return DECLINED;
    }
    facts = *state->facts;
    if (!ep_facts_range_since(r, &facts)) {
        return DECLINED;
    }
    state->written = &ep_facts_copy(r, &facts)->range;
    policy = state->judged != NULL ? state->judged->policy : NULL;
    if (policy == NULL
        || ep_check_fails(EP_CONTENT_TOO_LARGE, policy, &facts) == NULL) {
        return DECLINED;
    }
    ep_verdict_judge(policy, &facts, &verdict);
    return ep_refusal_conclude(r, state, ep_judgement_make(r, policy, state->facts,
                                                           &verdict));
}

/* Notes the quotas that a DELETE or MOVE makes room in, for all handlers, and in places
 * with DryRun as well. */
static void note_removal(request_rec *r)
{
    ep_policy policy;

    if (ep_section_may_be_on(r->per_dir_config)) {
        ep_section_policy(r, r->per_dir_config, EP_VALUES_NOW, &policy);
        if (policy.mode != EP_MODE_OFF) {
            ep_removal_note(r, &policy);
        }
    }
}

int ep_judge_place(request_rec *r)
{
    ep_request *state;
    const ep_judgement *denial;
    int result = DECLINED;
    ep_facts facts;

    if (ep_removal_is(r)) {
        note_removal(r);
    }
    if (ep_request_is_part(r)
        || (ep_request_is_plain(r) && !announces_since(r, NULL, &facts))) {
        return DECLINED;
    }
    state = ep_request_get(r);
    if (ep_error_page_is_document(r)) {
        return state != NULL && state->place != r->per_dir_config
                   ? ep_error_page_guard_new_place(r, state)
                   : DECLINED;
    }
    if (announces_since(r, state, &facts)) {
        ep_facts_drop_claims(&facts);
        ep_facts_know_from_now(r, &facts);
        state = ep_request_get(r);
        state->place = NULL;
    }
    if (state == NULL || state->place != r->per_dir_config) {
        result = judge(r, r->per_dir_config, 0);
        state = ep_request_get(r);
    }
    if (result == DECLINED && state != NULL) {
        result = judge_range(r, state);
    }
    if (result == DECLINED && state != NULL) {
        denial = ep_claim_check_handler(r, state);
        if (denial != NULL) {
            return ep_refusal_conclude(r, state, denial);
        }
        ep_meter_attach_handed(r, state);
    }
    if (result == DECLINED && ep_copy_is(r)) {
        return ep_judge_copy(r);
    }
    return result == DECLINED ? ep_advertise(r) : result;
}
