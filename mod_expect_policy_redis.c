/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A ledger that several servers share, in Redis: `ExpectPolicyLedger redis://HOST`.
 * The module mod_expect_policy has to be loaded, too; it does not need this file.
 */

#include "httpd.h"
#include "http_config.h"
#include "http_core.h"
#include "http_log.h"

#include "core/status/version.h"
#include "redis/fleet.h"

extern module AP_MODULE_DECLARE_DATA expect_policy_redis_module;

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *s)
{
    (void)pconf;
    (void)plog;
    (void)ptemp;
    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        ap_log_error(__FILE__, __LINE__, expect_policy_redis_module.module_index,
                     APLOG_NOTICE, 0, s,
                     "mod_expect_policy_redis/" EP_VERSION " configured");
    }
    return OK;
}

static void start_child(apr_pool_t *pchild, server_rec *s)
{
    ep_fleet_start(pchild, s);
}

static void register_hooks(apr_pool_t *pool)
{
    ep_fleet_register(pool);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    /* behind child_init() of the provider, which is REALLY_FIRST */
    ap_hook_child_init(start_child, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(expect_policy_redis) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks
#if defined(AP_MODULE_FLAG_NONE)
    , AP_MODULE_FLAG_NONE
#endif
};
