/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/accept.h"

#include <stddef.h>

#include "core/text/media.h"

#define QUALITY_MOST 1000

/* Reads a qvalue (RFC 9110 12.4.2).
 * @return thousandths; -1: malformed */
static int parse_quality(ep_span text)
{
    int quality, unit = QUALITY_MOST;
    size_t i;

    if (text.length == 0 || text.length > 5
        || (text.at[0] != '0' && text.at[0] != '1')
        || (text.length > 1 && text.at[1] != '.')) {
        return -1;
    }
    quality = (text.at[0] - '0') * unit;
    for (i = 2; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return -1;
        }
        unit /= 10;
        quality += (text.at[i] - '0') * unit;
    }
    return quality <= QUALITY_MOST ? quality : -1;
}

/* Skips the parameters of one member, and reads `q`.
 * @return the text after them; NULL: malformed */
static const char *parse_parameters(const char *text, int *quality)
{
    *quality = QUALITY_MOST;
    text = ep_text_skip_space(text);
    while (*text == ';') {
        ep_span name, value;

        name.at = ep_text_skip_space(text + 1);
        name.length = ep_text_token(name.at);
        text = name.at + name.length;
        if (name.length > 0) {
            if (*text != '=') {
                return NULL;
            }
            value.at = text + 1;
            value.length = *value.at == '"' ? ep_text_quoted_string(value.at)
                                            : ep_text_token(value.at);
            if (value.length == 0) {
                return NULL;
            }
            if (ep_text_same_word(name, ep_text_span("q"))) {
                *quality = parse_quality(value);
                if (*quality < 0) {
                    return NULL;
                }
            }
            text = value.at + value.length;
        }
        text = ep_text_skip_space(text);
    }
    return *text == ',' || *text == '\0' ? text : NULL;
}

/* @return 0: the range does not match; 1: all types; 2: type / *; 3: exactly */
static int specificity(const ep_media *range, const ep_media *media)
{
    if (ep_media_is_star(range->type)) {
        return ep_media_is_star(range->subtype);
    }
    if (!ep_text_same_word(range->type, media->type)) {
        return 0;
    }
    if (ep_media_is_star(range->subtype)) {
        return 2;
    }
    return ep_text_same_word(range->subtype, media->subtype) ? 3 : 0;
}

/* @return the next comma, or the end */
static const char *skip_member(const char *text)
{
    while (*text != '\0' && *text != ',') {
        text++;
    }
    return text;
}

int ep_accept_quality(const char *accept, const char *wanted)
{
    const char *text = accept != NULL ? ep_text_skip_space(accept) : "";
    ep_media media, range;
    int most = 0, best = 0, is_said = 0;

    if (!ep_media_parse(wanted, &media)) {
        return 0;
    }
    while (*text != '\0') {
        const char *end = ep_media_pair(text, &range);
        int quality;

        if (end != NULL) {
            end = parse_parameters(end, &quality);
        }
        if (end == NULL) {
            end = skip_member(text);
        }
        else {
            const int specific = specificity(&range, &media);

            is_said = 1;
            if (specific > most || (specific == most && quality > best)) {
                best = specific > 0 ? quality : 0;
                most = specific;
            }
        }
        text = *end == ',' ? ep_text_skip_space(end + 1) : end;
    }
    return is_said ? best : QUALITY_MOST;
}
