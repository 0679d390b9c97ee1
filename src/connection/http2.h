/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Gives an HTTP/2 client that is still sending time to read the answer. */
#ifndef EP_HTTP2_H
#define EP_HTTP2_H

#include "request/request.h"

/**
 * Call it after the answer to a request whose content is not read.  On HTTP/2 it
 * ends the answer if that was not done yet, and waits until the client has ended
 * the stream too, for at most 100 ms.  So the client sees the answer before the
 * reset.  At most one stream of each connection waits, and only a few
 * in a child; all others return at once, and so do all streams under
 * ExpectPolicyLinger Abort.  Does nothing on HTTP/1.
 */
void ep_http2_wait(request_rec *r, const ep_request *state,
                   const ep_judgement *judgement);

#endif
