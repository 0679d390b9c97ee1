/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/sender.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apr_atomic.h"

#include "connection/fork.h"
#include "redis/conn.h"
#include "redis/pool.h"
#include "redis/secretary.h"

/* For how long the thread is the secretary at once, less than a lock is believed; and
 * what it may take when the child ends; microseconds. */
#define SHIFT (5 * 1000 * 1000)
#define LAST_SHIFT (1000 * 1000)

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
    pthread_t thread;
    sem_t woken;
    /* of the child; a process that it forks has another one, and no thread */
    pid_t pid;
    volatile apr_uint32_t stops;
} sender;

static int work(int looks_for_orphans, apr_int64_t span,
                volatile apr_uint32_t *stops)
{
    const ep_secretary_task task = { ep_conn_clock() + span, looks_for_orphans,
                                     stops };

    return ep_secretary_work(&task);
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

        is_done = work(now != looked, SHIFT, &sender.stops);
        if (now != looked) {
            looked = now;
            ep_pool_tidy();
        }
        if (apr_atomic_read32(&sender.stops) == 0) {
            wait_for_work(is_done ? 1000000000L : 2000000L);
        }
    } while (apr_atomic_read32(&sender.stops) == 0);
    /* what has ended since */
    work(0, LAST_SHIFT, NULL);
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
    ep_secretary_init(s, journal, url, shm);
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
