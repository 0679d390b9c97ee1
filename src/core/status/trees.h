/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Chooses which trees a report tells of: those that are fullest. */
#ifndef EP_TREES_H
#define EP_TREES_H

#include <stddef.h>
#include <stdint.h>

/** The most trees of a report.  A ledger may have some ten thousand. */
#define EP_TREES_MAX 200

/** A tree with a quota. */
typedef struct ep_report_tree {
    /** printable, see ep_sink_printable() */
    const char *path;
    int64_t used;
    int64_t held;
    int64_t limit;
    /** seconds since the last measurement; -1: there was none */
    int64_t age;
    /** 1: `used` is known; 0: it is what was seen so far */
    int is_known;
    /** 1: an upload has asked for it since it was measured */
    int is_due;
    /** 1: its usage is read from a file */
    int is_file;
    /** the caller's: what `path` is to be made of */
    char raw[1024];
} ep_report_tree;

/** Those that could not be measured, then the fullest; at most EP_TREES_MAX. */
typedef struct ep_trees {
    ep_report_tree *tree[EP_TREES_MAX];
    size_t count;
    /** how many were left out */
    int64_t left_out;
} ep_trees;

/** @return what is used and held, in thousandths of the limit */
int64_t ep_trees_share(const ep_report_tree *tree);

/**
 * Adds a tree, if it is among the fullest.
 * @param tree lives as long as @a trees, if the tree is kept
 * @return the tree that is not needed any more: @a tree, or one that was added before;
 *         NULL: there is none
 */
ep_report_tree *ep_trees_add(ep_trees *trees, ep_report_tree *tree);

#endif
