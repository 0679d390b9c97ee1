/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: ep_accept ep_media ep_text
 * lengths: a field of 0 to 6 characters
 */
#include "any.h"
#include "ep_accept.h"

ANY_TEXT(field, 6);

static void quality(const char *accept)
{
    const int result = ep_accept_quality(accept, "a/b");

    //@ check thousandths: 0 <= result <= 1000;
}

int main(void)
{
    int length;

    ANY_FILL(field);
    quality(NULL);
    //@ loop unroll 7;
    for (length = 0; length <= field_longest; length++) {
        quality(ANY_OF(field, length));
    }
    return 0;
}
