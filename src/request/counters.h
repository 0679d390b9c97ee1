/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Counts the outcomes of requests, per virtual host, for all children.
 *
 * A request counts once, when its pool is destroyed, with its outcome over all
 * places and internal redirects.  Only requests with a verdict count
 * (EXPECT_POLICY_VERDICT); all other requests cost nothing.
 */
#ifndef EP_COUNTERS_H
#define EP_COUNTERS_H

#include "request/request.h"

#include "core/status/tally.h"

/**
 * In post_config, in the parent: makes the memory, which a graceful restart
 * leaves as it is, and gives each virtual host a place in it.
 * @param pconf for what belongs to this configuration
 * @return OK, or HTTP_INTERNAL_SERVER_ERROR, logged
 */
int ep_counters_open(apr_pool_t *pconf, server_rec *main_server);

/** Notes an outcome of the initial request of @a r; a stronger one replaces it. */
void ep_counters_note(request_rec *r, ep_request *state,
                      const ep_judgement *judgement, ep_outcome outcome);

/** Counts bytes that a client sent after its refusal, and that were thrown away. */
void ep_counters_drained(size_t place, apr_size_t bytes);

/** @return NAME:PORT of a virtual host as status pages tell it; NAME where the main server
 * has no port; in @a pool, not escaped */
const char *ep_counters_name(apr_pool_t *pool, const server_rec *s);

/** Counts a call that the ledger could not answer. */
void ep_counters_failed(ep_tally_cause why);

/** @return how many there were for one cause */
int64_t ep_counters_failures(ep_tally_cause why);

/** @return when counting began, in seconds since 1970 */
apr_time_t ep_counters_since(void);

/** The place of all virtual hosts for which there is no place of their own. */
#define EP_COUNTERS_OTHERS 0

/** @return how many places are in use; virtual hosts of one name and port share
 * one.  They are in the order of the files, behind EP_COUNTERS_OTHERS */
size_t ep_counters_places(void);

/** @return the place of a virtual host, below ep_counters_places() */
size_t ep_counters_place(const server_rec *server);

/**
 * @param place below ep_counters_places()
 * @param tally filled in
 * @return the name and port of its virtual host, as configured
 */
const char *ep_counters_read(size_t place, ep_tally *tally);

#endif
