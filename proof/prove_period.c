/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: period
 * lengths: a text of 0 to 32 characters
 * below: unit_of 96% the block around the cases of its switch counts
 */
#include "any.h"
#include "core/text/period.h"

enum { longest = 32 };

/* One text without a twin: to compute with a character, the analysis has to know that
 * it is a digit. */
static char text[longest + 1];

static void period_parse(const char *at)
{
    int64_t microseconds = -7;
    const int result = ep_period_parse(at, &microseconds);

    //@ check yes_or_no: result == 0 || result == 1;
    if (result) {
        //@ check a_period: 1000000 <= microseconds <= EP_PERIOD_MAX;
    }
    else {
        //@ check untouched: microseconds == -7;
    }
}

int main(void)
{
    size_t i;

    //@ loop unroll 33;
    for (i = 0; i <= longest; i++) {
        Frama_C_make_unknown(text, longest);
        text[longest] = '\0';
        period_parse(text + longest - i);
    }
    return 0;
}
