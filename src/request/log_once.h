/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Remembers, for all children, what was logged already. */
#ifndef EP_LOG_ONCE_H
#define EP_LOG_ONCE_H

#include "request/request.h"

/**
 * Makes the memory; it is empty again after each restart.
 * @return OK, or HTTP_INTERNAL_SERVER_ERROR, logged
 */
int ep_log_once_init(apr_pool_t *pool, server_rec *main_server);

/**
 * @param what a word for the kind of message
 * @return 1 at the first call for a setting's file and line, else 0; also 0 when
 *         the memory is full, so that a site owner cannot fill the log
 */
int ep_log_once(apr_pool_t *pool, const char *what, const ep_setting *setting);

/** The same for any text. */
int ep_log_once_text(const char *text);

/** Forgets a text: the next call for it returns 1 again. */
void ep_log_once_forget(const char *text);

/**
 * @param now microseconds of a clock that never jumps
 * @return 1 at most once a second, for all children and callers
 */
int ep_log_once_a_second(apr_int64_t now);

#endif
