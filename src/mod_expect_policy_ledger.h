/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The ledger: what uploads hold and have used, for all children.
 *
 * The functions below are what the rest of the module calls; they hand on to
 * the implementation that ExpectPolicyLedger names, a provider of httpd's
 * (ap_provider.h) in the group EP_LEDGER_GROUP, by the name that stands before
 * the colon.  No call waits longer than about 100 ms for anything.
 */
#ifndef MOD_EXPECT_POLICY_LEDGER_H
#define MOD_EXPECT_POLICY_LEDGER_H

#include "mod_expect_policy.h"

#include "ep_book.h"

#define EP_LEDGER_GROUP "expect_policy_ledger"
#define EP_LEDGER_VERSION "0"

/** How long an upload waits for the usage of trees, in microseconds. */
#define EP_LEDGER_PATIENCE apr_time_from_msec(80)

typedef enum ep_ledger_result {
    /** all parts are claimed */
    EP_LEDGER_GRANTED,
    /** one part does not fit: see the denial; nothing was claimed */
    EP_LEDGER_DENIED,
    /** the ledger could not answer, and nothing was claimed: what holds now is
     * for ExpectPolicyLedgerFailure to say.  Logged already */
    EP_LEDGER_FAILED,
    /** nothing was claimed, as a limit that holds whatever becomes of the ledger
     * could not be asked: see the denial's part.  The upload is refused.  Logged
     * already */
    EP_LEDGER_REFUSED
} ep_ledger_result;

/** An implementation.  Calls come from any thread of any child. */
typedef struct ep_ledger_provider {
    /**
     * While the configuration is read.
     * @param argument what stands behind the name and its colon; NULL: nothing
     * @param config out: handed to open(); lives as long as @a pool
     * @return NULL, or what is legal there
     */
    const char *(*parse)(apr_pool_t *pool, const char *argument,
                         void **config);
    /** In the parent, before httpd detaches: what open() is going to find, in
     * an administrator's words.  Changes nothing.
     * @return NULL: nothing to be told */
    const char *(*check)(apr_pool_t *pconf, void *config);
    /** In post_config, in the parent.  What cannot be had is logged, and later
     * calls fail. */
    void (*open)(apr_pool_t *pconf, server_rec *s, void *config);
    /** In the parent: a child has started, or has ended */
    void (*child)(pid_t pid, int has_ended);
    /** In the parent, every ten seconds or so */
    void (*look_after)(server_rec *s);
    /** In a child, before it becomes the user that it serves as: opens what
     * that one may not, and looks at nothing */
    void (*attach)(server_rec *s);
    /** In a child, before anything is asked */
    void (*start)(server_rec *s);
    /** @return NULL, or what this process found out and nobody was told */
    const char *(*news)(void);

    /** As their namesakes in ep_book.h.  APR_SUCCESS: @a result says what came
     * of it; otherwise it could not be asked: APR_TIMEUP, somebody else has
     * had it for too long; APR_EAGAIN, another server has it; APR_EINIT, there is none; APR_EGENERAL, it is
     * corrupt */
    apr_status_t (*reserve)(const ep_part *parts, size_t count,
                            int is_lenient, ep_claim *claim,
                            ep_book_result *result, ep_denial *denial);
    apr_status_t (*grow)(const ep_part *parts, size_t count,
                         const ep_claim *claim, apr_int64_t least,
                         apr_int64_t most, apr_int64_t *granted,
                         ep_book_result *result, ep_denial *denial);
    apr_status_t (*feed)(const ep_claim *claim, ep_book_result *result);
    apr_status_t (*regain)(const ep_part *parts, size_t count,
                           const ep_claim *claim, ep_book_result *result,
                           ep_denial *denial);
    /** What cannot be done at once is done soon; @a claim is all 0 */
    void (*settle)(ep_claim *claim, apr_int64_t received, apr_int64_t stored);
    void (*release)(ep_claim *claim);
    /** For those who measure trees: the first one from a place on, which is
     * then its own.  Places go from 0 until APR_EOF.  APR_NOTFOUND: none was
     * found so far, and it is to be asked again from where the place is now. */
    apr_status_t (*tree)(apr_uint32_t *place, ep_tree *tree);
    /** Announces trees that are to be measured, once for each configuration,
     * whichever child calls.  What was announced before the server started, and
     * is not now, is forgotten.
     * @param parts NULL: there are none
     * @param without out: how many there was no room for, or 0 */
    apr_status_t (*plant)(const ep_part *parts, int count, int *without);
    /** Finds or makes the tree of a part, to measure it.  APR_ENOSPC: there is no
     * place for it */
    apr_status_t (*ask)(const ep_part *part, ep_tree *tree);
    /** APR_EAGAIN: the number was not taken */
    apr_status_t (*measured)(const ep_tree *before, apr_int64_t bytes,
                             apr_int64_t took, int insists);
    /** For operators. */
    apr_status_t (*balance)(ep_kind kind, ep_key key, ep_balance *balance);
    apr_status_t (*count)(ep_book_counts *counts);
} ep_ledger_provider;

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

/** In post_config, after ep_once_init(). */
void ep_ledger_open(apr_pool_t *pconf, server_rec *main_server);

/** In a child: logs what the ledger's provider found out, if anything. */
void ep_ledger_tell_news(server_rec *s);

/**
 * Claims all parts for an upload, or none (ep_book_reserve()).  A tree whose
 * usage is not known is measured, if that takes no longer than
 * EP_LEDGER_PATIENCE.  If it takes longer, small uploads are granted under
 * ExpectPolicyLedgerFailure Open, and all others refused.  A tree that cannot be
 * measured counts as empty under Open, and a part that there is no room for is
 * left out; under Closed, either makes the ledger unavailable.  It is logged.
 * @param r for the log
 * @param parts may come to say what was measured
 * @param fails_closed what ExpectPolicyLedgerFailure says here; 1: Closed
 */
ep_ledger_result ep_ledger_reserve(request_rec *r, ep_part *parts,
                                   size_t count, int fails_closed,
                                   ep_claim *claim, ep_denial *denial);

/** Claims more bytes for an upload of unknown length (ep_book_grow()). */
ep_ledger_result ep_ledger_grow(request_rec *r, ep_part *parts,
                                size_t count, const ep_claim *claim,
                                apr_int64_t least, apr_int64_t most,
                                int fails_closed, apr_int64_t *granted,
                                ep_denial *denial);

/** Claims one part for itself, and says nothing if there is none to be had.
 * @param claim all 0  @return 1 if it was granted */
int ep_ledger_try(const ep_part *part, ep_claim *claim);

/** @return bytes that are used of a tree; 0 where nobody knows */
apr_int64_t ep_ledger_used(const ep_part *part);

/**
 * The first content of an upload has arrived (ep_book_feed()): what its claim gave
 * away meanwhile is claimed once more.
 * @param parts as they were reserved and grew
 */
ep_ledger_result ep_ledger_feed(request_rec *r, const ep_part *parts,
                                size_t count, const ep_claim *claim,
                                int fails_closed, ep_denial *denial);

/**
 * The upload is done (ep_book_settle()).  @a claim is all 0 afterwards; one
 * that could not be given back within the time is given back later.  Nothing
 * happens in a process that a child has forked to run a program.
 */
void ep_ledger_settle(ep_claim *claim, apr_int64_t received,
                      apr_int64_t stored);

/** The upload came to nothing (ep_book_release()); as ep_ledger_settle(). */
void ep_ledger_release(ep_claim *claim);

/** The provider, for those who measure trees or show balances; NULL: no ledger
 * is needed */
const ep_ledger_provider *ep_ledger_provider_in_use(void);

#endif
