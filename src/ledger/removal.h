/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** DELETE and MOVE: what they take out of a tree with a quota is free at the next
 * measurement, which this asks for. */
#ifndef EP_REMOVAL_H
#define EP_REMOVAL_H

#include "request/request.h"

/** Registers the filter.  Call it once. */
void ep_removal_register(void);

/** @return 1 if a request may remove files, whichever handler it gets */
int ep_removal_is(const request_rec *r);

/**
 * If the request succeeds, the numbers of the trees that count it are doubted before
 * its client has the answer: see doubt_usage() of ep_ledger_provider.
 * @param r a DELETE or MOVE, before its handler runs
 * @param policy of its place; used during the call only
 */
void ep_removal_note(request_rec *r, const ep_policy *policy);

#endif
