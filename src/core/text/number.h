/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Sizes as an administrator writes them, and numbers in fields. */
#ifndef EP_NUMBER_H
#define EP_NUMBER_H

#include <stdint.h>

/** What is a size, for messages. */
#define EP_NUMBER_FORM "a number of bytes, with an optional K, M, G or T"

/**
 * Parses decimal digits and an optional K, M, G or T (either case; powers of
 * 1024).  Anything else before, between or after them is an error.
 * @param bytes untouched unless the text is a size
 * @return 1: a size, 0 to INT64_MAX - 1 bytes; 0: anything else, too large
 *         included
 */
int ep_number_size(const char *text, int64_t *bytes);

/**
 * Parses decimal digits and nothing else, as a field has them.
 * @param number untouched unless the text is a number
 * @return 1: 0 to INT64_MAX; 0: anything else, too large included
 */
int ep_number_digits(const char *text, int64_t *number);

#endif
