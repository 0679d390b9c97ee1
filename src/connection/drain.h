/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Reads in place of a worker what a refused client still sends.
 *
 * If a connection is closed while the client is still sending, the kernel resets
 * it, and many clients then never read the answer.  So httpd shuts down its sending
 * side and reads on for a while.  In prefork and worker this holds a worker.  In event
 * a fast sender holds one, since event reads as long as there is data.  Here one
 * thread per child reads for all connections, at a bounded rate.  The thread is
 * started when it is first needed.
 */
#ifndef EP_DRAIN_H
#define EP_DRAIN_H

#include "request/request.h"

/** Registers the hook that prepares each child. */
void ep_drain_register(void);

/**
 * Takes over a connection whose answer is flushed: shuts down its sending side, and
 * reads from a duplicate of its descriptor after httpd has closed its own.
 * @param host number of the virtual host that refused (ep_counters_place())
 * @return 1: the caller closes its descriptor; 0: there is no drain thread, and httpd
 *         has to linger
 */
int ep_drain(conn_rec *c, ep_linger linger, size_t host);

#endif
