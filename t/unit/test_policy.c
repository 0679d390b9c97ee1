/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

/* A setting of each mode, and none. */
static const ep_setting modes[] = {
    { .file = "f", .line = 1, .number = EP_MODE_OFF },
    { .file = "f", .line = 2, .number = EP_MODE_DRY_RUN },
    { .file = "f", .line = 3, .number = EP_MODE_ON }
};

static int64_t mode_in(const ep_setting *setting)
{
    return setting != NULL ? setting->number : EP_MODE_OFF;
}

/* i from 0 to 3: a setting or none */
static const ep_setting *mode_or_none(size_t i)
{
    return i < COUNT(modes) ? &modes[i] : NULL;
}

START_TEST(the_stricter_of_two_modes_wins_under_tighten_alone)
{
    const ep_override how = (ep_override)_i;
    size_t i, j;

    for (i = 0; i <= COUNT(modes); i++) {
        for (j = 0; j <= COUNT(modes); j++) {
            const ep_setting *by = mode_or_none(i);
            ep_half server, owner;
            ep_policy policy;

            memset(&server, 0, sizeof(server));
            memset(&owner, 0, sizeof(owner));
            server.rule[EP_RULE_MODE] = by;
            owner.rule[EP_RULE_MODE] = mode_or_none(j);
            if (how == EP_OVERRIDE_TIGHTEN
                && mode_in(owner.rule[EP_RULE_MODE]) > mode_in(by)) {
                by = owner.rule[EP_RULE_MODE];
            }
            ep_policy_compose(&policy, &server, &owner, how);
            ck_assert_int_eq(policy.mode, mode_in(by));
            /* nothing switched on what is off */
            ck_assert_ptr_eq(policy.mode_by,
                             mode_in(by) != EP_MODE_OFF ? by : NULL);
        }
    }
}
END_TEST

START_TEST(where_nobody_says_anything_the_policy_is_off_and_demands_nothing)
{
    static const ep_half silent;
    const ep_half *halves[] = { NULL, &silent };
    size_t i, j;
    int how, rule, code;

    for (i = 0; i < 2; i++) {
        for (j = 0; j < 2; j++) {
            for (how = EP_OVERRIDE_TIGHTEN; how <= EP_OVERRIDE_NONE; how++) {
                ep_policy policy;

                memset(&policy, 0xa5, sizeof(policy));
                ep_policy_compose(&policy, halves[i], halves[j],
                                  (ep_override)how);
                ck_assert_int_eq(policy.mode, EP_MODE_OFF);
                ck_assert_ptr_null(policy.mode_by);
                ck_assert_ptr_null(policy.ceiling);
                for (code = 0; code < EP_CODES; code++) {
                    ck_assert_int_eq(policy.status[code], EP_STATUS_AUTO);
                }
                for (rule = 0; rule < EP_RULES; rule++) {
                    ck_assert_ptr_null(policy.rule[rule][1]);
                    ck_assert((policy.rule[rule][0] != NULL)
                              == (rule == EP_RULE_EXPECTATIONS
                                  || rule == EP_RULE_COUNT_FROM
                                  || rule == EP_RULE_TOTAL_FIELDS));
                }
                ck_assert_ptr_null(ep_policy_max_size(&policy));
            }
        }
    }
}
END_TEST

static const struct {
    const char *lines;
    ep_status_choice status;
} statuses[] = {
    { "", EP_STATUS_AUTO },
    { "server Status Specific", EP_STATUS_SPECIFIC },
    { "server Status 417", EP_STATUS_417 },
    { "owner Status Specific", EP_STATUS_SPECIFIC },
    { "server Status 417\nowner Status Auto", EP_STATUS_AUTO },
    { "server Status Auto\nowner Status 417", EP_STATUS_417 },
    { "server Status Specific\nowner Status 417\noverride None",
      EP_STATUS_SPECIFIC },
    { "owner Status 417\noverride None", EP_STATUS_AUTO },
    { "owner Status 417\noverride Any", EP_STATUS_AUTO }
};

START_TEST(the_owners_word_on_the_status_wins_where_it_is_heard)
{
    scenario s;
    ep_policy policy;

    int code;

    given(&s, &policy, statuses[_i].lines, "");
    for (code = 0; code < EP_CODES; code++) {
        ck_assert_int_eq(policy.status[code], statuses[_i].status);
    }
    scenario_free(&s);
}
END_TEST

/* What holds for authentication_required, Refuse and content_too_large. */
static const struct {
    const char *lines;
    ep_status_choice auth;
    ep_status_choice refuse;
    ep_status_choice size;
} code_statuses[] = {
    { "server Status Specific authentication_required", EP_STATUS_SPECIFIC,
      EP_STATUS_AUTO, EP_STATUS_AUTO },
    { "server Status Specific Refuse", EP_STATUS_AUTO, EP_STATUS_SPECIFIC,
      EP_STATUS_AUTO },
    { "server Status Specific authentication_required Refuse",
      EP_STATUS_SPECIFIC, EP_STATUS_SPECIFIC, EP_STATUS_AUTO },
    /* several lines, in either order */
    { "server Status Specific authentication_required\nserver Status 417",
      EP_STATUS_SPECIFIC, EP_STATUS_417, EP_STATUS_417 },
    { "server Status 417\nserver Status Specific authentication_required",
      EP_STATUS_SPECIFIC, EP_STATUS_417, EP_STATUS_417 },
    { "server Status Specific authentication_required\n"
      "server Status 417 content_too_large",
      EP_STATUS_SPECIFIC, EP_STATUS_AUTO, EP_STATUS_417 },
    { "server Status Specific Refuse content_too_large\n"
      "server Status 417 content_too_large",
      EP_STATUS_AUTO, EP_STATUS_SPECIFIC, EP_STATUS_417 },
    { "server Status 417\nserver Status Auto Refuse", EP_STATUS_417,
      EP_STATUS_AUTO, EP_STATUS_417 },
    /* the innermost section that speaks about a code */
    { "server Status Specific authentication_required\nserver section\n"
      "server Status 417 content_too_large",
      EP_STATUS_SPECIFIC, EP_STATUS_AUTO, EP_STATUS_417 },
    { "server Status Specific authentication_required Refuse\nserver section\n"
      "server Status Auto Refuse",
      EP_STATUS_SPECIFIC, EP_STATUS_AUTO, EP_STATUS_AUTO },
    { "server Status Specific authentication_required\nserver section\n"
      "server Status 417",
      EP_STATUS_417, EP_STATUS_417, EP_STATUS_417 },
    /* an owner's word, where it is heard */
    { "server Status Specific\nowner Status 417 Refuse", EP_STATUS_SPECIFIC,
      EP_STATUS_417, EP_STATUS_SPECIFIC },
    { "server Status Specific Refuse\nowner Status 417", EP_STATUS_417,
      EP_STATUS_417, EP_STATUS_417 },
    { "owner Status 417 Refuse\noverride None", EP_STATUS_AUTO, EP_STATUS_AUTO,
      EP_STATUS_AUTO }
};

START_TEST(a_status_can_be_chosen_for_some_codes_alone)
{
    scenario s;
    ep_policy policy;

    given(&s, &policy, code_statuses[_i].lines, "");
    ck_assert_int_eq(s.rejected, 0);
    ck_assert_int_eq(policy.status[EP_AUTHENTICATION_REQUIRED],
                     code_statuses[_i].auth);
    ck_assert_int_eq(policy.status[EP_REFUSED], code_statuses[_i].refuse);
    ck_assert_int_eq(policy.status[EP_CONTENT_TOO_LARGE],
                     code_statuses[_i].size);
    scenario_free(&s);
}
END_TEST

static const struct {
    const char *lines;
    ep_linger linger;
    int early_errors;
    ep_failure failure;
} servers_alone[] = {
    { "", EP_LINGER_FULL, 0, 0 },
    { "server Linger Short", EP_LINGER_SHORT, 0, 0 },
    { "server Linger Abort", EP_LINGER_ABORT, 0, 0 },
    { "server Linger Full\nserver EarlyErrors Off", EP_LINGER_FULL, 0, 0 },
    { "server EarlyErrors On", EP_LINGER_FULL, 1, 0 },
    { "server LedgerFailure Closed", EP_LINGER_FULL, 0, EP_FAILURE_CLOSED },
    { "server LedgerFailure Local", EP_LINGER_FULL, 0, EP_FAILURE_LOCAL },
    { "server LedgerFailure Open", EP_LINGER_FULL, 0, EP_FAILURE_OPEN },
    { "owner Linger Abort\nowner EarlyErrors On\nowner LedgerFailure Closed",
      EP_LINGER_FULL, 0, 0 },
    { "server Linger Short\nowner Linger Full", EP_LINGER_SHORT, 0, 0 },
    { "server EarlyErrors On\nowner EarlyErrors Off", EP_LINGER_FULL, 1, 0 },
    { "server LedgerFailure Closed\nowner LedgerFailure Open", EP_LINGER_FULL,
      0, EP_FAILURE_CLOSED }
};

START_TEST(some_words_are_the_servers_alone)
{
    scenario s;
    ep_policy policy;

    given(&s, &policy, servers_alone[_i].lines, "");
    ck_assert_int_eq(policy.linger, servers_alone[_i].linger);
    ck_assert_int_eq(policy.early_errors, servers_alone[_i].early_errors);
    ck_assert_int_eq(policy.failure, servers_alone[_i].failure);
    scenario_free(&s);
}
END_TEST

/* Every rule but mode and status: a demand, and a word that takes it back. */
static const struct {
    ep_rule rule;
    const char *demand;
    const char *none;
} demands[] = {
    { EP_RULE_EXPECTATIONS, "Expectations foo", "Expectations Any" },
    { EP_RULE_EXPECTATIONS, "Expectations None", "Expectations Any" },
    { EP_RULE_REQUIRE_CONTINUE, "RequireContinue 0", "RequireContinue Off" },
    { EP_RULE_METHODS, "Methods PUT", "Methods Any" },
    { EP_RULE_REQUIRE_AUTH, "RequireAuth Basic", "RequireAuth Off" },
    { EP_RULE_REFUSE, "Refuse closed 403", "Refuse Off" },
    { EP_RULE_TYPES, "Types */*", "Types Any" },
    { EP_RULE_ENCODINGS, "Encodings identity", "Encodings Any" },
    { EP_RULE_REQUIRE_LENGTH, "RequireLength On", "RequireLength Off" },
    { EP_RULE_MAX_SIZE, "MaxSize 0", "MaxSize Unlimited" },
    { EP_RULE_MAX_TOTAL, "MaxTotal 0", "MaxTotal Unlimited" },
    { EP_RULE_MIN_SIZE, "MinSize 1", "MinSize Off" }
};

static void both_halves(scenario *s, ep_policy *policy, const char *server,
                        const char *owner, const char *more)
{
    char lines[256];

    snprintf(lines, sizeof(lines), "server %s\nowner %s", server, owner);
    given(s, policy, lines, more);
}

START_TEST(a_demand_of_either_half_stands_and_no_word_of_the_other_lifts_it)
{
    const ep_rule rule = demands[_i].rule;
    scenario s;
    ep_policy policy;

    both_halves(&s, &policy, demands[_i].demand, demands[_i].demand, "");
    ck_assert_ptr_eq(policy.rule[rule][0], s.server.rule[rule]);
    ck_assert_ptr_eq(policy.rule[rule][1], s.owner.rule[rule]);
    scenario_free(&s);
    both_halves(&s, &policy, demands[_i].demand, demands[_i].none, "");
    ck_assert_ptr_eq(policy.rule[rule][0], s.server.rule[rule]);
    ck_assert_ptr_null(policy.rule[rule][1]);
    scenario_free(&s);
    both_halves(&s, &policy, demands[_i].none, demands[_i].demand, "");
    ck_assert_ptr_null(policy.rule[rule][0]);
    ck_assert_ptr_eq(policy.rule[rule][1], s.owner.rule[rule]);
    scenario_free(&s);
    both_halves(&s, &policy, demands[_i].none, demands[_i].none, "");
    ck_assert_ptr_null(policy.rule[rule][0]);
    ck_assert_ptr_null(policy.rule[rule][1]);
    scenario_free(&s);
}
END_TEST

START_TEST(under_any_and_none_the_owners_half_is_not_looked_at)
{
    static const char *const overrides[] = { "override Any", "override None" };
    const ep_rule rule = demands[_i].rule;
    size_t i;

    for (i = 0; i < COUNT(overrides); i++) {
        scenario s;
        ep_policy policy;

        both_halves(&s, &policy, demands[_i].none, demands[_i].demand,
                    overrides[i]);
        ck_assert_ptr_null(policy.rule[rule][0]);
        ck_assert_ptr_null(policy.rule[rule][1]);
        scenario_free(&s);
    }
}
END_TEST

static const struct {
    const char *lines;
    /* joined by blanks, as the halves and their names come */
    const char *names;
} expectations[] = {
    { "", "100-continue" },
    { "owner Expectations Any", "100-continue" },
    { "owner Expectations 100-continue", "100-continue" },
    { "owner Expectations foo", "" },
    { "owner Expectations None", "" },
    { "server Expectations None", "" },
    { "server Expectations Any", "" },
    { "server Expectations foo", "foo" },
    { "server Expectations Any\nowner Expectations foo", "foo" },
    { "owner Expectations foo\noverride None", "100-continue" },
    { "server Expectations 100-continue foo\nowner Expectations FOO bar",
      "foo FOO" },
    /* values compare with case, and as what the quotes hold */
    { "server Expectations foo=bar\nowner Expectations foo=bar", "foo=bar" },
    { "server Expectations foo=bar\nowner Expectations FOO=bar",
      "foo=bar FOO=bar" },
    { "server Expectations foo=bar\nowner Expectations foo=Bar", "" },
    { "server Expectations foo=bar\nowner Expectations foo", "" },
    { "server Expectations foo=bar\nowner Expectations foo=\"bar\"",
      "foo=bar foo=\"bar\"" }
};

/* Other rules whose names are told to the client. */
static const struct {
    ep_rule rule;
    const char *server;
    const char *owner;
    const char *names;
} lists[] = {
    { EP_RULE_TYPES, "Types image/png image/gif", "Types Any",
      "image/png image/gif" },
    { EP_RULE_TYPES, "Types Any", "Types image/png image/gif",
      "image/png image/gif" },
    { EP_RULE_TYPES, "Types Any", "Types Any", "" },
    { EP_RULE_TYPES, "Types image/png image/gif", "Types image/gif a/b",
      "image/gif" },
    { EP_RULE_TYPES, "Types image/png", "Types image/gif", "" },
    /* of two ranges the narrower */
    { EP_RULE_TYPES, "Types image/*", "Types image/png video/mp4",
      "image/png" },
    { EP_RULE_TYPES, "Types image/png video/mp4", "Types image/*",
      "image/png" },
    { EP_RULE_TYPES, "Types */*", "Types image/* a/b", "image/* a/b" },
    { EP_RULE_TYPES, "Types image/* a/b", "Types */*", "image/* a/b" },
    { EP_RULE_TYPES, "Types image/* text/plain", "Types */* image/png",
      "image/* text/plain image/png" },
    { EP_RULE_TYPES, "Types image/*", "Types video/*", "" },
    { EP_RULE_TYPES, "Types image/png", "Types IMAGE/PNG",
      "image/png IMAGE/PNG" },
    { EP_RULE_TYPES, "Types a/b a/b", "Types a/b", "a/b" },
    { EP_RULE_METHODS, "Methods PUT POST", "Methods POST PATCH", "POST" },
    /* methods have a case */
    { EP_RULE_METHODS, "Methods PUT", "Methods put", "" },
    { EP_RULE_METHODS, "Methods PUT", "Methods Any", "PUT" },
    { EP_RULE_ENCODINGS, "Encodings identity gzip", "Encodings GZIP br",
      "gzip GZIP" },
    { EP_RULE_ENCODINGS, "Encodings x-gzip", "Encodings gzip", "x-gzip gzip" },
    { EP_RULE_ENCODINGS, "Encodings identity", "Encodings br", "" }
};

static void assert_names(const ep_policy *policy, ep_rule rule,
                         const char *expected)
{
    const char **names = guarded_room(EP_NAMES_MAX * sizeof(*names));
    char joined[256] = "";
    int complete = -1;
    const size_t count = ep_policy_names(policy, rule, names, 1000, &complete);
    size_t i;

    for (i = 0; i < count; i++) {
        strcat(strcat(joined, i > 0 ? " " : ""), names[i]);
    }
    ck_assert_str_eq(joined, expected);
    ck_assert_int_eq(complete, 1);
}

START_TEST(only_100_continue_is_met_unless_the_server_says_otherwise)
{
    scenario s;
    ep_policy policy;

    given(&s, &policy, expectations[_i].lines, "");
    assert_names(&policy, EP_RULE_EXPECTATIONS, expectations[_i].names);
    scenario_free(&s);
}
END_TEST

START_TEST(names_are_what_both_halves_take_in)
{
    scenario s;
    ep_policy policy;

    both_halves(&s, &policy, lists[_i].server, lists[_i].owner, "");
    assert_names(&policy, lists[_i].rule, lists[_i].names);
    scenario_free(&s);
}
END_TEST

START_TEST(names_have_no_more_bytes_than_they_may_with_quotes_and_commas)
{
    /* "a/b", "cc/dd", "e/f", of 3, 5 and 3 bytes and 3 more each */
    const size_t all = 6 + 8 + 6;
    const char **names = guarded_room(EP_NAMES_MAX * sizeof(*names));
    scenario s;
    ep_policy policy;
    size_t bytes;

    given(&s, &policy, "server Types a/b cc/dd e/f", "");
    for (bytes = 0; bytes < all + 3; bytes++) {
        int complete = -1;
        const size_t count = ep_policy_names(&policy, EP_RULE_TYPES, names,
                                             bytes, &complete);
        size_t i, used = 0;

        for (i = 0; i < count; i++) {
            used += strlen(names[i]) + 3;
        }
        ck_assert_uint_le(used, bytes);
        ck_assert_int_eq(complete, bytes >= all);
        ck_assert_uint_eq(count == 3, bytes >= all);
        ck_assert(count > 0 || bytes < 6);
    }
    scenario_free(&s);
}
END_TEST

/* Both halves list as many as they may, each name in a case of its own, so
 * that twice as many would be told. */
START_TEST(there_are_never_more_names_than_places)
{
    static char texts[2][EP_NAMES_MAX][16];
    static const char *listed[2][EP_NAMES_MAX];
    const char **names = guarded_room(EP_NAMES_MAX * sizeof(*names));
    ep_setting settings[2];
    ep_half halves[2];
    ep_policy policy;
    int complete = -1;
    int half, i;

    memset(settings, 0, sizeof(settings));
    memset(halves, 0, sizeof(halves));
    for (half = 0; half < 2; half++) {
        for (i = 0; i < EP_NAMES_MAX; i++) {
            snprintf(texts[half][i], sizeof(texts[half][i]), "%c/%d",
                     half == 0 ? 'a' : 'A', i);
            listed[half][i] = texts[half][i];
        }
        settings[half].names = listed[half];
        settings[half].names_count = EP_NAMES_MAX;
        halves[half].rule[EP_RULE_TYPES] = &settings[half];
    }
    ep_policy_compose(&policy, &halves[0], NULL, EP_OVERRIDE_TIGHTEN);
    ck_assert_uint_eq(ep_policy_names(&policy, EP_RULE_TYPES, names,
                                      (size_t)-1, &complete),
                      EP_NAMES_MAX);
    ck_assert_int_eq(complete, 1);
    ep_policy_compose(&policy, &halves[0], &halves[1], EP_OVERRIDE_TIGHTEN);
    ck_assert_uint_eq(ep_policy_names(&policy, EP_RULE_TYPES, names,
                                      (size_t)-1, &complete),
                      EP_NAMES_MAX);
    ck_assert_int_eq(complete, 0);
}
END_TEST

static const struct {
    const char *lines;
    /* whose line limits the size; NULL: nobody's */
    const char *file;
    int64_t bytes;
} sizes[] = {
    { "", NULL, 0 },
    { "server MaxSize Unlimited\nowner MaxSize Unlimited", NULL, 0 },
    { "server MaxSize 10", "server", 10 },
    { "owner MaxSize 10", "owner", 10 },
    { "server MaxSize 10\nowner MaxSize 9", "owner", 9 },
    { "server MaxSize 9\nowner MaxSize 10", "server", 9 },
    { "server MaxSize 9\nowner MaxSize 9", "server", 9 },
    { "server MaxSize 9\nowner MaxSize Unlimited", "server", 9 },
    { "server MaxSize Unlimited\nowner MaxSize 9", "owner", 9 },
    { "server MaxSize 0\nowner MaxSize 1", "server", 0 },
    { "server MaxSize 10\nowner MaxSize 9\noverride None", "server", 10 },
    { "ceiling 5", "ceiling", 5 },
    { "server MaxSize 10\nowner MaxSize 9\nceiling 8", "ceiling", 8 },
    { "server MaxSize 10\nowner MaxSize 9\nceiling 11", "owner", 9 },
    { "server MaxSize 7\nowner MaxSize 9\nceiling 8", "server", 7 },
    { "server MaxSize Unlimited\nceiling 8", "ceiling", 8 },
    /* a number that an expression will say is not compared */
    { "server MaxSize expr", NULL, 0 },
    { "owner MaxSize expr", NULL, 0 },
    { "server MaxSize expr\nceiling 8", "ceiling", 8 },
    { "server MaxSize expr\nowner MaxSize 9", "owner", 9 },
    { "server MaxSize 9\nowner MaxSize expr", "server", 9 },
    { "server MaxSize expr\nowner MaxSize expr", NULL, 0 }
};

START_TEST(the_smallest_size_holds)
{
    scenario s;
    ep_policy policy;
    const ep_setting *size;

    given(&s, &policy, sizes[_i].lines, "");
    size = ep_policy_max_size(&policy);
    if (sizes[_i].file == NULL) {
        ck_assert_ptr_null(size);
    }
    else {
        ck_assert_ptr_nonnull(size);
        ck_assert_str_eq(size->file, sizes[_i].file);
        ck_assert_int_eq(size->number, sizes[_i].bytes);
    }
    scenario_free(&s);
}
END_TEST

START_TEST(the_smallest_of_a_rule_knows_no_ceiling)
{
    scenario s;
    ep_policy policy;

    given(&s, &policy, "server RequireContinue 10\nowner RequireContinue 5",
          "owner MaxSize 9\nceiling 8");
    ck_assert_int_eq(
        ep_policy_strictest(&policy, EP_RULE_REQUIRE_CONTINUE)->number, 5);
    ck_assert_int_eq(ep_policy_strictest(&policy, EP_RULE_MAX_SIZE)->number, 9);
    scenario_free(&s);
}
END_TEST

static const struct {
    const char *lines;
    int64_t bytes;
} count_from[] = {
    { "", 65536 },
    { "server CountFrom 10", 10 },
    { "server CountFrom Off", 0 },
    { "owner CountFrom 10", 10 },
    { "owner CountFrom 65537", 65536 },
    { "owner CountFrom Off", 0 },
    { "server CountFrom 1048576\nowner CountFrom 65537", 65537 },
    { "server CountFrom 10\nowner CountFrom 11", 10 },
    { "server CountFrom Off\nowner CountFrom 11", 0 },
    { "override None\nowner CountFrom 10", 65536 },
    { "override Any\nserver CountFrom 10\nowner CountFrom 11", 10 }
};

START_TEST(an_owner_may_lower_what_is_small)
{
    scenario s;
    ep_policy policy;

    given(&s, &policy, count_from[_i].lines, "");
    ck_assert_int_eq(ep_policy_count_from(&policy), count_from[_i].bytes);
    scenario_free(&s);
}
END_TEST

START_TEST(where_only_the_ceiling_is_left_no_rule_is)
{
    scenario s;
    ep_policy policy;
    int rule;

    given(&s, &policy, "server MaxSize 9\nowner Refuse closed 403\nceiling 8",
          "server ExpectPolicy Off\nowner ExpectPolicy On\n"
          "server Concurrent 1 client");
    ck_assert_uint_eq(policy.counted_count, 1);
    ep_policy_only_ceiling(&policy, EP_MODE_DRY_RUN);
    for (rule = 0; rule < EP_RULES; rule++) {
        ck_assert_ptr_null(policy.rule[rule][0]);
        ck_assert_ptr_null(policy.rule[rule][1]);
    }
    ck_assert_uint_eq(policy.counted_count, 0);
    ck_assert_int_eq(policy.mode, EP_MODE_DRY_RUN);
    ck_assert_ptr_null(policy.mode_by);
    ck_assert_int_eq(ep_policy_max_size(&policy)->number, 8);
    scenario_free(&s);
}
END_TEST

/* What the owner says, laxer than the server and, one fact changed, not. */
static const struct {
    ep_rule rule;
    const char *server;
    const char *laxer;
    const char *not_laxer;
} laxer[] = {
    { EP_RULE_MODE, "ExpectPolicy On", "ExpectPolicy DryRun",
      "ExpectPolicy On" },
    { EP_RULE_MODE, "ExpectPolicy On", "ExpectPolicy Off", "ExpectPolicy On" },
    { EP_RULE_MODE, "ExpectPolicy DryRun", "ExpectPolicy Off",
      "ExpectPolicy DryRun" },
    { EP_RULE_MODE, "ExpectPolicy DryRun", "ExpectPolicy Off",
      "ExpectPolicy On" },
    { EP_RULE_MODE, "ExpectPolicy Off", NULL, "ExpectPolicy Off" },
    { EP_RULE_EXPECTATIONS, NULL, "Expectations foo",
      "Expectations 100-continue" },
    { EP_RULE_EXPECTATIONS, NULL, "Expectations Any", "Expectations None" },
    { EP_RULE_EXPECTATIONS, "Expectations None", "Expectations 100-continue",
      "Expectations None" },
    { EP_RULE_EXPECTATIONS, "Expectations foo", "Expectations foo bar",
      "Expectations FOO" },
    { EP_RULE_EXPECTATIONS, "Expectations foo=bar", "Expectations foo",
      "Expectations foo=bar" },
    { EP_RULE_EXPECTATIONS, "Expectations foo=bar", "Expectations foo=Bar",
      "Expectations Foo=bar" },
    { EP_RULE_EXPECTATIONS, "Expectations foo=bar", "Expectations foo=\"bar \"",
      "Expectations foo=\"bar\"" },
    { EP_RULE_EXPECTATIONS, "Expectations Any", NULL, "Expectations foo" },
    { EP_RULE_EXPECTATIONS, "Expectations Any", NULL, "Expectations Any" },
    { EP_RULE_REQUIRE_CONTINUE, "RequireContinue 10", "RequireContinue 11",
      "RequireContinue 10" },
    { EP_RULE_REQUIRE_CONTINUE, "RequireContinue 10", "RequireContinue Off",
      "RequireContinue 9" },
    { EP_RULE_REQUIRE_CONTINUE, "RequireContinue Off", NULL,
      "RequireContinue Off" },
    { EP_RULE_REQUIRE_CONTINUE, NULL, NULL, "RequireContinue 9" },
    { EP_RULE_METHODS, "Methods PUT POST", "Methods PUT PATCH",
      "Methods PUT" },
    { EP_RULE_METHODS, "Methods PUT", "Methods put", "Methods PUT" },
    { EP_RULE_METHODS, "Methods PUT", "Methods Any", "Methods PUT" },
    { EP_RULE_METHODS, "Methods Any", NULL, "Methods PUT" },
    { EP_RULE_REQUIRE_AUTH, "RequireAuth Bearer", "RequireAuth Off",
      "RequireAuth Bearer" },
    /* both demands hold, so that nothing is clamped */
    { EP_RULE_REQUIRE_AUTH, "RequireAuth Bearer realm=\"x\"",
      "RequireAuth Off", "RequireAuth Basic realm=\"x\"" },
    { EP_RULE_REQUIRE_AUTH, "RequireAuth Off", NULL, "RequireAuth Bearer" },
    { EP_RULE_REQUIRE_AUTH, NULL, NULL, "RequireAuth Off" },
    { EP_RULE_REFUSE, "Refuse closed 403", "Refuse Off", "Refuse mine 409" },
    { EP_RULE_REFUSE, "Refuse Off", NULL, "Refuse mine 409" },
    { EP_RULE_REFUSE, NULL, NULL, "Refuse Off" },
    { EP_RULE_TYPES, "Types image/*", "Types */*", "Types image/*" },
    { EP_RULE_TYPES, "Types image/*", "Types image/png video/mp4",
      "Types image/png IMAGE/gif" },
    { EP_RULE_TYPES, "Types image/png image/gif", "Types image/*",
      "Types image/gif" },
    { EP_RULE_TYPES, "Types image/png", "Types Any", "Types image/png" },
    { EP_RULE_TYPES, "Types Any", NULL, "Types Any" },
    { EP_RULE_ENCODINGS, "Encodings gzip", "Encodings gzip identity",
      "Encodings x-gzip" },
    { EP_RULE_ENCODINGS, "Encodings gzip", "Encodings Any", "Encodings GZIP" },
    { EP_RULE_ENCODINGS, "Encodings Any", NULL, "Encodings gzip" },
    { EP_RULE_REQUIRE_LENGTH, "RequireLength On", "RequireLength Off",
      "RequireLength On" },
    { EP_RULE_REQUIRE_LENGTH, "RequireLength Off", NULL, "RequireLength On" },
    { EP_RULE_REQUIRE_LENGTH, NULL, NULL, "RequireLength Off" },
    { EP_RULE_MAX_SIZE, "MaxSize 10", "MaxSize 11", "MaxSize 10" },
    { EP_RULE_MAX_SIZE, "MaxSize 10", "MaxSize Unlimited", "MaxSize 0" },
    { EP_RULE_MAX_SIZE, "MaxSize 0", "MaxSize 1", "MaxSize 0" },
    { EP_RULE_MAX_SIZE, "MaxSize Unlimited", NULL, "MaxSize Unlimited" },
    { EP_RULE_MAX_SIZE, NULL, NULL, "MaxSize 11" },
    { EP_RULE_MAX_TOTAL, "MaxTotal 10", "MaxTotal 11", "MaxTotal 10" },
    { EP_RULE_MAX_TOTAL, "MaxTotal 10", "MaxTotal Unlimited", "MaxTotal 0" },
    { EP_RULE_MAX_TOTAL, "MaxTotal Unlimited", NULL, "MaxTotal Unlimited" },
    { EP_RULE_MAX_TOTAL, NULL, NULL, "MaxTotal 11" },
    { EP_RULE_MIN_SIZE, "MinSize 10", "MinSize 9", "MinSize 10" },
    { EP_RULE_MIN_SIZE, "MinSize 10", "MinSize Off", "MinSize 11" },
    { EP_RULE_MIN_SIZE, "MinSize 10", "MinSize 0", "MinSize 9223372036854775806" },
    { EP_RULE_MIN_SIZE, "MinSize Off", NULL, "MinSize Off" },
    { EP_RULE_MIN_SIZE, NULL, NULL, "MinSize Off" },
    { EP_RULE_COUNT_FROM, "CountFrom 10", "CountFrom 11", "CountFrom 10" },
    { EP_RULE_COUNT_FROM, "CountFrom Off", "CountFrom 1", "CountFrom Off" },
    { EP_RULE_COUNT_FROM, "CountFrom 10", "CountFrom 11", "CountFrom Off" },
    { EP_RULE_COUNT_FROM, "CountFrom 1048576", NULL, "CountFrom 1048576" },
    { EP_RULE_COUNT_FROM, NULL, "CountFrom 65537", "CountFrom 65536" },
    /* names of fields, whose case does not matter */
    { EP_RULE_TOTAL_FIELDS, "TotalFields X-A X-B", "TotalFields X-C", "TotalFields x-a" },
    { EP_RULE_TOTAL_FIELDS, NULL, "TotalFields X-C", "TotalFields upload-length" },
    /* a status makes nothing laxer */
    { EP_RULE_STATUS, "Status 417", NULL, "Status Auto" },
    { EP_RULE_FORMAT, "Format Problem", NULL, "Format JSON" },
    { EP_RULE_ADVERTISE, "Advertise On", NULL, "Advertise Off" },
    { EP_RULE_ADVERTISE, "Advertise Off", NULL, "Advertise On" },
    { EP_RULE_MESSAGE, "Message unsupported_expectation a", NULL,
      "Message unsupported_expectation b" },
    { EP_RULE_STATUS, "Status Auto", NULL, "Status Specific" },
    /* all that count hold side by side: ep_policy_tighter() compares them */
    { EP_RULE_FREE_SPACE, "FreeSpace 5%", NULL, "FreeSpace Off" },
    { EP_RULE_QUOTA, "Quota 5 /a", NULL, "Quota 6 /a" },
    { EP_RULE_ALLOWANCE, "Allowance 5/1 client", NULL, "Allowance Off" },
    { EP_RULE_CONCURRENT, "Concurrent 5 client", NULL, "Concurrent 6 client" }
};

static int is_laxer(ep_rule rule, const char *server, const char *owner)
{
    char lines[256];
    scenario s;
    ep_policy policy;
    int result;

    snprintf(lines, sizeof(lines), "%s%s\nowner %s",
             server != NULL ? "server " : "", server != NULL ? server : "",
             owner);
    given(&s, &policy, lines, "");
    if (server == NULL) {
        s.server.rule[rule] = NULL;
    }
    result = ep_policy_is_laxer(rule, s.server.rule[rule], s.owner.rule[rule]);
    scenario_free(&s);
    return result;
}

START_TEST(an_owner_is_laxer_where_more_would_be_admitted)
{
    if (laxer[_i].laxer != NULL) {
        ck_assert_int_eq(is_laxer(laxer[_i].rule, laxer[_i].server,
                                  laxer[_i].laxer), 1);
    }
    ck_assert_int_eq(is_laxer(laxer[_i].rule, laxer[_i].server,
                              laxer[_i].not_laxer), 0);
}
END_TEST

static const struct {
    const char *lines;
    int advertises;
    int tells_upload_limit;
} advertised[] = {
    { "server ExpectPolicy On", 0, 0 },
    { "server Advertise On", 1, 1 },
    { "server Advertise Off", 0, 0 },
    /* that uploads can be resumed is not for an owner to say */
    { "owner Advertise On", 1, 0 },
    { "server Advertise Off\nowner Advertise On", 1, 0 },
    { "server Advertise On\nowner Advertise On", 1, 1 },
    { "server Advertise On\nowner Advertise Off", 0, 0 },
    { "override None\nowner Advertise On", 0, 0 }
};

START_TEST(limits_are_told_as_the_owner_says_upload_limit_as_the_server)
{
    scenario s;
    ep_policy policy;

    given(&s, &policy, advertised[_i].lines, "");
    ck_assert_int_eq(policy.advertises, advertised[_i].advertises);
    ck_assert_int_eq(policy.tells_upload_limit,
                     advertised[_i].tells_upload_limit);
    scenario_free(&s);
}
END_TEST

START_TEST(every_rule_was_asked_whether_it_is_laxer)
{
    int asked[EP_RULES] = { 0 };
    size_t i;

    for (i = 0; i < COUNT(laxer); i++) {
        asked[laxer[i].rule] = 1;
    }
    for (i = 0; i < EP_RULES; i++) {
        /* these an owner cannot say */
        if (i != EP_RULE_LINGER && i != EP_RULE_EARLY_ERRORS
            && i != EP_RULE_LEDGER_FAILURE
            /* one of the messages stands for all */
            && (i <= EP_RULE_MESSAGE || i > EP_RULE_MESSAGE_LAST)
            && (i <= EP_RULE_STATUS || i > EP_RULE_STATUS_LAST)) {
            ck_assert_msg(asked[i], "rule %u", (unsigned int)i);
        }
    }
}
END_TEST

static const struct {
    ep_rule rule;
    const char *listed;
    const char *covered;
    const char *uncovered;
} covers[] = {
    { EP_RULE_TYPES, "image/*", "image/png", "video/png" },
    { EP_RULE_ENCODINGS, "gzip", "X-GZIP", "deflate" },
    { EP_RULE_REQUIRE_AUTH, "Bearer realm=\"x\"", "bearer abc.def",
      "Bearerx abc.def" },
    { EP_RULE_METHODS, "PUT", "PUT", "Put" },
    { EP_RULE_EXPECTATIONS, "foo", "FOO", "FOO=1" },
    { EP_RULE_EXPECTATIONS, "foo=a", "foo=a", "foo=A" },
    { EP_RULE_EXPECTATIONS, "foo=a", "foo=\"a\"", "foo=\"A\"" }
};

START_TEST(a_name_is_covered_by_the_rules_own_idea_of_sameness)
{
    const char *listed = guarded(covers[_i].listed);

    ck_assert_int_eq(ep_policy_covers(covers[_i].rule, listed,
                                      guarded(covers[_i].covered)), 1);
    ck_assert_int_eq(ep_policy_covers(covers[_i].rule, listed,
                                      guarded(covers[_i].uncovered)), 0);
}
END_TEST

/*
 * Limits that count.
 */

/* Which lines hold, in which order. */
static const struct {
    const char *lines;
    const char *counted;
} counted[] = {
    { "", "" },
    { "server Concurrent 4 client", "server:1" },
    { "server Concurrent Off", "" },
    /* by rule, whatever order they are written in */
    { "server Concurrent 4 client\nserver Allowance 9/7 client\n"
      "server Quota 5 /a\nserver FreeSpace 5%",
      "server:4 server:3 server:2 server:1" },
    { "server Concurrent 4 client\nowner Allowance 9/7 client\n"
      "server Quota 5 /a\nowner Quota 5 /b",
      "server:3 owner:4 owner:2 server:1" },
    /* lines of a section add up, and so do sections */
    { "server Quota 5 /a\nserver Quota 6 /b", "server:2 server:1" },
    { "server Quota 5 /a\nserver section\nserver Quota 6 /a",
      "server:3 server:1" },
    { "server Quota 5 /a\nserver section\nserver Methods PUT\n"
      "server section\nserver Quota 6 /a\nserver Quota 7 /b",
      "server:6 server:5 server:1" },
    /* Off ends what is before it and further out, of its own rule alone */
    { "server Quota 5 /a\nserver section\nserver Quota Off", "" },
    { "server Quota 5 /a\nserver Quota Off", "" },
    { "server Quota 5 /a\nserver Quota Off\nserver Quota 6 /a", "server:3" },
    { "server Quota 5 /a\nserver section\nserver Quota 6 /a\n"
      "server Quota Off\nserver Quota 7 /a", "server:5" },
    { "server Quota Off\nserver section\nserver Quota 6 /a", "server:3" },
    { "server Quota 5 /a\nserver section\nserver Quota Off\n"
      "server section\nserver Quota 7 /a", "server:5" },
    { "server Quota 5 /a\nserver section\nserver Concurrent Off",
      "server:1" },
    /* neither side ends what the other one says */
    { "server Quota 5 /a\nowner Quota 6 /a", "server:1 owner:2" },
    { "server Quota 5 /a\nowner Quota Off", "server:1" },
    { "owner Quota 5 /a\nserver section\nserver Quota Off", "owner:1" },
    { "owner Quota 5 /a\nowner section\nowner Quota Off", "" },
    { "server Quota 5 /a\nowner Quota 6 /a\noverride None", "server:1" },
    /* of free space the innermost line holds, and the server's alone */
    { "server FreeSpace 5%\nserver section\nserver FreeSpace 10",
      "server:3" },
    { "server FreeSpace 5%\nserver section\nserver FreeSpace Off", "" },
    { "server FreeSpace 0", "server:1" },
    { "owner FreeSpace 5%", "" }
};

START_TEST(limits_that_count_add_up_until_off)
{
    char joined[256] = "";
    scenario s;
    ep_policy policy;
    size_t i;
    int rule;

    given(&s, &policy, counted[_i].lines, "");
    for (i = 0; i < policy.counted_count; i++) {
        const ep_setting *line = policy.counted[i];
        const size_t length = strlen(joined);

        snprintf(joined + length, sizeof(joined) - length, "%s%s:%u",
                 i > 0 ? " " : "", line->file, line->line);
    }
    ck_assert_str_eq(joined, counted[_i].counted);
    ck_assert_ptr_null(policy.surplus[0]);
    ck_assert_ptr_null(policy.surplus[1]);
    /* and nothing of them stands among what is demanded of the head */
    for (rule = EP_RULE_FREE_SPACE; rule < EP_RULES; rule++) {
        ck_assert_ptr_null(policy.rule[rule][0]);
        ck_assert_ptr_null(policy.rule[rule][1]);
    }
    scenario_free(&s);
}
END_TEST

START_TEST(in_one_sequence_the_owners_off_ends_what_the_server_says)
{
    ep_half all, section;
    scenario s;
    ep_policy policy;

    given(&s, &policy, "server Quota 5 /a\nserver Concurrent 4 client",
          "owner Quota Off");
    memset(&all, 0, sizeof(all));
    memset(&section, 0, sizeof(section));
    memcpy(section.rule, s.owner.rule, sizeof(section.rule));
    ep_policy_add_section(&all, &section);
    memcpy(section.rule, s.server.rule, sizeof(section.rule));
    ep_policy_add_section(&all, &section);
    ep_policy_compose(&policy, &all, NULL, EP_OVERRIDE_ANY);
    ck_assert_uint_eq(policy.counted_count, 1);
    ck_assert_int_eq(policy.counted[0]->count->rule, EP_RULE_CONCURRENT);
    ck_assert_ptr_eq(all.off[0], s.owner.rule[EP_RULE_QUOTA]);
    scenario_free(&s);
}
END_TEST

/* As many lines as each side has, and how many of each hold. */
static const struct {
    int space;
    unsigned int server;
    unsigned int owner;
    unsigned int server_held;
    unsigned int owner_held;
    /** 1: lines of the server's were left out; the same of the owner's */
    int surplus[2];
} crowds[] = {
    { 0, 16, 0, 16, 0, { 0, 0 } },
    { 0, 17, 0, 16, 0, { 1, 0 } },
    { 1, 15, 0, 15, 0, { 0, 0 } },
    { 1, 16, 0, 15, 0, { 1, 0 } },
    { 0, 10, 8, 10, 8, { 0, 0 } },
    { 0, 10, 9, 10, 8, { 0, 1 } },
    { 1, 15, 8, 15, 8, { 0, 0 } },
    { 0, 16, 8, 16, 8, { 0, 0 } },
    { 0, 16, 9, 16, 8, { 0, 1 } },
    { 0, 0, 8, 0, 8, { 0, 0 } },
    { 0, 0, 17, 0, 8, { 0, 1 } },
    { 1, 16, 8, 15, 8, { 1, 0 } },
    { 0, 20, 20, 16, 8, { 1, 1 } }
};

START_TEST(neither_side_takes_the_others_room)
{
    char lines[4096];
    unsigned int held[2] = { 0, 0 }, i;
    size_t at;
    scenario s;
    ep_policy policy;

    at = (size_t)snprintf(lines, sizeof(lines), "%s\n",
                          crowds[_i].space ? "server FreeSpace 5%" : "empty");
    for (i = 0; i < crowds[_i].server || i < crowds[_i].owner; i++) {
        /* line 2 + 2 * i and the one behind it; further inside, further down */
        at += (size_t)snprintf(lines + at, sizeof(lines) - at, "%s\n%s\n",
                               i < crowds[_i].server
                                   ? "server Concurrent 4 client"
                                   : "empty",
                               i < crowds[_i].owner
                                   ? "owner Concurrent 4 client"
                                   : "empty");
    }
    given(&s, &policy, lines, "");
    ck_assert_uint_le(policy.counted_count, EP_COUNTED_MAX);
    for (i = 0; i < policy.counted_count; i++) {
        const ep_setting *line = policy.counted[i];
        const int is_owner = strcmp(line->file, "owner") == 0;
        const unsigned int lines_of = is_owner ? crowds[_i].owner
                                               : crowds[_i].server;

        if (line->count->rule == EP_RULE_FREE_SPACE) {
            ck_assert_uint_eq(i, 0);
            ck_assert(crowds[_i].space);
            continue;
        }
        /* the last one written is the innermost */
        ck_assert_uint_eq(line->line, 2 + 2 * (lines_of - 1 - held[is_owner])
                                          + (unsigned int)is_owner);
        held[is_owner]++;
    }
    ck_assert_uint_eq(held[0], crowds[_i].server_held);
    ck_assert_uint_eq(held[1], crowds[_i].owner_held);
    for (i = 0; i < 2; i++) {
        const unsigned int lines_of = i == 1 ? crowds[_i].owner
                                             : crowds[_i].server;

        if (!crowds[_i].surplus[i]) {
            ck_assert_ptr_null(policy.surplus[i]);
            continue;
        }
        ck_assert_ptr_nonnull(policy.surplus[i]);
        ck_assert_str_eq(policy.surplus[i]->file,
                         i == 1 ? "owner" : "server");
        ck_assert_uint_eq(policy.surplus[i]->line,
                          2 + 2 * (lines_of - 1 - held[i]) + i);
    }
    scenario_free(&s);
}
END_TEST

/* An owner's line, and the server's that makes it vain; NULL: none does. */
static const struct {
    ep_rule rule;
    const char *server;
    const char *owner;
    /** the line in `server` */
    unsigned int tighter;
} vain[] = {
    { EP_RULE_QUOTA, "", "Quota 5 /a", 0 },
    { EP_RULE_QUOTA, "", "Quota Off", 0 },
    { EP_RULE_QUOTA, "server Quota 5 /b", "Quota Off", 1 },
    { EP_RULE_QUOTA, "server Quota Off", "Quota Off", 0 },
    { EP_RULE_QUOTA, "server Concurrent 5 client", "Quota Off", 0 },
    { EP_RULE_QUOTA, "server FreeSpace 5", "Quota 6 /a", 0 },
    { EP_RULE_QUOTA, "server Quota 5 /a", "Quota 6 /a", 1 },
    { EP_RULE_QUOTA, "server Quota 5 /a", "Quota 5 /a", 0 },
    { EP_RULE_QUOTA, "server Quota 5 /a", "Quota 4 /a", 0 },
    /* a tree in a tree */
    { EP_RULE_QUOTA, "server Quota 5 /a", "Quota 6 /a/b", 1 },
    { EP_RULE_QUOTA, "server Quota 5 /a/b", "Quota 6 /a", 0 },
    { EP_RULE_QUOTA, "server Quota 5 /a", "Quota 6 /ab", 0 },
    { EP_RULE_QUOTA, "server Quota 5 /ab", "Quota 6 /a", 0 },
    { EP_RULE_QUOTA, "server Quota 5 /", "Quota 6 /a", 1 },
    { EP_RULE_QUOTA, "server Quota 5 *1", "Quota 6 /a", 1 },
    { EP_RULE_QUOTA, "server Quota 5 *2", "Quota 6 /a/b", 1 },
    { EP_RULE_QUOTA, "server Quota 5 *2", "Quota 6 /a", 0 },
    { EP_RULE_QUOTA, "server Quota 5 /a", "Quota 6 *2", 0 },
    { EP_RULE_QUOTA, "server Quota 5 /", "Quota 6 *2", 1 },
    { EP_RULE_QUOTA, "server Quota 7 /a\nserver Quota 5 /", "Quota 6 /a", 2 },
    /* the same key, and of an allowance the same period */
    { EP_RULE_CONCURRENT, "server Concurrent 5 client", "Concurrent 6 client",
      1 },
    { EP_RULE_CONCURRENT, "server Concurrent 5 client", "Concurrent 5 client",
      0 },
    { EP_RULE_CONCURRENT, "server Concurrent 5 client", "Concurrent 6 user",
      0 },
    { EP_RULE_CONCURRENT, "server Concurrent 5 expr=x",
      "Concurrent 6 expr=x", 1 },
    { EP_RULE_CONCURRENT, "server Concurrent 5 expr=x",
      "Concurrent 6 expr=y", 0 },
    { EP_RULE_CONCURRENT, "server Concurrent 5 directory /a",
      "Concurrent 6 directory /a/b", 1 },
    { EP_RULE_CONCURRENT, "server Concurrent 5 directory /a/b",
      "Concurrent 6 directory /a", 0 },
    { EP_RULE_ALLOWANCE, "server Allowance 5/7 client",
      "Allowance 6/7 client", 1 },
    { EP_RULE_ALLOWANCE, "server Allowance 5/7 client",
      "Allowance 6/8 client", 0 },
    { EP_RULE_ALLOWANCE, "server Allowance 5/7 client",
      "Allowance 6/7 host", 0 },
    { EP_RULE_ALLOWANCE, "server Allowance 5/7 client", "Allowance Off", 1 },
    { EP_RULE_ALLOWANCE, "server Concurrent 5 client", "Allowance 6/7 client",
      0 }
};

START_TEST(a_limit_is_vain_where_a_smaller_one_counts_all_that_it_counts)
{
    char owner[64];
    scenario s;
    ep_policy policy;
    const ep_setting *tighter;

    snprintf(owner, sizeof(owner), "owner %s", vain[_i].owner);
    given(&s, &policy, vain[_i].server, owner);
    tighter = ep_policy_tighter(vain[_i].rule, &s.server,
                                s.owner.rule[vain[_i].rule]);
    ck_assert_uint_eq(tighter != NULL ? tighter->line : 0, vain[_i].tighter);
    scenario_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_policy");
    TCase *tcase = tcase_create("policy");

    tcase_add_loop_test(tcase,
                        the_stricter_of_two_modes_wins_under_tighten_alone,
                        EP_OVERRIDE_TIGHTEN, EP_OVERRIDE_NONE + 1);
    tcase_add_test(
        tcase,
        where_nobody_says_anything_the_policy_is_off_and_demands_nothing);
    ADD_ROWS(tcase, the_owners_word_on_the_status_wins_where_it_is_heard,
             statuses);
    ADD_ROWS(tcase, a_status_can_be_chosen_for_some_codes_alone, code_statuses);
    ADD_ROWS(tcase, some_words_are_the_servers_alone,
             servers_alone);
    ADD_ROWS(
        tcase,
        a_demand_of_either_half_stands_and_no_word_of_the_other_lifts_it,
        demands);
    ADD_ROWS(tcase, under_any_and_none_the_owners_half_is_not_looked_at,
             demands);
    ADD_ROWS(tcase, only_100_continue_is_met_unless_the_server_says_otherwise,
             expectations);
    ADD_ROWS(tcase, names_are_what_both_halves_take_in, lists);
    tcase_add_test(
        tcase, names_have_no_more_bytes_than_they_may_with_quotes_and_commas);
    tcase_add_test(tcase, there_are_never_more_names_than_places);
    ADD_ROWS(tcase, the_smallest_size_holds, sizes);
    tcase_add_test(tcase, the_smallest_of_a_rule_knows_no_ceiling);
    tcase_add_loop_test(tcase, an_owner_may_lower_what_is_small, 0,
                        COUNT(count_from));
    tcase_add_test(tcase, where_only_the_ceiling_is_left_no_rule_is);
    ADD_ROWS(tcase, an_owner_is_laxer_where_more_would_be_admitted, laxer);
    ADD_ROWS(tcase,
             limits_are_told_as_the_owner_says_upload_limit_as_the_server,
             advertised);
    tcase_add_test(tcase, every_rule_was_asked_whether_it_is_laxer);
    ADD_ROWS(tcase, a_name_is_covered_by_the_rules_own_idea_of_sameness,
             covers);
    ADD_ROWS(tcase, limits_that_count_add_up_until_off, counted);
    tcase_add_test(tcase,
                   in_one_sequence_the_owners_off_ends_what_the_server_says);
    ADD_ROWS(tcase,
             neither_side_takes_the_others_room,
             crowds);
    ADD_ROWS(tcase,
             a_limit_is_vain_where_a_smaller_one_counts_all_that_it_counts,
             vain);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
