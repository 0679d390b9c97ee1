/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** A report of which only the form is known. */
#ifndef REPORT_H
#define REPORT_H

#include "any.h"
#include "core/status/status_json.h"

ANY_TEXT(host, 4);

static ep_report_host hosts[2];
static ep_report_ledger ledger;
static ep_report_tree tree;
static ep_report_space space;
static int64_t failures[EP_FAILURES];
static ep_report_shared shared;
static ep_report_step steps[2];
static ep_report_cause causes[2];

static int64_t any_count(void)
{
    return (int64_t)Frama_C_unsigned_long_interval(0, INT64_MAX);
}

static void any_tally(ep_tally *tally)
{
    int i, j;

    tally->admitted = any_count();
    tally->declared = any_count();
    tally->drained = any_count();
    for (i = 0; i < EP_OUTCOMES; i++) {
        for (j = 0; j < EP_CODES; j++) {
            tally->ended[i][j] = any_count();
        }
    }
    for (i = 0; i < EP_MINUTES; i++) {
        tally->minutes[i] = any_count();
    }
}

static void any_server(ep_report *report, int length)
{
    int i;

    tree.path = ANY_OF(host, length);
    tree.used = any_count();
    tree.held = any_count();
    tree.limit = any_count();
    tree.age = any_count() - 1;
    tree.is_known = ANY_BIT;
    tree.is_due = ANY_BIT;
    tree.is_file = ANY_BIT;
    ledger.fullest.tree[0] = &tree;
    ledger.fullest.count = (size_t)ANY_BIT;
    ledger.fullest.left_out = any_count();
    for (i = 0; i < EP_FAILURES; i++) {
        failures[i] = any_count();
    }
    space.path = ANY_OF(host, length);
    space.free = any_count();
    space.size = any_count();
    space.age = any_count();
    report->failures = ANY_BIT ? failures : NULL;
    report->spaces = &space;
    report->spaces_count = (size_t)ANY_BIT;
    report->spaces_left_out = any_count();
}

static void any_shared(int length)
{
    int i;

    //@ loop unroll 2;
    for (i = 0; i < 2; i++) {
        steps[i].limit = any_count();
        steps[i].count = any_count();
        /* a constant of the provider */
        causes[i].word = "word";
        causes[i].count = any_count();
    }
    shared.where = ANY_OF(host, length);
    shared.is_open = ANY_BIT;
    shared.opened = any_count();
    shared.steps = steps;
    shared.steps_count = (size_t)Frama_C_interval(0, 2);
    shared.took = any_count();
    shared.causes = causes;
    shared.causes_count = (size_t)Frama_C_interval(0, 2);
    shared.claims = any_count();
    shared.untold = any_count();
    shared.asserted = any_count();
    shared.claims_everywhere = any_count();
    shared.servers = any_count();
    shared.everywhere_age = any_count() - 1;
    shared.lease = any_count();
    shared.lease_age = any_count() - 1;
}

static void any_report(ep_report *report, int length)
{
    int i;

    ANY_FILL(host);
    for (i = 0; i < 2; i++) {
        hosts[i].name = ANY_OF(host, length);
        any_tally(&hosts[i].tally);
    }
    any_tally(&report->total);
    ledger.claims = any_count();
    ledger.accounts = any_count();
    ledger.trees = any_count();
    report->is_whole = ANY_BIT;
    report->hosts = hosts;
    report->has_all_codes = ANY_BIT;
    report->hosts_count = (size_t)Frama_C_interval(0, 2);
    report->now = any_count();
    report->since = any_count();
    report->now_text = ANY_OF(host, length);
    report->since_text = ANY_OF(host, length);
    report->ledger = ANY_BIT ? &ledger : NULL;
    any_shared(length);
    report->shared = ANY_BIT ? &shared : NULL;
    any_server(report, length);
}

#endif
