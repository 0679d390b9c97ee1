/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Input: a line that is a Content-Type value; two lines that an administrator
 * wrote as media ranges; a line that is a Content-Encoding value.
 */

#include "core/text/media.h"

#include <string.h>

#include "fuzz.h"

#define RE_MEDIA RE_TOKEN "/" RE_TOKEN
/* a token that does not look like a pattern */
#define RE_PLAIN "[!#$%&'+.^_`|~0-9A-Za-z-]+"

/* anything without a comma outside of quotes; behind a quote that does not end
 * there are none */
#define RE_ANYTHING RE_OWS "(;([^\",]|" RE_QUOTED ")*(\"[^,]*)?)?"

static const char type_pattern[] = RE_OWS RE_MEDIA RE_ANYTHING;
static const char star_pattern[] =
    RE_OWS "([*]/" RE_TOKEN "|" RE_TOKEN "/[*])" RE_ANYTHING;
static const char range_pattern[] =
    "[*]/[*]|" RE_PLAIN "/([*]|" RE_PLAIN ")";
static const char codings_pattern[] = RE_LIST(RE_TOKEN);

static int same_text(const char *a, const char *b)
{
    return ep_text_same_word(ep_text_span(a), ep_text_span(b));
}

static void check_range(const char *range)
{
    if (strlen(range) <= FUZZ_MATCH_MAX) {
        PROMISE(ep_media_range_valid(range)
                == fuzz_matches(range_pattern, range));
    }
    if (ep_media_range_valid(range)) {
        PROMISE(ep_media_range_covers(range, range));
        PROMISE(ep_media_range_covers("*/*", range));
        PROMISE(!ep_media_range_covers(range, "*/*")
                || strcmp(range, "*/*") == 0);
    }
}

/* The order of ranges, and what it means for a type. */
static void check_order(const ep_media *media, const char *a, const char *b)
{
    const int a_covers = ep_media_range_covers(a, b);
    const int b_covers = ep_media_range_covers(b, a);

    PROMISE((a_covers && b_covers) == same_text(a, b));
    if (media != NULL) {
        const int in_a = ep_media_in_range(media, a);
        const int in_b = ep_media_in_range(media, b);

        PROMISE(!a_covers || !in_b || in_a);
        PROMISE(!b_covers || !in_a || in_b);
        /* ranges that overlap lie within one another: what intersecting
         * lists by leaving out names relies on */
        PROMISE(!in_a || !in_b || a_covers || b_covers);
    }
}

static void check_type(const char *value, const char *a, const char *b)
{
    ep_media media;
    const int parsed = ep_media_parse(value, &media);

    if (strlen(value) <= FUZZ_MATCH_MAX) {
        PROMISE(parsed == (fuzz_matches(type_pattern, value)
                           && !fuzz_matches(star_pattern, value)));
    }
    if (parsed) {
        /* type, slash and subtype stand side by side */
        const size_t length = media.type.length + 1 + media.subtype.length;
        char *name = malloc(length + 1);
        ep_media again;

        PROMISE(name != NULL);
        PROMISE(media.subtype.at == media.type.at + media.type.length + 1);
        memcpy(name, media.type.at, length);
        name[length] = '\0';
        PROMISE(ep_media_in_range(&media, "*/*"));
        PROMISE(ep_media_parse(name, &again));
        PROMISE(ep_media_range_valid(name) == (strchr(name, '*') == NULL));
        if (ep_media_range_valid(name)) {
            PROMISE(ep_media_in_range(&media, name));
            PROMISE(ep_media_in_range(&again, a)
                    == ep_media_in_range(&media, a));
            PROMISE(ep_media_in_range(&media, a)
                    == ep_media_range_covers(a, name));
        }
        free(name);
    }
    if (ep_media_range_valid(a) && ep_media_range_valid(b)) {
        check_order(parsed ? &media : NULL, a, b);
    }
}

static void check_codings(const char *value)
{
    const char *rest = value, *before = value;
    ep_coding_result result;
    ep_span coding;

    while ((result = ep_media_coding_next(&rest, &coding)) == EP_CODING_MEMBER) {
        PROMISE(rest > before);
        PROMISE(coding.length > 0 && coding.length == ep_text_token(coding.at));
        PROMISE(coding.at >= before && coding.at + coding.length <= rest);
        PROMISE(ep_media_coding_same(coding, coding));
        PROMISE(ep_media_coding_same(coding, ep_text_span("gzip"))
                == ep_media_coding_same(coding, ep_text_span("X-GZIP")));
        before = rest;
    }
    if (strlen(value) <= FUZZ_MATCH_MAX) {
        PROMISE((result == EP_CODING_END)
                == fuzz_matches(codings_pattern, value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *type = fuzz_line(&data, &size);
    char *a = fuzz_line(&data, &size);
    char *b = fuzz_line(&data, &size);
    char *codings = fuzz_line(&data, &size);

    if (type != NULL && a != NULL && b != NULL && codings != NULL) {
        check_range(a);
        check_range(b);
        check_type(type, a, b);
        check_codings(codings);
    }
    free(type);
    free(a);
    free(b);
    free(codings);
    return 0;
}
