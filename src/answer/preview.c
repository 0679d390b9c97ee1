/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "answer/preview.h"

#include "apr_strings.h"
#include "apr_uri.h"
#include "http_core.h"
#include "http_request.h"

#include "config/section.h"
#include "request/facts.h"
#include "request/snapshot.h"

/* @return the requested path, still escaped and without its query; NULL: there is
 * no path */
static const char *asked_path(request_rec *r)
{
    const char *uri = r->unparsed_uri;
    apr_uri_t parsed;

    if (*uri == '/') {
        return apr_pstrndup(r->pool, uri, strcspn(uri, "?#"));
    }
    return apr_uri_parse(r->pool, uri, &parsed) == APR_SUCCESS
                   && parsed.path != NULL && *parsed.path == '/'
               ? parsed.path
               : NULL;
}

void ep_preview_keep(request_rec *r)
{
    /* no script sees the fields of a preflight; the URL of a forward proxy is in
     * no place of this server, and `*` in no place at all */
    if (ep_facts_is_preflight(r) || r->proxyreq == PROXYREQ_PROXY
        || asked_path(r) == NULL) {
        return;
    }
    ep_request_make(r)->sent = ep_snapshot_take(r);
}

int ep_preview_is_kept(request_rec *r)
{
    const ep_request *state = ep_request_get(r);

    return state != NULL && state->sent != NULL;
}

/* Makes an equal copy of a configuration. */
static ap_conf_vector_t *copy_config(apr_pool_t *pool, const ap_conf_vector_t *config)
{
    ap_conf_vector_t *copy = ap_create_per_dir_config(pool);
    const module *m;

    for (m = ap_top_module; m != NULL; m = m->next) {
        ap_set_module_config(copy, m, ap_get_module_config(config, m));
    }
    return copy;
}

/* The request line that the upload would have: without the query. */
static char *line_with(request_rec *r, const char *method)
{
    const char *uri = ap_strchr_c(r->the_request, ' ');
    const char *protocol = uri != NULL ? ap_strchr_c(uri + 1, ' ') : NULL;

    return protocol == NULL
               ? r->the_request
               : apr_pstrcat(r->pool, method, " ",
                             apr_pstrndup(r->pool, uri + 1,
                                          strcspn(uri + 1, "? ")),
                             protocol, NULL);
}

/* The walks of httpd through its sections. */
static const apr_size_t walks[] = {
    AP_NOTE_DIRECTORY_WALK, AP_NOTE_LOCATION_WALK, AP_NOTE_FILE_WALK, AP_NOTE_IF_WALK
};
#define WALKS (sizeof(walks) / sizeof(*walks))

/* Exchanges what a request keeps of its walks for what is in @a kept. */
static void exchange_walks(request_rec *r, void **kept)
{
    apr_size_t i;

    for (i = 0; i < WALKS; i++) {
        void **note = ap_get_request_note(r, walks[i]);
        void *walk = *note;

        *note = kept[i];
        kept[i] = walk;
    }
}

request_rec *ep_preview_subrequest(request_rec *r, const char *method,
                                   const char *path)
{
    ap_conf_vector_t *place = r->per_dir_config;
    void *kept[WALKS] = { NULL };
    request_rec *sub;

    /* with the same pointer as its parent, httpd would assume that the subrequest is
     * authorized already (ap_process_request_internal()) */
    r->per_dir_config = copy_config(r->pool, r->server->lookup_defaults);
    /* a subrequest begins with its parent's walks: it would not match the patterns of
     * sections again, and lack the MATCH_ variables that they set */
    exchange_walks(r, kept);
    sub = ap_sub_req_method_uri(method, path, r, NULL);
    exchange_walks(r, kept);
    r->per_dir_config = place;
    return sub;
}

/* Makes the subrequest.  It copies from its parent, so meanwhile the parent looks as
 * if it were the upload itself. */
static request_rec *ask(request_rec *r, const char *method, const char *path)
{
    ep_request *state = ep_request_get(r);
    char *line = r->the_request;
    request_rec *sub;

    ep_snapshot_exchange(r, state->sent);
    r->the_request = line_with(r, method);
    state->is_asked = 1;
    sub = ep_preview_subrequest(r, method, path);
    state->is_asked = 0;
    ep_snapshot_exchange(r, state->sent);
    r->the_request = line;
    return sub;
}

int ep_preview_is_led_on(const request_rec *r)
{
    return r->handler != NULL && strcmp(r->handler, "redirect-handler") == 0;
}

/* @return the status that answers a request for the limits of an upload that httpd
 * does not admit. */
static int status_for(const request_rec *r, int status)
{
    /* there are no such uploads */
    if (status == HTTP_METHOD_NOT_ALLOWED || !ap_is_HTTP_ERROR(status)) {
        return HTTP_NOT_FOUND;
    }
    /* credentials with a one-time nonce were valid for r only: a client that gets
     * a new challenge for each request would try for ever */
    if (status == HTTP_UNAUTHORIZED && r->user != NULL
        && r->ap_auth_type != NULL
        && ap_cstr_casecmp(r->ap_auth_type, "Digest") == 0) {
        return HTTP_NOT_FOUND;
    }
    return status;
}

void ep_preview_look(request_rec *r, const char *method, ep_preview *found)
{
    const char *path = asked_path(r);
    ep_facts facts;

    /* the first place is asked for the upload as the client would send it */
    ep_request_get(r)->servers = NULL;
    if (path == NULL) {
        found->status = HTTP_NOT_FOUND;
        return;
    }
    /* the place that redirected to this one has to admit it, too */
    if (r->prev != NULL) {
        found->sub = ask(r, method, asked_path(ep_request_initial(r)));
        if (ap_is_HTTP_ERROR(found->sub->status)) {
            found->status = status_for(r, found->sub->status);
            return;
        }
    }
    found->sub = ask(r, method, path);
    found->status = found->sub->status;
    if (found->status == HTTP_OK && !ep_preview_is_led_on(found->sub)
        && ep_section_advertises(found->sub, found->sub->per_dir_config,
                                 EP_VALUES_NOW, &found->policy)) {
        ep_facts_suppose(ep_request_get(r)->sent->fields, method, &facts);
        ep_verdict_judge(&found->policy, &facts, &found->verdict);
    }
    else {
        /* or uploads are redirected elsewhere, or the place tells no limits */
        found->status = status_for(r, found->status);
    }
}
