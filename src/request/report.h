/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Reports a verdict to operators: log line, environment, counters. */
#ifndef EP_REPORT_H
#define EP_REPORT_H

#include "request/request.h"

#include "core/status/tally.h"

/**
 * Reports an outcome, once: writes the log line, unless it is ADMITTED or LogLevel is
 * below warn; sets EXPECT_POLICY_* in the environment; counts it.  A judgement that is
 * refused or cut is what our answer tells from now on.  The line of a dry run is not
 * repeated for the setting that was reported last.  Of an upload that is explained,
 * nothing of this is done: its outcome is noted (request/explained.h).
 */
void ep_report(request_rec *r, ep_request *state, const ep_judgement *judgement,
               ep_outcome outcome);

/** Lets an upload go that a dry run would have refused, and reports that. */
void ep_report_would_refuse(request_rec *r, ep_request *state,
                            const ep_judgement *judgement);

/**
 * Sets EXPECT_POLICY_* in the environment of @a r.  Log line and counters belong to
 * the upload, but the environment belongs to one request: where a handler has led on to
 * another one after the upload was cut, that request has to show the outcome as well,
 * since it is the one in the access log.
 */
void ep_report_in_environment(request_rec *r, const ep_judgement *judgement,
                              ep_outcome outcome);

/**
 * @return the request's id in log lines, that of %L: at most EP_ID_MAX bytes of printable
 *         US-ASCII without blanks, quotes, brackets and backslashes; `-`: httpd makes none.
 *         All requests of a chain of redirects have that of the first one
 */
const char *ep_report_id(request_rec *r);

#endif
