/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/sink.h"

#include <string.h>

/* The digits of INT64_MAX. */
#define DIGITS 19

void ep_sink_text(const ep_sink *sink, const char *text)
{
    sink->take(sink->data, text, strlen(text));
}

void ep_sink_number(const ep_sink *sink, int64_t number)
{
    char digits[DIGITS];
    size_t at = DIGITS;

    if (number < 0) {
        number = 0;
    }
    do {
        at--;
        digits[at] = "0123456789"[number % 10];
        number /= 10;
    } while (number > 0);
    sink->take(sink->data, digits + at, DIGITS - at);
}

void ep_sink_decimal(const ep_sink *sink, int64_t number, int places)
{
    int64_t rest = number < 0 ? 0 : number;
    int64_t unit = 1;
    int i;

    for (i = 0; i < places; i++) {
        unit *= 10;
    }
    ep_sink_number(sink, rest / unit);
    ep_sink_text(sink, ".");
    rest %= unit;
    /* with a unit of 1, nothing is left */
    do {
        unit /= 10;
        ep_sink_number(sink, rest / unit);
        rest %= unit;
    } while (rest > 0);
}

static const char *escape_of(const ep_escape *escapes, char character)
{
    for (; escapes->character != '\0'; escapes++) {
        if (escapes->character == character) {
            return escapes->as;
        }
    }
    return NULL;
}

void ep_sink_escaped(const ep_sink *sink, const char *text,
                     const ep_escape *escapes)
{
    size_t from = 0;
    size_t to = 0;

    for (; text[to] != '\0'; to++) {
        const char *as = escape_of(escapes, text[to]);

        if (as != NULL) {
            sink->take(sink->data, text + from, to - from);
            ep_sink_text(sink, as);
            from = to + 1;
        }
    }
    sink->take(sink->data, text + from, to - from);
}

void ep_sink_html(const ep_sink *sink, const char *text)
{
    static const ep_escape in_html[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" },
        { '\'', "&#39;" }, { '\0', NULL }
    };

    ep_sink_escaped(sink, text, in_html);
}

void ep_sink_printable(const ep_sink *sink, const char *text)
{
    size_t from = 0;
    size_t to = 0;

    for (; text[to] != '\0'; to++) {
        const unsigned int byte = (unsigned char)text[to];
        char escaped[4] = { '\\', '\\', '\0', '\0' };

        if (byte >= ' ' && byte <= '~' && byte != '\\') {
            continue;
        }
        if (byte != '\\') {
            escaped[1] = 'x';
            escaped[2] = "0123456789abcdef"[byte >> 4];
            escaped[3] = "0123456789abcdef"[byte & 15];
        }
        sink->take(sink->data, text + from, to - from);
        sink->take(sink->data, escaped, byte == '\\' ? 2 : sizeof(escaped));
        from = to + 1;
    }
    sink->take(sink->data, text + from, to - from);
}

void ep_sink_bytes(const ep_sink *sink, int64_t bytes)
{
    static const char *const units[] = {
        " bytes", " KB", " MB", " GB", " TB", " PB", " EB"
    };
    int64_t tenths = 0;
    size_t unit = 0;

    while (bytes >= 1024) {
        tenths = bytes % 1024 * 10 / 1024;
        bytes /= 1024;
        unit++;
    }
    ep_sink_number(sink, bytes);
    if (unit > 0) {
        ep_sink_text(sink, ".");
        ep_sink_number(sink, tenths);
    }
    ep_sink_text(sink, units[unit]);
}
