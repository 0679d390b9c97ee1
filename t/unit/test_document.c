/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/answer/error.h"
#include "core/text/expect.h"
#include "strict_json.h"
#include "unit.h"

/* The contract's 4 KB, not the code's own bound. */
#define FOUR_KB 4096

/* Short where the whole document is compared, the longest where its size is. */
static const char *id_of_request = "Id@1";

typedef struct document {
    char *text;
    size_t length;
    json_t *json;
} document;

static const char *longest_id(void)
{
    static char id[EP_ID_MAX + 1];

    memset(id, '&', EP_ID_MAX);
    return id;
}

/* Every document is asked all that holds for each. */
static void read_document(document *d, const ep_policy *policy,
                          const ep_facts *facts, const ep_verdict *verdict)
{
    json_item items[STRICT_JSON_MEMBERS];
    json_piece whole;
    json_error_t error;

    d->text = guarded_room(EP_DOCUMENT_SIZE);
    d->length = ep_document_of_refusal(d->text, policy, facts, verdict, id_of_request);
    ck_assert_uint_gt(d->length, 2);
    ck_assert_uint_lt(d->length, FOUR_KB);
    ck_assert_int_eq(d->text[d->length - 1], '\n');
    ck_assert_ptr_eq(memchr(d->text, '\n', d->length),
                     d->text + d->length - 1);
    ck_assert_msg(strict_json_valid(d->text, d->length - 1), "%.*s",
                  (int)d->length, d->text);
    d->json = json_loadb(d->text, d->length, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(d->json != NULL, "jansson: %s", error.text);
    ck_assert(json_is_object(d->json));
    whole.at = d->text;
    whole.length = d->length - 1;
    ck_assert_uint_ge(strict_json_items(whole, items, STRICT_JSON_MEMBERS), 2);
    ck_assert(span_is(items[0].name.at, items[0].name.length, "error"));
    ck_assert(span_is(items[1].name.at, items[1].name.length, "message"));
    ck_assert_str_eq(json_string_value(json_object_get(d->json, "error")),
                     ep_verdict_error(verdict, verdict->code));
    ck_assert_uint_gt(
        json_string_length(json_object_get(d->json, "message")), 0);
    ck_assert_str_eq(json_string_value(json_object_get(d->json, "id")), id_of_request);
}

/* The document of a scenario that is refused. */
static void refuse(document *d, const char *lines, const char *more)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    given(&s, &policy, lines, more);
    ep_verdict_judge(&policy, &s.facts, &verdict);
    ck_assert_int_ne(verdict.code, EP_ADMITTED);
    read_document(d, &policy, &s.facts, &verdict);
    scenario_free(&s);
}

static const struct {
    const char *lines;
    const char *text;
} documents[] = {
    { "expect foo",
      "{\"error\":\"unsupported_expectation\",\"message\":\"This server does"
      " not meet the expectation that the request states.\","
      "\"supported_expectations\":[\"100-continue\"],"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "expect foo\nserver Expectations None",
      "{\"error\":\"unsupported_expectation\",\"message\":\"This server does"
      " not meet the expectation that the request states.\","
      "\"supported_expectations\":[],"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server RequireContinue 10\nsized 11",
      "{\"error\":\"continue_required\",\"message\":\"An upload of this size"
      " must ask first: send \\\"Expect: 100-continue\\\" and wait for the"
      " answer before sending the content.\",\"limit\":10,"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server Methods POST PATCH\nsized 5",
      "{\"error\":\"method_not_allowed\",\"message\":\"Content cannot be sent"
      " here with this method.\",\"allowed_methods\":[\"POST\",\"PATCH\"],"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server RequireAuth Bearer realm=\"api\"\nsized 5",
      "{\"error\":\"authentication_required\",\"message\":\"Credentials must"
      " be sent with an upload.\",\"details\":\"Send an Authorization header"
      " with one of the schemes that WWW-Authenticate names.\","
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server Refuse closed 403\nsized 5",
      "{\"error\":\"closed\",\"message\":\"Uploads are refused here.\","
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server Refuse closed 503 Back \"soon\" \\ caf\xc3\xa9.\nsized 5",
      "{\"error\":\"closed\",\"message\":\"Back \\\"soon\\\" \\\\ caf\xc3\xa9"
      ".\","
      "\"retryable\":true,\"id\":\"Id@1\"}\n" },
    { "server Types image/png image/*\nsized 5\ntype text/html;x=\"secret\"",
      "{\"error\":\"unsupported_content_type\",\"message\":\"Content of type"
      " text/html is not accepted here.\","
      "\"supported_types\":[\"image/png\",\"image/*\"],"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server Types image/png\nsized 5",
      "{\"error\":\"unsupported_content_type\",\"message\":\"The Content-Type"
      " of the upload is missing, malformed or not accepted here.\","
      "\"supported_types\":[\"image/png\"],"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server MaxTotal 10\ntotal Upload-Length 11",
      "{\"error\":\"content_too_large\",\"message\":\"The upload as a whole is"
      " larger than accepted here.\",\"limit\":10,\"requested_size\":11,"
      "\"total\":true,\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server MaxTotal 10\ntotal Upload-Length +11\n"
      "server Message content_too_large Too much.",
      "{\"error\":\"content_too_large\",\"message\":\"Too much.\",\"limit\":10,"
      "\"total\":true,\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server Encodings gzip br\nsized 5\nencoding deflate",
      "{\"error\":\"unsupported_content_encoding\",\"message\":\"Content with"
      " the encoding deflate is not accepted here.\","
      "\"supported_encodings\":[\"gzip\",\"br\"],"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server Encodings gzip\nsized 5",
      "{\"error\":\"unsupported_content_encoding\",\"message\":\"Content"
      " without a Content-Encoding is not accepted here.\","
      "\"supported_encodings\":[\"gzip\"],"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server RequireLength On\nunsized",
      "{\"error\":\"length_required\",\"message\":\"An upload must state its"
      " size: send Content-Length.\","
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server RequireLength On\nserver MaxSize 10\nunsized",
      "{\"error\":\"length_required\",\"message\":\"An upload must state its"
      " size: send Content-Length.\",\"limit\":10,"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server MaxSize 10\nsized 1\nrange bytes */5",
      "{\"error\":\"malformed_content_range\",\"message\":\"The Content-Range of"
      " the upload is malformed, or is no range of bytes.\","
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server MaxSize 52428800\nsized 104857600",
      "{\"error\":\"content_too_large\",\"message\":\"The content is larger"
      " than accepted here.\",\"limit\":52428800,"
      "\"requested_size\":104857600,"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server MaxSize 0\nsized 9223372036854775806",
      "{\"error\":\"content_too_large\",\"message\":\"The content is larger"
      " than accepted here.\",\"limit\":0,"
      "\"requested_size\":9223372036854775806,"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server MinSize 100\nsized 5\nrange bytes 0-4/99",
      "{\"error\":\"content_too_small\",\"message\":\"The content is smaller"
      " than accepted here.\",\"limit\":100,\"requested_size\":99,"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server MaxSize 4\nserver MinSize 100\nsized 5",
      "{\"error\":\"content_too_large\",\"message\":\"The content is larger"
      " than accepted here.\",\"limit\":4,\"requested_size\":5,"
      "\"retryable\":false,\"id\":\"Id@1\",\"violations\":[\"content_too_large\",\"content_too_small\"]}\n" },
    { "server Methods POST\nserver Types a/b\nserver MaxSize 1\nsized 5",
      "{\"error\":\"method_not_allowed\",\"message\":\"Content cannot be sent"
      " here with this method.\",\"allowed_methods\":[\"POST\"],"
      "\"retryable\":false,\"id\":\"Id@1\",\"violations\":[\"method_not_allowed\",\"unsupported_content_type\","
      "\"content_too_large\"]}\n" }
};

START_TEST(a_document_has_the_members_of_its_code_in_their_order)
{
    document d;

    refuse(&d, documents[_i].lines, "");
    ck_assert_msg(span_is(d.text, d.length, documents[_i].text), "%.*s",
                  (int)d.length, d.text);
    json_decref(d.json);
}
END_TEST

/* Limits that count: the first one of the policy decides. */
static const struct {
    const char *lines;
    ep_code code;
    int64_t remaining;
    int64_t retry_after;
    const char *text;
} denials[] = {
    { "server FreeSpace 100\nsized 50", EP_INSUFFICIENT_STORAGE, 7, 9,
      "{\"error\":\"insufficient_storage\",\"message\":\"The server has not"
      " enough storage left for this upload.\",\"requested_size\":50,"
      "\"retryable\":true,\"id\":\"Id@1\"}\n" },
    { "server FreeSpace 100\nunsized", EP_INSUFFICIENT_STORAGE, 7, 9,
      "{\"error\":\"insufficient_storage\",\"message\":\"The server has not"
      " enough storage left for this upload.\","
      "\"retryable\":true,\"id\":\"Id@1\"}\n" },
    { "server Quota 100 /a\nsized 50", EP_QUOTA_EXCEEDED, 7, EP_UNKNOWN,
      "{\"error\":\"quota_exceeded\",\"message\":\"The upload does not fit"
      " into what is left of the storage quota.\",\"quota_remaining\":7,"
      "\"requested_size\":50,"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server Quota 100 /a\nsized 50", EP_QUOTA_EXCEEDED, 7, 9,
      "{\"error\":\"quota_exceeded\",\"message\":\"The upload does not fit"
      " into what is left of the storage quota.\",\"quota_remaining\":7,"
      "\"requested_size\":50,"
      "\"retry_after\":9,"
      "\"retryable\":true,\"id\":\"Id@1\"}\n" },
    { "server Allowance 100/5 user\nsized 50", EP_ALLOWANCE_EXCEEDED, 0, 9,
      "{\"error\":\"allowance_exceeded\",\"message\":\"The upload does not fit"
      " into what is left of the upload allowance for now.\","
      "\"allowance_remaining\":0,\"requested_size\":50,"
      "\"retry_after\":9,"
      "\"retryable\":true,\"id\":\"Id@1\"}\n" },
    { "server Allowance 100/5 user\nsized 500", EP_ALLOWANCE_EXCEEDED, 7,
      EP_UNKNOWN,
      "{\"error\":\"allowance_exceeded\",\"message\":\"The upload does not fit"
      " into what is left of the upload allowance for now.\","
      "\"allowance_remaining\":7,\"requested_size\":500,"
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { "server Concurrent 4 client\nsized 50", EP_TOO_MANY_UPLOADS, 0, 5,
      "{\"error\":\"too_many_uploads\",\"message\":\"Too many uploads are under"
      " way. Please try again when one is finished.\",\"limit\":4,"
      "\"retry_after\":5,"
      "\"retryable\":true,\"id\":\"Id@1\"}\n" },
    { "server Quota 100 /a\nsized 50", EP_LEDGER_UNAVAILABLE, 7, 5,
      "{\"error\":\"ledger_unavailable\",\"message\":\"The server cannot tell"
      " at the moment whether the upload fits its limits. Please try again"
      " later.\",\"retry_after\":5,"
      "\"retryable\":true,\"id\":\"Id@1\"}\n" }
};

START_TEST(a_limit_that_counts_has_the_members_of_its_code)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    document d;

    given(&s, &policy, denials[_i].lines, "");
    ep_verdict_counted(&policy, &s.facts, denials[_i].code, policy.counted[0],
                       denials[_i].remaining, denials[_i].retry_after, 0,
                       &verdict);
    read_document(&d, &policy, &s.facts, &verdict);
    ck_assert_msg(span_is(d.text, d.length, denials[_i].text), "%.*s",
                  (int)d.length, d.text);
    json_decref(d.json);
    scenario_free(&s);
}
END_TEST

START_TEST(content_cut_on_its_way_has_a_limit_but_no_requested_size)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    document d;

    given(&s, &policy, "server MaxSize 10\nunsized\nhint 11", "");
    ep_verdict_cut(&policy, &s.facts, 11, &verdict);
    read_document(&d, &policy, &s.facts, &verdict);
    ck_assert_int_eq(json_integer_value(json_object_get(d.json, "limit")), 10);
    ck_assert_ptr_null(json_object_get(d.json, "requested_size"));
    json_decref(d.json);
    scenario_free(&s);
}
END_TEST

START_TEST(what_core_refused_has_the_document_of_an_unsupported_expectation)
{
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    document d;

    given(&s, &policy, "expect 100-continue, 100-continue", "");
    ep_verdict_core_refused(&policy, &s.facts, &verdict);
    read_document(&d, &policy, &s.facts, &verdict);
    ck_assert_uint_eq(
        json_array_size(json_object_get(d.json, "supported_expectations")), 1);
    json_decref(d.json);
    scenario_free(&s);
}
END_TEST

/* The checks' order, whatever the subset of them that failed. */
START_TEST(violations_are_listed_in_order_where_there_are_several)
{
    static const char *const rules[EP_HEAD_CODES] = {
        "Expectations None", "RequireContinue 5", "Methods PUT",
        "RequireAuth Bearer", "Refuse closed 403", "Types image/png",
        "Encodings gzip", "RequireLength On", "Quota 5 /srv", "MaxSize 10",
        "MinSize 12"
    };
    unsigned int subset;

    for (subset = 1; subset < 1U << EP_HEAD_CODES; subset++) {
        char lines[1024] = "method POST\nexpect foo\nunsized\nhint 11\n"
                           "type text/plain\nencoding br\nrange x\n"
                           "server Expectations Any";
        const json_t *violations;
        document d;
        size_t listed = 0;
        int code;

        for (code = 0; code < EP_HEAD_CODES; code++) {
            if ((subset & (1U << code)) != 0) {
                strcat(strcat(lines, "\nserver "), rules[code]);
            }
        }
        refuse(&d, lines, "");
        violations = json_object_get(d.json, "violations");
        for (code = 0; code < EP_HEAD_CODES; code++) {
            const char *token = code == EP_REFUSED
                                    ? "closed"
                                    : ep_check_of((ep_code)code)->token;

            if ((subset & (1U << code)) == 0
                && (code != EP_MALFORMED_CONTENT_RANGE
                    || (subset & (1U << EP_CONTENT_TOO_LARGE)) == 0)) {
                continue;
            }
            if (violations != NULL) {
                ck_assert_str_eq(
                    json_string_value(json_array_get(violations, listed)),
                    token);
            }
            listed++;
            if (code == EP_AUTHENTICATION_REQUIRED) {
                break;
            }
        }
        ck_assert_msg(violations == NULL ? listed == 1
                                         : listed > 1
                                               && json_array_size(violations)
                                                      == listed,
                      "rules %#x", subset);
        json_decref(d.json);
    }
}
END_TEST

START_TEST(nothing_about_limits_is_told_before_authentication)
{
    static const char asking[] = "server RequireContinue 4242\nserver MaxSize"
                                 " 4242\nserver RequireLength On\nunsized\n"
                                 "hint 4243";
    document d;

    refuse(&d, asking, "server RequireAuth Bearer");
    ck_assert_ptr_null(json_object_get(d.json, "limit"));
    ck_assert_ptr_null(json_object_get(d.json, "requested_size"));
    json_decref(d.json);
    /* its twin: credentials are there */
    refuse(&d, asking, "server RequireAuth Bearer\nauthorization Bearer x");
    ck_assert_int_eq(json_integer_value(json_object_get(d.json, "limit")),
                     4242);
    json_decref(d.json);
}
END_TEST

/* What a client prefers, and what it gets. */
static const struct {
    ep_format format;
    const char *accept;
    const char *type;
    const char *begins;
} forms[] = {
    { EP_FORMAT_JSON, "text/html", "application/json", "{\"error\":\"x\"" },
    { EP_FORMAT_PROBLEM, "text/html", "application/problem+json",
      "{\"type\":\"urn:expect-policy:x\",\"title\":\"X\",\"status\":403,"
      "\"detail\":\"Uploads are refused here.\",\"error\":\"x\","
      "\"retryable\":false,\"id\":\"Id@1\"}\n" },
    { EP_FORMAT_NEGOTIATE, NULL, "application/json", "{\"error\"" },
    { EP_FORMAT_NEGOTIATE, "*/*", "application/json", "{\"error\"" },
    { EP_FORMAT_NEGOTIATE, "image/png", "application/json", "{\"error\"" },
    { EP_FORMAT_NEGOTIATE, "application/problem+json, application/json;q=0.9",
      "application/problem+json", "{\"type\"" },
    { EP_FORMAT_NEGOTIATE, "application/problem+json;q=0.8, */*;q=0.9",
      "application/json", "{\"error\"" },
    { EP_FORMAT_NEGOTIATE,
      "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      "text/html;charset=utf-8", "<!DOCTYPE html>" }
};

START_TEST(the_form_is_the_policys_or_the_clients)
{
    char *text = guarded_room(EP_DOCUMENT_SIZE);
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    size_t length;

    given(&s, &policy, "server Refuse x 403\nsized 5", "");
    policy.format = forms[_i].format;
    s.facts.accept = forms[_i].accept;
    ep_verdict_judge(&policy, &s.facts, &verdict);
    length = ep_document_of_refusal(text, &policy, &s.facts, &verdict, id_of_request);
    ck_assert_str_eq(ep_document_type(&policy, &s.facts), forms[_i].type);
    ck_assert_uint_ge(length, strlen(forms[_i].begins));
    ck_assert_mem_eq(text, forms[_i].begins, strlen(forms[_i].begins));
    length = ep_document_of_error(text, &policy, &s.facts, 404,
                                  "404 Not Found", id_of_request);
    ck_assert_mem_eq(text, forms[_i].begins, 2);
    ck_assert_int_eq(text[length - 1], '\n');
    scenario_free(&s);
}
END_TEST

START_TEST(a_site_has_words_of_its_own)
{
    static const ep_setting servers = { .number = 1, .message = "server's" };
    static const ep_setting owners = { .number = 1, .message = "owner's" };
    char *text = guarded_room(EP_DOCUMENT_SIZE);
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    size_t length;

    given(&s, &policy, "server MaxSize 3\nsized 5", "");
    ep_verdict_judge(&policy, &s.facts, &verdict);
    policy.rule[EP_RULE_MESSAGE + EP_QUOTA_EXCEEDED][0] = &servers;
    length = ep_document_of_refusal(text, &policy, &s.facts, &verdict, id_of_request);
    text[length - 1] = '\0';
    ck_assert_ptr_eq(strstr(text, "server's"), NULL);
    policy.rule[EP_RULE_MESSAGE + EP_CONTENT_TOO_LARGE][0] = &servers;
    length = ep_document_of_refusal(text, &policy, &s.facts, &verdict, id_of_request);
    text[length - 1] = '\0';
    ck_assert_ptr_ne(strstr(text, "\"message\":\"server's\""), NULL);
    policy.rule[EP_RULE_MESSAGE + EP_CONTENT_TOO_LARGE][1] = &owners;
    length = ep_document_of_refusal(text, &policy, &s.facts, &verdict, id_of_request);
    text[length - 1] = '\0';
    ck_assert_ptr_ne(strstr(text, "\"message\":\"owner's\""), NULL);
    scenario_free(&s);
}
END_TEST

START_TEST(an_error_of_others_has_a_token_and_a_message)
{
    static const ep_policy policy;
    static const ep_facts facts;
    int status;

    for (status = 400; status < 600; status++) {
        char *text = guarded_room(EP_DOCUMENT_SIZE);
        const size_t length = ep_document_of_error(text, &policy, &facts,
                                                   status,
                                                   "404 \"Not\" Found", id_of_request);
        json_error_t error;
        json_t *json;

        ck_assert_uint_gt(length, 2);
        ck_assert_uint_lt(length, FOUR_KB);
        ck_assert_ptr_eq(memchr(text, '\n', length), text + length - 1);
        ck_assert(strict_json_valid(text, length - 1));
        json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
        ck_assert_uint_eq(json_object_size(json), 4);
        ck_assert_str_eq(json_string_value(json_object_get(json, "id")),
                         id_of_request);
        ck_assert_str_eq(json_string_value(json_object_get(json, "error")),
                         ep_error_token(status));
        ck_assert_ptr_nonnull(
            strstr(json_string_value(json_object_get(json, "message")),
                   "404 \"Not\" Found"));
        json_decref(json);
    }
}
END_TEST

/*
 * What the client sent.
 */

static const struct {
    const char *rule;
    const char *field;
    /* NULL: nothing of it is repeated */
    const char *repeated;
} echoes[] = {
    { "Types image/png", "type text/html", "text/html" },
    { "Types image/png", "type TEXT/html ;charset=\"x\"", "TEXT/html" },
    { "Types image/png", "type text/<b>", NULL },
    { "Types image/png", "type text/html, text/html", NULL },
    { "Types image/png", "type text/html;x", "text/html" },
    { "Types image/png", "type text/html;x=\"<b>", "text/html" },
    { "Types image/png", "type text/html x", NULL },
    { "Types image/png", "type text/\"html\"", NULL },
    { "Types image/png", "type te\xc3\xa9t/html", NULL },
    { "Types image/png", "type te\xfft/html", NULL },
    { "Types image/png", "type", NULL },
    { "Encodings gzip", "encoding br", "br" },
    { "Encodings gzip", "encoding , br ,", "br" },
    { "Encodings gzip", "encoding br, deflate", NULL },
    { "Encodings gzip", "encoding gzip, br", NULL },
    { "Encodings gzip", "encoding br;q=1", NULL },
    { "Encodings gzip", "encoding br, \"", NULL },
    { "Encodings gzip", "encoding <b>", NULL },
    { "Encodings gzip", "encoding b\xff", NULL },
    { "Encodings gzip", "encoding", NULL },
    { "Methods POST", "method <b>", NULL },
    { "Methods POST", "method BREW", NULL },
    { "RequireAuth Bearer", "authorization Basic c2VjcmV0", NULL },
    { "Expectations None", "expect secret", NULL },
    { "Expectations None", "expect \"\xff", NULL }
};

START_TEST(of_what_the_client_sent_only_tokens_are_repeated)
{
    const char *value = strchr(echoes[_i].field, ' ');
    char lines[256], quoted[64];
    const char *message;
    document d;

    snprintf(lines, sizeof(lines), "sized 5\nserver %s", echoes[_i].rule);
    refuse(&d, lines, echoes[_i].field);
    message = json_string_value(json_object_get(d.json, "message"));
    if (echoes[_i].repeated != NULL) {
        snprintf(quoted, sizeof(quoted), " %s is not accepted",
                 echoes[_i].repeated);
        ck_assert_ptr_nonnull(strstr(message, quoted));
    }
    else if (value != NULL) {
        /* nothing that stands behind the field's name is anywhere */
        snprintf(lines, sizeof(lines), "%.*s", (int)d.length, d.text);
        ck_assert_msg(strstr(lines, value + 1) == NULL, "%s", lines);
    }
    if (echoes[_i].repeated == NULL) {
        ck_assert_ptr_null(strstr(message, "Content of type"));
        ck_assert_ptr_null(strstr(message, "Content with the encoding"));
    }
    json_decref(d.json);
}
END_TEST

START_TEST(a_type_or_coding_is_repeated_up_to_127_bytes)
{
    size_t length;

    for (length = 126; length < 130; length++) {
        char name[160], field[192];
        const char *message;
        document d;

        memset(name, 'x', length);
        name[length] = '\0';
        snprintf(field, sizeof(field), "encoding %s", name);
        refuse(&d, "sized 5\nserver Encodings gzip", field);
        message = json_string_value(json_object_get(d.json, "message"));
        ck_assert_int_eq(strstr(message, name) != NULL, length <= 127);
        json_decref(d.json);

        name[60] = '/';
        snprintf(field, sizeof(field), "type %s", name);
        refuse(&d, "sized 5\nserver Types image/png", field);
        message = json_string_value(json_object_get(d.json, "message"));
        ck_assert_int_eq(strstr(message, name) != NULL, length <= 127);
        json_decref(d.json);
    }
}
END_TEST

/*
 * The worst that a configuration can bring.
 */

START_TEST(the_longest_lists_leave_a_document_under_4_kb)
{
    /* all that can fail beside the list, with the longest code */
    static const char others[] =
        "server Methods MMM\nserver RequireContinue 1\nserver Refuse"
        " cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc 403"
        "\nserver Types t/t\nserver Encodings e\nserver RequireLength On\n"
        "server MaxSize 1\nserver Expectations Any\nunsized\n"
        "hint 9223372036854775806\nmethod X\nexpect x\n";
    static const char token[] =
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/yyyyyy";
    char more[512];
    scenario s;
    ep_policy policy;
    ep_verdict verdict;
    char message[EP_MESSAGE_MAX / 2 + 1];
    ep_setting longest, words;
    char *text = guarded_room(EP_DOCUMENT_SIZE);
    document d;
    size_t length;
    int code;

    id_of_request = longest_id();
    /* each byte of it doubles */
    memset(message, '"', EP_MESSAGE_MAX / 2);
    message[EP_MESSAGE_MAX / 2] = '\0';
    ck_assert(ep_document_is_message(message));
    memset(&words, 0, sizeof(words));
    words.message = message;
    ck_assert_uint_eq(strlen(token), 127 - 1);
    snprintf(more, sizeof(more), "type %s\nencoding %.119s", token, token);
    given(&s, &policy, others, more);
    longest_list(&longest, _i);
    policy.rule[longest_lists[_i].rule][0] = &longest;
    ep_verdict_judge(&policy, &s.facts, &verdict);
    /* the list is told where its code is the first: let all before it pass */
    for (code = 0; code < EP_CODES; code++) {
        if (verdict.by[code] == &longest) {
            verdict.code = (ep_code)code;
        }
    }
    policy.rule[EP_RULE_MESSAGE + verdict.code][0] = &words;
    ck_assert_ptr_eq(verdict.by[verdict.code], &longest);
    ck_assert(longest_lists[_i].rule != EP_RULE_EXPECTATIONS
              || ep_expect_valid(longest.names[EP_NAMES_MAX - 1]));
    read_document(&d, &policy, &s.facts, &verdict);
    ck_assert_uint_gt(
        json_array_size(json_object_get(d.json, longest_lists[_i].member)), 0);
    ck_assert(json_is_true(json_object_get(d.json, "truncated")));
    ck_assert_uint_gt(json_array_size(json_object_get(d.json, "violations")),
                      6);
    json_decref(d.json);
    /* and a problem has some more members */
    policy.format = EP_FORMAT_PROBLEM;
    length = ep_document_of_refusal(text, &policy, &s.facts, &verdict, id_of_request);
    ck_assert(strict_json_valid(text, length - 1));
    ck_assert_int_eq(strncmp(text, "{\"type\":", 8), 0);
    scenario_free(&s);
}
END_TEST

START_TEST(a_list_that_fits_is_not_said_to_be_truncated)
{
    document d;

    refuse(&d, "server Types image/png\nsized 5", "");
    ck_assert_ptr_null(json_object_get(d.json, "truncated"));
    json_decref(d.json);
}
END_TEST

START_TEST(the_longest_message_leaves_a_document_under_4_kb)
{
    static const char fills[] = { '"', '\\', 'x' };
    size_t i;

    id_of_request = longest_id();
    for (i = 0; i < COUNT(fills); i++) {
        char lines[EP_MESSAGE_MAX + 512], message[EP_MESSAGE_MAX + 1];
        document d;

        memset(message, fills[i], EP_MESSAGE_MAX);
        message[fills[i] == 'x' ? EP_MESSAGE_MAX : EP_MESSAGE_MAX / 2] = '\0';
        ck_assert(ep_document_is_message(message));
        snprintf(lines, sizeof(lines),
                 "server Refuse %064d 403 %s\nserver Types t/t\n"
                 "server Encodings e\nserver RequireLength On\n"
                 "server MaxSize 1\nunsized\nhint 9223372036854775806", 0,
                 message);
        refuse(&d, lines, "");
        ck_assert_str_eq(
            json_string_value(json_object_get(d.json, "message")), message);
        json_decref(d.json);
    }
}
END_TEST

/*
 * Messages of an administrator's.
 */

static const struct {
    const char *text;
    const char *twin;
} bad_messages[] = {
    { "", " " },
    { "a\tb", "a b" },
    { "a\nb", "a b" },
    { "a\r", "a" },
    { "\x01", "\x20" },
    { "\x1f", "!" },
    { "\x7f", "~" },
    { "\xff", "\xc3\xbf" },
    { "\xc3", "\xc3\xa9" },
    { "\x80", "\xc2\xa0" },
    { "\xc0\xaf", "/" },
    { "\xe0\x80\xaf", "\xe2\x82\xac" },
    { "\xed\xa0\x80", "\xed\x9f\xbf" },
    { "\xf4\x90\x80\x80", "\xf4\x8f\xbf\xbf" },
    { "ok\xf0\x9f\x98", "ok\xf0\x9f\x98\x80" }
};

START_TEST(a_message_is_utf_8_without_control_characters)
{
    ck_assert_int_eq(ep_document_is_message(guarded(bad_messages[_i].text)), 0);
    ck_assert_int_eq(ep_document_is_message(guarded(bad_messages[_i].twin)), 1);
}
END_TEST

START_TEST(a_message_has_at_most_1024_bytes)
{
    char text[1026];

    memset(text, 'x', 1025);
    text[1025] = '\0';
    ck_assert_int_eq(ep_document_is_message(guarded(text)), 0);
    text[1024] = '\0';
    ck_assert_int_eq(ep_document_is_message(guarded(text)), 1);
    /* in JSON this is one byte more */
    text[7] = '"';
    ck_assert_int_eq(ep_document_is_message(guarded(text)), 0);
    text[1023] = '\0';
    ck_assert_int_eq(ep_document_is_message(guarded(text)), 1);
}
END_TEST

/*
 * Where memory runs out.
 */

static int allocations_left;

static void *scarce_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

START_TEST(where_memory_runs_out_the_error_is_told_alone)
{
    static const char lines[] = "server Methods POST\nserver Types image/png\n"
                                "sized 5\ntype a/b";
    int given_allocations, whole = 0;

    for (given_allocations = 0; !whole; given_allocations++) {
        char *text = guarded_room(EP_DOCUMENT_SIZE);
        json_item items[STRICT_JSON_MEMBERS];
        json_piece document_of;
        scenario s;
        ep_policy policy;
        ep_verdict verdict;

        given(&s, &policy, lines, "");
        ep_verdict_judge(&policy, &s.facts, &verdict);
        json_set_alloc_funcs(scarce_malloc, free);
        allocations_left = given_allocations;
        document_of.at = text;
        document_of.length = ep_document_of_refusal(text, &policy, &s.facts,
                                                    &verdict, id_of_request);
        whole = allocations_left >= 0;
        json_set_alloc_funcs(malloc, free);
        ck_assert_uint_gt(document_of.length, 2);
        ck_assert_uint_lt(document_of.length, FOUR_KB);
        document_of.length--;
        ck_assert_int_eq(text[document_of.length], '\n');
        ck_assert_msg(strict_json_valid(text, document_of.length),
                      "%d allocations: %.*s", given_allocations,
                      (int)document_of.length, text);
        ck_assert_uint_gt(
            strict_json_items(document_of, items, STRICT_JSON_MEMBERS), 0);
        ck_assert_msg(span_is(items[0].name.at, items[0].name.length, "error"),
                      "%d allocations: %.*s", given_allocations,
                      (int)document_of.length, text);
        ck_assert(span_is(items[0].value.at, items[0].value.length,
                          "\"method_not_allowed\""));
        scenario_free(&s);
    }
    ck_assert_int_gt(given_allocations, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_document");
    TCase *tcase = tcase_create("document");

    ep_document_init();
    ADD_ROWS(tcase, a_document_has_the_members_of_its_code_in_their_order,
             documents);
    ADD_ROWS(tcase, a_limit_that_counts_has_the_members_of_its_code, denials);
    tcase_add_test(tcase,
                   content_cut_on_its_way_has_a_limit_but_no_requested_size);
    tcase_add_test(
        tcase,
        what_core_refused_has_the_document_of_an_unsupported_expectation);
    tcase_add_test(tcase,
                   violations_are_listed_in_order_where_there_are_several);
    tcase_add_test(tcase, nothing_about_limits_is_told_before_authentication);
    ADD_ROWS(tcase, the_form_is_the_policys_or_the_clients, forms);
    tcase_add_test(tcase, a_site_has_words_of_its_own);
    tcase_add_test(tcase, an_error_of_others_has_a_token_and_a_message);
    ADD_ROWS(tcase, of_what_the_client_sent_only_tokens_are_repeated, echoes);
    tcase_add_test(tcase, a_type_or_coding_is_repeated_up_to_127_bytes);
    tcase_add_loop_test(tcase, the_longest_lists_leave_a_document_under_4_kb, 0,
                        LONGEST_LISTS);
    tcase_add_test(tcase, a_list_that_fits_is_not_said_to_be_truncated);
    tcase_add_test(tcase, the_longest_message_leaves_a_document_under_4_kb);
    ADD_ROWS(tcase, a_message_is_utf_8_without_control_characters,
             bad_messages);
    tcase_add_test(tcase, a_message_has_at_most_1024_bytes);
    tcase_add_test(tcase, where_memory_runs_out_the_error_is_told_alone);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
