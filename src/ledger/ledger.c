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
} ledger;

/* The child that may give claims back; not what it forks to run a program.  0:
 * this is the parent. */
static pid_t owner;

void ep_ledger_reset(void)
{
    memset(&ledger, 0, sizeof(ledger));
}

void ep_ledger_need(void)
{
    ledger.is_needed = 1;
}

const char *ep_ledger_choose(apr_pool_t *pool, const char *argument)
{
    const char *colon = strchr(argument, ':');
    char *name = colon != NULL
                     ? apr_pstrmemdup(pool, argument,
                                      (apr_size_t)(colon - argument))
                     : apr_pstrdup(pool, argument);
    const ep_ledger_provider *provider;

    ap_str_tolower(name);
    provider = ap_lookup_provider(EP_LEDGER_GROUP, name, EP_LEDGER_VERSION);
    if (provider == NULL) {
        return EP_LEDGER_SHM_LEGAL;
    }
    ledger.provider = provider;
    ledger.is_needed = 1;
    return provider->parse(pool, colon != NULL ? colon + 1 : NULL,
                           &ledger.config);
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
                           ? ledger.provider->check(pconf, ledger.config)
                           : NULL;

    if (what != NULL) {
        fprintf(stderr, "mod_expect_policy: %s\n", what);
        fflush(stderr);
    }
}

void ep_ledger_open(apr_pool_t *pconf, server_rec *main_server)
{
    if (find_provider(pconf)) {
        ledger.provider->open(pconf, main_server, ledger.config);
        ledger.is_open = 1;
    }
}

static void tell_news(server_rec *s)
{
    const char *what = ledger.is_open ? ledger.provider->news() : NULL;

    if (what != NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "the ledger %s", what);
    }
}

const ep_ledger_provider *ep_ledger_provider_in_use(void)
{
    return ledger.is_open ? ledger.provider : NULL;
}

/* What is wrong, in an administrator's words. */
static const char *cause_of(apr_pool_t *pool, apr_status_t rv,
                            ep_book_result result)
{
    char text[120];

    switch (rv) {
    case APR_SUCCESS:
        return result == EP_BOOK_FULL   ? "it is full"
               : result == EP_BOOK_CROWDED
                   ? "an upload has more limits than a claim has room for"
               : result == EP_BOOK_LOST ? "an upload's claim is gone"
                                        : "the usage of a tree is not known";
    case APR_TIMEUP:
        return "it is held by somebody else";
    case APR_EAGAIN:
        return "it is used by another server, or by children of one that is "
               "stopping";
    case APR_EINIT:
        return "there is none";
    case APR_EGENERAL:
        return "it is corrupt";
    default:
        return apr_pstrdup(pool, apr_strerror(rv, text, sizeof(text)));
    }
}

static void complain(request_rec *r, apr_status_t rv, ep_book_result result,
                     int fails_closed, const char *path)
{
    if (!ep_log_once_a_second(ep_clock_now())) {
        return;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ledger cannot answer: %s%s%s; uploads are %s",
                  cause_of(r->pool, rv, result), path != NULL ? ": " : "",
                  path != NULL ? path : "",
                  fails_closed ? "refused" : "admitted");
}

/* Logs what must be, and says it in the caller's words. */
static ep_ledger_result answer(request_rec *r, apr_status_t rv,
                               ep_book_result result, int fails_closed)
{
    tell_news(r->server);
    if (rv == APR_SUCCESS) {
        if (result == EP_BOOK_GRANTED) {
            return EP_LEDGER_GRANTED;
        }
        if (result == EP_BOOK_DENIED) {
            return EP_LEDGER_DENIED;
        }
    }
    if (rv == APR_SUCCESS
        && (result == EP_BOOK_CROWDED || result == EP_BOOK_UNKNOWN)) {
        complain(r, rv, result, 1, NULL);
        return EP_LEDGER_REFUSED;
    }
    complain(r, rv, result, fails_closed, NULL);
    return EP_LEDGER_FAILED;
}

/* What may pass without a number waits for a short one alone. */
static apr_int64_t patience_for(const ep_part *part, int fails_closed)
{
    return !fails_closed && part->amount <= EP_UNMEASURED_MAX
               ? EP_LEDGER_PATIENCE / 4
               : EP_LEDGER_PATIENCE;
}

/* 1 if an upload is to be asked for once more, as a tree was measured. */
static int is_measured(apr_status_t rv, ep_book_result result, ep_part *parts,
                       size_t count, const ep_denial *denial,
                       apr_int64_t began, int fails_closed)
{
    ep_part *part;

    if (rv != APR_SUCCESS || result != EP_BOOK_UNKNOWN
        || denial->part >= count) {
        return 0;
    }
    part = &parts[denial->part];
    return ep_measure(part, began + patience_for(part, fails_closed));
}

ep_ledger_result ep_ledger_reserve(request_rec *r, ep_part *parts,
                                   size_t count, int fails_closed,
                                   ep_claim *claim, ep_denial *denial)
{
    const apr_int64_t began = ep_clock_now();
    ep_book_result result = EP_BOOK_FULL;
    apr_status_t rv;

    if (!ledger.is_open) {
        return answer(r, APR_EINIT, result, fails_closed);
    }
    do {
        rv = ledger.provider->reserve(parts, count, 0, claim, &result,
                                      denial);
    } while (is_measured(rv, result, parts, count, denial, began,
                         fails_closed));
    if (rv == APR_SUCCESS
        && (result == EP_BOOK_UNKNOWN || result == EP_BOOK_FULL)) {
        const char *path = result == EP_BOOK_UNKNOWN && denial->part < count
                               ? parts[denial->part].path : NULL;
        const ep_book_result why = result;

        if (!fails_closed) {
            rv = ledger.provider->reserve(parts, count, 1, claim, &result,
                                          denial);
        }
        if (rv == APR_SUCCESS && result == EP_BOOK_UNKNOWN) {
            complain(r, rv, why, 1, path);
            return fails_closed ? EP_LEDGER_FAILED : EP_LEDGER_REFUSED;
        }
        complain(r, APR_SUCCESS, why, fails_closed, path);
        if (fails_closed) {
            return EP_LEDGER_FAILED;
        }
    }
    return answer(r, rv, result, fails_closed);
}

ep_ledger_result ep_ledger_grow(request_rec *r, ep_part *parts,
                                size_t count, const ep_claim *claim,
                                apr_int64_t least, apr_int64_t most,
                                int fails_closed, apr_int64_t *granted,
                                ep_denial *denial)
{
    const apr_int64_t began = ep_clock_now();
    ep_book_result result = EP_BOOK_FULL;
    apr_status_t rv = APR_EINIT;

    do {
        if (ledger.is_open) {
            rv = ledger.provider->grow(parts, count, claim, least, most,
                                       granted, &result, denial);
        }
    } while (is_measured(rv, result, parts, count, denial, began, 1));
    return answer(r, rv, result, fails_closed);
}

ep_ledger_result ep_ledger_feed(request_rec *r, const ep_part *parts,
                                size_t count, const ep_claim *claim,
                                int fails_closed, ep_denial *denial)
{
    ep_book_result result = EP_BOOK_LOST;
    apr_status_t rv = APR_EINIT;

    if (ledger.is_open) {
        rv = ledger.provider->feed(claim, &result);
    }
    if (rv == APR_SUCCESS && result == EP_BOOK_DENIED) {
        rv = ledger.provider->regain(parts, count, claim, &result, denial);
    }
    /* what is lost is met when it is to grow or to be settled */
    return rv == APR_SUCCESS && result == EP_BOOK_LOST
               ? EP_LEDGER_GRANTED
               : answer(r, rv, result, fails_closed);
}

void ep_ledger_disturb(const ep_part *part, ep_claim *claim)
{
    ep_book_result result;
    ep_denial denial;

    if (ledger.is_open) {
        ledger.provider->reserve(part, 1, 1, claim, &result, &denial);
    }
}

int ep_ledger_try(const ep_part *part, ep_claim *claim)
{
    ep_book_result result = EP_BOOK_FULL;
    ep_denial denial;

    return ledger.is_open
           && ledger.provider->reserve(part, 1, 0, claim, &result, &denial)
                  == APR_SUCCESS
           && result == EP_BOOK_GRANTED;
}

apr_int64_t ep_ledger_used(const ep_part *part)
{
    ep_balance balance;

    return ledger.is_open
                   && ledger.provider->balance(part->kind, part->key, &balance)
                          == APR_SUCCESS
                   && balance.is_known
               ? balance.used
               : 0;
}

void ep_ledger_measure(ep_part *parts, size_t count)
{
    const apr_int64_t until = ep_clock_now() + EP_LEDGER_PATIENCE;
    size_t i;

    for (i = 0; i < count && ledger.is_open; i++) {
        if (parts[i].kind == EP_QUOTA) {
            ep_measure(&parts[i], until);
        }
    }
}

/* 1 if there is something to give back, and this process may. */
static int is_owned(const ep_claim *claim)
{
    return ledger.is_open && claim->serial != 0 && getpid() == owner;
}

void ep_ledger_settle(ep_claim *claim, apr_int64_t received,
                      apr_int64_t stored)
{
    if (is_owned(claim)) {
        ledger.provider->settle(claim, received, stored);
    }
    memset(claim, 0, sizeof(*claim));
}

void ep_ledger_release(ep_claim *claim)
{
    if (is_owned(claim)) {
        ledger.provider->release(claim);
    }
    memset(claim, 0, sizeof(*claim));
}

/* In a child that may be root still, and before any code of others runs in it:
 * mod_unixd's hook is the last one.  mod_cgid's daemon comes by here, too. */
static int attach(apr_pool_t *pool, server_rec *s)
{
    (void)pool;
    if (ledger.is_open) {
        ledger.provider->attach(s);
    }
    return OK;
}

/* As the user that the child serves as. */
static void start(apr_pool_t *pool, server_rec *s)
{
    (void)pool;
    owner = getpid();
    if (ledger.is_open) {
        ledger.provider->start(s);
        tell_news(s);
    }
}

/* In the parent; with `httpd -X` in its only process, too, as that one ends. */
static void note_child(server_rec *s, pid_t pid, ap_generation_t generation,
                       int slot, mpm_child_status state)
{
    (void)s;
    (void)generation;
    (void)slot;
    if (ledger.is_open && owner == 0 && pid > 0
        && (state == MPM_CHILD_STARTED || state == MPM_CHILD_EXITED)) {
        ledger.provider->child(pid, state == MPM_CHILD_EXITED);
    }
}

/* In the parent, every ten seconds or so. */
static int look_after(apr_pool_t *pool, server_rec *s)
{
    (void)pool;
    if (ledger.is_open && owner == 0) {
        ledger.provider->look_after(s);
    }
    return OK;
}

void ep_ledger_register(apr_pool_t *pool)
{
    ap_register_provider(pool, EP_LEDGER_GROUP, DEFAULT_PROVIDER,
                         EP_LEDGER_VERSION, &ep_shm);
    ap_hook_drop_privileges(attach, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_child_init(start, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_child_status(note_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_monitor(look_after, NULL, NULL, APR_HOOK_MIDDLE);
}
