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

/* How long a call waits for the lock.  CLOCK_MONOTONIC: setting the system's time must
 * not change it.  ThreadSanitizer does not know pthread_mutex_clocklock(). */
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
/* How many places for trees one call reads while it holds the lock. */
#define LOOKS 256u
/* How many claims of all children may be owed: they could not be given back in time. */
#define OWED_MOST 256

/*
 *   the file          shared by children        orders of the parent
 *   0      +-------+  +--------------------+    +-------------------------+
 *          | front |  | mutex              |    | is_open mend deaths ... |
 *   4096   +-------+  | mended  deaths     |    | dead[0] dead[1] ...     |
 *          | book  |  | any  owed[0] ...   |    +-------------------------+
 *          |  ...  |  +--------------------+
 *          +-------+
 *
 * The lock is not in the file, so damage to the file does not damage it.
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
    /* the orders that were carried out; changed only while holding the mutex */
    volatile apr_uint32_t mended;
    volatile apr_uint32_t deaths;
    /* 1: the book knows that the server has started */
    volatile apr_uint32_t is_started;
    /* the configuration whose trees were announced */
    volatile apr_uint32_t planted;
    /* the configuration whose trees for wildcards were all offered */
    volatile apr_uint32_t offered;
    /* 1: something is owed */
    volatile apr_uint32_t any;
    owed owed[OWED_MOST];
};

/* Of this process; set before it has threads. */
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
/* A mutex of this process, to compare the shared one with: see is_mutex(). */
static pthread_mutex_t pattern;
/* Used only while holding the mutex.  1: this process holds nothing yet */
static int is_fresh;
/* 1: a damaged book was replaced by an empty one, and this was not logged yet */
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
        /* A signal handler of prefork destroys the pools of the child, maybe while
         * the child holds the lock.  Then locking must fail with EDEADLK instead of
         * waiting forever. */
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
    /* ep_shm_book_start() makes it accessible to children */
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
    /* reading mapped memory behind the end of the file raises SIGBUS */
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

/* Conversions between the provider's types and the book's.  Compile-time assertions:
 * numbers that both have are equal. */

#define SAME(name, one, other) \
    typedef char name[(int)(one) == (int)(other) ? 1 : -1]

SAME(space_is_space, EP_CHARGE_SPACE, EP_SPACE);
SAME(quota_is_quota, EP_CHARGE_QUOTA, EP_QUOTA);
SAME(allowance_is_allowance, EP_CHARGE_ALLOWANCE, EP_ALLOWANCE);
SAME(concurrent_is_concurrent, EP_CHARGE_CONCURRENT, EP_CONCURRENT);
SAME(granted_is_granted, EP_OUTCOME_GRANTED, EP_BOOK_GRANTED);
SAME(denied_is_denied, EP_OUTCOME_DENIED, EP_BOOK_DENIED);
SAME(unknown_is_unknown, EP_OUTCOME_UNKNOWN, EP_BOOK_UNKNOWN);
SAME(full_is_full, EP_OUTCOME_FULL, EP_BOOK_FULL);
SAME(crowded_is_crowded, EP_OUTCOME_CROWDED, EP_BOOK_CROWDED);
SAME(lost_is_lost, EP_OUTCOME_LOST, EP_BOOK_LOST);
SAME(charges_fit, EP_CHARGES_MAX, EP_PARTS_MAX);
SAME(owners_fit, EP_CHARGES_OWNERS, EP_PARTS_OWNERS);
SAME(unmeasured_is_unmeasured, EP_CHARGE_UNMEASURED_MAX, EP_UNMEASURED_MAX);
SAME(paths_fit, EP_LEDGER_PATH_SIZE, EP_TREE_PATH_SIZE);
SAME(keys_fit, sizeof(ep_ledger_key), sizeof(ep_key));

/* A key is a digest of values that clients and site owners choose.  They must not be
 * able to choose places in the book, so each half is a keyed hash of both halves. */
static ep_key key_here(const ep_ledger_key *key)
{
    unsigned char secret[APR_SIPHASH_KSIZE];
    uint64_t words[3];
    ep_key here;

    memcpy(secret, &mapped.secret, sizeof(secret));
    memcpy(words, key->bytes, sizeof(key->bytes));
    words[2] = 0;
    here.high = apr_siphash24(words, sizeof(words), secret);
    words[2] = 1;
    here.low = apr_siphash24(words, sizeof(words), secret);
    return here;
}

/* A keyed hash: a reader of the file cannot find out the address. */
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

/* Converts all members except the client. */
static void part_here(const ep_ledger_charge *charge, ep_part *here)
{
    here->kind = (ep_kind)charge->kind;
    here->key = key_here(&charge->key);
    here->limit = charge->limit;
    here->amount = charge->amount;
    here->overdraft = charge->overdraft;
    here->period = charge->period;
    here->path = charge->path;
    here->is_file = charge->is_file;
    here->is_owners = charge->is_owners;
    here->share = charge->share;
    here->is_measured = charge->is_measured;
    here->measured = charge->measured;
    here->is_kept = charge->is_kept;
    here->is_unjudged = charge->is_unjudged;
    here->client = 0;
}

/* @param here room for EP_PARTS_MAX parts
 * @return 0: there are too many charges */
static int parts_here(const ep_ledger_charge *charges, size_t count,
                      ep_part *here)
{
    size_t i;

    if (mapped.memory == NULL || count > EP_PARTS_MAX) {
        return mapped.memory == NULL;
    }
    for (i = 0; i < count; i++) {
        part_here(&charges[i], &here[i]);
        here[i].client = i > 0 && charges[i].client == charges[0].client
                             ? here[0].client
                             : client_here(charges[i].client);
    }
    return 1;
}

/* The book's claim is in the first word of the provider's claim. */
static ep_claim claim_here(const ep_ledger_claim *claim)
{
    ep_claim here;

    memcpy(&here, claim->opaque, sizeof(here));
    return here;
}

static void tell_claim(const ep_claim *here, ep_ledger_claim *claim)
{
    claim->is_held = here->serial != 0;
    memcpy(claim->opaque, here, sizeof(*here));
}

static void tell_denial(const ep_denial *here, ep_ledger_denial *denial)
{
    denial->charge = here->part;
    denial->remaining = here->remaining;
    denial->wait = here->wait;
    denial->left_out = here->left_out;
}

/* Indexes in `opaque` of the values that ep_book_measured() compares. */
enum { TREE_CHANGES, TREE_MEASURED, TREE_SETTLED, TREE_MOVES };

static void tell_tree(const ep_tree *here, apr_int64_t now,
                      ep_ledger_tree *tree)
{
    memcpy(tree->id.bytes, &here->key, sizeof(here->key));
    tree->is_owners = here->is_owners;
    tree->share = here->share;
    tree->is_file = here->is_file;
    memcpy(tree->path, here->path, sizeof(tree->path));
    tree->is_planted = here->is_planted;
    tree->is_offered = here->is_offered;
    tree->is_known = here->is_known;
    tree->is_held = here->is_held;
    tree->since_asked = ep_amount_minus(now, here->asked);
    /* a time in the future is damage */
    tree->since_measured = here->measured <= 0 || here->measured > now
                               ? -1
                               : now - here->measured;
    tree->took = here->took;
    tree->mark = here->mark;
    tree->limit = here->limit;
    tree->held = here->held;
    tree->used = here->used;
    tree->opaque[TREE_CHANGES] = here->changes;
    tree->opaque[TREE_MEASURED] = (apr_uint64_t)here->measured;
    tree->opaque[TREE_SETTLED] = (apr_uint64_t)here->settled;
    tree->opaque[TREE_MOVES] = here->moves;
}

/* Converts only what ep_book_measured() reads. */
static void tree_here(const ep_ledger_tree *tree, ep_tree *here)
{
    memset(here, 0, sizeof(*here));
    memcpy(&here->key, tree->id.bytes, sizeof(here->key));
    here->mark = tree->mark;
    here->changes = (uint32_t)tree->opaque[TREE_CHANGES];
    here->measured = (int64_t)tree->opaque[TREE_MEASURED];
    here->settled = (int64_t)tree->opaque[TREE_SETTLED];
    here->moves = (uint32_t)tree->opaque[TREE_MOVES];
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
 * If the kind of a mutex is invalid, the C library aborts the process.  So if code in
 * one child overwrote the shared mutex, all children would abort until a restart.
 * Therefore its kind is compared with that of a mutex in this process's own memory.
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
        /* the last holder has died; ep_book_enter() repairs the book */
        error = pthread_mutex_consistent(mutex);
    }
    return error == ETIMEDOUT || error == EDEADLK ? APR_TIMEUP : error;
}

static void unlock(void)
{
    pthread_mutex_unlock(&mapped.shared->mutex);
}

/* Notes a claim to settle or release later, since the lock was not free in time.  If
 * there is no place, the claim stays until its child ends. */
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

/* Settles and releases the claims that were noted by owe().  The caller holds the
 * lock. */
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

/* The processes that have ended. */
typedef struct dead {
    apr_uint32_t pid[EP_SHM_BOOK_DEAD];
    apr_uint32_t count;
    /* 1: more have ended than pid[] has room for: ask the system by kill() */
    int asks;
    /* 1: no process from before this start of the server lives */
    int is_all;
    /* this process's ID, if an earlier process with the same ID may have claims;
     * else 0 */
    apr_uint32_t fresh;
} dead;

/* The book may contain anything: a number that is no process ID counts as dead. */
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

/* The parent writes without a lock, and may be overwriting one entry now.  So one
 * entry less than there are is used.
 * @param from the number of deaths that were handled before
 * @param to the number of deaths now */
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

/* 1 if there are orders that no child has carried out */
static int is_behind(void)
{
    return is_fresh || mapped.shared->deaths != mapped.orders->deaths
           || mapped.shared->mended != mapped.orders->mend;
}

/* Carries out the orders.  The caller holds the lock.  If this process dies in here,
 * the next process that gets the lock does all of it again. */
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
            /* set before ep_book_start(), which must not run twice */
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

apr_status_t ep_shm_book_reserve(const ep_ledger_charge *charges,
                                 apr_size_t count, int how,
                                 ep_ledger_claim *claim,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial)
{
    ep_part here[EP_PARTS_MAX];
    ep_claim held = claim_here(claim);
    ep_denial why = { 0, 0, 0, 0 };
    apr_status_t rv;

    if (!parts_here(charges, count, here)) {
        *outcome = EP_OUTCOME_FULL;
        return APR_SUCCESS;
    }
    rv = enter();
    if (rv == APR_SUCCESS) {
        *outcome = (ep_ledger_outcome)ep_book_reserve(
            &book, (uint32_t)getpid(), ep_clock_now(), here, count,
            (how & EP_RESERVE_LENIENT) != 0, &held, &why);
        leave();
        tell_claim(&held, claim);
        tell_denial(&why, denial);
    }
    return rv;
}

apr_status_t ep_shm_book_foresee(const ep_ledger_charge *charges,
                                 apr_size_t count, int how,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial)
{
    ep_part here[EP_PARTS_MAX];
    ep_denial why = { 0, 0, 0, 0 };
    apr_status_t rv;

    if (!parts_here(charges, count, here)) {
        *outcome = EP_OUTCOME_FULL;
        return APR_SUCCESS;
    }
    rv = enter();
    if (rv == APR_SUCCESS) {
        *outcome = (ep_ledger_outcome)ep_book_foresee(
            &book, ep_clock_now(), here, count, (how & EP_RESERVE_LENIENT) != 0,
            &why);
        leave();
        tell_denial(&why, denial);
    }
    return rv;
}

/* Claims revoked parts again.  Between enter and leave. */
static ep_book_result regain(const ep_ledger_charge *charges, size_t count,
                             const ep_claim *held, ep_denial *why)
{
    ep_part here[EP_PARTS_MAX];

    return parts_here(charges, count, here)
               ? ep_book_regain(&book, ep_clock_now(), here, count, held, why)
               : EP_BOOK_FULL;
}

apr_status_t ep_shm_book_confirm(const ep_ledger_charge *charges,
                                 apr_size_t count,
                                 const ep_ledger_claim *claim,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial)
{
    const ep_claim held = claim_here(claim);
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_denial why = { 0, 0, 0, 0 };
        ep_book_result result = ep_book_feed(&book, &held);

        if (result == EP_BOOK_DENIED) {
            result = regain(charges, count, &held, &why);
        }
        leave();
        *outcome = (ep_ledger_outcome)result;
        tell_denial(&why, denial);
    }
    return rv;
}

void ep_shm_book_end_content(const ep_ledger_claim *claim)
{
    const ep_claim here = claim_here(claim);

    if (enter() == APR_SUCCESS) {
        ep_book_end_content(&book, &here);
        leave();
    }
}

apr_uint32_t ep_shm_book_trim(const ep_ledger_claim *claim, apr_uint32_t kept)
{
    const ep_claim here = claim_here(claim);
    apr_uint32_t count = 0;

    if (enter() == APR_SUCCESS) {
        count = ep_book_trim(&book, &here, kept);
        leave();
    }
    return count;
}

apr_status_t ep_shm_book_grow(const ep_ledger_charge *charges,
                              apr_size_t count, const ep_ledger_claim *claim,
                              apr_int64_t least, apr_int64_t most,
                              apr_int64_t *granted, ep_ledger_outcome *outcome,
                              ep_ledger_denial *denial)
{
    const ep_claim held = claim_here(claim);
    ep_part here[EP_PARTS_MAX];
    apr_status_t rv;

    if (!parts_here(charges, count, here)) {
        *outcome = EP_OUTCOME_FULL;
        return APR_SUCCESS;
    }
    rv = enter();
    if (rv == APR_SUCCESS) {
        ep_denial why = { 0, 0, 0, 0 };
        int64_t bytes = 0;

        *outcome = (ep_ledger_outcome)ep_book_grow(&book, ep_clock_now(), here,
                                                   count, &held, least, most,
                                                   &bytes, &why);
        leave();
        *granted = bytes;
        tell_denial(&why, denial);
    }
    return rv;
}

void ep_shm_book_settle(ep_ledger_claim *claim, apr_int64_t received,
                        apr_int64_t stored)
{
    ep_claim held = claim_here(claim);
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_settle(&book, ep_clock_now(), &held, received, stored);
        leave();
    }
    else if (rv == APR_TIMEUP) {
        owe(&held, 1, received, stored);
    }
    memset(claim, 0, sizeof(*claim));
}

void ep_shm_book_release(ep_ledger_claim *claim)
{
    ep_claim held = claim_here(claim);
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_release(&book, &held);
        leave();
    }
    else if (rv == APR_TIMEUP) {
        owe(&held, 0, 0, 0);
    }
    memset(claim, 0, sizeof(*claim));
}

apr_status_t ep_shm_book_next_tree(apr_uint32_t *place, ep_ledger_tree *tree)
{
    apr_uint32_t left = LOOKS;
    apr_int64_t now = 0;
    apr_status_t rv;
    ep_tree here;

    if (mapped.memory != NULL && *place >= book.trees_count) {
        return APR_EOF;
    }
    rv = enter();
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* ep_book_tree() also returns 0 if the place is too large */
    while (left > 0 && !ep_book_tree(&book, *place, &here)) {
        ++*place;
        left--;
    }
    now = ep_clock_now();
    leave();
    if (left == 0) {
        return APR_NOTFOUND;
    }
    tell_tree(&here, now, tree);
    return APR_SUCCESS;
}

static apr_status_t announce_one(const ep_ledger_charge *charge, int *without)
{
    ep_part here;
    apr_status_t rv;

    part_here(charge, &here);
    rv = enter();

    if (rv == APR_SUCCESS) {
        if (ep_book_plant(&book, ep_clock_now(), &here) != EP_BOOK_GRANTED) {
            ++*without;
        }
        leave();
    }
    return rv;
}

apr_status_t ep_shm_book_announce_trees(const ep_ledger_charge *charges,
                                        int count, int *without)
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
        rv = announce_one(&charges[i], without);
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

/* @return a number that tells this configuration from earlier ones */
static uint8_t round_of_configuration(void)
{
    return (uint8_t)(mapped.configuration % 255 + 1);
}

apr_status_t ep_shm_book_offer_tree(const ep_ledger_charge *charge)
{
    ep_part here;
    apr_status_t rv;

    part_here(charge, &here);
    rv = enter();
    if (rv == APR_SUCCESS) {
        if (ep_book_offer(&book, ep_clock_now(), &here,
                             round_of_configuration()) != EP_BOOK_GRANTED) {
            rv = APR_ENOSPC;
        }
        leave();
    }
    return rv;
}

apr_status_t ep_shm_book_end_offers(void)
{
    apr_status_t rv;

    if (mapped.memory == NULL) {
        return APR_EINIT;
    }
    if (mapped.shared->offered == mapped.configuration) {
        return APR_SUCCESS;
    }
    rv = enter();
    if (rv == APR_SUCCESS) {
        ep_book_sweep_offered(&book, round_of_configuration());
        leave();
        mapped.shared->offered = mapped.configuration;
    }
    return rv;
}

apr_status_t ep_shm_book_find_tree(const ep_ledger_charge *charge,
                                   ep_ledger_tree *tree)
{
    ep_part here;
    apr_status_t rv;

    part_here(charge, &here);
    rv = enter();

    if (rv == APR_SUCCESS) {
        const apr_int64_t now = ep_clock_now();
        ep_tree found;
        const ep_book_result result = ep_book_ask(&book, now, &here, &found);

        leave();
        if (result != EP_BOOK_GRANTED) {
            return APR_ENOSPC;
        }
        tell_tree(&found, now, tree);
    }
    return rv;
}

apr_status_t ep_shm_book_doubt_usage(const ep_ledger_charge *charge)
{
    const ep_key here = key_here(&charge->key);
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_doubt(&book, ep_clock_now(), here);
        leave();
    }
    return rv;
}

void ep_shm_book_name_tree(const ep_ledger_key *key, ep_ledger_key *id)
{
    const ep_key named = key_here(key);

    memcpy(id->bytes, &named, sizeof(named));
}

apr_status_t ep_shm_book_report_usage(const ep_ledger_tree *before,
                                      apr_int64_t bytes, apr_int64_t took,
                                      int insists)
{
    ep_tree here;
    apr_status_t rv;

    tree_here(before, &here);
    rv = enter();
    if (rv == APR_SUCCESS) {
        if (!ep_book_measured(&book, ep_clock_now(), &here, bytes, took,
                              insists)) {
            rv = APR_EAGAIN;
        }
        leave();
    }
    return rv;
}

apr_status_t ep_shm_book_read_balance(ep_ledger_kind kind,
                                      const ep_ledger_key *key,
                                      ep_ledger_balance *balance)
{
    const ep_key here = key_here(key);
    apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_balance found = { 0, 0, 0 };

        if (!ep_book_balance(&book, (ep_kind)kind, here, ep_clock_now(),
                             &found)) {
            rv = APR_NOTFOUND;
        }
        leave();
        balance->held = found.held;
        balance->used = found.used;
        balance->is_known = found.is_known;
    }
    return rv;
}

apr_status_t ep_shm_book_count_entries(ep_ledger_counts *counts)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        ep_book_counts found;

        ep_book_count(&book, &found);
        leave();
        counts->claims = found.claims;
        counts->accounts = found.accounts;
        counts->trees = found.trees;
    }
    return rv;
}
