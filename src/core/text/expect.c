/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/expect.h"

#include <string.h>

/* Reads token [ "=" ( token / quoted-string ) ].
 * @return the text after it; NULL: malformed */
static const char *parse_member(const char *text, ep_expectation *member)
{
    const size_t name = ep_text_token(text);

    if (name == 0) {
        return NULL;
    }
    member->name.at = text;
    member->name.length = name;
    member->value.at = text + name;
    member->value.length = 0;
    text += name;
    if (*text == '=') {
        size_t value = ep_text_token(++text);

        if (value == 0) {
            value = ep_text_quoted_string(text);
        }
        if (value == 0) {
            return NULL;
        }
        member->value.at = text;
        member->value.length = value;
        text += value;
    }
    return text;
}

ep_expect_result ep_expect_next(const char **rest, ep_expectation *member)
{
    ep_expectation parsed;
    const char *text = ep_text_skip_space(*rest);

    while (*text == ',') {
        text = ep_text_skip_space(text + 1);
    }
    *rest = text;
    if (*text == '\0') {
        return EP_EXPECT_END;
    }
    text = parse_member(text, &parsed);
    /* only a value may have parameters, not a bare name */
    if (text != NULL) {
        text = parsed.value.length > 0 ? ep_text_skip_parameters(text)
                                       : ep_text_skip_space(text);
    }
    if (text == NULL || (*text != ',' && *text != '\0')) {
        return EP_EXPECT_MALFORMED;
    }
    *rest = text;
    *member = parsed;
    return EP_EXPECT_MEMBER;
}

/* Compares two values; each of them may be a quoted-string. */
static int same_value(ep_span a, ep_span b)
{
    const int a_quoted = a.length > 0 && a.at[0] == '"';
    const int b_quoted = b.length > 0 && b.at[0] == '"';
    size_t i = a_quoted ? 1 : 0;
    size_t j = b_quoted ? 1 : 0;
    const size_t a_end = a.length - i;
    const size_t b_end = b.length - j;

    while (i < a_end && j < b_end) {
        if (a_quoted && a.at[i] == '\\') {
            i++;
        }
        if (b_quoted && b.at[j] == '\\') {
            j++;
        }
        if (a.at[i++] != b.at[j++]) {
            return 0;
        }
    }
    return i == a_end && j == b_end;
}

int ep_expect_is_continue(const ep_expectation *member)
{
    return member->value.length == 0
           && ep_text_same_word(member->name, ep_text_span("100-continue"));
}

int ep_expect_matches(const ep_expectation *member, const char *configured)
{
    ep_expectation wanted;

    if (parse_member(configured, &wanted) == NULL
        || !ep_text_same_word(member->name, wanted.name)) {
        return 0;
    }
    if (wanted.value.length == 0 || member->value.length == 0) {
        return wanted.value.length == member->value.length;
    }
    return same_value(member->value, wanted.value);
}

int ep_expect_valid(const char *text)
{
    ep_expectation member;
    const char *end = parse_member(text, &member);

    return end != NULL && *end == '\0';
}

int ep_expect_has_continue(const char *value)
{
    ep_expect_result result;
    int found = 0;

    do {
        ep_expectation member;

        result = ep_expect_next(&value, &member);
        if (result == EP_EXPECT_MEMBER && ep_expect_is_continue(&member)) {
            found = 1;
        }
    } while (result == EP_EXPECT_MEMBER);
    return found && result == EP_EXPECT_END;
}
