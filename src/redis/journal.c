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

ep_journal_entry *ep_journal_take(ep_journal *journal)
{
    const apr_uint32_t serial = apr_atomic_inc32(&journal->serial) + 1;
    apr_uint32_t i;

    for (i = 0; i < EP_JOURNAL_ENTRIES; i++) {
        ep_journal_entry *entry = &journal->entries[i];

        if (apr_atomic_cas32(&entry->state, EP_JOURNAL_TAKEN, EP_JOURNAL_FREE)
            == EP_JOURNAL_FREE) {
            apr_uint32_t used = apr_atomic_read32(&journal->entries_used);

            while (used <= i
                   && apr_atomic_cas32(&journal->entries_used, i + 1, used)
                          != used) {
                used = apr_atomic_read32(&journal->entries_used);
            }
            entry->serial = serial;
            entry->pid = (apr_uint32_t)getpid();
            entry->count = 0;
            entry->is_owed = 0;
            entry->slots = 0;
            entry->how = 0;
            entry->claimed = entry->in_redis = 0;
            entry->received = entry->not_before = 0;
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
                   && apr_atomic_read32(&entry->state) == EP_JOURNAL_LIVE
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
    const apr_uint32_t used = apr_atomic_read32(&journal->entries_used);
    apr_uint32_t count = 0, i;

    for (i = 0; i < used && i < EP_JOURNAL_ENTRIES; i++) {
        count += apr_atomic_read32(&journal->entries[i].state) == state;
    }
    return count;
}

apr_uint32_t ep_journal_parts(const ep_journal_entry *entry)
{
    const apr_uint32_t count = entry->count;

    return count < EP_CHARGES_MAX ? count : EP_CHARGES_MAX;
}

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
    return apr_atomic_cas32(&journal->lock, (apr_uint32_t)getpid(), holder)
           == holder;
}

void ep_journal_unlock(ep_journal *journal)
{
    apr_atomic_cas32(&journal->lock, 0, (apr_uint32_t)getpid());
}

static apr_uint32_t place_of(const ep_ledger_key *key)
{
    apr_uint32_t place;

    memcpy(&place, key->bytes, sizeof(place));
    return place % EP_JOURNAL_ALLOWANCES;
}

/* @return the place of an allowance, or that which is worth the least */
static ep_journal_used *find_used(ep_journal *journal, const ep_ledger_key *key,
                                  apr_int64_t now)
{
    const apr_uint32_t first = place_of(key);
    ep_journal_used *best = NULL;
    apr_uint32_t i;

    for (i = 0; i < LOOKS; i++) {
        ep_journal_used *one
            = &journal->used[(first + i) % EP_JOURNAL_ALLOWANCES];

        if (one->until > now
            && memcmp(&one->key, key, sizeof(*key)) == 0) {
            return one;
        }
        if (best == NULL || one->until <= now
            || (best->until > now && one->used < best->used)) {
            best = one;
        }
    }
    best->until = 0;
    return best;
}

void ep_journal_use(ep_journal *journal, const ep_journal_part *part,
                    apr_int64_t bytes)
{
    const apr_int64_t now = ep_conn_clock();
    ep_journal_used *one = find_used(journal, &part->key, now);

    if (one->until <= now) {
        one->key = part->key;
        one->used = 0;
        one->until = now + part->period;
    }
    one->used = one->used < EP_JOURNAL_MOST - bytes ? one->used + bytes
                                                    : EP_JOURNAL_MOST;
}
