/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The protocol of a ledger in Redis, for Spin: servers that reserve, end, begin, renew
 * and assert by calls that may fail, and a Redis that may lose its memory.  Names are
 * those of docs/fleet.md and src/redis.  proof/model runs it.
 *
 * One account with a limit, in one period; a claim is one part of 1 in it.  A server
 * has one entry in its journal, a request at a time, and a secretary.  A call runs and
 * is answered; runs, and the answer is lost; does not run; or runs late, after its
 * caller has given up.  The world below decides when leases end.
 *
 *   SERVERS, UPLOADS (of each, one after another)
 *   FAULTS   calls without an answer, in all
 *   LOSSES   how often Redis falls back to nothing, or to what it has saved (SAVES)
 *   LAPSES   how often the lease of a server ends that goes on afterwards, or that of
 *            its closed incarnation before all is asserted
 *   DEATHS   servers that end for good
 *   ALONE    1: LedgerFailure Local: without an answer, a server may decide alone
 *   WRONG_... what a mistake would be; Spin has to find it
 */

#ifndef SERVERS
#define SERVERS 2
#endif
#ifndef UPLOADS
#define UPLOADS 1
#endif
#ifndef FAULTS
#define FAULTS 0
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef SAVES
#define SAVES 0
#endif
#ifndef LAPSES
#define LAPSES 0
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef ALONE
#define ALONE 0
#endif
#ifndef LIMIT
#define LIMIT 1
#endif

/* generations of a server, from 1; 0: none */
#define GENERATIONS (3 + FAULTS + 2 * LOSSES + LAPSES)
#define PLACES (SERVERS * GENERATIONS)
#define AT(s, g) ((s) * GENERATIONS + (g))
/* of a claim: they are numbered from 1 */
#define BIT(c) (1 << (c))

/* the state of an entry */
#define FREE 0
#define TAKEN 1
#define LIVE 2
#define ENDED 3

/* a lease */
#define UNKNOWN 0
#define LEASED 1
#define LAPSED 2
#define CLOSED 3
#define CLOSED_LAPSED 4

#define NOTHING 0
#define BEGIN 1
#define RENEW 2
#define DROP 3
#define RESERVE 4
#define ASSERT 5
#define END 6
#define USED 7

/* answers; NONE: there is none */
#define NONE 0
#define DONE 1
#define DENIED 2
#define GONE 3
#define NEW 4

/* --- Redis; a bit of part for each claim --- */

byte lease[PLACES];
byte part[PLACES];
byte seq[PLACES];
byte used[SERVERS];
byte saved_lease[PLACES];
byte saved_part[PLACES];
byte saved_seq[PLACES];
byte saved_used[SERVERS];

/* --- on its way, to run late --- */

byte late_script[SERVERS];
byte late_generation[SERVERS];
byte late_claim[SERVERS];
byte late_before[SERVERS];
byte late_bytes[SERVERS];

/* --- the journal --- */

byte state[SERVERS];
byte serial[SERVERS];
/* that the parts are in */
byte parts_in[SERVERS];
/* 1: a request's call is under way; 2: the secretary's */
byte busy[SERVERS];
bit received[SERVERS];
byte generation[SERVERS];
/* the last one that begin was called for: a number is never used twice, as the first
 * call may run late, and count */
byte tried[SERVERS];
byte highest[SERVERS];
byte answers[SERVERS];
bit is_lost[SERVERS];
bit is_doubtful[SERVERS];
bit is_renewal_due[SERVERS];
bit is_used_owed[SERVERS];
bit is_to_drop[SERVERS];
byte sum[SERVERS];

/* --- of the proof --- */

byte faults = FAULTS;
byte losses = LOSSES;
byte saves = SAVES;
byte lapses = LAPSES;
byte deaths = DEATHS;
bit is_dead[SERVERS];
bit is_over[SERVERS];
byte settled[SERVERS];
/* since the limit need not hold */
bit is_excused;

hidden byte i, total, ran, number;

#define COUNTS(l) ((l) == LEASED || (l) == CLOSED)
#define ONES(b) ((((b) >> 1) & 1) + (((b) >> 2) & 1) + (((b) >> 3) & 1))

inline add_up()
{
    total = 0;
    for (i : 0 .. SERVERS - 1) { total = total + used[i] }
    for (i : 0 .. PLACES - 1) {
        total = total + (COUNTS(lease[i]) -> ONES(part[i]) : 0)
    }
    i = 0
}

/* One script, whole.  Sets ran and number. */
inline execute(script, s, g, c, before, bytes)
{
    number = 0;
    ran = DONE;
    if
    :: script == BEGIN ->
        if
        :: lease[AT(s, g)] == CLOSED || lease[AT(s, g)] == CLOSED_LAPSED ->
            ran = GONE
        :: else ->
            if
#ifndef WRONG_LEAVES_OPEN
            :: before != 0 && lease[AT(s, before)] != UNKNOWN ->
                lease[AT(s, before)] = CLOSED
#endif
            :: else
            fi;
            lease[AT(s, g)] = LEASED
        fi
    :: script == RENEW || script == DROP ->
        if
        :: lease[AT(s, g)] == LEASED || lease[AT(s, g)] == LAPSED ->
            lease[AT(s, g)] = LEASED;
            if
            :: script == DROP ->
                for (i : 0 .. GENERATIONS - 1) {
                    if
                    :: i != g -> lease[AT(s, i)] = UNKNOWN; part[AT(s, i)] = 0;
                        seq[AT(s, i)] = 0
                    :: else
                    fi
                }
                i = 0
            :: else
            fi
        :: else -> ran = NEW
        fi
#ifdef WRONG_RUNS_WHEN_CLOSED
    :: script > DROP && lease[AT(s, g)] != LEASED && lease[AT(s, g)] != CLOSED ->
        ran = GONE
    :: script == RESERVE && (lease[AT(s, g)] == LEASED || lease[AT(s, g)] == CLOSED) ->
#else
    :: script > DROP && lease[AT(s, g)] != LEASED -> ran = GONE
    :: script == RESERVE && lease[AT(s, g)] == LEASED ->
#endif
        add_up();
        if
        :: (part[AT(s, g)] & BIT(c)) != 0
        :: else ->
            if
            :: total < LIMIT -> part[AT(s, g)] = part[AT(s, g)] | BIT(c)
            :: else -> ran = DENIED
            fi
        fi
    :: script == ASSERT && COUNTS(lease[AT(s, g)]) ->
        part[AT(s, g)] = part[AT(s, g)] | BIT(c);
        if
        :: before != g -> part[AT(s, before)] = part[AT(s, before)] & (255 - BIT(c))
        :: else
        fi
    :: script == END && COUNTS(lease[AT(s, g)]) ->
        if
#ifdef WRONG_ENDS_TWICE
        :: true ->
#else
        :: (part[AT(s, g)] & BIT(c)) != 0 ->
#endif
            part[AT(s, g)] = part[AT(s, g)] & (255 - BIT(c));
            used[s] = used[s] + bytes
#ifndef WRONG_ENDS_TWICE
        :: else
#endif
        fi
    :: script == USED && COUNTS(lease[AT(s, g)]) ->
#ifdef WRONG_ADDS_USE
        used[s] = used[s] + bytes
#else
        used[s] = (bytes > used[s] -> bytes : used[s])
#endif
    fi;
    if
    :: ran == DONE || ran == DENIED ->
        seq[AT(s, g)] = seq[AT(s, g)] + 1;
        number = seq[AT(s, g)]
    :: else
    fi;
    /* nothing is charged twice */
    assert(used[s] <= settled[s])
}

/* A call: the answer is noted in a step of its own. */
inline call(script, s, g, c, before, bytes)
{
    atomic {
        m = highest[s];
        if
        :: d_step {
            execute(script, s, g, c, before, bytes);
            answer = ran; got = number
           }
        :: faults > 0 -> faults--; answer = NONE; got = 0
        :: faults > 0 ->
            d_step {
                faults--;
                execute(script, s, g, c, before, bytes);
                answer = NONE; got = 0
            }
        :: faults > 0 && late_script[s] == NOTHING ->
            faults--;
            late_script[s] = script; late_generation[s] = g;
            late_claim[s] = c; late_before[s] = before; late_bytes[s] = bytes;
            answer = NONE; got = 0
        fi
    }
}

/* check_seq(), and what an answer that did not come means */
inline check(s, g)
{
    if
    :: answer == NONE ->
#ifndef WRONG_FORGETS_DOUBT
        is_doubtful[s] = 1
#else
        skip
#endif
    :: answer != NONE && generation[s] != g
    :: answer == GONE && generation[s] == g -> is_renewal_due[s] = 1
    :: (answer == DONE || answer == DENIED) && generation[s] == g ->
        highest[s] = (got > highest[s] -> got : highest[s]);
        answers[s]++;
#ifndef WRONG_IGNORES_SEQ
        if
        :: got <= m || answers[s] > highest[s] -> is_lost[s] = 1
        :: else
        fi
#endif
    :: answer == NEW && generation[s] == g -> is_lost[s] = 1
    fi
}

#define IS_REGISTERED(s) (generation[s] != 0 && !is_lost[s] && !is_renewal_due[s])

/* uploads that were admitted; those of a dead server go on counting while its lease
 * lives, but nobody misses them */
#define IS_REAL(s) (state[s] == LIVE && !is_dead[s])

inline check_limit()
{
    d_step {
        total = 0;
        for (i : 0 .. SERVERS - 1) {
            total = total + settled[i] + (IS_REAL(i) -> 1 : 0)
        }
        i = 0;
        assert(is_excused || total <= LIMIT);
        total = 0
    }
}

inline end_entry(s)
{
    parts_in[s] = 0; received[s] = 0; serial[s] = 0; busy[s] = 0; state[s] = FREE
}

proctype requests(byte s)
{
    byte c = 1, answer, got, m, g;

    do
    :: atomic { is_dead[s] || c > UPLOADS -> break }
    :: atomic {
        !is_dead[s] && c <= UPLOADS && state[s] == FREE && IS_REGISTERED(s) ->
        state[s] = TAKEN; serial[s] = c; busy[s] = 1;
        g = generation[s]; parts_in[s] = g
       }
       call(RESERVE, s, g, c, 0, 0);
       atomic {
        if
        :: is_dead[s]
        :: else ->
            check(s, g);
            busy[s] = 0;
            if
            :: answer == DONE -> state[s] = LIVE; check_limit()
            :: answer == NONE && ALONE ->
                is_excused = 1; parts_in[s] = 0; state[s] = LIVE
            /* refused; a part that Redis may hold ends with its incarnation */
            :: answer != DONE -> end_entry(s)
            fi
        fi;
        answer = 0; got = 0; m = 0; g = 0
       }
       if
       :: atomic { is_dead[s] || state[s] != LIVE -> skip }
       :: atomic { !is_dead[s] && state[s] == LIVE && c == UPLOADS -> skip }
       :: atomic {
           !is_dead[s] && state[s] == LIVE && busy[s] == 0 ->
           received[s] = 1; settled[s]++; state[s] = ENDED
          }
       :: atomic { !is_dead[s] && state[s] == LIVE && busy[s] == 0 -> state[s] = ENDED }
       fi;
       c++
    od;
    is_over[s] = 1
}

#define IS_BEGIN_DUE(s) (generation[s] == 0 || is_lost[s] || is_doubtful[s])
/* one that is doubtful goes on for up to a second */
#define MAY_GO_ON(s) (!is_dead[s] && IS_REGISTERED(s))
#define IS_OTHER(s) (parts_in[s] != generation[s])
#ifdef WRONG_DROPS_EARLY
#define IS_COMPLETE(s) true
#else
#define IS_COMPLETE(s) (!is_used_owed[s] && state[s] != ENDED \
    && (state[s] == FREE || !IS_OTHER(s)))
#endif
#define IS_ASSERT_DUE(s) (state[s] == LIVE && IS_OTHER(s) && busy[s] == 0)

proctype secretary(byte s)
{
    byte answer, got, m, g, before;

end:
    do
    :: atomic { is_dead[s] -> break }
    :: atomic {
        !is_dead[s] && IS_BEGIN_DUE(s) ->
        before = generation[s];
#ifdef WRONG_BEGINS_AGAIN
        g = before + 1;
#else
        g = tried[s] + 1;
        tried[s] = g;
#endif
        assert(g < GENERATIONS);
        is_doubtful[s] = 0
       }
       call(BEGIN, s, g, 0, before, 0);
       atomic {
        if
        :: answer == DONE ->
            generation[s] = g; highest[s] = got; answers[s] = got;
            is_lost[s] = 0; is_renewal_due[s] = 0;
#ifndef WRONG_USE_UNTOLD
            is_used_owed[s] = (sum[s] > 0);
#endif
            is_to_drop[s] = (before != 0)
        :: answer == GONE -> generation[s] = g; is_lost[s] = 1
        :: answer == NONE -> is_doubtful[s] = 1
        fi;
        answer = 0; got = 0; m = 0; g = 0; before = 0
       }
    :: atomic {
        !is_dead[s] && !IS_BEGIN_DUE(s) && is_renewal_due[s] ->
        g = generation[s]
       }
       call(RENEW, s, g, 0, 0, 0);
       atomic {
        check(s, g);
        is_renewal_due[s] = (answer == NONE);
#ifdef WRONG_RENEWS_BLINDLY
        is_lost[s] = 0;
#endif
        answer = 0; got = 0; m = 0; g = 0
       }
    :: atomic { MAY_GO_ON(s) && is_used_owed[s] -> g = generation[s] }
       call(USED, s, g, 0, 0, sum[s]);
       atomic {
        check(s, g);
        is_used_owed[s] = (answer != DONE || is_lost[s]);
        answer = 0; got = 0; m = 0; g = 0
       }
#ifndef WRONG_ASSERTS_NOTHING
    :: atomic {
        MAY_GO_ON(s) && !is_used_owed[s] && IS_ASSERT_DUE(s) ->
        busy[s] = 2;
        g = generation[s];
        before = (parts_in[s] != 0 -> parts_in[s] : g);
        parts_in[s] = g
       }
       call(ASSERT, s, g, serial[s], before, 0);
       atomic {
        check(s, g);
        parts_in[s] = (answer == DONE && !is_lost[s] -> parts_in[s] : 0);
        busy[s] = 0;
        answer = 0; got = 0; m = 0; g = 0; before = 0
       }
#endif
    /* it may be counted already: so it is counted here, and the sum told */
    :: atomic {
        MAY_GO_ON(s) && state[s] == ENDED && IS_OTHER(s) ->
#ifndef WRONG_FORGETS_ENDED
        sum[s] = sum[s] + received[s];
        is_used_owed[s] = (is_used_owed[s] || received[s]);
#endif
        end_entry(s)
       }
    :: atomic {
        MAY_GO_ON(s) && !is_used_owed[s] && state[s] == ENDED && !IS_OTHER(s) ->
        g = generation[s]
       }
       call(END, s, g, serial[s], 0, received[s]);
       atomic {
        check(s, g);
        if
#ifdef WRONG_ENDS_UNHEARD
        :: answer == NONE -> end_entry(s)
#endif
        :: answer == DONE && !is_lost[s] ->
            sum[s] = sum[s] + received[s];
            end_entry(s)
        :: else
        fi;
        answer = 0; got = 0; m = 0; g = 0
       }
    :: atomic { MAY_GO_ON(s) && is_to_drop[s] && IS_COMPLETE(s) -> g = generation[s] }
       call(DROP, s, g, 0, 0, 0);
       atomic {
        check(s, g);
        is_to_drop[s] = (answer != DONE || is_lost[s]);
        answer = 0; got = 0; m = 0; g = 0
       }
    od
}

/* To fall back to what was saved, Redis starts anew: no connection outlives that, and
 * no call on its way.  One that is emptied may go on. */
inline lose()
{
    if
    :: saves < SAVES ->
        for (i : 0 .. SERVERS - 1) {
            late_script[i] = NOTHING; late_generation[i] = 0; late_claim[i] = 0;
            late_before[i] = 0; late_bytes[i] = 0
        }
    :: else
    fi;
    for (i : 0 .. PLACES - 1) {
        lease[i] = saved_lease[i]; part[i] = saved_part[i]; seq[i] = saved_seq[i]
    }
    for (i : 0 .. SERVERS - 1) { used[i] = saved_used[i] }
    i = 0
}

inline save()
{
    for (i : 0 .. PLACES - 1) {
        saved_lease[i] = lease[i]; saved_part[i] = part[i]; saved_seq[i] = seq[i]
    }
    for (i : 0 .. SERVERS - 1) { saved_used[i] = used[i] }
    i = 0
}

#define NOW(s) lease[AT(s, generation[s])]

active proctype world()
{
    byte s;

end:
    do
    :: atomic { saves > 0 && losses > 0 -> saves--; d_step { save() } }
    /* each server finds out at its next renewal, at the latest */
    :: atomic {
        losses > 0 -> losses--;
        d_step {
            lose();
            is_excused = 1;
            for (i : 0 .. SERVERS - 1) { is_renewal_due[i] = (generation[i] != 0) }
            i = 0
        }
       }
    :: atomic {
        lapses > 0 && generation[0] != 0 && NOW(0) == LEASED -> lapses--;
        NOW(0) = LAPSED; is_excused = 1; is_renewal_due[0] = 1
       }
    :: atomic {
        lapses > 0 && generation[0] > 1 && lease[AT(0, generation[0] - 1)] == CLOSED ->
        lapses--;
        lease[AT(0, generation[0] - 1)] = CLOSED_LAPSED; is_excused = 1
       }
    :: atomic { deaths > 0 -> deaths--; is_dead[0] = 1 }
    /* nobody renews its lease: what it held is free.  An end that it has not told is not
     * counted */
    :: atomic {
        is_dead[0] && generation[0] != 0 && NOW(0) == LEASED ->
        NOW(0) = LAPSED;
        settled[0] = used[0]
       }
    :: atomic {
        late_script[0] != NOTHING ->
        d_step {
            execute(late_script[0], 0, late_generation[0], late_claim[0],
                late_before[0], late_bytes[0]);
            late_script[0] = NOTHING; late_generation[0] = 0; late_claim[0] = 0;
            late_before[0] = 0; late_bytes[0] = 0
        }
       }
#if SERVERS > 1
    :: atomic {
        late_script[1] != NOTHING ->
        d_step {
            execute(late_script[1], 1, late_generation[1], late_claim[1],
                late_before[1], late_bytes[1]);
            late_script[1] = NOTHING; late_generation[1] = 0; late_claim[1] = 0;
            late_before[1] = 0; late_bytes[1] = 0
        }
       }
#endif
    :: atomic {
        timeout ->
        /* nothing is to be done any more: what is held lives, what is used was */
        for (s : 0 .. SERVERS - 1) {
            if
            :: is_dead[s]
            :: else ->
                assert(is_over[s] && MAY_GO_ON(s) && !IS_BEGIN_DUE(s));
                assert(!is_used_owed[s]);
                assert(!is_to_drop[s]);
                assert(state[s] == FREE || (state[s] == LIVE && !IS_OTHER(s)));
                assert(NOW(s) == LEASED);
                assert(part[AT(s, generation[s])] ==
                    (state[s] == LIVE -> BIT(serial[s]) : 0));
                for (i : 0 .. GENERATIONS - 1) {
                    assert(i == generation[s] || part[AT(s, i)] == 0 ||
                        !COUNTS(lease[AT(s, i)]))
                }
                i = 0;
                assert(used[s] == settled[s])
            fi
        };
        break
       }
    od
}

init
{
    atomic {
        run requests(0); run secretary(0);
#if SERVERS > 1
        run requests(1); run secretary(1);
#endif
        skip
    }
}
