/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/secretary.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "apr_atomic.h"
#include "http_log.h"

#include "redis/call.h"
#include "redis/conn.h"

APLOG_USE_MODULE(expect_policy_redis);

/* What a call in the background may take; microseconds. */
#define PATIENCE (500 * 1000)
/* A pause after each call that asserts, so that Redis serves others meanwhile: about
 * ten uploads in a millisecond. */
#define PAUSE_NSEC (3 * 1000 * 1000L)
/* How long a request waits for another thread's call. */
#define WAIT_NSEC (500 * 1000L)
/* How often it is asked how many claims all servers have, at most; seconds. */
#define COUNT_EVERY 10
/* So many seconds are from the begin of one doubtful incarnation to the next. */
#define BEGIN_EVERY 1

static struct secretary {
    server_rec *server;
    ep_journal *journal;
    const ep_url *url;
    const ep_ledger_provider *shm;
    const ep_secretary_trees *trees;
} secretary;

void ep_secretary_set_trees(const ep_secretary_trees *trees)
{
    secretary.trees = trees;
}

void ep_secretary_init(server_rec *s, ep_journal *journal, const ep_url *url,
                       const ep_ledger_provider *shm)
{
    secretary.server = s;
    secretary.journal = journal;
    secretary.url = url;
    secretary.shm = shm;
}

/* The time of a thread as the secretary.  All its calls are of one incarnation: if it
 * is stopped for so long that another thread takes its place, that begins the next
 * one, and Redis does nothing for this one any more. */
typedef struct shift {
    const ep_secretary_task *task;
    apr_uint32_t generation;
    /* 0: something is still to be told */
    int is_complete;
} shift;

static void pause_for(long nsec)
{
    const struct timespec span = { 0, nsec };

    nanosleep(&span, NULL);
}

/* @return the deadline of one call */
static apr_int64_t deadline(const shift *now)
{
    const apr_int64_t longest = ep_conn_clock() + PATIENCE;

    return now->task->until < longest ? now->task->until : longest;
}

/* @return 1: there is time, Redis answers, and it knows the incarnation */
static int may_go_on(const shift *now)
{
    ep_journal *journal = secretary.journal;

    return ep_conn_clock() < now->task->until
           && (now->task->stops == NULL || apr_atomic_read32(now->task->stops) == 0)
           && !ep_breaker_is_open(&journal->breaker)
           && apr_atomic_read32(&journal->is_lost) == 0
           && apr_atomic_read32(&journal->next_renew) != 0
           && apr_atomic_read32(&journal->generation) == now->generation;
}

/* ---------------------------------------------------------------- what is told */

typedef enum subject {
    /* the claims have these parts */
    HELD,
    /* they have ended; or only their content has */
    ENDED,
    CONTENT_ENDED,
    /* what this server has used in all */
    USED
} subject;

typedef struct item {
    subject about;
    ep_journal_entry *entry;
    apr_uint32_t serial;
    apr_int64_t received;
    apr_int64_t stored;
    int is_mover;
    /* USED */
    ep_journal_used *used;
    /* in the parts of the batch */
    apr_uint32_t first;
    apr_uint32_t count;
} item;

/* What one call tells: copies, as a child may write anything into the journal. */
typedef struct batch {
    ep_script_name script;
    /* HELD: the generation before, of all items */
    apr_uint32_t before;
    apr_uint32_t items_count;
    item items[EP_CALL_PARTS];
    apr_uint32_t parts_count;
    ep_journal_part parts[EP_CALL_PARTS];
} batch;

static void put_words(ep_call *call, const item *one, const ep_journal_part *part)
{
    if (one->about == USED) {
        ep_call_number(call, part->until);
        ep_call_number(call, part->period / 1000);
        ep_call_number(call, part->amount);
        return;
    }
    ep_call_claim(call, one->serial);
    ep_call_number(call, part->kind);
    if (one->about == HELD) {
        ep_call_number(call, part->amount);
    }
    ep_call_number(call, part->kind == EP_CHARGE_QUOTA ? part->until
                                                       : part->period / 1000);
    if (one->about == ENDED) {
        ep_call_number(call, part->kind == EP_CHARGE_QUOTA ? one->stored
                                                           : one->received);
    }
    else if (one->about == CONTENT_ENDED) {
        ep_call_word(call, "-");
    }
    ep_call_number(call, one->is_mover);
}

static ep_cause call_for(const shift *now, const batch *all, ep_call_answer *answer)
{
    ep_call call;
    ep_cause cause;
    apr_uint32_t i, j;

    ep_call_begin(&call, all->script, secretary.journal, secretary.url,
                  now->generation);
    if (all->script == EP_SCRIPT_ASSERT) {
        ep_call_parts_of(&call, all->before);
    }
    for (i = 0; i < all->parts_count; i++) {
        ep_call_key_of(&call, all->parts[i].kind, &all->parts[i].key);
    }
    ep_call_common(&call);
    if (all->script == EP_SCRIPT_ASSERT) {
        ep_call_incarnation(&call, all->before);
    }
    for (i = 0; i < all->items_count; i++) {
        for (j = 0; j < all->items[i].count; j++) {
            put_words(&call, &all->items[i], &all->parts[all->items[i].first + j]);
        }
    }
    cause = ep_call_send(&call, deadline(now), 0, answer);
    if (cause == EP_CAUSE_NONE
        && (strcmp(answer->word, "done") != 0
            || answer->count < (int)all->parts_count
            || apr_atomic_read32(&secretary.journal->is_lost) != 0)) {
        return EP_CAUSE_AGAIN;
    }
    return cause;
}

/* --------------------------------------------------------------- what was told */

/* @param until when the period ends in which Redis has counted them; 0: it has not, or
 *        this is not known */
static void count_used(const ep_journal_part *part, apr_int64_t received,
                       apr_int64_t until, int is_told)
{
    ep_journal *journal = secretary.journal;
    const apr_int64_t now = ep_journal_redis_time(journal);

    if (part->kind != EP_CHARGE_ALLOWANCE || received <= 0) {
        return;
    }
    if (until != 0) {
        if (until > now) {
            ep_journal_use(journal, part, until, received, 1);
        }
        return;
    }
    if (part->until > now) {
        ep_journal_use(journal, part, part->until, received, 0);
    }
    /* Redis may have counted it, in a period that is over */
    else if (!is_told || part->until == 0) {
        ep_journal_use(journal, part, ep_journal_sum(now, part->period / 1000),
                       received, 0);
    }
}

/* First nobody else can count it: if this process dies now, it is not counted
 * twice.
 * @param ends of periods; NULL: Redis has not counted it in this incarnation */
static void finish_end(const item *one, const ep_journal_part *parts,
                       const apr_int64_t *ends, int is_told)
{
    apr_uint32_t i;

    if (one->entry->serial != one->serial || !ep_journal_take_over(one->entry)) {
        return;
    }
    for (i = 0; i < one->count; i++) {
        if (parts[i].kind == EP_CHARGE_QUOTA && ends == NULL
            && secretary.trees != NULL) {
            secretary.trees->owe(&parts[i].key);
        }
        count_used(&parts[i], one->received, ends != NULL ? ends[i] : 0, is_told);
    }
    ep_journal_change(one->entry, EP_JOURNAL_TAKEN, EP_JOURNAL_FREE);
}

/* The generation was noted before; a request that has changed the entry meanwhile has
 * set it to 0. */
static void finish_held(const item *one, const apr_int64_t *ends)
{
    apr_uint32_t i;

    for (i = 0; ends != NULL && i < one->count; i++) {
        one->entry->parts[i].until = ends[i];
    }
    if (ends == NULL) {
        apr_atomic_set32(&one->entry->generation, 0);
    }
    else {
        apr_atomic_inc32(&secretary.journal->asserted);
    }
    ep_journal_idle(one->entry, EP_JOURNAL_SECRETARY);
}

static void finish_used(const shift *now, const item *one, const apr_int64_t *ends)
{
    if (ends == NULL) {
        return;
    }
    one->used->generation = now->generation;
    if (ends[0] > 0) {
        one->used->until = ends[0];
    }
}

/* @param ends of periods, for each part; NULL: Redis was not told */
static void finish(shift *now, const batch *all, const item *one,
                   const apr_int64_t *ends)
{
    if (ends == NULL) {
        now->is_complete = 0;
    }
    switch (one->about) {
    case HELD:
        finish_held(one, ends);
        break;
    case ENDED:
        if (ends != NULL) {
            apr_atomic_inc32(&secretary.journal->told);
            finish_end(one, &all->parts[one->first], ends, 1);
        }
        break;
    case CONTENT_ENDED:
        if (ends != NULL) {
            apr_atomic_inc32(&secretary.journal->told);
            apr_atomic_cas32(&one->entry->slots, 2, 1);
        }
        break;
    default:
        finish_used(now, one, ends);
        break;
    }
}

/* --------------------------------------------------------------------- batches */

static void begin_batch(batch *all, ep_script_name script)
{
    all->script = script;
    all->before = 0;
    all->items_count = all->parts_count = 0;
}

/* What Redis rejects of all is told one by one: so one account that Redis rejects does
 * not keep the others from being told. */
static void tell_singly(shift *now, const batch *all)
{
    apr_uint32_t i;

    for (i = 0; i < all->items_count; i++) {
        const item *one = &all->items[i];
        ep_cause cause = EP_CAUSE_AGAIN;
        ep_call_answer answer;
        batch single;

        begin_batch(&single, all->script);
        single.before = all->before;
        single.items[0] = *one;
        single.items[0].first = 0;
        single.items_count = 1;
        single.parts_count = one->count;
        memcpy(single.parts, &all->parts[one->first],
               one->count * sizeof(single.parts[0]));
        if (may_go_on(now)) {
            cause = call_for(now, &single, &answer);
        }
        if (cause == EP_CAUSE_ERROR && one->about == USED) {
            /* ends must not wait for it */
            one->used->generation = now->generation;
            continue;
        }
        finish(now, all, one, cause == EP_CAUSE_NONE ? answer.numbers : NULL);
    }
}

static void tell(shift *now, batch *all)
{
    ep_call_answer answer;
    ep_cause cause;
    apr_uint32_t i;

    if (all->items_count == 0) {
        return;
    }
    cause = call_for(now, all, &answer);
    if (cause == EP_CAUSE_ERROR) {
        tell_singly(now, all);
    }
    else {
        for (i = 0; i < all->items_count; i++) {
            const item *one = &all->items[i];

            finish(now, all, one,
                   cause == EP_CAUSE_NONE ? &answer.numbers[one->first] : NULL);
        }
    }
    if (all->script == EP_SCRIPT_ASSERT) {
        pause_for(PAUSE_NSEC);
    }
    begin_batch(all, all->script);
}

/* Makes room for parts; what is in the batch is told for it. */
static item *add_item(shift *now, batch *all, subject about, apr_uint32_t count)
{
    item *one;

    if (all->parts_count + count > EP_CALL_PARTS
        || all->items_count == EP_CALL_PARTS) {
        tell(now, all);
    }
    one = &all->items[all->items_count++];
    memset(one, 0, sizeof(*one));
    one->about = about;
    one->first = all->parts_count;
    return one;
}

static item *add_entry(shift *now, batch *all, subject about,
                       ep_journal_entry *entry)
{
    const apr_uint32_t count = ep_journal_parts(entry);
    item *one = add_item(now, all, about, count);
    apr_uint32_t i;

    one->entry = entry;
    one->serial = entry->serial;
    one->received = entry->received;
    one->stored = entry->stored;
    one->is_mover = entry->is_mover != 0;
    for (i = 0; i < count; i++) {
        const ep_journal_part part = entry->parts[i];

        if (about != CONTENT_ENDED || part.kind == EP_CHARGE_CONCURRENT) {
            all->parts[all->parts_count++] = part;
            one->count++;
        }
    }
    return one;
}

/* ---------------------------------------------------------------------- sums */

static void add_used(shift *now, batch *all, ep_journal_used *used)
{
    item *one = add_item(now, all, USED, 1);
    ep_journal_part *part = &all->parts[all->parts_count++];

    memset(part, 0, sizeof(*part));
    one->used = used;
    one->count = 1;
    part->kind = EP_CHARGE_ALLOWANCE;
    part->key = used->key;
    part->amount = used->used;
    part->period = used->period;
    part->until = used->until;
}

/* What the incarnation does not know yet of allowances.
 * @return 0: it was not told all of it */
static int tell_used(shift *now, batch *all)
{
    ep_journal *journal = secretary.journal;
    apr_uint32_t i;

    now->is_complete = 1;
    if (apr_atomic_read32(&journal->is_used_owed) == 0) {
        return 1;
    }
    begin_batch(all, EP_SCRIPT_USED);
    for (i = 0; i < EP_JOURNAL_ALLOWANCES && may_go_on(now); i++) {
        ep_journal_used *one = &journal->used[i];

        if (one->generation != now->generation
            && ep_journal_is_used(journal, one)) {
            add_used(now, all, one);
        }
    }
    tell(now, all);
    if (i < EP_JOURNAL_ALLOWANCES || !now->is_complete) {
        return 0;
    }
    /* only now: until then, requests wait for it */
    apr_atomic_set32(&journal->is_used_owed, 0);
    return 1;
}

/* ------------------------------------------------------------------- entries */

typedef struct letters {
    batch held;
    batch ended;
} letters;

/* Its child has died: `shm` gives back what such a child has held. */
static int is_orphan(ep_journal_entry *entry)
{
    ep_ledger_outcome outcome = EP_OUTCOME_GRANTED;
    ep_ledger_denial denial;
    apr_int64_t granted = 0;

    return ep_journal_is_dead(entry)
           || (ep_journal_is_foreign(entry)
               && secretary.shm->grow(NULL, 0, &entry->local, 0, 0, &granted,
                                      &outcome, &denial) == APR_SUCCESS
               && outcome == EP_OUTCOME_LOST);
}

/* What a dead process has left.  A call of it may be under way. */
static void look_for_the_dead(ep_journal_entry *entry)
{
    const ep_journal_state state = ep_journal_state_of(entry);

    if (state == EP_JOURNAL_TAKEN && ep_journal_is_dead(entry)) {
        apr_atomic_set32(&secretary.journal->is_doubtful, 1);
        ep_journal_change(entry, state, EP_JOURNAL_FREE);
    }
    else if (state == EP_JOURNAL_LIVE && is_orphan(entry)) {
        if (apr_atomic_read32(&entry->busy) == EP_JOURNAL_REQUEST) {
            apr_atomic_set32(&secretary.journal->is_doubtful, 1);
        }
        ep_journal_change(entry, state, EP_JOURNAL_ENDED);
    }
}

/* It may be counted already: so it is counted here, and the sum told. */
static void count_here(ep_journal_entry *entry)
{
    ep_journal_part parts[EP_CHARGES_MAX];
    item one;

    memset(&one, 0, sizeof(one));
    one.entry = entry;
    one.serial = entry->serial;
    one.received = entry->received;
    one.count = ep_journal_parts(entry);
    memcpy(parts, entry->parts, sizeof(parts));
    finish_end(&one, parts, NULL, entry->is_told != 0);
}

static int is_uncounted(const shift *now, ep_journal_entry *entry)
{
    return ep_journal_state_of(entry) == EP_JOURNAL_ENDED
           && apr_atomic_read32(&entry->generation) != now->generation;
}

/* Before Redis is asked again: requests wait until it knows the sums. */
static void note_uncounted(const shift *now)
{
    const apr_uint32_t count = ep_journal_places(secretary.journal);
    apr_uint32_t i;

    for (i = 0; i < count; i++) {
        if (is_uncounted(now, &secretary.journal->entries[i])) {
            apr_atomic_set32(&secretary.journal->is_used_owed, 1);
            return;
        }
    }
}

/* What has ended in an older incarnation, or without Redis: so that the sums have it. */
static void count_all_here(const shift *now)
{
    const apr_uint32_t count = ep_journal_places(secretary.journal);
    apr_uint32_t i;

    for (i = 0; i < count && may_go_on(now); i++) {
        if (is_uncounted(now, &secretary.journal->entries[i])) {
            count_here(&secretary.journal->entries[i]);
        }
    }
}

static void look_at_ended(shift *now, ep_journal_entry *entry, letters *out)
{
    if (apr_atomic_read32(&entry->generation) != now->generation) {
        count_here(entry);
        return;
    }
    apr_atomic_set32(&entry->is_told, 1);
    add_entry(now, &out->ended, ENDED, entry);
}

static void assert_entry(shift *now, ep_journal_entry *entry, letters *out)
{
    const apr_uint32_t before = apr_atomic_read32(&entry->generation);
    const apr_uint32_t from = before != 0 ? before : now->generation;
    item *one;
    apr_uint32_t i;

    if (!ep_journal_occupy_for_secretary(entry)) {
        now->is_complete = 0;
        return;
    }
    if (out->held.before != from) {
        tell(now, &out->held);
        out->held.before = from;
    }
    /* before it is sent, and before the parts are read */
    apr_atomic_set32(&entry->generation, now->generation);
    one = add_entry(now, &out->held, HELD, entry);
    out->held.before = from;
    for (i = 0; i < one->count && entry->slots != 0; i++) {
        ep_journal_part *part = &out->held.parts[one->first + i];

        if (part->kind == EP_CHARGE_CONCURRENT) {
            part->amount = 0;
        }
    }
}

static void look_at(shift *now, ep_journal_entry *entry, letters *out)
{
    if (now->task->looks_for_orphans) {
        look_for_the_dead(entry);
    }
    switch (ep_journal_state_of(entry)) {
    case EP_JOURNAL_TAKEN:
        if (apr_atomic_read32(&entry->generation) != now->generation) {
            now->is_complete = 0;
        }
        break;
    case EP_JOURNAL_LIVE:
        if (apr_atomic_read32(&entry->generation) != now->generation) {
            assert_entry(now, entry, out);
        }
        else if (apr_atomic_read32(&entry->slots) == 1) {
            add_entry(now, &out->ended, CONTENT_ENDED, entry);
        }
        break;
    case EP_JOURNAL_ENDED:
        look_at_ended(now, entry, out);
        break;
    default:
        break;
    }
}

/* @return 0: it has not come to the end: see may_go_on() */
static int look_at_all(shift *now)
{
    const apr_uint32_t count = ep_journal_places(secretary.journal);
    letters out;
    apr_uint32_t i;

    /* first: an end adds to what Redis has, a sum does not; and a sum that is told late
     * lets uploads in that do not fit */
    count_all_here(now);
    if (!tell_used(now, &out.ended)) {
        return 0;
    }
    begin_batch(&out.held, EP_SCRIPT_ASSERT);
    begin_batch(&out.ended, EP_SCRIPT_END);
    for (i = 0; i < count && may_go_on(now); i++) {
        look_at(now, &secretary.journal->entries[i], &out);
    }
    tell(now, &out.held);
    tell(now, &out.ended);
    if (apr_atomic_read32(&secretary.journal->is_used_owed) != 0) {
        now->is_complete = 0;
    }
    return i == count && may_go_on(now);
}

/* -------------------------------------------------------------------- the lease */

static void tell_secret(const ep_journal *journal, ep_call *call)
{
    char text[2 * EP_JOURNAL_SECRET + 1];
    int i;

    for (i = 0; i < EP_JOURNAL_SECRET; i++) {
        snprintf(text + 2 * i, 3, "%02x", journal->secret[i]);
    }
    ep_call_word(call, text);
}

/* @return 1: it is another one than before */
static int take_secret(ep_journal *journal, const char *text)
{
    unsigned char secret[EP_JOURNAL_SECRET];
    int i;

    for (i = 0; i < EP_JOURNAL_SECRET; i++) {
        unsigned int byte;

        if (sscanf(text + 2 * i, "%2x", &byte) != 1) {
            return 0;
        }
        secret[i] = (unsigned char)byte;
    }
    if (memcmp(secret, journal->secret, sizeof(secret)) == 0) {
        return 0;
    }
    memcpy(journal->secret, secret, sizeof(secret));
    return 1;
}

static ep_cause ask_for_lease(const shift *now, ep_script_name script,
                              apr_uint32_t generation, apr_uint32_t before,
                              int drops, ep_call_answer *answer)
{
    ep_journal *journal = secretary.journal;
    ep_call call;

    ep_call_begin(&call, script, journal, secretary.url, generation);
    ep_call_key(&call, "secret");
    if (script == EP_SCRIPT_BEGIN) {
        ep_call_parts_of(&call, before);
    }
    ep_call_incarnation(&call, generation);
    ep_call_number(&call, secretary.url->lease / 1000);
    tell_secret(journal, &call);
    if (before != 0) {
        ep_call_incarnation(&call, before);
    }
    else {
        ep_call_word(&call, drops ? journal->server : "");
    }
    return ep_call_send(&call, deadline(now), 1, answer);
}

static void note_clock(const ep_call_answer *answer)
{
    secretary.journal->offset = answer->now - ep_conn_clock() / 1000;
}

/* All that this server holds and has used is unknown to its new incarnation. */
static void log_begin(int was_lost)
{
    const apr_uint32_t held = ep_journal_count(secretary.journal, EP_JOURNAL_LIVE);

    if (was_lost) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, secretary.server,
                     "the ledger in Redis did not know this server any more: %u"
                     " uploads under way are asserted", held);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, secretary.server,
                     "the ledger in Redis did not answer a call: %u uploads under"
                     " way are asserted", held);
    }
}

/* @return a generation that was never begun; it is noted before it is */
static apr_uint32_t next_generation(apr_uint32_t current)
{
    ep_journal *journal = secretary.journal;
    const apr_uint32_t tried = apr_atomic_read32(&journal->tried);
    const apr_uint32_t last = (apr_int32_t)(tried - current) > 0 ? tried : current;
    const apr_uint32_t next = last + 1 != 0 ? last + 1 : 1;

    apr_atomic_set32(&journal->tried, next);
    return next;
}

/* A new incarnation, which knows nothing yet. */
static int begin_anew(shift *now)
{
    ep_journal *journal = secretary.journal;
    const apr_uint32_t before = apr_atomic_read32(&journal->generation);
    const apr_uint32_t next = next_generation(before);
    const apr_uint32_t was_doubtful = apr_atomic_read32(&journal->is_doubtful);
    const int was_lost = apr_atomic_read32(&journal->is_lost) != 0;
    ep_call_answer answer;

    /* first: a call that fails meanwhile sets it again */
    apr_atomic_set32(&journal->is_doubtful, 0);
    if (ask_for_lease(now, EP_SCRIPT_BEGIN, next, before, 0, &answer)
        != EP_CAUSE_NONE) {
        if (was_doubtful) {
            apr_atomic_set32(&journal->is_doubtful, 1);
        }
        return 0;
    }
    if (strcmp(answer.word, "begun") != 0) {
        /* somebody has written into the journal: the one behind it is tried next */
        apr_atomic_set32(&journal->is_lost, 1);
        apr_atomic_set32(&journal->generation, next);
        return 0;
    }
    take_secret(journal, answer.text);
    note_clock(&answer);
    apr_atomic_set32(&journal->seq, answer.seq);
    apr_atomic_set32(&journal->answers, answer.seq);
    apr_atomic_set32(&journal->is_used_owed, 1);
    apr_atomic_set32(&journal->is_to_drop, next != 1);
    apr_atomic_set32(&journal->next_begin, ep_journal_seconds() + BEGIN_EVERY);
    apr_atomic_set32(&journal->is_lost, 0);
    apr_atomic_set32(&journal->generation, next);
    if (before != 0) {
        log_begin(was_lost);
    }
    return 1;
}

/* @return 0: Redis does not answer */
static int renew_lease(shift *now, int drops)
{
    ep_journal *journal = secretary.journal;
    ep_call_answer answer;

    if (ask_for_lease(now, EP_SCRIPT_RENEW, now->generation, 0, drops, &answer)
        != EP_CAUSE_NONE) {
        return 0;
    }
    note_clock(&answer);
    if (strcmp(answer.word, "known") != 0 || take_secret(journal, answer.text)) {
        apr_atomic_set32(&journal->is_lost, 1);
    }
    return 1;
}

static int is_begin_due(void)
{
    ep_journal *journal = secretary.journal;

    return apr_atomic_read32(&journal->generation) == 0
           || apr_atomic_read32(&journal->is_lost) != 0
           || (apr_atomic_read32(&journal->is_doubtful) != 0
               && (apr_int32_t)(ep_journal_seconds()
                                - apr_atomic_read32(&journal->next_begin)) >= 0);
}

static int is_renewal_due(void)
{
    ep_journal *journal = secretary.journal;
    const apr_uint32_t next = apr_atomic_read32(&journal->next_renew);

    return next == 0 || (apr_int32_t)(ep_journal_seconds() - next) >= 0
           || is_begin_due() || ep_breaker_is_open(&journal->breaker);
}

/* @return 0: Redis does not answer */
static int renew(shift *now)
{
    ep_journal *journal = secretary.journal;
    const apr_uint32_t every = (apr_uint32_t)(secretary.url->lease / 3
                                              / APR_USEC_PER_SEC);

    if ((!is_begin_due() && !renew_lease(now, 0))
        || (is_begin_due() && !begin_anew(now))) {
        return 0;
    }
    now->generation = apr_atomic_read32(&journal->generation);
    apr_atomic_set32(&journal->renewed, ep_journal_seconds());
    apr_atomic_set32(&journal->next_renew,
                     ep_journal_seconds() + (every > 0 ? every : 1));
    return 1;
}

/* For status pages: tells Redis how many claims there are here, and asks how many all
 * servers have. */
static void count_everywhere(const shift *now)
{
    ep_journal *journal = secretary.journal;
    ep_call_answer answer;
    ep_call call;

    ep_call_begin(&call, EP_SCRIPT_COUNT, journal, secretary.url, now->generation);
    ep_call_key(&call, "claims");
    ep_call_incarnation(&call, now->generation);
    ep_call_number(&call, ep_journal_count(journal, EP_JOURNAL_LIVE));
    if (ep_call_send(&call, deadline(now), 0, &answer) == EP_CAUSE_NONE
        && strcmp(answer.word, "done") == 0 && answer.count == 2) {
        apr_atomic_set32(&journal->servers, (apr_uint32_t)answer.numbers[0]);
        apr_atomic_set32(&journal->claims_everywhere,
                         (apr_uint32_t)answer.numbers[1]);
        apr_atomic_set32(&journal->told_everywhere, ep_journal_seconds());
    }
}

/* Asks once, and again when it is time, whether it was answered or not. */
static void count_if_due(const shift *now)
{
    const apr_int64_t third = secretary.url->lease / 3 / APR_USEC_PER_SEC;
    const apr_int64_t every = third > COUNT_EVERY ? COUNT_EVERY
                              : third > 0         ? third
                                                  : 1;
    const apr_uint32_t at = ep_journal_seconds();

    if ((apr_int32_t)(at - secretary.journal->next_count) >= 0 && may_go_on(now)) {
        secretary.journal->next_count = at + (apr_uint32_t)every;
        count_everywhere(now);
    }
}

/* ------------------------------------------------------------------------ work */

/* What the incarnations before this one held and nobody has asserted is of calls that
 * had no answer, or has ended. */
static void drop_if_complete(shift *now)
{
    if (now->is_complete && may_go_on(now)
        && apr_atomic_read32(&secretary.journal->is_to_drop) != 0
        && renew_lease(now, 1)) {
        apr_atomic_set32(&secretary.journal->is_to_drop, 0);
    }
}

/* Once for each incarnation: a server may know an old number of a tree, and must not
 * tell it without need. */
static void tell_trees(const shift *now)
{
    ep_journal *journal = secretary.journal;
    const int is_new = apr_atomic_read32(&journal->told_trees) != now->generation;

    secretary.trees->work(is_new, now->task->until);
    apr_atomic_set32(&journal->told_trees, now->generation);
}

static void begin_shift(shift *now, const ep_secretary_task *task)
{
    now->task = task;
    now->generation = apr_atomic_read32(&secretary.journal->generation);
    now->is_complete = 0;
}

int ep_secretary_work(const ep_secretary_task *task)
{
    shift now;
    int is_done = 1;

    if (!ep_journal_lock(secretary.journal)) {
        return !ep_secretary_has_work();
    }
    begin_shift(&now, task);
    note_uncounted(&now);
    if (!is_renewal_due() || renew(&now)) {
        is_done = look_at_all(&now) || ep_conn_clock() < task->until;
        drop_if_complete(&now);
        count_if_due(&now);
        if (secretary.trees != NULL && may_go_on(&now)) {
            tell_trees(&now);
        }
    }
    ep_journal_unlock(secretary.journal);
    return is_done;
}

int ep_secretary_has_work(void)
{
    const apr_uint32_t count = ep_journal_places(secretary.journal);
    apr_uint32_t i;

    for (i = 0; i < count; i++) {
        ep_journal_entry *entry = &secretary.journal->entries[i];
        const ep_journal_state state = ep_journal_state_of(entry);

        if (state == EP_JOURNAL_ENDED
            || (state == EP_JOURNAL_LIVE && entry->slots == 1)) {
            return 1;
        }
    }
    return 0;
}

/* For a request, which has to ask afterwards. */
static ep_secretary_task half_of(apr_int64_t until)
{
    const apr_int64_t now = ep_conn_clock();
    const ep_secretary_task task = { now + (until - now) / 2, 0, NULL };

    return task;
}

int ep_secretary_flush(apr_int64_t until)
{
    const ep_secretary_task task = half_of(until);

    if (!ep_secretary_has_work()) {
        return 0;
    }
    while (ep_secretary_has_work() && ep_conn_clock() < until) {
        if (ep_journal_lock(secretary.journal)) {
            shift now;

            /* once: Redis may reject an entry each time */
            begin_shift(&now, &task);
            look_at_all(&now);
            ep_journal_unlock(secretary.journal);
            break;
        }
        pause_for(WAIT_NSEC);
    }
    return !ep_secretary_has_work();
}

static int is_registered(void)
{
    ep_journal *journal = secretary.journal;

    return apr_atomic_read32(&journal->generation) != 0
           && apr_atomic_read32(&journal->next_renew) != 0
           && apr_atomic_read32(&journal->is_lost) == 0;
}

/* Redis would let in what does not fit.  @param until as long as a request waits */
static int is_sum_untold(apr_int64_t until)
{
    return apr_atomic_read32(&secretary.journal->is_used_owed) != 0
           && ep_conn_clock() < until;
}

int ep_secretary_register(apr_int64_t until)
{
    const ep_secretary_task task = half_of(until);

    while (!is_registered() || is_sum_untold(task.until)) {
        if (ep_journal_lock(secretary.journal)) {
            int is_known;
            shift now;

            begin_shift(&now, &task);
            is_known = is_registered() || renew(&now);
            if (is_known) {
                look_at_all(&now);
            }
            ep_journal_unlock(secretary.journal);
            return is_known;
        }
        if (ep_conn_clock() >= until) {
            return 0;
        }
        pause_for(WAIT_NSEC);
    }
    return 1;
}

int ep_secretary_await(ep_journal_entry *entry, apr_int64_t until)
{
    ep_journal *journal = secretary.journal;

    while (ep_conn_clock() < until
           && !ep_breaker_is_open(&journal->breaker)) {
        if (apr_atomic_read32(&entry->generation)
                == apr_atomic_read32(&journal->generation)
            && apr_atomic_read32(&journal->is_lost) == 0) {
            if (ep_journal_occupy(entry)) {
                return 1;
            }
        }
        pause_for(WAIT_NSEC);
    }
    return 0;
}
