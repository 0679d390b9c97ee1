/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The provider's block without httpd, across real processes: what is opened and
 * what is refused, children killed at any moment, a holder of the lock that is
 * stopped, and memory that is overwritten under load.
 *
 * processes [SECONDS]: how long each kind of load lasts; 2.  TAP.
 *
 * Linked with --wrap for some calls of the book, so as to stop or die while the
 * lock is held, before, behind and in the middle of what is done there, and to
 * see that a repair was called for.
 */

#include "ledger/shm_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/clock.h"

#include "tap.h"

#define SIZE ((apr_size_t)1 << 20)
/* Where the file's own page ends. */
#define FRONT EP_SHM_BOOK_FRONT_SIZE
#define CHILDREN 6
#define SECOND 1000000

int __real_ep_book_enter(const ep_book *book);
void __real_ep_book_leave(const ep_book *book);
void __real_ep_account_hold(ep_account *account, int64_t amount);
void __real_ep_account_give_back(ep_account *account, int64_t amount);

/* The state of each process, shared by all. */
static struct shared {
    volatile int is_over;
    /* a death in the lock was met */
    volatile unsigned int repairs;
    struct child {
        /* bytes that are settled; bytes that maybe are */
        volatile int64_t settled;
        volatile int64_t settling;
        volatile unsigned int calls;
        volatile unsigned int unanswered;
        /* the longest call; microseconds */
        volatile int64_t longest;
    } child[CHILDREN];
} *shared;

/* In one process: a signal to send to itself while it has the lock; 0: none. */
static volatile int signal_in_lock;
/* One chance of so many ends the process in the lock; 0: none. */
static unsigned int dies_once_in;
static unsigned int seed;

static char dir[] = "/tmp/ledger-XXXXXX";
static char path[sizeof(dir) + 32];
static char why[EP_LEDGER_WHY_SIZE];

static void die_maybe(void)
{
    if (dies_once_in != 0 && (unsigned int)rand_r(&seed) % dies_once_in == 0) {
        raise(SIGKILL);
    }
}

int __wrap_ep_book_enter(const ep_book *book)
{
    const int is_left = __real_ep_book_enter(book);

    if (is_left) {
        shared->repairs++;
    }
    return is_left;
}

void __wrap_ep_book_leave(const ep_book *book)
{
    if (signal_in_lock != 0) {
        const int number = signal_in_lock;

        signal_in_lock = 0;
        raise(number);
    }
    die_maybe();
    __real_ep_book_leave(book);
}

void __wrap_ep_account_hold(ep_account *account, int64_t amount)
{
    die_maybe();
    __real_ep_account_hold(account, amount);
}

void __wrap_ep_account_give_back(ep_account *account, int64_t amount)
{
    die_maybe();
    __real_ep_account_give_back(account, amount);
}

/* Parts */

enum { COMMON_SLOTS = 1, COMMON_BYTES, COMMON_TREE, OWN_BYTES };

static ep_ledger_charge charge_of(ep_ledger_kind kind, uint64_t name, int64_t amount)
{
    ep_ledger_charge charge;

    memset(&charge, 0, sizeof(charge));
    charge.kind = kind;
    memcpy(charge.key.bytes, &name, sizeof(name));
    memset(charge.key.bytes + sizeof(name), 7, sizeof(name));
    charge.limit = INT64_MAX;
    charge.amount = amount;
    charge.period = INT64_C(1000) * 1000 * SECOND;
    charge.path = kind == EP_CHARGE_QUOTA ? "/tree" : NULL;
    return charge;
}

/* What an upload of a child asks for: four accounts, one its own. */
static size_t charges_of(unsigned int child, int64_t amount,
                         ep_ledger_charge charges[4])
{
    charges[0] = charge_of(EP_CHARGE_CONCURRENT, COMMON_SLOTS, 1);
    charges[1] = charge_of(EP_CHARGE_ALLOWANCE, COMMON_BYTES, amount);
    charges[2] = charge_of(EP_CHARGE_QUOTA, COMMON_TREE, amount);
    charges[3] = charge_of(EP_CHARGE_ALLOWANCE, OWN_BYTES + child, amount);
    return 4;
}

/* On a busy machine, a call may sometimes time out. */
#define TRIES 50

static ep_ledger_balance balance_of(const ep_ledger_charge *charge)
{
    ep_ledger_balance balance;
    int tries = 0;

    do {
        balance.held = balance.used = 0;
    } while (ep_shm_book_read_balance(charge->kind, &charge->key, &balance)
                 == APR_TIMEUP
             && ++tries < TRIES);
    return balance;
}

static uint32_t claims(void)
{
    ep_ledger_counts counts;
    int tries = 0;

    do {
        counts.claims = UINT32_MAX;
    } while (ep_shm_book_count_entries(&counts) == APR_TIMEUP && ++tries < TRIES);
    return counts.claims;
}

/* The process that gets the lock next carries out the orders. */
static int recover(ep_shm_file *block, pid_t pid)
{
    ep_shm_file_ended(block, pid);
    return claims() != UINT32_MAX;
}

static apr_status_t reserve_one(ep_ledger_claim *claim)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_CONCURRENT, COMMON_SLOTS, 1);
    ep_ledger_outcome result;
    ep_ledger_denial denial;
    apr_status_t rv;

    memset(claim, 0, sizeof(*claim));
    rv = ep_shm_book_reserve(&charge, 1, 1, claim, &result, &denial);
    return rv == APR_SUCCESS && result != EP_OUTCOME_GRANTED ? APR_ENOSPC : rv;
}

/* Opening */

static ep_ledger_opened try_open(ep_shm_file *block, apr_size_t size)
{
    memset(why, '?', sizeof(why));
    return ep_shm_file_open(block, path, size, why);
}

/* As a child does; this process is the parent as well. */
static void use(ep_shm_file *block)
{
    if (ep_shm_book_map(&block->block) != APR_SUCCESS
        || ep_shm_book_start() != APR_SUCCESS
        || mprotect(block->block.orders, sizeof(*block->block.orders),
                    PROT_READ | PROT_WRITE) != 0) {
        give_up("cannot use the ledger");
    }
    ep_shm_file_started(block, getpid());
}

/* An empty one. */
static void open_new(ep_shm_file *block)
{
    unlink(path);
    if (try_open(block, SIZE) != EP_LEDGER_NEW) {
        give_up(why);
    }
    use(block);
}

/* The mapping is found by its file. */
static unsigned char *memory_of(const ep_shm_file *block)
{
    unsigned char *memory = NULL;
    char line[512], name[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long from;

    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%*x %*s %*s %*s %*s %511s", &from, name) == 2
            && strcmp(name, block->block.path) == 0) {
            memory = (unsigned char *)from;
        }
    }
    if (maps == NULL || fclose(maps) != 0 || memory == NULL) {
        give_up("no mapping");
    }
    return memory;
}

static void close_block(ep_shm_file *block)
{
    ep_shm_book_unmap();
    ep_shm_file_close(block);
}

/* A file that cannot be used is set aside, and another one is made; then it is put
 * back.  Each has a twin with one fact changed, which is used. */
static void check_aside(const char *what, const char *word)
{
    char old[sizeof(path) + 8];
    struct stat before, after;
    ep_shm_file block;
    ep_ledger_opened result;
    int is_right;

    snprintf(old, sizeof(old), "%s.old", path);
    if (lstat(path, &before) != 0) {
        give_up(path);
    }
    /* which changes nothing */
    is_right = ep_shm_file_check(path, SIZE, why) == EP_LEDGER_NEW
               && strstr(why, "will be renamed") != NULL
               && lstat(path, &after) == 0 && after.st_ino == before.st_ino;
    result = try_open(&block, SIZE);
    check(is_right && result == EP_LEDGER_NEW && strstr(why, word) != NULL
              && strstr(why, "was renamed") != NULL && lstat(old, &after) == 0
              && after.st_ino == before.st_ino,
          what);
    if (result != EP_LEDGER_NEW || strstr(why, word) == NULL) {
        printf("# %d: %s\n", (int)result, why);
    }
    close_block(&block);
    unlink(path);
    if (rename(old, path) != 0) {
        give_up(old);
    }
}

static void check_opens(ep_ledger_opened wanted, const char *what,
                        const char *word)
{
    ep_shm_file block;
    const ep_ledger_opened result = try_open(&block, SIZE);

    check(result == wanted
              && (word == NULL ? why[0] == '\0' : strstr(why, word) != NULL),
          what);
    if (result == EP_LEDGER_FOUND || result == EP_LEDGER_NEW) {
        close_block(&block);
    }
    else {
        printf("# %d: %s\n", (int)result, why);
    }
}

static void write_at(off_t offset, const void *bytes, size_t count)
{
    const int fd = open(path, O_RDWR | O_CREAT, 0600);

    if (fd < 0 || pwrite(fd, bytes, count, offset) != (ssize_t)count
        || close(fd) != 0) {
        give_up(path);
    }
}

/* Of the only tree there is. */
static ep_ledger_key key_in_book(void)
{
    apr_uint32_t place = 0;
    apr_status_t rv;
    ep_ledger_tree tree;

    do {
        rv = ep_shm_book_next_tree(&place, &tree);
    } while (rv == APR_NOTFOUND || rv == APR_TIMEUP);
    if (rv != APR_SUCCESS) {
        give_up("no tree");
    }
    return tree.id;
}

static int is_same(ep_ledger_key one, ep_ledger_key other)
{
    return memcmp(&one, &other, sizeof(one)) == 0;
}

/* Each configuration's trees are planted once. */
static int plant(const ep_ledger_charge *charge)
{
    int without;

    return ep_shm_book_announce_trees(charge, 1, &without) == APR_SUCCESS
           && without == 0;
}

static void test_secret(void)
{
    ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, COMMON_TREE, 10);
    ep_shm_file block;
    ep_ledger_counts counts = { 0, 0, 0 };
    ep_ledger_key first;

    open_new(&block);
    plant(&charge);
    first = key_in_book();
    check(!is_same(first, charge.key), "a key is another one in the ledger");
    close_block(&block);
    check(try_open(&block, SIZE) == EP_LEDGER_FOUND, "opened once more");
    use(&block);
    plant(&charge);
    ep_shm_book_count_entries(&counts);
    check_number(counts.trees, 1, "it is the same as before");
    close_block(&block);
    open_new(&block);
    plant(&charge);
    check(!is_same(first, key_in_book()), "but in another ledger another one");
    close_block(&block);
}

static void test_opening(void)
{
    static const char zeros[FRONT];
    static const apr_uint32_t layout = EP_LEDGER_LAYOUT;
    char aside[sizeof(path) + 8];
    struct stat found;
    struct rlimit limit, tight;
    ep_shm_file block, second;
    ep_ledger_claim claim;
    ep_ledger_charge charges[4];
    ep_ledger_outcome result;
    ep_ledger_denial denial;
    int fd;

    snprintf(aside, sizeof(aside), "%s.aside", path);
    check(try_open(&block, SIZE) == EP_LEDGER_NEW && why[0] == '\0',
          "a file that was not there is made");
    check(stat(path, &found) == 0 && (found.st_mode & 0777) == 0600
              && found.st_size == (off_t)SIZE + FRONT
              && found.st_blocks * 512 >= found.st_size,
          "it is its owner's alone, and filled");
    check((fcntl(block.block.fd, F_GETFL) & O_ACCMODE) == O_RDONLY
              && ftruncate(block.block.fd, 0) != 0 && stat(path, &found) == 0
              && found.st_size == (off_t)SIZE + FRONT,
          "what children inherit of it cannot shorten it");
    use(&block);
    charges_of(0, 1000, charges);
    memset(&claim, 0, sizeof(claim));
    ep_shm_book_reserve(charges, 4, 1, &claim, &result, &denial);
    check(result == EP_OUTCOME_GRANTED && claim.is_held, "a claim is made");
    ep_shm_book_settle(&claim, 700, 600);
    check(!claim.is_held, "and settled");
    ep_shm_book_reserve(charges, 4, 1, &claim, &result, &denial);
    check_number(balance_of(&charges[1]).held, 1000, "another one is held");

    check(try_open(&second, SIZE) == EP_LEDGER_BUSY
              && strstr(why, "used by another server") != NULL,
          "a file that is in use is met as one");
    ep_shm_file_close(&second);
    close_block(&block);
    check(try_open(&block, SIZE) == EP_LEDGER_FOUND, "what was made is found");
    use(&block);
    check_number(balance_of(&charges[1]).used, 700, "with what was used");
    check_number(balance_of(&charges[2]).used, 600, "and stored");
    check_number(balance_of(&charges[1]).held, 0, "and nothing held");
    check_number(claims(), 0, "and no claims");
    close_block(&block);

    fd = open(path, O_RDWR);
    check(fd >= 0 && stat(path, &found) == 0
              && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                           found.st_size - SIZE / 4, SIZE / 4) == 0
              && fstat(fd, &found) == 0
              && found.st_blocks * 512 < found.st_size && close(fd) == 0,
          "there is a hole in it");
    check_opens(EP_LEDGER_FOUND, "then it is found", NULL);
    check(stat(path, &found) == 0 && found.st_blocks * 512 >= found.st_size,
          "and filled");

    check(chmod(path, 0640) == 0, "the mode is changed");
    check_aside("a file that others can read is set aside", "other users");
    check(chmod(path, 0600) == 0, "the mode is changed back");
    check_opens(EP_LEDGER_FOUND, "then it opens", NULL);

    check(link(path, aside) == 0, "it gets another name");
    check_aside("a file of two names is set aside", "more than one hard link");
    check(unlink(path) == 0 && symlink(aside, path) == 0,
          "one becomes a symbolic link");
    check_aside("a symbolic link is set aside", "no regular file");
    check(unlink(path) == 0 && rename(aside, path) == 0, "as it was");
    check_opens(EP_LEDGER_FOUND, "then it opens again", NULL);

    if (geteuid() == 0) {
        check(chown(path, 65534, 65534) == 0, "it is given away");
        check_aside("another user's file is set aside", "another user");
        check(chown(path, 0, 0) == 0, "and back");
        check_opens(EP_LEDGER_FOUND, "its own is not", NULL);
    }
    check(rename(path, aside) == 0 && mkfifo(path, 0600) == 0,
          "a pipe is in its place");
    check_aside("a pipe is set aside", "no regular file");
    check(unlink(path) == 0 && mkdir(path, 0700) == 0, "a directory is");
    check_aside("a directory is set aside", "no regular file");
    check(rmdir(path) == 0 && rename(aside, path) == 0, "as it was");
    check_opens(EP_LEDGER_FOUND, "the file opens", NULL);

    write_at(0, "M", 1);
    check_aside("another magic is set aside", "another version");
    write_at(0, "m", 1);
    check_opens(EP_LEDGER_FOUND, "the right one opens", NULL);
    write_at(24, "\377", 1);
    check_aside("another layout is set aside", "another version");
    write_at(24, "\1", 1);
    check_aside("an older layout is set aside", "another version");
    write_at(24, &layout, sizeof(layout));
    check_opens(EP_LEDGER_FOUND, "the layout of now opens", NULL);
    check(truncate(path, 100) == 0 && chmod(path, 0600) == 0, "cut short");
    write_at(0, "something else", 14);
    check_aside("a file of something else is set aside", "no ledger");
    check(truncate(path, 0) == 0, "emptied");
    check_opens(EP_LEDGER_NEW, "an empty one is filled", NULL);
    check_opens(EP_LEDGER_FOUND, "and found again", NULL);

    write_at(32, "another boot", 12);
    check_opens(EP_LEDGER_NEW, "what an earlier boot left is not used",
                "booted");
    check_opens(EP_LEDGER_FOUND, "a file of this boot is used", NULL);
    write_at(0, zeros, sizeof(zeros));
    check_opens(EP_LEDGER_NEW, "what was not written completely is not used",
                "was not written completely");
    check(try_open(&block, 2 * SIZE) == EP_LEDGER_NEW
              && strstr(why, "another size") != NULL,
          "another size makes it anew");
    close_block(&block);
    check_opens(EP_LEDGER_NEW, "and so back", "another size");

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    tight = limit;
    tight.rlim_cur = SIZE / 2;
    check(unlink(path) == 0 && setrlimit(RLIMIT_FSIZE, &tight) == 0,
          "there is too little room");
    check(try_open(&block, SIZE) == EP_LEDGER_MISSING
              && strstr(why, "its size") != NULL,
          "then there is no ledger");
    check(stat(path, &found) == 0 && found.st_size == 0,
          "and it does not take what room there is");
    setrlimit(RLIMIT_FSIZE, &limit);
    check_opens(EP_LEDGER_NEW, "with room there is", NULL);

    snprintf(aside, sizeof(aside), "%s/none", path);
    check(ep_shm_file_open(&block, aside, SIZE, why) == EP_LEDGER_MISSING
              && strstr(why, "cannot be") != NULL,
          "without its directory there is none");
    check(reserve_one(&claim) == APR_EINIT, "and calls say so");
}

/* Children that are killed */

static void note_call(struct child *self, apr_status_t rv, int64_t began)
{
    const int64_t took = ep_clock_now() - began;

    self->calls++;
    self->unanswered += rv != APR_SUCCESS;
    if (took > self->longest) {
        self->longest = took;
    }
}

/* One upload: asked for, maybe grown, maybe settled. */
static void upload(unsigned int number)
{
    struct child *self = &shared->child[number];
    const int64_t amount = rand_r(&seed) % 1000;
    const int64_t began = ep_clock_now();
    ep_ledger_outcome result = EP_OUTCOME_FULL;
    ep_ledger_claim claim;
    ep_ledger_denial denial;
    ep_ledger_charge charges[4];
    apr_int64_t granted = 0;
    apr_status_t rv;
    const size_t count = charges_of(number, amount, charges);

    memset(&claim, 0, sizeof(claim));
    rv = ep_shm_book_reserve(charges, count, 1, &claim, &result, &denial);
    note_call(self, rv, began);
    if (rv != APR_SUCCESS || result != EP_OUTCOME_GRANTED) {
        return;
    }
    if (rand_r(&seed) % 4 == 0) {
        ep_shm_book_grow(charges, count, &claim, 1, 100, &granted, &result,
                         &denial);
    }
    if (rand_r(&seed) % 4 == 0) {
        ep_shm_book_release(&claim);
        return;
    }
    self->settling = amount;
    ep_shm_book_settle(&claim, amount, amount);
    self->settled += amount;
    self->settling = 0;
}

static pid_t start_child(unsigned int number, void (*work)(unsigned int))
{
    const pid_t pid = fork();

    if (pid < 0) {
        give_up("fork");
    }
    if (pid == 0) {
        seed = (unsigned int)getpid();
        while (!shared->is_over) {
            work(number);
        }
        _exit(0);
    }
    return pid;
}

/* The settlement of a dead child was done or not: its own account tells which. */
static void decide(unsigned int number)
{
    struct child *dead = &shared->child[number];
    ep_ledger_charge charges[4];
    int64_t used;

    charges_of(number, 0, charges);
    used = balance_of(&charges[3]).used;
    if (dead->settling != 0 && used == dead->settled + dead->settling) {
        dead->settled = used;
    }
    dead->settling = 0;
}

static void test_kills(int64_t seconds)
{
    const int64_t until = ep_clock_now() + seconds * SECOND;
    pid_t pids[CHILDREN];
    ep_shm_file block;
    ep_ledger_charge charges[4];
    ep_ledger_balance balance;
    int64_t sum = 0;
    unsigned int i, kills = 0, wrong = 0, calls = 0, unanswered = 0;
    int status;

    open_new(&block);
    memset(shared, 0, sizeof(*shared));
    seed = 1;
    for (i = 0; i < CHILDREN; i++) {
        /* half of them end themselves inside the lock, half are killed from outside */
        dies_once_in = i % 2 == 0 ? 5000 : 0;
        pids[i] = start_child(i, upload);
    }
    dies_once_in = 0;
    while (ep_clock_now() < until) {
        i = (unsigned int)rand_r(&seed) % CHILDREN;
        usleep((useconds_t)rand_r(&seed) % 3000);
        kill(pids[i], SIGKILL);
        if (waitpid(pids[i], &status, 0) != pids[i] || !WIFSIGNALED(status)
            || WTERMSIG(status) != SIGKILL) {
            wrong++;
        }
        wrong += !recover(&block, pids[i]);
        kills++;
        decide(i);
        charges_of(i, 0, charges);
        wrong += balance_of(&charges[3]).held != 0;
        wrong += balance_of(&charges[3]).used != shared->child[i].settled;
        dies_once_in = i % 2 == 0 ? 5000 : 0;
        pids[i] = start_child(i, upload);
        dies_once_in = 0;
    }
    shared->is_over = 1;
    for (i = 0; i < CHILDREN; i++) {
        waitpid(pids[i], &status, 0);
        wrong += !recover(&block, pids[i]);
        decide(i);
        sum += shared->child[i].settled;
        calls += shared->child[i].calls;
        unanswered += shared->child[i].unanswered;
    }
    printf("# %u kills, %u in the lock; %u of %u calls unanswered\n", kills,
           shared->repairs, unanswered, calls);
    check(kills >= 10, "children were killed");
    check(shared->repairs >= 5, "some of them in the lock");
    check(calls >= 1000 && unanswered <= calls / 1000,
          "other processes got their answers");
    check_number(wrong, 0, "what they held was given back at once, and what "
                           "they settled was counted once");
    charges_of(0, 0, charges);
    for (i = 0; i < 3; i++) {
        balance = balance_of(&charges[i]);
        check_number(balance.held, 0, "nothing is held in the end");
        check_number(balance.used, charges[i].kind == EP_CHARGE_CONCURRENT ? 0 : sum,
                     "used is the sum of what was settled");
    }
    check_number(claims(), 0, "and no claim is left");
    close_block(&block);
}

/* A holder of the lock that is stopped */

#define THREADS 300

static void *release_one(void *data)
{
    ep_shm_book_release(data);
    return NULL;
}

static void test_stopped(void)
{
    static ep_ledger_claim many[THREADS];
    pthread_t threads[THREADS];
    ep_shm_file block;
    ep_ledger_claim claim, other;
    ep_ledger_charge bytes = charge_of(EP_CHARGE_ALLOWANCE, COMMON_BYTES, 100);
    ep_ledger_outcome result;
    ep_ledger_denial denial;
    int64_t began, took;
    pid_t pid;
    int i, status;

    open_new(&block);
    memset(&claim, 0, sizeof(claim));
    ep_shm_book_reserve(&bytes, 1, 0, &claim, &result, &denial);
    check(result == EP_OUTCOME_GRANTED, "a claim is made");
    for (i = 0; i < THREADS; i++) {
        reserve_one(&many[i]);
    }
    check_number(claims(), THREADS + 1, "and many");
    pid = fork();
    if (pid == 0) {
        signal_in_lock = SIGSTOP;
        claims();
        _exit(0);
    }
    waitpid(pid, &status, WUNTRACED);
    check(WIFSTOPPED(status), "a child is stopped while it has the lock");
    began = ep_clock_now();
    check(reserve_one(&other) == APR_TIMEUP, "others are told");
    took = ep_clock_now() - began;
    check(took >= 90000 && took < SECOND, "within 100 ms or so");
    printf("# %lld us\n", (long long)took);
    began = ep_clock_now();
    ep_shm_book_settle(&claim, 70, 70);
    took = ep_clock_now() - began;
    check(took < SECOND, "and can settle");
    check(!claim.is_held, "and be done with it");
    for (i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, release_one, &many[i]) != 0) {
            give_up("pthread_create");
        }
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it goes on");
    /* 256 are remembered, the settled one among them */
    check_number(claims(), THREADS + 1 - 256,
                 "the remembered claims are given back");
    check_number(balance_of(&bytes).used, 70, "and was counted");
    check_number(balance_of(&bytes).held, 0, "and given back");
    ep_shm_file_mend(&block);
    check(claims() == THREADS + 1 - 256,
          "what was not remembered stays while its process lives");
    check(recover(&block, getpid()) && claims() == 0, "and goes with it");
    ep_shm_file_started(&block, getpid());

    pid = fork();
    if (pid == 0) {
        reserve_one(&other);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    check_number(claims(), 1, "a child has died with a claim");
    ep_shm_file_mend(&block);
    check(claims() == 0, "that is seen without its number");
    close_block(&block);
}

/* A signal handler that calls while its own thread has the lock, as prefork's
 * does that ends the child. */
static apr_status_t in_handler;
static int64_t handler_took;

static void call_again(int number)
{
    const int64_t began = ep_clock_now();
    ep_ledger_claim claim;

    (void)number;
    in_handler = reserve_one(&claim);
    handler_took = ep_clock_now() - began;
}

static void test_handler(void)
{
    ep_shm_file block;

    open_new(&block);
    signal(SIGUSR1, call_again);
    signal_in_lock = SIGUSR1;
    in_handler = APR_SUCCESS;
    claims();
    check(in_handler == APR_TIMEUP && handler_took < 90000,
          "who has the lock is told at once");
    close_block(&block);
}

/* Memory that is overwritten */

static ep_ledger_tree last_tree;

static void anything(unsigned int number)
{
    struct child *self = &shared->child[number];
    const ep_ledger_charge tree = charge_of(EP_CHARGE_QUOTA,
                                            (uint64_t)rand_r(&seed) % 50, 1);
    const int64_t began = ep_clock_now();
    ep_ledger_counts counts;
    ep_ledger_balance balance;
    apr_status_t rv = APR_SUCCESS;
    ep_ledger_charge many[2];
    ep_ledger_outcome result;
    ep_ledger_claim claim;
    ep_ledger_denial denial;
    apr_uint32_t place;

    switch (rand_r(&seed) % 8) {
    case 0:
        place = (apr_uint32_t)rand_r(&seed) % 256;
        ep_shm_book_next_tree(&place, &last_tree);
        break;
    case 1:
        ep_shm_book_report_usage(&last_tree, 100, 1, 1);
        break;
    case 2:
        plant(&tree);
        break;
    case 3:
        rv = ep_shm_book_read_balance(tree.kind, &tree.key, &balance);
        rv = rv == APR_NOTFOUND ? APR_SUCCESS : rv;
        break;
    case 4:
        rv = ep_shm_book_count_entries(&counts);
        break;
    case 5:
        ep_shm_book_start();
        break;
    case 6:
        /* one that nobody gives back */
        many[0] = tree;
        many[1] = charge_of(EP_CHARGE_SPACE, (uint64_t)rand_r(&seed), 10);
        memset(&claim, 0, sizeof(claim));
        ep_shm_book_reserve(many, 2, 1, &claim, &result, &denial);
        break;
    default:
        upload(number);
    }
    note_call(self, rv, began);
}

static void test_overwritten(int64_t seconds)
{
    const int64_t until = ep_clock_now() + seconds * SECOND;
    pid_t pids[CHILDREN];
    ep_shm_file block;
    ep_ledger_claim claim;
    int64_t longest = 0;
    unsigned int i, calls = 0, unanswered = 0, crashed = 0, rounds = 0;
    unsigned int mended = 0;
    int status;

    open_new(&block);
    memset(shared, 0, sizeof(*shared));
    for (i = 0; i < CHILDREN; i++) {
        pids[i] = start_child(i, anything);
    }
    seed = 1;
    while (ep_clock_now() < until) {
        /* in most rounds all but the heads, so that the rest is looked at */
        const size_t begin = rounds % 8 == 0 ? 0 : FRONT + 256;
        volatile unsigned char *memory = memory_of(&block);
        size_t at = begin;
        const size_t step = 1 + (size_t)rand_r(&seed) % 64;

        for (; at < FRONT + block.block.size; at += step) {
            memory[at] = (unsigned char)(rand_r(&seed) >> 7);
        }
        usleep(5000);
        if (begin == 0) {
            const int is_none = claims() == UINT32_MAX;

            ep_shm_file_mend(&block);
            mended += is_none && claims() != UINT32_MAX;
        }
        rounds++;
    }
    shared->is_over = 1;
    /* a child that hangs is ended by the time-out of the caller */
    for (i = 0; i < CHILDREN; i++) {
        waitpid(pids[i], &status, 0);
        crashed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        calls += shared->child[i].calls;
        unanswered += shared->child[i].unanswered;
        if (shared->child[i].longest > longest) {
            longest = shared->child[i].longest;
        }
    }
    printf("# %u rounds, %u calls, %u of them unanswered, the longest %lld "
           "us\n", rounds, calls, unanswered, (long long)longest);
    check(rounds >= 5, "memory was overwritten");
    check(calls - unanswered >= 1000, "calls were answered meanwhile");
    check(unanswered > 0 && mended > 0, "some calls were not answered");
    check_number(crashed, 0, "no process crashed");
    check(longest < 2 * SECOND, "no call hung");

    memset(memory_of(&block), 0xff, FRONT + block.block.size);
    check(reserve_one(&claim) == APR_EGENERAL,
          "a book of nothing but ones is none");
    ep_shm_file_mend(&block);
    check(reserve_one(&claim) == APR_SUCCESS && ep_shm_book_was_anew(),
          "it is made anew, with room");
    ep_shm_file_mend(&block);
    check(claims() == 1 && !ep_shm_book_was_anew(), "and is one then");
    check_number(claims(), 1, "and nothing else in it");
    close_block(&block);
    check_aside("the file's own page is still of nothing but ones",
                "another version");
}

/* Another process has the lock of the file */

static void test_busy(void)
{
    const ep_ledger_charge bytes = charge_of(EP_CHARGE_ALLOWANCE, COMMON_BYTES, 100);
    ep_shm_file block, third;
    ep_ledger_claim claim;
    ep_ledger_outcome result;
    ep_ledger_denial denial;
    struct stat before, after;
    int is_ready[2], status;
    pid_t pid;

    unlink(path);
    if (pipe(is_ready) != 0) {
        give_up("pipe");
    }
    pid = fork();
    if (pid == 0) {
        open_new(&block);
        memset(&claim, 0, sizeof(claim));
        ep_shm_book_reserve(&bytes, 1, 0, &claim, &result, &denial);
        ep_shm_book_settle(&claim, 70, 70);
        ep_shm_book_reserve(&bytes, 1, 0, &claim, &result, &denial);
        if (write(is_ready[1], "x", 1) == 1) {
            pause();
        }
        _exit(1);
    }
    if (read(is_ready[0], &status, 1) != 1) {
        give_up("the other server");
    }
    check(try_open(&block, SIZE) == EP_LEDGER_BUSY
              && strstr(why, "used by another server") != NULL,
          "another server has the ledger");
    use(&block);
    check(reserve_one(&claim) == APR_EAGAIN, "nothing is counted");
    check(!ep_shm_file_retry(&block) && reserve_one(&claim) == APR_EAGAIN,
          "a second attempt counts nothing either");

    /* if the file does not fit the configuration, another one is made */
    check(stat(path, &before) == 0
              && ep_shm_file_open(&third, path, 2 * SIZE, why)
                     == EP_LEDGER_NEW
              && strstr(why, "used by another server") != NULL
              && strstr(why, "was renamed") != NULL,
          "one of another size does not wait");
    ep_shm_file_close(&third);
    check(stat(path, &after) == 0 && after.st_ino != before.st_ino,
          "and is another file");
    snprintf(why, sizeof(why), "%s.old", path);
    check(rename(why, path) == 0, "as it was");

    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    check(ep_shm_file_retry(&block) == 1, "once the other has ended");
    check(reserve_one(&claim) == APR_SUCCESS, "it counts");
    check_number(balance_of(&bytes).used, 70, "with what was used");
    check_number(balance_of(&bytes).held, 0, "and nothing that the dead held");
    check_number(claims(), 1, "and one claim");
    check(!ep_shm_file_retry(&block), "there is nothing to try any more");
    close_block(&block);
    close(is_ready[0]);
    close(is_ready[1]);
}

/* Deaths that are told by number */

#define DEAD (EP_SHM_BOOK_DEAD + 20)

/* Each with a claim.  @return how many there are */
static int hold_and_wait(pid_t pids[DEAD], int count)
{
    ep_ledger_claim claim;
    int i, is_ready[2];
    char byte;

    if (pipe(is_ready) != 0) {
        give_up("pipe");
    }
    for (i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            if (reserve_one(&claim) == APR_SUCCESS
                && write(is_ready[1], "x", 1) == 1) {
                pause();
            }
            _exit(1);
        }
        if (pids[i] < 0 || read(is_ready[0], &byte, 1) != 1) {
            give_up("a child");
        }
    }
    close(is_ready[0]);
    close(is_ready[1]);
    return (int)claims();
}

static void end_all(ep_shm_file *block, const pid_t pids[DEAD], int count)
{
    int i, status;

    for (i = 0; i < count; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], &status, 0);
        if (block != NULL) {
            ep_shm_file_ended(block, pids[i]);
        }
    }
}

static void test_told(void)
{
    static const int counts[] = { 1, EP_SHM_BOOK_DEAD - 1, EP_SHM_BOOK_DEAD,
                                  EP_SHM_BOOK_DEAD + 1, DEAD };
    struct ep_shm_book_shared *before;
    pid_t pids[DEAD];
    ep_shm_file block;
    ep_ledger_claim claim;
    size_t i;
    pid_t pid;
    int status;

    open_new(&block);
    reserve_one(&claim);
    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        printf("# %d children\n", counts[i]);
        check_number(hold_and_wait(pids, counts[i]), 1 + counts[i],
                     "children have claims");
        end_all(&block, pids, counts[i]);
        check_number(claims(), 1, "one after the other they end, and what "
                                  "they held is given back");
    }
    /* a twin: their end is not told */
    hold_and_wait(pids, 1);
    end_all(NULL, pids, 1);
    check_number(claims(), 2, "without a word of it, it is not");

    /* a new child that has the number of a dead one */
    pid = fork();
    if (pid == 0) {
        reserve_one(&claim);
        status = claims() == 3;
        ep_shm_book_start();
        _exit(status && claims() == 2 ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0,
          "what a new child finds under its own number is not its own");

    before = block.block.shared;
    ep_shm_file_mend(&block);
    check(block.block.shared == before, "a restart with children keeps the lock");
    ep_shm_file_ended(&block, getpid());
    ep_shm_book_unmap();
    ep_shm_file_mend(&block);
    use(&block);
    check(reserve_one(&claim) == APR_SUCCESS && claims() == 1,
          "without children there is a new one, and no claims");
    close_block(&block);
}

/* Amounts that are overwritten */

/* Replaces a number in the block by another one, wherever it is. */
static int overwrite(const ep_shm_file *block, int64_t number, int64_t other)
{
    volatile int64_t *at = (volatile int64_t *)(void *)memory_of(block);
    size_t left;
    int count = 0;

    for (left = (FRONT + block->block.size) / sizeof(*at); left > 0; left--, at++) {
        if (*at == number) {
            *at = other;
            count++;
        }
    }
    return count;
}

static void test_mended(void)
{
    const int64_t half = INT64_C(0x123456789ab);
    ep_ledger_charge charge = charge_of(EP_CHARGE_ALLOWANCE, COMMON_BYTES, half);
    ep_ledger_outcome result;
    ep_shm_file block;
    ep_ledger_denial denial;
    ep_ledger_claim claims[2];
    int i;

    open_new(&block);
    memset(claims, 0, sizeof(claims));
    for (i = 0; i < 2; i++) {
        ep_shm_book_reserve(&charge, 1, 0, &claims[i], &result, &denial);
    }
    check_number(balance_of(&charge).held, 2 * half, "two claims are held");
    check_number(overwrite(&block, 2 * half, 5), 1, "their sum is overwritten");
    check_number(balance_of(&charge).held, 5, "which shows");
    ep_shm_file_mend(&block);
    check_number(balance_of(&charge).held, 2 * half, "and right again");
    overwrite(&block, 2 * half, 3 * half);
    ep_shm_book_release(&claims[0]);
    ep_shm_book_release(&claims[1]);
    check_number(balance_of(&charge).held, half, "too much without a claim");
    close_block(&block);
    check(try_open(&block, SIZE) == EP_LEDGER_FOUND, "is computed anew");
    use(&block);
    check_number(balance_of(&charge).held, 0, "at a start");
    close_block(&block);
}

/* Code in a child may have overwritten the lock: others are refused, not ended. */
static void test_forged_lock(void)
{
    ep_ledger_counts counts;
    ep_shm_file block;
    int value, status, ended = 0, refused = 0;

    open_new(&block);
    for (value = 0; value < 256; value++) {
        const pid_t pid = fork();

        if (pid == 0) {
            memset(block.block.shared, value, sizeof(pthread_mutex_t));
            _exit(ep_shm_book_count_entries(&counts) == APR_SUCCESS ? 1 : 0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid) {
            give_up("fork");
        }
        ended += !WIFEXITED(status);
        refused += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    check_number(ended, 0, "no forged lock ends a process");
    check_number(refused, 256, "each of them is refused");
    close_block(&block);
}

int main(int argc, char **argv)
{
    const int64_t seconds = argc > 1 ? atoi(argv[1]) : 2;

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || mkdtemp(dir) == NULL) {
        give_up("beginning");
    }
    umask(022);
    snprintf(path, sizeof(path), "%s/ledger", dir);
    test_opening();
    test_secret();
    test_kills(seconds);
    test_stopped();
    test_handler();
    test_mended();
    test_busy();
    test_told();
    test_forged_lock();
    test_overwritten(seconds);
    unlink(path);
    rmdir(dir);
    return done_testing();
}
