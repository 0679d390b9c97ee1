/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The scripts that run in Redis.  Each is one step that runs whole or not at all; all
 * keys are in KEYS, and have one hash tag.
 *
 *     {ep:NAME}:secret      see ep_journal
 *     {ep:NAME}:leases      hash: S -> end of its lease, ms of Redis' clock; below 0: S
 *                           is closed, and its lease ends then
 *     {ep:NAME}:c:S         hash: `seq`, and for each part `CLAIM:ACCOUNT` -> amount
 *     {ep:NAME}:a:ACCOUNT   hash: `h:S` held by S, which counts while its lease lives;
 *                           of an allowance `p` end of the period, and `u:SERVER`
 *                           used in it
 *     {ep:NAME}:claims      hash: S -> uploads under way there, for status pages
 *
 * S is the incarnation of a server: SERVER.GENERATION.  Each script returns an array:
 * Redis' time in ms, `seq` of S or 0, a word, and what the script says for the word.
 * `gone`: Redis does nothing for S: it is not known, closed, or its lease has ended.
 * The texts are in the files *.lua beside this one.
 */
#ifndef EP_SCRIPT_H
#define EP_SCRIPT_H

typedef enum ep_script_name {
    EP_SCRIPT_BEGIN,
    EP_SCRIPT_RENEW,
    EP_SCRIPT_RESERVE,
    EP_SCRIPT_GROW,
    EP_SCRIPT_END,
    EP_SCRIPT_ASSERT,
    EP_SCRIPT_USED,
    EP_SCRIPT_COUNT,
    EP_SCRIPT_TREE,
    EP_SCRIPT_MEASURED,
    EP_SCRIPTS
} ep_script_name;

/** Length of a digest in hexadecimal, without NUL. */
#define EP_SCRIPT_DIGEST 40

/** In a child, before it has threads: computes the digests. */
void ep_script_init(void);

/** @return the text */
const char *ep_script_text(ep_script_name name);

/** @return the digest, as EVALSHA wants it */
const char *ep_script_digest(ep_script_name name);

#endif
