/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Walks through a tree of files in small steps and adds up their sizes.
 *
 * What counts is each name of a regular file; directories themselves, symbolic
 * links and all else do not.  Links are never followed, except the
 * administrator's on the way to the root (see ledger/nofollow.h).  Other file
 * systems below it are part of it.  What vanishes
 * meanwhile does not count and is no error.
 *
 * POSIX alone, neither httpd nor APR; t/walk tests it without a server.
 */
#ifndef EP_WALK_H
#define EP_WALK_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

/** The most directories above one another, the root included. */
#define EP_WALK_DEPTH 256
/** Beyond so many, one walk goes on at a time, and the others wait: each level
 * costs a descriptor. */
#define EP_WALK_SHALLOW 16
/** Enough of the way to a link for a log line. */
#define EP_WALK_LINK_SIZE 1024

struct ep_walk;

/** What walks that take turns in one thread share; all 0 to begin with. */
typedef struct ep_walk_turns {
    /** the one that is beyond EP_WALK_SHALLOW; NULL: none is */
    const struct ep_walk *deep;
} ep_walk_turns;

typedef struct ep_walk {
    ep_walk_turns *turns;
    const char *root;
    /** bytes so far */
    int64_t bytes;
    /** open directories, and in each the entry that was read last */
    struct {
        DIR *dir;
        const struct dirent *entry;
    } level[EP_WALK_DEPTH];
    int depth;
    /** the last entry was read, but waits for its turn */
    int waits;
    /** on EP_WALK_FAILED: errno; ELOOP: too deep, or a link that is not
     * followed, which is then not empty */
    int error;
    char link[EP_WALK_LINK_SIZE];
} ep_walk;

typedef enum ep_walk_result {
    /** there is more; call ep_walk_go() again */
    EP_WALK_MORE,
    /** bytes is what the tree came to */
    EP_WALK_DONE,
    /** there is no such directory */
    EP_WALK_NONE,
    /** something could not be read, see error and ep_walk_place() */
    EP_WALK_FAILED
} ep_walk_result;

/** @param root has to live as long as the walk */
void ep_walk_begin(ep_walk *walk, ep_walk_turns *turns, const char *root);

/**
 * Goes on for a while.
 * @param is_enough asked every few entries; 1 ends this step
 */
ep_walk_result ep_walk_go(ep_walk *walk, int (*is_enough)(void *data),
                          void *data);

/** Writes where the walk is, cut if there is no room.  @param size above 0 */
void ep_walk_place(const ep_walk *walk, char *out, size_t size);

/** Closes what is open; after any result, and harmless twice. */
void ep_walk_end(ep_walk *walk);

#endif
