/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/shm_book.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "apr_atomic.h"
#include "apr_siphash.h"

#include "ledger/clock.h"

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
/* Places for trees that are looked at while the lock is held. */
#define LOOKS 256u
/* Claims that could not be given back at once, of all children. */
#define OWED_MOST 256

/*
 *   the file          what children share       what the parent tells them
 *   0      +-------+  +--------------------+    +-------------------------+
 *          | front |  | mutex              |    | is_open mend deaths ... |
 *   4096   +-------+  | mended  deaths     |    | dead[0] dead[1] ...     |
 *          | book  |  | any  owed[0] ...   |    +-------------------------+
 *          |  ...  |  +--------------------+
 *          +-------+
 *
 * Whatever becomes of the file's bytes, the lock is not among them.
 */

enum { OWED_NOTHING, OWED_UNFINISHED, OWED_READY };

typedef struct owed {
    volatile apr_uint32_t state;
    int is_settled;
    ep_claim claim;
    apr_int64_t received;
    apr_int64_t stored;
} owed;

struct ep_shm_book_shared {
    pthread_mutex_t mutex;
    /* how much of what the parent told was acted upon; with the mutex only */
    volatile apr_uint32_t mended;
    volatile apr_uint32_t deaths;
    /* 1: the book knows that the server has started */
    volatile apr_uint32_t is_started;
    /* the configuration whose trees are planted */
    volatile apr_uint32_t planted;
    /* 1: something is owed */
    volatile apr_uint32_t any;
    owed owed[OWED_MOST];
};

/* This process's, set before it has threads. */
static struct mapped {
    /* the file; NULL: there is no ledger */
    void *memory;
    apr_size_t size;
    ep_key secret;
    struct ep_shm_book_shared *shared;
    ep_shm_book_orders *orders;
    /* of the configuration that this process was started with */
    apr_uint32_t configuration;
} mapped;
static ep_book book;
/* What the mutex looks like where nobody has overwritten it. */
static pthread_mutex_t pattern;
/* With the mutex only.  1: this process holds nothing yet */
static int is_fresh;
/* 1: what was no book is an empty one now, and nobody was told */
static volatile apr_uint32_t is_anew;

/* Memory */

void *ep_shm_book_make_memory(apr_size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

/* @return 0 or an errno */
static int make_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t kind;
    int error = pthread_mutexattr_init(&kind);

    if (error != 0) {
        return error;
    }
    error = pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    if (error == 0) {
        error = pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    }
    if (error == 0) {
        /* a signal handler of prefork's ends the child with all its pools,
         * maybe while the child has the lock: that is told, and not waited
         * for */
        error = pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
    }
    if (error == 0) {
        error = pthread_mutex_init(mutex, &kind);
    }
    pthread_mutexattr_destroy(&kind);
    return error;
}

struct ep_shm_book_shared *ep_shm_book_make_shared(void)
{
    struct ep_shm_book_shared *shared = ep_shm_book_make_memory(sizeof(*shared));
    int failed;

    if (shared == NULL) {
        return NULL;
    }
    failed = make_mutex(&shared->mutex) != 0;
    /* children get at it again in ep_shm_book_start() */
    if (failed || mprotect(shared, sizeof(*shared), PROT_NONE) != 0) {
        munmap(shared, sizeof(*shared));
        return NULL;
    }
    return shared;
}

void ep_shm_book_drop_shared(struct ep_shm_book_shared *shared)
{
    munmap(shared, sizeof(*shared));
}

int ep_shm_book_reopen(int fd, const char *path)
{
    struct stat found, ours;
    char name[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];
    int again;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    again = open(name, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (again < 0) {
        again = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    }
    if (again >= 0
        && (fstat(again, &found) != 0 || fstat(fd, &ours) != 0
            || found.st_dev != ours.st_dev || found.st_ino != ours.st_ino)) {
        close(again);
        errno = ESTALE;
        return -1;
    }
    return again;
}

apr_status_t ep_shm_book_map(const ep_shm_book *block)
{
    const apr_size_t size = EP_SHM_BOOK_FRONT_SIZE + block->size;
    struct stat found;
    void *memory = MAP_FAILED;
    int error;
    const int fd = ep_shm_book_reopen(block->fd, block->path);

    ep_shm_book_unmap();
    if (fd < 0) {
        return errno;
    }
    errno = 0;
    /* what lies behind the end of a file ends the process that looks at it */
    if (fstat(fd, &found) == 0 && found.st_size >= (off_t)size) {
        memory = mmap(NULL, size, PROT_NONE, MAP_SHARED, fd, 0);
    }
    error = errno;
    close(fd);
    if (memory == MAP_FAILED) {
        return error != 0 ? error : APR_EGENERAL;
    }
    mapped.memory = memory;
    mapped.size = block->size;
    mapped.secret = block->secret;
    mapped.shared = block->shared;
    mapped.orders = block->orders;
    mapped.configuration = block->configuration;
    return APR_SUCCESS;
}

void ep_shm_book_unmap(void)
{
    if (mapped.memory != NULL) {
        munmap(mapped.memory, EP_SHM_BOOK_FRONT_SIZE + mapped.size);
    }
    memset(&mapped, 0, sizeof(mapped));
}

/* Keys */

/* A key is a digest of what clients and site owners choose, so the book's place for
 * it must not follow from it: a keyed hash of both halves, for each half. */
static ep_key key_here(ep_key key)
{
    unsigned char secret[APR_SIPHASH_KSIZE];
    uint64_t words[3];
    ep_key here;

    memcpy(secret, &mapped.secret, sizeof(secret));
    words[0] = key.high;
    words[1] = key.low;
    words[2] = 0;
    here.high = apr_siphash24(words, sizeof(words), secret);
    words[2] = 1;
    here.low = apr_siphash24(words, sizeof(words), secret);
    return here;
}

/* An address is told from another one, and by nobody who reads the file. */
static uint64_t client_here(uint64_t client)
{
    unsigned char secret[APR_SIPHASH_KSIZE];
    const uint64_t words[3] = { client, 0, 2 };
    uint64_t here;

    if (client == 0) {
        return 0;
    }
    memcpy(secret, &mapped.secret, sizeof(secret));
    here = apr_siphash24(words, sizeof(words), secret);
    return here != 0 ? here : 1;
}

/* @param here EP_PARTS_MAX places
 * @return 0: there are more */
static int parts_here(const ep_part *parts, size_t count, ep_part *here)
{
    size_t i;

    if (mapped.memory == NULL || count > EP_PARTS_MAX) {
        return mapped.memory == NULL;
    }
    for (i = 0; i < count; i++) {
        here[i] = parts[i];
        here[i].key = key_here(parts[i].key);
        here[i].client = i > 0 && parts[i].client == parts[0].client
                             ? here[0].client
                             : client_here(parts[i].client);
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

/*
 * The C library ends a process that meets a mutex of a kind that cannot be: code in
 * a child that overwrote it once would end all other children, until a restart.
 * So its kind is compared with that of a mutex of this process's own.
 */
static int is_mutex(const pthread_mutex_t *mutex)
{
#ifdef __GLIBC__
    return *(const volatile int *)&mutex->__data.__kind
           == pattern.__data.__kind;
#else
    (void)mutex;
    return 1;
#endif
}

static apr_status_t lock(void)
{
    pthread_mutex_t *mutex = &mapped.shared->mutex;
    int error;

    if (!is_mutex(mutex)) {
        return APR_EGENERAL;
    }
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
    pthread_mutex_unlock(&mapped.shared->mutex);
}

/* Who could not have the lock in time leaves here what is to be done.  If there
 * is no place, the claim stays until its child ends. */
static void owe(const ep_claim *claim, int is_settled, apr_int64_t received,
                apr_int64_t stored)
{
    struct ep_shm_book_shared *shared = mapped.shared;
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

/* The process that has the lock does what others could not. */
static void pay(void)
{
    struct ep_shm_book_shared *shared = mapped.shared;
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

/* Those that may not settle or release any more. */
typedef struct dead {
    apr_uint32_t pid[EP_SHM_BOOK_DEAD];
    apr_uint32_t count;
    /* 1: more have died than there are places, so the system is asked */
    int asks;
    /* 1: nobody of before this start lives */
    int is_all;
    /* what was held under this process's number was another's; 0: none */
    apr_uint32_t fresh;
} dead;

/* What is no process's number, in a book that may hold anything, is dead. */
static int is_alive(uint32_t owner, void *data)
{
    const dead *known = data;
    apr_uint32_t i;

    if (known->is_all || owner == known->fresh) {
        return 0;
    }
    for (i = 0; i < known->count; i++) {
        if (owner == known->pid[i]) {
            return 0;
        }
    }
    return !known->asks
           || (owner > 0 && owner <= INT32_MAX
               && (kill((pid_t)owner, 0) == 0 || errno != ESRCH));
}

/* The parent writes without a lock: one place less than there are is safe.
 * @param from how many deaths were acted upon before
 * @param to how many there are now */
static void read_dead(dead *known, apr_uint32_t from, apr_uint32_t to)
{
    ep_shm_book_orders *orders = mapped.orders;
    apr_uint32_t i;

    if (to - from < EP_SHM_BOOK_DEAD) {
        for (i = from; i != to; i++) {
            known->pid[known->count++] = orders->dead[i % EP_SHM_BOOK_DEAD];
        }
    }
    if (apr_atomic_read32(&orders->deaths) - from >= EP_SHM_BOOK_DEAD) {
        known->asks = 1;
    }
}

/* 1 if the parent has told what nobody has acted upon. */
static int is_behind(void)
{
    return is_fresh || mapped.shared->deaths != mapped.orders->deaths
           || mapped.shared->mended != mapped.orders->mend;
}

/* The lock is had.  A death in here leaves all of it to the next one. */
static void catch_up(void)
{
    struct ep_shm_book_shared *shared = mapped.shared;
    const apr_uint32_t mend = apr_atomic_read32(&mapped.orders->mend);
    const apr_uint32_t deaths = apr_atomic_read32(&mapped.orders->deaths);
    const int is_mended = shared->mended == mend;
    dead known;

    memset(&known, 0, sizeof(known));
    read_dead(&known, shared->deaths, deaths);
    known.asks |= !is_mended;
    known.is_all = shared->mended == 0;
    known.fresh = is_fresh ? (apr_uint32_t)getpid() : 0;
    if (ep_book_is_valid(&book)) {
        ep_book_enter(&book);
        ep_book_recover(&book, is_alive, &known);
        if (!is_mended) {
            ep_book_repair(&book);
        }
        if (known.is_all && shared->is_started == 0) {
            /* first, as it must not be done twice */
            shared->is_started = 1;
            ep_book_start(&book);
        }
        ep_book_leave(&book);
    }
    else if (!is_mended) {
        ep_book_clear(&book);
        if (!known.is_all || mapped.orders->is_empty == 0) {
            apr_atomic_set32(&is_anew, 1);
        }
    }
    shared->mended = mend;
    shared->deaths = deaths;
    is_fresh = 0;
}

static apr_status_t enter(void)
{
    apr_status_t rv;

    if (mapped.memory == NULL) {
        return APR_EINIT;
    }
    if (mapped.orders->is_open == 0) {
        return APR_EAGAIN;
    }
    rv = lock();
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (is_behind()) {
        catch_up();
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

apr_status_t ep_shm_book_start(void)
{
    apr_status_t rv;

    if (mapped.memory == NULL) {
        return APR_EINIT;
    }
    errno = 0;
    if (mprotect(mapped.memory, EP_SHM_BOOK_FRONT_SIZE + mapped.size,
                 PROT_READ | PROT_WRITE) != 0
        || mprotect(mapped.shared, sizeof(*mapped.shared),
                    PROT_READ | PROT_WRITE) != 0
        || mprotect(mapped.orders, sizeof(*mapped.orders), PROT_READ) != 0
        || !ep_book_lay_out(&book, (char *)mapped.memory + EP_SHM_BOOK_FRONT_SIZE,
                            mapped.size)) {
        rv = errno != 0 ? errno : APR_EGENERAL;
        ep_shm_book_unmap();
        return rv;
    }
    rv = make_mutex(&pattern);
    if (rv != APR_SUCCESS) {
        ep_shm_book_unmap();
        return rv;
    }
    is_fresh = 1;
    rv = enter();
    if (rv == APR_SUCCESS) {
        leave();
    }
    return rv == APR_TIMEUP || rv == APR_EAGAIN ? APR_SUCCESS : rv;
}

int ep_shm_book_was_anew(void)
{
    return is_anew != 0 && apr_atomic_xchg32(&is_anew, 0) != 0;
}

/* The calls */

apr_status_t ep_shm_book_reserve(const ep_part *parts, size_t count,
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

apr_status_t ep_shm_book_grow(const ep_part *parts, size_t count,
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

apr_status_t ep_shm_book_feed(const ep_claim *claim, ep_book_result *result)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        *result = ep_book_feed(&book, claim);
        leave();
    }
    return rv;
}

apr_status_t ep_shm_book_regain(const ep_part *parts, size_t count,
                             const ep_claim *claim, ep_book_result *result,
                             ep_denial *denial)
{
    ep_part here[EP_PARTS_MAX];
    apr_status_t rv;

    if (!parts_here(parts, count, here)) {
        *result = EP_BOOK_FULL;
        return APR_SUCCESS;
    }
    rv = enter();
    if (rv == APR_SUCCESS) {
        *result = ep_book_regain(&book, ep_clock_now(), here, count, claim,
                                 denial);
        leave();
    }
    return rv;
}

void ep_shm_book_settle(ep_claim *claim, apr_int64_t received,
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

void ep_shm_book_release(ep_claim *claim)
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

apr_status_t ep_shm_book_tree(apr_uint32_t *place, ep_tree *tree)
{
    apr_uint32_t left = LOOKS;
    apr_status_t rv;

    if (mapped.memory != NULL && *place >= book.trees_count) {
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

static apr_status_t plant_one(const ep_part *part, int *without)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_part here = *part;

        here.key = key_here(part->key);
        if (ep_book_plant(&book, ep_clock_now(), &here) != EP_BOOK_GRANTED) {
            ++*without;
        }
        leave();
    }
    return rv;
}

apr_status_t ep_shm_book_ask(const ep_part *part, ep_tree *tree)
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

apr_status_t ep_shm_book_plant(const ep_part *parts, int count, int *without)
{
    apr_status_t rv;
    int i;

    *without = 0;
    if (mapped.memory == NULL) {
        return APR_EINIT;
    }
    if (mapped.shared->planted == mapped.configuration) {
        return APR_SUCCESS;
    }
    for (i = 0; i < count; i++) {
        rv = plant_one(&parts[i], without);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    rv = enter();
    if (rv == APR_SUCCESS) {
        ep_book_sweep(&book);
        leave();
        mapped.shared->planted = mapped.configuration;
    }
    return rv;
}

apr_status_t ep_shm_book_measured(const ep_tree *before, apr_int64_t bytes,
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

apr_status_t ep_shm_book_balance(ep_kind kind, ep_key key, ep_balance *balance)
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

apr_status_t ep_shm_book_count(ep_book_counts *counts)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_count(&book, counts);
        leave();
    }
    return rv;
}
