/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: range text
 * lengths: a value of 0 to 8 characters, and one of 0 to 8 behind the unit; a
 *          position that is almost too large; positions and bytes of
 *          content from 0 to INT64_MAX
 * targets: ep_range_parse ep_range_end behind_unit number_in
 *          is_complete_length plus
 */
#include "any.h"
#include "core/text/range.h"

#include <string.h>

enum { longest = 8, front = 6 };

static char text[front + longest + 1];

/* The last two characters decide whether a position is too large. */
static char large[] = "bytes 0-922337203685477580??/*";
enum { open = 26 };

static void parse(const char *at)
{
    ep_range range = { -7, -7, -7 };
    const ep_range_result result = ep_range_parse(at, &range);

    //@ check one_of_three: result == EP_RANGE_BYTES || result == EP_RANGE_MALFORMED;
    if (result == EP_RANGE_BYTES) {
        //@ check positions: 0 <= range.first && 0 <= range.last;
        /* that it is more than the last position, unit tests show: the analysis keeps
         * no relation between the two */
        //@ check whole: 0 <= range.complete;
    }
    else {
        //@ check untouched: range.first == -7 && range.last == -7;
    }
}

static void none(void)
{
    ep_range range;
    const ep_range_result result = ep_range_parse(NULL, &range);

    //@ check none: result == EP_RANGE_NONE;
}

static void end(void)
{
    ep_range range;
    int64_t result;

    range.first = Frama_C_long_interval(0, INT64_MAX);
    range.last = Frama_C_long_interval(0, INT64_MAX);
    result = ep_range_end(&range, Frama_C_long_interval(0, INT64_MAX));
    //@ check an_amount: 1 <= result;
}

int main(void)
{
    size_t i;

    //@ loop unroll 9;
    for (i = 0; i <= front + 2; i++) {
        Frama_C_make_unknown(text, front + longest);
        text[front + longest] = '\0';
        parse(text + front + longest - i);
    }
    //@ loop unroll 9;
    for (i = 0; i <= longest; i++) {
        Frama_C_make_unknown(text, front + longest);
        text[front + longest] = '\0';
        memcpy(text + longest - i, "bytes ", front);
        parse(text + longest - i);
    }
    Frama_C_make_unknown(large + open, 2);
    parse(large);
    none();
    end();
    return 0;
}
