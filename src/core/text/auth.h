/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Authentication schemes and challenges, RFC 9110 section 11. */
#ifndef EP_AUTH_H
#define EP_AUTH_H

#include <stddef.h>

#include "core/text/text.h"

/** The longest challenge that a directive can make, its NUL included. */
#define EP_CHALLENGE_SIZE 512

/**
 * Makes a WWW-Authenticate challenge of a directive's arguments:
 * SCHEME [ PARAM=VALUE ... ], the parameters separated by blanks, commas or both,
 * each VALUE a token or a quoted-string.
 * @param out at least EP_CHALLENGE_SIZE bytes; NUL-terminated on success
 * @return 1: done; 0: the text is not of that form, or too long
 */
int ep_auth_parse_challenge(const char *text, char *out);

/**
 * @param challenge what ep_auth_parse_challenge() made
 * @return 1 if it has a parameter of that name; without case
 */
int ep_auth_has_parameter(const char *challenge, const char *name);

/** Finds the scheme of a challenge or of credentials.
 *  @return the scheme, inside of @a text; length 0: there is none */
ep_span ep_auth_scheme(const char *text);

/**
 * @param challenges a WWW-Authenticate value (RFC 9110 11.6.1); it may be malformed
 * @return 1 if one of its challenges has that scheme; compared without case
 */
int ep_auth_offers(const char *challenges, const char *scheme);

#endif
