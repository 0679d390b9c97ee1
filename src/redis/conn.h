/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * One connection to Redis.  No call waits longer than until its deadline; none asks
 * for a name.  A connection that had any fault must be closed: is_usable() tells.
 * Used by one thread at a time.
 */
#ifndef EP_CONN_H
#define EP_CONN_H

#include <sys/socket.h>

#include "apr_pools.h"

#include "redis/reply.h"
#include "redis/url.h"

typedef struct ep_conn ep_conn;

/** An address that needs no look-up. */
typedef struct ep_conn_address {
    struct sockaddr_storage at;
    socklen_t length;
    /** of the node in the URL, for TLS; NULL: none */
    const char *name;
} ep_conn_address;

/** Microseconds of a clock that nobody sets; deadlines are times of it. */
apr_int64_t ep_conn_clock(void);

/**
 * Connects, and authenticates and selects the database as the URL says.
 * @param url has to outlive the connection
 * @param conn out: on success; to be closed
 */
ep_cause ep_conn_open(const ep_url *url, const ep_conn_address *address,
                      apr_int64_t deadline, ep_conn **conn);

/**
 * Sends one command and waits for its reply.
 * @param lens of the arguments in bytes; NULL: they end with NUL
 * @param reply out: on NONE, no error, to be freed by freeReplyObject(); NULL
 *        otherwise
 * @param moved out: for MOVED; NULL: not wanted
 */
ep_cause ep_conn_call(ep_conn *conn, apr_int64_t deadline, int argc,
                      const char **argv, const size_t *lens, redisReply **reply,
                      ep_reply_moved *moved);

/** @return 1: the connection had no fault, and nothing has arrived unasked, not even
 *  its end: it can be used once more */
int ep_conn_is_usable(const ep_conn *conn);

/** @param conn NULL: nothing happens */
void ep_conn_close(ep_conn *conn);

#endif
