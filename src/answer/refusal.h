/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The answer to an upload that is refused. */
#ifndef EP_REFUSAL_H
#define EP_REFUSAL_H

#include "request/request.h"

/** Registers the filter. */
void ep_refusal_register(void);

/**
 * Tells the operator of the verdict, and the client if it is refused.
 * @return DECLINED to go on; DONE: the answer is complete, and the hook has to
 *         return that
 */
int ep_refusal_conclude(request_rec *r, ep_request *state,
                        const ep_judgement *judgement);

/**
 * Answers with the document of what was reported last, refused or cut, instead of any
 * other answer.  Call it from a hook of the request.  If some of another answer has
 * left, nothing is added to it.  An upload that is explained gets no answer.
 * @return DONE
 */
int ep_refusal_send(request_rec *r, ep_request *state);

/**
 * Makes the head of the answer, and sends nothing.
 * @param length out: of the document, in bytes
 * @return the document, in the pool of @a r
 */
const char *ep_refusal_dress(request_rec *r, const ep_judgement *judgement,
                             apr_size_t *length);

/** @return 1 if some of the answer has left, its head at least; an interim response is
 * no part of it */
int ep_refusal_has_left(const request_rec *r);

/**
 * In insert_error_filter: replaces the page that core is about to send by the
 * document of @a judgement, which was reported, or is foreign.  If some of another
 * answer has left, nothing is added to it, and the connection is closed behind it.
 */
void ep_refusal_replace_page(request_rec *r, ep_request *state,
                             const ep_judgement *judgement);

/**
 * Content was cut, and nothing of an answer has left: lets the document take the
 * place of any answer that a handler is going to give, its error included.
 */
void ep_refusal_replace_answer(request_rec *r, ep_request *state);

#endif
