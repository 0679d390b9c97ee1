/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Finds the directories that a path with wildcards stands for, in small steps.
 *
 * A pattern means what it means in <Directory>: `*`, `?` and `[]` match within one
 * name, and names that begin with a period as well.  Every directory is opened as
 * ledger/nofollow.h says: links of others than the administrator are not followed,
 * and what lies behind them is not found.  What cannot be opened, or vanishes
 * meanwhile, is not found, either, and is no error.
 *
 * POSIX and apr_fnmatch() alone; t/walk tests it without a server.
 */
#ifndef EP_EXPAND_H
#define EP_EXPAND_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

/** The most names with wildcards in a pattern: each costs a descriptor. */
#define EP_EXPAND_LEVELS 8
/** The longest path that is found, with its NUL. */
#define EP_EXPAND_PATH 1024
/** The most entries of directories that are looked at below one directory that the
 * first wildcard stands for, which may be all that one owner can write to. */
#define EP_EXPAND_BELOW 1024

typedef struct ep_expand {
    /** without a slash at its end; has to live as long as the search */
    const char *pattern;
    /** the directory that was found last */
    char path[EP_EXPAND_PATH];
    struct {
        DIR *dir;
        /** bytes of the path to that directory */
        size_t length;
        /** the name in the pattern, and where the rest begins */
        const char *name;
        const char *rest;
    } level[EP_EXPAND_LEVELS];
    int depth;
    int has_begun;
    /** entries that may still be looked at: in all, and below the first wildcard */
    uint32_t left;
    uint32_t below;
} ep_expand;

typedef enum ep_expand_result {
    /** path is a directory */
    EP_EXPAND_FOUND,
    /** there is more; call ep_expand_go() again */
    EP_EXPAND_MORE,
    /** nothing else is found, or no more entries may be looked at */
    EP_EXPAND_DONE
} ep_expand_result;

/** @param left the most entries to look at */
void ep_expand_begin(ep_expand *expand, const char *pattern, uint32_t left);

/**
 * Goes on until the next directory is found.
 * @param is_enough asked every few entries; 1 ends this step
 */
ep_expand_result ep_expand_go(ep_expand *expand, int (*is_enough)(void *data),
                              void *data);

/** Closes what is open; after any result, and harmless twice. */
void ep_expand_end(ep_expand *expand);

#endif
