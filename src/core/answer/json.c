/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/json.h"

void ep_json_names(json_t *document, const char *member,
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

void ep_json_number(json_t *document, const char *member, int64_t number)
{
    if (number != EP_UNKNOWN) {
        json_object_set_new(document, member, json_integer(number));
    }
}

/* Lists and messages are bounded, so all documents fit.  A document that does not
 * fit is not sent in part. */
size_t ep_json_line(char *out, size_t size, json_t *document)
{
    const size_t length = json_dumpb(document, out, size - 1, JSON_COMPACT);

    json_decref(document);
    if (length == 0 || length > size - 1) {
        return 0;
    }
    out[length] = '\n';
    return length + 1;
}

static int take(const char *buffer, size_t size, void *data)
{
    const ep_sink *sink = data;

    sink->take(sink->data, buffer, size);
    return 0;
}

int ep_json_sink(const ep_sink *sink, json_t *document)
{
    /* jansson's callback data is not const, although it only passes it on */
    ep_sink copy = *sink;
    const int result = json_dump_callback(document, take, &copy, JSON_COMPACT);

    json_decref(document);
    return result == 0;
}
