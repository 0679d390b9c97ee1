/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** How an HTTP/2 client gets to read an answer to an upload that it still
 * sends. */
#ifndef EP_HTTP2_H
#define EP_HTTP2_H

#include "request/request.h"

/**
 * After the answer to a request whose content nobody reads, on HTTP/2: ends the
 * answer if that was not done yet, and waits until the client has ended the
 * stream too, for a tenth of a second at most, so that the client finds the
 * answer before the stream is reset.  At most one stream of each connection
 * waits, and only a few in a child; all others return at once, and so do all
 * streams under ExpectPolicyLinger Abort.  Does nothing on HTTP/1.
 */
void ep_http2_wait(request_rec *r, const ep_request *state);

#endif
