/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: accept media text
 * below: parse_quality 94% no caller gives it nothing
 * below: ep_accept_quality 92% the type it is asked for is always one
 * lengths: a field of 0 to 4 characters, and of 0 to 4 behind `a/b;q=`
 */
#include "any.h"
#include "core/text/accept.h"

ANY_TEXT(field, 4);
ANY_TEXT(member, 10);

static void quality(const char *accept)
{
    const int result = ep_accept_quality(accept, "a/b");

    //@ check thousandths: 0 <= result <= 1000;
}

int main(void)
{
    static const char begin[] = "a/b;q=";
    int i;

    ANY_FILL(field);
    ANY_FILL(member);
    //@ loop unroll 6;
    for (i = 0; i < 6; i++) {
        member_left[i] = begin[i];
        member_right[i] = begin[i];
    }
    quality(NULL);
    //@ loop unroll 5;
    for (i = 0; i <= field_longest; i++) {
        quality(ANY_OF(field, i));
    }
    quality(ANY_OF(member, 10));
    return 0;
}
