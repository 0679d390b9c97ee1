/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What t/ledger/contract.c needs to test a provider. */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "ledger/provider.h"

/** A provider, and functions that bring it into the states that a test needs. */
typedef struct contract_subject {
    const char *name;
    /** of its members, those from reserve on are called */
    const ep_ledger_provider *provider;
    /** An empty ledger; this process is the parent, and a child as well. */
    void (*set_up)(void);
    void (*tear_down)(void);
    /** The server is stopped and started: none of its processes is left. */
    void (*restart)(void);
    /** In a child of this process, before it calls.  NULL: nothing is to be
     * done. */
    void (*join)(void);
    /** In this process: a child has ended.  Returns when what it held is given back. */
    void (*tell_death)(pid_t pid);
    /** From now on calls return @a status; APR_SUCCESS: they are answered again.
     * @return 0: this status does not occur here */
    int (*fail_with)(apr_status_t status);
    /** What other servers are told: the sums of what all accounts hold, and of what
     * all allowances have used.  Waits until all that has ended is told.  NULL: there
     * are no other servers. */
    void (*read_shared)(apr_int64_t *held, apr_int64_t *used);
} contract_subject;

extern const contract_subject contract_shm;
extern const contract_subject contract_reference;
extern const contract_subject contract_redis;

#endif
