/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Turns a policy into the document that tells a client the limits of uploads. */
#ifndef EP_LIMITS_H
#define EP_LIMITS_H

#include "core/answer/document.h"

/** The size of the largest document of limits, in bytes: five lists, or three
 * lists and a message, and the text around them. */
#define EP_LIMITS_SIZE (5 * EP_LIST_BYTES + 1024)

/** How much the limits that count have left for a client, in bytes; EP_UNKNOWN:
 * there is no such limit, or this client must not know. */
typedef struct ep_left {
    int64_t quota;
    int64_t allowance;
} ep_left;

/**
 * Writes the limits as one JSON object on one line (docs/schema/limits.json).
 * It tells nothing that the refusal of such an upload would not tell.
 * @param out at least EP_LIMITS_SIZE bytes; not NUL-terminated
 * @param verdict on an upload of one byte with this method
 * @return how many bytes were written; 0: memory has run out
 */
size_t ep_limits_document(char *out, const ep_policy *policy,
                             const char *method, const ep_verdict *verdict,
                             const ep_left *left);

#endif
