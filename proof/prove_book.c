/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: book account amount
 * lengths: the smallest book, of any content, which is another one at each
 *          read; any claim; up to 26 parts of any keys and amounts; a path of 2
 *          and one of 1023 characters; times above 0
 * below: places_of 91% the smallest book has one bucket of trees
 * below: places_with 90% whose places are all there
 * below: is_crowded 90% the same
 * below: find_removable 95% the same
 * joined: all
 * options: -eva-auto-loop-unroll 28 -eva-domains gauges
 */
#include "any.h"
#include "core/book/book.h"

enum { parts_max = EP_PARTS_MAX + 2 };

static uint64_t memory[EP_BOOK_SIZE_MIN / sizeof(uint64_t)];
static ep_book book;
static ep_part parts[parts_max];
static char short_path[3];
static char long_path[EP_TREE_PATH_SIZE];
static ep_tree tree;

static int64_t any_amount(void)
{
    return Frama_C_long_interval(0, INT64_MAX);
}

static ep_key any_key(void)
{
    ep_key key;

    key.high = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    key.low = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    return key;
}

static ep_kind any_kind(void)
{
    return (ep_kind)Frama_C_interval(EP_SPACE, EP_CONCURRENT);
}

static void any_part(ep_part *part, const char *path)
{
    part->kind = any_kind();
    part->key = any_key();
    part->limit = any_amount();
    part->amount = any_amount();
    part->overdraft = any_amount();
    part->period = Frama_C_long_interval(1, INT64_MAX);
    part->path = path;
    part->is_file = ANY_BIT;
    part->is_owners = ANY_BIT;
    part->client = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    part->is_kept = ANY_BIT;
    part->is_unjudged = ANY_BIT;
    part->share = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    part->is_measured = ANY_BIT;
    part->measured = any_amount();
}

static int64_t any_time(void)
{
    return Frama_C_long_interval(1, INT64_MAX);
}

static int is_alive(uint32_t owner, void *data)
{
    (void)owner;
    (void)data;
    return ANY_BIT;
}

static ep_claim any_claim(void)
{
    ep_claim claim;

    claim.index = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    claim.serial = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    return claim;
}

static void reserve(size_t count)
{
    ep_claim claim = any_claim();
    ep_denial denial = { 0, 0, -1, 0 };

    ep_book_reserve(&book, Frama_C_unsigned_int_interval(0, UINT32_MAX),
                    any_time(), parts, count, ANY_BIT, &claim, &denial);
    //@ check a_part: denial.part < parts_max;
    //@ check an_amount: denial.remaining >= 0;
    //@ check a_time: denial.wait >= -1;
}

static void foresee(size_t count)
{
    ep_denial denial = { 0, 0, -1, 0 };

    ep_book_foresee(&book, any_time(), parts, count, ANY_BIT, &denial);
    //@ check a_part: denial.part < parts_max;
    //@ check an_amount: denial.remaining >= 0;
    //@ check a_time: denial.wait >= -1;
}

static void grow(size_t count)
{
    ep_claim claim = any_claim();
    ep_denial denial = { 0, 0, -1, 0 };
    int64_t granted = 0;

    ep_book_grow(&book, any_time(), parts, count, &claim, any_amount(),
                 any_amount(), &granted, &denial);
    //@ check granted: granted >= 0;
    //@ check a_part: denial.part < parts_max;
    //@ check an_amount: denial.remaining >= 0;
    //@ check a_time: denial.wait >= -1;
}

static void regain(size_t count)
{
    ep_claim claim = any_claim();
    ep_denial denial = { 0, 0, -1, 0 };

    ep_book_feed(&book, &claim);
    ep_book_regain(&book, any_time(), parts, count, &claim, &denial);
    //@ check a_part: denial.part < parts_max;
    //@ check an_amount: denial.remaining >= 0;
}

static void end_content(void)
{
    const ep_claim claim = any_claim();

    ep_book_end_content(&book, &claim);
    ep_book_trim(&book, &claim,
                 (uint32_t)Frama_C_unsigned_long_interval(0, UINT32_MAX));
}

static void end(void)
{
    ep_claim claim = any_claim();

    if (ANY_BIT) {
        ep_book_settle(&book, any_time(), &claim, any_amount(),
                       Frama_C_long_interval(INT64_MIN, INT64_MAX));
    }
    else {
        ep_book_release(&book, &claim);
    }
    //@ check gone: claim.serial == 0 && claim.index == 0;
}

static void measure(void)
{
    int is_there = ep_book_tree(
        &book, Frama_C_unsigned_int_interval(0, UINT32_MAX), &tree);

    if (is_there) {
        //@ check a_path: tree.path[EP_TREE_PATH_SIZE - 1] == 0;
        //@ check times: tree.asked >= 0 && tree.measured >= 0;
        //@ check amounts: tree.took >= 0 && tree.settled >= 0;
        ep_book_measured(&book, any_time(), &tree,
                         Frama_C_long_interval(INT64_MIN, INT64_MAX), any_amount(),
                         ANY_BIT);
    }
    ep_book_doubt(&book, any_time(), any_key());
}

static void ask(void)
{
    ep_balance balance = { 0, 0, 0 };
    ep_book_counts counts;

    ep_book_balance(&book, any_kind(), any_key(), any_time(), &balance);
    //@ check amounts: balance.held >= 0 && balance.used >= 0;
    //@ check known: balance.is_known == 0 || balance.is_known == 1;
    ep_book_count(&book, &counts);
    ep_book_recover(&book, is_alive, NULL);
    ep_book_enter(&book);
    ep_book_leave(&book);
}

int main(void)
{
    const size_t count = Frama_C_unsigned_long_interval(0, parts_max);
    size_t i;
    int is_laid_out = ep_book_lay_out(&book, memory, EP_BOOK_SIZE_MIN - 1);

    //@ check too_small: is_laid_out == 0;
    is_laid_out = ep_book_lay_out(&book, memory, sizeof(memory));
    //@ check large_enough: is_laid_out == 1;
    Frama_C_make_unknown((char *)memory, sizeof(memory));
    Frama_C_make_unknown(short_path, sizeof(short_path) - 1);
    Frama_C_make_unknown(long_path, sizeof(long_path) - 1);
    for (i = 0; i < parts_max; i++) {
        any_part(&parts[i], long_path);
    }
    ep_book_is_valid(&book);
    reserve(count);
    grow(count);
    foresee(count);
    regain(count);
    end_content();
    end();
    ep_book_plant(&book, any_time(), &parts[0]);
    ep_book_start(&book);
    ep_book_sweep(&book);
    ep_book_offer(&book, any_time(), &parts[0], 1);
    ep_book_sweep_offered(&book, 1);
    ep_book_ask(&book, any_time(), &parts[0], &tree);
    measure();
    ask();
    any_part(&parts[0], short_path);
    ep_book_plant(&book, any_time(), &parts[0]);
    ep_book_clear(&book);
    return 0;
}
