/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/text.h"

#include <string.h>

static int is_token_char(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z')) {
        return 1;
    }
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* qdtext and the second half of a quoted-pair: HTAB, SP, VCHAR, obs-text */
static int is_quotable(char c)
{
    const unsigned char u = (unsigned char)c;

    return u == '\t' || (u >= ' ' && u != 0x7f);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

size_t ep_text_token(const char *text)
{
    size_t n = 0;

    while (is_token_char(text[n])) {
        n++;
    }
    return n;
}

size_t ep_text_quoted_string(const char *text)
{
    size_t n = 1;

    if (text[0] != '"') {
        return 0;
    }
    while (text[n] != '"') {
        if (text[n] == '\\') {
            n++;
        }
        if (!is_quotable(text[n])) {
            return 0;
        }
        n++;
    }
    return n + 1;
}

const char *ep_text_skip_space(const char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    return text;
}

const char *ep_text_skip_parameters(const char *text)
{
    text = ep_text_skip_space(text);
    while (*text == ';') {
        size_t n;

        text = ep_text_skip_space(text + 1);
        n = ep_text_token(text);
        if (n > 0) {
            text += n;
            if (*text != '=') {
                return NULL;
            }
            text++;
            n = ep_text_token(text);
            if (n == 0) {
                n = ep_text_quoted_string(text);
            }
            if (n == 0) {
                return NULL;
            }
            text = ep_text_skip_space(text + n);
        }
    }
    return text;
}

/* After the first quote that does not end, no other can end: looking for the end
 * of each would take time with the square of the length. */
const char *ep_text_find_comma(const char *text)
{
    int can_quote = 1;

    while (*text != '\0' && *text != ',') {
        size_t quoted = 0;

        if (*text == '"' && can_quote) {
            quoted = ep_text_quoted_string(text);
            can_quote = quoted > 0;
        }
        text += quoted > 0 ? quoted : 1;
    }
    return text;
}

int ep_text_same_word(ep_span a, ep_span b)
{
    size_t i;

    if (a.length != b.length) {
        return 0;
    }
    for (i = 0; i < a.length; i++) {
        if (lower(a.at[i]) != lower(b.at[i])) {
            return 0;
        }
    }
    return 1;
}

ep_span ep_text_span(const char *text)
{
    ep_span span;

    span.at = text;
    span.length = strlen(text);
    return span;
}

size_t ep_text_json_length(const char *text)
{
    size_t length = 0;

    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;

        length += c < ' ' ? 6 : c == '"' || c == '\\' ? 2 : 1;
    }
    return length;
}
