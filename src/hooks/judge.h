/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Judges a request, hook by hook.  Each returns DECLINED to go on, or what the hook
 * is to return: the request was refused, or answered. */
#ifndef EP_JUDGE_H
#define EP_JUDGE_H

#include "request/request.h"

/** When a server starts, with all of its files read. */
void ep_judge_start(const server_rec *main_server);

/** In the post_read_request hook: by the server's own policy, as nothing is known of
 * the place yet; and no ErrorDocument answers for a refusal. */
int ep_judge_host(request_rec *r);

/** In the header_parser hook: by the policy of the place, unless a user is demanded. */
int ep_judge_head(request_rec *r);

/** In the fixups hook: the same, where that had to wait for the user; then limits
 * that count. */
int ep_judge_authenticated(request_rec *r);

/** In the handler hook: the same, where the place is not the one that was judged;
 * then what the handler alone tells, COPY and MOVE, and limits, for a client that
 * asks. */
int ep_judge_place(request_rec *r);

#endif
