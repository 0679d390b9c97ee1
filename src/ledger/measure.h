/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Measures trees of quotas in the background, and tells the ledger what they
 * came to.  One child at a time does it, in a thread of mod_watchdog's.
 */
#ifndef EP_MEASURE_H
#define EP_MEASURE_H

#include "request/request.h"

#include "ledger/provider.h"

/** Registers the hooks. */
void ep_measure_register(void);

/** Before a configuration is read: forgets what the one before it said. */
void ep_measure_reset(void);

/**
 * While the configuration is read: one of the server's files has a quota, so
 * httpd must not start without mod_watchdog.
 */
void ep_measure_need(void);

/**
 * The same, of a tree that is known already: it is measured before the first
 * upload asks for it.
 * @param charge a quota; copied
 */
void ep_measure_plant(apr_pool_t *pconf, const ep_ledger_charge *charge);

/**
 * For an upload that waits for the usage of a tree: measures it, or waits until
 * somebody else has.  A tree that was found not to be measurable is left to the
 * thread that measures.
 * @param charge a quota; says what was measured if the ledger has no place for it
 * @param until when to give up, by ep_clock_now()
 * @return 1: ask the ledger again; 0: there is nothing to wait for
 */
int ep_measure(ep_ledger_charge *charge, apr_int64_t until);

/**
 * In post_config, before mod_watchdog's (LAST).
 * @param ledger that is told what trees come to; NULL: no tree is measured
 * @param has_owners 1: a quota may stand in an .htaccess file
 * @return OK or HTTP_INTERNAL_SERVER_ERROR, logged
 */
int ep_measure_start(apr_pool_t *pconf, server_rec *main_server,
                     const ep_ledger_provider *ledger, int has_owners);

#endif
