/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/refusal_page.h"

#include <string.h>

#include "core/text/sink.h"

/* The most bytes of names that the page lists.  An escaped character has up to
 * six bytes, but tokens have few characters to escape. */
#define LIST_BYTES 500

/* A buffer; `taken` is the size that the text needs, which may be more than fits. */
typedef struct room {
    char *at;
    size_t size;
    size_t taken;
} room;

static void take(void *data, const char *bytes, size_t length)
{
    room *out = data;

    if (length <= out->size && out->taken <= out->size - length) {
        memcpy(out->at + out->taken, bytes, length);
    }
    out->taken += length;
}

void ep_refusal_page_title(const char *error, char *title)
{
    size_t i;

    for (i = 0; i < EP_TITLE_SIZE - 1 && error[i] != '\0'; i++) {
        title[i] = error[i] == '_' ? ' ' : error[i];
    }
    title[i] = '\0';
    if (title[0] >= 'a' && title[0] <= 'z') {
        title[0] = (char)(title[0] - 'a' + 'A');
    }
}

static void put_label(const ep_sink *sink, const char *label)
{
    ep_sink_text(sink, "<dt>");
    ep_sink_text(sink, label);
    ep_sink_text(sink, "<dd>");
}

static void put_bytes(const ep_sink *sink, const char *label, int64_t bytes)
{
    if (bytes != EP_UNKNOWN) {
        put_label(sink, label);
        ep_sink_bytes(sink, bytes);
    }
}

static void put_names(const ep_sink *sink, const ep_policy *policy,
                      ep_rule rule)
{
    const char *names[EP_NAMES_MAX];
    int complete;
    const size_t count = ep_policy_names(policy, rule, names, LIST_BYTES,
                                         &complete);
    size_t i;

    if (count > 0) {
        put_label(sink, "Accepted here");
    }
    for (i = 0; i < count; i++) {
        ep_sink_text(sink, i > 0 ? ", " : "");
        ep_sink_html(sink, names[i]);
    }
    ep_sink_text(sink, count > 0 && !complete ? ", ..." : "");
}

static void put_details(const ep_sink *sink, const ep_policy *policy,
                        const ep_verdict *verdict)
{
    if (ep_check_list(verdict->code) != NULL) {
        put_names(sink, policy, ep_check_of(verdict->code)->rule);
    }
    /* of limits that count, the page tells the rest, not the limit */
    if (verdict->code < EP_HEAD_CODES) {
        put_bytes(sink, "Limit", verdict->limit);
    }
    put_bytes(sink, "Your upload", verdict->requested);
    put_bytes(sink, "Left for you", verdict->remaining);
    if (verdict->retry_after != EP_UNKNOWN) {
        put_label(sink, "Try again in");
        ep_sink_number(sink, verdict->retry_after);
        ep_sink_text(sink, " seconds");
    }
}

static void put_page(const ep_sink *sink, const char *error,
                     const char *message, const ep_policy *policy,
                     const ep_verdict *verdict, const char *id)
{
    char title[EP_TITLE_SIZE];

    ep_refusal_page_title(error, title);
    ep_sink_text(sink,
                 "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                 "<meta name=\"viewport\" content=\"width=device-width\">"
                 /* else the browser asks the server for one */
                 "<link rel=\"icon\" href=\"data:,\">"
                 "<style>:root{color-scheme:light dark}body{font:1rem/1.5 "
                 "system-ui,sans-serif;margin:2rem auto;max-width:40rem;"
                 "padding:0 1rem}dt{float:left;clear:left;width:9rem}"
                 "dd{margin-left:9rem;overflow-wrap:anywhere}</style><title>");
    ep_sink_html(sink, title);
    ep_sink_text(sink, "</title><h1>");
    ep_sink_html(sink, title);
    ep_sink_text(sink, "</h1><p>");
    ep_sink_html(sink, message);
    ep_sink_text(sink, "</p><dl>");
    if (verdict != NULL) {
        put_details(sink, policy, verdict);
    }
    put_label(sink, "Code");
    ep_sink_html(sink, error);
    put_label(sink, "Request");
    ep_sink_html(sink, id);
    ep_sink_text(sink, "</dl></html>\n");
}

size_t ep_refusal_page(char *out, size_t size, const char *error,
                       const char *message, const ep_policy *policy,
                       const ep_verdict *verdict, const char *id)
{
    room page = { out, size, 0 };
    ep_sink sink;

    sink.take = take;
    sink.data = &page;
    put_page(&sink, error, message, policy, verdict, id);
    if (page.taken > size) {
        /* a message of many quotes can grow too long: the title has the code */
        page.taken = 0;
        put_page(&sink, error, "", NULL, NULL, id);
    }
    return page.taken;
}
