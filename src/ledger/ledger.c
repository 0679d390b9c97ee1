/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/ledger.h"

#include <stdio.h>
#include <unistd.h>

#include "ap_mpm.h"
#include "ap_provider.h"
#include "apr_lib.h"
#include "apr_strings.h"
#include "http_log.h"
#include "mpm_common.h"

#include "ledger/clock.h"
#include "ledger/measure.h"
#include "ledger/shm.h"
#include "request/counters.h"
#include "request/log_once.h"

APLOG_USE_MODULE(expect_policy);

#define DEFAULT_PROVIDER "shm"

/* Set while the configuration is read, and read-only afterwards. */
static struct ledger {
    int is_needed;
    /* NULL: nothing was chosen */
    const ep_ledger_provider *provider;
    void *config;
    /* 1: the provider was opened */
    int is_open;
    /* the first quota that is not local; NULL: there is none */
    const ep_setting *quota;
} ledger;

/* The process ID of this child; 0 in the parent.  A process that a child has forked
 * to run a program has another process ID, and must not give claims back. */
static pid_t owner;

void ep_ledger_reset(void)
{
    memset(&ledger, 0, sizeof(ledger));
}

void ep_ledger_need(void)
{
    ledger.is_needed = 1;
}

/* @return the name of a required member that is NULL; NULL: there is none */
static const char *find_missing(const ep_ledger_provider *provider)
{
    const int trees = (provider->next_tree != NULL)
                      + (provider->announce_trees != NULL)
                      + (provider->find_tree != NULL)
                      + (provider->report_usage != NULL);

    return provider->parse == NULL         ? "parse"
           : provider->post_config == NULL ? "post_config"
           : provider->reserve == NULL     ? "reserve"
           : provider->grow == NULL        ? "grow"
           : provider->settle == NULL      ? "settle"
           : provider->release == NULL     ? "release"
           : trees != 0 && trees != 4      ? "some of the trees' members"
                                           : NULL;
}

const char *ep_ledger_choose(apr_pool_t *pool, const char *argument)
{
    const char *colon = strchr(argument, ':');
    char *name = colon != NULL
                     ? apr_pstrmemdup(pool, argument,
                                      (apr_size_t)(colon - argument))
                     : apr_pstrdup(pool, argument);
    const ep_ledger_provider *provider;
    const char *missing;

    ap_str_tolower(name);
    provider = ap_lookup_provider(EP_LEDGER_GROUP, name, EP_LEDGER_VERSION);
    if (provider == NULL) {
        return EP_LEDGER_SHM_LEGAL;
    }
    missing = find_missing(provider);
    if (missing != NULL) {
        return apr_psprintf(pool, "another provider: %s lacks %s", name,
                            missing);
    }
    ledger.provider = provider;
    ledger.is_needed = 1;
    return provider->parse(pool, colon != NULL ? colon + 1 : NULL,
                           &ledger.config);
}

void ep_ledger_note_quota(const ep_setting *setting)
{
    if (!setting->count->is_local && ledger.quota == NULL) {
        ledger.quota = setting;
    }
}

const char *ep_ledger_check(apr_pool_t *pool)
{
    if (ledger.provider == NULL || !ledger.provider->is_shared
        || ledger.provider->shares_trees || ledger.quota == NULL) {
        return NULL;
    }
    return apr_psprintf(pool, "%s in %s:%u: with this ExpectPolicyLedger each server"
                              " counts the directory on its own; legal is %s %s"
                              " local",
                        ledger.quota->directive, ledger.quota->file,
                        ledger.quota->line, ledger.quota->directive,
                        ledger.quota->text);
}

/* @return 0: no ledger is needed */
static int find_provider(apr_pool_t *pconf)
{
    if (ledger.is_needed && ledger.provider == NULL) {
        ep_ledger_choose(pconf, DEFAULT_PROVIDER);
    }
    return ledger.is_needed;
}

void ep_ledger_announce(apr_pool_t *pconf)
{
    const char *what = find_provider(pconf)
                               && ledger.provider->check_config != NULL
                           ? ledger.provider->check_config(pconf,
                                                           ledger.config)
                           : NULL;

    if (what != NULL) {
        fprintf(stderr, "mod_expect_policy: %s\n", what);
        fflush(stderr);
    }
}

void ep_ledger_open(apr_pool_t *pconf, server_rec *main_server)
{
    if (find_provider(pconf)) {
        ledger.provider->post_config(pconf, main_server, ledger.config);
        ledger.is_open = 1;
    }
}

static void tell_news(server_rec *s)
{
    const char *what = ledger.is_open && ledger.provider->take_news != NULL
                           ? ledger.provider->take_news()
                           : NULL;

    if (what != NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "the ledger %s", what);
    }
}

const ep_ledger_provider *ep_ledger_find_measured(void)
{
    return ledger.is_open && ledger.provider->next_tree != NULL
               ? ledger.provider
               : NULL;
}

/* @return the cause, as text for the log */
static const char *cause_of(apr_pool_t *pool, apr_status_t rv,
                            ep_ledger_outcome result)
{
    char text[120];

    switch (rv) {
    case APR_SUCCESS:
        return result == EP_OUTCOME_FULL   ? "it is full"
               : result == EP_OUTCOME_CROWDED
                   ? "an upload has more limits than a claim has room for"
               : result == EP_OUTCOME_LOST ? "the claim of an upload is lost"
                                        : "the usage of a tree is not known";
    case APR_TIMEUP:
        return "another process holds its lock";
    case APR_EAGAIN:
        return "it is used by another server, or by children of a server that is "
               "stopping";
    case APR_EINIT:
        return "it is missing";
    case APR_EGENERAL:
        return "it is corrupt";
    default:
        return apr_pstrdup(pool, apr_strerror(rv, text, sizeof(text)));
    }
}

static ep_tally_cause failure_of(apr_status_t rv, ep_ledger_outcome result,
                                 ep_measure_result measured)
{
    switch (rv) {
    case APR_SUCCESS:
        return result == EP_OUTCOME_FULL      ? EP_FAILED_FULL
               : result == EP_OUTCOME_CROWDED ? EP_FAILED_CROWDED
               : result == EP_OUTCOME_LOST    ? EP_FAILED_LOST
               : measured == EP_MEASURE_LATER ? EP_FAILED_UNMEASURED
                                              : EP_FAILED_UNMEASURABLE;
    case APR_TIMEUP:
        return EP_FAILED_BUSY;
    case APR_EAGAIN:
        return EP_FAILED_TAKEN;
    case APR_EINIT:
        return EP_FAILED_MISSING;
    case APR_EGENERAL:
        return EP_FAILED_CORRUPT;
    default:
        return EP_FAILED_OTHER;
    }
}

/* @param path of a tree whose usage is not known; NULL: the cause is another one
 * @param measured why it is not known; LATER is no error, and is logged at info */
static void complain(request_rec *r, apr_status_t rv, ep_ledger_outcome result,
                     int fails_closed, const char *path,
                     ep_measure_result measured)
{
    if (ep_request_is_explained(r)) {
        return;
    }
    ep_counters_failed(failure_of(rv, result, measured));
    if (path != NULL && measured == EP_MEASURE_LATER) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "the usage of %s is not measured yet; uploads are %s",
                      path, fails_closed ? "refused" : "admitted");
        return;
    }
    if (!ep_log_once_a_second(ep_clock_now())) {
        return;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ledger cannot answer: %s%s%s; uploads are %s",
                  cause_of(r->pool, rv, result), path != NULL ? ": " : "",
                  path != NULL ? path : "",
                  fails_closed ? "refused" : "admitted");
}

/* Logs failures.  @return the result for the caller */
static ep_ledger_result answer(request_rec *r, apr_status_t rv,
                               ep_ledger_outcome result, int fails_closed)
{
    tell_news(r->server);
    if (rv == APR_SUCCESS) {
        if (result == EP_OUTCOME_GRANTED) {
            return EP_LEDGER_GRANTED;
        }
        if (result == EP_OUTCOME_DENIED) {
            return EP_LEDGER_DENIED;
        }
    }
    if (rv == APR_SUCCESS
        && (result == EP_OUTCOME_CROWDED || result == EP_OUTCOME_UNKNOWN)) {
        complain(r, rv, result, 1, NULL, EP_MEASURE_FAILED);
        return EP_LEDGER_REFUSED;
    }
    complain(r, rv, result, fails_closed, NULL, EP_MEASURE_FAILED);
    return EP_LEDGER_FAILED;
}

/* Measures the tree whose usage is not known.  An upload that may pass without the
 * number waits only a quarter of EP_LEDGER_PATIENCE.
 * @param is_dry_run 1: it must not delay a request for long
 * @param measured out: the result of the measurement
 * @return 1 if the tree was measured, so that the charges can be reserved now */
static int is_measured(apr_status_t rv, ep_ledger_outcome result,
                       ep_ledger_charge *charges, size_t count,
                       const ep_ledger_denial *denial, apr_int64_t began,
                       int fails_closed, int is_dry_run,
                       ep_measure_result *measured)
{
    apr_int64_t until = began + EP_LEDGER_PATIENCE;
    apr_int64_t longest = until;
    ep_ledger_charge *charge;

    *measured = EP_MEASURE_FAILED;
    if (rv != APR_SUCCESS || result != EP_OUTCOME_UNKNOWN
        || denial->charge >= count) {
        return 0;
    }
    charge = &charges[denial->charge];
    if (charge->overdraft > 0
        || (!fails_closed && charge->amount <= EP_CHARGE_UNMEASURED_MAX)) {
        until = longest = began + EP_LEDGER_PATIENCE / 4;
    }
    else if (!is_dry_run) {
        longest = began + EP_LEDGER_LONGEST;
    }
    *measured = ep_measure(charge, until, longest);
    return *measured == EP_MEASURE_DONE;
}

/* 1 if the charge of an unknown tree may be overdrawn: a number is not waited for */
static int is_let_in(const ep_ledger_charge *charges, size_t count,
                     const ep_ledger_denial *denial)
{
    return denial->charge < count && charges[denial->charge].overdraft > 0;
}

ep_failure ep_ledger_failure(const ep_policy *policy, int is_small)
{
    const ep_failure failure = policy->failure;

    return failure == EP_FAILURE_CLOSED && is_small ? EP_FAILURE_LOCAL : failure;
}

/* Claims charges, or only asks what would become of that.
 * @param claim NULL: nothing is claimed */
static apr_status_t reserve(const ep_ledger_charge *charges, size_t count, int how,
                            ep_ledger_claim *claim, ep_ledger_outcome *result,
                            ep_ledger_denial *denial)
{
    if (claim != NULL) {
        return ledger.provider->reserve(charges, count, how, claim, result, denial);
    }
    if (ledger.provider->foresee != NULL) {
        return ledger.provider->foresee(charges, count, how, result, denial);
    }
    *result = EP_OUTCOME_GRANTED;
    denial->left_out = (apr_uint32_t)((UINT64_C(1) << count) - 1);
    return APR_SUCCESS;
}

ep_ledger_result ep_ledger_reserve(request_rec *r, ep_ledger_charge *charges,
                                   size_t count, ep_failure failure, int is_dry_run,
                                   ep_ledger_claim *claim, ep_ledger_denial *denial)
{
    const int fails_closed = failure == EP_FAILURE_CLOSED;
    const int how = failure == EP_FAILURE_LOCAL ? EP_RESERVE_ALONE : 0;
    const apr_int64_t began = ep_clock_now();
    ep_measure_result measured;
    ep_ledger_outcome result = EP_OUTCOME_FULL;
    apr_status_t rv;

    if (!ledger.is_open) {
        return answer(r, APR_EINIT, result, fails_closed);
    }
    do {
        rv = reserve(charges, count, how, claim, &result, denial);
    } while (is_measured(rv, result, charges, count, denial, began,
                         fails_closed, is_dry_run, &measured));
    if (rv == APR_SUCCESS
        && (result == EP_OUTCOME_UNKNOWN || result == EP_OUTCOME_FULL)) {
        const char *path = result == EP_OUTCOME_UNKNOWN && denial->charge < count
                               ? charges[denial->charge].path : NULL;
        const ep_ledger_outcome why = result;

        if (!fails_closed) {
            rv = reserve(charges, count, how | EP_RESERVE_LENIENT, claim, &result,
                         denial);
        }
        if (rv == APR_SUCCESS && result == EP_OUTCOME_UNKNOWN) {
            const int lets_in = is_let_in(charges, count, denial);

            complain(r, rv, why, fails_closed || !lets_in, path, measured);
            return fails_closed || lets_in ? EP_LEDGER_FAILED
                                           : EP_LEDGER_REFUSED;
        }
        complain(r, APR_SUCCESS, why, fails_closed, path, measured);
        if (fails_closed) {
            return EP_LEDGER_FAILED;
        }
    }
    return answer(r, rv, result, fails_closed);
}

ep_ledger_result ep_ledger_grow(request_rec *r, ep_ledger_charge *charges,
                                size_t count, const ep_ledger_claim *claim,
                                apr_int64_t least, apr_int64_t most,
                                int fails_closed, int is_dry_run,
                                apr_int64_t *granted, ep_ledger_denial *denial)
{
    const apr_int64_t began = ep_clock_now();
    ep_measure_result measured;
    ep_ledger_outcome result = EP_OUTCOME_FULL;
    apr_status_t rv = APR_EINIT;

    do {
        if (ledger.is_open) {
            rv = ledger.provider->grow(charges, count, claim, least, most,
                                       granted, &result, denial);
        }
    } while (is_measured(rv, result, charges, count, denial, began, 1,
                         is_dry_run, &measured));
    if (rv == APR_SUCCESS && result == EP_OUTCOME_UNKNOWN) {
        const int lets_in = is_let_in(charges, count, denial);

        complain(r, rv, result, !lets_in,
                 denial->charge < count ? charges[denial->charge].path : NULL,
                 measured);
        return lets_in ? EP_LEDGER_FAILED : EP_LEDGER_REFUSED;
    }
    return answer(r, rv, result, fails_closed);
}

ep_ledger_result ep_ledger_confirm(request_rec *r,
                                   const ep_ledger_charge *charges,
                                   size_t count, const ep_ledger_claim *claim,
                                   int fails_closed,
                                   ep_ledger_denial *denial)
{
    ep_ledger_outcome result = EP_OUTCOME_LOST;
    apr_status_t rv = APR_EINIT;

    if (ledger.is_open && ledger.provider->confirm == NULL) {
        return EP_LEDGER_GRANTED;
    }
    if (ledger.is_open) {
        rv = ledger.provider->confirm(charges, count, claim, &result, denial);
    }
    /* that a claim is LOST is reported when it grows or is settled */
    return rv == APR_SUCCESS && result == EP_OUTCOME_LOST
               ? EP_LEDGER_GRANTED
               : answer(r, rv, result, fails_closed);
}

/* 1 if the claim holds something, and this process may give it back */
static int is_owned(const ep_ledger_claim *claim)
{
    return ledger.is_open && claim->is_held != 0 && getpid() == owner;
}

void ep_ledger_end_content(const ep_ledger_claim *claim)
{
    if (is_owned(claim) && ledger.provider->end_content != NULL) {
        ledger.provider->end_content(claim);
    }
}

void ep_ledger_disturb(const ep_ledger_charge *charge, ep_ledger_claim *claim)
{
    ep_ledger_outcome result;
    ep_ledger_denial denial;

    if (ledger.is_open) {
        ledger.provider->reserve(charge, 1, EP_RESERVE_LENIENT, claim,
                                 &result, &denial);
    }
}

void ep_ledger_doubt(const ep_ledger_charge *charges, size_t count)
{
    size_t i;

    if (!ledger.is_open || ledger.provider->doubt_usage == NULL
        || getpid() != owner) {
        return;
    }
    for (i = 0; i < count; i++) {
        if (charges[i].kind == EP_CHARGE_QUOTA) {
            ledger.provider->doubt_usage(&charges[i]);
        }
    }
}

int ep_ledger_try(const ep_ledger_charge *charge, ep_ledger_claim *claim)
{
    ep_ledger_outcome result = EP_OUTCOME_FULL;
    ep_ledger_denial denial;

    return ledger.is_open
           && reserve(charge, 1, 0, claim, &result, &denial) == APR_SUCCESS
           && result == EP_OUTCOME_GRANTED;
}

apr_status_t ep_ledger_read_balance(const ep_ledger_charge *charge,
                                    ep_ledger_balance *balance)
{
    if (!ledger.is_open) {
        return APR_EINIT;
    }
    return ledger.provider->read_balance != NULL
               ? ledger.provider->read_balance(charge->kind, &charge->key,
                                               balance)
               : APR_ENOTIMPL;
}

apr_status_t ep_ledger_count_entries(ep_ledger_counts *counts)
{
    if (!ledger.is_open) {
        return APR_EINIT;
    }
    return ledger.provider->count_entries != NULL
               ? ledger.provider->count_entries(counts)
               : APR_ENOTIMPL;
}

apr_status_t ep_ledger_read_shared(ep_ledger_shared *shared)
{
    if (!ledger.is_open) {
        return APR_EINIT;
    }
    return ledger.provider->read_shared != NULL
               ? ledger.provider->read_shared(shared)
               : APR_ENOTIMPL;
}

apr_int64_t ep_ledger_used(const ep_ledger_charge *charge)
{
    ep_ledger_balance balance;

    return ep_ledger_read_balance(charge, &balance) == APR_SUCCESS
                   && balance.is_known
               ? balance.used
               : 0;
}

void ep_ledger_measure(ep_ledger_charge *charges, size_t count)
{
    const apr_int64_t until = ep_clock_now() + EP_LEDGER_PATIENCE;
    size_t i;

    for (i = 0; i < count && ledger.is_open; i++) {
        if (charges[i].kind == EP_CHARGE_QUOTA) {
            ep_measure(&charges[i], until, until);
        }
    }
}

void ep_ledger_settle(ep_ledger_claim *claim, apr_int64_t received,
                      apr_int64_t stored)
{
    if (is_owned(claim)) {
        ledger.provider->settle(claim, received, stored);
    }
    memset(claim, 0, sizeof(*claim));
}

void ep_ledger_release(ep_ledger_claim *claim)
{
    if (is_owned(claim)) {
        ledger.provider->release(claim);
    }
    memset(claim, 0, sizeof(*claim));
}

/* In a child that may still be root: mod_unixd changes the user in the last hook.
 * REALLY_FIRST: before code of other modules runs in the child.  The daemon of
 * mod_cgid runs this hook, too. */
static int drop_privileges(apr_pool_t *pool, server_rec *s)
{
    (void)pool;
    if (ledger.is_open && ledger.provider->drop_privileges != NULL) {
        ledger.provider->drop_privileges(s);
    }
    return OK;
}

/* In a child, after it has changed its user. */
static void init_child(apr_pool_t *pool, server_rec *s)
{
    (void)pool;
    owner = getpid();
    if (ledger.is_open) {
        if (ledger.provider->child_init != NULL) {
            ledger.provider->child_init(s);
        }
        tell_news(s);
    }
}

/* In the parent.  `httpd -X` also calls it in its only process, when that ends. */
static void note_child(server_rec *s, pid_t pid, ap_generation_t generation,
                       int slot, mpm_child_status state)
{
    (void)s;
    (void)generation;
    (void)slot;
    if (ledger.is_open && owner == 0 && pid > 0
        && ledger.provider->child_status != NULL
        && (state == MPM_CHILD_STARTED || state == MPM_CHILD_EXITED)) {
        ledger.provider->child_status(pid, state == MPM_CHILD_EXITED);
    }
}

/* In the parent, about every ten seconds. */
static int monitor(apr_pool_t *pool, server_rec *s)
{
    (void)pool;
    if (ledger.is_open && owner == 0 && ledger.provider->monitor != NULL) {
        ledger.provider->monitor(s);
    }
    return OK;
}

void ep_ledger_register(apr_pool_t *pool)
{
    ap_register_provider(pool, EP_LEDGER_GROUP, DEFAULT_PROVIDER,
                         EP_LEDGER_VERSION, &ep_shm);
    ap_hook_drop_privileges(drop_privileges, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_child_init(init_child, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_child_status(note_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_monitor(monitor, NULL, NULL, APR_HOOK_MIDDLE);
}
