/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Counts what becomes of requests, per virtual host, for all children.
 *
 * A request counts once, when its pool goes, with what it came to over all
 * places and internal redirects on its way.  What counts is what has a verdict
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

/** The initial request of @a r came to this, unless it comes to more later. */
void ep_counters_note(request_rec *r, ep_request *state, ep_outcome outcome);

/** A client that a virtual host refused has sent this much, which was read and
 * thrown away. */
void ep_counters_drained(size_t place, apr_size_t bytes);

/** @return when counting began, in seconds since 1970 */
apr_time_t ep_counters_since(void);

/** The place of all virtual hosts that are more than there is room for. */
#define EP_COUNTERS_OTHERS 0

/** @return how many places are in use; virtual hosts of one name and port share
 * one */
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
