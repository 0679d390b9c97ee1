/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/period.h"

#include <stddef.h>

/* @return microseconds; 0: no unit */
static int64_t unit_of(char letter)
{
    const int64_t second = 1000000;

    switch (letter) {
    case 's': case 'S':
        return second;
    case 'm': case 'M':
        return 60 * second;
    case 'h': case 'H':
        return 3600 * second;
    case 'd': case 'D':
        return 86400 * second;
    case 'w': case 'W':
        return 7 * 86400 * second;
    default:
        return 0;
    }
}

int ep_period_parse(const char *text, int64_t *microseconds)
{
    /* seconds, the smallest unit: more than this of any unit is too long */
    const int64_t most = EP_PERIOD_MAX / 1000000;
    int64_t value = 0;
    int64_t unit;
    size_t i;

    for (i = 0; text[i] >= '0' && text[i] <= '9'; i++) {
        value = value * 10 + (text[i] - '0');
        if (value > most) {
            return 0;
        }
    }
    unit = unit_of(text[i]);
    if (value == 0 || unit == 0 || text[i + 1] != '\0'
        || value > EP_PERIOD_MAX / unit) {
        return 0;
    }
    *microseconds = value * unit;
    return 1;
}
