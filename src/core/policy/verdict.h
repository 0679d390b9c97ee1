/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Judges the facts of a request by a policy.  Pure: (policy, facts) -> verdict. */
#ifndef EP_VERDICT_H
#define EP_VERDICT_H

#include "core/policy/check.h"

typedef struct ep_verdict {
    /** the first check that failed, or EP_ADMITTED */
    ep_code code;
    /** the setting that decided, for each check that failed; else NULL */
    const ep_setting *by[EP_CODES];
    /** of the answer; 0 if admitted */
    int status;
    /** bytes or uploads; EP_UNKNOWN: the document does not tell it */
    int64_t limit;
    int64_t requested;
    /** CONTENT_TOO_LARGE: 1: the total is too large (ExpectPolicyMaxTotal), which
     * `requested` tells */
    int is_total;
    /** QUOTA_EXCEEDED, ALLOWANCE_EXCEEDED: bytes that are left; else
     * EP_UNKNOWN */
    int64_t remaining;
    /** seconds after which a client may try again, or EP_UNKNOWN */
    int64_t retry_after;
} ep_verdict;

/** Judges the head of a request that has content or an Expect field, or that announces
 * an upload.  A request that only announces is judged by ExpectPolicyRequireAuth,
 * ExpectPolicyRefuse and ExpectPolicyMaxTotal alone. */
void ep_verdict_judge(const ep_policy *policy, const ep_facts *facts,
                      ep_verdict *verdict);

/** Judges a request that stores files without content (COPY, MOVE), by the same three
 * alone.
 * @param facts without content */
void ep_verdict_announced(const ep_policy *policy, const ep_facts *facts,
                          ep_verdict *verdict);

/** Makes the verdict for content that is larger than allowed, after some of it was
 * received.
 * @param bytes that have come; where no limit is exceeded, the verdict is EP_ADMITTED */
void ep_verdict_cut(const ep_policy *policy, const ep_facts *facts, int64_t bytes,
                    ep_verdict *verdict);

/**
 * Makes the verdict for content of unknown length at its end.
 * @param bytes the size of the content
 * @return 1 if it is refused; 0: @a verdict is EP_ADMITTED
 */
int ep_verdict_end(const ep_policy *policy, const ep_facts *facts, int64_t bytes,
                   ep_verdict *verdict);

/**
 * Makes the verdict for an upload for which a limit that counts has no room.
 * @param code INSUFFICIENT_STORAGE or a later one
 * @param by the limit, or one of those that could not be checked
 * @param remaining bytes that the limit has left, or EP_UNKNOWN; kept where
 *        the verdict tells it
 * @param retry_after seconds, or EP_UNKNOWN; kept where the verdict tells it
 * @param is_cut 1: content was on its way already
 */
void ep_verdict_counted(const ep_policy *policy, const ep_facts *facts,
                        ep_code code, const ep_setting *by, int64_t remaining,
                        int64_t retry_after, int is_cut, ep_verdict *verdict);

/**
 * Makes the verdict for a request that httpd's core has refused for its Expect field,
 * before any directory was known.
 */
void ep_verdict_core_refused(const ep_policy *policy, const ep_facts *facts,
                             ep_verdict *verdict);

/**
 * @return the `error` token of a refusal: the built-in one, or what
 *         ExpectPolicyRefuse says
 */
const char *ep_verdict_error(const ep_verdict *verdict, ep_code code);

/**
 * @return 1 if the very same upload may succeed later, without anybody changing
 *         what it is or what is stored
 */
int ep_verdict_is_temporary(const ep_verdict *verdict);

/**
 * @return 0 if a check has failed that comes before all limits of the content, and that
 *         no change of the content can pass: the answer then tells no limits
 */
int ep_verdict_tells_limits(const ep_verdict *verdict);

#endif
