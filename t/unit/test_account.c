/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/book/account.h"

#include "unit.h"

static const ep_key someone = { 11, 22 };

/* An account as nobody made it. */
static ep_account *account_with(ep_kind kind, uint32_t claims, int64_t held,
                                int64_t used, int64_t until)
{
    ep_account *account = guarded_room(sizeof(*account));

    ep_account_open(account, kind, someone);
    account->claims = claims;
    account->held = held;
    account->used = used;
    account->until = until;
    account->period = 100;
    return account;
}

START_TEST(an_account_is_of_its_kind_and_key_alone)
{
    ep_account *account = account_with(EP_ALLOWANCE, 1, 2, 3, 4);
    const ep_key high = { someone.high + 1, someone.low };
    const ep_key low = { someone.high, someone.low + 1 };

    ck_assert(ep_account_is(account, EP_ALLOWANCE, someone));
    ck_assert(!ep_account_is(account, EP_CONCURRENT, someone));
    ck_assert(!ep_account_is(account, EP_ALLOWANCE, high));
    ck_assert(!ep_account_is(account, EP_ALLOWANCE, low));
    account->kind = 0;
    ck_assert(!ep_account_is(account, EP_ALLOWANCE, someone));
}
END_TEST

START_TEST(a_new_account_has_nothing_of_the_one_before)
{
    ep_account *account = account_with(EP_ALLOWANCE, 1, 2, 3, 4);
    const ep_key other = { 33, 44 };

    ep_account_open(account, EP_QUOTA, other);
    ck_assert(ep_account_is(account, EP_QUOTA, other));
    ck_assert_uint_eq(account->claims, 0);
    ck_assert_int_eq(account->held, 0);
    ck_assert_int_eq(account->used, 0);
    ck_assert_int_eq(account->until, 0);
    ck_assert_int_eq(account->period, 0);
}
END_TEST

static const struct {
    const char *what;
    uint32_t claims;
    int64_t used, until, now, period;
    int64_t used_then, until_then;
} turns[] = {
    { "none so far", 0, 0, 0, 1000, 100, 0, 1100 },
    { "one is on", 0, 7, 1050, 1000, 100, 7, 1050 },
    { "the first microsecond", 0, 7, 1100, 1000, 100, 7, 1100 },
    { "the last microsecond", 0, 7, 1001, 1000, 100, 7, 1001 },
    { "it ends now", 0, 7, 1000, 1000, 100, 0, 1100 },
    { "it is over", 0, 7, 999, 1000, 100, 0, 1100 },
    { "it is over, with one under way", 1, 7, 999, 1000, 100, 0, 1100 },
    { "nothing was counted", 0, 0, 1050, 1000, 100, 0, 1100 },
    { "nothing but one under way", 1, 0, 1050, 1000, 100, 0, 1050 },
    { "longer than one can be", 1, 7, 1101, 1000, 100, 7, 1100 },
    { "nonsense", 1, 7, INT64_MAX, 1, 100, 7, 101 },
    { "nonsense below 0", 1, 7, INT64_MIN, 1, 100, 0, 101 },
    { "used below 0", 0, -7, 1050, 1000, 100, -7, 1100 },
    { "the end of time", 0, 7, 999, INT64_MAX - 10, 100, 0, INT64_MAX },
    { "no period at all", 1, 7, 1050, 1000, 0, 7, 1000 },
    { "the longest period", 1, 7, INT64_MAX, 1, INT64_MAX, 7, INT64_MAX }
};

START_TEST(a_period_ends_in_time)
{
    ep_account *account = account_with(EP_ALLOWANCE, turns[_i].claims, 5,
                                       turns[_i].used, turns[_i].until);

    ep_account_turn(account, turns[_i].now, turns[_i].period);
    ck_assert_msg(account->used == turns[_i].used_then
                      && account->until == turns[_i].until_then,
                  "%s: used %lld until %lld", turns[_i].what,
                  (long long)account->used, (long long)account->until);
    if (turns[_i].until != turns[_i].until_then) {
        ck_assert_int_eq(account->period, turns[_i].period);
    }
    ck_assert_int_eq(account->held, 5);
}
END_TEST

static const struct {
    int64_t limit, used, held, own, left;
} limits[] = {
    { 100, 0, 0, 0, 100 },
    { 100, 30, 20, 0, 50 },
    { 100, 30, 20, 15, 65 },
    { 100, 30, 20, 20, 70 },
    { 100, 30, 20, 21, 70 },
    { 100, 50, 50, 0, 0 },
    { 100, 70, 50, 0, 0 },
    { 100, 70, 50, 20, 0 },
    { 100, 70, 50, 21, 1 },
    { 100, INT64_MAX, 0, 0, 0 },
    { 100, 0, INT64_MAX, 0, 0 },
    { 100, 0, INT64_MAX, INT64_MAX, 100 },
    { 100, INT64_MAX, INT64_MAX, 0, 0 },
    { 100, -5, 20, 0, 80 },
    { 100, 20, INT64_MIN, 5, 80 },
    { 0, 0, 0, 0, 0 },
    { INT64_MAX, 0, 0, 0, INT64_MAX },
    { INT64_MAX, INT64_MAX - 1, 0, 0, 1 },
    { INT64_MAX, INT64_MAX, 1, 0, 0 }
};

START_TEST(what_is_left_is_never_below_0)
{
    const ep_account *account = account_with(EP_QUOTA, 1, limits[_i].held,
                                             limits[_i].used, 0);

    ck_assert_int_eq(ep_account_left(account, limits[_i].limit,
                                     limits[_i].own), limits[_i].left);
}
END_TEST

static const struct {
    ep_kind kind;
    int64_t until, amount, limit, wait;
} waits[] = {
    { EP_ALLOWANCE, 1050, 100, 100, 50 },
    { EP_ALLOWANCE, 1050, 101, 100, -1 },
    { EP_ALLOWANCE, 1000, 100, 100, 0 },
    { EP_ALLOWANCE, 900, 100, 100, 0 },
    { EP_ALLOWANCE, INT64_MIN, 100, 100, 0 },
    { EP_ALLOWANCE, INT64_MAX, 100, 100, INT64_MAX - 1000 },
    { EP_QUOTA, 1050, 1, 100, -1 },
    { EP_SPACE, 1050, 1, 100, -1 },
    { EP_CONCURRENT, 1050, 1, 100, -1 }
};

START_TEST(only_an_allowance_says_when)
{
    const ep_account *account = account_with(waits[_i].kind, 1, 5, 7,
                                             waits[_i].until);

    ck_assert_int_eq(ep_account_wait(account, 1000, waits[_i].amount,
                                     waits[_i].limit), waits[_i].wait);
}
END_TEST

START_TEST(parts_come_and_go)
{
    ep_account *account = account_with(EP_QUOTA, 0, 0, 7, 0);

    ep_account_hold(account, 10);
    ep_account_hold(account, 0);
    ep_account_hold_more(account, 5);
    ck_assert_uint_eq(account->claims, 2);
    ck_assert_int_eq(account->held, 15);
    ep_account_give_back(account, 15);
    ep_account_give_back(account, 0);
    ck_assert_uint_eq(account->claims, 0);
    ck_assert_int_eq(account->held, 0);
    ck_assert_int_eq(account->used, 7);
}
END_TEST

START_TEST(parts_stay_at_the_end)
{
    ep_account *account = account_with(EP_QUOTA, UINT32_MAX, INT64_MAX - 1, 7,
                                       0);

    ep_account_hold(account, 10);
    ck_assert_uint_eq(account->claims, UINT32_MAX);
    ck_assert_int_eq(account->held, INT64_MAX);
    account->claims = 0;
    account->held = 9;
    ep_account_give_back(account, 10);
    ck_assert_uint_eq(account->claims, 0);
    ck_assert_int_eq(account->held, 0);
    account->held = INT64_MIN;
    ep_account_hold_more(account, 3);
    ck_assert_int_eq(account->held, 3);
}
END_TEST

static const struct {
    ep_kind kind;
    int64_t used, stored, outcome;
} outcomes[] = {
    { EP_SPACE, 7, 40, 7 },
    { EP_CONCURRENT, 7, 40, 7 },
    /* received is 30 */
    { EP_ALLOWANCE, 7, 40, 37 },
    { EP_ALLOWANCE, INT64_MAX - 29, 40, INT64_MAX },
    { EP_ALLOWANCE, -5, 40, 30 },
    { EP_QUOTA, 7, 40, 47 },
    { EP_QUOTA, 7, 0, 7 },
    { EP_QUOTA, 7, -5, 2 },
    { EP_QUOTA, 7, -7, 0 },
    { EP_QUOTA, 7, -8, 0 },
    { EP_QUOTA, 7, INT64_MAX, INT64_MAX },
    { EP_QUOTA, INT64_MAX, -INT64_MAX, 0 },
    { EP_QUOTA, INT64_MAX, INT64_MIN, 0 },
    { EP_QUOTA, INT64_MAX, -INT64_MAX + 1, 1 },
    { EP_QUOTA, INT64_MIN, 5, 5 }
};

START_TEST(each_kind_counts_its_own)
{
    const ep_account *account = account_with(outcomes[_i].kind, 1, 5,
                                             outcomes[_i].used, 0);

    ck_assert_int_eq(ep_account_outcome(account, 30, outcomes[_i].stored),
                     outcomes[_i].outcome);
}
END_TEST

/* Each is worth more than the one before. */
static const struct {
    uint32_t kind, claims;
    int64_t used, until, worth;
} worths[] = {
    { 0, 0, 0, 0, 0 },
    { EP_CONCURRENT + 1, 0, 99, 0, 1 },
    { EP_ALLOWANCE + 1, 0, 99, 1000, 2 },
    { EP_ALLOWANCE + 1, 0, -1, 1001, 3 },
    { EP_ALLOWANCE + 1, 0, 1, 1001, 4 },
    { EP_ALLOWANCE + 1, 0, 98, INT64_MAX, 101 },
    { EP_ALLOWANCE + 1, 0, INT64_MAX, 1001, INT64_MAX - 1 },
    { EP_ALLOWANCE + 1, 1, 0, 0, EP_ACCOUNT_KEPT }
};

START_TEST(what_matters_least_goes_first)
{
    size_t i;

    for (i = 0; i < COUNT(worths); i++) {
        ep_account *account = account_with(EP_SPACE, worths[i].claims, 0,
                                           worths[i].used, worths[i].until);

        account->kind = worths[i].kind;
        ck_assert_int_eq(ep_account_loss(account, 1000), worths[i].worth);
    }
}
END_TEST

START_TEST(what_is_no_account_is_free)
{
    static const uint32_t kinds[] = {
        0, EP_QUOTA + 1, EP_CONCURRENT + 2, UINT32_MAX
    };
    ep_account *account = account_with(EP_SPACE, 1, 5, 7, INT64_MAX);
    size_t i;

    ck_assert_int_eq(ep_account_loss(account, 1000), EP_ACCOUNT_KEPT);
    for (i = 0; i < COUNT(kinds); i++) {
        account->kind = kinds[i];
        ck_assert_int_eq(ep_account_loss(account, 1000), 0);
    }
    account->claims = 0;
    account->kind = EP_SPACE + 1;
    ck_assert_int_eq(ep_account_loss(account, 1000), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_account");
    TCase *tcase = tcase_create("amounts");

    ADD_ROWS(tcase, what_is_left_is_never_below_0, limits);
    tcase_add_test(tcase, parts_come_and_go);
    tcase_add_test(tcase, parts_stay_at_the_end);
    ADD_ROWS(tcase, each_kind_counts_its_own, outcomes);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("periods");
    ADD_ROWS(tcase, a_period_ends_in_time, turns);
    ADD_ROWS(tcase, only_an_allowance_says_when, waits);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("places");
    tcase_add_test(tcase, an_account_is_of_its_kind_and_key_alone);
    tcase_add_test(tcase, a_new_account_has_nothing_of_the_one_before);
    tcase_add_test(tcase, what_matters_least_goes_first);
    tcase_add_test(tcase, what_is_no_account_is_free);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
