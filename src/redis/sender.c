/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/sender.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apr_atomic.h"
#include "http_log.h"

#include "connection/fork.h"
#include "redis/call.h"
#include "redis/pool.h"

APLOG_USE_MODULE(expect_policy_redis);

/* What a call in the background may take; microseconds. */
#define PATIENCE (500 * 1000)
/* For how long the thread is the secretary at once, less than a lock is believed; and
 * what it may take when the child ends; microseconds. */
#define SHIFT (5 * 1000 * 1000)
#define LAST_SHIFT (1000 * 1000)
/* For how long Redis may carry out an assertion; ms. */
#define ASSERTS_FOR 5000
/* A pause after so many assertions, so that a thousand take a tenth of a second. */
#define AT_A_TIME 10
#define PAUSE_NSEC (1000 * 1000L)
/* How often it is asked how many claims all servers have, at most; seconds. */
#define COUNT_EVERY 10
/* How long a request waits for another thread's call. */
#define WAIT_NSEC (500 * 1000L)

/* A clock that is set back does not make anybody sleep longer, where the C library can
 * wait by one that nobody sets. */
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 30)
#define WAIT(until) sem_clockwait(&sender.woken, CLOCK_MONOTONIC, until)
#define WAIT_CLOCK CLOCK_MONOTONIC
#endif
#endif
#ifndef WAIT_CLOCK
#define WAIT(until) sem_timedwait(&sender.woken, until)
#define WAIT_CLOCK CLOCK_REALTIME
#endif

static struct sender {
    server_rec *server;
    ep_journal *journal;
    const ep_url *url;
    const ep_ledger_provider *shm;
    pthread_t thread;
    sem_t woken;
    /* of the child; a process that it forks has another one, and no thread */
    pid_t pid;
    volatile apr_uint32_t stops;
    /* 1: the thread works for the last time */
    volatile int is_last;
} sender;

static void pause_for(long nsec)
{
    const struct timespec span = { 0, nsec };

    nanosleep(&span, NULL);
}

/* @param until when the caller wants to be done  @return the deadline of one call */
static apr_int64_t deadline(apr_int64_t until)
{
    const apr_int64_t longest = ep_conn_clock() + PATIENCE;

    return until < longest ? until : longest;
}

apr_int64_t ep_sender_redis_time(void)
{
    return ep_conn_clock() / 1000 + sender.journal->offset;
}

/* ------------------------------------------------------------------ one entry */

static void put_accounts(ep_call *call, const ep_journal_entry *entry)
{
    const apr_uint32_t count = ep_journal_parts(entry);
    apr_uint32_t i;

    for (i = 0; i < count; i++) {
        ep_call_key_of(call, entry->parts[i].kind, &entry->parts[i].key);
    }
}

static void begin(ep_call *call, ep_script_name name)
{
    ep_call_begin(call, name, sender.journal, sender.url,
                  apr_atomic_read32(&sender.journal->generation));
}

static int was_answered(ep_call *call, const char *word, apr_int64_t until)
{
    ep_call_answer answer;

    return ep_call_send(call, deadline(until), 0, &answer) == EP_CAUSE_NONE
           && strcmp(answer.word, word) == 0
           && apr_atomic_read32(&sender.journal->is_lost) == 0;
}

/* @return 1: Redis has it, or there is no part */
static int assert_parts(const ep_journal_entry *entry, apr_int64_t until)
{
    const apr_uint32_t count = ep_journal_parts(entry);
    apr_uint32_t i;
    ep_call call;

    begin(&call, EP_SCRIPT_ASSERT);
    put_accounts(&call, entry);
    ep_call_common(&call, entry->serial, ep_sender_redis_time() + ASSERTS_FOR);
    for (i = 0; i < count; i++) {
        const ep_journal_part *part = &entry->parts[i];

        ep_call_number(&call, part->kind);
        ep_call_number(&call, part->kind == EP_CHARGE_CONCURRENT
                                      && entry->slots != 0
                                  ? 0
                                  : part->amount);
        ep_call_number(&call, part->period / 1000);
    }
    if (count > 0 && !was_answered(&call, "done", until)) {
        return 0;
    }
    apr_atomic_inc32(&sender.journal->asserted);
    return 1;
}

static void count_used(const ep_journal_entry *entry)
{
    const apr_uint32_t count = ep_journal_parts(entry);
    apr_uint32_t i;

    for (i = 0; i < count && entry->received > 0; i++) {
        if (entry->parts[i].kind == EP_CHARGE_ALLOWANCE) {
            ep_journal_use(sender.journal, &entry->parts[i], entry->received);
        }
    }
}

/* @return 0: Redis was not told what parts there are */
static int pay_debt(ep_journal_entry *entry, apr_int64_t until)
{
    if (apr_atomic_read32(&entry->is_owed) != 0) {
        if (!assert_parts(entry, until)) {
            return 0;
        }
        apr_atomic_set32(&entry->is_owed, 0);
    }
    return 1;
}

static void end_entry(ep_journal_entry *entry, apr_int64_t until)
{
    const apr_uint32_t count = ep_journal_parts(entry);
    apr_uint32_t i;
    ep_call call;

    if (entry->not_before >= ep_sender_redis_time() || !pay_debt(entry, until)) {
        return;
    }
    begin(&call, EP_SCRIPT_END);
    put_accounts(&call, entry);
    ep_call_common(&call, entry->serial, 0);
    ep_call_number(&call, entry->not_before);
    ep_call_number(&call, entry->received);
    for (i = 0; i < count; i++) {
        ep_call_number(&call, entry->parts[i].kind);
        ep_call_number(&call, entry->parts[i].period / 1000);
    }
    if (count > 0 && !was_answered(&call, "done", until)) {
        return;
    }
    apr_atomic_inc32(&sender.journal->told);
    count_used(entry);
    /* a process that was stopped meanwhile is not the secretary any more */
    apr_atomic_cas32(&entry->state, EP_JOURNAL_FREE, EP_JOURNAL_ENDED);
}

static void give_slots_back(ep_journal_entry *entry, apr_int64_t until)
{
    const apr_uint32_t count = ep_journal_parts(entry);
    apr_uint32_t i;
    ep_call call;

    begin(&call, EP_SCRIPT_SLOTS);
    for (i = 0; i < count; i++) {
        if (entry->parts[i].kind == EP_CHARGE_CONCURRENT) {
            ep_call_key_of(&call, entry->parts[i].kind, &entry->parts[i].key);
        }
    }
    ep_call_common(&call, entry->serial, 0);
    if (call.keys <= 2 || was_answered(&call, "done", until)) {
        apr_atomic_inc32(&sender.journal->told);
        apr_atomic_cas32(&entry->slots, 2, 1);
    }
}

/* ------------------------------------------------------------- all that is held */

static int is_dead(const ep_journal_entry *entry)
{
    const apr_uint32_t pid = entry->pid;

    return pid == 0 || pid > APR_INT32_MAX
           || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

/* Its child has died: `shm` gives back what such a child has held. */
static int is_orphan(const ep_journal_entry *entry)
{
    ep_ledger_outcome outcome = EP_OUTCOME_GRANTED;
    ep_ledger_denial denial;
    apr_int64_t granted = 0;

    return is_dead(entry)
           || (entry->pid != (apr_uint32_t)getpid()
               && sender.shm->grow(NULL, 0, &entry->local, 0, 0, &granted,
                                   &outcome, &denial) == APR_SUCCESS
               && outcome == EP_OUTCOME_LOST);
}

static void look_at(ep_journal_entry *entry, int looks_for_orphans,
                    apr_int64_t until)
{
    apr_uint32_t state = apr_atomic_read32(&entry->state);

    if (state == EP_JOURNAL_TAKEN && looks_for_orphans && is_dead(entry)) {
        apr_atomic_cas32(&entry->state, EP_JOURNAL_ENDED, state);
        return;
    }
    if (state == EP_JOURNAL_LIVE && looks_for_orphans && is_orphan(entry)
        && apr_atomic_cas32(&entry->state, EP_JOURNAL_ENDED, state) == state) {
        state = EP_JOURNAL_ENDED;
    }
    if (state == EP_JOURNAL_ENDED) {
        end_entry(entry, until);
    }
    else if (state == EP_JOURNAL_LIVE && pay_debt(entry, until)
             && apr_atomic_read32(&entry->slots) == 1) {
        give_slots_back(entry, until);
    }
}

static apr_uint32_t places(void)
{
    const apr_uint32_t used = apr_atomic_read32(&sender.journal->entries_used);

    return used < EP_JOURNAL_ENTRIES ? used : EP_JOURNAL_ENTRIES;
}

/* One entry that Redis rejects does not keep the others from being told.
 * @return 1: there is time, and Redis answers */
static int may_go_on(apr_int64_t until)
{
    ep_journal *journal = sender.journal;

    return ep_conn_clock() < until
           && (apr_atomic_read32(&sender.stops) == 0 || sender.is_last)
           && !ep_breaker_is_open(&journal->breaker)
           && apr_atomic_read32(&journal->is_lost) == 0;
}

static void assert_used(const ep_journal_used *used, apr_int64_t until)
{
    const apr_int64_t left = used->until - ep_conn_clock();
    ep_call call;

    if (left <= 0 || used->used <= 0) {
        return;
    }
    begin(&call, EP_SCRIPT_USED);
    ep_call_key_of(&call, EP_CHARGE_ALLOWANCE, &used->key);
    ep_call_common(&call, 0, ep_sender_redis_time() + ASSERTS_FOR);
    ep_call_number(&call, left / 1000);
    ep_call_number(&call, used->used);
    was_answered(&call, "done", until);
}

/* What the incarnation does not know yet of allowances. */
static int assert_all_used(apr_int64_t until)
{
    ep_journal *journal = sender.journal;
    apr_uint32_t left = apr_atomic_read32(&journal->used_owed);

    left = left < EP_JOURNAL_ALLOWANCES ? left : EP_JOURNAL_ALLOWANCES;
    while (left > 0) {
        assert_used(&journal->used[left - 1], until);
        if (!may_go_on(until)) {
            return 0;
        }
        apr_atomic_set32(&journal->used_owed, --left);
    }
    return 1;
}

/* @return 0: it has not come to the end: see may_go_on() */
static int look_at_all(int looks_for_orphans, apr_int64_t until)
{
    const apr_uint32_t count = places();
    apr_uint32_t i, asserted = 0;

    /* first: an end adds to what Redis has, an assertion does not */
    if (!assert_all_used(until)) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        ep_journal_entry *entry = &sender.journal->entries[i];
        const apr_uint32_t state = apr_atomic_read32(&entry->state);

        if (state == EP_JOURNAL_FREE) {
            continue;
        }
        if (!may_go_on(until)) {
            return 0;
        }
        if (state != EP_JOURNAL_TAKEN && apr_atomic_read32(&entry->is_owed) != 0
            && ++asserted % AT_A_TIME == 0) {
            pause_for(PAUSE_NSEC);
        }
        look_at(entry, looks_for_orphans, until);
    }
    return 1;
}

/* All that this server holds and has used is unknown to its new incarnation:
 * look_at_all() tells it. */
static void owe_all(void)
{
    const apr_uint32_t count = places();
    apr_uint32_t i, owed = 0;

    for (i = 0; i < count; i++) {
        ep_journal_entry *entry = &sender.journal->entries[i];
        const apr_uint32_t state = apr_atomic_read32(&entry->state);

        if (state == EP_JOURNAL_LIVE || state == EP_JOURNAL_ENDED) {
            apr_atomic_set32(&entry->is_owed, 1);
            owed++;
        }
    }
    apr_atomic_set32(&sender.journal->used_owed, EP_JOURNAL_ALLOWANCES);
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, sender.server,
                 "the ledger in Redis did not know this server any more: %u"
                 " uploads under way are asserted", owed);
}

/* -------------------------------------------------------------------- the lease */

static void tell_secret(const ep_journal *journal,
                        char text[2 * EP_JOURNAL_SECRET + 1])
{
    int i;

    for (i = 0; i < EP_JOURNAL_SECRET; i++) {
        snprintf(text + 2 * i, 3, "%02x", journal->secret[i]);
    }
}

/* @return 1: it is another one than before */
static int take_secret(ep_journal *journal, const char *text)
{
    unsigned char secret[EP_JOURNAL_SECRET];
    int i;

    for (i = 0; i < EP_JOURNAL_SECRET; i++) {
        unsigned int byte;

        if (sscanf(text + 2 * i, "%2x", &byte) != 1) {
            return 0;
        }
        secret[i] = (unsigned char)byte;
    }
    if (memcmp(secret, journal->secret, sizeof(secret)) == 0) {
        return 0;
    }
    memcpy(journal->secret, secret, sizeof(secret));
    return 1;
}

static ep_cause ask_for_lease(apr_uint32_t generation, apr_uint32_t before,
                              apr_int64_t until, ep_call_answer *answer)
{
    ep_journal *journal = sender.journal;
    char name[64], secret[2 * EP_JOURNAL_SECRET + 1];
    ep_call call;

    ep_call_begin(&call, EP_SCRIPT_RENEW, journal, sender.url, generation);
    ep_call_key(&call, "secret");
    snprintf(name, sizeof(name), "c:%.32s.%u", journal->server, before);
    ep_call_key(&call, name);
    snprintf(name, sizeof(name), "%.32s.%u", journal->server, generation);
    ep_call_word(&call, name);
    ep_call_number(&call, sender.url->lease / 1000);
    tell_secret(journal, secret);
    ep_call_word(&call, secret);
    snprintf(name, sizeof(name), "%.32s.%u", journal->server, before);
    ep_call_word(&call, before != 0 ? name : "");
    return ep_call_send(&call, deadline(until), 1, answer);
}

/* A new incarnation, which knows nothing yet. */
static int begin_anew(apr_int64_t until)
{
    ep_journal *journal = sender.journal;
    const apr_uint32_t before = apr_atomic_read32(&journal->generation);
    const apr_uint32_t next = before + 1 != 0 ? before + 1 : 1;
    ep_call_answer answer;

    if (ask_for_lease(next, before, until, &answer) != EP_CAUSE_NONE) {
        return 0;
    }
    take_secret(journal, answer.text);
    journal->offset = answer.now - ep_conn_clock() / 1000;
    apr_atomic_set32(&journal->seq, answer.seq);
    apr_atomic_set32(&journal->is_lost, 0);
    apr_atomic_set32(&journal->generation, next);
    if (before != 0) {
        owe_all();
    }
    return 1;
}

/* @return 0: Redis does not answer */
static int renew(apr_int64_t until)
{
    ep_journal *journal = sender.journal;
    const apr_uint32_t generation = apr_atomic_read32(&journal->generation);
    const apr_uint32_t seq = apr_atomic_read32(&journal->seq);
    const apr_uint32_t every = (apr_uint32_t)(sender.url->lease / 3
                                              / APR_USEC_PER_SEC);
    ep_call_answer answer;

    if (generation != 0 && apr_atomic_read32(&journal->is_lost) == 0) {
        if (ask_for_lease(generation, 0, until, &answer) != EP_CAUSE_NONE) {
            return 0;
        }
        if (strcmp(answer.word, "known") != 0
            || (apr_int32_t)(answer.seq - seq) <= 0
            || take_secret(journal, answer.text)) {
            apr_atomic_set32(&journal->is_lost, 1);
        }
        journal->offset = answer.now - ep_conn_clock() / 1000;
    }
    if ((generation == 0 || apr_atomic_read32(&journal->is_lost) != 0)
        && !begin_anew(until)) {
        return 0;
    }
    apr_atomic_set32(&journal->renewed, ep_journal_seconds());
    apr_atomic_set32(&journal->next_renew,
                     ep_journal_seconds() + (every > 0 ? every : 1));
    return 1;
}

static int is_renewal_due(void)
{
    const apr_uint32_t next = apr_atomic_read32(&sender.journal->next_renew);

    return next == 0 || (apr_int32_t)(ep_journal_seconds() - next) >= 0
           || apr_atomic_read32(&sender.journal->generation) == 0
           || apr_atomic_read32(&sender.journal->is_lost) != 0
           || ep_breaker_is_open(&sender.journal->breaker);
}

/* For status pages: tells Redis how many claims there are here, and asks how many all
 * servers have. */
static void count_everywhere(apr_int64_t until)
{
    ep_journal *journal = sender.journal;
    char name[64];
    ep_call_answer answer;
    ep_call call;

    begin(&call, EP_SCRIPT_COUNT);
    ep_call_key(&call, "claims");
    snprintf(name, sizeof(name), "%.32s.%u", journal->server, call.generation);
    ep_call_word(&call, name);
    ep_call_number(&call, ep_journal_count(journal, EP_JOURNAL_LIVE));
    if (ep_call_send(&call, deadline(until), 0, &answer) == EP_CAUSE_NONE
        && strcmp(answer.word, "done") == 0 && answer.count == 2) {
        apr_atomic_set32(&journal->servers, (apr_uint32_t)answer.numbers[0]);
        apr_atomic_set32(&journal->claims_everywhere,
                         (apr_uint32_t)answer.numbers[1]);
        apr_atomic_set32(&journal->told_everywhere, ep_journal_seconds());
    }
}

/* Asks once, and again when it is time, whether it was answered or not. */
static void count_if_due(apr_int64_t until)
{
    const apr_int64_t third = sender.url->lease / 3 / APR_USEC_PER_SEC;
    const apr_int64_t every = third > COUNT_EVERY ? COUNT_EVERY
                              : third > 0         ? third
                                                  : 1;
    const apr_uint32_t now = ep_journal_seconds();

    if ((apr_int32_t)(now - sender.journal->next_count) >= 0 && may_go_on(until)) {
        sender.journal->next_count = now + (apr_uint32_t)every;
        count_everywhere(until);
    }
}

/* --------------------------------------------------------------------- the thread */

static int is_something_ended(void)
{
    const apr_uint32_t count = places();
    const apr_int64_t now = ep_sender_redis_time();
    apr_uint32_t i;

    for (i = 0; i < count; i++) {
        const ep_journal_entry *entry = &sender.journal->entries[i];

        if ((entry->state == EP_JOURNAL_ENDED && entry->not_before < now)
            || (entry->state == EP_JOURNAL_LIVE && entry->slots == 1)) {
            return 1;
        }
    }
    return 0;
}

/* @return 0: there is work left, since another thread is at it, or time was up */
static int work(int looks_for_orphans, apr_int64_t span)
{
    const apr_int64_t until = ep_conn_clock() + span;
    int is_done = 1;

    if (!ep_journal_lock(sender.journal)) {
        return !is_something_ended();
    }
    if (!is_renewal_due() || renew(until)) {
        is_done = look_at_all(looks_for_orphans, until)
                  || ep_conn_clock() < until;
        count_if_due(until);
    }
    ep_journal_unlock(sender.journal);
    return is_done;
}

/* Sleeps until something is to be done. */
static void wait_for_work(long nsec)
{
    struct timespec until;

    clock_gettime(WAIT_CLOCK, &until);
    until.tv_nsec += nsec % 1000000000L;
    until.tv_sec += nsec / 1000000000L + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    WAIT(&until);
}

static void *run(void *data)
{
    apr_uint32_t looked = 0;
    int is_done = 1;

    (void)data;
    do {
        const apr_uint32_t now = ep_journal_seconds();

        is_done = work(now != looked, SHIFT);
        if (now != looked) {
            looked = now;
            ep_pool_tidy();
        }
        if (apr_atomic_read32(&sender.stops) == 0) {
            wait_for_work(is_done ? 1000000000L : 2000000L);
        }
    } while (apr_atomic_read32(&sender.stops) == 0);
    /* what has ended since */
    sender.is_last = 1;
    work(0, LAST_SHIFT);
    return NULL;
}

static apr_status_t stop(void *data)
{
    (void)data;
    if (getpid() != sender.pid) {
        return APR_SUCCESS;
    }
    apr_atomic_set32(&sender.stops, 1);
    sem_post(&sender.woken);
    pthread_join(sender.thread, NULL);
    return APR_SUCCESS;
}

apr_status_t ep_sender_start(apr_pool_t *pchild, server_rec *s,
                             ep_journal *journal, const ep_url *url,
                             const ep_ledger_provider *shm)
{
    sigset_t all, before;
    int error;

    memset(&sender, 0, sizeof(sender));
    sender.server = s;
    sender.journal = journal;
    sender.url = url;
    sender.shm = shm;
    sender.pid = getpid();
    sem_init(&sender.woken, 0, 0);
    ep_fork_guard();
    /* the MPM's signals are for its own threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&sender.thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        apr_pool_pre_cleanup_register(pchild, NULL, stop);
    }
    return error;
}

/* prefork ends a child in a signal handler, in which requests end as well: so this
 * takes no lock. */
void ep_sender_wake(void)
{
    sem_post(&sender.woken);
}

int ep_sender_flush(apr_int64_t until)
{
    if (!is_something_ended()) {
        return 0;
    }
    while (is_something_ended() && ep_conn_clock() < until) {
        if (ep_journal_lock(sender.journal)) {
            /* once: Redis may reject an entry each time */
            look_at_all(0, until);
            ep_journal_unlock(sender.journal);
            break;
        }
        pause_for(WAIT_NSEC);
    }
    return !is_something_ended();
}

int ep_sender_register(apr_int64_t until)
{
    ep_journal *journal = sender.journal;

    while (apr_atomic_read32(&journal->generation) == 0
           || apr_atomic_read32(&journal->next_renew) == 0
           || apr_atomic_read32(&journal->is_lost) != 0) {
        if (ep_journal_lock(journal)) {
            const int is_known = !is_renewal_due() || renew(until);

            if (is_known && apr_atomic_read32(&journal->used_owed) != 0) {
                look_at_all(0, until);
            }
            ep_journal_unlock(journal);
            return is_known;
        }
        if (ep_conn_clock() >= until) {
            return 0;
        }
        pause_for(WAIT_NSEC);
    }
    return 1;
}
