/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: text
 * lengths: a text of 0 to 32 characters; two spans of 0 to 32
 */
#include "any.h"
#include "core/text/text.h"

ANY_TEXT(text, 32);
ANY_PIECE(one, 32);
ANY_PIECE(other, 32);

static void token(const char *at, size_t length)
{
    const size_t result = ep_text_token(at);

    //@ check the_token_ends_before_the_nul: result <= length;
}

static void quoted_string(const char *at, size_t length)
{
    const size_t result = ep_text_quoted_string(at);

    //@ check it_ends_before_the_nul: result <= length;
    //@ check both_quotes_are_there: result != 1;
}

static void skip_space(const char *at, size_t length)
{
    const char *result = ep_text_skip_space(at);

    //@ check not_behind_the_nul: \valid_read(result);
    //@ check not_before_the_text: \offset(result) >= text_longest - length;
}

static void find_comma(const char *at, size_t length)
{
    const char *result = ep_text_find_comma(at);

    //@ check within: \offset(result) <= text_longest;
    //@ check not_before_the_text: \offset(result) >= text_longest - length;
}

static void skip_parameters(const char *at, size_t length)
{
    const char *result = ep_text_skip_parameters(at);

    if (result != NULL) {
        //@ check not_behind_the_nul: \valid_read(result);
        //@ check not_before_the_text: \offset(result) >= text_longest - length;
    }
}

static void span_of(const char *at, size_t length)
{
    const ep_span result = ep_text_span(at);

    //@ check the_span_ends_before_the_nul: result.length <= length;
}

static void json_length(const char *at, size_t length)
{
    const size_t result = ep_text_json_length(at);

    //@ check six_times_at_most: result <= 6 * length;
}

static void same_word(size_t a, size_t b)
{
    const int result = ep_text_same_word(ANY_SPAN(one, a), ANY_SPAN(other, b));

    //@ check yes_or_no: result == 0 || result == 1;
    //@ check no_word_is_like_a_longer_one: a != b ==> result == 0;
}

int main(void)
{
    size_t i, j;

    ANY_FILL(text);
    ANY_FILL_PIECE(one);
    ANY_FILL_PIECE(other);
    //@ loop unroll 33;
    for (i = 0; i <= text_longest; i++) {
        const char *at = ANY_OF(text, i);

        token(at, i);
        quoted_string(at, i);
        skip_space(at, i);
        skip_parameters(at, i);
        find_comma(at, i);
        span_of(at, i);
        json_length(at, i);
    }
    //@ loop unroll 33;
    for (i = 0; i <= one_longest; i++) {
        //@ loop unroll 33;
        for (j = 0; j <= other_longest; j++) {
            same_word(i, j);
        }
    }
    return 0;
}
