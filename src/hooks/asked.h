/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The upload that an administrator asks about: the query of the status page. */
#ifndef EP_ASKED_H
#define EP_ASKED_H

#include "request/explained.h"

/** In the pool of the request that asks. */
typedef struct ep_asked {
    /** a method that httpd knows and that may have content */
    const char *method;
    /** begins with a slash; escaped, and with its query */
    const char *path;
    /** the virtual host; the Host field, and its name alone */
    server_rec *server;
    const char *authority;
    const char *hostname;
    /** 1: no virtual host has this name, so httpd takes the first one of the port */
    int is_default;
    /** the fields that the upload has, Host included */
    apr_table_t *fields;
    /** bytes; EP_UNKNOWN: the length is not announced */
    int64_t size;
    const char *format;
    ep_explained explained;
} ep_asked;

/**
 * Reads the query of @a r.
 * @param r a request of the main server, with a query
 * @return NULL; else what is wrong, one sentence that repeats nothing of the query
 */
const char *ep_asked_read(request_rec *r, ep_asked *asked);

#endif
