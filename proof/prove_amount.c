/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: amount
 * lengths: any numbers; units above 0
 */
#include "any.h"
#include "core/book/amount.h"

static int64_t any_number(void)
{
    return Frama_C_long_interval(INT64_MIN, INT64_MAX);
}

int main(void)
{
    const uint64_t count = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    const uint64_t each = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    int64_t amount;

    amount = ep_amount_of(any_number());
    //@ check number: amount >= 0;
    amount = ep_amount_plus(any_number(), any_number());
    //@ check sum: amount >= 0;
    amount = ep_amount_minus(any_number(), any_number());
    //@ check difference: amount >= 0;
    amount = ep_amount_times(count, each);
    //@ check product: amount >= 0;
    amount = ep_amount_percent(any_number(), any_number());
    //@ check part: amount >= 0;
    amount = ep_amount_permille(any_number(), any_number());
    //@ check thousandths: 0 <= amount <= 1000000;
    amount = ep_amount_in_units(any_number(),
                                Frama_C_long_interval(1, INT64_MAX));
    //@ check units: amount >= 0;
    return 0;
}
