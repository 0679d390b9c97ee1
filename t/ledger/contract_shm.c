/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The provider shm, without httpd, for the contract suite.  Linked with --wrap for
 * ep_book_leave(), so that a child can be stopped while it has the lock. */

#include "contract.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/shm_file.h"

#define SIZE ((apr_size_t)1 << 20)

void __real_ep_book_leave(const ep_book *book);

static char path[64];
static ep_shm_file file;
/* 1: this process stops with the lock */
static int stops_in_lock;
/* that has done so; 0: none */
static pid_t stopped;
static int is_unmapped;

void __wrap_ep_book_leave(const ep_book *book)
{
    if (stops_in_lock) {
        stops_in_lock = 0;
        raise(SIGSTOP);
    }
    __real_ep_book_leave(book);
}

/* As a child does; what the parent tells is this process's to write, too. */
static void use_file(void)
{
    if (ep_shm_book_map(&file.block) != APR_SUCCESS
        || ep_shm_book_start() != APR_SUCCESS
        || mprotect(file.block.orders, sizeof(*file.block.orders),
                    PROT_READ | PROT_WRITE) != 0) {
        fprintf(stderr, "the ledger cannot be used\n");
        exit(1);
    }
    ep_shm_file_started(&file, getpid());
}

static void open_file(ep_ledger_opened wanted)
{
    char why[EP_LEDGER_WHY_SIZE];

    if (ep_shm_file_open(&file, path, SIZE, why) != wanted) {
        fprintf(stderr, "no ledger: %s\n", why);
        exit(1);
    }
    use_file();
}

static void set_up(void)
{
    snprintf(path, sizeof(path), "/tmp/ledger-contract-%d", (int)getpid());
    unlink(path);
    open_file(EP_LEDGER_NEW);
}

static void close_file(void)
{
    ep_shm_book_unmap();
    ep_shm_file_close(&file);
}

static void tear_down(void)
{
    close_file();
    unlink(path);
}

static void restart(void)
{
    close_file();
    open_file(EP_LEDGER_FOUND);
}

static void tell_death(pid_t pid)
{
    ep_shm_file_ended(&file, pid);
}

static void stop_in_lock(void)
{
    ep_ledger_counts counts;
    int status;

    stopped = fork();
    if (stopped == 0) {
        stops_in_lock = 1;
        ep_shm_book_count_entries(&counts);
        _exit(0);
    }
    waitpid(stopped, &status, WUNTRACED);
}

static void go_on(void)
{
    int status;

    if (stopped > 0) {
        kill(stopped, SIGCONT);
        waitpid(stopped, &status, 0);
        stopped = 0;
    }
    file.block.orders->is_open = 1;
    if (is_unmapped) {
        is_unmapped = 0;
        use_file();
    }
}

/* That of a book which was overwritten is for t/ledger/processes.c to see. */
static int fail_with(apr_status_t status)
{
    switch (status) {
    case APR_SUCCESS:
        go_on();
        return 1;
    case APR_TIMEUP:
        stop_in_lock();
        return 1;
    case APR_EAGAIN:
        file.block.orders->is_open = 0;
        return 1;
    case APR_EINIT:
        ep_shm_book_unmap();
        is_unmapped = 1;
        return 1;
    default:
        return 0;
    }
}

/* What has no member here is httpd's to call. */
static const ep_ledger_provider provider = {
    .reserve = ep_shm_book_reserve,
    .confirm = ep_shm_book_confirm,
    .end_content = ep_shm_book_end_content,
    .trim = ep_shm_book_trim,
    .grow = ep_shm_book_grow,
    .settle = ep_shm_book_settle,
    .release = ep_shm_book_release,
    .next_tree = ep_shm_book_next_tree,
    .announce_trees = ep_shm_book_announce_trees,
    .find_tree = ep_shm_book_find_tree,
    .doubt_usage = ep_shm_book_doubt_usage,
    .name_tree = ep_shm_book_name_tree,
    .report_usage = ep_shm_book_report_usage,
    .read_balance = ep_shm_book_read_balance,
    .count_entries = ep_shm_book_count_entries
};

const contract_subject contract_shm = {
    "shm", &provider, set_up, tear_down, restart, NULL, tell_death, fail_with,
    NULL
};
