/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Reads what a refused client still sends, so that no worker has to.
 *
 * If a connection is closed while the client is still sending, the kernel resets
 * it, and many clients then never read the answer.  So httpd shuts down its side
 * and reads on for a while.  In prefork and worker that holds a worker; in event a
 * fast sender holds one, since event reads as long as there is data.  Here one
 * thread per child reads for all connections, at a bounded rate.  It is started
 * when it is first needed.
 */
#ifndef EP_DRAIN_H
#define EP_DRAIN_H

#include "request/request.h"

/** Registers the hook that prepares each child. */
void ep_drain_register(void);

/**
 * Takes over a connection whose answer is flushed: shuts its sending side down,
 * and reads from a descriptor of its own after httpd has closed its descriptor.
 * @param place of the virtual host that has refused (ep_counters_place())
 * @return 1: done, close it; 0: there is no thread, and httpd has to do it
 */
int ep_drain(conn_rec *c, ep_linger linger, size_t place);

#endif
