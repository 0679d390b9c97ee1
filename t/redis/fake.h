/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** A server of Redis' protocol that does what a script says, and a real one. */
#ifndef FAKE_H
#define FAKE_H

#include <stddef.h>

typedef enum fake_step {
    /** ends a connection's script: it is closed */
    FAKE_END = 0,
    /** waits for a command, or a part of it */
    FAKE_READ,
    FAKE_SEND,
    /** sends one byte a second */
    FAKE_DRIP,
    /** sends its text again and again, until the other side goes */
    FAKE_FLOOD,
    /** milliseconds */
    FAKE_SLEEP,
    /** closes by RST */
    FAKE_RESET
} fake_step;

typedef struct fake_line {
    fake_step step;
    const char *text;
    int milliseconds;
} fake_line;

#define FAKE_LINES 8
#define FAKE_CONNECTIONS 8

typedef struct fake {
    int port;
    int listener;
    /** a script for each connection, in the order in which they come; the last one
     * is that of all further */
    fake_line script[FAKE_CONNECTIONS][FAKE_LINES];
    /** connections that were accepted, and what was read on the last */
    volatile int accepted;
    char read[4096];
} fake;

/** Begins to serve on a port of loopback. */
void fake_begin(fake *server);

/** A port of loopback that nobody listens on. */
int fake_free_port(void);

/** Starts a redis-server on a port and on DIR/socket; waits until it answers.  It
 *  ends with this process at the latest.
 *  @param is_cluster `yes` or `no` */
long fake_redis_start(int port, const char *directory, const char *is_cluster);

/** Ends it by a signal, and waits for its end. */
void fake_redis_stop(long pid, int signal);

#endif
