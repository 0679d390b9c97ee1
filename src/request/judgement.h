/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * What a policy says of an upload.  A judgement is made in one function, and nothing
 * changes it afterwards.  Each later finding (a limit that counts has no room, content
 * is cut) is a judgement of its own.
 */
#ifndef EP_JUDGEMENT_H
#define EP_JUDGEMENT_H

#include "request/request.h"

/** In the pool of the initial request, as are the policy and the facts. */
struct ep_judgement {
    const ep_policy *policy;
    const ep_facts *facts;
    /** an error of another module that goes out early is EP_ADMITTED with a status,
     * see ep_judgement_is_foreign() */
    ep_verdict verdict;
};

/**
 * Makes a judgement.
 * @param policy lives as long as the initial request, and so does @a facts
 * @param verdict is copied
 */
const ep_judgement *ep_judgement_make(request_rec *r, const ep_policy *policy,
                                      const ep_facts *facts,
                                      const ep_verdict *verdict);

/** Makes the judgement of the head of a request. */
const ep_judgement *ep_judgement_make_of_head(request_rec *r,
                                              const ep_policy *policy,
                                              const ep_facts *facts);

/** Makes the judgement for an error of another module: our document tells it.
 * @param status of the error */
const ep_judgement *ep_judgement_make_foreign(request_rec *r,
                                              const ep_policy *policy,
                                              const ep_facts *facts, int status);

/** @return 1 if the document tells the error of another module, and no refusal */
int ep_judgement_is_foreign(const ep_judgement *judgement);

#endif
