/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Closes or keeps a connection with refused content that was not read. */
#ifndef EP_CLOSE_H
#define EP_CLOSE_H

#include "request/request.h"

/** Registers the hook that ends marked connections. */
void ep_close_register(void);

/**
 * Call it before an answer is written to a request whose content will not be read.
 * Closes the connection after the answer, as ExpectPolicyLinger says.  Keeps it if
 * there is no content, or if all content has arrived and is small.  Never waits for
 * content.
 */
void ep_close_over_content(request_rec *r, const ep_request *state,
                           const ep_judgement *judgement);

#endif
