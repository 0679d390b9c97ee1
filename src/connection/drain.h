/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Reads what a refused client goes on sending, so that no worker has to.
 *
 * A client that is still sending when its connection is closed is reset by the
 * kernel, and many then never read the answer.  So httpd shuts down its side
 * and reads on for a while.  In prefork and worker that holds a worker; in
 * event a sender at line rate does, since it reads as long as there is
 * something.  Here one thread per child, started when first needed, does it
 * for all of them, at a bounded rate.
 */
#ifndef EP_DRAIN_H
#define EP_DRAIN_H

#include "request/request.h"

/** Registers the hook that prepares each child. */
void ep_drain_register(void);

/**
 * Takes over a connection whose answer is flushed: shuts its sending side
 * down, and reads on behind httpd's back once httpd has closed its own
 * descriptor of it.
 * @param place of the virtual host that has refused (ep_counters_place())
 * @return 1: done, close it; 0: there is no thread, and httpd has to do it
 */
int ep_drain(conn_rec *c, ep_linger linger, size_t place);

#endif
