/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Decides which tree has to be measured, and reads usage files.
 *
 * Times are microseconds, as in core/book/book.h; the times of a tree are ages.
 */
#ifndef EP_DUE_H
#define EP_DUE_H

#include "core/book/book.h"

/** The longest usage file, in bytes. */
#define EP_DUE_FILE_MAX 32

/** The facts of a tree that decide whether it is due; the numbers come from the
 * ledger, and may be any. */
typedef struct ep_due_tree {
    /** tells the tree from others */
    uint64_t id[2];
    /** 1: it has a usage */
    int is_known;
    /** microseconds since an upload asked for it, and since it was measured;
     * below 0: never */
    int64_t since_asked;
    int64_t since_measured;
    /** how long measuring took; microseconds */
    int64_t took;
} ep_due_tree;

/**
 * What the process that measures remembers of a tree between two calls; all 0:
 * nothing.  It is in that process's own memory, not in the book.
 */
typedef struct ep_due_note {
    /** of the tree; see ep_due_tree */
    uint64_t id[2];
    /** since when the tree is due; 0: it is not due */
    int64_t since;
    /** it is not measured before this time, since the last measurement failed */
    int64_t rest;
} ep_due_note;

/** One note for each place of a book, so that no note replaces another.  Notes
 * that are never used take no memory. */
typedef struct ep_due_notes {
    ep_due_note of[EP_BOOK_TREES_MAX];
} ep_due_notes;

typedef enum ep_due_step {
    /** do not measure the tree now */
    EP_DUE_REST,
    /** measure it */
    EP_DUE_MEASURE,
    /** measure it, and use the number although uploads are under way */
    EP_DUE_INSIST
} ep_due_step;

/** @param place of a tree, as in ep_book_tree()
 * @return the note of that place */
ep_due_note *ep_due_note_of(ep_due_notes *notes, uint32_t place);

/**
 * Decides whether to measure a tree now.  A tree is due if it was never measured,
 * or if an upload has asked for it since and its pause is over: 5 seconds, or 20
 * times the duration of the last measurement.
 *
 * While uploads come and go, a number is used only if it is below the known one
 * (see ep_book_measured()).  If none was used for 8 pauses, and at least 10 minutes,
 * the caller insists.
 *
 * @param note of the tree's place; if it is of an earlier tree there, it is reset
 */
ep_due_step ep_due_decide(const ep_due_tree *tree, ep_due_note *note,
                          int64_t now);

/**
 * Call it if the number was not used, or there was none: begins another pause.
 * @param took what measuring took this time, or 0
 */
void ep_due_missed(ep_due_note *note, int64_t now, int64_t took);

/** A usage file that was read: which file, when it was changed, and its number. */
typedef struct ep_due_state {
    uint64_t inode;
    int64_t seconds;
    int64_t nanoseconds;
    int64_t bytes;
} ep_due_state;

/** @return a 32-bit hash of the state; never 0 */
uint32_t ep_due_mark(const ep_due_state *state);

/**
 * Decides whether to use the number of a usage file.  A file that has not changed
 * since it was read does not include what uploads have added since; the book does.
 * @param is_known 1: the tree has a usage
 * @param before mark of the state that was read last
 * @param mark of the state now
 * @return 1: use the number
 */
int ep_due_is_news(int is_known, uint32_t before, uint32_t mark);

/** @param size room of @a path, in bytes
 * @return 1 if a path is absolute and ends within its room */
int ep_due_is_path(const char *path, size_t size);

/**
 * Reads a usage file: decimal digits, an optional newline after them, and nothing
 * else.
 * @param text may contain anything, and does not end with a NUL
 * @param bytes untouched unless it is a number
 * @return 1: a number, 0 to INT64_MAX; 0: anything else, too large included
 */
int ep_due_parse(const char *text, size_t length, int64_t *bytes);

#endif
