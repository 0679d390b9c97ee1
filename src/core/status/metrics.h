/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The report for programs that keep time series. */
#ifndef EP_METRICS_H
#define EP_METRICS_H

#include "core/status/status_json.h"

/**
 * Writes it as OpenMetrics 1.0, which is the text format of Prometheus as well.
 *
 * Those two disagree on how the type of a counter is told: OpenMetrics gives
 * it without `_total`, Prometheus with.  So counters come without a type, which
 * both take, and nobody misses.
 */
void ep_metrics(const ep_report *report, const ep_sink *sink);

#endif
