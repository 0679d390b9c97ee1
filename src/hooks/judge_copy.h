/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Judges COPY and MOVE: requests without content that make files, of mod_dav; and of
 * programs and backends, if a field announces how large. */
#ifndef EP_JUDGE_COPY_H
#define EP_JUDGE_COPY_H

#include "request/request.h"

/** On the head of COPY and MOVE without content: keeps what the client has sent,
 * before RequestHeader, which owners may use, edits it. */
void ep_judge_copy_note(request_rec *r);

/**
 * In the handler hook, of COPY and MOVE: judges what mod_dav is about to do, by
 * the policy of the request's own place and that of its destination, and claims
 * what it writes there.  What others are about to do is judged by its destination and
 * the total that is announced, for which the destination is asked.
 * @return DECLINED to go on; DONE: it was refused
 */
int ep_judge_copy(request_rec *r);

#endif
