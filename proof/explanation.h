/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Any explanation: two checks with any result and any numbers; texts of 3 characters. */
#include "core/status/explanation_json.h"
#include "any.h"
#include "setting.h"

ANY_TEXT(word, 3);

static ep_setting line;
static ep_explain_row rows[2];
static ep_explanation_field field;
static ep_explanation told;

static const char *word_or_none(void)
{
    const char *const both[2] = { NULL, ANY_OF(word, 3) };

    return both[ANY_BIT];
}

static void any_row(ep_explain_row *row)
{
    row->code = (ep_code)Frama_C_interval(0, EP_CODES - 1);
    row->result = (ep_explain_result)Frama_C_interval(0, EP_EXPLAIN_NOT_ASKED);
    row->why = word_or_none();
    row->by[0] = maybe(&line);
    row->by[1] = maybe(&line);
    row->limit = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    row->used = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    row->held = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
}

static void any_explanation(void)
{
    ANY_FILL(word);
    any_setting(&line);
    any_row(&rows[0]);
    any_row(&rows[1]);
    told.method = ANY_OF(word, 3);
    told.path = ANY_OF(word, 3);
    told.host = ANY_OF(word, 3);
    told.size = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    told.server = ANY_OF(word, 3);
    told.file = word_or_none();
    told.mode = "On";
    told.mode_by = maybe(&line);
    told.outcome = ANY_OF(word, 3);
    told.error = word_or_none();
    told.status = Frama_C_interval(0, 999);
    field.name = ANY_OF(word, 3);
    field.value = ANY_OF(word, 3);
    told.fields = &field;
    told.fields_count = (size_t)Frama_C_interval(0, 1);
    told.document = word_or_none();
    told.document_length = 3;
    told.rows = rows;
    told.rows_count = (size_t)Frama_C_interval(0, 2);
    told.notes[0] = ANY_OF(word, 3);
    told.notes_count = (size_t)Frama_C_interval(0, 1);
}
