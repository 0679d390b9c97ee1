/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** ExpectPolicyAdvertise: tells limits to a client before it uploads. */
#ifndef EP_ADVERTISE_H
#define EP_ADVERTISE_H

#include "httpd.h"

/** Registers the filter. */
void ep_advertise_register(void);

/** At the end of post_read_request: keeps what ep_advertise() needs of a request that
 * may ask for limits.  @return 1 if it may */
int ep_advertise_prepare(request_rec *r);

/** @return 1 if the request may ask for limits: then call ep_advertise() */
int ep_advertise_may_answer(request_rec *r);

/**
 * In the handler stage, before all handlers that could answer: answers a GET that
 * asks for limits, and adds fields to the answer to OPTIONS.
 * @param r neither a subrequest nor an ErrorDocument
 * @return DECLINED: another handler has to answer; otherwise as a handler
 */
int ep_advertise(request_rec *r);

#endif
