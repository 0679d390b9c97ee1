/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Who may wait for long: places for threads of all children, so that a slow disk
 * does not take all of them.
 *
 * The places are shared memory that the parent makes and never looks at.  Each has
 * the time when it is free again at the latest, so that who dies while waiting
 * keeps none; and a time that is too far away, which a child may have written, is
 * none.
 */
#ifndef EP_PATIENCE_H
#define EP_PATIENCE_H

#include "apr_pools.h"

/** The longest that anybody waits, in microseconds. */
#define EP_PATIENCE_MOST apr_time_from_sec(2)

/**
 * In the parent, before there are children.  Without memory, nobody waits.
 * @param pool gives the memory back
 * @param workers that answer requests, in all children
 */
void ep_patience_make(apr_pool_t *pool, int workers);

/**
 * @param whom a hash of what is waited for: four threads at most wait for the same
 * @param now microseconds
 * @param until when the caller gives up, at most EP_PATIENCE_MOST later
 * @return a place, for ep_patience_give(); below 0: there is none
 */
int ep_patience_take(apr_uint64_t whom, apr_int64_t now, apr_int64_t until);

void ep_patience_give(int place);

#endif
