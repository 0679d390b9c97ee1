/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: account amount
 * lengths: an account of any content, which is another one at each read; all
 *          amounts, times above 0
 */
#include "any.h"
#include "core/book/account.h"

static ep_account account;

static int64_t any_amount(void)
{
    return Frama_C_long_interval(0, INT64_MAX);
}

int main(void)
{
    const ep_kind kind = (ep_kind)Frama_C_interval(EP_SPACE, EP_CONCURRENT);
    const int64_t now = Frama_C_long_interval(1, INT64_MAX);
    ep_key key;
    int64_t amount;
    int is_it;

    key.high = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    key.low = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    ep_account_open(&account, kind, key);
    is_it = ep_account_is(&account, kind, key);
    //@ check yes_or_no: is_it == 0 || is_it == 1;
    ep_account_turn(&account, now, any_amount());
    amount = ep_account_left(&account, any_amount(), any_amount());
    //@ check left: amount >= 0;
    amount = ep_account_wait(&account, now, any_amount(), any_amount());
    //@ check wait: amount >= -1;
    ep_account_hold(&account, any_amount());
    ep_account_hold_more(&account, any_amount());
    ep_account_hold_less(&account, any_amount());
    ep_account_give_back(&account, any_amount());
    amount = ep_account_outcome(&account, any_amount(),
                                Frama_C_long_interval(INT64_MIN, INT64_MAX));
    //@ check outcome: amount >= 0;
    amount = ep_account_loss(&account, now);
    //@ check worth: amount >= 0;
    amount = ep_account_pause(Frama_C_long_interval(INT64_MIN, INT64_MAX));
    //@ check pause: amount > 0;
    return 0;
}
