/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Threads of one process that use the block, for ThreadSanitizer, which does not see
 * other processes.  TAP.
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

static ep_ledger_charge charge_of(ep_ledger_kind kind)
{
    ep_ledger_charge charge;

    memset(&charge, 0, sizeof(charge));
    charge.kind = kind;
    charge.key.bytes[15] = 1;
    charge.limit = INT64_MAX;
    charge.amount = AMOUNT;
    charge.period = INT64_C(1000000000);
    charge.path = kind == EP_CHARGE_QUOTA ? "/tree" : NULL;
    return charge;
}

/* @return 1 if a call was not answered as it should be */
static int upload(int round)
{
    ep_ledger_outcome result = EP_OUTCOME_FULL;
    apr_int64_t granted;
    ep_ledger_denial denial;
    ep_ledger_claim claim;
    ep_ledger_charge charges[2];
    apr_uint32_t place = 0;
    ep_ledger_tree tree;
    int without;

    charges[0] = charge_of(EP_CHARGE_QUOTA);
    charges[1] = charge_of(EP_CHARGE_ALLOWANCE);
    memset(&claim, 0, sizeof(claim));
    if (ep_shm_book_reserve(charges, 2, 1, &claim, &result, &denial)
            != APR_SUCCESS || result != EP_OUTCOME_GRANTED) {
        return 1;
    }
    if (ep_shm_book_grow(charges, 2, &claim, 1, 1, &granted, &result, &denial)
            != APR_SUCCESS || result != EP_OUTCOME_GRANTED) {
        return 1;
    }
    if (round % 100 == 0) {
        if (ep_shm_book_next_tree(&place, &tree) == APR_SUCCESS) {
            /* usually refused, since other threads hold the lock */
            ep_shm_book_report_usage(&tree, AMOUNT, 1, round % 200 == 0);
        }
        ep_shm_book_announce_trees(charges, 1, &without);
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
        /* the threads do nothing else: a pause lets the others get the lock */
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
    const ep_ledger_charge charge = charge_of(EP_CHARGE_ALLOWANCE);
    pthread_t threads[THREADS];
    int wrong[THREADS] = { 0 };
    ep_ledger_counts counts;
    ep_ledger_balance balance;
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
    is_right &= say(2, ep_shm_book_read_balance(charge.kind, &charge.key, &balance)
                           == APR_SUCCESS && balance.held == 0
                           && balance.used
                                  == INT64_C(1) * THREADS * ROUNDS / 2 * AMOUNT,
                    "what was settled is used, and nothing held");
    is_right &= say(3, ep_shm_book_count_entries(&counts) == APR_SUCCESS
                           && counts.claims == 0, "no claim is left");
    printf("1..3\n");
    return !is_right;
}
