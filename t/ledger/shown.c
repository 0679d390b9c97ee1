/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Runs ledger-show on damaged files:
 *
 *     shown PROGRAM DIRECTORY CORPUS ...
 *
 * PROGRAM is ledger-show, under ASan and UBSan.  It ends with 0 or 1, prints
 * lines of printable ASCII alone, and each of them is of a known kind.  DIRECTORY
 * is made; each file of a CORPUS is written over a ledger, and shown by itself.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/book/book.h"

#define FRONT 4096
#define SIZE (FRONT + EP_BOOK_SIZE_MIN)
#define RANDOM_FILES 60
#define OUTPUT_MOST (1 << 20)

static const char *program;
static char file[512], link_file[512];
static unsigned char block[SIZE] __attribute__((aligned(64)));
static char output[OUTPUT_MOST + 1];
static int shown, refused;

static void die(const char *what, const char *which)
{
    fprintf(stderr, "shown: %s: %s\n%.2000s\n", which, what, output);
    exit(1);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *out = fopen(path, "wb");

    if (out == NULL || fwrite(bytes, 1, size, out) != size
        || fclose(out) != 0) {
        die(strerror(errno), path);
    }
}

static int is_line(const char *line)
{
    static const char *const kinds[] = {
        "claims ", "trees ", "accounts ", "tree used=", "space used=",
        "quota used=", "allowance used=", "concurrent used=", "ledger-show: "
    };
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strncmp(line, kinds[i], strlen(kinds[i])) == 0) {
            return strstr(line, "=-") == NULL;
        }
    }
    return 0;
}

static void check_output(size_t length, const char *which)
{
    char *line, *rest = NULL;
    size_t i;

    for (i = 0; i < length; i++) {
        if (output[i] != '\n' && (output[i] < ' ' || output[i] > '~')) {
            die("a byte that a terminal may act upon", which);
        }
    }
    for (line = strtok_r(strdup(output), "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (!is_line(line)) {
            die(line, which);
        }
    }
}

/* @return what it ended with */
static int run(const char *path, const char *which)
{
    char command[1200];
    size_t length;
    FILE *in;
    int status;

    snprintf(command, sizeof(command), "timeout 20 %s '%s' 2>&1", program,
             path);
    in = popen(command, "r");
    if (in == NULL) {
        die(strerror(errno), which);
    }
    length = fread(output, 1, OUTPUT_MOST, in);
    output[length] = '\0';
    status = pclose(in);
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1
        || strstr(output, "runtime error") != NULL) {
        die("it broke", which);
    }
    check_output(length, which);
    if (WEXITSTATUS(status) == 0) {
        shown++;
    }
    else {
        refused++;
    }
    return WEXITSTATUS(status);
}

static void must(int result, int expected, const char *words,
                 const char *which)
{
    if (result != expected || strstr(output, words) == NULL) {
        die(words, which);
    }
}

/* A ledger with a tree of that path, and one beside it. */
static void make_ledger(const char *path)
{
    ep_part part;
    ep_book book;

    memset(block, 0, sizeof(block));
    memset(&part, 0, sizeof(part));
    part.kind = EP_QUOTA;
    part.key.high = 1;
    part.key.low = UINT64_C(1) << 32;
    part.path = path;
    ep_book_lay_out(&book, block + FRONT, SIZE - FRONT);
    ep_book_clear(&book);
    if (ep_book_plant(&book, 1, &part) != EP_BOOK_GRANTED) {
        die("no room", path);
    }
    part.key.high = 2;
    part.path = "/beside";
    if (ep_book_plant(&book, 1, &part) != EP_BOOK_GRANTED) {
        die("no room", path);
    }
}

static void check_path(const char *path, const char *printed)
{
    char line[2048];

    make_ledger(path);
    write_file(file, block, SIZE);
    snprintf(line, sizeof(line), "tree used=0 held=0 limit=0 known=0 %s\n",
             printed);
    must(run(file, printed), 0, line, printed);
    must(0, 0, "trees 2 of ", printed);
    must(0, 0, "known=0 /beside\n", printed);
}

static void check_paths(void)
{
    check_path("/home/sites/plain", "/home/sites/plain");
    check_path("/a\ntree used=1 held=0 known=1 /b",
               "/a\\x0atree used=1 held=0 known=1 /b");
    check_path("/\033]0;owned\a\033[2J", "/\\x1b]0;owned\\x07\\x1b[2J");
    check_path("/\x9b" "31m\x80\xff", "/\\x9b31m\\x80\\xff");
    check_path("/\xc3\xa4\\x0a", "/\\xc3\\xa4\\\\x0a");
}

static void check_files(void)
{
    static const char nothing[SIZE];

    make_ledger("/x");
    write_file(file, block, SIZE);
    must(run(file, "a ledger"), 0, "trees 2 of ", "a ledger");
    if (symlink("file", link_file) != 0 || access(link_file, R_OK) != 0) {
        die(strerror(errno), link_file);
    }
    must(run(link_file, "a link"), 1, "link", "a link");
    unlink(link_file);
    if (mkfifo(link_file, 0600) != 0) {
        die(strerror(errno), link_file);
    }
    must(run(link_file, "a pipe"), 1, "no regular file", "a pipe");
    unlink(link_file);
    must(run("/dev/zero", "a device"), 1, "no regular file", "a device");
    must(run("/", "a directory"), 1, "no regular file", "a directory");
    must(run("/no\nsuch\033", "its name"), 1, "/no\\x0asuch\\x1b", "its name");
    write_file(file, block, SIZE - 4);
    must(run(file, "cut"), 1, "too short", "cut");
    write_file(file, "", 0);
    must(run(file, "empty"), 1, "too short", "empty");
    write_file(file, nothing, SIZE);
    must(run(file, "zeros"), 1, "no ledger", "zeros");
    /* sparse: none of it is read */
    if (truncate(file, (off_t)1 << 40) == 0) {
        must(run(file, "a terabyte"), 1, "too long", "a terabyte");
    }
}

/* A ledger with bytes over it, first at its start, then at its tables. */
static void check_over(const unsigned char *bytes, size_t size,
                       const char *which)
{
    static const size_t places[] = { FRONT + 32, FRONT + 256, FRONT + 40000,
                                     SIZE - 20000 };
    size_t i, at;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        make_ledger("/x");
        for (at = places[i]; size > 0 && at < SIZE; at++) {
            block[at] = bytes[(at - places[i]) % size];
        }
        write_file(file, block, SIZE);
        run(file, which);
    }
    write_file(file, bytes, size);
    run(file, which);
}

static int check_corpus(const char *directory)
{
    static unsigned char bytes[SIZE];
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    char path[1024];
    int count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        FILE *in;

        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        in = entry->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        if (in != NULL) {
            check_over(bytes, fread(bytes, 1, sizeof(bytes), in), path);
            fclose(in);
            count++;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

static void check_random(void)
{
    static unsigned char bytes[SIZE];
    unsigned int seed, i;

    for (seed = 1; seed <= RANDOM_FILES; seed++) {
        srand(seed);
        for (i = 0; i < SIZE; i++) {
            bytes[i] = (unsigned char)(rand() >> 7);
        }
        check_over(bytes, seed % 2 ? SIZE : 1 + seed, "random bytes");
    }
}

int main(int argc, char **argv)
{
    int i, seeds = 0;

    if (argc < 4) {
        fprintf(stderr, "usage: shown PROGRAM DIRECTORY CORPUS ...\n");
        return 2;
    }
    program = argv[1];
    mkdir(argv[2], 0700);
    snprintf(file, sizeof(file), "%s/file", argv[2]);
    snprintf(link_file, sizeof(link_file), "%s/other", argv[2]);
    check_paths();
    check_files();
    for (i = 3; i < argc; i++) {
        seeds += check_corpus(argv[i]);
    }
    check_random();
    unlink(file);
    rmdir(argv[2]);
    if (seeds < 20 || shown < seeds || refused < seeds) {
        die("too few were looked at", "all");
    }
    printf("shown: %d ledgers shown, %d files refused, no broken promise\n",
           shown, refused);
    return 0;
}
