/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What an implementation of the ledger has to offer: a provider of httpd's
 * (ap_provider.h), by the name that ExpectPolicyLedger has before its colon. */
#ifndef EP_PROVIDER_H
#define EP_PROVIDER_H

#include "httpd.h"

#include "core/book/book.h"

#define EP_LEDGER_GROUP "expect_policy_ledger"
#define EP_LEDGER_VERSION "0"

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

    /** As their namesakes in core/book/book.h.  APR_SUCCESS: @a result says what
     * came of it; otherwise it could not be asked: APR_TIMEUP, somebody else has
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

#endif
