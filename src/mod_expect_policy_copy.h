/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** COPY and MOVE of mod_dav: requests without content that make files. */
#ifndef MOD_EXPECT_POLICY_COPY_H
#define MOD_EXPECT_POLICY_COPY_H

#include "mod_expect_policy.h"

/** A collection with more entries, or one that takes longer to add up, is refused
 * where a limit would have to know its size. */
#define EP_COPY_ENTRIES_MAX 10000
#define EP_COPY_MILLISECONDS_MAX 100

/** Registers the filter. */
void ep_copy_register(void);

/** @return 1 if the method is COPY or MOVE */
#define ep_copy_is(r) \
    ((r)->method_number == M_COPY || (r)->method_number == M_MOVE)

/** On the head of COPY and MOVE without content: keeps what the client has sent,
 * before RequestHeader, which owners may use, edits it. */
void ep_copy_note(request_rec *r);

/**
 * In the handler hook, of COPY and MOVE: judges what mod_dav is about to do, by
 * the policy of the request's own place and that of its destination, and claims
 * what it writes there.
 * @return DECLINED to go on; DONE: it was refused
 */
int ep_copy_check(request_rec *r);

#endif
