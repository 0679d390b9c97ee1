/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The table of directives. */
#ifndef EP_DIRECTIVES_H
#define EP_DIRECTIVES_H

#include "request/request.h"

/** The directive table; docs/directives.md describes each. */
extern const command_rec ep_directives[];

#endif
