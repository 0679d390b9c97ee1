/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A ledger that several servers share, in Redis: `ExpectPolicyLedger redis://HOST`.
 * The module mod_expect_policy has to be loaded, too; it does not need this file.
 */

#include "httpd.h"
#include "http_config.h"

#include "redis/fleet.h"

static void start_child(apr_pool_t *pchild, server_rec *s)
{
    ep_fleet_start(pchild, s);
}

static void register_hooks(apr_pool_t *pool)
{
    ep_fleet_register(pool);
    /* behind child_init() of the provider, which is REALLY_FIRST */
    ap_hook_child_init(start_child, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(expect_policy_redis) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks
#if defined(AP_MODULE_FLAG_NONE)
    , AP_MODULE_FLAG_NONE
#endif
};
