/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: number
 * lengths: a text of 0 to 32 characters
 * below: shift_of 70% the blocks around the cases of its switch count
 */
#include "any.h"
#include "core/text/number.h"

enum { longest = 32 };

/* One text without a twin: to compute with a character, the analysis has to know that
 * it is a digit. */
static char text[longest + 1];

static void size_parse(const char *at)
{
    int64_t bytes = -7;
    const int result = ep_number_size(at, &bytes);

    //@ check yes_or_no: result == 0 || result == 1;
    if (result) {
        //@ check a_size: 0 <= bytes < INT64_MAX;
    }
    else {
        //@ check untouched: bytes == -7;
    }
}

static void digits_parse(const char *at)
{
    int64_t number = -7;
    const int result = ep_number_digits(at, &number);

    //@ check yes_or_no: result == 0 || result == 1;
    if (result) {
        //@ check a_number: 0 <= number;
    }
    else {
        //@ check untouched: number == -7;
    }
}

int main(void)
{
    size_t i;

    //@ loop unroll 33;
    for (i = 0; i <= longest; i++) {
        Frama_C_make_unknown(text, longest);
        text[longest] = '\0';
        size_parse(text + longest - i);
        digits_parse(text + longest - i);
    }
    return 0;
}
