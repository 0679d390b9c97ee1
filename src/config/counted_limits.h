/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Reads the directives for limits that count.  Each function returns NULL, or a
 * message. */
#ifndef EP_COUNTED_LIMITS_H
#define EP_COUNTED_LIMITS_H

#include "request/request.h"

/** Off, PERCENT% or SIZE */
const char *ep_counted_limits_set_space(cmd_parms *cmd, void *config,
                                        const char *args);

/** Off, or SIZE [PATH] [usage=FILE] [local] */
const char *ep_counted_limits_set_quota(cmd_parms *cmd, void *config,
                                        const char *args);

/** Off, or NUMBER KEY (CONCURRENT), or SIZE/PERIOD KEY (ALLOWANCE) */
const char *ep_counted_limits_set_limit(cmd_parms *cmd, void *config,
                                        const char *args);

#endif
