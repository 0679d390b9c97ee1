/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Values of which the analyser knows only the type.
 *
 * A text lies in one of two arrays, the twins, and the analyser does not know in
 * which.  Otherwise it would record what each test tells about a character, and follow
 * each combination of these facts: exponentially many.  It can record nothing about a
 * character that lies in one of two places, so after n characters there is one case
 * and not 2^n.  It still knows where the NUL is.  Only precision is lost, and nothing
 * is assumed: what holds for twins of any content holds for one text.
 */
#ifndef ANY_H
#define ANY_H

#include <stddef.h>
#include <stdint.h>

#include <__fc_builtin.h>

/** 0 or 1, one case, where a choice would be two */
#define ANY_BIT Frama_C_interval(0, 1)

/* The NUL is the last byte of its object for each length, so a byte read
 * behind it is an alarm.  A character before it may be a NUL as well. */
#define ANY_TEXT(name, longest) \
    enum { name##_longest = (longest) }; \
    static char name##_left[(longest) + 1]; \
    static char name##_right[(longest) + 1]; \
    static const char *const name##_nul[2] = { \
        name##_left + (longest), name##_right + (longest) }

#define ANY_FILL(name) \
    do { \
        Frama_C_make_unknown(name##_left, name##_longest); \
        Frama_C_make_unknown(name##_right, name##_longest); \
        name##_left[name##_longest] = '\0'; \
        name##_right[name##_longest] = '\0'; \
    } while (0)

/** @return a text with its last NUL @a length characters on */
#define ANY_OF(name, length) (name##_nul[ANY_BIT] - (length))

/* Pieces of texts end without a NUL. */
#define ANY_PIECE(name, longest) \
    enum { name##_longest = (longest) }; \
    static char name##_left[longest]; \
    static char name##_right[longest]; \
    static const char *const name##_end[2] = { \
        name##_left + (longest), name##_right + (longest) }

#define ANY_FILL_PIECE(name) \
    do { \
        Frama_C_make_unknown(name##_left, name##_longest); \
        Frama_C_make_unknown(name##_right, name##_longest); \
    } while (0)

/** @return a span of @a size characters, with nothing behind them */
#define ANY_SPAN(name, size) \
    ((ep_span){ name##_end[ANY_BIT] - (size), (size) })

#endif
