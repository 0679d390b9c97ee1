/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The simplest provider: one mutex, lists that are searched from the beginning, and
 * the rules of ledger/provider.h written a second time, independently of core/book.
 * It has room for all that the tests claim, so no charge is left out, and no claim is
 * revoked: confirm is NULL.
 */

#include "contract.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ACCOUNTS 512
#define CLAIMS 1024

typedef struct account {
    int is_there;
    ep_ledger_kind kind;
    ep_ledger_key key;
    apr_int64_t held, used;
    int claims;
    /* ALLOWANCE: when the period ends, and how long it is */
    apr_int64_t until, period;
    /* QUOTA */
    int is_known, is_file, is_owners;
    /* the start of the server at which it was asked for last, and whether it was
     * announced */
    int start, is_announced;
    /* bytes that did not come by uploads */
    apr_int64_t base;
    /* of the last one that was granted something */
    apr_int64_t limit;
    apr_uint64_t share;
    char path[EP_LEDGER_PATH_SIZE];
    apr_int64_t asked, measured, took, settled;
    apr_uint64_t changes, measurements;
    /* how many of these changes may have moved files */
    apr_uint64_t moves;
    /* what others than uploads may have brought, which no exact number has told yet */
    apr_int64_t surplus;
    int is_doubted;
    apr_uint32_t mark;
} account;

typedef struct held {
    int account;
    apr_int64_t amount;
    int is_owners;
    /* 1: its tree was measured meanwhile, so nothing is subtracted */
    int is_measured;
} held;

typedef struct claim {
    /* 0: free */
    apr_uint64_t serial;
    pid_t owner;
    int count;
    apr_uint64_t client;
    held of[EP_CHARGES_MAX];
} claim;

static struct shared {
    pthread_mutex_t mutex;
    apr_status_t fails;
    /* a settlement that could not be done yet */
    struct { apr_uint64_t serial; int is_settled;
             apr_int64_t received, stored; } owed[CLAIMS];
    int owed_count;
    apr_uint64_t serials;
    int start, announced;
    account accounts[ACCOUNTS];
    claim claims[CLAIMS];
} *shared;

/* ------------------------------------------------------------- small things */

static apr_int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (apr_int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000 + 1;
}

/* Of two numbers from 0 on. */
static apr_int64_t plus(apr_int64_t one, apr_int64_t other)
{
    return one > INT64_MAX - other ? INT64_MAX : one + other;
}

static apr_int64_t minus(apr_int64_t one, apr_int64_t other)
{
    return other > one ? 0 : one - other;
}

static int is_same(const ep_ledger_key *one, const ep_ledger_key *other)
{
    return memcmp(one, other, sizeof(*one)) == 0;
}

/* @return -1: there is none */
static int find(ep_ledger_kind kind, const ep_ledger_key *key)
{
    int i;

    for (i = 0; i < ACCOUNTS; i++) {
        const account *one = &shared->accounts[i];

        if (one->is_there && one->kind == kind && is_same(&one->key, key)) {
            return i;
        }
    }
    return -1;
}

static int find_or_make(const ep_ledger_charge *charge)
{
    int i = find(charge->kind, &charge->key);
    account *one;

    if (i >= 0) {
        return i;
    }
    for (i = 0; i < ACCOUNTS && shared->accounts[i].is_there; i++) {
    }
    if (i == ACCOUNTS) {
        abort();
    }
    one = &shared->accounts[i];
    memset(one, 0, sizeof(*one));
    one->is_there = 1;
    one->kind = charge->kind;
    one->key = charge->key;
    if (charge->kind == EP_CHARGE_QUOTA) {
        one->is_file = charge->is_file;
        one->is_owners = charge->is_owners;
        one->share = charge->share;
        one->asked = now();
        one->start = shared->start;
        one->limit = charge->limit;
        strcpy(one->path, charge->path);
    }
    return i;
}

static claim *claim_of(const ep_ledger_claim *handle)
{
    int i;

    for (i = 0; handle->opaque[0] != 0 && i < CLAIMS; i++) {
        if (shared->claims[i].serial == handle->opaque[0]) {
            return &shared->claims[i];
        }
    }
    return NULL;
}

static held *held_in(claim *of, int place)
{
    int i;

    for (i = 0; of != NULL && i < of->count; i++) {
        if (of->of[i].account == place) {
            return &of->of[i];
        }
    }
    return NULL;
}

static void give_back(claim *of)
{
    int i;

    for (i = 0; i < of->count; i++) {
        account *one = &shared->accounts[of->of[i].account];

        one->held = minus(one->held, of->of[i].amount);
        one->claims--;
        one->changes++;
        one->moves += of->client == 0;
    }
    of->serial = 0;
}

static void turn(account *one, apr_int64_t period)
{
    if (one->kind != EP_CHARGE_ALLOWANCE) {
        return;
    }
    if (one->until <= now()) {
        one->used = 0;
    }
    if (one->until <= now() || one->until - now() > period
        || (one->claims == 0 && one->used == 0)) {
        one->period = period;
        one->until = plus(now(), period);
    }
}

static void settle_one(claim *of, apr_int64_t received, apr_int64_t stored)
{
    int i;

    for (i = 0; i < of->count; i++) {
        account *one = &shared->accounts[of->of[i].account];

        turn(one, one->period);
        if (one->kind == EP_CHARGE_ALLOWANCE) {
            one->used = plus(one->used, received);
        }
        else if (one->kind == EP_CHARGE_QUOTA && stored >= 0) {
            one->used = plus(one->used, stored);
            one->settled = plus(one->settled, stored);
        }
        else if (one->kind == EP_CHARGE_QUOTA && !of->of[i].is_measured) {
            one->used = minus(one->used, stored == INT64_MIN ? INT64_MAX
                                                            : -stored);
        }
    }
    give_back(of);
}

/* Tests that kill a child within a call are those of shm; here it is enough that
 * nobody waits for it. */
static void lock(void)
{
    if (pthread_mutex_lock(&shared->mutex) == EOWNERDEAD) {
        pthread_mutex_consistent(&shared->mutex);
    }
}

static apr_status_t enter(void)
{
    lock();
    if (shared->fails != APR_SUCCESS) {
        const apr_status_t rv = shared->fails;

        pthread_mutex_unlock(&shared->mutex);
        return rv;
    }
    while (shared->owed_count > 0) {
        const int i = --shared->owed_count;
        ep_ledger_claim handle = { 0 };
        claim *of;

        handle.opaque[0] = shared->owed[i].serial;
        of = claim_of(&handle);
        if (of != NULL && shared->owed[i].is_settled) {
            settle_one(of, shared->owed[i].received, shared->owed[i].stored);
        }
        else if (of != NULL) {
            give_back(of);
        }
    }
    return APR_SUCCESS;
}

static void leave(void)
{
    pthread_mutex_unlock(&shared->mutex);
}

/* ---------------------------------------------------------------- reserving */

/* The sum of all charges in one account. */
typedef struct want {
    /* the one that is named in a denial */
    apr_size_t charge;
    apr_int64_t limit, amount;
    int is_owners, is_left_out;
    apr_uint64_t share;
    int account;
    held *has;
} want;

static apr_int64_t limit_for(const ep_ledger_charge *charge, int place)
{
    apr_int64_t limit = charge->limit;

    if (charge->overdraft > 0 && place >= 0
        && shared->accounts[place].base > limit) {
        limit = shared->accounts[place].base;
    }
    return plus(limit, charge->overdraft);
}

/* @return -1: there are too many */
static int gather(const ep_ledger_charge *charges, apr_size_t count,
                  claim *of, want wants[EP_CHARGES_MAX])
{
    int found = 0, j;
    apr_size_t i;

    for (i = 0; i < count; i++) {
        const ep_ledger_charge *charge = &charges[i];

        for (j = 0; j < found; j++) {
            const ep_ledger_charge *other = &charges[wants[j].charge];

            if (other->kind == charge->kind
                && is_same(&other->key, &charge->key)) {
                break;
            }
        }
        if (j == EP_CHARGES_MAX) {
            return -1;
        }
        if (j == found) {
            want *made = &wants[found++];

            memset(made, 0, sizeof(*made));
            made->charge = i;
            made->limit = limit_for(charge, find(charge->kind, &charge->key));
            made->amount = charge->amount;
            made->is_owners = charge->is_owners;
            made->share = charge->share;
            made->account = find(charge->kind, &charge->key);
            made->has = made->account >= 0 ? held_in(of, made->account) : NULL;
            continue;
        }
        if (limit_for(charge, wants[j].account) < wants[j].limit) {
            wants[j].limit = limit_for(charge, wants[j].account);
            wants[j].charge = i;
        }
        if (charge->amount > wants[j].amount) {
            wants[j].amount = charge->amount;
        }
        if (!charge->is_owners && wants[j].is_owners) {
            wants[j].is_owners = 0;
            wants[j].share = charge->share;
        }
    }
    return found;
}

/* The server's first.  @return the want that there is no room for; -1: none */
static int find_room(const claim *of, want *wants, int count)
{
    int all = of != NULL ? of->count : 0, owners = 0, i;

    for (i = 0; i < all; i++) {
        owners += of->of[i].is_owners;
    }
    for (i = 0; i < count; i++) {
        if (wants[i].has == NULL && !wants[i].is_owners
            && ++all > EP_CHARGES_MAX) {
            return i;
        }
        owners -= wants[i].has != NULL && wants[i].has->is_owners
                  && !wants[i].is_owners;
    }
    for (i = 0; i < count; i++) {
        if (wants[i].has == NULL && wants[i].is_owners) {
            wants[i].is_left_out = all == EP_CHARGES_MAX
                                   || owners == EP_CHARGES_OWNERS;
            all += !wants[i].is_left_out;
            owners += !wants[i].is_left_out;
        }
    }
    return -1;
}

static apr_int64_t wait_for_tree(const account *one)
{
    const apr_int64_t pause = one->took > 250000 ? 20 * one->took : 5000000;
    const apr_int64_t left = minus(one->measured + pause, now());
    const int is_due = left == 0 && one->asked > one->measured;

    return is_due || one->is_doubted ? left + one->took : -1;
}

/* Whether an amount fits next to what others hold. */
static int fits(const ep_ledger_charge *charge, const want *wanted,
                apr_int64_t own, apr_int64_t amount, ep_ledger_denial *denial)
{
    account *one = wanted->account >= 0 ? &shared->accounts[wanted->account]
                                        : NULL;

    denial->charge = wanted->charge;
    denial->remaining = wanted->limit;
    denial->wait = -1;
    if (one == NULL && charge->is_measured) {
        denial->remaining = minus(wanted->limit, charge->measured);
    }
    if (one != NULL) {
        turn(one, charge->period);
        denial->remaining = minus(minus(wanted->limit, one->used),
                                  minus(one->held, own));
    }
    if (one != NULL && one->kind == EP_CHARGE_ALLOWANCE
        && amount <= wanted->limit) {
        denial->wait = minus(one->until, now());
    }
    if (one != NULL && one->kind == EP_CHARGE_QUOTA
        && amount <= wanted->limit) {
        denial->wait = wait_for_tree(one);
    }
    return amount <= denial->remaining;
}

static int is_new(const want *wanted)
{
    return wanted->account < 0
           || (!shared->accounts[wanted->account].is_known
               && shared->accounts[wanted->account].measurements == 0);
}

static int is_unknown(const ep_ledger_charge *charge, const want *wanted,
                      apr_int64_t amount, int is_lenient)
{
    if (charge->kind != EP_CHARGE_QUOTA
        || (wanted->account < 0
                ? charge->is_measured
                : shared->accounts[wanted->account].is_known)) {
        return 0;
    }
    return !is_lenient
           || (is_new(wanted) && amount > EP_CHARGE_UNMEASURED_MAX);
}

static void ask(const want *wanted)
{
    account *one = &shared->accounts[wanted->account];

    one->asked = now();
    one->start = shared->start;
    if (one->is_owners && !wanted->is_owners) {
        one->is_owners = 0;
        one->share = wanted->share;
    }
}

static ep_ledger_outcome judge(const ep_ledger_charge *charges, want *wants,
                               int count, int is_lenient,
                               ep_ledger_denial *denial)
{
    int unknown = -1, i;

    for (i = 0; i < count; i++) {
        const ep_ledger_charge *charge = &charges[wants[i].charge];
        const apr_int64_t own = wants[i].has != NULL ? wants[i].has->amount
                                                     : 0;
        const apr_int64_t amount = wants[i].has != NULL ? own
                                                        : wants[i].amount;

        if (wants[i].is_left_out) {
            continue;
        }
        const int is_fit = fits(charge, &wants[i], own, amount, denial);

        if (charge->kind == EP_CHARGE_QUOTA && wants[i].account >= 0) {
            ask(&wants[i]);
        }
        if (!is_fit) {
            return EP_OUTCOME_DENIED;
        }
        if (unknown < 0
            && is_unknown(charge, &wants[i], amount, is_lenient)) {
            unknown = i;
        }
    }
    if (unknown >= 0) {
        denial->charge = wants[unknown].charge;
        return EP_OUTCOME_UNKNOWN;
    }
    return EP_OUTCOME_GRANTED;
}

static claim *make_claim(ep_ledger_claim *handle, apr_uint64_t client)
{
    int i;

    for (i = 0; i < CLAIMS && shared->claims[i].serial != 0; i++) {
    }
    if (i == CLAIMS) {
        abort();
    }
    shared->claims[i].serial = ++shared->serials;
    shared->claims[i].owner = getpid();
    shared->claims[i].count = 0;
    shared->claims[i].client = client;
    handle->is_held = 1;
    handle->opaque[0] = shared->serials;
    return &shared->claims[i];
}

static void hold(claim *of, const ep_ledger_charge *charge,
                 const want *wanted)
{
    held *made = &of->of[of->count++];
    account *one;

    made->account = find_or_make(charge);
    made->amount = wanted->amount;
    made->is_owners = wanted->is_owners;
    made->is_measured = 0;
    one = &shared->accounts[made->account];
    turn(one, charge->period);
    one->held = plus(one->held, wanted->amount);
    one->claims++;
}

static void commit(const ep_ledger_charge *charges, apr_size_t count,
                   const want *wants, int wanted, ep_ledger_claim *handle,
                   ep_ledger_denial *denial)
{
    claim *of = claim_of(handle);
    apr_size_t j;
    int i;

    of = of != NULL ? of : make_claim(handle, charges[0].client);
    denial->left_out = 0;
    for (i = 0; i < wanted; i++) {
        const ep_ledger_charge *charge = &charges[wants[i].charge];

        if (wants[i].has != NULL) {
            wants[i].has->is_owners &= wants[i].is_owners;
        }
        else if (!wants[i].is_left_out) {
            hold(of, charge, &wants[i]);
        }
        if (charge->kind == EP_CHARGE_QUOTA && !wants[i].is_left_out) {
            shared->accounts[find(charge->kind, &charge->key)].limit
                = charge->limit;
        }
        for (j = 0; wants[i].is_left_out && j < count; j++) {
            if (charges[j].kind == charge->kind
                && is_same(&charges[j].key, &charge->key)) {
                denial->left_out |= 1u << j;
            }
        }
    }
}

static apr_status_t reserve(const ep_ledger_charge *charges, apr_size_t count,
                            int how, ep_ledger_claim *handle,
                            ep_ledger_outcome *outcome,
                            ep_ledger_denial *denial)
{
    const apr_status_t rv = enter();
    want wants[EP_CHARGES_MAX];
    claim *of;
    int wanted, crowded;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    of = claim_of(handle);
    wanted = gather(charges, count, of, wants);
    crowded = wanted >= 0 ? find_room(of, wants, wanted) : -1;
    if (handle->is_held && of == NULL) {
        *outcome = EP_OUTCOME_LOST;
    }
    else if (wanted < 0 || count > EP_CHARGES_MAX) {
        *outcome = EP_OUTCOME_FULL;
    }
    else if (crowded >= 0) {
        *outcome = EP_OUTCOME_CROWDED;
        denial->charge = wants[crowded].charge;
    }
    else {
        *outcome = judge(charges, wants, wanted,
                         (how & EP_RESERVE_LENIENT) != 0, denial);
        if (*outcome == EP_OUTCOME_GRANTED) {
            commit(charges, count, wants, wanted, handle, denial);
        }
    }
    leave();
    return rv;
}

/* ------------------------------------------------------------------ growing */

/* @param most in and out */
static ep_ledger_outcome judge_growth(const ep_ledger_charge *charges,
                                      want *wants, int count,
                                      apr_int64_t least, apr_int64_t *most,
                                      ep_ledger_denial *denial)
{
    int unknown = -1, i;

    for (i = 0; i < count; i++) {
        const ep_ledger_charge *charge = &charges[wants[i].charge];
        apr_int64_t room;

        if (wants[i].has == NULL || charge->kind == EP_CHARGE_CONCURRENT) {
            continue;
        }
        fits(charge, &wants[i], 0, plus(wants[i].has->amount, least), denial);
        if (denial->remaining < least) {
            return EP_OUTCOME_DENIED;
        }
        room = denial->remaining;
        if (charge->kind == EP_CHARGE_QUOTA && is_new(&wants[i])) {
            const apr_int64_t unasked = minus(EP_CHARGE_UNMEASURED_MAX,
                                              wants[i].has->amount);

            if (unasked < least) {
                unknown = unknown < 0 ? i : unknown;
            }
            else if (unasked < room) {
                room = unasked;
            }
        }
        *most = room < *most ? room : *most;
    }
    if (unknown >= 0) {
        denial->charge = wants[unknown].charge;
        return EP_OUTCOME_UNKNOWN;
    }
    return EP_OUTCOME_GRANTED;
}

static void hold_more(want *wants, int count, apr_int64_t amount)
{
    int i;

    for (i = 0; i < count; i++) {
        if (wants[i].has != NULL
            && shared->accounts[wants[i].account].kind
                   != EP_CHARGE_CONCURRENT) {
            account *one = &shared->accounts[wants[i].account];

            wants[i].has->amount = plus(wants[i].has->amount, amount);
            one->held = plus(one->held, amount);
        }
    }
}

static apr_status_t grow(const ep_ledger_charge *charges, apr_size_t count,
                         const ep_ledger_claim *handle, apr_int64_t least,
                         apr_int64_t most, apr_int64_t *granted,
                         ep_ledger_outcome *outcome, ep_ledger_denial *denial)
{
    const apr_status_t rv = enter();
    want wants[EP_CHARGES_MAX];
    claim *of;
    int wanted;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    of = claim_of(handle);
    wanted = gather(charges, count, of, wants);
    *outcome = of == NULL ? EP_OUTCOME_LOST
               : wanted < 0
                   ? EP_OUTCOME_FULL
                   : judge_growth(charges, wants, wanted, least, &most,
                                  denial);
    if (*outcome == EP_OUTCOME_GRANTED) {
        hold_more(wants, wanted, most);
        *granted = most;
    }
    leave();
    return rv;
}

/* ---------------------------------------------------------------- giving back */

static void finish(ep_ledger_claim *handle, int is_settled,
                   apr_int64_t received, apr_int64_t stored)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        claim *of = claim_of(handle);

        if (of != NULL && is_settled) {
            settle_one(of, received, stored);
        }
        else if (of != NULL) {
            give_back(of);
        }
        leave();
    }
    else if (rv == APR_TIMEUP) {
        lock();
        shared->owed[shared->owed_count].serial = handle->opaque[0];
        shared->owed[shared->owed_count].is_settled = is_settled;
        shared->owed[shared->owed_count].received = received;
        shared->owed[shared->owed_count++].stored = stored;
        pthread_mutex_unlock(&shared->mutex);
    }
    memset(handle, 0, sizeof(*handle));
}

static void end_content(const ep_ledger_claim *handle)
{
    claim *of;
    int i;

    if (enter() != APR_SUCCESS) {
        return;
    }
    of = claim_of(handle);
    for (i = 0; of != NULL && i < of->count; i++) {
        account *one = &shared->accounts[of->of[i].account];

        if (one->kind == EP_CHARGE_CONCURRENT) {
            one->held = minus(one->held, of->of[i].amount);
            of->of[i].amount = 0;
        }
    }
    leave();
}

static void settle(ep_ledger_claim *handle, apr_int64_t received,
                   apr_int64_t stored)
{
    finish(handle, 1, received, stored);
}

static void release(ep_ledger_claim *handle)
{
    finish(handle, 0, 0, 0);
}

/* -------------------------------------------------------------------- trees */

static void tell_tree(const account *one, ep_ledger_tree *tree)
{
    const apr_int64_t time = now();

    tree->id = one->key;
    tree->is_owners = one->is_owners;
    tree->share = one->share;
    tree->is_file = one->is_file;
    strcpy(tree->path, one->path);
    tree->is_planted = one->is_announced;
    tree->is_offered = 0;
    tree->is_known = one->is_known;
    tree->is_held = one->claims > 0;
    tree->since_asked = minus(time, one->asked);
    tree->since_measured = one->measurements > 0 ? time - one->measured : -1;
    tree->took = one->took;
    tree->mark = one->mark;
    tree->limit = one->limit;
    tree->held = one->held;
    tree->used = one->used;
    tree->opaque[0] = one->changes;
    tree->opaque[1] = one->measurements;
    tree->opaque[2] = (apr_uint64_t)one->settled;
    tree->opaque[3] = one->moves;
}

static apr_status_t next_tree(apr_uint32_t *place, ep_ledger_tree *tree)
{
    const apr_status_t rv = enter();

    if (rv != APR_SUCCESS) {
        return rv;
    }
    while (*place < ACCOUNTS
           && !(shared->accounts[*place].is_there
                && shared->accounts[*place].kind == EP_CHARGE_QUOTA)) {
        ++*place;
    }
    if (*place < ACCOUNTS) {
        tell_tree(&shared->accounts[*place], tree);
    }
    leave();
    return *place < ACCOUNTS ? APR_SUCCESS : APR_EOF;
}

static apr_status_t find_tree(const ep_ledger_charge *charge,
                              ep_ledger_tree *tree)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        want wanted;

        memset(&wanted, 0, sizeof(wanted));
        wanted.account = find_or_make(charge);
        wanted.is_owners = charge->is_owners;
        wanted.share = charge->share;
        ask(&wanted);
        tell_tree(&shared->accounts[wanted.account], tree);
        leave();
    }
    return rv;
}

static apr_status_t doubt_usage(const ep_ledger_charge *charge)
{
    const apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        const int tree = find(EP_CHARGE_QUOTA, &charge->key);

        if (tree >= 0) {
            shared->accounts[tree].is_doubted = 1;
            shared->accounts[tree].asked = now();
            shared->accounts[tree].changes++;
        }
        leave();
    }
    return rv;
}

static void forget(int is_announced)
{
    int i;

    for (i = 0; i < ACCOUNTS; i++) {
        account *one = &shared->accounts[i];

        if (one->kind == EP_CHARGE_QUOTA && one->claims == 0
            && one->start != shared->start
            && (!is_announced || one->is_announced)) {
            one->is_there = 0;
        }
    }
}

static apr_status_t announce_trees(const ep_ledger_charge *charges, int count,
                                   int *without)
{
    const apr_status_t rv = enter();
    int i;

    *without = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < count && shared->announced != shared->start; i++) {
        account *one = &shared->accounts[find_or_make(&charges[i])];

        one->is_announced = 1;
        one->start = shared->start;
    }
    if (shared->announced != shared->start) {
        shared->announced = shared->start;
        forget(1);
    }
    leave();
    return rv;
}

static void mark_measured(int tree)
{
    int i;

    for (i = 0; i < CLAIMS; i++) {
        claim *of = &shared->claims[i];
        held *has = of->serial != 0 ? held_in(of, tree) : NULL;

        if (has != NULL) {
            has->is_measured = 1;
        }
    }
}

/* Whether a claim under way may move files. */
static int has_moves(int tree)
{
    int i;

    for (i = 0; i < CLAIMS; i++) {
        if (shared->claims[i].serial != 0 && shared->claims[i].client == 0
            && held_in(&shared->claims[i], tree) != NULL) {
            return 1;
        }
    }
    return 0;
}

/* @param bytes as they were measured
 * @param more that may be missing in them */
static void set_usage(account *one, apr_int64_t bytes, apr_int64_t more,
                      int is_exact)
{
    const apr_int64_t had = one->used;

    one->used = plus(bytes, more);
    if (one->base < one->limit) {
        one->base = one->limit;
    }
    if (is_exact) {
        /* what is there, and no upload has brought */
        one->base = plus(one->base, minus(minus(bytes, one->held),
                                          minus(had, one->surplus)));
        one->surplus = 0;
    }
    else if (one->used > had) {
        one->surplus = plus(one->surplus, one->used - had);
    }
    else {
        one->surplus = minus(one->surplus, had - one->used);
    }
    if (one->base > one->used) {
        one->base = one->used;
    }
}

static int take_usage(int tree, const ep_ledger_tree *before,
                      apr_int64_t bytes, int insists)
{
    account *one = &shared->accounts[tree];
    const int is_changed = one->changes != before->opaque[0];
    const int is_disturbed = is_changed || one->claims > 0;
    const apr_int64_t more = is_disturbed ? one->settled
                                            - (apr_int64_t)before->opaque[2]
                                          : 0;
    const int is_less = bytes >= 0 && plus(bytes, more) < one->used
                        && one->moves == before->opaque[3]
                        && !has_moves(tree);

    if (one->measurements != before->opaque[1]
        || (bytes >= 0 && is_disturbed && one->is_known && !insists
            && !is_less)) {
        return 0;
    }
    if (bytes < 0) {
        if (-1 - bytes > one->used) {
            one->surplus = plus(one->surplus, -1 - bytes - one->used);
            one->used = -1 - bytes;
        }
        one->is_known = 0;
    }
    else {
        if (is_disturbed) {
            mark_measured(tree);
        }
        set_usage(one, bytes, more,
                  !is_disturbed || (!one->is_known && one->measurements == 0));
        one->mark = before->mark;
        one->is_known = 1;
    }
    one->measured = now();
    if (bytes >= 0 && is_disturbed) {
        one->asked = one->measured + 1;
    }
    one->is_doubted = one->is_doubted && is_changed;
    one->measurements++;
    return 1;
}

static apr_status_t report_usage(const ep_ledger_tree *before,
                                 apr_int64_t bytes, apr_int64_t took,
                                 int insists)
{
    apr_status_t rv = enter();

    if (rv == APR_SUCCESS) {
        const int tree = find(EP_CHARGE_QUOTA, &before->id);

        if (tree < 0 || !take_usage(tree, before, bytes, insists)) {
            rv = APR_EAGAIN;
        }
        else {
            shared->accounts[tree].took = took;
        }
        leave();
    }
    return rv;
}

static apr_status_t read_balance(ep_ledger_kind kind, const ep_ledger_key *key,
                                 ep_ledger_balance *balance)
{
    const apr_status_t rv = enter();
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    i = find(kind, key);
    if (i >= 0) {
        const account *one = &shared->accounts[i];

        balance->held = one->held;
        balance->used = kind == EP_CHARGE_ALLOWANCE && one->until <= now()
                            ? 0 : one->used;
        balance->is_known = kind != EP_CHARGE_QUOTA || one->is_known;
    }
    leave();
    return i >= 0 ? APR_SUCCESS : APR_NOTFOUND;
}

static apr_status_t count_entries(ep_ledger_counts *counts)
{
    const apr_status_t rv = enter();
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    memset(counts, 0, sizeof(*counts));
    for (i = 0; i < CLAIMS; i++) {
        counts->claims += shared->claims[i].serial != 0;
    }
    for (i = 0; i < ACCOUNTS; i++) {
        if (shared->accounts[i].is_there) {
            counts->trees += shared->accounts[i].kind == EP_CHARGE_QUOTA;
            counts->accounts += shared->accounts[i].kind != EP_CHARGE_QUOTA;
        }
    }
    leave();
    return rv;
}

static const ep_ledger_provider provider = {
    .reserve = reserve,
    .end_content = end_content,
    .grow = grow,
    .settle = settle,
    .release = release,
    .next_tree = next_tree,
    .announce_trees = announce_trees,
    .find_tree = find_tree,
    .doubt_usage = doubt_usage,
    .report_usage = report_usage,
    .read_balance = read_balance,
    .count_entries = count_entries
};

/* ------------------------------------------------------------- for the suite */

static void set_up(void)
{
    pthread_mutexattr_t kind;

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    shared->start = 1;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared->mutex, &kind);
}

static void tear_down(void)
{
    munmap(shared, sizeof(*shared));
}

/* @param owner 0: all */
static void bury(pid_t owner)
{
    int i;

    for (i = 0; i < CLAIMS; i++) {
        if (shared->claims[i].serial != 0
            && (owner == 0 || shared->claims[i].owner == owner)) {
            give_back(&shared->claims[i]);
        }
    }
}

static void restart(void)
{
    bury(0);
    forget(0);
    shared->start++;
}

static void tell_death(pid_t pid)
{
    lock();
    bury(pid);
    pthread_mutex_unlock(&shared->mutex);
}

static int fail_with(apr_status_t status)
{
    shared->fails = status;
    return 1;
}

const contract_subject contract_reference = {
    "reference", &provider, set_up, tear_down, restart, NULL, tell_death,
    fail_with, NULL
};
