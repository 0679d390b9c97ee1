/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/shm_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apr_atomic.h"
#include "apr_general.h"

#define MAGIC "mod_expect_policy ledger"
#define BOOT_SIZE 40
/* Added to the name of a file that cannot be used. */
#define ASIDE ".old"
#define PATH_SIZE 4096
/* The list of children grows by so many entries. */
#define CHILDREN_STEP 64

/* The first page of the file.  It is written last. */
typedef struct front {
    char magic[sizeof(MAGIC) - 1];
    apr_uint32_t layout;
    apr_uint32_t unused;
    /* the ID of the boot since which the times in the book count */
    char boot[BOOT_SIZE];
    /* of ep_shm_book */
    ep_key secret;
} front;

/* compile-time assertion: the size that docs/ledger.md draws */
typedef char a_front_as_drawn[sizeof(front) == 88 ? 1 : -1];

/* A further value of ep_ledger_opened: the file has to be renamed. */
enum { UNUSABLE = EP_LEDGER_MISSING + 1 };

/* One attempt to open the file. */
typedef struct attempt {
    const char *path;
    apr_size_t size;
    /* 1: nothing may be changed */
    int is_dry;
    /* out: -1: not open */
    int fd;
    /* in: the expected front; out: the front in the file */
    front front;
    char *why;
} attempt;

/* Adds a reason.  @return @a result, for the caller to return */
static int say(char *why, int result, const char *what, int error)
{
    const size_t length = strlen(why);

    snprintf(why + length, EP_LEDGER_WHY_SIZE - length, "%s%s%s%s",
             length > 0 ? "; " : "", what, error != 0 ? ": " : "",
             error != 0 ? strerror(error) : "");
    return result;
}

/* Without /proc, each start counts as the first one after a boot. */
static void read_boot(char boot[BOOT_SIZE])
{
    const int fd = open("/proc/sys/kernel/random/boot_id",
                        O_RDONLY | O_CLOEXEC);

    memset(boot, 0, BOOT_SIZE);
    if (fd >= 0) {
        if (read(fd, boot, BOOT_SIZE - 1) < 0) {
            boot[0] = '\0';
        }
        close(fd);
    }
}

static int is_blank(const front *found)
{
    static const front blank;

    return memcmp(found, &blank, sizeof(blank)) == 0;
}

/* @return NULL, or why this server must not use the file */
static const char *is_foreign(const struct stat *found)
{
    return !S_ISREG(found->st_mode) ? "is no regular file"
           : found->st_uid != geteuid() ? "belongs to another user"
           : (found->st_mode & (S_IRWXG | S_IRWXO)) != 0
               ? "can be accessed by other users"
           : found->st_nlink != 1 ? "has more than one hard link"
                                  : NULL;
}

/* @return 0 or an errno; EWOULDBLOCK: another process has the lock */
static int lock_file(int fd)
{
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* There is no such file. */
static int make_file(attempt *a)
{
    char directory[PATH_SIZE];
    char *slash;

    if (a->is_dry) {
        snprintf(directory, sizeof(directory), "%s", a->path);
        slash = strrchr(directory, '/');
        if (slash != NULL) {
            slash[1] = '\0';
        }
        return access(slash != NULL ? directory : ".", W_OK | X_OK) == 0
                   ? EP_LEDGER_NEW
                   : say(a->why, EP_LEDGER_MISSING, "cannot be made", errno);
    }
    a->fd = open(a->path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 S_IRUSR | S_IWUSR);
    return a->fd >= 0 ? EP_LEDGER_FOUND
                      : say(a->why, EP_LEDGER_MISSING, "cannot be made", errno);
}

/* Opens for reading only, since children inherit the descriptor.  With one open for
 * writing, a child could shorten the file, and each process that reads the mapped
 * memory would get SIGBUS.
 * @return FOUND: it is open, and this server may use it */
static int open_file(attempt *a)
{
    struct stat found;
    const char *wrong;

    if (lstat(a->path, &found) != 0) {
        return errno == ENOENT
                   ? make_file(a)
                   : say(a->why, EP_LEDGER_MISSING, "cannot be examined",
                         errno);
    }
    wrong = is_foreign(&found);
    if (wrong != NULL) {
        return say(a->why, UNUSABLE, wrong, 0);
    }
    a->fd = open(a->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (a->fd < 0) {
        return say(a->why, errno == EACCES ? (int)UNUSABLE
                                           : (int)EP_LEDGER_MISSING,
                   "cannot be read", errno);
    }
    return fstat(a->fd, &found) == 0 && is_foreign(&found) == NULL
               ? (int)EP_LEDGER_FOUND
               : say(a->why, EP_LEDGER_MISSING, "has changed meanwhile", 0);
}

/* Reads the front of the file.
 * @return FOUND: it can be used; NEW: it must be filled anew; UNUSABLE */
static int look_at(attempt *a)
{
    struct stat found;
    front is;

    if (fstat(a->fd, &found) != 0 || found.st_size == 0) {
        return EP_LEDGER_NEW;
    }
    if (pread(a->fd, &is, sizeof(is), 0) != (ssize_t)sizeof(is)
        || (!is_blank(&is)
            && (memcmp(is.magic, a->front.magic, sizeof(is.magic)) != 0
                || is.layout != a->front.layout))) {
        return say(a->why, UNUSABLE, "is no ledger, or has another version",
                   0);
    }
    if (is_blank(&is)) {
        return say(a->why, EP_LEDGER_NEW, "was not written completely", 0);
    }
    if (a->front.boot[0] == '\0'
        || memcmp(is.boot, a->front.boot, sizeof(is.boot)) != 0) {
        return say(a->why, EP_LEDGER_NEW,
                   "was made before the machine was booted", 0);
    }
    if (found.st_size != (off_t)(EP_SHM_BOOK_FRONT_SIZE + a->size)) {
        return say(a->why, EP_LEDGER_NEW,
                   "has another size than ExpectPolicyLedger says", 0);
    }
    a->front = is;
    return EP_LEDGER_FOUND;
}

/* Allocates all blocks of the file: if the file system is full, this fails here, and
 * not with SIGBUS in a request.
 * @param fd open for writing
 * @param is_new 1: the old content is deleted */
static int fill_file(attempt *a, int fd, int is_new)
{
    int error;

    if (is_new && ftruncate(fd, 0) != 0) {
        return say(a->why, EP_LEDGER_MISSING, "cannot be emptied", errno);
    }
    if (is_new
        && apr_generate_random_bytes((unsigned char *)&a->front.secret,
                                     sizeof(a->front.secret)) != APR_SUCCESS) {
        return say(a->why, EP_LEDGER_MISSING,
                   "cannot be given random bytes", 0);
    }
    do {
        error = posix_fallocate(fd, 0,
                                EP_SHM_BOOK_FRONT_SIZE + (off_t)a->size);
    } while (error == EINTR);
    if (error == 0 && is_new
        && pwrite(fd, &a->front, sizeof(a->front), 0)
               != (ssize_t)sizeof(a->front)) {
        error = errno;
    }
    if (error != 0) {
        if (is_new && ftruncate(fd, 0) != 0) {
            error = errno;
        }
        return say(a->why, EP_LEDGER_MISSING, "cannot be given its size",
                   error);
    }
    return is_new ? EP_LEDGER_NEW : EP_LEDGER_FOUND;
}

/* Fills the file, which is open and locked, if necessary. */
static int prepare_file(attempt *a)
{
    const int result = look_at(a);
    int fd, filled;

    if (result == EP_LEDGER_NEW && a->why[0] != '\0') {
        say(a->why, 0, "it is made anew", 0);
    }
    if (result == UNUSABLE || a->is_dry) {
        return result;
    }
    fd = ep_shm_book_reopen(a->fd, a->path);
    if (fd < 0) {
        return say(a->why, errno == EACCES ? (int)UNUSABLE
                                           : (int)EP_LEDGER_MISSING,
                   "cannot be written", errno);
    }
    filled = fill_file(a, fd, result == EP_LEDGER_NEW);
    close(fd);
    return filled;
}

/* Another server has the lock.  If its ledger does not fit the configuration, a new
 * file is made at once. */
static int look_at_busy(attempt *a)
{
    return look_at(a) == EP_LEDGER_FOUND
               ? say(a->why, EP_LEDGER_BUSY,
                     "is used by another server, or by children of a server that "
                     "is stopping: nothing is counted until they are done",
                     0)
               : say(a->why, UNUSABLE,
                     "it is used by another server, or by children of a server that "
                     "is stopping", 0);
}

static int try_open(attempt *a)
{
    int result, error;

    a->fd = -1;
    memset(&a->front, 0, sizeof(a->front));
    memcpy(a->front.magic, MAGIC, sizeof(a->front.magic));
    a->front.layout = EP_LEDGER_LAYOUT;
    read_boot(a->front.boot);
    result = open_file(a);
    if (result != EP_LEDGER_FOUND) {
        return result;
    }
    error = lock_file(a->fd);
    return error == 0 ? prepare_file(a)
           : error == EWOULDBLOCK
               ? look_at_busy(a)
               : say(a->why, EP_LEDGER_MISSING, "cannot be locked", error);
}

/* @return 0, or an errno */
static int rename_file(const char *path)
{
    char aside[PATH_SIZE];

    if (snprintf(aside, sizeof(aside), "%s" ASIDE, path)
        >= (int)sizeof(aside)) {
        return ENAMETOOLONG;
    }
    if (rename(path, aside) == 0) {
        return 0;
    }
    /* rename() does not replace a file by a directory, or a directory by a file */
    if ((unlink(aside) == 0 || rmdir(aside) == 0)
        && rename(path, aside) == 0) {
        return 0;
    }
    return errno;
}

/* Renames a file that cannot be used.  @return 1: the name is free now */
static int set_aside(attempt *a)
{
    const char *slash = strrchr(a->path, '/');
    const char *name = slash != NULL ? slash + 1 : a->path;
    const int error = a->is_dry ? 0 : rename_file(a->path);
    char what[EP_LEDGER_WHY_SIZE];

    snprintf(what, sizeof(what), "it %s renamed to %s" ASIDE "%s",
             a->is_dry ? "will be" : error != 0 ? "cannot be" : "was", name,
             a->is_dry ? ""
             : error != 0 ? ", so that there is no ledger: remove it"
                          : ", and another one is made");
    say(a->why, 0, what, error);
    return !a->is_dry && error == 0;
}

static int open_usable(attempt *a)
{
    int result = try_open(a);

    if (result == UNUSABLE) {
        const int is_aside = set_aside(a);

        if (a->fd >= 0) {
            close(a->fd);
            a->fd = -1;
        }
        result = is_aside ? try_open(a)
                 : a->is_dry ? (int)EP_LEDGER_NEW
                             : (int)EP_LEDGER_MISSING;
    }
    if (a->fd >= 0
        && (a->is_dry || result == EP_LEDGER_MISSING || result == UNUSABLE)) {
        close(a->fd);
        a->fd = -1;
    }
    return result == UNUSABLE ? (int)EP_LEDGER_MISSING : result;
}

ep_ledger_opened ep_shm_file_check(const char *path, apr_size_t size,
                                   char why[EP_LEDGER_WHY_SIZE])
{
    attempt a;

    memset(&a, 0, sizeof(a));
    a.path = path;
    a.size = size;
    a.is_dry = 1;
    a.why = why;
    why[0] = '\0';
    return (ep_ledger_opened)open_usable(&a);
}

/* Writes all orders at a start or restart, since other code may have overwritten
 * them. */
static void tell(ep_shm_file *file)
{
    ep_shm_book_orders *orders = file->block.orders;

    orders->is_empty = file->is_new && file->deaths == 0;
    apr_atomic_set32(&orders->deaths, file->deaths);
    apr_atomic_set32(&orders->mend, file->block.configuration);
    apr_atomic_set32(&orders->is_open, file->is_open ? 1 : 0);
}

ep_ledger_opened ep_shm_file_open(ep_shm_file *file, const char *path,
                                  apr_size_t size,
                                  char why[EP_LEDGER_WHY_SIZE])
{
    attempt a;
    int result;

    memset(file, 0, sizeof(*file));
    memset(&a, 0, sizeof(a));
    a.path = path;
    a.size = size;
    a.why = why;
    why[0] = '\0';
    result = open_usable(&a);
    if (result == EP_LEDGER_MISSING) {
        return EP_LEDGER_MISSING;
    }
    file->layout = EP_LEDGER_LAYOUT;
    file->block.fd = a.fd;
    file->block.path = path;
    file->block.size = size;
    file->block.secret = a.front.secret;
    file->block.configuration = 1;
    file->block.orders = ep_shm_book_make_memory(sizeof(*file->block.orders));
    file->block.shared = ep_shm_book_make_shared();
    if (file->block.orders == NULL || file->block.shared == NULL) {
        ep_shm_file_close(file);
        return (ep_ledger_opened)say(why, EP_LEDGER_MISSING, "has no lock", 0);
    }
    file->is_open = result != EP_LEDGER_BUSY;
    file->is_new = result == EP_LEDGER_NEW;
    tell(file);
    return (ep_ledger_opened)result;
}

int ep_shm_file_retry(ep_shm_file *file)
{
    char why[EP_LEDGER_WHY_SIZE] = "";
    struct stat named, ours;
    attempt a;

    if (file->is_open || lock_file(file->block.fd) != 0) {
        return 0;
    }
    memset(&a, 0, sizeof(a));
    a.path = file->block.path;
    a.size = file->block.size;
    a.fd = file->block.fd;
    a.why = why;
    memcpy(a.front.magic, MAGIC, sizeof(a.front.magic));
    a.front.layout = EP_LEDGER_LAYOUT;
    read_boot(a.front.boot);
    /* The file may be used only if it is the one that children have mapped, unchanged,
     * and if the next server will find it by this name. */
    if (lstat(file->block.path, &named) != 0
        || fstat(file->block.fd, &ours) != 0 || named.st_ino != ours.st_ino
        || named.st_dev != ours.st_dev || look_at(&a) != EP_LEDGER_FOUND
        || memcmp(&a.front.secret, &file->block.secret, sizeof(a.front.secret))
               != 0
        || prepare_file(&a) != EP_LEDGER_FOUND) {
        flock(file->block.fd, LOCK_UN);
        return 0;
    }
    file->is_open = 1;
    tell(file);
    return 1;
}

void ep_shm_file_mend(ep_shm_file *file)
{
    if (file->children_count == 0 && !file->has_uncounted) {
        struct ep_shm_book_shared *fresh = ep_shm_book_make_shared();

        if (fresh != NULL) {
            ep_shm_book_drop_shared(file->block.shared);
            file->block.shared = fresh;
        }
    }
    file->block.configuration++;
    tell(file);
}

void ep_shm_file_started(ep_shm_file *file, pid_t pid)
{
    if (file->children_count == file->children_room) {
        const apr_size_t room = file->children_room + CHILDREN_STEP;
        pid_t *more = realloc(file->children, room * sizeof(*more));

        if (more == NULL) {
            file->has_uncounted = 1;
            return;
        }
        file->children = more;
        file->children_room = room;
    }
    file->children[file->children_count++] = pid;
}

void ep_shm_file_ended(ep_shm_file *file, pid_t pid)
{
    ep_shm_book_orders *orders = file->block.orders;
    apr_size_t i;

    for (i = 0; i < file->children_count; i++) {
        if (file->children[i] == pid) {
            file->children[i] = file->children[--file->children_count];
            break;
        }
    }
    orders->dead[file->deaths % EP_SHM_BOOK_DEAD] = (apr_uint32_t)pid;
    file->deaths++;
    apr_atomic_set32(&orders->deaths, file->deaths);
}

void ep_shm_file_close(ep_shm_file *file)
{
    close(file->block.fd);
    if (file->block.orders != NULL) {
        munmap(file->block.orders, sizeof(*file->block.orders));
    }
    if (file->block.shared != NULL) {
        ep_shm_book_drop_shared(file->block.shared);
    }
    free(file->children);
    memset(file, 0, sizeof(*file));
}
