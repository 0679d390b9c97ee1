/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** policy -> the document that tells a client what an upload has to be like. */
#ifndef EP_LIMITS_H
#define EP_LIMITS_H

#include "core/answer/document.h"

/** No document of limits is larger: five lists, or three and a message, and what is
 * around them. */
#define EP_LIMITS_SIZE (5 * EP_LIST_BYTES + 1024)

/** What limits that count have left for a client, in bytes; EP_UNKNOWN: there is
 * none, or it is not for this client to know. */
typedef struct ep_left {
    int64_t quota;
    int64_t allowance;
} ep_left;

/**
 * Writes what an upload has to be like, as one JSON object on one line
 * (docs/schema/limits.json).  Nothing is in it that the refusal of such an
 * upload would not tell.
 * @param out at least EP_LIMITS_SIZE bytes; not NUL-terminated
 * @param verdict on an upload of one byte with this method
 * @return how many bytes were written; 0: memory has run out
 */
size_t ep_limits_document(char *out, const ep_policy *policy,
                             const char *method, const ep_verdict *verdict,
                             const ep_left *left);

#endif
