/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The cost of the ledger for an upload if no other process holds the lock: one
 * reservation and one settlement, with lock and clock, compared with one atomic
 * compare-and-swap on the cache line of the upload's account.  All are measured in
 * turn in one process; the result is the median of all rounds.  Fails at one
 * microsecond.
 */

#include "ledger/shm_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE (8 << 20)
#define ROUNDS 15
#define CALLS 50000
#define KEYS 10000
#define LIMIT 1000.0

static ep_book book;
static volatile uint64_t *line;
static ep_ledger_charge charges[] = {
    { .kind = EP_CHARGE_SPACE, .key = { { 1 } }, .limit = INT64_MAX,
      .amount = 1000 },
    { .kind = EP_CHARGE_QUOTA, .key = { { 2 } }, .limit = INT64_MAX,
      .amount = 1000, .path = "/srv/www" },
    { .kind = EP_CHARGE_ALLOWANCE, .key = { { 3 } }, .limit = INT64_MAX,
      .amount = 1000, .period = INT64_C(3600000000) },
    { .kind = EP_CHARGE_CONCURRENT, .key = { { 4 } }, .limit = 10,
      .amount = 1 }
};
static ep_ledger_charge *const allowance = &charges[2];
/* The same, for the book alone. */
static const ep_part part = {
    .kind = EP_ALLOWANCE, .key = { 3, 3 }, .limit = INT64_MAX, .amount = 1000,
    .period = INT64_C(3600000000)
};

static void fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void upload(const ep_ledger_charge *asked, size_t count)
{
    ep_ledger_claim claim = { 0 };
    ep_ledger_denial denial;
    ep_ledger_outcome outcome;

    if (ep_shm_book_reserve(asked, count, 1, &claim, &outcome, &denial)
            != APR_SUCCESS || outcome != EP_OUTCOME_GRANTED) {
        fail("not granted");
    }
    ep_shm_book_settle(&claim, 1000, 1000);
}

static void swap(int i)
{
    const uint64_t before = *line;

    (void)i;
    if (!__sync_bool_compare_and_swap(line, before, before + 1)) {
        fail("somebody else is here");
    }
}

static void one(int i)
{
    (void)i;
    upload(allowance, 1);
}

static void four(int i)
{
    (void)i;
    upload(charges, 4);
}

/* The same, and the report of the first content: after it, the claim cannot be
 * revoked. */
static void fed(int i)
{
    ep_ledger_claim claim = { 0 };
    ep_ledger_denial denial;
    ep_ledger_outcome outcome;

    (void)i;
    if (ep_shm_book_reserve(allowance, 1, 1, &claim, &outcome, &denial)
            != APR_SUCCESS || outcome != EP_OUTCOME_GRANTED
        || ep_shm_book_confirm(allowance, 1, &claim, &outcome, &denial)
               != APR_SUCCESS
        || outcome != EP_OUTCOME_GRANTED) {
        fail("not granted");
    }
    ep_shm_book_settle(&claim, 1000, 1000);
}

/* Another client for each call, so most of its data is not in the cache. */
static void others(int i)
{
    const int client = i % KEYS;
    ep_ledger_charge charge = *allowance;

    memcpy(charge.key.bytes, &client, sizeof(client));
    upload(&charge, 1);
}

/* The book alone: the difference is the cost of lock and clock. */
static void unlocked(int i)
{
    ep_claim claim = { 0, 0 };
    ep_denial denial;

    (void)i;
    ep_book_enter(&book);
    if (ep_book_reserve(&book, 1, 1, &part, 1, 0, &claim, &denial)
        != EP_BOOK_GRANTED) {
        fail("not granted");
    }
    ep_book_leave(&book);
    ep_book_enter(&book);
    ep_book_settle(&book, 1, &claim, 1000, 0);
    ep_book_leave(&book);
}

static const struct {
    const char *what;
    void (*act)(int i);
    int is_bound;
} peers[] = {
    { "one compare-and-swap", swap, 0 },
    { "the book alone, 1 limit", unlocked, 0 },
    { "reserve and settle, 1 limit", one, 1 },
    { "the same, with content", fed, 1 },
    { "the same, 10 000 clients", others, 1 },
    { "reserve and settle, 4 limits", four, 1 }
};
enum { PEERS = sizeof(peers) / sizeof(peers[0]) };

/* @return nanoseconds per call */
static double measure(void (*act)(int i))
{
    struct timespec from, to;
    int i;

    clock_gettime(CLOCK_MONOTONIC, &from);
    for (i = 0; i < CALLS; i++) {
        act(i);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    return ((double)(to.tv_sec - from.tv_sec) * 1e9
            + (double)(to.tv_nsec - from.tv_nsec)) / CALLS;
}

static int by_size(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Finds the last word of the only account, which no code uses. */
static void find_line(void)
{
    uint32_t i;

    for (i = 0; i < book.accounts_count; i++) {
        if (book.accounts[i].kind == (uint32_t)EP_ALLOWANCE + 1) {
            line = &book.accounts[i].unused;
            return;
        }
    }
    fail("no account");
}

/* Where the book is in this process. */
static void *find_memory(const char *path)
{
    char text[512], name[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long from, found = 0;

    while (maps != NULL && fgets(text, sizeof(text), maps) != NULL) {
        if (sscanf(text, "%lx-%*x %*s %*s %*s %*s %511s", &from, name) == 2
            && strcmp(name, path) == 0) {
            found = from;
        }
    }
    if (maps == NULL || fclose(maps) != 0 || found == 0) {
        fail("no mapping");
    }
    return (char *)found + EP_SHM_BOOK_FRONT_SIZE;
}

int main(void)
{
    char path[] = "/tmp/expect_policy-bench-XXXXXX";
    const int fd = mkstemp(path);
    double times[PEERS][ROUNDS];
    char why[EP_LEDGER_WHY_SIZE];
    ep_shm_file block;
    int round, i, failed = 0;

    if (fd < 0
        || ep_shm_file_open(&block, path, SIZE, why) != EP_LEDGER_NEW
        || ep_shm_book_map(&block.block) != APR_SUCCESS
        || ep_shm_book_start() != APR_SUCCESS
        || !ep_book_lay_out(&book, find_memory(path), SIZE)) {
        fail("no ledger");
    }
    unlink(path);
    one(0);
    find_line();
    for (round = 0; round < ROUNDS; round++) {
        for (i = 0; i < PEERS; i++) {
            times[i][round] = measure(peers[i].act);
        }
    }
    for (i = 0; i < PEERS; i++) {
        double median;

        qsort(times[i], ROUNDS, sizeof(times[i][0]), by_size);
        median = times[i][ROUNDS / 2];
        printf("%-30s %7.1f ns  %6.1f times one compare-and-swap\n",
               peers[i].what, median, median / times[0][ROUNDS / 2]);
        if (peers[i].is_bound && median >= LIMIT) {
            failed = 1;
        }
    }
    if (failed) {
        fail("not below a microsecond");
    }
    return 0;
}
