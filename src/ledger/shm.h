/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The ledger that all children of one httpd share: a file that is mapped. */
#ifndef EP_SHM_H
#define EP_SHM_H

#include "ledger/provider.h"

/** What ExpectPolicyLedger may say. */
#define EP_LEDGER_SHM_LEGAL "shm or shm:SIZE, with SIZE from 128K to 256M"

extern const ep_ledger_provider ep_shm;

#endif
