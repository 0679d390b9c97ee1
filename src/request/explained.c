/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/explained.h"

void ep_explained_note(ep_explained *explained, const ep_judgement *judgement,
                       ep_outcome outcome)
{
    if (outcome == EP_OUTCOME_ADMITTED
        && explained->outcome == EP_OUTCOME_WOULD_REFUSE) {
        return;
    }
    explained->outcome = outcome;
    explained->told = judgement;
}

void ep_explained_note_limit(ep_explained *explained, const ep_explain_limit *limit)
{
    size_t i = 0;

    while (i < explained->limits_count && explained->limits[i].by != limit->by) {
        i++;
    }
    if (i < EP_COUNTED_MAX && i == explained->limits_count) {
        explained->limits[explained->limits_count++] = *limit;
    }
}
