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
 * The same, of all trees that a path with wildcards stands for: as many as the
 * ledger has places for that nobody needs are measured before the first upload.
 * The other parameters are those of ep_offer_add().
 */
void ep_measure_match(apr_pool_t *pconf, const char *pattern, apr_uint64_t share,
                      int (*is_on)(const void *section), const void *section);

typedef enum ep_measure_result {
    /** it takes longer */
    EP_MEASURE_LATER,
    /** ask the ledger again */
    EP_MEASURE_DONE,
    /** it cannot be measured, or not be asked for: there is nothing to wait for */
    EP_MEASURE_FAILED
} ep_measure_result;

/**
 * For an upload that waits for the usage of a tree: measures it, or waits until
 * somebody else has.  A tree that was found not to be measurable is left to the
 * thread that measures.
 * @param charge a quota; says what was measured if the ledger has no place for it
 * @param until when to give up, by ep_clock_now()
 * @param longest the same, if there is a place for one who waits for longer
 *        (ep_patience_take()); at least @a until
 */
ep_measure_result ep_measure(ep_ledger_charge *charge, apr_int64_t until,
                             apr_int64_t longest);

/**
 * In post_config, before mod_watchdog's (LAST).
 * @param ledger that is told what trees come to; NULL: no tree is measured
 * @param has_owners 1: a quota may stand in an .htaccess file
 * @return OK or HTTP_INTERNAL_SERVER_ERROR, logged
 */
int ep_measure_start(apr_pool_t *pconf, server_rec *main_server,
                     const ep_ledger_provider *ledger, int has_owners);

#endif
