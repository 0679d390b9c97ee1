/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The lexical elements that HTTP fields are made of (RFC 9110 section 5.6).
 *
 * All functions read NUL-terminated text of any content, and never past its
 * NUL.  They neither allocate nor write.  Letters compare as US-ASCII, in any
 * locale.
 */
#ifndef EP_TEXT_H
#define EP_TEXT_H

#include <stddef.h>

/** A part of a text that belongs to somebody else; valid as long as that text. */
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

/** @return the first character at or after @a text that is not SP or HTAB */
const char *ep_text_skip_space(const char *text);

/**
 * Skips a list of parameters, `*( OWS ";" OWS [ parameter ] )` with
 * parameter = token "=" ( token / quoted-string ) (RFC 9110 5.6.6).
 * @return the first character after it, white space skipped; NULL: malformed
 */
const char *ep_text_skip_parameters(const char *text);

/**
 * @return the first comma at or after @a text outside of quoted-strings; the
 *         end of the text if there is none.  A quote that does not end quotes
 *         nothing
 */
const char *ep_text_find_comma(const char *text);

/** @return 1 if both are the same without the case of US-ASCII letters */
int ep_text_same_word(ep_span a, ep_span b);

/**
 * @return the length of a text as a JSON string (RFC 8259 section 7), in bytes,
 *         without the quotes around it
 */
size_t ep_text_json_length(const char *text);

/** @return all of a NUL-terminated string as a span */
ep_span ep_text_span(const char *text);

#endif
