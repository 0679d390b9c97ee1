/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Input: a file in which a panel keeps the usage of a tree. */

#include "core/book/due.h"

#include <string.h>

#include "fuzz.h"

/* A second implementation: compares the text with texts of the same length.  @return
 * -1: no number */
static int64_t expected(const char *text, size_t length)
{
    static const char most[] = "9223372036854775807";
    const size_t places = sizeof(most) - 1;
    int64_t value = 0;
    size_t i;

    if (length > 0 && text[length - 1] == '\n') {
        length--;
    }
    for (i = 0; i < length; i++) {
        if (strchr("0123456789", text[i]) == NULL || text[i] == '\0') {
            return -1;
        }
    }
    if (length == 0) {
        return -1;
    }
    for (; length > 1 && *text == '0'; length--) {
        text++;
    }
    if (length > places
        || (length == places && memcmp(text, most, places) > 0)) {
        return -1;
    }
    for (i = 0; i < length; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const int64_t wanted = expected(text, size);
    int64_t bytes = -7;

    PROMISE(ep_due_parse(text, size, &bytes) == (wanted >= 0));
    PROMISE(bytes == (wanted >= 0 ? wanted : -7));
    return 0;
}
