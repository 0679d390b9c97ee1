/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/trees.h"

#include "core/book/amount.h"

int64_t ep_trees_share(const ep_report_tree *tree)
{
    return ep_amount_permille(ep_amount_plus(tree->used, tree->held),
                              tree->limit);
}

/* Trees that could not be measured come first: nobody knows how full they are. */
static int64_t rank(const ep_report_tree *tree)
{
    return tree->age >= 0 && !tree->is_known ? INT64_MAX
                                             : ep_trees_share(tree);
}

ep_report_tree *ep_trees_add(ep_trees *trees, ep_report_tree *tree)
{
    const int64_t share = rank(tree);
    ep_report_tree *dropped = NULL;
    size_t i = trees->count;

    if (i >= EP_TREES_MAX) {
        i = EP_TREES_MAX - 1;
        dropped = trees->tree[i];
        trees->left_out++;
        if (rank(dropped) >= share) {
            return tree;
        }
    }
    trees->count = i + 1;
    for (; i > 0 && rank(trees->tree[i - 1]) < share; i--) {
        trees->tree[i] = trees->tree[i - 1];
    }
    trees->tree[i] = tree;
    return dropped;
}
