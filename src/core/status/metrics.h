/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Writes the report for monitoring programs. */
#ifndef EP_METRICS_H
#define EP_METRICS_H

#include "core/status/status_json.h"

/**
 * Writes the report as OpenMetrics 1.0, which Prometheus reads as well.
 *
 * The two differ in the name of a counter's type: OpenMetrics wants it without
 * `_total`, Prometheus with.  So counters are written without a type, which both
 * accept.
 */
void ep_metrics(const ep_report *report, const ep_sink *sink);

#endif
