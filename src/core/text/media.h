/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Content-Type and Content-Encoding, RFC 9110 sections 8.3 and 8.4. */
#ifndef EP_MEDIA_H
#define EP_MEDIA_H

#include "core/text/text.h"

/** type "/" subtype; both at least one character long */
typedef struct ep_media {
    ep_span type;
    ep_span subtype;
} ep_media;

/**
 * @param media set to type "/" subtype; either may be a star
 * @return what is behind it; NULL: there is none
 */
const char *ep_media_pair(const char *text, ep_media *media);

/** @return 1 if it is a star, which stands for all types or subtypes */
int ep_media_is_star(ep_span span);

/**
 * @param value a whole Content-Type value; its parameters are not looked at, be
 *        they malformed
 * @return 1: @a media is set and points into @a value; 0: there is no type, or
 *         more than one value (a comma outside of quotes: httpd joins repeated
 *         lines with one)
 */
int ep_media_parse(const char *value, ep_media *media);

/**
 * @return 1 if @a text can stand in a configuration: type/subtype, type/ * or
 *         * / * (without the blanks)
 */
int ep_media_range_valid(const char *text);

/** @return 1 if @a range, a valid one, takes in @a media; without case */
int ep_media_in_range(const ep_media *media, const char *range);

/** @return 1 if all that @a inner takes in, @a outer does too; both valid */
int ep_media_range_covers(const char *outer, const char *inner);

typedef enum ep_coding_result {
    EP_CODING_END,
    EP_CODING_MEMBER,
    EP_CODING_MALFORMED
} ep_coding_result;

/**
 * Takes the next content-coding off a Content-Encoding value; empty members
 * are skipped.  To be called until it does not return MEMBER.
 */
ep_coding_result ep_media_coding_next(const char **rest, ep_span *coding);

/**
 * @return 1 if both name the same coding: without case, and x-gzip and
 *         x-compress are gzip and compress (RFC 9110 8.4.1)
 */
int ep_media_coding_same(ep_span a, ep_span b);

#endif
