/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Bounds how many threads of all children wait for long, so that a slow disk cannot
 * block all threads.
 *
 * A thread needs a place to wait.  The places are shared memory that the parent makes
 * and never reads.  Each has a time after which it is free again, so a process that
 * dies while it waits keeps no place.  A time too far in the future is damage, and
 * the place counts as free.
 */
#ifndef EP_PATIENCE_H
#define EP_PATIENCE_H

#include "apr_pools.h"

/** The longest time that a thread waits, in microseconds. */
#define EP_PATIENCE_MOST apr_time_from_sec(2)

/**
 * Call it in the parent, before there are children.  If there is no memory, no thread
 * ever gets a place.
 * @param pool the places exist as long as this pool
 * @param workers how many threads answer requests, in all children
 */
void ep_patience_make(apr_pool_t *pool, int workers);

/**
 * Takes a place.
 * @param whom a hash of what the thread waits for: at most four threads have places
 *        for the same
 * @param now microseconds, by ep_clock_now()
 * @param until when the caller stops waiting, at most EP_PATIENCE_MOST after @a now
 * @return a place, for ep_patience_give(); below 0: there is none
 */
int ep_patience_take(apr_uint64_t whom, apr_int64_t now, apr_int64_t until);

/** Gives a place back.  @param place below 0: does nothing */
void ep_patience_give(int place);

#endif
