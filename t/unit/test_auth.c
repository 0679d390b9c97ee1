/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/text/auth.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static const struct {
    const char *text;
    const char *scheme;
} schemes[] = {
    { "Bearer abc.def", "Bearer" },
    { "basic dXNlcjpwYXNz", "basic" },
    { "  Digest username=\"x\"", "Digest" },
    { "Bearer", "Bearer" },
    { "Bearer\tabc", "Bearer" },
    { "", "" },
    { "   ", "" },
    { "Bearer:abc", "" },
    { "Bearer,abc", "" },
    { "Bearer=abc", "" },
    { "Bearer;abc", "" },
    { "\"Bearer\" abc", "" },
    { "B\xc3\xa9" "arer abc", "" },
    { "Bearer\n", "" },
    { ", Bearer abc", "" }
};

START_TEST(credentials_begin_with_a_scheme_and_a_blank_or_nothing)
{
    const ep_span scheme = ep_auth_scheme(guarded(schemes[_i].text));

    ck_assert(span_is(scheme.at, scheme.length, schemes[_i].scheme));
}
END_TEST

static const struct {
    const char *text;
    const char *challenge;
} challenges[] = {
    { "Bearer", "Bearer" },
    { " Bearer ", "Bearer" },
    { "Bearer realm=\"api\"", "Bearer realm=\"api\"" },
    { "Bearer\trealm=api", "Bearer realm=api" },
    { "Bearer realm=\"api\" scope=\"up load\"",
      "Bearer realm=\"api\", scope=\"up load\"" },
    { "Bearer realm=\"api\",scope=x", "Bearer realm=\"api\", scope=x" },
    { "Bearer realm=\"api\" ,  scope=x", "Bearer realm=\"api\", scope=x" },
    { "Digest realm=\"a\\\"b\" qop=\"auth,auth-int\"",
      "Digest realm=\"a\\\"b\", qop=\"auth,auth-int\"" },
    { "Basic realm=\"caf\xc3\xa9\" charset=UTF-8",
      "Basic realm=\"caf\xc3\xa9\", charset=UTF-8" },
    { "X a=\"\"", "X a=\"\"" }
};

START_TEST(a_challenge_has_its_parameters_parted_by_commas)
{
    char *out = guarded_room(EP_CHALLENGE_SIZE);

    ck_assert_int_eq(ep_auth_parse_challenge(guarded(challenges[_i].text), out), 1);
    ck_assert_str_eq(out, challenges[_i].challenge);
}
END_TEST

START_TEST(a_challenge_that_was_made_is_made_of_itself_again)
{
    char *out = guarded_room(EP_CHALLENGE_SIZE);

    ck_assert_int_eq(
        ep_auth_parse_challenge(guarded(challenges[_i].challenge), out), 1);
    ck_assert_str_eq(out, challenges[_i].challenge);
}
END_TEST

/* Behind each bad text its twin that is good with one fact changed. */
static const struct {
    const char *text;
    const char *twin;
} bad_challenges[] = {
    { "", "X" },
    { "  ", "X" },
    { "\"Bearer\"", "Bearer" },
    { "Bearer:", "Bearer" },
    { "Bearer=x", "Bearer" },
    { "Bearer/x", "Bearer" },
    { "Bearer realm", "Bearer realm=x" },
    { "Bearer realm=", "Bearer realm=x" },
    { "Bearer realm =x", "Bearer realm=x" },
    { "Bearer realm= x", "Bearer realm=x" },
    { "Bearer =x", "Bearer r=x" },
    { "Bearer , realm=x", "Bearer realm=x" },
    { "Bearer realm=x,,scope=y", "Bearer realm=x,scope=y" },
    { "Bearer realm=\"x\"scope=y", "Bearer realm=\"x\" scope=y" },
    { "Bearer realm=\"x", "Bearer realm=\"x\"" },
    { "Bearer realm=\"x\\", "Bearer realm=\"x\\\\\"" },
    { "Bearer realm=x;scope=y", "Bearer realm=x scope=y" },
    { "Bearer realm=x Basic", "Bearer realm=x" },
    { "Bearer realm=\"x\r\nSet-Cookie: a=b\"", "Bearer realm=\"x\"" },
    { "Bearer\r\nSet-Cookie: a=b", "Bearer" },
    { "Bearer realm=x\n", "Bearer realm=x" },
    { "Bearer realm=\"\x01\"", "Bearer realm=\"\t\"" },
    { "Bearer realm=\"\x7f\"", "Bearer realm=\" \"" },
    { "B\xc3\xa9" "arer", "Bearer" }
};

START_TEST(what_is_no_scheme_with_parameters_is_no_challenge)
{
    char *out = guarded_room(EP_CHALLENGE_SIZE);

    ck_assert_int_eq(ep_auth_parse_challenge(guarded(bad_challenges[_i].text), out),
                     0);
    ck_assert_int_eq(ep_auth_parse_challenge(guarded(bad_challenges[_i].twin), out),
                     1);
}
END_TEST

START_TEST(a_scheme_may_be_as_long_as_the_room_and_no_longer)
{
    char *out = guarded_room(EP_CHALLENGE_SIZE);
    char text[EP_CHALLENGE_SIZE + 1];

    memset(text, 'x', EP_CHALLENGE_SIZE);
    text[EP_CHALLENGE_SIZE] = '\0';
    ck_assert_int_eq(ep_auth_parse_challenge(guarded(text), out), 0);
    text[EP_CHALLENGE_SIZE - 1] = '\0';
    ck_assert_int_eq(ep_auth_parse_challenge(guarded(text), out), 1);
    ck_assert_str_eq(out, text);
}
END_TEST

/* The commas that are put in count: `X a=b` grows by one byte with each. */
START_TEST(the_bound_is_on_what_is_made_and_not_on_what_was_written)
{
    char *out = guarded_room(EP_CHALLENGE_SIZE);
    char text[2 * EP_CHALLENGE_SIZE] = "X";
    size_t made = 1;
    int parameters;

    for (parameters = 0; parameters < 200; parameters++) {
        made += parameters == 0 ? strlen(" a=b") : strlen(", a=b");
        strcat(text, " a=b");
        ck_assert_msg(ep_auth_parse_challenge(guarded(text), out)
                          == (made < EP_CHALLENGE_SIZE),
                      "%d parameters", parameters + 1);
        if (made < EP_CHALLENGE_SIZE) {
            ck_assert_uint_eq(strlen(out), made);
        }
    }
    ck_assert_uint_ge(made, EP_CHALLENGE_SIZE);
}
END_TEST

START_TEST(every_length_around_the_bound_is_told_apart)
{
    char *out = guarded_room(EP_CHALLENGE_SIZE);
    size_t length;

    for (length = EP_CHALLENGE_SIZE - 8; length < EP_CHALLENGE_SIZE + 8;
         length++) {
        char text[EP_CHALLENGE_SIZE + 16];

        memset(text, 'v', length);
        memcpy(text, "Bearer realm=\"", 14);
        text[length - 1] = '"';
        text[length] = '\0';
        ck_assert_msg(ep_auth_parse_challenge(guarded(text), out)
                          == (length < EP_CHALLENGE_SIZE),
                      "%u bytes", (unsigned int)length);
    }
}
END_TEST

static const struct {
    const char *challenge;
    int has_realm;
} realms[] = {
    { "Basic realm=\"x\"", 1 },
    { "Basic realm=x", 1 },
    { "Basic REALM=\"\"", 1 },
    { "Basic charset=UTF-8, realm=\"a, b\"", 1 },
    { "Basic a=\"x, y\", b=z, realm=c", 1 },
    { "", 0 },
    { "Basic", 0 },
    { "Basic charset=UTF-8", 0 },
    { "Basic realms=x", 0 },
    { "Basic real=m", 0 },
    { "Basic x=realm", 0 },
    { "Basic x=\"a, realm=b\"", 0 },
    { "realm x=y", 0 }
};

START_TEST(a_challenge_has_the_parameters_that_stand_in_no_quotes)
{
    ck_assert_int_eq(ep_auth_has_parameter(guarded(realms[_i].challenge),
                                           "realm"),
                     realms[_i].has_realm);
}
END_TEST

static const struct {
    const char *challenges;
    int offered;
} offers[] = {
    { "Negotiate", 1 },
    { "negotiate", 1 },
    { "Negotiate YIIabc==", 1 },
    { "Basic realm=\"x\", Negotiate", 1 },
    { "Digest realm=\"a, b\", nonce=x , Negotiate", 1 },
    { ", ,Negotiate,Basic", 1 },
    { "", 0 },
    { ",", 0 },
    { "Basic", 0 },
    { "NegotiateX", 0 },
    { "Basic realm=Negotiate", 0 },
    { "Basic realm=\"Negotiate\"", 0 },
    { "Digest realm=\"a, Negotiate b\"", 0 },
    { "Basic Negotiate=1, Negotiate=2", 0 },
    { "Basic x, Negotiate = 3", 0 },
    /* a quote that does not end hides nothing that comes before it */
    { "Negotiate, Basic realm=\"x", 1 }
};

START_TEST(a_scheme_is_offered_by_a_challenge_and_by_nothing_else)
{
    ck_assert_int_eq(ep_auth_offers(guarded(offers[_i].challenges),
                                    "Negotiate"), offers[_i].offered);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_auth");
    TCase *tcase = tcase_create("auth");

    ADD_ROWS(tcase, credentials_begin_with_a_scheme_and_a_blank_or_nothing,
             schemes);
    ADD_ROWS(tcase, a_challenge_has_its_parameters_parted_by_commas,
             challenges);
    ADD_ROWS(tcase, a_challenge_that_was_made_is_made_of_itself_again,
             challenges);
    ADD_ROWS(tcase, what_is_no_scheme_with_parameters_is_no_challenge,
             bad_challenges);
    tcase_add_test(tcase, a_scheme_may_be_as_long_as_the_room_and_no_longer);
    tcase_add_test(tcase,
                   the_bound_is_on_what_is_made_and_not_on_what_was_written);
    tcase_add_test(tcase, every_length_around_the_bound_is_told_apart);
    ADD_ROWS(tcase, a_scheme_is_offered_by_a_challenge_and_by_nothing_else,
             offers);
    ADD_ROWS(tcase, a_challenge_has_the_parameters_that_stand_in_no_quotes,
             realms);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
