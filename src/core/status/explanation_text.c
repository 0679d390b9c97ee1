/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/explanation_text.h"

#include "core/status/tally.h"

/* Writes a text that is printable already, byte by byte, which the proofs follow to its
 * end. */
static void put_plain(const ep_sink *sink, const char *text)
{
    static const ep_escape none[] = { { '\0', NULL } };

    ep_sink_escaped(sink, text, none);
}

static void put_line(const ep_sink *sink, const ep_setting *by)
{
    ep_sink_text(sink, "        ");
    if (by->directive == NULL || by->file == NULL) {
        ep_sink_text(sink, "built in\n");
        return;
    }
    put_plain(sink, by->directive);
    ep_sink_text(sink, " ");
    put_plain(sink, by->text != NULL ? by->text : "");
    ep_sink_text(sink, "  ");
    put_plain(sink, by->file);
    ep_sink_text(sink, ":");
    ep_sink_number(sink, by->line);
    ep_sink_text(sink, "\n");
}

static void put_named(const ep_sink *sink, const char *name, int64_t number)
{
    if (number != EP_UNKNOWN) {
        ep_sink_text(sink, ", ");
        ep_sink_text(sink, name);
        ep_sink_text(sink, " ");
        ep_sink_number(sink, number);
    }
}

static void put_row(const ep_sink *sink, const ep_explain_row *row)
{
    int i;

    put_plain(sink, row->result == EP_EXPLAIN_FAILED ? "  ! " : "    ");
    put_plain(sink, ep_tally_code(row->code));
    ep_sink_text(sink, ": ");
    put_plain(sink, ep_explain_word(row->result));
    if (row->why != NULL) {
        ep_sink_text(sink, ", ");
        put_plain(sink, row->why);
    }
    put_named(sink, "limit", row->limit);
    put_named(sink, "used", row->used);
    put_named(sink, "held", row->held);
    ep_sink_text(sink, "\n");
    for (i = 0; i < 2; i++) {
        if (row->by[i] != NULL) {
            put_line(sink, row->by[i]);
        }
    }
}

/* Line by line; a site owner's message may have bytes that a terminal obeys. */
static void put_document(const char *document, const ep_sink *sink)
{
    char one[2] = { '\0', '\0' };

    ep_sink_text(sink, "    ");
    for (; *document != '\0'; document++) {
        if (*document != '\n') {
            one[0] = *document;
            ep_sink_printable(sink, one);
        }
        else if (document[1] != '\0') {
            ep_sink_text(sink, "\n    ");
        }
    }
    ep_sink_text(sink, "\n");
}

static void put_answer(const ep_explanation *told, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "\nThe client gets:\n");
    for (i = 0; i < told->fields_count; i++) {
        ep_sink_text(sink, "    ");
        put_plain(sink, told->fields[i].name);
        ep_sink_text(sink, ": ");
        put_plain(sink, told->fields[i].value);
        ep_sink_text(sink, "\n");
    }
    put_document(told->document, sink);
}

static void put_checks(const ep_explanation *told, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "\n");
    for (i = 0; i < told->rows_count; i++) {
        put_row(sink, &told->rows[i]);
    }
}

static void put_notes(const ep_explanation *told, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "\n");
    for (i = 0; i < told->notes_count; i++) {
        put_plain(sink, told->notes[i]);
        ep_sink_text(sink, "\n");
    }
}

/* What becomes of it, in one line. */
static void put_outcome(const ep_explanation *told, const ep_sink *sink)
{
    put_plain(sink, told->outcome);
    if (told->status > 0) {
        ep_sink_text(sink, ": ");
        ep_sink_number(sink, told->status);
    }
    if (told->error != NULL) {
        ep_sink_text(sink, " ");
        put_plain(sink, told->error);
    }
}

void ep_explanation_text(const ep_explanation *told, const ep_sink *sink)
{
    put_plain(sink, told->method);
    ep_sink_text(sink, " ");
    put_plain(sink, told->host);
    put_plain(sink, told->path);
    put_named(sink, "size", told->size);
    ep_sink_text(sink, "\n");
    put_outcome(told, sink);
    ep_sink_text(sink, "\nvirtual host ");
    put_plain(sink, told->server);
    if (told->file != NULL) {
        ep_sink_text(sink, ", file ");
        put_plain(sink, told->file);
    }
    ep_sink_text(sink, ", ExpectPolicy ");
    put_plain(sink, told->mode);
    ep_sink_text(sink, "\n");
    if (told->mode_by != NULL) {
        put_line(sink, told->mode_by);
    }
    put_checks(told, sink);
    if (told->document != NULL) {
        put_answer(told, sink);
    }
    put_notes(told, sink);
}
