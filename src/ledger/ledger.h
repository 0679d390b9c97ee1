/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The ledger: what uploads hold and have used, for all children.
 *
 * The functions below are what the rest of the module calls; they hand on to
 * the implementation that ExpectPolicyLedger names, a provider of httpd's
 * (ap_provider.h) in the group EP_LEDGER_GROUP, by the name that stands before
 * the colon.  A member that it does not have is answered here.  No call waits
 * longer than about 100 ms for anything, but for the usage of a tree that was never
 * measured (EP_LEDGER_LONGEST).
 */
#ifndef EP_LEDGER_H
#define EP_LEDGER_H

#include "request/request.h"

#include "ledger/provider.h"

/** How long an upload waits for the usage of trees, in microseconds: always, and
 * where it would be refused without.  Many clients that ask first send their content
 * after a second without an answer. */
#define EP_LEDGER_PATIENCE apr_time_from_msec(80)
#define EP_LEDGER_LONGEST apr_time_from_msec(800)

typedef enum ep_ledger_result {
    /** all charges are claimed */
    EP_LEDGER_GRANTED,
    /** one charge does not fit: see the denial; nothing was claimed */
    EP_LEDGER_DENIED,
    /** the ledger could not answer, and nothing was claimed: what holds now is
     * for ExpectPolicyLedgerFailure to say.  Logged already */
    EP_LEDGER_FAILED,
    /** nothing was claimed, as a limit that holds whatever becomes of the ledger
     * could not be asked: see the denial.  The upload is refused.  Logged
     * already */
    EP_LEDGER_REFUSED
} ep_ledger_result;

/** Registers the provider that is built in, `shm`, and the hooks. */
void ep_ledger_register(apr_pool_t *pool);

/** Before a configuration is read: forgets what the one before it said. */
void ep_ledger_reset(void);

/** While the configuration is read: something may come to be counted.  Without
 * this no ledger is opened. */
void ep_ledger_need(void);

/**
 * While the configuration is read: ExpectPolicyLedger.  The ledger is needed
 * then.
 * @return NULL, or what is legal
 */
const char *ep_ledger_choose(apr_pool_t *pool, const char *argument);

/** Once the configuration is read for the first time: says on the terminal what
 * will become of the ledger, for httpd detaches before it is opened. */
void ep_ledger_announce(apr_pool_t *pconf);

/** In post_config, after ep_log_once_init(). */
void ep_ledger_open(apr_pool_t *pconf, server_rec *main_server);

/**
 * Claims all charges for an upload, or none (ep_ledger_provider).  A tree whose
 * usage is not known is measured, if that takes no longer than
 * EP_LEDGER_PATIENCE, or EP_LEDGER_LONGEST.  If it takes longer, small uploads are granted under
 * ExpectPolicyLedgerFailure Open, and all others refused.  A tree that cannot be
 * measured counts as empty under Open, and a charge that there is no room for is
 * left out; under Closed, either makes the ledger unavailable.  It is logged.
 * @param r for the log
 * @param charges may come to say what was measured
 * @param fails_closed what ExpectPolicyLedgerFailure says here; 1: Closed
 */
ep_ledger_result ep_ledger_reserve(request_rec *r, ep_ledger_charge *charges,
                                   size_t count, int fails_closed,
                                   ep_ledger_claim *claim, ep_ledger_denial *denial);

/** Claims more bytes for an upload of unknown length. */
ep_ledger_result ep_ledger_grow(request_rec *r, ep_ledger_charge *charges,
                                size_t count, const ep_ledger_claim *claim,
                                apr_int64_t least, apr_int64_t most,
                                int fails_closed, apr_int64_t *granted,
                                ep_ledger_denial *denial);

/** Claims one charge for itself, and says nothing if there is none to be had.
 * @param claim all 0  @return 1 if it was granted */
int ep_ledger_try(const ep_ledger_charge *charge, ep_ledger_claim *claim);

/** Claims nothing of a tree, so that no number is taken that is measured while
 * files move about in it.
 * @param charge of 0 bytes  @param claim all 0, or one to add to */
void ep_ledger_disturb(const ep_ledger_charge *charge, ep_ledger_claim *claim);

/** @return bytes that are used of a tree; 0 where nobody knows */
apr_int64_t ep_ledger_used(const ep_ledger_charge *charge);

/** Measures the trees among the charges that were not yet, all of them within
 * EP_LEDGER_PATIENCE. */
void ep_ledger_measure(ep_ledger_charge *charges, size_t count);

/**
 * The first content of an upload has arrived: what its claim gave away meanwhile is
 * claimed once more.
 * @param charges as they were reserved and grew
 */
ep_ledger_result ep_ledger_confirm(request_rec *r,
                                   const ep_ledger_charge *charges,
                                   size_t count, const ep_ledger_claim *claim,
                                   int fails_closed,
                                   ep_ledger_denial *denial);

/**
 * The upload is done.  @a claim is all 0 afterwards; one
 * that could not be given back within the time is given back later.  Nothing
 * happens in a process that a child has forked to run a program.
 */
void ep_ledger_settle(ep_ledger_claim *claim, apr_int64_t received,
                      apr_int64_t stored);

/** The upload came to nothing; as ep_ledger_settle(). */
void ep_ledger_release(ep_ledger_claim *claim);

/**
 * What is held and used of a charge's account.
 * @return as read_balance() of the provider; APR_ENOTIMPL: it does not tell
 */
apr_status_t ep_ledger_read_balance(const ep_ledger_charge *charge,
                                    ep_ledger_balance *balance);

/** How full the ledger is.
 * @return as count_entries() of the provider; APR_ENOTIMPL: it does not tell */
apr_status_t ep_ledger_count_entries(ep_ledger_counts *counts);

/** The provider, for those who measure trees; NULL: no ledger is needed, or the
 * provider's trees are not measured */
const ep_ledger_provider *ep_ledger_find_measured(void);

#endif
