/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/book/due.h"

#include <string.h>

#define SECOND INT64_C(1000000)
#define PATIENCE (600 * SECOND)
#define PATIENCE_PAUSES 8
#define FNV_BASIS UINT64_C(2166136261)
#define FNV_PRIME UINT64_C(16777619)

static int64_t patience_after(int64_t took)
{
    const int64_t pauses = PATIENCE_PAUSES * ep_account_pause(took);

    return pauses > PATIENCE ? pauses : PATIENCE;
}

static int is_due(const ep_due_tree *tree)
{
    return tree->since_measured < 0
           || (tree->since_asked >= 0
               && tree->since_asked < tree->since_measured
               && tree->since_measured >= ep_account_pause(tree->took));
}

ep_due_note *ep_due_note_of(ep_due_notes *notes, uint32_t place)
{
    return &notes->of[place < EP_BOOK_TREES_MAX ? place : 0];
}

ep_due_step ep_due_decide(const ep_due_tree *tree, ep_due_note *note,
                          int64_t now)
{
    if (note->id[0] != tree->id[0] || note->id[1] != tree->id[1]) {
        note->id[0] = tree->id[0];
        note->id[1] = tree->id[1];
        note->since = 0;
        note->rest = 0;
    }
    if (!is_due(tree)) {
        note->since = 0;
        return EP_DUE_REST;
    }
    if (note->since == 0) {
        note->since = now;
    }
    if (now < note->rest) {
        return EP_DUE_REST;
    }
    if (tree->is_known && now - note->since >= patience_after(tree->took)) {
        return EP_DUE_INSIST;
    }
    return EP_DUE_MEASURE;
}

void ep_due_missed(ep_due_note *note, int64_t now, int64_t took)
{
    note->rest = ep_amount_plus(now, ep_account_pause(took));
}

/* FNV-1a, of 32 bits. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    int i;

    for (i = 0; i < 8; i++) {
        hash = ((hash ^ (value & 0xff)) * FNV_PRIME) & UINT32_MAX;
        value >>= 8;
    }
    return hash;
}

uint32_t ep_due_mark(const ep_due_state *state)
{
    uint64_t hash = mix(FNV_BASIS, state->inode);

    hash = mix(hash, (uint64_t)state->seconds);
    hash = mix(hash, (uint64_t)state->nanoseconds);
    hash = mix(hash, (uint64_t)state->bytes);
    return hash != 0 ? (uint32_t)hash : 1;
}

int ep_due_is_news(int is_known, uint32_t before, uint32_t mark)
{
    return !is_known || before != mark;
}

int ep_due_is_path(const char *path, size_t size)
{
    return path[0] == '/' && memchr(path, '\0', size) != NULL;
}

int ep_due_parse(const char *text, size_t length, int64_t *bytes)
{
    /* without a sign: one digit more than fits has room, and is seen */
    const uint64_t most = INT64_MAX;
    uint64_t value = 0;
    size_t i = 0;

    while (i < length && text[i] >= '0' && text[i] <= '9') {
        if (value > most / 10) {
            return 0;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
        i++;
    }
    if (i == 0 || value > most
        || i + (i < length && text[i] == '\n') != length) {
        return 0;
    }
    *bytes = (int64_t)value;
    return 1;
}
