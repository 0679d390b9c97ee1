/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Input: calls of uploads and of measurements, deaths of processes, and bytes that are
 * written over the book.  For any content, nothing outside of the book is read or
 * written, and all results are in range.  As long as nothing was written over the
 * book, each account holds the sum of its claims, and no limit is exceeded.
 */

#include "core/book/book.h"

#include <string.h>

#include "core/book/amount.h"
#include "fuzz.h"

#define CLAIMS 8
/* more than one bucket holds */
#define KEYS 20
#define KINDS 4
/* more than a claim can hold */
#define PARTS 26
#define TREES 3

static const uint8_t *input;
static size_t input_left;

static ep_book book;
static int64_t now;
/* 1: nothing was written over the book */
static int is_sane;
/* 1: claims are those of three clients, and give way to each other */
static int has_clients;

/* The expected claims, computed by this test. */
static struct {
    ep_claim claim;
    uint32_t owner;
    int is_held[KINDS][KEYS];
    int64_t amounts[KINDS][KEYS];
} claims[CLAIMS];

/* Copies of trees from the start of a measurement. */
static ep_tree seen[TREES];

static uint8_t byte(void)
{
    if (input_left == 0) {
        return 0;
    }
    input_left--;
    return *input++;
}

/* Amounts near a limit of their type, and small ones. */
static int64_t number(void)
{
    static const int64_t numbers[] = {
        0, 1, 10, 100, 1000, INT64_C(1) << 32, INT64_MAX / 2, INT64_MAX - 15
    };
    const uint8_t chosen = byte();

    return numbers[chosen % 8] + chosen / 8 % 16;
}

static ep_key key_of(unsigned int which)
{
    ep_key key;

    /* the smallest book has so many buckets: the first one for all of them, and
     * for some the second one as well */
    key.high = 63;
    key.low = which + 1;
    if (which % 4 == 3) {
        key.low |= UINT64_C(1) << 32;
    }
    return key;
}

static ep_part some_part(void)
{
    const uint8_t what = byte();
    ep_part part;

    memset(&part, 0, sizeof(part));
    part.kind = (ep_kind)(what % KINDS);
    part.key = key_of(what / KINDS % KEYS);
    part.limit = number();
    part.amount = number();
    part.period = number() | 1;
    part.path = part.limit == 1 ? "/" : "/srv/tree";
    part.is_file = part.limit == 10;
    part.share = part.key.low % 3;
    part.is_measured = part.limit == 100;
    part.measured = part.amount;
    part.overdraft = part.kind == EP_QUOTA && part.limit > 1000
                             && part.limit < 1010
                         ? 100
                         : 0;
    part.is_owners = what >= KINDS * KEYS * 2;
    return part;
}

static unsigned int which_key(const ep_part *part)
{
    return (unsigned int)(part->key.low & UINT32_MAX) - 1;
}

static const ep_account *account_at(ep_kind kind, uint32_t place)
{
    /* a tree begins with its account */
    const char *trees = (const char *)book.trees;
    const size_t each = (size_t)((const char *)book.accounts - trees)
                        / book.trees_count;

    return kind == EP_QUOTA
               ? (const ep_account *)(const void *)(trees + place * each)
               : &book.accounts[place];
}

/* @return what the account may come to for a part */
static int64_t limit_of(const ep_part *part)
{
    int64_t limit = part->limit;
    uint32_t place;

    for (place = 0; part->overdraft > 0 && place < book.trees_count; place++) {
        const ep_account *account = account_at(EP_QUOTA, place);

        if (ep_account_is(account, EP_QUOTA, part->key)) {
            limit = account->base > limit ? account->base : limit;
        }
    }
    return limit < INT64_MAX - part->overdraft ? limit + part->overdraft
                                               : INT64_MAX;
}

static void check_denial(const ep_denial *denial, const ep_part *parts,
                         size_t count)
{
    PROMISE(denial->part < count);
    PROMISE(denial->remaining >= 0);
    PROMISE(denial->remaining <= limit_of(&parts[denial->part]));
    PROMISE(denial->wait >= -1);
    PROMISE(!is_sane || denial->wait <= parts[denial->part].period);
}

/* @return how many claims have a part there */
static uint32_t claims_on(const ep_part *part)
{
    const uint32_t count = part->kind == EP_QUOTA ? book.trees_count
                                                  : book.accounts_count;
    uint32_t place;

    for (place = 0; place < count; place++) {
        const ep_account *account = account_at(part->kind, place);

        if (ep_account_is(account, part->kind, part->key)) {
            return account->claims;
        }
    }
    return 0;
}

static void reserve(void)
{
    const uint8_t slot = byte() % CLAIMS;
    const uint8_t how = byte();
    const size_t count = 1 + byte() % PARTS;
    const int is_new = claims[slot].claim.serial == 0;
    ep_part parts[PARTS];
    ep_denial denial = { PARTS, -7, -7, 0 };
    ep_denial expected = { PARTS, -7, -7, 0 };
    ep_book_result foreseen;
    ep_claim before = claims[slot].claim;
    uint32_t others[PARTS];
    ep_book_result result;
    size_t i, j;

    for (i = 0; i < count; i++) {
        parts[i] = some_part();
        parts[i].client = has_clients ? slot % 3u + 1 : 0;
        others[i] = how % 2 ? claims_on(&parts[i]) : 0;
    }
    if (is_new) {
        memset(&claims[slot], 0, sizeof(claims[slot]));
        claims[slot].owner = how / 16;
    }
    foreseen = ep_book_foresee(&book, now, parts, count, how % 2, &expected);
    result = ep_book_reserve(&book, how / 16, now, parts, count,
                             how % 2, &claims[slot].claim, &denial);
    PROMISE(!is_new || foreseen == result);
    if (is_new && result == EP_BOOK_DENIED) {
        PROMISE(expected.part == denial.part);
        PROMISE(expected.remaining == denial.remaining);
        PROMISE(expected.wait == denial.wait);
    }
    PROMISE(result != EP_BOOK_LOST || !is_new);
    PROMISE(result != EP_BOOK_LOST || !is_sane);
    if (result == EP_BOOK_DENIED || result == EP_BOOK_UNKNOWN) {
        check_denial(&denial, parts, count);
    }
    if (result != EP_BOOK_GRANTED || !is_new) {
        PROMISE(memcmp(&before, &claims[slot].claim, sizeof(before)) == 0);
    }
    if (result != EP_BOOK_GRANTED) {
        return;
    }
    PROMISE(claims[slot].claim.serial != 0);
    PROMISE(claims[slot].claim.index < book.claims_count);
    for (i = 0; i < count; i++) {
        const unsigned int key = which_key(&parts[i]);
        int64_t limit = limit_of(&parts[i]), amount = parts[i].amount;
        ep_balance balance;

        for (j = 0; j < count; j++) {
            if (parts[j].kind == parts[i].kind && which_key(&parts[j])
                == key) {
                limit = limit_of(&parts[j]) < limit ? limit_of(&parts[j]) : limit;
                amount = parts[j].amount > amount ? parts[j].amount : amount;
            }
        }
        /* one that there was no room for */
        if (how % 2 && !claims[slot].is_held[parts[i].kind][key]
            && claims_on(&parts[i]) <= others[i]) {
            continue;
        }
        if (!claims[slot].is_held[parts[i].kind][key]) {
            claims[slot].is_held[parts[i].kind][key] = 1;
            claims[slot].amounts[parts[i].kind][key] = amount;
        }
        else if (has_clients) {
            /* it may have given way since it was granted */
            continue;
        }
        /* 0 more is always admitted */
        if (is_sane && claims[slot].amounts[parts[i].kind][key] > 0) {
            PROMISE(ep_book_balance(&book, parts[i].kind, parts[i].key, now,
                                    &balance));
            PROMISE(balance.held <= limit);
            PROMISE(balance.used <= limit - balance.held);
        }
    }
}

static void grow(void)
{
    const uint8_t slot = byte() % CLAIMS;
    const size_t count = 1 + byte() % PARTS;
    const int64_t least = number(), more = number();
    const int64_t most = more < INT64_MAX - least ? least + more : INT64_MAX;
    ep_part parts[PARTS];
    ep_denial denial = { PARTS, -7, -7, 0 };
    int64_t granted = -7;
    ep_book_result result;
    size_t i, j;

    for (i = 0; i < count; i++) {
        parts[i] = some_part();
        parts[i].client = has_clients ? slot % 3u + 1 : 0;
    }
    if (least == 1) {
        ep_book_end_content(&book, &claims[slot].claim);
        memset(claims[slot].amounts[EP_CONCURRENT], 0,
               sizeof(claims[slot].amounts[EP_CONCURRENT]));
    }
    if (has_clients && count % 2 == 0
        && ep_book_feed(&book, &claims[slot].claim) == EP_BOOK_DENIED) {
        result = ep_book_regain(&book, now, parts, count, &claims[slot].claim,
                                &denial);
        PROMISE(result == EP_BOOK_GRANTED || result == EP_BOOK_DENIED
                || result == EP_BOOK_FULL || !is_sane);
        if (result == EP_BOOK_DENIED) {
            check_denial(&denial, parts, count);
        }
        /* the parts are arbitrary, and so are the results */
        memset(claims[slot].amounts, 0x3f, sizeof(claims[slot].amounts));
    }
    result = ep_book_grow(&book, now, parts, count, &claims[slot].claim,
                          least, most, &granted, &denial);
    PROMISE(!is_sane
            || (result == EP_BOOK_LOST) == (claims[slot].claim.serial == 0));
    if (result == EP_BOOK_DENIED) {
        check_denial(&denial, parts, count);
        PROMISE(denial.remaining < least);
    }
    if (result != EP_BOOK_GRANTED) {
        return;
    }
    PROMISE(granted >= least && granted <= most);
    for (i = 0; i < count; i++) {
        const unsigned int key = which_key(&parts[i]);

        for (j = 0; j < i; j++) {
            if (parts[j].kind == parts[i].kind
                && which_key(&parts[j]) == key) {
                break;
            }
        }
        if (j == i && parts[i].kind != EP_CONCURRENT
            && claims[slot].is_held[parts[i].kind][key]) {
            int64_t *amount = &claims[slot].amounts[parts[i].kind][key];

            /* without such a part of the claim, nothing bounds the amount */
            PROMISE(!is_sane || granted <= parts[i].limit);
            *amount = granted < INT64_MAX - *amount ? *amount + granted
                                                    : INT64_MAX;
        }
    }
}

static void end(int is_settled)
{
    const uint8_t slot = byte() % CLAIMS;
    const int64_t received = number(), stored = number();
    ep_claim *claim = &claims[slot].claim;

    /* ending a claim twice changes nothing */
    if (is_settled) {
        const int is_less = byte() % 2;

        ep_book_settle(&book, now, claim, received,
                       is_less ? -stored - 1 : stored);
    }
    else {
        ep_book_release(&book, claim);
    }
    PROMISE(claim->serial == 0);
    memset(&claims[slot], 0, sizeof(claims[slot]));
}

/* A claim that was never returned by a call. */
static void forge(void)
{
    ep_claim claim;

    claim.index = (uint32_t)number();
    claim.serial = 1000000 + byte();
    if (byte() % 2) {
        ep_book_release(&book, &claim);
    }
    else {
        ep_book_settle(&book, now, &claim, number(), number());
    }
}

static int is_alive(uint32_t owner, void *data)
{
    const uint32_t *dead = data;

    return owner != *dead;
}

static void recover(void)
{
    uint32_t dead = byte() % 16;
    uint32_t expected = 0, found;
    unsigned int i;

    for (i = 0; i < CLAIMS; i++) {
        if (claims[i].claim.serial != 0 && claims[i].owner == dead) {
            memset(&claims[i], 0, sizeof(claims[i]));
            expected++;
        }
    }
    found = ep_book_recover(&book, is_alive, &dead);
    PROMISE(found <= book.claims_count);
    PROMISE(!is_sane || found == expected);
}

static void tree(void)
{
    const uint8_t what = byte();
    ep_tree *chosen = &seen[what % TREES];
    ep_part part = some_part();

    if (what & 0x80) {
        part.kind = EP_QUOTA;
        if (what == 0xff) {
            ep_book_start(&book);
        }
        else if (what == 0xfe) {
            ep_book_sweep(&book);
        }
        else if (what == 0xfd) {
            ep_book_sweep_offered(&book, byte());
        }
        else if (what & 0x20) {
            ep_book_offer(&book, now, &part, byte() | 1);
        }
        else if (what & 0x10) {
            ep_book_plant(&book, now, &part);
        }
        else {
            ep_book_ask(&book, now, &part, chosen);
        }
    }
    else if (what & 0x40) {
        memset(chosen->path, 'x', sizeof(chosen->path));
        if (ep_book_tree(&book, byte(), chosen)) {
            PROMISE(memchr(chosen->path, '\0', sizeof(chosen->path)));
            PROMISE(chosen->asked >= 0 && chosen->measured >= 0);
            PROMISE(chosen->took >= 0 && chosen->settled >= 0);
            PROMISE((chosen->is_known | 1) == 1);
            PROMISE((chosen->is_file | 1) == 1);
            PROMISE((chosen->is_held | 1) == 1);
            PROMISE((chosen->is_planted | 1) == 1);
            PROMISE((chosen->is_offered | 1) == 1);
            PROMISE(!chosen->is_offered
                    || (!chosen->is_planted && !chosen->is_held));
        }
    }
    else {
        const int64_t counted = number();
        const int64_t bytes = what & 0x20 ? -1 : counted;
        const int64_t took = number();
        const int insists = byte() % 2;
        ep_balance balance;

        if (what & 0x10) {
            ep_book_doubt(&book, now, chosen->key);
        }
        if (ep_book_measured(&book, now, chosen, bytes, took, insists)
            && ep_book_balance(&book, EP_QUOTA, chosen->key, now, &balance)) {
            PROMISE(balance.used >= bytes);
        }
    }
}

static void overwrite(void)
{
    const size_t at = (((size_t)byte() << 16) + ((size_t)byte() << 8)
                       + byte()) % book.size;
    const size_t count = byte() % 32;
    uint8_t *bytes = (uint8_t *)book.head;
    size_t i;

    for (i = at; i < at + count && i < book.size; i++) {
        bytes[i] = byte();
    }
    is_sane = 0;
}

static void fill(void)
{
    uint8_t *bytes = (uint8_t *)book.head;
    const uint8_t with = byte();

    memset(bytes, with, book.size);
    is_sane = 0;
}

static void clear(void)
{
    memset(claims, 0, sizeof(claims));
    ep_book_clear(&book);
    PROMISE(ep_book_is_valid(&book));
    PROMISE(!ep_book_enter(&book));
    is_sane = 1;
}

static void check(void)
{
    ep_book_counts counts;
    unsigned int kind, key, i;
    uint32_t live = 0;

    ep_book_count(&book, &counts);
    PROMISE(counts.claims <= book.claims_count);
    PROMISE(counts.accounts <= book.accounts_count);
    PROMISE(counts.trees <= book.trees_count);
    for (kind = 0; kind < KINDS; kind++) {
        for (key = 0; key < KEYS; key++) {
            ep_balance balance = { 0, 0, 0 };
            int64_t held = 0;

            ep_book_balance(&book, (ep_kind)kind, key_of(key), now, &balance);
            PROMISE(balance.held >= 0 && balance.used >= 0);
            for (i = 0; i < CLAIMS; i++) {
                held = ep_amount_plus(held,
                                      is_sane ? claims[i].amounts[kind][key]
                                              : 0);
            }
            /* a revoked part holds nothing any more */
            PROMISE(!is_sane || balance.held == held
                    || (has_clients && balance.held < held));
        }
    }
    for (i = 0; i < CLAIMS; i++) {
        live += claims[i].claim.serial != 0;
    }
    PROMISE(!is_sane || counts.claims == live);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* of the exact size, so that a sanitizer finds a read past its end */
    void *memory = malloc(EP_BOOK_SIZE_MIN);

    PROMISE(memory != NULL);
    memset(memory, 0, EP_BOOK_SIZE_MIN);
    input = data;
    input_left = size;
    has_clients = size > 0 && data[size - 1] == 0xc1;
    now = 1;
    memset(seen, 0, sizeof(seen));
    PROMISE(ep_book_lay_out(&book, memory, EP_BOOK_SIZE_MIN));
    clear();
    while (input_left > 0) {
        switch (byte() % 13) {
        case 0:
        case 1:
        case 2:
            reserve();
            break;
        case 3:
            grow();
            break;
        case 4:
        case 5:
            end(1);
            break;
        case 6:
            end(0);
            break;
        case 7:
            recover();
            break;
        case 8:
            tree();
            break;
        case 9:
            {
                const int64_t later = number();

                now = later < INT64_MAX - now ? now + later : INT64_MAX;
            }
            break;
        case 10:
            /* a process has died inside, or not */
            if (byte() % 2) {
                ep_book_leave(&book);
            }
            ep_book_enter(&book);
            break;
        case 11:
            if (byte() % 8 == 0) {
                clear();
            }
            else if (byte() % 8 == 0) {
                fill();
            }
            else {
                overwrite();
            }
            break;
        default:
            forge();
            break;
        }
        check();
    }
    free(memory);
    return 0;
}
