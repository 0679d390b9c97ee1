/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The background: tells Redis which uploads have ended, renews the lease, and asserts
 * what is held when Redis has lost it.  One thread per child; one of them at a time
 * does it for all children of the server.
 */
#ifndef EP_SENDER_H
#define EP_SENDER_H

#include "redis/journal.h"
#include "redis/url.h"

/**
 * In a child.  The thread ends with the pool.
 * @param shm the provider whose claims are in the entries
 */
apr_status_t ep_sender_start(apr_pool_t *pchild, server_rec *s,
                             ep_journal *journal, const ep_url *url,
                             const ep_ledger_provider *shm);

/** Something has ended: the thread does not wait for its time. */
void ep_sender_wake(void);

/** In a request: tells Redis what has ended, or waits until it was told.
 * @return 1: there was something, and now there is nothing; 0 else */
int ep_sender_flush(apr_int64_t deadline);

/** In a request: makes sure that this server is known to Redis.  @return 1: it is */
int ep_sender_register(apr_int64_t deadline);

/** @return ms of Redis' clock, as far as it is known here */
apr_int64_t ep_sender_redis_time(void);

#endif
