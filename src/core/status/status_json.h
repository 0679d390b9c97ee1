/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The report of the counts for an operator, and its JSON form. */
#ifndef EP_STATUS_JSON_H
#define EP_STATUS_JSON_H

#include "core/status/tally.h"
#include "core/text/sink.h"

/** One virtual host, or one name for several. */
typedef struct ep_report_host {
    /** any bytes */
    const char *name;
    ep_tally tally;
} ep_report_host;

/** The counts of a ledger (ep_ledger_counts). */
typedef struct ep_report_ledger {
    int64_t claims;
    int64_t accounts;
    int64_t trees;
} ep_report_ledger;

typedef struct ep_report {
    /** 1: the report is of all virtual hosts; 0: of the one that was asked */
    int is_whole;
    const ep_report_host *hosts;
    size_t hosts_count;
    /** the sum of all hosts */
    ep_tally total;
    /** the time of the report: seconds since 1970, and the same as text */
    int64_t now;
    int64_t since;
    const char *now_text;
    const char *since_text;
    /** NULL: there is no ledger, or this reader must not see it */
    const ep_report_ledger *ledger;
} ep_report;

/**
 * Writes one JSON object (docs/schema/status.json).
 * @return 1, or 0 if there is no memory for it
 */
int ep_status_json(const ep_report *report, const ep_sink *sink);

#endif
