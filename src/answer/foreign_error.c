/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "answer/foreign_error.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

#include "config/section.h"
#include "connection/close.h"
#include "core/text/auth.h"
#include "request/facts.h"
#include "request/filter.h"
#include "request/judgement.h"

APLOG_USE_MODULE(expect_policy);

static ap_filter_rec_t *early_filter;

/* Set while the configuration is read, then read-only. */
static int is_needed;

/* @param policy out, @param facts out
 * @return 1 for an upload whose content was not read, if early errors are on */
static int is_unread_upload(request_rec *r, ep_policy *policy, ep_facts *facts)
{
    const ep_request *state;

    if (!is_needed || ep_request_is_part(r)
        || !ep_section_may_be_on(r->per_dir_config)
        || !ep_facts_read(r, facts) || facts->content == EP_CONTENT_NONE) {
        return 0;
    }
    ep_section_policy(r, r->per_dir_config, EP_VALUES_LATER, policy);
    if (policy->mode != EP_MODE_ON || !policy->early_errors) {
        return 0;
    }
    state = ep_request_make(r);
    return !ep_stage_body_is_read(state->body) && !ep_stage_is_answered(state->stage);
}

/* @param status the answer's
 * @return its judgement; NULL: it is no answer to such an upload */
static const ep_judgement *judge_unread(request_rec *r, int status)
{
    ep_facts facts;
    ep_policy policy;

    if (!is_unread_upload(r, &policy, &facts)) {
        return NULL;
    }
    return ep_judgement_make_foreign(
        r, apr_pmemdup(ep_request_initial(r)->pool, &policy, sizeof(policy)),
        ep_facts_copy(r, &facts), status);
}

/* apr_table_do() goes on as long as this returns 1. */
static int has_no_handshake(void *data, const char *field, const char *value)
{
    (void)data;
    (void)field;
    return !ep_auth_offers(value, "Negotiate")
           && !ep_auth_offers(value, "NTLM");
}

/* A scheme that authenticates connections needs this one for its next step. */
static int binds_connection(const request_rec *r)
{
    return !apr_table_do(has_no_handshake, NULL, r->err_headers_out,
                         "WWW-Authenticate", NULL);
}

/* 1 for the statuses of core for a head that it could not parse. */
static int is_broken_head(int status)
{
    return status == HTTP_BAD_REQUEST || status == HTTP_REQUEST_TIME_OUT
           || status == HTTP_REQUEST_URI_TOO_LARGE
           || status == HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE
           || status == HTTP_VERSION_NOT_SUPPORTED;
}

const ep_judgement *ep_foreign_error(request_rec *r, int status)
{
    if (!ap_is_HTTP_ERROR(status) || is_broken_head(status)
        || (status == HTTP_UNAUTHORIZED && binds_connection(r))) {
        return NULL;
    }
    return judge_unread(r, status);
}

void ep_foreign_error_close(request_rec *r)
{
    if (r->status >= HTTP_MULTIPLE_CHOICES
        && !(r->status == HTTP_UNAUTHORIZED && binds_connection(r))) {
        const ep_judgement *judgement = judge_unread(r, r->status);

        if (judgement != NULL) {
            ep_close_over_content(r, ep_request_get(r), judgement);
        }
    }
}

/* The output filter: sends the answer of a module or application early. */
static apr_status_t answer_early(ap_filter_t *f, apr_bucket_brigade *bb)
{
    if (f->ctx == NULL) {
        return ep_filter_leave_output(f, bb);
    }
    if (!APR_BRIGADE_EMPTY(bb)) {
        ep_foreign_error_close(f->r);
        ap_remove_output_filter(f);
    }
    return ap_pass_brigade(f->next, bb);
}

static void watch_answer(request_rec *r)
{
    if (r->main == NULL && ep_section_may_be_on(r->per_dir_config)
        && ep_facts_any(r)) {
        /* the context says that it is ours, see request/filter.h */
        ap_add_output_filter_handle(early_filter, r, r, r->connection);
    }
}

/* @return 1 if core's default handler would say 404 */
static int is_no_file(const request_rec *r)
{
    return r->finfo.filetype == APR_NOFILE || r->finfo.filetype == APR_DIR
           || (r->used_path_info != AP_REQ_ACCEPT_PATH_INFO
               && r->path_info != NULL && *r->path_info != '\0');
}

/* @return 1 if core's default handler would say 403 */
static int is_unreadable(request_rec *r)
{
    apr_file_t *file;
    const apr_status_t rv = apr_file_open(&file, r->filename,
                                          APR_READ | APR_BINARY, 0, r->pool);

    if (rv == APR_SUCCESS) {
        apr_file_close(file);
        return 0;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, r,
                  "file permissions deny server access: %s", r->filename);
    return 1;
}

/*
 * core's default handler reads all content before it answers with an error.  This
 * handler gives the same answer early (server/core.c default_handler).
 */
static int before_default_handler(request_rec *r)
{
    const core_request_config *core = ap_get_core_module_config(
        r->request_config);
    ep_policy policy;
    ep_facts facts;

    if (r->main != NULL || !is_unread_upload(r, &policy, &facts)) {
        return DECLINED;
    }
    ap_allow_standard_methods(r, MERGE_ALLOW, M_GET, M_OPTIONS, M_POST, -1);
    switch (r->method_number) {
    case M_GET:
    case M_POST:
        if (is_no_file(r)) {
            ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                          "File does not exist: %s%s", r->filename,
                          r->path_info != NULL ? r->path_info : "");
            return HTTP_NOT_FOUND;
        }
        if (r->method_number == M_POST && !core->deliver_script) {
            return HTTP_METHOD_NOT_ALLOWED;
        }
        return is_unreadable(r) ? HTTP_FORBIDDEN : DECLINED;
    case M_OPTIONS:
        return DECLINED;
    case M_INVALID:
        return HTTP_NOT_IMPLEMENTED;
    default:
        return HTTP_METHOD_NOT_ALLOWED;
    }
}

/* Registers the hooks only if a directive needs them. */
static void need(void)
{
    if (!is_needed) {
        is_needed = 1;
        ap_hook_insert_filter(watch_answer, NULL, NULL, APR_HOOK_LAST);
        /* after all handlers but core's, which is REALLY_LAST.  Naming core.c
         * as successor would not work: it has a REALLY_FIRST handler as well */
        ap_hook_handler(before_default_handler, NULL, NULL,
                        APR_HOOK_REALLY_LAST - 1);
    }
}

void ep_foreign_error_register(void)
{
    /* above all filters that could change or delay the answer's head */
    early_filter = ap_register_output_filter("EXPECT_POLICY_EARLY",
                                             answer_early, NULL,
                                             AP_FTYPE_CONTENT_SET + 5);
    ep_section_when_used(EP_FEATURE_EARLY_ERRORS, need);
}

void ep_foreign_error_reset(void)
{
    is_needed = 0;
}
