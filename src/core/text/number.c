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

int ep_number_digits(const char *at, const char *end, int64_t *number)
{
    const uint64_t most = INT64_MAX;
    /* unsigned, as below */
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

int ep_number_size(const char *text, int64_t *bytes)
{
    /* INT64_MAX itself stands for "unlimited" */
    const uint64_t most = INT64_MAX - 1;
    /* unsigned: one digit too many does not overflow, so it can be detected */
    uint64_t value = 0;
    size_t i = 0;
    int shift;

    while (text[i] >= '0' && text[i] <= '9') {
        if (value > most / 10) {
            return 0;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
        i++;
    }
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
