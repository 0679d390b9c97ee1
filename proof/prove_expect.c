/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: expect text
 * lengths: a field value of 0 to 12 characters; what is configured of 0 to
 *          6 characters against a name of 0 to 13 and a value of 0 to 6
 * below: same_value 96% its callers have no empty value to compare
 */
#include "any.h"
#include "core/text/expect.h"

ANY_TEXT(field, 12);
ANY_TEXT(configured, 6);
ANY_PIECE(name, 13);
ANY_PIECE(value, 6);

static void next(const char *at, size_t length)
{
    ep_expectation member;
    const char *rest = at;
    const ep_expect_result result = ep_expect_next(&rest, &member);

    //@ check the_rest_is_text: \valid_read(rest);
    //@ check nothing_goes_back: \offset(rest) >= field_longest - length;
    if (result == EP_EXPECT_MEMBER) {
        //@ check a_name: 1 <= member.name.length <= length;
        /*@ check within:
            \offset(member.name.at) + member.name.length <= field_longest;
        */
        /*@ check value_within:
            \offset(member.value.at) + member.value.length <= field_longest;
        */
    }
}

static void has_continue(const char *at)
{
    const int result = ep_expect_has_continue(at);

    //@ check yes_or_no: result == 0 || result == 1;
}

static void valid(const char *at)
{
    const int result = ep_expect_valid(at);

    //@ check yes_or_no: result == 0 || result == 1;
}

static void is_continue(const ep_expectation *member)
{
    const int result = ep_expect_is_continue(member);

    //@ check of_twelve_characters: result ==> member->name.length == 12;
    //@ check without_a_value: result ==> member->value.length == 0;
}

static void matches(const ep_expectation *member, const char *text)
{
    const int result = ep_expect_matches(member, text);

    //@ check yes_or_no: result == 0 || result == 1;
}

int main(void)
{
    ep_expectation member;
    size_t i, j, k;

    ANY_FILL(field);
    ANY_FILL(configured);
    ANY_FILL_PIECE(name);
    ANY_FILL_PIECE(value);
    //@ loop unroll 13;
    for (i = 0; i <= field_longest; i++) {
        next(ANY_OF(field, i), i);
        has_continue(ANY_OF(field, i));
        valid(ANY_OF(field, i));
    }
    //@ loop unroll 14;
    for (i = 0; i <= name_longest; i++) {
        //@ loop unroll 7;
        for (j = 0; j <= value_longest; j++) {
            member.name = ANY_SPAN(name, i);
            member.value = ANY_SPAN(value, j);
            is_continue(&member);
            //@ loop unroll 7;
            for (k = 0; k <= configured_longest; k++) {
                matches(&member, ANY_OF(configured, k));
            }
        }
    }
    /* longer than all of the above: met, and then malformed */
    has_continue("100-continue,@");
    return 0;
}
