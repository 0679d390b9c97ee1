/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The clock of the ledger. */
#ifndef EP_CLOCK_H
#define EP_CLOCK_H

#include "apr.h"

/**
 * @return microseconds since the machine was booted, above 0.  Setting the system's
 *         time does not change this clock, and it runs while the machine sleeps
 */
apr_int64_t ep_clock_now(void);

#endif
