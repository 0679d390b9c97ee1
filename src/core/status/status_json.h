/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The report of the counts for an operator, and its JSON form. */
#ifndef EP_STATUS_JSON_H
#define EP_STATUS_JSON_H

#include "core/status/tally.h"
#include "core/status/trees.h"
#include "core/text/sink.h"

/** One virtual host, or one name for several. */
typedef struct ep_report_host {
    /** any bytes */
    const char *name;
    ep_tally tally;
} ep_report_host;

/** A ledger: its counts (ep_ledger_counts), and its trees. */
typedef struct ep_report_ledger {
    int64_t claims;
    int64_t accounts;
    int64_t trees;
    ep_trees fullest;
} ep_report_ledger;

/** How many calls took longer than the step before, and up to this one. */
typedef struct ep_report_step {
    /** microseconds; of the last step it is not used */
    int64_t limit;
    int64_t count;
} ep_report_step;

/** Why calls failed, and how many. */
typedef struct ep_report_cause {
    /** letters and `_` */
    const char *word;
    int64_t count;
} ep_report_cause;

/** How it goes with what servers share (ep_ledger_shared). */
typedef struct ep_report_shared {
    /** printable */
    const char *where;
    /** 1: the breaker is open; how often it was opened */
    int is_open;
    int64_t opened;
    /** calls that were sent, and the microseconds that they took in all */
    const ep_report_step *steps;
    size_t steps_count;
    int64_t took;
    const ep_report_cause *causes;
    size_t causes_count;
    /** of this server */
    int64_t claims;
    int64_t untold;
    int64_t asserted;
    /** of all servers; age in seconds; -1: never */
    int64_t claims_everywhere;
    int64_t servers;
    int64_t everywhere_age;
    /** seconds; of the age -1: never */
    int64_t lease;
    int64_t lease_age;
} ep_report_shared;

/** A file system. */
typedef struct ep_report_space {
    /** printable */
    const char *path;
    /** bytes, and the age of these numbers in seconds */
    int64_t free;
    int64_t size;
    int64_t age;
} ep_report_space;

typedef struct ep_report {
    /** 1: the report is of all virtual hosts; 0: of the one that was asked */
    int is_whole;
    const ep_report_host *hosts;
    size_t hosts_count;
    /** 1: each host has a line for each code in OpenMetrics; 0: those that have counted
     * something */
    int has_all_codes;
    /** the sum of all hosts */
    ep_tally total;
    /** the time of the report: seconds since 1970, and the same as text */
    int64_t now;
    int64_t since;
    const char *now_text;
    const char *since_text;
    /** NULL: there is no ledger, or this reader must not see it */
    const ep_report_ledger *ledger;
    /** NULL: nothing is shared, or this reader must not see it */
    const ep_report_shared *shared;
    /** the next two are only for a reader who may see everything; failures are of
     * EP_FAILURES, NULL: they are not told */
    const int64_t *failures;
    const ep_report_space *spaces;
    size_t spaces_count;
    /** directories that were too many to look at */
    int64_t spaces_left_out;
} ep_report;

/**
 * Writes one JSON object (docs/schema/status.json).
 * @return 1, or 0 if there is no memory for it
 */
int ep_status_json(const ep_report *report, const ep_sink *sink);

#endif
