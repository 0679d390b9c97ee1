/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/book/amount.h"

int64_t ep_amount_of(int64_t number)
{
    return number > 0 ? number : 0;
}

int64_t ep_amount_plus(int64_t amount, int64_t more)
{
    /* unsigned: the sum of two int64_t does not overflow */
    const uint64_t sum = (uint64_t)ep_amount_of(amount)
                         + (uint64_t)ep_amount_of(more);

    return sum < INT64_MAX ? (int64_t)sum : INT64_MAX;
}

int64_t ep_amount_minus(int64_t amount, int64_t less)
{
    return ep_amount_of(ep_amount_of(amount) - ep_amount_of(less));
}

/* Multiplies halves of 32 bits: each product fits into 64. */
int64_t ep_amount_times(uint64_t count, uint64_t each)
{
    const uint64_t count_high = count >> 32, count_low = count & UINT32_MAX;
    const uint64_t each_high = each >> 32, each_low = each & UINT32_MAX;
    const uint64_t low = count_low * each_low;
    const uint64_t high = count_high != 0 ? count_high * each_low
                                          : count_low * each_high;

    if ((count_high != 0 && each_high != 0) || high > INT32_MAX
        || low > INT64_MAX) {
        return INT64_MAX;
    }
    return ep_amount_plus((int64_t)(high << 32), (int64_t)low);
}

int64_t ep_amount_percent(int64_t amount, int64_t percent)
{
    const int64_t all = ep_amount_of(amount);
    const int64_t part = ep_amount_of(percent < 100 ? percent : 100);

    return ep_amount_plus(all / 100 * part, all % 100 * part / 100);
}

int64_t ep_amount_permille(int64_t amount, int64_t whole)
{
    int64_t all = ep_amount_of(amount), of = ep_amount_of(whole), share;

    /* a product of large numbers would overflow */
    if (all > INT64_MAX / 1000) {
        all /= 1000;
        of /= 1000;
    }
    if (of == 0) {
        return 1000000;
    }
    share = all * 1000 / of;
    return share < 1000000 ? share : 1000000;
}

int64_t ep_amount_in_units(int64_t amount, int64_t unit)
{
    const int64_t all = ep_amount_of(amount);

    return ep_amount_plus(all / unit, all % unit > 0);
}
