/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/expand.h"

#include <string.h>
#include <unistd.h>

#include "apr_fnmatch.h"

#include "ledger/nofollow.h"

/* is_enough() is called once for so many entries.  Opening a directory counts as so
 * many entries. */
#define ENTRIES 32
#define OPENING 8
/* The name of a link is not used here. */
#define LINK_SIZE 16

void ep_expand_begin(ep_expand *expand, const char *pattern, uint32_t left)
{
    memset(expand, 0, sizeof(*expand));
    expand->pattern = pattern;
    expand->left = left;
}

static void leave(ep_expand *expand)
{
    expand->depth--;
    closedir(expand->level[expand->depth].dir);
}

void ep_expand_end(ep_expand *expand)
{
    while (expand->depth > 0) {
        leave(expand);
    }
}

/* Counts entries that are read.  @return 0: no more may be read */
static int spend(ep_expand *expand, uint32_t entries)
{
    if (expand->left < entries
        || (expand->depth > 1 && expand->below < entries)) {
        return 0;
    }
    expand->left -= entries;
    if (expand->depth > 1) {
        expand->below -= entries;
    }
    return 1;
}

/* Adds one name to the path.
 * @param length of the path so far
 * @return the length with it; 0: it is too long */
static size_t append(ep_expand *expand, size_t length, const char *name,
                     size_t bytes)
{
    if (bytes + 2 > sizeof(expand->path) - length) {
        return 0;
    }
    expand->path[length] = '/';
    memcpy(expand->path + length + 1, name, bytes);
    expand->path[length + 1 + bytes] = '\0';
    return length + 1 + bytes;
}

/* @return a descriptor; -1: the path does not exist, or has a link that must not be
 * followed */
static int open_path(ep_expand *expand)
{
    char link[LINK_SIZE];

    return spend(expand, OPENING)
               ? ep_nofollow_open(expand->path[0] != '\0' ? expand->path : "/",
                                  link, sizeof(link))
               : -1;
}

/* Begins to read the directory of the current path, to find names that match
 * @a name. */
static void enter(ep_expand *expand, size_t length, const char *name,
                  const char *rest)
{
    const int fd = expand->depth < EP_EXPAND_LEVELS ? open_path(expand) : -1;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    expand->level[expand->depth].dir = dir;
    expand->level[expand->depth].length = length;
    expand->level[expand->depth].name = name;
    expand->level[expand->depth].rest = rest;
    expand->depth++;
}

/* @return 1 if the path, which the whole pattern matches, is a directory */
static int is_found(ep_expand *expand)
{
    int fd;

    if (apr_fnmatch(expand->pattern, expand->path, APR_FNM_PATHNAME)
        != APR_SUCCESS) {
        return 0;
    }
    fd = open_path(expand);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* Adds the names of the pattern up to the next one with wildcards.
 * @param rest of the pattern
 * @return 1 if the path is a match of the whole pattern */
static int descend(ep_expand *expand, size_t length, const char *rest)
{
    for (;;) {
        const char *name = rest + strspn(rest, "/");
        const size_t bytes = strcspn(name, "/");

        if (bytes == 0) {
            return is_found(expand);
        }
        if (strcspn(name, "*?[\\") < bytes) {
            enter(expand, length, name, name + bytes);
            return 0;
        }
        length = append(expand, length, name, bytes);
        if (length == 0) {
            return 0;
        }
        rest = name + bytes;
    }
}

/* Some file systems do not tell the type.  A link may belong to the administrator. */
static int may_be_directory(const struct dirent *entry)
{
    return entry->d_type == DT_DIR || entry->d_type == DT_LNK
           || entry->d_type == DT_UNKNOWN;
}

/* @return 1 if an entry matches the name with wildcards */
static int is_like(const ep_expand *expand, const struct dirent *entry)
{
    const int top = expand->depth - 1;
    const char *name = expand->level[top].name;
    const size_t bytes = strcspn(name, "/");
    char text[EP_EXPAND_PATH];

    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0
        || !may_be_directory(entry) || bytes >= sizeof(text)) {
        return 0;
    }
    memcpy(text, name, bytes);
    text[bytes] = '\0';
    return apr_fnmatch(text, entry->d_name, APR_FNM_PATHNAME) == APR_SUCCESS;
}

/* Reads the next entry.
 * @return 1 if the path is a match of the whole pattern */
static int step(ep_expand *expand)
{
    const int top = expand->depth - 1;
    const struct dirent *entry;
    size_t length;

    if (!spend(expand, 1) || (entry = readdir(expand->level[top].dir)) == NULL) {
        leave(expand);
        return 0;
    }
    if (!is_like(expand, entry)) {
        return 0;
    }
    if (expand->depth == 1) {
        expand->below = EP_EXPAND_BELOW;
    }
    length = append(expand, expand->level[top].length, entry->d_name,
                    strlen(entry->d_name));
    return length > 0 && descend(expand, length, expand->level[top].rest);
}

ep_expand_result ep_expand_go(ep_expand *expand, int (*is_enough)(void *data),
                              void *data)
{
    int i;

    if (!expand->has_begun) {
        expand->has_begun = 1;
        if (descend(expand, 0, expand->pattern)) {
            return EP_EXPAND_FOUND;
        }
    }
    while (expand->depth > 0) {
        for (i = 0; i < ENTRIES && expand->depth > 0; i++) {
            if (step(expand)) {
                return EP_EXPAND_FOUND;
            }
        }
        if (expand->depth > 0 && is_enough(data)) {
            return EP_EXPAND_MORE;
        }
    }
    return EP_EXPAND_DONE;
}
