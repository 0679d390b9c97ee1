/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Copies of the parts of a request that owners can edit. */
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

/** Exchanges the parts of the request and of @a snapshot. */
void ep_snapshot_exchange(request_rec *r, ep_snapshot *snapshot);

/**
 * Call it while the server's files are read, if an expression in them reads the
 * request.  From then on, ep_request.servers keeps the state of an upload before
 * any .htaccess file was read.
 */
void ep_snapshot_need(void);

/** Before a configuration is read: forgets the need of the previous one. */
void ep_snapshot_reset(void);

/** In fixups, before other hooks edit the request: adds the changes of
 * authentication to ep_request.servers, if that is kept. */
void ep_snapshot_add_authenticated(request_rec *r);

#endif
