/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Shows what is in a ledger: ledger-show FILE, as a user who may read it, with
 * or without a server that uses it.  FILE is expect_policy.ledger in
 * DefaultRuntimeDir.
 *
 * The file is read once and looked at without the server's lock: numbers that
 * belong together may be a moment apart.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ep_book.h"

/* What stands in front of the book, in bytes (ledger_block.c). */
#define FRONT_SIZE 4096

static const char *const kinds[] = {
    "space", "quota", "allowance", "concurrent"
};

static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = NULL;
    long length = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        length = ftell(file);
        rewind(file);
    }
    if (length > FRONT_SIZE) {
        *size = (size_t)length;
        bytes = malloc(*size);
    }
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        bytes = NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return bytes;
}

static void show_trees(const ep_book *book)
{
    uint32_t i;

    for (i = 0; i < book->trees_count; i++) {
        ep_tree tree;
        ep_balance balance = { 0, 0, 0 };

        if (ep_book_tree(book, i, &tree)) {
            ep_book_balance(book, EP_QUOTA, tree.key, 1, &balance);
            printf("tree used=%" PRId64 " held=%" PRId64 " known=%d %s\n",
                   balance.used, balance.held, tree.is_known, tree.path);
        }
    }
}

static void show_accounts(const ep_book *book)
{
    uint32_t i;

    for (i = 0; i < book->accounts_count; i++) {
        const ep_account *account = &book->accounts[i];
        const uint32_t kind = account->kind - 1;

        if (kind < sizeof(kinds) / sizeof(kinds[0])) {
            printf("%s used=%" PRId64 " held=%" PRId64 " key=%016" PRIx64
                   "%016" PRIx64 "\n", kinds[kind], account->used,
                   account->held, account->key_high, account->key_low);
        }
    }
}

int main(int argc, char **argv)
{
    ep_book_counts counts;
    unsigned char *bytes;
    ep_book book;
    size_t size;

    if (argc != 2) {
        fprintf(stderr, "usage: ledger-show FILE\n");
        return 2;
    }
    bytes = read_file(argv[1], &size);
    if (bytes == NULL) {
        fprintf(stderr, "ledger-show: %s: %s\n", argv[1],
                errno != 0 ? strerror(errno) : "too short");
        return 1;
    }
    if (!ep_book_lay_out(&book, bytes + FRONT_SIZE, size - FRONT_SIZE)
        || !ep_book_is_valid(&book)) {
        fprintf(stderr, "ledger-show: %s is no ledger of this version\n",
                argv[1]);
        free(bytes);
        return 1;
    }
    ep_book_count(&book, &counts);
    printf("claims %" PRIu32 " of %" PRIu32 "\ntrees %" PRIu32 " of %" PRIu32
           "\naccounts %" PRIu32 " of %" PRIu32 "\n", counts.claims,
           book.claims_count, counts.trees, book.trees_count, counts.accounts,
           book.accounts_count);
    show_trees(&book);
    show_accounts(&book);
    free(bytes);
    return 0;
}
