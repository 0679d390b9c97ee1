/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A module file of its own with providers of the ledger: it is compiled where no
 * other header of ours than ledger/provider.h can be found, and linked with
 * reference.c alone.
 *
 *     second      all members that reference.c has; its argument is "yes"
 *     least       no member but those that a provider must have
 *     broken      a member less than that
 *     half        some of the members for trees
 *     fleet       all members; servers share it, and each has its own trees
 */

#include "contract.h"

#include <string.h>

#include "ap_provider.h"
#include "http_config.h"

static ep_ledger_provider second, least, broken, half, fleet;

static const char *parse(apr_pool_t *pool, const char *argument,
                         void **config)
{
    (void)pool;
    *config = (void *)argument;
    return argument == NULL || strcmp(argument, "yes") == 0
               ? NULL
               : "second, or second:yes";
}

/* @return a message for all arguments but those that begin with "//yes" */
static const char *parse_any(apr_pool_t *pool, const char *argument,
                             void **config)
{
    (void)pool;
    *config = NULL;
    return argument != NULL && strncmp(argument, "//yes", 5) == 0
               ? NULL
               : "fleet://yes";
}

/* Children have the memory that is made here. */
static void post_config(apr_pool_t *pconf, server_rec *s, void *config)
{
    (void)pconf;
    (void)s;
    (void)config;
    contract_reference.set_up();
}

static void child_status(pid_t pid, int has_ended)
{
    if (has_ended) {
        contract_reference.tell_death(pid);
    }
}

static void add(apr_pool_t *pool, const char *name,
                const ep_ledger_provider *provider)
{
    ap_register_provider(pool, EP_LEDGER_GROUP, name, EP_LEDGER_VERSION,
                         provider);
}

static void register_hooks(apr_pool_t *pool)
{
    second = *contract_reference.provider;
    second.parse = parse;
    second.post_config = post_config;
    second.child_status = child_status;
    add(pool, "second", &second);

    memset(&least, 0, sizeof(least));
    least.parse = parse;
    least.post_config = post_config;
    least.reserve = second.reserve;
    least.grow = second.grow;
    least.settle = second.settle;
    least.release = second.release;
    add(pool, "least", &least);

    broken = least;
    broken.grow = NULL;
    add(pool, "broken", &broken);

    half = least;
    half.find_tree = second.find_tree;
    add(pool, "half", &half);

    fleet = second;
    fleet.is_shared = 1;
    fleet.parse = parse_any;
    add(pool, "fleet", &fleet);
    ap_register_provider(pool, EP_LEDGER_GROUP, "older", "0", &second);
}

AP_DECLARE_MODULE(expect_policy_second) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks
#if defined(AP_MODULE_FLAG_NONE)
    , AP_MODULE_FLAG_NONE
#endif
};
