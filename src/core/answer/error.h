/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Names for errors that are not the policy's own. */
#ifndef EP_ERROR_H
#define EP_ERROR_H

/**
 * @param status an HTTP status from 400 to 599
 * @return a token for the `error` member: the status' name in RFC 9110 and
 *         related RFCs in snake_case, else `client_error` or `server_error`
 */
const char *ep_error_token(int status);

/** @return 1 if the cause of the status is temporary: the same request may
 *         succeed later */
int ep_error_is_temporary(int status);

#endif
