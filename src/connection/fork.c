/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "connection/fork.h"

#include <pthread.h>
#include <signal.h>

#include "httpd.h"
#include "ap_mpm.h"

/*
 * mod_cgi forks programs from prefork's children, and may end one at once by SIGTERM.
 * Before exec, the forked process still has prefork's handler, which calls exit().  If
 * the child has more than one thread, exit() can wait in the forked process for a lock
 * whose holder does not exist there, until APR kills the process after 3 seconds.  So
 * SIGTERM is blocked during fork(), and has its default effect in the forked process.
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

    /* in a threaded MPM, only threads that block SIGTERM already call fork() */
    if (!is_guarded
        && ap_mpm_query(AP_MPMQ_IS_THREADED, &is_threaded) == APR_SUCCESS
        && is_threaded == AP_MPMQ_NOT_SUPPORTED) {
        is_guarded = pthread_atfork(hold_signal, release_signal,
                                    release_signal_in_child) == 0;
    }
}
