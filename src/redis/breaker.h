/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The circuit breaker: as long as Redis does not answer, nobody waits for it.
 *
 *     CLOSED --3 failures in a row, or to connect took too long--> OPEN
 *     OPEN   --a probe in the background succeeds----------------> CLOSED
 *
 * One for all children of a server, in shared memory, without a lock.  Its owner
 * places it, all 0.  Any child can write anything there: what is read is bounded,
 * and the worst that a wrong number does is that Redis is asked or is not.
 */
#ifndef EP_BREAKER_H
#define EP_BREAKER_H

#include "apr.h"

#include "redis/reply.h"

/** Failures in a row that open it. */
#define EP_BREAKER_FAILURES 3
/** Span from one probe to the next, in microseconds. */
#define EP_BREAKER_PROBE_EVERY 1000000

/** How many calls took up to this many microseconds; the last: any number. */
#define EP_BREAKER_STEPS 12
extern const apr_uint32_t ep_breaker_limits[EP_BREAKER_STEPS - 1];

/** All members are read and written by apr_atomic alone. */
typedef struct ep_breaker {
    /** 1: open */
    apr_uint32_t is_open;
    apr_uint32_t failures_in_a_row;
    /** of ep_conn_clock(), in milliseconds, which wrap: the next probe */
    apr_uint32_t next_probe;
    /** an ep_cause: why it was opened last */
    apr_uint32_t cause;
    /** how often it was opened */
    apr_uint32_t opened;
    /** calls that were sent, and the microseconds that they took in all */
    apr_uint64_t steps[EP_BREAKER_STEPS];
    apr_uint64_t took;
    /** failures by cause; NONE: calls that succeeded; OPEN: those not sent */
    apr_uint64_t causes[EP_CAUSES];
} ep_breaker;

/** What a call has changed; for one log line of the server. */
typedef enum ep_breaker_news {
    EP_BREAKER_SAME,
    EP_BREAKER_OPENED,
    EP_BREAKER_CLOSED
} ep_breaker_news;

/**
 * @param is_probe 1: a call in the background, which the open breaker lets pass once
 *        in EP_BREAKER_PROBE_EVERY; 0: one that a request waits for
 * @param now of ep_conn_clock()
 * @return 1: call; 0: do not, and count this as OPEN
 */
int ep_breaker_may_call(ep_breaker *breaker, int is_probe, apr_int64_t now);

/** Counts a call that ep_breaker_may_call() let pass.
 *  @param took span; microseconds */
ep_breaker_news ep_breaker_note(ep_breaker *breaker, ep_cause cause,
                                apr_int64_t took);

/** @return 1: open */
int ep_breaker_is_open(ep_breaker *breaker);

#endif
