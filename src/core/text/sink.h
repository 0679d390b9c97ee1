/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** A receiver of text, which gets it piece by piece. */
#ifndef EP_SINK_H
#define EP_SINK_H

#include <stddef.h>
#include <stdint.h>

typedef struct ep_sink {
    /** receives @a length bytes; it must not keep the pointer */
    void (*take)(void *data, const char *bytes, size_t length);
    void *data;
} ep_sink;

/** A character, and the text that replaces it; a NUL character ends a list. */
typedef struct ep_escape {
    char character;
    const char *as;
} ep_escape;

void ep_sink_text(const ep_sink *sink, const char *text);

/** Writes a number in decimal; a negative one becomes 0. */
void ep_sink_number(const ep_sink *sink, int64_t number);

/**
 * Writes a number of millionths or thousandths, without zeros at its end but with at
 * least one digit behind the point: (250, 6) `0.00025`, (1000000, 6) `1.0`.
 * @param number one below 0 becomes 0
 * @param places 1 to 18: digits behind the point
 */
void ep_sink_decimal(const ep_sink *sink, int64_t number, int places);

/** Writes a text; each character of @a escapes is replaced. */
void ep_sink_escaped(const ep_sink *sink, const char *text,
                     const ep_escape *escapes);

/** Writes a text that is safe at any place of an HTML page. */
void ep_sink_html(const ep_sink *sink, const char *text);

/**
 * Writes a text of others so that a terminal can show it safely: one line of
 * printable ASCII.  A backslash becomes two, any other byte \xNN, as in httpd's
 * log; so different texts stay different.
 */
void ep_sink_printable(const ep_sink *sink, const char *text);

/** Writes a number of bytes for a person, cut to a tenth: `1.5 MB`. */
void ep_sink_bytes(const ep_sink *sink, int64_t bytes);

#endif
