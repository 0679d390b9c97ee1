/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Evaluates expressions of this module's directives for a request. */
#ifndef EP_EXPRESSION_H
#define EP_EXPRESSION_H

#include "request/request.h"

/** @return 1 if the value depends on the request */
int ep_expression_varies(const char *text);

/** Call it while an expression of the server's files is read. */
void ep_expression_need(const char *text);

/** Call it in post_config.
 * @param owners_write 1: some .htaccess file may edit fields and environment */
void ep_expression_start(int owners_write);

/** @return the authenticated user of this request, of the one before an internal
 * redirect, or of the one that it is a part of; NULL: there is none */
const char *ep_expression_user(const request_rec *r);

/** Evaluates an expression for the request as it is now.
 * @param error out: set if there is no value
 * @return the value, in the request's pool; NULL: there is none */
const char *ep_expression_now(request_rec *r, const ep_expression *expression,
                              const char **error);

/** Evaluates an expression for the request as it was before any .htaccess file was
 * read, with what authentication has added.  Parameters as above.  If that
 * state was not kept, since only an .htaccess file has announced content, there is no
 * value. */
const char *ep_expression_before_owners(request_rec *r,
                                        const ep_expression *expression,
                                        const char **error);

/**
 * Evaluates an expression for a limit.  One of the server's files must not see what
 * .htaccess files have set: it is evaluated for the request before them, or as it is
 * now where no .htaccess file may edit it.
 * @param is_edited out: 1: only an .htaccess file has announced content, so the value
 *        is not known
 */
const char *ep_expression_value(request_rec *r, const ep_expression *expression,
                                int *is_edited, const char **error);

#endif
