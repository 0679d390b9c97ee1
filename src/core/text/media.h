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
 * Reads type "/" subtype at the start of a text.
 * @param media set on success; type and subtype may each be a star
 * @return the text after it; NULL: there is no such pair
 */
const char *ep_media_pair(const char *text, ep_media *media);

/** @return 1 if @a span is a star, which stands for all types or subtypes */
int ep_media_is_star(ep_span span);

/**
 * Reads the media type of a Content-Type value.
 * @param value a whole Content-Type value; its parameters are ignored, also
 *        malformed ones
 * @return 1: @a media is set and points into @a value; 0: there is no type, or
 *         more than one value (a comma outside of quotes: httpd joins repeated
 *         lines with one)
 */
int ep_media_parse(const char *value, ep_media *media);

/**
 * @return 1 if @a text is legal in a configuration: type/subtype, type/ * or
 *         * / * (without the blanks)
 */
int ep_media_range_valid(const char *text);

/** @param range a valid one
 *  @return 1 if @a range matches @a media; compared without case */
int ep_media_in_range(const ep_media *media, const char *range);

/** @return 1 if @a outer matches every type that @a inner matches; both valid */
int ep_media_range_covers(const char *outer, const char *inner);

typedef enum ep_coding_result {
    EP_CODING_END,
    EP_CODING_MEMBER,
    EP_CODING_MALFORMED
} ep_coding_result;

/**
 * Reads the next content-coding of a Content-Encoding value; empty members
 * are skipped.  Call it until it returns something other than MEMBER.
 */
ep_coding_result ep_media_coding_next(const char **rest, ep_span *coding);

/**
 * @return 1 if both name the same coding: compared without case; x-gzip is gzip
 *         and x-compress is compress (RFC 9110 8.4.1)
 */
int ep_media_coding_same(ep_span a, ep_span b);

#endif
