/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What an upload holds in the ledger: claimed for the limits that count,
 * grown while it streams, and settled or released when it is over. */
#ifndef EP_CLAIM_H
#define EP_CLAIM_H

#include "request/request.h"

#include "ledger/provider.h"

/** Registers the filter. */
void ep_claim_register(void);

/** Before a configuration is read. */
void ep_claim_reset(void);

/** While a configuration is read: something may come to be counted. */
void ep_claim_need(void);

/**
 * Claims for an upload what the limits that count in the policy just judged
 * ask for, but for what it has claimed in another place already.  Where the method
 * says that nothing is stored, they are asked when content comes, as a program may
 * store it all the same, and for what has come.
 *
 * It is settled if the answer is a success and the content was read to its end,
 * and otherwise released: before the answer ends, or else with the request.
 * @return 1; 0: there is no room, and the verdict says why
 */
int ep_claim_take(request_rec *r, ep_request *state);

/**
 * Before a handler runs: claims what the upload was not asked for on its head, if
 * it is another handler that gets it, or finds other fields than those; and gives
 * back what mod_dav is not going to store.
 * @return as ep_claim_take()
 */
int ep_claim_check_handler(request_rec *r, ep_request *state);

/**
 * While content comes in: claims more where that is more than was claimed, or,
 * at its end, where less is replaced than was thought.
 * @param bytes all content so far
 * @return 1; 0: there is no room, policy and verdict say why, and the policy is
 *         On
 */
int ep_claim_cover(request_rec *r, ep_request *state, int64_t bytes);

/**
 * Where filters change content on its way to the handler, such as inflating it:
 * claims for quotas and free space what is more than came over the wire.
 * @param bytes all that the handler is given
 * @return as ep_claim_cover()
 */
int ep_claim_cover_handed(request_rec *r, ep_request *state, int64_t bytes);

/** Says in the verdict that a limit has no room. */
void ep_claim_deny(ep_request *state, const ep_ledger_charge *charge,
                   const ep_setting *by, const ep_ledger_denial *denial);

/** Says that the ledger cannot answer.
 * @param by the limit that there is no room for; NULL: what
 *        ExpectPolicyLedgerFailure says */
void ep_claim_deny_unavailable(ep_request *state, const ep_setting *by);

#endif
