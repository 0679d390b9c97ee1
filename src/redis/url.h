/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Where the Redis server of a ledger is, as ExpectPolicyLedger says it:
 *
 *     redis://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]...][/DB] [OPTION...]
 *     rediss://...                              the same, with TLS
 *     redis+unix://[USER:PASSWORD@]/PATH [db=DB] [OPTION...]
 *
 * with options passwordfile=/FILE, timeout=100ms, lease=30s, name=default and, for
 * TLS, cafile=/FILE.  USER may be missing: `redis://:PASSWORD@HOST`, and with a
 * passwordfile PASSWORD is: `redis://USER@HOST passwordfile=/FILE`.
 *
 *     "//app:s%40crt@redis1,redis2:6380/2 timeout=50ms"
 *         user "app", password "s@crt", nodes redis1:6379 and redis2:6380,
 *         db 2, timeout 50000, lease 30000000, name "default"
 */
#ifndef EP_URL_H
#define EP_URL_H

#include "apr_pools.h"

/** The most hosts of one URL. */
#define EP_URL_NODES_MAX 8
/** The longest ledger's name, in bytes without NUL. */
#define EP_URL_NAME_MAX 64
/** The longest user name, password and path, in bytes without NUL. */
#define EP_URL_WORD_MAX 512

typedef enum ep_url_scheme {
    EP_URL_TCP,
    EP_URL_TLS,
    EP_URL_UNIX
} ep_url_scheme;

typedef struct ep_url_node {
    /** a name or an address; of IPv6 without brackets */
    const char *host;
    int port;
} ep_url_node;

/** Absent texts are NULL.  Lives as long as the pool it was parsed with. */
typedef struct ep_url {
    ep_url_scheme scheme;
    /** at least one, unless the scheme is UNIX */
    ep_url_node nodes[EP_URL_NODES_MAX];
    int count;
    /** UNIX: of the socket */
    const char *path;
    int db;
    const char *user;
    /** also what ep_url_read_password() has read */
    const char *password;
    const char *password_file;
    /** TLS: the certificates of those who may sign the server's; NULL: the
     * system's */
    const char *ca_file;
    /** span for a whole call, to connect included; microseconds */
    apr_int64_t timeout;
    /** span for which Redis counts what a silent server holds; microseconds */
    apr_int64_t lease;
    /** of the ledger: letters, digits, `.`, `-` and `_` */
    const char *name;
    /** the URL for logs and pages, without user and password */
    const char *shown;
} ep_url;

/**
 * @param scheme `redis`, `rediss` or `redis+unix`
 * @param argument what stands behind scheme and colon, options included; NULL:
 *        nothing
 * @param out set on success
 * @return NULL: done; else what is legal, a constant text: nothing of @a argument is
 *         in it
 */
const char *ep_url_parse(apr_pool_t *pool, const char *scheme,
                         const char *argument, ep_url **out);

/**
 * Reads the first line of the passwordfile, if the URL names one.  For the parent,
 * at start: a child may not be able to read the file.
 * @param warning out: NULL, or what is wrong with the file although it was read: all
 *        users may read it
 * @return NULL: done, or there is no passwordfile; else why not, with the file's
 *         name and nothing of its content
 */
const char *ep_url_read_password(apr_pool_t *pool, ep_url *url,
                                 const char **warning);

#endif
