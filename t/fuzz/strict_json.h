/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * A strict JSON parser (RFC 8259) that shares no code with jansson: a document should
 * not be judged only by the library that wrote it.
 *
 * It is stricter than the RFC where a careless client could fail: a member name must
 * not occur twice in an object, a surrogate must not stand alone, and U+0000 must not
 * occur.  It neither allocates nor writes, and reads only what it is given.
 */
#ifndef STRICT_JSON_H
#define STRICT_JSON_H

#include <stddef.h>

/** Deeper nesting than this is refused. */
#define STRICT_JSON_DEPTH 8
/** More members than this in one object are refused. */
#define STRICT_JSON_MEMBERS 32

/** A piece of the text that was read. */
typedef struct json_piece {
    const char *at;
    size_t length;
} json_piece;

/** What stands in an object or array. */
typedef struct json_item {
    /** as written, without its quotes; in an array: length 0 */
    json_piece name;
    json_piece value;
} json_item;

/**
 * @return 1 if the text is one JSON value and nothing else, not even white
 *         space around it
 */
int strict_json_valid(const char *text, size_t length);

/**
 * @param container an object or array in a text that was found valid
 * @param items at least @a most places
 * @return how many items it has; those beyond @a most are only counted
 */
size_t strict_json_items(json_piece container, json_item *items, size_t most);

/**
 * Writes what a string stands for, in UTF-8, and a NUL.
 * @param string a value of a text that was found valid
 * @return its length; (size_t)-1: it is no string, or longer than @a size - 1
 */
size_t strict_json_decode(json_piece string, char *out, size_t size);

#endif
