/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A handler for tests, which stores what it reads and takes the error of a read for
 * the end of the content, as mod_php, mod_wsgi and mod_perl do.  The query says what
 * it answers, as words that end with a dot:
 *
 *   before.   writes a few bytes before it reads, which httpd keeps for the time being
 *   flush.    the same, and sends them
 *   between.  the same, after the first bytes of content
 *   length.   says how long its answer is going to be, 1000 bytes
 *   early.    sends 103 Early Hints before it reads, as a program may
 *   much.     writes so much that httpd keeps none of it
 *   fields.   sets fields that belong to its own answer
 *   silent.   writes nothing
 *   leads.    leads on to /plain.txt
 *   to.       leads on to /closed/plain.txt instead
 *   asks.     lets a subrequest for /plain.txt write
 *   unread.   reads no content
 *   again.    reads on after the error, ten times
 *   s=201.    the status of its answer
 *   r=500.    what it returns
 */

#include <stdlib.h>

#include "httpd.h"
#include "http_config.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

static int says(const request_rec *r, const char *word)
{
    return r->args != NULL && strstr(r->args, word) != NULL;
}

static int number(const request_rec *r, const char *name, int otherwise)
{
    const char *at = r->args != NULL ? strstr(r->args, name) : NULL;

    return at != NULL ? atoi(at + strlen(name)) : otherwise;
}

static void write_begin(request_rec *r)
{
    if (says(r, "length.")) {
        ap_set_content_length(r, 1000);
    }
    ap_rputs("begun\n", r);
    if (!says(r, "before.")) {
        ap_rflush(r);
    }
}

static apr_off_t store(apr_bucket_brigade *bb, apr_file_t *file)
{
    apr_bucket *e;
    apr_off_t bytes = 0;

    for (e = APR_BRIGADE_FIRST(bb); e != APR_BRIGADE_SENTINEL(bb);
         e = APR_BUCKET_NEXT(e)) {
        const char *data;
        apr_size_t length;

        if (!APR_BUCKET_IS_METADATA(e)
            && apr_bucket_read(e, &data, &length, APR_BLOCK_READ) == APR_SUCCESS) {
            apr_file_write_full(file, data, length, NULL);
            bytes += (apr_off_t)length;
        }
    }
    return bytes;
}

static apr_off_t store_all(request_rec *r, apr_file_t *file)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool,
                                                r->connection->bucket_alloc);
    apr_off_t bytes = 0;
    int is_end = 0, errors = says(r, "again.") ? 10 : 1;

    while (!is_end) {
        if (ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ,
                           8192) != APR_SUCCESS) {
            is_end = --errors == 0;
        }
        else {
            is_end = APR_BRIGADE_EMPTY(bb)
                     || APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));
            if (bytes == 0 && says(r, "between.")) {
                write_begin(r);
            }
            bytes += store(bb, file);
        }
        apr_brigade_cleanup(bb);
    }
    return bytes;
}

static void set_fields(request_rec *r)
{
    apr_table_setn(r->headers_out, "ETag", "\"mine\"");
    apr_table_setn(r->headers_out, "Location", "http://127.0.0.1/stored");
    apr_table_setn(r->headers_out, "Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT");
    apr_table_setn(r->headers_out, "Set-Cookie", "mine=1");
    apr_table_setn(r->headers_out, "Accept-Ranges", "bytes");
    apr_table_setn(r->err_headers_out, "Content-Encoding", "gzip");
    apr_table_setn(r->err_headers_out, "Content-Length", "9999");
    apr_table_setn(r->err_headers_out, "Content-Disposition", "attachment");
    ap_set_content_length(r, 9999);
}

static void answer(request_rec *r, apr_off_t bytes)
{
    r->status = number(r, "s=", r->status);
    if (says(r, "fields.")) {
        set_fields(r);
    }
    if (says(r, "asks.")) {
        request_rec *part = ap_sub_req_lookup_uri("/plain.txt", r, r->output_filters);

        ap_run_sub_req(part);
        ap_destroy_sub_req(part);
    }
    if (says(r, "leads.")) {
        ap_internal_redirect(says(r, "to.") ? "/closed/plain.txt" : "/plain.txt", r);
    }
    else if (!says(r, "silent.")) {
        int i;

        for (i = says(r, "much.") ? 4000 : 1; i > 0; i--) {
            ap_rprintf(r, "stored=%" APR_OFF_T_FMT "\n", bytes);
        }
    }
}

static int careless(request_rec *r)
{
    apr_file_t *file;
    apr_off_t bytes;

    if (r->handler == NULL || strcmp(r->handler, "careless") != 0) {
        return DECLINED;
    }
    ap_set_content_type(r, "text/plain");
    if (apr_file_open(&file, r->filename,
                      APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_WRITE,
                      APR_FPROT_OS_DEFAULT, r->pool) != APR_SUCCESS) {
        return HTTP_NOT_FOUND;
    }
    if (says(r, "early.")) {
        const int status = r->status;

        r->status = 103;
        ap_send_interim_response(r, 0);
        r->status = status;
    }
    if (says(r, "before.") || says(r, "flush.")) {
        write_begin(r);
    }
    bytes = says(r, "unread.") ? 0 : store_all(r, file);
    apr_file_close(file);
    answer(r, bytes);
    return number(r, "r=", OK);
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_handler(careless, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(careless) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks
#if defined(AP_MODULE_FLAG_NONE)
    , AP_MODULE_FLAG_NONE
#endif
};
