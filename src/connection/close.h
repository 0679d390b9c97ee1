/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What becomes of a connection when content was refused unread. */
#ifndef EP_CLOSE_H
#define EP_CLOSE_H

#include "request/request.h"

/** Registers the hook that ends marked connections. */
void ep_close_register(void);

/**
 * Before an answer is written to a request whose content nobody will read:
 * has the connection closed behind it, in the manner of ExpectPolicyLinger.
 * It is kept if there is no content, or if all of it has arrived and is small;
 * never waits for any.
 */
void ep_close_over_content(request_rec *r, const ep_request *state);

#endif
