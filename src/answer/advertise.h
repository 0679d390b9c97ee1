/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Limits, told to a client before it uploads: ExpectPolicyAdvertise. */
#ifndef EP_ADVERTISE_H
#define EP_ADVERTISE_H

#include "httpd.h"

/** Registers the filter. */
void ep_advertise_register(void);

/** At the end of post_read_request: keeps what ep_advertise() needs of a request that
 * may ask for limits.  @return 1 if it may */
int ep_advertise_prepare(request_rec *r);

/** @return 1 if the request may ask for limits, and ep_advertise() is to see it */
int ep_advertise_may_answer(request_rec *r);

/**
 * In the handler stage, before any handler that would answer: answers a GET that
 * asks for limits, and has the answer to OPTIONS tell of them.
 * @param r neither a subrequest nor an ErrorDocument
 * @return DECLINED: the request is for others to answer; or as handlers do
 */
int ep_advertise(request_rec *r);

#endif
