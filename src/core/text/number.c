/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/number.h"

#include <stddef.h>

static int shift_of(char unit)
{
    switch (unit) {
    case 'k': case 'K':
        return 10;
    case 'm': case 'M':
        return 20;
    case 'g': case 'G':
        return 30;
    case 't': case 'T':
        return 40;
    default:
        return 0;
    }
}

/* @param most the largest number
 * @param value out: may be more than @a most, by one digit
 * @return how many digits the text begins with; 0 if they are more than that */
static size_t digits_of(const char *text, uint64_t most, uint64_t *value)
{
    size_t i;

    *value = 0;
    for (i = 0;; i++) {
        const char c = text[i];

        if (c < '0' || c > '9') {
            return i;
        }
        if (*value > most / 10) {
            return 0;
        }
        /* unsigned: one digit too many does not overflow, so it can be detected */
        *value = *value * 10 + (uint64_t)(c - '0');
    }
}

int ep_number_digits(const char *text, int64_t *number)
{
    uint64_t value;
    const size_t length = digits_of(text, INT64_MAX, &value);

    if (length == 0 || text[length] != '\0' || value > INT64_MAX) {
        return 0;
    }
    *number = (int64_t)value;
    return 1;
}

int ep_number_size(const char *text, int64_t *bytes)
{
    /* INT64_MAX itself stands for "unlimited" */
    const uint64_t most = INT64_MAX - 1;
    uint64_t value;
    size_t i = digits_of(text, most, &value);
    int shift;

    if (i == 0) {
        return 0;
    }
    shift = shift_of(text[i]);
    if (shift > 0) {
        i++;
    }
    if (text[i] != '\0' || value > most >> shift) {
        return 0;
    }
    *bytes = (int64_t)(value << shift);
    return 1;
}
