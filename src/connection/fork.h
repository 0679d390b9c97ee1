/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Threads next to a fork() of httpd's. */
#ifndef EP_FORK_H
#define EP_FORK_H

/**
 * In a child that has a thread of ours, or is about to: under an MPM without
 * threads, what is forked to run a program ends at once if it is told to.
 */
void ep_fork_guard(void);

#endif
