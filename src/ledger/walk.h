/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Walks through a tree of files in small steps and adds up their sizes.
 *
 * Only regular files count, once for each of their names; directories, symbolic links
 * and other files do not.  Links are not followed, except the administrator's on the
 * path of the root (see ledger/nofollow.h).  File systems that are mounted below the
 * root count, too.  A file that vanishes meanwhile does not count, and is no error.
 *
 * Needs POSIX only, neither httpd nor APR; t/walk tests it without a server.
 */
#ifndef EP_WALK_H
#define EP_WALK_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

/** The deepest directory, the root included. */
#define EP_WALK_DEPTH 256
/** Only one walk at a time may be deeper than this, and the others wait, since each
 * level needs a descriptor. */
#define EP_WALK_SHALLOW 16
/** The most bytes of the path of a link in a log line. */
#define EP_WALK_LINK_SIZE 1024

struct ep_walk;

/** Shared by all walks of one thread; all 0 at first. */
typedef struct ep_walk_turns {
    /** the walk that is deeper than EP_WALK_SHALLOW; NULL: none is */
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
    /** on EP_WALK_FAILED: errno.  ELOOP: `link` must not be followed; if `link` is
     * empty, the tree is too deep */
    int error;
    char link[EP_WALK_LINK_SIZE];
} ep_walk;

typedef enum ep_walk_result {
    /** there is more; call ep_walk_go() again */
    EP_WALK_MORE,
    /** the walk has ended: `bytes` is the size of the tree */
    EP_WALK_DONE,
    /** there is no such directory */
    EP_WALK_NONE,
    /** something could not be read: see `error` and ep_walk_place() */
    EP_WALK_FAILED
} ep_walk_result;

/** @param root has to live as long as the walk */
void ep_walk_begin(ep_walk *walk, ep_walk_turns *turns, const char *root);

/**
 * Continues for a while.
 * @param is_enough called once every few entries; 1 ends this step
 */
ep_walk_result ep_walk_go(ep_walk *walk, int (*is_enough)(void *data),
                          void *data);

/** Writes the path of the current entry, cut if it is longer than @a size, which is
 * above 0. */
void ep_walk_place(const ep_walk *walk, char *out, size_t size);

/** Closes all directories.  Call it after any result; a second call does nothing. */
void ep_walk_end(ep_walk *walk);

#endif
