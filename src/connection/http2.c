/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "connection/http2.h"

#include <pthread.h>

#include "ap_mpm.h"
#include "util_filter.h"

#include "request/judgement.h"

/* How long a stream waits for the client to end it. */
#define WAIT_TIME apr_time_from_msec(100)
/* The most streams that wait at once, per child; each holds one of mod_http2's
 * workers.  mod_http2 has 1.5 times as many workers as the child has threads
 * (unless H2MaxWorkers says otherwise); one for every four threads may wait. */
#define WAITING_MAX 16
#define THREADS_PER_WAITING 4

/* The connections with a stream that waits; NULL: a free slot. */
static struct waiting {
    pthread_mutex_t mutex;
    const conn_rec *slot[WAITING_MAX];
} waiting = { PTHREAD_MUTEX_INITIALIZER, { NULL } };

/* @return a slot to wait in; NULL: another stream of the connection has one, or none
 * is free */
static const conn_rec **take_slot(const conn_rec *connection)
{
    const conn_rec **slot = NULL;
    int threads = 0;
    int i;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    pthread_mutex_lock(&waiting.mutex);
    for (i = 0; i < WAITING_MAX && i * THREADS_PER_WAITING < threads; i++) {
        if (waiting.slot[i] == connection) {
            slot = NULL;
            break;
        }
        if (waiting.slot[i] == NULL && slot == NULL) {
            slot = &waiting.slot[i];
        }
    }
    if (slot != NULL) {
        *slot = connection;
    }
    pthread_mutex_unlock(&waiting.mutex);
    return slot;
}

static void free_slot(const conn_rec **slot)
{
    pthread_mutex_lock(&waiting.mutex);
    *slot = NULL;
    pthread_mutex_unlock(&waiting.mutex);
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
 * mod_http2 resets an answered stream as soon as its worker returns, and a client
 * that is still sending may see the reset before the answer (curl up to 7.88 at
 * least).  When the client ends or resets the stream, mod_http2 sets c->aborted.
 * This does not read the input: that would open the window for more content.
 *
 * At most one stream of a connection waits: mod_http2 runs at least two at once, so
 * the other streams of the connection go on.
 */
void ep_http2_wait(request_rec *r, const ep_request *state,
                   const ep_judgement *judgement)
{
    conn_rec *c = r->connection;
    apr_interval_time_t left = WAIT_TIME;
    apr_interval_time_t step = apr_time_from_msec(1);
    const conn_rec **slot;

    if (c->master == NULL || c->aborted
        || ep_stage_body_is_read(state->body)
        || judgement->facts->content == EP_CONTENT_NONE
        || judgement->policy->linger == EP_LINGER_ABORT) {
        return;
    }
    slot = take_slot(c->master);
    if (slot == NULL) {
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
    free_slot(slot);
}
