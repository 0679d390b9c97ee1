/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Functions that all fuzz targets use. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** Ends the program if the code under test breaks a promise. */
#define PROMISE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, \
                    __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/**
 * Takes the text up to the next newline, which no field value can hold, or up
 * to the end.
 * @return a copy in an allocation of its own, so that a sanitizer sees a read
 *         past its NUL; to be freed.  NULL: the text holds a NUL
 */
char *fuzz_line(const uint8_t **data, size_t *size);

/** The longest text for fuzz_matches(), which is slow. */
#define FUZZ_MATCH_MAX 256

/**
 * A second implementation of a grammar: a POSIX extended regular expression that has
 * to match the whole text.
 * @param pattern a literal: compiled once and kept
 */
int fuzz_matches(const char *pattern, const char *text);

/* RFC 9110 5.6, for patterns */
#define RE_TOKEN "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
#define RE_QUOTED \
    "\"([\t !#-[]|[]^-~]|[\x80-\xff]|\\\\([\t -~]|[\x80-\xff]))*\""
#define RE_OWS "[ \t]*"
#define RE_VALUE "(" RE_TOKEN "|" RE_QUOTED ")"
#define RE_PARAMETERS \
    "(" RE_OWS ";" RE_OWS "(" RE_TOKEN "=" RE_VALUE ")?)*"

/* a list, empty members and white space around it included */
#define RE_LIST(member) \
    RE_OWS "(" member ")?(" RE_OWS "," RE_OWS "(" member ")?)*" RE_OWS

#endif
