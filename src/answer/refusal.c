/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "answer/refusal.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

#include "answer/fields.h"
#include "connection/close.h"
#include "connection/http2.h"
#include "core/answer/document.h"
#include "core/answer/error.h"
#include "request/filter.h"
#include "request/judgement.h"
#include "request/report.h"

/* What takes the place of a page or an answer, of which no more may go out then. */
struct ep_page {
    ep_request *state;
    /* 1: some of the answer has left, of which nothing but its end is to follow */
    int is_begun;
    int is_sent;
};

static ap_filter_rec_t *page_filter;

int ep_refusal_conclude(request_rec *r, ep_request *state,
                        const ep_judgement *judgement)
{
    if (judgement->verdict.code == EP_ADMITTED) {
        ep_report(r, state, judgement, EP_OUTCOME_ADMITTED);
        return DECLINED;
    }
    if (judgement->policy->mode != EP_MODE_ON) {
        ep_report_would_refuse(r, state, judgement);
        return DECLINED;
    }
    ep_report(r, state, judgement, EP_OUTCOME_REFUSED);
    return ep_refusal_send(r, state);
}

/* The fields that belong to a verdict. */
static void set_fields(request_rec *r, const ep_judgement *judgement)
{
    const ep_policy *policy = judgement->policy;
    const ep_verdict *verdict = &judgement->verdict;
    const ep_setting *by = verdict->by[verdict->code];
    size_t i;

    switch (verdict->code) {
    case EP_METHOD_NOT_ALLOWED:
        ep_fields_allow(r, policy);
        break;
    case EP_AUTHENTICATION_REQUIRED:
        for (i = 0; i < by->names_count; i++) {
            apr_table_addn(r->headers_out, "WWW-Authenticate", by->names[i]);
        }
        break;
    case EP_UNSUPPORTED_CONTENT_TYPE:
        ep_fields_names(r, policy, "Accept", EP_RULE_TYPES);
        if (strcmp(r->method, "POST") == 0) {
            ep_fields_names(r, policy, "Accept-Post", EP_RULE_TYPES);
        }
        else if (strcmp(r->method, "PATCH") == 0) {
            ep_fields_names(r, policy, "Accept-Patch", EP_RULE_TYPES);
        }
        break;
    case EP_UNSUPPORTED_CONTENT_ENCODING:
        ep_fields_names(r, policy, "Accept-Encoding", EP_RULE_ENCODINGS);
        break;
    default:
        break;
    }
    if ((ep_check_of(verdict->code)->tells & EP_TELLS_UPLOAD_LIMIT) != 0) {
        ep_fields_upload_limit(r, policy);
    }
    if (verdict->retry_after != EP_UNKNOWN) {
        apr_table_setn(r->headers_out, "Retry-After",
                       apr_psprintf(r->pool, "%" APR_INT64_T_FMT,
                                    (apr_int64_t)verdict->retry_after));
    }
}

/* The document of a verdict or, where one goes out early, of an error. */
static apr_size_t write_document(request_rec *r, const ep_judgement *judgement,
                                 char *document, const char **error)
{
    const ep_verdict *verdict = &judgement->verdict;

    if (ep_judgement_is_foreign(judgement)) {
        *error = ep_error_token(verdict->status);
        return ep_document_of_error(document, judgement->policy, judgement->facts,
                                    verdict->status,
                                    ap_get_status_line_ex(r->pool,
                                                          verdict->status),
                                    ep_report_id(r));
    }
    *error = ep_verdict_error(verdict, verdict->code);
    return ep_document_of_refusal(document, judgement->policy, judgement->facts,
                                  verdict, ep_report_id(r));
}

/* The status comes first: content would be invited with 100 Continue as long as it is
 * 2xx. */
const char *ep_refusal_dress(request_rec *r, const ep_judgement *judgement,
                             apr_size_t *length)
{
    char *document = apr_palloc(r->pool, EP_DOCUMENT_SIZE);
    const char *error, *type;

    *length = write_document(r, judgement, document, &error);
    r->no_local_copy = 1;
    r->content_encoding = NULL;
    r->content_languages = NULL;
    apr_table_unset(r->headers_out, "Content-Encoding");
    apr_table_setn(r->headers_out, "Expect-Policy-Error", error);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    if (!ep_judgement_is_foreign(judgement)) {
        r->status = judgement->verdict.status;
        r->status_line = NULL;
        apr_table_unset(r->headers_out, "Location");
        set_fields(r, judgement);
    }
    type = ep_document_type(judgement->policy, judgement->facts);
    if (strcmp(type, EP_DOCUMENT_HTML) == 0) {
        apr_table_setn(r->headers_out, "Content-Security-Policy",
                       "default-src 'none'; img-src data:; style-src 'unsafe-inline'");
    }
    if (judgement->policy->format == EP_FORMAT_NEGOTIATE) {
        apr_table_mergen(r->headers_out, "Vary", "Accept");
    }
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)*length);
    return document;
}

int ep_refusal_send(request_rec *r, ep_request *state)
{
    const char *document;
    apr_size_t length;

    ep_request_move(r, state, EP_STAGE_ANSWERS);
    if (state->explained != NULL) {
        return DONE;
    }
    ep_close_over_content(r, state, state->told);
    /* a handler that has begun its answer has led on to here */
    if (ep_refusal_has_left(r)) {
        r->connection->keepalive = AP_CONN_CLOSE;
        return DONE;
    }
    r->status = state->told->verdict.status;
    r->output_filters = r->proto_output_filters;
    /* as ap_send_error_response() does: what was to go with a success goes,
     * what was set to go with every answer (CORS) stays */
    apr_table_clear(r->headers_out);
    ap_run_insert_error_filter(r);
    document = ep_refusal_dress(r, state->told, &length);
    if (!r->header_only) {
        ap_rwrite(document, (int)length, r);
    }
    ep_http2_wait(r, state, state->told);
    return DONE;
}

/* What belongs to the answer that does not go out.  Fields of CGI programs are among
 * those that httpd sends with errors, as are those of `Header always`, which stay. */
static void drop_fields(request_rec *r)
{
    static const char *const fields[] = {
        "Accept-Ranges", "Content-Disposition", "Content-Encoding",
        "Content-Language", "Content-Length", "Content-Location", "Content-MD5",
        "Content-Range", "Content-Type", "ETag", "Last-Modified", "Location",
        "Refresh", "Trailer", "Transfer-Encoding"
    };
    size_t i;

    apr_table_clear(r->headers_out);
    /* an internal redirect has none */
    if (r->trailers_out != NULL) {
        apr_table_clear(r->trailers_out);
    }
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        apr_table_unset(r->err_headers_out, fields[i]);
    }
}

int ep_refusal_has_left(const request_rec *r)
{
    /* a redirect to an ErrorDocument does not know what was sent before it */
    for (; r != NULL; r = r->prev) {
        if (r->bytes_sent > 0 || r->sent_bodyct || r->eos_sent) {
            return 1;
        }
    }
    return 0;
}

/* Drops what is added to an answer that has begun, and lets its end pass. */
static apr_status_t end_answer(ap_filter_t *f, struct ep_page *ours,
                               apr_bucket_brigade *bb)
{
    const int is_end = !APR_BRIGADE_EMPTY(bb)
                       && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));

    apr_brigade_cleanup(bb);
    if (!is_end) {
        return APR_SUCCESS;
    }
    ours->is_sent = 1;
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(f->c->bucket_alloc));
    return ap_pass_brigade(f->next, bb);
}

/* Drops the page that core writes, or the answer of a handler, and sends the document
 * in its place. */
static apr_status_t replace_page(ap_filter_t *f, apr_bucket_brigade *bb)
{
    struct ep_page *ours = f->ctx;
    const ep_judgement *judgement;
    const char *document;
    apr_size_t length;
    apr_status_t rv;

    if (ours == NULL) {
        return ep_filter_leave_output(f, bb);
    }
    if (ours->is_begun && !ours->is_sent) {
        return end_answer(f, ours, bb);
    }
    apr_brigade_cleanup(bb);
    if (ours->is_sent) {
        return APR_SUCCESS;
    }
    ours->is_sent = 1;
    judgement = ours->state->told;
    if (ep_stage_is_cut(ours->state->stage)) {
        drop_fields(f->r);
        /* this request may be one that a handler has led on to since */
        ep_report_in_environment(f->r, judgement, EP_OUTCOME_CUT);
    }
    document = ep_refusal_dress(f->r, judgement, &length);
    if (!f->r->header_only) {
        APR_BRIGADE_INSERT_TAIL(
            bb, apr_bucket_pool_create(document, length, f->r->pool,
                                       f->c->bucket_alloc));
    }
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(f->c->bucket_alloc));
    rv = ap_pass_brigade(f->next, bb);
    ep_http2_wait(f->r, ours->state, judgement);
    return rv;
}

void ep_refusal_register(void)
{
    /* below all filters that change content: what they make of an answer does not go
     * out, and of the document they make nothing */
    page_filter = ap_register_output_filter("EXPECT_POLICY_PAGE", replace_page,
                                            NULL, AP_FTYPE_PROTOCOL - 1);
}

/* Among the protocol filters, as their topmost, it outlives internal redirects; but an
 * error may lead back to the request before the redirect, which lacks it. */
static void add_filter(request_rec *r, ep_request *state)
{
    ap_filter_t *f;

    if (state->page == NULL) {
        state->page = apr_pcalloc(ep_request_initial(r)->pool, sizeof(*state->page));
        state->page->state = state;
    }
    if (ep_filter_is_added(r->output_filters, page_filter, state->page)) {
        return;
    }
    f = ap_add_output_filter_handle(page_filter, state->page, r, r->connection);
    if (f->next == r->proto_output_filters) {
        r->proto_output_filters = f;
    }
}

void ep_refusal_replace_answer(request_rec *r, ep_request *state)
{
    ep_request_move(r, state, EP_STAGE_ANSWERS);
    add_filter(r, state);
    /* httpd answers `OPTIONS *` before the hook in which modules add their filters, such
     * as that of `Header always` */
    if (state->place == NULL && r->output_filters == r->proto_output_filters) {
        ap_run_insert_error_filter(r);
    }
}

void ep_refusal_replace_page(request_rec *r, ep_request *state,
                             const ep_judgement *judgement)
{
    if (!ep_stage_is_answered(state->stage)) {
        ep_request_move(r, state, EP_STAGE_ANSWERS);
    }
    state->told = judgement;
    ep_close_over_content(r, state, judgement);
    if (!ep_judgement_is_foreign(judgement) && ep_stage_is_cut(state->stage)) {
        /* this request may be that of an ErrorDocument */
        ep_report_in_environment(r, judgement, EP_OUTCOME_CUT);
    }
    if (ep_refusal_has_left(r)) {
        r->connection->keepalive = AP_CONN_CLOSE;
        add_filter(r, state);
        state->page->is_begun = 1;
        return;
    }
    if (!ep_judgement_is_foreign(judgement)) {
        r->status = judgement->verdict.status;
        r->status_line = NULL;
    }
    add_filter(r, state);
}
