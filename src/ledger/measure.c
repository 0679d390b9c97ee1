/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apr_atomic.h"
#include "apr_hash.h"
#include "apr_strings.h"
#include "ap_mpm.h"
#include "http_log.h"
#include "mod_watchdog.h"

#include "connection/fork.h"
#include "core/book/due.h"
#include "ledger/offer.h"
#include "ledger/clock.h"
#include "ledger/nofollow.h"
#include "ledger/patience.h"
#include "ledger/walk.h"
#include "request/log_once.h"

APLOG_USE_MODULE(expect_policy);

/* Microseconds.  A third of one processor at most: mod_watchdog calls every
 * 100 ms, not counting the slice itself. */
#define INTERVAL apr_time_from_msec(100)
#define SLICE apr_time_from_msec(50)
/* The most trees that are walked through at the same time, and how much of a slice
 * each of them has. */
#define TREES 8
#define TURN (SLICE / TREES)
/* The most of these turns for the trees of all owners, of one owner, and of one
 * section in the server's files: large trees of one do not delay those of others. */
#define TURNS_OF_OWNERS (TREES / 2)
#define TURNS_OF_OWNER (TREES / 4)
#define TURNS_OF_SECTION (TREES / 2)
/* The most for trees that were found for wildcards, and that no upload has asked
 * for. */
#define TURNS_OF_OFFERED (TREES / 4)
/* The time in a slice for finding these. */
#define OFFERING (SLICE / 2)
/* They are measured in two passes.  The first one stops a walk that takes longer than
 * this. */
#define FIRST_WALK apr_time_from_sec(1)
/* Calls of next_tree() in a slice: at least LOOKS, and one LOOKS_PART-th of all
 * places, so that all places are read in about a second. */
#define LOOKS 1024u
#define LOOKS_PART 8u
/* Calls in a slice for trees that were found for wildcards. */
#define OFFERED_LOOKS 64
/* The bounds of a walk in the thread of an upload: microseconds, and groups of 32
 * entries; how many threads of a child walk at the same time; and how long the others
 * pause before they ask for the number again. */
#define NOW_WALK apr_time_from_msec(20)
#define NOW_LOOKS 1000
#define NOW_MOST 8
#define NOW_PAUSE apr_time_from_msec(10)
/* The most bytes of a path in a log line. */
#define PLACE_SIZE 1500

/* A tree that is walked through. */
typedef struct walked {
    int is_walked;
    apr_uint32_t place;
    ep_ledger_tree before;
    ep_due_note *note;
    int insists;
    apr_int64_t began;
    ep_walk walk;
} walked;

/* Set while the configuration is read, and in post_config; then read-only. */
static struct plan {
    int is_needed;
    /* NULL: no ledger is needed */
    const ep_ledger_provider *ledger;
    /* of ep_ledger_charge */
    apr_array_header_t *planted;
    /* by path: the limits of these, apr_int64_t */
    apr_hash_t *limits;
    server_rec *server;
    /* 1: mod_watchdog calls watch() */
    int is_watched;
} plan;

/* The steps for trees that were found for wildcards. */
typedef enum offering { FINDING, FIRST_PASS, LAST_PASS, ALL_PASSED } offering;

/* Once the thread of mod_watchdog runs, only this thread uses it. */
static struct usage {
    const ep_ledger_provider *ledger;
    /* 1: the trees of this configuration are in it */
    int is_planted;
    offering offering;
    /* the place for next_tree(), to find those */
    apr_uint32_t offered;
    /* the place for next_tree(), to find trees that are due; and how many places
     * there are, 0: not known yet */
    apr_uint32_t place;
    apr_uint32_t places;
    ep_due_notes notes;
    ep_walk_turns turns;
    walked tree[TREES];
} usage;

static int is_turn_over(void *data)
{
    const apr_int64_t *until = data;

    return ep_clock_now() >= *until;
}

/* Copies the facts that core/book/due needs. */
static ep_due_tree as_due(const ep_ledger_tree *tree)
{
    ep_due_tree due;

    memcpy(due.id, tree->id.bytes, sizeof(due.id));
    due.is_known = tree->is_known;
    due.since_asked = tree->since_asked;
    due.since_measured = tree->since_measured;
    due.took = tree->took;
    return due;
}

/* Logs it once until the tree can be measured again.  If no upload has asked for the
 * tree, it is logged at info. */
static void say_unknown(const ep_ledger_tree *tree, int error, const char *what,
                        const char *place)
{
    if (tree->is_offered || ep_log_once_text(tree->path)) {
        ap_log_error(APLOG_MARK,
                     tree->is_offered ? APLOG_INFO : APLOG_WARNING, error,
                     plan.server, "the usage of %s is unknown, and "
                     "LedgerFailure decides: %s%s", tree->path, what, place);
    }
}

/* A path in the server's files that does not exist may be a mistake.  A directory of
 * a site may just not have been made yet. */
static void say_missing(const ep_ledger_tree *tree)
{
    if (ep_log_once_text(tree->path)) {
        ap_log_error(APLOG_MARK,
                     tree->is_planted ? APLOG_WARNING : APLOG_INFO, 0,
                     plan.server, "%s does not exist, and counts as empty",
                     tree->path);
    }
}

/* @param bytes below 0: it cannot be measured, and -1 - bytes were seen */
static void tell(const ep_ledger_tree *tree, ep_due_note *note, apr_int64_t bytes,
                 apr_int64_t began, int insists)
{
    const apr_int64_t now = ep_clock_now();
    const apr_int64_t took = now - began;

    const apr_status_t rv = usage.ledger->report_usage(tree, bytes, took,
                                                        insists);

    ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, plan.server,
                 "usage of %s: %" APR_INT64_T_FMT " bytes, measured in %"
                 APR_INT64_T_FMT " ms, %s", tree->path,
                 bytes < 0 ? APR_INT64_C(-1) : bytes, took / 1000,
                 rv == APR_SUCCESS ? "taken" : "not taken");
    if (rv != APR_SUCCESS) {
        ep_due_missed(note, now, took);
    }
}

/* ---------------------------------------------------------- usage files */

typedef enum reading { READ_NUMBER, READ_NOTHING_NEW, READ_FAILED } reading;

/* @param tree gets the mark of what was read */
static reading read_number(ep_ledger_tree *tree, int fd, apr_int64_t *bytes)
{
    char text[EP_DUE_FILE_MAX + 1];
    struct stat found;
    ep_due_state state;
    ssize_t length;
    int64_t number;
    uint32_t mark;

    if (fstat(fd, &found) != 0) {
        say_unknown(tree, errno, "cannot read it", "");
        return READ_FAILED;
    }
    if (!S_ISREG(found.st_mode)) {
        say_unknown(tree, 0, "it is no regular file", "");
        return READ_FAILED;
    }
    length = read(fd, text, sizeof(text));
    if (length < 0) {
        say_unknown(tree, errno, "cannot read it", "");
        return READ_FAILED;
    }
    if ((size_t)length > EP_DUE_FILE_MAX
        || !ep_due_parse(text, (size_t)length, &number)) {
        say_unknown(tree, 0, "it is not one number of bytes", "");
        return READ_FAILED;
    }
    state.inode = found.st_ino;
    /* st_ctime: rename() changes it, too */
    state.seconds = found.st_ctim.tv_sec;
    state.nanoseconds = found.st_ctim.tv_nsec;
    state.bytes = number;
    mark = ep_due_mark(&state);
    if (!ep_due_is_news(tree->is_known, tree->mark, mark)) {
        return READ_NOTHING_NEW;
    }
    tree->mark = mark;
    *bytes = number;
    return READ_NUMBER;
}

/* Follows links, since the path was written by the administrator.  O_NONBLOCK: a
 * pipe without a writer must not block. */
static reading read_usage(ep_ledger_tree *tree, apr_int64_t *bytes)
{
    reading result = READ_FAILED;
    const int fd = open(tree->path,
                        O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        say_unknown(tree, errno, "cannot open it", "");
    }
    else {
        result = read_number(tree, fd, bytes);
        close(fd);
    }
    return result;
}

/* With a ledger that servers share, one of them measures for all. */
static int may_measure(const ep_ledger_provider *ledger, ep_ledger_tree *tree)
{
    return ledger->begin_measure == NULL
           || ledger->begin_measure(tree) == APR_SUCCESS;
}

static void give_up(const ep_ledger_provider *ledger, const ep_ledger_tree *tree)
{
    if (ledger->drop_measure != NULL) {
        ledger->drop_measure(tree);
    }
}

static void read_file(ep_ledger_tree *tree, ep_due_note *note, int insists)
{
    const apr_int64_t began = ep_clock_now();
    apr_int64_t bytes = -1;
    const reading result = read_usage(tree, &bytes);

    if (result == READ_NOTHING_NEW) {
        give_up(usage.ledger, tree);
        ep_due_missed(note, ep_clock_now(), 0);
        return;
    }
    if (result == READ_NUMBER) {
        ep_log_once_forget(tree->path);
    }
    tell(tree, note, bytes, began, insists);
}

/* --------------------------------------------------------------- walking */

/* 1 if the error is temporary: it says nothing about the tree */
static int is_passing(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

static void say_failed(const ep_ledger_tree *tree, const ep_walk *walk)
{
    char place[PLACE_SIZE];

    ep_walk_place(walk, place, sizeof(place));
    if (walk->link[0] != '\0') {
        say_unknown(tree, 0,
                    "a link that is not the administrator's is not followed: ",
                    walk->link);
    }
    else if (walk->error == ELOOP) {
        say_unknown(tree, 0, "too deep: ", place);
    }
    else {
        say_unknown(tree, walk->error, "cannot read ", place);
    }
}

static void finish(walked *tree, ep_walk_result result)
{
    tree->is_walked = 0;
    if (result == EP_WALK_FAILED) {
        say_failed(&tree->before, &tree->walk);
    }
    else if (result == EP_WALK_NONE) {
        say_missing(&tree->before);
    }
    else {
        ep_log_once_forget(tree->before.path);
    }
    if (result == EP_WALK_FAILED && is_passing(tree->walk.error)) {
        ep_due_missed(tree->note, ep_clock_now(), 0);
        give_up(usage.ledger, &tree->before);
    }
    else {
        tell(&tree->before, tree->note,
             result == EP_WALK_FAILED ? -1 - tree->walk.bytes
                                      : tree->walk.bytes,
             tree->began, tree->insists);
    }
    ep_walk_end(&tree->walk);
}

static void walk_on(walked *tree, apr_int64_t until)
{
    const ep_walk_result result = ep_walk_go(&tree->walk, is_turn_over,
                                             &until);

    if (result != EP_WALK_MORE) {
        finish(tree, result);
    }
    else if (tree->before.is_offered && usage.offering == FIRST_PASS
             && ep_clock_now() - tree->began >= FIRST_WALK) {
        tree->is_walked = 0;
        give_up(usage.ledger, &tree->before);
        ep_walk_end(&tree->walk);
    }
}

/* -------------------------------------------------------- finding the due */

static walked *find_free(void)
{
    int i;

    for (i = 0; i < TREES; i++) {
        if (!usage.tree[i].is_walked) {
            return &usage.tree[i];
        }
    }
    return NULL;
}

static int is_walked(apr_uint32_t place)
{
    int i;

    for (i = 0; i < TREES; i++) {
        if (usage.tree[i].is_walked && usage.tree[i].place == place) {
            return 1;
        }
    }
    return 0;
}

/* 1 if a tree may be walked now: its share has a turn left */
static int has_turn(const ep_ledger_tree *tree)
{
    int of_share = 0, of_owners = 0, offered = 0;
    int i;

    for (i = 0; i < TREES; i++) {
        const ep_ledger_tree *other = &usage.tree[i].before;

        if (usage.tree[i].is_walked) {
            of_owners += other->is_owners;
            offered += other->is_offered;
            of_share += other->is_owners == tree->is_owners
                        && other->share == tree->share;
        }
    }
    if (tree->is_offered && offered >= TURNS_OF_OFFERED) {
        return 0;
    }
    return tree->is_owners ? of_share < TURNS_OF_OWNER
                                 && of_owners < TURNS_OF_OWNERS
                           : of_share < TURNS_OF_SECTION;
}

/* Begins to measure a tree, if it is due.
 * @param tree its member `before` is the tree in @a place */
static void begin(walked *tree, apr_uint32_t place)
{
    const apr_int64_t now = ep_clock_now();
    ep_due_note *note = ep_due_note_of(&usage.notes, place);
    const ep_due_tree due = as_due(&tree->before);
    const ep_due_step step = ep_due_is_path(tree->before.path,
                                            sizeof(tree->before.path))
                                 ? ep_due_decide(&due, note, now)
                                 : EP_DUE_REST;

    if (step == EP_DUE_REST) {
        return;
    }
    tree->insists = step == EP_DUE_INSIST;
    if (!tree->before.is_file && !has_turn(&tree->before)) {
        return;
    }
    if (!may_measure(usage.ledger, &tree->before)) {
        return;
    }
    if (tree->before.is_file) {
        read_file(&tree->before, note, tree->insists);
        return;
    }
    tree->is_walked = 1;
    tree->place = place;
    tree->note = note;
    tree->began = now;
    ep_walk_begin(&tree->walk, &usage.turns, tree->before.path);
}

/* Searches the ledger for trees that are due, from where the last slice stopped, until
 * all turns are taken. */
static void find_due(apr_uint32_t *looks)
{
    walked *tree;

    while (*looks > 0 && (tree = find_free()) != NULL) {
        const apr_status_t rv = usage.ledger->next_tree(&usage.place,
                                                        &tree->before);

        (*looks)--;
        if (rv == APR_SUCCESS) {
            const apr_uint32_t place = usage.place++;

            if (!tree->before.is_offered && !is_walked(place)) {
                begin(tree, place);
            }
        }
        else if (rv == APR_EOF) {
            usage.places = usage.place;
            usage.place = 0;
            *looks = 0;
        }
        else if (rv != APR_NOTFOUND) {
            /* the ledger does not answer: try again in the next slice */
            *looks = 0;
        }
    }
}

/* Begins the next pass, or ends the last one. */
static void pass_on(void)
{
    usage.offered = 0;
    usage.offering = usage.offering == FIRST_PASS ? LAST_PASS : ALL_PASSED;
}

/* Finds the trees that were found for wildcards and were never measured. */
static void find_offered(void)
{
    int looks = OFFERED_LOOKS;
    walked *tree;

    while (looks-- > 0
           && (usage.offering == FIRST_PASS || usage.offering == LAST_PASS)
           && (tree = find_free()) != NULL) {
        const apr_status_t rv = usage.ledger->next_tree(&usage.offered,
                                                        &tree->before);

        if (rv == APR_EOF) {
            pass_on();
        }
        else if (rv == APR_SUCCESS && tree->before.is_offered
                 && tree->before.since_measured < 0
                 && !is_walked(usage.offered)) {
            if (!has_turn(&tree->before)) {
                return;
            }
            begin(tree, usage.offered++);
        }
        else if (rv == APR_SUCCESS) {
            usage.offered++;
        }
        else if (rv != APR_NOTFOUND) {
            return;
        }
    }
}

static void offer(void)
{
    apr_int64_t until = ep_clock_now() + OFFERING;

    if (usage.offering == FINDING && usage.is_planted
        && ep_offer_go(usage.ledger, plan.server, is_turn_over, &until)) {
        usage.offering = FIRST_PASS;
    }
}

/* Announces the trees of the configuration: before a child answers requests, so that
 * no other tree takes their places; or later, if another server has the ledger's file
 * until then.  The ledger knows whether another child has done this before. */
static void plant(const ep_ledger_provider *ledger)
{
    const ep_ledger_charge *charges = NULL;
    int count = 0, without;

    if (plan.planted != NULL) {
        charges = (const ep_ledger_charge *)(void *)plan.planted->elts;
        count = plan.planted->nelts;
    }
    /* without trees, too: the ledger then forgets those of the last configuration */
    if (ledger == NULL || usage.is_planted
        || ledger->announce_trees(charges, count, &without) != APR_SUCCESS) {
        return;
    }
    usage.is_planted = 1;
    if (without > 0) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, plan.server,
                     "the ledger has no room for %d of %d trees with quotas",
                     without, count);
    }
}

static void measure(void)
{
    const apr_int64_t end = ep_clock_now() + SLICE;
    apr_uint32_t looks = usage.places / LOOKS_PART;
    int walks, i;

    if (looks < LOOKS) {
        looks = LOOKS;
    }
    offer();
    do {
        find_due(&looks);
        find_offered();
        walks = 0;
        for (i = 0; i < TREES; i++) {
            if (usage.tree[i].is_walked) {
                walk_on(&usage.tree[i], ep_clock_now() + TURN);
                walks++;
            }
        }
    } while (walks > 0 && ep_clock_now() < end);
}

static void tell_news(void)
{
    const char *what = usage.ledger->take_news != NULL
                           ? usage.ledger->take_news()
                           : NULL;

    if (what != NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, plan.server, "the ledger %s",
                     what);
    }
}

/* A child that ends does not wait for this thread.  If a child stops gracefully,
 * mod_watchdog ends the thread after the slice. */
static apr_status_t watch(int state, void *data, apr_pool_t *pool)
{
    (void)data;
    (void)pool;
    if (state == AP_WATCHDOG_STATE_RUNNING) {
        usage.ledger = plan.ledger;
        if (usage.ledger != NULL) {
            plant(usage.ledger);
            measure();
            tell_news();
        }
    }
    return APR_SUCCESS;
}

/* -------------------------------------------- in the thread of an upload */

/* The bound of a walk in the thread of an upload. */
typedef struct bound {
    apr_int64_t until;
    int looks;
} bound;

static int is_bound_met(void *data)
{
    bound *left = data;

    return left->looks-- <= 0 || ep_clock_now() >= left->until;
}

/* @param bytes out: the size of the tree; below 0: it cannot be measured, and
 *        -1 - bytes were seen
 * @return 0: it takes longer, or failed with a temporary error */
static int walk_now(const ep_ledger_tree *tree, apr_int64_t until, apr_int64_t *bytes)
{
    /* only the background thread walks through deep trees: if all threads did, there
     * might not be enough descriptors */
    static const ep_walk nobody;
    ep_walk_turns turns = { &nobody };
    bound left = { ep_clock_now() + NOW_WALK, NOW_LOOKS };
    ep_walk walk;
    ep_walk_result result;

    if (left.until > until) {
        left.until = until;
    }
    ep_walk_begin(&walk, &turns, tree->path);
    result = ep_walk_go(&walk, is_bound_met, &left);
    if (result == EP_WALK_NONE) {
        say_missing(tree);
    }
    if (result == EP_WALK_FAILED && is_passing(walk.error)) {
        result = EP_WALK_MORE;
    }
    if (result == EP_WALK_FAILED) {
        say_failed(tree, &walk);
    }
    *bytes = result == EP_WALK_FAILED ? -1 - walk.bytes : walk.bytes;
    ep_walk_end(&walk);
    return result != EP_WALK_MORE;
}

/* Bounds how many threads of a child a slow file system can delay. */
static int measure_now(ep_ledger_tree *tree, apr_int64_t until, apr_int64_t *bytes)
{
    static apr_uint32_t walkers;
    int is_done = 0;

    *bytes = -1;
    if (tree->is_file) {
        read_usage(tree, bytes);
        return 1;
    }
    if (apr_atomic_inc32(&walkers) < NOW_MOST) {
        is_done = walk_now(tree, until, bytes);
    }
    apr_atomic_dec32(&walkers);
    return is_done;
}

/* Waits until another thread has measured the tree. */
static ep_measure_result wait_for(const ep_ledger_charge *charge, apr_int64_t until)
{
    const ep_ledger_provider *ledger = plan.ledger;
    ep_ledger_tree tree;

    while (ep_clock_now() < until) {
        apr_sleep(NOW_PAUSE);
        if (ledger->find_tree(charge, &tree) != APR_SUCCESS) {
            return EP_MEASURE_FAILED;
        }
        if (tree.is_known || tree.since_measured >= 0) {
            return tree.is_known ? EP_MEASURE_DONE : EP_MEASURE_FAILED;
        }
    }
    return EP_MEASURE_LATER;
}

/* Waits longer, if there is a place to wait.  The trees of one owner together have the
 * places of one tree of the server's, so that no owner can take all places. */
static ep_measure_result wait_longer(const ep_ledger_charge *charge, apr_int64_t until)
{
    const apr_int64_t now = ep_clock_now();
    apr_uint64_t whom = charge->share;
    ep_measure_result result;
    int place;

    if (!charge->is_owners) {
        memcpy(&whom, charge->key.bytes, sizeof(whom));
    }
    place = now < until ? ep_patience_take(whom, now, until) : -1;
    if (place < 0) {
        return EP_MEASURE_LATER;
    }
    result = wait_for(charge, until);
    ep_patience_give(place);
    return result;
}

/* Measures a tree for which the ledger has no place. */
static ep_measure_result measure_without(ep_ledger_charge *charge, apr_int64_t until)
{
    apr_int64_t bytes;
    ep_ledger_tree tree;

    memset(&tree, 0, sizeof(tree));
    tree.is_file = charge->is_file;
    apr_cpystrn(tree.path, charge->path, sizeof(tree.path));
    if (charge->is_measured || !measure_now(&tree, until, &bytes)) {
        return EP_MEASURE_LATER;
    }
    /* a tree that cannot be measured counts with the bytes that were seen */
    charge->is_measured = 1;
    charge->measured = bytes >= 0 ? bytes : -1 - bytes;
    return EP_MEASURE_DONE;
}

static ep_measure_result wait_for_number(const ep_ledger_charge *charge,
                                         apr_int64_t until, apr_int64_t longest)
{
    const ep_measure_result result = wait_for(charge, until);

    return result == EP_MEASURE_LATER && plan.is_watched
               ? wait_longer(charge, longest)
               : result;
}

ep_measure_result ep_measure(ep_ledger_charge *charge, apr_int64_t until,
                             apr_int64_t longest)
{
    const ep_ledger_provider *ledger = plan.ledger;
    const apr_int64_t began = ep_clock_now();
    apr_int64_t bytes;
    apr_status_t rv;
    ep_ledger_tree tree;

    if (ledger == NULL) {
        return EP_MEASURE_FAILED;
    }
    if (began >= longest) {
        return EP_MEASURE_LATER;
    }
    rv = ledger->find_tree(charge, &tree);
    if (rv == APR_ENOSPC) {
        return measure_without(charge, longest);
    }
    if (rv != APR_SUCCESS || tree.is_known || tree.since_measured >= 0) {
        return rv == APR_SUCCESS && tree.is_known ? EP_MEASURE_DONE
                                                  : EP_MEASURE_FAILED;
    }
    if (!may_measure(ledger, &tree)) {
        return wait_for_number(charge, until, longest);
    }
    if (!measure_now(&tree, longest, &bytes)) {
        give_up(ledger, &tree);
        return wait_for_number(charge, until, longest);
    }
    ledger->report_usage(&tree, bytes, ep_clock_now() - began, 1);
    return bytes >= 0 ? EP_MEASURE_DONE : EP_MEASURE_FAILED;
}

/* --------------------------------------------------------------- starting */

void ep_measure_reset(void)
{
    memset(&plan, 0, sizeof(plan));
    ep_offer_reset();
}

void ep_measure_need(void)
{
    plan.is_needed = 1;
}

static void note_limit(apr_pool_t *pconf, const ep_ledger_charge *planted)
{
    const apr_int64_t known = ep_measure_limit_of(planted->path);

    if (plan.limits == NULL) {
        plan.limits = apr_hash_make(pconf);
    }
    if (known < 0 || planted->limit < known) {
        apr_hash_set(plan.limits, planted->path, APR_HASH_KEY_STRING,
                     apr_pmemdup(pconf, &planted->limit,
                                 sizeof(planted->limit)));
    }
}

void ep_measure_plant(apr_pool_t *pconf, const ep_ledger_charge *charge)
{
    ep_ledger_charge *planted;

    if (plan.planted == NULL) {
        plan.planted = apr_array_make(pconf, 8, sizeof(ep_ledger_charge));
    }
    planted = apr_array_push(plan.planted);
    *planted = *charge;
    planted->path = apr_pstrdup(pconf, charge->path);
    note_limit(pconf, planted);
    plan.is_needed = 1;
}

apr_int64_t ep_measure_limit_of(const char *path)
{
    const apr_int64_t *limit = plan.limits != NULL
                                   ? apr_hash_get(plan.limits, path,
                                                  APR_HASH_KEY_STRING)
                                   : NULL;

    return limit != NULL ? *limit : -1;
}

void ep_measure_match(apr_pool_t *pconf, const char *pattern,
                      const ep_ledger_charge *charge, int (*is_on)(const void *section),
                      const void *section)
{
    ep_offer_add(pconf, pattern, charge, is_on, section);
    plan.is_needed = 1;
}

/* Threads that answer requests, in all children. */
static int workers(void)
{
    int children = 1, threads = 1;

    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return children * (threads > 0 ? threads : 1);
}

/* @return 0 if there is no mod_watchdog */
static int get_watched(apr_pool_t *pconf)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get
        = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *call_back
        = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;

    return get != NULL && call_back != NULL
           && get(&watchdog, "_expect_policy_", 0, 1, pconf) == APR_SUCCESS
           && call_back(watchdog, INTERVAL, NULL, watch) == APR_SUCCESS;
}

int ep_measure_start(apr_pool_t *pconf, server_rec *main_server,
                     const ep_ledger_provider *ledger, int has_owners)
{
    plan.ledger = ledger;
    /* The user that started httpd is the administrator.  This has to be noted here,
     * since children have changed their user before they measure.  Without a quota,
     * too: a COPY may be added up. */
    ep_nofollow_trust(geteuid());
    /* without need, there is no thread: in a process with more than one thread, each
     * system call is slower, even if the other threads are idle */
    if (ledger == NULL
        || (!plan.is_needed && !has_owners)) {
        return OK;
    }
    plan.server = main_server;
    ep_offer_start(pconf);
    ep_patience_make(pconf, workers());
    plan.is_watched = get_watched(pconf);
    if (!plan.is_watched && plan.is_needed) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, main_server,
                     "quotas need mod_watchdog to measure the usage: load it");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!plan.is_watched) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, main_server,
                     "there is no mod_watchdog: the usage of trees whose "
                     "quotas stand in .htaccess files remains unknown");
    }
    return OK;
}

static void prepare_child(apr_pool_t *pool, server_rec *s)
{
    (void)pool;
    (void)s;
    plant(plan.ledger);
    if (plan.is_watched) {
        ep_fork_guard();
    }
    else if (plan.ledger != NULL && plan.ledger->end_offers != NULL) {
        /* nothing measures trees, so none is searched for */
        plan.ledger->end_offers();
    }
}

void ep_measure_register(void)
{
    /* after the hook of ledger/ledger, before mod_watchdog makes its thread */
    ap_hook_child_init(prepare_child, NULL, NULL, APR_HOOK_FIRST);
}
