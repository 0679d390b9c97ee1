/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/clock.h"

#include <time.h>

apr_int64_t ep_clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (apr_int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + 1;
}
