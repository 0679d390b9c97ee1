/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/media.h"

#include <string.h>

const char *ep_media_pair(const char *text, ep_media *media)
{
    media->type.at = text;
    media->type.length = ep_text_token(text);
    if (media->type.length == 0 || text[media->type.length] != '/') {
        return NULL;
    }
    text += media->type.length + 1;
    media->subtype.at = text;
    media->subtype.length = ep_text_token(text);
    return media->subtype.length > 0 ? text + media->subtype.length : NULL;
}

/* "*" is a token character, but "*" alone is no name of a type */
int ep_media_is_star(ep_span span)
{
    return span.length == 1 && span.at[0] == '*';
}

int ep_media_parse(const char *value, ep_media *media)
{
    ep_media parsed;
    const char *end = ep_media_pair(ep_text_skip_space(value), &parsed);

    if (end == NULL || ep_media_is_star(parsed.type)
        || ep_media_is_star(parsed.subtype)) {
        return 0;
    }
    end = ep_text_skip_space(end);
    if ((*end != '\0' && *end != ';') || *ep_text_find_comma(end) != '\0') {
        return 0;
    }
    *media = parsed;
    return 1;
}

/* `im*` is a token, but looks like a pattern and would match nothing: so it is
 * refused. */
static int is_name_or_star(ep_span span)
{
    return ep_media_is_star(span)
           || memchr(span.at, '*', span.length) == NULL;
}

int ep_media_range_valid(const char *text)
{
    ep_media range;
    const char *end = ep_media_pair(text, &range);

    return end != NULL && *end == '\0' && is_name_or_star(range.type)
           && is_name_or_star(range.subtype)
           && (!ep_media_is_star(range.type)
               || ep_media_is_star(range.subtype));
}

/* @a media may be a range itself: its star is equal to no name, so only a star
 * matches it. */
int ep_media_in_range(const ep_media *media, const char *range)
{
    ep_media wanted;

    if (ep_media_pair(range, &wanted) == NULL) {
        return 0;
    }
    return (ep_media_is_star(wanted.type)
            || ep_text_same_word(wanted.type, media->type))
           && (ep_media_is_star(wanted.subtype)
               || ep_text_same_word(wanted.subtype, media->subtype));
}

int ep_media_range_covers(const char *outer, const char *inner)
{
    ep_media media;

    return ep_media_pair(inner, &media) != NULL
           && ep_media_in_range(&media, outer);
}

ep_coding_result ep_media_coding_next(const char **rest, ep_span *coding)
{
    const char *text = ep_text_skip_space(*rest);
    size_t length;

    while (*text == ',') {
        text = ep_text_skip_space(text + 1);
    }
    *rest = text;
    if (*text == '\0') {
        return EP_CODING_END;
    }
    length = ep_text_token(text);
    if (length > 0) {
        const char *end = ep_text_skip_space(text + length);

        if (*end == ',' || *end == '\0') {
            coding->at = text;
            coding->length = length;
            *rest = end;
            return EP_CODING_MEMBER;
        }
    }
    return EP_CODING_MALFORMED;
}

static ep_span without_x(ep_span coding)
{
    if (ep_text_same_word(coding, ep_text_span("x-gzip"))
        || ep_text_same_word(coding, ep_text_span("x-compress"))) {
        coding.at += 2;
        coding.length -= 2;
    }
    return coding;
}

int ep_media_coding_same(ep_span a, ep_span b)
{
    return ep_text_same_word(without_x(a), without_x(b));
}
