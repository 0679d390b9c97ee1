/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "connection/fork.h"

#include <pthread.h>
#include <signal.h>

#include "httpd.h"
#include "ap_mpm.h"

/*
 * mod_cgi forks programs from prefork's children, and may end one at once.  What
 * was just forked still has prefork's handler for that, which runs exit(); and
 * in a process that has threads, exit() then waits for a lock that nobody
 * holds any more, until APR kills it 3 seconds later.  So SIGTERM waits until
 * fork() is done, and has its default effect from then on.
 */
static sigset_t before_fork;

static void hold_signal(void)
{
    sigset_t term;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &before_fork);
}

static void release_signal(void)
{
    pthread_sigmask(SIG_SETMASK, &before_fork, NULL);
}

static void release_signal_in_child(void)
{
    signal(SIGTERM, SIG_DFL);
    release_signal();
}

void ep_fork_guard(void)
{
    static int is_guarded;
    int is_threaded = 1;

    /* where there are threads, only one that blocks SIGTERM anyway forks */
    if (!is_guarded
        && ap_mpm_query(AP_MPMQ_IS_THREADED, &is_threaded) == APR_SUCCESS
        && is_threaded == AP_MPMQ_NOT_SUPPORTED) {
        is_guarded = pthread_atfork(hold_signal, release_signal,
                                    release_signal_in_child) == 0;
    }
}
