/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Shows the counts to operators: a page of its own, and a section of mod_status. */
#ifndef EP_HANDLER_H
#define EP_HANDLER_H

#include "core/text/sink.h"
#include "request/request.h"

/** Explains uploads, on the page of the main server. */
typedef struct ep_handler_explainer {
    /** called when the handler is registered, to register what this needs */
    void (*begin)(void);
    /** The fields that every answer of the handler has are set already.
     * @param sink to the client
     * @return as a handler */
    int (*answer)(request_rec *r, const ep_sink *sink);
} ep_handler_explainer;

/** Answers a query with `explain` from now on.  @param explainer is static */
void ep_handler_explain_by(const ep_handler_explainer *explainer);

/** Sets the fields that a page has.
 * @param security its Content-Security-Policy, which lives as long as @a r */
void ep_handler_set_page_fields(request_rec *r, const char *security);

/** Registers the section in mod_status. */
void ep_handler_register(void);

/**
 * In pre_config, when httpd has read its files but not executed the directives:
 * registers the handler if the files name it, so that it costs nothing otherwise.
 */
void ep_handler_look(apr_pool_t *pconf);

#endif
