/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "connection/close.h"

#include "http_connection.h"
#include "http_core.h"
#include "util_filter.h"

#include "connection/drain.h"
#include "core/book/amount.h"
#include "request/counters.h"
#include "request/judgement.h"

/* The most content, in bytes, that is read to keep a connection.  So much fits
 * into the first packets of a connection, so nothing has to wait for it. */
#define KEEP_MAX 16384

/* The mark of a connection: how it will end, and the number of the virtual host.  It
 * is a number that is stored as a pointer, so that nothing is allocated from the
 * connection's pool. */
#define LINGERS (EP_LINGER_ABORT + 1)

static void *make_mark(ep_linger linger, size_t host)
{
    return (void *)(apr_uintptr_t)(1 + host * LINGERS + linger);
}

static void read_mark(const void *mark, ep_linger *linger, size_t *host)
{
    const apr_uintptr_t number = (apr_uintptr_t)mark - 1;

    *linger = (ep_linger)(number % LINGERS);
    *host = number / LINGERS;
}

/* @return 1 if a brigade ends the content */
static int has_end(apr_bucket_brigade *bb)
{
    return !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));
}

/* Reads and discards content that has arrived.  Does not wait, and does not send 100
 * Continue: ap_http_filter sends it only on a blocking read.
 * @return 1 if the content has ended */
static int discard_arrived(request_rec *r, apr_bucket_brigade *bb)
{
    int64_t bytes = 0;

    while (bytes <= KEEP_MAX) {
        apr_off_t length = 0;

        apr_brigade_cleanup(bb);
        if (ap_get_brigade(r->proto_input_filters, bb, AP_MODE_READBYTES,
                           APR_NONBLOCK_READ, KEEP_MAX) != APR_SUCCESS
            || APR_BRIGADE_EMPTY(bb)
            || apr_brigade_length(bb, 0, &length) != APR_SUCCESS
            || length < 0) {
            return 0;
        }
        if (has_end(bb)) {
            return 1;
        }
        bytes = ep_amount_plus(bytes, length);
    }
    return 0;
}

/* Excludes content that core answers with an error of its own while it is read:
 * malformed chunks, and a length above LimitRequestBody. */
static int is_small(request_rec *r, const ep_facts *facts)
{
    const apr_off_t limit = ap_get_limit_req_body(r);

    return facts->content == EP_CONTENT_SIZED && facts->declared <= KEEP_MAX
           && (limit <= 0 || facts->declared <= limit);
}

/* @return 1 if all content had arrived and was discarded, and nothing follows it: the
 * client may not mean what follows as a request */
static int discard_small(request_rec *r, const ep_facts *facts)
{
    conn_rec *c = r->connection;
    apr_bucket_brigade *bb;
    int clear;

    if (c->master != NULL || r->expecting_100
        || c->keepalive == AP_CONN_CLOSE || !is_small(r, facts)) {
        return 0;
    }
    bb = apr_brigade_create(r->pool, c->bucket_alloc);
    clear = discard_arrived(r, bb);
    if (clear) {
        apr_brigade_cleanup(bb);
        clear = ap_get_brigade(c->input_filters, bb, AP_MODE_SPECULATIVE,
                               APR_NONBLOCK_READ, 1) != APR_SUCCESS
                || APR_BRIGADE_EMPTY(bb);
    }
    apr_brigade_destroy(bb);
    return clear;
}

/*
 * Unread content must not stay on an open connection: without this,
 * ap_finalize_request_protocol() would read all of it before the answer leaves, and
 * on a kept connection content would be parsed as the next request.
 * r->expecting_100 stays set: clearing it alone causes a deadlock.
 */
void ep_close_over_content(request_rec *r, const ep_request *state,
                           const ep_judgement *judgement)
{
    conn_rec *c = r->connection;

    if (judgement->facts->content == EP_CONTENT_NONE
        || ep_stage_body_is_read(state->body)
        || discard_small(r, judgement->facts)) {
        return;
    }
    c->keepalive = AP_CONN_CLOSE;
    /* on HTTP/2, the stream ends and not the connection */
    if (c->master == NULL) {
        ap_set_module_config(c->conn_config, &expect_policy_module,
                             make_mark(judgement->policy->linger,
                                       ep_counters_place(r->server)));
    }
}

/*
 * Runs just before the MPM shuts the connection down and reads until the client
 * stops sending (ap_start_lingering_close).  If c->aborted is set, the MPM closes at
 * once; so the answer is flushed first.
 */
static int end_connection(conn_rec *c)
{
    const void *mark = ap_get_module_config(c->conn_config,
                                            &expect_policy_module);
    ep_linger linger;
    size_t host;

    if (mark == NULL || c->aborted) {
        return OK;
    }
    ap_flush_conn(c);
    if (c->aborted) {
        return OK;
    }
    read_mark(mark, &linger, &host);
    if (linger == EP_LINGER_ABORT || ep_drain(c, linger, host)) {
        c->aborted = 1;
    }
    else if (linger == EP_LINGER_SHORT) {
        apr_table_setn(c->notes, "short-lingering-close", "1");
    }
    return OK;
}

void ep_close_register(void)
{
    /* last: other modules may still have something to send */
    ap_hook_pre_close_connection(end_connection, NULL, NULL, APR_HOOK_LAST);
}
