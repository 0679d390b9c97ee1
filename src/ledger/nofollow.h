/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Opens the root of a tree without following the links of those who own parts
 * of the way to it.
 *
 * Each segment is opened by itself, from the directory before it, and never
 * followed: what is looked at is what is opened, and no swap comes in between.
 * A link is followed only if it belongs to the administrator and lies in a
 * directory that belongs to the administrator, too, and that nobody else may
 * write to: elsewhere, it may have been moved there.  What it leads to is opened
 * in the same way.
 *
 * POSIX and O_PATH alone, neither httpd nor APR; t/walk tests it.
 */
#ifndef EP_NOFOLLOW_H
#define EP_NOFOLLOW_H

#include <stddef.h>
#include <sys/types.h>

/** The most links on the way. */
#define EP_NOFOLLOW_LINKS 8
/** The longest way, in bytes with its NUL, once links are put in. */
#define EP_NOFOLLOW_SIZE 4096

/**
 * Says who the administrator is besides root: who started httpd, if that was
 * another user.  Before there are threads.  Without it: root alone.
 */
void ep_nofollow_trust(uid_t administrator);

/**
 * @param path from the root directory, or from the current one
 * @param link the way to the link that was not followed, cut if there is no
 *        room; otherwise empty
 * @param size of that, above 0
 * @return a descriptor that can be read, to be closed by the caller; -1: errno
 *         is set, ELOOP with a link: it was not followed
 */
int ep_nofollow_open(const char *path, char *link, size_t size);

#endif
