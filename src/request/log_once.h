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
 * @return 1 the first time that this is asked for a setting's file and line,
 *         else 0; 0 as well when the memory is full, so that a site owner can
 *         never fill the log
 */
int ep_log_once(apr_pool_t *pool, const char *what, const ep_setting *setting);

/** The same for any text. */
int ep_log_once_text(const char *text);

/** Makes the next time that this text is asked for the first time again. */
void ep_log_once_forget(const char *text);

/**
 * @param now microseconds of a clock that never jumps
 * @return 1 at most once a second, for all children and callers
 */
int ep_log_once_a_second(apr_int64_t now);

#endif
