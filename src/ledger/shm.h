/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The built-in provider of the ledger: a mapped file that all children of one httpd
 * share. */
#ifndef EP_SHM_H
#define EP_SHM_H

#include "ledger/provider.h"

/** The legal arguments of ExpectPolicyLedger, for messages. */
#define EP_LEDGER_SHM_LEGAL "shm or shm:SIZE, with SIZE from 128K to 256M"

extern const ep_ledger_provider ep_shm;

#endif
