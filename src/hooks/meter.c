/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "hooks/meter.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_protocol.h"
#include "util_filter.h"

#include "answer/refusal.h"
#include "connection/close.h"
#include "core/book/amount.h"
#include "ledger/claim.h"
#include "request/facts.h"
#include "request/filter.h"
#include "request/judgement.h"
#include "request/report.h"

/* Content is counted against a list of policies: of all places of the request that have
 * the strictest mode.  In the pool of the initial request. */
struct ep_metered {
    const ep_policy *policy;
    const ep_facts *facts;
    const struct ep_metered *next;
};

static ap_filter_rec_t *meter_filter;
static ap_filter_rec_t *handed_filter;

/* @return the bytes of content in a brigade, or EP_UNKNOWN on an error */
static int64_t content_in(apr_bucket_brigade *bb)
{
    int64_t bytes = 0;
    apr_bucket *e;

    for (e = APR_BRIGADE_FIRST(bb); e != APR_BRIGADE_SENTINEL(bb);
         e = APR_BUCKET_NEXT(e)) {
        if (!APR_BUCKET_IS_METADATA(e)) {
            const char *data;
            apr_size_t length = e->length;

            if (length == (apr_size_t)-1
                && apr_bucket_read(e, &data, &length, APR_BLOCK_READ)
                       != APR_SUCCESS) {
                return EP_UNKNOWN;
            }
            bytes = ep_amount_plus(bytes, (int64_t)length);
        }
    }
    return bytes;
}

static int has_end(apr_bucket_brigade *bb)
{
    return !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));
}

/* 1 if the answer is not to become ours: some of it has left, or an ErrorDocument
 * answers, or the client has not authenticated and is told of no limit */
static int has_answer(const request_rec *r, const ep_request *state)
{
    return ep_refusal_has_left(r)
           || ep_stage_body_is_discarded(state->body)
           || ep_stage_lacks_user(state->stage);
}

/* @return why content is cut, with the status of the answer: a handler that answered
 * before it has read cannot be overruled */
static const ep_judgement *with_status(request_rec *r, const ep_request *state,
                                       const ep_judgement *why)
{
    ep_verdict verdict = why->verdict;

    if (ep_stage_lacks_user(state->stage)) {
        return why;
    }
    verdict.status = r->status == HTTP_OK && r->prev != NULL ? r->prev->status
                                                             : r->status;
    return ep_judgement_make(r, why->policy, why->facts, &verdict);
}

static void cut(request_rec *r, ep_request *state, const ep_judgement *why)
{
    const int is_answered = has_answer(r, state);

    /* order: first, since the content that follows must never be read */
    r->connection->keepalive = AP_CONN_CLOSE;
    ep_request_move(r, state, EP_STAGE_CUTS);
    if (is_answered) {
        why = with_status(r, state, why);
    }
    ep_report(r, state, why, EP_OUTCOME_CUT);
    ep_close_over_content(r, state, why);
    if (!is_answered) {
        ep_refusal_replace_answer(r, state);
    }
}

/* @return what content is counted against; NULL: nothing */
static const struct ep_metered *metered_now(const request_rec *r,
                                            const ep_request *state)
{
    return state->unauthenticated_metered != NULL
                   && ep_stage_lacks_user(state->stage) && r->status != HTTP_OK
               ? state->unauthenticated_metered
               : state->metered;
}

/* What comes in is refused: cuts it, or says that it would. */
static void stop(request_rec *r, ep_request *state, const struct ep_metered *metered,
                 const ep_verdict *verdict)
{
    const ep_judgement *why = ep_judgement_make(r, metered->policy, metered->facts,
                                                verdict);

    if (why->policy->mode == EP_MODE_ON) {
        cut(r, state, why);
        return;
    }
    ep_refusal_conclude(r, state, why);
    state->metered = NULL;
    state->unauthenticated_metered = NULL;
}

/* @return the limit of a policy that so much content exceeds: by the client's
 *         Content-Range, or by that which RequestHeader has set since.  NULL: none
 * @param facts out: by which of both */
static const ep_setting *exceeded(const ep_request *state,
                                  const struct ep_metered *metered, int64_t bytes,
                                  ep_facts *facts)
{
    const ep_setting *by;

    *facts = *metered->facts;
    by = ep_check_too_large(metered->policy, facts, bytes);
    if (by == NULL && state->written != NULL) {
        facts->has_range = EP_RANGE_BYTES;
        facts->range = *state->written;
        by = ep_check_too_large(metered->policy, facts, bytes);
    }
    return by;
}

/* The smallest limit of all that are exceeded answers. */
static void check_size(request_rec *r, ep_request *state, int64_t bytes)
{
    const struct ep_metered *metered = metered_now(r, state), *strictest = NULL;
    const ep_setting *least = NULL;
    ep_verdict verdict;

    for (; metered != NULL; metered = metered->next) {
        ep_facts facts;
        const ep_setting *by = exceeded(state, metered, bytes, &facts);

        if (by != NULL && (least == NULL || by->number < least->number)) {
            least = by;
            strictest = metered;
            ep_verdict_cut(metered->policy, &facts, bytes, &verdict);
        }
    }
    if (strictest != NULL) {
        stop(r, state, strictest, &verdict);
    }
}

/* At the end of content whose length was not known before: a handler must not find
 * that end where there is too little. */
static void check_end(request_rec *r, ep_request *state, int64_t bytes)
{
    const struct ep_metered *metered = state->metered;
    ep_verdict verdict;

    for (; metered != NULL; metered = metered->next) {
        if (metered->facts->content == EP_CONTENT_UNSIZED
            && ep_verdict_end(metered->policy, metered->facts, bytes, &verdict)) {
            stop(r, state, metered, &verdict);
            return;
        }
    }
}

/* 1 if content is counted against the server's own policy, since no place was judged */
static int is_provisional(const ep_request *state)
{
    return state->metered != NULL && state->place == NULL;
}

/* Core makes a 413 of ENOSPC (ap_map_http_request_error), of its own 401 as well,
 * behind which it throws content away: that one stays. */
static apr_status_t end_cut(ap_filter_t *f, apr_bucket_brigade *bb)
{
    const ep_request *state = f->ctx;

    if (!ep_stage_lacks_user(state->stage) || f->r->status == HTTP_OK) {
        return APR_ENOSPC;
    }
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(bb->bucket_alloc));
    return APR_SUCCESS;
}

static apr_status_t meter(ap_filter_t *f, apr_bucket_brigade *bb,
                          ap_input_mode_t mode, apr_read_type_e block,
                          apr_off_t readbytes)
{
    ep_request *state = f->ctx;
    const ep_judgement *why;
    apr_status_t rv;
    int64_t bytes, total;
    int ends;

    if (state == NULL) {
        return ep_filter_leave_input(f, bb, mode, block, readbytes);
    }
    if (ep_stage_body_is_withheld(state->body)) {
        APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(bb->bucket_alloc));
        return APR_SUCCESS;
    }
    /* a refusal has been made already; it reads a little, to keep the connection */
    if (state->stage == EP_STAGE_ANSWERED) {
        return ap_get_brigade(f->next, bb, mode, block, readbytes);
    }
    /* if no place was judged, the length has not been checked so far */
    if (is_provisional(state) && !ep_stage_is_cut(state->stage)) {
        check_size(f->r, state, state->metered->facts->declared);
    }
    if (ep_stage_is_cut(state->stage)) {
        return end_cut(f, bb);
    }
    rv = ap_get_brigade(f->next, bb, mode, block, readbytes);
    /* handlers read content in this mode; core reads trailers by the line */
    if (rv != APR_SUCCESS || mode != AP_MODE_READBYTES) {
        return rv;
    }
    ends = has_end(bb);
    if (ends) {
        ep_request_move_body(f->r, state, EP_BODY_ENDS);
    }
    bytes = content_in(bb);
    if (bytes == EP_UNKNOWN) {
        return APR_EGENERAL;
    }
    total = ep_amount_plus(state->counted, bytes);
    check_size(f->r, state, total);
    if (!ep_stage_is_cut(state->stage)) {
        why = ep_claim_cover(f->r, state, total);
        if (why != NULL) {
            cut(f->r, state, why);
        }
    }
    if (!ep_stage_is_cut(state->stage) && ends) {
        check_end(f->r, state, total);
    }
    if (ep_stage_is_cut(state->stage)) {
        apr_brigade_cleanup(bb);
        return end_cut(f, bb);
    }
    state->counted = total;
    return APR_SUCCESS;
}

/* Above all other filters: counts what the handler gets. */
static apr_status_t count_handed(ap_filter_t *f, apr_bucket_brigade *bb,
                                 ap_input_mode_t mode, apr_read_type_e block,
                                 apr_off_t readbytes)
{
    ep_request *state = f->ctx;
    const ep_judgement *why;
    apr_status_t rv;
    int64_t bytes;

    if (state == NULL) {
        return ep_filter_leave_input(f, bb, mode, block, readbytes);
    }
    if (ep_stage_is_cut(state->stage)) {
        return APR_ENOSPC;
    }
    /* as in meter() */
    if (state->stage == EP_STAGE_ANSWERED) {
        return ap_get_brigade(f->next, bb, mode, block, readbytes);
    }
    rv = ap_get_brigade(f->next, bb, mode, block, readbytes);
    if (rv != APR_SUCCESS || mode != AP_MODE_READBYTES) {
        return rv;
    }
    bytes = content_in(bb);
    if (bytes == EP_UNKNOWN) {
        return APR_EGENERAL;
    }
    if (has_end(bb)) {
        state->is_changing = 0;
    }
    bytes = ep_amount_plus(state->handed, bytes);
    /* a filter below may pass on content that it got before a cut */
    why = ep_stage_is_cut(state->stage) ? NULL
                                        : ep_claim_cover_handed(f->r, state, bytes);
    if (why != NULL) {
        cut(f->r, state, why);
        apr_brigade_cleanup(bb);
        return APR_ENOSPC;
    }
    state->handed = bytes;
    return APR_SUCCESS;
}

/* One without a context is not ours, see request/filter.h. */
static int is_ours(const ap_filter_t *f, const ep_request *state)
{
    return f->frec == handed_filter && f->ctx == state;
}

/* @param is_counted out: 1 if what the handler gets is counted already
 * @return 1 if a filter between ours and the handler may change content */
static int is_changed(const request_rec *r, const ep_request *state,
                      int *is_counted)
{
    const ap_filter_t *f;
    int is_there = 0;

    *is_counted = 0;
    for (f = r->input_filters; f != NULL && f != r->proto_input_filters;
         f = f->next) {
        if (is_ours(f, state)) {
            *is_counted = 1;
        }
        else {
            is_there = 1;
        }
    }
    return is_there;
}

void ep_meter_attach_handed(request_rec *r, ep_request *state)
{
    int is_counted;

    if (state->explained != NULL
        || (state->holding == NULL && state->put_off == NULL)) {
        return;
    }
    if (!is_changed(r, state, &is_counted)) {
        /* another place has other filters */
        state->is_changing = 0;
    }
    else if (!is_counted) {
        ap_add_input_filter_handle(handed_filter, state, r, r->connection);
        state->is_changing = 1;
    }
}

void ep_meter_register(void)
{
    /* above all others, whatever type a filter of mod_ext_filter says it has */
    handed_filter = ap_register_input_filter("EXPECT_POLICY_HANDED",
                                             count_handed, NULL,
                                             (ap_filter_type)0);

    /* above ap_http_filter, which takes the chunks apart, and below all that
     * change content, such as inflating it */
    meter_filter = ap_register_input_filter("EXPECT_POLICY_METER", meter, NULL,
                                            AP_FTYPE_PROTOCOL - 1);
}

/*
 * Among the protocol filters, as their topmost: with a content filter of its own on a
 * request, mod_proxy_http no longer streams an upload: it spools all of it before it
 * connects to the backend.  It also lets the filter outlive internal redirects.
 */
static void add_filter(request_rec *r, ep_request *state)
{
    ap_filter_t *f;

    if (state->explained != NULL
        || ep_filter_is_added(r->input_filters, meter_filter, state)) {
        return;
    }
    f = ap_add_input_filter_handle(meter_filter, state, r, r->connection);
    if (f->next == r->proto_input_filters) {
        r->proto_input_filters = f;
    }
}

/* 1 if content has to pass this filter, also without a limit that counts */
static int is_metered(const ep_policy *policy)
{
    return ep_policy_max_size(policy) != NULL
           || ep_policy_strictest(policy, EP_RULE_MAX_TOTAL) != NULL
           || ep_policy_asks_at_end(policy);
}

/* @param others that count as well; NULL: none */
static const struct ep_metered *make_metered(request_rec *r, const ep_policy *policy,
                                             const ep_facts *facts,
                                             const struct ep_metered *others)
{
    struct ep_metered *metered = apr_palloc(ep_request_initial(r)->pool,
                                            sizeof(*metered));

    metered->policy = policy;
    metered->facts = facts;
    metered->next = others;
    return metered;
}

/* A place with a stricter mode replaces those before it; of equal ones, all limits
 * hold. */
static void meter_place(request_rec *r, ep_request *state, const ep_policy *place)
{
    const struct ep_metered *before = state->metered;

    if (before == NULL || place->mode >= before->policy->mode) {
        state->metered = make_metered(
            r, place, state->facts,
            before != NULL && place->mode == before->policy->mode ? before : NULL);
    }
}

void ep_meter_attach(request_rec *r, ep_request *state, const ep_policy *policy)
{
    if (is_metered(policy) || policy->early_errors) {
        meter_place(r, state, policy);
        add_filter(r, state);
    }
    else if (policy->counted_count > 0) {
        add_filter(r, state);
    }
}

void ep_meter_attach_unauthenticated(request_rec *r, ep_request *state,
                                     const ep_policy *policy)
{
    state->unauthenticated_metered = make_metered(r, policy, state->facts,
                                                  state->metered);
    add_filter(r, state);
}

void ep_meter_attach_provisional(request_rec *r, ep_request *state,
                                 const ep_policy *policy, const ep_facts *facts)
{
    if (is_metered(policy)) {
        state->metered = make_metered(r, policy, facts, NULL);
        add_filter(r, state);
    }
}

void ep_meter_end_provisional(ep_request *state)
{
    if (is_provisional(state)) {
        state->metered = NULL;
    }
}

void ep_meter_withhold(request_rec *r, ep_request *state)
{
    add_filter(r, state);
    ep_request_end_giving(state);
    /* where the connection is closed, it is never read */
    ep_request_move_body(r, state, EP_BODY_DISCARDS);
    ap_discard_request_body(r);
    ep_request_move_body(r, state, EP_BODY_WITHHOLDS);
    ep_facts_drop_content(r);
}
