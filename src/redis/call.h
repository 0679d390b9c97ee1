/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** One call of a script: put together, sent, and its reply read. */
#ifndef EP_CALL_H
#define EP_CALL_H

#include "redis/journal.h"
#include "redis/reply.h"
#include "redis/script.h"
#include "redis/url.h"

#define EP_CALL_ARGUMENTS 448
#define EP_CALL_TEXT 16384
/** The most parts of a call, of all claims in it, and so the most numbers of an
 * answer. */
#define EP_CALL_PARTS 64

typedef struct ep_call {
    ep_script_name name;
    ep_journal *journal;
    const ep_url *url;
    apr_uint32_t generation;
    apr_uint32_t seq;
    int argc;
    int keys;
    const char *argv[EP_CALL_ARGUMENTS];
    apr_size_t used;
    char text[EP_CALL_TEXT];
} ep_call;

/** What a script has answered. */
typedef struct ep_call_answer {
    /** Redis' clock, ms, from 0 to EP_JOURNAL_MOST; and so are the numbers, -1
     * included */
    apr_int64_t now;
    /** 0: the script has done nothing */
    apr_uint32_t seq;
    char word[16];
    /** numbers behind the word, and the text of renew */
    int count;
    apr_int64_t numbers[EP_CALL_PARTS];
    char text[2 * EP_JOURNAL_SECRET + 1];
} ep_call_answer;

/** Begins a call for the incarnation @a generation; its two first keys are put. */
void ep_call_begin(ep_call *call, ep_script_name name, ep_journal *journal,
                   const ep_url *url, apr_uint32_t generation);

/** All keys come before all words. */
void ep_call_key_of(ep_call *call, ep_ledger_kind kind,
                    const ep_ledger_key *key);
void ep_call_key(ep_call *call, const char *tail);
void ep_call_word(ep_call *call, const char *word);
void ep_call_number(ep_call *call, apr_int64_t number);

/** The name of an incarnation: SERVER.GENERATION, as a key and as a word. */
void ep_call_parts_of(ep_call *call, apr_uint32_t generation);
void ep_call_incarnation(ep_call *call, apr_uint32_t generation);
/** A claim. */
void ep_call_claim(ep_call *call, apr_uint32_t serial);

/** The words that all scripts but begin and renew begin with. */
void ep_call_common(ep_call *call);

/**
 * Sends it.  Notes in the journal that Redis has lost something if its answer shows
 * that, and that the incarnation is doubtful if there is no answer.
 * @param deadline of ep_conn_clock()
 * @param is_probe as for ep_pool_call()
 */
ep_cause ep_call_send(ep_call *call, apr_int64_t deadline, int is_probe,
                      ep_call_answer *answer);

#endif
