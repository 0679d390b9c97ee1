/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/range.h"

#include <string.h>

#include "core/text/text.h"

/* @return behind the unit and its blank; NULL: it is not bytes */
static const char *behind_unit(const char *value)
{
    const ep_span unit = ep_text_span("bytes");
    ep_span word;

    if (strlen(value) <= unit.length || value[unit.length] != ' ') {
        return NULL;
    }
    word.at = value;
    word.length = unit.length;
    return ep_text_same_word(word, unit) ? value + unit.length + 1 : NULL;
}

/* Digits from a place up to another one, and nothing else. */
static int number_in(const char *at, const char *end, int64_t *number)
{
    const uint64_t most = INT64_MAX;
    /* without a sign: one digit more than fits has room, and is seen */
    uint64_t value = 0;

    if (at == end) {
        return 0;
    }
    for (; at < end; at++) {
        const char c = *at;

        if (c < '0' || c > '9' || value > most / 10) {
            return 0;
        }
        value = value * 10 + (uint64_t)(c - '0');
    }
    if (value > most) {
        return 0;
    }
    *number = (int64_t)value;
    return 1;
}

/* @param at behind the slash
 * @param range its last position is known; @a complete is set where 1 is returned
 * @return 1 if it is unknown, or more than all positions */
static int is_complete_length(const char *at, const char *end, ep_range *range)
{
    range->complete = 0;
    return (at < end && *at == '*')
           || (number_in(at, end, &range->complete)
               && range->complete > range->last);
}

ep_range_result ep_range_parse(const char *value, ep_range *range)
{
    const char *text, *dash, *slash, *end;
    ep_range found;

    if (value == NULL) {
        return EP_RANGE_NONE;
    }
    text = behind_unit(value);
    if (text == NULL) {
        return EP_RANGE_MALFORMED;
    }
    dash = strchr(text, '-');
    slash = strchr(text, '/');
    end = text + strlen(text);
    if (dash == NULL || slash == NULL
        || !number_in(text, dash < slash ? dash : slash, &found.first)
        || !number_in(dash + 1, dash < slash ? slash : end, &found.last)
        || found.last < found.first
        || !is_complete_length(slash + 1, dash < slash ? end : dash,
                               &found)) {
        return EP_RANGE_MALFORMED;
    }
    *range = found;
    return EP_RANGE_BYTES;
}

/* Both at least 0. */
static int64_t plus(int64_t a, int64_t b)
{
    const uint64_t sum = (uint64_t)a + (uint64_t)b;

    return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

int64_t ep_range_end(const ep_range *range, int64_t bytes)
{
    const int64_t end = plus(range->first, bytes);
    const int64_t behind_last = plus(range->last, 1);

    return end > behind_last ? end : behind_last;
}
