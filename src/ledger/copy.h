/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Claims for COPY and MOVE of mod_dav: these requests have no content, but make
 * files. */
#ifndef EP_COPY_H
#define EP_COPY_H

#include "request/request.h"

/** If a limit needs the size of a collection, the request is refused if the
 * collection has more entries than this, or adding up takes longer. */
#define EP_COPY_ENTRIES_MAX 10000
#define EP_COPY_MILLISECONDS_MAX 100

/** Registers the filter. */
void ep_copy_register(void);

/** @return 1 if the method is COPY or MOVE */
#define ep_copy_is(r) \
    ((r)->method_number == M_COPY || (r)->method_number == M_MOVE)

/** @return bytes of the file that COPY or MOVE of mod_dav copies or moves; 0 for a
 * collection, and if there is nothing */
int64_t ep_copy_file_size(request_rec *r);

/**
 * Claims what COPY or MOVE writes.  The claim is settled or released before the
 * answer ends.
 * @param destination the subrequest for the destination; lives as long as @a r
 * @param policy of the destination
 * @return NULL; else there is no room, and this says why
 */
const ep_judgement *ep_copy_claim(request_rec *r, request_rec *destination,
                                  const ep_request *state, const ep_policy *policy);

#endif
