/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: media text
 * lengths: a field value of 0 to 13 characters; a range of 0 to 8 against a
 *          type and a subtype of 1 to 6 each, and against a range of 0 to 8;
 *          codings of 0 to 11
 */
#include "any.h"
#include "core/text/media.h"

ANY_TEXT(field, 13);
ANY_TEXT(range, 8);
ANY_TEXT(inner, 8);
ANY_PIECE(one, 11);
ANY_PIECE(other, 11);

static void media_parse(const char *at, size_t length)
{
    ep_media media;
    const int result = ep_media_parse(at, &media);

    //@ check yes_or_no: result == 0 || result == 1;
    if (result) {
        //@ check a_type: 1 <= media.type.length < length;
        //@ check a_subtype: 1 <= media.subtype.length < length;
        /*@ check within:
            \offset(media.type.at) + media.type.length < field_longest;
        */
        /*@ check sub_within:
            \offset(media.subtype.at) + media.subtype.length <= field_longest;
        */
    }
}

static void range_valid(const char *at)
{
    const int result = ep_media_range_valid(at);

    //@ check yes_or_no: result == 0 || result == 1;
}

static void in_range(size_t type, size_t subtype, size_t length)
{
    ep_media media;
    int result;

    media.type = ANY_SPAN(one, type);
    media.subtype = ANY_SPAN(other, subtype);
    result = ep_media_in_range(&media, ANY_OF(range, length));
    //@ check yes_or_no: result == 0 || result == 1;
}

static void range_covers(size_t outer, size_t inside)
{
    const int result = ep_media_range_covers(ANY_OF(range, outer),
                                             ANY_OF(inner, inside));

    //@ check yes_or_no: result == 0 || result == 1;
}

static void coding_next(const char *at, size_t length)
{
    ep_span coding;
    const char *rest = at;
    const ep_coding_result result = ep_media_coding_next(&rest, &coding);

    //@ check the_rest_is_text: \valid_read(rest);
    //@ check nothing_goes_back: \offset(rest) >= field_longest - length;
    if (result == EP_CODING_MEMBER) {
        //@ check a_coding: 1 <= coding.length <= length;
        /*@ check within:
            \offset(coding.at) + coding.length <= field_longest;
        */
    }
}

static void coding_same(size_t a, size_t b)
{
    const int result = ep_media_coding_same(ANY_SPAN(one, a), ANY_SPAN(other, b));

    //@ check yes_or_no: result == 0 || result == 1;
}

int main(void)
{
    size_t i, j, k;

    ANY_FILL(field);
    ANY_FILL(range);
    ANY_FILL(inner);
    ANY_FILL_PIECE(one);
    ANY_FILL_PIECE(other);
    //@ loop unroll 17;
    for (i = 0; i <= field_longest; i++) {
        media_parse(ANY_OF(field, i), i);
        coding_next(ANY_OF(field, i), i);
    }
    //@ loop unroll 9;
    for (i = 0; i <= range_longest; i++) {
        range_valid(ANY_OF(range, i));
        //@ loop unroll 9;
        for (j = 0; j <= inner_longest; j++) {
            range_covers(i, j);
        }
    }
    //@ loop unroll 6;
    for (i = 1; i <= 6; i++) {
        //@ loop unroll 6;
        for (j = 1; j <= 6; j++) {
            //@ loop unroll 9;
            for (k = 0; k <= range_longest; k++) {
                in_range(i, j, k);
            }
        }
    }
    //@ loop unroll 12;
    for (i = 0; i <= one_longest; i++) {
        //@ loop unroll 12;
        for (j = 0; j <= other_longest; j++) {
            coding_same(i, j);
        }
    }
    return 0;
}
