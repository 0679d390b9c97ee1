/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Beside core/answer/document.c, the only file that knows jansson. */

#include "core/status/status_json.h"

#include <jansson.h>

static void set_number(json_t *object, const char *member, int64_t number)
{
    json_object_set_new(object, member, json_integer(number));
}

/* Makes an object with each code whose count is above 0. */
static json_t *codes_of(const ep_tally *tally, ep_outcome outcome)
{
    json_t *codes = json_object();
    int code;

    for (code = 0; code < EP_CODES; code++) {
        if (tally->ended[outcome][code] > 0) {
            set_number(codes, ep_tally_code((ep_code)code),
                       tally->ended[outcome][code]);
        }
    }
    return codes;
}

static void set_tally(json_t *object, const ep_tally *tally)
{
    set_number(object, "admitted", tally->admitted);
    json_object_set_new(object, "refused",
                        codes_of(tally, EP_OUTCOME_REFUSED));
    json_object_set_new(object, "would_refuse",
                        codes_of(tally, EP_OUTCOME_WOULD_REFUSE));
    json_object_set_new(object, "cut", codes_of(tally, EP_OUTCOME_CUT));
    set_number(object, "refused_bytes", tally->declared);
    set_number(object, "drained_bytes", tally->drained);
}

static json_t *hosts_of(const ep_report *report)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < report->hosts_count; i++) {
        json_t *object = json_object();
        json_t *name = json_string(report->hosts[i].name);

        /* jansson makes no string of text that is not UTF-8 */
        json_object_set_new(object, "name",
                            name != NULL ? name : json_string("?"));
        set_tally(object, &report->hosts[i].tally);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *minutes_of(const ep_tally *tally)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < EP_MINUTES; i++) {
        json_array_append_new(list, json_integer(tally->minutes[i]));
    }
    return list;
}

static int take(const char *buffer, size_t size, void *data)
{
    const ep_sink *sink = data;

    sink->take(sink->data, buffer, size);
    return 0;
}

int ep_status_json(const ep_report *report, const ep_sink *sink)
{
    /* jansson's callback data is not const, although it only passes it on */
    ep_sink copy = *sink;
    json_t *document = json_object();
    json_t *total = json_object();
    int result;

    json_object_set_new(document, "scope",
                        json_string(report->is_whole ? "server" : "host"));
    set_number(document, "time", report->now);
    set_number(document, "since", report->since);
    set_tally(total, &report->total);
    json_object_set_new(document, "total", total);
    json_object_set_new(document, "refusals_per_minute",
                        minutes_of(&report->total));
    json_object_set_new(document, "hosts", hosts_of(report));
    if (report->ledger != NULL) {
        json_t *ledger = json_object();

        set_number(ledger, "claims", report->ledger->claims);
        set_number(ledger, "accounts", report->ledger->accounts);
        set_number(ledger, "trees", report->ledger->trees);
        json_object_set_new(document, "ledger", ledger);
    }
    result = json_dump_callback(document, take, &copy, JSON_COMPACT);
    json_decref(document);
    return result == 0;
}
