/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Text that goes out piece by piece. */
#ifndef EP_SINK_H
#define EP_SINK_H

#include <stddef.h>
#include <stdint.h>

typedef struct ep_sink {
    /** takes @a length bytes, which are the caller's again afterwards */
    void (*take)(void *data, const char *bytes, size_t length);
    void *data;
} ep_sink;

/** A character, and what stands for it; a NUL character ends a list. */
typedef struct ep_escape {
    char character;
    const char *as;
} ep_escape;

void ep_sink_text(const ep_sink *sink, const char *text);

/** Writes a number; what is below 0 is none, and becomes 0. */
void ep_sink_number(const ep_sink *sink, int64_t number);

/** Writes a text with what stands for some of its characters. */
void ep_sink_escaped(const ep_sink *sink, const char *text,
                     const ep_escape *escapes);

/** Writes a text so that it can stand anywhere in an HTML page. */
void ep_sink_html(const ep_sink *sink, const char *text);

/**
 * Writes a text that others chose so that a terminal can show it: in one line, of
 * printable ASCII alone.  A backslash becomes two, any other byte \xNN, as in
 * httpd's log; so different texts stay different.
 */
void ep_sink_printable(const ep_sink *sink, const char *text);

/** Writes bytes as a person reads them, cut to a tenth: `1.5 MB`. */
void ep_sink_bytes(const ep_sink *sink, int64_t bytes);

#endif
