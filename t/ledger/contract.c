/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Tests what ledger/provider.h promises with each provider in turn; then random
 * histories, which must have the same results in all providers.  TAP.
 *
 *     contract [ROUNDS]: races and histories; 20
 *
 * Compiled with CONTRACT_REDIS, it is about the provider redis, and compares its
 * histories with those of shm, which is one book.
 */

#include "contract.h"
#include "tap.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND APR_INT64_C(1000000)
#define HOUR (3600 * SECOND)
/* On a busy machine, a call may sometimes time out. */
#define TRIES 50

static const contract_subject *const subjects[] = {
#ifdef CONTRACT_REDIS
    &contract_shm, &contract_redis
#else
    &contract_shm, &contract_reference
#endif
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static const contract_subject *subject;
static const ep_ledger_provider *provider;

/* @param next NULL: what follows is about all of them */
static void test_with(const contract_subject *next)
{
    subject = next;
    provider = next != NULL ? next->provider : NULL;
    tested = next != NULL ? next->name : "all";
}

/* ------------------------------------------------------------ asking for things */

static ep_ledger_charge charge_of(ep_ledger_kind kind, unsigned int name,
                                  apr_int64_t limit, apr_int64_t amount)
{
    static char path[EP_LEDGER_PATH_SIZE];
    ep_ledger_charge charge;

    memset(&charge, 0, sizeof(charge));
    charge.kind = kind;
    charge.key.bytes[0] = (unsigned char)(name >> 8);
    charge.key.bytes[15] = (unsigned char)name;
    charge.limit = limit;
    charge.amount = amount;
    charge.period = kind == EP_CHARGE_ALLOWANCE ? HOUR : 0;
    if (kind == EP_CHARGE_QUOTA) {
        strcpy(path, "/srv/tree");
        charge.path = path;
    }
    return charge;
}

/* The result of the last call. */
static ep_ledger_denial denial;
static apr_int64_t granted;
static apr_status_t status;

static void forget_answers(ep_ledger_outcome *outcome)
{
    *outcome = (ep_ledger_outcome)-1;
    memset(&denial, 0x55, sizeof(denial));
    granted = -7;
}

/* 0: another process reserves at the same time */
static int is_alone = 1;

/* A new claim is foreseen: the answer is that of reserve(). */
static void foresee(const ep_ledger_charge *charges, apr_size_t count, int how,
                    const ep_ledger_claim *claim, ep_ledger_outcome *outcome,
                    ep_ledger_denial *expected)
{
    *outcome = (ep_ledger_outcome)-1;
    if (provider->foresee == NULL || provider->is_shared || claim->is_held
        || claim->opaque[0] != 0
        || provider->foresee(charges, count, how, outcome, expected) != APR_SUCCESS) {
        *outcome = (ep_ledger_outcome)-1;
    }
}

/* @return -1: it was not answered */
static int reserve_as(const ep_ledger_charge *charges, apr_size_t count,
                      int how, ep_ledger_claim *claim)
{
    ep_ledger_outcome outcome, foreseen;
    ep_ledger_denial expected;
    int tries = 0;

    do {
        foresee(charges, count, how, claim, &foreseen, &expected);
        forget_answers(&outcome);
        status = provider->reserve(charges, count, how, claim, &outcome,
                                   &denial);
    } while (status == APR_TIMEUP && ++tries < TRIES);
    if (status == APR_SUCCESS && (int)foreseen != -1 && is_alone
        && (foreseen != outcome
            || (outcome == EP_OUTCOME_DENIED
                && (expected.charge != denial.charge
                    || expected.remaining != denial.remaining)))) {
        give_up("what is foreseen is not what reserve() answers");
    }
    return status == APR_SUCCESS ? (int)outcome : -1;
}

static int reserve(const ep_ledger_charge *charges, apr_size_t count,
                   ep_ledger_claim *claim)
{
    return reserve_as(charges, count, 0, claim);
}

static int reserve_amount(ep_ledger_charge charge, apr_int64_t amount,
                          ep_ledger_claim *claim)
{
    charge.amount = amount;
    return reserve(&charge, 1, claim);
}

static int grow(const ep_ledger_charge *charges, apr_size_t count,
                const ep_ledger_claim *claim, apr_int64_t least,
                apr_int64_t most)
{
    ep_ledger_outcome outcome;
    int tries = 0;

    do {
        forget_answers(&outcome);
        status = provider->grow(charges, count, claim, least, most, &granted,
                                &outcome, &denial);
    } while (status == APR_TIMEUP && ++tries < TRIES);
    return status == APR_SUCCESS ? (int)outcome : -1;
}

static ep_ledger_balance balance_of(const ep_ledger_charge *charge)
{
    ep_ledger_balance balance;
    apr_status_t rv;
    int tries = 0;

    do {
        memset(&balance, 0, sizeof(balance));
        rv = provider->read_balance(charge->kind, &charge->key, &balance);
    } while (rv == APR_TIMEUP && ++tries < TRIES);
    if (rv == APR_NOTFOUND) {
        memset(&balance, 0, sizeof(balance));
    }
    else if (rv != APR_SUCCESS) {
        balance.held = balance.used = -1;
    }
    return balance;
}

static void check_balance(const ep_ledger_charge *charge, apr_int64_t held,
                          apr_int64_t used, const char *what)
{
    const ep_ledger_balance balance = balance_of(charge);

    check(balance.held == held && balance.used == used, what);
    if (balance.held != held || balance.used != used) {
        printf("# held %lld, used %lld; wanted %lld, %lld\n",
               (long long)balance.held, (long long)balance.used,
               (long long)held, (long long)used);
    }
}

/* The last one that was found to be measured, by a caller who may have given up. */
static ep_ledger_tree begun;
static int is_begun;

/* What has ended is told to other servers a moment later.  Without this, a tree may not be
 * at rest when it is measured. */
static void rest(void)
{
    apr_int64_t held, used;

    if (subject->read_shared != NULL) {
        subject->read_shared(&held, &used);
    }
}

/* Finds a tree, to measure it. */
static apr_status_t find_tree(const ep_ledger_charge *charge, ep_ledger_tree *tree)
{
    apr_status_t rv;

    rest();
    rv = provider->find_tree(charge, tree);

    if (rv != APR_SUCCESS || provider->begin_measure == NULL) {
        return rv;
    }
    if (is_begun) {
        provider->drop_measure(&begun);
    }
    rv = provider->begin_measure(tree);
    is_begun = rv == APR_SUCCESS;
    begun = *tree;
    return rv;
}

static apr_status_t measure(const ep_ledger_charge *charge, apr_int64_t bytes)
{
    ep_ledger_tree tree;

    return find_tree(charge, &tree) == APR_SUCCESS
               ? provider->report_usage(&tree, bytes, 1, 1)
               : APR_EGENERAL;
}

static void begin(void)
{
    is_begun = 0;
    subject->set_up();
}

static void end(void)
{
    subject->tear_down();
}

/* ------------------------------------------------------------------- reserving */

static void test_limits(void)
{
    static const char *const names[] = { "space", "a quota", "an allowance" };
    int kind;

    begin();
    for (kind = EP_CHARGE_SPACE; kind <= EP_CHARGE_ALLOWANCE; kind++) {
        const ep_ledger_charge charge = charge_of((ep_ledger_kind)kind, 1, 100,
                                                  0);
        ep_ledger_claim first = { 0 }, second = { 0 };

        if (kind == EP_CHARGE_QUOTA) {
            measure(&charge, 0);
        }
        printf("# %s\n", names[kind]);
        check(reserve_amount(charge, 101, &first) == EP_OUTCOME_DENIED
                  && denial.charge == 0 && denial.remaining == 100
                  && denial.wait == -1 && !first.is_held,
              "what never fits is denied, and no wait helps");
        check(reserve_amount(charge, 60, &first) == EP_OUTCOME_GRANTED
                  && first.is_held == 1,
              "what fits is claimed");
        check(reserve_amount(charge, 41, &second) == EP_OUTCOME_DENIED
                  && denial.remaining == 40 && !second.is_held
                  && second.opaque[0] == 0,
              "one byte too much is denied, and nothing is claimed");
        check(reserve_amount(charge, 40, &second) == EP_OUTCOME_GRANTED,
              "a limit is inclusive");
        check_balance(&charge, 100, 0, "both are held");
        provider->release(&first);
        provider->release(&second);
        check_balance(&charge, 0, 0, "and neither after a release");
    }
    end();
}

static void test_uploads_at_once(void)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_CONCURRENT, 1, 2, 1);
    ep_ledger_claim claims[3];

    memset(claims, 0, sizeof(claims));
    begin();
    check(reserve(&charge, 1, &claims[0]) == EP_OUTCOME_GRANTED
              && reserve(&charge, 1, &claims[1]) == EP_OUTCOME_GRANTED,
          "two uploads at once where two may be");
    check(reserve(&charge, 1, &claims[2]) == EP_OUTCOME_DENIED
              && denial.remaining == 0 && denial.wait == -1,
          "a third one is denied");
    provider->settle(&claims[0], 10, 10);
    check(reserve(&charge, 1, &claims[2]) == EP_OUTCOME_GRANTED,
          "and gets in when one is done");
    check_balance(&charge, 2, 0, "an upload at once is not used up");
    end();
}

static void test_end_of_content(void)
{
    const ep_ledger_charge both[] = {
        charge_of(EP_CHARGE_CONCURRENT, 1, 1, 1),
        charge_of(EP_CHARGE_ALLOWANCE, 1, 100, 40)
    };
    ep_ledger_claim first = { 0 }, second = { 0 };

    begin();
    reserve(both, 2, &first);
    check(reserve(both, 2, &second) == EP_OUTCOME_DENIED && denial.charge == 0,
          "one upload at once");
    provider->end_content(&first);
    check_balance(&both[0], 0, 0, "whose content was read takes no slot");
    check_balance(&both[1], 40, 0, "but holds what else it holds");
    check(reserve(both, 2, &second) == EP_OUTCOME_GRANTED,
          "so the next one is admitted");
    check(reserve(both, 2, &first) == EP_OUTCOME_GRANTED,
          "and the first one may come by other places");
    check_balance(&both[0], 1, 0, "without a slot of its own");
    provider->end_content(&first);
    provider->settle(&first, 40, 40);
    check_balance(&both[0], 1, 0, "it gives back nothing twice");
    provider->settle(&second, 40, 40);
    check_balance(&both[0], 0, 0, "each gives back its own");
    provider->end_content(&second);
    check_balance(&both[1], 0, 80, "what has ended is left alone");
    end();
}

static void test_overdrafts(void)
{
    ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, 1, 1000, 100);
    ep_ledger_charge strict = charge;
    ep_ledger_claim claim = { 0 };

    begin();
    charge.overdraft = 200;
    measure(&charge, 950);
    check(reserve(&strict, 1, &claim) == EP_OUTCOME_DENIED
              && denial.remaining == 50,
          "what may not overdraw an account is denied");
    check(reserve_amount(charge, 251, &claim) == EP_OUTCOME_DENIED
              && denial.remaining == 250,
          "what may, is denied beyond its overdraft");
    check(reserve_amount(charge, 250, &claim) == EP_OUTCOME_GRANTED,
          "and granted up to it");
    provider->settle(&claim, 250, 250);
    measure(&charge, 1200);
    check(reserve_amount(charge, 1, &claim) == EP_OUTCOME_DENIED,
          "a measurement that finds what uploads have brought gives no more");
    measure(&charge, 5000);
    check(reserve_amount(charge, 1, &claim) == EP_OUTCOME_DENIED,
          "nor does what others put there on top of that");
    measure(&charge, 1000);
    measure(&charge, 5000);
    check(reserve_amount(charge, 201, &claim) == EP_OUTCOME_DENIED
              && reserve_amount(charge, 200, &claim) == EP_OUTCOME_GRANTED,
          "where others have put more than the limit, as much may come on top");
    provider->settle(&claim, 200, 200);
    measure(&charge, 5000);
    check(reserve_amount(charge, 200, &claim) == EP_OUTCOME_GRANTED,
          "again, if nothing of it was stored");
    provider->settle(&claim, 200, 200);
    measure(&charge, 5200);
    check(reserve_amount(charge, 1, &claim) == EP_OUTCOME_DENIED,
          "and not, if it was");
    measure(&charge, 1000);
    check(reserve_amount(charge, 201, &claim) == EP_OUTCOME_DENIED
              && reserve_amount(charge, 200, &claim) == EP_OUTCOME_GRANTED,
          "what was removed counts no more");
    provider->release(&claim);
    {
        ep_ledger_charge both[2];

        both[0] = charge;
        both[1] = strict;
        check(reserve(both, 2, &claim) == EP_OUTCOME_DENIED,
              "of two charges of one account, the stricter one holds");
    }
    end();
}

static void test_all_or_nothing(void)
{
    ep_ledger_charge charges[4];
    int too_much, i;

    begin();
    for (too_much = 0; too_much < 4; too_much++) {
        ep_ledger_claim claim = { 0 };
        apr_int64_t held = 0;

        for (i = 0; i < 4; i++) {
            charges[i] = charge_of((ep_ledger_kind)i, 7, 100, 50);
        }
        measure(&charges[EP_CHARGE_QUOTA], 0);
        charges[too_much].limit = 49;
        check(reserve(charges, 4, &claim) == EP_OUTCOME_DENIED
                  && denial.charge == (apr_size_t)too_much
                  && denial.remaining == 49 && !claim.is_held,
              "the charge that does not fit is named");
        for (i = 0; i < 4; i++) {
            held += balance_of(&charges[i]).held;
        }
        check_number(held, 0, "and none of the others is claimed");
    }
    charges[3].limit = 50;
    {
        ep_ledger_claim claim = { 0 };

        check(reserve(charges, 4, &claim) == EP_OUTCOME_GRANTED,
              "where all fit, all are claimed");
        check_balance(&charges[0], 50, 0, "the first");
        check_balance(&charges[3], 50, 0, "and the last");
    }
    end();
}

static void test_one_key(void)
{
    ep_ledger_charge charges[3];
    ep_ledger_claim claim = { 0 };

    begin();
    charges[0] = charge_of(EP_CHARGE_SPACE, 1, 500, 100);
    charges[1] = charge_of(EP_CHARGE_SPACE, 1, 150, 80);
    charges[2] = charge_of(EP_CHARGE_SPACE, 1, 300, 120);
    check(reserve(charges, 3, &claim) == EP_OUTCOME_GRANTED,
          "charges of one key are claimed once");
    check_balance(&charges[0], 120, 0, "with the largest amount");
    {
        ep_ledger_claim other = { 0 };

        check(reserve(charges, 3, &other) == EP_OUTCOME_DENIED
                  && denial.charge == 1 && denial.remaining == 30,
              "and the smallest limit");
    }
    charges[1].kind = EP_CHARGE_ALLOWANCE;
    charges[1].period = HOUR;
    check_balance(&charges[1], 0, 0, "another kind is another account");
    end();
}

static void test_adding(void)
{
    ep_ledger_charge charges[2];
    ep_ledger_claim claim = { 0 };

    begin();
    charges[0] = charge_of(EP_CHARGE_ALLOWANCE, 1, 100, 60);
    charges[1] = charge_of(EP_CHARGE_CONCURRENT, 2, 5, 1);
    reserve(charges, 1, &claim);
    check(reserve(charges, 2, &claim) == EP_OUTCOME_GRANTED
              && reserve(charges, 2, &claim) == EP_OUTCOME_GRANTED,
          "a claim is asked for once more");
    check_balance(&charges[0], 60, 0, "and charged once");
    check_balance(&charges[1], 1, 0, "what is new is added");
    charges[0].limit = 59;
    check(reserve(charges, 2, &claim) == EP_OUTCOME_DENIED
              && denial.charge == 0 && claim.is_held,
          "what it holds has to be within a new limit");
    charges[0].limit = 60;
    check(reserve(charges, 2, &claim) == EP_OUTCOME_GRANTED,
          "which it may just be");
    provider->release(&claim);
    check_balance(&charges[0], 0, 0, "all of it goes with the claim");
    check_balance(&charges[1], 0, 0, "what was added goes with it");
    end();
}

static void test_room_in_a_claim(void)
{
    ep_ledger_charge charges[EP_CHARGES_MAX + 1];
    ep_ledger_claim claim = { 0 }, other = { 0 };
    int i;

    begin();
    for (i = 0; i <= EP_CHARGES_MAX; i++) {
        charges[i] = charge_of(EP_CHARGE_SPACE, 100u + (unsigned int)i, 10, 1);
    }
    check(reserve(charges, EP_CHARGES_MAX + 1, &claim) == EP_OUTCOME_FULL
              && !claim.is_held,
          "one charge too many is claimed by nobody");
    check(reserve(charges, EP_CHARGES_MAX, &claim) == EP_OUTCOME_GRANTED,
          "so many are");
    check(reserve(&charges[EP_CHARGES_MAX], 1, &claim) == EP_OUTCOME_CROWDED
              && denial.charge == 0 && claim.is_held,
          "the claim has no room for another one of the server's");
    charges[EP_CHARGES_MAX].is_owners = 1;
    check(reserve(&charges[EP_CHARGES_MAX], 1, &claim) == EP_OUTCOME_GRANTED
              && denial.left_out == 1,
          "an owner's is left out instead");
    check_balance(&charges[EP_CHARGES_MAX], 0, 0, "and counts nothing");
    for (i = 0; i <= EP_CHARGES_OWNERS; i++) {
        charges[i].is_owners = 1;
    }
    check(reserve(charges, EP_CHARGES_OWNERS + 1, &other)
                  == EP_OUTCOME_GRANTED
              && denial.left_out == 1u << EP_CHARGES_OWNERS,
          "owners have so many charges of a claim, and no more");
    check(reserve(&charges[EP_CHARGES_OWNERS + 1], 4, &other)
                  == EP_OUTCOME_GRANTED
              && denial.left_out == 0,
          "the server's still find room");
    end();
}

static void test_large_numbers(void)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_ALLOWANCE, 1,
                                              INT64_MAX, INT64_MAX);
    ep_ledger_claim first = { 0 }, second = { 0 };

    begin();
    check(reserve(&charge, 1, &first) == EP_OUTCOME_GRANTED
              && reserve_amount(charge, 1, &second) == EP_OUTCOME_DENIED
              && denial.remaining == 0,
          "the largest amount fits the largest limit, and nothing next to it");
    check(grow(&charge, 1, &first, 1, 2) == EP_OUTCOME_DENIED,
          "a full account does not let a claim grow");
    provider->settle(&first, INT64_MAX, INT64_MAX);
    check(reserve_amount(charge, 0, &first) == EP_OUTCOME_GRANTED,
          "an upload of nothing fits a limit that is used up");
    provider->settle(&first, INT64_MAX, INT64_MIN);
    check_balance(&charge, 0, INT64_MAX, "no sum overflows");
    end();
}

/* ---------------------------------------------------- growing, and giving back */

/* Where servers share the ledger, others have a share of what is left: then it takes
 * several calls.  @return bytes that were granted in all */
static apr_int64_t grow_by(const ep_ledger_charge *charges, apr_size_t count,
                           const ep_ledger_claim *claim, apr_int64_t most)
{
    apr_int64_t sum = 0;
    int turns = 0;

    while (sum < most
           && grow(charges, count, claim, turns > 0 ? 1 : 10, most - sum)
                  == EP_OUTCOME_GRANTED
           && granted >= 1 && granted <= most - sum) {
        sum += granted;
        if (subject->read_shared == NULL || ++turns > 20) {
            break;
        }
    }
    return sum;
}

/* What is held is what was granted, and more only where servers share the ledger. */
static void check_grown(const ep_ledger_charge *charge, apr_int64_t held,
                        const char *what)
{
    const apr_int64_t is = balance_of(charge).held;

    check(is == held || (subject->read_shared != NULL && is > held), what);
}

static void test_growing(void)
{
    ep_ledger_charge charges[3];
    ep_ledger_claim claim = { 0 }, copy;

    begin();
    charges[0] = charge_of(EP_CHARGE_SPACE, 1, 5000, 100);
    charges[1] = charge_of(EP_CHARGE_ALLOWANCE, 2, 300, 100);
    charges[2] = charge_of(EP_CHARGE_CONCURRENT, 3, 1, 1);
    reserve(charges, 3, &claim);
    check_number(grow_by(charges, 3, &claim, 150), 150,
                 "a claim grows by the most that is asked for");
    check_number(grow_by(charges, 3, &claim, 150), 50, "or by what is left");
    check_grown(&charges[0], 300, "in all accounts by the same");
    check_grown(&charges[1], 300, "up to the limit");
    check_balance(&charges[2], 1, 0, "but not in number");
    check(grow(charges, 3, &claim, 1, 150) == EP_OUTCOME_DENIED
              && denial.charge == 1 && denial.remaining == 0,
          "with less than the least it does not grow");
    check_grown(&charges[0], 300, "in no account");
    charges[0].limit = balance_of(&charges[0]).held + 700;
    check(grow(charges, 1, &claim, 700, 800) == EP_OUTCOME_GRANTED
              && granted == 700,
          "where one account alone is asked, that one grows");
    copy = claim;
    provider->settle(&claim, 5, 5);
    check(grow(charges, 3, &copy, 1, 1) == EP_OUTCOME_LOST,
          "what was settled does not grow");
    check_balance(&charges[0], 0, 0, "and nothing of it is held");
    end();
}

static void test_settling(void)
{
    ep_ledger_charge charges[2];
    ep_ledger_claim claim = { 0 }, copy;
    const ep_ledger_claim none = { 0 };

    begin();
    charges[0] = charge_of(EP_CHARGE_ALLOWANCE, 1, 1000, 100);
    charges[1] = charge_of(EP_CHARGE_QUOTA, 2, 1000, 100);
    measure(&charges[1], 500);
    reserve(charges, 2, &claim);
    provider->settle(&claim, 70, 30);
    check(memcmp(&claim, &none, sizeof(none)) == 0, "a settled claim is none");
    check_balance(&charges[0], 0, 70, "less came in than was claimed");
    check_balance(&charges[1], 0, 530, "and less was stored");
    reserve(charges, 2, &claim);
    provider->settle(&claim, 170, 130);
    check_balance(&charges[0], 0, 240, "more came in than was claimed");
    check_balance(&charges[1], 0, 660, "and more was stored");
    reserve(charges, 2, &claim);
    provider->settle(&claim, 10, -60);
    check_balance(&charges[1], 0, 600, "a smaller file has taken its place");
    reserve(charges, 2, &claim);
    provider->settle(&claim, 10, INT64_MIN);
    check_balance(&charges[1], 0, 0, "no tree has less than nothing");
    reserve(charges, 2, &claim);
    copy = claim;
    provider->settle(&claim, 10, 10);
    provider->settle(&copy, 10, 10);
    check_balance(&charges[0], 0, 270, "a second settlement changes nothing");
    reserve(charges, 2, &claim);
    copy = claim;
    provider->release(&claim);
    check(memcmp(&claim, &none, sizeof(none)) == 0, "a released claim is none");
    check_balance(&charges[0], 0, 270, "and counts nothing");
    provider->settle(&copy, 10, 10);
    provider->release(&copy);
    check_balance(&charges[0], 0, 270, "it cannot be settled any more");
    check(reserve(charges, 2, &claim) == EP_OUTCOME_GRANTED,
          "a new claim is another one");
    copy = claim;
    provider->release(&claim);
    reserve(charges, 2, &claim);
    check(reserve(charges, 2, &copy) == EP_OUTCOME_LOST && copy.is_held,
          "and one that has gone cannot be added to");
    check_balance(&charges[0], 100, 270, "a lost claim changes no other account");
    provider->release(&claim);
    end();
}

/* ------------------------------------------------------------------------ trees */

static void test_unknown_trees(void)
{
    ep_ledger_charge charges[2];
    const apr_int64_t small = EP_CHARGE_UNMEASURED_MAX;
    ep_ledger_claim claims[3];
    ep_ledger_tree tree;

    memset(claims, 0, sizeof(claims));
    begin();
    charges[0] = charge_of(EP_CHARGE_SPACE, 1, INT64_MAX, small);
    charges[1] = charge_of(EP_CHARGE_QUOTA, 2, 2 * small, small);
    check(reserve(charges, 2, &claims[0]) == EP_OUTCOME_UNKNOWN
              && denial.charge == 1 && !claims[0].is_held,
          "a tree that nobody has measured is not empty");
    check_balance(&charges[0], 0, 0, "so nothing is claimed");
    charges[1].amount = small + 1;
    check(reserve_as(charges, 2, 1, &claims[0]) == EP_OUTCOME_UNKNOWN,
          "not even for a lenient caller");
    charges[1].amount = small;
    check(reserve_as(charges, 2, 1, &claims[0]) == EP_OUTCOME_GRANTED,
          "a small upload is granted");
    check(grow(charges, 2, &claims[0], 1, 1) == EP_OUTCOME_UNKNOWN
              && denial.charge == 1,
          "which does not become much");
    check(reserve_as(charges, 2, 1, &claims[1]) == EP_OUTCOME_GRANTED
              && reserve_as(charges, 2, 1, &claims[2]) == EP_OUTCOME_DENIED
              && denial.charge == 1 && denial.remaining == 0,
          "all of these are within the limit");
    check(balance_of(&charges[1]).is_known == 0, "nobody knows what is used");
    provider->settle(&claims[0], 10, 10);
    check(find_tree(&charges[1], &tree) == APR_SUCCESS
              && !tree.is_known && tree.is_held && tree.since_measured == -1
              && provider->report_usage(&tree, 1000, 5, 0) == APR_SUCCESS,
          "a first number is taken whatever is under way");
    check_balance(&charges[1], small, 1000, "and is what is used");
    check(balance_of(&charges[1]).is_known == 1, "which is known now");
    provider->release(&claims[1]);
    charges[1].amount = 2 * small - 1000;
    check(reserve(charges, 2, &claims[1]) == EP_OUTCOME_GRANTED,
          "what is left may be claimed by all");
    end();
}

static void test_measuring(void)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, 1, 1000, 100);
    ep_ledger_claim claim = { 0 };
    ep_ledger_tree before, after;

    begin();
    measure(&charge, 200);
    /* no two measurements of a tree are as close as this */
    usleep(1000);
    find_tree(&charge, &before);
    before.mark = 77;
    check(provider->report_usage(&before, 300, 5, 0) == APR_SUCCESS,
          "a number is taken where nothing is under way");
    check(provider->report_usage(&before, 400, 5, 1) == APR_EAGAIN,
          "but not if somebody else has measured meanwhile");
    check_balance(&charge, 0, 300, "the first one holds");
    provider->find_tree(&charge, &after);
    check(after.mark == 77 && after.took == 5
              && memcmp(&after.id, &before.id, sizeof(after.id)) == 0,
          "mark and time are kept with it");
    reserve(&charge, 1, &claim);
    find_tree(&charge, &before);
    check(before.is_held
              && provider->report_usage(&before, 500, 5, 0) == APR_EAGAIN,
          "a number is not taken while an upload is under way");
    provider->settle(&claim, 50, 50);
    check(provider->report_usage(&before, 500, 5, 0) == APR_EAGAIN,
          "a number is not taken if an upload has ended since");
    check_balance(&charge, 0, 350, "the ledger knows better");
    check(provider->report_usage(&before, 500, 5, 1) == APR_SUCCESS,
          "a caller that insists gets its number taken");
    check_balance(&charge, 0, 550, "and what was added comes on top");
    check(measure(&charge, -1 - 40) == APR_SUCCESS,
          "what cannot be measured is told as well");
    check(reserve(&charge, 1, &claim) == EP_OUTCOME_UNKNOWN
              && reserve_as(&charge, 1, 1, &claim) == EP_OUTCOME_GRANTED,
          "then its usage is unknown, and a lenient caller gets in");
    check_balance(&charge, 100, 550, "it counts as what it had");
    provider->release(&claim);
    measure(&charge, -1 - 950);
    check(reserve_as(&charge, 1, 1, &claim) == EP_OUTCOME_DENIED
              && denial.remaining == 50,
          "the larger of both numbers counts");
    end();
}

static int count_trees(ep_ledger_tree *last)
{
    apr_uint32_t place = 0;
    apr_status_t rv;
    int count = 0, turns = 0;

    do {
        rv = provider->next_tree(&place, last);
        if (rv == APR_SUCCESS) {
            place++;
            count++;
        }
    } while (rv != APR_EOF && ++turns < 100000);
    return rv == APR_EOF ? count : -1;
}

/* @return what came of a number that is told while an upload is under way */
static apr_status_t measure_beside(const ep_ledger_charge *held, apr_int64_t bytes,
                                   ep_ledger_claim *claim)
{
    ep_ledger_tree before;

    reserve(held, 1, claim);
    usleep(1000);
    find_tree(held, &before);
    return provider->report_usage(&before, bytes, 5, 0);
}

static void test_lower_numbers(void)
{
    ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, 1, 1000, 100);
    ep_ledger_claim claim = { 0 }, other = { 0 };
    ep_ledger_tree before;

    charge.client = 7;
    begin();
    measure(&charge, 500);
    check(measure_beside(&charge, 500, &claim) == APR_EAGAIN
              && measure_beside(&charge, 499, &claim) == APR_SUCCESS,
          "a lower number is taken although an upload is under way");
    check_balance(&charge, 100, 499, "and what is held stays held");
    find_tree(&charge, &before);
    check(before.since_asked < before.since_measured
              || before.since_measured == 0,
          "the tree is due again");
    reserve(&charge, 1, &other);
    provider->settle(&other, 0, 40);
    check_balance(&charge, 100, 539, "an upload has ended");
    check(provider->report_usage(&before, 499, 5, 0) == APR_EAGAIN,
          "what was added meanwhile may be missing in a number");
    check(provider->report_usage(&before, 498, 5, 0) == APR_SUCCESS,
          "so it is added to a number");
    check_balance(&charge, 100, 538, "which is taken if it is lower even so");
    provider->settle(&claim, 100, -200);
    check_balance(&charge, 0, 538,
                  "an upload that was under way then subtracts nothing");
    charge.client = 0;
    check(measure_beside(&charge, 1, &claim) == APR_EAGAIN,
          "no number is taken while files may move");
    find_tree(&charge, &before);
    provider->release(&claim);
    check(provider->report_usage(&before, 1, 5, 0) == APR_EAGAIN,
          "or if they may have moved since");
    check(measure(&charge, 1) == APR_SUCCESS, "at rest it is taken");
    end();
}

/* A number of a tree that is not at rest may have an upload twice, which is not to be
 * taken for what others have brought. */
static void test_base_of_disturbed_trees(void)
{
    ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, 1, 1000, 10);
    ep_ledger_claim claim = { 0 }, small = { 0 };
    ep_ledger_tree before;

    charge.client = 7;
    charge.overdraft = 100;
    begin();
    measure(&charge, 990);
    reserve(&charge, 1, &claim);
    find_tree(&charge, &before);
    check(provider->report_usage(&before, 1900, 5, 1) == APR_SUCCESS,
          "a number that is too large is insisted on");
    check(reserve(&charge, 1, &small) == EP_OUTCOME_DENIED,
          "and overdrafts do not begin there");
    provider->release(&claim);
    check(measure(&charge, 1090) == APR_SUCCESS, "an exact one is lower");
    check(reserve(&charge, 1, &small) == EP_OUTCOME_GRANTED,
          "what others have brought since is told by it");
    provider->settle(&small, 10, 10);
    measure(&charge, 3000);
    charge.amount = 101;
    check(reserve(&charge, 1, &small) == EP_OUTCOME_DENIED
              && denial.remaining == 90,
          "so is what they bring later, but not what was overdrawn");
    end();
}

static void test_doubts(void)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, 1, 1000, 100);
    const ep_ledger_charge other = charge_of(EP_CHARGE_QUOTA, 2, 1000, 100);
    ep_ledger_claim claim = { 0 };
    ep_ledger_tree before;

    begin();
    if (provider->doubt_usage == NULL) {
        check(1, "this provider doubts nothing");
        end();
        return;
    }
    check(provider->doubt_usage(&other) == APR_SUCCESS
              && count_trees(&before) == 0,
          "who doubts a tree that is not there makes none");
    measure(&charge, 1000);
    check(reserve(&charge, 1, &claim) == EP_OUTCOME_DENIED && denial.wait == -1,
          "a tree that was measured just now is full for good");
    usleep(1000);
    check(provider->doubt_usage(&charge) == APR_SUCCESS
              && reserve(&charge, 1, &claim) == EP_OUTCOME_DENIED
              && denial.wait > 0 && denial.wait <= 6 * SECOND,
          "if its number is doubted, waiting may help");
    find_tree(&charge, &before);
    provider->doubt_usage(&charge);
    check(provider->report_usage(&before, 1000, 5, 0) == APR_EAGAIN,
          "a number from before the doubt does not remove it");
    check(measure(&charge, 1000) == APR_SUCCESS
              && reserve(&charge, 1, &claim) == EP_OUTCOME_DENIED
              && denial.wait == -1,
          "one from behind it does");
    usleep(1000);
    provider->doubt_usage(&charge);
    check(measure(&charge, 900) == APR_SUCCESS
              && reserve(&charge, 1, &claim) == EP_OUTCOME_GRANTED,
          "and what has gone is free");
    end();
}

static void test_announcing(void)
{
    ep_ledger_charge trees[3];
    ep_ledger_tree tree;
    int without = -1, i;

    begin();
    for (i = 0; i < 3; i++) {
        trees[i] = charge_of(EP_CHARGE_QUOTA, 10u + (unsigned int)i, 1000, 10);
        trees[i].is_file = i == 2;
        trees[i].share = 5;
    }
    check_number(count_trees(&tree), 0, "there is no tree");
    check(provider->announce_trees(trees, 2, &without) == APR_SUCCESS
              && without == 0 && count_trees(&tree) == 2,
          "trees that are announced are there to be measured");
    check(strcmp(tree.path, trees[1].path) == 0 && !tree.is_file
              && tree.share == 5 && !tree.is_known && !tree.is_held,
          "as they were announced");
    check(tree.limit == 1000 && tree.held == 0 && tree.used == 0,
          "with the limit that they were announced with");
    check(provider->announce_trees(trees, 3, &without) == APR_SUCCESS
              && count_trees(&tree) == 2,
          "once for each configuration");
    check(provider->find_tree(&trees[2], &tree) == APR_SUCCESS && tree.is_file
              && count_trees(&tree) == 3,
          "one that an upload asks for is made");
    measure(&trees[0], 70);
    subject->restart();
    check_number(count_trees(&tree), 3, "a start forgets none of them");
    check(provider->announce_trees(trees, 1, &without) == APR_SUCCESS
              && count_trees(&tree) == 2,
          "but one that was announced, and is not any more");
    check_balance(&trees[0], 0, 70, "the others keep their numbers");
    subject->restart();
    check(provider->announce_trees(trees, 1, &without) == APR_SUCCESS
              && count_trees(&tree) == 1,
          "one that nobody asked for goes a start later");
    subject->restart();
    check(provider->announce_trees(NULL, 0, &without) == APR_SUCCESS
              && count_trees(&tree) == 0,
          "where none is announced, none is left");
    end();
}

static void test_ages(void)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, 1, 1000, 100);
    ep_ledger_claim claim = { 0 };
    ep_ledger_tree tree;
    apr_uint32_t place = 0;
    int without, turns = 0;

    begin();
    provider->announce_trees(&charge, 1, &without);
    while (provider->next_tree(&place, &tree) == APR_NOTFOUND
           && ++turns < 100000) {
    }
    check_number(tree.since_measured, -1, "a new tree was never measured");
    measure(&charge, 1);
    usleep(30000);
    provider->next_tree(&place, &tree);
    check(tree.since_measured >= 30000 && tree.since_measured < 60 * SECOND
              && tree.since_asked >= tree.since_measured,
          "its ages are those of what happened to it");
    reserve(&charge, 1, &claim);
    provider->next_tree(&place, &tree);
    check(tree.since_asked < tree.since_measured,
          "an upload has asked for it since");
    end();
}

/* -------------------------------------------------------------------- periods */

static void test_periods(void)
{
    ep_ledger_charge charge = charge_of(EP_CHARGE_ALLOWANCE, 1, 100, 60);
    ep_ledger_claim under_way = { 0 }, claim = { 0 };
    apr_int64_t wait;

    begin();
    charge.period = SECOND;
    reserve(&charge, 1, &claim);
    provider->settle(&claim, 60, 60);
    check(reserve_amount(charge, 30, &under_way) == EP_OUTCOME_GRANTED,
          "an upload is under way");
    check(reserve_amount(charge, 60, &claim) == EP_OUTCOME_DENIED
              && denial.remaining == 10 && denial.wait > 0
              && denial.wait <= SECOND,
          "a denial says how long the period goes on");
    wait = denial.wait;
    check(reserve_amount(charge, 101, &claim) == EP_OUTCOME_DENIED
              && denial.wait == -1,
          "but not to one whom the next one does not help");
    usleep((useconds_t)wait + 1000);
    check_balance(&charge, 30, 0, "then all of it is free again");
    check(reserve_amount(charge, 71, &claim) == EP_OUTCOME_DENIED
              && denial.remaining == 70,
          "all but the upload under way is free");
    check(reserve_amount(charge, 70, &claim) == EP_OUTCOME_GRANTED,
          "as much as that is");
    provider->settle(&under_way, 30, 30);
    check_balance(&charge, 70, 30, "it counts in the period in which it ends");
    end();
}

/* ------------------------------------------------------------------ giving way */

static void test_giving_way(void)
{
    ep_ledger_charge mine = charge_of(EP_CHARGE_SPACE, 1, 1000, 1000);
    ep_ledger_charge theirs = charge_of(EP_CHARGE_SPACE, 1, 1000, 100);
    ep_ledger_claim claim = { 0 }, other = { 0 };
    ep_ledger_outcome outcome;

    if (provider->confirm == NULL) {
        begin();
        mine.client = 1;
        theirs.client = 2;
        check(reserve(&mine, 1, &claim) == EP_OUTCOME_GRANTED
                  && reserve(&theirs, 1, &other) == EP_OUTCOME_DENIED,
              "without confirm, no claim gives way");
        end();
        return;
    }
    begin();
    mine.client = 1;
    theirs.client = 1;
    check(reserve(&mine, 1, &claim) == EP_OUTCOME_GRANTED
              && reserve(&theirs, 1, &other) == EP_OUTCOME_DENIED,
          "no claim gives way to others of the same client");
    theirs.client = 2;
    check(reserve(&theirs, 1, &other) == EP_OUTCOME_GRANTED,
          "one that has sent nothing gives way to another client's");
    check(provider->confirm(&theirs, 1, &other, &outcome, &denial)
                  == APR_SUCCESS && outcome == EP_OUTCOME_GRANTED,
          "which sends something, and keeps what it has");
    check(provider->confirm(&mine, 1, &claim, &outcome, &denial) == APR_SUCCESS
              && outcome == EP_OUTCOME_DENIED && denial.charge == 0,
          "so the first one does not get back what it gave");
    provider->settle(&other, 1, 1);
    check(provider->confirm(&mine, 1, &claim, &outcome, &denial) == APR_SUCCESS
              && outcome == EP_OUTCOME_GRANTED,
          "once there is room, it does");
    check_balance(&mine, 1000, 0, "all of it");
    check(reserve(&theirs, 1, &other) == EP_OUTCOME_DENIED,
          "and gives way no more");
    provider->release(&claim);
    check(provider->confirm(&mine, 1, &claim, &outcome, &denial) == APR_SUCCESS
              && outcome == EP_OUTCOME_LOST,
          "what is gone cannot be confirmed");
    end();
}

/* ----------------------------------------------------------- processes, threads */

enum { PROCESSES = 4, THREADS = 4, ATTEMPTS = 4, SLOTS = 20 };

/* Of one process. */
static struct race {
    const ep_ledger_charge *charges;
    ep_ledger_claim claims[THREADS][ATTEMPTS];
    volatile int *is_on;
} race;

static void *fill(void *data)
{
    ep_ledger_claim *claims = data;
    int i;

    while (!*race.is_on) {
        usleep(10);
    }
    for (i = 0; i < ATTEMPTS; i++) {
        ep_ledger_outcome outcome;
        ep_ledger_denial why;
        int tries = 0;

        while (provider->reserve(race.charges, 2, 0, &claims[i], &outcome,
                                 &why) == APR_TIMEUP
               && ++tries < TRIES) {
        }
    }
    return NULL;
}

static void settle_half(ep_ledger_claim *claim, int number)
{
    if (number % 2 == 0) {
        provider->settle(claim, 7, 7);
    }
    else {
        provider->release(claim);
    }
}

/* Fills the ledger, reports how many claims were granted, waits, and settles or
 * releases. */
static void run_process(int to, int from, volatile int *is_on)
{
    pthread_t threads[THREADS];
    int counts[2] = { 0, 0 };
    int i, j;

    if (subject->join != NULL) {
        subject->join();
    }
    memset(race.claims, 0, sizeof(race.claims));
    race.is_on = is_on;
    for (i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, fill, race.claims[i]);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (j = 0; j < ATTEMPTS; j++) {
            counts[0] += race.claims[i][j].is_held != 0;
        }
    }
    if (write(to, &counts[0], sizeof(counts[0])) != sizeof(counts[0])
        || read(from, &i, sizeof(i)) != sizeof(i)) {
        _exit(1);
    }
    for (i = 0; i < THREADS; i++) {
        for (j = 0; j < ATTEMPTS; j++) {
            if (race.claims[i][j].is_held) {
                counts[1] += j % 2 == 0;
                settle_half(&race.claims[i][j], j);
            }
        }
    }
    _exit(write(to, &counts[1], sizeof(counts[1])) != sizeof(counts[1]));
}

static int read_sum(const int *pipes)
{
    int sum = 0, number, i;

    for (i = 0; i < PROCESSES; i++) {
        if (read(pipes[i], &number, sizeof(number)) != sizeof(number)) {
            give_up("a process");
        }
        sum += number;
    }
    return sum;
}

/* @return 1: all went as expected */
static int run_race(volatile int *is_on)
{
    ep_ledger_charge charges[2];
    pid_t pids[PROCESSES];
    int from[PROCESSES], to[PROCESSES];
    int i, status_of, sum, settled, is_right;

    charges[0] = charge_of(EP_CHARGE_CONCURRENT, 1, SLOTS, 1);
    charges[1] = charge_of(EP_CHARGE_ALLOWANCE, 2, 10 * SLOTS + 5, 10);
    race.charges = charges;
    *is_on = 0;
    for (i = 0; i < PROCESSES; i++) {
        int up[2], down[2];

        if (pipe(up) != 0 || pipe(down) != 0) {
            give_up("pipe");
        }
        pids[i] = fork();
        is_alone = pids[i] != 0 && is_alone;
        if (pids[i] == 0) {
            run_process(up[1], down[0], is_on);
        }
        close(up[1]);
        close(down[0]);
        from[i] = up[0];
        to[i] = down[1];
    }
    *is_on = 1;
    sum = read_sum(from);
    is_right = sum == SLOTS && balance_of(&charges[0]).held == SLOTS
               && balance_of(&charges[1]).held == 10 * SLOTS;
    for (i = 0; i < PROCESSES; i++) {
        if (write(to[i], &i, sizeof(i)) != sizeof(i)) {
            give_up("a process");
        }
    }
    settled = read_sum(from);
    for (i = 0; i < PROCESSES; i++) {
        waitpid(pids[i], &status_of, 0);
        close(from[i]);
        close(to[i]);
    }
    if (subject->read_shared != NULL) {
        apr_int64_t held, used;

        subject->read_shared(&held, &used);
        is_right = is_right && held == 0 && used == 7 * settled;
    }
    is_right = is_right && balance_of(&charges[0]).held == 0
               && balance_of(&charges[1]).held == 0
               && balance_of(&charges[1]).used == 7 * settled;
    if (!is_right) {
        printf("# %d of %d granted; used %lld of %d\n", sum, SLOTS,
               (long long)balance_of(&charges[1]).used, 7 * settled);
    }
    return is_right;
}

static void test_races(int rounds)
{
    volatile int *is_on = mmap(NULL, sizeof(*is_on), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int right = 0, i;

    if (is_on == MAP_FAILED) {
        give_up("mmap");
    }
    fflush(stdout);
    for (i = 0; i < rounds; i++) {
        begin();
        right += run_race(is_on);
        end();
    }
    check_number(right, rounds, "four processes of four threads get exactly as "
                                "many as fit, and what they settle is used");
    munmap((void *)is_on, sizeof(*is_on));
}

/* @param settles 1: before it dies */
static void die_with_claims(const ep_ledger_charge *charges, int settles)
{
    int status_of;
    const pid_t pid = fork();

    if (pid == 0) {
        ep_ledger_claim claims[2];

        memset(claims, 0, sizeof(claims));
        if (subject->join != NULL) {
            subject->join();
        }
        reserve(charges, 2, &claims[0]);
        reserve(charges, 2, &claims[1]);
        if (settles) {
            provider->settle(&claims[0], 30, 30);
        }
        _exit(!claims[1].is_held);
    }
    if (pid < 0 || waitpid(pid, &status_of, 0) != pid || status_of != 0) {
        give_up("a child");
    }
    subject->tell_death(pid);
}

static void test_deaths(void)
{
    ep_ledger_charge charges[2];
    ep_ledger_claim mine = { 0 };
    ep_ledger_counts counts;

    begin();
    charges[0] = charge_of(EP_CHARGE_CONCURRENT, 1, 3, 1);
    charges[1] = charge_of(EP_CHARGE_ALLOWANCE, 2, 1000, 100);
    reserve(charges, 2, &mine);
    die_with_claims(charges, 0);
    check_balance(&charges[0], 1, 0, "what a dead child held is given back");
    check_balance(&charges[1], 100, 0, "in all accounts, and counts nothing");
    die_with_claims(charges, 1);
    check_balance(&charges[1], 100, 30,
                  "what it settled before it died still counts");
    check(provider->count_entries(&counts) == APR_SUCCESS && counts.claims == 1,
          "the claims of the living are left");
    provider->settle(&mine, 50, 50);
    check_balance(&charges[1], 0, 80, "and can be settled");
    end();
}

static void test_restart(void)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_ALLOWANCE, 1, 1000,
                                              100);
    ep_ledger_claim claim = { 0 };

    begin();
    reserve(&charge, 1, &claim);
    provider->settle(&claim, 70, 70);
    reserve(&charge, 1, &claim);
    subject->restart();
    check_balance(&charge, 0, 70,
                  "a start keeps what is used, and nothing that is held");
    end();
}

/* ---------------------------------------------------------------------- errors */

static void check_failing(apr_status_t wanted, const ep_ledger_claim *held)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_ALLOWANCE, 1, 1000,
                                              100);
    const ep_ledger_claim none = { 0 };
    ep_ledger_claim claim = { 0 };
    ep_ledger_outcome outcome = (ep_ledger_outcome)-1;
    ep_ledger_balance balance;
    ep_ledger_counts counts;
    ep_ledger_tree tree;
    apr_uint32_t place = 0;

    granted = -7;
    check(provider->reserve(&charge, 1, 1, &claim, &outcome, &denial) == wanted
              && memcmp(&claim, &none, sizeof(none)) == 0
              && outcome == (ep_ledger_outcome)-1,
          "reserve says so, and claims nothing");
    check(provider->grow(&charge, 1, held, 1, 2, &granted, &outcome, &denial)
                  == wanted
              && granted == -7 && outcome == (ep_ledger_outcome)-1,
          "grow says so, and grants nothing");
    check(provider->confirm == NULL
              || provider->confirm(&charge, 1, held, &outcome, &denial)
                     == wanted,
          "confirm says so");
    check(provider->next_tree(&place, &tree) == wanted
              && find_tree(&charge, &tree) == wanted,
          "those who measure are told as well");
    check(provider->read_balance(charge.kind, &charge.key, &balance) == wanted
              && provider->count_entries(&counts) == wanted,
          "and operators");
}

static void test_errors(void)
{
    static const struct {
        apr_status_t status;
        const char *what;
    } errors[] = {
        { APR_TIMEUP, "somebody else has it" },
        { APR_EAGAIN, "another server has it" },
        { APR_EINIT, "there is none" },
        { APR_EGENERAL, "it is corrupt" }
    };
    const ep_ledger_charge charge = charge_of(EP_CHARGE_ALLOWANCE, 1, 1000,
                                              100);
    unsigned int i, met = 0;

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        ep_ledger_claim claim = { 0 };

        begin();
        reserve(&charge, 1, &claim);
        if (subject->fail_with(errors[i].status)) {
            printf("# %s\n", errors[i].what);
            check_failing(errors[i].status, &claim);
            if (errors[i].status == APR_TIMEUP) {
                provider->settle(&claim, 70, 70);
                check(!claim.is_held, "an upload that ends does not wait");
            }
            subject->fail_with(APR_SUCCESS);
            check_balance(&charge, claim.is_held
                                       && errors[i].status != APR_EINIT
                                           ? 100 : balance_of(&charge).held,
                          errors[i].status == APR_TIMEUP ? 70 : 0,
                          "when it is over, nothing else is held or used");
            met++;
        }
        end();
    }
    check(met >= 3, "at least three causes were met");
}

/* ------------------------------------------------------------- random histories */

enum { NAMES = 3, CHARGES_MOST = 4, LIVE = 12, STEPS = 400 };

/* The same in all providers. */
static struct history {
    unsigned int seed;
    ep_ledger_claim claims[LIVE];
    ep_ledger_charge of[LIVE][CHARGES_MOST];
    apr_size_t count[LIVE];
    ep_ledger_tree before[NAMES];
    int is_looked_at[NAMES];
    /* charges of the last call */
    apr_size_t asked;
} history;

static unsigned int any(unsigned int most)
{
    return (unsigned int)rand_r(&history.seed) % most;
}

/* Numbers in Redis' scripts are doubles, and no sum is to be rounded; and a claim grows by less at a time where
 * servers share the ledger: see grow_by(). */
#ifdef CONTRACT_REDIS
#define LARGEST (APR_INT64_C(1) << 40)
#define HISTORIES_GROW 0
#else
#define LARGEST INT64_MAX
#define HISTORIES_GROW 1
#endif

static apr_int64_t any_amount(void)
{
    static const apr_int64_t amounts[] = {
        0, 1, 10, 100, 1000, EP_CHARGE_UNMEASURED_MAX,
        EP_CHARGE_UNMEASURED_MAX + 1, LARGEST - 1, LARGEST
    };
    const unsigned int i = any(24);

    return i < sizeof(amounts) / sizeof(amounts[0]) ? amounts[i]
                                                    : (apr_int64_t)any(500);
}

static ep_ledger_charge any_charge(void)
{
    static const apr_int64_t limits[] = {
        0, 1, 100, 1000, 5000, 100000, LARGEST
    };
    const ep_ledger_kind kind = (ep_ledger_kind)any(4);
    ep_ledger_charge charge = charge_of(kind, any(NAMES),
                                        limits[any(sizeof(limits)
                                                   / sizeof(limits[0]))],
                                        any_amount());

    if (kind == EP_CHARGE_CONCURRENT) {
        charge.amount = 1;
    }
    if (kind == EP_CHARGE_QUOTA && any(3) == 0) {
        charge.overdraft = limits[any(sizeof(limits) / sizeof(limits[0]))];
    }
    charge.is_owners = any(4) == 0;
    return charge;
}

/* The result of a step. */
typedef struct trace {
    int what, outcome;
    apr_size_t charge;
    apr_int64_t remaining, granted;
    int can_wait, charges;
    apr_uint32_t left_out;
    struct { apr_int64_t held, used; int is_known; } of[4 * NAMES];
} trace;

static int any_reserve(unsigned int i)
{
    ep_ledger_charge charges[CHARGES_MOST];
    const apr_size_t count = 1 + any(CHARGES_MOST);
    const int how = any(2) ? EP_RESERVE_LENIENT : 0;
    const apr_uint64_t client = any(4) == 0 ? 0 : 7;
    apr_size_t j;
    int outcome;

    for (j = 0; j < count; j++) {
        charges[j] = any_charge();
        /* all of one client, so that none gives way to another one's */
        charges[j].client = client;
    }
    history.asked = count;
    outcome = reserve_as(charges, count, how, &history.claims[i]);
    if (outcome == EP_OUTCOME_GRANTED) {
        memcpy(history.of[i], charges, sizeof(charges));
        history.count[i] = count;
    }
    return outcome;
}

static int any_grow(unsigned int i)
{
    const apr_int64_t least = any_amount();
    const apr_int64_t more = (apr_int64_t)any(2000);

    history.asked = history.count[i];
    return grow(history.of[i], history.count[i], &history.claims[i], least,
                least > INT64_MAX - more ? INT64_MAX : least + more);
}

static int any_look(unsigned int name)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, name, 0, 0);

    history.is_looked_at[name] = find_tree(&charge, &history.before[name])
                                 == APR_SUCCESS;
    return history.before[name].is_known
           + 2 * history.before[name].is_held
           + 4 * (history.before[name].since_measured < 0);
}

static int any_number(unsigned int name)
{
    const ep_ledger_charge charge = charge_of(EP_CHARGE_QUOTA, name, 0, 0);
    const apr_int64_t bytes = any(4) == 0 ? -1 - (apr_int64_t)any(3000)
                                          : (apr_int64_t)any(3000);
    const int insists = (int)any(2);

    if (any(6) == 0) {
        return provider->doubt_usage(&charge);
    }
    return history.is_looked_at[name]
               ? provider->report_usage(&history.before[name], bytes, 1,
                                        insists)
               : -1;
}

/* Sometimes the holder keeps a copy and does not know that the claim has ended. */
static int any_end(unsigned int i)
{
    const ep_ledger_claim copy = history.claims[i];
    const apr_int64_t received = any_amount();
    const apr_int64_t stored = any(3) == 0 ? -any_amount() : any_amount();

    if (any(3) == 0) {
        provider->release(&history.claims[i]);
    }
    else {
        provider->settle(&history.claims[i], received, stored);
    }
    if (any(8) == 0) {
        history.claims[i] = copy;
    }
    /* more may have been received than was held */
    rest();
    return 0;
}

static void look_at_accounts(trace *seen)
{
    unsigned int i;

    for (i = 0; i < 4 * NAMES; i++) {
        const ep_ledger_charge charge = charge_of((ep_ledger_kind)(i / NAMES),
                                                  i % NAMES, 0, 0);
        const ep_ledger_balance balance = balance_of(&charge);

        seen->of[i].held = balance.held;
        seen->of[i].used = balance.used;
        seen->of[i].is_known = charge.kind == EP_CHARGE_QUOTA
                               && balance.is_known;
    }
}

static void step(trace *seen)
{
    const unsigned int i = any(LIVE);
    const int grows = HISTORIES_GROW;

    memset(seen, 0, sizeof(*seen));
    seen->what = (int)any(10);
    if ((seen->what == 4 || seen->what == 5)
        && (!history.claims[i].is_held || !grows)) {
        seen->what = 0;
    }
    if (seen->what < 4) {
        seen->outcome = any_reserve(i);
    }
    else if (seen->what < 6 && any(4) == 0) {
        provider->end_content(&history.claims[i]);
        seen->what = 10;
    }
    else if (seen->what < 6) {
        seen->outcome = any_grow(i);
    }
    else if (seen->what < 8) {
        seen->outcome = any_end(i);
    }
    else if (seen->what < 9) {
        seen->outcome = any_look(i % NAMES);
    }
    else {
        seen->outcome = any_number(i % NAMES);
    }
    if (seen->what < 6 && (seen->outcome == EP_OUTCOME_DENIED
                           || seen->outcome == EP_OUTCOME_UNKNOWN)) {
        seen->charge = denial.charge;
        seen->charges = (int)history.asked;
    }
    if (seen->what < 6 && seen->outcome == EP_OUTCOME_DENIED) {
        seen->remaining = denial.remaining;
        seen->can_wait = denial.wait >= 0;
    }
    if (seen->outcome == EP_OUTCOME_GRANTED && seen->what < 4) {
        seen->left_out = denial.left_out;
    }
    if (seen->outcome == EP_OUTCOME_GRANTED && seen->what >= 4
        && seen->what < 6) {
        seen->granted = granted;
    }
    look_at_accounts(seen);
}

/* Other servers have been told the same as this one says of the accounts that all
 * share. */
static int is_told(const trace *last)
{
    apr_int64_t held = 0, used = 0, told_held, told_used;
    unsigned int i;

    if (subject->read_shared == NULL) {
        return 1;
    }
    for (i = EP_CHARGE_QUOTA * NAMES; i < 4 * NAMES; i++) {
        held += last->of[i].held;
        used += last->of[i].used;
    }
    subject->read_shared(&told_held, &told_used);
    if (held != told_held || used != told_used) {
        printf("# held %lld, told %lld; used %lld, told %lld\n", (long long)held,
               (long long)told_held, (long long)used, (long long)told_used);
    }
    return held == told_held && used == told_used;
}

static void run_history(unsigned int seed, trace seen[STEPS])
{
    int i;

    begin();
    memset(&history, 0, sizeof(history));
    history.seed = seed;
    for (i = 0; i < STEPS; i++) {
        step(&seen[i]);
    }
    if (!is_told(&seen[STEPS - 1])) {
        seen[STEPS - 1].what = -1;
    }
    end();
}

static void print_trace(const char *name, int number, const trace *seen)
{
    int i;

    printf("# %s, step %d: %d came to %d, charge %d, remaining %lld, granted "
           "%lld\n#  ", name, number, seen->what, seen->outcome,
           (int)seen->charge, (long long)seen->remaining,
           (long long)seen->granted);
    for (i = 0; i < 4 * NAMES; i++) {
        printf(" %lld+%lld", (long long)seen->of[i].held,
               (long long)seen->of[i].used);
    }
    printf("\n");
}

/* Where servers share the ledger, a call has two judges, and any of the charges may be
 * named that do not fit, or whose usage is not known. */
static int is_same_step(const trace *first, trace *other)
{
    if (subject->read_shared != NULL && first->charges > 1
        && (first->outcome == EP_OUTCOME_DENIED
            || first->outcome == EP_OUTCOME_UNKNOWN)
        && (other->outcome == EP_OUTCOME_DENIED
            || other->outcome == EP_OUTCOME_UNKNOWN)) {
        other->outcome = first->outcome;
        other->charge = first->charge;
        other->remaining = first->remaining;
        other->can_wait = first->can_wait;
    }
    return memcmp(first, other, sizeof(*first)) == 0;
}

/* @return 1: all providers have come to the same; counts what came of it */
static int compare_histories(unsigned int seed, unsigned int outcomes[8])
{
    static trace first[STEPS], other[STEPS];
    int i, j;

    test_with(subjects[0]);
    run_history(seed, first);
    for (j = 0; j < STEPS; j++) {
        if (first[j].what < 6 && first[j].outcome >= 0) {
            outcomes[first[j].outcome]++;
        }
    }
    for (i = 1; i < SUBJECTS; i++) {
        test_with(subjects[i]);
        run_history(seed, other);
        for (j = 0; j < STEPS; j++) {
            if (!is_same_step(&first[j], &other[j])) {
                printf("# seed %u\n", seed);
                print_trace(subjects[0]->name, j, &first[j]);
                print_trace(subject->name, j, &other[j]);
                return 0;
            }
        }
    }
    return 1;
}

static void test_histories(unsigned int rounds)
{
    unsigned int outcomes[8] = { 0 };
    unsigned int seed, same = 0;

    for (seed = 1; seed <= rounds; seed++) {
        same += (unsigned int)compare_histories(seed, outcomes);
    }
    test_with(NULL);
    printf("# granted %u, denied %u, unknown %u, lost %u\n",
           outcomes[EP_OUTCOME_GRANTED], outcomes[EP_OUTCOME_DENIED],
           outcomes[EP_OUTCOME_UNKNOWN], outcomes[EP_OUTCOME_LOST]);
    check_number(same, rounds, "random histories come to the same");
    check(outcomes[EP_OUTCOME_GRANTED] >= rounds
              && outcomes[EP_OUTCOME_DENIED] >= rounds
              && outcomes[EP_OUTCOME_UNKNOWN] >= rounds
              && outcomes[EP_OUTCOME_LOST] >= rounds,
          "and have something of everything");
}

int main(int argc, char **argv)
{
    const int rounds = argc > 1 ? atoi(argv[1]) : 20;
    int i;

    for (i = 0; i < SUBJECTS; i++) {
        test_with(subjects[i]);
        test_limits();
        test_uploads_at_once();
        test_end_of_content();
        test_overdrafts();
        test_all_or_nothing();
        test_one_key();
        test_adding();
        test_room_in_a_claim();
        test_large_numbers();
        test_growing();
        test_settling();
        test_unknown_trees();
        test_measuring();
        test_lower_numbers();
        test_base_of_disturbed_trees();
        test_doubts();
        test_announcing();
        test_ages();
        test_periods();
        test_giving_way();
        test_deaths();
        test_restart();
        test_races(rounds);
        test_errors();
    }
    test_histories((unsigned int)rounds * 10);
    return done_testing();
}
