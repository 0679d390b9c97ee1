/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Input: a line that is an Expect value; a line that an administrator wrote
 * as one expectation.
 */

#include "core/text/expect.h"

#include <string.h>

#include "fuzz.h"

static const char list_pattern[] =
    RE_LIST(RE_TOKEN "(=" RE_VALUE RE_PARAMETERS ")?");
static const char configured_pattern[] = RE_TOKEN "(=" RE_VALUE ")?";

typedef struct reading {
    size_t members;
    size_t continues;
    int well_formed;
} reading;

static reading read_all(const char *value)
{
    reading all = { 0, 0, 0 };
    ep_expectation member;
    ep_expect_result result;

    while ((result = ep_expect_next(&value, &member)) == EP_EXPECT_MEMBER) {
        all.members++;
        if (ep_expect_is_continue(&member)) {
            all.continues++;
        }
    }
    all.well_formed = result == EP_EXPECT_END;
    return all;
}

/* @return name[=value] in an allocation of its own */
static char *written(const ep_expectation *member)
{
    const size_t length = member->name.length + 1 + member->value.length;
    char *text = malloc(length + 1);

    PROMISE(text != NULL);
    memcpy(text, member->name.at, member->name.length);
    text[member->name.length] = '\0';
    if (member->value.length > 0) {
        text[member->name.length] = '=';
        memcpy(text + member->name.length + 1, member->value.at,
               member->value.length);
        text[length] = '\0';
    }
    return text;
}

static char *joined(const char *a, const char *b)
{
    const size_t size = strlen(a) + 1 + strlen(b) + 1;
    char *text = malloc(size);

    PROMISE(text != NULL);
    snprintf(text, size, "%s,%s", a, b);
    return text;
}

/* A member has the same meaning if it is written again, and matches itself. */
static void check_member(const ep_expectation *member, const char *configured)
{
    char *text = written(member);
    const char *rest = text;
    ep_expectation again, wanted;

    PROMISE(member->name.length == ep_text_token(member->name.at));
    PROMISE(ep_expect_valid(text));
    PROMISE(ep_expect_matches(member, text));
    PROMISE(ep_expect_next(&rest, &again) == EP_EXPECT_MEMBER);
    PROMISE(*rest == '\0');
    PROMISE(ep_expect_is_continue(&again) == ep_expect_is_continue(member));
    PROMISE(ep_expect_matches(&again, configured)
            == ep_expect_matches(member, configured));
    PROMISE(ep_expect_matches(member, "100-Continue")
            == ep_expect_is_continue(member));
    /* matching is symmetric */
    if (ep_expect_valid(configured)) {
        rest = configured;
        PROMISE(ep_expect_next(&rest, &wanted) == EP_EXPECT_MEMBER);
        PROMISE(ep_expect_matches(&wanted, text)
                == ep_expect_matches(member, configured));
    }
    free(text);
}

static void check(const char *value, const char *configured)
{
    const reading all = read_all(value);
    const char *rest = value, *before = value;
    char *with = joined(value, "100-continue");
    char *twice = joined(value, value);
    reading more = read_all(with);
    ep_expectation member;

    if (strlen(value) <= FUZZ_MATCH_MAX) {
        PROMISE(all.well_formed == fuzz_matches(list_pattern, value));
    }
    if (strlen(configured) <= FUZZ_MATCH_MAX) {
        PROMISE(ep_expect_valid(configured)
                == fuzz_matches(configured_pattern, configured));
    }
    while (ep_expect_next(&rest, &member) == EP_EXPECT_MEMBER) {
        PROMISE(rest > before && rest <= value + strlen(value));
        PROMISE(member.name.at >= before
                && member.name.at + member.name.length <= rest);
        before = rest;
        check_member(&member, configured);
    }
    PROMISE(ep_expect_has_continue(value)
            == (all.well_formed && all.continues > 0));
    /* a member that is appended to a list is found, unless the text is no list any
     * more */
    PROMISE(more.well_formed == all.well_formed);
    if (all.well_formed) {
        PROMISE(more.members == all.members + 1);
        PROMISE(more.continues == all.continues + 1);
        more = read_all(twice);
        PROMISE(more.well_formed && more.members == 2 * all.members);
    }
    PROMISE(ep_expect_has_continue(with) == all.well_formed);
    free(with);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value = fuzz_line(&data, &size);
    char *configured = fuzz_line(&data, &size);

    if (value != NULL && configured != NULL) {
        check(value, configured);
    }
    free(value);
    free(configured);
    return 0;
}
