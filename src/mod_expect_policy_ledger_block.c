/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "mod_expect_policy_ledger_block.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "apr_atomic.h"
#include "apr_general.h"
#include "apr_siphash.h"
#include "apr_time.h"

#include "mod_expect_policy_clock.h"

/* How long a call waits for the lock: by a clock that nobody sets, where the C
 * library can.  ThreadSanitizer does not know that call. */
#define PATIENCE_NSEC (100 * 1000000L)
#if defined(__GLIBC_PREREQ) && !defined(__SANITIZE_THREAD__)
#if __GLIBC_PREREQ(2, 30)
#define LOCK_CLOCK CLOCK_MONOTONIC
#define lock_until(mutex, until) \
    pthread_mutex_clocklock(mutex, LOCK_CLOCK, until)
#endif
#endif
#ifndef LOCK_CLOCK
#define LOCK_CLOCK CLOCK_REALTIME
#define lock_until(mutex, until) pthread_mutex_timedlock(mutex, until)
#endif
/* How often the file's lock is tried. */
#define RETRY_USEC 50000
/* Places for trees that are looked at while the lock is held. */
#define LOOKS 256u
/* Claims that could not be given back at once, of all children. */
#define OWED_MOST 256

/*
 *   the file                        memory of its own, inherited by fork
 *   0      +-----------+            +-------------------------+
 *          | front     |            | mutex                   |
 *   4096   +-----------+            | any  owed[0] owed[1] ...|
 *          | book      |            +-------------------------+
 *          |   ...     |
 *
 * Whatever becomes of the file's bytes, the lock is not among them.
 */
#define FRONT_SIZE 4096
#define MAGIC "mod_expect_policy ledger"
#define BOOT_SIZE 40

/* What the file is; written when all else is there. */
typedef struct front {
    char magic[sizeof(MAGIC) - 1];
    apr_uint32_t layout;
    apr_uint32_t unused;
    /* the boot of the machine whose times are in the book */
    char boot[BOOT_SIZE];
    /* of ep_block */
    ep_key secret;
} front;

/* What is drawn in docs/ledger.md; an array of a negative size is no type. */
typedef char a_front_as_drawn[sizeof(front) == 88 ? 1 : -1];

enum { OWED_NOTHING, OWED_UNFINISHED, OWED_READY };

typedef struct owed {
    volatile apr_uint32_t state;
    int is_settled;
    ep_claim claim;
    apr_int64_t received;
    apr_int64_t stored;
} owed;

struct ep_block_shared {
    pthread_mutex_t mutex;
    /* 1: something is owed */
    volatile apr_uint32_t any;
    owed owed[OWED_MOST];
};

/* Set in the parent, before there are children or threads. */
static const ep_block *block;
static ep_book book;

/* Opening */

/* Says why; @return what was given, for the caller to return. */
static ep_block_opened say(char *why, ep_block_opened result,
                           const char *format, int error)
{
    const int length = snprintf(why, EP_BLOCK_WHY_SIZE, "%s", format);

    if (error != 0 && length > 0 && length < EP_BLOCK_WHY_SIZE) {
        snprintf(why + length, (size_t)(EP_BLOCK_WHY_SIZE - length), ": %s",
                 strerror(error));
    }
    return result;
}

/* Without /proc, every start is one after a boot. */
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

/* @return 0, or an errno: EAGAIN, somebody else has it */
static int lock_file(int fd, apr_int64_t patience)
{
    const apr_int64_t until = ep_clock_now() + patience;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR && (errno != EAGAIN || ep_clock_now() >= until)) {
            return errno;
        }
        apr_sleep(RETRY_USEC);
    }
    return 0;
}

/* The file is ours alone, and locked from then on.  Children inherit this
 * descriptor: by one that is open for writing they could shorten the file, and
 * then whoever looks at the mapping is killed, the parent, too. */
static ep_block_opened open_file(const char *path, apr_int64_t patience,
                                 int *fd, char *why)
{
    struct stat found;
    int error;

    *fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
               S_IRUSR | S_IWUSR);
    if (*fd < 0) {
        error = errno;
        return lstat(path, &found) == 0
                   ? say(why, EP_BLOCK_REFUSED,
                         "is not a file of the server's own: remove it", error)
                   : say(why, EP_BLOCK_MISSING, "cannot be made", error);
    }
    if (fstat(*fd, &found) != 0) {
        return say(why, EP_BLOCK_MISSING, "cannot be looked at", errno);
    }
    if (!S_ISREG(found.st_mode)) {
        return say(why, EP_BLOCK_REFUSED, "is no file: remove it", 0);
    }
    if (found.st_uid != geteuid()) {
        return say(why, EP_BLOCK_REFUSED,
                   "belongs to another user: remove it", 0);
    }
    if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return say(why, EP_BLOCK_REFUSED,
                   "is open to other users: remove it", 0);
    }
    if (found.st_nlink != 1) {
        return say(why, EP_BLOCK_REFUSED, "has several names: remove it", 0);
    }
    error = lock_file(*fd, patience);
    if (error == EAGAIN) {
        return say(why, EP_BLOCK_REFUSED,
                   "is used by another server, or by children of one that is "
                   "stopping: wait for them, or give this server a "
                   "DefaultRuntimeDir of its own", 0);
    }
    if (error != 0) {
        return say(why, EP_BLOCK_MISSING, "cannot be locked", error);
    }
    return EP_BLOCK_FOUND;
}

/* Once more, to fill it: for the time of the start.
 * @return -1: something else has its name now, or errno says why */
static int open_to_write(const char *path, int locked)
{
    const int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat found, ours;

    if (fd >= 0
        && (fstat(fd, &found) != 0 || fstat(locked, &ours) != 0
            || found.st_dev != ours.st_dev || found.st_ino != ours.st_ino)) {
        close(fd);
        errno = ESTALE;
        return -1;
    }
    return fd;
}

/* @return FOUND, NEW or REFUSED: what the file's content is good for */
static ep_block_opened look_at(int fd, apr_size_t size, const front *wanted,
                               char *why)
{
    struct stat found;
    front is;

    if (fstat(fd, &found) != 0 || found.st_size == 0) {
        return EP_BLOCK_NEW;
    }
    if (pread(fd, &is, sizeof(is), 0) != (ssize_t)sizeof(is)
        || (!is_blank(&is)
            && (memcmp(is.magic, wanted->magic, sizeof(is.magic)) != 0
                || is.layout != wanted->layout))) {
        return say(why, EP_BLOCK_REFUSED,
                   "is no ledger, or one of another version: remove it", 0);
    }
    if (is_blank(&is)) {
        return say(why, EP_BLOCK_NEW,
                   "was not finished, and is made anew", 0);
    }
    if (wanted->boot[0] == '\0'
        || memcmp(is.boot, wanted->boot, sizeof(is.boot)) != 0) {
        return say(why, EP_BLOCK_NEW,
                   "is of before the machine was booted, and is made anew", 0);
    }
    if (found.st_size != (off_t)size) {
        return say(why, EP_BLOCK_NEW,
                   "has another size than ExpectPolicyLedger says, and is "
                   "made anew", 0);
    }
    return EP_BLOCK_FOUND;
}

/* @return NULL: it cannot be had */
static struct ep_block_shared *make_shared(void)
{
    struct ep_block_shared *shared = mmap(NULL, sizeof(*shared),
                                          PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t kind;
    int failed;

    if (shared == MAP_FAILED) {
        return NULL;
    }
    failed = pthread_mutexattr_init(&kind);
    if (!failed) {
        /* a signal handler of prefork's ends the child with all its pools,
         * maybe while the child has the lock: that is told, and not waited
         * for */
        failed = pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK)
                 || pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED)
                 || pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST)
                 || pthread_mutex_init(&shared->mutex, &kind);
        pthread_mutexattr_destroy(&kind);
    }
    if (failed) {
        munmap(shared, sizeof(*shared));
        return NULL;
    }
    return shared;
}

static int is_nobody_alive(uint32_t owner, void *data)
{
    (void)owner;
    (void)data;
    return 0;
}

/* The file is locked, and open to write; the block gets what it is to hold. */
static ep_block_opened map_file(ep_block *made, int fd, char *why)
{
    ep_block_opened result;
    ep_book found;
    front wanted;
    int error;

    memset(&wanted, 0, sizeof(wanted));
    memcpy(wanted.magic, MAGIC, sizeof(wanted.magic));
    wanted.layout = EP_BLOCK_LAYOUT;
    read_boot(wanted.boot);
    result = look_at(fd, FRONT_SIZE + made->size, &wanted, why);
    if (result == EP_BLOCK_REFUSED) {
        return result;
    }
    if (result == EP_BLOCK_NEW && ftruncate(fd, 0) != 0) {
        return say(why, EP_BLOCK_MISSING, "cannot be emptied", errno);
    }
    if (result == EP_BLOCK_NEW
        && apr_generate_random_bytes((unsigned char *)&wanted.secret,
                                     sizeof(wanted.secret)) != APR_SUCCESS) {
        return say(why, EP_BLOCK_MISSING, "has no random bytes to begin with",
                   0);
    }
    /* a full file system is met here, and not as a signal in a request */
    do {
        error = posix_fallocate(fd, 0, FRONT_SIZE + (off_t)made->size);
    } while (error == EINTR);
    if (error != 0) {
        if (result == EP_BLOCK_NEW && ftruncate(fd, 0) != 0) {
            error = errno;
        }
        return say(why, EP_BLOCK_MISSING, "cannot be given its size", error);
    }
    made->memory = mmap(NULL, FRONT_SIZE + made->size, PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);
    if (made->memory == MAP_FAILED) {
        made->memory = NULL;
        return say(why, EP_BLOCK_MISSING, "cannot be mapped", errno);
    }
    if (!ep_book_lay_out(&found, (char *)made->memory + FRONT_SIZE,
                         made->size)) {
        return say(why, EP_BLOCK_MISSING, "has no size of a ledger", 0);
    }
    if (result == EP_BLOCK_NEW) {
        ep_book_clear(&found);
        memcpy(made->memory, &wanted, sizeof(wanted));
    }
    else if (!ep_book_is_valid(&found)) {
        return say(why, EP_BLOCK_REFUSED,
                   "is corrupt, or of another version: remove it", 0);
    }
    else {
        ep_book_enter(&found);
        ep_book_recover(&found, is_nobody_alive, NULL);
        ep_book_repair(&found);
        ep_book_leave(&found);
    }
    made->secret = ((const front *)made->memory)->secret;
    made->shared = make_shared();
    if (made->shared == NULL) {
        return say(why, EP_BLOCK_MISSING, "has no lock", 0);
    }
    return result;
}

ep_block_opened ep_block_open(ep_block *made, const char *path,
                              apr_size_t size, apr_int64_t patience,
                              char why[EP_BLOCK_WHY_SIZE])
{
    ep_block_opened result;

    why[0] = '\0';
    memset(made, 0, sizeof(*made));
    made->layout = EP_BLOCK_LAYOUT;
    made->size = size;
    result = open_file(path, patience, &made->fd, why);
    if (result == EP_BLOCK_FOUND) {
        const int fd = open_to_write(path, made->fd);

        result = fd < 0 ? say(why, EP_BLOCK_REFUSED,
                              "cannot be written: remove it", errno)
                        : map_file(made, fd, why);
        if (fd >= 0) {
            close(fd);
        }
    }
    if (result == EP_BLOCK_MISSING || result == EP_BLOCK_REFUSED) {
        if (made->memory != NULL) {
            munmap(made->memory, FRONT_SIZE + size);
        }
        if (made->fd >= 0) {
            close(made->fd);
        }
    }
    return result;
}

void ep_block_use(const ep_block *opened)
{
    block = opened;
    if (opened != NULL) {
        ep_book_lay_out(&book, (char *)opened->memory + FRONT_SIZE,
                        opened->size);
    }
}

/* Keys */

/* A key is a digest of what clients and site owners choose, so the book's place for
 * it must not follow from it: a keyed hash of both halves, for each half. */
static ep_key key_here(ep_key key)
{
    unsigned char secret[APR_SIPHASH_KSIZE];
    uint64_t words[3];
    ep_key here;

    memcpy(secret, &block->secret, sizeof(secret));
    words[0] = key.high;
    words[1] = key.low;
    words[2] = 0;
    here.high = apr_siphash24(words, sizeof(words), secret);
    words[2] = 1;
    here.low = apr_siphash24(words, sizeof(words), secret);
    return here;
}

/* @param here EP_PARTS_MAX places
 * @return 0: there are more */
static int parts_here(const ep_part *parts, size_t count, ep_part *here)
{
    size_t i;

    if (block == NULL || count > EP_PARTS_MAX) {
        return block == NULL;
    }
    for (i = 0; i < count; i++) {
        here[i] = parts[i];
        here[i].key = key_here(parts[i].key);
    }
    return 1;
}

/* The lock */

static int lock_for_long(pthread_mutex_t *mutex)
{
    struct timespec until;

    clock_gettime(LOCK_CLOCK, &until);
    until.tv_nsec += PATIENCE_NSEC;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    return lock_until(mutex, &until);
}

static apr_status_t lock(void)
{
    pthread_mutex_t *mutex;
    int error;

    if (block == NULL) {
        return APR_EINIT;
    }
    mutex = &block->shared->mutex;
    error = pthread_mutex_trylock(mutex);
    if (error == EBUSY) {
        error = lock_for_long(mutex);
    }
    if (error == EOWNERDEAD) {
        /* what that one left undone is for ep_book_enter() to see */
        error = pthread_mutex_consistent(mutex);
    }
    return error == ETIMEDOUT || error == EDEADLK ? APR_TIMEUP : error;
}

static void unlock(void)
{
    pthread_mutex_unlock(&block->shared->mutex);
}

/* Who could not have the lock in time leaves here what is to be done.  If there
 * is no place, the claim stays until its child ends. */
static void owe(const ep_claim *claim, int is_settled, apr_int64_t received,
                apr_int64_t stored)
{
    struct ep_block_shared *shared = block->shared;
    unsigned int i;

    for (i = 0; i < OWED_MOST; i++) {
        owed *next = &shared->owed[i];

        if (apr_atomic_cas32(&next->state, OWED_UNFINISHED, OWED_NOTHING)
            == OWED_NOTHING) {
            next->is_settled = is_settled;
            next->claim = *claim;
            next->received = received;
            next->stored = stored;
            apr_atomic_set32(&next->state, OWED_READY);
            apr_atomic_set32(&shared->any, 1);
            return;
        }
    }
}

/* Whoever has the lock does what others could not. */
static void pay(void)
{
    struct ep_block_shared *shared = block->shared;
    unsigned int i;

    if (apr_atomic_read32(&shared->any) == 0) {
        return;
    }
    apr_atomic_set32(&shared->any, 0);
    for (i = 0; i < OWED_MOST; i++) {
        owed *next = &shared->owed[i];

        if (apr_atomic_read32(&next->state) == OWED_READY) {
            if (next->is_settled) {
                ep_book_settle(&book, ep_clock_now(), &next->claim,
                               next->received, next->stored);
            }
            else {
                ep_book_release(&book, &next->claim);
            }
            apr_atomic_set32(&next->state, OWED_NOTHING);
        }
    }
}

static apr_status_t enter(void)
{
    const apr_status_t rv = lock();

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!ep_book_is_valid(&book)) {
        unlock();
        return APR_EGENERAL;
    }
    ep_book_enter(&book);
    pay();
    return APR_SUCCESS;
}

static void leave(void)
{
    ep_book_leave(&book);
    unlock();
}

apr_status_t ep_block_mend(void)
{
    apr_status_t rv = lock();

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (ep_book_is_valid(&book)) {
        ep_book_enter(&book);
        ep_book_repair(&book);
        ep_book_leave(&book);
    }
    else {
        ep_book_clear(&book);
        rv = APR_EGENERAL;
    }
    unlock();
    return rv;
}

/* The calls */

apr_status_t ep_block_reserve(const ep_part *parts, size_t count,
                              int is_lenient, ep_claim *claim,
                              ep_book_result *result, ep_denial *denial)
{
    ep_part here[EP_PARTS_MAX];
    apr_status_t rv;

    if (!parts_here(parts, count, here)) {
        *result = EP_BOOK_FULL;
        return APR_SUCCESS;
    }
    rv = enter();
    if (rv == APR_SUCCESS) {
        *result = ep_book_reserve(&book, (uint32_t)getpid(), ep_clock_now(),
                                  here, count, is_lenient, claim, denial);
        leave();
    }
    return rv;
}

apr_status_t ep_block_grow(const ep_part *parts, size_t count,
                           const ep_claim *claim, apr_int64_t least,
                           apr_int64_t most, apr_int64_t *granted,
                           ep_book_result *result, ep_denial *denial)
{
    ep_part here[EP_PARTS_MAX];
    apr_status_t rv;

    if (!parts_here(parts, count, here)) {
        *result = EP_BOOK_FULL;
        return APR_SUCCESS;
    }
    rv = enter();
    if (rv == APR_SUCCESS) {
        int64_t bytes = 0;

        *result = ep_book_grow(&book, ep_clock_now(), here, count, claim,
                               least, most, &bytes, denial);
        leave();
        *granted = bytes;
    }
    return rv;
}

void ep_block_settle(ep_claim *claim, apr_int64_t received,
                     apr_int64_t stored)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_settle(&book, ep_clock_now(), claim, received, stored);
        leave();
    }
    else if (rv == APR_TIMEUP) {
        owe(claim, 1, received, stored);
    }
    memset(claim, 0, sizeof(*claim));
}

void ep_block_release(ep_claim *claim)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_release(&book, claim);
        leave();
    }
    else if (rv == APR_TIMEUP) {
        owe(claim, 0, 0, 0);
    }
    memset(claim, 0, sizeof(*claim));
}

/* What is no process's number, in a book that may hold anything, is dead. */
static int is_alive(uint32_t owner, void *data)
{
    const uint32_t dead = *(const apr_uint32_t *)data;

    if (dead != 0) {
        return owner != dead;
    }
    return owner > 0 && owner <= INT32_MAX
           && (kill((pid_t)owner, 0) == 0 || errno != ESRCH);
}

apr_status_t ep_block_recover(apr_uint32_t dead)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_recover(&book, is_alive, &dead);
        leave();
    }
    return rv;
}

apr_status_t ep_block_tree(apr_uint32_t *place, ep_tree *tree)
{
    apr_uint32_t left = LOOKS;
    apr_status_t rv;

    if (block != NULL && *place >= book.trees_count) {
        return APR_EOF;
    }
    rv = enter();
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* a place that the book does not have has no tree */
    while (left > 0 && !ep_book_tree(&book, *place, tree)) {
        ++*place;
        left--;
    }
    leave();
    return left > 0 ? APR_SUCCESS : APR_NOTFOUND;
}

apr_status_t ep_block_plant(const ep_part *part)
{
    apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_part here = *part;

        here.key = key_here(part->key);
        if (ep_book_plant(&book, ep_clock_now(), &here) != EP_BOOK_GRANTED) {
            rv = APR_ENOSPC;
        }
        leave();
    }
    return rv;
}

apr_status_t ep_block_ask(const ep_part *part, ep_tree *tree)
{
    apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_part here = *part;

        here.key = key_here(part->key);
        if (ep_book_ask(&book, ep_clock_now(), &here, tree)
            != EP_BOOK_GRANTED) {
            rv = APR_ENOSPC;
        }
        leave();
    }
    return rv;
}

apr_status_t ep_block_measured(const ep_tree *before, apr_int64_t bytes,
                               apr_int64_t took, int insists)
{
    apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        if (!ep_book_measured(&book, ep_clock_now(), before, bytes, took,
                              insists)) {
            rv = APR_EAGAIN;
        }
        leave();
    }
    return rv;
}

apr_status_t ep_block_balance(ep_kind kind, ep_key key, ep_balance *balance)
{
    apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        if (!ep_book_balance(&book, kind, key_here(key), ep_clock_now(),
                             balance)) {
            rv = APR_NOTFOUND;
        }
        leave();
    }
    return rv;
}

apr_status_t ep_block_count(ep_book_counts *counts)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_count(&book, counts);
        leave();
    }
    return rv;
}
