/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Finds the directories that a path with wildcards stands for, in small steps.
 *
 * A pattern means what it means in <Directory>: `*`, `?` and `[]` match within one
 * name, also one that begins with a period.  Every directory is opened as
 * ledger/nofollow.h says: only the administrator's links are followed, and nothing
 * behind other links is found.  A directory that cannot be opened, or that vanishes
 * meanwhile, is not found.  This is no error.
 *
 * POSIX and apr_fnmatch() alone; t/walk tests it without a server.
 */
#ifndef EP_EXPAND_H
#define EP_EXPAND_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

/** The most names with wildcards in a pattern.  Each needs a descriptor. */
#define EP_EXPAND_LEVELS 8
/** The longest path that is found, with its NUL, in bytes. */
#define EP_EXPAND_PATH 1024
/** The most entries that are read below each directory that the first wildcard
 * matches.  Such a directory often belongs to one owner, who can make it as large as
 * he likes. */
#define EP_EXPAND_BELOW 1024

typedef struct ep_expand {
    /** without a slash at its end; lives as long as the search */
    const char *pattern;
    /** the directory that was found last */
    char path[EP_EXPAND_PATH];
    struct {
        DIR *dir;
        /** bytes of the path to that directory */
        size_t length;
        /** in the pattern: the name with wildcards, and the rest after it */
        const char *name;
        const char *rest;
    } level[EP_EXPAND_LEVELS];
    int depth;
    int has_begun;
    /** entries that may still be read: in all, and below the current match of the
     * first wildcard */
    uint32_t left;
    uint32_t below;
} ep_expand;

typedef enum ep_expand_result {
    /** path is a directory */
    EP_EXPAND_FOUND,
    /** there is more; call ep_expand_go() again */
    EP_EXPAND_MORE,
    /** nothing else is found, or no more entries may be read */
    EP_EXPAND_DONE
} ep_expand_result;

/** @param pattern absolute, without a slash at its end; lives as long as the search
 * @param left the most entries to read */
void ep_expand_begin(ep_expand *expand, const char *pattern, uint32_t left);

/**
 * Continues until the next directory is found.
 * @param is_enough called once every few entries; 1 ends this step
 */
ep_expand_result ep_expand_go(ep_expand *expand, int (*is_enough)(void *data),
                              void *data);

/** Closes all directories.  Call it after any result; a second call does nothing. */
void ep_expand_end(ep_expand *expand);

#endif
