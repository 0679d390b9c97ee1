/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/book/book.h"

#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)
/* when the tests begin */
#define NOW (50 * HOUR)

static ep_book book;

/* An empty book that ends where nobody may read, and begins where a page does
 * that is not the book's. */
static void open_book(void)
{
    ck_assert(ep_book_lay_out(&book, guarded_room(EP_BOOK_SIZE_MIN),
                              EP_BOOK_SIZE_MIN));
    ep_book_clear(&book);
    ck_assert_int_eq(ep_book_enter(&book), 0);
}

/* The smallest book has so many buckets of accounts, and one of trees.  Keys of
 * which this is the first number, and the second one is small, have one and the
 * same bucket for both of theirs. */
#define ONE_BUCKET 63

static ep_part part_of(ep_kind kind, uint64_t high, uint64_t low,
                       int64_t limit, int64_t amount)
{
    ep_part part;

    memset(&part, 0, sizeof(part));
    part.kind = kind;
    part.key.high = high;
    part.key.low = low;
    part.limit = limit;
    part.amount = amount;
    part.period = HOUR;
    part.path = "/srv/tree";
    part.is_file = 0;
    return part;
}

static ep_denial denial;

/* Every new claim is foreseen first: the answer is the same, and the book stays as it
 * is. */
static ep_book_result reserve_as(int64_t now, const ep_part *parts, size_t count,
                                 int is_lenient, ep_claim *claim)
{
    static unsigned char before[EP_BOOK_SIZE_MIN];
    const int is_new = claim->serial == 0;
    ep_denial foreseen = { 0, 0, 0, 0 };
    ep_book_result expected, result;

    memcpy(before, book.head, EP_BOOK_SIZE_MIN);
    expected = ep_book_foresee(&book, now, parts, count, is_lenient, &foreseen);
    ck_assert_int_eq(memcmp(before, book.head, EP_BOOK_SIZE_MIN), 0);
    result = ep_book_reserve(&book, 1, now, parts, count, is_lenient, claim, &denial);
    if (is_new) {
        ck_assert_int_eq(expected, result);
    }
    if (is_new && result == EP_BOOK_DENIED) {
        ck_assert_uint_eq(foreseen.part, denial.part);
        ck_assert_int_eq(foreseen.remaining, denial.remaining);
        ck_assert_int_eq(foreseen.wait, denial.wait);
    }
    return result;
}

static ep_book_result reserve_at(int64_t now, const ep_part *parts,
                                 size_t count, ep_claim *claim)
{
    return reserve_as(now, parts, count, 0, claim);
}

static ep_book_result reserve(const ep_part *parts, size_t count,
                              ep_claim *claim)
{
    return reserve_at(NOW, parts, count, claim);
}

static ep_book_result reserve_leniently(const ep_part *parts, size_t count,
                                        ep_claim *claim)
{
    return reserve_as(NOW, parts, count, 1, claim);
}

static int64_t held_of(const ep_part *part)
{
    ep_balance balance = { 0, 0, 0 };

    ep_book_balance(&book, part->kind, part->key, NOW, &balance);
    return balance.held;
}

static int64_t used_at(int64_t now, const ep_part *part)
{
    ep_balance balance = { 0, 0, 0 };

    ep_book_balance(&book, part->kind, part->key, now, &balance);
    return balance.used;
}

static int64_t used_of(const ep_part *part)
{
    return used_at(NOW, part);
}

static ep_tree tree_of(const ep_part *part)
{
    ep_tree tree;
    uint32_t place;

    for (place = 0; place < book.trees_count; place++) {
        if (ep_book_tree(&book, place, &tree)
            && tree.key.high == part->key.high
            && tree.key.low == part->key.low) {
            return tree;
        }
    }
    ck_abort_msg("no such tree");
    return tree;
}

/* Measures when nothing is under way. */
static void measure_at(int64_t now, const ep_part *part, int64_t bytes)
{
    ep_tree tree;

    ck_assert_int_eq(ep_book_ask(&book, now, part, &tree), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_measured(&book, now, &tree, bytes, 1, 0), 1);
}

static void measure(const ep_part *part, int64_t bytes)
{
    ep_tree tree;

    ck_assert_int_eq(ep_book_plant(&book, NOW, part), EP_BOOK_GRANTED);
    tree = tree_of(part);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &tree, bytes, 1, 0), 1);
}

static int nobody_is_alive(uint32_t owner, void *data)
{
    (void)owner;
    (void)data;
    return 0;
}

static int all_but_one_are_alive(uint32_t owner, void *data)
{
    const uint32_t *dead = data;

    return owner != *dead;
}

static uint32_t claims_now(void)
{
    ep_book_counts counts;

    ep_book_count(&book, &counts);
    return counts.claims;
}

START_TEST(the_memory_is_used_as_drawn)
{
    static unsigned char memory[16];

    ck_assert(!ep_book_lay_out(&book, memory, EP_BOOK_SIZE_MIN - 1));
    ck_assert(ep_book_lay_out(&book, memory, EP_BOOK_SIZE_MIN));
    ck_assert_uint_eq(book.trees_count, 16);
    ck_assert(ep_book_lay_out(&book, memory, 8 << 20));
    ck_assert_uint_eq(book.trees_count, 1808);
    ck_assert_uint_eq(book.accounts_count, 65520);
    ck_assert_uint_eq(book.claims_count, 2640);
    ck_assert(ep_book_lay_out(&book, memory, EP_BOOK_SIZE_MAX));
    ck_assert_uint_eq(book.trees_count % 16, 0);
    ck_assert_uint_le(book.trees_count, EP_BOOK_TREES_MAX);
    ck_assert_uint_eq(book.accounts_count % 16, 0);
    ck_assert(!ep_book_lay_out(&book, memory, EP_BOOK_SIZE_MAX + 1));
}
END_TEST

START_TEST(only_a_book_is_valid)
{
    ep_book larger;
    unsigned char *byte;
    size_t i;

    open_book();
    ck_assert(ep_book_is_valid(&book));
    larger = book;
    larger.size++;
    ck_assert(!ep_book_is_valid(&larger));
    /* magic, size, version */
    byte = (unsigned char *)book.head;
    for (i = 0; i < 20; i++) {
        byte[i] ^= 0x10;
        ck_assert(!ep_book_is_valid(&book));
        byte[i] ^= 0x10;
    }
    ck_assert(ep_book_is_valid(&book));
}
END_TEST

START_TEST(all_parts_or_none)
{
    const ep_part parts[] = {
        part_of(EP_SPACE, 1, 1, 1000, 100),
        part_of(EP_QUOTA, 2, 2, 1000, 100),
        part_of(EP_ALLOWANCE, 3, 3, 1000, 100),
        part_of(EP_CONCURRENT, 4, 4, 1, 1)
    };
    ep_claim first = { 0, 0 }, second = { 0, 0 };
    size_t i;

    open_book();
    measure(&parts[1], 500);
    ck_assert_int_eq(reserve(parts, 4, &first), EP_BOOK_GRANTED);
    ck_assert_uint_ne(first.serial, 0);
    ck_assert_int_eq(reserve(parts, 4, &second), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 3);
    ck_assert_int_eq(denial.remaining, 0);
    ck_assert_int_eq(denial.wait, -1);
    ck_assert_uint_eq(second.serial, 0);
    for (i = 0; i < 4; i++) {
        ck_assert_int_eq(held_of(&parts[i]), parts[i].amount);
    }
    ck_assert_uint_eq(claims_now(), 1);
    ep_book_settle(&book, NOW, &first, 90, 80);
    ck_assert_uint_eq(first.serial, 0);
    for (i = 0; i < 4; i++) {
        ck_assert_int_eq(held_of(&parts[i]), 0);
    }
    ck_assert_int_eq(used_of(&parts[0]), 0);
    ck_assert_int_eq(used_of(&parts[1]), 580);
    ck_assert_int_eq(used_of(&parts[2]), 90);
    ck_assert_int_eq(used_of(&parts[3]), 0);
    ck_assert_int_eq(reserve(parts, 4, &second), EP_BOOK_GRANTED);
}
END_TEST

START_TEST(to_the_byte)
{
    ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 501);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    measure(&part, 500);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 500);
    part.amount = 400;
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 100);
    part.amount = 100;
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&part), 500);
    part.amount = 0;
    other.serial = other.index = 0;
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_GRANTED);
}
END_TEST

START_TEST(a_first_upload_may_be_too_much)
{
    const ep_part part = part_of(EP_ALLOWANCE, 1, 1, 100, 101);
    ep_claim claim = { 0, 0 };
    ep_book_counts counts;

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 100);
    ck_assert_int_eq(denial.wait, -1);
    /* what is denied takes no room */
    ep_book_count(&book, &counts);
    ck_assert_uint_eq(counts.accounts, 0);
}
END_TEST

START_TEST(a_key_counts_once)
{
    const ep_part parts[] = {
        part_of(EP_ALLOWANCE, 1, 1, 500, 100),
        part_of(EP_ALLOWANCE, 1, 1, 150, 80),
        part_of(EP_ALLOWANCE, 1, 1, 300, 120),
        /* another one in the same bucket, and another kind */
        part_of(EP_ALLOWANCE, 1, 2, 300, 90),
        part_of(EP_SPACE, 1, 1, 300, 70)
    };
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(parts, 5, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&parts[0]), 120);
    ck_assert_int_eq(held_of(&parts[3]), 90);
    ck_assert_int_eq(held_of(&parts[4]), 70);
    ck_assert_int_eq(reserve(parts, 5, &other), EP_BOOK_DENIED);
    /* the strictest one is to blame */
    ck_assert_uint_eq(denial.part, 1);
    ck_assert_int_eq(denial.remaining, 30);
}
END_TEST

START_TEST(a_claim_is_charged_once)
{
    const ep_part parts[] = {
        part_of(EP_ALLOWANCE, 1, 1, 100, 60),
        part_of(EP_CONCURRENT, 2, 2, 5, 1)
    };
    ep_claim claim = { 0, 0 };
    const ep_claim *same = &claim;
    ep_claim before;

    open_book();
    ck_assert_int_eq(reserve(parts, 1, &claim), EP_BOOK_GRANTED);
    before = *same;
    /* 60 more would not fit */
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_GRANTED);
    ck_assert(memcmp(&before, &claim, sizeof(claim)) == 0);
    ck_assert_int_eq(held_of(&parts[0]), 60);
    ck_assert_int_eq(held_of(&parts[1]), 1);
    ck_assert_uint_eq(claims_now(), 1);
    ep_book_settle(&book, NOW, &claim, 60, 0);
    ck_assert_int_eq(used_of(&parts[0]), 60);
    ck_assert_int_eq(held_of(&parts[1]), 0);
}
END_TEST

START_TEST(a_part_that_does_not_fit_leaves_the_claim_as_it_was)
{
    const ep_part parts[] = {
        part_of(EP_ALLOWANCE, 1, 1, 100, 60),
        part_of(EP_SPACE, 2, 2, 100, 60),
        part_of(EP_SPACE, 3, 3, 50, 60)
    };
    ep_claim claim = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(parts, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(parts, 3, &claim), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 2);
    ck_assert_int_eq(held_of(&parts[0]), 60);
    ck_assert_int_eq(held_of(&parts[1]), 0);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(held_of(&parts[0]), 0);
}
END_TEST

START_TEST(what_is_claimed_is_within_a_stricter_limit_as_well)
{
    ep_part parts[] = {
        part_of(EP_ALLOWANCE, 1, 1, 200, 60),
        part_of(EP_SPACE, 2, 2, 1000, 10)
    };
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    parts[0].amount = 30;
    ck_assert_int_eq(reserve(parts, 1, &other), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &other, 10, 0);
    ck_assert_int_eq(reserve(parts, 1, &other), EP_BOOK_GRANTED);
    parts[0].amount = 60;
    ck_assert_int_eq(reserve(parts, 1, &claim), EP_BOOK_GRANTED);
    /* used 10, held 30 by the other: what is asked for now is no matter */
    parts[0].amount = 1000;
    parts[0].limit = 100;
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_GRANTED);
    parts[0].limit = 99;
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 0);
    ck_assert_int_eq(denial.remaining, 59);
    ck_assert_int_eq(denial.wait, HOUR);
    parts[0].limit = 20;
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 0);
    ck_assert_int_eq(denial.wait, -1);
    ck_assert_int_eq(held_of(&parts[0]), 90);
    ck_assert_int_eq(held_of(&parts[1]), 10);
}
END_TEST

START_TEST(a_claim_has_so_many_parts)
{
    ep_part parts[EP_PARTS_MAX + 1];
    ep_claim claim = { 0, 0 };
    size_t i;

    for (i = 0; i < COUNT(parts); i++) {
        parts[i] = part_of(EP_SPACE, i, i, 10, 1);
    }
    open_book();
    ck_assert_int_eq(reserve(parts, EP_PARTS_MAX + 1, &claim), EP_BOOK_FULL);
    ck_assert_uint_eq(claims_now(), 0);
    ck_assert_int_eq(reserve(parts, EP_PARTS_MAX - 1, &claim),
                     EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(parts, EP_PARTS_MAX + 1, &claim), EP_BOOK_FULL);
    ck_assert_int_eq(reserve(&parts[EP_PARTS_MAX - 1], 2, &claim),
                     EP_BOOK_CROWDED);
    ck_assert_uint_eq(denial.part, 1);
    ck_assert_int_eq(reserve(parts, EP_PARTS_MAX, &claim), EP_BOOK_GRANTED);
    for (i = 0; i < COUNT(parts); i++) {
        ck_assert_int_eq(held_of(&parts[i]), i < EP_PARTS_MAX);
    }
    ep_book_release(&book, &claim);
    for (i = 0; i < COUNT(parts); i++) {
        ck_assert_int_eq(held_of(&parts[i]), 0);
    }
}
END_TEST

START_TEST(a_claim_grows_by_what_there_is)
{
    const ep_part parts[] = {
        part_of(EP_SPACE, 1, 1, 1000, 100),
        part_of(EP_ALLOWANCE, 2, 2, 300, 100),
        part_of(EP_CONCURRENT, 3, 3, 1, 1)
    };
    ep_claim claim = { 0, 0 };
    int64_t granted = -1;

    open_book();
    ck_assert_int_eq(reserve(parts, 3, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_grow(&book, NOW, parts, 3, &claim, 10, 50,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 50);
    ck_assert_int_eq(ep_book_grow(&book, NOW, parts, 3, &claim, 10, 200,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 150);
    ck_assert_int_eq(held_of(&parts[0]), 300);
    ck_assert_int_eq(held_of(&parts[1]), 300);
    ck_assert_int_eq(held_of(&parts[2]), 1);
    ck_assert_int_eq(ep_book_grow(&book, NOW, parts, 3, &claim, 1, 200,
                                  &granted, &denial), EP_BOOK_DENIED);
    ck_assert_int_eq(granted, 0);
    ck_assert_uint_eq(denial.part, 1);
    ck_assert_int_eq(denial.remaining, 0);
    /* one byte more than the limit never fits */
    ck_assert_int_eq(denial.wait, -1);
    ck_assert_int_eq(ep_book_grow(&book, NOW, parts, 3, &claim, 0, 200,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 0);
    ep_book_settle(&book, NOW, &claim, 250, 0);
    ck_assert_int_eq(held_of(&parts[0]), 0);
    ck_assert_int_eq(held_of(&parts[1]), 0);
    ck_assert_int_eq(used_of(&parts[1]), 250);
    ck_assert_int_eq(ep_book_grow(&book, NOW, parts, 3, &claim, 1, 200,
                                  &granted, &denial), EP_BOOK_LOST);
}
END_TEST

START_TEST(what_is_not_claimed_does_not_grow)
{
    const ep_part parts[] = {
        part_of(EP_SPACE, 1, 1, 1000, 100),
        part_of(EP_SPACE, 2, 2, 0, 0)
    };
    ep_claim claim = { 0, 0 };
    int64_t granted = -1;

    open_book();
    ck_assert_int_eq(reserve(parts, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_grow(&book, NOW, parts, 2, &claim, 10, 50,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 50);
    ck_assert_int_eq(held_of(&parts[1]), 0);
}
END_TEST

START_TEST(growing_tells_when_it_would_fit)
{
    ep_part part = part_of(EP_ALLOWANCE, 1, 1, 100, 40);
    ep_claim first = { 0, 0 }, second = { 0, 0 };
    int64_t granted;

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &first), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(&part, 1, &second), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_grow(&book, NOW + SECOND, &part, 1, &second, 30,
                                  50, &granted, &denial), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 20);
    ck_assert_int_eq(denial.wait, HOUR - SECOND);
    ck_assert_int_eq(ep_book_grow(&book, NOW, &part, 1, &second, 61, 61,
                                  &granted, &denial), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.wait, -1);
}
END_TEST

/* What is in a tree, as it was measured, and what uploads have settled since. */
static const struct {
    int64_t before;
    int64_t settled;
    int64_t measured;
    /* the most that one upload may then bring, of a limit of 1000 and an overdraft
     * of 200 */
    int64_t left;
} overdrafts[] = {
    { 0, 0, 0, 1200 },
    { 1000, 0, 1000, 200 },
    /* stored, or not */
    { 1000, 200, 1200, 0 },
    { 1000, 200, 1000, 200 },
    { 1000, 200, 1150, 50 },
    /* put there by others, in part or all of it */
    { 1000, 0, 5000, 200 },
    { 5000, 0, 5000, 200 },
    { 5000, 200, 5200, 0 },
    { 5000, 200, 5300, 0 },
    { 5000, 200, 5100, 100 },
    { 5000, 0, 1100, 200 },
    { 5000, 200, 0, 1200 },
    { 0, 1200, 1200, 0 },
    { 0, 1200, 5000, 0 },
    { 0, 900, 1400, 200 },
    { 500, 500, 5000, 200 },
    { 500, 600, 5000, 100 },
    { INT64_MAX, 0, INT64_MAX, 0 },
    { INT64_MAX - 300, 200, INT64_MAX - 100, 0 },
    { 0, 0, INT64_MAX - 300, 200 }
};

START_TEST(what_is_overdrawn_is_bounded_however_often_it_is_measured)
{
    ep_part part = part_of(EP_QUOTA, 1, 2, 1000, 0);
    ep_claim claim = { 0, 0 };
    int again;

    open_book();
    part.overdraft = 200;
    measure(&part, overdrafts[_i].before);
    if (overdrafts[_i].settled > 0) {
        ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
        ep_book_settle(&book, NOW, &claim, 0, overdrafts[_i].settled);
    }
    for (again = 0; again < 3; again++) {
        measure_at(NOW + 2 + again, &part, overdrafts[_i].measured);
        if (overdrafts[_i].left < INT64_MAX - 1) {
            part.amount = overdrafts[_i].left + 1;
            ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_DENIED);
            ck_assert_int_eq(denial.remaining, overdrafts[_i].left);
        }
        part.amount = overdrafts[_i].left;
        ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
        ep_book_release(&book, &claim);
    }
}
END_TEST

START_TEST(what_may_overdraw_takes_no_more_than_another_part_allows)
{
    ep_part parts[2];
    ep_claim claim = { 0, 0 };
    int64_t granted;

    open_book();
    parts[0] = part_of(EP_QUOTA, 1, 2, 1000, 100);
    parts[0].overdraft = 200;
    parts[1] = part_of(EP_QUOTA, 1, 2, 1000, 100);
    measure(&parts[0], 950);
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(reserve(parts, 1, &claim), EP_BOOK_GRANTED);
    /* it has its part already, and has to be within the limit all the same */
    ck_assert_int_eq(reserve(&parts[1], 1, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(ep_book_grow(&book, NOW, &parts[1], 1, &claim, 1, 1, &granted,
                                  &denial), EP_BOOK_DENIED);
    ck_assert_int_eq(ep_book_grow(&book, NOW, parts, 1, &claim, 1, 500, &granted,
                                  &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 150);
}
END_TEST

START_TEST(content_that_was_read_takes_no_slot)
{
    const ep_part parts[] = {
        part_of(EP_CONCURRENT, 1, 2, 1, 1), part_of(EP_SPACE, 1, 3, 100, 10)
    };
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(parts, 2, &other), EP_BOOK_DENIED);
    ep_book_end_content(&book, &claim);
    ck_assert_int_eq(held_of(&parts[0]), 0);
    ck_assert_int_eq(held_of(&parts[1]), 10);
    ck_assert_int_eq(reserve(parts, 2, &other), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&parts[0]), 1);
    ep_book_end_content(&book, &claim);
    ck_assert_int_eq(held_of(&parts[0]), 1);
    /* computed anew, it is the same */
    ep_book_repair(&book);
    ck_assert_int_eq(held_of(&parts[0]), 1);
    ck_assert_int_eq(held_of(&parts[1]), 20);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(held_of(&parts[0]), 1);
    ep_book_end_content(&book, &claim);
    ep_book_release(&book, &other);
    ck_assert_int_eq(held_of(&parts[0]), 0);
}
END_TEST

START_TEST(a_file_replaced_by_a_smaller_one_gives_back)
{
    const ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 0);
    ep_claim claim = { 0, 0 };

    open_book();
    measure(&part, 100);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &claim, 10, -30);
    ck_assert_int_eq(used_of(&part), 70);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &claim, 10, INT64_MIN);
    ck_assert_int_eq(used_of(&part), 0);
}
END_TEST

START_TEST(a_claim_ends_once)
{
    const ep_part part = part_of(EP_ALLOWANCE, 1, 1, 1000, 100);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };
    ep_claim stale, none = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_GRANTED);
    stale = claim;
    ep_book_release(&book, &claim);
    ck_assert_int_eq(held_of(&part), 100);
    ep_book_release(&book, &claim);
    ep_book_release(&book, &none);
    ep_book_settle(&book, NOW, &none, 5, 5);
    ck_assert_int_eq(held_of(&part), 100);
    /* its place is another one's by now */
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_uint_eq(claim.index, stale.index);
    claim = stale;
    ep_book_release(&book, &claim);
    claim = stale;
    ep_book_settle(&book, NOW, &claim, 5, 5);
    ck_assert_uint_eq(claim.serial, 0);
    ck_assert_int_eq(reserve(&part, 1, &stale), EP_BOOK_LOST);
    ck_assert_int_eq(held_of(&part), 200);
    ck_assert_int_eq(used_of(&part), 0);
    ck_assert_uint_eq(claims_now(), 2);
}
END_TEST

START_TEST(an_account_that_is_another_ones_is_left_alone)
{
    const ep_part parts[] = {
        part_of(EP_ALLOWANCE, 1, 1, 1000, 100),
        part_of(EP_ALLOWANCE, 2, 2, 1000, 100)
    };
    ep_claim claim = { 0, 0 };
    uint32_t i;

    open_book();
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_GRANTED);
    for (i = 0; i < book.accounts_count; i++) {
        if (ep_account_is(&book.accounts[i], EP_ALLOWANCE, parts[0].key)) {
            book.accounts[i].key_low = 7;
            break;
        }
    }
    ck_assert_uint_lt(i, book.accounts_count);
    ep_book_settle(&book, NOW, &claim, 50, 0);
    ck_assert_int_eq(used_of(&parts[1]), 50);
    ck_assert_int_eq(book.accounts[i].used, 0);
    ck_assert_int_eq(book.accounts[i].held, 100);
    /* the same key, of another kind */
    book.accounts[i].key_low = parts[0].key.low;
    ck_assert_int_eq(reserve(parts, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(book.accounts[i].held, 200);
    book.accounts[i].kind = EP_SPACE + 1;
    ep_book_release(&book, &claim);
    ck_assert_int_eq(book.accounts[i].held, 200);
}
END_TEST

START_TEST(a_claim_from_elsewhere_is_none)
{
    const ep_part part = part_of(EP_SPACE, 1, 1, 1000, 100);
    static const uint32_t indices[] = { 0, 1, 4000, UINT32_MAX };
    size_t i;

    open_book();
    for (i = 0; i < COUNT(indices); i++) {
        ep_claim claim = { 0, 77 };
        ep_claim same;
        int64_t granted;

        claim.index = indices[i];
        same = claim;
        ck_assert_int_eq(reserve(&part, 1, &same), EP_BOOK_LOST);
        ck_assert_int_eq(ep_book_grow(&book, NOW, &part, 1, &same, 1, 1,
                                      &granted, &denial), EP_BOOK_LOST);
        ep_book_settle(&book, NOW, &same, 1, 1);
        same = claim;
        ep_book_release(&book, &same);
    }
    /* and nobody looks for a free place there */
    for (i = 0; i < 10; i++) {
        ep_claim claim = { 0, 0 };

        ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
        ck_assert_uint_lt(claim.index, book.claims_count);
    }
}
END_TEST

START_TEST(what_was_added_to_a_claim_can_be_undone)
{
    const ep_part parts[] = {
        part_of(EP_SPACE, 1, 1, 1000, 100),
        part_of(EP_CONCURRENT, 1, 2, 1, 1)
    };
    ep_claim claim = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(parts, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_uint_eq(ep_book_trim(&book, &claim, UINT32_MAX), 1);
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&parts[1]), 1);
    ck_assert_uint_eq(ep_book_trim(&book, &claim, 1), 2);
    ck_assert_int_eq(held_of(&parts[0]), 100);
    ck_assert_int_eq(held_of(&parts[1]), 0);
    /* and added once more */
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&parts[1]), 1);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(held_of(&parts[0]), 0);
    ck_assert_int_eq(held_of(&parts[1]), 0);
    ck_assert_uint_eq(ep_book_trim(&book, &claim, 0), 0);
}
END_TEST

/* As a provider asks that has the book in it, and has another judge. */
START_TEST(what_is_not_judged_here_counts_all_the_same)
{
    ep_part part = part_of(EP_QUOTA, 1, 1, 100, 1000);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };
    int64_t granted = 0;

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_DENIED);
    part.limit = 1000;
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_UNKNOWN);
    part.is_unjudged = 1;
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_grow(&book, NOW, &part, 1, &claim, 100000, 100000,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&part), 101000);
    /* with another part of the account that is judged here, there is a limit */
    part.is_unjudged = 0;
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 0);
    ep_book_settle(&book, NOW, &claim, 5, 5);
    ck_assert_int_eq(held_of(&part), 0);
}
END_TEST

START_TEST(a_claim_that_is_kept_gives_way_to_nobody)
{
    ep_part mine = part_of(EP_SPACE, 1, 1, 1000, 1000);
    ep_part theirs = part_of(EP_SPACE, 1, 1, 1000, 100);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    mine.client = 1;
    theirs.client = 2;
    mine.is_kept = 1;
    ck_assert_int_eq(reserve(&mine, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(&theirs, 1, &other), EP_BOOK_DENIED);
    ep_book_release(&book, &claim);
    mine.is_kept = 0;
    ck_assert_int_eq(reserve(&mine, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(&theirs, 1, &other), EP_BOOK_GRANTED);
}
END_TEST

START_TEST(all_claims_may_be_taken)
{
    const ep_part part = part_of(EP_CONCURRENT, 1, 1, INT64_MAX, 1);
    ep_claim *claims;
    ep_claim claim = { 0, 0 };
    uint32_t i;

    open_book();
    claims = calloc(book.claims_count, sizeof(*claims));
    ck_assert_ptr_nonnull(claims);
    for (i = 0; i < book.claims_count; i++) {
        ck_assert_int_eq(reserve(&part, 1, &claims[i]), EP_BOOK_GRANTED);
    }
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_FULL);
    ck_assert_uint_eq(claim.serial, 0);
    ck_assert_int_eq(held_of(&part), book.claims_count);
    /* wherever one is free, it is found */
    for (i = 0; i < book.claims_count; i += 7) {
        ep_book_release(&book, &claims[i]);
        ck_assert_int_eq(reserve(&part, 1, &claims[i]), EP_BOOK_GRANTED);
    }
    ep_book_release(&book, &claims[5]);
    ep_book_release(&book, &claims[3]);
    ck_assert_int_eq(reserve(&part, 1, &claims[3]), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve(&part, 1, &claims[5]), EP_BOOK_GRANTED);
    for (i = 0; i < book.claims_count; i++) {
        ep_book_release(&book, &claims[i]);
    }
    ck_assert_int_eq(held_of(&part), 0);
    free(claims);
}
END_TEST

START_TEST(an_allowance_is_free_again_in_time)
{
    ep_part part = part_of(EP_ALLOWANCE, 1, 1, 100, 100);
    ep_claim claim = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW + SECOND, &claim, 100, 100);
    ck_assert_int_eq(reserve_at(NOW + 2 * SECOND, &part, 1, &claim),
                     EP_BOOK_DENIED);
    ck_assert_int_eq(denial.wait, HOUR - 2 * SECOND);
    ck_assert_int_eq(reserve_at(NOW + HOUR - 1, &part, 1, &claim),
                     EP_BOOK_DENIED);
    ck_assert_int_eq(denial.wait, 1);
    ck_assert_int_eq(used_at(NOW + HOUR - 1, &part), 100);
    ck_assert_int_eq(used_at(NOW + HOUR, &part), 0);
    ck_assert_int_eq(reserve_at(NOW + HOUR, &part, 1, &claim),
                     EP_BOOK_GRANTED);
}
END_TEST

START_TEST(what_is_under_way_counts_in_the_period_in_which_it_ends)
{
    ep_part part = part_of(EP_ALLOWANCE, 1, 1, 100, 60);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve_at(NOW + 2 * HOUR, &part, 1, &other),
                     EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 40);
    ck_assert_int_eq(denial.wait, HOUR);
    ep_book_settle(&book, NOW + 4 * HOUR, &claim, 60, 0);
    ck_assert_int_eq(used_at(NOW + 4 * HOUR, &part), 60);
    ck_assert_int_eq(used_at(NOW + 5 * HOUR - 1, &part), 60);
    ck_assert_int_eq(used_at(NOW + 5 * HOUR, &part), 0);
}
END_TEST

START_TEST(what_comes_to_nothing_begins_no_period)
{
    ep_part part = part_of(EP_ALLOWANCE, 1, 1, 100, 60);
    ep_claim claim = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(reserve_at(NOW + HOUR / 2, &part, 1, &claim),
                     EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW + HOUR / 2, &claim, 60, 0);
    ck_assert_int_eq(used_at(NOW + HOUR, &part), 60);
    ck_assert_int_eq(used_at(NOW + HOUR / 2 + HOUR, &part), 0);
}
END_TEST

START_TEST(a_claim_that_grows_over_a_border_counts_whole)
{
    ep_part part = part_of(EP_ALLOWANCE, 1, 1, 100, 60);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };
    int64_t granted;

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    part.amount = 40;
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &other, 40, 0);
    ck_assert_int_eq(ep_book_grow(&book, NOW + HOUR - 1, &part, 1, &claim, 1,
                                  50, &granted, &denial), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.wait, 1);
    ck_assert_int_eq(ep_book_grow(&book, NOW + HOUR, &part, 1, &claim, 1, 50,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 40);
}
END_TEST

START_TEST(a_bucket_gives_away_what_matters_least)
{
    ep_part parts[16], fresh = part_of(EP_ALLOWANCE, ONE_BUCKET, 100, 1000, 10);
    ep_claim claims[16], claim = { 0, 0 };
    size_t i;

    memset(claims, 0, sizeof(claims));
    open_book();
    for (i = 0; i < 16; i++) {
        parts[i] = part_of(EP_ALLOWANCE, ONE_BUCKET, i, 1000, 10);
        ck_assert_int_eq(reserve(&parts[i], 1, &claims[i]), EP_BOOK_GRANTED);
    }
    /* all of them hold something: there is no room, however often one asks */
    for (i = 0; i < book.claims_count; i++) {
        ck_assert_int_eq(reserve(&fresh, 1, &claim), EP_BOOK_FULL);
    }
    ck_assert_uint_eq(claim.serial, 0);
    ck_assert_uint_eq(claims_now(), 16);
    /* two hold nothing: that with less use goes */
    ep_book_settle(&book, NOW, &claims[5], 7, 0);
    ep_book_settle(&book, NOW, &claims[9], 6, 0);
    ck_assert_int_eq(reserve(&fresh, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(used_of(&parts[5]), 7);
    ck_assert_int_eq(used_of(&parts[9]), 0);
    ck_assert_int_eq(held_of(&fresh), 10);
    for (i = 0; i < 16; i++) {
        ck_assert_int_eq(held_of(&parts[i]), i == 5 || i == 9 ? 0 : 10);
    }
    /* other buckets have room */
    fresh.key.high = 2;
    for (i = 0; i < 16; i++) {
        claim.serial = 0;
        fresh.key.low = i;
        ck_assert_int_eq(reserve(&fresh, 1, &claim), EP_BOOK_GRANTED);
    }
}
END_TEST

/* Claims for each place of the part's bucket, by keys of low halves 0 to 15. */
static void fill_bucket(ep_part part)
{
    size_t i;

    for (i = 0; i < 16; i++) {
        ep_claim claim = { 0, 0 };

        part.key.low = i;
        ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    }
}

START_TEST(a_claim_of_0_bytes_is_live_as_well)
{
    ep_part part = part_of(EP_SPACE, ONE_BUCKET, 0, 1000, 0);
    ep_claim claim = { 0, 0 };

    open_book();
    fill_bucket(part);
    part.key.low = 16;
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_FULL);
}
END_TEST

static uint32_t taken_in(uint32_t bucket)
{
    uint32_t i, taken = 0;

    for (i = bucket * 16; i < bucket * 16 + 16; i++) {
        taken += book.accounts[i].kind != 0;
    }
    return taken;
}

START_TEST(a_key_goes_where_there_is_more_room)
{
    /* buckets 1 and 5 */
    ep_part part = part_of(EP_CONCURRENT, 1, UINT64_C(5) << 32, 1, 1);
    ep_part other = part_of(EP_CONCURRENT, 1, UINT64_C(1) << 32, 1, 1);
    ep_claim claims[33], claim = { 0, 0 };
    ep_book_counts counts;
    uint32_t i;

    memset(claims, 0, sizeof(claims));
    open_book();
    /* 3 in bucket 1 alone */
    for (i = 0; i < 3; i++) {
        claim.index = claim.serial = 0;
        ck_assert_int_eq(reserve(&other, 1, &claim), EP_BOOK_GRANTED);
        other.key.low++;
    }
    for (i = 0; i < 29; i++) {
        ck_assert_int_eq(reserve(&part, 1, &claims[i]), EP_BOOK_GRANTED);
        ck_assert_int_eq(held_of(&part), 1);
        part.key.low++;
        /* the first 3 of them into bucket 5, then by turns */
        ck_assert_uint_eq(taken_in(5), i < 3 ? i + 1 : 3 + (i - 2) / 2);
    }
    ck_assert_int_eq(reserve(&part, 1, &claims[i]), EP_BOOK_FULL);
    ck_assert_uint_eq(taken_in(1), 16);
    ck_assert_uint_eq(taken_in(5), 16);
    /* a place that is free in either is taken; each key is there once */
    for (i = 0; i < 29; i++) {
        ep_book_release(&book, &claims[i]);
        ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
        ep_book_release(&book, &claim);
        part.key.low -= 29 - i;
        ck_assert_int_eq(held_of(&part), 0);
        ck_assert_int_eq(reserve(&part, 1, &claims[i]), EP_BOOK_GRANTED);
        ck_assert_int_eq(held_of(&part), 1);
        part.key.low += 29 - i;
    }
    ep_book_count(&book, &counts);
    ck_assert_uint_eq(counts.accounts, 32);
}
END_TEST

/* Any numbers, the same ones each time. */
static uint64_t any_of(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005)
             + UINT64_C(1442695040888963407);
    return (*state ^ (*state >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
}

START_TEST(most_places_are_taken_before_one_is_missing)
{
    ep_part part = part_of(EP_QUOTA, 0, 0, 1000, 1);
    void *memory = malloc(8 << 20);
    uint64_t state = 1 + (uint64_t)_i;
    ep_book_counts counts;
    uint32_t i;

    ck_assert_ptr_nonnull(memory);
    ck_assert(ep_book_lay_out(&book, memory, 8 << 20));
    ep_book_clear(&book);
    for (i = 0; i < 1500; i++) {
        part.key.high = any_of(&state);
        part.key.low = any_of(&state);
        ck_assert_int_eq(ep_book_plant(&book, NOW, &part), EP_BOOK_GRANTED);
    }
    ep_book_count(&book, &counts);
    ck_assert_uint_eq(counts.trees, 1500);
    free(memory);
}
END_TEST

START_TEST(parts_of_one_claim_do_not_take_each_others_place)
{
    ep_part parts[EP_PARTS_MAX];
    ep_claim claim = { 0, 0 };
    size_t i;

    open_book();
    /* a bucket of such as can be taken */
    for (i = 0; i < 16; i++) {
        parts[i] = part_of(EP_SPACE, ONE_BUCKET, i, 10, 1);
        ck_assert_int_eq(reserve(&parts[i], 1, &claim), EP_BOOK_GRANTED);
        ep_book_release(&book, &claim);
    }
    /* half of them, and as many new ones */
    for (i = 0; i < 8; i++) {
        parts[i].key.low = 100 + i;
    }
    ck_assert_int_eq(reserve(parts, 16, &claim), EP_BOOK_GRANTED);
    for (i = 0; i < 16; i++) {
        ck_assert_int_eq(held_of(&parts[i]), 1);
    }
    ep_book_release(&book, &claim);
    for (i = 0; i < 16; i++) {
        ck_assert_int_eq(held_of(&parts[i]), 0);
    }
}
END_TEST

START_TEST(a_million_keys_evict_no_live_claim)
{
    enum { LIVE = 40 };
    ep_part kept[LIVE][2];
    ep_claim claims[LIVE];
    uint64_t i;

    memset(claims, 0, sizeof(claims));
    open_book();
    for (i = 0; i < LIVE; i++) {
        kept[i][0] = part_of(EP_ALLOWANCE, i * 7919, i, 1000,
                             (int64_t)i % 3);
        kept[i][1] = part_of(EP_CONCURRENT, i * 104729, i, 1, 1);
        ck_assert_int_eq(reserve(kept[i], 2, &claims[i]), EP_BOOK_GRANTED);
    }
    for (i = 0; i < 1000000; i++) {
        const ep_part parts[] = {
            part_of(EP_ALLOWANCE, i * 2654435761u, ~i, 1000, 100),
            part_of(EP_CONCURRENT, i * 40503u + 1, ~i, 1, 1)
        };
        ep_claim claim = { 0, 0 };
        ep_book_result result = reserve_at(NOW + (int64_t)i, parts, 2,
                                           &claim);

        if (result != EP_BOOK_GRANTED) {
            ck_abort_msg("%d for key %llu", result, (unsigned long long)i);
        }
        if (i % 2 == 0) {
            ep_book_settle(&book, NOW + (int64_t)i, &claim, 100, 0);
        }
        else {
            ep_book_release(&book, &claim);
        }
    }
    ck_assert_uint_eq(claims_now(), LIVE);
    for (i = 0; i < LIVE; i++) {
        ck_assert_int_eq(held_of(&kept[i][0]), (int64_t)i % 3);
        ck_assert_int_eq(held_of(&kept[i][1]), 1);
        ep_book_settle(&book, NOW, &claims[i], 5, 0);
        ck_assert_int_eq(held_of(&kept[i][1]), 0);
    }
    ck_assert_uint_eq(claims_now(), 0);
}
END_TEST

START_TEST(what_the_dead_hold_is_given_back)
{
    const ep_part part = part_of(EP_SPACE, 1, 1, 1000, 10);
    ep_claim claim = { 0, 0 }, last = { 0, 0 };
    uint32_t dead = 3;
    uint32_t owner;

    open_book();
    for (owner = 1; owner <= 5; owner++) {
        claim.index = claim.serial = 0;
        ck_assert_int_eq(ep_book_reserve(&book, owner, NOW, &part, 1, 0,
                                         &claim, &denial), EP_BOOK_GRANTED);
        if (owner == dead) {
            last = claim;
        }
    }
    ck_assert_uint_eq(ep_book_recover(&book, all_but_one_are_alive, &dead),
                      1);
    ck_assert_int_eq(held_of(&part), 40);
    ck_assert_uint_eq(ep_book_recover(&book, all_but_one_are_alive, &dead),
                      0);
    ck_assert_int_eq(held_of(&part), 40);
    ck_assert_int_eq(reserve(&part, 1, &last), EP_BOOK_LOST);
    ep_book_settle(&book, NOW, &last, 10, 10);
    ck_assert_int_eq(held_of(&part), 40);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(held_of(&part), 30);
    ck_assert_uint_eq(ep_book_recover(&book, nobody_is_alive, NULL), 3);
    ck_assert_int_eq(held_of(&part), 0);
}
END_TEST

START_TEST(what_is_held_is_computed_anew)
{
    const ep_part part = part_of(EP_SPACE, 1, 1, 1000, 10);
    ep_claim claim = { 0, 0 };
    uint32_t i;

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    for (i = 0; i < book.accounts_count; i++) {
        book.accounts[i].held = INT64_MAX;
        book.accounts[i].claims = 9;
    }
    ep_book_repair(&book);
    for (i = 0; i < book.accounts_count; i++) {
        ck_assert_int_eq(book.accounts[i].held,
                         book.accounts[i].kind != 0 ? 10 : 0);
        ck_assert_uint_eq(book.accounts[i].claims,
                          book.accounts[i].kind != 0);
    }
}
END_TEST

START_TEST(what_is_held_in_trees_is_computed_anew)
{
    const ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 10);
    ep_claim claim = { 0, 0 };
    uint32_t changes;

    open_book();
    measure(&part, 100);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    changes = tree_of(&part).changes;
    ep_book_repair(&book);
    ck_assert_uint_ne(tree_of(&part).changes, changes);
    ck_assert_int_eq(held_of(&part), 10);
    ck_assert_int_eq(used_of(&part), 100);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(held_of(&part), 0);
    ck_assert_int_eq(tree_of(&part).is_held, 0);
}
END_TEST

START_TEST(where_nobody_died_nothing_changes)
{
    const ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 10);
    ep_claim claim = { 0, 0 };
    void *before = malloc(EP_BOOK_SIZE_MIN);
    uint32_t dead = 77;

    ck_assert_ptr_nonnull(before);
    open_book();
    measure(&part, 100);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    memcpy(before, book.head, EP_BOOK_SIZE_MIN);
    ck_assert_uint_eq(ep_book_recover(&book, all_but_one_are_alive, &dead),
                      0);
    ck_assert_int_eq(memcmp(before, book.head, EP_BOOK_SIZE_MIN), 0);
    free(before);
}
END_TEST

START_TEST(a_claim_in_no_state_is_nobodys)
{
    const ep_part part = part_of(EP_SPACE, 1, 1, 1000, 10);
    ep_claim claim = { 0, 0 };
    const uint32_t state = 77;
    uint32_t dead = 77;

    open_book();
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_uint_eq(claim.index, 0);
    /* it begins with its state */
    memcpy(book.claims, &state, sizeof(state));
    ck_assert_uint_eq(ep_book_recover(&book, all_but_one_are_alive, &dead),
                      0);
    ck_assert_int_eq(held_of(&part), 0);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_uint_eq(claim.index, 0);
}
END_TEST

START_TEST(what_the_dead_wrote_to_is_due)
{
    const ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 10);
    const ep_part other = part_of(EP_QUOTA, 2, 2, 1000, 10);
    ep_claim claim = { 0, 0 };
    ep_tree tree;

    open_book();
    measure(&part, 100);
    measure(&other, 100);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    tree = tree_of(&part);
    ck_assert_int_eq(tree.asked, tree.measured);
    ck_assert_uint_eq(ep_book_recover(&book, nobody_is_alive, NULL), 1);
    tree = tree_of(&part);
    ck_assert_int_gt(tree.asked, tree.measured);
    tree = tree_of(&other);
    ck_assert_int_eq(tree.asked, tree.measured);
}
END_TEST

START_TEST(only_who_died_inside_leaves_work)
{
    open_book();
    ep_book_leave(&book);
    ck_assert_int_eq(ep_book_enter(&book), 0);
    ck_assert_int_eq(ep_book_enter(&book), 1);
    ep_book_leave(&book);
    ck_assert_int_eq(ep_book_enter(&book), 0);
}
END_TEST

/* A death after each single instruction: another process does something with
 * the book, one step at a time, and whatever the book is after a step is what a
 * SIGKILL there would have left. */

static const ep_part steps_parts[] = {
    { .kind = EP_SPACE, .key = { 1, 1 }, .limit = 1000, .amount = 100,
      .period = HOUR, .path = NULL },
    { .kind = EP_QUOTA, .key = { 2, 2 }, .limit = 1000, .amount = 100,
      .period = HOUR, .path = "/srv/tree" },
    { .kind = EP_ALLOWANCE, .key = { 3, 3 }, .limit = 1000, .amount = 100,
      .period = HOUR, .path = NULL },
    { .kind = EP_CONCURRENT, .key = { 4, 4 }, .limit = 2, .amount = 1,
      .period = HOUR, .path = NULL }
};
static ep_claim steps_claim;

static void step_reserve(void)
{
    ep_claim claim = { 0, 0 };

    reserve(steps_parts, 4, &claim);
}

static void step_add(void)
{
    reserve(steps_parts, 4, &steps_claim);
}

static void step_grow(void)
{
    int64_t granted;

    ep_book_grow(&book, NOW, steps_parts, 4, &steps_claim, 10, 10, &granted,
                 &denial);
}

static void step_settle(void)
{
    ep_book_settle(&book, NOW, &steps_claim, 90, 80);
}

/* a new period begins in it */
static void step_settle_late(void)
{
    ep_book_settle(&book, NOW + 2 * HOUR, &steps_claim, 90, 80);
}

static void step_release(void)
{
    ep_book_release(&book, &steps_claim);
}

static void step_recover(void)
{
    ep_book_recover(&book, nobody_is_alive, NULL);
}

static const struct {
    const char *what;
    void (*act)(void);
    /* parts that are claimed before */
    size_t before;
    /* what is used of the quota and of the allowance, before and after */
    int64_t quota[2], allowance[2];
    /* claims that are left, after */
    uint32_t claims;
    /* the fewest different books there should be on the way */
    int states;
} steps[] = {
    { "reserve", step_reserve, 0, { 500, 500 }, { 50, 50 }, 1, 30 },
    { "add", step_add, 2, { 500, 500 }, { 50, 50 }, 1, 14 },
    { "grow", step_grow, 4, { 500, 500 }, { 50, 50 }, 1, 6 },
    { "settle", step_settle, 4, { 500, 580 }, { 50, 140 }, 0, 16 },
    { "settle late", step_settle_late, 4, { 500, 580 }, { 50, 90 }, 0, 18 },
    { "release", step_release, 4, { 500, 500 }, { 50, 50 }, 0, 10 },
    { "recover", step_recover, 4, { 500, 500 }, { 50, 50 }, 0, 10 }
};

static void check_after_death(size_t row, const void *left,
                              int64_t quota_before)
{
    const ep_part *quota = &steps_parts[1], *allowance = &steps_parts[2];
    const int64_t late = steps[row].act == step_settle_late ? NOW + 2 * HOUR
                                                            : NOW;
    int64_t held;
    size_t i;
    uint32_t claims;

    memcpy(book.head, left, EP_BOOK_SIZE_MIN);
    ck_assert_int_eq(ep_book_enter(&book), 1);
    /* held is what the claims say: whole, or nothing */
    claims = claims_now();
    ck_assert_uint_le(claims, 1);
    for (i = 0; i < 4; i++) {
        held = held_of(&steps_parts[i]);
        if (claims == 0) {
            ck_assert_int_eq(held, 0);
        }
        else if (steps[row].act == step_reserve) {
            ck_assert_int_eq(held, steps_parts[i].amount);
        }
        else if (i < steps[row].before) {
            ck_assert(held == steps_parts[i].amount
                      || held == steps_parts[i].amount + 10);
        }
    }
    /* used is as before or as after, for all at once */
    if (used_of(quota) == steps[row].quota[1]
        && used_at(late, allowance) == steps[row].allowance[1]) {
        ck_assert(steps[row].claims == claims || quota_before
                  == steps[row].quota[1]);
    }
    else {
        ck_assert_int_eq(used_of(quota), steps[row].quota[0]);
        held = used_at(late, allowance);
        /* a period may be over, with nothing counted in the next */
        ck_assert(held == steps[row].allowance[0]
                  || (late != NOW && held == 0));
        ck_assert_uint_eq(claims, 1);
    }
    ep_book_recover(&book, nobody_is_alive, NULL);
    for (i = 0; i < 4; i++) {
        ck_assert_int_eq(held_of(&steps_parts[i]), 0);
    }
    ck_assert_uint_eq(claims_now(), 0);
}

START_TEST(whoever_dies_has_done_all_or_nothing)
{
    ep_claim first = { 0, 0 };
    void *shared = mmap(NULL, EP_BOOK_SIZE_MIN, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    void *seen = guarded_room(EP_BOOK_SIZE_MIN);
    int status, states = 0;
    pid_t pid;

    ck_assert_ptr_ne(shared, MAP_FAILED);
    open_book();
    measure(&steps_parts[1], 500);
    ck_assert_int_eq(reserve(&steps_parts[2], 1, &first), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &first, 50, 0);
    if (steps[_i].before > 0) {
        ck_assert_int_eq(reserve(steps_parts, steps[_i].before,
                                 &steps_claim), EP_BOOK_GRANTED);
    }
    memcpy(shared, book.head, EP_BOOK_SIZE_MIN);
    memcpy(seen, shared, EP_BOOK_SIZE_MIN);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        ep_book_lay_out(&book, shared, EP_BOOK_SIZE_MIN);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0) {
            raise(SIGSTOP);
            steps[_i].act();
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSTOPPED(status), "no ptrace()");
    for (;;) {
        ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        if (!WIFSTOPPED(status)) {
            break;
        }
        if (memcmp(seen, shared, EP_BOOK_SIZE_MIN) != 0) {
            memcpy(seen, shared, EP_BOOK_SIZE_MIN);
            check_after_death((size_t)_i, seen, steps[_i].quota[0]);
            states++;
        }
    }
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_msg(states >= steps[_i].states, "%s: %d states", steps[_i].what,
                  states);
    memcpy(book.head, shared, EP_BOOK_SIZE_MIN);
    ck_assert_uint_eq(claims_now(), steps[_i].claims);
    ck_assert_int_eq(used_of(&steps_parts[1]), steps[_i].quota[1]);
}
END_TEST

/* @return whether the book can tell what is used; -1: there is no account */
static int knows(const ep_part *part)
{
    ep_balance balance = { 0, 0, -1 };

    ep_book_balance(&book, part->kind, part->key, NOW, &balance);
    return balance.is_known;
}

START_TEST(a_tree_is_unknown_until_it_is_measured)
{
    const ep_part parts[] = {
        part_of(EP_SPACE, 1, 1, 1000, 10),
        part_of(EP_QUOTA, 2, 2, 1000, 10)
    };
    ep_claim claim = { 0, 0 };
    ep_tree tree;

    open_book();
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_UNKNOWN);
    ck_assert_uint_eq(denial.part, 1);
    ck_assert_int_eq(denial.remaining, 0);
    ck_assert_int_eq(denial.wait, -1);
    ck_assert_int_eq(held_of(&parts[0]), 0);
    ck_assert_uint_eq(claims_now(), 0);
    /* what is not granted makes nothing */
    ck_assert_int_eq(knows(&parts[0]), -1);
    ck_assert_int_eq(knows(&parts[1]), -1);
    /* it is due from when somebody is about to measure it */
    ck_assert_int_eq(ep_book_ask(&book, NOW, &parts[1], &tree),
                     EP_BOOK_GRANTED);
    ck_assert_uint_eq(tree.key.low, 2);
    tree = tree_of(&parts[1]);
    ck_assert_str_eq(tree.path, "/srv/tree");
    ck_assert_int_eq(tree.is_known, 0);
    ck_assert_int_eq(knows(&parts[1]), 0);
    ck_assert_int_eq(tree.is_file, 0);
    ck_assert_int_eq(tree.asked, NOW);
    ck_assert_int_eq(tree.measured, 0);
    ck_assert_int_eq(tree.is_held, 0);
    ck_assert_uint_eq(tree.mark, 0);
    tree.mark = 7;
    ck_assert_int_eq(ep_book_measured(&book, NOW + 7, &tree, 500, 3, 0), 1);
    tree = tree_of(&parts[1]);
    ck_assert_uint_eq(tree.mark, 7);
    ck_assert_int_eq(tree.is_known, 1);
    ck_assert_int_eq(tree.measured, NOW + 7);
    ck_assert_int_eq(tree.took, 3);
    ck_assert_int_eq(used_of(&parts[1]), 500);
    ck_assert_int_eq(knows(&parts[1]), 1);
    ck_assert_int_eq(knows(&parts[0]), -1);
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(tree_of(&parts[1]).is_held, 1);
    /* what is not measured is always known */
    ck_assert_int_eq(knows(&parts[0]), 1);
}
END_TEST

START_TEST(an_unknown_tree_counts_as_empty_where_that_is_taken)
{
    ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 600);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    ck_assert_int_eq(ep_book_reserve(&book, 1, NOW, &part, 1, 1, &claim,
                                     &denial), EP_BOOK_GRANTED);
    /* what can be counted is counted */
    ck_assert_int_eq(ep_book_reserve(&book, 1, NOW, &part, 1, 1, &other,
                                     &denial), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 400);
    ep_book_settle(&book, NOW, &claim, 500, 500);
    ck_assert_int_eq(used_of(&part), 500);
    /* what is too much anyhow is denied, and not unknown */
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_DENIED);
    part.amount = 500;
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_UNKNOWN);
}
END_TEST

START_TEST(a_tree_is_planted_before_anyone_asks)
{
    ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 600);
    ep_tree tree;

    part.is_file = 1;
    part.path = "/srv/usage";
    open_book();
    ck_assert_int_eq(ep_book_plant(&book, NOW, &part), EP_BOOK_GRANTED);
    tree = tree_of(&part);
    ck_assert_str_eq(tree.path, "/srv/usage");
    ck_assert_int_eq(tree.is_file, 1);
    ck_assert_int_eq(tree.measured, 0);
    ck_assert_int_eq(tree.asked, NOW);
    measure(&part, 500);
    /* once more, as after a graceful restart */
    ck_assert_int_eq(ep_book_plant(&book, NOW + 9, &part), EP_BOOK_GRANTED);
    tree = tree_of(&part);
    ck_assert_int_eq(tree.asked, NOW + 9);
    ck_assert_int_eq(tree.is_known, 1);
    ck_assert_int_eq(used_of(&part), 500);
}
END_TEST

START_TEST(what_nobody_asks_for_is_forgotten_in_time)
{
    ep_part planted = part_of(EP_QUOTA, 1, 1, 1000, 0);
    ep_part gone = part_of(EP_QUOTA, 2, 2, 1000, 0);
    ep_part asked = part_of(EP_QUOTA, 3, 3, 1000, 10);
    ep_claim claim = { 0, 0 };

    open_book();
    measure(&planted, 500);
    measure(&gone, 500);
    ck_assert_int_eq(ep_book_reserve(&book, 1, NOW, &asked, 1, 1, &claim,
                                     &denial), EP_BOOK_GRANTED);
    ep_book_release(&book, &claim);
    /* a start, at which all but one are planted again */
    ep_book_start(&book);
    ck_assert_int_eq(ep_book_plant(&book, NOW, &planted), EP_BOOK_GRANTED);
    ck_assert_int_eq(knows(&gone), 1);
    ep_book_sweep(&book);
    ck_assert_int_eq(used_of(&planted), 500);
    ck_assert_int_eq(knows(&gone), -1);
    ck_assert_int_eq(knows(&asked), 0);
    /* a graceful restart is none, and takes nothing that is asked for */
    measure(&gone, 500);
    ep_book_sweep(&book);
    ck_assert_int_eq(knows(&gone), 1);
    /* the next start, before which nobody asked for it */
    ep_book_start(&book);
    ck_assert_int_eq(knows(&asked), -1);
    ck_assert_int_eq(knows(&gone), 1);
    ep_book_sweep(&book);
    ck_assert_int_eq(knows(&planted), -1);
    ck_assert_int_eq(knows(&gone), -1);
}
END_TEST

START_TEST(what_is_under_way_is_not_forgotten)
{
    const ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 10);
    ep_claim claim = { 0, 0 };

    open_book();
    measure(&part, 500);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ep_book_start(&book);
    ep_book_start(&book);
    ep_book_sweep(&book);
    ck_assert_int_eq(held_of(&part), 10);
    ep_book_settle(&book, NOW, &claim, 10, 10);
    ck_assert_int_eq(used_of(&part), 510);
    ep_book_sweep(&book);
    ck_assert_int_eq(knows(&part), -1);
}
END_TEST

START_TEST(a_path_has_room_up_to_its_end)
{
    char path[EP_TREE_PATH_SIZE];
    ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 600);
    ep_tree tree;

    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    part.path = guarded(path);
    open_book();
    ck_assert_int_eq(ep_book_plant(&book, NOW, &part), EP_BOOK_GRANTED);
    tree = tree_of(&part);
    ck_assert_str_eq(tree.path, path);
}
END_TEST

START_TEST(a_path_ends_whatever_there_is)
{
    char path[EP_TREE_PATH_SIZE + 1];
    ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 600);
    char *behind;
    ep_tree tree;

    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    /* nobody may say so */
    part.path = path;
    open_book();
    behind = (char *)book.trees + 1152;
    *behind = 'z';
    ck_assert_int_eq(ep_book_plant(&book, NOW, &part), EP_BOOK_GRANTED);
    ck_assert_int_eq(*behind, 'z');
    ck_assert_uint_eq(strlen(tree_of(&part).path), EP_TREE_PATH_SIZE - 1);
    memset((char *)book.trees + 1152 - EP_TREE_PATH_SIZE, 'y',
           EP_TREE_PATH_SIZE);
    memset(&tree, 'z', sizeof(tree));
    ck_assert_int_eq(ep_book_tree(&book, 0, &tree), 1);
    path[EP_TREE_PATH_SIZE - 1] = '\0';
    memset(path, 'y', EP_TREE_PATH_SIZE - 1);
    ck_assert_str_eq(tree.path, path);
}
END_TEST

START_TEST(a_number_is_taken_if_nothing_happened)
{
    const ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 100);
    const ep_part other = part_of(EP_SPACE, 2, 2, 1000, 100);
    ep_claim claim = { 0, 0 };
    ep_tree before;
    int64_t granted;

    open_book();
    measure(&part, 500);
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 1, &before, 400, 1, 0), 1);
    ck_assert_int_eq(used_of(&part), 400);
    /* another process has measured it: also with insists */
    before.mark = 7;
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 1, 1, 1), 0);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, -1, 1, 0), 0);
    ck_assert_uint_eq(tree_of(&part).mark, 0);
    /* something is held */
    before = tree_of(&part);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 1, 1, 0), 0);
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 1, 1, 0), 0);
    ck_assert_int_eq(used_of(&part), 400);
    ck_assert_int_eq(tree_of(&part).measured, NOW + 1);
    /* something has grown */
    ck_assert_int_eq(ep_book_grow(&book, NOW, &part, 1, &claim, 5, 5,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 1, 1, 0), 0);
    before = tree_of(&part);
    /* something was released */
    ep_book_release(&book, &claim);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 1, 1, 0), 0);
    before = tree_of(&part);
    /* something came and went */
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &claim, 7, 7);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 1, 1, 0), 0);
    /* something that was under way ended */
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    before = tree_of(&part);
    ep_book_settle(&book, NOW, &claim, 0, 0);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 1, 1, 0), 0);
    before = tree_of(&part);
    /* somebody died with a claim on another one */
    ck_assert_int_eq(reserve(&other, 1, &claim), EP_BOOK_GRANTED);
    ep_book_recover(&book, nobody_is_alive, NULL);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 1, 1, 0), 0);
    ck_assert_int_eq(used_of(&part), 407);
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 2, &before, 450, 1, 0), 1);
    ck_assert_int_eq(used_of(&part), 450);
}
END_TEST

START_TEST(an_upload_of_0_bytes_disturbs_as_well)
{
    ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 0);
    ep_claim claim = { 0, 0 };
    ep_tree before;

    open_book();
    measure(&part, 500);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    before = tree_of(&part);
    ck_assert_int_eq(before.is_held, 1);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &before, 10, 1, 0), 0);
    ck_assert_int_eq(used_of(&part), 500);
}
END_TEST

START_TEST(patience_ends_and_what_was_added_comes_on_top)
{
    const ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 100);
    ep_claim claims[3];
    ep_tree before;
    size_t i;

    memset(claims, 0, sizeof(claims));
    open_book();
    measure(&part, 500);
    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(reserve(&part, 1, &claims[i]), EP_BOOK_GRANTED);
    }
    before = tree_of(&part);
    ep_book_settle(&book, NOW, &claims[0], 60, 60);
    ep_book_settle(&book, NOW, &claims[1], 60, -20);
    ck_assert_int_eq(used_of(&part), 540);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &before, 300, 1, 0), 0);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &before, 300, 1, 1), 1);
    ck_assert_int_eq(used_of(&part), 360);
    /* and it is due again */
    ck_assert_int_gt(tree_of(&part).asked, tree_of(&part).measured);
    /* the smaller file may be in the number already */
    ep_book_settle(&book, NOW, &claims[2], 5, -50);
    ck_assert_int_eq(used_of(&part), 360);
    /* not so for one that begins later */
    ck_assert_int_eq(reserve(&part, 1, &claims[2]), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &claims[2], 5, -50);
    ck_assert_int_eq(used_of(&part), 310);
    /* and what adds, adds: too much rather than too little */
    ck_assert_int_eq(reserve(&part, 1, &claims[2]), EP_BOOK_GRANTED);
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &before, 300, 1, 1), 1);
    ep_book_settle(&book, NOW, &claims[2], 50, 50);
    ck_assert_int_eq(used_of(&part), 350);
}
END_TEST

START_TEST(only_claims_on_that_tree_may_be_in_its_number)
{
    const ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 100);
    const ep_part other = part_of(EP_QUOTA, 3, 3, 1000, 100);
    ep_claim claim = { 0, 0 };
    ep_tree before;

    open_book();
    measure(&part, 500);
    measure(&other, 500);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_GRANTED);
    before = tree_of(&other);
    before.changes++;
    ck_assert_int_eq(ep_book_measured(&book, NOW, &before, 300, 1, 1), 1);
    ep_book_settle(&book, NOW, &claim, 5, -50);
    ck_assert_int_eq(used_of(&part), 450);
}
END_TEST

START_TEST(a_tree_without_usage_takes_any_number)
{
    const ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 100);
    ep_claim claim = { 0, 0 };
    ep_tree before;

    open_book();
    ck_assert_int_eq(ep_book_plant(&book, NOW, &part), EP_BOOK_GRANTED);
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_reserve(&book, 1, NOW, &part, 1, 1, &claim,
                                     &denial), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &claim, 60, 60);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &before, 300, 1, 0), 1);
    ck_assert_int_eq(used_of(&part), 360);
    ck_assert_int_eq(tree_of(&part).is_known, 1);
}
END_TEST

START_TEST(what_cannot_be_measured_is_unknown)
{
    ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 100);
    ep_claim claim = { 0, 0 };
    ep_tree before;

    open_book();
    measure(&part, 950);
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 5, &before, -1, 2, 0), 1);
    ck_assert_int_eq(tree_of(&part).is_known, 0);
    ck_assert_int_eq(tree_of(&part).measured, NOW + 5);
    /* it has what it had: one that is lenient gets no more than that leaves */
    ck_assert_int_eq(used_of(&part), 950);
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 50);
    part.amount = 50;
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_UNKNOWN);
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &claim, 50, 50);
    ck_assert_int_eq(used_of(&part), 1000);
    /* trying again in vain makes nobody forget */
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 6, &before, -1, 2, 0), 1);
    ck_assert_int_eq(used_of(&part), 1000);
    /* until somebody has seen all of it */
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 7, &before, 900, 2, 0), 1);
    ck_assert_int_eq(used_of(&part), 900);
    ck_assert_int_eq(tree_of(&part).is_known, 1);
}
END_TEST

START_TEST(what_was_seen_of_an_unknown_tree_counts)
{
    const ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 100);
    ep_claim claim = { 0, 0 };
    ep_tree before;

    open_book();
    ck_assert_int_eq(ep_book_plant(&book, NOW, &part), EP_BOOK_GRANTED);
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 5, &before, -1 - 901, 2,
                                      0), 1);
    ck_assert_int_eq(tree_of(&part).is_known, 0);
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 99);
    /* less the next time is no less */
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 6, &before, -1 - 3, 2, 0),
                     1);
    ck_assert_int_eq(used_of(&part), 901);
    before = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW + 7, &before, INT64_MIN, 2,
                                      0), 1);
    ck_assert_int_eq(used_of(&part), INT64_MAX);
}
END_TEST

START_TEST(a_tree_that_went_is_not_measured)
{
    const ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 100);
    ep_tree before;

    open_book();
    measure(&part, 500);
    before = tree_of(&part);
    before.key.low++;
    ck_assert_int_eq(ep_book_measured(&book, NOW, &before, 300, 1, 1), 0);
    ck_assert_int_eq(used_of(&part), 500);
    ck_assert_int_eq(ep_book_tree(&book, book.trees_count, &before), 0);
    ck_assert_int_eq(ep_book_tree(&book, UINT32_MAX, &before), 0);
}
END_TEST

static ep_book_result ask(int64_t now, const ep_part *part)
{
    ep_tree tree;

    return ep_book_ask(&book, now, part, &tree);
}

/* Measures one that is not planted. */
START_TEST(of_shares_with_as_many_the_one_goes_that_nobody_asked_for)
{
    ep_part part = part_of(EP_QUOTA, 1, 0, 1000, 0);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };
    ep_book_counts counts;
    ep_tree tree;
    int64_t now = NOW;

    open_book();
    /* the first one is held, the others are asked for one by one */
    ck_assert_int_eq(ep_book_reserve(&book, 1, now, &part, 1, 1, &claim,
                                     &denial), EP_BOOK_GRANTED);
    for (part.key.low = 1; part.key.low < 16; part.key.low++) {
        now += SECOND;
        /* each is another one's */
        part.share = part.key.low;
        ck_assert_int_eq(ask(now, &part), EP_BOOK_GRANTED);
    }
    ep_book_count(&book, &counts);
    ck_assert_uint_eq(counts.trees, 16);
    /* the third one is known, and was uploaded to */
    part.key.low = 2;
    tree = tree_of(&part);
    ck_assert_int_eq(ep_book_reserve(&book, 1, NOW + 2 * SECOND, &part, 1, 1,
                                     &other, &denial), EP_BOOK_GRANTED);
    ep_book_settle(&book, NOW, &other, 50, 50);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &tree, 500, 1, 0), 1);
    ck_assert_int_eq(ask(NOW + 2 * SECOND, &part),
                     EP_BOOK_GRANTED);
    /* the second one is asked for once more */
    part.key.low = 1;
    ck_assert_int_eq(ask(NOW + 20 * SECOND, &part),
                     EP_BOOK_GRANTED);
    part.key.low = part.share = 100;
    part.path = "/";
    ck_assert_int_eq(ask(NOW + 62 * SECOND - 1, &part),
                     EP_BOOK_FULL);
    ck_assert_int_eq(ask(NOW + 62 * SECOND, &part),
                     EP_BOOK_GRANTED);
    tree = tree_of(&part);
    ck_assert_str_eq(tree.path, "/");
    ck_assert_int_eq(tree.is_known, 0);
    ck_assert_int_eq(tree.measured, 0);
    ck_assert_int_eq(tree.took, 0);
    ck_assert_int_eq(tree.settled, 0);
    ck_assert_int_eq(used_of(&part), 0);
    part.key.low = 1;
    ck_assert_int_eq(tree_of(&part).asked, NOW + 20 * SECOND);
    part.key.low = 3;
    ck_assert_int_eq(tree_of(&part).asked, NOW + 3 * SECOND);
    part.key.low = 0;
    ck_assert_int_eq(tree_of(&part).is_held, 1);
    ep_book_count(&book, &counts);
    ck_assert_uint_eq(counts.trees, 16);
    /* who asks from long ago until long after, goes first */
    part.key.low = 5;
    ck_assert_int_eq(ask(NOW + HOUR, &part),
                     EP_BOOK_GRANTED);
    part.key.low = part.share = 101;
    ck_assert_int_eq(ask(NOW + 64 * SECOND, &part),
                     EP_BOOK_GRANTED);
    part.key.low = 3;
    ck_assert_int_eq(tree_of(&part).asked, NOW + 3 * SECOND);
}
END_TEST

START_TEST(all_trees_of_one_upload_fit_or_none)
{
    ep_part parts[2] = {
        part_of(EP_QUOTA, 1, 0, 1000, 10),
        part_of(EP_QUOTA, 2, 0, 1000, 10)
    };
    ep_claim claim = { 0, 0 };
    uint64_t i;

    open_book();
    for (i = 1; i < 16; i++) {
        parts[1].key.low = i;
        ck_assert_int_eq(ep_book_plant(&book, NOW, &parts[1]),
                         EP_BOOK_GRANTED);
    }
    parts[1].key.low = i;
    /* there is one place, and the caller has measured both */
    parts[0].is_measured = parts[1].is_measured = 1;
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_FULL);
    ck_assert_uint_eq(denial.part, 1);
    ck_assert_uint_eq(claims_now(), 0);
    ck_assert_int_eq(knows(&parts[0]), -1);
    ck_assert_int_eq(reserve(parts, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&parts[0]), 10);
}
END_TEST

/* Asks for so many trees of a share, one after the other.  The first halves of
 * their keys tell the shares apart. */
static void ask_for(uint64_t share, int is_owners, uint64_t count)
{
    ep_part part = part_of(EP_QUOTA, share, 0, 1000, 0);

    part.share = share;
    part.is_owners = is_owners;
    for (part.key.low = 1; part.key.low <= count; part.key.low++) {
        ask(NOW + (int64_t)part.key.low, &part);
    }
}

static uint32_t trees_of(uint64_t share)
{
    uint32_t found = 0, place;
    ep_tree tree;

    for (place = 0; place < book.trees_count; place++) {
        found += ep_book_tree(&book, place, &tree) && tree.key.high == share;
    }
    return found;
}

/* The smallest book has one bucket of trees, with 16 places. */
START_TEST(no_share_keeps_more_places_than_another_one_has)
{
    open_book();
    ask_for(1, 1, 100);
    ck_assert_uint_eq(trees_of(1), 16);
    ask_for(2, 1, 1);
    ck_assert_uint_eq(trees_of(2), 1);
    ask_for(3, 1, 100);
    ck_assert_uint_eq(trees_of(2), 1);
    ck_assert(trees_of(3) >= 7 && trees_of(3) <= 8);
    ck_assert_uint_eq(trees_of(1) + trees_of(3), 15);
    /* and a client that comes back in a flood gets no more */
    ask_for(1, 1, 1000);
    ask_for(3, 1, 1000);
    ask_for(1, 1, 1000);
    ck_assert_uint_eq(trees_of(2), 1);
    ck_assert(trees_of(1) >= 7 && trees_of(1) <= 8);
    ck_assert(trees_of(3) >= 7 && trees_of(3) <= 8);
}
END_TEST

START_TEST(no_owner_takes_a_place_of_the_servers)
{
    ep_part part = part_of(EP_QUOTA, 9, 1, 1000, 0);

    open_book();
    ask_for(1, 1, 100);
    ask_for(5, 0, 3);
    ask_for(6, 0, 1);
    ck_assert_uint_eq(trees_of(5), 3);
    ask_for(2, 1, 100);
    ck_assert_uint_eq(trees_of(5), 3);
    ck_assert_uint_eq(trees_of(6), 1);
    ck_assert_uint_eq(trees_of(1) + trees_of(2), 12);
    /* one section of the server's, where clients make directories, takes no
     * more from another one than there is to share */
    ask_for(7, 0, 100);
    ck_assert_uint_eq(trees_of(1) + trees_of(2), 0);
    ck_assert_uint_eq(trees_of(5), 3);
    ck_assert_uint_eq(trees_of(6), 1);
    ck_assert_uint_eq(trees_of(7), 12);
    ask_for(6, 0, 100);
    ck_assert_uint_eq(trees_of(5), 3);
    ck_assert(trees_of(6) >= 6 && trees_of(6) <= 7);
    /* an owner finds none where all are the server's */
    part.is_owners = 1;
    part.share = 9;
    ck_assert_int_eq(ask(NOW + HOUR, &part), EP_BOOK_FULL);
    part.is_owners = 0;
    ck_assert_int_eq(ask(NOW + HOUR, &part), EP_BOOK_GRANTED);
}
END_TEST

START_TEST(what_is_planted_keeps_its_place)
{
    ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 0);

    open_book();
    for (; part.key.low <= 15; part.key.low++) {
        ck_assert_int_eq(ep_book_plant(&book, NOW, &part), EP_BOOK_GRANTED);
    }
    ask_for(2, 0, 100);
    ck_assert_uint_eq(trees_of(1), 15);
    ck_assert_uint_eq(trees_of(2), 1);
    /* its share has more than enough, another one has nothing */
    ck_assert_int_eq(ask(NOW + HOUR, &part), EP_BOOK_FULL);
    part.share = 3;
    ck_assert_int_eq(ask(NOW + HOUR, &part), EP_BOOK_GRANTED);
    ck_assert_uint_eq(trees_of(2), 0);
}
END_TEST

static ep_tree offered_tree(const ep_part *part, uint8_t round)
{
    ck_assert_int_eq(ep_book_offer(&book, NOW, part, round),
                     EP_BOOK_GRANTED);
    return tree_of(part);
}

/* How many trees are only offered. */
static uint32_t offered(void)
{
    uint32_t place, count = 0;
    ep_tree tree;

    for (place = 0; place < book.trees_count; place++) {
        count += ep_book_tree(&book, place, &tree) && tree.is_offered;
    }
    return count;
}

START_TEST(what_is_offered_is_measured_and_then_known)
{
    ep_part part = part_of(EP_QUOTA, 2, 2, 1000, 600);
    ep_claim claim = { 0, 0 };
    ep_tree tree;

    part.path = "/home/a";
    open_book();
    tree = offered_tree(&part, 1);
    ck_assert_int_eq(tree.is_offered, 1);
    ck_assert_int_eq(tree.is_planted, 0);
    ck_assert_int_eq(tree.measured, 0);
    ck_assert_str_eq(tree.path, "/home/a");
    ck_assert_int_eq(ep_book_measured(&book, NOW, &tree, 500, 1, 0), 1);
    ck_assert_int_eq(tree_of(&part).is_offered, 1);
    ck_assert_int_eq(reserve(&part, 1, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 500);
    /* an upload has asked for it */
    ck_assert_int_eq(tree_of(&part).is_offered, 0);
    ck_assert_int_eq(offered_tree(&part, 2).is_offered, 0);
    ck_assert_int_eq(used_of(&part), 500);
    /* another one is planted, and stays so */
    part.key.low = 3;
    offered_tree(&part, 1);
    ck_assert_int_eq(ep_book_plant(&book, NOW, &part), EP_BOOK_GRANTED);
    tree = offered_tree(&part, 1);
    ck_assert_int_eq(tree.is_offered, 0);
    ck_assert_int_eq(tree.is_planted, 1);
}
END_TEST

START_TEST(what_is_offered_gives_way_to_all_and_takes_no_place)
{
    ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 0);
    uint32_t i;

    open_book();
    ask_for(1, 1, 2);
    part.key.high = part.share = 2;
    for (i = 100; i < 112; i++) {
        part.key.low = i;
        offered_tree(&part, 1);
    }
    /* three quarters of 16 */
    part.key.low = 112;
    ck_assert_int_eq(ep_book_offer(&book, NOW, &part, 1), EP_BOOK_FULL);
    ck_assert_uint_eq(offered(), 12);
    /* owners, though theirs are many and these are the server's; but first what is
     * free */
    ask_for(3, 1, 2);
    ck_assert_uint_eq(offered(), 12);
    ask_for(3, 1, 5);
    ck_assert_uint_eq(offered(), 9);
    ck_assert_uint_eq(trees_of(1), 2);
    ck_assert_uint_eq(trees_of(3), 5);
    ask_for(4, 1, 9);
    ck_assert_uint_eq(offered(), 0);
    ck_assert_uint_eq(trees_of(1), 2);
    ck_assert_uint_eq(trees_of(3), 5);
    ck_assert_uint_eq(trees_of(4), 9);
    /* there is none to be taken for one that is offered */
    ck_assert_int_eq(ep_book_offer(&book, NOW + HOUR, &part, 1),
                     EP_BOOK_FULL);
}
END_TEST

START_TEST(what_is_offered_no_more_is_forgotten)
{
    ep_part stays = part_of(EP_QUOTA, 1, 1, 1000, 0);
    ep_part goes = part_of(EP_QUOTA, 1, 2, 1000, 0);
    ep_part asked = part_of(EP_QUOTA, 1, 3, 1000, 0);

    open_book();
    offered_tree(&stays, 1);
    offered_tree(&goes, 1);
    offered_tree(&asked, 1);
    ck_assert_int_eq(ask(NOW, &asked), EP_BOOK_GRANTED);
    ep_book_sweep_offered(&book, 1);
    ck_assert_uint_eq(offered(), 2);
    /* another configuration */
    offered_tree(&stays, 2);
    ep_book_sweep_offered(&book, 2);
    ck_assert_int_eq(knows(&stays), 0);
    ck_assert_int_eq(knows(&goes), -1);
    ck_assert_int_eq(knows(&asked), 0);
    /* another start, with the same number */
    offered_tree(&goes, 2);
    ep_book_start(&book);
    offered_tree(&goes, 2);
    ep_book_sweep_offered(&book, 2);
    ck_assert_int_eq(knows(&stays), -1);
    ck_assert_int_eq(knows(&goes), 0);
}
END_TEST

START_TEST(an_owners_tree_that_the_server_asks_for_is_the_servers)
{
    ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 0);

    open_book();
    part.share = 1;
    part.is_owners = 1;
    ask(NOW, &part);
    part.is_owners = 0;
    part.share = 5;
    ask(NOW, &part);
    part.is_owners = 1;
    part.share = 1;
    ask(NOW, &part);
    ask_for(2, 1, 100);
    ck_assert_uint_eq(trees_of(1), 1);
    ck_assert_uint_eq(trees_of(2), 15);
}
END_TEST

START_TEST(a_tree_that_comes_back_is_not_empty)
{
    ep_part part = part_of(EP_QUOTA, 1, 1, 100000, 80000);
    ep_claim claim = { 0, 0 };
    ep_tree tree;

    open_book();
    part.is_owners = 1;
    measure_at(NOW, &part, 50000);
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_DENIED);
    ask_for(5, 0, 16);
    ck_assert_uint_eq(trees_of(1), 0);
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_UNKNOWN);
    ck_assert_uint_eq(denial.part, 0);
    ck_assert_int_eq(denial.remaining, 0);
    /* there is no place, but the caller has measured it */
    part.is_measured = 1;
    part.measured = 50000;
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 50000);
    part.amount = 50000;
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_uint_eq(denial.left_out, 1);
    ep_book_release(&book, &claim);
    /* where there is one, it is measured again */
    ep_book_clear(&book);
    part.is_measured = 0;
    part.amount = 80000;
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_UNKNOWN);
    ck_assert_int_eq(ep_book_ask(&book, NOW, &part, &tree), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_UNKNOWN);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &tree, 20000, 1, 1), 1);
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_GRANTED);
}
END_TEST

/* Small uploads pass, but not more of them than the limit. */
START_TEST(what_passes_unmeasured_is_bounded)
{
    ep_part part = part_of(EP_QUOTA, 1, 1, 150000, EP_UNMEASURED_MAX + 1);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };
    int64_t granted = -7;
    ep_tree tree;

    open_book();
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_UNKNOWN);
    part.amount = EP_UNMEASURED_MAX;
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve_leniently(&part, 1, &other), EP_BOOK_GRANTED);
    /* one of unknown length is as large as what it has */
    ck_assert_int_eq(ep_book_grow(&book, NOW, &part, 1, &claim, 1, 10,
                                  &granted, &denial), EP_BOOK_UNKNOWN);
    ck_assert_int_eq(granted, 0);
    ck_assert_int_eq(held_of(&part), 2 * EP_UNMEASURED_MAX);
    ep_book_settle(&book, NOW, &claim, 0, EP_UNMEASURED_MAX);
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_DENIED);
    part.amount = 1;
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_grow(&book, NOW, &part, 1, &claim, 10, 100000,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 150000 - 2 * EP_UNMEASURED_MAX - 1);
    /* a strict caller takes none */
    ck_assert_int_eq(reserve(&part, 1, &other), EP_BOOK_UNKNOWN);
    /* what cannot be measured counts as what is known of it, to one who is
     * lenient */
    tree = tree_of(&part);
    ck_assert_int_eq(ep_book_measured(&book, NOW, &tree, -1, 1, 1), 1);
    ep_book_release(&book, &claim);
    ep_book_release(&book, &other);
    part.amount = 80000;
    ck_assert_int_eq(reserve_leniently(&part, 1, &claim), EP_BOOK_GRANTED);
}
END_TEST

START_TEST(what_another_part_denies_measures_nothing)
{
    ep_part parts[2] = {
        part_of(EP_QUOTA, 1, 1, 1000, 10),
        part_of(EP_ALLOWANCE, 2, 2, 5, 10)
    };
    ep_claim claim = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 1);
    ck_assert_int_eq(knows(&parts[0]), -1);
    parts[1].limit = 10;
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_UNKNOWN);
    ck_assert_uint_eq(denial.part, 0);
    ck_assert_int_eq(knows(&parts[1]), -1);
}
END_TEST

START_TEST(a_tree_without_room_is_left_out_where_that_is_taken)
{
    ep_part parts[3] = {
        part_of(EP_QUOTA, 2, 0, 1000, 10),
        part_of(EP_QUOTA, 1, 0, 1000, 10),
        part_of(EP_ALLOWANCE, 1, 0, 15, 10)
    };
    ep_claim claim = { 0, 0 }, other = { 0, 0 };
    ep_book_counts counts;
    int64_t granted;
    uint64_t i;

    open_book();
    for (i = 0; i < 16; i++) {
        parts[1].key.low = i;
        ck_assert_int_eq(ep_book_plant(&book, NOW, &parts[1]),
                         EP_BOOK_GRANTED);
    }
    ck_assert_int_eq(reserve(parts, 3, &claim), EP_BOOK_UNKNOWN);
    ck_assert_int_eq(reserve_leniently(parts, 3, &claim), EP_BOOK_UNKNOWN);
    ck_assert_uint_eq(denial.part, 0);
    parts[0].is_measured = 1;
    ck_assert_int_eq(reserve(&parts[0], 1, &claim), EP_BOOK_FULL);
    ck_assert_int_eq(reserve_leniently(parts, 3, &claim), EP_BOOK_GRANTED);
    ck_assert_uint_eq(denial.left_out, 1);
    ck_assert_int_eq(held_of(&parts[0]), 0);
    ck_assert_int_eq(held_of(&parts[1]), 10);
    ck_assert_int_eq(held_of(&parts[2]), 10);
    ep_book_count(&book, &counts);
    ck_assert_uint_eq(counts.trees, 16);
    /* the others are no more lenient than ever */
    ck_assert_int_eq(reserve_leniently(parts, 3, &other), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 2);
    ck_assert_int_eq(denial.remaining, 5);
    ck_assert_int_eq(ep_book_grow(&book, NOW, parts, 3, &claim, 1, 100,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 5);
    ep_book_settle(&book, NOW, &claim, 15, 15);
    ck_assert_int_eq(used_of(&parts[1]), 15);
    ck_assert_int_eq(used_of(&parts[2]), 15);
    /* more than the limit is too much, room or not */
    parts[0].amount = 1001;
    ck_assert_int_eq(reserve_leniently(parts, 1, &claim), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 0);
}
END_TEST

START_TEST(an_account_without_room_is_left_out_where_that_is_taken)
{
    ep_part part = part_of(EP_CONCURRENT, ONE_BUCKET, 0, 1, 1);
    ep_part parts[2] = {
        part_of(EP_CONCURRENT, ONE_BUCKET, 100, 1, 1),
        part_of(EP_CONCURRENT, 2, 0, 1, 1)
    };
    ep_claim claim = { 0, 0 }, other = { 0, 0 }, none = { 0, 0 };

    open_book();
    fill_bucket(part);
    ck_assert_int_eq(reserve(parts, 2, &claim), EP_BOOK_FULL);
    ck_assert_int_eq(held_of(&parts[1]), 0);
    ck_assert_int_eq(reserve_leniently(parts, 2, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&parts[0]), 0);
    ck_assert_int_eq(held_of(&parts[1]), 1);
    ck_assert_int_eq(reserve_leniently(parts, 2, &other), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 1);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(held_of(&parts[1]), 0);
    /* nothing is left of it: a claim all the same */
    ck_assert_int_eq(reserve_leniently(parts, 1, &none), EP_BOOK_GRANTED);
    ck_assert_uint_eq(claims_now(), 17);
    ep_book_release(&book, &none);
    ck_assert_uint_eq(claims_now(), 16);
}
END_TEST

/* An owner has filled what is his, and the server asks for all that it may: in
 * one place or, as behind an internal redirect, in two. */
START_TEST(an_owners_limits_take_no_room_of_the_servers)
{
    enum { SERVERS = EP_PARTS_MAX - EP_PARTS_OWNERS };
    ep_part owners[EP_PARTS_OWNERS + 2], servers[SERVERS + 1];
    ep_claim claim = { 0, 0 };
    size_t i;

    open_book();
    for (i = 0; i < COUNT(owners); i++) {
        owners[i] = part_of(EP_CONCURRENT, i, i, 2, 1);
        owners[i].is_owners = 1;
    }
    for (i = 0; i < COUNT(servers); i++) {
        servers[i] = part_of(EP_SPACE, 100 + i, 100 + i, 10, 1);
    }
    ck_assert_int_eq(reserve(owners, COUNT(owners), &claim),
                     EP_BOOK_GRANTED);
    ck_assert_uint_eq(denial.left_out, 3u << EP_PARTS_OWNERS);
    for (i = 0; i < COUNT(owners); i++) {
        ck_assert_int_eq(held_of(&owners[i]), i < EP_PARTS_OWNERS);
    }
    ck_assert_int_eq(reserve(servers, SERVERS, &claim), EP_BOOK_GRANTED);
    ck_assert_uint_eq(denial.left_out, 0);
    for (i = 0; i < SERVERS; i++) {
        ck_assert_int_eq(held_of(&servers[i]), 1);
    }
    /* one more of the server's is not left out, be the caller lenient */
    ck_assert_int_eq(reserve_leniently(&servers[SERVERS], 1, &claim),
                     EP_BOOK_CROWDED);
    ck_assert_uint_eq(denial.part, 0);
    ck_assert_int_eq(held_of(&servers[SERVERS]), 0);
    /* what it holds already is asked again */
    ck_assert_int_eq(reserve(servers, SERVERS, &claim), EP_BOOK_GRANTED);
    /* and what is left out counts nothing */
    ck_assert_int_eq(reserve(&owners[EP_PARTS_OWNERS], 1, &claim),
                     EP_BOOK_GRANTED);
    ck_assert_uint_eq(denial.left_out, 1);
    ck_assert_int_eq(held_of(&owners[EP_PARTS_OWNERS]), 0);
    ep_book_release(&book, &claim);
    ck_assert_int_eq(held_of(&owners[0]), 0);
    ck_assert_int_eq(held_of(&servers[0]), 0);
}
END_TEST

START_TEST(an_account_that_both_limit_is_the_servers)
{
    ep_part owners[EP_PARTS_OWNERS + 1], servers;
    ep_claim claim = { 0, 0 };
    size_t i;

    open_book();
    for (i = 0; i < COUNT(owners); i++) {
        owners[i] = part_of(EP_CONCURRENT, i, i, 2, 1);
        owners[i].is_owners = 1;
    }
    servers = owners[0];
    servers.is_owners = 0;
    servers.limit = 5;
    ck_assert_int_eq(reserve(owners, COUNT(owners), &claim),
                     EP_BOOK_GRANTED);
    ck_assert_uint_eq(denial.left_out, 1u << EP_PARTS_OWNERS);
    ck_assert_int_eq(reserve(&servers, 1, &claim), EP_BOOK_GRANTED);
    /* which leaves room for one more of the owner's */
    ck_assert_int_eq(reserve(&owners[EP_PARTS_OWNERS], 1, &claim),
                     EP_BOOK_GRANTED);
    ck_assert_uint_eq(denial.left_out, 0);
    ck_assert_int_eq(held_of(&owners[EP_PARTS_OWNERS]), 1);
    ck_assert_int_eq(held_of(&owners[0]), 1);
}
END_TEST

/* Uploads of clients, each by a number of its own. */
static ep_book_result reserve_for(uint64_t client, ep_part part,
                                  int64_t amount, ep_claim *claim)
{
    part.client = client;
    part.amount = amount;
    return reserve(&part, 1, claim);
}

static ep_book_result regain_for(uint64_t client, ep_part part,
                                 int64_t amount, ep_claim *claim)
{
    part.client = client;
    part.amount = amount;
    ck_assert_int_eq(ep_book_feed(&book, claim), EP_BOOK_DENIED);
    return ep_book_regain(&book, NOW, &part, 1, claim, &denial);
}

START_TEST(what_one_client_holds_unsent_gives_way_to_another_one)
{
    const ep_part part = part_of(EP_QUOTA, 1, 1, 1000, 0);
    ep_claim hoard[10], other = { 0, 0 };
    size_t i;

    memset(hoard, 0, sizeof(hoard));
    open_book();
    measure(&part, 0);
    for (i = 0; i < COUNT(hoard); i++) {
        ck_assert_int_eq(reserve_for(1, part, 100, &hoard[i]),
                         EP_BOOK_GRANTED);
    }
    /* not to itself, and not to nobody */
    ck_assert_int_eq(reserve_for(1, part, 1, &other), EP_BOOK_DENIED);
    ck_assert_int_eq(reserve_for(0, part, 1, &other), EP_BOOK_DENIED);
    ck_assert_int_eq(held_of(&part), 1000);
    /* up to half of it, and as little as it takes */
    ck_assert_int_eq(reserve_for(2, part, 501, &other), EP_BOOK_DENIED);
    ck_assert_int_eq(denial.remaining, 0);
    ck_assert_int_eq(held_of(&part), 1000);
    ck_assert_int_eq(reserve_for(2, part, 150, &other), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&part), 950);
    ck_assert_int_eq(ep_book_feed(&book, &other), EP_BOOK_GRANTED);
    /* what has given way asks again, and finds what there is */
    ck_assert_int_eq(regain_for(1, part, 100, &hoard[0]), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 0);
    ck_assert_int_eq(denial.remaining, 50);
    ep_book_release(&book, &other);
    ck_assert_int_eq(ep_book_regain(&book, NOW, &part, 1, &hoard[0], &denial),
                     EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&part), 800);
    for (i = 0; i < COUNT(hoard); i++) {
        ep_book_release(&book, &hoard[i]);
    }
    ck_assert_int_eq(held_of(&part), 0);
    ck_assert_uint_eq(claims_now(), 0);
}
END_TEST

START_TEST(what_has_sent_something_gives_way_to_nobody)
{
    const ep_part part = part_of(EP_ALLOWANCE, 1, 1, 1000, 0);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve_for(1, part, 900, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_feed(&book, &claim), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve_for(2, part, 200, &other), EP_BOOK_DENIED);
    ck_assert_int_eq(reserve_for(2, part, 100, &other), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_feed(&book, &other), EP_BOOK_GRANTED);
    /* what is used does not, either */
    ep_book_settle(&book, NOW, &claim, 900, 0);
    ck_assert_int_eq(reserve_for(1, part, 1, &claim), EP_BOOK_DENIED);
    ck_assert_int_eq(ep_book_feed(&book, &claim), EP_BOOK_LOST);
    ck_assert_int_eq(ep_book_regain(&book, NOW, &part, 1, &claim, &denial),
                     EP_BOOK_LOST);
}
END_TEST

/* Among many, the one that holds the most of all gives way, and no other one. */
START_TEST(only_who_holds_most_gives_way)
{
    const ep_part part = part_of(EP_SPACE, 1, 1, 1000, 0);
    ep_claim claims[6], other = { 0, 0 };
    size_t i;

    memset(claims, 0, sizeof(claims));
    open_book();
    for (i = 0; i < 5; i++) {
        ck_assert_int_eq(reserve_for(10 + i, part, 50, &claims[i]),
                         EP_BOOK_GRANTED);
    }
    ck_assert_int_eq(reserve_for(1, part, 750, &claims[5]), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve_for(2, part, 300, &other), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&part), 550);
    for (i = 0; i < 5; i++) {
        ck_assert_int_eq(ep_book_feed(&book, &claims[i]), EP_BOOK_GRANTED);
    }
    ck_assert_int_eq(ep_book_feed(&book, &claims[5]), EP_BOOK_DENIED);
}
END_TEST

START_TEST(of_uploads_at_once_a_client_keeps_half)
{
    const ep_part part = part_of(EP_CONCURRENT, 1, 1, 5, 0);
    ep_claim claims[5], other[3];
    size_t i;

    memset(claims, 0, sizeof(claims));
    memset(other, 0, sizeof(other));
    open_book();
    for (i = 0; i < 5; i++) {
        ck_assert_int_eq(reserve_for(1, part, 1, &claims[i]),
                         EP_BOOK_GRANTED);
    }
    ck_assert_int_eq(reserve_for(2, part, 1, &other[0]), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_feed(&book, &other[0]), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve_for(2, part, 1, &other[1]), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_feed(&book, &other[1]), EP_BOOK_GRANTED);
    /* there are 3 places that are free or unsent: 2 are kept */
    ck_assert_int_eq(reserve_for(3, part, 1, &other[2]), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_feed(&book, &other[2]), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&part), 5);
    /* and of these 2 one */
    memset(other, 0, sizeof(other));
    ck_assert_int_eq(reserve_for(4, part, 1, &other[0]), EP_BOOK_GRANTED);
    ck_assert_int_eq(ep_book_feed(&book, &other[0]), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve_for(5, part, 1, &other[1]), EP_BOOK_DENIED);
    ck_assert_int_eq(held_of(&part), 5);
}
END_TEST

/* Nothing gives way for an upload that is denied for something else. */
START_TEST(nothing_gives_way_in_vain)
{
    ep_part parts[2] = {
        part_of(EP_SPACE, 1, 1, 1000, 100),
        part_of(EP_ALLOWANCE, 2, 2, 50, 100)
    };
    ep_claim claim = { 0, 0 }, other = { 0, 0 };

    open_book();
    ck_assert_int_eq(reserve_for(1, parts[0], 1000, &claim), EP_BOOK_GRANTED);
    parts[0].client = parts[1].client = 2;
    ck_assert_int_eq(reserve(parts, 2, &other), EP_BOOK_DENIED);
    ck_assert_uint_eq(denial.part, 1);
    ck_assert_int_eq(held_of(&parts[0]), 1000);
    parts[1].limit = 100;
    ck_assert_int_eq(reserve(parts, 2, &other), EP_BOOK_GRANTED);
    ck_assert_int_eq(held_of(&parts[0]), 100);
}
END_TEST

START_TEST(an_upload_that_grows_makes_others_give_way)
{
    ep_part part = part_of(EP_SPACE, 1, 1, 1000, 0);
    ep_claim claim = { 0, 0 }, other = { 0, 0 };
    int64_t granted = -7;

    open_book();
    ck_assert_int_eq(reserve_for(2, part, 1, &other), EP_BOOK_GRANTED);
    ck_assert_int_eq(reserve_for(1, part, 999, &claim), EP_BOOK_GRANTED);
    part.client = 2;
    ck_assert_int_eq(ep_book_grow(&book, NOW, &part, 1, &other, 501, 900,
                                  &granted, &denial), EP_BOOK_DENIED);
    ck_assert_int_eq(ep_book_grow(&book, NOW, &part, 1, &other, 400, 900,
                                  &granted, &denial), EP_BOOK_GRANTED);
    ck_assert_int_eq(granted, 400);
    ck_assert_int_eq(held_of(&part), 401);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_book");
    TCase *tcase = tcase_create("claims");

    tcase_add_test(tcase, the_memory_is_used_as_drawn);
    tcase_add_test(tcase, only_a_book_is_valid);
    tcase_add_test(tcase, all_parts_or_none);
    tcase_add_test(tcase, to_the_byte);
    tcase_add_test(tcase, a_first_upload_may_be_too_much);
    tcase_add_test(tcase, a_key_counts_once);
    tcase_add_test(tcase, a_claim_is_charged_once);
    tcase_add_test(tcase, a_part_that_does_not_fit_leaves_the_claim_as_it_was);
    tcase_add_test(tcase,
                   what_is_claimed_is_within_a_stricter_limit_as_well);
    tcase_add_test(tcase, a_claim_has_so_many_parts);
    tcase_add_test(tcase, a_claim_grows_by_what_there_is);
    tcase_add_test(tcase, what_is_not_claimed_does_not_grow);
    tcase_add_test(tcase, growing_tells_when_it_would_fit);
    tcase_add_test(tcase, a_file_replaced_by_a_smaller_one_gives_back);
    ADD_ROWS(tcase, what_is_overdrawn_is_bounded_however_often_it_is_measured,
             overdrafts);
    tcase_add_test(tcase, what_may_overdraw_takes_no_more_than_another_part_allows);
    tcase_add_test(tcase, content_that_was_read_takes_no_slot);
    tcase_add_test(tcase, a_claim_ends_once);
    tcase_add_test(tcase, an_account_that_is_another_ones_is_left_alone);
    tcase_add_test(tcase, a_claim_from_elsewhere_is_none);
    tcase_add_test(tcase, what_was_added_to_a_claim_can_be_undone);
    tcase_add_test(tcase, what_is_not_judged_here_counts_all_the_same);
    tcase_add_test(tcase, a_claim_that_is_kept_gives_way_to_nobody);
    tcase_add_test(tcase, all_claims_may_be_taken);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("periods");
    tcase_add_test(tcase, an_allowance_is_free_again_in_time);
    tcase_add_test(tcase,
                   what_is_under_way_counts_in_the_period_in_which_it_ends);
    tcase_add_test(tcase, what_comes_to_nothing_begins_no_period);
    tcase_add_test(tcase, a_claim_that_grows_over_a_border_counts_whole);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("room");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_key_goes_where_there_is_more_room);
    tcase_add_loop_test(tcase, most_places_are_taken_before_one_is_missing, 0,
                        20);
    tcase_add_test(tcase, a_bucket_gives_away_what_matters_least);
    tcase_add_test(tcase, a_claim_of_0_bytes_is_live_as_well);
    tcase_add_test(tcase, parts_of_one_claim_do_not_take_each_others_place);
    tcase_add_test(tcase, a_million_keys_evict_no_live_claim);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("trees");
    tcase_add_test(tcase, a_tree_is_unknown_until_it_is_measured);
    tcase_add_test(tcase, an_unknown_tree_counts_as_empty_where_that_is_taken);
    tcase_add_test(tcase, a_tree_is_planted_before_anyone_asks);
    tcase_add_test(tcase, what_nobody_asks_for_is_forgotten_in_time);
    tcase_add_test(tcase, what_is_under_way_is_not_forgotten);
    tcase_add_test(tcase, a_path_has_room_up_to_its_end);
    tcase_add_test(tcase, a_path_ends_whatever_there_is);
    tcase_add_test(tcase, a_number_is_taken_if_nothing_happened);
    tcase_add_test(tcase, an_upload_of_0_bytes_disturbs_as_well);
    tcase_add_test(tcase, patience_ends_and_what_was_added_comes_on_top);
    tcase_add_test(tcase, only_claims_on_that_tree_may_be_in_its_number);
    tcase_add_test(tcase, a_tree_without_usage_takes_any_number);
    tcase_add_test(tcase, what_cannot_be_measured_is_unknown);
    tcase_add_test(tcase, what_was_seen_of_an_unknown_tree_counts);
    tcase_add_test(tcase, a_tree_that_went_is_not_measured);
    tcase_add_test(tcase,
                   of_shares_with_as_many_the_one_goes_that_nobody_asked_for);
    tcase_add_test(tcase, no_share_keeps_more_places_than_another_one_has);
    tcase_add_test(tcase, no_owner_takes_a_place_of_the_servers);
    tcase_add_test(tcase, what_is_planted_keeps_its_place);
    tcase_add_test(tcase, what_is_offered_is_measured_and_then_known);
    tcase_add_test(tcase,
                   what_is_offered_gives_way_to_all_and_takes_no_place);
    tcase_add_test(tcase, what_is_offered_no_more_is_forgotten);
    tcase_add_test(tcase,
                   an_owners_tree_that_the_server_asks_for_is_the_servers);
    tcase_add_test(tcase, a_tree_that_comes_back_is_not_empty);
    tcase_add_test(tcase, what_passes_unmeasured_is_bounded);
    tcase_add_test(tcase, what_another_part_denies_measures_nothing);
    tcase_add_test(tcase, all_trees_of_one_upload_fit_or_none);
    tcase_add_test(tcase, a_tree_without_room_is_left_out_where_that_is_taken);
    tcase_add_test(tcase,
                   an_account_without_room_is_left_out_where_that_is_taken);
    tcase_add_test(tcase, an_owners_limits_take_no_room_of_the_servers);
    tcase_add_test(tcase, what_one_client_holds_unsent_gives_way_to_another_one);
    tcase_add_test(tcase, what_has_sent_something_gives_way_to_nobody);
    tcase_add_test(tcase, only_who_holds_most_gives_way);
    tcase_add_test(tcase, of_uploads_at_once_a_client_keeps_half);
    tcase_add_test(tcase, nothing_gives_way_in_vain);
    tcase_add_test(tcase, an_upload_that_grows_makes_others_give_way);
    tcase_add_test(tcase, an_account_that_both_limit_is_the_servers);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("deaths");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_the_dead_hold_is_given_back);
    tcase_add_test(tcase, what_is_held_is_computed_anew);
    tcase_add_test(tcase, what_is_held_in_trees_is_computed_anew);
    tcase_add_test(tcase, where_nobody_died_nothing_changes);
    tcase_add_test(tcase, a_claim_in_no_state_is_nobodys);
    tcase_add_test(tcase, what_the_dead_wrote_to_is_due);
    tcase_add_test(tcase, only_who_died_inside_leaves_work);
    ADD_ROWS(tcase, whoever_dies_has_done_all_or_nothing, steps);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
