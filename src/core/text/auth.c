/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/auth.h"

#include <string.h>

ep_span ep_auth_scheme(const char *text)
{
    ep_span scheme;

    scheme.at = ep_text_skip_space(text);
    scheme.length = ep_text_token(scheme.at);
    /* `Bearer:x` is no scheme */
    if (scheme.at[scheme.length] != '\0' && scheme.at[scheme.length] != ' '
        && scheme.at[scheme.length] != '\t') {
        scheme.length = 0;
    }
    return scheme;
}

/* @return the length of the PARAM=VALUE at the start of a text; 0: none */
static size_t parameter_length(const char *text)
{
    const size_t name = ep_text_token(text);
    size_t value;

    if (name == 0 || text[name] != '=') {
        return 0;
    }
    value = ep_text_token(text + name + 1);
    if (value == 0) {
        value = ep_text_quoted_string(text + name + 1);
    }
    return value > 0 ? name + 1 + value : 0;
}

static int append(char *out, size_t *used, const char *text, size_t length)
{
    if (length >= EP_CHALLENGE_SIZE - *used) {
        return 0;
    }
    memcpy(out + *used, text, length);
    *used += length;
    out[*used] = '\0';
    return 1;
}

int ep_auth_parse_challenge(const char *text, char *out)
{
    const ep_span scheme = ep_auth_scheme(text);
    const char *separator = " ";
    size_t used = 0;

    if (scheme.length == 0 || !append(out, &used, scheme.at, scheme.length)) {
        return 0;
    }
    text = ep_text_skip_space(scheme.at + scheme.length);
    while (*text != '\0') {
        const size_t length = parameter_length(text);
        const char *behind = text + length;

        if (length == 0
            || !append(out, &used, separator, strlen(separator))
            || !append(out, &used, text, length)) {
            return 0;
        }
        separator = ", ";
        text = ep_text_skip_space(behind);
        if (*text == ',') {
            text = ep_text_skip_space(text + 1);
        }
        else if (text == behind && *text != '\0') {
            return 0;
        }
    }
    return 1;
}

/* @return the text after the next comma that is not quoted, or the end */
static const char *behind_comma(const char *text)
{
    text = ep_text_find_comma(text);
    return *text == ',' ? text + 1 : text;
}

int ep_auth_has_parameter(const char *challenge, const char *name)
{
    const ep_span scheme = ep_auth_scheme(challenge);
    const ep_span wanted = ep_text_span(name);
    const char *rest = scheme.at + scheme.length;

    while (*rest != '\0') {
        ep_span word;

        word.at = ep_text_skip_space(rest);
        word.length = ep_text_token(word.at);
        if (word.at[word.length] == '=' && ep_text_same_word(word, wanted)) {
            return 1;
        }
        rest = behind_comma(word.at);
    }
    return 0;
}

int ep_auth_offers(const char *challenges, const char *scheme)
{
    const ep_span wanted = ep_text_span(scheme);

    while (*challenges != '\0') {
        ep_span word;

        word.at = ep_text_skip_space(challenges);
        word.length = ep_text_token(word.at);
        /* the list has challenges and, as further members, their parameters */
        if (*ep_text_skip_space(word.at + word.length) != '='
            && ep_text_same_word(word, wanted)) {
            return 1;
        }
        challenges = behind_comma(word.at);
    }
    return 0;
}
