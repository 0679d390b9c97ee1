/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/document.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "core/answer/error.h"
#include "core/answer/json.h"
#include "core/answer/refusal_page.h"
#include "core/text/accept.h"
#include "core/text/media.h"
#include "core/text/text.h"

/* The forms of a document; of equally accepted ones, the first is sent. */
typedef enum ep_form {
    EP_FORM_JSON,
    EP_FORM_PROBLEM,
    EP_FORM_HTML,
    EP_FORMS
} ep_form;

static const char *const form_types[EP_FORMS] = {
    "application/json", "application/problem+json", "text/html"
};

void ep_document_init(void)
{
    json_object_seed(0);
}

int ep_document_is_message(const char *text)
{
    const size_t length = strlen(text);
    json_t *string;
    size_t i;

    if (length == 0 || ep_text_json_length(text) > EP_MESSAGE_MAX) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            return 0;
        }
    }
    /* NULL if the text is not UTF-8 */
    string = json_string(text);
    json_decref(string);
    return string != NULL;
}

/* Spans that parsed as tokens are US-ASCII, hence UTF-8. */
static json_t *type_message(const ep_facts *facts)
{
    ep_media media;

    if (facts->content_type == NULL
        || !ep_media_parse(facts->content_type, &media)
        || media.type.length + 1 + media.subtype.length > EP_NAME_MAX) {
        return NULL;
    }
    return json_sprintf("Content of type %.*s is not accepted here.",
                        (int)(media.type.length + 1 + media.subtype.length),
                        media.type.at);
}

static json_t *encoding_message(const ep_facts *facts)
{
    const char *rest = facts->content_encoding;
    ep_span coding;

    if (rest == NULL) {
        return json_string("Content without a Content-Encoding is not accepted"
                           " here.");
    }
    if (ep_media_coding_next(&rest, &coding) != EP_CODING_MEMBER
        || coding.length > EP_NAME_MAX
        || ep_media_coding_next(&rest, &coding) != EP_CODING_END) {
        return NULL;
    }
    return json_sprintf("Content with the encoding %.*s is not accepted here.",
                        (int)coding.length, coding.at);
}

const char *ep_document_refused(const ep_setting *by)
{
    return by->message != NULL ? by->message : ep_check_of(EP_REFUSED)->message;
}

static json_t *message_of(const ep_policy *policy, const ep_facts *facts,
                          const ep_verdict *verdict)
{
    const char *own = ep_policy_message(policy, verdict->code);
    const ep_check *check = ep_check_of(verdict->code);
    json_t *message = NULL;

    if (own != NULL) {
        return json_string(own);
    }
    switch (verdict->code) {
    case EP_REFUSED:
        return json_string(ep_document_refused(verdict->by[EP_REFUSED]));
    case EP_UNSUPPORTED_CONTENT_TYPE:
        message = type_message(facts);
        break;
    case EP_UNSUPPORTED_CONTENT_ENCODING:
        message = encoding_message(facts);
        break;
    case EP_CONTENT_TOO_LARGE:
        /* an announcement has no content */
        if (verdict->is_total) {
            message = json_string("The upload as a whole is larger than accepted"
                                  " here.");
        }
        break;
    default:
        break;
    }
    return message != NULL ? message : json_string(check->message);
}

static void set_violations(json_t *document, const ep_verdict *verdict)
{
    json_t *list = json_array();
    int code;

    for (code = 0; code < EP_CODES; code++) {
        if (verdict->by[code] != NULL) {
            const char *error = ep_verdict_error(verdict, (ep_code)code);

            json_array_append_new(list, json_string(error));
        }
    }
    if (json_array_size(list) > 1) {
        json_object_set(document, "violations", list);
    }
    json_decref(list);
}

static size_t write_document(char *out, json_t *document, const char *error)
{
    const size_t length = ep_json_line(out, EP_DOCUMENT_SIZE, document);

    return length > 0 ? length
                      : (size_t)snprintf(out, EP_DOCUMENT_SIZE,
                                         "{\"error\":\"%s\"}\n", error);
}

static ep_form form_of(const ep_policy *policy, const ep_facts *facts)
{
    ep_form best = EP_FORM_JSON;
    int most = -1;
    int form;

    if (policy->format != EP_FORMAT_NEGOTIATE) {
        return policy->format == EP_FORMAT_PROBLEM ? EP_FORM_PROBLEM
                                                   : EP_FORM_JSON;
    }
    for (form = 0; form < EP_FORMS; form++) {
        const int quality = ep_accept_quality(facts->accept,
                                              form_types[form]);

        if (quality > most) {
            most = quality;
            best = (ep_form)form;
        }
    }
    return best;
}

const char *ep_document_type(const ep_policy *policy, const ep_facts *facts)
{
    const ep_form form = form_of(policy, facts);

    return form == EP_FORM_HTML ? EP_DOCUMENT_HTML : form_types[form];
}

/* Makes a document with its first members; owns the message from now on. */
static json_t *begin(ep_form form, const char *error, int status,
                     json_t *message)
{
    json_t *document = json_object();
    char title[EP_TITLE_SIZE];

    if (form == EP_FORM_PROBLEM) {
        ep_refusal_page_title(error, title);
        json_object_set_new(document, "type",
                            json_sprintf("urn:expect-policy:%s", error));
        json_object_set_new(document, "title", json_string(title));
        json_object_set_new(document, "status", json_integer(status));
        json_object_set_new(document, "detail", message);
        json_object_set_new(document, "error", json_string(error));
    }
    else {
        json_object_set_new(document, "error", json_string(error));
        json_object_set_new(document, "message", message);
    }
    return document;
}

/* Writes the page, and frees the message.  @param verdict NULL: there is none */
static size_t write_page(char *out, const char *error, json_t *message,
                         const ep_policy *policy, const ep_verdict *verdict,
                         const char *id)
{
    const char *text = json_string_value(message);
    const size_t length = ep_refusal_page(out, EP_DOCUMENT_SIZE, error,
                                          text != NULL ? text : "", policy,
                                          verdict, id);

    json_decref(message);
    return length;
}

/* The members of a code. */
static void set_details(json_t *document, const ep_policy *policy,
                        const ep_verdict *verdict, const char *id)
{
    const ep_check *check = ep_check_of(verdict->code);
    const char *list = ep_check_list(verdict->code);

    if (list != NULL) {
        ep_json_names(document, list, policy, check->rule);
    }
    if (verdict->code == EP_AUTHENTICATION_REQUIRED) {
        json_object_set_new(document, "details",
                            json_string("Send an Authorization header with one"
                                        " of the schemes that WWW-Authenticate"
                                        " names."));
    }
    if (check->remaining != NULL) {
        ep_json_number(document, check->remaining, verdict->remaining);
    }
    /* clients learn the rest of a quota, not its limit */
    if ((check->tells & EP_LOGS_LIMIT) == 0) {
        ep_json_number(document, "limit", verdict->limit);
    }
    ep_json_number(document, "requested_size", verdict->requested);
    if (verdict->is_total) {
        json_object_set_new(document, "total", json_true());
    }
    ep_json_number(document, "retry_after", verdict->retry_after);
    json_object_set_new(document, "retryable",
                        json_boolean(ep_verdict_is_temporary(verdict)));
    json_object_set_new(document, "id", json_string(id));
    set_violations(document, verdict);
}

size_t ep_document_of_refusal(char *out, const ep_policy *policy,
                              const ep_facts *facts,
                              const ep_verdict *verdict, const char *id)
{
    const char *error = ep_verdict_error(verdict, verdict->code);
    const ep_form form = form_of(policy, facts);
    json_t *message = message_of(policy, facts, verdict);
    json_t *document;

    if (form == EP_FORM_HTML) {
        return write_page(out, error, message, policy, verdict, id);
    }
    document = begin(form, error, verdict->status, message);
    set_details(document, policy, verdict, id);
    return write_document(out, document, error);
}

size_t ep_document_of_error(char *out, const ep_policy *policy,
                            const ep_facts *facts, int status,
                            const char *reason, const char *id)
{
    const char *error = ep_error_token(status);
    const ep_form form = form_of(policy, facts);
    json_t *message = json_sprintf("The upload was answered with \"%s\" before"
                                   " its content was read.", reason);
    json_t *document;

    if (form == EP_FORM_HTML) {
        return write_page(out, error, message, policy, NULL, id);
    }
    document = begin(form, error, status, message);
    json_object_set_new(document, "retryable",
                        json_boolean(ep_error_is_temporary(status)));
    json_object_set_new(document, "id", json_string(id));
    return write_document(out, document, error);
}
