/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: trees amount
 * lengths: any numbers in all trees, and any number of trees
 * joined: ep_amount_of ep_amount_plus ep_amount_permille ep_trees_share rank
 */
#include "any.h"
#include "core/status/trees.h"

static ep_report_tree tree;
static ep_trees trees;

static int64_t any_number(void)
{
    return Frama_C_long_interval(INT64_MIN, INT64_MAX);
}

int main(void)
{
    size_t i;

    tree.used = any_number();
    tree.held = any_number();
    tree.limit = any_number();
    tree.age = any_number();
    tree.is_known = ANY_BIT;
    //@ loop unroll EP_TREES_MAX;
    for (i = 0; i < EP_TREES_MAX; i++) {
        trees.tree[i] = &tree;
    }
    trees.count = (size_t)Frama_C_interval(0, EP_TREES_MAX);
    trees.left_out = (int64_t)Frama_C_unsigned_long_interval(0, INT64_MAX - 1);
    ep_trees_add(&trees, &tree);
    //@ check bounded: trees.count <= EP_TREES_MAX;
    return 0;
}
