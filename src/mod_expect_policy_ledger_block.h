/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The block of memory that a book is in: a file that is mapped, and a lock.
 * Nothing here knows httpd, so that it runs in a test without it.
 *
 * The parent opens it once; it is inherited by fork.  Calls come from any
 * thread of any process that has it.
 */
#ifndef MOD_EXPECT_POLICY_LEDGER_BLOCK_H
#define MOD_EXPECT_POLICY_LEDGER_BLOCK_H

#include "apr_errno.h"

#include "ep_book.h"

/** Who changes a struct that is kept here, or in the book, counts this up: a
 * server that restarts with another build of the module has the old ones. */
#define EP_BLOCK_LAYOUT 4

/** What is kept for the life of the process, however often the module is
 * loaded anew: no address of code or data of the module. */
typedef struct ep_block {
    apr_uint32_t layout;
    /** is locked for as long as a process has it; to read only */
    int fd;
    /** the file, mapped: a page that tells what it is, and the book */
    void *memory;
    /** of the book, in bytes */
    apr_size_t size;
    /** nobody who does not know it can tell which keys meet in the book */
    ep_key secret;
    /** the lock and what is owed; in no file */
    struct ep_block_shared *shared;
} ep_block;

typedef enum ep_block_opened {
    /** with what a server before this one has counted */
    EP_BLOCK_FOUND,
    /** empty */
    EP_BLOCK_NEW,
    /** it cannot be had */
    EP_BLOCK_MISSING,
    /** there is something that must not be used */
    EP_BLOCK_REFUSED
} ep_block_opened;

#define EP_BLOCK_WHY_SIZE 256

/**
 * Opens or makes the file, and maps it.  Claims of processes that are gone are
 * given back.  Waits up to @a patience microseconds for those that still have
 * it.
 * @param block filled in on FOUND and NEW
 * @param why out: in an administrator's words, without the file's name; empty
 *        if there is nothing to say
 */
ep_block_opened ep_block_open(ep_block *block, const char *path,
                              apr_size_t size, apr_int64_t patience,
                              char why[EP_BLOCK_WHY_SIZE]);

/**
 * From now on the calls below are about this block.
 * @param block outlives all calls; NULL: there is none
 */
void ep_block_use(const ep_block *block);

/**
 * Computes anew what can be computed.
 * @return APR_SUCCESS; APR_EGENERAL: it was no book any more, and is an empty
 *         one now; or as the calls below
 */
apr_status_t ep_block_mend(void);

/** As in ep_ledger_provider. */
apr_status_t ep_block_reserve(const ep_part *parts, size_t count,
                              int is_lenient, ep_claim *claim,
                              ep_book_result *result, ep_denial *denial);
apr_status_t ep_block_grow(const ep_part *parts, size_t count,
                           const ep_claim *claim, apr_int64_t least,
                           apr_int64_t most, apr_int64_t *granted,
                           ep_book_result *result, ep_denial *denial);
void ep_block_settle(ep_claim *claim, apr_int64_t received,
                     apr_int64_t stored);
void ep_block_release(ep_claim *claim);
apr_status_t ep_block_recover(apr_uint32_t dead);
apr_status_t ep_block_tree(apr_uint32_t *place, ep_tree *tree);
apr_status_t ep_block_plant(const ep_part *part);
apr_status_t ep_block_ask(const ep_part *part, ep_tree *tree);
apr_status_t ep_block_measured(const ep_tree *before, apr_int64_t bytes,
                               apr_int64_t took, int insists);
apr_status_t ep_block_balance(ep_kind kind, ep_key key, ep_balance *balance);
apr_status_t ep_block_count(ep_book_counts *counts);

#endif
