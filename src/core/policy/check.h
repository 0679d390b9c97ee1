/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The checks of a request's head, and what a failed check tells the client. */
#ifndef EP_CHECK_H
#define EP_CHECK_H

#include "core/policy/policy.h"
#include "core/text/range.h"

typedef enum ep_content {
    /** no content is announced */
    EP_CONTENT_NONE,
    /** Content-Length above 0 */
    EP_CONTENT_SIZED,
    /** Transfer-Encoding, or HTTP/2 without content-length */
    EP_CONTENT_UNSIZED
} ep_content;

/** A field that may announce the total of an upload (ExpectPolicyTotalFields), as the
 * client has sent it; the values of two fields with one name are joined with a comma. */
typedef struct ep_total_field {
    const char *name;
    const char *value;
} ep_total_field;

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
    /** Content-Range, only of a PUT or PATCH, where it has a meaning (RFC 9110 14.5);
     * @a range is set if has_range is EP_RANGE_BYTES */
    ep_range_result has_range;
    ep_range range;
    /** fields with a name that some section lists; a policy uses only those that it lists
     * itself */
    const ep_total_field *totals;
    size_t totals_count;
    /** COPY, MOVE: bytes of the file that is copied or moved; 0: none */
    int64_t source;
    const char *content_type;
    const char *content_encoding;
    const char *authorization;
    const char *accept;
} ep_facts;

/** What a failed check tells besides its code; these flags may be combined. */
enum {
    EP_TELLS_NOTHING = 0,
    /** the log line tells the limit, and the document does, too */
    EP_LOGS_LIMIT = 1,
    EP_TELLS_LIMIT = 2,
    /** both tell the largest size that is accepted, where there is one */
    EP_TELLS_MAX_SIZE = 4,
    /** both tell the size that was asked for */
    EP_TELLS_REQUESTED = 8,
    /** the answer has Retry-After, if the time is known */
    EP_TELLS_RETRY = 16,
    /** both tell the size of the complete file */
    EP_TELLS_TOTAL = 128,
    /** the answer has Upload-Limit */
    EP_TELLS_UPLOAD_LIMIT = 64,
    /** the very same upload may succeed later, whatever the limit is */
    EP_IS_TEMPORARY = 32
};

/** A row of checks.def. */
typedef struct ep_check {
    /** NULL: the code in ExpectPolicyRefuse */
    const char *token;
    int status;
    /** of a check of the head */
    ep_rule rule;
    /** @return the setting that the facts fail; NULL: they pass.  The pointer is NULL
     * for limits that the ledger counts */
    const ep_setting *(*fails)(const ep_policy *policy, ep_rule rule,
                               const ep_facts *facts);
    /** member of the document; NULL: there is none */
    const char *remaining;
    /** EP_TELLS_... */
    unsigned int tells;
    /** one sentence for a person */
    const char *message;
} ep_check;

/** @param code not EP_ADMITTED
 * @return its row */
const ep_check *ep_check_of(ep_code code);

/** @return member of the document that lists what the check accepts; NULL: none */
const char *ep_check_list(ep_code code);

/**
 * Runs a check of the head.
 * @param code below EP_HEAD_CODES
 * @param facts with an Expect field for EP_UNSUPPORTED_EXPECTATION, with
 *        content for all others
 * @return the setting that decided, where the check fails; else NULL
 */
const ep_setting *ep_check_fails(ep_code code, const ep_policy *policy,
                                 const ep_facts *facts);

/** The most content of a query, in bytes; a request with more is an upload. */
#define EP_QUERY_MAX (1024 * 1024)

/** @return 1 if the content is a question or a description by its method and its
 * length, so that nothing of it is stored as a file (PROPFIND, LOCK, ...) */
int ep_check_is_query(const ep_facts *facts);

/** @return bytes up to which this upload is small (ExpectPolicyCountFrom); -1: it is
 * not small, by its head or its method */
int64_t ep_check_small_up_to(const ep_policy *policy, const ep_facts *facts);

/** @return the size that the head announces, in bytes; EP_UNKNOWN: none */
int64_t ep_check_requested(const ep_facts *facts);

/**
 * @param bytes of content, or EP_UNKNOWN
 * @return the size of the file up to the end of its Content-Range; without one,
 *         @a bytes
 */
int64_t ep_check_extent(const ep_facts *facts, int64_t bytes);

/** @return 1 if a method may store what a total field announces; 0 for those that read
 * or delete, where such a field means nothing */
int ep_check_may_announce(const ep_facts *facts);

/** @return 1 if the request has no content and announces what is to come, or to be
 * joined: it has a field that the policy lists, well-formed or not */
int ep_check_announces(const ep_policy *policy, const ep_facts *facts);

/** @return 1 if there is something to judge: content, an expectation, or an
 * announcement */
int ep_check_concerns(const ep_policy *policy, const ep_facts *facts);

/**
 * The size of the whole of which the request is a part: the largest of the total fields
 * that parse, else the complete length in Content-Range.  It is not less than where the
 * part itself ends.
 * @return bytes; EP_UNKNOWN: nothing says it
 */
int64_t ep_check_total(const ep_policy *policy, const ep_facts *facts);

/** @return 1 if the policy bounds totals, and a total field does not parse: it counts
 * as too large */
int ep_check_total_is_malformed(const ep_policy *policy, const ep_facts *facts);

/**
 * @return the total for which quotas and free space have to have room before the first
 *         part comes: of an announcement, and of a POST that begins an upload in parts;
 *         bytes.  EP_UNKNOWN: the content is all that is asked for
 */
int64_t ep_check_total_to_ask(const ep_policy *policy, const ep_facts *facts);

/** @return 1 if the limit is ExpectPolicyMaxTotal */
int ep_check_is_of_total(const ep_policy *policy, const ep_setting *limit);

/**
 * What a size limit is compared with: the total, where the content ends in the file, or
 * the content alone.
 * @param limit MaxTotal, MaxSize or the ceiling of the policy
 * @param bytes of content, or EP_UNKNOWN
 */
int64_t ep_check_size_for(const ep_policy *policy, const ep_facts *facts,
                          const ep_setting *limit, int64_t bytes);

/**
 * @param bytes of content that have come or are declared, or EP_UNKNOWN
 * @return the size limit that they exceed, that of the total first, then the smallest;
 *         NULL: none
 */
const ep_setting *ep_check_too_large(const ep_policy *policy, const ep_facts *facts,
                                     int64_t bytes);

#endif
