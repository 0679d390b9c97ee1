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
 * Redis of ends, and asserts what is held.  docs/fleet.md has the protocol.
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
    /** a request has taken it, and asks Redis */
    EP_JOURNAL_TAKEN,
    EP_JOURNAL_LIVE,
    EP_JOURNAL_ENDED
} ep_journal_state;

/** Who calls Redis for an entry. */
enum {
    EP_JOURNAL_IDLE,
    EP_JOURNAL_REQUEST,
    EP_JOURNAL_SECRETARY
};

typedef struct ep_journal_part {
    ep_ledger_kind kind;
    ep_ledger_key key;
    /** in Redis */
    apr_int64_t amount;
    /** ALLOWANCE: microseconds */
    apr_int64_t period;
    /** ALLOWANCE: when the period ends that Redis has named last, in ms of its clock;
     * 0: it has named none.  QUOTA: how often the tree had been measured */
    apr_int64_t until;
} ep_journal_part;

typedef struct ep_journal_entry {
    /** an ep_journal_state and the process that took it, in one word, so that it is
     * never taken by nobody: see ep_journal_state_of() */
    volatile apr_uint32_t word;
    /** tells this use of the entry from others; the name of the claim in Redis */
    volatile apr_uint32_t serial;
    /** see EP_JOURNAL_IDLE */
    volatile apr_uint32_t busy;
    /** the generation of the incarnation that the parts are in; 0: none: Redis was not
     * asked.  Another one than the current: the secretary has to tell them */
    volatile apr_uint32_t generation;
    volatile apr_uint32_t count;
    /** 1: the content has ended: slots are to be given back; 2: they are */
    volatile apr_uint32_t slots;
    /** 1: Redis was told of the end, and may have done it */
    volatile apr_uint32_t is_told;
    /** EP_RESERVE_ALONE or 0 */
    int how;
    /** the claim in `shm` */
    ep_ledger_claim local;
    /** bytes that are claimed here, and in Redis */
    apr_int64_t claimed;
    apr_int64_t in_redis;
    /** ENDED: bytes; 0: released */
    apr_int64_t received;
    apr_int64_t stored;
    /** 1: `shm` ends its claim now, or has */
    volatile apr_uint32_t is_ending;
    /** 1: it may move files in its trees */
    int is_mover;
    ep_journal_part parts[EP_CHARGES_MAX];
} ep_journal_entry;

/** What this server has used of an allowance; written by the secretary. */
typedef struct ep_journal_used {
    ep_ledger_key key;
    /** when the period ends, ms of Redis' clock; past: the place is free */
    apr_int64_t until;
    /** microseconds */
    apr_int64_t period;
    apr_int64_t used;
    /** of the incarnation that knows it; another one than the current: it is to be
     * told */
    apr_uint32_t generation;
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
    /** the generation that was begun last, whether Redis has answered or not: none is
     * begun twice, as the first call may run late */
    volatile apr_uint32_t tried;
    /** the highest number that Redis has given to a write of this incarnation, and how
     * many of its answers have arrived */
    volatile apr_uint32_t seq;
    volatile apr_uint32_t answers;
    /** 1: Redis has lost something: a new incarnation begins at once */
    volatile apr_uint32_t is_lost;
    /** 1: a call has had no answer: a new incarnation begins, not before next_begin, in
     * seconds of ep_conn_clock() */
    volatile apr_uint32_t is_doubtful;
    volatile apr_uint32_t next_begin;
    /** 1: of incarnations before this one Redis may still know something */
    volatile apr_uint32_t is_to_drop;
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
    /** 1: some place of `used` is to be told */
    volatile apr_uint32_t is_used_owed;
    /** the generation that all trees were told to, or are noted for */
    volatile apr_uint32_t told_trees;
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

/** @return ms of Redis' clock, as far as it is known here */
apr_int64_t ep_journal_redis_time(const ep_journal *journal);

/** Takes an entry, which is TAKEN then.  @return NULL: all are in use */
ep_journal_entry *ep_journal_take(ep_journal *journal);

ep_journal_state ep_journal_state_of(ep_journal_entry *entry);

/** @return 0: it was in another state */
int ep_journal_change(ep_journal_entry *entry, ep_journal_state from,
                      ep_journal_state to);

/** For the secretary: an ENDED entry is TAKEN by this process then.  @return 0: it is
 * not ENDED */
int ep_journal_take_over(ep_journal_entry *entry);

/** @return 1: the process that has taken it is dead; FREE: 0 */
int ep_journal_is_dead(ep_journal_entry *entry);

/** @return 1: another process has taken it than this one */
int ep_journal_is_foreign(ep_journal_entry *entry);

/** For a request: nobody else calls Redis for the entry until idle().
 * @return 0: somebody does */
int ep_journal_occupy(ep_journal_entry *entry);

/** Ends that.  @param who REQUEST or SECRETARY */
void ep_journal_idle(ep_journal_entry *entry, apr_uint32_t who);

/** For the secretary: as occupy().  What a secretary that has died left is taken. */
int ep_journal_occupy_for_secretary(ep_journal_entry *entry);

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

/** @return places that were ever used, bounded */
apr_uint32_t ep_journal_places(ep_journal *journal);

/** Becomes the secretary for some seconds.  If the one before has not said that it
 * ended, the incarnation is doubtful then: a call of it may be under way.
 * @return 0: another thread is */
int ep_journal_lock(ep_journal *journal);

/** Ends that. */
void ep_journal_unlock(ep_journal *journal);

/** Adds to what this server has used of an allowance.  For the secretary.
 * @param until when the period ends, ms of Redis' clock
 * @param knows 1: Redis counts it already; 0: it is to be told */
void ep_journal_use(ep_journal *journal, const ep_journal_part *part,
                    apr_int64_t until, apr_int64_t bytes, int knows);

/** @return 1: the place is not free */
int ep_journal_is_used(const ep_journal *journal, const ep_journal_used *one);

/** Two numbers that are not below 0.  @return the sum, at most EP_JOURNAL_MOST;
 * anything may lie in the journal */
apr_int64_t ep_journal_sum(apr_int64_t one, apr_int64_t other);

#endif
