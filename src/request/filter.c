/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/filter.h"

int ep_filter_is_added(const ap_filter_t *first, const ap_filter_rec_t *handle,
                       const void *context)
{
    while (first != NULL && (first->frec != handle || first->ctx != context)) {
        first = first->next;
    }
    return first != NULL;
}

apr_status_t ep_filter_leave_input(ap_filter_t *f, apr_bucket_brigade *bb,
                                   ap_input_mode_t mode, apr_read_type_e block,
                                   apr_off_t readbytes)
{
    ap_remove_input_filter(f);
    return ap_get_brigade(f->next, bb, mode, block, readbytes);
}

apr_status_t ep_filter_leave_output(ap_filter_t *f, apr_bucket_brigade *bb)
{
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}
