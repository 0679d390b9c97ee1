/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The provider redis for the contract suite, with a redis-server of its own, and
 * without httpd.  The provider has one state for a process, and threads.  So each
 * child of a test begins it anew, and while this process forks, it has no threads.
 */

#include "contract.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ap_provider.h"
#include "apr_general.h"
#include "apr_strings.h"
#include "http_config.h"
#include "http_log.h"

#include "connection/fork.h"
#include "fake.h"
#include "redis/fleet.h"
#include "redis/journal.h"

module AP_MODULE_DECLARE_DATA expect_policy_redis_module;

static apr_pool_t *process, *child;
static process_rec process_record;
static server_rec server;
/* as it was registered; a copy of it, complete after parse(); what it has in it */
static const ep_ledger_provider *registered;
static ep_ledger_provider redis, shm;
static void *config;
static ep_journal *journal;
static char directory[] = "/tmp/contract-redis-XXXXXX";
static int port;
/* of redis-server; 0: it was not started yet */
static long redis_pid;
/* 1: this process has threads of the provider */
static int is_up;

static void stop_with(const char *what)
{
    fprintf(stderr, "contract_redis: %s\n", what);
    exit(1);
}

/* ------------------------------------------------ what httpd would bring */

int (ap_get_server_module_loglevel)(const server_rec *s, int index)
{
    (void)s;
    (void)index;
    return APLOG_ERR;
}

void ap_log_error_(const char *file, int line, int index, int level,
                   apr_status_t status, const server_rec *s,
                   const char *format, ...)
{
    va_list all;

    (void)file; (void)line; (void)index; (void)status; (void)s;
    if ((level & APLOG_LEVELMASK) <= APLOG_ERR) {
        va_start(all, format);
        printf("# ");
        vprintf(format, all);
        printf("\n");
        va_end(all);
    }
}

void ep_fork_guard(void)
{
}

apr_status_t ap_register_provider(apr_pool_t *pool, const char *group,
                                  const char *name, const char *version,
                                  const void *provider)
{
    (void)pool; (void)group; (void)version;
    if (strcmp(name, "redis") == 0) {
        registered = provider;
    }
    return APR_SUCCESS;
}

static const char *parse(apr_pool_t *pool, const char *argument, void **own)
{
    (void)pool; (void)argument;
    *own = NULL;
    return NULL;
}

static const char *check_config(apr_pool_t *pconf, void *own)
{
    (void)pconf; (void)own;
    return NULL;
}

static void post_config(apr_pool_t *pconf, server_rec *s, void *own)
{
    (void)pconf; (void)s; (void)own;
}

static void child_init(server_rec *s)
{
    (void)s;
}

void *ap_lookup_provider(const char *group, const char *name,
                         const char *version)
{
    (void)group; (void)name; (void)version;
    shm = *contract_shm.provider;
    shm.parse = parse;
    shm.check_config = check_config;
    shm.post_config = post_config;
    shm.child_init = child_init;
    return &shm;
}

ep_journal *__real_ep_journal_make(apr_pool_t *pool, const char *key);

ep_journal *__wrap_ep_journal_make(apr_pool_t *pool, const char *key)
{
    journal = __real_ep_journal_make(pool, key);
    return journal;
}

/* ------------------------------------------------------------ start and end */

/* Begins, as a child of the server, which may have lived before. */
static void start(void)
{
    apr_pool_create(&child, NULL);
    redis.post_config(process, &server, config);
    redis.child_init(&server);
    ep_fleet_start(child, &server);
    is_up = 1;
}

static void stop(void)
{
    is_up = 0;
    apr_pool_destroy(child);
}

static int was_up;

static void before_fork(void)
{
    was_up = is_up;
    if (is_up) {
        stop();
    }
}

static void after_fork(void)
{
    if (was_up) {
        start();
    }
}

static redisContext *connection(void)
{
    redisContext *to = redisConnect("127.0.0.1", port);

    if (to == NULL || to->err != 0) {
        stop_with("no connection to redis-server");
    }
    return to;
}

static void flush_all(void)
{
    redisContext *to = connection();

    freeReplyObject(redisCommand(to, "FLUSHALL"));
    redisFree(to);
}

static void end_redis(void)
{
    char socket[80];

    fake_redis_stop(redis_pid, SIGKILL);
    snprintf(socket, sizeof(socket), "%s/socket", directory);
    unlink(socket);
    rmdir(directory);
}

static void start_redis(void)
{
    if (redis_pid != 0) {
        return;
    }
    apr_initialize();
    if (mkdtemp(directory) == NULL) {
        stop_with("mkdtemp");
    }
    port = fake_free_port();
    redis_pid = fake_redis_start(port, directory, "no");
    atexit(end_redis);
    pthread_atfork(before_fork, after_fork, NULL);
}

/* The memory of the server; Redis keeps its own. */
static void make_server(void)
{
    const char *wrong;

    apr_pool_create(&process, NULL);
    process_record.pool = process;
    server.process = &process_record;
    ep_fleet_register(process);
    wrong = registered->parse(
        process, apr_psprintf(process, "//127.0.0.1:%d timeout=5s lease=5s", port),
        &config);
    if (wrong != NULL) {
        stop_with(wrong);
    }
    redis = *registered;
}

static void drop_server(void)
{
    munmap(journal, sizeof(*journal));
    apr_pool_destroy(process);
}

static void set_up(void)
{
    start_redis();
    flush_all();
    contract_shm.set_up();
    make_server();
    start();
}

static void tear_down(void)
{
    stop();
    drop_server();
    contract_shm.tear_down();
}

static void restart(void)
{
    stop();
    drop_server();
    contract_shm.restart();
    make_server();
    start();
}

static void join(void)
{
    was_up = is_up = 0;
    start();
}

/* ------------------------------------------------- what is told to Redis */

/* @return 1: Redis does not know an end yet, or still has what an incarnation held whose
 * thread has died in a call */
static int is_behind(void)
{
    apr_uint32_t i;

    if (journal->is_doubtful || journal->is_lost || journal->is_to_drop
        || journal->is_used_owed || journal->told_trees != journal->generation) {
        return 1;
    }
    for (i = 0; i < EP_JOURNAL_ENTRIES; i++) {
        ep_journal_entry *entry = &journal->entries[i];
        const ep_journal_state state = ep_journal_state_of(entry);

        if (state == EP_JOURNAL_ENDED
            || (state == EP_JOURNAL_LIVE && entry->slots == 1)
            || ep_journal_is_dead(entry)) {
            return 1;
        }
    }
    return 0;
}

static void wait_for_redis(void)
{
    int tries;

    for (tries = 0; is_behind() && tries < 10000; tries++) {
        usleep(1000);
    }
}

static void tell_death(pid_t pid)
{
    contract_shm.tell_death(pid);
    wait_for_redis();
}

/* What an incarnation held that is not known any more counts no more. */
static int has_lease(redisContext *to, const char *incarnation)
{
    redisReply *reply = redisCommand(to, "HEXISTS {ep:default}:leases %s", incarnation);
    const int is_there = reply->integer == 1;

    freeReplyObject(reply);
    return is_there;
}

static void add_account(redisContext *to, const char *key, apr_int64_t *held,
                        apr_int64_t *used)
{
    redisReply *fields = redisCommand(to, "HGETALL %s", key);
    size_t i;

    for (i = 0; i + 1 < fields->elements; i += 2) {
        const char *name = fields->element[i]->str;
        const apr_int64_t value = strtoll(fields->element[i + 1]->str, NULL, 10);

        *held += strncmp(name, "h:", 2) == 0 && has_lease(to, name + 2) ? value : 0;
        *used += strncmp(name, "u:", 2) == 0 || strcmp(name, "m") == 0 ? value : 0;
    }
    freeReplyObject(fields);
}

static void read_shared(apr_int64_t *held, apr_int64_t *used)
{
    redisContext *to = connection();
    redisReply *keys;
    size_t i;

    wait_for_redis();
    *held = *used = 0;
    keys = redisCommand(to, "KEYS {ep:*}:a:*");
    for (i = 0; i < keys->elements; i++) {
        add_account(to, keys->element[i]->str, held, used);
    }
    freeReplyObject(keys);
    redisFree(to);
}

static int fail_with(apr_status_t status)
{
    return contract_shm.fail_with(status);
}

const contract_subject contract_redis = {
    "redis", &redis, set_up, tear_down, restart, join, tell_death, fail_with,
    read_shared
};
