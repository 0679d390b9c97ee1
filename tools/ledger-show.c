/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Shows what is in a ledger: ledger-show FILE, as a user who may read it, with
 * or without a server that uses it.  FILE is expect_policy.ledger in
 * DefaultRuntimeDir.
 *
 * The file is read once and looked at without the server's lock: numbers that
 * belong together may be a moment apart.
 *
 * Root may look at what httpd's user has written: nothing in the file is
 * trusted, no link is followed, and paths are printed in printable ASCII alone.
 */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/book/book.h"
#include "core/text/sink.h"

/* What stands in front of the book, in bytes (EP_SHM_BOOK_FRONT_SIZE). */
#define FRONT_SIZE 4096

static const char *const kinds[] = {
    "space", "quota", "allowance", "concurrent"
};

static void take(void *data, const char *bytes, size_t length)
{
    fwrite(bytes, 1, length, data);
}

static void print(FILE *to, const char *text)
{
    const ep_sink sink = { take, to };

    ep_sink_printable(&sink, text);
}

/* @return main()'s result */
static int fail(const char *path, const char *why)
{
    fputs("ledger-show: ", stderr);
    print(stderr, path);
    fprintf(stderr, ": %s\n", why);
    return 1;
}

/* @return NULL, or what is wrong with a file */
static const char *check_file(int fd, size_t *size)
{
    struct stat found;

    if (fstat(fd, &found) != 0) {
        return strerror(errno);
    }
    if (!S_ISREG(found.st_mode)) {
        return "no regular file";
    }
    if (found.st_size < FRONT_SIZE + EP_BOOK_SIZE_MIN) {
        return "too short";
    }
    if (found.st_size > (off_t)FRONT_SIZE + EP_BOOK_SIZE_MAX) {
        return "too long";
    }
    *size = (size_t)found.st_size;
    return NULL;
}

/* Reads as much, or up to the end of a file that has become shorter.
 * @return NULL, or what is wrong with it */
static const char *read_file(int fd, unsigned char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        const ssize_t length = read(fd, bytes + done, size - done);

        if (length == 0) {
            return "too short";
        }
        if (length > 0) {
            done += (size_t)length;
        }
        else if (errno != EINTR) {
            return strerror(errno);
        }
    }
    return NULL;
}

static void show_trees(const ep_book *book)
{
    uint32_t i;

    for (i = 0; i < book->trees_count; i++) {
        ep_tree tree;
        ep_balance balance = { 0, 0, 0 };

        if (ep_book_tree(book, i, &tree)) {
            ep_book_balance(book, EP_QUOTA, tree.key, 1, &balance);
            printf("tree used=%" PRId64 " held=%" PRId64 " limit=%" PRId64
                   " known=%d ", balance.used, balance.held, tree.limit,
                   tree.is_known);
            print(stdout, tree.path);
            putchar('\n');
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
                   "%016" PRIx64 "\n", kinds[kind],
                   ep_amount_of(account->used), ep_amount_of(account->held),
                   account->key_high, account->key_low);
        }
    }
}

static void show(const ep_book *book)
{
    ep_book_counts counts;

    ep_book_count(book, &counts);
    printf("claims %" PRIu32 " of %" PRIu32 "\ntrees %" PRIu32 " of %" PRIu32
           "\naccounts %" PRIu32 " of %" PRIu32 "\n", counts.claims,
           book->claims_count, counts.trees, book->trees_count,
           counts.accounts, book->accounts_count);
    show_trees(book);
    show_accounts(book);
}

/* @return NULL, or why it cannot be shown */
static const char *show_file(int fd)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    ep_book book;
    const char *wrong = check_file(fd, &size);

    if (wrong == NULL) {
        bytes = malloc(size);
        wrong = bytes != NULL ? read_file(fd, bytes, size) : strerror(ENOMEM);
    }
    if (wrong == NULL
        && (!ep_book_lay_out(&book, bytes + FRONT_SIZE, size - FRONT_SIZE)
            || !ep_book_is_valid(&book))) {
        wrong = "no ledger of this version";
    }
    if (wrong == NULL) {
        show(&book);
    }
    free(bytes);
    return wrong;
}

int main(int argc, char **argv)
{
    const char *wrong;
    int fd;

    if (argc != 2) {
        fprintf(stderr, "usage: ledger-show FILE\n");
        return 2;
    }
    /* a pipe that nobody writes to does not block */
    fd = open(argv[1], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return fail(argv[1], strerror(errno));
    }
    wrong = show_file(fd);
    close(fd);
    if (wrong == NULL && fflush(stdout) != 0) {
        wrong = strerror(errno);
    }
    return wrong != NULL ? fail(argv[1], wrong) : 0;
}
