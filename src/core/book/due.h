/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Measuring trees: which one is due, and what a usage file says.
 *
 * Times are microseconds, as in core/book/book.h; what is said of a tree are
 * ages.
 */
#ifndef EP_DUE_H
#define EP_DUE_H

#include "core/book/book.h"

/** The longest usage file, in bytes. */
#define EP_DUE_FILE_MAX 32

/** What a ledger says of a tree, as far as it matters here; any numbers. */
typedef struct ep_due_tree {
    /** tells the tree from others */
    uint64_t id[2];
    /** 1: it has a usage; 1: an upload is under way in it */
    int is_known;
    int is_held;
    /** microseconds since an upload asked for it, and since it was measured;
     * below 0: never */
    int64_t since_asked;
    int64_t since_measured;
    /** how long measuring took; microseconds */
    int64_t took;
} ep_due_tree;

/**
 * What who measures remembers of a tree from one look to the next; all 0:
 * nothing.  It is his own, and not in the book.
 */
typedef struct ep_due_note {
    /** of the tree; see ep_due_tree */
    uint64_t id[2];
    /** when the tree was seen to be due; 0: it is not */
    int64_t since;
    /** before this it is left alone, since measuring came to nothing */
    int64_t rest;
} ep_due_note;

/** One for each place of a book, so that no tree is forgotten for another one
 * that is there at the same time.  What is not touched takes no memory. */
typedef struct ep_due_notes {
    ep_due_note of[EP_BOOK_TREES_MAX];
} ep_due_notes;

typedef enum ep_due_step {
    /** leave the tree alone for now */
    EP_DUE_REST,
    /** measure it */
    EP_DUE_MEASURE,
    /** measure it, and let the number hold though uploads are under way */
    EP_DUE_INSIST
} ep_due_step;

/** @param place of a tree, as in ep_book_tree()
 * @return the note of that place */
ep_due_note *ep_due_note_of(ep_due_notes *notes, uint32_t place);

/**
 * A tree is due if it was never measured, or if an upload has asked for it
 * since, and it had its pause: 5 seconds, or 20 times what measuring took.
 *
 * While uploads hold something in it, a number is of no use (see
 * ep_book_measured()), unless there is none yet.  So that is waited for, for as
 * long as 8 pauses, and 10 minutes at least.
 *
 * @param note of this tree or of one that was in its place before, which is
 *        forgotten then
 */
ep_due_step ep_due_decide(const ep_due_tree *tree, ep_due_note *note,
                          int64_t now);

/**
 * The number was not taken, or there was none: another pause.
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

/** @return what tells one state from another, but for one in 2^32; never 0 */
uint32_t ep_due_mark(const ep_due_state *state);

/**
 * Whether a usage file has anything to say.  One that has not changed since it
 * was read knows nothing of what uploads have added since; the book does.
 * @param is_known 1: the tree has a usage
 * @param before mark of what was read last
 * @param mark of what it is now
 */
int ep_due_is_news(int is_known, uint32_t before, uint32_t mark);

/** @param size room of @a path, in bytes
 * @return 1 if a path is absolute and ends within its room */
int ep_due_is_path(const char *path, size_t size);

/**
 * Reads a usage file: decimal digits, perhaps a newline behind them, and
 * nothing else.
 * @param text may contain anything, and does not end with a NUL
 * @param bytes untouched unless it is a number
 * @return 1: a number, 0 to INT64_MAX; 0: anything else, too large included
 */
int ep_due_parse(const char *text, size_t length, int64_t *bytes);

#endif
