/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Keeps our threads from disturbing programs that httpd forks. */
#ifndef EP_FORK_H
#define EP_FORK_H

/**
 * Call it in a child before it starts a thread of ours.  Under an MPM without
 * threads, a process that is forked to run a program then still ends at once on
 * SIGTERM.
 */
void ep_fork_guard(void);

#endif
