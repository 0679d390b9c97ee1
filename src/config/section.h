/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What sections say: kept, merged, and put together to a policy. */
#ifndef EP_SECTION_H
#define EP_SECTION_H

#include "request/request.h"

void *ep_section_create_dir(apr_pool_t *pool, char *where);
void *ep_section_merge_dir(apr_pool_t *pool, void *base, void *add);
void *ep_section_create_server(apr_pool_t *pool, server_rec *server);
void *ep_section_merge_server(apr_pool_t *pool, void *base, void *add);

/**
 * While a section is read: it says something about a rule, and its last word
 * holds.
 * @param section what ep_section_create_dir() made
 * @param is_owners it stands in an .htaccess file
 * @param setting lives as long as @a pool
 */
void ep_section_say(apr_pool_t *pool, void *section, int is_owners,
                    ep_rule rule, const ep_setting *setting);

/** @return what the section has said about a rule so far; NULL: nothing */
const ep_setting *ep_section_said(const void *section, ep_rule rule);

/** While a section is read: what .htaccess files below may do (ep_override). */
void ep_section_say_override(void *section, const ep_setting *setting);

/** While a virtual host is read: the ceiling (a size). */
void ep_section_say_ceiling(server_rec *server, const ep_setting *setting);

/** What costs something where a configuration uses it, and nothing elsewhere. */
typedef enum ep_feature {
    EP_FEATURE_EARLY_ERRORS,
    EP_FEATURES
} ep_feature;

/** While hooks are registered: what is to be done when a directive that uses the
 * feature is read, for example registering further hooks. */
void ep_section_when_used(ep_feature feature, void (*begin)(void));

/** While the configuration is read: it uses the feature. */
void ep_section_use(ep_feature feature);

/** While a virtual host is read: the mode (ep_mode) of a section in it. */
void ep_section_say_section_mode(server_rec *server, const ep_setting *setting);

/** Once a configuration has been read.  @return OK or an HTTP status */
int ep_section_finish(apr_pool_t *pool, server_rec *main_server);

/** @return 0 if the policy is surely Off where @a vector holds; cheap */
int ep_section_may_be_on(const ap_conf_vector_t *vector);

/** @return 0 if the virtual host has no ceiling, or surely is Off itself */
int ep_section_has_ceiling(const request_rec *r);

/**
 * The policy where @a vector holds, for the virtual host of @a r.  Logs, once
 * each, what an .htaccess file says in vain.
 */
void ep_section_policy(request_rec *r, const ap_conf_vector_t *vector,
                       ep_policy *policy);

/**
 * 1 if limits are told where @a vector holds; a dry run, which changes nothing,
 * tells none.
 * @param policy set if 1 is returned
 */
int ep_section_advertises(request_rec *r, const ap_conf_vector_t *vector,
                          ep_policy *policy);

/**
 * The policy by which core's own refusal of an expectation is answered, before
 * any directory is known: that of the virtual host, or, if that is Off, of the
 * sections in it.
 */
void ep_section_host_policy(request_rec *r, ep_policy *policy);

/** Once files are read.  @return 1 if .htaccess files in some directory may have
 * directives of a class of AllowOverride (OR_LIMIT: ours) */
int ep_section_has_owners(const server_rec *main_server, int override);

/** @return 1 if a section, not merged with others, has a word of ours */
int ep_section_says(const ap_conf_vector_t *section);

/** @return 1 if it is the last word of such a section on its rule */
int ep_section_says_here(const ap_conf_vector_t *section,
                         const ep_setting *setting);

/**
 * The policy where @a vector holds as far as the server's files say, without a
 * request.
 * @param override what .htaccess files below may do; NULL: nothing was said
 */
void ep_section_server_policy(const server_rec *server,
                              const ap_conf_vector_t *vector,
                              ep_policy *policy, const ep_setting **override);

#endif
