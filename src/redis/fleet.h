/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The provider of a ledger that servers share by way of Redis: `redis`, `rediss` and
 * `redis+unix`.
 *
 * It has the provider `shm` in it.  What concerns this server alone, trees of files
 * included, is counted there only.  Allowances and uploads at once are counted there
 * and in Redis, in one call for all limits of an upload.  To end an upload asks
 * nothing: the background tells Redis (redis/sender).
 */
#ifndef EP_FLEET_H
#define EP_FLEET_H

#include "ledger/provider.h"

/** Registers the providers. */
void ep_fleet_register(apr_pool_t *pool);

/** In a child, after child_init() of the provider.  Nothing happens if the
 * configuration names another one. */
void ep_fleet_start(apr_pool_t *pchild, server_rec *s);

#endif
