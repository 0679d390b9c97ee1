/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** A sink that keeps the text, and a report to write. */
#ifndef PAPER_H
#define PAPER_H

#include <jansson.h>

#include "core/status/explanation_json.h"
#include "core/status/status_json.h"

typedef struct paper {
    ep_sink sink;
    size_t length;
    /** ends with a NUL */
    char text[64 * 1024];
} paper;

/** @return an empty one; each test is a process of its own, so there is one */
paper *new_paper(void);

/** How often a text stands on a paper. */
size_t count_of(const paper *p, const char *text);

/** @return the strict JSON that is on it; it is to be freed */
json_t *json_on(const paper *p);

/** @return an integer that has to be there */
json_int_t number_in(const json_t *object, const char *member);

/**
 * A report with two hosts, the second of which has each count, and a name with
 * characters that are special in every form.  Tests may change it.
 */
ep_report *new_report(void);

/** The first and the second host of that. */
extern ep_report_host given_hosts[2];
extern ep_report_ledger given_ledger;
extern int64_t given_failures[EP_FAILURES];
extern ep_report_space given_space;
extern ep_report_step given_steps[3];
extern ep_report_cause given_causes[2];
extern ep_report_shared given_shared;
/** its only tree */
extern ep_report_tree given_tree;

/** An explanation with two checks, the second of which has failed, and with characters
 * that are special in every form.  Tests may change it. */
ep_explanation *new_explanation(void);

/** To be called when the hosts were changed. */
void add_up(ep_report *report);

#endif
