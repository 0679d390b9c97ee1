/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * What comes back from Redis, bounded: no reply makes this process allocate more
 * than some hundred kilobytes, whatever it announces.  And why a call failed.
 */
#ifndef EP_REPLY_H
#define EP_REPLY_H

#include <stddef.h>

#include <hiredis/hiredis.h>

/** The most bytes of a reply, elements of all its arrays, and arrays within arrays. */
#define EP_REPLY_BYTES_MAX ((size_t)256 << 10)
#define EP_REPLY_ELEMENTS_MAX 4096
#define EP_REPLY_DEPTH_MAX 4

/** Why a call failed.  Counted, so a new one is added in front of ERROR, and has a
 * word in reply.c. */
typedef enum ep_cause {
    EP_CAUSE_NONE = 0,
    /** the breaker is open, and nothing was sent */
    EP_CAUSE_OPEN,
    /** no name of the URL is resolved yet, and nothing was sent */
    EP_CAUSE_RESOLVE,
    /** there is no connection, and nothing was sent: refused, or not in time */
    EP_CAUSE_CONNECT,
    EP_CAUSE_CONNECT_TIMEOUT,
    /** the reply did not come in time; whether the command ran is not known */
    EP_CAUSE_TIMEOUT,
    /** the connection broke; whether the command ran is not known */
    EP_CAUSE_CLOSED,
    /** not Redis' protocol, or beyond the bounds above; whether the command ran is
     * not known */
    EP_CAUSE_PROTOCOL,
    /* Redis' own words: the command did not run, but for NOPERM and ERROR, after which
     * a script may have run in part */
    /** WRONGPASS, NOAUTH, or whatever AUTH got */
    EP_CAUSE_AUTH,
    EP_CAUSE_NOPERM,
    EP_CAUSE_READONLY,
    /** OOM: Redis has reached maxmemory */
    EP_CAUSE_OOM,
    EP_CAUSE_LOADING,
    /** EVALSHA met a script that Redis does not know: no fault */
    EP_CAUSE_NOSCRIPT,
    /** MOVED or ASK, more often than is followed */
    EP_CAUSE_MOVED,
    EP_CAUSE_CLUSTERDOWN,
    /** MISCONF: Redis cannot save, and takes no writes */
    EP_CAUSE_MISCONF,
    /** BUSY: a script runs for too long */
    EP_CAUSE_BUSY,
    /** MASTERDOWN, TRYAGAIN, NOREPLICAS: for the moment */
    EP_CAUSE_AGAIN,
    /** any other error reply */
    EP_CAUSE_ERROR,
    EP_CAUSES
} ep_cause;

/** @return a short word for a cause, for logs and metrics: `timeout`; "unknown" for
 *  a number that is none */
const char *ep_reply_word(ep_cause cause);

/** @return 1: the command may have run: its outcome is not known */
int ep_reply_is_doubtful(ep_cause cause);

/**
 * What an error reply says.
 * @param text of the error, need not end with NUL
 * @return never NONE
 */
ep_cause ep_reply_classify(const char *text, size_t length);

/** Where a key is, as MOVED and ASK say. */
typedef struct ep_reply_moved {
    /** 1: ASK: for this command alone */
    int is_ask;
    /** a name or an address; empty: the host that said it */
    char host[256];
    int port;
} ep_reply_moved;

/**
 * Reads `MOVED SLOT HOST:PORT` and `ASK SLOT HOST:PORT`.
 * @param moved set on success
 * @return 1: it is one; 0: another error, or malformed
 */
int ep_reply_read_moved(const char *text, size_t length, ep_reply_moved *moved);

/** The bounds of one reader. */
typedef struct ep_reply_bounds {
    redisReplyObjectFunctions functions;
    /* hiredis' own */
    redisReplyObjectFunctions *hiredis;
    size_t elements_left;
} ep_reply_bounds;

/**
 * Bounds what a reader of hiredis allocates for arrays.  In addition, compare
 * reader->len with EP_REPLY_BYTES_MAX after each read.
 * @param reader as hiredis made it
 * @param bounds has to outlive the reader; its use of privdata, too
 */
void ep_reply_bound(redisReader *reader, ep_reply_bounds *bounds);

/** Before each reply: its bounds begin anew. */
void ep_reply_begin(ep_reply_bounds *bounds);

#endif
