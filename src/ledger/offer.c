/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/offer.h"

#include "apr_hash.h"
#include "apr_tables.h"
#include "http_log.h"

#include "ledger/charge.h"
#include "ledger/clock.h"
#include "ledger/expand.h"

APLOG_USE_MODULE(expect_policy);

/* The bounds of the whole search: entries that are read, directories that are
 * offered, and microseconds. */
#define ENTRIES_MOST 200000
#define FOUND_MOST 4096
#define TIME_MOST apr_time_from_sec(5)
/* Each pattern has an equal part of FOUND_MOST, and at least so many directories. */
#define FOUND_LEAST 16
/* The search ends if the ledger has no place for so many directories in a row. */
#define WITHOUT_MOST 256

typedef struct wildcard {
    const char *pattern;
    /* of each directory, but for its tree */
    ep_ledger_charge charge;
    int (*is_on)(const void *section);
    const void *section;
} wildcard;

/* Set while the configuration is read, and in post_config; then read-only. */
static struct plan {
    /* of wildcard; NULL: none */
    apr_array_header_t *all;
    apr_array_header_t *chosen;
} plan;

/* Used only by the thread that measures. */
static struct search {
    int is_done;
    int is_open;
    /* index of the current pattern, and how many directories were offered for it */
    int current;
    int of_current;
    apr_uint32_t entries;
    int found;
    int without;
    int without_in_row;
    apr_int64_t spent;
    ep_expand expand;
} search;

void ep_offer_reset(void)
{
    memset(&plan, 0, sizeof(plan));
}

void ep_offer_add(apr_pool_t *pconf, const char *pattern,
                  const ep_ledger_charge *charge, int (*is_on)(const void *section),
                  const void *section)
{
    wildcard *added;

    if (plan.all == NULL) {
        plan.all = apr_array_make(pconf, 4, sizeof(wildcard));
    }
    added = apr_array_push(plan.all);
    added->pattern = pattern;
    added->charge = *charge;
    added->is_on = is_on;
    added->section = section;
}

/* The same pattern often stands in many virtual hosts, and is searched for only
 * once. */
void ep_offer_start(apr_pool_t *pconf)
{
    apr_hash_t *seen = apr_hash_make(pconf);
    int i;

    for (i = 0; plan.all != NULL && i < plan.all->nelts; i++) {
        const wildcard *one = &APR_ARRAY_IDX(plan.all, i, wildcard);

        if (one->is_on(one->section)
            && apr_hash_get(seen, one->pattern, APR_HASH_KEY_STRING) == NULL) {
            apr_hash_set(seen, one->pattern, APR_HASH_KEY_STRING, one);
            if (plan.chosen == NULL) {
                plan.chosen = apr_array_make(pconf, 4, sizeof(wildcard));
            }
            APR_ARRAY_PUSH(plan.chosen, wildcard) = *one;
        }
    }
}

static int count_of_wildcards(void)
{
    return plan.chosen != NULL ? plan.chosen->nelts : 0;
}

/* @return the most directories to offer for one pattern */
static int share_of_found(void)
{
    const int each = FOUND_MOST / count_of_wildcards();

    return each > FOUND_LEAST ? each : FOUND_LEAST;
}

/* @return 0: the ledger does not answer */
static int offer(const ep_ledger_provider *ledger, const wildcard *of)
{
    ep_ledger_charge charge = of->charge;
    apr_status_t rv;

    ep_charge_tree(search.expand.path, NULL, &charge);
    rv = ledger->offer_tree(&charge);
    if (rv == APR_SUCCESS) {
        search.found++;
        search.of_current++;
        search.without_in_row = 0;
    }
    else if (rv == APR_ENOSPC) {
        search.without++;
        search.without_in_row++;
    }
    return rv == APR_SUCCESS || rv == APR_ENOSPC;
}

static void end_wildcard(void)
{
    search.entries = ENTRIES_MOST - search.expand.left;
    ep_expand_end(&search.expand);
    search.is_open = 0;
    search.of_current = 0;
    search.current++;
}

/* 1 if the search has ended */
static int is_over(void)
{
    return search.current >= count_of_wildcards()
           || search.found >= FOUND_MOST || search.without_in_row >= WITHOUT_MOST
           || search.entries >= ENTRIES_MOST || search.spent >= TIME_MOST;
}

/* @return 0: this step ends */
static int find_next(const ep_ledger_provider *ledger,
                     int (*is_enough)(void *data), void *data)
{
    const wildcard *of = &APR_ARRAY_IDX(plan.chosen, search.current, wildcard);
    ep_expand_result result;

    if (!search.is_open) {
        ep_expand_begin(&search.expand, of->pattern,
                        ENTRIES_MOST - search.entries);
        search.is_open = 1;
    }
    result = ep_expand_go(&search.expand, is_enough, data);
    if (result == EP_EXPAND_FOUND && !offer(ledger, of)) {
        /* it is skipped; its first upload measures it */
        search.without++;
    }
    if (result == EP_EXPAND_DONE || search.of_current >= share_of_found()) {
        end_wildcard();
    }
    return result != EP_EXPAND_MORE && !is_enough(data);
}

static void finish(const ep_ledger_provider *ledger, server_rec *s)
{
    if (ledger->end_offers() != APR_SUCCESS) {
        return;
    }
    search.is_done = 1;
    ep_expand_end(&search.expand);
    if (count_of_wildcards() > 0) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, s,
                     "wildcards with a quota: %d; directories found: %d, "
                     "without a place in the ledger now: %d; %"
                     APR_INT64_T_FMT " ms", count_of_wildcards(), search.found,
                     search.without,
                     (apr_int64_t)apr_time_as_msec(search.spent));
    }
}

int ep_offer_go(const ep_ledger_provider *ledger, server_rec *s,
                int (*is_enough)(void *data), void *data)
{
    const apr_int64_t began = ep_clock_now();

    if (search.is_done || ledger->offer_tree == NULL) {
        return 1;
    }
    while (!is_over() && find_next(ledger, is_enough, data)) {
    }
    search.spent += ep_clock_now() - began;
    if (is_over()) {
        finish(ledger, s);
    }
    return search.is_done;
}
