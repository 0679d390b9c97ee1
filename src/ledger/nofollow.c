/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/nofollow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_PATH opens neither pipes nor devices, and needs no right to read. */
#define PLACE (O_PATH | O_NOFOLLOW | O_CLOEXEC)

typedef struct route {
    /* the last directory that was opened; -1: none yet */
    int at;
    int links;
    /* the rest of the path, in text */
    char *rest;
    char text[EP_NOFOLLOW_SIZE];
    /* the path so far, only for the log */
    char been[EP_NOFOLLOW_SIZE];
} route;

static uid_t trusted;

void ep_nofollow_trust(uid_t administrator)
{
    trusted = administrator;
}

static int is_trusted(uid_t owner)
{
    return owner == 0 || owner == trusted;
}

/* 1 if nobody except the administrator may have moved a link into the directory.  The
 * bits of the group are also the mask of an access control list. */
static int is_administrators(const struct stat *link, int directory)
{
    struct stat above;

    return is_trusted(link->st_uid) && fstat(directory, &above) == 0
           && is_trusted(above.st_uid)
           && (above.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int fail(int error)
{
    errno = error;
    return 0;
}

static void go_to(route *way, int fd)
{
    if (way->at >= 0) {
        close(way->at);
    }
    way->at = fd;
}

static void note(route *way, const char *name)
{
    const size_t length = strlen(way->been);

    snprintf(way->been + length, sizeof(way->been) - length, "/%s", name);
}

/* @return 0 with errno */
static int begin(route *way)
{
    const int is_absolute = way->text[0] == '/';
    const int fd = open(is_absolute ? "/" : ".", PLACE | O_DIRECTORY);

    way->rest = way->text;
    if (fd < 0) {
        return 0;
    }
    go_to(way, fd);
    snprintf(way->been, sizeof(way->been), "%s", is_absolute ? "" : ".");
    return 1;
}

/* Removes the next segment from the rest.  @return NULL: there is none */
static const char *take_segment(route *way)
{
    char *name = way->rest + strspn(way->rest, "/");
    char *end = name + strcspn(name, "/");

    way->rest = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return *name != '\0' ? name : NULL;
}

/* Puts the target of a link before the rest.  @return 0 with errno */
static int follow(route *way, int link)
{
    char text[EP_NOFOLLOW_SIZE];
    const size_t left = strlen(way->rest);
    const ssize_t length = readlinkat(link, "", text, sizeof(text));

    if (length <= 0) {
        return length < 0 ? 0 : fail(ENOENT);
    }
    if ((size_t)length + 1 + left >= sizeof(text)) {
        return fail(ENAMETOOLONG);
    }
    text[length] = '/';
    memcpy(text + length + 1, way->rest, left + 1);
    memcpy(way->text, text, (size_t)length + left + 2);
    way->rest = way->text;
    return way->text[0] == '/' ? begin(way) : 1;
}

/* @return 0 with errno */
static int enter(route *way, const char *name, char *link, size_t size)
{
    const int fd = openat(way->at, name, PLACE);
    struct stat found;
    int result;

    if (fd < 0) {
        return 0;
    }
    if (fstat(fd, &found) != 0) {
        result = fail(errno);
    }
    else if (!S_ISLNK(found.st_mode)) {
        note(way, name);
        go_to(way, fd);
        return 1;
    }
    else if (way->links++ < EP_NOFOLLOW_LINKS
             && is_administrators(&found, way->at)) {
        result = follow(way, fd);
    }
    else {
        note(way, name);
        snprintf(link, size, "%s", way->been);
        result = fail(ELOOP);
    }
    close(fd);
    return result;
}

/* Each turn removes a segment of two bytes or more, with its slash.  So the path and
 * the targets of EP_NOFOLLOW_LINKS links bound the turns.  @return 0 with errno */
static int go(route *way, char *link, size_t size)
{
    const char *name;

    while ((name = take_segment(way)) != NULL) {
        if (!enter(way, name, link, size)) {
            return 0;
        }
    }
    return 1;
}

int ep_nofollow_open(const char *path, char *link, size_t size)
{
    route way = { .at = -1 };
    int fd = -1, error;

    link[0] = '\0';
    if (strlen(path) >= sizeof(way.text)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(way.text, path, strlen(path) + 1);
    if (begin(&way) && go(&way, link, size)) {
        fd = openat(way.at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    error = errno;
    go_to(&way, -1);
    errno = error;
    return fd;
}
