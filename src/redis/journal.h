/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * What this server's uploads hold in Redis, in memory that all children share.  Redis
 * may lose its memory, and a child may die: what is held is known here.  The parent
 * makes the memory, and never reads it.  A child may write anything there: what is
 * read is bounded.
 *
 *     FREE -> TAKEN -> LIVE -> ENDED -> FREE
 *
 * One thread of the server at a time is its secretary (see lock): it alone tells
 * Redis of ends, and asserts what is held after Redis has lost it.
 */
#ifndef EP_JOURNAL_H
#define EP_JOURNAL_H

#include "ledger/provider.h"
#include "redis/breaker.h"

/** The most uploads at once that hold something in Redis. */
#define EP_JOURNAL_ENTRIES 8192u
/** The most allowances whose use this server can assert. */
#define EP_JOURNAL_ALLOWANCES 4096u
#define EP_JOURNAL_SECRET 16
/** Larger amounts are this: numbers in Redis' scripts are doubles. */
#define EP_JOURNAL_MOST ((apr_int64_t)1 << 53)

typedef enum ep_journal_state {
    EP_JOURNAL_FREE,
    EP_JOURNAL_TAKEN,
    EP_JOURNAL_LIVE,
    EP_JOURNAL_ENDED
} ep_journal_state;

typedef struct ep_journal_part {
    ep_ledger_kind kind;
    ep_ledger_key key;
    /** in Redis */
    apr_int64_t amount;
    /** ALLOWANCE: microseconds */
    apr_int64_t period;
} ep_journal_part;

typedef struct ep_journal_entry {
    /** an ep_journal_state */
    volatile apr_uint32_t state;
    /** tells this use of the entry from others */
    volatile apr_uint32_t serial;
    volatile apr_uint32_t pid;
    volatile apr_uint32_t count;
    /** 1: Redis may not know the parts: the secretary asserts them */
    volatile apr_uint32_t is_owed;
    /** 1: the content has ended: slots are to be given back; 2: they are */
    volatile apr_uint32_t slots;
    /** EP_RESERVE_ALONE or 0 */
    int how;
    /** the claim in `shm` */
    ep_ledger_claim local;
    /** bytes that are claimed here, and in Redis */
    apr_int64_t claimed;
    apr_int64_t in_redis;
    /** ENDED: bytes; 0: released */
    apr_int64_t received;
    /** ms of Redis' clock: until then, a call of unknown outcome may still run */
    apr_int64_t not_before;
    ep_journal_part parts[EP_CHARGES_MAX];
} ep_journal_entry;

/** What this server has used of an allowance; written by the secretary. */
typedef struct ep_journal_used {
    ep_ledger_key key;
    /** of ep_conn_clock(), microseconds; 0: the place is free */
    apr_int64_t until;
    apr_int64_t used;
} ep_journal_used;

typedef struct ep_journal {
    /** of the server; made by the parent */
    char server[33];
    ep_breaker breaker;
    /** the secretary's process, 0: none, and until when it is believed to live, in
     * seconds of ep_conn_clock() */
    volatile apr_uint32_t lock;
    volatile apr_uint32_t lock_until;
    /** the incarnation: 0: not known to Redis yet */
    volatile apr_uint32_t generation;
    /** the highest number that Redis has given to a write of this incarnation */
    volatile apr_uint32_t seq;
    /** 1: Redis has lost something: a new incarnation has to assert all */
    volatile apr_uint32_t is_lost;
    /** when to renew the lease, in seconds of ep_conn_clock() */
    volatile apr_uint32_t next_renew;
    volatile apr_uint32_t serial;
    volatile apr_uint32_t asserted;
    /** of the last renewal of the lease, in seconds of ep_conn_clock(); 0: none */
    volatile apr_uint32_t renewed;
    /** when to ask for the next three, in seconds of ep_conn_clock() */
    volatile apr_uint32_t next_count;
    /** claims of all servers, how many servers these are, and when Redis said so, in
     * seconds of ep_conn_clock(); 0: never */
    volatile apr_uint32_t claims_everywhere;
    volatile apr_uint32_t servers;
    volatile apr_uint32_t told_everywhere;
    /** counts the ends, of an upload or of its content, that Redis was told */
    volatile apr_uint32_t told;
    /** how many places of `used` the secretary still asserts, from the first one */
    volatile apr_uint32_t used_owed;
    /** no entry at or behind this place was ever used */
    volatile apr_uint32_t entries_used;
    /** Redis' clock less ep_conn_clock(), in ms */
    volatile apr_int64_t offset;
    /** of the ledger: without it nobody finds a client's account in Redis */
    unsigned char secret[EP_JOURNAL_SECRET];
    ep_journal_used used[EP_JOURNAL_ALLOWANCES];
    ep_journal_entry entries[EP_JOURNAL_ENTRIES];
} ep_journal;

/** @return the seconds of ep_conn_clock(), which wrap */
apr_uint32_t ep_journal_seconds(void);

/** In the parent: makes the memory, or finds that of before a restart.
 * @param key of the process pool's userdata  @return NULL: there is no memory */
ep_journal *ep_journal_make(apr_pool_t *process, const char *key);

/** Takes an entry, which is TAKEN then.  @return NULL: all are in use */
ep_journal_entry *ep_journal_take(ep_journal *journal);

/** @return the entry of a claim (opaque[3]); NULL: it has none, or has ended */
ep_journal_entry *ep_journal_find(ep_journal *journal,
                                  const ep_ledger_claim *claim);

/** Notes the entry in a claim. */
void ep_journal_note(ep_journal *journal, const ep_journal_entry *entry,
                     ep_ledger_claim *claim);

/** @return how many entries are in a state */
apr_uint32_t ep_journal_count(ep_journal *journal, ep_journal_state state);

/** @return the number of parts, bounded */
apr_uint32_t ep_journal_parts(const ep_journal_entry *entry);

/** Becomes the secretary for some seconds.  @return 0: another thread is */
int ep_journal_lock(ep_journal *journal);

/** Ends that. */
void ep_journal_unlock(ep_journal *journal);

/** Adds to what this server has used of an allowance.  For the secretary. */
void ep_journal_use(ep_journal *journal, const ep_journal_part *part,
                    apr_int64_t bytes);

#endif
