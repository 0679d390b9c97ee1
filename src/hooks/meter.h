/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Counts content on its way in, and cuts it at the limit. */
#ifndef EP_METER_H
#define EP_METER_H

#include "request/request.h"

/** Registers the filter. */
void ep_meter_register(void);

/**
 * Has the content counted against the policy of a place, if that limits the size and
 * no stricter one does so already, or has limits that count; or has it
 * watched up to its end, if errors may have to go out early.
 */
void ep_meter_attach(request_rec *r, ep_request *state, const ep_policy *policy);

/** For a place with size limits by expression, which are not known before
 * authentication: has the content that httpd reads before its 401 counted against
 * @a policy, which is the policy of the place without these limits. */
void ep_meter_attach_unauthenticated(request_rec *r, ep_request *state,
                                     const ep_policy *policy);

/** Has the content counted against the server's own policy, for as long as no place
 * has been judged. */
void ep_meter_attach_provisional(request_rec *r, ep_request *state,
                                 const ep_policy *policy, const ep_facts *facts);

/** A place is about to be judged, and may admit more than the server's own policy.
 * Call it before `place` is set. */
void ep_meter_end_provisional(ep_request *state);

/** Discards content up to its limit, as httpd does before an error page that is a
 * file.  Programs then read no content: they find its end at once, and no field
 * announces content. */
void ep_meter_withhold(request_rec *r, ep_request *state);

/**
 * In the handler hook: where filters stand between ours and the handler, counts
 * what they make of the content of an upload with limits that count.  Nowhere else,
 * as mod_proxy_http spools all content where a request has such a filter.
 */
void ep_meter_attach_handed(request_rec *r, ep_request *state);

#endif
