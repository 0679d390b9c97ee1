/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Asks whether there is room for a total that is announced, before the first part of
 * the upload comes.  Nothing is held: each part claims what it is. */
#ifndef EP_ANNOUNCED_H
#define EP_ANNOUNCED_H

#include "request/request.h"

/**
 * Asks quotas and free space in the policy of a place, if the request announces a total
 * by it (ep_check_total_to_ask()).  Asks nothing of limits that count otherwise.
 * @param place the request, or the subrequest for the destination of a COPY or MOVE
 * @param policy of that place
 * @param held the policy of the request's own place, where the parts are stored already:
 *        accounts of its limits are not asked, since they count the parts; NULL: no part
 *        is stored
 * @return NULL; else there is no room, and this says why
 */
const ep_judgement *ep_announced_ask(request_rec *r, request_rec *place,
                                     const ep_request *state, const ep_policy *policy,
                                     const ep_policy *held);

#endif
