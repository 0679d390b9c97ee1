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
    /** 1: it is over before the URL is mapped; and the status if httpd itself ends it
     * then, else 0 */
    int is_over;
    int early_status;
    /** what the last report was, and of what; NULL: none came */
    ep_outcome outcome;
    const ep_judgement *told;
    /** limits that count, as far as the ledger was asked */
    ep_explain_limit limits[EP_COUNTED_MAX];
    size_t limits_count;
};

/** Notes an outcome.  The last one holds; but that an upload is admitted does not lift
 * what a dry run would have refused. */
void ep_explained_note(ep_explained *explained, const ep_judgement *judgement,
                       ep_outcome outcome);

/** Notes a limit that counts; of one that was asked before, nothing. */
void ep_explained_note_limit(ep_explained *explained, const ep_explain_limit *limit);

#endif
