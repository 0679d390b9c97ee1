/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/book/amount.h"
#include "ledger/nofollow.h"

/* is_enough() is called once for so many entries.  If the kernel has them in memory,
 * they take a few microseconds. */
#define ENTRIES 32

void ep_walk_begin(ep_walk *walk, ep_walk_turns *turns, const char *root)
{
    memset(walk, 0, sizeof(*walk));
    walk->turns = turns;
    walk->root = root;
}

/* Lets another walk be deep, if this one is not deep any more. */
static void give_turn(ep_walk *walk)
{
    if (walk->depth <= EP_WALK_SHALLOW && walk->turns->deep == walk) {
        walk->turns->deep = NULL;
    }
}

static void leave(ep_walk *walk)
{
    walk->depth--;
    closedir(walk->level[walk->depth].dir);
    give_turn(walk);
}

void ep_walk_end(ep_walk *walk)
{
    while (walk->depth > 0) {
        leave(walk);
    }
}

static ep_walk_result fail(ep_walk *walk, int error)
{
    walk->error = error;
    return EP_WALK_FAILED;
}

static ep_walk_result enter(ep_walk *walk, int fd)
{
    DIR *dir = fdopendir(fd);

    if (dir == NULL) {
        const int error = errno;

        close(fd);
        return fail(walk, error);
    }
    walk->level[walk->depth].dir = dir;
    walk->level[walk->depth].entry = NULL;
    walk->depth++;
    return EP_WALK_MORE;
}

static ep_walk_result enter_root(ep_walk *walk)
{
    const int fd = ep_nofollow_open(walk->root, walk->link,
                                    sizeof(walk->link));

    if (fd >= 0) {
        return enter(walk, fd);
    }
    return errno == ENOENT ? EP_WALK_NONE : fail(walk, errno);
}

/* 1 if the entry was deleted or replaced meanwhile */
static int has_vanished(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP
           || error == ESTALE;
}

static ep_walk_result enter_entry(ep_walk *walk, int parent, const char *name)
{
    int fd;

    if (walk->depth == EP_WALK_DEPTH) {
        return fail(walk, ELOOP);
    }
    if (walk->depth >= EP_WALK_SHALLOW && walk->turns->deep != walk) {
        if (walk->turns->deep != NULL) {
            walk->waits = 1;
            return EP_WALK_MORE;
        }
        walk->turns->deep = walk;
    }
    fd = openat(parent, name,
                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        return enter(walk, fd);
    }
    if (!has_vanished(errno)) {
        return fail(walk, errno);
    }
    give_turn(walk);
    return EP_WALK_MORE;
}

static ep_walk_result take_entry(ep_walk *walk, const struct dirent *entry)
{
    const int parent = dirfd(walk->level[walk->depth - 1].dir);
    const char *name = entry->d_name;
    struct stat found;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return EP_WALK_MORE;
    }
    if (entry->d_type == DT_DIR) {
        return enter_entry(walk, parent, name);
    }
    /* some file systems do not tell the type */
    if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN) {
        return EP_WALK_MORE;
    }
    if (fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
        return has_vanished(errno) ? EP_WALK_MORE : fail(walk, errno);
    }
    if (S_ISDIR(found.st_mode)) {
        return enter_entry(walk, parent, name);
    }
    if (S_ISREG(found.st_mode)) {
        walk->bytes = ep_amount_plus(walk->bytes, found.st_size);
    }
    return EP_WALK_MORE;
}

static ep_walk_result step(ep_walk *walk)
{
    const int top = walk->depth - 1;

    if (walk->waits) {
        walk->waits = 0;
        return take_entry(walk, walk->level[top].entry);
    }
    errno = 0;
    walk->level[top].entry = readdir(walk->level[top].dir);
    if (walk->level[top].entry != NULL) {
        return take_entry(walk, walk->level[top].entry);
    }
    if (errno != 0 && !has_vanished(errno)) {
        return fail(walk, errno);
    }
    leave(walk);
    return walk->depth > 0 ? EP_WALK_MORE : EP_WALK_DONE;
}

ep_walk_result ep_walk_go(ep_walk *walk, int (*is_enough)(void *data),
                          void *data)
{
    ep_walk_result result = EP_WALK_MORE;
    int i;

    if (walk->depth == 0) {
        result = enter_root(walk);
    }
    while (result == EP_WALK_MORE) {
        for (i = 0; i < ENTRIES && result == EP_WALK_MORE; i++) {
            result = step(walk);
            if (walk->waits) {
                return result;
            }
        }
        if (result == EP_WALK_MORE && is_enough(data)) {
            return result;
        }
    }
    return result;
}

void ep_walk_place(const ep_walk *walk, char *out, size_t size)
{
    size_t length;
    int i;

    snprintf(out, size, "%s", walk->root);
    for (i = 0; i < walk->depth && walk->level[i].entry != NULL; i++) {
        length = strlen(out);
        snprintf(out + length, size - length, "/%s",
                 walk->level[i].entry->d_name);
    }
}
