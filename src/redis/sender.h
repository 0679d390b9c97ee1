/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The background: one thread per child, which works as the secretary when something
 * has ended, else once a second.
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

#endif
