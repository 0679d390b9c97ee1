/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Input: a line that an administrator wrote as a period. */

#include "core/text/period.h"

#include <string.h>

#include "fuzz.h"

/* A second implementation: adds the unit as often as the digits say.
 * @return -1: no period */
static int64_t expected(const char *text)
{
    static const char units[] = "sSmMhHdDwW";
    static const int64_t seconds[] = { 1, 60, 3600, 86400, 604800 };
    size_t digits = strspn(text, "0123456789");
    const char *found;
    int64_t sum = 0;
    size_t i;

    if (digits == 0 || text[digits] == '\0' || text[digits + 1] != '\0') {
        return -1;
    }
    found = strchr(units, text[digits]);
    if (found == NULL) {
        return -1;
    }
    for (i = 0; i < digits; i++) {
        const int64_t before = sum;
        int times;

        for (times = 0; times < 9; times++) {
            sum += before;
        }
        sum += (text[i] - '0') * seconds[(found - units) / 2];
        if (sum > INT64_C(366) * 86400) {
            return -1;
        }
    }
    return sum > 0 ? sum * 1000000 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_line(&data, &size);

    if (text != NULL) {
        const int64_t wanted = expected(text);
        int64_t period = -7;

        PROMISE(ep_period_parse(text, &period) == (wanted >= 0));
        PROMISE(period == (wanted >= 0 ? wanted : -7));
    }
    free(text);
    return 0;
}
