/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What COPY and MOVE of mod_dav hold in the ledger: they have no content, and
 * make files. */
#ifndef EP_COPY_H
#define EP_COPY_H

#include "request/request.h"

/** A collection with more entries, or one that takes longer to add up, is refused
 * where a limit would have to know its size. */
#define EP_COPY_ENTRIES_MAX 10000
#define EP_COPY_MILLISECONDS_MAX 100

/** Registers the filter. */
void ep_copy_register(void);

/** @return 1 if the method is COPY or MOVE */
#define ep_copy_is(r) \
    ((r)->method_number == M_COPY || (r)->method_number == M_MOVE)

/**
 * Claims what COPY or MOVE writes, for the limits of the policy just judged, which
 * is the destination's.  Settled or released before the answer ends.
 * @param destination of a subrequest, where it leads; lives as long as @a r
 * @return 1; 0: there is no room, and the verdict says why
 */
int ep_copy_claim(request_rec *r, request_rec *destination, ep_request *state);

#endif
