/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The secretary of a server: keeps its incarnation known to Redis, and tells Redis
 * what is in the journal: sums, uploads under way, and ends.  One thread of all
 * children at a time.
 */
#ifndef EP_SECRETARY_H
#define EP_SECRETARY_H

#include "redis/journal.h"
#include "redis/url.h"

/** In a child. @param shm the provider whose claims are in the entries */
void ep_secretary_init(server_rec *s, ep_journal *journal, const ep_url *url,
                       const ep_ledger_provider *shm);

/** What is done for trees that servers share; see redis/fleet_trees. */
typedef struct ep_secretary_trees {
    /** an upload has ended in a tree, and Redis may not have counted it */
    void (*owe)(const ep_ledger_key *key);
    /** the secretary's work for them */
    void (*work)(int begins_anew, apr_int64_t until);
} ep_secretary_trees;

/** In a child. @param trees lives as long as the process */
void ep_secretary_set_trees(const ep_secretary_trees *trees);

/** How to work. */
typedef struct ep_secretary_task {
    /** of ep_conn_clock(): when to be done */
    apr_int64_t until;
    /** 1: what dead processes hold is ended, too */
    int looks_for_orphans;
    /** NULL: never; 0: go on; else to stop at once */
    volatile apr_uint32_t *stops;
} ep_secretary_task;

/** Becomes the secretary and tells Redis all, unless another thread is it.
 * @return 0: there is work left, since another thread is at it, or time was up */
int ep_secretary_work(const ep_secretary_task *task);

/** @return 1: something has ended that Redis can be told now */
int ep_secretary_has_work(void);

/** In a request: tells Redis what has ended, or waits until it was told.
 * @return 1: there was something, and now there is nothing; 0 else */
int ep_secretary_flush(apr_int64_t deadline);

/** In a request: makes sure that this server is known to Redis.  @return 1: it is */
int ep_secretary_register(apr_int64_t deadline);

/** In a request: waits until Redis knows the parts of an entry, and occupies it.
 * @return 1: nobody else calls for it until ep_journal_idle(); 0: it is not told */
int ep_secretary_await(ep_journal_entry *entry, apr_int64_t deadline);

#endif
