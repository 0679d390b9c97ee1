/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The book counts what uploads hold and have used, in one block of memory that all
 * children share.  docs/ledger.md draws it.
 *
 * An account has the count of one limit for one key: uploads under way, or bytes.
 * A tree is the account of a quota, with the path whose usage is measured.  A
 * claim has the amounts that one upload holds in several accounts.  An account
 * always holds the sum of the claims on it, and can be computed from them.
 *
 * Nothing here locks, waits, allocates or reads a clock.  Functions that say
 * "between enter and leave" need a lock: only one process at a time may be between
 * ep_book_enter() and ep_book_leave().  The block may contain anything at any
 * time: a value from it is checked before it is used as an index, and amounts are
 * kept within 0 and INT64_MAX.
 *
 * Times are microseconds of a clock that never jumps and begins above 0.
 */
#ifndef EP_BOOK_H
#define EP_BOOK_H

#include <stddef.h>
#include <stdint.h>

#include "core/book/account.h"

/** The most parts of one claim, and how many of them may belong to limits of
 * .htaccess files alone: the rest is kept for the server's limits. */
#define EP_PARTS_MAX 24
#define EP_PARTS_OWNERS 8
/** The most bytes of one upload that pass while a tree was never measured. */
#define EP_UNMEASURED_MAX (64 * 1024)
/** The longest path of a tree, with its NUL, in bytes. */
#define EP_TREE_PATH_SIZE 1024
/** The smallest and the largest size of a book, in bytes. */
#define EP_BOOK_SIZE_MIN (128 * 1024)
#define EP_BOOK_SIZE_MAX (256 * 1024 * 1024)
/** No book has more places for trees: they have a quarter of its memory. */
#define EP_BOOK_TREES_MAX (EP_BOOK_SIZE_MAX / 4 / EP_TREE_PATH_SIZE)

/** What one limit asks for an upload in one account. */
typedef struct ep_part {
    ep_kind kind;
    ep_key key;
    /** bytes or uploads that the account may have, inclusive; at least 0 */
    int64_t limit;
    /** bytes or uploads asked for; at least 0 */
    int64_t amount;
    /** QUOTA: bytes by which the account may be overdrawn, at least 0: beyond the
     * limit, or beyond the base of the tree if that is more. The base is what was
     * measured, without what uploads have brought beyond the limit: what is overdrawn
     * stays within this sum, however often the tree is measured, and an upload fits
     * into a tree in which others have put more than the limit */
    int64_t overdraft;
    /** ALLOWANCE: microseconds; above 0 */
    int64_t period;
    /** QUOTA: the directory or file to measure; shorter than EP_TREE_PATH_SIZE */
    const char *path;
    /** QUOTA: 1: path is a file that holds the usage as a number */
    int is_file;
    /** 1: the limit stands in an .htaccess file */
    int is_owners;
    /** QUOTA: the share of the tree: a hash of the section in the server's files,
     * or of the site.  A share that has many places loses them first */
    uint64_t share;
    /** QUOTA: 1: the tree has no place in the book, and the caller has just
     * measured it: it has `measured` bytes; 0: not */
    int is_measured;
    int64_t measured;
    /** the client: a hash of its address, the same in all parts; 0: none: the
     * claim is never revoked, and revokes no other, and it may move files in the
     * tree: see ep_book_measured() */
    uint64_t client;
    /** 1: the claim is never revoked, whichever client it is of; the same in all
     * parts */
    int is_kept;
    /** 1: another ledger judges this account: here it counts, but has no limit, and
     * the usage of a tree may be unknown */
    int is_unjudged;
} ep_part;

typedef enum ep_book_result {
    /** all parts are claimed, or those for which there is room */
    EP_BOOK_GRANTED,
    /** one part does not fit, and nothing was claimed */
    EP_BOOK_DENIED,
    /** the usage of a tree is not known, and nothing was claimed: see
     * ep_book_ask() */
    EP_BOOK_UNKNOWN,
    /** there is no room for an account or a claim, and nothing was claimed */
    EP_BOOK_FULL,
    /** the claim has no room for a limit of the server's, and nothing was
     * claimed */
    EP_BOOK_CROWDED,
    /** the claim has ended already */
    EP_BOOK_LOST
} ep_book_result;

/** Why something was not granted. */
typedef struct ep_denial {
    /** index of the part */
    size_t part;
    /** what the account still has, bytes or uploads; at least 0 */
    int64_t remaining;
    /** ALLOWANCE: microseconds until the period ends and all of it is free
     * again; -1: unknown, or the amount is above the limit itself.  QUOTA:
     * microseconds until the tree may have another number: its number is doubted,
     * or it is due; -1: no other one is to be expected, or as above */
    int64_t wait;
    /** on EP_BOOK_GRANTED: bit i is set if part i was left out for want of room,
     * and counts nothing; there are at most EP_PARTS_MAX parts */
    uint32_t left_out;
} ep_denial;

/** A claim, for its holder; all 0: none. */
typedef struct ep_claim {
    uint32_t index;
    uint32_t serial;
} ep_claim;

/** The addresses of the parts of a block; in the process's own memory. */
typedef struct ep_book {
    size_t size;
    struct ep_book_head *head;
    struct ep_book_tree *trees;
    ep_account *accounts;
    struct ep_book_claim *claims;
    uint32_t trees_count;
    uint32_t accounts_count;
    uint32_t claims_count;
} ep_book;

/**
 * Computes the addresses in a block; reads and writes nothing in it.
 * @param memory aligned for 64-bit integers; owned by the caller
 * @param size bytes
 * @return 1; 0 if it is not from EP_BOOK_SIZE_MIN to EP_BOOK_SIZE_MAX
 */
int ep_book_lay_out(ep_book *book, void *memory, size_t size);

/** Makes the block an empty book of this version. */
void ep_book_clear(const ep_book *book);

/** @return 1 if the block is a book of this version and size */
int ep_book_is_valid(const ep_book *book);

/**
 * Call it after taking the lock.  If the last holder of the lock died before it
 * called ep_book_leave(), repairs the book.
 * @return 1 if it was repaired
 */
int ep_book_enter(const ep_book *book);

/** Call it before giving back the lock. */
void ep_book_leave(const ep_book *book);

/**
 * Claims all parts or none.  With is_lenient, a part is left out if there is no
 * room for its account.  Several parts of one key count once, with the smallest
 * limit and the largest amount; that part is an owner's only if all of them are.
 * If the claim has a part already, that part keeps its amount, so that an upload
 * is charged once however often it is asked; but it has to be within the limit.
 * Between enter and leave.
 *
 * A claim has room for EP_PARTS_OWNERS owners' parts, and for EP_PARTS_MAX in
 * all.  An owner's part without room is left out, with is_lenient or without.
 *
 * If nothing is claimed, no account and no tree is made either.
 *
 * Claims of uploads that have sent nothing can be revoked: if a part finds no
 * room, and one other client's unsent claims hold more in the account than half of
 * what would be free without them, as many of these are revoked as are needed:
 * their part there becomes 0.  So a client keeps half of what it could have, and
 * of uploads at once half of them, rounded up.  That client is the one that holds
 * more there than all others together, if there is one.
 *
 * A tree whose usage is not known is not empty.  If it was never measured,
 * is_lenient grants an upload of at most EP_UNMEASURED_MAX bytes, as long as the
 * sum of these is within the limit.  A larger one is not granted.  If the tree
 * cannot be measured, it counts with is_lenient as what is known of it: see
 * ep_book_measured().
 *
 * @param owner the process; when it dies, the claim is given back
 * @param now see above
 * @param is_lenient 1: see above; the part of a tree is left out only if the
 *        caller has measured it
 * @param claim all 0 for a new one, or one to add to
 * @param denial filled in on EP_BOOK_DENIED and EP_BOOK_UNKNOWN; on
 *        EP_BOOK_CROWDED its `part`, on EP_BOOK_GRANTED its `left_out`
 * @return see ep_book_result; EP_BOOK_FULL also if more than EP_PARTS_MAX accounts
 *         are needed at once, EP_BOOK_LOST if the claim to add to has ended
 */
ep_book_result ep_book_reserve(const ep_book *book, uint32_t owner,
                               int64_t now, const ep_part *parts,
                               size_t count, int is_lenient,
                               ep_claim *claim, ep_denial *denial);

/**
 * Tells what ep_book_reserve() would answer for a new claim, by the same checks.
 * Changes nothing in the book: no claim is revoked, no period of an allowance
 * begins, and no tree counts as asked for.  Between enter and leave.
 */
ep_book_result ep_book_foresee(const ep_book *book, int64_t now,
                               const ep_part *parts, size_t count,
                               int is_lenient, ep_denial *denial);

/**
 * Adds bytes to all parts of a claim except CONCURRENT ones; in a tree that was
 * never measured, up to EP_UNMEASURED_MAX.  Between enter and leave.
 * @param parts as they were reserved, for their limits; those that the claim does
 *        not have are ignored
 * @param least bytes; with less, nothing is granted
 * @param most bytes
 * @param granted out: as much as all accounts have, from @a least to @a most
 * @return EP_BOOK_GRANTED, EP_BOOK_DENIED, EP_BOOK_UNKNOWN or EP_BOOK_LOST;
 *         EP_BOOK_FULL if there are more than EP_PARTS_MAX parts
 */
ep_book_result ep_book_grow(const ep_book *book, int64_t now,
                            const ep_part *parts, size_t count,
                            const ep_claim *claim, int64_t least,
                            int64_t most, int64_t *granted,
                            ep_denial *denial);

/**
 * Notes that the first content of an upload has arrived: from now on its claim
 * cannot be revoked.  Between enter and leave.
 * @return EP_BOOK_GRANTED; EP_BOOK_DENIED: some part was revoked already, see
 *         ep_book_regain(); EP_BOOK_LOST
 */
ep_book_result ep_book_feed(const ep_book *book, const ep_claim *claim);

/**
 * All content of an upload has been read: gives back what its claim holds of
 * CONCURRENT accounts.  Its parts stay, with 0.  Between enter and leave.
 */
void ep_book_end_content(const ep_book *book, const ep_claim *claim);

/**
 * Undoes an ep_book_reserve() that has added parts to a claim.  Nothing has ended in
 * their trees.  Between enter and leave.
 * @param kept the first parts, which stay; UINT32_MAX: all of them
 * @return how many there were; 0 also if the claim has ended
 */
uint32_t ep_book_trim(const ep_book *book, const ep_claim *claim, uint32_t kept);

/**
 * Claims the revoked parts again.  Between enter and leave.
 * @param parts all parts that the claim has asked for, as they were reserved
 * @param denial filled in on EP_BOOK_DENIED
 * @return EP_BOOK_GRANTED, EP_BOOK_DENIED (nothing was claimed), EP_BOOK_LOST;
 *         EP_BOOK_FULL if there are more than EP_PARTS_MAX parts
 */
ep_book_result ep_book_regain(const ep_book *book, int64_t now,
                              const ep_part *parts, size_t count,
                              const ep_claim *claim, ep_denial *denial);

/**
 * Settles a claim: gives back what it holds, and counts the upload as used, in the
 * current period.  If the process dies in here, all of it is done or nothing.
 * Between enter and leave.
 * @param received bytes, for ALLOWANCE
 * @param stored bytes that a tree has more than before, for QUOTA; below 0 if
 *        a file was replaced by a smaller one
 * @param claim all 0 afterwards
 */
void ep_book_settle(const ep_book *book, int64_t now, ep_claim *claim,
                    int64_t received, int64_t stored);

/** Releases a claim: gives back what it holds, and counts nothing.  Between enter
 * and leave.  @param claim all 0 afterwards */
void ep_book_release(const ep_book *book, ep_claim *claim);

/**
 * Finishes settling that was begun, and computes anew what accounts hold.  Between
 * enter and leave; ep_book_enter() calls it when it is needed.
 */
void ep_book_repair(const ep_book *book);

/**
 * Gives back what dead processes hold; if they hold nothing, nothing is changed.
 * Between enter and leave.
 * @param is_alive 1 for a process that may still settle or release
 * @return how many claims were given back
 */
uint32_t ep_book_recover(const ep_book *book,
                         int (*is_alive)(uint32_t owner, void *data),
                         void *data);

/** A copy of a tree, for the process that measures it. */
typedef struct ep_tree {
    ep_key key;
    /** as in ep_part */
    int is_owners;
    uint64_t share;
    /** 1: its path is in the server's files; 1: it was found for a wildcard there,
     * and nobody has asked for it */
    int is_planted;
    int is_offered;
    /** 1: path is a file that holds the usage as a number */
    int is_file;
    char path[EP_TREE_PATH_SIZE];
    /** 1: it was measured before, and has a usage */
    int is_known;
    /** when an upload last asked for it, or its number became wrong; when it was
     * measured last, or 0 */
    int64_t asked;
    int64_t measured;
    /** how long measuring took; microseconds */
    int64_t took;
    /** how many uploads have ended; 1: an upload is under way, also one of 0
     * bytes */
    uint32_t changes;
    /** how many of these may have moved files */
    uint32_t moves;
    int is_held;
    /** is_file: the mark of the file's last state, see ep_due_mark(); 0: none */
    uint32_t mark;
    /** bytes that uploads have added since the tree was made; for
     * ep_book_measured() */
    int64_t settled;
    /** for operators, bytes.  The limit is that of the last upload that was granted
     * something; before the first, that of the part that made the tree */
    int64_t limit;
    int64_t held;
    int64_t used;
} ep_tree;

/**
 * Copies the tree in a place.  Between enter and leave.
 * @param place from 0 to book->trees_count - 1
 * @return 1; 0 if there is none
 */
int ep_book_tree(const ep_book *book, uint32_t place, ep_tree *tree);

/**
 * Announces a tree whose path stands in the server's files, so that it is measured
 * before the first upload.  It keeps its place.  Between enter and leave.
 * @return EP_BOOK_GRANTED or EP_BOOK_FULL
 */
ep_book_result ep_book_plant(const ep_book *book, int64_t now,
                             const ep_part *part);

/**
 * Offers a tree that was found for a wildcard in the server's files, so that it
 * is measured before the first upload.  Until somebody asks for it, its place is as
 * good as free: it gives way to any tree that is asked for, before all others, and
 * none gives way to it.  Of the places that a tree may have, those offered have
 * three quarters at most.  One that is there already stays as it is.  Between enter
 * and leave.
 * @param part a QUOTA of the server's
 * @param round not 0; the same for all that are found by one configuration, and from
 *        one ep_book_start() to the next another one for each configuration
 * @return EP_BOOK_GRANTED or EP_BOOK_FULL
 */
ep_book_result ep_book_offer(const ep_book *book, int64_t now,
                             const ep_part *part, uint8_t round);

/** All has been offered: forgets what was offered in another round, or before
 * the last ep_book_start(), and never asked for.  Between enter and leave. */
void ep_book_sweep_offered(const ep_book *book, uint8_t round);

/**
 * Call it at a start of the server, when no process of before lives: forgets the
 * trees that nobody has asked for since the last start.  Between enter and leave.
 */
void ep_book_start(const ep_book *book);

/**
 * Call it after all configured trees have been planted: forgets trees that were
 * planted before the last ep_book_start(), and since then neither planted nor
 * asked for.  Between enter and leave.
 */
void ep_book_sweep(const ep_book *book);

/**
 * Finds or makes the tree of a part, for a caller that will measure it.
 * Between enter and leave.
 *
 * A tree has one of 32 places.  If none is free, a tree is removed that no claim
 * has a part in: for a tree of the server's, an owner's tree; else a tree of a
 * share that has more places than the new tree's share would have; else a tree
 * that nobody has asked for for a minute, if its share has as many places; else a
 * tree of the same share.  In each case the share with the most places loses the
 * tree that was asked for least recently.  A tree that was only offered counts as
 * none.  A planted tree is never removed, and a
 * tree of the server's never for an owner's.
 * @param tree filled in on EP_BOOK_GRANTED
 * @return EP_BOOK_GRANTED or EP_BOOK_FULL
 */
ep_book_result ep_book_ask(const ep_book *book, int64_t now,
                           const ep_part *part, ep_tree *tree);

/**
 * Files of a tree were removed, or an upload is about to be settled that may have
 * left nothing: the tree may have less than what is counted.  Until it is measured
 * again, a denial tells how long to wait.  Between enter and leave.
 * @param key of a QUOTA; if there is no such tree, nothing happens
 */
void ep_book_doubt(const ep_book *book, int64_t now, ep_key key);

/**
 * Gives the book the measured number of a tree.  Between enter and leave.
 *
 * The number may or may not include uploads that ended while it was measured, and
 * half of one under way.  So it is used if nothing has changed since @a before and
 * nothing is held.  Otherwise what was added meanwhile is added to it, and uploads
 * that are under way now subtract nothing in the end.  Such a number can only be
 * too much, unless files have moved out of the way of the walk.  So it is used if it
 * is below the book's own, and no claim without a client has ended since or is under
 * way.  Else the book keeps its own number, with two exceptions: the tree has no
 * usage yet, or the caller insists.  The tree stays due in each case.
 * @param before the tree as it was before it was measured; its mark is kept with
 *        a number that is taken
 * @param bytes at least 0; below 0: the tree cannot be measured, and -1 - bytes
 *        were seen.  Its usage is then unknown, and counts as the last number, or
 *        as the bytes seen if they are more, plus what is settled from now on
 * @param insists 1: use the number although it was disturbed
 * @return 1 if the number was taken
 */
int ep_book_measured(const ep_book *book, int64_t now, const ep_tree *before,
                     int64_t bytes, int64_t took, int insists);

/** The numbers of an account, for operators and tests. */
typedef struct ep_balance {
    int64_t held;
    int64_t used;
    /** 0: the usage of the tree is not known, since it was not measured yet */
    int is_known;
} ep_balance;

/** @return 1, or 0 if there is no such account: nothing is held or used.
 * Between enter and leave. */
int ep_book_balance(const ep_book *book, ep_kind kind, ep_key key,
                    int64_t now, ep_balance *balance);

/** How full the book is: live claims, accounts and trees in use. */
typedef struct ep_book_counts {
    uint32_t claims;
    uint32_t accounts;
    uint32_t trees;
} ep_book_counts;

/** Between enter and leave. */
void ep_book_count(const ep_book *book, ep_book_counts *counts);

#endif
