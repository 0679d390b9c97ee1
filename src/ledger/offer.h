/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Finds the directories that match paths with wildcards, if these have a quota in the
 * server's files, and offers them to the ledger.  The thread that measures does this,
 * once in each child that measures.
 */
#ifndef EP_OFFER_H
#define EP_OFFER_H

#include "httpd.h"

#include "ledger/provider.h"

/** Call it before a configuration is read: forgets the previous one. */
void ep_offer_reset(void);

/**
 * While the configuration is read: a section has a quota.
 * @param pattern a path with wildcards, absolute; kept
 * @param charge `share`, `limit` and `is_local` of each directory that matches; copied
 * @param is_on called after the whole configuration was read; 0: the section is Off,
 *        and nothing is searched for
 * @param section argument for @a is_on
 */
void ep_offer_add(apr_pool_t *pconf, const char *pattern,
                  const ep_ledger_charge *charge, int (*is_on)(const void *section),
                  const void *section);

/** Call it after the configuration was read: chooses the patterns to search for. */
void ep_offer_start(apr_pool_t *pconf);

/**
 * Continues the search for a while.  Only one thread of a child may call it.
 * @param is_enough 1 ends this step
 * @return 1 when all is offered
 */
int ep_offer_go(const ep_ledger_provider *ledger, server_rec *s,
                int (*is_enough)(void *data), void *data);

#endif
