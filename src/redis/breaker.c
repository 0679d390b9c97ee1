/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/breaker.h"

#include "apr_atomic.h"

#define PROBE_EVERY_MS (EP_BREAKER_PROBE_EVERY / 1000)

const apr_uint32_t ep_breaker_limits[EP_BREAKER_STEPS - 1] = {
    250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000
};

int ep_breaker_is_open(ep_breaker *breaker)
{
    return apr_atomic_read32(&breaker->is_open) != 0;
}

/* @return 1: this caller does the probe that is due */
static int take_probe(ep_breaker *breaker, apr_int64_t now)
{
    const apr_uint32_t at = (apr_uint32_t)(now / 1000);
    const apr_uint32_t next = apr_atomic_read32(&breaker->next_probe);

    /* further ahead than it is ever set is wrong, or long past */
    if (next - at > 0 && next - at <= PROBE_EVERY_MS) {
        return 0;
    }
    return apr_atomic_cas32(&breaker->next_probe, at + PROBE_EVERY_MS, next)
           == next;
}

int ep_breaker_may_call(ep_breaker *breaker, int is_probe, apr_int64_t now)
{
    if (!ep_breaker_is_open(breaker)
        || (is_probe && take_probe(breaker, now))) {
        return 1;
    }
    if (!is_probe) {
        apr_atomic_inc64(&breaker->causes[EP_CAUSE_OPEN]);
    }
    return 0;
}

static void count(ep_breaker *breaker, ep_cause cause, apr_int64_t took)
{
    int step = 0;

    while (step < EP_BREAKER_STEPS - 1 && took > ep_breaker_limits[step]) {
        step++;
    }
    apr_atomic_inc64(&breaker->steps[step]);
    apr_atomic_add64(&breaker->took, (apr_uint64_t)(took > 0 ? took : 0));
    if ((unsigned)cause < EP_CAUSES) {
        apr_atomic_inc64(&breaker->causes[cause]);
    }
}

/* @return SAME: another caller has done it */
static ep_breaker_news change(ep_breaker *breaker, apr_uint32_t to,
                              ep_breaker_news news)
{
    return apr_atomic_cas32(&breaker->is_open, to, !to) == !to
               ? news
               : EP_BREAKER_SAME;
}

static ep_breaker_news note_success(ep_breaker *breaker)
{
    if (apr_atomic_read32(&breaker->failures_in_a_row) != 0) {
        apr_atomic_set32(&breaker->failures_in_a_row, 0);
    }
    if (!ep_breaker_is_open(breaker)) {
        return EP_BREAKER_SAME;
    }
    return change(breaker, 0, EP_BREAKER_CLOSED);
}

static ep_breaker_news note_failure(ep_breaker *breaker, ep_cause cause)
{
    const apr_uint32_t before =
        apr_atomic_inc32(&breaker->failures_in_a_row);
    ep_breaker_news news;

    if (before < EP_BREAKER_FAILURES - 1
        && cause != EP_CAUSE_CONNECT_TIMEOUT) {
        return EP_BREAKER_SAME;
    }
    news = change(breaker, 1, EP_BREAKER_OPENED);
    if (news == EP_BREAKER_OPENED) {
        apr_atomic_set32(&breaker->cause, (apr_uint32_t)cause);
        apr_atomic_inc32(&breaker->opened);
    }
    return news;
}

ep_breaker_news ep_breaker_note(ep_breaker *breaker, ep_cause cause,
                                apr_int64_t took)
{
    count(breaker, cause, took);
    /* Redis answered: it lacks a script, and gets it next */
    return cause == EP_CAUSE_NONE || cause == EP_CAUSE_NOSCRIPT
               ? note_success(breaker)
               : note_failure(breaker, cause);
}
