/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** An explanation as a whole, and its JSON form. */
#ifndef EP_EXPLANATION_JSON_H
#define EP_EXPLANATION_JSON_H

#include "core/status/explain.h"
#include "core/text/sink.h"

/** The most notes. */
#define EP_EXPLANATION_NOTES 12

typedef struct ep_explanation_field {
    const char *name;
    const char *value;
} ep_explanation_field;

/**
 * What an administrator gets.  All texts are printable; those of configuration files
 * were escaped, as directives and files may have any bytes.
 */
typedef struct ep_explanation {
    /** what was asked: the request line without its protocol, the host with its port,
     * and bytes; EP_UNKNOWN: of unknown length */
    const char *method;
    const char *path;
    const char *host;
    int64_t size;
    /** ServerName:port of the virtual host that answers, and the file that the URL
     * stands for; NULL: none */
    const char *server;
    const char *file;
    /** On, DryRun or Off, and the line that says so; NULL: none does */
    const char *mode;
    const ep_setting *mode_by;
    /** `admitted`, `refused`, `would-refuse`; `answered`: httpd or another module answers
     * before the handler, without an error; `error`: with one */
    const char *outcome;
    /** the first check that failed; NULL: none */
    const char *error;
    /** of the answer; 0: the handler decides */
    int status;
    /** the answer's fields and document; NULL: it is not ours */
    const ep_explanation_field *fields;
    size_t fields_count;
    const char *document;
    size_t document_length;
    const ep_explain_row *rows;
    size_t rows_count;
    const char *notes[EP_EXPLANATION_NOTES];
    size_t notes_count;
} ep_explanation;

/** Writes one JSON object (docs/schema/explain.json).
 * @return 1, or 0 if there is no memory for it */
int ep_explanation_json(const ep_explanation *told, const ep_sink *sink);

#endif
