/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "paper.h"

#include <string.h>

#include <check.h>

#include "strict_json.h"

ep_report_host given_hosts[2];
ep_report_ledger given_ledger;
int64_t given_failures[EP_FAILURES];
ep_report_space given_space;
ep_report_step given_steps[3];
ep_report_cause given_causes[2];
ep_report_shared given_shared;
ep_report_tree given_tree;

static void take(void *data, const char *bytes, size_t length)
{
    paper *p = data;

    ck_assert_uint_lt(length, sizeof(p->text) - p->length);
    memcpy(p->text + p->length, bytes, length);
    p->length += length;
    p->text[p->length] = '\0';
}

paper *new_paper(void)
{
    static paper p;

    memset(&p, 0, sizeof(p));
    p.sink.take = take;
    p.sink.data = &p;
    return &p;
}

size_t count_of(const paper *p, const char *text)
{
    const char *at = p->text;
    size_t count = 0;

    while ((at = strstr(at, text)) != NULL) {
        count++;
        at += strlen(text);
    }
    return count;
}

json_t *json_on(const paper *p)
{
    json_error_t error;
    json_t *json;

    ck_assert_msg(strict_json_valid(p->text, p->length), "%s", p->text);
    json = json_loadb(p->text, p->length, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "jansson: %s", error.text);
    return json;
}

json_int_t number_in(const json_t *object, const char *member)
{
    const json_t *number = json_object_get(object, member);

    ck_assert_msg(json_is_integer(number), "%s", member);
    return json_integer_value(number);
}

void add_up(ep_report *report)
{
    size_t i;

    memset(&report->total, 0, sizeof(report->total));
    for (i = 0; i < report->hosts_count; i++) {
        ep_tally_add(&report->total, &report->hosts[i].tally);
    }
}

static void fill_shared(ep_report_shared *shared)
{
    given_steps[0] = (ep_report_step){ 250, 51 };
    given_steps[1] = (ep_report_step){ 1000000, 52 };
    given_steps[2] = (ep_report_step){ INT64_MAX, 53 };
    given_causes[0] = (ep_report_cause){ "timeout", 0 };
    given_causes[1] = (ep_report_cause){ "oom", 54 };
    shared->where = "redis://<b>:1";
    shared->is_open = 1;
    shared->opened = 55;
    shared->steps = given_steps;
    shared->steps_count = 3;
    shared->took = 5600001;
    shared->causes = given_causes;
    shared->causes_count = 2;
    shared->claims = 57;
    shared->untold = 58;
    shared->asserted = 59;
    shared->claims_everywhere = 60;
    shared->servers = 61;
    shared->everywhere_age = 62;
    shared->lease = 63;
    shared->lease_age = 64;
}

ep_report *new_report(void)
{
    static ep_report report;
    ep_tally *tally = &given_hosts[1].tally;

    memset(&report, 0, sizeof(report));
    memset(given_hosts, 0, sizeof(given_hosts));
    given_hosts[0].name = "quiet.test:80";
    given_hosts[1].name = "x\"&<b>'\\\n.test:80";
    tally->admitted = 11;
    tally->ended[EP_OUTCOME_REFUSED][EP_CONTENT_TOO_LARGE] = 12;
    tally->ended[EP_OUTCOME_REFUSED][EP_REFUSED] = 13;
    tally->ended[EP_OUTCOME_WOULD_REFUSE][EP_LENGTH_REQUIRED] = 14;
    tally->ended[EP_OUTCOME_CUT][EP_CONTENT_TOO_LARGE] = 15;
    tally->declared = 1600;
    tally->drained = 17;
    tally->minutes[0] = 18;
    tally->minutes[EP_MINUTES - 1] = 9;
    given_ledger.claims = 21;
    given_ledger.accounts = 22;
    given_ledger.trees = 23;
    memset(&given_tree, 0, sizeof(given_tree));
    given_tree.path = "/srv/<b>\"\\x";
    given_tree.used = 31;
    given_tree.held = 32;
    given_tree.limit = 330;
    given_tree.age = 34;
    given_tree.is_known = 1;
    given_ledger.fullest.tree[0] = &given_tree;
    given_ledger.fullest.count = 1;
    given_ledger.fullest.left_out = 35;
    given_failures[EP_FAILED_FULL] = 41;
    given_space.path = "/srv";
    given_space.free = 4400;
    given_space.size = 8800;
    given_space.age = 46;
    report.failures = given_failures;
    report.spaces = &given_space;
    report.spaces_count = 1;
    report.spaces_left_out = 47;
    fill_shared(&given_shared);
    report.shared = &given_shared;
    report.is_whole = 1;
    report.hosts = given_hosts;
    report.hosts_count = 2;
    report.has_all_codes = 1;
    report.now = 1700000060;
    report.since = 1700000000;
    report.now_text = "now";
    report.since_text = "since";
    report.ledger = &given_ledger;
    add_up(&report);
    return &report;
}

ep_explanation *new_explanation(void)
{
    static const ep_setting line = {
        .file = "/etc/<&\"'.conf", .line = 7, .directive = "ExpectPolicyMaxSize",
        .text = "10 <b>", .number = 10
    };
    static const ep_setting built_in = { .number = 1 };
    static const ep_explain_row rows[] = {
        { EP_UNSUPPORTED_EXPECTATION, EP_EXPLAIN_NOT_ASKED, "there is <none>",
          { &built_in, NULL }, EP_UNKNOWN, EP_UNKNOWN, EP_UNKNOWN },
        { EP_CONTENT_TOO_LARGE, EP_EXPLAIN_FAILED, NULL, { &line, &line }, 10, 3, 4 }
    };
    static const ep_explanation_field fields[] = { { "Content-Type", "a<b" } };
    static ep_explanation told;

    memset(&told, 0, sizeof(told));
    told.method = "PUT";
    told.path = "/<script>";
    told.host = "a.test";
    told.size = 11;
    told.server = "b<i>.test:80";
    told.file = "/srv/<u>";
    told.mode = "On";
    told.mode_by = &line;
    told.outcome = "refused";
    told.error = "content_too_large";
    told.status = 413;
    told.fields = fields;
    told.fields_count = 1;
    told.document = "{\"error\":\"<s>\"}\n";
    told.document_length = strlen(told.document);
    told.rows = rows;
    told.rows_count = 2;
    told.notes[0] = "a <note>";
    told.notes_count = 1;
    return &told;
}
