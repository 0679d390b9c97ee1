/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Content-Range of a request (RFC 9110 sections 14.4 and 14.5). */
#ifndef EP_RANGE_H
#define EP_RANGE_H

#include <stdint.h>

typedef enum ep_range_result {
    EP_RANGE_NONE,
    EP_RANGE_BYTES,
    EP_RANGE_MALFORMED
} ep_range_result;

/** Positions in bytes, from 0: `bytes 10-19/100` is 10, 19 and 100. */
typedef struct ep_range {
    int64_t first;
    /** at least first */
    int64_t last;
    /** bytes of the whole, more than last; 0: `*`, nobody knows yet */
    int64_t complete;
} ep_range;

/**
 * Reads what mod_dav takes for a range, and nothing else: a handler must not store
 * by a range that limits have not seen.  That is all that the grammar has of a
 * range of bytes with a content, and some more: without case, with anything behind
 * a `*`, and with the complete length in front of the last position.
 * @param value of the field; NULL: there is none
 * @param range set on EP_RANGE_BYTES
 * @return EP_RANGE_MALFORMED also for other units, `bytes * /N` (without the
 *         blank), and two fields, which httpd joins with a comma
 */
ep_range_result ep_range_parse(const char *value, ep_range *range);

/** @param bytes of content that are written from range->first on, at least 0
 * @return where that ends, or the range if it goes further; INT64_MAX at most */
int64_t ep_range_end(const ep_range *range, int64_t bytes);

#endif
