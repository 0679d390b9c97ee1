/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Measures the trees of quotas in the background, and gives the numbers to the
 * ledger.  One child at a time does this, in a thread of mod_watchdog.
 */
#ifndef EP_MEASURE_H
#define EP_MEASURE_H

#include "request/request.h"

#include "ledger/provider.h"

/** Registers the hooks. */
void ep_measure_register(void);

/** Call it before a configuration is read: forgets the previous one. */
void ep_measure_reset(void);

/**
 * Call it while the configuration is read, if one of the server's files has a quota:
 * httpd then does not start without mod_watchdog.
 */
void ep_measure_need(void);

/**
 * Like ep_measure_need(), for a quota whose tree is known from the configuration: the
 * tree is measured before the first upload asks for it.
 * @param charge a quota; copied
 */
void ep_measure_plant(apr_pool_t *pconf, const ep_ledger_charge *charge);

/**
 * Like ep_measure_need(), for a quota whose path has wildcards: the trees that match
 * are measured before the first upload, as many as fit into unused places of the
 * ledger.  The parameters are those of ep_offer_add().
 */
void ep_measure_match(apr_pool_t *pconf, const char *pattern,
                      const ep_ledger_charge *charge, int (*is_on)(const void *section),
                      const void *section);

/**
 * @param path of a tree
 * @return the limit that the server's files give for it, bytes, the smallest of several;
 *         -1: they give none, or not for that path alone
 */
apr_int64_t ep_measure_limit_of(const char *path);

typedef enum ep_measure_result {
    /** it takes longer than the caller waits */
    EP_MEASURE_LATER,
    /** it was measured: call the ledger again */
    EP_MEASURE_DONE,
    /** it cannot be measured, or the ledger does not answer: waiting does not help */
    EP_MEASURE_FAILED
} ep_measure_result;

/**
 * For an upload that needs the usage of a tree: measures the tree, or waits until
 * another thread has measured it.  If a measurement of the tree has failed before,
 * only the background thread tries again.
 * @param charge a quota; `measured` is written if the ledger has no place for the
 *        tree
 * @param until when to stop waiting, by ep_clock_now()
 * @param longest when to stop waiting, if ep_patience_take() has a place; at least
 *        @a until
 */
ep_measure_result ep_measure(ep_ledger_charge *charge, apr_int64_t until,
                             apr_int64_t longest);

/**
 * Call it in post_config, before the hook of mod_watchdog (LAST).
 * @param ledger gets the numbers; NULL: no tree is measured
 * @param has_owners 1: a quota may stand in an .htaccess file
 * @return OK or HTTP_INTERNAL_SERVER_ERROR, logged
 */
int ep_measure_start(apr_pool_t *pconf, server_rec *main_server,
                     const ep_ledger_provider *ledger, int has_owners);

#endif
