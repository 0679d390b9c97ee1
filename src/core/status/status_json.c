/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Beside core/answer/document.c, the only file that knows jansson. */

#include "core/status/status_json.h"

#include <jansson.h>

#include "core/answer/json.h"
#include "core/status/version.h"

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

/* null: never */
static json_t *age_of(int64_t age)
{
    return age >= 0 ? json_integer(age) : json_null();
}

static json_t *trees_of(const ep_trees *trees)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < trees->count; i++) {
        const ep_report_tree *tree = trees->tree[i];
        json_t *object = json_object();

        json_object_set_new(object, "path", json_string(tree->path));
        set_number(object, "used", tree->used);
        set_number(object, "held", tree->held);
        set_number(object, "limit", tree->limit);
        json_object_set_new(object, "known", json_boolean(tree->is_known));
        json_object_set_new(object, "due", json_boolean(tree->is_due));
        json_object_set_new(object, "age", age_of(tree->age));
        json_object_set_new(object, "source",
                            json_string(tree->is_file ? "file" : "walk"));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *ledger_of(const ep_report_ledger *ledger)
{
    json_t *object = json_object();

    set_number(object, "claims", ledger->claims);
    set_number(object, "accounts", ledger->accounts);
    set_number(object, "trees", ledger->trees);
    json_object_set_new(object, "fullest", trees_of(&ledger->fullest));
    set_number(object, "trees_left_out", ledger->fullest.left_out);
    return object;
}

static json_t *calls_of(const ep_report_shared *shared)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < shared->steps_count; i++) {
        json_t *object = json_object();

        json_object_set_new(object, "up_to_microseconds",
                            i + 1 < shared->steps_count
                                ? json_integer(shared->steps[i].limit)
                                : json_null());
        set_number(object, "calls", shared->steps[i].count);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *causes_of(const ep_report_shared *shared)
{
    json_t *object = json_object();
    size_t i;

    for (i = 0; i < shared->causes_count; i++) {
        set_number(object, shared->causes[i].word, shared->causes[i].count);
    }
    return object;
}

static json_t *shared_of(const ep_report_shared *shared)
{
    json_t *object = json_object();
    json_t *everywhere = json_object();

    json_object_set_new(object, "where", json_string(shared->where));
    json_object_set_new(object, "breaker",
                        json_string(shared->is_open ? "open" : "closed"));
    set_number(object, "opened", shared->opened);
    json_object_set_new(object, "calls", calls_of(shared));
    set_number(object, "calls_microseconds", shared->took);
    json_object_set_new(object, "failures", causes_of(shared));
    set_number(object, "claims", shared->claims);
    set_number(object, "untold", shared->untold);
    set_number(object, "asserted", shared->asserted);
    set_number(everywhere, "claims", shared->claims_everywhere);
    set_number(everywhere, "servers", shared->servers);
    json_object_set_new(everywhere, "age", age_of(shared->everywhere_age));
    json_object_set_new(object, "everywhere", everywhere);
    set_number(object, "lease", shared->lease);
    json_object_set_new(object, "lease_age", age_of(shared->lease_age));
    return object;
}

static json_t *failures_of(const int64_t *failures)
{
    json_t *object = json_object();
    int why;

    for (why = 0; why < EP_FAILURES; why++) {
        set_number(object, ep_tally_failure((ep_tally_cause)why), failures[why]);
    }
    return object;
}

static json_t *spaces_of(const ep_report *report)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < report->spaces_count; i++) {
        const ep_report_space *space = &report->spaces[i];
        json_t *object = json_object();

        json_object_set_new(object, "path", json_string(space->path));
        set_number(object, "free", space->free);
        set_number(object, "size", space->size);
        json_object_set_new(object, "age", age_of(space->age));
        json_array_append_new(list, object);
    }
    return list;
}

int ep_status_json(const ep_report *report, const ep_sink *sink)
{
    json_t *document = json_object();
    json_t *total = json_object();

    json_object_set_new(document, "scope",
                        json_string(report->is_whole ? "server" : "host"));
    if (report->is_whole) {
        json_object_set_new(document, "version", json_string(EP_VERSION));
    }
    set_number(document, "time", report->now);
    set_number(document, "since", report->since);
    set_tally(total, &report->total);
    json_object_set_new(document, "total", total);
    json_object_set_new(document, "refusals_per_minute",
                        minutes_of(&report->total));
    json_object_set_new(document, "hosts", hosts_of(report));
    if (report->ledger != NULL) {
        json_object_set_new(document, "ledger", ledger_of(report->ledger));
    }
    if (report->shared != NULL) {
        json_object_set_new(document, "shared_ledger", shared_of(report->shared));
    }
    if (report->failures != NULL) {
        json_object_set_new(document, "ledger_failures",
                            failures_of(report->failures));
        json_object_set_new(document, "filesystems", spaces_of(report));
        set_number(document, "filesystems_left_out",
                   report->spaces_left_out);
    }
    return ep_json_sink(sink, document);
}
