/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Input: a line that an administrator wrote as a size. */

#include "core/text/number.h"

#include <string.h>

#include "fuzz.h"

/* A second implementation: adds powers of ten, until the number is too large for a
 * size.  @return -1: no size */
static int64_t expected(const char *text)
{
    static const char units[] = "KkMmGgTt";
    const size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;
    /* of a size, in units of 2^32 and the rest below it */
    uint64_t high = 0, low = 0;
    size_t i;
    int doubles = 0;

    if (digits == 0 || (*unit != '\0' && unit[1] != '\0')) {
        return -1;
    }
    if (*unit != '\0') {
        const char *found = strchr(units, *unit);

        if (found == NULL) {
            return -1;
        }
        doubles = 10 * ((int)(found - units) / 2 + 1);
    }
    for (i = 0; i < digits && high < UINT64_C(1) << 32; i++) {
        low = low * 10 + (uint64_t)(text[i] - '0');
        high = high * 10 + (low >> 32);
        low &= UINT32_MAX;
    }
    for (; doubles > 0 && high < UINT64_C(1) << 32; doubles--) {
        low *= 2;
        high = high * 2 + (low >> 32);
        low &= UINT32_MAX;
    }
    if (high > INT32_MAX || (high == INT32_MAX && low == UINT32_MAX)) {
        return -1;
    }
    return (int64_t)(high << 32 | low);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_line(&data, &size);

    if (text != NULL) {
        const int64_t wanted = expected(text);
        int64_t bytes = -7;

        PROMISE(ep_number_size(text, &bytes) == (wanted >= 0));
        PROMISE(bytes == (wanted >= 0 ? wanted : -7));
    }
    free(text);
    return 0;
}
