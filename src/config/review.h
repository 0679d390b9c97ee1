/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Reviews a policy: finds settings that can never act, and those that hardly do what
 * was meant. */
#ifndef EP_REVIEW_H
#define EP_REVIEW_H

#include "request/request.h"

/** Takes a warning.
 * @param warning lives as long as the pool of the review */
typedef void ep_review_warn(void *data, const char *warning);

/** What is reviewed: the policy of a section, and where it comes from. */
typedef struct ep_review {
    apr_pool_t *pool;
    const server_rec *server;
    /** the section by itself */
    const ap_conf_vector_t *section;
    /** the same, merged with the sections around it */
    const ap_conf_vector_t *merged;
    /** the path of a directory, if the section is one without wildcards; NULL: not */
    const char *directory;
    ep_policy policy;
    /** ExpectPolicyOverride there; NULL: not set */
    const ep_setting *override;
    ep_review_warn *warn;
    void *data;
} ep_review;

/** Warns of what surely is wrong in the policy of a section. */
void ep_review_pairs(apr_pool_t *pool, const ep_policy *policy,
                     ep_review_warn *warn, void *data);

/** Warns of all that is wrong, or likely to be, in a policy that is not Off. */
void ep_review_policy(const ep_review *review);

/** Warns of .htaccess files that are not read; for a policy that is Off as well. */
void ep_review_override(const ep_review *review);

#endif
