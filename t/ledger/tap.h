/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** TAP of a test program that is one file. */
#ifndef TAP_H
#define TAP_H

#include <stdio.h>
#include <stdlib.h>

static unsigned int is_done, has_failed;
/** printed in front of each title; NULL: nothing */
static const char *tested;

static void check(int is_right, const char *what)
{
    is_done++;
    has_failed += !is_right;
    printf("%s %u - %s%s%s\n", is_right ? "ok" : "not ok", is_done,
           tested != NULL ? tested : "", tested != NULL ? ": " : "", what);
    fflush(stdout);
}

static void check_number(long long is, long long wanted, const char *what)
{
    check(is == wanted, what);
    if (is != wanted) {
        printf("# is %lld, wanted %lld\n", is, wanted);
    }
}

/** Ends the program, if the system does not give what a test needs. */
static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

/** @return for main() */
static int done_testing(void)
{
    printf("1..%u\n", is_done);
    return has_failed != 0;
}

#endif
