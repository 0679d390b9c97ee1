/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * One account of the book: what one limit counts for one key.
 *
 * An account lies in memory that other processes write to as well, and may hold
 * anything.  Each member is read once, then checked, then used.  Amounts are
 * those of core/book/amount.h.
 */
#ifndef EP_ACCOUNT_H
#define EP_ACCOUNT_H

#include <stdint.h>

#include "core/book/amount.h"

/** A hash of the limit and its key; both 0 is no key. */
typedef struct ep_key {
    uint64_t high;
    uint64_t low;
} ep_key;

/** The kinds of accounts, in the order of the checks. */
typedef enum ep_kind {
    /** bytes that are to stay free on a file system */
    EP_SPACE,
    /** bytes below a tree */
    EP_QUOTA,
    /** bytes in a period */
    EP_ALLOWANCE,
    /** uploads at once */
    EP_CONCURRENT
} ep_kind;

/** A line of the processor's cache. */
typedef struct ep_account {
    volatile uint64_t key_high;
    volatile uint64_t key_low;
    /** ep_kind + 1; anything else: this is no account, and the place is free */
    volatile uint32_t kind;
    /** the number of claims that have a part here, and the sum of these parts */
    volatile uint32_t claims;
    volatile int64_t held;
    volatile int64_t used;
    /** ALLOWANCE: when the period ends; microseconds.  QUOTA: bytes of `used` that
     * were measured while the tree was not at rest, beyond what was known */
    volatile int64_t until;
    /** ALLOWANCE: how long a period is, microseconds.  QUOTA: the limit of the last
     * upload that was granted something; before the first, of the part that made the
     * tree; bytes */
    volatile int64_t period;
    /** QUOTA: bytes that lie in the tree and that no overdraft has brought there;
     * see ep_part.overdraft */
    volatile int64_t base;
} ep_account;

/** The result of ep_account_loss() for an account that a claim has a part in. */
#define EP_ACCOUNT_KEPT INT64_MAX

/** Makes an empty account in a place.  If the process dies in here, the place is
 * free. */
void ep_account_open(ep_account *account, ep_kind kind, ep_key key);

/** @return 1 if it is the account of that key */
int ep_account_is(const ep_account *account, ep_kind kind, ep_key key);

/**
 * ALLOWANCE: ends a period that is over.  Begins a new one if there is none, if
 * nothing was counted in it so far, or if it is longer than @a period.
 * @param now above 0
 * @param period at least 0
 */
void ep_account_turn(ep_account *account, int64_t now, int64_t period);

/** @return how much of a limit is left, at least 0; @a own counts as free */
int64_t ep_account_left(const ep_account *account, int64_t limit,
                        int64_t own);

/** @return microseconds until all of an allowance is free again; -1: it is no
 * allowance, or the amount is above the limit itself */
int64_t ep_account_wait(const ep_account *account, int64_t now,
                        int64_t amount, int64_t limit);

/** Adds a part of a claim. */
void ep_account_hold(ep_account *account, int64_t amount);

/** Adds to a part of a claim. */
void ep_account_hold_more(ep_account *account, int64_t amount);

/** Takes from a part of a claim; the part stays. */
void ep_account_hold_less(ep_account *account, int64_t amount);

/** Removes a part of a claim. */
void ep_account_give_back(ep_account *account, int64_t amount);

/**
 * @param received bytes, for ALLOWANCE
 * @param stored bytes, for QUOTA; may be below 0
 * @return the new value of `used` after the upload is settled
 */
int64_t ep_account_outcome(const ep_account *account, int64_t received,
                           int64_t stored);

/** @param took how long the tree of a QUOTA took to be measured; microseconds, may be any
 * @return how long it rests after that */
int64_t ep_account_pause(int64_t took);

/**
 * Computes how much is lost if another account takes the place; not for QUOTA.
 * @return 0: it is free; ...; EP_ACCOUNT_KEPT: it must not be taken
 */
int64_t ep_account_loss(const ep_account *account, int64_t now);

#endif
