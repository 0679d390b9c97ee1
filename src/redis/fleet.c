/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/fleet.h"

#include <errno.h>
#include <string.h>

#include "ap_provider.h"
#include "apr_atomic.h"
#include "apr_strings.h"
#include "http_log.h"

#include "redis/call.h"
#include "redis/fleet_trees.h"
#include "redis/numbers.h"
#include "redis/pool.h"
#include "redis/secretary.h"
#include "redis/sender.h"

APLOG_USE_MODULE(expect_policy_redis);

/* The key in the pool of the process. */
#define KEPT "mod_expect_policy ledger redis"

/* Set while the configuration is read, and in post_config; then read-only. */
static struct fleet {
    ep_url *url;
    const ep_ledger_provider *shm;
    void *shm_config;
    /* NULL: there is no memory */
    ep_journal *journal;
    ep_fleet_trees *trees;
} fleet;

/* --------------------------------------------------------------- configuration */

static const char *check_config(apr_pool_t *pconf, void *config)
{
    (void)config;
    return fleet.shm->check_config(pconf, fleet.shm_config);
}

static void open_ledger(apr_pool_t *pconf, server_rec *s, void *config)
{
    const char *warning, *error, *key;

    (void)config;
    fleet.shm->post_config(pconf, s, fleet.shm_config);
    error = ep_url_read_password(pconf, fleet.url, &warning);
    if (error != NULL || warning != NULL) {
        ap_log_error(APLOG_MARK, error != NULL ? APLOG_ERR : APLOG_WARNING, 0, s,
                     "the ledger %s: %s", fleet.url->shown,
                     error != NULL ? error : warning);
    }
    ep_pool_post_config(pconf, s, fleet.url);
    /* a child of before a restart may use another Redis, or another build */
    key = apr_psprintf(pconf, KEPT " %" APR_SIZE_T_FMT " %s %d %s",
                       sizeof(ep_journal), fleet.url->shown, fleet.url->db,
                       fleet.url->name);
    fleet.journal = ep_journal_make(s->process->pool, key);
    fleet.trees = ep_fleet_trees_make(s->process->pool,
                                      apr_pstrcat(pconf, key, " trees", NULL));
    if (fleet.trees == NULL) {
        fleet.journal = NULL;
    }
    if (fleet.journal == NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "there is no memory for the ledger %s", fleet.url->shown);
    }
}

static void init_child(server_rec *s)
{
    fleet.shm->child_init(s);
    ep_fleet_trees_init(s, fleet.trees, fleet.journal, fleet.url, fleet.shm);
    ep_script_init();
}

void ep_fleet_start(apr_pool_t *pchild, server_rec *s)
{
    apr_status_t rv;

    if (fleet.url == NULL || fleet.journal == NULL) {
        return;
    }
    rv = ep_pool_child_init(pchild, s, &fleet.journal->breaker);
    if (rv == APR_SUCCESS) {
        rv = ep_sender_start(pchild, s, fleet.journal, fleet.url, fleet.shm);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,
                     "the ledger %s cannot be used", fleet.url->shown);
        fleet.journal = NULL;
    }
}

/* --------------------------------------------------------------- what is shared */

static int is_shared(const ep_ledger_charge *charge)
{
    return !charge->is_local
           && (charge->kind == EP_CHARGE_QUOTA
               || charge->kind == EP_CHARGE_ALLOWANCE
               || charge->kind == EP_CHARGE_CONCURRENT);
}

/* Nothing is revoked here: other servers would not know.  Redis alone judges
 * allowances, as their periods begin at other times there.
 * @param judges_alone 1: this server judges them, too */
static void make_local(const ep_ledger_charge *charges, apr_size_t count,
                       int judges_alone, ep_ledger_charge *local)
{
    apr_size_t i;

    for (i = 0; i < count; i++) {
        local[i] = charges[i];
        local[i].is_kept = 1;
        local[i].is_unjudged = !judges_alone
                               && charges[i].kind != EP_CHARGE_CONCURRENT
                               && is_shared(&charges[i]);
    }
}

/* What is asked of one account: charges of one key are one. */
typedef struct wanted {
    apr_size_t charge;
    apr_int64_t limit;
    apr_int64_t amount;
    apr_int64_t overdraft;
} wanted;

static int is_same(const ep_ledger_charge *a, const ep_ledger_charge *b)
{
    return a->kind == b->kind && memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
}

/* Charges of one tree that may be overdrawn by different sums are asked for one by one:
 * which of them is the strictest, Redis knows.  They have one amount. */
static void level_amounts(const ep_ledger_charge *charges, wanted *wants,
                          apr_size_t count)
{
    apr_size_t i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < count; j++) {
            if (wants[j].amount < wants[i].amount
                && is_same(&charges[wants[i].charge], &charges[wants[j].charge])) {
                wants[j].amount = wants[i].amount;
            }
        }
    }
}

/* @return how many charges are asked of Redis */
static apr_size_t gather(const ep_ledger_charge *charges, apr_size_t count,
                         apr_uint32_t left_out, wanted *wants)
{
    apr_size_t found = 0, i, j;

    for (i = 0; i < count; i++) {
        if (!is_shared(&charges[i]) || (left_out >> i & 1) != 0) {
            continue;
        }
        for (j = 0; j < found
                    && !(is_same(&charges[wants[j].charge], &charges[i])
                         && wants[j].overdraft == charges[i].overdraft); j++) {
        }
        if (j == found) {
            wants[found].charge = i;
            wants[found].limit = charges[i].limit;
            wants[found].overdraft = charges[i].overdraft;
            wants[found++].amount = charges[i].amount;
            continue;
        }
        if (charges[i].limit < wants[j].limit) {
            wants[j].limit = charges[i].limit;
            wants[j].charge = i;
        }
        if (charges[i].amount > wants[j].amount) {
            wants[j].amount = charges[i].amount;
        }
    }
    level_amounts(charges, wants, found);
    return found;
}

static ep_journal_part *part_of(ep_journal_entry *entry,
                                const ep_ledger_charge *charge)
{
    const apr_uint32_t count = ep_journal_parts(entry);
    apr_uint32_t i;

    for (i = 0; i < count; i++) {
        ep_journal_part *part = &entry->parts[i];

        if (part->kind == charge->kind
            && memcmp(&part->key, &charge->key, sizeof(part->key)) == 0) {
            return part;
        }
    }
    return NULL;
}

/* Notes all parts before Redis is asked: if this process dies, they are given back.
 * @return 0: there is no room */
static int note_parts(ep_journal_entry *entry, const ep_ledger_charge *charges,
                      const wanted *wants, apr_size_t count)
{
    apr_size_t i;

    for (i = 0; i < count; i++) {
        const ep_ledger_charge *charge = &charges[wants[i].charge];
        const apr_uint32_t place = ep_journal_parts(entry);

        if (part_of(entry, charge) != NULL) {
            continue;
        }
        if (place >= EP_CHARGES_MAX) {
            return 0;
        }
        entry->parts[place].kind = charge->kind;
        entry->parts[place].key = charge->key;
        entry->parts[place].amount = wants[i].amount;
        entry->parts[place].period = charge->period;
        /* what another upload had in this place says nothing of this one */
        entry->parts[place].until = 0;
        entry->count = place + 1;
    }
    return 1;
}

/* --------------------------------------------------------------- asking Redis */

/* For the log. */
static apr_status_t status_of(ep_cause cause)
{
    switch (cause) {
    case EP_CAUSE_TIMEOUT:
    case EP_CAUSE_CONNECT_TIMEOUT:
        return ETIMEDOUT;
    case EP_CAUSE_CONNECT:
    case EP_CAUSE_OPEN:
    case EP_CAUSE_RESOLVE:
        return ECONNREFUSED;
    case EP_CAUSE_CLOSED:
        return ECONNRESET;
    case EP_CAUSE_AUTH:
    case EP_CAUSE_NOPERM:
        return EACCES;
    default:
        return EPROTO;
    }
}

static void put_tree(ep_call *call, const ep_ledger_charge *charge)
{
    int is_doubted = 0;

    ep_call_number(call, charge->kind == EP_CHARGE_QUOTA
                             ? ep_fleet_trees_ask(charge, &is_doubted)
                             : -1);
    ep_call_number(call, is_doubted);
}

static void begin_reserve(ep_call *call, const ep_ledger_charge *charges,
                          const wanted *wants, apr_size_t count, int is_lenient,
                          const ep_journal_entry *entry)
{
    apr_size_t i;

    ep_call_begin(call, EP_SCRIPT_RESERVE, fleet.journal, fleet.url,
                  entry->generation);
    for (i = 0; i < count; i++) {
        const ep_ledger_charge *charge = &charges[wants[i].charge];

        ep_call_key_of(call, charge->kind, &charge->key);
    }
    ep_call_common(call);
    ep_call_claim(call, entry->serial);
    ep_call_number(call, entry->is_mover);
    ep_call_number(call, is_lenient);
    for (i = 0; i < count; i++) {
        ep_call_number(call, charges[wants[i].charge].kind);
        ep_call_number(call, wants[i].limit);
        ep_call_number(call, wants[i].amount);
        ep_call_number(call, charges[wants[i].charge].period / 1000);
        ep_call_number(call, wants[i].overdraft);
        put_tree(call, &charges[wants[i].charge]);
    }
}

/* Waits of -1 stay. */
static void tell_denial(const ep_call_answer *answer, const wanted *wants,
                        apr_size_t count, ep_ledger_denial *denial)
{
    const apr_int64_t i = answer->numbers[0];

    denial->charge = i >= 0 && (apr_size_t)i < count ? wants[i].charge
                                                     : wants[0].charge;
    denial->remaining = answer->numbers[1] > 0 ? answer->numbers[1] : 0;
    denial->wait = answer->numbers[2] < 0 ? -1 : answer->numbers[2] * 1000;
}

typedef struct question {
    const ep_ledger_charge *charges;
    const wanted *wants;
    apr_size_t count;
    ep_journal_entry *entry;
    apr_int64_t deadline;
    /* 1: the entry was taken for this call; 1: the claim held something before */
    int is_new_entry;
    int was_held;
    /* of the entry, and of the claim in `shm` */
    apr_uint32_t parts_before;
    apr_uint32_t charges_before;
    /* 1: the secretary leaves the entry alone until leave() */
    int is_occupied;
    /* 1: Redis is to be told what this server has decided */
    int is_alone;
    int is_lenient;
} question;

/* @return NONE: see the outcome; else Redis has neither granted nor denied */
static ep_cause read_outcome(const question *asked, const ep_call_answer *answer,
                             ep_ledger_outcome *outcome,
                             ep_ledger_denial *denial)
{
    if (strcmp(answer->word, "granted") == 0) {
        *outcome = EP_OUTCOME_GRANTED;
        return EP_CAUSE_NONE;
    }
    if (strcmp(answer->word, "denied") == 0) {
        *outcome = EP_OUTCOME_DENIED;
        tell_denial(answer, asked->wants, asked->count, denial);
        return EP_CAUSE_NONE;
    }
    if (strcmp(answer->word, "unknown") == 0) {
        *outcome = EP_OUTCOME_UNKNOWN;
        tell_denial(answer, asked->wants, asked->count, denial);
        denial->remaining = 0;
        denial->wait = -1;
        return EP_CAUSE_NONE;
    }
    return EP_CAUSE_ERROR;
}

/* Redis names the ends of the periods that are counted in. */
static void note_periods(const question *asked, const ep_call_answer *answer)
{
    apr_size_t i;

    for (i = 0; i < asked->count && i < EP_CALL_PARTS; i++) {
        ep_journal_part *part
            = part_of(asked->entry, &asked->charges[asked->wants[i].charge]);

        if (part != NULL
            && (part->kind != EP_CHARGE_QUOTA
                || part >= &asked->entry->parts[asked->parts_before])) {
            part->until = answer->numbers[i];
        }
    }
}

/* The generation is written first: if this process dies, what the parts are in is
 * known.
 * @return NONE: see the outcome */
static ep_cause ask_once(const question *asked, ep_ledger_outcome *outcome,
                         ep_ledger_denial *denial, int *is_gone)
{
    ep_call_answer answer;
    ep_call call;
    ep_cause cause;

    *is_gone = 0;
    if (asked->is_new_entry) {
        apr_atomic_set32(&asked->entry->generation,
                         apr_atomic_read32(&fleet.journal->generation));
    }
    begin_reserve(&call, asked->charges, asked->wants, asked->count,
                  asked->is_lenient, asked->entry);
    cause = ep_call_send(&call, asked->deadline, 0, &answer);
    if (cause != EP_CAUSE_NONE) {
        return cause;
    }
    *is_gone = strcmp(answer.word, "gone") == 0;
    cause = read_outcome(asked, &answer, outcome, denial);
    if (cause == EP_CAUSE_NONE && *outcome == EP_OUTCOME_GRANTED) {
        note_periods(asked, &answer);
    }
    return cause;
}

/* Before Redis is asked for an entry: Redis knows the incarnation, and the secretary
 * does not assert the entry meanwhile.
 * @return 1: until leave() */
static int is_ready(question *asked)
{
    ep_journal *journal = fleet.journal;

    if (!ep_breaker_is_open(&journal->breaker)
        && !ep_secretary_register(asked->deadline)) {
        return 0;
    }
    if (asked->is_new_entry) {
        return 1;
    }
    if (apr_atomic_read32(&asked->entry->generation)
        != apr_atomic_read32(&journal->generation)) {
        ep_sender_wake();
    }
    asked->is_occupied = ep_secretary_await(asked->entry, asked->deadline);
    return asked->is_occupied;
}

static void leave(question *asked)
{
    if (asked->is_occupied) {
        ep_journal_idle(asked->entry, EP_JOURNAL_REQUEST);
        asked->is_occupied = 0;
    }
}

/* What was not admitted is of no part any more. */
static void forget_parts(const question *asked)
{
    if (asked->is_new_entry || asked->is_occupied) {
        asked->entry->count = asked->parts_before;
    }
}

static ep_cause attempt(question *asked, ep_ledger_outcome *outcome,
                        ep_ledger_denial *denial, int *is_gone)
{
    *is_gone = 0;
    if (!is_ready(asked)) {
        return EP_CAUSE_CONNECT_TIMEOUT;
    }
    asked->parts_before = ep_journal_parts(asked->entry);
    if (!note_parts(asked->entry, asked->charges, asked->wants, asked->count)) {
        *outcome = EP_OUTCOME_FULL;
        return EP_CAUSE_NONE;
    }
    return ask_once(asked, outcome, denial, is_gone);
}

/* Once more if Redis did not know this server, or may not know yet that uploads have
 * ended here. */
static ep_cause ask(question *asked, ep_ledger_outcome *outcome,
                    ep_ledger_denial *denial)
{
    const apr_uint32_t told = apr_atomic_read32(&fleet.journal->told);
    ep_cause cause;
    int is_gone;

    cause = attempt(asked, outcome, denial, &is_gone);
    if (is_gone
        || (cause == EP_CAUSE_NONE && *outcome == EP_OUTCOME_DENIED
            && (ep_secretary_flush(asked->deadline)
                || apr_atomic_read32(&fleet.journal->told) != told))) {
        if (ep_conn_clock() < asked->deadline) {
            forget_parts(asked);
            leave(asked);
            cause = attempt(asked, outcome, denial, &is_gone);
        }
    }
    return cause;
}

/* --------------------------------------------------------------- reserving */

/* In `shm`.  A claim that has held something in a tree disturbs who measures it, when it
 * ends; this one has not. */
static void give_back(const question *asked, ep_ledger_claim *claim)
{
    fleet.shm->trim(claim, asked->charges_before);
    if (!asked->was_held) {
        claim->opaque[3] = 0;
        fleet.shm->release(claim);
    }
}

/* Gives back what the call has claimed.  If Redis has reserved it, and its answer was
 * lost, that ends with the incarnation. */
static void undo(const question *asked, ep_ledger_claim *claim)
{
    forget_parts(asked);
    if (asked->is_new_entry) {
        ep_journal_change(asked->entry, EP_JOURNAL_TAKEN, EP_JOURNAL_FREE);
    }
    give_back(asked, claim);
}

/* Redis does not answer, and this server's own counts decide. */
static apr_status_t decide_alone(const ep_ledger_charge *charges,
                                 apr_size_t count, int how,
                                 ep_ledger_claim *claim,
                                 ep_ledger_outcome *outcome,
                                 ep_ledger_denial *denial)
{
    ep_ledger_charge local[EP_CHARGES_MAX];

    make_local(charges, count, 1, local);
    return fleet.shm->reserve(local, count, how, claim, outcome, denial);
}

/* As decide_alone(); the secretary tells Redis later. */
static apr_status_t reserve_alone(const ep_ledger_charge *charges, apr_size_t count,
                                  int how, const question *asked,
                                  ep_ledger_claim *claim, ep_ledger_outcome *outcome,
                                  ep_ledger_denial *denial)
{
    const apr_status_t rv = decide_alone(charges, count, how, claim, outcome, denial);

    if (rv != APR_SUCCESS || *outcome != EP_OUTCOME_GRANTED) {
        return rv;
    }
    if (!note_parts(asked->entry, charges, asked->wants, asked->count)) {
        *outcome = EP_OUTCOME_FULL;
        return rv;
    }
    apr_atomic_set32(&asked->entry->generation, 0);
    return rv;
}

static void note_grant(const question *asked, int how, ep_ledger_claim *claim)
{
    ep_journal_entry *entry = asked->entry;

    entry->how = asked->is_new_entry ? how & EP_RESERVE_ALONE
                                     : entry->how & how;
    /* what grew in Redis beyond the claim was of the parts of before */
    entry->in_redis = entry->claimed;
    entry->local = *claim;
    ep_journal_note(fleet.journal, entry, claim);
    ep_journal_change(entry, EP_JOURNAL_TAKEN, EP_JOURNAL_LIVE);
}

static apr_status_t reserve_shared(const ep_ledger_charge *charges,
                                   apr_size_t count, int how, question *asked,
                                   ep_ledger_claim *claim,
                                   ep_ledger_outcome *outcome,
                                   ep_ledger_denial *denial)
{
    const apr_uint32_t left_out = denial->left_out;
    const ep_cause cause = ask(asked, outcome, denial);
    apr_status_t rv = APR_SUCCESS;

    if (cause != EP_CAUSE_NONE && (how & EP_RESERVE_ALONE) != 0) {
        rv = reserve_alone(charges, count, how, asked, claim, outcome, denial);
    }
    else if (cause != EP_CAUSE_NONE) {
        rv = status_of(cause);
    }
    if (rv != APR_SUCCESS || *outcome != EP_OUTCOME_GRANTED) {
        undo(asked, claim);
        leave(asked);
        ep_sender_wake();
        return rv;
    }
    denial->left_out |= left_out;
    note_grant(asked, how, claim);
    leave(asked);
    return rv;
}

/* The journal is full, as when Redis was away for thousands of uploads.  Redis is never
 * told of this claim. */
static apr_status_t reserve_without(const ep_ledger_charge *charges,
                                    apr_size_t count, int how,
                                    const question *asked,
                                    ep_ledger_claim *claim,
                                    ep_ledger_outcome *outcome,
                                    ep_ledger_denial *denial)
{
    apr_status_t rv = APR_SUCCESS;

    *outcome = EP_OUTCOME_FULL;
    if ((how & EP_RESERVE_ALONE) != 0) {
        rv = decide_alone(charges, count, how, claim, outcome, denial);
    }
    if (rv != APR_SUCCESS || *outcome != EP_OUTCOME_GRANTED) {
        give_back(asked, claim);
    }
    return rv;
}

static apr_status_t reserve(const ep_ledger_charge *charges, apr_size_t count,
                            int how, ep_ledger_claim *claim,
                            ep_ledger_outcome *outcome,
                            ep_ledger_denial *denial)
{
    const apr_int64_t deadline = ep_conn_clock() + fleet.url->timeout;
    ep_ledger_charge local[EP_CHARGES_MAX];
    wanted wants[EP_CHARGES_MAX];
    question asked = { charges, wants, 0, NULL, deadline, 0,
                       claim->is_held != 0, 0, 0, 0, 0,
                       (how & EP_RESERVE_LENIENT) != 0 };
    const apr_uint64_t word = claim->opaque[3];
    apr_status_t rv;

    if (fleet.journal == NULL) {
        return APR_EINIT;
    }
    if (count > EP_CHARGES_MAX) {
        *outcome = EP_OUTCOME_FULL;
        return APR_SUCCESS;
    }
    if (asked.was_held) {
        asked.charges_before = fleet.shm->trim(claim, ~(apr_uint32_t)0);
    }
    make_local(charges, count, 0, local);
    denial->left_out = 0;
    rv = fleet.shm->reserve(local, count, how, claim, outcome, denial);
    claim->opaque[3] = word;
    if (!asked.was_held && claim->is_held) {
        claim->opaque[2] = count > 0 && charges[0].client == 0;
    }
    if (rv != APR_SUCCESS || *outcome != EP_OUTCOME_GRANTED) {
        return rv;
    }
    asked.count = gather(charges, count, denial->left_out, wants);
    if (asked.count == 0) {
        return rv;
    }
    asked.entry = ep_journal_find(fleet.journal, claim);
    if (asked.entry == NULL) {
        asked.entry = ep_journal_take(fleet.journal);
        asked.is_new_entry = 1;
    }
    if (asked.entry == NULL) {
        return reserve_without(charges, count, how, &asked, claim, outcome,
                               denial);
    }
    asked.entry->is_mover = claim->opaque[2] != 0;
    asked.parts_before = ep_journal_parts(asked.entry);
    return reserve_shared(charges, count, how, &asked, claim, outcome, denial);
}

/* What is in Redis is not asked: a script that answers claims as well.  A tree is judged
 * by the number that Redis has told last. */
static apr_status_t foresee(const ep_ledger_charge *charges, apr_size_t count,
                            int how, ep_ledger_outcome *outcome,
                            ep_ledger_denial *denial)
{
    ep_ledger_charge local[EP_CHARGES_MAX];
    apr_status_t rv;
    apr_size_t i;

    if (fleet.journal == NULL) {
        return APR_EINIT;
    }
    if (count > EP_CHARGES_MAX) {
        *outcome = EP_OUTCOME_FULL;
        return APR_SUCCESS;
    }
    make_local(charges, count, 0, local);
    for (i = 0; i < count; i++) {
        local[i].is_unjudged = local[i].is_unjudged
                               && charges[i].kind != EP_CHARGE_QUOTA;
    }
    rv = fleet.shm->foresee(local, count, how, outcome, denial);
    if (rv == APR_SUCCESS && *outcome == EP_OUTCOME_GRANTED) {
        for (i = 0; i < count; i++) {
            denial->left_out |= (apr_uint32_t)(is_shared(&charges[i])
                                               && charges[i].kind != EP_CHARGE_QUOTA)
                                << i;
        }
    }
    return rv;
}

/* --------------------------------------------------------------- growing */

/* The allowances of the call that the claim has a part of. */
static apr_size_t gather_growing(const ep_ledger_charge *charges,
                                 apr_size_t count, ep_journal_entry *entry,
                                 wanted *wants)
{
    const apr_size_t found = gather(charges, count, 0, wants);
    apr_size_t kept = 0, i;

    for (i = 0; i < found; i++) {
        const ep_ledger_charge *charge = &charges[wants[i].charge];

        if (charge->kind != EP_CHARGE_CONCURRENT
            && part_of(entry, charge) != NULL) {
            wants[kept++] = wants[i];
        }
    }
    return kept;
}

static ep_cause grow_once(question *asked, apr_int64_t least, apr_int64_t most,
                          ep_ledger_outcome *outcome, ep_ledger_denial *denial,
                          apr_int64_t *more, int *is_gone)
{
    ep_call_answer answer;
    ep_call call;
    ep_cause cause;
    apr_size_t i;

    *is_gone = 0;
    if (!is_ready(asked)) {
        return EP_CAUSE_CONNECT_TIMEOUT;
    }
    ep_call_begin(&call, EP_SCRIPT_GROW, fleet.journal, fleet.url,
                  apr_atomic_read32(&asked->entry->generation));
    for (i = 0; i < asked->count; i++) {
        const ep_ledger_charge *charge = &asked->charges[asked->wants[i].charge];

        ep_call_key_of(&call, charge->kind, &charge->key);
    }
    ep_call_common(&call);
    ep_call_claim(&call, asked->entry->serial);
    ep_call_number(&call, least);
    ep_call_number(&call, most);
    for (i = 0; i < asked->count; i++) {
        ep_call_number(&call, asked->charges[asked->wants[i].charge].kind);
        ep_call_number(&call, asked->wants[i].limit);
        ep_call_number(&call,
                       asked->charges[asked->wants[i].charge].period / 1000);
        ep_call_number(&call, asked->wants[i].overdraft);
    }
    cause = ep_call_send(&call, asked->deadline, 0, &answer);
    if (cause != EP_CAUSE_NONE) {
        return cause;
    }
    *is_gone = strcmp(answer.word, "gone") == 0;
    cause = read_outcome(asked, &answer, outcome, denial);
    if (cause == EP_CAUSE_NONE && *outcome == EP_OUTCOME_GRANTED
        && (answer.numbers[0] < least || answer.numbers[0] > most)) {
        return EP_CAUSE_PROTOCOL;
    }
    *more = answer.numbers[0];
    return cause;
}

/* Once more if Redis did not know the incarnation.  Occupies the entry until
 * leave(). */
static ep_cause ask_to_grow(question *asked, apr_int64_t least, apr_int64_t most,
                            ep_ledger_outcome *outcome, ep_ledger_denial *denial,
                            apr_int64_t *more)
{
    ep_cause cause;
    int is_gone;

    cause = grow_once(asked, least, most, outcome, denial, more, &is_gone);
    if (is_gone && ep_conn_clock() < asked->deadline) {
        leave(asked);
        cause = grow_once(asked, least, most, outcome, denial, more, &is_gone);
    }
    return cause;
}

static void add_to_parts(const question *asked, apr_int64_t more)
{
    apr_size_t i;

    for (i = 0; i < asked->count; i++) {
        ep_journal_part *part = part_of(asked->entry,
                                        &asked->charges[asked->wants[i].charge]);

        if (part != NULL) {
            part->amount = ep_journal_sum(part->amount, more);
        }
    }
    asked->entry->in_redis = ep_journal_sum(asked->entry->in_redis, more);
}

/* How much more to ask of Redis: each time as much as there is, so that a large
 * upload asks a few times. */
static apr_int64_t step_of(const question *asked, apr_int64_t need)
{
    const ep_journal_part *part
        = part_of(asked->entry, &asked->charges[asked->wants[0].charge]);

    return part != NULL && part->amount > need ? part->amount : need;
}

/* @param more in: what is asked; out: what was granted beyond what Redis has
 * @param need what is not enough without */
static apr_status_t find_more(question *asked, const ep_ledger_claim *claim,
                              apr_size_t count, apr_int64_t need, apr_int64_t *more,
                              ep_ledger_outcome *outcome, ep_ledger_denial *denial)
{
    const apr_int64_t asked_for = *more;
    const ep_cause cause = ask_to_grow(asked, need, step_of(asked, asked_for), outcome,
                                       denial, more);
    apr_status_t rv = APR_SUCCESS;

    if (cause == EP_CAUSE_NONE && *outcome == EP_OUTCOME_GRANTED) {
        return rv;
    }
    *more = 0;
    if (need == 0) {
        *outcome = EP_OUTCOME_GRANTED;
    }
    else if (cause != EP_CAUSE_NONE && asked->entry->how != 0) {
        ep_ledger_claim same = *claim;

        rv = decide_alone(asked->charges, count, 0, &same, outcome, denial);
        asked->is_alone = rv == APR_SUCCESS && *outcome == EP_OUTCOME_GRANTED;
        *more = asked->is_alone ? asked_for : 0;
    }
    else if (cause != EP_CAUSE_NONE) {
        rv = status_of(cause);
    }
    return rv;
}

/* @param granted in: what this server grants; out: what all do */
static apr_status_t grow_shared(question *asked, const ep_ledger_claim *claim,
                                apr_size_t count, apr_int64_t least,
                                apr_int64_t *granted, ep_ledger_outcome *outcome,
                                ep_ledger_denial *denial)
{
    ep_journal_entry *entry = asked->entry;
    const apr_int64_t in_redis = ep_journal_sum(entry->in_redis, 0);
    const apr_int64_t claimed = ep_journal_sum(entry->claimed, 0);
    const apr_int64_t spare = in_redis > claimed ? in_redis - claimed : 0;
    apr_int64_t more = *granted > spare ? *granted - spare : 0;
    apr_status_t rv;

    if (more > 0) {
        rv = find_more(asked, claim, count, least > spare ? least - spare : 0, &more,
                       outcome, denial);
        if (rv == APR_SUCCESS && *outcome == EP_OUTCOME_GRANTED) {
            add_to_parts(asked, more);
        }
        if (asked->is_alone) {
            apr_atomic_set32(&entry->generation, 0);
        }
        leave(asked);
        if (rv != APR_SUCCESS || *outcome != EP_OUTCOME_GRANTED) {
            return rv;
        }
    }
    if (*granted > spare + more) {
        *granted = spare + more;
    }
    entry->claimed = ep_journal_sum(entry->claimed, *granted);
    return APR_SUCCESS;
}

static apr_status_t grow(const ep_ledger_charge *charges, apr_size_t count,
                         const ep_ledger_claim *claim, apr_int64_t least,
                         apr_int64_t most, apr_int64_t *granted,
                         ep_ledger_outcome *outcome, ep_ledger_denial *denial)
{
    ep_ledger_charge local[EP_CHARGES_MAX];
    wanted wants[EP_CHARGES_MAX];
    question asked = { charges, wants, 0, NULL,
                       ep_conn_clock() + fleet.url->timeout, 0, 1, 0, 0, 0, 0, 0 };
    apr_status_t rv;

    if (fleet.journal == NULL) {
        return APR_EINIT;
    }
    if (count > EP_CHARGES_MAX) {
        *outcome = EP_OUTCOME_FULL;
        return APR_SUCCESS;
    }
    asked.entry = ep_journal_find(fleet.journal, claim);
    /* without an entry, Redis does not judge it: see reserve_without() */
    make_local(charges, count, asked.entry == NULL, local);
    rv = fleet.shm->grow(local, count, claim, least, most, granted, outcome,
                         denial);
    if (rv != APR_SUCCESS || *outcome != EP_OUTCOME_GRANTED
        || asked.entry == NULL) {
        return rv;
    }
    asked.count = gather_growing(charges, count, asked.entry, wants);
    return asked.count == 0 ? rv
                            : grow_shared(&asked, claim, count, least, granted,
                                          outcome, denial);
}

/* --------------------------------------------------------------- ending */

static void end_content(const ep_ledger_claim *claim)
{
    ep_journal_entry *entry = fleet.journal != NULL
                                  ? ep_journal_find(fleet.journal, claim)
                                  : NULL;
    apr_uint32_t i;

    fleet.shm->end_content(claim);
    for (i = 0; entry != NULL && i < ep_journal_parts(entry); i++) {
        if (entry->parts[i].kind == EP_CHARGE_CONCURRENT) {
            apr_atomic_cas32(&entry->slots, 1, 0);
            ep_sender_wake();
            return;
        }
    }
}

/* Before `shm` ends the claim: an entry that lives, and whose claim does not, looks as if
 * its process had died, and is then ended with these numbers.
 * @return the entry; NULL: there is none */
static ep_journal_entry *begin_end(const ep_ledger_claim *claim, apr_int64_t received,
                                   apr_int64_t stored)
{
    ep_journal_entry *entry = fleet.journal != NULL
                                  ? ep_journal_find(fleet.journal, claim)
                                  : NULL;

    if (entry != NULL) {
        entry->received = received > 0 ? received : 0;
        entry->stored = stored;
        apr_atomic_set32(&entry->is_ending, 1);
    }
    return entry;
}

static void finish_end(ep_journal_entry *entry)
{
    if (entry != NULL
        && ep_journal_change(entry, EP_JOURNAL_LIVE, EP_JOURNAL_ENDED)) {
        ep_sender_wake();
    }
}

static void settle(ep_ledger_claim *claim, apr_int64_t received,
                   apr_int64_t stored)
{
    ep_journal_entry *entry = begin_end(claim, received, stored);

    fleet.shm->settle(claim, received, stored);
    finish_end(entry);
}

static void release(ep_ledger_claim *claim)
{
    ep_journal_entry *entry = begin_end(claim, 0, 0);

    fleet.shm->release(claim);
    finish_end(entry);
}

static apr_status_t read_shared(ep_ledger_shared *shared)
{
    if (fleet.journal == NULL) {
        return APR_EINIT;
    }
    ep_numbers_read(fleet.journal, fleet.url, shared);
    return APR_SUCCESS;
}

/* --------------------------------------------------------------- the providers */

/* Replaces the members that know of Redis.  What is of this server alone stays: its
 * trees, its children and its numbers. */
static void set_members(ep_ledger_provider *provider)
{
    provider->is_shared = 1;
    provider->shares_trees = 1;
    provider->check_config = check_config;
    provider->post_config = open_ledger;
    provider->child_init = init_child;
    provider->reserve = reserve;
    provider->foresee = foresee;
    provider->confirm = NULL;
    provider->end_content = end_content;
    provider->grow = grow;
    provider->settle = settle;
    provider->release = release;
    provider->next_tree = ep_fleet_trees_next;
    provider->announce_trees = ep_fleet_trees_announce;
    provider->offer_tree = ep_fleet_trees_offer;
    provider->find_tree = ep_fleet_trees_find;
    provider->begin_measure = ep_fleet_trees_begin;
    provider->drop_measure = ep_fleet_trees_drop;
    provider->doubt_usage = ep_fleet_trees_doubt;
    provider->report_usage = ep_fleet_trees_report;
    provider->read_balance = ep_fleet_trees_balance;
    provider->read_shared = read_shared;
}

static const char *parse_as(apr_pool_t *pool, const char *scheme,
                            const char *argument, void **config,
                            ep_ledger_provider *provider)
{
    const char *(*const parse)(apr_pool_t *, const char *, void **) = provider->parse;
    const char *legal;

    fleet.shm = ap_lookup_provider(EP_LEDGER_GROUP, "shm", EP_LEDGER_VERSION);
    if (fleet.shm == NULL) {
        return "another mod_expect_policy.so: this one has no shm";
    }
    *provider = *fleet.shm;
    set_members(provider);
    provider->parse = parse;
    legal = fleet.shm->parse(pool, NULL, &fleet.shm_config);
    if (legal == NULL) {
        legal = ep_url_parse(pool, scheme, argument, &fleet.url);
    }
    *config = &fleet;
    return legal;
}

/* The configuration is read before any of their members but parse() is called. */
static ep_ledger_provider tcp, tls, local_socket;

static const char *parse_tcp(apr_pool_t *pool, const char *argument,
                             void **config)
{
    return parse_as(pool, "redis", argument, config, &tcp);
}

static const char *parse_tls(apr_pool_t *pool, const char *argument,
                             void **config)
{
    return parse_as(pool, "rediss", argument, config, &tls);
}

static const char *parse_unix(apr_pool_t *pool, const char *argument,
                              void **config)
{
    return parse_as(pool, "redis+unix", argument, config, &local_socket);
}

static void register_as(apr_pool_t *pool, const char *scheme,
                        ep_ledger_provider *provider,
                        const char *(*parse)(apr_pool_t *, const char *, void **))
{
    set_members(provider);
    provider->parse = parse;
    ap_register_provider(pool, EP_LEDGER_GROUP, scheme, EP_LEDGER_VERSION, provider);
}

void ep_fleet_register(apr_pool_t *pool)
{
    /* where the module stays in memory at a restart, its pool was destroyed */
    memset(&fleet, 0, sizeof(fleet));
    register_as(pool, "redis", &tcp, parse_tcp);
    register_as(pool, "rediss", &tls, parse_tls);
    register_as(pool, "redis+unix", &local_socket, parse_unix);
}
