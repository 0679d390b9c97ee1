/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/numbers.h"

#include <string.h>

#include "apr_atomic.h"
#include "apr_time.h"

/* Compile-time assertion: the arrays of the border have room. */
typedef char steps_fit[EP_BREAKER_STEPS <= EP_LEDGER_STEPS_MAX ? 1 : -1];
typedef char causes_fit[EP_CAUSES <= EP_LEDGER_CAUSES_MAX ? 1 : -1];

static void read_calls(ep_breaker *breaker, ep_ledger_shared *shared)
{
    int i;

    shared->is_open = ep_breaker_is_open(breaker);
    shared->opened = apr_atomic_read32(&breaker->opened);
    shared->took = apr_atomic_read64(&breaker->took);
    shared->steps_count = EP_BREAKER_STEPS;
    for (i = 0; i < EP_BREAKER_STEPS; i++) {
        shared->steps[i].limit = i < EP_BREAKER_STEPS - 1
                                     ? (apr_int64_t)ep_breaker_limits[i]
                                     : APR_INT64_MAX;
        shared->steps[i].count = apr_atomic_read64(&breaker->steps[i]);
    }
}

/* @return 1: a call that ended so has failed */
static int is_failure(ep_cause cause)
{
    return cause != EP_CAUSE_NONE && cause != EP_CAUSE_NOSCRIPT;
}

static void read_causes(ep_breaker *breaker, ep_ledger_shared *shared)
{
    int cause;

    for (cause = 0; cause < EP_CAUSES; cause++) {
        if (is_failure((ep_cause)cause)) {
            ep_ledger_cause *next = &shared->causes[shared->causes_count++];

            next->word = ep_reply_word((ep_cause)cause);
            next->count = apr_atomic_read64(&breaker->causes[cause]);
        }
    }
}

/* @param when in seconds of ep_conn_clock(); 0: never  @return its age */
static apr_int64_t age_of(apr_uint32_t when)
{
    return when != 0 ? apr_time_from_sec((apr_int64_t)(ep_journal_seconds() - when))
                     : -1;
}

void ep_numbers_read(ep_journal *journal, const ep_url *url,
                     ep_ledger_shared *shared)
{
    memset(shared, 0, sizeof(*shared));
    shared->where = url->shown;
    read_calls(&journal->breaker, shared);
    read_causes(&journal->breaker, shared);
    shared->claims = ep_journal_count(journal, EP_JOURNAL_LIVE);
    shared->untold = ep_journal_count(journal, EP_JOURNAL_ENDED);
    shared->asserted = apr_atomic_read32(&journal->asserted);
    shared->claims_everywhere = apr_atomic_read32(&journal->claims_everywhere);
    shared->servers = apr_atomic_read32(&journal->servers);
    shared->since_everywhere = age_of(apr_atomic_read32(&journal->told_everywhere));
    shared->lease = url->lease;
    shared->since_renewed = age_of(apr_atomic_read32(&journal->renewed));
}
