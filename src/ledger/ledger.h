/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The ledger: what uploads hold and have used, for all children.
 *
 * The rest of the module calls the functions below.  They call the implementation
 * that ExpectPolicyLedger names before the colon: a provider (ap_provider.h) in the
 * group EP_LEDGER_GROUP.  If the provider lacks an optional member, they answer
 * themselves.  No call waits longer than about 100 ms, except for the usage of a
 * tree that was never measured (EP_LEDGER_LONGEST).
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
    /** the ledger could not answer, and nothing was claimed:
     * ExpectPolicyLedgerFailure decides.  Logged already */
    EP_LEDGER_FAILED,
    /** nothing was claimed, as a limit that holds also without a ledger could not be
     * asked: see the denial.  The upload is refused.  Logged already */
    EP_LEDGER_REFUSED
} ep_ledger_result;

/** Registers the provider that is built in, `shm`, and the hooks. */
void ep_ledger_register(apr_pool_t *pool);

/** Before a configuration is read: forgets the choice of the previous one. */
void ep_ledger_reset(void);

/** Call it while the configuration is read, if a limit that counts is possible.
 * Without this no ledger is opened. */
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

/** Claims one charge with a claim of its own; logs nothing if it is not granted.
 * @param claim all 0  @return 1 if it was granted */
int ep_ledger_try(const ep_ledger_charge *charge, ep_ledger_claim *claim);

/** Claims 0 bytes of a tree: so a number that is measured while files move in it is
 * not used.
 * @param charge of 0 bytes  @param claim all 0, or one to add to */
void ep_ledger_disturb(const ep_ledger_charge *charge, ep_ledger_claim *claim);

/** @return bytes that are used of a tree; 0 if that is not known */
apr_int64_t ep_ledger_used(const ep_ledger_charge *charge);

/** Measures the trees among the charges that were not yet, all of them within
 * EP_LEDGER_PATIENCE. */
void ep_ledger_measure(ep_ledger_charge *charges, size_t count);

/**
 * Notes that the first content of an upload has arrived: revoked charges are claimed
 * again.
 * @param charges as they were reserved and grew
 */
ep_ledger_result ep_ledger_confirm(request_rec *r,
                                   const ep_ledger_charge *charges,
                                   size_t count, const ep_ledger_claim *claim,
                                   int fails_closed,
                                   ep_ledger_denial *denial);

/**
 * Settles a claim, which is all 0 afterwards.  If the lock is not free in time, it
 * is settled later.  Does nothing in a process that a child has forked to run a
 * program.
 */
void ep_ledger_settle(ep_ledger_claim *claim, apr_int64_t received,
                      apr_int64_t stored);

/** Releases a claim, and counts nothing; as ep_ledger_settle(). */
void ep_ledger_release(ep_ledger_claim *claim);

/**
 * Reads what is held and used in a charge's account.
 * @return as read_balance() of the provider; APR_ENOTIMPL: it does not tell
 */
apr_status_t ep_ledger_read_balance(const ep_ledger_charge *charge,
                                    ep_ledger_balance *balance);

/** How full the ledger is.
 * @return as count_entries() of the provider; APR_ENOTIMPL: it does not tell */
apr_status_t ep_ledger_count_entries(ep_ledger_counts *counts);

/** @return the provider, to measure its trees; NULL: no ledger is needed, or the
 * provider's trees are not measured */
const ep_ledger_provider *ep_ledger_find_measured(void);

#endif
