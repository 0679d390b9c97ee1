/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * What is found out of an upload that an administrator has asked about.  Where an upload
 * is reported, counted or claimed, it is noted here instead.
 */
#ifndef EP_EXPLAINED_H
#define EP_EXPLAINED_H

#include "request/request.h"

#include "core/status/explain.h"
#include "core/status/tally.h"

/** In the pool of the request that asks. */
struct ep_explained {
    /** the name under which authentication succeeds; NULL: it takes its course */
    const char *user;
    /** the request that asks, while the upload does not look like a subrequest */
    request_rec *main;
    /** 1: it is over before the URL is mapped */
    int is_over;
    /** the status if httpd itself ends it then; else 0 */
    int early_status;
    /** the outcome that was reported last, and its judgement; NULL: none was */
    ep_outcome outcome;
    const ep_judgement *told;
    /** limits that count, as far as the ledger was asked */
    ep_explain_limit limits[EP_COUNTED_MAX];
    size_t limits_count;
};

/** Notes an outcome.  The last one holds, except that "admitted" does not replace "would
 * be refused" of a dry run. */
void ep_explained_note(ep_explained *explained, const ep_judgement *judgement,
                       ep_outcome outcome);

/** Notes a limit that counts, once: a limit that was noted before stays as it is. */
void ep_explained_note_limit(ep_explained *explained, const ep_explain_limit *limit);

#endif
