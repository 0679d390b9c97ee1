/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: due account amount
 * lengths: a usage file of 0 to 32 bytes; any tree, path, note and place,
 *          times to 2^62
 */
#include "any.h"
#include "core/book/due.h"

enum { longest = EP_DUE_FILE_MAX };

static char text[longest];
static ep_due_tree tree;
static char path[EP_TREE_PATH_SIZE];
static ep_due_note note;
static ep_due_notes notes;

static int64_t any_number(void)
{
    return Frama_C_long_interval(INT64_MIN, INT64_MAX);
}

static int64_t any_time(void)
{
    return Frama_C_long_interval(1, INT64_C(1) << 62);
}

static void parse(const char *at, size_t length)
{
    int64_t bytes = -7;
    const int result = ep_due_parse(at, length, &bytes);

    //@ check yes_or_no: result == 0 || result == 1;
    if (result) {
        //@ check a_number: 0 <= bytes;
    }
    else {
        //@ check untouched: bytes == -7;
    }
}

/* A tree with any values. */
static void any_tree(void)
{
    Frama_C_make_unknown((char *)&tree, sizeof(tree));
}

static void decide(void)
{
    const int64_t now = any_time();
    ep_due_step step;
    int64_t took;

    any_tree();
    note.id[0] = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    note.id[1] = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    note.since = Frama_C_long_interval(0, INT64_C(1) << 62);
    note.rest = any_number();
    step = ep_due_decide(&tree, &note, now);
    //@ check a_step: step == EP_DUE_REST || step == EP_DUE_MEASURE || step == EP_DUE_INSIST;
    //@ check since: 0 <= note.since <= 4611686018427387904;
    took = any_number();
    ep_due_missed(&note, now, took);
    //@ check a_pause: note.rest > 0;
}

static void others(void)
{
    ep_due_state state;
    uint32_t mark;
    int answer;

    Frama_C_make_unknown(path, sizeof(path));
    answer = ep_due_is_path(path, sizeof(path));
    //@ check path: answer == 0 || answer == 1;
    state.inode = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    state.seconds = any_number();
    state.nanoseconds = any_number();
    state.bytes = any_number();
    mark = ep_due_mark(&state);
    //@ check no_mark_is_0: mark != 0;
    answer = ep_due_is_news(Frama_C_interval(INT32_MIN, INT32_MAX),
                            Frama_C_unsigned_int_interval(0, UINT32_MAX),
                            mark);
    //@ check news: answer == 0 || answer == 1;
    ep_due_note_of(&notes, Frama_C_unsigned_int_interval(0, UINT32_MAX))
        ->since = 1;
}

int main(void)
{
    size_t i;

    decide();
    others();
    //@ loop unroll 33;
    for (i = 0; i <= longest; i++) {
        Frama_C_make_unknown(text, longest);
        parse(text + longest - i, i);
    }
    return 0;
}
