/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The connections of a child, and calls by them.  All calls from any thread.
 *
 *     ep_pool_call(now + url->timeout, 0, argc, argv, lens, &reply)
 */
#ifndef EP_POOL_H
#define EP_POOL_H

#include "httpd.h"

#include "redis/breaker.h"
#include "redis/conn.h"

/** In the parent, at each start and restart: resolves the names of the URL, and logs
 * which it cannot.  What it found is there in the children. */
void ep_pool_post_config(apr_pool_t *pconf, server_rec *s, const ep_url *url);

/**
 * In a child, as the user it serves as.  Starts a thread that resolves names again,
 * if there are any.
 * @param pchild when it is cleaned up, connections are closed
 * @param breaker in shared memory
 */
apr_status_t ep_pool_child_init(apr_pool_t *pchild, server_rec *s,
                                ep_breaker *breaker);

/**
 * Sends one command, and follows MOVED and ASK, two in all.  All of it ends by the deadline,
 * to connect included.  Logs when the breaker opens or closes.  A command that was
 * sent is never sent again, but for MOVED and ASK, which say that it did not run.
 * @param deadline of ep_conn_clock()
 * @param is_probe 1: a call in the background, see ep_breaker_may_call()
 * @param reply out: on NONE, to be freed by freeReplyObject(); else NULL.  No error
 */
ep_cause ep_pool_call(apr_int64_t deadline, int is_probe, int argc,
                      const char **argv, const size_t *lens,
                      redisReply **reply);

/** In the background, about once a second: closes connections that were idle for a
 * minute. */
void ep_pool_tidy(void);

#endif
