/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/status_page.h"

#include <string.h>

#include "paper.h"
#include "unit.h"

#define HOST "x&quot;&amp;&lt;b&gt;&#39;\\\n.test:80"

static const char *const boxes[] = {
    "<dt>Admitted</dt><dd>11</dd>",
    "<dt>Refused</dt><dd>25</dd>",
    "<dt>Would be refused (dry run)</dt><dd>14</dd>",
    "<dt>Stopped at a limit while sending</dt><dd>15</dd>",
    "<dt>Content that was refused</dt><dd>1.5 KB</dd>",
    "<dt>Sent after a refusal</dt><dd>17 bytes</dd>",
    "<dt>Uploads under way that limits count</dt><dd>21</dd>",
    "<dt>Counters of limits in use</dt><dd>22</dd>",
    "<dt>Directories with a quota</dt><dd>23</dd>",
    ">27 in all, at most 18 in a minute.<",
    "At now, counted since since",
    "<tr><th scope=\"row\">content_too_large</th><td>12</td><td>0</td>"
    "<td>15</td></tr>",
    "<tr><th scope=\"row\">refuse</th><td>13</td><td>0</td><td>0</td></tr>",
    "<tr><th scope=\"row\">length_required</th><td>0</td><td>14</td>"
    "<td>0</td></tr>",
    "<tr><th scope=\"row\">" HOST "</th><td>11</td><td>25</td><td>14</td>"
    "<td>15</td><td>1.5 KB</td></tr>",
    "<tr><th scope=\"row\">/srv/&lt;b&gt;&quot;\\x</th><td>31 bytes</td>"
    "<td>32 bytes</td><td>330 bytes</td><td>19 %</td><td>34 s</td></tr>",
    ">And 35 more that are less full.<",
    "<tr><th scope=\"row\">full</th><td>41</td></tr>",
    "<tr><th scope=\"row\">/srv</th><td>4.2 KB</td><td>8.5 KB</td>"
    "<td>50 %</td><td>46 s</td></tr>",
    ">redis://&lt;b&gt;:1 does not answer, and is asked once a second. The lease of"
    " 63 s was renewed: 64 s ago. Numbers of all servers were read: 62 s ago.<",
    "<th scope=\"row\">Uploads under way at this server</th><td>57</td>",
    "<th scope=\"row\">Uploads under way at all servers</th><td>60</td>",
    "<th scope=\"row\">Servers</th><td>61</td>",
    "<th scope=\"row\">Ends of uploads that are not told yet</th><td>58</td>",
    "<th scope=\"row\">Uploads told once more after a loss</th><td>59</td>",
    "<th scope=\"row\">Times that it ceased to answer</th><td>55</td>",
    "<th scope=\"row\">up to 0.25 ms</th><td>51</td>",
    "<th scope=\"row\">up to 1000.0 ms</th><td>52</td>",
    "<th scope=\"row\">more</th><td>53</td>",
    "<th scope=\"row\">oom</th><td>54</td>"
};

START_TEST(every_number_is_shown_once)
{
    paper *p = new_paper();

    ep_status_page(new_report(), &p->sink);
    ck_assert_msg(count_of(p, boxes[_i]) == 1, "%s in %s", boxes[_i],
                  p->text);
}
END_TEST

START_TEST(what_counted_nothing_is_left_out)
{
    paper *p = new_paper();

    ep_status_page(new_report(), &p->sink);
    ck_assert_uint_eq(count_of(p, "quiet"), 0);
    /* three codes, a host, a tree, a cause and a file system; what is shared: six
     * numbers, three steps, a cause */
    ck_assert_uint_eq(count_of(p, "<th scope=\"row\">"), 7 + 6 + 3 + 1);
    ck_assert_uint_eq(count_of(p, "<rect"), 2);
}
END_TEST

/* The higher one is as high as the chart, and the other as they compare. */
START_TEST(bars_are_as_high_as_their_minutes)
{
    paper *p = new_paper();

    ep_status_page(new_report(), &p->sink);
    ck_assert_uint_eq(count_of(p, "<rect x=\"1\" y=\"0\" width=\"8\""
                                  " height=\"100\"><title>18, 59 min ago<"),
                      1);
    ck_assert_uint_eq(count_of(p, "<rect x=\"591\" y=\"50\" width=\"8\""
                                  " height=\"50\"><title>9 this minute<"),
                      1);
}
END_TEST

START_TEST(bars_of_any_height_stay_in_the_chart)
{
    static const int64_t numbers[][2] = {
        { 1, INT64_MAX }, { INT64_MAX - 1, INT64_MAX },
        { 1, 1000000 }, { (int64_t)INT32_MAX + 99, (int64_t)INT32_MAX + 100 }
    };
    ep_report *report = new_report();
    paper *p = new_paper();
    size_t i;

    for (i = 0; i < COUNT(numbers); i++) {
        memset(given_hosts, 0, sizeof(given_hosts));
        given_hosts[0].name = given_hosts[1].name = "";
        given_hosts[0].tally.minutes[1] = numbers[i][0];
        given_hosts[0].tally.minutes[2] = numbers[i][1];
        add_up(report);
        ep_status_page(report, &p->sink);
    }
    ck_assert_uint_eq(count_of(p, "y=\"0\" width=\"8\" height=\"100\""), 6);
    ck_assert_uint_eq(count_of(p, "y=\"99\" width=\"8\" height=\"1\""), 2);
}
END_TEST

START_TEST(one_host_sees_its_own_name_and_no_other)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    report->is_whole = 0;
    report->hosts = given_hosts + 1;
    report->hosts_count = 1;
    report->ledger = NULL;
    report->failures = NULL;
    report->spaces_count = 0;
    report->shared = NULL;
    ep_status_page(report, &p->sink);
    ck_assert_uint_eq(count_of(p, "<h1>Uploads: " HOST "</h1>"), 1);
    ck_assert_uint_eq(count_of(p, "By virtual host"), 0);
    ck_assert_uint_eq(count_of(p, "What servers share"), 0);
    ck_assert_uint_eq(count_of(p, "<b>"), 0);
}
END_TEST

static const struct {
    int64_t bytes;
    const char *text;
} sizes[] = {
    { 0, ">0 bytes<" },
    { 1023, ">1023 bytes<" },
    { 1024, ">1.0 KB<" },
    { 1024 * 1024 - 1, ">1023.9 KB<" },
    { 1024 * 1024, ">1.0 MB<" },
    { (int64_t)5 << 30, ">5.0 GB<" },
    { (int64_t)5 << 40, ">5.0 TB<" },
    { (int64_t)5 << 50, ">5.0 PB<" },
    { INT64_MAX, ">7.9 EB<" }
};

START_TEST(bytes_are_shown_as_people_read_them)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    report->total.declared = sizes[_i].bytes;
    report->hosts_count = 0;
    ep_status_page(report, &p->sink);
    ck_assert_msg(count_of(p, sizes[_i].text) >= 1, "%s", sizes[_i].text);
}
END_TEST

static const struct {
    int64_t seconds;
    const char *text;
} ages[] = {
    { -1, "<td>never</td>" }, { 0, "<td>0 s</td>" }, { 119, "<td>119 s</td>" },
    { 120, "<td>2 min</td>" }, { 7200, "<td>2 h</td>" },
    { 172800, "<td>2 d</td>" }
};

START_TEST(ages_are_shown_as_people_read_them)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    given_tree.age = ages[_i].seconds;
    ep_status_page(report, &p->sink);
    ck_assert_uint_eq(count_of(p, ages[_i].text), 1);
}
END_TEST

START_TEST(a_tree_that_could_not_be_measured_is_said_to_be_one)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    given_tree.is_known = 0;
    ep_status_page(report, &p->sink);
    ck_assert_uint_eq(count_of(p, "<td>34 s, failed</td>"), 1);
}
END_TEST

START_TEST(mod_status_gets_a_section)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    ep_status_page_section(report, 1, &p->sink);
    ck_assert_uint_eq(count_of(p, "admitted 11, refused 25, would be refused"
                                  " 14, cut on the way 15"),
                      1);
    ck_assert_uint_eq(count_of(p, "<dt>what servers share does not answer; calls that"
                                  " failed 54</dt>"),
                      1);
    ck_assert_uint_eq(count_of(p, "<table"), 4 + 3);
    p = new_paper();
    ep_status_page_section(report, 0, &p->sink);
    ck_assert_uint_eq(count_of(p, "admitted 11,"), 1);
    ck_assert_uint_eq(count_of(p, "<table"), 0);
}
END_TEST

START_TEST(mod_status_gets_lines)
{
    paper *p = new_paper();

    ep_status_page_auto(new_report(), &p->sink);
    ck_assert_str_eq(p->text, "UploadsAdmitted: 11\nUploadsRefused: 25\n"
                              "UploadsWouldRefuse: 14\nUploadsCut: 15\n"
                              "UploadsRefusedBytes: 1600\n"
                              "UploadsDrainedBytes: 17\n"
                              "UploadsLedgerFailures: 41\n"
                              "UploadsLedgerTrees: 23\n"
                              "UploadsLedgerFullestPercent: 19\n"
                              "UploadsSharedBreakerOpen: 1\n"
                              "UploadsSharedFailures: 54\n"
                              "UploadsSharedClaims: 57\n"
                              "UploadsSharedClaimsEverywhere: 60\n"
                              "UploadsSharedEverywhereAge: 62\n"
                              "UploadsSharedAsserted: 59\n"
                              "UploadsSharedLeaseAge: 64\n");
}
END_TEST

START_TEST(what_answers_is_said_to_answer)
{
    ep_report *report = new_report();
    paper *p = new_paper();

    given_shared.is_open = 0;
    given_shared.lease_age = given_shared.everywhere_age = -1;
    given_shared.causes_count = 0;
    ep_status_page(report, &p->sink);
    ck_assert_uint_eq(count_of(p, ":1 is asked for each upload that limits count. The"
                                  " lease of 63 s was renewed: never. Numbers of all"
                                  " servers were read: never.<"),
                      1);
    ck_assert_uint_eq(count_of(p, "Calls that failed"), 0);
    p = new_paper();
    ep_status_page_section(report, 0, &p->sink);
    ck_assert_uint_eq(count_of(p, "<dt>what servers share answers; calls that failed"
                                  " 0</dt>"),
                      1);
    p = new_paper();
    ep_status_page_auto(report, &p->sink);
    ck_assert_uint_eq(count_of(p, "UploadsSharedBreakerOpen: 0\n"), 1);
    ck_assert_uint_eq(count_of(p, "Age"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_page");
    TCase *page = tcase_create("page");
    TCase *section = tcase_create("mod_status");

    ADD_ROWS(page, every_number_is_shown_once, boxes);
    tcase_add_test(page, what_counted_nothing_is_left_out);
    tcase_add_test(page, bars_are_as_high_as_their_minutes);
    tcase_add_test(page, bars_of_any_height_stay_in_the_chart);
    tcase_add_test(page, one_host_sees_its_own_name_and_no_other);
    ADD_ROWS(page, bytes_are_shown_as_people_read_them, sizes);
    ADD_ROWS(page, ages_are_shown_as_people_read_them, ages);
    tcase_add_test(page, a_tree_that_could_not_be_measured_is_said_to_be_one);
    suite_add_tcase(suite, page);
    tcase_add_test(section, mod_status_gets_a_section);
    tcase_add_test(section, mod_status_gets_lines);
    tcase_add_test(section, what_answers_is_said_to_answer);
    suite_add_tcase(suite, section);
    return run_suite(suite);
}
