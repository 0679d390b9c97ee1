/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Finds the module's filters on a request, and removes those that others have added by
 * name.
 *
 * A registered filter can be named by a site owner (SetOutputFilter and its like,
 * mod_filter), on any request. httpd then adds it without a context, and mod_filter
 * calls it without one.  So the module adds each of its filters with a context.  A
 * filter without a context (f->ctx is NULL) calls one of these functions first, and
 * does nothing else.
 */
#ifndef EP_FILTER_H
#define EP_FILTER_H

#include "request/request.h"

#include "util_filter.h"

/** @param first the first filter of a chain; NULL: there is none
 * @return 1 if a filter with this handle and this context is in it */
int ep_filter_is_added(const ap_filter_t *first, const ap_filter_rec_t *handle,
                       const void *context);

/** Removes an input filter, and reads from the next one. */
apr_status_t ep_filter_leave_input(ap_filter_t *f, apr_bucket_brigade *bb,
                                   ap_input_mode_t mode, apr_read_type_e block,
                                   apr_off_t readbytes);

/** Removes an output filter, and writes to the next one. */
apr_status_t ep_filter_leave_output(ap_filter_t *f, apr_bucket_brigade *bb);

#endif
