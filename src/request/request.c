/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/request.h"

#include "http_request.h"

ep_request ep_request_plain;

request_rec *ep_request_initial(request_rec *r)
{
    while (r->prev != NULL || r->main != NULL) {
        r = r->prev != NULL ? r->prev : r->main;
    }
    return r;
}

ep_request *ep_request_get(request_rec *r)
{
    ep_request *state = ap_get_module_config(
        ep_request_initial(r)->request_config, &expect_policy_module);

    return state != &ep_request_plain ? state : NULL;
}

ep_request *ep_request_make(request_rec *r)
{
    ep_request *state = ep_request_get(r);

    if (state == NULL) {
        r = ep_request_initial(r);
        state = apr_pcalloc(r->pool, sizeof(*state));
        ap_set_module_config(r->request_config, &expect_policy_module, state);
    }
    return state;
}

void ep_request_set_plain(request_rec *r)
{
    ap_set_module_config(r->request_config, &expect_policy_module, &ep_request_plain);
}
