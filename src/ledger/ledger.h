/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The ledger: what uploads hold and have used, for all children.
 *
 * The rest of the module calls the functions below.  They call the implementation
 * that ExpectPolicyLedger names before the colon: a provider (ap_provider.h) in the
 * group EP_LEDGER_GROUP.  If the provider lacks an optional member, the functions do
 * what ledger/provider.h says of it.  No call waits longer than about 100 ms, except
 * for the usage of a tree that was never measured (EP_LEDGER_LONGEST).
 */
#ifndef EP_LEDGER_H
#define EP_LEDGER_H

#include "request/request.h"

#include "ledger/provider.h"

/** How long an upload waits for the usage of trees, in microseconds.  LONGEST: if the
 * upload would be refused without it.  It is below one second, since many clients
 * that send 100-continue wait for the answer for one second only. */
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
    /** a limit could not be checked that also holds if the ledger fails, and that may
     * not be overdrawn; nothing was claimed: see the denial.  The upload is refused.
     * Logged already */
    EP_LEDGER_REFUSED
} ep_ledger_result;

/** Registers the provider that is built in, `shm`, and the hooks. */
void ep_ledger_register(apr_pool_t *pool);

/** Call it before a configuration is read: forgets the choice of the previous
 * one. */
void ep_ledger_reset(void);

/** Call it while the configuration is read, if a limit that counts is possible.
 * Without this no ledger is opened. */
void ep_ledger_need(void);

/**
 * While the configuration is read: chooses the provider, as ExpectPolicyLedger says.
 * The ledger is then needed.
 * @return NULL, or which arguments are legal
 */
const char *ep_ledger_choose(apr_pool_t *pool, const char *argument);

/** While the configuration is read: there is a quota in the server's files. */
void ep_ledger_note_quota(const ep_setting *setting);

/** After the configuration was read.
 * @return NULL, or why the provider cannot count what the configuration says */
const char *ep_ledger_check(apr_pool_t *pool);

/** After the configuration was read for the first time: prints on the terminal
 * whether the ledger can be opened, since httpd detaches before it opens it. */
void ep_ledger_announce(apr_pool_t *pconf);

/** Opens the ledger.  Call it in post_config, after ep_log_once_init(). */
void ep_ledger_open(apr_pool_t *pconf, server_rec *main_server);

/**
 * What ExpectPolicyLedgerFailure says in a place.
 * @param is_small 1: the upload is small, and a ledger that fails never refuses it
 */
ep_failure ep_ledger_failure(const ep_policy *policy, int is_small);

/**
 * Claims all charges for an upload, or none: see reserve() of ep_ledger_provider.
 * Measures a tree whose usage is not known, for EP_LEDGER_PATIENCE at most, or
 * EP_LEDGER_LONGEST.  If this takes longer, only small uploads are granted, and only
 * under ExpectPolicyLedgerFailure Open.  Under Open, a tree that cannot be measured
 * counts as what is known of it, and a charge for which there is no room is left
 * out.  Under Closed, the ledger has failed in both cases.  Failures are logged.
 * @param r for the log
 * @param charges the usage of a measured tree is written to its charge, if the
 *        ledger has no place for the tree
 * @param failure of ep_ledger_failure()
 * @param is_dry_run 1: the policy is not On; EP_LEDGER_PATIENCE is never exceeded
 * @param claim NULL: nothing is claimed, only the answer is wanted; charges that could
 *        not be asked are then in left_out of the denial
 */
ep_ledger_result ep_ledger_reserve(request_rec *r, ep_ledger_charge *charges,
                                   size_t count, ep_failure failure, int is_dry_run,
                                   ep_ledger_claim *claim, ep_ledger_denial *denial);

/** Claims more bytes for an upload of unknown length. */
ep_ledger_result ep_ledger_grow(request_rec *r, ep_ledger_charge *charges,
                                size_t count, const ep_ledger_claim *claim,
                                apr_int64_t least, apr_int64_t most,
                                int fails_closed, int is_dry_run,
                                apr_int64_t *granted, ep_ledger_denial *denial);

/** Claims one charge with a claim of its own; logs nothing if it is not granted.
 * @param claim all 0; NULL: it is only asked  @return 1 if it was granted */
int ep_ledger_try(const ep_ledger_charge *charge, ep_ledger_claim *claim);

/** Claims 0 bytes of a tree, so that a number is not used that is measured while
 * files move in the tree.
 * @param charge of 0 bytes  @param claim all 0, or one to add to */
void ep_ledger_disturb(const ep_ledger_charge *charge, ep_ledger_claim *claim);

/** Files of the trees among the charges were removed, or may not have been stored: see
 * doubt_usage() of ep_ledger_provider. */
void ep_ledger_doubt(const ep_ledger_charge *charges, size_t count);

/** @return bytes that are used of a tree; 0 if that is not known */
apr_int64_t ep_ledger_used(const ep_ledger_charge *charge);

/** Measures the trees among the charges that were never measured, for
 * EP_LEDGER_PATIENCE at most in all. */
void ep_ledger_measure(ep_ledger_charge *charges, size_t count);

/** All content of an upload has been read: it takes no slot any more. */
void ep_ledger_end_content(const ep_ledger_claim *claim);

/**
 * Notes that the first content of an upload has arrived: its claim can no longer be
 * revoked, and revoked charges are claimed again.
 * @param charges as they were reserved, with what grow added to their amounts
 */
ep_ledger_result ep_ledger_confirm(request_rec *r,
                                   const ep_ledger_charge *charges,
                                   size_t count, const ep_ledger_claim *claim,
                                   int fails_closed,
                                   ep_ledger_denial *denial);

/**
 * Settles a claim, as settle() of ep_ledger_provider.  In a process that a child has
 * forked to run a program, nothing is settled.
 * @param claim all 0 afterwards, in any case
 */
void ep_ledger_settle(ep_ledger_claim *claim, apr_int64_t received,
                      apr_int64_t stored);

/** Releases a claim: gives back what it holds, and counts nothing.  Otherwise like
 * ep_ledger_settle(). */
void ep_ledger_release(ep_ledger_claim *claim);

/**
 * Reads what is held and used in the account of a charge.
 * @return as read_balance() of the provider; APR_ENOTIMPL: it does not tell
 */
apr_status_t ep_ledger_read_balance(const ep_ledger_charge *charge,
                                    ep_ledger_balance *balance);

/** How full the ledger is.
 * @return as count_entries() of the provider; APR_ENOTIMPL: it does not tell */
apr_status_t ep_ledger_count_entries(ep_ledger_counts *counts);

/** Tells the state of what servers share.
 * @return as read_shared() of the provider; APR_ENOTIMPL: nothing is shared */
apr_status_t ep_ledger_read_shared(ep_ledger_shared *shared);

/** @return the provider whose trees have to be measured; NULL: no ledger is needed, or
 * the provider measures nothing */
const ep_ledger_provider *ep_ledger_find_measured(void);

#endif
