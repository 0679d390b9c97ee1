/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/book/due.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)

/* With times, of which the ledger tells ages. */
typedef struct timed {
    ep_due_tree tree;
    int64_t measured;
    int64_t asked;
} timed;

/* A tree that was measured at second 1000, in no time, and asked for since. */
static timed a_tree(void)
{
    timed one;

    memset(&one, 0, sizeof(one));
    one.tree.id[0] = 1;
    one.tree.id[1] = 2;
    one.tree.is_known = 1;
    one.measured = 1000 * SECOND;
    one.asked = 1000 * SECOND + 1;
    return one;
}

static ep_due_step decide_with(const timed *one, ep_due_note *note,
                               int64_t now)
{
    ep_due_tree tree = one->tree;

    tree.since_measured = one->measured > 0 ? now - one->measured : -1;
    tree.since_asked = now > one->asked ? now - one->asked : 0;
    return ep_due_decide(&tree, note, now);
}

static ep_due_step decide(const timed *one, int64_t now)
{
    ep_due_note note;

    memset(&note, 0, sizeof(note));
    return decide_with(one, &note, now);
}

START_TEST(a_tree_that_was_never_measured_is_due_at_once)
{
    timed tree = a_tree();

    tree.tree.is_known = 0;
    tree.measured = 0;
    tree.asked = 0;
    ck_assert_int_eq(decide(&tree, 1), EP_DUE_MEASURE);
    tree.measured = 1;
    ck_assert_int_eq(decide(&tree, 1), EP_DUE_REST);
}
END_TEST

START_TEST(nobody_asked_so_it_rests)
{
    timed tree = a_tree();

    tree.asked = tree.measured;
    ck_assert_int_eq(decide(&tree, 100000 * SECOND), EP_DUE_REST);
    tree.asked = tree.measured + 1;
    ck_assert_int_eq(decide(&tree, 100000 * SECOND), EP_DUE_MEASURE);
}
END_TEST

static const struct {
    int64_t took;
    int64_t pause;
} pauses[] = {
    { INT64_MIN, 5 * SECOND },
    { -1, 5 * SECOND },
    { 0, 5 * SECOND },
    { SECOND / 4, 5 * SECOND },
    { SECOND / 4 + 1, 5 * SECOND + 20 },
    { SECOND, 20 * SECOND },
    { 10 * MINUTE, 200 * MINUTE },
    { 72 * MINUTE, 24 * 60 * MINUTE },
    { 72 * MINUTE + 1, 24 * 60 * MINUTE },
    { INT64_MAX, 24 * 60 * MINUTE }
};

START_TEST(a_tree_has_its_pause)
{
    timed tree = a_tree();
    const int64_t due = tree.measured + pauses[_i].pause;

    tree.tree.took = pauses[_i].took;
    ck_assert_int_eq(decide(&tree, due - 1), EP_DUE_REST);
    ck_assert_int_eq(decide(&tree, due), EP_DUE_MEASURE);
}
END_TEST

START_TEST(what_cannot_be_measured_is_tried_again_when_it_is_asked_for)
{
    timed tree = a_tree();

    tree.tree.is_known = 0;
    ck_assert_int_eq(decide(&tree, tree.measured + 5 * SECOND - 1),
                     EP_DUE_REST);
    ck_assert_int_eq(decide(&tree, tree.measured + 5 * SECOND),
                     EP_DUE_MEASURE);
    tree.asked = tree.measured;
    ck_assert_int_eq(decide(&tree, tree.measured + 5 * SECOND),
                     EP_DUE_REST);
}
END_TEST

START_TEST(ages_that_cannot_be_are_none)
{
    ep_due_tree tree = a_tree().tree;
    ep_due_note note;

    memset(&note, 0, sizeof(note));
    tree.since_measured = INT64_MAX;
    tree.since_asked = INT64_MAX - 1;
    ck_assert_int_eq(ep_due_decide(&tree, &note, 1), EP_DUE_MEASURE);
    tree.since_asked = -1;
    ck_assert_int_eq(ep_due_decide(&tree, &note, 1), EP_DUE_REST);
    tree.since_asked = INT64_MIN;
    ck_assert_int_eq(ep_due_decide(&tree, &note, 1), EP_DUE_REST);
    tree.since_measured = 0;
    ck_assert_int_eq(ep_due_decide(&tree, &note, 1), EP_DUE_REST);
    tree.since_measured = -1;
    ck_assert_int_eq(ep_due_decide(&tree, &note, 1), EP_DUE_MEASURE);
    tree.since_measured = INT64_MIN;
    ck_assert_int_eq(ep_due_decide(&tree, &note, 1), EP_DUE_MEASURE);
}
END_TEST

START_TEST(a_number_that_is_never_used_is_insisted_on_in_the_end)
{
    timed tree = a_tree();
    ep_due_note note;
    const int64_t seen = 2000 * SECOND;

    memset(&note, 0, sizeof(note));
    ck_assert_int_eq(decide_with(&tree, &note, seen), EP_DUE_MEASURE);
    ck_assert_int_eq(decide_with(&tree, &note, seen + 10 * MINUTE - 1),
                     EP_DUE_MEASURE);
    ck_assert_int_eq(decide_with(&tree, &note, seen + 10 * MINUTE),
                     EP_DUE_INSIST);
}
END_TEST

START_TEST(what_takes_long_is_waited_for_longer)
{
    timed tree = a_tree();
    ep_due_note note;
    const int64_t seen = 200000 * SECOND;

    memset(&note, 0, sizeof(note));
    tree.tree.took = MINUTE;
    ck_assert_int_eq(decide_with(&tree, &note, seen), EP_DUE_MEASURE);
    ck_assert_int_eq(decide_with(&tree, &note, seen + 160 * MINUTE - 1),
                     EP_DUE_MEASURE);
    ck_assert_int_eq(decide_with(&tree, &note, seen + 160 * MINUTE),
                     EP_DUE_INSIST);
}
END_TEST

START_TEST(patience_begins_anew_when_it_was_measured_or_is_another_tree)
{
    timed tree = a_tree();
    timed other = a_tree();
    ep_due_note note;
    const int64_t seen = 2000 * SECOND;

    memset(&note, 0, sizeof(note));
    other.tree.id[0] = 3;
    ck_assert_int_eq(decide_with(&tree, &note, seen), EP_DUE_MEASURE);
    ck_assert_int_eq(decide_with(&other, &note, seen + 20 * MINUTE),
                     EP_DUE_MEASURE);
    ck_assert_int_eq(decide_with(&other, &note, seen + 30 * MINUTE),
                     EP_DUE_INSIST);
    other.measured = seen + 30 * MINUTE;
    ck_assert_int_eq(decide_with(&other, &note, seen + 30 * MINUTE),
                     EP_DUE_REST);
    other.asked = other.measured + 1;
    ck_assert_int_eq(decide_with(&other, &note, seen + 31 * MINUTE),
                     EP_DUE_MEASURE);
    ck_assert_int_eq(decide_with(&other, &note, seen + 41 * MINUTE),
                     EP_DUE_INSIST);
    /* the second half of an id alone is another tree as well */
    other.tree.id[1] = 4;
    ck_assert_int_eq(decide_with(&other, &note, seen + 42 * MINUTE),
                     EP_DUE_MEASURE);
}
END_TEST

START_TEST(trees_next_to_each_other_wait_each_by_itself)
{
    enum { TREES = 9000 };
    ep_due_notes *notes = calloc(1, sizeof(*notes));
    timed tree = a_tree();
    const int64_t seen = 2000 * SECOND;
    uint32_t i;

    ck_assert_ptr_nonnull(notes);
    for (i = 0; i < TREES; i++) {
        tree.tree.id[1] = i;
        ck_assert_int_eq(decide_with(&tree, ep_due_note_of(notes, i),
                                       seen), EP_DUE_MEASURE);
    }
    for (i = 0; i < TREES; i++) {
        tree.tree.id[1] = i;
        ck_assert_int_eq(decide_with(&tree, ep_due_note_of(notes, i),
                                       seen + 10 * MINUTE),
                         EP_DUE_INSIST);
    }
    ck_assert_ptr_eq(ep_due_note_of(notes, EP_BOOK_TREES_MAX - 1),
                     &notes->of[EP_BOOK_TREES_MAX - 1]);
    ck_assert_ptr_eq(ep_due_note_of(notes, EP_BOOK_TREES_MAX),
                     &notes->of[0]);
    free(notes);
}
END_TEST

START_TEST(what_came_to_nothing_is_followed_by_a_pause)
{
    timed tree = a_tree();
    ep_due_note note;
    const int64_t seen = 2000 * SECOND;

    memset(&note, 0, sizeof(note));
    ck_assert_int_eq(decide_with(&tree, &note, seen), EP_DUE_MEASURE);
    ep_due_missed(&note, seen, 0);
    ck_assert_int_eq(decide_with(&tree, &note, seen + 5 * SECOND - 1),
                     EP_DUE_REST);
    ck_assert_int_eq(decide_with(&tree, &note, seen + 5 * SECOND),
                     EP_DUE_MEASURE);
    ep_due_missed(&note, seen + 10 * SECOND, SECOND);
    ck_assert_int_eq(decide_with(&tree, &note, seen + 30 * SECOND - 1),
                     EP_DUE_REST);
    ck_assert_int_eq(decide_with(&tree, &note, seen + 30 * SECOND),
                     EP_DUE_MEASURE);
    /* that is no other beginning of its patience */
    ck_assert_int_eq(decide_with(&tree, &note, seen + 10 * MINUTE),
                     EP_DUE_INSIST);
}
END_TEST

START_TEST(a_file_that_has_not_changed_is_no_news)
{
    const ep_due_state read = { 4711, 1000, 500, 30 };
    ep_due_state other[] = { read, read, read, read };
    const uint32_t mark = ep_due_mark(&read);
    size_t i;

    ck_assert_int_eq(ep_due_is_news(1, mark, mark), 0);
    other[0].inode++;
    /* back in time, as a clock that was set */
    other[1].seconds = -1;
    other[2].nanoseconds++;
    /* written over within the same tick */
    other[3].bytes++;
    for (i = 0; i < 4; i++) {
        ck_assert_int_eq(ep_due_is_news(1, mark, ep_due_mark(&other[i])), 1);
    }
    ck_assert_int_eq(ep_due_is_news(0, mark, mark), 1);
    ck_assert_int_eq(ep_due_is_news(1, 0, mark), 1);
}
END_TEST

START_TEST(no_mark_is_that_of_no_file)
{
    ep_due_state state = { 0, 0, 0, 0 };
    uint32_t last = 1;

    ck_assert_uint_ne(ep_due_mark(&state), 0);
    for (state.bytes = 1; state.bytes < 1000; state.bytes++) {
        const uint32_t mark = ep_due_mark(&state);

        ck_assert_uint_ne(mark, 0);
        ck_assert_uint_ne(mark, last);
        last = mark;
    }
}
END_TEST

START_TEST(a_path_is_absolute_and_ends)
{
    enum { ROOM = 1024 };
    char *path = guarded_room(ROOM);

    strcpy(path, "/srv/dav");
    ck_assert_int_eq(ep_due_is_path(path, ROOM), 1);
    strcpy(path, "srv/dav");
    ck_assert_int_eq(ep_due_is_path(path, ROOM), 0);
    strcpy(path, "");
    ck_assert_int_eq(ep_due_is_path(path, ROOM), 0);
    memset(path, '/', ROOM);
    ck_assert_int_eq(ep_due_is_path(path, ROOM), 0);
    path[ROOM - 1] = '\0';
    ck_assert_int_eq(ep_due_is_path(path, ROOM), 1);
}
END_TEST

static const struct {
    const char *text;
    int64_t bytes;
} numbers[] = {
    { "0", 0 },
    { "0\n", 0 },
    { "7\n", 7 },
    { "007", 7 },
    { "524288000\n", 524288000 },
    { "9223372036854775807", INT64_MAX },
    { "9223372036854775807\n", INT64_MAX },
    { "0000000000009223372036854775807\n", INT64_MAX }
};

/* without its NUL */
static int parse(const char *text, int64_t *bytes)
{
    const size_t length = strlen(text);

    return ep_due_parse(memcpy(guarded_room(length), text, length), length,
                        bytes);
}

START_TEST(digits_and_a_newline_are_a_number)
{
    int64_t bytes = -7;

    ck_assert_int_eq(parse(numbers[_i].text, &bytes), 1);
    ck_assert_int_eq(bytes, numbers[_i].bytes);
}
END_TEST

/* Behind each bad text its twin that is a number with one fact changed. */
static const struct {
    const char *text;
    const char *twin;
} bad_numbers[] = {
    { "", "0" },
    { "\n", "0\n" },
    { "1\n\n", "1\n" },
    { "1\r\n", "1\n" },
    { "\n1", "1" },
    { " 1", "1" },
    { "1 ", "1" },
    { "1 \n", "1\n" },
    { "-1", "1" },
    { "+1", "1" },
    { "1K", "1" },
    { "1.5", "15" },
    { "0x10", "010" },
    { "1e3", "13" },
    { "1\n2", "12" },
    { "1\xff", "1" },
    { "\xd9\xa1", "1" },
    { "9223372036854775808", "9223372036854775807" },
    { "9223372036854775810", "922337203685477581" },
    { "18446744073709551616", "1844674407370955161" },
    { "99999999999999999999999999999999", "999999999999999999" }
};

START_TEST(anything_else_is_no_number_and_leaves_bytes_alone)
{
    int64_t bytes = -7;

    ck_assert_int_eq(parse(bad_numbers[_i].text, &bytes), 0);
    ck_assert_int_eq(bytes, -7);
    ck_assert_int_eq(parse(bad_numbers[_i].twin, &bytes), 1);
    ck_assert_int_ge(bytes, 0);
}
END_TEST

START_TEST(a_nul_is_no_end)
{
    int64_t bytes = -7;

    ck_assert_int_eq(ep_due_parse("1\0", 2, &bytes), 0);
    ck_assert_int_eq(ep_due_parse("1\0", 1, &bytes), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_usage");
    TCase *tcase = tcase_create("due");

    tcase_add_test(tcase, a_tree_that_was_never_measured_is_due_at_once);
    tcase_add_test(tcase, nobody_asked_so_it_rests);
    ADD_ROWS(tcase, a_tree_has_its_pause, pauses);
    tcase_add_test(tcase,
                   what_cannot_be_measured_is_tried_again_when_it_is_asked_for);
    tcase_add_test(tcase, ages_that_cannot_be_are_none);
    tcase_add_test(tcase, a_number_that_is_never_used_is_insisted_on_in_the_end);
    tcase_add_test(tcase, what_takes_long_is_waited_for_longer);
    tcase_add_test(tcase,
                   patience_begins_anew_when_it_was_measured_or_is_another_tree);
    tcase_add_test(tcase, trees_next_to_each_other_wait_each_by_itself);
    tcase_add_test(tcase, what_came_to_nothing_is_followed_by_a_pause);
    suite_add_tcase(suite, tcase);

    tcase = tcase_create("numbers");
    tcase_add_test(tcase, a_file_that_has_not_changed_is_no_news);
    tcase_add_test(tcase, no_mark_is_that_of_no_file);
    tcase_add_test(tcase, a_path_is_absolute_and_ends);
    ADD_ROWS(tcase, digits_and_a_newline_are_a_number, numbers);
    ADD_ROWS(tcase, anything_else_is_no_number_and_leaves_bytes_alone,
             bad_numbers);
    tcase_add_test(tcase, a_nul_is_no_end);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
