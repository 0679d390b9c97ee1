/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/journal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "apr_atomic.h"
#include "apr_general.h"

#include "redis/conn.h"

/* Seconds for which a secretary is believed to live that does not say so. */
#define LOCKED 10
/* Places that are looked at for an allowance. */
#define LOOKS 16
/* The state in the word of an entry; the rest is a pid, which has 22 bits at most. */
#define STATE_BITS 3
#define STATE_MASK 7u

apr_uint32_t ep_journal_seconds(void)
{
    return (apr_uint32_t)(ep_conn_clock() / APR_USEC_PER_SEC);
}

static void name_server(ep_journal *journal)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[16];
    int i;

    apr_generate_random_bytes(random, sizeof(random));
    for (i = 0; i < 16; i++) {
        journal->server[2 * i] = digits[random[i] >> 4];
        journal->server[2 * i + 1] = digits[random[i] & 15];
    }
    apr_generate_random_bytes(journal->secret, sizeof(journal->secret));
}

ep_journal *ep_journal_make(apr_pool_t *process, const char *key)
{
    void *kept = NULL;
    ep_journal *journal;

    apr_pool_userdata_get(&kept, key, process);
    if (kept != NULL) {
        return kept;
    }
    journal = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (journal == MAP_FAILED) {
        return NULL;
    }
    name_server(journal);
    /* it copies the key; no cleanup, as the module may be unloaded */
    apr_pool_userdata_set(journal, key, NULL, process);
    return journal;
}

apr_int64_t ep_journal_redis_time(const ep_journal *journal)
{
    const apr_int64_t offset = journal->offset;

    return ep_conn_clock() / 1000
           + (offset > EP_JOURNAL_MOST    ? EP_JOURNAL_MOST
              : offset < -EP_JOURNAL_MOST ? -EP_JOURNAL_MOST
                                          : offset);
}

/* ------------------------------------------------------------------ one entry */

static apr_uint32_t word_of(apr_uint32_t pid, ep_journal_state state)
{
    return state == EP_JOURNAL_FREE ? 0 : pid << STATE_BITS | state;
}

static apr_uint32_t pid_of(ep_journal_entry *entry)
{
    return apr_atomic_read32(&entry->word) >> STATE_BITS;
}

ep_journal_state ep_journal_state_of(ep_journal_entry *entry)
{
    return (ep_journal_state)(apr_atomic_read32(&entry->word) & STATE_MASK);
}

int ep_journal_change(ep_journal_entry *entry, ep_journal_state from,
                      ep_journal_state to)
{
    const apr_uint32_t word = apr_atomic_read32(&entry->word);

    return (word & STATE_MASK) == (apr_uint32_t)from
           && apr_atomic_cas32(&entry->word, word_of(word >> STATE_BITS, to), word)
                  == word;
}

int ep_journal_take_over(ep_journal_entry *entry)
{
    const apr_uint32_t word = apr_atomic_read32(&entry->word);

    return (word & STATE_MASK) == EP_JOURNAL_ENDED
           && apr_atomic_cas32(&entry->word,
                               word_of((apr_uint32_t)getpid(), EP_JOURNAL_TAKEN),
                               word)
                  == word;
}

int ep_journal_is_dead(ep_journal_entry *entry)
{
    const apr_uint32_t pid = pid_of(entry);

    return ep_journal_state_of(entry) != EP_JOURNAL_FREE
           && (pid == 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH));
}

int ep_journal_is_foreign(ep_journal_entry *entry)
{
    return pid_of(entry) != (apr_uint32_t)getpid();
}

int ep_journal_occupy(ep_journal_entry *entry)
{
    return apr_atomic_cas32(&entry->busy, EP_JOURNAL_REQUEST, EP_JOURNAL_IDLE)
           == EP_JOURNAL_IDLE;
}

int ep_journal_occupy_for_secretary(ep_journal_entry *entry)
{
    const apr_uint32_t before = apr_atomic_cas32(
        &entry->busy, EP_JOURNAL_SECRETARY, EP_JOURNAL_IDLE);

    return before != EP_JOURNAL_REQUEST;
}

void ep_journal_idle(ep_journal_entry *entry, apr_uint32_t who)
{
    apr_atomic_cas32(&entry->busy, EP_JOURNAL_IDLE, who);
}

static void note_place(ep_journal *journal, apr_uint32_t place)
{
    apr_uint32_t used = apr_atomic_read32(&journal->entries_used);

    while (used <= place
           && apr_atomic_cas32(&journal->entries_used, place + 1, used) != used) {
        used = apr_atomic_read32(&journal->entries_used);
    }
}

ep_journal_entry *ep_journal_take(ep_journal *journal)
{
    const apr_uint32_t mine = word_of((apr_uint32_t)getpid(), EP_JOURNAL_TAKEN);
    const apr_uint32_t serial = apr_atomic_inc32(&journal->serial) + 1;
    apr_uint32_t i;

    for (i = 0; i < EP_JOURNAL_ENTRIES; i++) {
        ep_journal_entry *entry = &journal->entries[i];

        if (apr_atomic_cas32(&entry->word, mine, 0) == 0) {
            note_place(journal, i);
            entry->serial = serial;
            entry->busy = EP_JOURNAL_IDLE;
            entry->generation = entry->count = 0;
            entry->slots = entry->is_told = 0;
            entry->how = 0;
            entry->claimed = entry->in_redis = 0;
            entry->stored = 0;
            entry->is_ending = 0;
            entry->is_mover = 0;
            entry->received = 0;
            memset(&entry->local, 0, sizeof(entry->local));
            return entry;
        }
    }
    return NULL;
}

ep_journal_entry *ep_journal_find(ep_journal *journal,
                                  const ep_ledger_claim *claim)
{
    const apr_uint64_t word = claim->opaque[3];
    const apr_uint32_t place = (apr_uint32_t)(word & 0xffffffff);
    ep_journal_entry *entry;

    if (word == 0 || place >= EP_JOURNAL_ENTRIES) {
        return NULL;
    }
    entry = &journal->entries[place];
    return entry->serial == (apr_uint32_t)(word >> 32)
                   && ep_journal_state_of(entry) == EP_JOURNAL_LIVE
               ? entry
               : NULL;
}

void ep_journal_note(ep_journal *journal, const ep_journal_entry *entry,
                     ep_ledger_claim *claim)
{
    claim->opaque[3] = (apr_uint64_t)entry->serial << 32
                       | (apr_uint64_t)(entry - journal->entries);
}

apr_uint32_t ep_journal_count(ep_journal *journal, ep_journal_state state)
{
    const apr_uint32_t places = ep_journal_places(journal);
    apr_uint32_t count = 0, i;

    for (i = 0; i < places; i++) {
        count += ep_journal_state_of(&journal->entries[i]) == state;
    }
    return count;
}

apr_uint32_t ep_journal_parts(const ep_journal_entry *entry)
{
    const apr_uint32_t count = entry->count;

    return count < EP_CHARGES_MAX ? count : EP_CHARGES_MAX;
}

apr_uint32_t ep_journal_places(ep_journal *journal)
{
    const apr_uint32_t used = apr_atomic_read32(&journal->entries_used);

    return used < EP_JOURNAL_ENTRIES ? used : EP_JOURNAL_ENTRIES;
}

/* -------------------------------------------------------------- the secretary */

int ep_journal_lock(ep_journal *journal)
{
    const apr_uint32_t holder = apr_atomic_read32(&journal->lock);

    if (holder != 0
        && (apr_int32_t)(ep_journal_seconds() - journal->lock_until) < 0
        && (kill((pid_t)holder, 0) == 0 || errno != ESRCH)) {
        return 0;
    }
    /* before the lock is taken: nobody sees a holder whose time is up */
    journal->lock_until = ep_journal_seconds() + LOCKED;
    if (apr_atomic_cas32(&journal->lock, (apr_uint32_t)getpid(), holder)
        != holder) {
        return 0;
    }
    if (holder != 0) {
        apr_atomic_set32(&journal->is_doubtful, 1);
    }
    return 1;
}

void ep_journal_unlock(ep_journal *journal)
{
    apr_atomic_cas32(&journal->lock, 0, (apr_uint32_t)getpid());
}

/* ------------------------------------------------------------- what is used */

static apr_uint32_t place_of(const ep_ledger_key *key)
{
    apr_uint32_t place;

    memcpy(&place, key->bytes, sizeof(place));
    return place % EP_JOURNAL_ALLOWANCES;
}

int ep_journal_is_used(const ep_journal *journal, const ep_journal_used *one)
{
    return one->used > 0 && one->until > ep_journal_redis_time(journal);
}

/* @return the place of an allowance, or that which is worth the least */
static ep_journal_used *find_used(ep_journal *journal, const ep_ledger_key *key)
{
    const apr_uint32_t first = place_of(key);
    ep_journal_used *best = NULL;
    apr_uint32_t i;

    for (i = 0; i < LOOKS; i++) {
        ep_journal_used *one
            = &journal->used[(first + i) % EP_JOURNAL_ALLOWANCES];

        if (!ep_journal_is_used(journal, one)) {
            one->used = 0;
        }
        else if (memcmp(&one->key, key, sizeof(*key)) == 0) {
            return one;
        }
        if (best == NULL || one->used < best->used) {
            best = one;
        }
    }
    best->used = 0;
    return best;
}

apr_int64_t ep_journal_sum(apr_int64_t one, apr_int64_t other)
{
    const apr_int64_t a = one < 0 ? 0 : one > EP_JOURNAL_MOST ? EP_JOURNAL_MOST
                                                              : one;
    const apr_int64_t b = other < 0                 ? 0
                          : other > EP_JOURNAL_MOST ? EP_JOURNAL_MOST
                                                    : other;

    return a + b < EP_JOURNAL_MOST ? a + b : EP_JOURNAL_MOST;
}

void ep_journal_use(ep_journal *journal, const ep_journal_part *part,
                    apr_int64_t until, apr_int64_t bytes, int knows)
{
    ep_journal_used *one = find_used(journal, &part->key);
    const apr_uint32_t current = apr_atomic_read32(&journal->generation);

    /* Redis has begun the next period */
    if (one->used == 0
        || (knows && one->until <= until - part->period / 1000)) {
        one->key = part->key;
        one->used = 0;
        one->generation = current;
    }
    if (one->used == 0 || knows) {
        one->until = until;
    }
    one->period = part->period;
    one->used = ep_journal_sum(one->used, bytes);
    if (!knows) {
        one->generation = 0;
        apr_atomic_set32(&journal->is_used_owed, 1);
    }
}
