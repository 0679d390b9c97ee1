/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "mod_expect_policy_close.h"

#include <pthread.h>

#include "ap_mpm.h"
#include "http_connection.h"
#include "http_core.h"
#include "util_filter.h"

#include "mod_expect_policy_counters.h"
#include "mod_expect_policy_drain.h"

/* The most content that is read so that a connection can be kept: what fits
 * into the first packets of a connection is there at once or not at all. */
#define KEEP_MAX 16384

/* How long a client on HTTP/2 may take to find its answer. */
#define LOOK_TIME apr_time_from_msec(100)
/* How many may at once, per child: one of mod_http2's workers waits for each.
 * There are half again as many of them as the child has threads (unless
 * H2MaxWorkers says otherwise); one for every four threads may wait. */
#define LOOK_MOST 16
#define LOOK_THREADS 4

/* The connections that have a stream which waits; NULL: a free place. */
static struct looks {
    pthread_mutex_t mutex;
    const conn_rec *at[LOOK_MOST];
} looks = { PTHREAD_MUTEX_INITIALIZER, { NULL } };

/* What a connection is marked with: how it is to end, and by which virtual host.
 * A number in place of a pointer, so that marking allocates nothing for a
 * connection's lifetime. */
#define LINGERS (EP_LINGER_ABORT + 1)

static void *make_mark(ep_linger linger, size_t place)
{
    return (void *)(apr_uintptr_t)(1 + place * LINGERS + linger);
}

static void read_mark(const void *mark, ep_linger *linger, size_t *place)
{
    const apr_uintptr_t number = (apr_uintptr_t)mark - 1;

    *linger = (ep_linger)(number % LINGERS);
    *place = number / LINGERS;
}

/* @return 1 if a brigade ends the content */
static int has_end(apr_bucket_brigade *bb)
{
    return !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));
}

/* Reads content that is there already, without waiting and without inviting
 * more: 100 Continue goes out on a blocking read only (ap_http_filter). */
static int takes_content(request_rec *r, apr_bucket_brigade *bb)
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
        bytes += length;
    }
    return 0;
}

/* Only what core reads without an opinion of its own: chunks that it does not
 * like, or a length above LimitRequestBody, it would answer with an error. */
static int is_small(request_rec *r, const ep_facts *facts)
{
    const apr_off_t limit = ap_get_limit_req_body(r);

    return facts->content == EP_CONTENT_SIZED && facts->declared <= KEEP_MAX
           && (limit <= 0 || facts->declared <= limit);
}

/* 1 if all content was there and is out of the way, and nothing follows it: a
 * client that sends more at once may not mean what httpd would make of it. */
static int is_clear(request_rec *r, const ep_request *state)
{
    conn_rec *c = r->connection;
    apr_bucket_brigade *bb;
    int clear;

    if (c->master != NULL || r->expecting_100
        || c->keepalive == AP_CONN_CLOSE || !is_small(r, &state->facts)) {
        return 0;
    }
    bb = apr_brigade_create(r->pool, c->bucket_alloc);
    clear = takes_content(r, bb);
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
 * Nothing may be read behind the answer while there is content that nobody
 * read: without this, ap_finalize_request_protocol() reads it all before the
 * answer leaves, and on a connection kept open content would be parsed as the
 * next request.  r->expecting_100 stays: alone, clearing it deadlocks.
 */
void ep_close_over_content(request_rec *r, const ep_request *state)
{
    conn_rec *c = r->connection;

    if (state->facts.content == EP_CONTENT_NONE || state->is_read
        || is_clear(r, state)) {
        return;
    }
    c->keepalive = AP_CONN_CLOSE;
    /* HTTP/2 ends the stream, not the connection */
    if (c->master == NULL) {
        ap_set_module_config(c->conn_config, &expect_policy_module,
                             make_mark(state->policy.linger,
                                       ep_counters_place(r->server)));
    }
}

/* @return a place to wait in; NULL: another stream of the connection has one,
 * or there is none left */
static const conn_rec **take_place(const conn_rec *connection)
{
    const conn_rec **place = NULL;
    int threads = 0;
    int i;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    pthread_mutex_lock(&looks.mutex);
    for (i = 0; i < LOOK_MOST && i * LOOK_THREADS < threads; i++) {
        if (looks.at[i] == connection) {
            place = NULL;
            break;
        }
        if (looks.at[i] == NULL && place == NULL) {
            place = &looks.at[i];
        }
    }
    if (place != NULL) {
        *place = connection;
    }
    pthread_mutex_unlock(&looks.mutex);
    return place;
}

static void leave_place(const conn_rec **place)
{
    pthread_mutex_lock(&looks.mutex);
    *place = NULL;
    pthread_mutex_unlock(&looks.mutex);
}

static void end_answer(request_rec *r)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, alloc);

    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(alloc));
    ap_pass_brigade(r->output_filters, bb);
    apr_brigade_destroy(bb);
}

/*
 * mod_http2 resets a stream that has its answer as soon as its worker is back,
 * and a client that is still sending may meet the reset before the answer (curl
 * up to 7.88 at least).  When the client ends or resets the stream, mod_http2
 * sets c->aborted.  The input is not waited on: reading it would open the
 * window for more.
 *
 * One stream of a connection waits: mod_http2 runs at least two of them at
 * once, so that its neighbours go on.
 */
void ep_close_look(request_rec *r, const ep_request *state)
{
    conn_rec *c = r->connection;
    apr_interval_time_t left = LOOK_TIME;
    apr_interval_time_t step = apr_time_from_msec(1);
    const conn_rec **place;

    if (c->master == NULL || c->aborted || state->is_read
        || state->facts.content == EP_CONTENT_NONE
        || state->policy.linger == EP_LINGER_ABORT) {
        return;
    }
    place = take_place(c->master);
    if (place == NULL) {
        return;
    }
    if (!r->eos_sent) {
        end_answer(r);
    }
    while (left > 0 && !c->aborted) {
        apr_sleep(step);
        left -= step;
        step = step * 2 < left ? step * 2 : left;
    }
    leave_place(place);
}

/*
 * Just before the MPM shuts the connection down and reads on until the client
 * stops sending (ap_start_lingering_close).  c->aborted, once the answer is
 * out, tells it not to.
 */
static int end_connection(conn_rec *c)
{
    const void *mark = ap_get_module_config(c->conn_config,
                                            &expect_policy_module);
    ep_linger linger;
    size_t place;

    if (mark == NULL || c->aborted) {
        return OK;
    }
    ap_flush_conn(c);
    if (c->aborted) {
        return OK;
    }
    read_mark(mark, &linger, &place);
    if (linger == EP_LINGER_ABORT || ep_drain(c, linger, place)) {
        c->aborted = 1;
    }
    else if (linger == EP_LINGER_SHORT) {
        apr_table_setn(c->notes, "short-lingering-close", "1");
    }
    return OK;
}

void ep_close_register(void)
{
    /* last: others may have something to send */
    ap_hook_pre_close_connection(end_connection, NULL, NULL, APR_HOOK_LAST);
}
