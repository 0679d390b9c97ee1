/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The book: who holds and who has used how much, in one block of memory that
 * all children share.  docs/ledger.md draws it.
 *
 * An account is what one limit counts for one key: uploads under way, or bytes.
 * A tree is the account of a quota, with the path whose usage is measured.  A
 * claim is what one upload holds in several accounts at once.  What an account
 * holds is always the sum of the claims on it, and can be computed from them.
 *
 * Nothing here locks, waits, allocates or asks for the time.  One caller at a
 * time, between ep_book_enter() and ep_book_leave(); the functions that demand
 * it say so.  The block may hold anything at any time: what is read from it is
 * checked before it is used as an index, and amounts are kept within 0 and
 * INT64_MAX.
 *
 * Times are microseconds of a clock that never jumps and begins above 0.
 */
#ifndef EP_BOOK_H
#define EP_BOOK_H

#include <stddef.h>
#include <stdint.h>

#include "core/book/account.h"

/** The most accounts that one claim may have, and how many of them may be there
 * for limits of .htaccess files alone: the rest is the server's. */
#define EP_PARTS_MAX 24
#define EP_PARTS_OWNERS 8
/** The most bytes of one upload that pass while a tree was never measured. */
#define EP_UNMEASURED_MAX (64 * 1024)
/** The longest path of a tree, with its NUL, in bytes. */
#define EP_TREE_PATH_SIZE 1024
/** The least and the most memory that is a book, in bytes. */
#define EP_BOOK_SIZE_MIN (128 * 1024)
#define EP_BOOK_SIZE_MAX (256 * 1024 * 1024)
/** No book has more places for trees: they have a quarter of its memory. */
#define EP_BOOK_TREES_MAX (EP_BOOK_SIZE_MAX / 4 / EP_TREE_PATH_SIZE)

/** What an upload asks of one account. */
typedef struct ep_part {
    ep_kind kind;
    ep_key key;
    /** bytes or uploads that the account may come to, inclusive; at least 0 */
    int64_t limit;
    /** bytes or uploads asked for; at least 0 */
    int64_t amount;
    /** ALLOWANCE: microseconds; above 0 */
    int64_t period;
    /** QUOTA: what is measured; shorter than EP_TREE_PATH_SIZE */
    const char *path;
    /** QUOTA: 1: path is a file that holds the usage as a number */
    int is_file;
    /** 1: the limit stands in an .htaccess file */
    int is_owners;
    /** QUOTA: whose tree it is: a hash of the section in the server's files, or
     * of the site.  Trees of one share give way to each other first */
    uint64_t share;
    /** QUOTA: 1: the caller has just measured the tree, which has no place in
     * the book, and it has so many bytes; 0: not */
    int is_measured;
    int64_t measured;
    /** whose upload it is: a hash of the address, the same in all parts; 0:
     * nobody's, which neither gives way nor makes others do so */
    uint64_t client;
} ep_part;

typedef enum ep_book_result {
    /** all parts are claimed, or what there is room for of them */
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
    /** the claim is not there any more */
    EP_BOOK_LOST
} ep_book_result;

/** Why something was not granted. */
typedef struct ep_denial {
    /** index of the part */
    size_t part;
    /** what the account still has, bytes or uploads; at least 0 */
    int64_t remaining;
    /** ALLOWANCE: microseconds until the period ends and all of it is free
     * again, if the amount fits the limit at all; otherwise -1: nobody knows */
    int64_t wait;
    /** on EP_BOOK_GRANTED: a bit for each part that there was no room for, so
     * that it counts nothing; parts have at most EP_PARTS_MAX */
    uint32_t left_out;
} ep_denial;

/** A claim, for its holder; all 0: none. */
typedef struct ep_claim {
    uint32_t index;
    uint32_t serial;
} ep_claim;

/** Where in a block of memory things are; in the process's own memory. */
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
 * Finds the places in a block; reads and writes nothing in it.
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
 * After the lock was taken: if whoever had it before died before it called
 * ep_book_leave(), repairs the book.
 * @return 1 if that was so
 */
int ep_book_enter(const ep_book *book);

/** Before the lock is given back. */
void ep_book_leave(const ep_book *book);

/**
 * Claims all parts or none; or, where the caller is lenient, those whose
 * accounts there is room for, if all of them are within their limits.  Parts of
 * one key count once, with the smallest limit and the largest amount; it is an
 * owner's if all of them are.  If the claim has a part already, that part is
 * left as it is, so that an upload is charged once however often it is asked;
 * but it has to be within the limit.  Between enter and leave.
 *
 * A claim has room for EP_PARTS_OWNERS owners' parts, and for EP_PARTS_MAX in
 * all.  An owner's that finds none is left out, whatever the caller is.
 *
 * Where nothing is claimed, no account and no tree is made either.
 *
 * What a client holds without having sent anything gives way to others: if a part
 * finds no room, and one other client's unsent claims hold more in the account
 * than half of what would be free without them, as many of these are revoked as
 * it takes: their part there comes to 0.  So a client keeps half of what it could
 * have, and of uploads at once half of them, rounded up.  The client is the one
 * that holds more there than all others together, if there is one.
 *
 * A tree whose usage is not known is no empty one.  If it was never measured, an
 * upload of at most EP_UNMEASURED_MAX bytes is granted to a lenient caller, as
 * long as all that came in since then is within the limit, and a larger one to
 * nobody.  If it cannot be measured, it counts for a lenient caller as what is
 * known to lie there: see ep_book_measured().
 *
 * @param owner the process on whose death the claim is given back
 * @param now see above
 * @param is_lenient 1: see above; and a part whose account there is no room for
 *        is left out, that of a tree only if the caller has measured it
 * @param claim all 0 for a new one, or one to add to
 * @param denial filled in on EP_BOOK_DENIED and EP_BOOK_UNKNOWN; its part on
 *        EP_BOOK_CROWDED, and left_out on EP_BOOK_GRANTED
 * @return see there; EP_BOOK_FULL as well if more than EP_PARTS_MAX accounts are
 *         asked for at once, EP_BOOK_LOST if the claim to add to is gone
 */
ep_book_result ep_book_reserve(const ep_book *book, uint32_t owner,
                               int64_t now, const ep_part *parts,
                               size_t count, int is_lenient,
                               ep_claim *claim, ep_denial *denial);

/**
 * Adds to all parts of a claim but CONCURRENT ones; in a tree that was never
 * measured, up to EP_UNMEASURED_MAX.  Between enter and leave.
 * @param parts as they were reserved, for their limits; what the claim has no
 *        part of is left out
 * @param least bytes; with less, nothing is granted
 * @param most bytes
 * @param granted as much as all accounts have, from @a least to @a most
 * @return EP_BOOK_GRANTED, EP_BOOK_DENIED, EP_BOOK_UNKNOWN or EP_BOOK_LOST;
 *         EP_BOOK_FULL if there are more than EP_PARTS_MAX parts
 */
ep_book_result ep_book_grow(const ep_book *book, int64_t now,
                            const ep_part *parts, size_t count,
                            const ep_claim *claim, int64_t least,
                            int64_t most, int64_t *granted,
                            ep_denial *denial);

/**
 * The first content of an upload has arrived: its claim gives way no more.
 * Between enter and leave.
 * @return EP_BOOK_GRANTED; EP_BOOK_DENIED: it has given way in some part, see
 *         ep_book_regain(); EP_BOOK_LOST
 */
ep_book_result ep_book_feed(const ep_book *book, const ep_claim *claim);

/**
 * Claims once more what was revoked.  Between enter and leave.
 * @param parts as they were reserved, with all that the claim has asked for
 * @param denial filled in on EP_BOOK_DENIED
 * @return EP_BOOK_GRANTED, EP_BOOK_DENIED (nothing was claimed), EP_BOOK_LOST;
 *         EP_BOOK_FULL if there are more than EP_PARTS_MAX parts
 */
ep_book_result ep_book_regain(const ep_book *book, int64_t now,
                              const ep_part *parts, size_t count,
                              const ep_claim *claim, ep_denial *denial);

/**
 * The upload is done: gives back what it holds, and counts as used what it came
 * to, in the period that is on; whoever dies in here has done all of it or
 * nothing.  Between enter and leave.
 * @param received bytes, for ALLOWANCE
 * @param stored bytes that a tree has more than before, for QUOTA; below 0 if
 *        a file was replaced by a smaller one
 * @param claim all 0 afterwards
 */
void ep_book_settle(const ep_book *book, int64_t now, ep_claim *claim,
                    int64_t received, int64_t stored);

/** The upload came to nothing: gives back what it holds.  Between enter and
 * leave.  @param claim all 0 afterwards */
void ep_book_release(const ep_book *book, ep_claim *claim);

/**
 * Finishes what was begun, and computes anew what accounts hold.  Between enter
 * and leave; ep_book_enter() does it where it is needed.
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

/** A tree, as one who measures it sees it: a copy. */
typedef struct ep_tree {
    ep_key key;
    /** as in ep_part */
    int is_owners;
    uint64_t share;
    /** 1: path is a file that holds the usage as a number */
    int is_file;
    char path[EP_TREE_PATH_SIZE];
    /** 1: it was measured before, and has a usage */
    int is_known;
    /** when an upload last asked for it, or what it was measured at became
     * wrong; when it was measured last, or 0 */
    int64_t asked;
    int64_t measured;
    /** how long that took; microseconds */
    int64_t took;
    /** uploads have ended this often; whether one is under way, be it of 0
     * bytes */
    uint32_t changes;
    int is_held;
    /** is_file: tells one state of the file from another; 0: of none yet */
    uint32_t mark;
    /** bytes that uploads have added, ever; for ep_book_measured() */
    int64_t settled;
} ep_tree;

/**
 * Copies the tree in a place.  Between enter and leave.
 * @param place from 0 to book->trees_count - 1
 * @return 1; 0 if there is none
 */
int ep_book_tree(const ep_book *book, uint32_t place, ep_tree *tree);

/**
 * Announces a tree that has its path in the server's files, before the first
 * upload, so that it is measured at once.  It keeps its place.  Between enter and
 * leave.
 * @return EP_BOOK_GRANTED or EP_BOOK_FULL
 */
ep_book_result ep_book_plant(const ep_book *book, int64_t now,
                             const ep_part *part);

/**
 * The server has started, and none of its processes of before lives: forgets the
 * trees that nobody has asked for since it started last.  Between enter and leave.
 */
void ep_book_start(const ep_book *book);

/**
 * All that is configured has been planted: forgets what was planted before the
 * last ep_book_start(), and since then neither planted nor asked for.  Between
 * enter and leave.
 */
void ep_book_sweep(const ep_book *book);

/**
 * Finds or makes the tree of a part, for one who is about to measure it.
 * Between enter and leave.
 *
 * A tree has one of 32 places.  Where none is free, a tree that no claim has a
 * part in gives way: an owner's to the server's; else one of a share that has
 * more places than the new tree's would have with it; else one that nobody asked
 * for for a minute, if its share has as many; else one of the same share.  In
 * each case that of the share with the most places, and of these the one that
 * nobody asked for for longest.  What was planted never does, and the server's
 * never for an owner's.
 * @param tree filled in on EP_BOOK_GRANTED
 * @return EP_BOOK_GRANTED or EP_BOOK_FULL
 */
ep_book_result ep_book_ask(const ep_book *book, int64_t now,
                           const ep_part *part, ep_tree *tree);

/**
 * Says what a tree came to.  Between enter and leave.
 *
 * Uploads that ended while it was measured may be in the number or not, and
 * half of one under way may be.  So the number is taken if nothing has changed
 * since @a before and nothing is held; otherwise the book knows better, and the
 * tree stays due, unless it has no usage at all yet or the caller is at the end
 * of its patience: then it gets the number and what was added meanwhile, and
 * what is now under way takes nothing off in the end, which can only be too
 * much; and it is due again.
 * @param before the tree as it was before it was measured; its mark is kept with
 *        a number that is taken
 * @param bytes at least 0; below 0: it cannot be measured, so that its usage is
 *        unknown, and -1 - bytes were seen: it counts as what it had, or as these
 *        if they are more, and as what is settled from now on
 * @param insists 1: the caller's patience is at its end
 * @return 1 if the number was taken
 */
int ep_book_measured(const ep_book *book, int64_t now, const ep_tree *before,
                     int64_t bytes, int64_t took, int insists);

/** What the book says of an account, for operators and tests. */
typedef struct ep_balance {
    int64_t held;
    int64_t used;
    /** 0: of a tree that was not measured yet, nobody knows what is used */
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
