/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Opens the root of a tree, and follows no links except the administrator's.
 *
 * Each segment of the path is opened by itself, relative to the directory before it,
 * and without following it.  The check is made on the open file, so nobody can swap
 * the file between the check and the use.  A link is followed only if the
 * administrator owns it and its directory, and nobody else may write to that
 * directory: otherwise somebody may have moved the link there.  The target of a link
 * is opened in the same way.
 *
 * Needs POSIX and O_PATH only, neither httpd nor APR; t/walk tests it.
 */
#ifndef EP_NOFOLLOW_H
#define EP_NOFOLLOW_H

#include <stddef.h>
#include <sys/types.h>

/** The most links on a path. */
#define EP_NOFOLLOW_LINKS 8
/** The longest path with the targets of its links, with its NUL, in bytes. */
#define EP_NOFOLLOW_SIZE 4096

/**
 * Sets the user that is the administrator besides root: the user that started httpd.
 * Call it before there are threads.  Without this call, only root is.
 */
void ep_nofollow_trust(uid_t administrator);

/**
 * @param path absolute, or relative to the current directory
 * @param link out: the path of a link that was not followed, cut if it is longer
 *        than @a size; else empty
 * @param size of @a link in bytes, above 0
 * @return a descriptor of the directory, open for reading; the caller closes it.
 *         -1: errno is set; ELOOP and a link: the link was not followed
 */
int ep_nofollow_open(const char *path, char *link, size_t size);

#endif
