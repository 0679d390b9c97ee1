/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/explanation_json.h"

#include <jansson.h>

#include "core/answer/json.h"
#include "core/status/tally.h"

static void set_text(json_t *object, const char *member, const char *text)
{
    json_object_set_new(object, member,
                        text != NULL ? json_string(text) : json_null());
}

static void set_number(json_t *object, const char *member, int64_t number)
{
    json_object_set_new(object, member,
                        number != EP_UNKNOWN ? json_integer(number) : json_null());
}

/* What is built in has no line. */
static json_t *line_of(const ep_setting *by)
{
    json_t *line = json_object();

    set_text(line, "directive", by->directive);
    set_text(line, "arguments", by->text);
    set_text(line, "file", by->file);
    set_number(line, "line", by->file != NULL ? (int64_t)by->line : EP_UNKNOWN);
    return line;
}

static json_t *lines_of(const ep_explain_row *row)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < 2; i++) {
        if (row->by[i] != NULL) {
            json_array_append_new(list, line_of(row->by[i]));
        }
    }
    return list;
}

static json_t *check_of(const ep_explain_row *row)
{
    json_t *check = json_object();

    set_text(check, "check", ep_tally_code(row->code));
    set_text(check, "result", ep_explain_word(row->result));
    set_text(check, "why", row->why);
    json_object_set_new(check, "by", lines_of(row));
    set_number(check, "limit", row->limit);
    set_number(check, "used", row->used);
    set_number(check, "held", row->held);
    return check;
}

static json_t *checks_of(const ep_explanation *told)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < told->rows_count; i++) {
        json_array_append_new(list, check_of(&told->rows[i]));
    }
    return list;
}

static json_t *request_of(const ep_explanation *told)
{
    json_t *request = json_object();

    set_text(request, "method", told->method);
    set_text(request, "path", told->path);
    set_text(request, "host", told->host);
    set_number(request, "size", told->size);
    return request;
}

static json_t *answer_of(const ep_explanation *told)
{
    json_t *answer = json_object();
    json_t *fields = json_array();
    size_t i;

    set_number(answer, "status", told->status > 0 ? told->status : EP_UNKNOWN);
    for (i = 0; i < told->fields_count; i++) {
        json_t *field = json_object();

        set_text(field, "name", told->fields[i].name);
        set_text(field, "value", told->fields[i].value);
        json_array_append_new(fields, field);
    }
    json_object_set_new(answer, "fields", fields);
    json_object_set_new(answer, "document",
                        told->document != NULL
                            ? json_stringn(told->document, told->document_length)
                            : json_null());
    return answer;
}

static json_t *notes_of(const ep_explanation *told)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < told->notes_count; i++) {
        json_array_append_new(list, json_string(told->notes[i]));
    }
    return list;
}

int ep_explanation_json(const ep_explanation *told, const ep_sink *sink)
{
    json_t *document = json_object();

    json_object_set_new(document, "request", request_of(told));
    set_text(document, "server", told->server);
    set_text(document, "file", told->file);
    set_text(document, "mode", told->mode);
    json_object_set_new(document, "mode_by",
                        told->mode_by != NULL ? line_of(told->mode_by)
                                              : json_null());
    set_text(document, "outcome", told->outcome);
    set_text(document, "error", told->error);
    json_object_set_new(document, "answer", answer_of(told));
    json_object_set_new(document, "checks", checks_of(told));
    json_object_set_new(document, "notes", notes_of(told));
    return ep_json_sink(sink, document);
}
