/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Finds the directories that wildcards with a quota in the server's files stand
 * for, and offers them to the ledger.  The thread that measures does it, once in
 * each child that comes to measure.
 */
#ifndef EP_OFFER_H
#define EP_OFFER_H

#include "httpd.h"

#include "ledger/provider.h"

/** Before a configuration is read: forgets what the one before it said. */
void ep_offer_reset(void);

/**
 * While the configuration is read: a section has a quota.
 * @param pattern a path with wildcards, absolute; kept
 * @param share of ep_part
 * @param is_on asked once all is read; 0: the section is Off
 * @param section for that
 */
void ep_offer_add(apr_pool_t *pconf, const char *pattern, apr_uint64_t share,
                     int (*is_on)(const void *section), const void *section);

/** Once the configuration is read. */
void ep_offer_start(apr_pool_t *pconf);

/**
 * Goes on for a while, in one thread of a child.
 * @param is_enough 1 ends this step
 * @return 1 when all is offered
 */
int ep_offer_go(const ep_ledger_provider *ledger, server_rec *s,
                   int (*is_enough)(void *data), void *data);

#endif
