/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The protocol of the ledger, for Spin: processes that claim, add to, grow,
 * settle and release, and may be killed between any two stores.  Names are
 * those of src/core/book/book.c, core/book/account.c and the ledger's provider; what is
 * shown, and what is left out, is in docs/proof.md.  proof/model runs it.
 *
 *   CHILDREN, UPLOADS (of each), DEATHS (in all), CLAIMS (places for them)
 *   MEASURED  one tree and the files below it, with SCANS by a process that
 *             may be killed, too; otherwise three accounts and no files
 *   PLACES    for deaths that the parent tells; one less is what is told at once
 *   RESTARTS  how often the server restarts gracefully
 *   APART     each step of a critical section on its own; otherwise the others
 *             wait until it is over, as they can see nothing of it
 *   WRONG_... what a mistake would be; Spin has to find it
 */

#ifndef CHILDREN
#define CHILDREN 2
#endif
#ifndef UPLOADS
#define UPLOADS 2
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef CLAIMS
#define CLAIMS 2
#endif
#ifndef SCANS
#define SCANS 2
#endif
#ifndef PLACES
#define PLACES 2
#endif
#ifndef RESTARTS
#define RESTARTS 0
#endif

/* accounts; an upload's part number n is in account n */
#define QUOTA 0
#define ALLOWANCE 1
#define CONCURRENT 2
#ifdef MEASURED
#define ACCOUNTS 1
#else
#define ACCOUNTS 3
#endif

#define FREE 0
#define MAKING 1
#define LIVE 2
#define COMMITTED 3

#define WATCH CHILDREN
#define NOBODY 255

#ifdef APART
#define TOGETHER
#else
#define TOGETHER atomic
#endif

/* A process may be killed before each step.  The parent does none: its death
 * is the server's. */
#define OR_DIE \
    :: atomic { deaths > 0 -> deaths-- }; goto dead
#define STEP(store) if :: store OR_DIE fi

/* --- what all share, and a death leaves as it is --- */

typedef account_t {
    byte claims;
    byte held;
    byte used
}
typedef part_t {
    byte amount;
    byte after
}
typedef claim_t {
    byte state;
    byte serial;
    byte owner;
    byte count;
    bit is_measured;
    part_t parts[ACCOUNTS]
}
byte limit[ACCOUNTS];
byte lock = NOBODY;
bit busy;
byte last_serial;
/* beside the lock: what the parent told and was acted upon */
byte acted;
byte mended;
account_t accounts[ACCOUNTS];
claim_t claims[CLAIMS];
#ifdef MEASURED
bit is_known;
/* changes and settled are told from what they were when the tree was copied
 * last; asked and measured only by which is later */
bit is_changed;
byte settled;
bit is_due = 1;
#endif

/* --- what the parent writes, and never reads --- */

byte told;
byte dead_pid[PLACES];
byte mend;

/* --- the system's --- */

/* a process that is started gets a number that is free: a new one, or that of
 * the process in whose place it is */
byte pid_of[CHILDREN];
bit is_pid[CHILDREN + DEATHS];
byte started;
bit has_exited[CHILDREN];
/* which process it is, whatever its number */
byte process_of[CHILDREN];
bit is_running[CHILDREN + DEATHS];
byte deaths = DEATHS;
byte finished;
#ifdef MEASURED
/* a finished file, one that is being written, those left by the dead */
byte file[CHILDREN];
byte temporary[CHILDREN];
byte litter;
bit is_quiet;
#endif

/* --- what ought to be; nothing above reads it --- */

typedef upload_t {
    bit is_claimed;
    byte index;
    byte serial;
    byte count;
    byte amount
}
upload_t uploads[CHILDREN];
/* which process made a claim */
byte made_by[CLAIMS];
byte due_used[ACCOUNTS];
#ifdef MEASURED
/* bytes of files that nobody lived to settle */
byte unsettled;
#endif

/* --- local variables of the process that has the lock --- */

byte c, p, n, sum, more;
bit is_fit;
/* catch_up(): numbers of the dead, by bits; to be asked of the system */
byte known, seen, seen_mend;
bit asks;

inline clear_locals()
{
    c = 0; p = 0; n = 0; sum = 0; more = 0; is_fit = 0;
    known = 0; seen = 0; seen_mend = 0; asks = 0
}

/* Holds the book against what ought to be. */
inline check_book()
{
    d_step {
        assert(lock == me);
        for (p : 0 .. ACCOUNTS - 1) {
            sum = 0;
            n = 0;
            for (c : 0 .. CLAIMS - 1) {
                if
                :: claims[c].state == LIVE && p < claims[c].count ->
                    sum = sum + claims[c].parts[p].amount;
                    n++
                :: else
                fi
            }
            assert(accounts[p].held == sum && accounts[p].claims == n);
            assert(accounts[p].used == due_used[p]);
#ifndef MEASURED
            assert(accounts[p].used + accounts[p].held <= limit[p])
#endif
        }
        for (c : 0 .. CLAIMS - 1) {
            assert(claims[c].state == FREE || claims[c].state == LIVE);
            if
            :: claims[c].state == LIVE && is_running[made_by[c]] ->
                /* one upload has it, and knows it */
                sum = 0;
                for (n : 0 .. CHILDREN - 1) {
                    if
                    :: uploads[n].is_claimed && uploads[n].index == c ->
                        assert(claims[c].owner == pid_of[n]);
                        assert(claims[c].serial == uploads[n].serial);
                        assert(claims[c].count == uploads[n].count);
                        assert(claims[c].parts[QUOTA].amount ==
                               uploads[n].amount);
                        sum++
                    :: else
                    fi
                }
                assert(sum == 1)
            :: else
            fi
        }
        sum = 0;
        for (n : 0 .. CHILDREN - 1) {
            if
            :: uploads[n].is_claimed ->
                assert(claims[uploads[n].index].state == LIVE)
            :: else
            fi
#ifdef MEASURED
            sum = sum + file[n]
#endif
        }
#ifdef MEASURED
        assert(!is_known || accounts[QUOTA].used + accounts[QUOTA].held +
               unsettled >= sum);
#endif
        clear_locals()
    }
}

/* What one part asks for. */
inline set_more(asked)
{
    if
    :: p == CONCURRENT -> more = 1
    :: else -> more = asked
    fi
}

/* What one part is to count. */
inline set_outcome(received, stored)
{
    if
    :: p == QUOTA -> more = stored
    :: p == ALLOWANCE -> more = received
    :: p == CONCURRENT -> more = 0
    fi
}

/* Nothing else in a claim that is free is ever looked at: it is made so that
 * looking there fails, which keeps its traces from being told apart as well. */
inline scorch()
{
    claims[c].owner = NOBODY;
    made_by[c] = 0;
    claims[c].count = NOBODY;
    claims[c].is_measured = 0;
    for (n : 0 .. ACCOUNTS - 1) {
        claims[c].parts[n].amount = NOBODY;
        claims[c].parts[n].after = NOBODY
    }
    n = 0
}

inline set_free()
{
    if
    :: atomic { claims[c].state = FREE; scorch() }
    OR_DIE
    fi
}

/* --- core/book/account.c --- */

inline ep_account_hold_more(amount_)
{
    STEP(accounts[p].held = accounts[p].held + amount_)
}

inline ep_account_hold(amount_)
{
    STEP(accounts[p].claims++);
    ep_account_hold_more(amount_)
}

/* stays at 0, as a repair may count down what was counted down already */
inline ep_account_give_back()
{
    if
    :: accounts[p].claims > 0 -> STEP(accounts[p].claims--)
    :: else
    fi;
    if
    :: accounts[p].held > claims[c].parts[p].amount ->
        STEP(accounts[p].held = accounts[p].held - claims[c].parts[p].amount)
    :: else -> STEP(accounts[p].held = 0)
    fi
}

/* --- core/book/book.c --- */

inline disturb()
{
#ifdef MEASURED
    if
    :: p == QUOTA -> STEP(is_changed = 1)
    :: else
    fi
#else
    skip
#endif
}

inline make_due()
{
#ifdef MEASURED
    STEP(is_due = 1)
#else
    skip
#endif
}

inline carry_out()
{
    for (p : 0 .. claims[c].count - 1) {
#ifndef WRONG_APPLIED_FIRST
        STEP(accounts[p].used = claims[c].parts[p].after);
#endif
        ep_account_give_back()
    }
    set_free()
}

inline ep_book_repair()
{
    for (c : 0 .. CLAIMS - 1) {
        if
        :: claims[c].state == COMMITTED -> carry_out()
        :: claims[c].state == MAKING ->
#ifdef WRONG_MAKING_LIVES
            STEP(claims[c].state = LIVE)
#else
            set_free()
#endif
        :: else
        fi
    }
#ifndef WRONG_HELD_STAYS
    for (p : 0 .. ACCOUNTS - 1) {
#ifndef WRONG_REPAIR_UNSEEN
        disturb();
#endif
        STEP(accounts[p].claims = 0);
        STEP(accounts[p].held = 0)
    }
    for (c : 0 .. CLAIMS - 1) {
        if
        :: claims[c].state == LIVE ->
            for (p : 0 .. claims[c].count - 1) {
                ep_account_hold(claims[c].parts[p].amount)
            }
        :: else
        fi
    }
#endif
}

/* is_alive(): who is told to be dead, is not; who is told of no more, for there
 * were too many, is asked of the system; a new process has no claim yet */
#ifdef WRONG_NOT_FRESH
#define IS_PREDECESSORS 0
#else
#define IS_PREDECESSORS (is_fresh && claims[c].owner == pid_of[me])
#endif
#ifdef WRONG_NEVER_ASKS
#define IS_GONE 0
#else
#define IS_GONE (asks && !is_pid[claims[c].owner])
#endif
#define IS_DEAD \
    (((known >> claims[c].owner) & 1) || IS_GONE || IS_PREDECESSORS)

inline ep_book_recover()
{
    is_fit = 1;
    for (c : 0 .. CLAIMS - 1) {
        if
        :: claims[c].state == LIVE ->
            if
            :: IS_DEAD ->
                make_due();
                is_fit = 0;
#ifndef WRONG_NOT_GIVEN_BACK
                set_free()
#endif
            :: else
            fi
        :: else
        fi
    };
    if
    :: !is_fit -> ep_book_repair()
    :: else
    fi
}

inline was_busy()
{
#ifdef WRONG_NO_REPAIR
    skip
#else
    ep_book_repair()
#endif
}

inline set_busy()
{
    if
    :: busy ->
        was_busy()
    :: else -> STEP(busy = 1)
    fi
}

inline ep_book_enter()
{
    set_busy();
    check_book()
}

inline ep_book_leave()
{
    check_book();
    STEP(busy = 0)
}

/* Adds parts first to last of the upload to its claim, or makes it one. */
inline ep_book_reserve(first, last, asks)
{
    d_step {
        is_fit = 1;
        for (p : first .. last) {
            set_more(asks);
            if
            :: accounts[p].used + accounts[p].held + more > limit[p] ->
                is_fit = 0
            :: else
            fi
        }
    };
#ifdef MEASURED
    /* ask_trees(): whatever becomes of the upload */
    STEP(is_due = 1);
#endif
    if
    :: first > 0 -> c = uploads[me].index
    /* find_free_claim(): any, as head->next is only a hint */
    :: first == 0 && claims[0].state == FREE -> c = 0
#if CLAIMS > 1
    :: first == 0 && claims[1].state == FREE -> c = 1
#endif
    :: else -> is_fit = 0
    fi;
    if
    :: !is_fit
    :: is_fit ->
        if
        :: first == 0 ->
            STEP(claims[c].state = MAKING);
            STEP(last_serial++);
            STEP(claims[c].serial = last_serial);
            STEP(claims[c].owner = pid_of[me]);
            made_by[c] = process_of[me];
            STEP(claims[c].count = 0)
        :: else
        fi;
        for (p : first .. last) {
            /* add_part() */
#ifdef MEASURED
            STEP(claims[c].is_measured = 0);
#endif
            set_more(asks);
            STEP(claims[c].parts[p].amount = more);
            STEP(claims[c].parts[p].after = 0);
            STEP(claims[c].count = p + 1);
            ep_account_hold(claims[c].parts[p].amount)
        }
        if
        :: first == 0 ->
            STEP(claims[c].state = LIVE);
            uploads[me].is_claimed = 1;
            uploads[me].index = c;
            uploads[me].serial = claims[c].serial;
            uploads[me].amount = asks
        :: else
        fi;
        uploads[me].count = last + 1
    fi
}

/* All parts but CONCURRENT, by 1 or not at all. */
inline ep_book_grow()
{
    c = uploads[me].index;
    d_step {
        is_fit = 1;
        for (p : QUOTA .. ALLOWANCE) {
            if
            :: accounts[p].used + accounts[p].held + 1 > limit[p] -> is_fit = 0
            :: else
            fi
        }
    };
    if
    :: !is_fit
    :: is_fit ->
        for (p : QUOTA .. ALLOWANCE) {
            STEP(claims[c].parts[p].amount = claims[c].parts[p].amount + 1);
            ep_account_hold_more(1)
        };
        uploads[me].amount++
    fi
}

/* claim_of() */
#ifdef WRONG_NO_SERIAL
#define IS_MINE claims[c].state == LIVE
#else
#define IS_MINE \
    claims[c].state == LIVE && claims[c].serial == uploads[me].serial
#endif

/* MEASURED: what was stored is size - old; otherwise it is added */
inline ep_book_settle(received, size, old)
{
    c = uploads[me].index;
    if
    :: IS_MINE ->
        /* write_ahead() */
        for (p : 0 .. claims[c].count - 1) {
#ifndef WRONG_SETTLED_UNSEEN
            disturb();
#endif
#ifdef MEASURED
            if
            :: size > old ->
                STEP(settled = settled + size - old);
                more = accounts[p].used + size - old
#ifndef WRONG_TAKES_OFF
            :: size <= old && claims[c].is_measured -> more = accounts[p].used
            :: size <= old && !claims[c].is_measured ->
#else
            :: size <= old ->
#endif
                more = 0;
                if
                :: accounts[p].used + size > old ->
                    more = accounts[p].used + size - old
                :: else
                fi
            fi;
            STEP(claims[c].parts[p].after = more)
#else
            set_outcome(received, size);
            STEP(claims[c].parts[p].after = accounts[p].used + more)
#endif
        }
#ifdef WRONG_APPLIED_FIRST
        for (p : 0 .. claims[c].count - 1) {
            STEP(accounts[p].used = claims[c].parts[p].after)
        }
#endif
        if
        :: atomic {
            claims[c].state = COMMITTED;
            /* from here on it counts */
            for (p : 0 .. claims[c].count - 1) {
#ifdef MEASURED
                due_used[p] = claims[c].parts[p].after;
                has_stored = 0
#else
                set_outcome(received, size);
                due_used[p] = due_used[p] + more
#endif
            }
        }
        OR_DIE
        fi;
        carry_out()
    :: else
    fi;
    uploads[me].is_claimed = 0
}

inline ep_book_release()
{
    c = uploads[me].index;
    if
    :: IS_MINE ->
        for (p : 0 .. claims[c].count - 1) {
            disturb();
            ep_account_give_back()
        };
        set_free()
    :: else
    fi;
    uploads[me].is_claimed = 0
}

#ifdef WRONG_HELD_IS_BYTES
#define IS_HELD accounts[QUOTA].held > 0
#else
#define IS_HELD accounts[QUOTA].claims > 0
#endif

#ifdef MEASURED
inline ep_book_measured()
{
    if
    :: (is_changed || IS_HELD) && is_known
    /* not known yet, or lower, or insists: any of these, so moves are left out */
    :: is_changed || IS_HELD ->
        /* mark_measured() */
        for (c : 0 .. CLAIMS - 1) {
            if
            :: claims[c].state == LIVE -> STEP(claims[c].is_measured = 1)
            :: else
            fi
        }
        make_due();
        if
        :: atomic {
            accounts[QUOTA].used = bytes + settled;
            due_used[QUOTA] = bytes + settled
        }
        OR_DIE
        fi;
        STEP(is_known = 1)
#ifdef WRONG_RIGHT_ENOUGH
        ;
        STEP(is_due = 0)
#endif
    :: else ->
        if
        :: atomic {
            sum = litter;
            for (n : 0 .. CHILDREN - 1) {
                sum = sum + file[n] + temporary[n]
            }
            assert(bytes == sum);
            accounts[QUOTA].used = bytes;
            due_used[QUOTA] = bytes;
            unsettled = 0
        }
        OR_DIE
        fi;
        STEP(is_known = 1);
        STEP(is_due = 0)
    fi
}
#endif

/* --- the provider --- */

/* The parent writes on meanwhile: a place is right while fewer than PLACES are
 * behind. */
inline read_dead()
{
    n = acted;
    do
    :: seen - acted < PLACES && n < seen ->
        known = known | (1 << dead_pid[n % PLACES]);
        n++
    :: else -> break
    od;
    n = 0;
    if
    :: told - acted >= PLACES -> asks = 1
    :: else
    fi
}

inline catch_up()
{
    seen_mend = mend;
    seen = told;
    read_dead();
    if
    :: seen_mend != mended -> asks = 1
    :: else
    fi;
#ifdef WRONG_ACTED_FIRST
    STEP(acted = seen);
#endif
    set_busy();
    ep_book_recover();
    if
    :: seen_mend != mended -> ep_book_repair()
    :: else
    fi;
    STEP(busy = 0);
    STEP(mended = seen_mend);
    STEP(acted = seen);
    is_fresh = 0;
    clear_locals()
}

/* Robust: the system gives the lock of a dead process away. */
inline enter()
{
    if
    :: atomic { lock == NOBODY -> lock = me }
    OR_DIE
    fi;
    if
    :: told != acted || mend != mended || is_fresh -> catch_up()
    :: else
    fi;
    ep_book_enter()
}

inline leave()
{
    ep_book_leave();
    STEP(lock = NOBODY)
}

inline drop_lock()
{
    if
#ifndef WRONG_NOT_ROBUST
    :: lock == me -> lock = NOBODY; clear_locals()
#endif
    :: else
    fi
}

/* --- processes --- */

inline start(which)
{
    if
    :: pid_of[which] = started
    :: has_run -> skip
    fi;
    is_pid[pid_of[which]] = 1;
    process_of[which] = started;
    is_running[started] = 1;
    started++
}

/* what a child does next */
#define NOTHING 0
#define WRITE 1
#define RENAME 2
#define WRITES 2
#define RESERVE 3
#define ADD 4
#define GROW 5
#define SETTLE 6
#define RELEASE 7
#define AGAIN 8

#ifdef MEASURED
#define STORED ask
#define OLD old
#else
#define STORED ask - 1
#define OLD 0
#endif

inline forget_upload()
{
    ask = 0;
#ifdef MEASURED
    old = 0;
#endif
    uploads[me].is_claimed = 0;
    uploads[me].index = 0;
    uploads[me].serial = 0;
    uploads[me].count = 0;
    uploads[me].amount = 0
}

proctype child(byte me)
{
    bit is_fresh;
    byte left = UPLOADS;
    byte ask;
    byte next;
#ifdef MEASURED
    byte old;
    bit has_stored;
#endif

again:
    /* child_init */
    TOGETHER { is_fresh = 1; enter(); leave() };
    do
    :: d_step { next == NOTHING && left > 0 ->
        left--;
        next = RESERVE;
#ifdef MEASURED
        old = file[me]
#endif
        };
        if
#ifdef MEASURED
        /* a file that is there already may be replaced by a smaller one */
        :: me == 0 -> ask = 1
#else
        :: ask = 1
#endif
        :: ask = 2
        fi
    :: next == NOTHING && left == 0 -> break
#ifdef MEASURED
    /* into a file of another name, which takes the place of the old one */
    :: atomic { next == WRITE -> STEP(temporary[me] = 1) }; next = RENAME
    :: atomic { next == RENAME ->
            if
            :: file[me] = ask; temporary[me] = 0; has_stored = 1
            OR_DIE
            fi };
        next = SETTLE
    :: atomic { next == WRITE || next == RENAME -> STEP(temporary[me] = 0) };
        next = RELEASE
#endif
    :: atomic { next > WRITES -> skip };
        TOGETHER {
            enter();
            if
#ifdef MEASURED
            :: next == RESERVE && ask > old ->
                ep_book_reserve(QUOTA, QUOTA, ask - old)
            :: next == RESERVE && ask <= old ->
                ep_book_reserve(QUOTA, QUOTA, 0)
#else
            :: next == RESERVE -> ep_book_reserve(QUOTA, ALLOWANCE, ask)
            :: next == ADD ->
                ep_book_reserve(CONCURRENT, CONCURRENT, ask)
            :: next == GROW -> ep_book_grow()
#endif
            :: next == SETTLE -> ep_book_settle(ask, STORED, OLD)
            :: next == RELEASE || next == AGAIN -> ep_book_release()
            fi;
            leave();
            if
            :: next == RESERVE && !uploads[me].is_claimed -> next = NOTHING
#ifdef MEASURED
            :: next == RESERVE && uploads[me].is_claimed -> next = WRITE
#else
            :: next == RESERVE && uploads[me].is_claimed -> next = ADD
            :: next == RESERVE && uploads[me].is_claimed && ask == 1 ->
                next = GROW
            :: next == RESERVE && uploads[me].is_claimed -> next = SETTLE
            :: next == RESERVE && uploads[me].is_claimed -> next = RELEASE
            :: next == ADD || next == GROW -> next = SETTLE
            :: next == ADD || next == GROW -> next = RELEASE
            /* with a copy of the claim that is over: must do nothing */
            :: (next == SETTLE || next == RELEASE) && me == 0 -> next = AGAIN
#endif
            :: next == SETTLE || next == RELEASE || next == AGAIN ->
                next = NOTHING
            fi;
            if
            :: next == NOTHING -> forget_upload()
            :: else
            fi
        }
    od;
    atomic { finished++; goto over };

dead:
    atomic {
        is_running[process_of[me]] = 0;
        is_pid[pid_of[me]] = 0;
        has_exited[me] = 1;
        is_fresh = 0;
        drop_lock();
#ifdef MEASURED
        litter = litter + temporary[me];
        temporary[me] = 0;
        if
        :: has_stored && file[me] > old ->
            unsettled = unsettled + file[me] - old
        :: else
        fi;
        has_stored = 0;
#endif
        next = NOTHING;
        forget_upload()
    };
    /* the next process in its place */
    is_running[process_of[me]];
    goto again;
over:
}

#ifdef MEASURED
/* What takes the files' sizes, one after the other, without the lock. */
proctype watch()
{
    byte me = WATCH;
    bit is_fresh;
    byte scans = SCANS;
    byte bytes;
    byte at;

again:
    do
    :: (scans > 0 || is_quiet) && is_due ->
        scans = (scans > 0 -> scans - 1 : 0);
        /* ep_book_tree() */
        TOGETHER { enter(); is_changed = 0; settled = 0; leave() };
        /* a name that is there all the time is read once, old or new */
        STEP(bytes = litter);
        for (at : 0 .. CHILDREN - 1) {
            STEP(bytes = bytes + file[at]);
            STEP(bytes = bytes + temporary[at])
        };
        at = 0;
        TOGETHER { enter(); ep_book_measured(); leave() };
        bytes = 0
    :: is_quiet && !is_due -> break
    od;
    /* all is on the disk, and measured */
    atomic {
        sum = litter;
        for (n : 0 .. CHILDREN - 1) {
            sum = sum + file[n] + temporary[n]
        };
        assert(is_known && accounts[QUOTA].used == sum);
        assert(accounts[QUOTA].held == 0 && accounts[QUOTA].claims == 0);
        clear_locals()
    };
    goto over;

dead:
    atomic { drop_lock(); bytes = 0; at = 0 };
    goto again;
over:
}
#endif

/* Has the lock never, and no part in what others share. */
active proctype parent()
{
    byte restarts = RESTARTS;
    byte deaths_told;
#ifdef WRONG_STARTED_FIRST
    byte gone;
#endif
    byte i;
    bit has_run;

    atomic {
#ifdef MEASURED
        limit[QUOTA] = 9;
#else
        limit[QUOTA] = 3;
        limit[ALLOWANCE] = 4;
        limit[CONCURRENT] = 1;
#endif
        for (c : 0 .. CLAIMS - 1) {
            scorch()
        };
        clear_locals();
        for (i : 0 .. CHILDREN - 1) {
            start(i);
            run child(i)
        };
        has_run = 1;
        i = 0;
#ifdef MEASURED
        file[0] = 2;
        run watch()
#endif
    };
    do
    :: finished == CHILDREN -> break
    :: atomic { restarts > 0 && finished < CHILDREN ->
            restarts--;
            mend = RESTARTS - restarts
        }
    :: atomic {
            if
            :: has_exited[0] -> has_exited[0] = 0; i = 0
            :: has_exited[1] -> has_exited[1] = 0; i = 1
#if CHILDREN > 2
            :: has_exited[2] -> has_exited[2] = 0; i = 2
#endif
            fi
        };
#ifdef WRONG_STARTED_FIRST
        gone = pid_of[i];
        atomic { start(i) };
        dead_pid[deaths_told % PLACES] = gone;
#else
        dead_pid[deaths_told % PLACES] = pid_of[i];
#endif
        deaths_told++;
        told = deaths_told;
#ifndef WRONG_STARTED_FIRST
        atomic { start(i) };
#endif
        i = 0
    od;
#ifdef MEASURED
    is_quiet = 1
#else
    atomic {
        assert(lock == NOBODY && !busy);
        for (p : 0 .. ACCOUNTS - 1) {
            assert(accounts[p].held == 0 && accounts[p].claims == 0)
        }
        for (c : 0 .. CLAIMS - 1) {
            assert(claims[c].state == FREE)
        }
        clear_locals()
    }
#endif
}
