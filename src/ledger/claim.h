/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The claim of an upload in the ledger: made for the limits that count, grown
 * while content comes in, and settled or released when the upload is over. */
#ifndef EP_CLAIM_H
#define EP_CLAIM_H

#include "request/request.h"

#include "ledger/provider.h"

/** Registers the filter. */
void ep_claim_register(void);

/** Before a configuration is read. */
void ep_claim_reset(void);

/** Call it while a configuration is read, if a limit that counts is possible. */
void ep_claim_need(void);

/**
 * Claims for an upload what the limits that count in the policy of a place demand,
 * without what it has claimed in another place already.  If the method stores
 * nothing, the limits are asked only when content comes, and for the bytes that
 * have come: a program may store them.
 *
 * The claim is settled if the answer is a success and the content was read to its
 * end, and otherwise released: before the answer ends, or else with the request.
 * @return NULL; else there is no room, and this says why
 */
const ep_judgement *ep_claim_take(request_rec *r, ep_request *state,
                                  const ep_policy *policy);

/**
 * Before a handler runs: claims what was not claimed on the head, if another handler
 * gets the upload, or the fields have changed; and gives back what mod_dav will not
 * store.
 * @return as ep_claim_take()
 */
const ep_judgement *ep_claim_check_handler(request_rec *r, ep_request *state);

/**
 * While content comes in: claims more if more has come than was claimed, or, at its
 * end, if less is replaced than was expected.
 * @param bytes all content so far
 * @return NULL; else there is no room, this says why, and its policy is On
 */
const ep_judgement *ep_claim_cover(request_rec *r, ep_request *state, int64_t bytes);

/**
 * If filters change content on its way to the handler, such as inflating it: claims
 * the difference to what came over the wire, for quotas and free space.
 * @param bytes all that the handler gets
 * @return as ep_claim_cover()
 */
const ep_judgement *ep_claim_cover_handed(request_rec *r, ep_request *state,
                                          int64_t bytes);

/**
 * Asks the limits for room for what is stored without being content of the request: by
 * COPY or MOVE, or by the parts of an upload that is announced.
 * @param bytes that are stored; the verdict tells them
 * @param charges with their amounts
 * @param by the limit of each charge
 * @param claim all 0: it then holds the charges; NULL: nothing is held
 * @param denied out: why there is no room, if 0 is returned
 * @return 1: there is room, or the ledger does not answer and the policy admits
 */
int ep_claim_reserve(request_rec *r, const ep_policy *policy, const ep_facts *facts,
                     int64_t bytes, ep_ledger_charge *charges,
                     const ep_setting *const *by, size_t count, ep_ledger_claim *claim,
                     ep_verdict *denied);

/** Makes the verdict for a limit that has no room. */
void ep_claim_deny(const ep_policy *policy, const ep_facts *facts,
                   const ep_ledger_charge *charge, const ep_setting *by,
                   const ep_ledger_denial *denial, ep_verdict *verdict);

/** Makes the verdict for a ledger that cannot answer.
 * @param by the limit that there is no room for; NULL: what
 *        ExpectPolicyLedgerFailure says */
void ep_claim_deny_unavailable(const ep_policy *policy, const ep_facts *facts,
                               const ep_setting *by, ep_verdict *verdict);

#endif
