/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "answer/advertise.h"

#include "apr_lib.h"
#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

#include "answer/fields.h"
#include "answer/preview.h"
#include "config/section.h"
#include "core/answer/limits.h"
#include "ledger/charge.h"
#include "ledger/ledger.h"
#include "request/filter.h"
#include "request/query.h"

APLOG_USE_MODULE(expect_policy);

/* The parameter of a query that asks for the limits of a method. */
#define PARAMETER "expect-policy-limits"

static ap_filter_rec_t *advertise_filter;

/* Methods that need content.  The limits of the first one that is accepted are
 * told, so those that upload come first. */
static const char *const carriers[] = { "PUT", "POST", "PATCH", "PROPPATCH" };
#define CARRIERS (sizeof(carriers) / sizeof(*carriers))
#define UPLOADERS 3

/* @return a field that the answer has already (programs set theirs in
 * err_headers_out); NULL: none */
static const char *said(request_rec *r, const char *field)
{
    const char *value = apr_table_getm(r->pool, r->headers_out, field);

    return value != NULL ? value
                         : apr_table_getm(r->pool, r->err_headers_out, field);
}

/* @return 1 if the place accepts uploads by a method, by policy and Allow. */
static int takes(request_rec *r, const ep_policy *policy, const char *method)
{
    const char *allow = said(r, "Allow");

    return allow != NULL ? ap_find_token(r->pool, allow, method)
                               && ep_fields_admits(policy, method, 1)
                         : ep_fields_admits(policy, method, 0);
}

/* @return 1 if a method needs content and may not carry any here. */
static int is_in_vain(const ep_policy *policy, const char *method)
{
    apr_size_t i;

    for (i = 0; i < CARRIERS; i++) {
        if (strcmp(method, carriers[i]) == 0) {
            return !ep_fields_admits(policy, method, 1);
        }
    }
    return 0;
}

static void narrow_allow(request_rec *r, apr_table_t *fields,
                         const ep_policy *policy)
{
    const char *allow = apr_table_getm(r->pool, fields, "Allow");
    apr_array_header_t *kept;

    if (allow == NULL) {
        return;
    }
    kept = apr_array_make(r->pool, 16, sizeof(const char *));
    while (*allow != '\0') {
        const char *method = ap_get_token(r->pool, &allow, 1);

        if (*method != '\0' && !is_in_vain(policy, method)) {
            APR_ARRAY_PUSH(kept, const char *) = method;
        }
        while (*allow == ',' || *allow == ';' || apr_isspace(*allow)) {
            allow++;
        }
    }
    apr_table_setn(fields, "Allow", apr_array_pstrcat(r->pool, kept, ','));
}

/* @return the method whose limits are told: the first one that is accepted. */
static const char *method_to_tell(request_rec *r, const ep_policy *policy)
{
    int i;

    for (i = 0; i < UPLOADERS; i++) {
        if (takes(r, policy, carriers[i])) {
            return carriers[i];
        }
    }
    for (i = 0; i < UPLOADERS; i++) {
        if (ep_fields_admits(policy, carriers[i], 0)) {
            return carriers[i];
        }
    }
    return "POST";
}

/* Adds a list field, unless another module has set it. */
static void tell_names(request_rec *r, const ep_policy *policy,
                       const char *field, ep_rule rule)
{
    if (said(r, field) == NULL) {
        ep_fields_names(r, policy, field, rule);
    }
}

/* Adds the fields to an answer to OPTIONS. */
static void tell(request_rec *r, const ep_policy *policy)
{
    const char *method = method_to_tell(r, policy);
    ep_preview found;

    /* relative to the requested URL, so that nothing of it is repeated */
    apr_table_addn(r->headers_out, "Link",
                   apr_pstrcat(r->pool, "<?" PARAMETER "=", method,
                               ">; rel=\"describedby\";"
                               " type=\"application/json\"", NULL));
    ep_preview_look(r, method, &found);
    if (found.status != HTTP_OK || !ep_verdict_tells_limits(&found.verdict)) {
        return;
    }
    narrow_allow(r, r->headers_out, &found.policy);
    narrow_allow(r, r->err_headers_out, &found.policy);
    if (takes(r, &found.policy, "POST")) {
        tell_names(r, &found.policy, "Accept-Post", EP_RULE_TYPES);
    }
    if (takes(r, &found.policy, "PATCH")) {
        tell_names(r, &found.policy, "Accept-Patch", EP_RULE_TYPES);
    }
    tell_names(r, &found.policy, "Accept-Encoding", EP_RULE_ENCODINGS);
    if (said(r, "Upload-Limit") == NULL) {
        ep_fields_upload_limit(r, &found.policy);
    }
}

/* The output filter: adds fields to an answer to OPTIONS of any handler. */
static apr_status_t add_fields(ap_filter_t *f, apr_bucket_brigade *bb)
{
    ep_policy policy;

    if (f->ctx == NULL) {
        return ep_filter_leave_output(f, bb);
    }
    if (!APR_BRIGADE_EMPTY(bb)) {
        ap_remove_output_filter(f);
        if (ap_is_HTTP_SUCCESS(f->r->status)
            && ep_section_advertises(f->r, f->r->per_dir_config, EP_VALUES_LATER,
                                     &policy)) {
            tell(f->r, &policy);
        }
    }
    return ap_pass_brigade(f->next, bb);
}

static int64_t less(int64_t a, int64_t b)
{
    return a == EP_UNKNOWN || b < a ? b : a;
}

/* @return bytes that a limit has left; EP_UNKNOWN */
static int64_t left_of(request_rec *r, const ep_setting *setting)
{
    const char *directory;
    ep_ledger_balance balance;
    ep_ledger_charge charge;
    apr_status_t rv;

    if (ep_charge_make(r, setting, &charge, &directory) <= 0) {
        return EP_UNKNOWN;
    }
    rv = ep_ledger_read_balance(&charge, &balance);
    if (rv == APR_NOTFOUND && charge.kind == EP_CHARGE_ALLOWANCE) {
        return charge.limit;
    }
    if (rv != APR_SUCCESS || !balance.is_known) {
        return EP_UNKNOWN;
    }
    if (balance.used > charge.limit || balance.held > charge.limit - balance.used) {
        return 0;
    }
    return charge.limit - balance.used - balance.held;
}

/* Finds how much is left.  Only for authenticated users whose upload would pass all
 * other checks: limits that count are asked last. */
static void find_left(const ep_preview *found, ep_left *left)
{
    const ep_policy *policy = &found->policy;
    apr_size_t i;

    left->quota = EP_UNKNOWN;
    left->allowance = EP_UNKNOWN;
    if (found->sub->user == NULL
        || !ep_verdict_tells_limits(&found->verdict)) {
        return;
    }
    for (i = 0; i < policy->counted_count; i++) {
        const ep_setting *setting = policy->counted[i];
        int64_t *least = setting->count->rule == EP_RULE_QUOTA
                             ? &left->quota
                             : setting->count->rule == EP_RULE_ALLOWANCE
                             ? &left->allowance
                             : NULL;
        const int64_t bytes = least != NULL
                                  ? left_of(found->sub, setting)
                                  : EP_UNKNOWN;

        if (bytes != EP_UNKNOWN) {
            *least = less(*least, bytes);
        }
    }
}

/* Removes filters and fields that belong to the resource, not to this document.
 * The fields of Header belong to both. */
static void strip_resource(request_rec *r)
{
    ap_filter_t *f, *next;

    for (f = r->output_filters; f != NULL && f != r->proto_output_filters;
         f = next) {
        next = f->next;
        if (f->frec->ftype < AP_FTYPE_PROTOCOL
            && ap_cstr_casecmp(f->frec->name, "FIXUP_HEADERS_OUT") != 0) {
            ap_remove_output_filter(f);
        }
    }
    r->content_encoding = NULL;
    r->content_languages = NULL;
    apr_table_unset(r->headers_out, "Content-Encoding");
}

static int answer(request_rec *r, const char *method)
{
    char *document = apr_palloc(r->pool, EP_LIMITS_SIZE);
    const int number = ap_method_number_of(method);
    ep_preview found;
    ep_left left;
    size_t length;

    /* TRACE has no content (RFC 9110 9.3.8), and httpd answers it while it maps
     * a URL, in a subrequest, too: the client's cookies would be the document.
     * CONNECT has no URL. */
    if (number == M_INVALID || number == M_TRACE || number == M_CONNECT) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "there is no limits document for a method that httpd"
                      " does not know, or that cannot upload");
        return HTTP_BAD_REQUEST;
    }
    ep_preview_look(r, method, &found);
    if (found.status == HTTP_UNAUTHORIZED) {
        /* with its challenges */
        r->err_headers_out = apr_table_overlay(r->pool, r->err_headers_out,
                                               found.sub->err_headers_out);
    }
    if (found.status != HTTP_OK) {
        return found.status;
    }
    find_left(&found, &left);
    length = ep_limits_document(document, &found.policy, method,
                                   &found.verdict, &left);
    if (length == 0) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    strip_resource(r);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)length);
    ap_rwrite(document, (int)length, r);
    return OK;
}

static int may_ask(const request_rec *r)
{
    return r->method_number == M_GET
               ? r->args != NULL && strstr(r->args, PARAMETER "=") != NULL
               : r->method_number == M_OPTIONS;
}

int ep_advertise_prepare(request_rec *r)
{
    const int asks = may_ask(r);

    if (asks) {
        ep_preview_keep(r);
    }
    return asks;
}

int ep_advertise_may_answer(request_rec *r)
{
    return may_ask(r) && ep_preview_is_kept(r);
}

int ep_advertise(request_rec *r)
{
    const char *method = NULL;
    ep_policy policy;

    /* nor what comes by again in another place */
    if (!ep_preview_is_kept(r) || ep_preview_is_led_on(r)) {
        return DECLINED;
    }
    if (r->method_number == M_GET) {
        method = ep_query_value(r, PARAMETER, NULL);
        if (method == NULL) {
            return DECLINED;
        }
    }
    if (!ep_section_advertises(r, r->per_dir_config, EP_VALUES_LATER, &policy)) {
        return DECLINED;
    }
    if (method != NULL) {
        return answer(r, method);
    }
    /* the context says that it is ours, see request/filter.h */
    ap_add_output_filter_handle(advertise_filter, r, r, r->connection);
    return DECLINED;
}

void ep_advertise_register(void)
{
    /* above mod_headers, so that the administrator's Header lines act last */
    advertise_filter = ap_register_output_filter("EXPECT_POLICY_ADVERTISE",
                                                 add_fields, NULL,
                                                 AP_FTYPE_CONTENT_SET - 1);
}
