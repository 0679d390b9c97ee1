/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Periods as an administrator writes them. */
#ifndef EP_PERIOD_H
#define EP_PERIOD_H

#include <stdint.h>

/** The longest period, in microseconds: 366 days. */
#define EP_PERIOD_MAX (INT64_C(366) * 86400 * 1000000)

/**
 * Parses decimal digits and one of s, m, h, d or w (either case): seconds,
 * minutes, hours, days, weeks.  Anything else before, between or after them is
 * an error.
 * @param microseconds untouched unless the text is a period
 * @return 1: a period, one second to EP_PERIOD_MAX; 0: anything else
 */
int ep_period_parse(const char *text, int64_t *microseconds);

#endif
