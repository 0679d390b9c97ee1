/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The configuration of sections: keeps and merges their settings, and composes the
 * policy. */
#ifndef EP_SECTION_H
#define EP_SECTION_H

#include "config/values.h"
#include "request/request.h"

void *ep_section_create_dir(apr_pool_t *pool, char *where);
void *ep_section_merge_dir(apr_pool_t *pool, void *base, void *add);
void *ep_section_create_server(apr_pool_t *pool, server_rec *server);
void *ep_section_merge_server(apr_pool_t *pool, void *base, void *add);

/**
 * Call it while a section is read: keeps a setting.  The last one for a rule holds.
 * @param section what ep_section_create_dir() made
 * @param is_owners it stands in an .htaccess file
 * @param setting lives as long as @a pool
 */
void ep_section_say(apr_pool_t *pool, void *section, int is_owners,
                    ep_rule rule, const ep_setting *setting);

/** @return the setting of a rule in a section that is being read; NULL: none so far */
const ep_setting *ep_section_said(const void *section, ep_rule rule);

/** Keeps ExpectPolicyOverride of a section that is being read.
 * @return the setting that it replaces; NULL: none */
const ep_setting *ep_section_say_override(void *section, const ep_setting *setting);

/** Keeps ExpectPolicyCeiling of a virtual host that is being read.
 * @return the setting that it replaces; NULL: none */
const ep_setting *ep_section_say_ceiling(server_rec *server, const ep_setting *setting);

/** Features whose costs arise only if the configuration uses them. */
typedef enum ep_feature {
    EP_FEATURE_EARLY_ERRORS,
    EP_FEATURES
} ep_feature;

/** Call it while hooks are registered.
 * @param begin called when a directive that uses the feature is read, for example to
 *        register further hooks */
void ep_section_when_used(ep_feature feature, void (*begin)(void));

/** Call it while the configuration is read, if it uses the feature. */
void ep_section_use(ep_feature feature);

/** Notes the mode (ep_mode) of a section in a virtual host that is being read. */
void ep_section_say_section_mode(server_rec *server, const ep_setting *setting);

/** Call it after a configuration was read.  @return OK or an HTTP status */
int ep_section_finish(apr_pool_t *pool, server_rec *main_server);

/** @return 0 if the policy is surely Off where @a vector holds.  It composes no policy,
 * so each request can afford it. */
int ep_section_may_be_on(const ap_conf_vector_t *vector);

/** @return 0 if the virtual host has no ceiling, or its own mode is surely Off */
int ep_section_has_ceiling(const request_rec *r);

/**
 * Composes the policy where @a vector holds, for the virtual host of @a r.  Logs lines
 * of .htaccess files that have no effect, each once.
 */
void ep_section_policy(request_rec *r, const ap_conf_vector_t *vector,
                       ep_values_when when, ep_policy *policy);

/** @return the same, which lives as long as the initial request */
const ep_policy *ep_section_make_policy(request_rec *r,
                                        const ap_conf_vector_t *vector,
                                        ep_values_when when);

/**
 * @param policy out: set if 1 is returned
 * @return 1 if ExpectPolicyAdvertise is On where @a vector holds, and it is not a dry
 *         run, which changes no answer
 */
int ep_section_advertises(request_rec *r, const ap_conf_vector_t *vector,
                          ep_values_when when, ep_policy *policy);

/**
 * Composes the policy for core's refusal of an expectation, which comes before any
 * directory is known: the policy of the virtual host; if that is Off, of the sections
 * in it.
 */
void ep_section_host_policy(request_rec *r, ep_policy *policy);

/** Call it after the configuration was read.
 * @param override a class of AllowOverride; OR_LIMIT for this module's directives
 * @return 1 if .htaccess files in some directory may have directives of this class */
int ep_section_has_owners(const server_rec *main_server, int override);

/** @return 1 if a section, not merged with others, has a directive of this module */
int ep_section_says(const ap_conf_vector_t *section);

/** @return 1 if the setting holds in such a section: it is the last one of its rule */
int ep_section_says_here(const ap_conf_vector_t *section,
                         const ep_setting *setting);

/** @return a section's own setting of a rule; for what a virtual host says outside of
 *         sections, that of the host alone.  NULL: none */
const ep_setting *ep_section_own(const ap_conf_vector_t *section, ep_rule rule);

/** @return the setting of the server's files that holds for a rule where @a vector
 *         holds, one that makes no demand included; NULL: none */
const ep_setting *ep_section_winner(const ap_conf_vector_t *vector, ep_rule rule);

/**
 * Composes the policy where @a vector holds, from the server's files only, without a
 * request.
 * @param override out: ExpectPolicyOverride; NULL: not set
 */
void ep_section_server_policy(const server_rec *server,
                              const ap_conf_vector_t *vector,
                              ep_policy *policy, const ep_setting **override);

#endif
