/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Names for errors that are not the policy's own. */
#ifndef EP_ERROR_H
#define EP_ERROR_H

/**
 * @param status an HTTP status from 400 to 599
 * @return a token for the `error` member: that of the status' name in RFC 9110
 *         and its kin in snake_case, else `client_error` or `server_error`
 */
const char *ep_error_token(int status);

/** @return 1 if the status is of a kind that passes: the very same request may
 *         succeed later */
int ep_error_is_temporary(int status);

#endif
