/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What can be edited of a request, as it was at some time. */
#ifndef EP_SNAPSHOT_H
#define EP_SNAPSHOT_H

#include "request/request.h"

struct ep_snapshot {
    apr_table_t *fields;
    apr_table_t *environment;
    apr_table_t *notes;
};

/** @return copies, which live as long as the initial request */
ep_snapshot *ep_snapshot_take(request_rec *r);

/** Gives the request what @a snapshot has, and the other way round. */
void ep_snapshot_exchange(request_rec *r, ep_snapshot *snapshot);

/**
 * While the server's files are read: an expression in them reads the request.
 * From then on, what an upload was before any .htaccess file was read is kept
 * in ep_request.servers.
 */
void ep_snapshot_need(void);

/** Before a configuration is read: forgets what the one before it needed. */
void ep_snapshot_reset(void);

/** In fixups, before anybody else edits the request: adds what authentication
 * has put there to ep_request.servers, if that is kept. */
void ep_snapshot_add_authenticated(request_rec *r);

#endif
