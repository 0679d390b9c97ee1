/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/claim.h"

#include "apr_strings.h"
#include "http_config.h"
#include "http_log.h"
#include "util_filter.h"

#include "core/book/amount.h"
#include "ledger/charge.h"
#include "ledger/ledger.h"
#include "ledger/replaced.h"
#include "request/explained.h"
#include "request/facts.h"
#include "request/filter.h"
#include "request/judgement.h"
#include "request/log_once.h"
#include "request/report.h"

APLOG_USE_MODULE(expect_policy);

/* By how much the claim of an upload of unknown length grows, in bytes. */
#define STEP (1024 * 1024)

/* By how many times CountFrom small uploads may overdraw a quota. */
#define OVERDRAFTS 16

/* Retry-After in seconds, where the time is not known. */
#define RETRY_SECONDS 5

/* Compile-time assertion: a claim has room for all limits of a policy. */
typedef char a_claim_has_room[EP_COUNTED_MAX <= EP_CHARGES_MAX
                              && EP_OWNERS_MAX <= EP_CHARGES_OWNERS ? 1 : -1];

/* The limit of a charge. */
typedef struct demand {
    const ep_setting *by;
    const ep_policy *policy;
    /* FREE_SPACE: where, and what there was when it was claimed, in bytes;
     * NULL: the limit is not looked at again */
    const char *directory;
    int64_t limit;
    /* QUOTA: the directory whose tree is counted */
    const char *tree;
} demand;

typedef struct ep_holding ep_holding;
struct ep_holding {
    ep_ledger_claim claim;
    ep_ledger_charge charges[EP_CHARGES_MAX];
    demand demands[EP_CHARGES_MAX];
    size_t count;
    /* bytes of content that are claimed, and bytes that may come without a further
     * call: more than claimed if the ledger did not answer */
    int64_t claimed;
    int64_t covered;
    /* what a handler may be given without asking, where that is another number */
    int64_t room;
    /* the setting by which a failure of the ledger refuses; NULL: none */
    const ep_policy *closed;
    request_rec *initial;
    const ep_request *state;
    /* the file that is written, and whether it was looked at again when all
     * content was there */
    ep_replaced replaced;
    int is_checked;
    /* 1: the ledger knows that content has arrived */
    int is_fed;
};

/* A place whose limits are asked later, when more content than let_in bytes has come. */
struct ep_put_off {
    request_rec *r;
    const ep_policy *policy;
    int64_t let_in;
    struct ep_put_off *next;
};

static ap_filter_rec_t *end_filter;

/* Set while the configuration is read, then read-only. */
static int is_needed;

/* 1 if a charge counts bytes of content */
static int counts_bytes(const ep_ledger_charge *charge)
{
    return charge->kind != EP_CHARGE_CONCURRENT;
}

/* 1 if an answer says that nothing was stored; 307 and 308 ask the client to upload
 * again elsewhere, while 302 and 303 are usual answers to a form */
static int is_failure(int status)
{
    return status >= HTTP_BAD_REQUEST || status == HTTP_TEMPORARY_REDIRECT
           || status == HTTP_PERMANENT_REDIRECT;
}

/* 1 if the handler has had all content */
static int is_complete(const ep_request *state)
{
    return ep_stage_body_is_read(state->body) && !state->is_changing;
}

static int is_success(const ep_holding *holding)
{
    const request_rec *r = holding->initial;

    if (!is_complete(holding->state) || ep_stage_is_cut(holding->state->stage)) {
        return 0;
    }
    /* mod_dav has stored it, but an owner's ErrorDocument for 204 does not exist, or
     * an owner's Header makes every answer a 500 */
    if (ep_replaced_is_done(&holding->replaced)) {
        return 1;
    }
    /* an ErrorDocument may have changed the status */
    for (; r != NULL; r = r->next) {
        if (is_failure(r->status)) {
            return 0;
        }
    }
    return 1;
}

/* @return bytes that may be stored: what came, or what was made of it */
static int64_t content_of(const ep_request *state)
{
    return state->handed > state->counted ? state->handed : state->counted;
}

/* @return bytes that a failed upload may have left: a handler may have stored what it
 * was given, whatever its answer; mod_dav_fs removes what it has stored */
static int64_t left_of(const ep_holding *holding)
{
    const int64_t given = ep_request_given(holding->state);

    if (holding->replaced.path != NULL) {
        return ep_replaced_left(&holding->replaced);
    }
    return given > 0 && holding->state->handed > given ? holding->state->handed
                                                       : given;
}

/* 1 if a program has answered a query by a list, and so has stored nothing: however
 * often people list a full site, it lets them in */
static int has_listed(const ep_holding *holding)
{
    const request_rec *r = holding->initial;

    while (r->next != NULL) {
        r = r->next;
    }
    return r->status == HTTP_MULTI_STATUS
           && ep_check_is_query(holding->state->facts)
           && !ep_stage_is_cut(holding->state->stage);
}

/* Once it has run, there is no claim. */
static apr_status_t end(void *data)
{
    ep_holding *holding = data;
    const int64_t received = holding->state->counted;
    const int64_t left = left_of(holding);

    if (holding->claim.is_held == 0) {
        ep_replaced_drop(&holding->replaced);
        return APR_SUCCESS;
    }
    if (has_listed(holding)) {
        ep_ledger_release(&holding->claim);
    }
    else if (is_success(holding)) {
        ep_ledger_settle(&holding->claim, received,
                         ep_replaced_stored(&holding->replaced,
                                            content_of(holding->state)));
    }
    else if (left > 0) {
        ep_ledger_doubt(holding->charges, holding->count);
        ep_ledger_settle(&holding->claim, 0, left);
    }
    else {
        ep_ledger_release(&holding->claim);
    }
    ep_replaced_drop(&holding->replaced);
    holding->covered = INT64_MAX;
    return APR_SUCCESS;
}

/*
 * Ends the claim before the client has the answer: the client may send its next upload
 * at once, which must not be refused because of this one.  The request's pool is
 * destroyed only after the last byte of the answer.
 */
static apr_status_t end_before_answer(ap_filter_t *f, apr_bucket_brigade *bb)
{
    ep_holding *holding = f->ctx;

    if (holding == NULL) {
        return ep_filter_leave_output(f, bb);
    }
    if (!APR_BRIGADE_EMPTY(bb)
        && (is_complete(holding->state)
            || APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb)))) {
        end(holding);
        ap_remove_output_filter(f);
    }
    return ap_pass_brigade(f->next, bb);
}

void ep_claim_register(void)
{
    /* a protocol filter: error pages and refusals come by as well, and it
     * outlives internal redirects */
    end_filter = ap_register_output_filter("EXPECT_POLICY_CLAIM",
                                           end_before_answer, NULL,
                                           AP_FTYPE_PROTOCOL);
}

static ep_holding *make_holding(request_rec *r, const ep_request *state)
{
    request_rec *initial = ep_request_initial(r);
    ep_holding *holding = apr_pcalloc(initial->pool, sizeof(*holding));

    holding->initial = initial;
    holding->state = state;
    ep_replaced_init(&holding->replaced);
    holding->replaced.is_asked = state->explained != NULL;
    return holding;
}

/* @return what another module has read already, or another place has claimed, bytes;
 *         the least that is anything if there is none */
static int64_t least_bytes(const ep_request *state, const ep_holding *holding)
{
    const int64_t bytes = state->counted > holding->claimed ? state->counted
                                                            : holding->claimed;

    return bytes > 0 ? bytes : 1;
}

/* Content to claim before any is read.  One of unknown length gets one byte, and
 * more as it comes in; the length that a client announces is claimed at
 * once. */
static int64_t first_bytes(const ep_request *state, const ep_holding *holding)
{
    const ep_facts *facts = state->facts;
    const int64_t bytes = facts->content == EP_CONTENT_SIZED ? facts->declared
                                                             : facts->hint;
    const int64_t least = least_bytes(state, holding);

    return bytes > least ? bytes : least;
}

static int64_t amount_of(const ep_ledger_charge *charge, const ep_holding *holding,
                         const ep_facts *facts, int64_t bytes)
{
    if (!counts_bytes(charge)) {
        return 1;
    }
    return charge->kind == EP_CHARGE_QUOTA
               ? ep_replaced_growth(&holding->replaced, bytes,
                                    facts->content == EP_CONTENT_SIZED)
               : bytes;
}

/* 1 if a limit does not refuse small uploads */
static int ignores_small(const ep_setting *limit)
{
    return limit->count->rule == EP_RULE_FREE_SPACE
           || limit->count->rule == EP_RULE_CONCURRENT;
}

/* A full site has to let its owner log in: a small upload may overdraw a quota, by a
 * bounded sum, and an allowance, which counts it. */
static void loosen(const ep_policy *policy, ep_ledger_charge *charge)
{
    if (charge->kind == EP_CHARGE_ALLOWANCE) {
        charge->limit = INT64_MAX;
    }
    else if (ep_policy_count_from(policy) > 0) {
        charge->overdraft = ep_amount_times(
            (uint64_t)ep_policy_count_from(policy), OVERDRAFTS);
    }
}

/* Makes the charges, without their amounts.
 * @param is_known out: 0 if the account of a charge is not known, and the charge is
 *        missing */
static size_t make_charges(request_rec *r, const ep_request *state,
                           const ep_policy *policy, int is_small,
                           ep_ledger_charge *charges, demand *demands, int *is_known)
{
    size_t count = 0, i;

    *is_known = 1;
    for (i = 0; i < policy->counted_count; i++) {
        ep_ledger_charge *charge = &charges[count];
        demand *asked = &demands[count];
        int made;

        if (is_small && ignores_small(policy->counted[i])) {
            continue;
        }
        if (policy->counted[i]->count->rule == EP_RULE_CONCURRENT
            && is_complete(state)) {
            /* a slot is for content that comes in, and all of it has come */
            continue;
        }
        made = ep_charge_make(r, policy->counted[i], charge, &asked->directory);
        if (made > 0 && is_small) {
            loosen(policy, charge);
        }
        if (made < 0) {
            *is_known = 0;
        }
        else if (made) {
            asked->by = policy->counted[i];
            asked->limit = charge->limit;
            asked->tree = charge->kind == EP_CHARGE_QUOTA
                              ? ep_charge_directory(r, asked->by)
                              : NULL;
            count++;
        }
    }
    return count;
}

/* 1 if the claim had no room for a charge: it is an owner's, or there is none for
 * its account. */
static int is_left_out(const ep_ledger_denial *denial, size_t charge)
{
    return (denial->left_out >> charge & 1) != 0;
}

static void log_left_out(const request_rec *r, const ep_setting *by)
{
    if (ep_log_once(r->pool, "left out", by)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "the ledger has no room for %s in %s:%u: this limit "
                      "does not count", by->directive, by->file, by->line);
    }
}

/*
 * Only a file that all quotas have counted can be subtracted: a file behind a link is
 * in no tree's usage, and an unknown usage contains no file.
 * @param most in and out: bytes
 * @return 0: some quota does not count the file
 */
static int are_counted(const ep_holding *holding, const ep_ledger_charge *charges,
                       const demand *demands, size_t count, int64_t *most)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (charges[i].kind == EP_CHARGE_QUOTA) {
            const int64_t used = ep_ledger_used(&charges[i]);

            if (demands[i].tree == NULL
                || !ep_replaced_is_counted(&holding->replaced,
                                           demands[i].tree)) {
                return 0;
            }
            *most = used < *most ? used : *most;
        }
    }
    return 1;
}

/* @return the most bytes that may be subtracted in this place and those before it;
 *         INT64_MAX: nothing, since some quota does not count the file or there is no
 *         quota */
static int64_t counted_in_all(const ep_holding *holding,
                              const ep_ledger_charge *charges,
                              const demand *demands, size_t count)
{
    int64_t most = INT64_MAX;

    return are_counted(holding, charges, demands, count, &most)
                   && are_counted(holding, holding->charges, holding->demands,
                                  holding->count, &most)
               ? most
               : INT64_MAX;
}

/* Takes the credit for what is replaced. */
static void take_credit(const ep_request *state, ep_holding *holding,
                        ep_ledger_charge *charges, const demand *demands, size_t count)
{
    int64_t most = INT64_MAX;

    if (state->facts->content == EP_CONTENT_SIZED
        && ep_replaced_has_credit(&holding->replaced)) {
        most = counted_in_all(holding, charges, demands, count);
        if (most == 0) {
            /* a tree with a file in it that counts as empty was not measured yet */
            ep_ledger_measure(charges, count);
            most = counted_in_all(holding, charges, demands, count);
        }
    }
    if (most == INT64_MAX) {
        holding->replaced.credit = 0;
    }
    else {
        ep_replaced_take(&holding->replaced, most);
    }
}

/* The smaller one of both: an upload that is small in one place may not be small in
 * another. */
static void keep_overdraft(ep_ledger_charge *held, const ep_ledger_charge *charge)
{
    if (charge->overdraft < held->overdraft) {
        held->overdraft = charge->overdraft;
    }
}

/* What another place has claimed as well keeps its smallest limit, and what it
 * holds. */
static void keep_charge(ep_holding *holding, const ep_ledger_charge *charge,
                      const demand *asked)
{
    ep_ledger_charge kept = *charge;
    size_t i = 0;

    while (i < holding->count && !ep_charge_is_same(&holding->charges[i], charge)) {
        i++;
    }
    if (i == EP_CHARGES_MAX) {
        return;
    }
    if (i < holding->count) {
        keep_overdraft(&holding->charges[i], charge);
        keep_overdraft(&kept, &holding->charges[i]);
        kept.amount = holding->charges[i].amount;
        if (holding->charges[i].limit <= charge->limit) {
            return;
        }
    }
    else {
        holding->count++;
    }
    holding->charges[i] = kept;
    holding->demands[i] = *asked;
}

static void keep(ep_holding *holding, const ep_policy *policy, int64_t bytes,
                 int is_closed, const ep_ledger_charge *charges, demand *demands,
                 size_t count, const ep_ledger_denial *denial)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (is_left_out(denial, i)) {
            log_left_out(holding->initial, demands[i].by);
            continue;
        }
        demands[i].policy = policy;
        keep_charge(holding, &charges[i], &demands[i]);
        if (counts_bytes(&charges[i])) {
            holding->claimed = bytes;
            holding->covered = bytes;
        }
    }
    if (is_closed) {
        holding->closed = policy;
    }
}

/* Indexed by ep_ledger_kind. */
static const ep_code codes[] = {
    [EP_CHARGE_SPACE] = EP_INSUFFICIENT_STORAGE,
    [EP_CHARGE_QUOTA] = EP_QUOTA_EXCEEDED,
    [EP_CHARGE_ALLOWANCE] = EP_ALLOWANCE_EXCEEDED,
    [EP_CHARGE_CONCURRENT] = EP_TOO_MANY_UPLOADS
};

/* @param own bytes that the upload holds itself, and is about to give back */
static void deny(const ep_policy *policy, const ep_facts *facts,
                 const ep_ledger_charge *charge, const ep_setting *by,
                 const ep_ledger_denial *denial, int64_t own, int is_cut,
                 ep_verdict *verdict)
{
    int64_t retry_after = RETRY_SECONDS;

    if (charge->kind == EP_CHARGE_ALLOWANCE || charge->kind == EP_CHARGE_QUOTA) {
        retry_after = denial->wait < 0
                          ? EP_UNKNOWN
                          : ep_amount_in_units(denial->wait,
                                               APR_USEC_PER_SEC);
    }
    if (charge->kind == EP_CHARGE_QUOTA && retry_after != EP_UNKNOWN) {
        /* the thread that measures looks at each tree about once a second */
        retry_after = ep_amount_plus(retry_after, 1);
    }
    ep_verdict_counted(policy, facts, codes[charge->kind], by,
                       by->count->is_untold ? EP_UNKNOWN
                                            : ep_amount_plus(denial->remaining, own),
                       retry_after,
                       is_cut, verdict);
}

/* @param by what could not be asked; NULL: what says that this refuses */
static void deny_unavailable(const ep_policy *policy, const ep_facts *facts,
                             const ep_setting *by, int is_cut, ep_verdict *verdict)
{
    if (by == NULL) {
        by = policy->rule[EP_RULE_LEDGER_FAILURE][0];
    }
    ep_verdict_counted(policy, facts, EP_LEDGER_UNAVAILABLE, by, EP_UNKNOWN,
                       RETRY_SECONDS, is_cut, verdict);
}

void ep_claim_deny(const ep_policy *policy, const ep_facts *facts,
                   const ep_ledger_charge *charge, const ep_setting *by,
                   const ep_ledger_denial *denial, ep_verdict *verdict)
{
    deny(policy, facts, charge, by, denial, 0, 0, verdict);
}

void ep_claim_deny_unavailable(const ep_policy *policy, const ep_facts *facts,
                               const ep_setting *by, ep_verdict *verdict)
{
    deny_unavailable(policy, facts, by, 0, verdict);
}

int ep_claim_reserve(request_rec *r, const ep_policy *policy, const ep_facts *facts,
                     int64_t bytes, ep_ledger_charge *charges,
                     const ep_setting *const *by, size_t count, ep_ledger_claim *claim,
                     ep_verdict *denied)
{
    const ep_failure failure = ep_ledger_failure(policy, 0);
    ep_facts stored = *facts;
    ep_ledger_denial denial;

    /* as if they were the content of one upload */
    stored.content = EP_CONTENT_SIZED;
    stored.declared = bytes;
    switch (ep_ledger_reserve(r, charges, count, failure, policy->mode != EP_MODE_ON,
                              claim, &denial)) {
    case EP_LEDGER_GRANTED:
        return 1;
    case EP_LEDGER_DENIED:
        ep_claim_deny(policy, &stored, &charges[denial.charge], by[denial.charge],
                      &denial, denied);
        return 0;
    case EP_LEDGER_REFUSED:
        ep_claim_deny_unavailable(policy, &stored, by[denial.charge], denied);
        return 0;
    default:
        if (failure == EP_FAILURE_CLOSED) {
            ep_claim_deny_unavailable(policy, &stored, NULL, denied);
        }
        return failure != EP_FAILURE_CLOSED;
    }
}

/* The judgement of a place, some of whose limits could not be asked.
 * @param by as in deny_unavailable() */
static const ep_judgement *judge_unavailable(request_rec *r, const ep_request *state,
                                             const ep_policy *policy,
                                             const ep_setting *by, int is_cut)
{
    ep_verdict verdict;

    deny_unavailable(policy, state->facts, by, is_cut, &verdict);
    return ep_judgement_make(r, policy, state->facts, &verdict);
}

/* A charge that was granted has no room for more, or could not be asked.  A dry run
 * reports what it would have cut, and continues without the limit.
 * @return the denial; NULL: it is a dry run */
static const ep_judgement *end_or_lift(request_rec *r, ep_request *state,
                                       size_t charge, const ep_verdict *verdict)
{
    ep_holding *holding = state->holding;
    const ep_judgement *denial = ep_judgement_make(
        r, holding->demands[charge].policy, state->facts, verdict);

    if (denial->policy->mode == EP_MODE_ON) {
        return denial;
    }
    holding->charges[charge].limit = INT64_MAX;
    holding->demands[charge].directory = NULL;
    ep_report_would_refuse(r, state, denial);
    return NULL;
}

/* One of the charges has no room for more.  @return as end_or_lift() */
static const ep_judgement *refuse_full(request_rec *r, ep_request *state,
                                       size_t charge,
                                       const ep_ledger_denial *denial,
                                       int64_t own, int is_cut)
{
    const ep_holding *holding = state->holding;
    const demand *asked = &holding->demands[charge];
    ep_verdict verdict;

    deny(asked->policy, state->facts, &holding->charges[charge], asked->by, denial,
         own, is_cut, &verdict);
    return end_or_lift(r, state, charge, &verdict);
}

/* One of the charges holds even if the ledger fails, and could not be asked.
 * @return as end_or_lift() */
static const ep_judgement *refuse_unasked(request_rec *r, ep_request *state,
                                          size_t charge, int is_cut)
{
    const demand *asked = &state->holding->demands[charge];
    ep_verdict verdict;

    deny_unavailable(asked->policy, state->facts, asked->by, is_cut, &verdict);
    return end_or_lift(r, state, charge, &verdict);
}

/* The ledger does not answer.
 * @return the denial; NULL: go on */
static const ep_judgement *refuse_failure(request_rec *r, ep_request *state,
                                          int is_cut)
{
    const ep_policy *closed = state->holding->closed;
    const ep_judgement *denial;

    if (closed == NULL) {
        return NULL;
    }
    denial = judge_unavailable(r, state, closed, NULL, is_cut);
    if (closed->mode == EP_MODE_ON) {
        return denial;
    }
    ep_report_would_refuse(r, state, denial);
    return NULL;
}

/* 1 if no place that has claimed is more than a dry run, which must not delay a
 * request */
static int is_dry_run(const ep_holding *holding)
{
    size_t i = 0;

    while (i < holding->count && holding->demands[i].policy->mode != EP_MODE_ON) {
        i++;
    }
    return i == holding->count;
}

/* @return bytes of content that may come before a place that was put off is asked */
static int64_t let_in(const ep_request *state)
{
    const struct ep_put_off *place;
    int64_t least = INT64_MAX;

    for (place = state->put_off; place != NULL; place = place->next) {
        least = place->let_in < least ? place->let_in : least;
    }
    return least;
}

/* How much to claim ahead: nothing of an upload that may be small, as these share what a
 * full quota may be overdrawn by. */
static int64_t step_of(const ep_request *state)
{
    return state->put_off != NULL ? 0 : STEP;
}

/* 1 if a charge counts what is stored, and not what comes in. */
static int counts_stored(const ep_ledger_charge *charge)
{
    return charge->kind == EP_CHARGE_QUOTA || charge->kind == EP_CHARGE_SPACE;
}

/*
 * Claims the rest for quotas and free space, if less is replaced or more is stored
 * than was expected.
 * @param bytes of content that may be stored
 * @param step bytes to claim ahead
 * @return as ep_claim_cover()
 */
static const ep_judgement *top_up(request_rec *r, ep_request *state, int64_t bytes,
                                  int64_t step, int is_cut)
{
    ep_holding *holding = state->holding;
    const ep_judgement *denied;
    size_t i = 0;

    while (i < holding->count) {
        ep_ledger_charge *charge = &holding->charges[i];
        const int64_t more = ep_amount_minus(
            amount_of(charge, holding, state->facts, bytes), charge->amount);
        apr_int64_t granted;
        ep_ledger_denial denial;

        if (!counts_stored(charge) || more == 0) {
            i++;
            continue;
        }
        switch (ep_ledger_grow(r, charge, 1, &holding->claim, more,
                               ep_amount_plus(more, step),
                               holding->closed != NULL, is_dry_run(holding), &granted,
                               &denial)) {
        case EP_LEDGER_GRANTED:
            charge->amount = ep_amount_plus(charge->amount, granted);
            i++;
            break;
        case EP_LEDGER_DENIED:
            denied = refuse_full(r, state, i, &denial, charge->amount, is_cut);
            if (denied != NULL) {
                return denied;
            }
            i++;
            break;
        default:
            return refuse_failure(r, state, is_cut);
        }
    }
    return NULL;
}

/* Claims bytes of a file that is no longer replaced, or that is smaller than expected.
 * @return as ep_claim_cover() */
static const ep_judgement *check_replaced(request_rec *r, ep_request *state,
                                          int is_cut)
{
    ep_holding *holding = state->holding;

    if (is_complete(state)) {
        holding->is_checked = 1;
        holding->room = 0;
        ep_replaced_check(&holding->replaced);
    }
    return top_up(r, state,
                  holding->claimed > state->handed ? holding->claimed
                                                   : state->handed,
                  0, is_cut);
}

/* Content has arrived: from now on, the claim cannot be revoked for another client.
 * @return as ep_claim_cover() */
static const ep_judgement *feed(request_rec *r, ep_request *state, int is_cut)
{
    ep_holding *holding = state->holding;
    const ep_judgement *denied;
    size_t lifted;

    holding->is_fed = 1;
    for (lifted = 0; lifted <= holding->count; lifted++) {
        ep_ledger_denial denial;

        switch (ep_ledger_confirm(r, holding->charges, holding->count,
                                  &holding->claim, holding->closed != NULL,
                                  &denial)) {
        case EP_LEDGER_GRANTED:
            return NULL;
        case EP_LEDGER_DENIED:
            denied = refuse_full(r, state, denial.charge, &denial, 0, is_cut);
            if (denied != NULL) {
                return denied;
            }
            break;
        default:
            return refuse_failure(r, state, is_cut);
        }
    }
    return NULL;
}

/* @return the least by which one of the quotas may be overdrawn; 0: not at all */
static int64_t least_overdraft(const ep_ledger_charge *charges, size_t count)
{
    int64_t least = INT64_MAX;
    size_t i;

    for (i = 0; i < count; i++) {
        if (charges[i].kind == EP_CHARGE_QUOTA && charges[i].overdraft < least) {
            least = charges[i].overdraft;
        }
    }
    return least;
}

/* Asks for so many bytes more of what quotas may be overdrawn by: what a small upload
 * has announced has to fit, but it claims only what has come.
 * @param bytes less than any overdraft; below 0: gives them back */
static void tighten(ep_ledger_charge *charges, size_t count, int64_t bytes)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (charges[i].overdraft > 0) {
            charges[i].overdraft -= bytes;
        }
    }
}

static void set_amounts(ep_ledger_charge *charges, size_t count,
                        const ep_holding *holding, const ep_facts *facts,
                        int64_t bytes)
{
    size_t i;

    for (i = 0; i < count; i++) {
        charges[i].amount = amount_of(&charges[i], holding, facts, bytes);
    }
}

/* Notes what an administrator is told of the limits.  The ledger answers in their
 * order, and at the first that has no room. */
static void explain(ep_explained *explained, const ep_ledger_charge *charges,
                    const demand *demands, size_t count, ep_ledger_result result,
                    const ep_ledger_denial *denial)
{
    size_t i;

    for (i = 0; i < count; i++) {
        ep_explain_limit limit = { demands[i].by, 0, charges[i].limit, EP_UNKNOWN,
                                   EP_UNKNOWN };
        ep_ledger_balance balance;
        const apr_status_t rv = ep_ledger_read_balance(&charges[i], &balance);

        if (rv == APR_SUCCESS && balance.is_known) {
            limit.used = balance.used;
            limit.held = balance.held;
        }
        else if (rv == APR_NOTFOUND && charges[i].kind != EP_CHARGE_QUOTA) {
            limit.used = 0;
            limit.held = 0;
        }
        limit.is_asked = result == EP_LEDGER_GRANTED ? !is_left_out(denial, i)
                         : result == EP_LEDGER_DENIED
                             ? i <= denial->charge
                             : 0;
        ep_explained_note_limit(explained, &limit);
    }
}

/* @param bytes to claim; out: as many as were asked for
 * @param ahead as in take()
 * @return as ep_ledger_reserve() */
static ep_ledger_result reserve(request_rec *r, const ep_request *state,
                                const ep_policy *policy, ep_holding *holding,
                                ep_ledger_charge *charges, const demand *demands,
                                size_t count, int64_t *bytes, int64_t ahead,
                                ep_failure failure, ep_ledger_denial *denial)
{
    const int is_dry = policy->mode != EP_MODE_ON;
    ep_ledger_claim *claim = state->explained == NULL ? &holding->claim : NULL;
    ep_ledger_result result;

    if (ahead >= least_overdraft(charges, count)) {
        *bytes = ep_amount_plus(*bytes, ahead);
        ahead = 0;
    }
    set_amounts(charges, count, holding, state->facts, *bytes);
    tighten(charges, count, ahead);
    result = ep_ledger_reserve(r, charges, count, failure, is_dry, claim, denial);
    tighten(charges, count, -ahead);
    if (result == EP_LEDGER_DENIED && ahead > 0) {
        /* what is left is told to one that asks for all of it */
        *bytes = ep_amount_plus(*bytes, ahead);
        set_amounts(charges, count, holding, state->facts, *bytes);
        result = ep_ledger_reserve(r, charges, count, failure, is_dry, claim, denial);
    }
    if (state->explained != NULL) {
        explain(state->explained, charges, demands, count, result, denial);
    }
    return result;
}

/* @param bytes of content
 * @param ahead bytes that are not claimed, and have to fit as well
 * @param is_small 1: free space, slots, allowances and failures of the ledger do not
 *        refuse it
 * @return as ep_claim_take() */
static const ep_judgement *take(request_rec *r, ep_request *state,
                                const ep_policy *policy, ep_holding *holding,
                                int64_t bytes, int64_t ahead, int is_small,
                                int is_cut)
{
    ep_ledger_charge charges[EP_CHARGES_MAX];
    demand demands[EP_CHARGES_MAX];
    const ep_failure failure = ep_ledger_failure(policy, is_small);
    const int is_closed = failure == EP_FAILURE_CLOSED;
    const ep_judgement *denied;
    ep_ledger_denial denial;
    ep_ledger_result result;
    ep_verdict verdict;
    size_t count;
    int is_known;

    count = make_charges(r, state, policy, is_small, charges, demands, &is_known);
    /* the server's limits all hold, or nothing is admitted */
    if (policy->surplus[0] != NULL || (!is_known && is_closed)) {
        return judge_unavailable(r, state, policy, policy->surplus[0], is_cut);
    }
    if (count == 0) {
        return NULL;
    }
    ep_replaced_look(&holding->replaced, r, 0);
    take_credit(state, holding, charges, demands, count);
    result = reserve(r, state, policy, holding, charges, demands, count, &bytes, ahead,
                     failure, &denial);
    switch (result) {
    case EP_LEDGER_GRANTED:
        if (state->explained != NULL) {
            return NULL;
        }
        break;
    case EP_LEDGER_DENIED:
        deny(policy, state->facts, &charges[denial.charge],
             demands[denial.charge].by, &denial, 0, is_cut, &verdict);
        return ep_judgement_make(r, policy, state->facts, &verdict);
    case EP_LEDGER_REFUSED:
        return judge_unavailable(r, state, policy, demands[denial.charge].by,
                                 is_cut);
    default:
        return is_closed ? judge_unavailable(r, state, policy, NULL, is_cut) : NULL;
    }
    if (state->holding == NULL) {
        /* a forked program must not end the claim */
        apr_pool_cleanup_register(holding->initial->pool, holding, end,
                                  apr_pool_cleanup_null);
        state->holding = holding;
        holding->covered = INT64_MAX;
    }
    keep(holding, policy, bytes, is_closed, charges, demands, count, &denial);
    if ((state->counted > 0 || is_cut) && !holding->is_fed) {
        denied = feed(r, state, is_cut);
        if (denied != NULL) {
            return denied;
        }
    }
    return check_replaced(r, state, is_cut);
}

/* Asks the limits of a place later, when more than so much content has come. */
static void put_off(ep_request *state, request_rec *place, const ep_policy *policy,
                    int64_t bytes)
{
    struct ep_put_off **last = &state->put_off;

    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = apr_pcalloc(place->pool, sizeof(**last));
    (*last)->r = place;
    (*last)->policy = policy;
    (*last)->let_in = bytes;
}

/* @return the most content up to which nobody is kept out by free space, a slot or the
 * ledger; bytes, or -1 */
static int64_t small_up_to(const ep_policy *policy, const ep_facts *facts)
{
    return ep_check_is_query(facts) ? EP_QUERY_MAX
                                    : ep_check_small_up_to(policy, facts);
}

/* @param place whose limits are asked; the policy is its own
 * @param bytes of content that has come; 0: none, the head tells how much there is
 * @return as ep_claim_take() */
static const ep_judgement *take_for(request_rec *r, ep_request *state,
                                    request_rec *place, const ep_policy *policy,
                                    int64_t bytes)
{
    const int is_new = state->holding == NULL;
    ep_holding *holding = is_new ? make_holding(r, state) : state->holding;
    const int64_t small = small_up_to(policy, state->facts);
    const int is_small = small >= (bytes > 0 ? bytes : state->counted);
    const ep_judgement *denied;
    int64_t claimed = bytes, ahead = 0;

    if (is_small) {
        /* more may come, or be made of it */
        put_off(state, place, policy, small);
    }
    if (bytes == 0 || holding->claimed > 0) {
        /* what has come since is claimed behind this, within all limits */
        claimed = first_bytes(state, holding);
    }
    if (is_small && bytes == 0) {
        const int64_t come = least_bytes(state, holding);

        ahead = ep_amount_minus(claimed < small ? claimed : small, come);
        claimed = come;
    }
    denied = take(place, state, policy, holding, claimed, ahead, is_small,
                  bytes > 0);
    if (holding->claim.is_held == 0) {
        ep_replaced_drop(&holding->replaced);
    }
    if (is_new && state->holding != NULL) {
        ap_add_output_filter_handle(end_filter, holding, r, r->connection);
    }
    return denied;
}

/* An upload has a slot while content comes in, and not while a program makes its
 * answer. */
static void free_slots(const ep_request *state)
{
    const ep_holding *holding = state->holding;
    size_t i = 0;

    if (holding == NULL || holding->claim.is_held == 0 || !is_complete(state)) {
        return;
    }
    while (i < holding->count
           && holding->charges[i].kind != EP_CHARGE_CONCURRENT) {
        i++;
    }
    if (i < holding->count) {
        ep_ledger_end_content(&holding->claim);
    }
}

const ep_judgement *ep_claim_take(request_rec *r, ep_request *state,
                                  const ep_policy *policy)
{
    const int64_t bytes = ep_facts_let_in(state->facts);
    const ep_judgement *denied;

    if (bytes >= 0 && state->counted <= bytes) {
        put_off(state, r, policy, bytes);
        return NULL;
    }
    denied = take_for(r, state, r, policy, 0);
    if (denied == NULL) {
        free_slots(state);
    }
    return denied;
}

/* Content has come for which no limit was asked yet.
 * @return as ep_claim_cover() */
static const ep_judgement *take_put_off(request_rec *r, ep_request *state,
                                        int64_t bytes)
{
    const struct ep_put_off *place = state->put_off;

    state->put_off = NULL;
    for (; place != NULL; place = place->next) {
        const ep_judgement *denied = take_for(r, state, place->r, place->policy,
                                              bytes);

        if (denied != NULL && denied->policy->mode == EP_MODE_ON) {
            return denied;
        }
        if (denied != NULL) {
            ep_report_would_refuse(r, state, denied);
        }
    }
    return NULL;
}

/* @param bytes that have come, or that a handler is given
 * @return as ep_claim_cover() */
static const ep_judgement *take_what_is_due(request_rec *r, ep_request *state,
                                            int64_t bytes)
{
    return bytes <= let_in(state) ? NULL : take_put_off(r, state, bytes);
}

/* Nothing of the content is going to be stored, unless some of it was read already:
 * a program that had it may have led on to here. */
static void forget(ep_request *state)
{
    ep_holding *holding = state->holding;

    if (state->counted > 0) {
        return;
    }
    state->put_off = NULL;
    if (holding != NULL && holding->claim.is_held != 0) {
        ep_ledger_release(&holding->claim);
        ep_replaced_drop(&holding->replaced);
        holding->covered = INT64_MAX;
    }
}

/* 1 if mod_dav's handler runs: of other methods than PUT, PROPPATCH and those of
 * version control, it stores nothing */
static int is_dav(const request_rec *r)
{
    return r->handler != NULL && strcmp(r->handler, "dav-handler") == 0;
}

const ep_judgement *ep_claim_check_handler(request_rec *r, ep_request *state)
{
    ep_holding *holding;
    const ep_judgement *denied = NULL;

    /* of a request that may ask for limits, no facts are known */
    if (is_dav(r) && state->facts != NULL && ep_facts_let_in(state->facts) >= 0) {
        forget(state);
    }
    /* a program may store a query: it counts as a small upload does */
    else if (state->put_off != NULL && ep_check_is_query(state->facts)) {
        denied = take_put_off(r, state, 0);
    }
    if (denied != NULL) {
        return denied;
    }
    holding = state->holding;
    if (holding == NULL || holding->claim.is_held == 0) {
        return NULL;
    }
    ep_replaced_look(&holding->replaced, r, 1);
    return check_replaced(r, state, 0);
}

/* All handlers that could store the content have declined: core throws it away,
 * whether it then sends a file, 404 or 405. */
static int before_default_handler(request_rec *r)
{
    ep_request *state = r->main == NULL && !ep_request_is_plain(r)
                            ? ep_request_get(r)
                            : NULL;

    if (state != NULL) {
        forget(state);
    }
    return DECLINED;
}

void ep_claim_reset(void)
{
    is_needed = 0;
}

void ep_claim_need(void)
{
    if (!is_needed) {
        is_needed = 1;
        /* behind all handlers but core's, which is REALLY_LAST */
        ap_hook_handler(before_default_handler, NULL, NULL,
                        APR_HOOK_REALLY_LAST - 1);
    }
}

/* Free space as it is now: others may have used it up, and so has this upload,
 * if its content is written there while it comes in. */
static void look_at_space(ep_holding *holding)
{
    size_t i;

    for (i = 0; i < holding->count; i++) {
        const demand *asked = &holding->demands[i];

        if (asked->directory != NULL) {
            const int64_t left = ep_charge_space(asked->directory, asked->by);
            const int64_t limit = left < 0
                                      ? asked->limit
                                      : ep_amount_plus(
                                            left, content_of(holding->state));

            holding->charges[i].limit = limit < asked->limit ? limit
                                                           : asked->limit;
        }
    }
}

static void add(ep_holding *holding, int64_t granted)
{
    size_t i;

    holding->claimed = ep_amount_plus(holding->claimed, granted);
    for (i = 0; i < holding->count; i++) {
        if (counts_bytes(&holding->charges[i])) {
            holding->charges[i].amount = ep_amount_plus(holding->charges[i].amount,
                                                      granted);
        }
    }
}

/* @return as ep_claim_cover() */
static const ep_judgement *grow(request_rec *r, ep_request *state, int64_t bytes)
{
    ep_holding *holding = state->holding;
    const ep_judgement *denied;
    size_t lifted;

    look_at_space(holding);
    /* in a ledger that was overwritten, there may be no room without a limit */
    for (lifted = 0; lifted <= holding->count; lifted++) {
        const int64_t least = ep_amount_minus(bytes, holding->claimed);
        apr_int64_t granted;
        ep_ledger_denial denial;

        switch (ep_ledger_grow(r, holding->charges, holding->count,
                               &holding->claim, least,
                               ep_amount_plus(least, step_of(state)),
                               holding->closed != NULL, is_dry_run(holding), &granted,
                               &denial)) {
        case EP_LEDGER_GRANTED:
            add(holding, granted);
            holding->covered = holding->claimed;
            return NULL;
        case EP_LEDGER_DENIED:
            denied = refuse_full(r, state, denial.charge, &denial, holding->claimed,
                                 1);
            if (denied != NULL) {
                return denied;
            }
            break;
        case EP_LEDGER_REFUSED:
            /* a dry run does not wait for the ledger at each step */
            holding->covered = INT64_MAX;
            return refuse_unasked(r, state, denial.charge, 1);
        default:
            /* asked again only after a further step, so that not each read waits for
             * the ledger */
            holding->covered = ep_amount_plus(bytes, STEP);
            return refuse_failure(r, state, 1);
        }
    }
    holding->covered = ep_amount_plus(bytes, STEP);
    return NULL;
}

/* @return as ep_claim_cover() */
static const ep_judgement *end_content(request_rec *r, ep_request *state)
{
    if (!is_complete(state) || state->holding->is_checked) {
        return NULL;
    }
    free_slots(state);
    return check_replaced(r, state, 1);
}

/* 1 if there is a claim that may have to grow */
static int is_holding(const ep_request *state)
{
    return state->holding != NULL && state->holding->claim.is_held != 0;
}

const ep_judgement *ep_claim_cover(request_rec *r, ep_request *state, int64_t bytes)
{
    const ep_judgement *denied = take_what_is_due(r, state, bytes);

    if (denied != NULL || !is_holding(state)) {
        return denied;
    }
    if (bytes > 0 && !state->holding->is_fed) {
        denied = feed(r, state, 1);
    }
    if (denied == NULL && bytes > state->holding->covered) {
        denied = grow(r, state, bytes);
    }
    return denied != NULL ? denied : end_content(r, state);
}

/* @return how much more a handler may be given without asking; below 0: it was not
 * granted what it has, and is given it all the same */
static int64_t spare(const ep_holding *holding, const ep_facts *facts,
                     int64_t bytes)
{
    int64_t least = INT64_MAX;
    size_t i;

    for (i = 0; i < holding->count; i++) {
        const ep_ledger_charge *charge = &holding->charges[i];
        /* both are at least 0 */
        const int64_t left = charge->amount
                             - amount_of(charge, holding, facts, bytes);

        if (counts_stored(charge) && left < least) {
            least = left;
        }
    }
    return least;
}

const ep_judgement *ep_claim_cover_handed(request_rec *r, ep_request *state,
                                          int64_t bytes)
{
    const ep_judgement *denied = take_what_is_due(r, state, bytes);
    ep_holding *holding = state->holding;

    if (denied != NULL || !is_holding(state)) {
        return denied;
    }
    if (bytes > holding->room) {
        int64_t more;

        look_at_space(holding);
        denied = top_up(r, state, bytes, step_of(state), 1);
        if (denied != NULL) {
            return denied;
        }
        more = spare(holding, state->facts, bytes);
        /* asked again a step further on, lest each read waits for it */
        holding->room = ep_amount_plus(bytes, more >= 0 ? more : STEP);
    }
    return end_content(r, state);
}
