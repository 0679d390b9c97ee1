/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/query.h"

const char *ep_query_value(const request_rec *r, const char *name, const char *bare)
{
    const apr_size_t length = strlen(name);
    const char *args = r->args != NULL ? r->args : "";

    while (*args != '\0') {
        const char *one = ap_getword(r->pool, &args, '&');

        if (strncmp(one, name, length) != 0) {
            continue;
        }
        if (one[length] == '=') {
            return one + length + 1;
        }
        if (one[length] == '\0' && bare != NULL) {
            return bare;
        }
    }
    return NULL;
}
