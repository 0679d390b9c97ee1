/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Input: a line that is a Content-Range value; a line of digits: bytes of content. */

#include "core/text/range.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"

/* As httpd's ap_parse_strict_length() reads it. */
static int length_in(const char *text, int64_t *length)
{
    char *end;
    long long number;

    if (*text < '0' || *text > '9') {
        return 0;
    }
    errno = 0;
    number = strtoll(text, &end, 10);
    *length = number;
    return errno == 0 && *end == '\0';
}

/* Parses as mod_dav does, on a copy that it cuts. */
static int expected(char *text, ep_range *range)
{
    char *dash, *slash;

    range->complete = 0;
    if (strncasecmp(text, "bytes ", 6) != 0
        || (dash = strchr(text + 6, '-')) == NULL
        || (slash = strchr(text + 6, '/')) == NULL) {
        return 0;
    }
    *dash++ = '\0';
    *slash++ = '\0';
    if (!length_in(text + 6, &range->first) || !length_in(dash, &range->last)
        || range->last < range->first) {
        return 0;
    }
    return *slash == '*'
           || (length_in(slash, &range->complete)
               && range->complete > range->last);
}

static void check_end(const ep_range *range, const char *digits)
{
    int64_t bytes;

    if (length_in(digits, &bytes)) {
        const int64_t end = ep_range_end(range, bytes);

        PROMISE(end >= bytes && end > range->first - (end == INT64_MAX));
        PROMISE(end > range->last || end == INT64_MAX);
        PROMISE(end == INT64_MAX || end - 1 == range->last
                || end - range->first == bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_line(&data, &size);
    char *digits = fuzz_line(&data, &size);

    if (text != NULL && digits != NULL) {
        ep_range range = { -7, -7, -7 }, wanted = { -7, -7, -7 };
        const ep_range_result found = ep_range_parse(text, &range);

        PROMISE(found != EP_RANGE_NONE);
        PROMISE((found == EP_RANGE_BYTES) == expected(text, &wanted));
        if (found == EP_RANGE_BYTES) {
            PROMISE(range.first == wanted.first && range.last == wanted.last
                    && range.complete == wanted.complete);
            check_end(&range, digits);
        }
        else {
            PROMISE(range.first == -7 && range.last == -7);
        }
    }
    free(text);
    free(digits);
    return 0;
}
