/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * An owner may edit fields and environment of a request (SetEnvIf,
 * RequestHeader, RewriteRule) before limits of the server's are asked, in this
 * place or after an internal redirect.  So a copy is kept for the expressions of
 * the server's limits: made when the server's own files have acted and no
 * .htaccess file has been read, plus what authentication adds later.
 */

#include "request/snapshot.h"

#include "http_core.h"
#include "http_request.h"

#include "request/facts.h"

/* Set while the configuration is read, then read-only. */
static int is_needed;

ep_snapshot *ep_snapshot_take(request_rec *r)
{
    apr_pool_t *pool = ep_request_initial(r)->pool;
    ep_snapshot *snapshot = apr_palloc(pool, sizeof(*snapshot));

    snapshot->fields = apr_table_copy(pool, ep_facts_fields(r));
    snapshot->environment = apr_table_copy(pool, r->subprocess_env);
    snapshot->notes = apr_table_copy(pool, r->notes);
    return snapshot;
}

static void exchange(apr_table_t **a, apr_table_t **b)
{
    apr_table_t *before = *a;

    *a = *b;
    *b = before;
}

void ep_snapshot_exchange(request_rec *r, ep_snapshot *snapshot)
{
    snapshot->fields = ep_facts_swap(r, snapshot->fields);
    exchange(&r->subprocess_env, &snapshot->environment);
    exchange(&r->notes, &snapshot->notes);
}

/* 1 if limits may be asked for this request; COPY and MOVE have no content */
static int may_store(const request_rec *r)
{
    return ep_facts_any(r) || r->method_number == M_COPY
           || r->method_number == M_MOVE;
}

/* The last hook before .htaccess files are read; behind mod_setenvif's of the
 * virtual host and mod_rewrite's. */
static int keep_servers(request_rec *r)
{
    ep_request *state;

    if (ep_request_is_plain(r)) {
        return DECLINED;
    }
    state = ep_request_get(r);
    /* an upload or a copy, or the subrequest that stands for an upload whose limits are
     * asked */
    if (!ep_request_is_part(r) ? r->prev == NULL && may_store(r)
                               : state != NULL && state->is_asked
                                     && state->servers == NULL) {
        ep_request_make(r)->servers = ep_snapshot_take(r);
    }
    return DECLINED;
}

/* Runs just before authentication. */
static int keep_unauthenticated(request_rec *r)
{
    ep_request *state = ep_request_get(r);

    if (state != NULL && state->servers != NULL
        && (!ep_request_is_part(r) || state->is_asked)) {
        state->unauthenticated = ep_snapshot_take(r);
        state->authenticates = r;
    }
    return DECLINED;
}

/* 1 if an entry has the same value by pointer, not only an equal one */
static int has_value(const apr_table_t *table, const char *value)
{
    const apr_array_header_t *all = apr_table_elts(table);
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (APR_ARRAY_IDX(all, i, apr_table_entry_t).val == value) {
            return 1;
        }
    }
    return 0;
}

/* Applies to @a kept the changes from @a before to @a after. */
static void add_changes(apr_table_t *kept, const apr_table_t *before,
                        const apr_table_t *after)
{
    const apr_array_header_t *all = apr_table_elts(before);
    int i;

    for (i = 0; i < all->nelts; i++) {
        const char *key = APR_ARRAY_IDX(all, i, apr_table_entry_t).key;

        if (apr_table_get(after, key) == NULL) {
            apr_table_unset(kept, key);
        }
    }
    all = apr_table_elts(after);
    for (i = 0; i < all->nelts; i++) {
        const apr_table_entry_t *one = &APR_ARRAY_IDX(all, i,
                                                      apr_table_entry_t);

        if (!has_value(before, one->val)) {
            apr_table_setn(kept, one->key, one->val);
        }
    }
}

void ep_snapshot_add_authenticated(request_rec *r)
{
    ep_request *state = is_needed ? ep_request_get(r) : NULL;
    const ep_snapshot *before;

    if (state == NULL || state->authenticates != r) {
        return;
    }
    before = state->unauthenticated;
    add_changes(state->servers->fields, before->fields, ep_facts_fields(r));
    add_changes(state->servers->environment, before->environment,
                r->subprocess_env);
    add_changes(state->servers->notes, before->notes, r->notes);
    state->authenticates = NULL;
}

void ep_snapshot_need(void)
{
    if (!is_needed) {
        is_needed = 1;
        ap_hook_map_to_storage(keep_servers, NULL, NULL,
                               APR_HOOK_REALLY_FIRST);
        /* per configuration: so httpd still skips authentication after an
         * internal redirect that stays in its place */
        ap_hook_check_authn(keep_unauthenticated, NULL, NULL,
                            APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    }
}

void ep_snapshot_reset(void)
{
    is_needed = 0;
}
