/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The lexical elements that HTTP fields are made of (RFC 9110 section 5.6).
 *
 * All functions read NUL-terminated text of any content, never past its NUL,
 * and neither allocate nor write.  Letters compare as US-ASCII, whatever the
 * locale says.
 */
#ifndef EP_TEXT_H
#define EP_TEXT_H

#include <stddef.h>

/** A piece of somebody else's text; it lives as long as that text does. */
typedef struct ep_span {
    const char *at;
    size_t length;
} ep_span;

/** @return the length of the token (RFC 9110 5.6.2) at @a text; 0: none */
size_t ep_text_token(const char *text);

/**
 * @return the length of the quoted-string (RFC 9110 5.6.4) at @a text, both
 *         quotes included; 0: none, or it does not end
 */
size_t ep_text_quoted_string(const char *text);

/** @return the first character at or behind @a text that is no SP or HTAB */
const char *ep_text_skip_space(const char *text);

/**
 * Walks over a list of parameters, `*( OWS ";" OWS [ parameter ] )` with
 * parameter = token "=" ( token / quoted-string ) (RFC 9110 5.6.6).
 * @return the first character behind it, white space skipped; NULL: malformed
 */
const char *ep_text_skip_parameters(const char *text);

/**
 * @return the first comma at or behind @a text that stands in no quoted-string;
 *         the end of the text: there is none.  Behind a quote that does not end,
 *         nothing is quoted
 */
const char *ep_text_find_comma(const char *text);

/** @return 1 if both are the same but for the case of US-ASCII letters */
int ep_text_same_word(ep_span a, ep_span b);

/**
 * @return how many bytes a text takes as a string of JSON (RFC 8259 section 7),
 *         the quotes around it not included
 */
size_t ep_text_json_length(const char *text);

/** @return all of a NUL-terminated string as a span */
ep_span ep_text_span(const char *text);

#endif
