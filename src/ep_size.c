/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ep_size.h"

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

int ep_size_parse(const char *text, int64_t *bytes)
{
    /* INT64_MAX itself stands for "unlimited" */
    const int64_t most = INT64_MAX - 1;
    int64_t value = 0;
    size_t i = 0;
    int shift;

    while (text[i] >= '0' && text[i] <= '9') {
        const int digit = text[i] - '0';

        if (value > (most - digit) / 10) {
            return 0;
        }
        value = value * 10 + digit;
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
    *bytes = value << shift;
    return 1;
}
