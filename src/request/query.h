/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Reads the query of a URL. */
#ifndef EP_QUERY_H
#define EP_QUERY_H

#include "request/request.h"

/**
 * Finds the first parameter of a name in the query.
 * @param bare what a parameter without `=` counts as; NULL: it does not count
 * @return its value, still escaped, in the pool of @a r; or @a bare.  NULL: there is none
 */
const char *ep_query_value(const request_rec *r, const char *name, const char *bare);

#endif
