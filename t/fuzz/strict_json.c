/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "strict_json.h"

#include <string.h>

typedef struct cursor {
    const char *at;
    const char *end;
    int depth;
} cursor;

static int value_at(cursor *c);

static int is_at(const cursor *c, char wanted)
{
    return c->at < c->end && *c->at == wanted;
}

static int skip(cursor *c, char wanted)
{
    if (!is_at(c, wanted)) {
        return 0;
    }
    c->at++;
    return 1;
}

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && *c->at != '\0' && strchr(" \t\r\n", *c->at)) {
        c->at++;
    }
}

static int skip_digits(cursor *c)
{
    const char *before = c->at;

    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        c->at++;
    }
    return c->at > before;
}

static int number_at(cursor *c)
{
    skip(c, '-');
    if (!skip(c, '0') && !skip_digits(c)) {
        return 0;
    }
    if (skip(c, '.') && !skip_digits(c)) {
        return 0;
    }
    if (skip(c, 'e') || skip(c, 'E')) {
        if (!skip(c, '+')) {
            skip(c, '-');
        }
        return skip_digits(c);
    }
    return 1;
}

/* Four hexadecimal digits. */
static int unit_at(cursor *c, unsigned long *unit)
{
    int i;

    *unit = 0;
    for (i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit;

        if (c->at == c->end || *c->at == '\0') {
            return 0;
        }
        digit = strchr(digits, *c->at);
        if (digit == NULL) {
            return 0;
        }
        *unit = *unit * 16 + (unsigned long)(digit - digits) % 16;
        c->at++;
    }
    return 1;
}

static int escape_at(cursor *c, unsigned long *character)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter;

    if (skip(c, 'u')) {
        unsigned long low;

        if (!unit_at(c, character)) {
            return 0;
        }
        if (*character >= 0xdc00 && *character <= 0xdfff) {
            return 0;
        }
        if (*character >= 0xd800 && *character <= 0xdbff) {
            if (!skip(c, '\\') || !skip(c, 'u') || !unit_at(c, &low)
                || low < 0xdc00 || low > 0xdfff) {
                return 0;
            }
            *character = 0x10000 + ((*character - 0xd800) << 10)
                         + (low - 0xdc00);
        }
        return *character != 0;
    }
    if (c->at == c->end || *c->at == '\0') {
        return 0;
    }
    letter = strchr(letters, *c->at);
    if (letter == NULL) {
        return 0;
    }
    *character = (unsigned char)meanings[letter - letters];
    c->at++;
    return 1;
}

/* One character in UTF-8: shortest form, no surrogate, up to U+10FFFF. */
static int utf8_at(cursor *c, unsigned long *character)
{
    static const unsigned long least[] = { 0, 0x80, 0x800, 0x10000 };
    const unsigned char first = (unsigned char)*c->at++;
    int more, i;

    if (first < 0x80) {
        *character = first;
        return first >= ' ';
    }
    if (first >= 0xc0 && first <= 0xdf) {
        more = 1;
        *character = first & 0x1fU;
    }
    else if (first >= 0xe0 && first <= 0xef) {
        more = 2;
        *character = first & 0x0fU;
    }
    else if (first >= 0xf0 && first <= 0xf7) {
        more = 3;
        *character = first & 0x07U;
    }
    else {
        return 0;
    }
    for (i = 0; i < more; i++) {
        if (c->at == c->end || ((unsigned char)*c->at & 0xc0U) != 0x80) {
            return 0;
        }
        *character = (*character << 6) | ((unsigned char)*c->at & 0x3fU);
        c->at++;
    }
    return *character >= least[more] && *character <= 0x10ffff
           && (*character < 0xd800 || *character > 0xdfff);
}

typedef enum step { BROKEN, CHARACTER, CLOSED } step;

/* Goes one character on in a string, or over its closing quote. */
static step next_character(cursor *c, unsigned long *character)
{
    if (c->at == c->end) {
        return BROKEN;
    }
    if (skip(c, '"')) {
        return CLOSED;
    }
    if (skip(c, '\\')) {
        return escape_at(c, character) ? CHARACTER : BROKEN;
    }
    return utf8_at(c, character) ? CHARACTER : BROKEN;
}

static int string_at(cursor *c)
{
    unsigned long character;
    step result;

    if (!skip(c, '"')) {
        return 0;
    }
    do {
        result = next_character(c, &character);
    } while (result == CHARACTER);
    return result == CLOSED;
}

/* Both begin after an opening quote; escapes are decoded. */
static int same_string(const char *a, const char *b, const char *end)
{
    cursor left = { a, end, 0 }, right = { b, end, 0 };
    unsigned long x = 0, y = 0;
    step result;

    do {
        result = next_character(&left, &x);
        if (result != next_character(&right, &y)
            || (result == CHARACTER && x != y)) {
            return 0;
        }
    } while (result == CHARACTER);
    return 1;
}

static int object_at(cursor *c)
{
    const char *names[STRICT_JSON_MEMBERS];
    size_t count = 0, i;

    skip_blanks(c);
    if (skip(c, '}')) {
        return 1;
    }
    do {
        skip_blanks(c);
        if (count == STRICT_JSON_MEMBERS) {
            return 0;
        }
        names[count] = c->at + 1;
        if (!string_at(c)) {
            return 0;
        }
        for (i = 0; i < count; i++) {
            if (same_string(names[i], names[count], c->end)) {
                return 0;
            }
        }
        count++;
        skip_blanks(c);
        if (!skip(c, ':')) {
            return 0;
        }
        skip_blanks(c);
        if (!value_at(c)) {
            return 0;
        }
        skip_blanks(c);
    } while (skip(c, ','));
    return skip(c, '}');
}

static int array_at(cursor *c)
{
    skip_blanks(c);
    if (skip(c, ']')) {
        return 1;
    }
    do {
        skip_blanks(c);
        if (!value_at(c)) {
            return 0;
        }
        skip_blanks(c);
    } while (skip(c, ','));
    return skip(c, ']');
}

static int word_at(cursor *c, const char *word)
{
    const size_t length = strlen(word);

    if ((size_t)(c->end - c->at) < length
        || memcmp(c->at, word, length) != 0) {
        return 0;
    }
    c->at += length;
    return 1;
}

static int value_at(cursor *c)
{
    int valid;

    if (c->depth == STRICT_JSON_DEPTH) {
        return 0;
    }
    c->depth++;
    if (skip(c, '{')) {
        valid = object_at(c);
    }
    else if (skip(c, '[')) {
        valid = array_at(c);
    }
    else if (is_at(c, '"')) {
        valid = string_at(c);
    }
    else {
        valid = word_at(c, "true") || word_at(c, "false")
                || word_at(c, "null") || number_at(c);
    }
    c->depth--;
    return valid;
}

int strict_json_valid(const char *text, size_t length)
{
    cursor c = { text, text + length, 0 };

    return value_at(&c) && c.at == c.end;
}

size_t strict_json_items(json_piece container, json_item *items, size_t most)
{
    cursor c = { container.at + 1, container.at + container.length, 0 };
    const int is_object = container.at[0] == '{';
    size_t count = 0;

    skip_blanks(&c);
    if (is_at(&c, '}') || is_at(&c, ']')) {
        return 0;
    }
    do {
        json_item item = { { NULL, 0 }, { NULL, 0 } };

        skip_blanks(&c);
        if (is_object) {
            item.name.at = c.at + 1;
            string_at(&c);
            item.name.length = (size_t)(c.at - item.name.at) - 1;
            skip_blanks(&c);
            skip(&c, ':');
            skip_blanks(&c);
        }
        item.value.at = c.at;
        value_at(&c);
        item.value.length = (size_t)(c.at - item.value.at);
        if (count < most) {
            items[count] = item;
        }
        count++;
        skip_blanks(&c);
    } while (skip(&c, ','));
    return count;
}

/* @return how many bytes the character has in UTF-8 */
static size_t encode(unsigned long character, char *bytes)
{
    if (character < 0x80) {
        bytes[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        bytes[0] = (char)(0xc0 | (character >> 6));
        bytes[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        bytes[0] = (char)(0xe0 | (character >> 12));
        bytes[1] = (char)(0x80 | ((character >> 6) & 0x3f));
        bytes[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    bytes[0] = (char)(0xf0 | (character >> 18));
    bytes[1] = (char)(0x80 | ((character >> 12) & 0x3f));
    bytes[2] = (char)(0x80 | ((character >> 6) & 0x3f));
    bytes[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

size_t strict_json_decode(json_piece string, char *out, size_t size)
{
    cursor c = { string.at, string.at + string.length, 0 };
    unsigned long character = 0;
    size_t used = 0;
    step result;

    if (!skip(&c, '"')) {
        return (size_t)-1;
    }
    while ((result = next_character(&c, &character)) == CHARACTER) {
        char bytes[4];
        const size_t length = encode(character, bytes);

        if (used + length >= size) {
            return (size_t)-1;
        }
        memcpy(out + used, bytes, length);
        used += length;
    }
    if (result != CLOSED || used >= size) {
        return (size_t)-1;
    }
    out[used] = '\0';
    return used;
}
