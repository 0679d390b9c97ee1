/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/fleet_trees.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "apr_atomic.h"
#include "http_log.h"

#include "redis/call.h"
#include "redis/conn.h"
#include "redis/secretary.h"

APLOG_USE_MODULE(expect_policy_redis);

/* Places that are looked at for a tree. */
#define LOOKS 16u
/* Microseconds: what a call in the background may take; how often Redis is asked for a
 * tree, and for how long after an upload has asked; when to ask again who measures. */
#define PATIENCE (500 * 1000)
#define EVERY (3 * 1000 * 1000)
#define STAYS (60 * 1000 * 1000)
#define SOON (500 * 1000)
/* Answers of Redis can come so much later than others; ms. */
#define OLD 10000
/* So many measurements in turns that do not fit are storage that is not shared. */
#define TURNS 4

/* Words of ep_ledger_tree.opaque that `shm` leaves. */
enum { CHANGES = 4, MOVES, SETTLED, MEASUREMENTS };

typedef struct note {
    /* 0: the place is free */
    volatile apr_uint32_t is_used;
    /* Redis is to be told: a doubt; that it has at least what this server knows */
    volatile apr_uint32_t is_doubted;
    volatile apr_uint32_t is_owed;
    /* the process that measures it for all servers; 0: none here */
    volatile apr_uint32_t measurer;
    /* 1: it was logged that servers measure different numbers */
    volatile apr_uint32_t is_told;
    /* of `shm` */
    ep_ledger_key id;
    ep_ledger_key key;
    /* of ep_conn_clock(): when an upload here has asked, when Redis has been asked, and
     * when it may be asked who measures */
    volatile apr_int64_t asked;
    volatile apr_int64_t looked;
    volatile apr_int64_t next_begin;
    /* as Redis has told: when it was measured and asked for, by ep_conn_clock(); 0:
     * never */
    volatile apr_int64_t measured_at;
    volatile apr_int64_t asked_at;
    volatile apr_int64_t others;
    volatile apr_int64_t took;
    /* the clock of Redis when it has told this; ms */
    volatile apr_int64_t told_at;
    volatile apr_uint32_t is_known;
    volatile apr_uint32_t measurements;
} note;

struct ep_fleet_trees {
    note notes[EP_FLEET_TREES_MOST];
};

static struct here {
    server_rec *server;
    struct ep_fleet_trees *trees;
    ep_journal *journal;
    const ep_url *url;
    const ep_ledger_provider *shm;
} here;

ep_fleet_trees *ep_fleet_trees_make(apr_pool_t *process, const char *key)
{
    void *kept = NULL;

    apr_pool_userdata_get(&kept, key, process);
    if (kept == NULL) {
        kept = mmap(NULL, sizeof(struct ep_fleet_trees), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (kept == MAP_FAILED) {
            return NULL;
        }
        apr_pool_userdata_set(kept, key, NULL, process);
    }
    return kept;
}

static void tell_trees(int begins_anew, apr_int64_t until);
static void owe(const ep_ledger_key *key);

static const ep_secretary_trees for_secretary = { owe, tell_trees };

void ep_fleet_trees_init(server_rec *s, ep_fleet_trees *trees, ep_journal *journal,
                         const ep_url *url, const ep_ledger_provider *shm)
{
    here.server = s;
    here.trees = trees;
    here.journal = journal;
    here.url = url;
    here.shm = shm;
    ep_secretary_set_trees(&for_secretary);
}

int ep_fleet_trees_has(const ep_ledger_charge *charge)
{
    return charge->kind == EP_CHARGE_QUOTA && !charge->is_local;
}

/* ------------------------------------------------------------------------- notes */

static apr_int64_t amount(apr_int64_t number)
{
    return ep_journal_sum(number, 0);
}

/* @return NULL: there is none of this tree of `shm` */
static note *find_note(const ep_ledger_key *id)
{
    apr_uint32_t first, i;

    memcpy(&first, id->bytes, sizeof(first));
    for (i = 0; i < LOOKS; i++) {
        note *one = &here.trees->notes[(first + i) % EP_FLEET_TREES_MOST];

        if (one->is_used != 0 && memcmp(&one->id, id, sizeof(*id)) == 0) {
            return one;
        }
    }
    return NULL;
}

/* Takes the place that nobody has asked for the longest. */
static note *make_note(const ep_ledger_key *id, const ep_ledger_key *key)
{
    note *best = NULL;
    apr_uint32_t first, i;

    memcpy(&first, id->bytes, sizeof(first));
    for (i = 0; i < LOOKS; i++) {
        note *one = &here.trees->notes[(first + i) % EP_FLEET_TREES_MOST];

        if (best == NULL || one->is_used == 0
            || (best->is_used != 0 && one->asked < best->asked)) {
            best = one;
        }
    }
    memset(best, 0, sizeof(*best));
    best->id = *id;
    best->key = *key;
    apr_atomic_set32(&best->is_used, 1);
    return best;
}

static note *note_of(const ep_ledger_key *key)
{
    ep_ledger_key id;
    note *found;

    here.shm->name_tree(key, &id);
    found = find_note(&id);
    return found != NULL ? found : make_note(&id, key);
}

/* ------------------------------------------------------------------------- calls */

static int is_away(void)
{
    return ep_breaker_is_open(&here.journal->breaker);
}

static void begin_call(ep_call *call, ep_script_name name, const note *of)
{
    ep_call_begin(call, name, here.journal, here.url,
                  apr_atomic_read32(&here.journal->generation));
    ep_call_key_of(call, EP_CHARGE_QUOTA, &of->key);
    ep_call_common(call);
}

/* 1: another thread has had a later answer.  A clock of Redis that was set back, or
 * another Redis, makes no answer old for long. */
static int is_old(note *of, const ep_call_answer *answer, apr_int64_t measurements)
{
    const apr_int64_t before = of->told_at;

    if (answer->now < before ? before - answer->now < OLD
                             : answer->now == before
                                   && measurements < (apr_int64_t)of->measurements) {
        return 1;
    }
    of->told_at = answer->now;
    return 0;
}

/* Takes over what Redis has told of a tree. */
static void note_answer(note *of, const ep_call_answer *answer)
{
    const apr_int64_t now = ep_conn_clock();
    const apr_int64_t *told = answer->numbers;

    of->others = told[1];
    of->is_known = told[2] != 0;
    of->measurements = (apr_uint32_t)told[3];
    of->measured_at = told[4] < 0 ? 0 : now - told[4] * 1000;
    of->took = told[5];
    of->asked_at = now - told[6] * 1000;
    of->looked = now;
}

/* @param one, two see tree.lua  @return 1: `done`; 0: another word, or no answer */
static int ask(note *of, const char *what, apr_int64_t one, apr_int64_t two,
               apr_int64_t deadline, ep_call_answer *answer)
{
    ep_call call;

    begin_call(&call, EP_SCRIPT_TREE, of);
    ep_call_word(&call, what);
    ep_call_number(&call, one);
    ep_call_number(&call, two);
    if (ep_call_send(&call, deadline, 0, answer) != EP_CAUSE_NONE
        || answer->count < 12) {
        return 0;
    }
    if (!is_old(of, answer, answer->numbers[3])) {
        note_answer(of, answer);
    }
    return strcmp(answer->word, "done") == 0;
}

/* ---------------------------------------------------------------------- the copy */

/* 1: an upload has ended here, and Redis was not told what it has stored in a tree. */
static int is_untold(const note *of)
{
    const apr_uint32_t count = ep_journal_places(here.journal);
    apr_uint32_t i, j;

    for (i = 0; i < count; i++) {
        ep_journal_entry *entry = &here.journal->entries[i];

        for (j = 0; ep_journal_state_of(entry) != EP_JOURNAL_FREE
                    && entry->is_ending != 0 && j < ep_journal_parts(entry); j++) {
            if (entry->parts[j].kind == EP_CHARGE_QUOTA
                && memcmp(&entry->parts[j].key, &of->key, sizeof(of->key)) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

static void fill_charge(const note *of, ep_ledger_charge *charge, const char *path)
{
    memset(charge, 0, sizeof(*charge));
    charge->kind = EP_CHARGE_QUOTA;
    charge->key = of->key;
    charge->path = path;
}

/* Gives `shm` the number that Redis has, if it has another one.  One that was measured
 * since Redis has answered is newer.  What ends here meanwhile is in one of both numbers
 * only; the next time it is in both.
 * @param is_secretary 0: the number is taken only if there is none */
static void copy_number(const note *of, const ep_call_answer *answer, int is_secretary)
{
    const apr_int64_t *told = answer->numbers;
    ep_ledger_balance balance = { 0, 0, 0 };
    ep_ledger_charge charge;
    ep_ledger_tree tree;

    if (told[3] == 0 || of->measurements != (apr_uint32_t)told[3]
        || here.shm->read_balance(EP_CHARGE_QUOTA, &of->key, &balance)
               != APR_SUCCESS
        || (balance.is_known && !is_secretary)
        || (balance.is_known == (told[2] != 0) && balance.used == told[0])
        || is_untold(of)) {
        return;
    }
    fill_charge(of, &charge, "");
    if (here.shm->find_tree(&charge, &tree) == APR_SUCCESS
        && tree.used == balance.used) {
        here.shm->report_usage(&tree, told[2] != 0 ? told[0] : -1 - told[0],
                               amount(of->took), 1);
    }
}

/* What the caller sees are the numbers of all servers. */
static void overlay(const note *of, ep_ledger_tree *tree)
{
    const apr_int64_t now = ep_conn_clock();
    const apr_int64_t asked = of->asked > of->asked_at ? of->asked : of->asked_at;

    tree->opaque[MEASUREMENTS] = of->measurements;
    if (is_away()) {
        return;
    }
    if (of->looked == 0) {
        /* the secretary asks within a second */
        tree->since_asked = APR_INT64_MAX;
        return;
    }
    tree->is_known = of->is_known != 0;
    tree->held = ep_journal_sum(tree->held, of->others);
    tree->took = amount(of->took);
    tree->since_measured = of->measured_at == 0 ? -1 : amount(now - of->measured_at);
    tree->since_asked = amount(now - asked);
}

/* --------------------------------------------------------------------- of uploads */

apr_int64_t ep_fleet_trees_ask(const ep_ledger_charge *charge, int *is_doubted)
{
    ep_ledger_balance balance = { 0, 0, 0 };
    note *of = note_of(&charge->key);

    of->asked = ep_conn_clock();
    *is_doubted = of->is_doubted != 0;
    return here.shm->read_balance(EP_CHARGE_QUOTA, &charge->key, &balance)
                       == APR_SUCCESS
                   && balance.is_known
               ? balance.used
               : -1;
}

/* Redis may not have counted an upload that has ended: the tree has at least what this
 * server knows, and is to be measured. */
static void owe(const ep_ledger_key *key)
{
    apr_atomic_set32(&note_of(key)->is_owed, 1);
}

apr_status_t ep_fleet_trees_doubt(const ep_ledger_charge *charge)
{
    if (ep_fleet_trees_has(charge)) {
        apr_atomic_set32(&note_of(&charge->key)->is_doubted, 1);
    }
    return here.shm->doubt_usage(charge);
}

apr_status_t ep_fleet_trees_find(const ep_ledger_charge *charge, ep_ledger_tree *tree)
{
    const apr_int64_t deadline = ep_conn_clock() + here.url->timeout;
    const apr_status_t rv = here.shm->find_tree(charge, tree);
    ep_call_answer answer;
    note *of;

    if (!ep_fleet_trees_has(charge) || (rv != APR_SUCCESS && rv != APR_ENOSPC)) {
        return rv;
    }
    of = note_of(&charge->key);
    of->asked = ep_conn_clock();
    if (!is_away() && ep_secretary_register(deadline)
        && ask(of, "look", 0, 0, deadline, &answer)) {
        copy_number(of, &answer, 0);
    }
    if (rv == APR_SUCCESS) {
        overlay(of, tree);
    }
    return rv;
}

apr_status_t ep_fleet_trees_balance(ep_ledger_kind kind, const ep_ledger_key *key,
                                    ep_ledger_balance *balance)
{
    const apr_status_t rv = here.shm->read_balance(kind, key, balance);
    ep_ledger_key id;
    const note *of;

    if (kind != EP_CHARGE_QUOTA || rv != APR_SUCCESS) {
        return rv;
    }
    here.shm->name_tree(key, &id);
    of = find_note(&id);
    if (of != NULL && of->looked != 0 && !is_away()) {
        balance->held = ep_journal_sum(balance->held, of->others);
    }
    return rv;
}

/* ------------------------------------------------------------------- of who measures */

apr_status_t ep_fleet_trees_next(apr_uint32_t *place, ep_ledger_tree *tree)
{
    const apr_status_t rv = here.shm->next_tree(place, tree);
    const note *of = rv == APR_SUCCESS ? find_note(&tree->id) : NULL;

    if (of != NULL) {
        overlay(of, tree);
    }
    return rv;
}

apr_status_t ep_fleet_trees_announce(const ep_ledger_charge *charges, int count,
                                     int *without)
{
    int i;

    for (i = 0; i < count; i++) {
        if (ep_fleet_trees_has(&charges[i])) {
            note_of(&charges[i].key)->asked = ep_conn_clock();
        }
    }
    return here.shm->announce_trees(charges, count, without);
}

apr_status_t ep_fleet_trees_offer(const ep_ledger_charge *charge)
{
    if (ep_fleet_trees_has(charge)) {
        note_of(&charge->key)->asked = ep_conn_clock();
    }
    return here.shm->offer_tree(charge);
}

static void tell_doubt(note *of, apr_int64_t until)
{
    ep_call_answer answer;

    apr_atomic_set32(&of->is_doubted, 0);
    memset(&answer, 0, sizeof(answer));
    if (!ask(of, "doubt", 0, 0, until, &answer)) {
        apr_atomic_set32(&of->is_doubted, 1);
    }
}

/* What has ended here before a measurement begins or ends is told before. */
static void tell_before(note *of, apr_int64_t until)
{
    ep_secretary_flush(until);
    if (of->is_doubted != 0) {
        tell_doubt(of, until);
    }
}

/* @return 1: this process measures the tree, and no other one of this server */
static int take(note *of)
{
    const apr_uint32_t mine = (apr_uint32_t)getpid();
    const apr_uint32_t before = apr_atomic_read32(&of->measurer);

    return (before == 0 || before > APR_INT32_MAX
            || (kill((pid_t)before, 0) != 0 && errno == ESRCH))
           && apr_atomic_cas32(&of->measurer, mine, before) == before;
}

apr_status_t ep_fleet_trees_begin(ep_ledger_tree *tree)
{
    const apr_int64_t now = ep_conn_clock();
    note *of = find_note(&tree->id);
    ep_call_answer answer;

    tree->opaque[MEASUREMENTS] = APR_INT64_MAX;
    if (of == NULL || is_away()) {
        return APR_SUCCESS;
    }
    if (now < of->next_begin || !ep_secretary_register(now + here.url->timeout)
        || !take(of)) {
        return APR_EAGAIN;
    }
    tell_before(of, now + here.url->timeout);
    memset(&answer, 0, sizeof(answer));
    if (!ask(of, "begin", of->measurements, here.url->lease / 1000,
             now + here.url->timeout, &answer)) {
        of->next_begin = now + SOON;
        apr_atomic_set32(&of->measurer, 0);
        return APR_EAGAIN;
    }
    tree->opaque[CHANGES] = (apr_uint64_t)answer.numbers[7];
    tree->opaque[MOVES] = (apr_uint64_t)answer.numbers[8];
    tree->opaque[SETTLED] = (apr_uint64_t)answer.numbers[9];
    tree->opaque[MEASUREMENTS] = (apr_uint64_t)answer.numbers[3];
    if (tree->is_file) {
        tree->mark = (apr_uint32_t)answer.numbers[10];
    }
    return APR_SUCCESS;
}

void ep_fleet_trees_drop(const ep_ledger_tree *tree)
{
    note *of = find_note(&tree->id);
    ep_call_answer answer;

    if (of != NULL && tree->opaque[MEASUREMENTS] != APR_INT64_MAX) {
        ask(of, "drop", 0, 0, ep_conn_clock() + here.url->timeout, &answer);
        apr_atomic_set32(&of->measurer, 0);
    }
}

/* Two servers with disks of their own find the same two numbers in turns. */
static void tell_turns(note *of, const ep_ledger_tree *tree, apr_int64_t bytes,
                       apr_int64_t turns)
{
    if (turns >= TURNS && apr_atomic_cas32(&of->is_told, 1, 0) == 0) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, here.server,
                     "servers of the ledger find different numbers in %s in turns (here"
                     " %" APR_INT64_T_FMT " bytes): if it is not storage that all of"
                     " them share, its quota has to say local", tree->path, bytes);
    }
}

/* @return APR_SUCCESS: Redis has taken it */
static apr_status_t tell_number(note *of, const ep_ledger_tree *before,
                                apr_int64_t bytes, apr_int64_t took, int insists)
{
    ep_call_answer answer;
    ep_call call;

    begin_call(&call, EP_SCRIPT_MEASURED, of);
    ep_call_number(&call, bytes);
    ep_call_number(&call, took);
    ep_call_number(&call, insists);
    ep_call_number(&call, (apr_int64_t)before->opaque[CHANGES]);
    ep_call_number(&call, (apr_int64_t)before->opaque[MOVES]);
    ep_call_number(&call, (apr_int64_t)before->opaque[SETTLED]);
    ep_call_number(&call, (apr_int64_t)before->opaque[MEASUREMENTS]);
    ep_call_number(&call, before->mark);
    if (ep_call_send(&call, ep_conn_clock() + here.url->timeout, 0, &answer)
            != EP_CAUSE_NONE
        || answer.count < 4) {
        return APR_EAGAIN;
    }
    is_old(of, &answer, answer.numbers[2]);
    of->is_known = answer.numbers[1] != 0;
    of->measurements = (apr_uint32_t)answer.numbers[2];
    if (strcmp(answer.word, "done") != 0) {
        return APR_EAGAIN;
    }
    of->measured_at = ep_conn_clock();
    of->took = took;
    tell_turns(of, before, bytes, answer.numbers[3]);
    return APR_SUCCESS;
}

apr_status_t ep_fleet_trees_report(const ep_ledger_tree *before, apr_int64_t bytes,
                                   apr_int64_t took, int insists)
{
    note *of = find_note(&before->id);
    apr_status_t rv = APR_SUCCESS;

    if (of != NULL && before->opaque[MEASUREMENTS] != APR_INT64_MAX) {
        tell_before(of, ep_conn_clock() + here.url->timeout);
        rv = tell_number(of, before, bytes, took, insists);
        apr_atomic_set32(&of->measurer, 0);
        if (rv == APR_SUCCESS) {
            here.shm->report_usage(before, bytes, took, insists);
        }
        return rv;
    }
    return here.shm->report_usage(before, bytes, took, insists);
}

/* ------------------------------------------------------------------ in the background */

static void tell_debt(note *of, apr_int64_t until)
{
    ep_ledger_balance balance = { 0, 0, 0 };
    ep_call_answer answer;

    apr_atomic_set32(&of->is_owed, 0);
    if (here.shm->read_balance(EP_CHARGE_QUOTA, &of->key, &balance) == APR_SUCCESS
        && balance.is_known && !ask(of, "assert", balance.used, 0, until, &answer)) {
        apr_atomic_set32(&of->is_owed, 1);
    }
}

static void look_at(note *of, apr_int64_t until)
{
    const apr_int64_t now = ep_conn_clock();
    const apr_int64_t deadline = now + PATIENCE < until ? now + PATIENCE : until;
    ep_call_answer answer;

    if (of->is_owed != 0) {
        tell_debt(of, deadline);
    }
    if (of->is_doubted != 0) {
        tell_doubt(of, deadline);
    }
    if (of->looked != 0 && (now - of->looked < EVERY || now - of->asked > STAYS)
        && of->measurer == 0) {
        return;
    }
    if (of->measurer != 0 ? ask(of, "renew", here.url->lease / 1000, 0, deadline, &answer)
                          : ask(of, "look", 0, 0, deadline, &answer)) {
        copy_number(of, &answer, 1);
    }
}

/* Tells Redis doubts, keeps the leases of who measures here, and gives the numbers of
 * trees that uploads ask for to `shm`.
 * @param begins_anew 1: Redis knows nothing of this server: all trees are told */
static void tell_trees(int begins_anew, apr_int64_t until)
{
    apr_uint32_t i;

    for (i = 0; i < EP_FLEET_TREES_MOST; i++) {
        note *of = &here.trees->notes[i];

        if (of->is_used == 0) {
            continue;
        }
        if (begins_anew) {
            of->is_owed = 1;
        }
        if (ep_conn_clock() < until && !is_away()) {
            look_at(of, until);
        }
    }
}
