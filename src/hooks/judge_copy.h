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
 * what it writes there.  Where a program or a backend answers, the size that a field
 * announces is judged by the policy of the destination, limits that count included.
 * @return DECLINED to go on; DONE: it was refused
 */
int ep_judge_copy(request_rec *r);

#endif
