/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/expression.h"

#include "ap_expr.h"

#include "request/snapshot.h"

/* Set when a server starts, then read-only: 1 if some place lets .htaccess files edit
 * fields and environment. */
static int owners_may_write;

int ep_expression_varies(const char *text)
{
    return strchr(text, '%') != NULL;
}

void ep_expression_need(const char *text)
{
    if (ep_expression_varies(text)) {
        ep_snapshot_need();
    }
}

void ep_expression_start(int owners_write)
{
    owners_may_write = owners_write;
}

const char *ep_expression_user(const request_rec *r)
{
    while (r->user == NULL && (r->prev != NULL || r->main != NULL)) {
        r = r->prev != NULL ? r->prev : r->main;
    }
    return r->user;
}

const char *ep_expression_now(request_rec *r, const ep_expression *expression,
                              const char **error)
{
    char *user = r->user;
    const char *value;

    *error = NULL;
    r->user = (char *)ep_expression_user(r);
    value = ap_expr_str_exec(r, expression->compiled, error);
    r->user = user;
    if (*error != NULL) {
        return NULL;
    }
    if (value == NULL) {
        *error = "no value";
    }
    return value;
}

const char *ep_expression_before_owners(request_rec *r,
                                        const ep_expression *expression,
                                        const char **error)
{
    const ep_request *state = ep_request_get(r);
    const char *value;

    if (state == NULL || state->servers == NULL) {
        *error = "only an .htaccess file has announced content";
        return NULL;
    }
    ep_snapshot_exchange(r, state->servers);
    value = ep_expression_now(r, expression, error);
    ep_snapshot_exchange(r, state->servers);
    return value;
}

const char *ep_expression_value(request_rec *r, const ep_expression *expression,
                                int *is_edited, const char **error)
{
    const ep_request *state = ep_request_get(r);

    *is_edited = 0;
    if (expression->is_owners || !owners_may_write || state == NULL
        || !ep_expression_varies(expression->text)) {
        return ep_expression_now(r, expression, error);
    }
    /* a request that announces nothing, such as a DELETE that frees bytes of a quota: its
     * earlier state is not kept */
    if (state->servers == NULL && state->facts == NULL) {
        return ep_expression_now(r, expression, error);
    }
    *is_edited = state->servers == NULL;
    return ep_expression_before_owners(r, expression, error);
}
