/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The file that a PUT writes where mod_dav stores it: what is there before, how
 * much the upload adds to it, and how much goes.
 *
 * A PUT replaces a file, and then the file's size can be taken off: the credit.
 * One upload at a time has the credit of a file, which the ledger sees to: it
 * ends with the upload, or with the process.  A PUT with Content-Range writes
 * into the file, and makes it longer.
 */
#ifndef EP_REPLACED_H
#define EP_REPLACED_H

#include <sys/stat.h>

#include "request/request.h"

#include "ledger/provider.h"

typedef struct ep_replaced {
    /** the file that is written; NULL: nobody knows which, and content counts as
     * it is received */
    const char *path;
    /** 1: a part of it is written, as its range says */
    int is_partial;
    ep_range range;
    /** what was there, if is_found; open as long as @a file is not -1, so that
     * its number cannot become another file's */
    int is_found;
    int file;
    struct stat found;
    /** bytes that go when the file is replaced */
    int64_t credit;
    /** the right to them */
    ep_ledger_claim claim;
} ep_replaced;

/** Makes it nothing. */
void ep_replaced_init(ep_replaced *replaced);

/**
 * Looks which file a request writes, by what is known now.  Where that is the
 * same as before, the credit stays; else it is given back.
 * @param is_final 1: in the handler hook, when it is known which handler runs
 */
void ep_replaced_look(ep_replaced *replaced, request_rec *r, int is_final);

/** Looks at a file that is replaced as a whole.  @param path lives as long as
 * @a replaced */
void ep_replaced_look_at(ep_replaced *replaced, const char *path);

/** @return 1 if there is a file whose bytes could be taken off */
int ep_replaced_has_credit(const ep_replaced *replaced);

/**
 * @param tree a directory
 * @return 1 if measuring the tree counts the file that was found: it lies below,
 *         and no symbolic link leads there
 */
int ep_replaced_is_counted(const ep_replaced *replaced, const char *tree);

/**
 * Takes the credit, unless another upload has it.
 * @param most bytes that may be taken off at most
 */
void ep_replaced_take(ep_replaced *replaced, int64_t most);

/** When all content is there, and nothing was put in its place yet: what is not
 * there any more, or is less, is no credit. */
void ep_replaced_check(ep_replaced *replaced);

/** Gives the credit back. */
void ep_replaced_drop(ep_replaced *replaced);

/** @return bytes that a tree grows by, if so much content is stored
 * @param is_whole 1: @a bytes is all that is going to come */
int64_t ep_replaced_growth(const ep_replaced *replaced, int64_t bytes,
                           int is_whole);

/** @return 1 if another file than the one that was found lies there: mod_dav has
 *          stored all content, whatever the answer says */
int ep_replaced_is_done(const ep_replaced *replaced);

/**
 * When the upload is over.
 * @param bytes all content
 * @return bytes that a tree has more than before; may be below 0
 */
int64_t ep_replaced_stored(const ep_replaced *replaced, int64_t bytes);

/** The same of an upload that failed: mod_dav takes back a file that it made, but
 * not what it wrote into one that was there. */
int64_t ep_replaced_left(const ep_replaced *replaced);

/**
 * @param found what a path led to
 * @return 1 if the path lies below a tree, and no symbolic link leads there
 */
int ep_replaced_lies_below(const char *tree, const char *path,
                           const struct stat *found);

#endif
