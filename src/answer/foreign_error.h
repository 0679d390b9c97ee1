/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * ExpectPolicyEarlyErrors: sends the errors of other modules to an upload whose
 * content is unread as refusals are sent.
 */
#ifndef EP_FOREIGN_ERROR_H
#define EP_FOREIGN_ERROR_H

#include "request/request.h"

/** Registers the filter. */
void ep_foreign_error_register(void);

/** Before a configuration is read: switches early errors off. */
void ep_foreign_error_reset(void);

/**
 * In insert_error_filter, and before an ErrorDocument takes over.
 * @param status the error that @a r is answered with
 * @return what our document tells, if this is an error to an upload that has to go
 *         out early; else NULL
 */
const ep_judgement *ep_foreign_error(request_rec *r, int status);

/**
 * Before an answer is sent that we do not replace: sends it early if it is a
 * redirect, or an error with another module's own body, to such an upload.
 */
void ep_foreign_error_close(request_rec *r);

#endif
