/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The file that a PUT of mod_dav writes: its size before, and by how much the upload
 * makes the tree larger or smaller.
 *
 * A PUT replaces a file.  The size of the old file can then be subtracted: this is
 * the credit.  Only one upload at a time has the credit of a file.  The ledger
 * guarantees this by a claim, which ends with the upload, or with the process.  A PUT
 * with Content-Range writes into the file, and may make it longer.
 */
#ifndef EP_REPLACED_H
#define EP_REPLACED_H

#include <sys/stat.h>

#include "request/request.h"

#include "ledger/provider.h"

typedef struct ep_replaced {
    /** the file that is written; NULL: not known: all content that comes counts */
    const char *path;
    /** 1: only this range of the file is written */
    int is_partial;
    ep_range range;
    /** if is_found: the old file.  It is open unless `file` is -1, so that no other
     * file can get its inode number */
    int is_found;
    int file;
    struct stat found;
    /** bytes that are freed when the file is replaced */
    int64_t credit;
    /** the claim for the credit */
    ep_ledger_claim claim;
    /** 1: no claim is made, since the upload is only explained */
    int is_asked;
} ep_replaced;

/** In post_config, when all modules are there. */
void ep_replaced_start(void);

/** Initializes the struct: no file. */
void ep_replaced_init(ep_replaced *replaced);

/**
 * Finds out which file a request writes, from what is known now.  If the file and the
 * range are the same as before, the credit stays; otherwise it is given back.
 * @param is_final 1: in the handler hook, when it is known which handler runs
 */
void ep_replaced_look(ep_replaced *replaced, request_rec *r, int is_final);

/** Notes that the file at @a path is replaced as a whole.  The credit of an earlier
 * file is given back.  @param path lives as long as @a replaced */
void ep_replaced_look_at(ep_replaced *replaced, const char *path);

/** @return 1 if there is a file whose size can be subtracted */
int ep_replaced_has_credit(const ep_replaced *replaced);

/**
 * @param tree a directory
 * @return 1 if measuring the tree counts the file that was found: the file lies below
 *         it, without a symbolic link on the path
 */
int ep_replaced_is_counted(const ep_replaced *replaced, const char *tree);

/**
 * Takes the credit, unless another upload has it.
 * @param most the largest credit, in bytes
 */
void ep_replaced_take(ep_replaced *replaced, int64_t most);

/** Call it when all content has come, before the file is replaced: makes the credit
 * smaller if the file is smaller now, or 0 if it is another file. */
void ep_replaced_check(ep_replaced *replaced);

/** Gives the credit back. */
void ep_replaced_drop(ep_replaced *replaced);

/** @param bytes of content that is stored
 * @param is_whole 1: there will be no more content
 * @return bytes by which the tree grows */
int64_t ep_replaced_growth(const ep_replaced *replaced, int64_t bytes,
                           int is_whole);

/** @return 1 if there is another file than before at the path: mod_dav has stored all
 *         content, also if the answer is an error */
int ep_replaced_is_done(const ep_replaced *replaced);

/**
 * Call it when the upload is over.
 * @param bytes all content
 * @return bytes that the tree has more than before; may be below 0
 */
int64_t ep_replaced_stored(const ep_replaced *replaced, int64_t bytes);

/** The same for an upload that failed: mod_dav removes a new file, but leaves what it
 * has written into an old one. */
int64_t ep_replaced_left(const ep_replaced *replaced);

/**
 * @param found the file at @a path
 * @return 1 if @a path leads to this file below the tree, without a symbolic link
 */
int ep_replaced_lies_below(const char *tree, const char *path,
                           const struct stat *found);

#endif
