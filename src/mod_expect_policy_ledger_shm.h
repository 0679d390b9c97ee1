/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The ledger that all children of one httpd share: a file that is mapped. */
#ifndef MOD_EXPECT_POLICY_LEDGER_SHM_H
#define MOD_EXPECT_POLICY_LEDGER_SHM_H

#include "mod_expect_policy_provider.h"

/** What ExpectPolicyLedger may say. */
#define EP_LEDGER_SHM_LEGAL "shm or shm:SIZE, with SIZE from 128K to 256M"

extern const ep_ledger_provider ep_ledger_shm;

#endif
