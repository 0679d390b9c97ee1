/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * An upload that an administrator asks about is judged by the same functions as any
 * other.  A subrequest stands for it (ep_request_explain): httpd finds its place and
 * runs its hooks up to the handler.  header_parser, which does not run for
 * subrequests, is called where it would run.  What an outcome does elsewhere, it does
 * not do here: it is noted (request/explained.h).
 */

#include "hooks/explainer.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "http_protocol.h"
#include "http_request.h"

#include "answer/foreign_error.h"
#include "answer/preview.h"
#include "answer/refusal.h"
#include "config/section.h"
#include "core/status/explanation_page.h"
#include "core/status/explanation_text.h"
#include "hooks/asked.h"
#include "hooks/error_page.h"
#include "hooks/judge.h"
#include "request/counters.h"
#include "request/expect_hold.h"
#include "request/facts.h"
#include "request/judgement.h"
#include "status/handler.h"

APLOG_USE_MODULE(expect_policy);

/* How often mod_rewrite may lead on to another URL. */
#define LEADS_MAX 10

/* What was found of an upload. */
typedef struct finding {
    request_rec *sub;
    const ep_asked *asked;
    ep_explained *explained;
    /* the head as it was judged last, NULL: it was not */
    const ep_judgement *head;
    ep_explanation told;
    ep_explain_row rows[EP_EXPLAIN_ROWS];
} finding;

/* @return the state of a request that stands for an upload; NULL: it does not */
static ep_request *upload_of(request_rec *r)
{
    return r->main != NULL && !ep_request_is_part(r) ? ep_request_get(r) : NULL;
}

/* What modules say is not logged: it is no request that anybody has sent.  This module
 * logs what it says of a configuration. */
static const struct ap_logconf *silence(request_rec *r)
{
    struct ap_logconf *log = ap_new_log_config(r->pool, NULL);

    log->level = APLOG_EMERG;
    ap_set_module_loglevel(r->pool, log, APLOG_MODULE_INDEX,
                           ap_get_request_module_loglevel(r->main,
                                                          APLOG_MODULE_INDEX));
    return log;
}

/* Makes a new subrequest look like a request that a client has sent. */
static void dress(request_rec *r, const ep_asked *asked)
{
    r->server = asked->server;
    r->per_dir_config = r->server->lookup_defaults;
    r->hostname = asked->hostname;
    r->method = asked->method;
    r->method_number = ap_method_number_of(asked->method);
    r->protocol = "HTTP/1.1";
    r->proto_num = HTTP_VERSION(1, 1);
    r->the_request = apr_pstrcat(r->pool, asked->method, " ", asked->path,
                                 " HTTP/1.1", NULL);
    r->subprocess_env = apr_table_make(r->pool, 10);
    r->user = NULL;
    r->log = silence(r);
    ep_facts_swap(r, apr_table_copy(r->pool, asked->fields));
    ap_parse_uri(r, asked->path);
}

/* What comes before the URL is mapped: core's check of Expect, and post_read_request. */
static void judge_host(request_rec *r, ep_request *state)
{
    const ep_judgement *judgement;

    if (!ep_expect_hold_foresee(r)) {
        state->explained->is_over = ep_judge_host(r) != DECLINED;
        return;
    }
    r->status = HTTP_EXPECTATION_FAILED;
    state->explained->is_over = 1;
    state->explained->early_status = HTTP_EXPECTATION_FAILED;
    judgement = ep_error_page_judge(r);
    if (judgement != NULL) {
        ep_refusal_conclude(r, state, judgement);
    }
}

/* In the create_request hook. */
static int begin(request_rec *r)
{
    ep_request *asking = r->main != NULL ? ep_request_get(r->main) : NULL;
    const ep_asked *asked = asking != NULL ? asking->asks : NULL;

    if (asked != NULL) {
        asking->asks = NULL;
        dress(r, asked);
        judge_host(r, ep_request_explain(r, asking->explains));
    }
    return OK;
}

/* In the post_perdir_config hook, behind which header_parser runs for a request. */
static int judge_head(request_rec *r)
{
    const ep_request *state = upload_of(r);

    if (state == NULL) {
        return DECLINED;
    }
    return state->explained->is_over ? DONE : ep_judge_head(r);
}

/* In the check_authn hook: an administrator may take it for granted. */
static int authenticate(request_rec *r)
{
    const ep_request *state = ep_request_is_explained(r) ? ep_request_get(r) : NULL;

    if (state == NULL || state->explained->user == NULL) {
        return DECLINED;
    }
    r->user = apr_pstrdup(r->pool, state->explained->user);
    r->ap_auth_type = apr_pstrdup(r->pool, ap_auth_type(r));
    return OK;
}

/* mod_rewrite leaves out rules with the flags R and NS in subrequests.  So while its hooks
 * run, the upload does not look like one. */
static int hide_main(request_rec *r)
{
    ep_request *state = upload_of(r);

    if (state != NULL) {
        state->explained->main = r->main;
        r->main = NULL;
    }
    return DECLINED;
}

/* Ends what hide_main() has begun. */
static int show_main(request_rec *r)
{
    const ep_request *state = r->main == NULL ? ep_request_get(r) : NULL;

    if (state != NULL && state->explained != NULL) {
        r->main = state->explained->main;
    }
    return DECLINED;
}

/* Asks httpd, up to the handler. */
static request_rec *look(request_rec *r, const ep_asked *asked,
                         ep_explained *explained)
{
    ep_request *state = ep_request_make(r);
    request_rec *sub;

    state->asks = asked;
    state->explains = explained;
    sub = ep_preview_subrequest(r, asked->method, asked->path);
    state->asks = NULL;
    /* mod_rewrite may have ended it */
    show_main(sub);
    if (sub->status == HTTP_OK && !explained->is_over) {
        ep_judge_place(sub);
    }
    return sub;
}

/* --------------------------------------------------------------- what was found */

static void add_note(finding *found, const char *note)
{
    if (found->told.notes_count < EP_EXPLANATION_NOTES) {
        found->told.notes[found->told.notes_count++] = note;
    }
}

/* @return a text that may have any bytes, as US-ASCII */
static const char *shown(apr_pool_t *pool, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    char *copy = apr_palloc(pool, 4 * strlen(text) + 1);
    char *end = copy;

    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;

        if (byte >= ' ' && byte <= '~') {
            *end++ = *text;
            continue;
        }
        *end++ = '\\';
        *end++ = 'x';
        *end++ = digits[byte >> 4];
        *end++ = digits[byte & 15];
    }
    *end = '\0';
    return copy;
}

/* @return a line of a file as it can be shown */
static const ep_setting *printable(apr_pool_t *pool, const ep_setting *by)
{
    ep_setting *copy;

    if (by == NULL || by->file == NULL) {
        return by;
    }
    copy = apr_pmemdup(pool, by, sizeof(*by));
    copy->file = shown(pool, by->file);
    copy->text = by->text != NULL ? shown(pool, by->text) : NULL;
    return copy;
}

static int is_refused(const finding *found)
{
    return found->explained->outcome == EP_OUTCOME_REFUSED;
}

/* @return why the head was not judged */
static const char *why_not_judged(const finding *found)
{
    ep_policy policy;

    ep_section_policy(found->sub, found->sub->per_dir_config, EP_VALUES_LATER,
                      &policy);
    if (policy.mode == EP_MODE_OFF) {
        return "the policy is Off here";
    }
    return ep_stage_lacks_user(ep_request_get(found->sub)->stage)
               ? "httpd asks for a user first"
               : "httpd or another module answers first";
}

/* @return the verdict on the limits that count, NULL: none refuses */
static const ep_verdict *counted_verdict(const finding *found)
{
    const ep_judgement *told = found->explained->told;

    return told != NULL && told->verdict.code != EP_ADMITTED
                   && told->verdict.code >= EP_HEAD_CODES
               ? &told->verdict
               : NULL;
}

/* @return the judgement of the head, NULL: there is none */
static const ep_judgement *head_of(const finding *found)
{
    const ep_judgement *judged = ep_request_get(found->sub)->judged;

    return judged != NULL || counted_verdict(found) != NULL
               ? judged
               : found->explained->told;
}

static void explain_checks(finding *found)
{
    apr_pool_t *pool = found->sub->pool;
    ep_explain_facts known;
    ep_policy *policy = apr_palloc(pool, sizeof(*policy));
    size_t i;

    memset(&known, 0, sizeof(known));
    found->head = head_of(found);
    if (found->head != NULL) {
        known.policy = found->head->policy;
        known.facts = found->head->facts;
        known.head = &found->head->verdict;
    }
    else {
        ep_section_policy(found->sub, found->sub->per_dir_config, EP_VALUES_LATER,
                          policy);
        known.policy = policy;
        known.why_not = why_not_judged(found);
    }
    known.counted = counted_verdict(found);
    known.limits = found->explained->limits;
    known.limits_count = found->explained->limits_count;
    found->told.mode = known.policy->mode == EP_MODE_ON       ? "On"
                       : known.policy->mode == EP_MODE_OFF    ? "Off"
                                                              : "DryRun";
    found->told.mode_by = printable(pool, known.policy->mode_by);
    found->told.rows_count = ep_explain(&known, found->rows);
    for (i = 0; i < found->told.rows_count; i++) {
        found->rows[i].by[0] = printable(pool, found->rows[i].by[0]);
        found->rows[i].by[1] = printable(pool, found->rows[i].by[1]);
    }
    found->told.rows = found->rows;
}

/* apr_table_do() goes on as long as this returns 1. */
static int add_field(void *data, const char *name, const char *value)
{
    apr_array_header_t *fields = data;
    ep_explanation_field *field = apr_array_push(fields);

    field->name = shown(fields->pool, name);
    field->value = shown(fields->pool, value);
    return 1;
}

/* Makes the answer of this module as it would be sent. */
static void set_document(finding *found, const ep_judgement *judgement)
{
    request_rec *r = found->sub;
    apr_array_header_t *fields = apr_array_make(r->pool, 10,
                                                sizeof(ep_explanation_field));
    const char *document;
    apr_size_t length;

    apr_table_clear(r->headers_out);
    document = ep_refusal_dress(r, judgement, &length);
    found->told.document = apr_pstrmemdup(r->pool, document, length);
    found->told.document_length = length;
    add_field(fields, "Content-Type", r->content_type);
    apr_table_do(add_field, fields, r->headers_out, NULL);
    found->told.fields = (const ep_explanation_field *)fields->elts;
    found->told.fields_count = (size_t)fields->nelts;
}

/* @return the status of an error of httpd or another module; 0: none */
static int error_of(const finding *found)
{
    return found->explained->early_status != 0 ? found->explained->early_status
           : ap_is_HTTP_ERROR(found->sub->status) ? found->sub->status
                                                  : 0;
}

/* Another module answers, or httpd does. */
static void set_error(finding *found, int status)
{
    const ep_judgement *early = found->explained->early_status == 0
                                    ? ep_foreign_error(found->sub, status)
                                    : NULL;

    found->told.outcome = "error";
    found->told.status = status;
    if (early != NULL) {
        set_document(found, early);
        return;
    }
    add_note(found, "httpd or another module answers with a page of its own, or an"
                    " ErrorDocument.");
}

/* @return the status of an answer before the handler that is no error, for example of
 * a redirect to another URL; 0: none */
static int answer_of(const finding *found)
{
    const int status = found->sub->status;

    return status != HTTP_OK && ap_is_HTTP_VALID_RESPONSE(status)
                   && !ap_is_HTTP_ERROR(status)
               ? status
               : 0;
}

/* The upload is not refused.  It goes on, or is answered before its handler. */
static void set_passed(finding *found)
{
    const int status = answer_of(found);

    if (status != 0) {
        found->told.outcome = "answered";
        found->told.status = status;
        add_note(found, "httpd or another module answers before the handler, for"
                        " example with a redirect to another URL.");
        return;
    }
    found->told.outcome = found->explained->outcome == EP_OUTCOME_WOULD_REFUSE
                              ? "would-refuse"
                              : "admitted";
    add_note(found, "The upload goes on to its handler, which decides on the answer.");
}

static void set_outcome(finding *found)
{
    const ep_judgement *told = found->explained->told;
    const int status = error_of(found);

    if (found->explained->outcome >= EP_OUTCOME_WOULD_REFUSE) {
        found->told.error = ep_verdict_error(&told->verdict, told->verdict.code);
    }
    if (is_refused(found)) {
        found->told.outcome = "refused";
        found->told.status = told->verdict.status;
        set_document(found, told);
    }
    else if (status != 0) {
        set_error(found, status);
    }
    else {
        set_passed(found);
    }
}

static void add_notes(finding *found)
{
    const apr_off_t limit = ap_get_limit_req_body(found->sub);
    const int size_is_known = found->asked->size != EP_UNKNOWN;

    if (found->asked->is_default) {
        add_note(found, "No virtual host has this name; httpd takes the first one of"
                        " the port.");
    }
    if (found->explained->user != NULL) {
        add_note(found, "Authentication was taken for granted; Require was asked with"
                        " this user.");
    }
    else if (error_of(found) == HTTP_UNAUTHORIZED) {
        add_note(found, "Before httpd has authenticated a user, nothing of the policy"
                        " is told. Ask with user=NAME.");
    }
    if (!is_refused(found) && !size_is_known) {
        add_note(found, "Content of unknown length is counted on its way, and cut"
                        " where a limit has no room.");
    }
    if (!is_refused(found) && limit > 0 && size_is_known
        && found->asked->size > limit) {
        add_note(found, apr_psprintf(found->sub->pool,
                                     "LimitRequestBody is %" APR_OFF_T_FMT
                                     " here: httpd answers 413 when the content is"
                                     " read.", limit));
    }
    add_note(found, "Not looked at: passwords and tokens, fields that were not given,"
                    " client certificates, SetEnvIf, filters that change content, and"
                    " what the handler does. Address, port and TLS are those of this"
                    " connection.");
}

static void tell(finding *found)
{
    request_rec *sub = found->sub;
    ep_explanation *told = &found->told;

    told->method = found->asked->method;
    told->path = found->asked->path;
    told->host = found->asked->authority;
    told->size = found->asked->size;
    told->server = shown(sub->pool, ep_counters_name(sub->pool, sub->server));
    told->file = sub->filename != NULL ? shown(sub->pool, sub->filename)
                                       : NULL;
    explain_checks(found);
    set_outcome(found);
    add_notes(found);
}

/* @return the URL that mod_rewrite leads an admitted upload on to; NULL: none */
static const char *led_on_to(const finding *found)
{
    request_rec *sub = found->sub;
    const char *to = sub->filename;

    if (is_refused(found) || error_of(found) != 0 || !ep_preview_is_led_on(sub)
        || to == NULL || strncmp(to, "redirect:/", 10) != 0) {
        return NULL;
    }
    return apr_pstrcat(sub->pool, to + 9, sub->args != NULL ? "?" : NULL, sub->args,
                       NULL);
}

static void find_out(request_rec *r, ep_asked *asked, finding *found)
{
    const char *path = asked->path;
    int leads;

    memset(found, 0, sizeof(*found));
    found->asked = asked;
    for (leads = 0; path != NULL && leads <= LEADS_MAX; leads++) {
        ep_explained *explained = apr_pmemdup(r->pool, &asked->explained,
                                              sizeof(*explained));

        asked->path = path;
        found->explained = explained;
        found->sub = look(r, asked, explained);
        path = led_on_to(found);
    }
    if (leads > 1) {
        add_note(found, "mod_rewrite has led on to this URL; the one that was asked"
                        " about admits the upload.");
    }
    tell(found);
}

/* --------------------------------------------------------------- the answer */

static int complain(request_rec *r, const char *wrong)
{
    r->status = HTTP_BAD_REQUEST;
    ap_set_content_type(r, "text/plain;charset=utf-8");
    ap_rputs(wrong, r);
    ap_rputs("\n", r);
    return OK;
}

static int send_explanation(request_rec *r, const ep_sink *sink, const char *format,
                            const ep_explanation *told)
{
    if (strcmp(format, "html") == 0) {
        ep_handler_set_page_fields(r, EP_EXPLANATION_SECURITY);
        ep_explanation_page(told, sink);
        return OK;
    }
    if (told == NULL) {
        return complain(r, "explain is METHOD URL");
    }
    if (strcmp(format, "json") == 0) {
        ap_set_content_type(r, "application/json");
        return ep_explanation_json(told, sink) ? OK : HTTP_INTERNAL_SERVER_ERROR;
    }
    if (strcmp(format, "text") == 0) {
        ap_set_content_type(r, "text/plain;charset=utf-8");
        ep_explanation_text(told, sink);
        return OK;
    }
    return complain(r, "format is html, json or text");
}

static int answer(request_rec *r, const ep_sink *sink)
{
    ep_asked *asked = apr_palloc(r->pool, sizeof(*asked));
    finding *found = apr_palloc(r->pool, sizeof(*found));
    const char *wrong = ep_asked_read(r, asked);

    if (wrong != NULL) {
        return complain(r, wrong);
    }
    if (asked->method == NULL) {
        return send_explanation(r, sink, asked->format, NULL);
    }
    find_out(r, asked, found);
    return send_explanation(r, sink, asked->format, &found->told);
}

/* Costs nothing where no file names the handler of the status page. */
static void register_hooks(void)
{
    static const char *const rewrite[] = { "mod_rewrite.c", NULL };

    /* behind core's, which makes the state that httpd's walks need */
    ap_hook_create_request(begin, NULL, NULL, APR_HOOK_REALLY_LAST);
    /* header_parser runs behind all hooks of this kind */
    ap_hook_post_perdir_config(judge_head, NULL, NULL, APR_HOOK_REALLY_LAST);
    /* before all modules that ask for a password, and behind the snapshot */
    ap_hook_check_authn(authenticate, NULL, NULL, APR_HOOK_FIRST - 1,
                        AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_translate_name(hide_main, NULL, rewrite, APR_HOOK_FIRST);
    ap_hook_translate_name(show_main, rewrite, NULL, APR_HOOK_FIRST);
    /* no hook of translate_name runs behind the one that translates */
    ap_hook_map_to_storage(show_main, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(hide_main, NULL, rewrite, APR_HOOK_FIRST);
    ap_hook_fixups(show_main, rewrite, NULL, APR_HOOK_FIRST);
}

void ep_explainer_register(void)
{
    static const ep_handler_explainer explainer = { register_hooks, answer };

    ep_handler_explain_by(&explainer);
}
