/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The cost of a ledger in Redis, with a redis-server of its own:
 *
 * - what the ledger adds to an admitted upload, reserve and settle, compared with the
 *   round trip of the same script by hiredis alone.  The two and the ledger in shared
 *   memory are measured in turn, one upload of each, in one process.  Before each,
 *   the end of the upload before has reached Redis;
 * - the same with 1, 10, 100 and 1000 servers that have a lease, hold something in the
 *   upload's accounts and have used something there;
 * - uploads a second that one server carries, and at which Redis has no time left, and
 *   the processor time that each costs it.
 *
 * Each is the median of all rounds, with the lowest and the highest.  Fails if the
 * first comparison is above 1.3.
 */

#include "redis/fleet.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ap_mpm.h"
#include "ap_provider.h"
#include "apr_general.h"
#include "apr_strings.h"
#include "http_config.h"
#include "http_log.h"

#include "ledger/shm.h"
#include "redis/call.h"
#include "redis/pool.h"

#define ROUNDS 11
#define UPLOADS 200
/* The same with so many servers that each takes long. */
#define MANY 1000
#define UPLOADS_MANY 15
#define BOUND 1.3
/* Clients that keep Redis busy, commands under way of each, and uploads of each. */
#define LOADERS 2
#define AT_ONCE 32
#define LOADED 16000
#define LOADED_CROWD 160
#define LOADS 5
/* Threads of one server, and uploads of each: fewer than the journal has entries. */
#define WORKERS 8
#define WORKED 750
/* The first account of those who upload once. */
#define FIRST 5000
#define LEASE_MS 600000

module AP_MODULE_DECLARE_DATA expect_policy_redis_module;
module AP_MODULE_DECLARE_DATA expect_policy_module;

static char directory[] = "/tmp/ep-fleet-XXXXXX";
static apr_pool_t *pool;
static server_rec server;
static process_rec process;
/* Processes: this one, which cleans up, and redis-server. */
static pid_t self, redis;
static int port;
static const ep_ledger_provider *ledger;

static void fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* ------------------------------------------------------- what httpd would bring */

int (ap_get_server_module_loglevel)(const server_rec *s, int index)
{
    (void)s;
    (void)index;
    return APLOG_WARNING;
}

void ap_log_error_(const char *file, int line, int index, int level,
                   apr_status_t status, const server_rec *s, const char *format,
                   ...)
{
    va_list all;

    (void)file; (void)line; (void)index; (void)level; (void)status; (void)s;
    va_start(all, format);
    vfprintf(stderr, format, all);
    va_end(all);
    fputc('\n', stderr);
}

void *ap_lookup_provider(const char *group, const char *name, const char *version)
{
    (void)group;
    (void)version;
    return strcmp(name, "shm") == 0 ? (void *)&ep_shm : NULL;
}

apr_status_t ap_register_provider(apr_pool_t *p, const char *group,
                                  const char *name, const char *version,
                                  const void *provider)
{
    (void)p;
    (void)group;
    (void)version;
    if (strcmp(name, "redis") == 0) {
        ledger = provider;
    }
    return APR_SUCCESS;
}

char *ap_runtime_dir_relative(apr_pool_t *p, const char *name)
{
    return apr_pstrcat(p, directory, "/", name, NULL);
}

apr_status_t ap_mpm_query(int code, int *result)
{
    (void)code;
    *result = AP_MPMQ_DYNAMIC;
    return APR_SUCCESS;
}

/* ---------------------------------------------------------------- redis-server */

/* Others may take it until redis-server does: then that does not start. */
static void find_port(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t length = sizeof(at);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) != 0
        || getsockname(fd, (struct sockaddr *)&at, &length) != 0) {
        fail("no port");
    }
    port = ntohs(at.sin_port);
    close(fd);
}

static redisContext *connect_bare(void)
{
    redisContext *bare = redisConnect("127.0.0.1", port);

    if (bare == NULL || bare->err != 0) {
        fail("no connection to redis-server");
    }
    return bare;
}

/* It ends with this process. */
static void run_redis(void)
{
    char number[8];

    snprintf(number, sizeof(number), "%d", port);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0
        || freopen("/dev/null", "w", stdout) == NULL) {
        _exit(1);
    }
    execlp("redis-server", "redis-server", "--port", number, "--bind",
           "127.0.0.1", "--save", "", "--dir", directory, (char *)NULL);
    _exit(1);
}

static void start_redis(void)
{
    int i;

    find_port();
    redis = fork();
    if (redis == 0) {
        run_redis();
    }
    for (i = 0; i < 500; i++) {
        redisContext *bare = redisConnect("127.0.0.1", port);
        const int is_there = bare != NULL && bare->err == 0;

        redisFree(bare);
        if (is_there && waitpid(redis, NULL, WNOHANG) == 0) {
            return;
        }
        usleep(10000);
    }
    fail("redis-server did not start");
}

static redisReply *command(redisContext *bare, int argc, const char **argv)
{
    redisReply *reply = redisCommandArgv(bare, argc, argv, NULL);

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        fail(reply != NULL ? reply->str : "redis-server has closed");
    }
    return reply;
}

/* @return the number behind a name in what INFO tells */
static double number_of(redisContext *bare, const char *section, const char *name)
{
    const char *argv[] = { "INFO", section };
    redisReply *reply = command(bare, 2, argv);
    const char *found = strstr(reply->str, name);
    const double number = found != NULL ? atof(found + strlen(name)) : -1;

    freeReplyObject(reply);
    return number;
}

/* -------------------------------------------------------------- bare round trips */

/* What the ledger would send for a server of our own. */
static ep_journal *bare_journal;
static ep_url *bare_url;

static void ask_for(int account, ep_ledger_charge charges[2])
{
    memset(charges, 0, 2 * sizeof(charges[0]));
    charges[0].kind = EP_CHARGE_ALLOWANCE;
    charges[0].limit = INT64_C(1) << 50;
    charges[0].amount = 1000;
    charges[0].period = INT64_C(86400) * APR_USEC_PER_SEC;
    charges[1].kind = EP_CHARGE_CONCURRENT;
    charges[1].limit = 1000000;
    charges[1].amount = 1;
    memcpy(charges[0].key.bytes, &account, sizeof(account));
    memcpy(charges[1].key.bytes, &account, sizeof(account));
}

static void set_script(ep_call *call)
{
    static char keys[12];

    snprintf(keys, sizeof(keys), "%d", call->keys);
    call->argv[0] = "EVALSHA";
    call->argv[1] = ep_script_digest(call->name);
    call->argv[2] = keys;
}

static void put_accounts(ep_call *call, ep_script_name name,
                         const ep_ledger_charge *charges)
{
    int i;

    ep_call_begin(call, name, bare_journal, bare_url, 1);
    for (i = 0; i < 2; i++) {
        ep_call_key_of(call, charges[i].kind, &charges[i].key);
    }
}

static void put_reserve(ep_call *call, int account, unsigned serial)
{
    ep_ledger_charge charges[2];
    int i;

    ask_for(account, charges);
    put_accounts(call, EP_SCRIPT_RESERVE, charges);
    ep_call_common(call);
    ep_call_claim(call, serial);
    ep_call_number(call, 0);
    ep_call_number(call, 0);
    for (i = 0; i < 2; i++) {
        ep_call_number(call, charges[i].kind);
        ep_call_number(call, charges[i].limit);
        ep_call_number(call, charges[i].amount);
        ep_call_number(call, charges[i].period / 1000);
        ep_call_number(call, 0);
        ep_call_number(call, -1);
        ep_call_number(call, 0);
    }
    set_script(call);
}

static void put_end(ep_call *call, int account, unsigned serial)
{
    ep_ledger_charge charges[2];
    int i;

    ask_for(account, charges);
    put_accounts(call, EP_SCRIPT_END, charges);
    ep_call_common(call);
    for (i = 0; i < 2; i++) {
        ep_call_claim(call, serial);
        ep_call_number(call, charges[i].kind);
        ep_call_number(call, charges[i].period / 1000);
        ep_call_number(call, 1000);
        ep_call_number(call, 0);
    }
    set_script(call);
}

static void expect_word(redisReply *reply, const char *word)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3
        || strcmp(reply->element[2]->str, word) != 0) {
        fail("an unexpected answer");
    }
    freeReplyObject(reply);
}

static void load_scripts(redisContext *bare)
{
    int i;

    for (i = 0; i < EP_SCRIPTS; i++) {
        const char *argv[] = { "SCRIPT", "LOAD", ep_script_text(i) };

        freeReplyObject(command(bare, 3, argv));
    }
}

/* A lease for a server; its name is also that of what it has used. */
static void give_lease(redisContext *bare, const char *name)
{
    ep_call call;

    snprintf(bare_journal->server, sizeof(bare_journal->server), "%s", name);
    ep_call_begin(&call, EP_SCRIPT_BEGIN, bare_journal, bare_url, 1);
    ep_call_key(&call, "secret");
    ep_call_key(&call, "c:none");
    ep_call_word(&call, apr_psprintf(pool, "%s.1", name));
    ep_call_number(&call, LEASE_MS);
    ep_call_word(&call, "00112233445566778899aabbccddeeff");
    ep_call_word(&call, "");
    set_script(&call);
    freeReplyObject(command(bare, call.argc, call.argv));
}

/* As many servers are registered; each holds something in the account, and
 * has used something there. */
static void crowd(redisContext *bare, int servers, int account)
{
    int i;

    for (i = 0; i < servers; i++) {
        ep_call call;

        give_lease(bare, apr_psprintf(pool, "%032d", i));
        put_reserve(&call, account, 1);
        expect_word(command(bare, call.argc, call.argv), "granted");
        put_end(&call, account, 1);
        expect_word(command(bare, call.argc, call.argv), "done");
        put_reserve(&call, account, 2);
        expect_word(command(bare, call.argc, call.argv), "granted");
    }
}

/* ------------------------------------------------------------------- the ledgers */

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* @return the span of reserve and settle */
static double upload(const ep_ledger_provider *by, int account)
{
    ep_ledger_claim claim = { 0 };
    ep_ledger_charge charges[2];
    ep_ledger_denial denial;
    ep_ledger_outcome outcome;
    double begin;

    ask_for(account, charges);
    begin = now_us();
    if (by->reserve(charges, 2, 0, &claim, &outcome, &denial) != APR_SUCCESS
        || outcome != EP_OUTCOME_GRANTED) {
        fail("not granted");
    }
    by->settle(&claim, 1000, 1000);
    return now_us() - begin;
}

static double bare_upload(redisContext *bare, int account, unsigned serial)
{
    ep_call call;
    redisReply *reply;
    double took;

    put_reserve(&call, account, serial);
    took = now_us();
    reply = redisCommandArgv(bare, call.argc, call.argv, NULL);
    took = now_us() - took;
    expect_word(reply, "granted");
    put_end(&call, account, serial);
    expect_word(command(bare, call.argc, call.argv), "done");
    return took;
}

/* The key of what this server holds in Redis. */
static char parts_key[128];

/* The ledger's first upload tells Redis of this server, which is alone there.  Ours
 * uses the same accounts. */
static void find_server(redisContext *bare)
{
    const char *keys[] = { "KEYS", "{ep:bench}:c:*" };
    const char *get[] = { "GET", "{ep:bench}:secret" };
    redisReply *reply;
    int i;

    upload(ledger, 0);
    reply = command(bare, 2, keys);
    if (reply->elements != 1) {
        fail("the ledger has no lease");
    }
    snprintf(parts_key, sizeof(parts_key), "%s", reply->element[0]->str);
    freeReplyObject(reply);
    reply = command(bare, 2, get);
    for (i = 0; i < EP_JOURNAL_SECRET; i++) {
        unsigned byte;

        if (sscanf(reply->str + 2 * i, "%2x", &byte) != 1) {
            fail("no secret");
        }
        bare_journal->secret[i] = (unsigned char)byte;
    }
    freeReplyObject(reply);
}

/* Until the ledger's thread has told Redis of the end. */
static void wait_for_end(redisContext *bare, long long fields)
{
    const char *argv[] = { "HLEN", parts_key };
    int i;

    for (i = 0; i < 100000; i++) {
        redisReply *reply = command(bare, 2, argv);
        const long long there = reply->integer;

        freeReplyObject(reply);
        if (there <= fields) {
            return;
        }
        usleep(20);
    }
    fail("an end is not told");
}

/* ------------------------------------------------------------------------ numbers */

static int by_size(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), by_size);
    return values[count / 2];
}

typedef struct rounds {
    double bare[ROUNDS], ledger[ROUNDS], shm[ROUNDS], ratio[ROUNDS];
} rounds;

static void measure(redisContext *bare, int account, int uploads, rounds *all)
{
    static unsigned serial = 1000;
    int round, i;

    for (round = 0; round < ROUNDS; round++) {
        double took[3][UPLOADS];

        for (i = 0; i < uploads; i++) {
            took[0][i] = bare_upload(bare, account, ++serial);
            took[1][i] = upload(ledger, account);
            wait_for_end(bare, 1);
            took[2][i] = upload(&ep_shm, account);
        }
        all->bare[round] = median(took[0], uploads);
        all->ledger[round] = median(took[1], uploads);
        all->shm[round] = median(took[2], uploads);
        all->ratio[round] = (all->ledger[round] - all->shm[round])
                            / all->bare[round];
    }
}

/* @return the ratio */
static double compare(redisContext *bare, int servers)
{
    rounds all;
    double result;

    give_lease(bare, "benchbenchbenchbenchbenchbench00");
    measure(bare, servers, servers < MANY ? UPLOADS : UPLOADS_MANY, &all);
    result = median(all.ratio, ROUNDS);
    printf("%4d in the account             %8.1f %8.1f %6.1f  %5.2f (%.2f to %.2f)\n",
           servers,
           median(all.bare, ROUNDS), median(all.ledger, ROUNDS),
           median(all.shm, ROUNDS), result, all.ratio[0], all.ratio[ROUNDS - 1]);
    return result;
}

/* -------------------------------------------------------------- what Redis carries */

/* Reserve and end of one upload. */
static void put_both(redisContext *bare, int account, unsigned serial)
{
    ep_call call;

    put_reserve(&call, account, serial);
    redisAppendCommandArgv(bare, call.argc, call.argv, NULL);
    put_end(&call, account, serial);
    redisAppendCommandArgv(bare, call.argc, call.argv, NULL);
}

/* @param account of all uploads; 0: each has another one */
static void load(int number, int account, int uploads)
{
    redisContext *bare = connect_bare();
    int i, j;

    give_lease(bare, apr_psprintf(pool, "%028dload", number));
    for (i = 0; i < uploads; i += AT_ONCE) {
        for (j = 0; j < AT_ONCE; j++) {
            put_both(bare, account != 0 ? account
                                        : FIRST + (i + j) * LOADERS + number,
                     (unsigned)(i + j));
        }
        for (j = 0; j < 2 * AT_ONCE; j++) {
            redisReply *reply = NULL;

            if (redisGetReply(bare, (void **)&reply) != REDIS_OK) {
                fail("redis-server has closed");
            }
            expect_word(reply, j % 2 == 0 ? "granted" : "done");
        }
    }
    redisFree(bare);
}

static void wait_for_loaders(const pid_t *loaders)
{
    int i, status;

    for (i = 0; i < LOADERS; i++) {
        if (waitpid(loaders[i], &status, 0) < 0 || status != 0) {
            fail("a client failed");
        }
    }
}

static double processor_time(redisContext *bare)
{
    return number_of(bare, "cpu", "used_cpu_sys:")
           + number_of(bare, "cpu", "used_cpu_user:");
}

/* @param used out: microseconds of Redis' processor for each  @return uploads a
 * second */
static double carry(redisContext *bare, int account, int uploads, double *used)
{
    const double before = processor_time(bare), begin = now_us();
    pid_t loaders[LOADERS];
    double took;
    int i;

    for (i = 0; i < LOADERS; i++) {
        loaders[i] = fork();
        if (loaders[i] == 0) {
            load(i, account, uploads);
            _exit(0);
        }
    }
    wait_for_loaders(loaders);
    took = now_us() - begin;
    *used = (processor_time(bare) - before) * 1e6 / (LOADERS * uploads);
    return LOADERS * uploads / took * 1e6;
}

static void tell_load(redisContext *bare, const char *what, int account,
                      int uploads)
{
    double rates[LOADS], costs[LOADS];
    int i;

    for (i = 0; i < LOADS; i++) {
        rates[i] = carry(bare, account, uploads, &costs[i]);
    }
    printf("%-30s %8.0f", what, median(rates, LOADS));
    printf(" (%.0f to %.0f)", rates[0], rates[LOADS - 1]);
    printf(" %8.1f", median(costs, LOADS));
    printf(" (%.1f to %.1f)\n", costs[0], costs[LOADS - 1]);
}

/* ------------------------------------------------------- what one server carries */

static void *work(void *account)
{
    int i;

    for (i = 0; i < WORKED; i++) {
        upload(ledger, *(int *)account + i * WORKERS);
    }
    return NULL;
}

/* @return uploads a second, until Redis knows of the last one's end */
static double carry_here(redisContext *bare, int first)
{
    const double begin = now_us();
    pthread_t threads[WORKERS];
    int accounts[WORKERS];
    int i;

    for (i = 0; i < WORKERS; i++) {
        accounts[i] = first + i;
        if (pthread_create(&threads[i], NULL, work, &accounts[i]) != 0) {
            fail("no thread");
        }
    }
    for (i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    wait_for_end(bare, 1);
    return WORKERS * WORKED / (now_us() - begin) * 1e6;
}

static void tell_server(redisContext *bare)
{
    double rates[LOADS];
    int i;

    for (i = 0; i < LOADS; i++) {
        rates[i] = carry_here(bare, 1000000 * (i + 1));
    }
    printf("%-30s %8.0f", "one server, 8 threads", median(rates, LOADS));
    printf(" (%.0f to %.0f)\n", rates[0], rates[LOADS - 1]);
}

/* -------------------------------------------------------------------------- main */

static void clean(void)
{
    if (getpid() != self) {
        return;
    }
    unlink(ap_runtime_dir_relative(pool, "expect_policy.ledger"));
    rmdir(directory);
}

static void start_ledger(void)
{
    const char *url = apr_psprintf(pool, "//127.0.0.1:%d name=bench timeout=5s"
                                   " lease=600s",
                                   port);
    void *config = NULL;
    const char *wrong;

    ep_fleet_register(pool);
    wrong = ledger->parse(pool, url, &config);
    if (wrong == NULL) {
        wrong = ep_url_parse(pool, "redis", url, &bare_url);
    }
    if (wrong != NULL) {
        fail(wrong);
    }
    server.process = &process;
    process.pool = pool;
    ledger->post_config(pool, &server, config);
    ep_shm.drop_privileges(&server);
    ledger->child_status(getpid(), 0);
    ledger->child_init(&server);
    ep_fleet_start(pool, &server);
}

int main(void)
{
    static const int servers[] = { 1, 10, 100, 1000 };
    double ratios[4];
    redisContext *bare;
    int i;

    setvbuf(stdout, NULL, _IOLBF, 0);
    self = getpid();
    if (mkdtemp(directory) == NULL || apr_initialize() != APR_SUCCESS
        || apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        fail("no directory");
    }
    atexit(clean);
    bare_journal = apr_pcalloc(pool, sizeof(*bare_journal));
    start_redis();
    start_ledger();
    bare = connect_bare();
    load_scripts(bare);
    find_server(bare);
    printf("%-30s bare us Redis us shm us  (Redis - shm) / bare\n", "");
    for (i = 0; i < 4; i++) {
        /* the ledger and ours are servers, too */
        crowd(bare, servers[i] - 2, servers[i]);
        ratios[i] = compare(bare, servers[i]);
    }
    printf("\n%-30s uploads a second          us of processor each\n", "");
    tell_server(bare);
    tell_load(bare, "an account each, 1000 servers", 0, LOADED);
    for (i = 0; i < 4; i++) {
        tell_load(bare, apr_psprintf(pool, "one account of %d", servers[i]),
                  servers[i], LOADED_CROWD);
    }
    if (ratios[0] > BOUND) {
        fail("above the bound");
    }
    return 0;
}
