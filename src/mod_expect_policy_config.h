/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Directives: read, merged, and put together to a policy. */
#ifndef MOD_EXPECT_POLICY_CONFIG_H
#define MOD_EXPECT_POLICY_CONFIG_H

#include "mod_expect_policy.h"

extern const command_rec ep_config_commands[];

void *ep_config_create_dir(apr_pool_t *pool, char *where);
void *ep_config_merge_dir(apr_pool_t *pool, void *base, void *add);
void *ep_config_create_server(apr_pool_t *pool, server_rec *server);
void *ep_config_merge_server(apr_pool_t *pool, void *base, void *add);

/** Before a configuration is read: forgets what the one before it said. */
void ep_config_reset(void);

/** Once a configuration has been read.  @return OK or an HTTP status */
int ep_config_finish(apr_pool_t *pool, server_rec *main_server);

/** Some virtual host has a ceiling; read-only once a configuration is read. */
extern int ep_config_ceilings;

/** @return 0 if the policy is surely Off where @a vector holds; cheap */
int ep_config_may_be_on(const ap_conf_vector_t *vector);

/** @return 0 if the virtual host has no ceiling, or surely is Off itself */
int ep_config_has_ceiling(const request_rec *r);

/**
 * The policy where @a vector holds, for the virtual host of @a r.  Logs, once
 * each, what an .htaccess file says in vain.
 */
void ep_config_policy(request_rec *r, const ap_conf_vector_t *vector,
                      ep_policy *policy);

/**
 * The policy by which core's own refusal of an expectation is answered, before
 * any directory is known: that of the virtual host, or, if that is Off, of the
 * sections in it.
 */
void ep_config_host_policy(request_rec *r, ep_policy *policy);

#endif
