/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Functions that all suites use. */
#ifndef UNIT_H
#define UNIT_H

#include <stddef.h>

#include <check.h>

#include "scenario.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Adds a test that runs once for each row of a table, `rows[_i]` in it. */
#define ADD_ROWS(tcase, test, rows) \
    tcase_add_loop_test(tcase, test, 0, (int)COUNT(rows))

/**
 * Memory that ends at a page without access, so that a read or write past its end ends
 * the test.  Never released: each test is a process of its own.
 */
void *guarded_room(size_t size);

/** @return a copy of the text, its NUL the last byte that may be read */
const char *guarded(const char *text);

/** @return 1 if the span is exactly that text */
int span_is(const char *at, size_t length, const char *text);

/**
 * Reads a scenario, all lines of which must be legal.  To be freed.
 * @param more further lines, or ""
 * @param policy set to what both halves come to
 */
void given(scenario *s, ep_policy *policy, const char *lines,
           const char *more);

/** The longest lists that a configuration can bring. */
#define LONGEST_LISTS 6

/** What each of them is for: the rule, the member of the document that lists
 * it, and how each of its names begins, goes on and ends. */
extern const struct longest_list_of {
    ep_rule rule;
    const char *member;
    const char *begin;
    char fill;
    char end;
} longest_lists[LONGEST_LISTS];

/** Sets the list of a setting to one of these: as many names as a line may have,
 * each as long as it may be.  @param which from 0 to LONGEST_LISTS - 1 */
void longest_list(ep_setting *setting, int which);

/** Runs a suite with nothing in it as a failure. @return main()'s result */
int run_suite(Suite *suite);

#endif
