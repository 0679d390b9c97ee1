/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** (policy, facts) -> verdict. */
#ifndef EP_DECIDE_H
#define EP_DECIDE_H

#include "ep_policy.h"

typedef enum ep_content {
    /** no content is announced */
    EP_CONTENT_NONE,
    /** Content-Length above 0 */
    EP_CONTENT_SIZED,
    /** Transfer-Encoding, or HTTP/2 without content-length */
    EP_CONTENT_UNSIZED
} ep_content;

/**
 * What a request's head says.  Field values: NULL if there is no such field;
 * several lines are joined with commas, as httpd does.
 */
typedef struct ep_facts {
    const char *method;
    /** 1: HTTP/1.0, where 100-continue must be ignored (RFC 9110 10.1.1) */
    int ignores_continue;
    const char *expect;
    ep_content content;
    /** bytes; EP_UNKNOWN unless EP_CONTENT_SIZED */
    int64_t declared;
    /** X-Expected-Entity-Length in bytes, or EP_UNKNOWN */
    int64_t hint;
    const char *content_type;
    const char *content_encoding;
    const char *authorization;
    const char *accept;
} ep_facts;

/** The codes, in the order of the checks. */
typedef enum ep_code {
    EP_UNSUPPORTED_EXPECTATION,
    EP_CONTINUE_REQUIRED,
    EP_METHOD_NOT_ALLOWED,
    EP_AUTHENTICATION_REQUIRED,
    /** what ExpectPolicyRefuse says */
    EP_REFUSED,
    EP_UNSUPPORTED_CONTENT_TYPE,
    EP_UNSUPPORTED_CONTENT_ENCODING,
    EP_LENGTH_REQUIRED,
    EP_CONTENT_TOO_LARGE,
    /** how many there are for ep_decide(); behind them, limits that count */
    EP_HEAD_CODES,
    EP_INSUFFICIENT_STORAGE = EP_HEAD_CODES,
    EP_QUOTA_EXCEEDED,
    EP_ALLOWANCE_EXCEEDED,
    EP_TOO_MANY_UPLOADS,
    EP_LEDGER_UNAVAILABLE,
    EP_CODES,
    EP_ADMITTED = EP_CODES
} ep_code;

typedef struct ep_verdict {
    /** the first check that failed, or EP_ADMITTED */
    ep_code code;
    /** the setting that decided, for each check that failed; else NULL */
    const ep_setting *by[EP_CODES];
    /** of the final answer; 0 if admitted */
    int status;
    /** bytes or uploads, or EP_UNKNOWN where there is none to tell */
    int64_t limit;
    int64_t requested;
    /** QUOTA_EXCEEDED, ALLOWANCE_EXCEEDED: bytes that are left; else
     * EP_UNKNOWN */
    int64_t remaining;
    /** seconds after which a client may try again, or EP_UNKNOWN */
    int64_t retry_after;
} ep_verdict;

/** Judges the head of a request that has content or an Expect field. */
void ep_decide(const ep_policy *policy, const ep_facts *facts,
               ep_verdict *verdict);

/** The verdict on content that turned out larger than allowed on its way. */
void ep_decide_cut(const ep_policy *policy, const ep_facts *facts,
                   ep_verdict *verdict);

/**
 * The verdict on an upload that a limit that counts has no room for.
 * @param code INSUFFICIENT_STORAGE or one behind it
 * @param by the limit, or one of those that could not be asked
 * @param remaining bytes that the limit has left, or EP_UNKNOWN; kept where
 *        the verdict tells it
 * @param retry_after seconds, or EP_UNKNOWN; kept where the verdict tells it
 * @param is_cut 1: content was on its way already
 */
void ep_decide_counted(const ep_policy *policy, const ep_facts *facts,
                       ep_code code, const ep_setting *by, int64_t remaining,
                       int64_t retry_after, int is_cut, ep_verdict *verdict);

/**
 * The verdict on a request that httpd's core refused for its Expect field
 * before any directory was known.
 */
void ep_decide_core_refused(const ep_policy *policy, const ep_facts *facts,
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
 * @return 0 if a check fails that no change of the content helps with, and that
 *         comes before all limits of it: such an upload is told none of them
 */
int ep_verdict_tells_limits(const ep_verdict *verdict);

/** @return the built-in token of a code; NULL for EP_REFUSED */
const char *ep_code_token(ep_code code);

#endif
