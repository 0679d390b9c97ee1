/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The interface of a ledger: a provider of httpd (ap_provider.h).  This header needs
 * no other header of this module, so another module can be a provider:
 *
 *     static const ep_ledger_provider mine = { .parse = parse, ... };
 *
 *     ap_register_provider(pool, EP_LEDGER_GROUP, "mine", EP_LEDGER_VERSION,
 *                          &mine);
 *
 * in its register_hooks; `ExpectPolicyLedger mine:ARGUMENT` then chooses it.
 *
 * A charge is what an upload asks of one account, which is named by a key: 5 MB
 * of the 100 MB a day of one client, for example:
 *
 *     { .kind = EP_CHARGE_ALLOWANCE, .key = { "(16 bytes)" },
 *       .limit = 104857600, .amount = 5242880, .period = 86400000000 }
 *
 * A claim is what an upload holds: all its charges, or none.  Its life:
 *
 *     reserve ( confirm | grow | end_content )* ( settle | release )
 *
 * Amounts are bytes, or uploads where the kind is CONCURRENT, from 0 to
 * INT64_MAX, and no sum overflows: what would be more stays at INT64_MAX.
 * Spans of time are microseconds.  No time of any clock crosses this border,
 * only ages and spans: how long ago, how long from now.
 *
 * t/ledger/contract.c tests every provider against this text.
 */
#ifndef EP_PROVIDER_H
#define EP_PROVIDER_H

#include <sys/types.h>

#include "httpd.h"

#define EP_LEDGER_GROUP "expect_policy_ledger"
/** Counted up when anything below changes: a provider that was compiled for
 * another version is not found. */
#define EP_LEDGER_VERSION "8"

/** The most charges of a claim, and how many of them may be there for limits of
 * .htaccess files alone: the rest is the server's. */
#define EP_CHARGES_MAX 24
#define EP_CHARGES_OWNERS 8
/** The most bytes of one upload that pass while a tree was never measured. */
#define EP_CHARGE_UNMEASURED_MAX (64 * 1024)
/** The longest path of a tree, with its NUL, in bytes. */
#define EP_LEDGER_PATH_SIZE 1024

/** The kinds of accounts, in the order of the checks.  The numbers are hashed into
 * keys, and never change. */
typedef enum ep_ledger_kind {
    /** bytes that are to stay free on a file system of this machine */
    EP_CHARGE_SPACE = 0,
    /** bytes below a tree of files, whose usage is measured */
    EP_CHARGE_QUOTA = 1,
    /** bytes in a period, which begins with the first upload that it counts */
    EP_CHARGE_ALLOWANCE = 2,
    /** uploads at once */
    EP_CHARGE_CONCURRENT = 3
} ep_ledger_kind;

/** Names an account, together with its kind: a hash (MD5) of what is counted and
 * for whom.  All numbers in it were hashed in network byte order, so the same
 * limit has the same key on every machine.  Much of what is hashed is chosen by
 * clients and site owners; nobody chooses the key.  Compared bytewise. */
typedef struct ep_ledger_key {
    unsigned char bytes[16];
} ep_ledger_key;

/** What one limit asks for an upload in one account.  Members that a kind does not
 * use are 0 or NULL. */
typedef struct ep_ledger_charge {
    ep_ledger_kind kind;
    ep_ledger_key key;
    /** the most that the account may have, inclusive */
    apr_int64_t limit;
    /** the amount to claim; 0: the claim has a part in the account all the same */
    apr_int64_t amount;
    /** QUOTA: bytes by which the account may be overdrawn, at least 0: beyond the
     * limit, or beyond the base of the tree if that is more. The base is what was
     * measured, without what uploads have brought beyond the limit of the last upload
     * that was granted something. 0: not at all */
    apr_int64_t overdraft;
    /** ALLOWANCE: how long a period is; above 0 */
    apr_int64_t period;
    /** QUOTA: the directory or file to measure, shorter than EP_LEDGER_PATH_SIZE;
     * valid during the call */
    const char *path;
    /** QUOTA: 1: path is a file that holds the usage as a number */
    int is_file;
    /** 1: the limit stands in an .htaccess file */
    int is_owners;
    /** QUOTA: the share of the tree: a hash of the section in the server's files,
     * or of the site.  If places are scarce, a share that has many loses them
     * first */
    apr_uint64_t share;
    /** QUOTA: 1: the tree has no place in the ledger, and the caller has just
     * measured it: it has `measured` bytes; 0: not */
    int is_measured;
    apr_int64_t measured;
    /** 1: the account belongs to this server, although other servers share the ledger:
     * a file that is replaced, a tree on this server's own disk.  Accounts of SPACE
     * always do */
    int is_local;
    /** the client: a number made of its address, the same in all charges of a call
     * and on all machines; 0: none: the claim is never revoked, and revokes no
     * other, and it may move files in the tree: see report_usage() */
    apr_uint64_t client;
    /** These two are for a provider that calls another, inner one.  1: the claim is never
     * revoked; the same in all charges of a call */
    int is_kept;
    /** 1: the outer provider judges this account: the inner one counts it without a
     * limit, also if the usage of the tree is not known */
    int is_unjudged;
} ep_ledger_charge;

/**
 * The claim of an upload.  The caller owns this storage; only the provider reads
 * what is in it.  All 0: nothing is held.  It may be moved, and may be copied as
 * long as only one copy is used.  A provider that needs more room keeps it in
 * memory of its own, under a number that it writes here.  `shm` uses opaque[0] alone:
 * a provider that has one of `shm` in it has the others.  A claim is valid only in
 * the process that reserved it, in all its threads.
 */
typedef struct ep_ledger_claim {
    /** 1: held.  Set by reserve() when it grants; all is 0 again after settle()
     * and release() */
    apr_uint32_t is_held;
    apr_uint32_t unused;
    /** the provider's */
    apr_uint64_t opaque[4];
} ep_ledger_claim;

/** How reserve() is asked; bits. */
enum {
    /** admit where something is not known or has no room: see reserve() */
    EP_RESERVE_LENIENT = 1,
    /** if the other servers that share the ledger cannot be asked, this server's own
     * counts decide.  The claim keeps this bit for grow().  A ledger of one server
     * ignores it */
    EP_RESERVE_ALONE = 2
};

typedef enum ep_ledger_outcome {
    /** all charges are claimed, or those for which there is room: see left_out */
    EP_OUTCOME_GRANTED = 0,
    /** one charge does not fit, and nothing was claimed: see the denial */
    EP_OUTCOME_DENIED = 1,
    /** the usage of a tree is not known, and nothing was claimed: the denial says
     * which charge it is */
    EP_OUTCOME_UNKNOWN = 2,
    /** the ledger has no room for an account or a claim, or there are more than
     * EP_CHARGES_MAX charges; nothing was claimed */
    EP_OUTCOME_FULL = 3,
    /** the claim has no room for a limit of the server's, which the denial names;
     * nothing was claimed */
    EP_OUTCOME_CROWDED = 4,
    /** the claim has ended: settled or released, its process was thought dead, or
     * the ledger was made anew */
    EP_OUTCOME_LOST = 5
} ep_ledger_outcome;

/** Why something was not granted. */
typedef struct ep_ledger_denial {
    /** index of the charge: the first in the order of the call that does not fit;
     * with a ledger that servers share, the first of those that this server counts, or
     * of those that all do */
    apr_size_t charge;
    /** what the account still has below the limit; at least 0 */
    apr_int64_t remaining;
    /** ALLOWANCE: span until the period ends and all of it is free again; -1:
     * unknown, or the amount is above the limit itself.  QUOTA: span until the tree
     * may have another number: its number is doubted, or a measurement is due; -1: no
     * other number is to be expected, or as above */
    apr_int64_t wait;
    /** on GRANTED: bit i is 1 if there was no room for charge i, which counts
     * nothing */
    apr_uint32_t left_out;
} ep_ledger_denial;

/** A copy of a tree, for the caller that measures it. */
typedef struct ep_ledger_tree {
    /** tells it from all other trees of this ledger; need not be a charge's key */
    ep_ledger_key id;
    /** as in ep_ledger_charge */
    int is_owners;
    apr_uint64_t share;
    int is_file;
    char path[EP_LEDGER_PATH_SIZE];
    /** 1: it was announced by announce_trees(); 1: it was offered, and nobody has
     * asked for it */
    int is_planted;
    int is_offered;
    /** 1: it was measured, and has a usage */
    int is_known;
    /** 1: an upload is under way that has a charge in it, also one of 0 bytes */
    int is_held;
    /** age of the last upload that asked for it, or of what made it due */
    apr_int64_t since_asked;
    /** age of the last measurement, also a failed one; -1: there was none */
    apr_int64_t since_measured;
    /** how long that took; span */
    apr_int64_t took;
    /** is_file: tells one state of the file from another; 0: of none yet.  The
     * caller sets it before report_usage() */
    apr_uint32_t mark;
    /** for operators, bytes: the limit of the last upload that was granted something,
     * or of the charge that made the tree; and the numbers of its account */
    apr_int64_t limit;
    apr_int64_t held;
    apr_int64_t used;
    /** the provider's, for report_usage(); `shm` uses the first four */
    apr_uint64_t opaque[8];
} ep_ledger_tree;

/** The numbers of an account. */
typedef struct ep_ledger_balance {
    apr_int64_t held;
    apr_int64_t used;
    /** 0: the usage of the tree is not known, since it was not measured yet */
    int is_known;
} ep_ledger_balance;

/** How full a ledger is: live claims, accounts and trees. */
typedef struct ep_ledger_counts {
    apr_uint32_t claims;
    apr_uint32_t accounts;
    apr_uint32_t trees;
} ep_ledger_counts;

/** The most steps and causes of the next. */
#define EP_LEDGER_STEPS_MAX 16
#define EP_LEDGER_CAUSES_MAX 32

/** How many calls took longer than the step before, and up to this one. */
typedef struct ep_ledger_step {
    /** microseconds; of the last step: any number */
    apr_int64_t limit;
    apr_uint64_t count;
} ep_ledger_step;

/** Why calls failed. */
typedef struct ep_ledger_cause {
    /** letters and `_`; a constant */
    const char *word;
    apr_uint64_t count;
} ep_ledger_cause;

/** The state of what servers share, as far as this server knows it; no call is made for
 * it.  Spans are microseconds; an age of -1: never. */
typedef struct ep_ledger_shared {
    /** where it is, without a password; lives as long as the configuration */
    const char *where;
    /** 1: the circuit breaker is open: no upload calls; and how often it was opened */
    int is_open;
    apr_uint64_t opened;
    /** calls that were sent, by what they took, and what all of them took */
    int steps_count;
    ep_ledger_step steps[EP_LEDGER_STEPS_MAX];
    apr_uint64_t took;
    /** all causes, also those of 0 */
    int causes_count;
    ep_ledger_cause causes[EP_LEDGER_CAUSES_MAX];
    /** uploads under way at this server that hold something there, and those that have
     * ended, which is not told there yet */
    apr_uint32_t claims;
    apr_uint32_t untold;
    /** uploads whose claims were told there once more, after it had lost them */
    apr_uint64_t asserted;
    /** uploads under way at all servers, how many servers these are, and the age of
     * both numbers */
    apr_int64_t claims_everywhere;
    apr_int64_t servers;
    apr_int64_t since_everywhere;
    /** for how long a silent server counts, and the age of the last renewal */
    apr_int64_t lease;
    apr_int64_t since_renewed;
} ep_ledger_shared;

/**
 * An implementation of the ledger.  A member that may be NULL says so, and says what
 * happens then; a provider without one of the others is rejected.
 *
 * Calls from reserve() on come from any thread of any child, after child_init().
 * No call waits longer than about 100 ms for anything.  Those that return a
 * status return
 *
 *   APR_SUCCESS   it was answered: see the outcome, or what else is returned
 *   APR_TIMEUP    another process held the ledger for too long
 *   APR_EAGAIN    another server has it, and may give it back
 *   APR_EINIT     there is no ledger
 *   APR_EGENERAL  it is corrupt
 *   others        a cause of the provider's own, for the log (apr_strerror())
 *
 * With any status but APR_SUCCESS nothing was claimed, the claim is unchanged, and
 * no other result was written.  ExpectPolicyLedgerFailure then decides.
 */
typedef struct ep_ledger_provider {
    /** 1: other servers share the ledger, so ExpectPolicyLedgerFailure is Local where
     * it is not set */
    int is_shared;
    /** is_shared: 1: trees may be on storage that all servers share; 0: each server
     * measures and counts the trees on its own, so a quota of the server's files has
     * to say `local` */
    int shares_trees;
    /**
     * While the configuration is read.
     * @param argument what stands behind the name and its colon; NULL: nothing
     * @param config out: handed on below; lives as long as @a pool
     * @return NULL, or what is legal there
     */
    const char *(*parse)(apr_pool_t *pool, const char *argument,
                         void **config);
    /** In the parent, before httpd detaches: tells what post_config() will find, as
     * a message for the terminal.  Changes nothing.  NULL: no messages.
     * @return NULL: there is no message */
    const char *(*check_config)(apr_pool_t *pconf, void *config);
    /** In the parent, at each start and restart.  If the ledger cannot be opened,
     * this is logged, and later calls fail. */
    void (*post_config)(apr_pool_t *pconf, server_rec *s, void *config);
    /** In the parent: a child has started, or has ended.  What an ended one held
     * is given back before the next call of another child is answered; other servers
     * are told within some seconds.  NULL: the provider finds the claims of dead
     * children by itself. */
    void (*child_status)(pid_t pid, int has_ended);
    /** In the parent, about every ten seconds.  NULL: there is nothing to do. */
    void (*monitor)(server_rec *s);
    /** In a child, before it changes to the user that it serves as: opens files that
     * this user may not open, and reads nothing.  NULL: there are none. */
    void (*drop_privileges)(server_rec *s);
    /** In a child, as the user that it serves as, before all other calls.  NULL: a
     * child needs no preparation. */
    void (*child_init)(server_rec *s);
    /** Called from time to time.  NULL: there are never messages.
     * @return NULL, or a message for the log that follows "the ledger"; each message
     *         is returned once */
    const char *(*take_news)(void);

    /**
     * Claims all charges or none.  Charges of one kind and key count once, with the
     * smallest limit and the largest amount; as an owner's if all of them are.  A
     * charge that the claim has already keeps its amount, so that an upload is
     * charged once however often it is asked; but it has to be within the limit.
     *
     * With EP_RESERVE_LENIENT, a charge is left out if there is no room for its account;
     * that of a tree only if the caller has measured it.  An owner's charge without
     * room in the claim (EP_CHARGES_OWNERS) is left out in either case.
     *
     * A tree whose usage is not known is not empty.  If it was never measured,
     * EP_RESERVE_LENIENT grants an upload of at most EP_CHARGE_UNMEASURED_MAX bytes,
     * as long as the sum of these is within the limit.  A larger one is not granted.
     * If the tree cannot be measured, it counts with it as what is known of
     * it: see report_usage().
     *
     * If nothing is claimed, no account is made either.
     *
     * Unless confirm is NULL, the claim of an upload that has sent nothing may be
     * revoked for another client that finds no room.
     *
     * @param how EP_RESERVE_..., or 0
     * @param claim all 0 for a new one, or one to add to
     * @param denial out: its members say for which outcomes they are written
     */
    apr_status_t (*reserve)(const ep_ledger_charge *charges, apr_size_t count,
                            int how, ep_ledger_claim *claim,
                            ep_ledger_outcome *outcome,
                            ep_ledger_denial *denial);
    /**
     * Tells what reserve() would answer for a new claim, and changes nothing: for an
     * administrator who asks what would become of an upload, and for an upload in parts
     * that announces how large it will be.
     * @param denial as of reserve(); on GRANTED, bit i of left_out is 1 if charge i
     *        could not be asked.
     * NULL: no charge can be asked.
     */
    apr_status_t (*foresee)(const ep_ledger_charge *charges, apr_size_t count,
                            int how, ep_ledger_outcome *outcome,
                            ep_ledger_denial *denial);
    /**
     * Notes that the first content of an upload has arrived: from now on its claim
     * cannot be revoked, and its revoked charges are claimed again.  NULL: claims
     * are never revoked.
     * @param charges all charges that the claim has asked for, as they were reserved
     * @param outcome GRANTED, DENIED (the revoked charges could not be claimed),
     *        FULL or LOST
     */
    apr_status_t (*confirm)(const ep_ledger_charge *charges, apr_size_t count,
                            const ep_ledger_claim *claim,
                            ep_ledger_outcome *outcome,
                            ep_ledger_denial *denial);
    /**
     * All content of the upload has been read: gives back what the claim holds of
     * CONCURRENT accounts, and keeps a part of 0 there.  What cannot be done at once is
     * left to settle() or release().  NULL: it is held until then.
     */
    void (*end_content)(const ep_ledger_claim *claim);
    /**
     * For a provider that has this one in it: undoes a reserve() that has added
     * charges to a claim.  NULL: it cannot have another one around it.
     * @param kept the first charges of the claim, which stay; ~0: all of them
     * @return how many there were; 0 also if the claim is lost, or this was not
     *         answered
     */
    apr_uint32_t (*trim)(const ep_ledger_claim *claim, apr_uint32_t kept);
    /**
     * Adds bytes to all charges of a claim except CONCURRENT ones; in a tree that
     * was never measured, up to EP_CHARGE_UNMEASURED_MAX.
     * @param charges as they were reserved, for their limits; those that the claim
     *        does not have are ignored
     * @param least bytes; with less, nothing is granted
     * @param most bytes, at least @a least
     * @param granted on GRANTED: as much as all accounts have, from @a least to
     *        @a most; less of it if servers share the ledger, so that others have
     *        their share.  Such a ledger may then hold more than was granted, until
     *        the claim ends
     * @param outcome GRANTED, DENIED, UNKNOWN, FULL or LOST
     */
    apr_status_t (*grow)(const ep_ledger_charge *charges, apr_size_t count,
                         const ep_ledger_claim *claim, apr_int64_t least,
                         apr_int64_t most, apr_int64_t *granted,
                         ep_ledger_outcome *outcome,
                         ep_ledger_denial *denial);
    /**
     * Settles a claim: gives back what it holds, and counts the upload as used.  If
     * the process dies meanwhile, all of it is done or nothing.  If it cannot be
     * done at once, it is done soon.  A second call, with a copy of the claim,
     * changes nothing.
     * @param claim all 0 afterwards, in any case
     * @param received bytes, for ALLOWANCE, in the current period
     * @param stored bytes that a tree has more than before, for QUOTA; below 0 if
     *        a file was replaced by a smaller one
     */
    void (*settle)(ep_ledger_claim *claim, apr_int64_t received,
                   apr_int64_t stored);
    /** Releases a claim: gives back what it holds, and counts nothing.  As
     * settle(). */
    void (*release)(ep_ledger_claim *claim);

    /* Trees are measured by ledger/measure, in one child at a time and by uploads
     * that wait for a number.  All four members, or none: then nothing is
     * measured, and the provider has the usage from elsewhere or answers
     * UNKNOWN. */

    /** Finds the first tree at or after a place, and sets the place to the tree's.
     * Begin at 0; APR_EOF: there are no more.  APR_NOTFOUND: none was found so far;
     * call it again with the place as it is now. */
    apr_status_t (*next_tree)(apr_uint32_t *place, ep_ledger_tree *tree);
    /** Announces the trees whose paths are in the server's files, once for each
     * configuration, whichever child calls: they are measured before the first
     * upload, and keep their place.  What was announced before the server started,
     * and is not now, is forgotten.
     * @param charges QUOTA; NULL: there are none
     * @param without out: how many there was no room for, or 0 */
    apr_status_t (*announce_trees)(const ep_ledger_charge *charges, int count,
                                   int *without);
    /** Offers a tree that was found for a wildcard in the server's files, to be
     * measured before the first upload.  It takes no place that anybody needs: until
     * it is asked for, it gives way to any tree that is.  One that is there stays as
     * it is.  NULL: such trees are measured when they are asked for.
     * @return also APR_ENOSPC: there is no place for it now */
    apr_status_t (*offer_tree)(const ep_ledger_charge *charge);
    /** All that was found for this configuration has been offered: what was offered
     * before, and never asked for, is forgotten.  NULL with offer_tree. */
    apr_status_t (*end_offers)(void);
    /** Finds or makes the tree of a charge, to measure it.  APR_ENOSPC: there is
     * no place for it */
    apr_status_t (*find_tree)(const ep_ledger_charge *charge,
                              ep_ledger_tree *tree);
    /**
     * Files of a tree were removed, or a claim is about to be settled whose upload may
     * have left nothing: the tree may have less than what is counted, and is to be
     * measured again.  Makes no tree.  NULL: nothing is done then.
     */
    apr_status_t (*doubt_usage)(const ep_ledger_charge *charge);
    /**
     * Call it before a tree is measured.  With a ledger that servers share, one of them
     * measures a tree for all.  NULL: the caller measures.
     * @param tree as next_tree() or find_tree() gave it
     * @return APR_SUCCESS: the caller measures, and calls report_usage() or
     *         drop_measure(); APR_EAGAIN: somebody else measures, or has
     */
    apr_status_t (*begin_measure)(ep_ledger_tree *tree);
    /** No number was found.  NULL with begin_measure. */
    void (*drop_measure)(const ep_ledger_tree *tree);
    /** For a provider that has this one in it: the id of the tree of a key.  NULL: it
     * cannot have another one around it. */
    void (*name_tree)(const ep_ledger_key *key, ep_ledger_key *id);
    /**
     * Gives the ledger the measured number of a tree.  It is used if no claim has
     * ended or is under way in the tree since @a before.  Otherwise what was added
     * meanwhile is added to it; it is used if it is below what the ledger has, and no
     * claim without a client has ended since or is under way, as these may move files
     * out of the way of who measures.  Else the ledger keeps its own number, unless it
     * has none yet or the caller insists.  A tree that was not at rest is due again.
     * @param before as next_tree() or find_tree() gave it before it was measured
     * @param bytes at least 0; below 0: the tree cannot be measured, and -1 - bytes
     *        were seen.  Its usage is then unknown; for lenient callers it counts
     *        as the last number, or as the bytes seen if they are more
     * @param took how long measuring took; span
     * @param insists 1: use the number although it was disturbed
     * @return also APR_EAGAIN: the number was not taken
     */
    apr_status_t (*report_usage)(const ep_ledger_tree *before,
                                 apr_int64_t bytes, apr_int64_t took,
                                 int insists);

    /** Reads what an account holds and has used: for clients that ask for limits,
     * and for the credit of a replaced file.  APR_NOTFOUND: there is no such
     * account, so nothing is held or used.  NULL: clients are not told, and there is
     * no credit. */
    apr_status_t (*read_balance)(ep_ledger_kind kind, const ep_ledger_key *key,
                                 ep_ledger_balance *balance);
    /** For the status page.  NULL: it tells nothing of the ledger. */
    apr_status_t (*count_entries)(ep_ledger_counts *counts);
    /** For the status page.  Calls nobody.  NULL: no other server shares it. */
    apr_status_t (*read_shared)(ep_ledger_shared *shared);
} ep_ledger_provider;

#endif
