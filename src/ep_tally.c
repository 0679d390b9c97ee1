/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ep_tally.h"

/* Of two that are not below 0; without a sign there is room for both. */
static int64_t sum(int64_t one, int64_t other)
{
    const uint64_t all = (uint64_t)one + (uint64_t)other;

    return all > INT64_MAX ? INT64_MAX : (int64_t)all;
}

int64_t ep_tally_sum(const ep_tally *tally, ep_outcome outcome)
{
    int64_t all = 0;
    int code;

    for (code = 0; code < EP_CODES; code++) {
        all = sum(all, tally->ended[outcome][code]);
    }
    return all;
}

void ep_tally_add(ep_tally *tally, const ep_tally *more)
{
    int outcome, code, minute;

    tally->admitted = sum(tally->admitted, more->admitted);
    tally->declared = sum(tally->declared, more->declared);
    for (outcome = 0; outcome < EP_OUTCOMES; outcome++) {
        for (code = 0; code < EP_CODES; code++) {
            tally->ended[outcome][code] = sum(tally->ended[outcome][code],
                                              more->ended[outcome][code]);
        }
    }
    for (minute = 0; minute < EP_MINUTES; minute++) {
        tally->minutes[minute] = sum(tally->minutes[minute],
                                     more->minutes[minute]);
    }
}
