/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Sums of numbers that come from outside: file systems, clients, shared memory.
 *
 * An amount is a number of bytes, uploads or microseconds from 0 to INT64_MAX.
 * No sum overflows: a larger result becomes INT64_MAX, a smaller one 0.
 * Arguments may be any numbers; one below 0 counts as 0.
 */
#ifndef EP_AMOUNT_H
#define EP_AMOUNT_H

#include <stdint.h>

/** @return the number itself, or 0 if it is below 0 */
int64_t ep_amount_of(int64_t number);

/** @return the sum of both */
int64_t ep_amount_plus(int64_t amount, int64_t more);

/** @return @a amount minus @a less */
int64_t ep_amount_minus(int64_t amount, int64_t less);

/** @return @a count times @a each */
int64_t ep_amount_times(uint64_t count, uint64_t each);

/** @param percent 0 to 100; more counts as 100
 * @return that percentage of an amount, rounded down */
int64_t ep_amount_percent(int64_t amount, int64_t percent);

/** @return @a amount in thousandths of @a whole, rounded down, from 0 to 1000000, which
 * stands for all that is more, and for anything of a whole of 0 */
int64_t ep_amount_permille(int64_t amount, int64_t whole);

/** @param unit above 0
 * @return the amount in units, rounded up */
int64_t ep_amount_in_units(int64_t amount, int64_t unit);

#endif
