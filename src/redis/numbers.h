/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The numbers of the ledger for a status page, from the memory of this server. */
#ifndef EP_NUMBERS_H
#define EP_NUMBERS_H

#include "redis/journal.h"
#include "redis/url.h"

/** Reads what journal and breaker have.  Redis is not asked. */
void ep_numbers_read(ep_journal *journal, const ep_url *url,
                     ep_ledger_shared *shared);

#endif
