/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Directives for limits that count: which accounts they name.  Each function returns
 * NULL, or what is wrong. */
#ifndef EP_COUNTED_LIMITS_H
#define EP_COUNTED_LIMITS_H

#include "request/request.h"

/** Off, PERCENT% or SIZE */
const char *ep_counted_limits_set_space(cmd_parms *cmd, void *config,
                                        const char *word);

/** Off, or SIZE [PATH] [usage=FILE] */
const char *ep_counted_limits_set_quota(cmd_parms *cmd, void *config,
                                        const char *size, const char *path,
                                        const char *usage);

/** Off, or NUMBER KEY or SIZE/PERIOD KEY, as the rule has it */
const char *ep_counted_limits_set_limit(cmd_parms *cmd, void *config,
                                        const char *amount, const char *key);

#endif
