/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Keeps our threads from delaying the end of programs that httpd forks. */
#ifndef EP_FORK_H
#define EP_FORK_H

/**
 * Call it in a child before it starts a thread of ours.  Without it, under an MPM
 * without threads, a process that was forked to run a program may end only seconds
 * after SIGTERM.
 */
void ep_fork_guard(void);

#endif
