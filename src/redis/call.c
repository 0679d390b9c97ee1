/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "apr_atomic.h"
#include "apr_siphash.h"

#include "redis/pool.h"

/* EVALSHA, the digest, the number of keys */
#define FRONT 3

/* A call that does not fit is not sent. */
static void add(ep_call *call, const char *format, ...)
{
    const apr_size_t room = sizeof(call->text) - call->used;
    va_list args;
    int length;

    if (call->argc >= EP_CALL_ARGUMENTS) {
        call->used = sizeof(call->text);
        return;
    }
    va_start(args, format);
    length = vsnprintf(call->text + call->used, room, format, args);
    va_end(args);
    if (length < 0 || (apr_size_t)length >= room) {
        call->used = sizeof(call->text);
        return;
    }
    call->argv[call->argc++] = call->text + call->used;
    call->used += (apr_size_t)length + 1;
}

void ep_call_key(ep_call *call, const char *tail)
{
    add(call, "{ep:%s}:%s", call->url->name, tail);
    call->keys++;
}

void ep_call_key_of(ep_call *call, ep_ledger_kind kind, const ep_ledger_key *key)
{
    apr_uint64_t words[4];

    words[0] = 0;
    words[1] = kind;
    memcpy(&words[2], key->bytes, sizeof(key->bytes));
    {
        const apr_uint64_t high = apr_siphash24(words, sizeof(words),
                                                call->journal->secret);
        words[0] = 1;
        add(call, "{ep:%s}:a:%016" APR_UINT64_T_HEX_FMT "%016"
            APR_UINT64_T_HEX_FMT, call->url->name, high,
            apr_siphash24(words, sizeof(words), call->journal->secret));
    }
    call->keys++;
}

void ep_call_begin(ep_call *call, ep_script_name name, ep_journal *journal,
                   const ep_url *url, apr_uint32_t generation)
{
    call->name = name;
    call->journal = journal;
    call->url = url;
    call->generation = generation;
    call->seq = apr_atomic_read32(&journal->seq);
    call->argc = FRONT;
    call->keys = 0;
    call->used = 0;
    ep_call_key(call, "leases");
    ep_call_parts_of(call, generation);
}

void ep_call_parts_of(ep_call *call, apr_uint32_t generation)
{
    add(call, "{ep:%s}:c:%.32s.%u", call->url->name, call->journal->server,
        generation);
    call->keys++;
}

void ep_call_incarnation(ep_call *call, apr_uint32_t generation)
{
    add(call, "%.32s.%u", call->journal->server, generation);
}

void ep_call_claim(ep_call *call, apr_uint32_t serial)
{
    add(call, "%x", serial);
}

void ep_call_word(ep_call *call, const char *word)
{
    add(call, "%s", word);
}

void ep_call_number(ep_call *call, apr_int64_t number)
{
    const apr_int64_t bounded = number > EP_JOURNAL_MOST    ? EP_JOURNAL_MOST
                                : number < -EP_JOURNAL_MOST ? -EP_JOURNAL_MOST
                                                            : number;

    add(call, "%" APR_INT64_T_FMT, bounded);
}

void ep_call_common(ep_call *call)
{
    ep_call_incarnation(call, call->generation);
    add(call, "%.32s", call->journal->server);
}

/* So that no sum of a few overflows. */
static apr_int64_t bounded(apr_int64_t number)
{
    return number < -1 ? -1 : number > EP_JOURNAL_MOST ? EP_JOURNAL_MOST : number;
}

/* @return 0: it is not what a script of ours answers */
static int read_answer(const redisReply *reply, ep_call_answer *answer)
{
    size_t i;

    memset(answer, 0, sizeof(*answer));
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3
        || reply->element[0]->type != REDIS_REPLY_INTEGER
        || reply->element[1]->type != REDIS_REPLY_INTEGER
        || reply->element[2]->type != REDIS_REPLY_STRING) {
        return 0;
    }
    answer->now = bounded(reply->element[0]->integer);
    answer->seq = (apr_uint32_t)reply->element[1]->integer;
    snprintf(answer->word, sizeof(answer->word), "%s", reply->element[2]->str);
    for (i = 3; i < reply->elements && i < 3 + EP_CALL_PARTS; i++) {
        const redisReply *one = reply->element[i];

        if (one->type == REDIS_REPLY_INTEGER) {
            answer->numbers[answer->count++] = bounded(one->integer);
        }
        else if (one->type == REDIS_REPLY_STRING) {
            snprintf(answer->text, sizeof(answer->text), "%s", one->str);
        }
    }
    return 1;
}

static int is_of_now(const ep_call *call)
{
    return apr_atomic_read32(&call->journal->generation) == call->generation;
}

/* @return the highest number of all answers, this one included */
static apr_uint32_t note_seq(ep_journal *journal, apr_uint32_t seq)
{
    apr_uint32_t highest = apr_atomic_read32(&journal->seq);

    while ((apr_int32_t)(seq - highest) > 0
           && apr_atomic_cas32(&journal->seq, seq, highest) != highest) {
        highest = apr_atomic_read32(&journal->seq);
    }
    return (apr_int32_t)(seq - highest) > 0 ? seq : highest;
}

/* Redis counts the writes of an incarnation.  What it has acknowledged before this
 * call was sent is less than what it answers now, or it has lost it.  Each answer has a
 * number of its own, so there are no more answers than the highest number. */
static void check_seq(ep_call *call, const ep_call_answer *answer)
{
    ep_journal *journal = call->journal;
    apr_uint32_t highest, answers;

    if (!is_of_now(call)) {
        return;
    }
    if (answer->seq == 0) {
        if (strcmp(answer->word, "gone") == 0) {
            apr_atomic_set32(&journal->next_renew, 0);
        }
        return;
    }
    highest = note_seq(journal, answer->seq);
    answers = apr_atomic_inc32(&journal->answers) + 1;
    if ((apr_int32_t)(answer->seq - call->seq) <= 0
        || (apr_int32_t)(answers - highest) > 0) {
        apr_atomic_set32(&journal->next_renew, 0);
        apr_atomic_set32(&journal->is_lost, 1);
    }
}

/* @return NONE; else there is no answer */
static ep_cause send_it(ep_call *call, apr_int64_t deadline, int is_probe,
                        ep_call_answer *answer)
{
    redisReply *reply = NULL;
    char keys[12];
    ep_cause cause;
    int is_read;

    snprintf(keys, sizeof(keys), "%d", call->keys);
    call->argv[0] = "EVALSHA";
    call->argv[1] = ep_script_digest(call->name);
    call->argv[2] = keys;
    cause = ep_pool_call(deadline, is_probe, call->argc, call->argv, NULL,
                         &reply);
    if (cause == EP_CAUSE_NOSCRIPT) {
        call->argv[0] = "EVAL";
        call->argv[1] = ep_script_text(call->name);
        cause = ep_pool_call(deadline, is_probe, call->argc, call->argv, NULL,
                             &reply);
    }
    if (cause != EP_CAUSE_NONE) {
        return cause;
    }
    is_read = read_answer(reply, answer);
    freeReplyObject(reply);
    return is_read ? EP_CAUSE_NONE : EP_CAUSE_PROTOCOL;
}

ep_cause ep_call_send(ep_call *call, apr_int64_t deadline, int is_probe,
                      ep_call_answer *answer)
{
    ep_cause cause;

    memset(answer, 0, sizeof(*answer));
    if (call->used >= sizeof(call->text)) {
        return EP_CAUSE_ERROR;
    }
    cause = send_it(call, deadline, is_probe, answer);
    if (cause == EP_CAUSE_NONE) {
        check_seq(call, answer);
    }
    else if (ep_reply_is_doubtful(cause) && is_of_now(call)) {
        apr_atomic_set32(&call->journal->is_doubtful, 1);
    }
    return cause;
}
