/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What operators get to know of a verdict: log line, environment, counters. */
#ifndef EP_REPORT_H
#define EP_REPORT_H

#include "request/request.h"

#include "core/status/tally.h"

/**
 * Writes the log line of a verdict that is no admission, unless LogLevel is
 * below warn.
 * @param done the first word of the line: `refused`, `would-refuse` or `cut`
 */
void ep_report_line(request_rec *r, const ep_request *state, const char *done);

/** The same, where the policy is a dry run, and the outcome WOULD_REFUSE; the line
 * is not repeated for the setting that was reported last. */
void ep_report_would_refuse(request_rec *r, ep_request *state);

/** Counts the outcome of the verdict, and sets EXPECT_POLICY_* in the
 * environment. */
void ep_report_outcome(request_rec *r, ep_request *state, ep_outcome outcome);

#endif
