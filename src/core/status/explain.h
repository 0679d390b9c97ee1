/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The explanation of an upload for an administrator: each check in order. */
#ifndef EP_EXPLAIN_H
#define EP_EXPLAIN_H

#include "core/policy/verdict.h"

/** What the ledger knows of a limit that counts. */
typedef struct ep_explain_limit {
    const ep_setting *by;
    /** 0: it was not asked, since another limit has no room or the ledger did not
     * answer */
    int is_asked;
    /** bytes or uploads: the most that the account may have; and what it has now,
     * EP_UNKNOWN: it is not known */
    int64_t limit;
    int64_t used;
    int64_t held;
} ep_explain_limit;

/** What is known of an upload. */
typedef struct ep_explain_facts {
    /** what holds in its place; NULL: no place was found */
    const ep_policy *policy;
    const ep_facts *facts;
    /** the verdict on its head; NULL: the head was not judged, and @a why_not says
     * why */
    const ep_verdict *head;
    const char *why_not;
    /** the verdict of the limits that count; NULL: none refuses */
    const ep_verdict *counted;
    const ep_explain_limit *limits;
    size_t limits_count;
} ep_explain_facts;

typedef enum ep_explain_result {
    EP_EXPLAIN_PASSED,
    EP_EXPLAIN_FAILED,
    /** no directive demands anything */
    EP_EXPLAIN_NO_DEMAND,
    EP_EXPLAIN_NOT_ASKED,
    EP_EXPLAIN_RESULTS
} ep_explain_result;

/** One check, or one limit of a check that counts. */
typedef struct ep_explain_row {
    ep_code code;
    ep_explain_result result;
    /** NOT_ASKED: the reason, one sentence without its full stop; else NULL */
    const char *why;
    /** the directives that demand it, the server's and the owner's, or the one that
     * failed; NULL: none.  One with a file of NULL is built in */
    const ep_setting *by[2];
    /** the limit, and what is used and held of it; EP_UNKNOWN: there is none, or it is
     * not known */
    int64_t limit;
    int64_t used;
    int64_t held;
} ep_explain_row;

/** The most rows: one for each check, one more for the limit of the total, and one for
 * each limit that counts. */
#define EP_EXPLAIN_ROWS (EP_CODES + 1 + EP_COUNTED_MAX)

/**
 * Explains each check, in the order of checks.def.  It judges nothing: the verdicts
 * were made as for an upload.
 * @param rows at least EP_EXPLAIN_ROWS
 * @return how many there are
 */
size_t ep_explain(const ep_explain_facts *known, ep_explain_row *rows);

/** @return the word for a result: `passed`, `failed`, `no demand`, `not asked` */
const char *ep_explain_word(ep_explain_result result);

#endif
