/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/media.h"

#include "unit.h"

static const struct {
    const char *value;
    const char *type;
    const char *subtype;
} types[] = {
    { "image/png", "image", "png" },
    { "IMAGE/PNG", "IMAGE", "PNG" },
    { " text/html\t", "text", "html" },
    { "text/html;charset=utf-8", "text", "html" },
    { "text/html; charset=\"utf-8\"; x=y", "text", "html" },
    { "text/html ; a=\"b,c;d\\\"\"", "text", "html" },
    { "text/html;", "text", "html" },
    { "text/html;;", "text", "html" },
    { "multipart/form-data; boundary=----x'y", "multipart", "form-data" },
    { "application/vnd.api+json", "application", "vnd.api+json" },
    /* malformed parameters are not looked at */
    { "multipart/form-data; boundary====1===", "multipart", "form-data" },
    { "multipart/form-data; boundary=\"====1===", "multipart", "form-data" },
    { "multipart/form-data; boundary=(a b)@c", "multipart", "form-data" },
    { "image/png;x", "image", "png" },
    { "image/png;x=", "image", "png" },
    { "image/png;x =y", "image", "png" },
    { "image/png ;x=y image/gif", "image", "png" },
    { "image/png;x=\"a,b\"\"c,d\"e", "image", "png" },
    { "image/png;x=\"y\x01\"", "image", "png" },
    { "image/png;\"\\\"", "image", "png" },
    { "a/b", "a", "b" }
};

START_TEST(a_content_type_is_a_type_and_a_subtype)
{
    ep_media media;

    ck_assert_int_eq(ep_media_parse(guarded(types[_i].value), &media), 1);
    ck_assert(span_is(media.type.at, media.type.length, types[_i].type));
    ck_assert(span_is(media.subtype.at, media.subtype.length,
                      types[_i].subtype));
}
END_TEST

/* Behind each bad value its twin that is good with one fact changed. */
static const struct {
    const char *value;
    const char *twin;
} bad_types[] = {
    { "", "a/b" },
    { "image", "image/png" },
    { "image/", "image/p" },
    { "/png", "i/png" },
    { "/", "a/b" },
    { "image//png", "image/png" },
    { "image/png/x", "image/png" },
    { "image /png", "image/png" },
    { "image/ png", "image/png" },
    { "image/png x", "image/png" },
    { "image/png, image/png", "image/png" },
    { "image/png,", "image/png" },
    { ",image/png", "image/png" },
    { "image/png;x=y,image/png", "image/png;x=y" },
    { "image/png;,", "image/png;" },
    /* a quote that does not end quotes nothing, and none behind it */
    { "image/png;x=\"y,z", "image/png;x=\"y,z\"" },
    { "image/png;x=\"y\\\",z", "image/png;x=\"y\\\",z\"" },
    { "image/png;x=\"y\x01\",\"z\"", "image/png;x=\"y\t\"\",\"\"z\"" },
    { "image/png;x=\"y\x01\" \",\"", "image/png;x=\"y\t\" \",\"" },
    { "image/png;x=\"y\",\"z\"", "image/png;x=\"y\";\"z\"" },
    { "\"image\"/png", "image/png" },
    { "image/\"png\"", "image/png" },
    { "im\xc3\xa1ge/png", "image/png" },
    { "image/png\x7f", "image/png" },
    { "image/png\r\n", "image/png" },
    { "image/png\n", "image/png" },
    { "image\\png", "image/png" },
    { "<image/png>", "image/png" },
    /* ranges: no content is of every type */
    { "*/*", "a/b" },
    { "image/*", "image/png" },
    { "*/png", "image/png" }
};

START_TEST(what_is_no_content_type_leaves_the_media_alone)
{
    ep_media media = { { "t", 1 }, { "s", 1 } };

    ck_assert_int_eq(ep_media_parse(guarded(bad_types[_i].value), &media), 0);
    ck_assert(span_is(media.type.at, media.type.length, "t"));
    ck_assert(span_is(media.subtype.at, media.subtype.length, "s"));
    ck_assert_int_eq(ep_media_parse(guarded(bad_types[_i].twin), &media), 1);
}
END_TEST

static const struct {
    const char *text;
    int valid;
} ranges[] = {
    { "image/png", 1 },
    { "image/*", 1 },
    { "*/*", 1 },
    { "image/svg+xml", 1 },
    /* a star within a word would look like a pattern, and match nothing */
    { "image/*x", 0 },
    { "image/x*", 0 },
    { "im*/png", 0 },
    { "x*/*", 0 },
    { "**/*", 0 },
    { "image/**", 0 },
    { "*/png", 0 },
    { "*", 0 },
    { "image", 0 },
    { "image/", 0 },
    { "/png", 0 },
    { "", 0 },
    { " image/png", 0 },
    { "image/png ", 0 },
    { "image/png;q=1", 0 },
    { "image/png,image/gif", 0 },
    { "image/*/*", 0 },
    { "im\xc3\xa1ge/png", 0 }
};

START_TEST(a_range_names_a_subtype_or_a_type_or_everything)
{
    ck_assert_int_eq(ep_media_range_valid(guarded(ranges[_i].text)),
                     ranges[_i].valid);
}
END_TEST

static const struct {
    const char *range;
    const char *inside;
    const char *outside;
} in_range[] = {
    { "image/png", "image/png", "image/pn" },
    { "image/png", "IMAGE/Png", "IMAGE/Pngx" },
    { "image/png", "image/png;q=1", "video/png;q=1" },
    { "image/*", "image/png", "images/png" },
    { "image/*", "Image/x", "Imag/x" },
    /* a suffix is part of the subtype */
    { "image/svg", "image/svg", "image/svg+xml" },
    { "*/*", "a/b", NULL },
    /* what an administrator may not write, a client may send */
    { "image/*", "image/*x", "video/*x" },
    { "image/x", "image/x", "image/*x" }
};

START_TEST(a_range_takes_in_what_it_names_without_case)
{
    const char *range = guarded(in_range[_i].range);
    ep_media media;

    ck_assert(ep_media_parse(guarded(in_range[_i].inside), &media));
    ck_assert(ep_media_in_range(&media, range));
    if (in_range[_i].outside != NULL) {
        ck_assert(ep_media_parse(guarded(in_range[_i].outside), &media));
        ck_assert(!ep_media_in_range(&media, range));
    }
}
END_TEST

static const struct {
    const char *outer;
    const char *inner;
    int covers;
} covers[] = {
    { "*/*", "*/*", 1 },
    { "*/*", "image/*", 1 },
    { "*/*", "image/png", 1 },
    { "image/*", "*/*", 0 },
    { "image/*", "image/*", 1 },
    { "image/*", "IMAGE/PNG", 1 },
    { "image/*", "video/*", 0 },
    { "image/*", "video/mp4", 0 },
    { "image/png", "*/*", 0 },
    { "image/png", "image/*", 0 },
    { "image/PNG", "image/png", 1 },
    { "image/png", "image/gif", 0 }
};

START_TEST(a_range_covers_all_that_is_not_wider)
{
    ck_assert_int_eq(ep_media_range_covers(guarded(covers[_i].outer),
                                           guarded(covers[_i].inner)),
                     covers[_i].covers);
}
END_TEST

static const struct {
    const char *value;
    int members;
    int malformed;
} codings[] = {
    { "", 0, 0 },
    { " \t", 0, 0 },
    { ",", 0, 0 },
    { " , ,", 0, 0 },
    { "gzip", 1, 0 },
    { " gzip ", 1, 0 },
    { "gzip,br", 2, 0 },
    { ",gzip , , br,", 2, 0 },
    { "identity", 1, 0 },
    { "gzip;q=1", 0, 1 },
    { "gzip br", 0, 1 },
    { "\"gzip\"", 0, 1 },
    { "gzip/br", 0, 1 },
    { "gzip\x7f", 0, 1 },
    { "gzip\n", 0, 1 },
    { "gz\xc3\xad" "p", 0, 1 },
    { "gzip, br;", 1, 1 },
    { "gzip, =", 1, 1 }
};

START_TEST(a_content_encoding_has_the_members_that_the_grammar_gives_it)
{
    const char *rest = guarded(codings[_i].value);
    ep_span coding;
    ep_coding_result result;
    int members = 0;

    while ((result = ep_media_coding_next(&rest, &coding)) == EP_CODING_MEMBER) {
        ck_assert_uint_gt(coding.length, 0);
        members++;
    }
    ck_assert_int_eq(members, codings[_i].members);
    ck_assert_int_eq(result == EP_CODING_MALFORMED, codings[_i].malformed);
}
END_TEST

START_TEST(codings_come_in_their_order_and_as_written)
{
    const char *rest = guarded("x-GZIP , br");
    ep_span coding;

    ck_assert_int_eq(ep_media_coding_next(&rest, &coding), EP_CODING_MEMBER);
    ck_assert(span_is(coding.at, coding.length, "x-GZIP"));
    ck_assert_int_eq(ep_media_coding_next(&rest, &coding), EP_CODING_MEMBER);
    ck_assert(span_is(coding.at, coding.length, "br"));
    ck_assert_int_eq(ep_media_coding_next(&rest, &coding), EP_CODING_END);
}
END_TEST

static const struct {
    const char *a;
    const char *b;
    int same;
} same_codings[] = {
    { "gzip", "gzip", 1 },
    { "gzip", "GZip", 1 },
    { "gzip", "x-gzip", 1 },
    { "X-Gzip", "gzip", 1 },
    { "x-gzip", "X-GZIP", 1 },
    { "compress", "x-compress", 1 },
    { "gzip", "compress", 0 },
    { "x-gzip", "x-compress", 0 },
    /* RFC 9110 8.4.1 names no other alias */
    { "deflate", "x-deflate", 0 },
    { "br", "x-br", 0 },
    { "gzip", "x-x-gzip", 0 },
    { "gzip", "gzi", 0 },
    { "", "x-", 0 }
};

START_TEST(gzip_and_compress_alone_have_an_older_name)
{
    const ep_span a = ep_text_span(guarded(same_codings[_i].a));
    const ep_span b = ep_text_span(guarded(same_codings[_i].b));

    ck_assert_int_eq(ep_media_coding_same(a, b), same_codings[_i].same);
    ck_assert_int_eq(ep_media_coding_same(b, a), same_codings[_i].same);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_media");
    TCase *tcase = tcase_create("media");

    ADD_ROWS(tcase, a_content_type_is_a_type_and_a_subtype, types);
    ADD_ROWS(tcase, what_is_no_content_type_leaves_the_media_alone, bad_types);
    ADD_ROWS(tcase, a_range_names_a_subtype_or_a_type_or_everything, ranges);
    ADD_ROWS(tcase, a_range_takes_in_what_it_names_without_case, in_range);
    ADD_ROWS(tcase, a_range_covers_all_that_is_not_wider, covers);
    ADD_ROWS(tcase,
             a_content_encoding_has_the_members_that_the_grammar_gives_it,
             codings);
    tcase_add_test(tcase, codings_come_in_their_order_and_as_written);
    ADD_ROWS(tcase, gzip_and_compress_alone_have_an_older_name, same_codings);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
