/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The time of what is counted. */
#ifndef EP_CLOCK_H
#define EP_CLOCK_H

#include "apr.h"

/**
 * @return microseconds of a clock that nobody sets, and that goes on while the
 *         machine sleeps; above 0, and begins anew when the machine boots
 */
apr_int64_t ep_clock_now(void);

#endif
