/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/book/account.h"

/* compile-time assertion: an array of a negative size is an error */
typedef char a_line_of_the_cache[sizeof(ep_account) == 64 ? 1 : -1];

#define SECOND INT64_C(1000000)
/* A pause is as long at least, and this many times what measuring took; but
 * what the book says may be nonsense. */
#define PAUSE (5 * SECOND)
#define PAUSE_TIMES 20
#define PAUSE_MOST (24 * 3600 * SECOND)

void ep_account_open(ep_account *account, ep_kind kind, ep_key key)
{
    account->kind = 0;
    account->key_high = key.high;
    account->key_low = key.low;
    account->claims = 0;
    account->held = 0;
    account->used = 0;
    account->until = 0;
    account->period = 0;
    account->base = 0;
    account->kind = (uint32_t)kind + 1;
}

int ep_account_is(const ep_account *account, ep_kind kind, ep_key key)
{
    return account->key_low == key.low && account->key_high == key.high
           && account->kind == (uint32_t)kind + 1;
}

void ep_account_turn(ep_account *account, int64_t now, int64_t period)
{
    const int64_t until = account->until;

    /* `used` first: if the process dies in between, the new period must not
     * begin with the use of the last one */
    if (until <= now) {
        account->used = 0;
    }
    if (until <= now || until - now > period
        || (account->claims == 0 && ep_amount_of(account->used) == 0)) {
        account->period = period;
        account->until = ep_amount_plus(now, period);
    }
}

int64_t ep_account_left(const ep_account *account, int64_t limit, int64_t own)
{
    const int64_t others = ep_amount_minus(ep_amount_of(account->held), own);

    return ep_amount_minus(ep_amount_minus(limit,
                                           ep_amount_of(account->used)),
                           others);
}

int64_t ep_account_wait(const ep_account *account, int64_t now,
                        int64_t amount, int64_t limit)
{
    if (account->kind != (uint32_t)EP_ALLOWANCE + 1 || amount > limit) {
        return -1;
    }
    return ep_amount_minus(ep_amount_of(account->until), now);
}

void ep_account_hold(ep_account *account, int64_t amount)
{
    const uint32_t claims = account->claims;

    account->claims = claims < UINT32_MAX ? claims + 1 : UINT32_MAX;
    ep_account_hold_more(account, amount);
}

void ep_account_hold_more(ep_account *account, int64_t amount)
{
    account->held = ep_amount_plus(ep_amount_of(account->held), amount);
}

void ep_account_hold_less(ep_account *account, int64_t amount)
{
    account->held = ep_amount_minus(ep_amount_of(account->held), amount);
}

void ep_account_give_back(ep_account *account, int64_t amount)
{
    const uint32_t claims = account->claims;

    account->claims = claims > 0 ? claims - 1 : 0;
    ep_account_hold_less(account, amount);
}

int64_t ep_account_outcome(const ep_account *account, int64_t received,
                           int64_t stored)
{
    const int64_t used = ep_amount_of(account->used);
    const uint32_t kind = account->kind;

    if (kind == (uint32_t)EP_ALLOWANCE + 1) {
        return ep_amount_plus(used, received);
    }
    if (kind != (uint32_t)EP_QUOTA + 1) {
        return used;
    }
    if (stored >= 0) {
        return ep_amount_plus(used, stored);
    }
    /* -INT64_MIN overflows */
    return ep_amount_minus(used, stored > -INT64_MAX ? -stored : INT64_MAX);
}

int64_t ep_account_pause(int64_t took)
{
    if (took > PAUSE_MOST / PAUSE_TIMES) {
        return PAUSE_MOST;
    }
    return took > PAUSE / PAUSE_TIMES ? took * PAUSE_TIMES : PAUSE;
}

int64_t ep_account_loss(const ep_account *account, int64_t now)
{
    const uint32_t kind = account->kind;
    int64_t used;

    if (kind != (uint32_t)EP_SPACE + 1 && kind != (uint32_t)EP_ALLOWANCE + 1
        && kind != (uint32_t)EP_CONCURRENT + 1) {
        return 0;
    }
    if (account->claims != 0) {
        return EP_ACCOUNT_KEPT;
    }
    if (kind != (uint32_t)EP_ALLOWANCE + 1) {
        return 1;
    }
    if (account->until <= now) {
        return 2;
    }
    used = ep_amount_of(account->used);
    return used < EP_ACCOUNT_KEPT - 4 ? used + 3 : EP_ACCOUNT_KEPT - 1;
}
