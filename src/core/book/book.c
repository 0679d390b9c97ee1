/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/book/book.h"

#include <string.h>

/* "expectpo" */
#define BOOK_MAGIC UINT64_C(0x6f70746365707865)
/* the version of the layout; raise it with each change of a struct below */
#define BOOK_VERSION 8
/* The places of a bucket.  An account is in one of its buckets. */
#define BUCKET 16
#define BUCKETS 2
/* No place. */
#define NOWHERE UINT32_MAX
/* The number of places that an account can be in. */
#define CHOICES (BUCKET * BUCKETS)
/* Microseconds.  A tree that was asked for within this time is removed only for a
 * tree whose share has fewer places. */
#define TREE_STAYS (INT64_C(60) * 1000 * 1000)
/* What is lost with a tree that was only offered: less than with any other, but
 * more than nothing. */
#define OFFERED_WORTH 1

/* The states of a claim.  Any other value is damage, and counts as no claim. */
enum {
    FREE = 0,
    /* its parts are not complete yet */
    MAKING = 1,
    LIVE = 2,
    /* all new amounts are noted in its parts, and are now being applied */
    COMMITTED = 3
};

struct ep_book_head {
    volatile uint64_t magic;
    volatile uint64_t size;
    volatile uint32_t version;
    /* 1: a process changes the book, or died while it did */
    volatile uint32_t busy;
    /* the serial of the newest claim */
    volatile uint32_t serial;
    /* a place to begin the search for a free claim */
    volatile uint32_t next;
    /* counts starts of the server, from 1 on */
    volatile uint32_t start;
    unsigned char unused[220];
};

struct ep_book_tree {
    /* first, so that an account of the kind QUOTA is a tree */
    ep_account account;
    volatile uint8_t is_known;
    volatile uint8_t is_file;
    /* 1: it may have less than what is counted: see ep_book_doubt() */
    volatile uint8_t is_doubted;
    volatile uint8_t unused;
    /* counts what has ended in the tree, and what of it may have moved files */
    volatile uint32_t changes;
    volatile uint32_t moves;
    /* 0: none */
    volatile uint32_t mark;
    volatile int64_t asked;
    volatile int64_t measured;
    volatile int64_t took;
    volatile int64_t settled;
    /* of ep_part */
    volatile uint64_t share;
    volatile uint8_t is_owners;
    /* its path stands in the server's files */
    volatile uint8_t is_planted;
    /* 0: it was asked for, or planted; else it was only offered, in this round */
    volatile uint8_t offered;
    volatile uint8_t unused_too;
    /* the head's `start` when the tree was last asked for */
    volatile uint32_t start;
    volatile char path[EP_TREE_PATH_SIZE];
};

struct ep_book_part {
    /* ep_kind */
    volatile uint8_t kind;
    /* its amount was taken for another client's upload */
    volatile uint8_t is_revoked;
    /* QUOTA: the tree was measured since, and the number may include this upload */
    volatile uint8_t is_measured;
    /* only limits of .htaccess files have asked for it */
    volatile uint8_t is_owners;
    volatile uint32_t place;
    volatile uint64_t key_low;
    volatile int64_t amount;
    /* what the account will have used, once the claim is COMMITTED */
    volatile int64_t after;
};

struct ep_book_claim {
    volatile uint32_t state;
    volatile uint32_t serial;
    volatile uint32_t owner;
    volatile uint32_t count;
    /* of ep_part; and whether content has arrived */
    volatile uint64_t client;
    volatile uint32_t is_fed;
    volatile uint32_t unused;
    struct ep_book_part parts[EP_PARTS_MAX];
};

/* compile-time assertions: the sizes that docs/ledger.md draws */
typedef char a_head_as_drawn[sizeof(struct ep_book_head) == 256 ? 1 : -1];
typedef char a_tree_as_drawn[sizeof(struct ep_book_tree) == 1152 ? 1 : -1];
typedef char a_claim_as_drawn[sizeof(struct ep_book_claim) == 800 ? 1 : -1];

/* One account that a reservation needs, in the process's own memory. */
typedef struct want {
    /* the part that needs it; of several, the strictest */
    size_t part;
    ep_kind kind;
    /* NOWHERE: there is no such account yet */
    uint32_t place;
    int64_t limit;
    int64_t amount;
    int is_owners;
    /* the share of the tree, if it has to be made */
    uint64_t share;
    /* the claim has no room for it */
    int is_left_out;
    /* its place still has another account */
    int is_new;
    /* revoking unsent claims of this client makes room; 0: not needed */
    uint64_t giver;
    /* the claim's part in it; NULL: none yet */
    struct ep_book_part *held;
    /* nothing is going to be claimed, so nothing in the book may change */
    int is_asked;
} want;

/* Whole buckets only. */
static uint32_t places(size_t room, size_t each)
{
    return (uint32_t)(room / each / BUCKET * BUCKET);
}

int ep_book_lay_out(ep_book *book, void *memory, size_t size)
{
    unsigned char *const start = memory;
    size_t room, at = sizeof(struct ep_book_head);

    if (size < EP_BOOK_SIZE_MIN || size > EP_BOOK_SIZE_MAX) {
        return 0;
    }
    room = size - at;
    book->size = size;
    book->trees_count = places(room / 4, sizeof(struct ep_book_tree));
    book->accounts_count = places(room / 2, sizeof(ep_account));
    book->head = (struct ep_book_head *)(void *)start;
    book->trees = (struct ep_book_tree *)(void *)(start + at);
    at += book->trees_count * sizeof(struct ep_book_tree);
    book->accounts = (ep_account *)(void *)(start + at);
    at += book->accounts_count * sizeof(ep_account);
    book->claims = (struct ep_book_claim *)(void *)(start + at);
    book->claims_count = (uint32_t)((size - at)
                                    / sizeof(struct ep_book_claim));
    return 1;
}

void ep_book_clear(const ep_book *book)
{
    uint32_t i;

    book->head->magic = 0;
    for (i = 0; i < book->trees_count; i++) {
        book->trees[i].account.kind = 0;
    }
    for (i = 0; i < book->accounts_count; i++) {
        book->accounts[i].kind = 0;
    }
    for (i = 0; i < book->claims_count; i++) {
        book->claims[i].state = FREE;
    }
    book->head->size = book->size;
    book->head->version = BOOK_VERSION;
    book->head->busy = 0;
    book->head->serial = 0;
    book->head->next = 0;
    book->head->start = 1;
    book->head->magic = BOOK_MAGIC;
}

int ep_book_is_valid(const ep_book *book)
{
    return book->head->magic == BOOK_MAGIC
           && book->head->version == BOOK_VERSION
           && book->head->size == book->size;
}

/* @param kind, place read from the block, so they may have any value
 * @return NULL: there is no such place */
static ep_account *account_at(const ep_book *book, uint32_t kind,
                              uint32_t place)
{
    if (kind == EP_QUOTA) {
        return place < book->trees_count ? &book->trees[place].account : NULL;
    }
    return place < book->accounts_count ? &book->accounts[place] : NULL;
}

/* @return NULL: there is no such place */
static struct ep_book_tree *tree_at(const ep_book *book, uint32_t place)
{
    return place < book->trees_count ? &book->trees[place] : NULL;
}

/* @param kind out: the account's, one of ep_kind
 * @return the account of a part; NULL: another account is in its place now */
static ep_account *account_of(const ep_book *book,
                              const struct ep_book_part *part, uint32_t *kind)
{
    ep_account *account;

    *kind = part->kind;
    account = account_at(book, *kind, part->place);
    return account != NULL && account->key_low == part->key_low
           && account->kind == *kind + 1 ? account : NULL;
}

/* @return the first place of a bucket of a key.
 * @param which one of BUCKETS */
static uint32_t bucket(const ep_book *book, ep_kind kind, ep_key key,
                       int which)
{
    const uint32_t count = kind == EP_QUOTA ? book->trees_count
                                            : book->accounts_count;
    const uint64_t chosen = which == 0 ? key.high : key.low >> 32;

    return (uint32_t)(chosen % (count / BUCKET)) * BUCKET;
}

/* @return a place, or NOWHERE */
static uint32_t find(const ep_book *book, ep_kind kind, ep_key key)
{
    int which;

    for (which = 0; which < BUCKETS; which++) {
        uint32_t place = bucket(book, kind, key, which);
        uint32_t left;

        for (left = BUCKET; left > 0; left--) {
            const ep_account *account = account_at(book, kind, place);

            if (account != NULL && ep_account_is(account, kind, key)) {
                return place;
            }
            place++;
        }
    }
    return NOWHERE;
}

/* 1 if nobody has asked for a tree, which was only offered. */
static int is_offered(const struct ep_book_tree *tree)
{
    return tree->offered != 0 && tree->is_planted == 0
           && tree->account.claims == 0;
}

/* What is lost with a tree.  Those that were asked for are never taken:
 * find_removable() chooses them. */
static int64_t tree_worth(const struct ep_book_tree *tree)
{
    if (tree->account.kind != (uint32_t)EP_QUOTA + 1) {
        return 0;
    }
    return is_offered(tree) ? OFFERED_WORTH : EP_ACCOUNT_KEPT;
}

/* As ep_account_loss() and tree_worth(). */
static int64_t loss_of(const ep_book *book, ep_kind kind, uint32_t place,
                     int64_t now)
{
    const ep_account *account = account_at(book, kind, place);

    if (account == NULL) {
        return EP_ACCOUNT_KEPT;
    }
    if (kind == EP_QUOTA) {
        return tree_worth((const struct ep_book_tree *)account);
    }
    return ep_account_loss(account, now);
}

/* 1 if the reservation itself needs the account: it must not be taken, also if no
 * claim has a part in it yet. */
static int is_wanted(const want *wants, size_t count, ep_kind kind,
                     uint32_t place)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (wants[i].place == place
            && (wants[i].kind == EP_QUOTA) == (kind == EP_QUOTA)) {
            return 1;
        }
    }
    return 0;
}

/* The best place that was found so far. */
typedef struct candidate {
    /* NOWHERE: none; and the value of the account that would be lost */
    uint32_t place;
    int64_t lost;
    uint32_t free_places;
} candidate;

static candidate candidate_in(const ep_book *book, int64_t now, const ep_part *part,
                    const want *wants, size_t count, int which)
{
    candidate found = { NOWHERE, EP_ACCOUNT_KEPT, 0 };
    uint32_t place = bucket(book, part->kind, part->key, which);
    uint32_t left;

    for (left = BUCKET; left > 0; left--) {
        const int64_t lost = loss_of(book, part->kind, place, now);

        if (lost < found.lost
            && !is_wanted(wants, count, part->kind, place)) {
            found.lost = lost;
            found.place = place;
        }
        if (lost == 0) {
            found.free_places++;
        }
        place++;
    }
    return found;
}

/* @param places out: all places of a key, each once; at most CHOICES
 * @return how many */
static uint32_t places_of(const ep_book *book, ep_kind kind, ep_key key,
                          uint32_t *places)
{
    uint32_t count = 0;
    int which;

    for (which = 0; which < BUCKETS; which++) {
        const uint32_t first = bucket(book, kind, key, which);
        uint32_t i;

        if (count > 0 && first == places[0]) {
            break;
        }
        for (i = 0; i < BUCKET && count < CHOICES; i++) {
            places[count++] = first + i;
        }
    }
    return count;
}

/* @return how many of the places have trees of a share */
static uint32_t places_with(const ep_book *book, const uint32_t *places,
                            uint32_t count, uint64_t share, int is_owners)
{
    uint32_t found = 0;
    uint32_t i;

    for (i = 0; i < count && i < CHOICES; i++) {
        const struct ep_book_tree *tree = tree_at(book, places[i]);

        found += tree != NULL && tree->share == share
                 && (tree->is_owners != 0) == is_owners;
    }
    return found;
}

/* @return the time of the last request for a tree; a damaged one in the future
 *         becomes now */
static int64_t asked_at(const struct ep_book_tree *tree, int64_t now)
{
    const int64_t asked = ep_amount_of(tree->asked);

    return asked <= now ? asked : 0;
}

/* @return 1 if a tree may be removed for a new tree of another share.
 * @param theirs places of the tree's share
 * @param own places of the new tree's share, without the new one */
static int is_removable(const struct ep_book_tree *tree, int64_t now,
                     uint32_t theirs, uint32_t own)
{
    return theirs > own + 1
           || (theirs == own + 1 && now - asked_at(tree, now) >= TREE_STAYS);
}

/* Finds a tree that may be removed for a new one: see ep_book_ask().
 * @param wanted one of @a wants; the places of all of these must not be taken
 * @return a place, or NOWHERE */
static uint32_t find_removable(const ep_book *book, int64_t now, ep_key key,
                            const want *wanted, const want *wants,
                            size_t count)
{
    uint32_t places[CHOICES];
    const uint32_t choices = places_of(book, EP_QUOTA, key, places);
    const uint32_t own = places_with(book, places, choices, wanted->share,
                                     wanted->is_owners);
    uint32_t found = NOWHERE, most = 0, i;
    int64_t longest = 0;

    for (i = 0; i < choices && i < CHOICES; i++) {
        const struct ep_book_tree *tree = tree_at(book, places[i]);
        int is_owners;
        uint64_t share;
        uint32_t theirs;
        int64_t asked;

        if (tree == NULL || tree->account.claims != 0
            || tree->is_planted != 0
            || is_wanted(wants, count, EP_QUOTA, places[i])) {
            continue;
        }
        is_owners = tree->is_owners != 0;
        share = tree->share;
        asked = asked_at(tree, now);
        theirs = places_with(book, places, choices, share, is_owners);
        if (is_owners < wanted->is_owners
            || (is_owners == wanted->is_owners && share != wanted->share
                && !is_removable(tree, now, theirs, own))) {
            continue;
        }
        if (is_owners > wanted->is_owners) {
            /* an owner's tree is removed before any of the server's */
            theirs += CHOICES;
        }
        if (theirs > most || (theirs == most && asked < longest)) {
            found = places[i];
            most = theirs;
            longest = asked;
        }
    }
    return found;
}

/* @return the better one of what both buckets have to offer */
static candidate best_candidate(const ep_book *book, int64_t now, const ep_part *part,
                      const want *wants, size_t count)
{
    const candidate first = candidate_in(book, now, part, wants, count, 0);
    const candidate second = candidate_in(book, now, part, wants, count, 1);

    return second.lost < first.lost
                   || (second.lost == first.lost
                       && second.free_places > first.free_places)
               ? second : first;
}

/* Finds room for a new account.
 * @param wanted one of @a wants; the places of all of these must not be taken
 * @return a place, or NOWHERE */
static uint32_t find_room(const ep_book *book, int64_t now,
                          const ep_part *part, const want *wanted,
                          const want *wants, size_t count)
{
    const uint32_t place = best_candidate(book, now, part, wants, count).place;

    return place == NOWHERE && part->kind == EP_QUOTA
               ? find_removable(book, now, part->key, wanted, wants, count)
               : place;
}

/* @param tree NULL: there is none */
static void ask_tree(const ep_book *book, struct ep_book_tree *tree,
                     int64_t now, const want *wanted)
{
    if (tree == NULL) {
        return;
    }
    tree->asked = now;
    tree->offered = 0;
    tree->start = book->head->start;
    if (tree->is_owners != 0 && !wanted->is_owners) {
        tree->is_owners = 0;
        tree->share = wanted->share;
    }
}

static void make_tree(const ep_book *book, struct ep_book_tree *tree,
                      int64_t now, const ep_part *part, const want *wanted)
{
    size_t i;

    tree->account.kind = 0;
    tree->is_known = 0;
    tree->is_file = (uint8_t)(part->is_file != 0);
    tree->is_doubted = 0;
    tree->mark = 0;
    tree->asked = now;
    tree->measured = 0;
    tree->took = 0;
    tree->settled = 0;
    tree->share = wanted->share;
    tree->is_owners = (uint8_t)(wanted->is_owners != 0);
    tree->is_planted = 0;
    tree->offered = 0;
    tree->start = book->head->start;
    for (i = 0; i < EP_TREE_PATH_SIZE - 1 && part->path[i] != '\0'; i++) {
        tree->path[i] = part->path[i];
    }
    tree->path[i] = '\0';
    ep_account_open(&tree->account, EP_QUOTA, part->key);
    tree->account.period = part->limit;
}

/* @return the claim; NULL: it has ended, or never existed */
static struct ep_book_claim *claim_of(const ep_book *book,
                                      const ep_claim *claim)
{
    struct ep_book_claim *found;

    if (claim->serial == 0 || claim->index >= book->claims_count) {
        return NULL;
    }
    found = &book->claims[claim->index];
    return found->state == LIVE && found->serial == claim->serial ? found
                                                                  : NULL;
}

static uint32_t parts_of(const struct ep_book_claim *claim)
{
    const uint32_t count = claim->count;

    return count <= EP_PARTS_MAX ? count : EP_PARTS_MAX;
}

/* @return a place, or NOWHERE */
static uint32_t find_free_claim(const ep_book *book)
{
    uint32_t at = book->head->next;
    uint32_t left;

    for (left = book->claims_count; left > 0; left--) {
        if (at >= book->claims_count) {
            at = 0;
        }
        if (book->claims[at].state == FREE) {
            return at;
        }
        at++;
    }
    return NOWHERE;
}

/* @param claim NULL: it has none
 * @return the claim's part in an account; NULL: it has none */
static struct ep_book_part *part_in(struct ep_book_claim *claim, ep_kind kind,
                                    uint32_t place, ep_key key)
{
    uint32_t i;

    if (claim == NULL || place == NOWHERE) {
        return NULL;
    }
    for (i = parts_of(claim); i > 0; i--) {
        struct ep_book_part *part = &claim->parts[i - 1];

        if (part->kind == kind && part->place == place
            && part->key_low == key.low) {
            return part;
        }
    }
    return NULL;
}

/* @return what an account may come to for a part, inclusive */
static int64_t limit_for(const ep_book *book, const ep_part *part,
                         uint32_t place)
{
    const struct ep_book_tree *tree = part->overdraft > 0
                                          ? tree_at(book, place)
                                          : NULL;
    const int64_t base = tree != NULL ? ep_amount_of(tree->account.base) : 0;

    if (part->is_unjudged) {
        return INT64_MAX;
    }
    return ep_amount_plus(part->limit > base ? part->limit : base,
                          part->overdraft);
}

/* Collects the accounts that the parts need, each once.
 * @param claim NULL: none yet
 * @param wants EP_PARTS_MAX places
 * @return how many there are; EP_PARTS_MAX + 1: too many */
static size_t gather(const ep_book *book, const ep_part *parts, size_t count,
                     struct ep_book_claim *claim, want *wants)
{
    size_t found = 0;
    size_t i, j;

    memset(wants, 0, EP_PARTS_MAX * sizeof(*wants));
    for (i = 0; i < count; i++) {
        const ep_part *part = &parts[i];

        for (j = 0; j < found; j++) {
            const ep_part *other = &parts[wants[j].part];

            if (other->kind == part->kind && other->key.low == part->key.low
                && other->key.high == part->key.high) {
                break;
            }
        }
        if (j < found) {
            const int64_t limit = limit_for(book, part, wants[j].place);

            if (limit < wants[j].limit) {
                wants[j].limit = limit;
                wants[j].part = i;
            }
            if (part->amount > wants[j].amount) {
                wants[j].amount = part->amount;
            }
            if (wants[j].is_owners && !part->is_owners) {
                wants[j].is_owners = 0;
                wants[j].share = part->share;
            }
            continue;
        }
        if (found == EP_PARTS_MAX) {
            return EP_PARTS_MAX + 1;
        }
        wants[found].part = i;
        wants[found].kind = part->kind;
        wants[found].place = find(book, part->kind, part->key);
        wants[found].limit = limit_for(book, part, wants[found].place);
        wants[found].amount = part->amount;
        wants[found].is_owners = part->is_owners != 0;
        wants[found].share = part->share;
        wants[found].is_left_out = 0;
        wants[found].is_new = 0;
        wants[found].giver = 0;
        wants[found].held = part_in(claim, part->kind, wants[found].place,
                                    part->key);
        found++;
    }
    return found;
}

static uint32_t owners_in(const struct ep_book_claim *claim)
{
    uint32_t owners = 0;
    uint32_t i;

    if (claim == NULL) {
        return 0;
    }
    for (i = parts_of(claim); i > 0; i--) {
        owners += claim->parts[i - 1].is_owners != 0;
    }
    return owners;
}

/* Finds room in the claim.  The server's limits come first, and have at least
 * EP_PARTS_MAX - EP_PARTS_OWNERS places.
 * @param claim NULL: none yet
 * @return the first want of the server's without room; count: there is room for
 *         all of them */
static size_t find_places(const struct ep_book_claim *claim, want *wants,
                          size_t count)
{
    uint32_t all = claim != NULL ? parts_of(claim) : 0;
    uint32_t owners = owners_in(claim);
    size_t i;

    for (i = 0; i < count; i++) {
        if (wants[i].held == NULL && !wants[i].is_owners
            && all++ >= EP_PARTS_MAX) {
            return i;
        }
        if (wants[i].held != NULL && wants[i].held->is_owners != 0
            && !wants[i].is_owners && owners > 0) {
            /* the server's limit takes over the owner's part */
            owners--;
        }
    }
    for (i = 0; i < count; i++) {
        if (wants[i].held == NULL && wants[i].is_owners) {
            wants[i].is_left_out = all >= EP_PARTS_MAX
                                   || owners >= EP_PARTS_OWNERS;
            all += !wants[i].is_left_out;
            owners += !wants[i].is_left_out;
        }
    }
    return count;
}

/* @return microseconds until a tree may have another number; -1: no other one is to be
 *         expected */
static int64_t wait_for_tree(const struct ep_book_tree *tree, int64_t now)
{
    const int64_t measured = ep_amount_of(tree->measured);
    const int64_t took = ep_amount_of(tree->took);
    const int64_t left = ep_amount_minus(
        ep_amount_plus(measured, ep_account_pause(took)), now);

    if (tree->is_doubted == 0
        && (left > 0 || ep_amount_of(tree->asked) <= measured)) {
        return -1;
    }
    return ep_amount_plus(left, took);
}

/* The same as below of an allowance whose period may be over: on a copy, since nothing
 * is going to be claimed. */
static void foresee_left(const ep_account *account, int64_t now, const ep_part *part,
                         const want *wanted, int64_t own, int64_t amount,
                         ep_denial *denial)
{
    ep_account copy;

    ep_account_open(&copy, EP_ALLOWANCE, part->key);
    copy.claims = account->claims;
    copy.held = account->held;
    copy.used = account->used;
    copy.until = account->until;
    ep_account_turn(&copy, now, part->period);
    denial->remaining = ep_account_left(&copy, wanted->limit, own);
    denial->wait = ep_account_wait(&copy, now, amount, wanted->limit);
}

/* Computes how much an account has left for an upload, and when it may have more.
 * @param own what it holds for the same upload, which counts as free
 * @param amount how much the upload will hold there */
static void find_left(const ep_book *book, int64_t now, const ep_part *parts,
                 const want *wanted, int64_t own, int64_t amount,
                 ep_denial *denial)
{
    ep_account *account = account_at(book, wanted->kind, wanted->place);
    const ep_part *part = &parts[wanted->part];

    denial->part = wanted->part;
    denial->remaining = wanted->limit;
    denial->wait = -1;
    if (account == NULL && part->is_measured) {
        denial->remaining = ep_amount_minus(wanted->limit, part->measured);
    }
    if (account != NULL && wanted->kind == EP_ALLOWANCE && wanted->is_asked) {
        foresee_left(account, now, part, wanted, own, amount, denial);
        return;
    }
    if (account != NULL) {
        if (wanted->kind == EP_ALLOWANCE) {
            ep_account_turn(account, now, part->period);
        }
        denial->remaining = ep_account_left(account, wanted->limit, own);
        denial->wait = ep_account_wait(account, now, amount, wanted->limit);
        if (wanted->kind == EP_QUOTA && amount <= wanted->limit) {
            denial->wait = wait_for_tree((struct ep_book_tree *)account, now);
        }
    }
}

/* Finds the part of a claim in an account, if its upload has sent nothing.
 * @param asker the client that needs room; its own claims do not count
 * @return NULL: there is nothing to revoke */
static struct ep_book_part *unsent_part(struct ep_book_claim *claim,
                                        const want *wanted, ep_key key,
                                        uint64_t asker)
{
    struct ep_book_part *part;

    if (claim->state != LIVE || claim->is_fed != 0 || claim->client == 0
        || claim->client == asker) {
        return NULL;
    }
    part = part_in(claim, wanted->kind, wanted->place, key);
    return part != NULL && ep_amount_of(part->amount) > 0 ? part : NULL;
}

/* Finds the client whose unsent claims hold more in an account than those of all
 * others together, by a majority vote.
 * @return that client; if there is none: any client, or 0 */
static uint64_t find_hoarder(const ep_book *book, const want *wanted,
                             ep_key key, uint64_t asker)
{
    uint64_t hoarder = 0;
    int64_t lead = 0;
    uint32_t i;

    for (i = 0; i < book->claims_count; i++) {
        struct ep_book_claim *claim = &book->claims[i];
        const struct ep_book_part *part = unsent_part(claim, wanted, key,
                                                      asker);
        const uint64_t client = claim->client;
        int64_t amount;

        if (part == NULL) {
            continue;
        }
        amount = ep_amount_of(part->amount);
        if (client == hoarder) {
            lead = ep_amount_plus(lead, amount);
        }
        else if (amount > lead) {
            hoarder = client;
            lead = ep_amount_minus(amount, lead);
        }
        else {
            lead = ep_amount_minus(lead, amount);
        }
    }
    return hoarder;
}

/* @return how much the unsent claims of a client hold in an account */
static int64_t unsent_of(const ep_book *book, const want *wanted, ep_key key,
                         uint64_t client)
{
    int64_t sum = 0;
    uint32_t i;

    for (i = 0; i < book->claims_count; i++) {
        struct ep_book_claim *claim = &book->claims[i];
        const struct ep_book_part *part = claim->client == client
                                              ? unsent_part(claim, wanted,
                                                            key, 0)
                                              : NULL;

        if (part != NULL) {
            sum = ep_amount_plus(sum, ep_amount_of(part->amount));
        }
    }
    return sum;
}

/* Checks whether revoking unsent claims of one client makes room, and notes that
 * client.
 * @param needed more than @a left
 * @return 1 if there is room then */
static int can_make_room(const ep_book *book, const ep_part *part,
                         want *wanted, int64_t needed, int64_t left)
{
    const ep_account *account = account_at(book, wanted->kind, wanted->place);
    int64_t unsent, all, kept;
    uint64_t hoarder;

    /* used bytes cannot be revoked: most denials end here */
    if (part->client == 0 || account == NULL
        || ep_amount_minus(wanted->limit, ep_amount_of(account->used))
               < needed) {
        return 0;
    }
    hoarder = find_hoarder(book, wanted, part->key, part->client);
    if (hoarder == 0) {
        return 0;
    }
    unsent = unsent_of(book, wanted, part->key, hoarder);
    all = ep_amount_plus(left, unsent);
    kept = all / 2;
    if (wanted->kind == EP_CONCURRENT) {
        kept = ep_amount_minus(all, kept);
    }
    if (unsent <= kept || needed > ep_amount_minus(all, kept)) {
        return 0;
    }
    wanted->giver = hoarder;
    return 1;
}

/* Revokes as many unsent claims as a want needs.
 * @param needed amount in the account
 * @param own what the upload holds there, which counts as free */
static void make_room(const ep_book *book, const ep_part *part,
                      const want *wanted, int64_t needed, int64_t own)
{
    ep_account *account = account_at(book, wanted->kind, wanted->place);
    uint32_t i;

    if (account == NULL || wanted->giver == 0) {
        return;
    }
    for (i = 0; i < book->claims_count; i++) {
        struct ep_book_claim *claim = &book->claims[i];
        struct ep_book_part *held = claim->client == wanted->giver
                                        ? unsent_part(claim, wanted,
                                                      part->key, 0)
                                        : NULL;
        int64_t amount;

        if (held == NULL) {
            continue;
        }
        if (ep_account_left(account, wanted->limit, own) >= needed) {
            return;
        }
        amount = ep_amount_of(held->amount);
        held->is_revoked = 1;
        held->amount = 0;
        ep_account_hold_less(account, amount);
    }
}

/* @return 1 if a tree was never measured: its usage is unknown. */
static int is_new_tree(const struct ep_book_tree *tree)
{
    return tree == NULL || (tree->is_known == 0 && tree->measured == 0);
}

/* @return 1 if the answer depends on the usage of a tree that is not known.
 * @param amount how much the upload will hold there */
static int is_unknown(const ep_book *book, const ep_part *part,
                      const want *wanted, int64_t amount, int is_lenient)
{
    const struct ep_book_tree *tree = tree_at(book, wanted->place);

    if (wanted->kind != EP_QUOTA || part->is_unjudged
        || (tree != NULL && tree->is_known != 0)
        || (tree == NULL && part->is_measured)) {
        return 0;
    }
    return !is_lenient || (is_new_tree(tree) && amount > EP_UNMEASURED_MAX);
}

/* Checks whether all wants can be granted.  Changes only the times at which trees
 * were asked for.
 * @return EP_BOOK_GRANTED, DENIED or UNKNOWN */
static ep_book_result check_all(const ep_book *book, int64_t now,
                                  const ep_part *parts, want *wants,
                                  size_t wanted, int is_lenient,
                                  ep_denial *denial)
{
    size_t unknown = wanted;
    size_t i;

    for (i = 0; i < wanted; i++) {
        int64_t own = 0, amount = wants[i].amount;

        if (wants[i].is_left_out) {
            continue;
        }
        if (wants[i].held != NULL) {
            own = ep_amount_of(wants[i].held->amount);
            amount = own;
        }
        find_left(book, now, parts, &wants[i], own, amount, denial);
        if (wants[i].kind == EP_QUOTA && !wants[i].is_asked) {
            ask_tree(book, tree_at(book, wants[i].place), now, &wants[i]);
        }
        if (amount > denial->remaining
            && !can_make_room(book, &parts[wants[i].part], &wants[i], amount,
                              denial->remaining)) {
            return EP_BOOK_DENIED;
        }
        if (unknown == wanted
            && is_unknown(book, &parts[wants[i].part], &wants[i], amount,
                          is_lenient)) {
            unknown = i;
        }
    }
    if (unknown < wanted) {
        denial->part = wants[unknown].part;
        denial->remaining = 0;
        denial->wait = -1;
        return EP_BOOK_UNKNOWN;
    }
    return EP_BOOK_GRANTED;
}

/* Finds places for the accounts that have to be made.  Their old content stays
 * for now.
 * @return EP_BOOK_GRANTED; FULL: there is no room; UNKNOWN: there is no room for a
 *         tree, which has to be measured first */
static ep_book_result find_all_room(const ep_book *book, int64_t now,
                                    const ep_part *parts, want *wants,
                                    size_t count, int is_lenient,
                                    ep_denial *denial)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const ep_part *part = &parts[wants[i].part];

        if (wants[i].is_left_out
            || account_at(book, wants[i].kind, wants[i].place) != NULL) {
            continue;
        }
        wants[i].place = find_room(book, now, part, &wants[i], wants, count);
        wants[i].is_new = wants[i].place != NOWHERE;
        if (wants[i].is_new) {
            continue;
        }
        denial->part = wants[i].part;
        if (part->kind == EP_QUOTA && !part->is_measured) {
            denial->remaining = 0;
            denial->wait = -1;
            return EP_BOOK_UNKNOWN;
        }
        if (!is_lenient) {
            return EP_BOOK_FULL;
        }
    }
    return EP_BOOK_GRANTED;
}

/* Makes the new accounts in the places that were found. */
static void make_accounts(const ep_book *book, int64_t now,
                          const ep_part *parts, const want *wants,
                          size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const ep_part *part = &parts[wants[i].part];
        ep_account *account = account_at(book, wants[i].kind,
                                         wants[i].place);

        if (account == NULL || !wants[i].is_new) {
            continue;
        }
        if (part->kind == EP_QUOTA) {
            make_tree(book, (struct ep_book_tree *)account, now, part,
                      &wants[i]);
            continue;
        }
        ep_account_open(account, part->kind, part->key);
        if (part->kind == EP_ALLOWANCE) {
            ep_account_turn(account, now, part->period);
        }
    }
}

/* For take_usage(). */
static void note_limits(const ep_book *book, const ep_part *parts,
                        const want *wants, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct ep_book_tree *tree = wants[i].kind == EP_QUOTA
                                        ? tree_at(book, wants[i].place)
                                        : NULL;

        if (tree != NULL) {
            tree->account.period = parts[wants[i].part].limit;
        }
    }
}

/* Makes a claim without parts.  If the process dies before it is LIVE, no claim
 * is left.
 * @param first what is asked for first; NULL: nothing is
 * @return NULL: there is no room */
static struct ep_book_claim *begin(const ep_book *book, uint32_t owner,
                                   const ep_part *first, ep_claim *claim)
{
    const uint32_t index = find_free_claim(book);
    const uint32_t serial = book->head->serial;
    struct ep_book_claim *entry;

    if (index >= book->claims_count) {
        return NULL;
    }
    claim->index = index;
    /* no claim has the serial 0 */
    claim->serial = serial < UINT32_MAX ? serial + 1 : 1;
    entry = &book->claims[index];
    entry->state = MAKING;
    book->head->serial = claim->serial;
    book->head->next = index + 1;
    entry->serial = claim->serial;
    entry->owner = owner;
    entry->client = first != NULL ? first->client : 0;
    entry->is_fed = first != NULL && first->is_kept != 0;
    entry->count = 0;
    return entry;
}

/* Adds a part, if its account exists.
 * @param at the index after the claim's other parts
 * @return the index after this one; @a at if no part was added */
static uint32_t add_part(const ep_book *book, struct ep_book_claim *claim,
                         uint32_t at, const want *wanted, ep_key key)
{
    ep_account *account = account_at(book, wanted->kind, wanted->place);
    struct ep_book_part *part = &claim->parts[at];

    if (account == NULL || at >= EP_PARTS_MAX || wanted->is_left_out) {
        return at;
    }
    part->kind = (uint8_t)wanted->kind;
    part->is_revoked = 0;
    part->is_measured = 0;
    part->is_owners = (uint8_t)wanted->is_owners;
    part->place = wanted->place;
    part->key_low = key.low;
    part->amount = wanted->amount;
    part->after = 0;
    claim->count = at + 1;
    ep_account_hold(account, wanted->amount);
    return at + 1;
}

/* Adds a part for each want to the claim.
 * @param at the index after the claim's other parts
 * @return a bit for each part that is left out */
static uint32_t add_parts(const ep_book *book, struct ep_book_claim *claim,
                          uint32_t at, const ep_part *parts, size_t count,
                          const want *wants, size_t wanted)
{
    uint32_t left_out = 0;
    size_t i, j;

    for (i = 0; i < wanted; i++) {
        const ep_key key = parts[wants[i].part].key;
        const uint32_t before = at;

        if (wants[i].held != NULL) {
            if (!wants[i].is_owners) {
                wants[i].held->is_owners = 0;
            }
            continue;
        }
        at = add_part(book, claim, at, &wants[i], key);
        for (j = 0; at == before && j < count && j < EP_PARTS_MAX; j++) {
            if (parts[j].kind == wants[i].kind && parts[j].key.low == key.low
                && parts[j].key.high == key.high) {
                left_out |= UINT32_C(1) << j;
            }
        }
    }
    return left_out;
}

/* Whether all of them can be claimed. */
static ep_book_result judge(const ep_book *book, int64_t now, const ep_part *parts,
                            struct ep_book_claim *claim, want *wants, size_t wanted,
                            int is_lenient, ep_denial *denial)
{
    const size_t crowded = find_places(claim, wants, wanted);
    ep_book_result result;

    if (crowded < wanted) {
        denial->part = wants[crowded].part;
        return EP_BOOK_CROWDED;
    }
    result = check_all(book, now, parts, wants, wanted, is_lenient, denial);
    return result == EP_BOOK_GRANTED
               ? find_all_room(book, now, parts, wants, wanted, is_lenient, denial)
               : result;
}

ep_book_result ep_book_foresee(const ep_book *book, int64_t now,
                               const ep_part *parts, size_t count,
                               int is_lenient, ep_denial *denial)
{
    want wants[EP_PARTS_MAX];
    const size_t wanted = gather(book, parts, count, NULL, wants);
    ep_book_result result;
    size_t i;

    denial->left_out = 0;
    if (wanted > EP_PARTS_MAX) {
        return EP_BOOK_FULL;
    }
    for (i = 0; i < wanted; i++) {
        wants[i].is_asked = 1;
    }
    result = judge(book, now, parts, NULL, wants, wanted, is_lenient, denial);
    return result == EP_BOOK_GRANTED
                   && find_free_claim(book) >= book->claims_count
               ? EP_BOOK_FULL
               : result;
}

ep_book_result ep_book_reserve(const ep_book *book, uint32_t owner,
                               int64_t now, const ep_part *parts,
                               size_t count, int is_lenient,
                               ep_claim *claim, ep_denial *denial)
{
    struct ep_book_claim *entry = claim_of(book, claim);
    /* read once: another process may change the block at any time */
    const uint32_t at = entry != NULL ? parts_of(entry) : 0;
    ep_claim made = *claim;
    want wants[EP_PARTS_MAX];
    ep_book_result result;
    size_t wanted, i;

    denial->left_out = 0;
    if (claim->serial != 0 && entry == NULL) {
        return EP_BOOK_LOST;
    }
    wanted = gather(book, parts, count, entry, wants);
    if (wanted > EP_PARTS_MAX) {
        return EP_BOOK_FULL;
    }
    result = judge(book, now, parts, entry, wants, wanted, is_lenient, denial);
    if (result != EP_BOOK_GRANTED) {
        return result;
    }
    if (entry == NULL) {
        entry = begin(book, owner, count > 0 ? parts : NULL, &made);
        if (entry == NULL) {
            return EP_BOOK_FULL;
        }
    }
    for (i = 0; i < wanted; i++) {
        const int64_t own = wants[i].held != NULL
                                ? ep_amount_of(wants[i].held->amount) : 0;

        make_room(book, &parts[wants[i].part], &wants[i],
                  wants[i].held != NULL ? own : wants[i].amount, own);
    }
    make_accounts(book, now, parts, wants, wanted);
    note_limits(book, parts, wants, wanted);
    denial->left_out = add_parts(book, entry, at, parts, count, wants, wanted);
    entry->state = LIVE;
    *claim = made;
    return EP_BOOK_GRANTED;
}

/* All parts that count bytes hold so many more, for which there is room. */
static void grow_parts(const ep_book *book, const ep_part *parts, want *wants,
                       size_t count, int64_t granted)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct ep_book_part *part = wants[i].held;
        ep_account *account = account_at(book, wants[i].kind, wants[i].place);

        if (part == NULL || account == NULL
            || wants[i].kind == EP_CONCURRENT) {
            continue;
        }
        make_room(book, &parts[wants[i].part], &wants[i], granted, 0);
        part->amount = ep_amount_plus(ep_amount_of(part->amount), granted);
        ep_account_hold_more(account, granted);
    }
}

ep_book_result ep_book_grow(const ep_book *book, int64_t now,
                            const ep_part *parts, size_t count,
                            const ep_claim *claim, int64_t least,
                            int64_t most, int64_t *granted,
                            ep_denial *denial)
{
    struct ep_book_claim *entry = claim_of(book, claim);
    want wants[EP_PARTS_MAX];
    size_t wanted, unknown, i;

    if (entry == NULL) {
        return EP_BOOK_LOST;
    }
    wanted = gather(book, parts, count, entry, wants);
    if (wanted > EP_PARTS_MAX) {
        return EP_BOOK_FULL;
    }
    *granted = most;
    unknown = wanted;
    for (i = 0; i < wanted; i++) {
        int64_t own;

        if (wants[i].held == NULL || wants[i].kind == EP_CONCURRENT) {
            continue;
        }
        own = ep_amount_of(wants[i].held->amount);
        find_left(book, now, parts, &wants[i], 0, ep_amount_plus(own, least),
             denial);
        if (denial->remaining < least) {
            if (!can_make_room(book, &parts[wants[i].part], &wants[i], least,
                               denial->remaining)) {
                *granted = 0;
                return EP_BOOK_DENIED;
            }
            denial->remaining = least;
        }
        if (wants[i].kind == EP_QUOTA && !parts[wants[i].part].is_unjudged
            && is_new_tree(tree_at(book, wants[i].place))) {
            const int64_t unasked = ep_amount_minus(EP_UNMEASURED_MAX, own);

            if (unasked < least && unknown == wanted) {
                unknown = i;
            }
            else if (unasked < denial->remaining) {
                denial->remaining = unasked;
            }
        }
        if (denial->remaining < *granted) {
            *granted = denial->remaining;
        }
    }
    if (unknown < wanted) {
        *granted = 0;
        denial->part = wants[unknown].part;
        denial->remaining = 0;
        denial->wait = -1;
        return EP_BOOK_UNKNOWN;
    }
    grow_parts(book, parts, wants, wanted, *granted);
    return EP_BOOK_GRANTED;
}

ep_book_result ep_book_feed(const ep_book *book, const ep_claim *claim)
{
    struct ep_book_claim *entry = claim_of(book, claim);
    uint32_t i;

    if (entry == NULL) {
        return EP_BOOK_LOST;
    }
    entry->is_fed = 1;
    for (i = parts_of(entry); i > 0; i--) {
        if (entry->parts[i - 1].is_revoked != 0) {
            return EP_BOOK_DENIED;
        }
    }
    return EP_BOOK_GRANTED;
}

void ep_book_end_content(const ep_book *book, const ep_claim *claim)
{
    struct ep_book_claim *entry = claim_of(book, claim);
    uint32_t i;

    if (entry == NULL) {
        return;
    }
    for (i = parts_of(entry); i > 0; i--) {
        struct ep_book_part *part = &entry->parts[i - 1];
        const int64_t amount = ep_amount_of(part->amount);
        uint32_t kind;
        ep_account *account = account_of(book, part, &kind);

        if (account != NULL && kind == EP_CONCURRENT) {
            part->is_revoked = 0;
            part->amount = 0;
            ep_account_hold_less(account, amount);
        }
    }
}

uint32_t ep_book_trim(const ep_book *book, const ep_claim *claim, uint32_t kept)
{
    struct ep_book_claim *entry = claim_of(book, claim);
    uint32_t count, i;

    if (entry == NULL) {
        return 0;
    }
    count = parts_of(entry);
    for (i = count; i > kept; i--) {
        const struct ep_book_part *part = &entry->parts[i - 1];
        uint32_t kind;
        ep_account *account = account_of(book, part, &kind);

        entry->count = i - 1;
        if (account != NULL) {
            ep_account_give_back(account, ep_amount_of(part->amount));
        }
    }
    return count;
}

/* @return the amount that a revoked part has to claim again */
static int64_t revoked_of(const want *wanted)
{
    return wanted->held != NULL && wanted->held->is_revoked != 0
               ? ep_amount_minus(wanted->amount,
                                 ep_amount_of(wanted->held->amount))
               : 0;
}

ep_book_result ep_book_regain(const ep_book *book, int64_t now,
                              const ep_part *parts, size_t count,
                              const ep_claim *claim, ep_denial *denial)
{
    struct ep_book_claim *entry = claim_of(book, claim);
    want wants[EP_PARTS_MAX];
    size_t wanted, i;

    if (entry == NULL) {
        return EP_BOOK_LOST;
    }
    wanted = gather(book, parts, count, entry, wants);
    if (wanted > EP_PARTS_MAX) {
        return EP_BOOK_FULL;
    }
    for (i = 0; i < wanted; i++) {
        const int64_t more = revoked_of(&wants[i]);

        find_left(book, now, parts, &wants[i], 0, wants[i].amount, denial);
        if (more > denial->remaining
            && !can_make_room(book, &parts[wants[i].part], &wants[i], more,
                              denial->remaining)) {
            return EP_BOOK_DENIED;
        }
    }
    for (i = 0; i < wanted; i++) {
        const int64_t more = revoked_of(&wants[i]);
        ep_account *account = account_at(book, wants[i].kind, wants[i].place);

        if (wants[i].held == NULL || account == NULL) {
            continue;
        }
        make_room(book, &parts[wants[i].part], &wants[i], more, 0);
        wants[i].held->is_revoked = 0;
        wants[i].held->amount = ep_amount_plus(
            ep_amount_of(wants[i].held->amount), more);
        ep_account_hold_more(account, more);
    }
    return EP_BOOK_GRANTED;
}

static void count_up(volatile uint32_t *number)
{
    const uint32_t before = *number;

    *number = before < UINT32_MAX ? before + 1 : 0;
}

/* Tells a process that measures the tree that a claim has ended meanwhile.
 * @param client of the claim; 0: it may have moved files */
static void disturb(struct ep_book_tree *tree, uint64_t client)
{
    count_up(&tree->changes);
    if (client == 0) {
        count_up(&tree->moves);
    }
}

/* Notes in each part the value that its account will get. */
static void write_ahead(const ep_book *book, struct ep_book_claim *claim,
                        int64_t now, int64_t received, int64_t stored)
{
    uint32_t i;

    for (i = parts_of(claim); i > 0; i--) {
        struct ep_book_part *part = &claim->parts[i - 1];
        uint32_t kind;
        ep_account *account = account_of(book, part, &kind);
        int64_t more = stored;

        if (account == NULL) {
            continue;
        }
        if (kind == EP_ALLOWANCE) {
            ep_account_turn(account, now, ep_amount_of(account->period));
        }
        if (kind == EP_QUOTA) {
            struct ep_book_tree *tree = (struct ep_book_tree *)account;

            disturb(tree, claim->client);
            if (stored > 0) {
                tree->settled = ep_amount_plus(ep_amount_of(tree->settled),
                                               stored);
            }
            else if (part->is_measured != 0) {
                more = 0;
            }
        }
        part->after = ep_account_outcome(account, received, more);
    }
}

/* Applies the notes of a COMMITTED claim.  Doing it twice changes nothing. */
static void carry_out(const ep_book *book, struct ep_book_claim *claim)
{
    uint32_t i;

    for (i = parts_of(claim); i > 0; i--) {
        struct ep_book_part *part = &claim->parts[i - 1];
        uint32_t kind;
        ep_account *account = account_of(book, part, &kind);

        if (account != NULL) {
            account->used = ep_amount_of(part->after);
            ep_account_give_back(account, ep_amount_of(part->amount));
        }
    }
    claim->state = FREE;
}

/* The search begins here next time, since this claim is in the cache. */
static void forget(const ep_book *book, ep_claim *claim)
{
    book->head->next = claim->index;
    claim->index = 0;
    claim->serial = 0;
}

void ep_book_settle(const ep_book *book, int64_t now, ep_claim *claim,
                    int64_t received, int64_t stored)
{
    struct ep_book_claim *entry = claim_of(book, claim);

    if (entry != NULL) {
        write_ahead(book, entry, now, received, stored);
        entry->state = COMMITTED;
        carry_out(book, entry);
    }
    forget(book, claim);
}

void ep_book_release(const ep_book *book, ep_claim *claim)
{
    struct ep_book_claim *entry = claim_of(book, claim);
    uint32_t i;

    if (entry != NULL) {
        for (i = parts_of(entry); i > 0; i--) {
            struct ep_book_part *part = &entry->parts[i - 1];
            uint32_t kind;
            ep_account *account = account_of(book, part, &kind);

            if (account != NULL) {
                if (kind == EP_QUOTA) {
                    disturb((struct ep_book_tree *)account, entry->client);
                }
                ep_account_give_back(account, ep_amount_of(part->amount));
            }
        }
        entry->state = FREE;
    }
    forget(book, claim);
}

void ep_book_repair(const ep_book *book)
{
    uint32_t i, part;

    for (i = 0; i < book->claims_count; i++) {
        struct ep_book_claim *claim = &book->claims[i];
        const uint32_t state = claim->state;

        if (state == COMMITTED) {
            carry_out(book, claim);
        }
        else if (state != LIVE && state != FREE) {
            claim->state = FREE;
        }
    }
    for (i = 0; i < book->trees_count; i++) {
        disturb(&book->trees[i], 0);
        book->trees[i].account.claims = 0;
        book->trees[i].account.held = 0;
    }
    for (i = 0; i < book->accounts_count; i++) {
        book->accounts[i].claims = 0;
        book->accounts[i].held = 0;
    }
    for (i = 0; i < book->claims_count; i++) {
        struct ep_book_claim *claim = &book->claims[i];

        for (part = claim->state == LIVE ? parts_of(claim) : 0; part > 0;
             part--) {
            const struct ep_book_part *held = &claim->parts[part - 1];
            uint32_t kind;
            ep_account *account = account_of(book, held, &kind);

            if (account != NULL) {
                ep_account_hold(account, ep_amount_of(held->amount));
            }
        }
    }
}

/* Asks for a new measurement: the number is wrong, or will be soon. */
static void make_due(struct ep_book_tree *tree, int64_t now)
{
    if (ep_amount_of(tree->asked) <= now) {
        tree->asked = ep_amount_plus(now, 1);
    }
}

void ep_book_doubt(const ep_book *book, int64_t now, ep_key key)
{
    struct ep_book_tree *tree = tree_at(book, find(book, EP_QUOTA, key));

    if (tree != NULL) {
        tree->is_doubted = 1;
        make_due(tree, now);
        count_up(&tree->changes);
    }
}

uint32_t ep_book_recover(const ep_book *book,
                         int (*is_alive)(uint32_t owner, void *data),
                         void *data)
{
    uint32_t i, part, given_back = 0;
    int is_broken = 0;

    for (i = 0; i < book->claims_count; i++) {
        struct ep_book_claim *claim = &book->claims[i];
        const uint32_t state = claim->state;

        if (state != LIVE && state != FREE) {
            is_broken = 1;
        }
        if (state != LIVE || is_alive(claim->owner, data)) {
            continue;
        }
        for (part = parts_of(claim); part > 0; part--) {
            uint32_t kind;
            ep_account *account = account_of(book, &claim->parts[part - 1],
                                             &kind);

            if (account != NULL && kind == EP_QUOTA) {
                struct ep_book_tree *tree = (struct ep_book_tree *)account;

                /* the dead may have left files that nobody settles */
                tree->is_doubted = 1;
                make_due(tree, ep_amount_of(tree->measured));
            }
        }
        claim->state = FREE;
        given_back++;
    }
    /* only a death disturbs a measurement that is under way */
    if (given_back > 0 || is_broken) {
        ep_book_repair(book);
    }
    return given_back;
}

int ep_book_enter(const ep_book *book)
{
    const int is_left = book->head->busy != 0;

    book->head->busy = 1;
    if (is_left) {
        ep_book_repair(book);
    }
    return is_left;
}

void ep_book_leave(const ep_book *book)
{
    book->head->busy = 0;
}

int ep_book_tree(const ep_book *book, uint32_t place, ep_tree *tree)
{
    const struct ep_book_tree *found;
    size_t i;

    if (place >= book->trees_count
        || book->trees[place].account.kind != (uint32_t)EP_QUOTA + 1) {
        return 0;
    }
    found = &book->trees[place];
    tree->key.high = found->account.key_high;
    tree->key.low = found->account.key_low;
    tree->is_file = found->is_file != 0;
    for (i = 0; i < EP_TREE_PATH_SIZE - 1; i++) {
        tree->path[i] = found->path[i];
        if (tree->path[i] == '\0') {
            break;
        }
    }
    tree->path[i] = '\0';
    tree->is_known = found->is_known != 0;
    tree->asked = ep_amount_of(found->asked);
    tree->measured = ep_amount_of(found->measured);
    tree->took = ep_amount_of(found->took);
    tree->changes = found->changes;
    tree->moves = found->moves;
    tree->mark = found->mark;
    tree->is_owners = found->is_owners != 0;
    tree->is_planted = found->is_planted != 0;
    tree->is_offered = is_offered(found);
    tree->share = found->share;
    tree->is_held = found->account.claims != 0;
    tree->settled = ep_amount_of(found->settled);
    tree->limit = ep_amount_of(found->account.period);
    tree->held = ep_amount_of(found->account.held);
    tree->used = ep_amount_of(found->account.used);
    return 1;
}

/* @return the tree's place, or NOWHERE */
static uint32_t ask(const ep_book *book, int64_t now, const ep_part *part)
{
    struct ep_book_tree *tree;
    want wanted;

    memset(&wanted, 0, sizeof(wanted));
    wanted.kind = EP_QUOTA;
    wanted.is_owners = part->is_owners != 0;
    wanted.share = part->share;
    wanted.place = find(book, EP_QUOTA, part->key);
    tree = tree_at(book, wanted.place);
    if (tree != NULL) {
        ask_tree(book, tree, now, &wanted);
        return wanted.place;
    }
    wanted.place = find_room(book, now, part, &wanted, &wanted, 1);
    tree = tree_at(book, wanted.place);
    if (tree != NULL) {
        make_tree(book, tree, now, part, &wanted);
    }
    return wanted.place;
}

ep_book_result ep_book_plant(const ep_book *book, int64_t now,
                             const ep_part *part)
{
    struct ep_book_tree *tree = tree_at(book, ask(book, now, part));

    if (tree == NULL) {
        return EP_BOOK_FULL;
    }
    tree->is_planted = 1;
    return EP_BOOK_GRANTED;
}

ep_book_result ep_book_ask(const ep_book *book, int64_t now,
                           const ep_part *part, ep_tree *tree)
{
    return ep_book_tree(book, ask(book, now, part), tree) ? EP_BOOK_GRANTED
                                                          : EP_BOOK_FULL;
}

/* 1 if three quarters of the places that a key may have are of trees that were only
 * offered */
static int is_crowded(const ep_book *book, ep_key key)
{
    uint32_t places[CHOICES];
    const uint32_t count = places_of(book, EP_QUOTA, key, places);
    uint32_t found = 0;
    uint32_t i;

    for (i = 0; i < count && i < CHOICES; i++) {
        const struct ep_book_tree *tree = tree_at(book, places[i]);

        found += tree != NULL && tree_worth(tree) == OFFERED_WORTH;
    }
    return found >= count - count / 4;
}

ep_book_result ep_book_offer(const ep_book *book, int64_t now,
                             const ep_part *part, uint8_t round)
{
    struct ep_book_tree *tree = tree_at(book, find(book, EP_QUOTA, part->key));
    want wanted;
    candidate best;

    if (tree != NULL) {
        if (is_offered(tree)) {
            tree->offered = round;
            tree->start = book->head->start;
        }
        return EP_BOOK_GRANTED;
    }
    memset(&wanted, 0, sizeof(wanted));
    wanted.kind = EP_QUOTA;
    wanted.place = NOWHERE;
    wanted.share = part->share;
    best = best_candidate(book, now, part, &wanted, 1);
    tree = best.lost == 0 ? tree_at(book, best.place) : NULL;
    if (tree == NULL || is_crowded(book, part->key)) {
        return EP_BOOK_FULL;
    }
    make_tree(book, tree, now, part, &wanted);
    tree->offered = round;
    return EP_BOOK_GRANTED;
}

static void forget_tree(struct ep_book_tree *tree)
{
    if (tree->account.claims == 0) {
        tree->account.kind = 0;
    }
}

void ep_book_start(const ep_book *book)
{
    const uint32_t start = book->head->start;
    uint32_t i;

    for (i = 0; i < book->trees_count; i++) {
        if (book->trees[i].start != start) {
            forget_tree(&book->trees[i]);
        }
    }
    book->head->start = start < UINT32_MAX ? start + 1 : 1;
}

void ep_book_sweep(const ep_book *book)
{
    const uint32_t start = book->head->start;
    uint32_t i;

    for (i = 0; i < book->trees_count; i++) {
        if (book->trees[i].is_planted != 0 && book->trees[i].start != start) {
            forget_tree(&book->trees[i]);
        }
    }
}

void ep_book_sweep_offered(const ep_book *book, uint8_t round)
{
    const uint32_t start = book->head->start;
    uint32_t i;

    for (i = 0; i < book->trees_count; i++) {
        struct ep_book_tree *tree = &book->trees[i];

        if (is_offered(tree)
            && (tree->offered != round || tree->start != start)) {
            forget_tree(tree);
        }
    }
}

/* Marks the parts of uploads under way: the new number may include their bytes, so
 * settling them must not subtract anything. */
static void mark_measured(const ep_book *book, uint32_t place, ep_key key)
{
    uint32_t i;

    for (i = 0; i < book->claims_count; i++) {
        struct ep_book_claim *claim = &book->claims[i];

        if (claim->state == LIVE) {
            struct ep_book_part *part = part_in(claim, EP_QUOTA, place, key);

            if (part != NULL) {
                part->is_measured = 1;
            }
        }
    }
}

/* 1 if a claim under way may move files in a tree. */
static int has_moves(const ep_book *book, uint32_t place, ep_key key)
{
    uint32_t i;

    for (i = 0; i < book->claims_count; i++) {
        struct ep_book_claim *claim = &book->claims[i];

        if (claim->state == LIVE && claim->client == 0
            && part_in(claim, EP_QUOTA, place, key) != NULL) {
            return 1;
        }
    }
    return 0;
}

/*
 * A tree was measured.  Growth that no upload has brought was put there by others, and
 * is no overdraft.  What a number of a tree that is not at rest has too much (`until`)
 * is not known to be that: the next exact number tells.  The base is written first: if
 * the process dies in between, it is too large until the next measurement, and not too
 * small for ever.
 * @param bytes what was measured
 * @param used what is used: bytes, and what may not be in them
 */
static void take_usage(ep_account *account, int64_t bytes, int64_t used,
                       int is_exact)
{
    const int64_t limit = ep_amount_of(account->period);
    const int64_t base = ep_amount_of(account->base);
    const int64_t before = ep_amount_of(account->used);
    const int64_t surplus = ep_amount_of(account->until);
    const int64_t known = ep_amount_plus(ep_amount_minus(before, surplus),
                                         ep_amount_of(account->held));
    const int64_t others = is_exact ? ep_amount_minus(bytes, known) : 0;
    const int64_t most = ep_amount_plus(base > limit ? base : limit, others);

    account->base = most < used ? most : used;
    account->until = is_exact ? 0
                              : ep_amount_plus(
                                    ep_amount_minus(surplus,
                                                    ep_amount_minus(before,
                                                                    used)),
                                    ep_amount_minus(used, before));
    account->used = used;
}

/* A tree cannot be measured: bytes that were counted stay counted until a measurement
 * says otherwise. */
static void lose_usage(struct ep_book_tree *tree, int64_t seen)
{
    const int64_t used = ep_amount_of(tree->account.used);

    tree->account.until = ep_amount_plus(ep_amount_of(tree->account.until),
                                         ep_amount_minus(seen, used));
    if (seen > used) {
        tree->account.used = seen;
    }
    tree->is_known = 0;
}

/* 1 if a number that was disturbed is certainly not too small: no file has moved out of
 * the way of the walk. */
static int is_upper_bound(const ep_book *book, const struct ep_book_tree *tree,
                          uint32_t place, const ep_tree *before)
{
    return tree->moves == before->moves && !has_moves(book, place, before->key);
}

int ep_book_measured(const ep_book *book, int64_t now, const ep_tree *before,
                     int64_t bytes, int64_t took, int insists)
{
    const uint32_t place = find(book, EP_QUOTA, before->key);
    struct ep_book_tree *tree = tree_at(book, place);
    int is_changed, is_disturbed;
    int64_t used;

    if (tree == NULL || ep_amount_of(tree->measured) != before->measured) {
        /* another process has measured it, or another tree has the place now */
        return 0;
    }
    is_changed = tree->changes != before->changes;
    is_disturbed = is_changed || tree->account.claims != 0;
    used = is_disturbed ? ep_amount_plus(
                              ep_amount_of(bytes),
                              ep_amount_minus(ep_amount_of(tree->settled),
                                              before->settled))
                        : ep_amount_of(bytes);
    if (bytes >= 0 && is_disturbed && tree->is_known != 0 && !insists
        && (used >= ep_amount_of(tree->account.used)
            || !is_upper_bound(book, tree, place, before))) {
        return 0;
    }
    if (bytes >= 0) {
        if (is_disturbed) {
            mark_measured(book, place, before->key);
            make_due(tree, now);
        }
        take_usage(&tree->account, bytes, used,
                   !is_disturbed || is_new_tree(tree));
        tree->mark = before->mark;
        tree->is_known = 1;
    }
    else {
        lose_usage(tree, -1 - bytes);
    }
    if (!is_changed) {
        tree->is_doubted = 0;
    }
    tree->took = took;
    tree->measured = now;
    return 1;
}

int ep_book_balance(const ep_book *book, ep_kind kind, ep_key key,
                    int64_t now, ep_balance *balance)
{
    const uint32_t place = find(book, kind, key);
    const ep_account *account = account_at(book, kind, place);
    const struct ep_book_tree *tree = kind == EP_QUOTA ? tree_at(book, place)
                                                       : NULL;

    if (account == NULL) {
        return 0;
    }
    balance->is_known = tree == NULL || tree->is_known != 0;
    balance->held = ep_amount_of(account->held);
    balance->used = kind == EP_ALLOWANCE && account->until <= now
                        ? 0 : ep_amount_of(account->used);
    return 1;
}

void ep_book_count(const ep_book *book, ep_book_counts *counts)
{
    uint32_t claims = 0, accounts = 0, trees = 0;
    uint32_t i;

    for (i = 0; i < book->claims_count; i++) {
        if (book->claims[i].state == LIVE) {
            claims++;
        }
    }
    for (i = 0; i < book->accounts_count; i++) {
        if (ep_account_loss(&book->accounts[i], 0) > 0) {
            accounts++;
        }
    }
    for (i = 0; i < book->trees_count; i++) {
        if (book->trees[i].account.kind == (uint32_t)EP_QUOTA + 1) {
            trees++;
        }
    }
    counts->claims = claims;
    counts->accounts = accounts;
    counts->trees = trees;
}
