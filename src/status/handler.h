/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The counts, for operators: a page of their own, and mod_status. */
#ifndef EP_HANDLER_H
#define EP_HANDLER_H

#include "request/request.h"

/** Registers the section in mod_status. */
void ep_handler_register(void);

/**
 * In pre_config, when httpd has read its files and not yet acted on them:
 * registers the handler if they name it, so that it costs nothing elsewhere.
 */
void ep_handler_look(apr_pool_t *pconf);

#endif
