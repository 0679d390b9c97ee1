/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: auth text
 * lengths: a text of 0 to 12 characters; in one of 0 to 10, "NTLM" and any
 *          scheme of 0 to 3; 0 to 4 characters behind each of 502 to 514 "a"
 */
#include <string.h>

#include "any.h"
#include "core/text/auth.h"

/* of a long text, what is an "a" and what is anything */
enum { known = 514, open = 4 };

ANY_TEXT(text, 12);
ANY_TEXT(wanted, 3);

static char long_left[known + open + 1];
static char long_right[known + open + 1];
static const char *const long_known[2] = {
    long_left + known, long_right + known
};

static void scheme(const char *at, size_t length)
{
    const ep_span result = ep_auth_scheme(at);

    //@ check within: \offset(result.at) + result.length <= text_longest;
    //@ check not_before_the_text: \offset(result.at) >= text_longest - length;
}

static void offer(const char *at, const char *wanted)
{
    const int result = ep_auth_offers(at, wanted);

    //@ check yes_or_no: result == 0 || result == 1;
}

static void parameter(const char *at, const char *wanted)
{
    const int result = ep_auth_has_parameter(at, wanted);

    //@ check yes_or_no: result == 0 || result == 1;
}

static void challenge(const char *at)
{
    char out[EP_CHALLENGE_SIZE];
    const int result = ep_auth_parse_challenge(at, out);

    //@ check yes_or_no: result == 0 || result == 1;
    if (result) {
        //@ check it_ends_within: valid_read_string(&out[0]);
    }
}

/* The end of a long text decides whether a challenge still has room. */
static void long_challenge(size_t before, size_t length)
{
    Frama_C_make_unknown(long_left + known, length);
    Frama_C_make_unknown(long_right + known, length);
    long_left[known + length] = '\0';
    long_right[known + length] = '\0';
    challenge(long_known[ANY_BIT] - before);
}

int main(void)
{
    size_t i, j;

    ANY_FILL(text);
    ANY_FILL(wanted);
    //@ loop unroll 13;
    for (i = 0; i <= text_longest; i++) {
        scheme(ANY_OF(text, i), i);
        challenge(ANY_OF(text, i));
    }
    //@ loop unroll 11;
    for (i = 0; i <= 10; i++) {
        offer(ANY_OF(text, i), "NTLM");
        parameter(ANY_OF(text, i), "realm");
        //@ loop unroll 4;
        for (j = 0; j <= wanted_longest; j++) {
            offer(ANY_OF(text, i), ANY_OF(wanted, j));
        }
    }
    memset(long_left, 'a', known);
    memset(long_right, 'a', known);
    //@ loop unroll 13;
    for (i = 502; i <= known; i++) {
        //@ loop unroll 5;
        for (j = 0; j <= open; j++) {
            long_challenge(i, j);
        }
    }
    return 0;
}
