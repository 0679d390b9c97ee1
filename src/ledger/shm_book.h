/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The book in a child: a mapped file, a lock, and orders of the parent.  Nothing here
 * calls httpd, so tests run it without httpd.
 *
 * Each child maps the file itself, and any of its threads may call.  The parent, which
 * may be root, never uses the file or the lock: it makes the memory for the lock
 * before there are children, and cannot read or write it afterwards.  The parent
 * gives orders by numbers that it writes and never reads.
 */
#ifndef EP_SHM_BOOK_H
#define EP_SHM_BOOK_H

#include "apr_errno.h"

#include "core/book/book.h"
#include "ledger/provider.h"

/** The offset of the book in its file, in bytes. */
#define EP_SHM_BOOK_FRONT_SIZE 4096
/** How many dead processes the orders can name at a time. */
#define EP_SHM_BOOK_DEAD 64

/** Orders of the parent.  Only the parent writes them, and it never reads them. */
typedef struct ep_shm_book_orders {
    /** 0: another server has the lock of the file, so nothing may be counted yet */
    volatile apr_uint32_t is_open;
    /** 1: the file was just made, and has no book yet */
    volatile apr_uint32_t is_empty;
    /** the number of starts and restarts, from 1: after each one, a child repairs the
     * book */
    volatile apr_uint32_t mend;
    /** the number of deaths.  Death i is in dead[i % EP_SHM_BOOK_DEAD], and is written
     * before this number */
    volatile apr_uint32_t deaths;
    volatile apr_uint32_t dead[EP_SHM_BOOK_DEAD];
} ep_shm_book_orders;

/** What a child needs to use the ledger.  It does not change after a child was
 * forked. */
typedef struct ep_shm_book {
    /** the file, open for reading only; locked as long as a process has it open */
    int fd;
    /** its name, for systems without /proc */
    const char *path;
    /** of the book, in bytes */
    apr_size_t size;
    /** for hashes: without it, nobody can find keys that share places in the book */
    ep_key secret;
    /** see ep_shm_book_orders.mend */
    apr_uint32_t configuration;
    ep_shm_book_orders *orders;
    /** the lock and the owed claims; not in the file */
    struct ep_shm_book_shared *shared;
} ep_shm_book;

/**
 * In the parent: makes memory, all 0, that children will share.
 * @return NULL: there is no memory
 */
void *ep_shm_book_make_memory(apr_size_t size);

/**
 * In the parent: makes the memory for the lock.  The parent can neither read nor write
 * it afterwards.
 * @return NULL: there is no memory, or no lock
 */
struct ep_shm_book_shared *ep_shm_book_make_shared(void);

/** In the parent: gives the memory back. */
void ep_shm_book_drop_shared(struct ep_shm_book_shared *shared);

/**
 * Opens a file again, for reading and writing.
 * @param fd the file, open for reading
 * @param path of the file, for systems without /proc
 * @return a new descriptor; -1: errno says why, ESTALE: another file has the name now
 */
int ep_shm_book_reopen(int fd, const char *path);

/**
 * In a child that may still open the file: maps it.  Until ep_shm_book_start(), no code
 * in this process can read or write the mapped memory.
 * @param block lives as long as the process, or until ep_shm_book_unmap()
 */
apr_status_t ep_shm_book_map(const ep_shm_book *block);

/**
 * In a child that has changed its user: gives back what dead processes hold.  The
 * calls below are answered from now on.
 * @return APR_SUCCESS, also if another process has the lock; otherwise the calls fail
 */
apr_status_t ep_shm_book_start(void);

/** Unmaps the file.  The calls below then return APR_EINIT. */
void ep_shm_book_unmap(void);

/** @return 1, only once: at a start or restart, this process found damage instead of a
 * book, and made an empty book */
int ep_shm_book_was_anew(void);

/* As in ep_ledger_provider. */

apr_status_t ep_shm_book_reserve(const ep_ledger_charge *charges,
                                 apr_size_t count, int how,
                                 ep_ledger_claim *claim,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial);
apr_status_t ep_shm_book_foresee(const ep_ledger_charge *charges,
                                 apr_size_t count, int how,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial);
apr_status_t ep_shm_book_confirm(const ep_ledger_charge *charges,
                                 apr_size_t count,
                                 const ep_ledger_claim *claim,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial);
void ep_shm_book_end_content(const ep_ledger_claim *claim);
apr_uint32_t ep_shm_book_trim(const ep_ledger_claim *claim, apr_uint32_t kept);
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
apr_status_t ep_shm_book_doubt_usage(const ep_ledger_charge *charge);
void ep_shm_book_name_tree(const ep_ledger_key *key, ep_ledger_key *id);
apr_status_t ep_shm_book_report_usage(const ep_ledger_tree *before,
                                      apr_int64_t bytes, apr_int64_t took,
                                      int insists);
apr_status_t ep_shm_book_read_balance(ep_ledger_kind kind,
                                      const ep_ledger_key *key,
                                      ep_ledger_balance *balance);
apr_status_t ep_shm_book_count_entries(ep_ledger_counts *counts);

#endif
