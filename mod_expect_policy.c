/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * mod_expect_policy: refuses a doomed upload on its head, per directory.
 *
 * The way of a request, and what is done where:
 *
 *   pre_read_request     hide Expect from core, if the configuration needs it
 *   post_read_request    put it back (src/request/expect_hold.c); the
 *                        ceiling of the virtual host, and the server's own
 *                        policy for what never comes to a place; no
 *                        ErrorDocument; what was sent is kept, for who may ask
 *                        for limits
 *   header_parser        the policy of the place, once all sections are merged
 *   fixups               the same, where httpd's authentication comes first;
 *                        limits that count
 *   handler              the same, where a fast redirect changed the place;
 *                        quotas once more, by what the handler sees; COPY and
 *                        MOVE; limits, for who asks
 *   insert_error_filter  core's own 417, and content cut on its way: our page
 *
 * docs/design.md tells why.
 */

#include "request/request.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_protocol.h"
#include "http_request.h"

#include "answer/advertise.h"
#include "answer/foreign_error.h"
#include "answer/refusal.h"
#include "config/directives.h"
#include "config/dump.h"
#include "config/section.h"
#include "connection/close.h"
#include "connection/drain.h"
#include "core/answer/document.h"
#include "hooks/judge_copy.h"
#include "hooks/meter.h"
#include "ledger/claim.h"
#include "ledger/copy.h"
#include "ledger/ledger.h"
#include "ledger/measure.h"
#include "request/counters.h"
#include "request/expect_hold.h"
#include "request/facts.h"
#include "request/report.h"
#include "request/snapshot.h"
#include "status/handler.h"

/* @return the state of a request that core refused for its Expect field, with
 * the verdict; NULL if that is not so, or none of our business */
static ep_request *judge_core_refused(request_rec *r)
{
    ep_request *state;

    if (!ep_expect_hold_core_refused(r)) {
        return NULL;
    }
    state = ep_request_make(r);
    ep_section_host_policy(r, &state->policy);
    if (state->policy.mode == EP_MODE_OFF
        || !ep_facts_read(r, &state->facts)) {
        return NULL;
    }
    ep_verdict_core_refused(&state->policy, &state->facts, &state->verdict);
    if (state->policy.mode == EP_MODE_ON) {
        /* core has given up on this request; so does the connection */
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    return state;
}

/* 1 if content was cut, and our document is to be the answer: a client that has not
 * authenticated yet is told of no limit */
static int is_cut(const ep_request *state)
{
    return state != NULL && state->cut && state->waits == NULL;
}

/* The document takes the place of the page that core is about to send. */
static void insert_error_page(request_rec *r)
{
    ep_request *state = ep_request_get(r);

    if (state != NULL && state->answered) {
        return;
    }
    if (is_cut(state)) {
        ep_refusal_replace_page(r, state);
        return;
    }
    state = judge_core_refused(r);
    if (state == NULL) {
        state = ep_foreign_error(r, r->status);
        if (state != NULL) {
            ep_refusal_replace_page(r, state);
        }
        else {
            ep_foreign_error_close(r);
        }
    }
    else if (state->policy.mode != EP_MODE_ON) {
        ep_refusal_conclude(r, state);
    }
    else {
        ep_report_line(r, state, "refused");
        ep_refusal_replace_page(r, state);
    }
}

/* An ErrorDocument is about to answer in place of a document of ours: a status
 * makes core go back and send its own page, which insert_error_page() meets. */
static int reject_error_document(request_rec *r)
{
    ep_request *state = ep_request_get(r);

    if (state != NULL && state->answered) {
        return DECLINED;
    }
    if (is_cut(state)) {
        return r->prev->status;
    }
    state = judge_core_refused(r);
    if (state != NULL && state->policy.mode != EP_MODE_ON) {
        return ep_refusal_conclude(r, state);
    }
    return state != NULL || ep_foreign_error(r->prev, r->prev->status) != NULL
               ? r->prev->status
               : DECLINED;
}

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
    ep_facts facts;

    if (!ep_facts_read(r, &facts)) {
        return DECLINED;
    }
    state = ep_request_make(r);
    state->facts = facts;
    ep_section_policy(r, r->per_dir_config, &state->policy);
    if (state->policy.mode == EP_MODE_OFF) {
        return DECLINED;
    }
    if (facts.content != EP_CONTENT_NONE) {
        ep_meter_attach_provisional(r, state);
    }
    if (has_no_place(r)) {
        /* the server's own policy is all that there is */
        ep_verdict_judge(&state->policy, &state->facts, &state->verdict);
        return ep_refusal_conclude(r, state);
    }
    /* a dry run waits for the place, so as to report once */
    if (state->policy.mode != EP_MODE_ON || state->policy.ceiling == NULL) {
        return DECLINED;
    }
    ep_policy_only_ceiling(&state->policy, state->policy.mode);
    ep_verdict_judge(&state->policy, &state->facts, &state->verdict);
    return state->verdict.code != EP_ADMITTED ? ep_refusal_conclude(r, state)
                                              : DECLINED;
}

/* 1 if a request is an ErrorDocument, or what one has led on to */
static int is_error_document(const request_rec *r)
{
    for (r = r->prev; r != NULL; r = r->prev) {
        if (r->status != HTTP_OK) {
            return 1;
        }
    }
    return 0;
}

/* 1 if a request is neither a part of another one's answer nor an ErrorDocument */
static int is_own(const request_rec *r)
{
    return r->main == NULL && !is_error_document(r);
}

/* There is nothing to judge on a head without content and Expect. */
static void set_aside(request_rec *r)
{
    if (ep_copy_is(r)) {
        ep_judge_copy_note(r);
    }
    else {
        ep_request_set_plain(r);
    }
}

static int check_host(request_rec *r)
{
    int asks;

    if (r->prev != NULL) {
        return r->prev->status != HTTP_OK ? reject_error_document(r)
                                          : DECLINED;
    }
    asks = ep_advertise_prepare(r);
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

static void know_from_now(request_rec *r, const ep_facts *facts)
{
    ep_request *state = ep_request_make(r);

    state->facts = *facts;
    state->has_facts = 1;
}

/*
 * What the client has sent: as it was in the first place that the request came
 * to, whether or not that has a policy.  After that, RequestHeader, which owners
 * may use, has edited the fields.
 */
static int know(request_rec *r, ep_facts *facts)
{
    const ep_request *state = ep_request_get(r);

    if (state == NULL || !state->has_facts) {
        if (!ep_facts_read(r, facts)) {
            return 0;
        }
        /* an owner has announced it in the place that has led on to here */
        if (r->prev != NULL) {
            ep_facts_drop_claims(facts);
        }
        know_from_now(r, facts);
    }
    *facts = ep_request_get(r)->facts;
    return 1;
}

/* 1 if a program has led on to a request without content: it has had the content
 * (RFC 3875 6.2.2) */
static int is_led_on(const request_rec *r, const ep_facts *facts)
{
    return strcmp(r->method, facts->method) != 0;
}

/* 1 if an owner may have taken away the fields by which an upload is known */
static int may_hide_content(request_rec *r)
{
    const ep_request *state = r->prev != NULL ? ep_request_get(r) : NULL;

    return state != NULL && state->has_facts;
}

/* 1 if all that is to be asked about an upload has been, and it may come in. */
static int is_admitted(const ep_request *state)
{
    return state->judged != NULL && state->waits == NULL
           && !state->is_uncounted && state->verdict.code == EP_ADMITTED;
}

/* Asks the place of an ErrorDocument about an upload that was admitted in its own.
 * What that place says is no verdict on the upload, whose policy and verdict stay.
 * counts: ask the limits that count, and nothing else.
 * @return 1 if a program there may have the content */
static int may_have_content(request_rec *r, ep_request *state, int counts)
{
    const ep_policy policy = state->policy;
    const ep_verdict verdict = state->verdict;
    int result = 1;

    ep_section_policy(r, r->per_dir_config, &state->policy);
    if (state->policy.mode == EP_MODE_ON) {
        ep_verdict_judge(&state->policy, &state->facts, &state->verdict);
        result = state->verdict.code == EP_ADMITTED
                 && (!counts || ep_claim_take(r, state));
        if (result && !counts) {
            ep_meter_attach(r, state);
            state->is_uncounted = state->policy.counted_count > 0;
        }
    }
    state->policy = policy;
    state->verdict = verdict;
    return result;
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

    ep_section_policy(r, r->prev->per_dir_config, &policy);
    if (policy.mode != EP_MODE_ON) {
        ep_section_policy(r, r->per_dir_config, &policy);
    }
    return policy.mode == EP_MODE_ON;
}

/*
 * An ErrorDocument is about to answer an upload, and a program would be given its
 * content.  It may have it of an upload that was admitted: not where an error came
 * before the place was known, before the user was, or before limits that count
 * were asked.  And the ErrorDocument's own place has to admit it as well.
 */
static int guard_content(request_rec *r)
{
    ep_request *state = ep_request_get(r);
    ep_facts facts;

    if ((state != NULL && state->is_withheld)
        || !know(r, &facts) || facts.content == EP_CONTENT_NONE) {
        return DECLINED;
    }
    if (state != NULL && is_admitted(state)) {
        state->judged = r->per_dir_config;
        if (!state->is_read && !may_have_content(r, state, 0)) {
            withhold(r, "its own place would not admit it");
        }
    }
    else if (is_guarded(r)) {
        withhold(r, "the upload was not admitted");
    }
    return DECLINED;
}

/* The limits that count in an ErrorDocument's place, once it knows its user. */
static int guard_counted(request_rec *r, ep_request *state)
{
    if (state->is_uncounted && !state->is_withheld) {
        state->is_uncounted = 0;
        if (!may_have_content(r, state, 1)) {
            withhold(r, "a limit of its own place has no room for it");
        }
    }
    return DECLINED;
}

/* mod_dir has led an ErrorDocument on to another place. */
static int guard_new_place(request_rec *r, ep_request *state)
{
    guard_content(r);
    return guard_counted(r, state);
}

/* Asks the limits that count in the policy just judged, if that is due. */
static int count(request_rec *r, ep_request *state)
{
    const int is_due = state->is_uncounted;

    state->is_uncounted = 0;
    return is_due && !ep_claim_take(r, state) ? ep_refusal_conclude(r, state)
                                              : DECLINED;
}

/* Judges the request in a place, given by its configuration.  is_early: httpd's
 * own authentication is still to come; where it is demanded, nothing is told
 * before it, and nobody learns what others have used. */
static int judge(request_rec *r, const ap_conf_vector_t *place, int is_early)
{
    ep_request *state;
    ep_facts facts;
    int result, is_known;

    if (!is_own(r)) {
        return DECLINED;
    }
    is_known = know(r, &facts) && !is_led_on(r, &facts);
    if (!ep_section_may_be_on(place) && !ep_section_has_ceiling(r)) {
        return ep_expect_hold_as_core(r);
    }
    if (!is_known) {
        return DECLINED;
    }
    state = ep_request_make(r);
    state->judged = place;
    ep_meter_end_provisional(state);
    ep_section_policy(r, place, &state->policy);
    if (state->policy.mode_by == NULL) {
        /* the place is Off; at most a ceiling holds */
        result = ep_expect_hold_as_core(r);
        if (result != DECLINED || state->policy.mode == EP_MODE_OFF) {
            return result;
        }
    }
    if (is_early && needs_user(r)) {
        state->waits = place;
        /* what is read meanwhile counts, though nothing is told */
        if (facts.content != EP_CONTENT_NONE) {
            ep_meter_attach(r, state);
        }
        return DECLINED;
    }
    ep_verdict_judge(&state->policy, &state->facts, &state->verdict);
    result = ep_refusal_conclude(r, state);
    if (result != DECLINED) {
        return result;
    }
    if (facts.ignores_continue && state->policy.mode == EP_MODE_ON) {
        r->expecting_100 = 0;
    }
    /* what a dry run would have refused is not reported twice */
    if (facts.content != EP_CONTENT_NONE
        && state->verdict.code == EP_ADMITTED) {
        ep_meter_attach(r, state);
        state->is_uncounted = state->policy.counted_count > 0;
        result = is_early ? DECLINED : count(r, state);
        if (result != DECLINED) {
            return result;
        }
    }
    /* a dry run leaves to core what core would have refused */
    return state->policy.mode == EP_MODE_DRY_RUN ? ep_expect_hold_as_core(r)
                                                 : DECLINED;
}

static int check_head(request_rec *r)
{
    /* Most requests are done here, at little cost. */
    if (ep_request_is_plain(r)) {
        return DECLINED;
    }
    if (!ep_facts_any(r) && !ep_advertise_may_answer(r)
        && !may_hide_content(r)) {
        set_aside(r);
        return DECLINED;
    }
    return is_error_document(r) ? guard_content(r)
                                : judge(r, r->per_dir_config, 1);
}

static int check_authenticated(request_rec *r)
{
    const ap_conf_vector_t *waits;
    ep_request *state;
    int result;

    if (ep_request_is_plain(r)) {
        return DECLINED;
    }
    /* of a subrequest as well, if it stands for an upload */
    ep_snapshot_add_authenticated(r);
    state = r->main == NULL ? ep_request_get(r) : NULL;
    if (state == NULL) {
        return DECLINED;
    }
    if (is_error_document(r)) {
        return guard_counted(r, state);
    }
    if (state->waits == NULL) {
        return count(r, state);
    }
    waits = state->waits;
    state->waits = NULL;
    result = judge(r, waits, 0);
    /* negotiation has led on to another place before this was judged */
    return result == DECLINED && waits != r->per_dir_config
               ? judge(r, r->per_dir_config, 0)
               : result;
}

/*
 * 1 if a request that announced no content does so now: an owner's RequestHeader has
 * added the field since, and httpd goes by it when the content is read.  The last
 * moment to see that is before the handler.
 */
static int announces_since(const request_rec *r, const ep_request *state,
                           ep_facts *facts)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    return ((core->override & OR_FILEINFO) != 0 || core->override_list != NULL)
           && (state == NULL || state->facts.content == EP_CONTENT_NONE)
           && ep_facts_any(r) && ep_facts_read(r, facts)
           && facts->content != EP_CONTENT_NONE;
}

static int check_place(request_rec *r)
{
    ep_request *state;
    int result = DECLINED;
    ep_facts facts;

    if (r->main != NULL
        || (ep_request_is_plain(r) && !announces_since(r, NULL, &facts))) {
        return DECLINED;
    }
    state = ep_request_get(r);
    if (is_error_document(r)) {
        return state != NULL && state->judged != r->per_dir_config
                   ? guard_new_place(r, state)
                   : DECLINED;
    }
    if (announces_since(r, state, &facts)) {
        ep_facts_drop_claims(&facts);
        know_from_now(r, &facts);
        state = ep_request_get(r);
        state->judged = NULL;
    }
    if (state == NULL || state->judged != r->per_dir_config) {
        result = judge(r, r->per_dir_config, 0);
        state = ep_request_get(r);
    }
    if (result == DECLINED && state != NULL
        && !ep_claim_check_handler(r, state)) {
        return ep_refusal_conclude(r, state);
    }
    if (result == DECLINED && state != NULL) {
        ep_meter_attach_handed(r, state);
    }
    if (result == DECLINED && ep_copy_is(r)) {
        return ep_judge_copy(r);
    }
    return result == DECLINED ? ep_advertise(r) : result;
}

static int pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog;
    (void)ptemp;
    ep_expect_hold_reset();
    ep_foreign_error_reset();
    ep_snapshot_reset();
    ep_claim_reset();
    ep_ledger_reset();
    ep_measure_reset();
    ep_handler_look(pconf);
    return OK;
}

/* Before core's hook puts the error log in the place of the terminal, and before
 * httpd detaches: at a start alone.  A process that only signals a running server
 * (-k stop) has ended by now, and so has -t. */
static int say_at_start(apr_pool_t *pconf, apr_pool_t *plog,
                        apr_pool_t *ptemp, server_rec *s)
{
    (void)plog;
    (void)ptemp;
    (void)s;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        ep_ledger_announce(pconf);
    }
    return OK;
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *s)
{
    int result;

    (void)plog;
    (void)ptemp;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    ep_document_init();
    result = ep_counters_open(pconf, s);
    if (result == OK) {
        result = ep_section_finish(pconf, s);
    }
    if (result != OK) {
        return result;
    }
    ep_ledger_open(pconf, s);
    return ep_measure_start(pconf, s, ep_ledger_provider_in_use(),
                            ep_section_has_owners(s, OR_LIMIT));
}

static void register_hooks(apr_pool_t *pool)
{
    static const char *const reads_content[] = { "mod_security2.c", NULL };
    static const char *const opens_log[] = { "core.c", NULL };

    ep_directives_register();
    ep_expect_hold_register();
    ep_refusal_register();
    ep_meter_register();
    ep_claim_register();
    ep_copy_register();
    ep_foreign_error_register();
    ep_advertise_register();
    ep_close_register();
    ep_drain_register();
    ep_dump_register();
    ep_ledger_register(pool);
    ep_measure_register();
    ep_handler_register();

    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_open_logs(say_at_start, NULL, opens_log, APR_HOOK_REALLY_FIRST);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);

    /* after mod_remoteip and `RequestHeader early`: the log line names the
     * right client, and what the administrator edited is what is judged */
    ap_hook_post_read_request(check_host, NULL, NULL, APR_HOOK_LAST);
    /* not access_checker, whose veto `Satisfy Any` overrules; and before
     * mod_ssl's renegotiation, which reads the content in access_checker */
    ap_hook_header_parser(check_head, NULL, NULL, APR_HOOK_FIRST);
    /* before mod_security, which reads the content at the same place */
    ap_hook_fixups(check_authenticated, NULL, reads_content,
                   APR_HOOK_REALLY_FIRST);
    /* before any handler (mod_proxy's is FIRST): mod_dir and mod_negotiation
     * swap the place under a request after all other hooks have run */
    ap_hook_handler(check_place, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* before mod_headers (LAST), so that it sees the final status */
    ap_hook_insert_error_filter(insert_error_page, NULL, NULL,
                                APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(expect_policy) = {
    STANDARD20_MODULE_STUFF,
    ep_section_create_dir,
    ep_section_merge_dir,
    ep_section_create_server,
    ep_section_merge_server,
    ep_directives,
    register_hooks
#if defined(AP_MODULE_FLAG_ALWAYS_MERGE)
    /* a virtual host without a directive of ours still inherits */
    , AP_MODULE_FLAG_ALWAYS_MERGE
#endif
};
