/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/expect_hold.h"

#include "apr_strings.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

#include "core/text/expect.h"
#include "request/filter.h"

/* The name under which core reads the field while it is held back. */
#define HELD "Expect-Policy-Held"
/* Enough bytes of a line to tell both names from longer ones. */
#define PEEK (sizeof(HELD))

static ap_filter_rec_t *hold_filter;

/* Set while the configuration is read, then read-only. */
static int is_held;

typedef struct hold_ctx {
    /* the request line has passed; blank lines may come before it */
    int in_fields;
    /* the last piece did not end its line */
    int in_line;
} hold_ctx;

/* 1 if the line begins with this field name */
static int is_field(const char *line, apr_size_t length, const char *name)
{
    const apr_size_t n = strlen(name);

    return length > n && ap_cstr_casecmpn(line, name, n) == 0
           && (line[n] == ':' || line[n] == ' ' || line[n] == '\t');
}

static int ends_line(apr_bucket_brigade *bb)
{
    apr_bucket *last = APR_BRIGADE_LAST(bb);
    const char *data;
    apr_size_t length;

    return last != APR_BRIGADE_SENTINEL(bb) && !APR_BUCKET_IS_METADATA(last)
           && apr_bucket_read(last, &data, &length, APR_BLOCK_READ)
                  == APR_SUCCESS
           && length > 0 && data[length - 1] == '\n';
}

/* Copies the begin of the line.  A line usually comes in one piece, but a filter
 * below may split it: so this reads until it has enough. */
static apr_status_t peek(ap_filter_t *f, apr_bucket_brigade *bb,
                         apr_read_type_e block, char *line, apr_size_t *length)
{
    apr_bucket_brigade *more = NULL;
    apr_status_t rv;

    for (;;) {
        const apr_size_t before = *length;

        *length = PEEK;
        rv = apr_brigade_flatten(bb, line, length);
        if (rv != APR_SUCCESS || *length == PEEK || ends_line(bb)
            || (more != NULL && *length == before)) {
            return rv;
        }
        if (more == NULL) {
            more = apr_brigade_create(f->r->pool, f->c->bucket_alloc);
        }
        rv = ap_get_brigade(f->next, more, AP_MODE_GETLINE, block, 0);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        APR_BRIGADE_CONCAT(bb, more);
    }
}

static apr_status_t hold_expect(ap_filter_t *f, apr_bucket_brigade *bb,
                                ap_input_mode_t mode, apr_read_type_e block,
                                apr_off_t readbytes)
{
    hold_ctx *ctx = f->ctx;
    char line[PEEK];
    apr_size_t length = 0;
    apr_status_t rv;

    if (ctx == NULL) {
        return ep_filter_leave_input(f, bb, mode, block, readbytes);
    }
    rv = ap_get_brigade(f->next, bb, mode, block, readbytes);
    if (rv != APR_SUCCESS || mode != AP_MODE_GETLINE
        || APR_BRIGADE_EMPTY(bb)) {
        return rv;
    }
    if (!ctx->in_line) {
        rv = peek(f, bb, block, line, &length);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        if (length > 0 && (line[0] == '\r' || line[0] == '\n')) {
            if (ctx->in_fields) {
                ap_remove_input_filter(f);
            }
            return APR_SUCCESS;
        }
        if (ctx->in_fields && is_field(line, length, "Expect")) {
            apr_bucket *value;

            rv = apr_brigade_partition(bb, (apr_off_t)strlen("Expect"),
                                       &value);
            if (rv != APR_SUCCESS) {
                return rv;
            }
            while (APR_BRIGADE_FIRST(bb) != value) {
                apr_bucket_delete(APR_BRIGADE_FIRST(bb));
            }
            APR_BRIGADE_INSERT_HEAD(
                bb, apr_bucket_immortal_create(HELD, strlen(HELD),
                                               f->c->bucket_alloc));
        }
        else if (ctx->in_fields && is_field(line, length, HELD)) {
            /* the client sent this name itself: it must not count as held */
            APR_BRIGADE_INSERT_HEAD(
                bb, apr_bucket_immortal_create("X", 1, f->c->bucket_alloc));
        }
    }
    ctx->in_line = !ends_line(bb);
    if (!ctx->in_line) {
        ctx->in_fields = 1;
    }
    return APR_SUCCESS;
}

void ep_expect_hold_register(void)
{
    hold_filter = ap_register_input_filter("EXPECT_POLICY_HOLD", hold_expect,
                                           NULL, AP_FTYPE_PROTOCOL);
}

static void hide(request_rec *r, conn_rec *c)
{
    if (c->master != NULL) {
        /* HTTP/2: the fields are in the table already */
        const char *expect = apr_table_get(r->headers_in, "Expect");

        if (expect != NULL) {
            ep_request_make(r)->held_expect = apr_pstrdup(r->pool, expect);
            apr_table_unset(r->headers_in, "Expect");
        }
        return;
    }
    ap_add_input_filter_handle(hold_filter,
                               apr_pcalloc(r->pool, sizeof(hold_ctx)), r, c);
}

/* Puts the field back, and sets expecting_100 as core would have done. */
static int restore(request_rec *r)
{
    ep_request *state = ep_request_get(r);
    const char *expect = state != NULL ? state->held_expect : NULL;

    if (r->prev != NULL) {
        return DECLINED;
    }
    if (r->connection->master == NULL) {
        expect = apr_table_get(r->headers_in, HELD);
        if (expect != NULL) {
            expect = apr_pstrdup(r->pool, expect);
            ep_request_make(r)->held_expect = expect;
            apr_table_unset(r->headers_in, HELD);
        }
    }
    if (expect != NULL) {
        apr_table_setn(r->headers_in, "Expect", expect);
        if (ep_expect_has_continue(expect)) {
            r->expecting_100 = 1;
        }
    }
    return DECLINED;
}

void ep_expect_hold_need(void)
{
    if (!is_held) {
        is_held = 1;
        ap_hook_pre_read_request(hide, NULL, NULL, APR_HOOK_MIDDLE);
        /* before other hooks read Expect, `RequestHeader early` included */
        ap_hook_post_read_request(restore, NULL, NULL, APR_HOOK_REALLY_FIRST);
    }
}

void ep_expect_hold_reset(void)
{
    is_held = 0;
}

/* the condition in ap_check_request_header() */
static int passes_core(const char *expect)
{
    return *expect == '\0' || ap_cstr_casecmp(expect, "100-continue") == 0;
}

int ep_expect_hold_as_core(request_rec *r)
{
    const ep_request *state = ep_request_get(r);

    if (r->prev != NULL || state == NULL || state->held_expect == NULL
        || passes_core(state->held_expect)) {
        return DECLINED;
    }
    return HTTP_EXPECTATION_FAILED;
}

int ep_expect_hold_foresee(request_rec *r)
{
    const char *expect = apr_table_get(r->headers_in, "Expect");

    if (expect == NULL) {
        return 0;
    }
    if (is_held) {
        ep_request_make(r)->held_expect = expect;
        return 0;
    }
    return !passes_core(expect);
}

int ep_expect_hold_core_refused(const request_rec *r)
{
    const char *expect;

    if (is_held) {
        return 0;
    }
    /* the request that was refused: this one, or its ErrorDocument's cause */
    while (r->prev != NULL) {
        r = r->prev;
    }
    expect = apr_table_get(r->headers_in, "Expect");
    if (expect == NULL || passes_core(expect)) {
        return 0;
    }
    /* core never continues such a request; with an ErrorDocument that is a URL,
     * its answer has become a redirect */
    return r->status == HTTP_EXPECTATION_FAILED
           || r->status == HTTP_MOVED_TEMPORARILY;
}
