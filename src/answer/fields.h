/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Response fields that tell what a policy accepts. */
#ifndef EP_FIELDS_H
#define EP_FIELDS_H

#include "request/request.h"

/** Adds to a field the names that a list rule accepts; adds nothing for an empty
 * list. */
void ep_fields_names(request_rec *r, const ep_policy *policy,
                     const char *field, ep_rule rule);

/** @return 1 if ExpectPolicyMethods lists the method, on both sides; @a unsaid if
 * there is no ExpectPolicyMethods */
int ep_fields_admits(const ep_policy *policy, const char *method, int unsaid);

/**
 * Sets Allow to the methods that work here: those that may carry content, and
 * GET, HEAD and OPTIONS, which work without.
 */
void ep_fields_allow(request_rec *r, const ep_policy *policy);

/**
 * Sets Upload-Limit (draft-ietf-httpbis-resumable-upload) to the largest size,
 * where the server's files allow it and there is one that a structured field
 * can state (RFC 9651 3.3.1).
 */
void ep_fields_upload_limit(request_rec *r, const ep_policy *policy);

#endif
