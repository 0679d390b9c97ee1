/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Trees on storage that all servers share.  Redis has their numbers, and one server at a
 * time measures a tree, for all.  `shm` has a copy of each tree, which is judged by
 * while Redis does not answer.  What is known here of a tree in Redis is a note, in
 * memory that all children share.  A child may write anything there: what is read is
 * bounded.
 */
#ifndef EP_FLEET_TREES_H
#define EP_FLEET_TREES_H

#include "redis/journal.h"
#include "redis/url.h"

/** The most shared trees of which this server knows something at a time. */
#define EP_FLEET_TREES_MOST 4096u

typedef struct ep_fleet_trees ep_fleet_trees;

/** In the parent: as ep_journal_make(). */
ep_fleet_trees *ep_fleet_trees_make(apr_pool_t *process, const char *key);

/** In a child. */
void ep_fleet_trees_init(server_rec *s, ep_fleet_trees *trees, ep_journal *journal,
                         const ep_url *url, const ep_ledger_provider *shm);

/** @return 1: the charge is of a tree that all servers share */
int ep_fleet_trees_has(const ep_ledger_charge *charge);

/** An upload asks for a tree.
 * @param is_doubted out: 1: files of it were removed, or may not have been stored
 * @return bytes that `shm` knows to be used; -1: none */
apr_int64_t ep_fleet_trees_ask(const ep_ledger_charge *charge, int *is_doubted);

/* As in ep_ledger_provider. */

apr_status_t ep_fleet_trees_next(apr_uint32_t *place, ep_ledger_tree *tree);
apr_status_t ep_fleet_trees_announce(const ep_ledger_charge *charges, int count,
                                     int *without);
apr_status_t ep_fleet_trees_offer(const ep_ledger_charge *charge);
apr_status_t ep_fleet_trees_find(const ep_ledger_charge *charge, ep_ledger_tree *tree);
apr_status_t ep_fleet_trees_begin(ep_ledger_tree *tree);
void ep_fleet_trees_drop(const ep_ledger_tree *tree);
apr_status_t ep_fleet_trees_doubt(const ep_ledger_charge *charge);
apr_status_t ep_fleet_trees_report(const ep_ledger_tree *before, apr_int64_t bytes,
                                   apr_int64_t took, int insists);
apr_status_t ep_fleet_trees_balance(ep_ledger_kind kind, const ep_ledger_key *key,
                                    ep_ledger_balance *balance);

#endif
