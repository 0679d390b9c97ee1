/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/trees.h"

#include <string.h>

#include "unit.h"

#define MANY 500

static ep_report_tree tree[MANY];
static ep_trees trees;

/* A tree that is so full, in thousandths. */
static ep_report_tree *make(size_t i, int64_t share)
{
    tree[i].used = share;
    tree[i].limit = 1000;
    tree[i].is_known = 1;
    return &tree[i];
}

static void check_order(void)
{
    size_t i;

    for (i = 1; i < trees.count; i++) {
        ck_assert_int_ge(ep_trees_share(trees.tree[i - 1]),
                         ep_trees_share(trees.tree[i]));
    }
}

START_TEST(the_fullest_come_first)
{
    ck_assert_ptr_eq(ep_trees_add(&trees, make(0, 500)), NULL);
    ck_assert_ptr_eq(ep_trees_add(&trees, make(1, 900)), NULL);
    ck_assert_ptr_eq(ep_trees_add(&trees, make(2, 100)), NULL);
    ck_assert_uint_eq(trees.count, 3);
    ck_assert_ptr_eq(trees.tree[0], &tree[1]);
    ck_assert_ptr_eq(trees.tree[1], &tree[0]);
    ck_assert_ptr_eq(trees.tree[2], &tree[2]);
    ck_assert_int_eq(trees.left_out, 0);
}
END_TEST

/* In whatever order they come, those that are kept are the fullest. */
START_TEST(of_very_many_the_fullest_are_kept)
{
    const size_t step = _i == 0 ? 1 : _i == 1 ? MANY - 1 : 7;
    size_t i;

    for (i = 0; i < MANY; i++) {
        const size_t share = i * step % MANY;
        ep_report_tree *dropped = ep_trees_add(&trees,
                                               make(i, (int64_t)share));

        ck_assert_int_eq(dropped != NULL, i >= EP_TREES_MAX);
    }
    check_order();
    ck_assert_uint_eq(trees.count, EP_TREES_MAX);
    ck_assert_int_eq(trees.left_out, MANY - EP_TREES_MAX);
    ck_assert_int_eq(trees.tree[0]->used, MANY - 1);
    ck_assert_int_eq(trees.tree[EP_TREES_MAX - 1]->used, MANY - EP_TREES_MAX);
}
END_TEST

START_TEST(what_is_held_counts_and_a_limit_of_0_is_full)
{
    ep_report_tree one;

    memset(&one, 0, sizeof(one));
    ck_assert_int_eq(ep_trees_share(&one), 1000000);
    one.limit = INT64_MAX;
    one.used = one.held = INT64_MAX;
    ck_assert_int_eq(ep_trees_share(&one), 1000);
    one.held = 0;
    one.used = INT64_MAX / 2;
    ck_assert_int_eq(ep_trees_share(&one), 499);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_trees");
    TCase *tcase = tcase_create("fullest");

    tcase_add_test(tcase, the_fullest_come_first);
    tcase_add_loop_test(tcase, of_very_many_the_fullest_are_kept, 0, 3);
    tcase_add_test(tcase, what_is_held_counts_and_a_limit_of_0_is_full);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
