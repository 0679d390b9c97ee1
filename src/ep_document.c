/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The only file that knows jansson. */

#include "ep_document.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "ep_accept.h"
#include "ep_auth.h"
#include "ep_error.h"
#include "ep_media.h"
#include "ep_notice.h"
#include "ep_text.h"

static const char *const messages[EP_CODES] = {
    "This server does not meet the expectation that the request states.",
    "An upload of this size must ask first: send \"Expect: 100-continue\" and"
    " wait for the answer before sending the content.",
    "Content cannot be sent here with this method.",
    "Credentials must be sent with an upload.",
    "Uploads are refused here.",
    "The Content-Type of the upload is missing, malformed or not accepted"
    " here.",
    "The Content-Encoding of the upload is not accepted here.",
    "An upload must state its size: send Content-Length.",
    "The content is larger than accepted here.",
    "The server has not enough storage left for this upload.",
    "The upload does not fit into what is left of the storage quota.",
    "The upload does not fit into what is left of the upload allowance for"
    " now.",
    "Too many uploads are under way. Please try again when one is finished.",
    "The server cannot tell at the moment whether the upload fits its limits."
    " Please try again later."
};

/* The forms that a document can have, in the order in which a client gets them
 * that does not care. */
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

int ep_message_valid(const char *text)
{
    const size_t length = strlen(text);
    json_t *string;
    size_t i;

    if (length == 0 || ep_json_length(text) > EP_MESSAGE_MAX) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            return 0;
        }
    }
    /* refuses what is not UTF-8 */
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
    if (ep_coding_next(&rest, &coding) != EP_CODING_MEMBER
        || coding.length > EP_NAME_MAX
        || ep_coding_next(&rest, &coding) != EP_CODING_END) {
        return NULL;
    }
    return json_sprintf("Content with the encoding %.*s is not accepted here.",
                        (int)coding.length, coding.at);
}

/* @param by what ExpectPolicyRefuse says */
static json_t *refused_message(const ep_setting *by)
{
    return json_string(by->message != NULL ? by->message
                                           : messages[EP_REFUSED]);
}

static json_t *message_of(const ep_policy *policy, const ep_facts *facts,
                          const ep_verdict *verdict)
{
    const char *own = ep_policy_message(policy, (int)verdict->code);
    json_t *message = NULL;

    if (own != NULL) {
        return json_string(own);
    }
    switch (verdict->code) {
    case EP_REFUSED:
        return refused_message(verdict->by[EP_REFUSED]);
    case EP_UNSUPPORTED_CONTENT_TYPE:
        message = type_message(facts);
        break;
    case EP_UNSUPPORTED_CONTENT_ENCODING:
        message = encoding_message(facts);
        break;
    default:
        break;
    }
    return message != NULL ? message : json_string(messages[verdict->code]);
}

static void set_names(json_t *document, const char *member,
                      const ep_policy *policy, ep_rule rule)
{
    const char *names[EP_NAMES_MAX];
    json_t *list = json_array();
    int complete;
    const size_t count = ep_policy_names(policy, rule, names, EP_LIST_BYTES,
                                         &complete);
    size_t i;

    for (i = 0; i < count; i++) {
        json_array_append_new(list, json_string(names[i]));
    }
    json_object_set_new(document, member, list);
    if (!complete) {
        json_object_set_new(document, "truncated", json_true());
    }
}

static void set_number(json_t *document, const char *member, int64_t number)
{
    if (number != EP_UNKNOWN) {
        json_object_set_new(document, member, json_integer(number));
    }
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

/* Serialises and frees the document.  @return 0: out of memory; more than fits
 * cannot be, with lists and messages bounded, but would be no reason to answer
 * half a document */
static size_t write_line(char *out, size_t size, json_t *document)
{
    const size_t length = json_dumpb(document, out, size - 1, JSON_COMPACT);

    json_decref(document);
    if (length == 0 || length > size - 1) {
        return 0;
    }
    out[length] = '\n';
    return length + 1;
}

static size_t write_document(char *out, json_t *document, const char *error)
{
    const size_t length = write_line(out, EP_DOCUMENT_SIZE, document);

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

/* The members that all documents begin with; takes the message. */
static json_t *begin(ep_form form, const char *error, int status,
                     json_t *message)
{
    json_t *document = json_object();
    char title[EP_TITLE_SIZE];

    if (form == EP_FORM_PROBLEM) {
        ep_notice_title(error, title);
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

/* Frees the message.  @param verdict NULL: there is none */
static size_t write_page(char *out, const char *error, json_t *message,
                         const ep_policy *policy, const ep_verdict *verdict)
{
    const char *text = json_string_value(message);
    const size_t length = ep_notice(out, EP_DOCUMENT_SIZE, error,
                                    text != NULL ? text : "", policy,
                                    verdict);

    json_decref(message);
    return length;
}

/* The members of a code. */
static void set_details(json_t *document, const ep_policy *policy,
                        const ep_verdict *verdict)
{
    switch (verdict->code) {
    case EP_UNSUPPORTED_EXPECTATION:
        set_names(document, "supported_expectations", policy,
                  EP_RULE_EXPECTATIONS);
        break;
    case EP_METHOD_NOT_ALLOWED:
        set_names(document, "allowed_methods", policy, EP_RULE_METHODS);
        break;
    case EP_AUTHENTICATION_REQUIRED:
        json_object_set_new(document, "details",
                            json_string("Send an Authorization header with one"
                                        " of the schemes that WWW-Authenticate"
                                        " names."));
        break;
    case EP_UNSUPPORTED_CONTENT_TYPE:
        set_names(document, "supported_types", policy, EP_RULE_TYPES);
        break;
    case EP_UNSUPPORTED_CONTENT_ENCODING:
        set_names(document, "supported_encodings", policy, EP_RULE_ENCODINGS);
        break;
    case EP_QUOTA_EXCEEDED:
        set_number(document, "quota_remaining", verdict->remaining);
        break;
    case EP_ALLOWANCE_EXCEEDED:
        set_number(document, "allowance_remaining", verdict->remaining);
        break;
    default:
        break;
    }
    /* of a quota, clients are told what is left of it */
    if (verdict->code < EP_INSUFFICIENT_STORAGE
        || verdict->code == EP_TOO_MANY_UPLOADS) {
        set_number(document, "limit", verdict->limit);
    }
    set_number(document, "requested_size", verdict->requested);
    set_number(document, "retry_after", verdict->retry_after);
    json_object_set_new(document, "retryable",
                        json_boolean(ep_verdict_is_temporary(verdict)));
    set_violations(document, verdict);
}

size_t ep_document(char *out, const ep_policy *policy, const ep_facts *facts,
                   const ep_verdict *verdict)
{
    const char *error = ep_verdict_error(verdict, verdict->code);
    const ep_form form = form_of(policy, facts);
    json_t *message = message_of(policy, facts, verdict);
    json_t *document;

    if (form == EP_FORM_HTML) {
        return write_page(out, error, message, policy, verdict);
    }
    document = begin(form, error, verdict->status, message);
    set_details(document, policy, verdict);
    return write_document(out, document, error);
}

size_t ep_document_of_error(char *out, const ep_policy *policy,
                            const ep_facts *facts, int status,
                            const char *reason)
{
    const char *error = ep_error_token(status);
    const ep_form form = form_of(policy, facts);
    json_t *message = json_sprintf("The upload was answered with \"%s\" before"
                                   " its content was read.", reason);
    json_t *document;

    if (form == EP_FORM_HTML) {
        return write_page(out, error, message, policy, NULL);
    }
    document = begin(form, error, status, message);
    json_object_set_new(document, "retryable",
                        json_boolean(ep_error_is_temporary(status)));
    return write_document(out, document, error);
}

/* A list that a rule makes of itself, where it makes a demand at all. */
static void set_demand(json_t *document, const char *member,
                       const ep_policy *policy, ep_rule rule)
{
    if (policy->rule[rule][0] != NULL || policy->rule[rule][1] != NULL) {
        set_names(document, member, policy, rule);
    }
}

/* The schemes of the challenges of which one has to be met. */
static void set_schemes(json_t *document, const ep_policy *policy)
{
    const char *names[EP_NAMES_MAX];
    json_t *list = json_array();
    int complete;
    const size_t count = ep_policy_names(policy, EP_RULE_REQUIRE_AUTH, names,
                                         EP_LIST_BYTES, &complete);
    size_t i;

    for (i = 0; i < count; i++) {
        const ep_span scheme = ep_auth_scheme(names[i]);

        json_array_append_new(list, json_stringn(scheme.at, scheme.length));
    }
    json_object_set_new(document, "authentication_schemes", list);
}

static int64_t most_at_once(const ep_policy *policy)
{
    int64_t most = EP_UNKNOWN;
    size_t i;

    for (i = 0; i < policy->counted_count; i++) {
        const ep_setting *line = policy->counted[i];

        if (line->count->rule == EP_RULE_CONCURRENT
            && (most == EP_UNKNOWN || line->number < most)) {
            most = line->number;
        }
    }
    return most;
}

/* What ExpectPolicyRefuse says to every upload. */
static void set_refused(json_t *document, const ep_setting *by)
{
    json_t *refused = json_object();

    json_object_set_new(refused, "error", json_string(by->code));
    json_object_set_new(refused, "message", refused_message(by));
    json_object_set_new(refused, "status", json_integer(by->status));
    json_object_set_new(document, "refused", refused);
}

static void set_limits(json_t *document, const ep_policy *policy,
                       const ep_left *left)
{
    const ep_setting *ask = ep_policy_smallest(policy,
                                               EP_RULE_REQUIRE_CONTINUE);
    const ep_setting *size = ep_policy_max_size(policy);

    if (ask != NULL) {
        set_number(document, "continue_above", ask->number);
    }
    set_demand(document, "supported_types", policy, EP_RULE_TYPES);
    set_demand(document, "supported_encodings", policy, EP_RULE_ENCODINGS);
    if (policy->rule[EP_RULE_REQUIRE_LENGTH][0] != NULL
        || policy->rule[EP_RULE_REQUIRE_LENGTH][1] != NULL) {
        json_object_set_new(document, "length_required", json_true());
    }
    if (size != NULL) {
        set_number(document, "max_size", size->number);
    }
    set_number(document, "max_concurrent", most_at_once(policy));
    set_number(document, "quota_remaining", left->quota);
    set_number(document, "allowance_remaining", left->allowance);
}

size_t ep_document_of_limits(char *out, const ep_policy *policy,
                             const char *method, const ep_verdict *verdict,
                             const ep_left *left)
{
    json_t *document = json_object();

    json_object_set_new(document, "method", json_string(method));
    set_demand(document, "supported_expectations", policy,
               EP_RULE_EXPECTATIONS);
    set_demand(document, "allowed_methods", policy, EP_RULE_METHODS);
    if (verdict->by[EP_METHOD_NOT_ALLOWED] == NULL
        && (policy->rule[EP_RULE_REQUIRE_AUTH][0] != NULL
            || policy->rule[EP_RULE_REQUIRE_AUTH][1] != NULL)) {
        set_schemes(document, policy);
    }
    if (ep_verdict_tells_limits(verdict)) {
        set_limits(document, policy, left);
    }
    else if (verdict->by[EP_METHOD_NOT_ALLOWED] == NULL
             && verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL) {
        set_refused(document, verdict->by[EP_REFUSED]);
    }
    return write_line(out, EP_LIMITS_SIZE, document);
}
