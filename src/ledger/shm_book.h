/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The block of memory that a book is in, as a child has it: a file that is
 * mapped, a lock, and what the parent tells.  Nothing here calls httpd, so that
 * it runs in a test without it.
 *
 * Each child maps the file itself, and calls come from any of its threads.  The
 * parent, which may be root, has none of this in its hands: it makes the memory
 * for the lock before there are children, cannot read or write it from then on,
 * and tells children by numbers which it writes and never reads.
 */
#ifndef EP_SHM_BOOK_H
#define EP_SHM_BOOK_H

#include "apr_errno.h"

#include "core/book/book.h"
#include "ledger/provider.h"

/** Where the book begins in its file, in bytes. */
#define EP_SHM_BOOK_FRONT_SIZE 4096
/** Places for processes that have died. */
#define EP_SHM_BOOK_DEAD 64

/** What the parent tells: written by it alone, and never read by it. */
typedef struct ep_shm_book_orders {
    /** 0: somebody else has the file's lock, so nothing may be counted yet */
    volatile apr_uint32_t is_open;
    /** 1: the file was just made, so that there is no book in it yet */
    volatile apr_uint32_t is_empty;
    /** counts starts and restarts from 1 on: the book is to be mended */
    volatile apr_uint32_t mend;
    /** counts deaths; number i is in dead[i % EP_SHM_BOOK_DEAD], written before */
    volatile apr_uint32_t deaths;
    volatile apr_uint32_t dead[EP_SHM_BOOK_DEAD];
} ep_shm_book_orders;

/** What a child needs to get at the ledger; nothing of it changes meanwhile. */
typedef struct ep_shm_book {
    /** the file, to read only; it is locked for as long as a process has it */
    int fd;
    /** its name, for systems without /proc */
    const char *path;
    /** of the book, in bytes */
    apr_size_t size;
    /** nobody who does not know it can tell which keys meet in the book */
    ep_key secret;
    /** see ep_shm_book_orders.mend */
    apr_uint32_t configuration;
    ep_shm_book_orders *orders;
    /** the lock and what is owed; in no file */
    struct ep_shm_book_shared *shared;
} ep_shm_book;

/**
 * In the parent: memory that children will share with it, all 0.
 * @return NULL: it cannot be had
 */
void *ep_shm_book_make_memory(apr_size_t size);

/**
 * In the parent: memory for the lock, which this process cannot read or write
 * any more.
 * @return NULL: it cannot be had
 */
struct ep_shm_book_shared *ep_shm_book_make_shared(void);

/** In the parent. */
void ep_shm_book_drop_shared(struct ep_shm_book_shared *shared);

/**
 * Opens a file that is open to read once more, to write as well.
 * @param path of the file, for systems without /proc
 * @return the descriptor; -1: errno says why, ESTALE: the name leads elsewhere
 */
int ep_shm_book_reopen(int fd, const char *path);

/**
 * In a child, while it still may open the file: maps it.  Reads and writes
 * nothing of it, nor can anybody else in this process until ep_shm_book_start().
 * @param block outlives the process, or ep_shm_book_unmap()
 */
apr_status_t ep_shm_book_map(const ep_shm_book *block);

/**
 * In a child, as the user that it serves as: from now on the calls below are
 * answered.  What dead processes hold is given back first.
 * @return APR_SUCCESS, also if somebody else has the lock; or why they are not
 */
apr_status_t ep_shm_book_start(void);

/** The calls below find no ledger any more. */
void ep_shm_book_unmap(void);

/** @return 1, once: this process found that there was no book any more, at a
 * start or restart, and made an empty one */
int ep_shm_book_was_anew(void);

/* As in ep_ledger_provider. */

apr_status_t ep_shm_book_reserve(const ep_ledger_charge *charges,
                                 apr_size_t count, int is_lenient,
                                 ep_ledger_claim *claim,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial);
apr_status_t ep_shm_book_confirm(const ep_ledger_charge *charges,
                                 apr_size_t count,
                                 const ep_ledger_claim *claim,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial);
apr_status_t ep_shm_book_grow(const ep_ledger_charge *charges,
                              apr_size_t count, const ep_ledger_claim *claim,
                              apr_int64_t least, apr_int64_t most,
                              apr_int64_t *granted, ep_ledger_outcome *outcome,
                              ep_ledger_denial *denial);
void ep_shm_book_settle(ep_ledger_claim *claim, apr_int64_t received,
                        apr_int64_t stored);
void ep_shm_book_release(ep_ledger_claim *claim);
apr_status_t ep_shm_book_next_tree(apr_uint32_t *place, ep_ledger_tree *tree);
apr_status_t ep_shm_book_announce_trees(const ep_ledger_charge *charges,
                                        int count, int *without);
apr_status_t ep_shm_book_offer_tree(const ep_ledger_charge *charge);
apr_status_t ep_shm_book_end_offers(void);
apr_status_t ep_shm_book_find_tree(const ep_ledger_charge *charge,
                                   ep_ledger_tree *tree);
apr_status_t ep_shm_book_report_usage(const ep_ledger_tree *before,
                                      apr_int64_t bytes, apr_int64_t took,
                                      int insists);
apr_status_t ep_shm_book_read_balance(ep_ledger_kind kind,
                                      const ep_ledger_key *key,
                                      ep_ledger_balance *balance);
apr_status_t ep_shm_book_count_entries(ep_ledger_counts *counts);

#endif
