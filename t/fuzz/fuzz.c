/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "fuzz.h"

#include <string.h>

#include <regex.h>

/* The most patterns that one target has. */
#define PATTERNS_MAX 8

char *fuzz_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    const size_t length = end != NULL ? (size_t)(end - *data) : *size;
    char *copy = NULL;

    if (length == 0 || memchr(*data, '\0', length) == NULL) {
        copy = malloc(length + 1);
        PROMISE(copy != NULL);
        if (length > 0) {
            memcpy(copy, *data, length);
        }
        copy[length] = '\0';
    }
    *data += length + (end != NULL);
    *size -= length + (end != NULL);
    return copy;
}

int fuzz_matches(const char *pattern, const char *text)
{
    static const char *patterns[PATTERNS_MAX];
    static regex_t compiled[PATTERNS_MAX];
    size_t i = 0;

    while (i < PATTERNS_MAX && patterns[i] != NULL && patterns[i] != pattern) {
        i++;
    }
    PROMISE(i < PATTERNS_MAX);
    if (patterns[i] == NULL) {
        char whole[2048];
        const int length = snprintf(whole, sizeof(whole), "^(%s)$", pattern);

        PROMISE(length > 0 && (size_t)length < sizeof(whole));
        PROMISE(regcomp(&compiled[i], whole, REG_EXTENDED | REG_NOSUB) == 0);
        patterns[i] = pattern;
    }
    return regexec(&compiled[i], text, 0, NULL, 0) == 0;
}
