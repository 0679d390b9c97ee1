/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Limits, told to a client before it uploads: ExpectPolicyAdvertise. */
#ifndef MOD_EXPECT_POLICY_ADVERTISE_H
#define MOD_EXPECT_POLICY_ADVERTISE_H

/** Registers the hook and the filter. */
void ep_advertise_register(void);

#endif
