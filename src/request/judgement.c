/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/judgement.h"

const ep_judgement *ep_judgement_make(request_rec *r, const ep_policy *policy,
                                      const ep_facts *facts,
                                      const ep_verdict *verdict)
{
    ep_judgement *made = apr_palloc(ep_request_initial(r)->pool, sizeof(*made));

    made->policy = policy;
    made->facts = facts;
    made->verdict = *verdict;
    return made;
}

const ep_judgement *ep_judgement_make_of_head(request_rec *r,
                                              const ep_policy *policy,
                                              const ep_facts *facts)
{
    ep_verdict verdict;

    ep_verdict_judge(policy, facts, &verdict);
    return ep_judgement_make(r, policy, facts, &verdict);
}

const ep_judgement *ep_judgement_make_foreign(request_rec *r,
                                              const ep_policy *policy,
                                              const ep_facts *facts, int status)
{
    ep_verdict verdict;

    memset(&verdict, 0, sizeof(verdict));
    verdict.code = EP_ADMITTED;
    verdict.status = status;
    return ep_judgement_make(r, policy, facts, &verdict);
}

int ep_judgement_is_foreign(const ep_judgement *judgement)
{
    return judgement->verdict.code == EP_ADMITTED && judgement->verdict.status != 0;
}
