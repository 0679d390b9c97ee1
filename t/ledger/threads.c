/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Threads of one process at the block, for ThreadSanitizer, which sees no other
 * processes.  TAP.
 */

#include "ledger/shm_file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 5000
#define RESTARTS 50
#define AMOUNT 10

static ep_part part_of(ep_kind kind)
{
    ep_part part;

    memset(&part, 0, sizeof(part));
    part.kind = kind;
    part.key.low = 1;
    part.limit = INT64_MAX;
    part.amount = AMOUNT;
    part.period = INT64_C(1000000000);
    part.path = kind == EP_QUOTA ? "/tree" : NULL;
    return part;
}

/* @return 1 if a call was not answered as it should be */
static int upload(int round)
{
    ep_book_result result = EP_BOOK_FULL;
    apr_int64_t granted;
    ep_denial denial;
    ep_claim claim;
    ep_part parts[2];
    apr_uint32_t place = 0;
    ep_tree tree;
    int without;

    parts[0] = part_of(EP_QUOTA);
    parts[1] = part_of(EP_ALLOWANCE);
    memset(&claim, 0, sizeof(claim));
    if (ep_shm_book_reserve(parts, 2, 1, &claim, &result, &denial)
            != APR_SUCCESS || result != EP_BOOK_GRANTED) {
        return 1;
    }
    if (ep_shm_book_grow(parts, 2, &claim, 1, 1, &granted, &result, &denial)
            != APR_SUCCESS || result != EP_BOOK_GRANTED) {
        return 1;
    }
    if (round % 100 == 0) {
        if (ep_shm_book_tree(&place, &tree) == APR_SUCCESS) {
            /* refused as a rule, as others are at it */
            ep_shm_book_measured(&tree, AMOUNT, 1, round % 200 == 0);
        }
        ep_shm_book_plant(parts, 1, &without);
    }
    if (round % 2 == 0) {
        ep_shm_book_release(&claim);
    }
    else {
        ep_shm_book_settle(&claim, AMOUNT, AMOUNT);
    }
    return 0;
}

static void *work(void *data)
{
    int *wrong = data;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        *wrong += upload(i);
        /* nobody has anything else to do: the others get the lock, too */
        usleep(10);
    }
    return NULL;
}

static int say(int number, int is_right, const char *what)
{
    printf("%s %d - %s\n", is_right ? "ok" : "not ok", number, what);
    return is_right;
}

int main(void)
{
    char path[] = "/tmp/ledger-XXXXXX";
    char why[EP_LEDGER_WHY_SIZE];
    const ep_part part = part_of(EP_ALLOWANCE);
    pthread_t threads[THREADS];
    int wrong[THREADS] = { 0 };
    ep_book_counts counts;
    ep_balance balance;
    ep_shm_file block;
    int i, sum = 0, is_right;
    const int fd = mkstemp(path);

    if (fd < 0
        || ep_shm_file_open(&block, path, EP_BOOK_SIZE_MIN, why)
               != EP_LEDGER_NEW
        || ep_shm_book_map(&block.block) != APR_SUCCESS
        || ep_shm_book_start() != APR_SUCCESS
        || mprotect(block.block.orders, sizeof(*block.block.orders),
                    PROT_READ | PROT_WRITE) != 0) {
        return 1;
    }
    ep_shm_file_started(&block, getpid());
    for (i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, &wrong[i]) != 0) {
            return 1;
        }
    }
    for (i = 0; i < RESTARTS; i++) {
        ep_shm_file_mend(&block);
        usleep(2000);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += wrong[i];
    }
    unlink(path);
    is_right = say(1, sum == 0, "every call was answered");
    is_right &= say(2, ep_shm_book_balance(part.kind, part.key, &balance)
                           == APR_SUCCESS && balance.held == 0
                           && balance.used
                                  == INT64_C(1) * THREADS * ROUNDS / 2 * AMOUNT,
                    "what was settled is used, and nothing held");
    is_right &= say(3, ep_shm_book_count(&counts) == APR_SUCCESS
                           && counts.claims == 0, "no claim is left");
    printf("1..3\n");
    return !is_right;
}
