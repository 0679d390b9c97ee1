/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* src/redis: URLs, replies, calls with their deadline, and the breaker. */

#include <check.h>

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apr_general.h"
#include "apr_strings.h"
#include "httpd.h"
#include "http_config.h"
#include "http_log.h"

#include "redis/pool.h"

#include "fake.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS INT64_C(1000)

/* ------------------------------------------------ what httpd would bring */

module AP_MODULE_DECLARE_DATA expect_policy_redis_module;
static char logged[8192];

int (ap_get_server_module_loglevel)(const server_rec *s, int index)
{
    (void)s;
    (void)index;
    return APLOG_DEBUG;
}

void ap_log_error_(const char *file, int line, int index, int level,
                   apr_status_t status, const server_rec *s,
                   const char *format, ...)
{
    const size_t length = strlen(logged);
    va_list all;

    (void)file; (void)line; (void)index; (void)level; (void)status; (void)s;
    va_start(all, format);
    vsnprintf(logged + length, sizeof(logged) - length, format, all);
    va_end(all);
    strncat(logged, "\n", sizeof(logged) - strlen(logged) - 1);
}

/* The names of the world: that of one host comes late. */
static volatile int is_late_host_there;
int __real_getaddrinfo(const char *, const char *, const struct addrinfo *,
                       struct addrinfo **);
int __wrap_getaddrinfo(const char *, const char *, const struct addrinfo *,
                       struct addrinfo **);

int __wrap_getaddrinfo(const char *name, const char *port,
                       const struct addrinfo *hints, struct addrinfo **found)
{
    if (strcmp(name, "late-host") != 0) {
        return __real_getaddrinfo(name, port, hints, found);
    }
    return is_late_host_there && (hints->ai_flags & AI_NUMERICHOST) == 0
               ? __real_getaddrinfo("127.0.0.1", port, hints, found)
               : EAI_NONAME;
}

static apr_pool_t *pool;
/* of the child that is played */
static apr_pool_t *child;
static char directory[] = "/tmp/ep-redis-XXXXXX";

static void begin(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    signal(SIGPIPE, SIG_IGN);
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void finish(void)
{
    char command[64];

    apr_pool_destroy(pool);
    snprintf(command, sizeof(command), "rm -r '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

/* ------------------------------------------------------------------- URLs */

static const struct good_url {
    const char *scheme, *argument, *shown, *user, *password, *file, *name;
    int count, db;
    apr_int64_t timeout, lease;
} good_urls[] = {
    { "redis", "//h", "redis://h:6379/0", NULL, NULL, NULL, "default", 1, 0,
      100000, 30000000 },
    { "redis", "//h:1/7", "redis://h:1/7", NULL, NULL, NULL, "default", 1, 7,
      100000, 30000000 },
    { "redis", "//u:p@h1,h2:6380/2", "redis://h1:6379,h2:6380/2", "u", "p",
      NULL, "default", 2, 2, 100000, 30000000 },
    { "redis", "//:p%40%2f%3a@h", "redis://h:6379/0", NULL, "p@/:", NULL,
      "default", 1, 0, 100000, 30000000 },
    { "redis", "//:p@q:r@h", "redis://h:6379/0", NULL, "p@q:r", NULL,
      "default", 1, 0, 100000, 30000000 },
    { "redis", "//u@[::1]:6380  timeout=5ms\tpasswordfile=/f lease=1s name=a.B-_9",
      "redis://[::1]:6380/0", "u", NULL, "/f", "a.B-_9", 1, 0, 5000, 1000000 },
    { "redis", "//h timeout=5s lease=600s", "redis://h:6379/0", NULL, NULL, NULL,
      "default", 1, 0, 5000000, 600000000 },
    { "redis", "//a,b,c,d,e,f,g,h/16383 ",
      "redis://a:6379,b:6379,c:6379,d:6379,e:6379,f:6379,g:6379,h:6379/16383",
      NULL, NULL, NULL, "default", 8, 16383, 100000, 30000000 },
    { "redis+unix", "///run/redis.sock db=3", "redis+unix:///run/redis.sock",
      NULL, NULL, NULL, "default", 0, 3, 100000, 30000000 },
    { "redis+unix", "//u:p@/s", "redis+unix:///s", "u", "p", NULL, "default", 0,
      0, 100000, 30000000 },
};

static void same(const char *a, const char *b)
{
    ck_assert(a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0);
}

START_TEST(a_url_says_where_redis_is)
{
    const struct good_url *row = &good_urls[_i];
    ep_url *url = NULL;

    ck_assert_ptr_null(ep_url_parse(pool, row->scheme, row->argument, &url));
    ck_assert_str_eq(url->shown, row->shown);
    same(url->user, row->user);
    same(url->password, row->password);
    same(url->password_file, row->file);
    ck_assert_str_eq(url->name, row->name);
    ck_assert_int_eq(url->count, row->count);
    ck_assert_int_eq(url->db, row->db);
    ck_assert_int_eq(url->timeout, row->timeout);
    ck_assert_int_eq(url->lease, row->lease);
}
END_TEST

/* Each is a good one with one fact changed.  All have the password, if any, SECRET. */
static const struct bad_url {
    const char *scheme, *argument;
} bad_urls[] = {
    { "redis", NULL }, { "redis", "" }, { "redis", "/h" }, { "redis", "h" },
    { "redis", "//" }, { "redis", "///0" }, { "redis", "//h:" },
    { "redis", "//h:0" }, { "redis", "//h:65536" }, { "redis", "//h:1x" },
    { "redis", "//h:99999999999999999999" }, { "redis", "//h,," },
    { "redis", "//h/" }, { "redis", "//h/x" }, { "redis", "//h/16384" },
    { "redis", "//h/1/2" }, { "redis", "//h?db=1" }, { "redis", "//h#a" },
    { "redis", "//[::1" }, { "redis", "//[::1]x" }, { "redis", "//[]" },
    { "redis", "//[g::1]" }, { "redis", "//h\n" }, { "redis", "//h\x01" },
    { "redis", "//a,b,c,d,e,f,g,h,i" }, { "redis", "//@h" },
    { "redis", "//u@h" }, { "redis", "//u:@h" }, { "redis", "//:@h" },
    { "redis", "//:SECRET%@h" }, { "redis", "//:SECRET%4@h" },
    { "redis", "//:SECRET%zz@h" }, { "redis", "//:SECRET%00@h" },
    { "redis", "//:SECRET%0a@h" }, { "redis", "//:SECRET@h:port" },
    { "redis", "//:SECRET@" }, { "redis", "//u:SECRET@h passwordfile=/f" },
    { "redis", "//:SECRET@h timeout=SECRET" },
    { "redis", "//:SEC/RET@h" }, { "redis", "//:SECRET@h password=SECRET" },
    { "redis", "//h timeout=4ms" }, { "redis", "//h timeout=5001ms" },
    { "redis", "//h timeout=6s" }, { "redis", "//h timeout=100" },
    { "redis", "//h timeout=ms" }, { "redis", "//h timeout=s" },
    { "redis", "//h timeout=1s timeout=1s" }, { "redis", "//h timeout" },
    { "redis", "//h timeout=" }, { "redis", "//h =1s" },
    { "redis", "//h lease=999ms" }, { "redis", "//h lease=601s" },
    { "redis", "//h name=" }, { "redis", "//h name=a{b" },
    { "redis", "//h passwordfile=f" }, { "redis", "//h passwordfile=/" },
    { "redis", "//h db=1" }, { "redis", "//h cafile=/f" },
    { "redis", "//h Timeout=1s" }, { "redis", "//h x=1" },
    { "redis+unix", "//h/s" }, { "redis+unix", "///" },
    { "redis+unix", "//u:SECRET@" }, { "redis+unix", "//" },
    { "rediss2", "//h" }, { "unix", "///s" },
#ifndef EP_REDIS_TLS
    { "rediss", "//:SECRET@h" },
#endif
};

START_TEST(a_wrong_url_is_told_without_its_password)
{
    const struct bad_url *row = &bad_urls[_i];
    ep_url *url = NULL;
    const char *legal = ep_url_parse(pool, row->scheme, row->argument, &url);

    ck_assert_ptr_nonnull(legal);
    ck_assert_ptr_null(url);
    ck_assert_ptr_null(strstr(legal, "SEC"));
}
END_TEST

START_TEST(a_word_of_a_url_has_a_longest_length)
{
    const struct { const char *before; int most; const char *after; } rows[] = {
        { "//:", EP_URL_WORD_MAX, "@h" },
        { "//", 255, "" },
        { "//h name=", EP_URL_NAME_MAX, "" },
        { "//h passwordfile=/", EP_URL_WORD_MAX - 1, "" },
    };
    char word[600];
    size_t i;

    memset(word, 'a', sizeof(word));
    for (i = 0; i < COUNT(rows); i++) {
        ep_url *url;
        int more;

        for (more = 0; more < 2; more++) {
            const char *legal = ep_url_parse(
                pool, "redis",
                apr_psprintf(pool, "%s%.*s%s", rows[i].before,
                             rows[i].most + more, word, rows[i].after),
                &url);

            ck_assert_int_eq(legal != NULL, more);
        }
    }
}
END_TEST

static const struct password_file {
    const char *content, *password;
    int mode, is_warned;
} password_files[] = {
    { "SECRET\n", "SECRET", 0600, 0 }, { "SECRET", "SECRET", 0640, 0 },
    { "SECRET\r\nmore\n", "SECRET", 0600, 0 },
    { "two words\n", "two words", 0600, 0 },
    { "SECRET\n", "SECRET", 0604, 1 }, { "SECRET\n", "SECRET", 0644, 1 },
    { "", NULL, 0600, 0 }, { "\nSECRET\n", NULL, 0600, 0 },
    { "SEC\x01RET\n", NULL, 0600, 0 },
};

START_TEST(a_passwordfile_is_read_by_its_first_line)
{
    const struct password_file *row = &password_files[_i];
    const char *path = apr_psprintf(pool, "%s/password", directory);
    const char *warning, *error;
    FILE *file = fopen(path, "w");
    ep_url *url;

    ck_assert_ptr_nonnull(file);
    fputs(row->content, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, (mode_t)row->mode), 0);
    ck_assert_ptr_null(ep_url_parse(
        pool, "redis", apr_psprintf(pool, "//h passwordfile=%s", path), &url));
    error = ep_url_read_password(pool, url, &warning);
    ck_assert_int_eq(error == NULL, row->password != NULL);
    same(url->password, row->password);
    ck_assert_int_eq(warning != NULL, row->is_warned);
    ck_assert(error == NULL || strstr(error, "SEC") == NULL);
    ck_assert(warning == NULL || strstr(warning, "SEC") == NULL);
}
END_TEST

START_TEST(what_is_no_file_is_no_passwordfile)
{
    const char *fifo = apr_psprintf(pool, "%s/fifo", directory);
    const char *paths[] = { fifo, directory, "/nowhere/at/all" };
    size_t i;

    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    for (i = 0; i < COUNT(paths); i++) {
        const char *warning;
        ep_url *url;

        ck_assert_ptr_null(ep_url_parse(
            pool, "redis",
            apr_psprintf(pool, "//h passwordfile=%s", paths[i]), &url));
        ck_assert_ptr_nonnull(ep_url_read_password(pool, url, &warning));
    }
}
END_TEST

/* ---------------------------------------------------------------- replies */

static const struct error_reply {
    const char *text;
    ep_cause cause;
} error_replies[] = {
    { "NOSCRIPT No matching script.", EP_CAUSE_NOSCRIPT },
    { "MOVED 3999 127.0.0.1:6381", EP_CAUSE_MOVED },
    { "ASK 3999 127.0.0.1:6381", EP_CAUSE_MOVED },
    { "READONLY You can't write against a read only replica.",
      EP_CAUSE_READONLY },
    { "OOM command not allowed when used memory > 'maxmemory'.", EP_CAUSE_OOM },
    { "NOPERM this user has no permissions", EP_CAUSE_NOPERM },
    { "LOADING Redis is loading the dataset in memory", EP_CAUSE_LOADING },
    { "WRONGPASS invalid username-password pair", EP_CAUSE_AUTH },
    { "NOAUTH Authentication required.", EP_CAUSE_AUTH },
    { "MISCONF Redis is configured to save RDB snapshots", EP_CAUSE_MISCONF },
    { "CLUSTERDOWN Hash slot not served", EP_CAUSE_CLUSTERDOWN },
    { "BUSY Redis is busy running a script.", EP_CAUSE_BUSY },
    { "MASTERDOWN Link with MASTER is down", EP_CAUSE_AGAIN },
    { "TRYAGAIN Multiple keys request during rehashing", EP_CAUSE_AGAIN },
    { "CROSSSLOT Keys in request don't hash to the same slot", EP_CAUSE_ERROR },
    { "ERR unknown command", EP_CAUSE_ERROR },
    { "OOMPH", EP_CAUSE_ERROR }, { "", EP_CAUSE_ERROR }, { " OOM", EP_CAUSE_ERROR },
    { "OOM", EP_CAUSE_OOM },
};

START_TEST(the_first_word_of_an_error_is_its_cause)
{
    const struct error_reply *row = &error_replies[_i];

    ck_assert_int_eq(ep_reply_classify(row->text, strlen(row->text)),
                     row->cause);
}
END_TEST

START_TEST(every_cause_has_a_word_of_its_own)
{
    int i, j;

    for (i = 0; i < EP_CAUSES; i++) {
        ck_assert_ptr_nonnull(ep_reply_word((ep_cause)i));
        for (j = 0; j < i; j++) {
            ck_assert_str_ne(ep_reply_word((ep_cause)i),
                             ep_reply_word((ep_cause)j));
        }
    }
    ck_assert_str_eq(ep_reply_word(EP_CAUSES), "unknown");
    ck_assert_str_eq(ep_reply_word((ep_cause)-1), "unknown");
}
END_TEST

static const struct moved_reply {
    const char *text, *host;
    int port, is_ask;
} moved_replies[] = {
    { "MOVED 3999 127.0.0.1:6381", "127.0.0.1", 6381, 0 },
    { "ASK 3999 127.0.0.1:6381", "127.0.0.1", 6381, 1 },
    { "MOVED 1 ::1:6381", "::1", 6381, 0 },
    { "MOVED 1 :6381", "", 6381, 0 },
    { "MOVED 1 host-1.example:1", "host-1.example", 1, 0 },
    { "MOVED 1 h:0", NULL, 0, 0 }, { "MOVED 1 h:65536", NULL, 0, 0 },
    { "MOVED 1 h:", NULL, 0, 0 }, { "MOVED 1 h", NULL, 0, 0 },
    { "MOVED 1", NULL, 0, 0 }, { "MOVED", NULL, 0, 0 },
    { "MOVED  h:1", NULL, 0, 0 }, { "MOVED 1 h\n:1", NULL, 0, 0 },
    { "MOVED 1 h/x:1", NULL, 0, 0 }, { "ERR 1 h:1", NULL, 0, 0 },
    { "MOVED 1 h:1 ", NULL, 0, 0 },
};

START_TEST(moved_says_where)
{
    const struct moved_reply *row = &moved_replies[_i];
    ep_reply_moved moved;
    const int is_moved = ep_reply_read_moved(row->text, strlen(row->text),
                                             &moved);

    ck_assert_int_eq(is_moved, row->host != NULL);
    if (is_moved) {
        ck_assert_str_eq(moved.host, row->host);
        ck_assert_int_eq(moved.port, row->port);
        ck_assert_int_eq(moved.is_ask, row->is_ask);
    }
}
END_TEST

/* ------------------------------------------------------------------ calls */

static ep_breaker breaker;
static server_rec httpd;
static ep_url *url;

/* Makes a pool of connections as a child would. */
static void use(const char *scheme, const char *argument)
{
    if (child != NULL) {
        apr_pool_destroy(child);
    }
    apr_pool_create(&child, pool);
    logged[0] = '\0';
    memset(&breaker, 0, sizeof(breaker));
    ck_assert_ptr_null(ep_url_parse(pool, scheme, argument, &url));
    ep_pool_post_config(pool, &httpd, url);
    ck_assert_int_eq(ep_pool_child_init(child, &httpd, &breaker), APR_SUCCESS);
}

static void use_port(int port, const char *options)
{
    use("redis", apr_psprintf(pool, "//127.0.0.1:%d%s", port, options));
}

/* Calls, and asserts how long that may take. */
static ep_cause call_in(apr_int64_t timeout, int is_probe, const char *word,
                        redisReply **reply)
{
    const char *argv[] = { "ECHO", word };
    const apr_int64_t begun = ep_conn_clock();
    const ep_cause cause = ep_pool_call(begun + timeout, is_probe, 2, argv,
                                        NULL, reply);

    /* 150 ms for a busy machine */
    ck_assert_int_lt(ep_conn_clock() - begun, timeout + 150 * MS);
    ck_assert_int_eq(*reply != NULL, cause == EP_CAUSE_NONE);
    return cause;
}

static ep_cause ask(const char *word, redisReply **reply)
{
    return call_in(200 * MS, 0, word, reply);
}

/* Calls whose reply does not matter. */
static ep_cause cause_in(apr_int64_t timeout, int is_probe)
{
    redisReply *reply;
    const ep_cause cause = call_in(timeout, is_probe, "x", &reply);

    if (reply != NULL) {
        freeReplyObject(reply);
    }
    return cause;
}

static ep_cause cause_of(void)
{
    return cause_in(200 * MS, 0);
}

static fake server;

static void serve_reply(const char *text)
{
    server.script[0][0].step = FAKE_READ;
    server.script[0][1].step = FAKE_SEND;
    server.script[0][1].text = text;
    server.script[0][2].step = FAKE_SLEEP;
    server.script[0][2].milliseconds = 10000;
    fake_begin(&server);
    use_port(server.port, "");
}

START_TEST(an_error_reply_is_a_cause_and_no_reply)
{
    const struct error_reply *row = &error_replies[_i];

    serve_reply(apr_psprintf(pool, "-%s\r\n", row->text));
    /* that port of a MOVED is one of nobody */
    ck_assert_int_eq(cause_of(), row->cause == EP_CAUSE_MOVED
                                        ? EP_CAUSE_CONNECT
                                        : row->cause);
    ck_assert_int_eq(breaker.failures_in_a_row,
                     row->cause != EP_CAUSE_NOSCRIPT);
}
END_TEST

/* Replies beyond a bound, each next to one within. */
static const struct hostile {
    const char *text;
    /* what follows again and again; NULL: nothing */
    const char *flood;
    ep_cause cause;
} hostile[] = {
    { "+OK\r\n", NULL, EP_CAUSE_NONE },
    { "HTTP/1.1 400 Bad Request\r\n\r\n", NULL, EP_CAUSE_PROTOCOL },
    { "\r\n\r\n", NULL, EP_CAUSE_PROTOCOL },
    { "$2\r\nabcd\r\n", NULL, EP_CAUSE_NONE },
    { "$2000000000\r\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      EP_CAUSE_PROTOCOL },
    { "$99999999999999999999\r\n", NULL, EP_CAUSE_PROTOCOL },
    { "+", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", EP_CAUSE_PROTOCOL },
    { "*2000000000\r\n", NULL, EP_CAUSE_PROTOCOL },
    { "*4097\r\n", ":1\r\n", EP_CAUSE_PROTOCOL },
    { "*4096\r\n", ":1\r\n", EP_CAUSE_NONE },
    { "*-5\r\n", NULL, EP_CAUSE_PROTOCOL },
    { "*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", NULL, EP_CAUSE_NONE },
    { "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", NULL, EP_CAUSE_PROTOCOL },
    { "*2000\r\n*2000\r\n", "*2000\r\n", EP_CAUSE_PROTOCOL },
    { "*1000\r\n", "*1000\r\n:1\r\n", EP_CAUSE_PROTOCOL },
};

START_TEST(a_reply_is_bounded_whatever_it_announces)
{
    const struct hostile *row = &hostile[_i];

    server.script[0][0].step = FAKE_READ;
    server.script[0][1].step = FAKE_SEND;
    server.script[0][1].text = row->text;
    server.script[0][2].step = row->flood != NULL ? FAKE_FLOOD : FAKE_SLEEP;
    server.script[0][2].text = row->flood;
    server.script[0][2].milliseconds = 5000;
    fake_begin(&server);
    use_port(server.port, "");
    ck_assert_int_eq(cause_in(2000 * MS, 0),
                     row->cause);
}
END_TEST

START_TEST(silence_ends_at_the_deadline)
{
    server.script[0][0].step = FAKE_SLEEP;
    server.script[0][0].milliseconds = 10000;
    fake_begin(&server);
    use_port(server.port, "");
    ck_assert_int_eq(cause_of(), EP_CAUSE_TIMEOUT);
    ck_assert(ep_reply_is_doubtful(EP_CAUSE_TIMEOUT));
}
END_TEST

/* What Redis refuses as a whole leaves nothing behind. */
START_TEST(a_script_that_fails_may_have_run_in_part)
{
    ck_assert(ep_reply_is_doubtful(EP_CAUSE_NOPERM));
    ck_assert(ep_reply_is_doubtful(EP_CAUSE_ERROR));
    ck_assert(!ep_reply_is_doubtful(EP_CAUSE_READONLY));
    ck_assert(!ep_reply_is_doubtful(EP_CAUSE_OOM));
    ck_assert(!ep_reply_is_doubtful(EP_CAUSE_AUTH));
    ck_assert(!ep_reply_is_doubtful(EP_CAUSE_NONE));
}
END_TEST

START_TEST(one_byte_a_second_ends_at_the_deadline)
{
    redisReply *reply;

    server.script[0][0].step = FAKE_READ;
    server.script[0][1].step = FAKE_DRIP;
    server.script[0][1].text = "+OK, but slowly\r\n";
    fake_begin(&server);
    use_port(server.port, "");
    ck_assert_int_eq(call_in(1500 * MS, 0, "x", &reply), EP_CAUSE_TIMEOUT);
}
END_TEST

START_TEST(a_late_reply_is_never_that_of_the_next_call)
{
    static const fake_line late[] = { { FAKE_READ, NULL, 0 },
                                      { FAKE_SLEEP, NULL, 300 },
                                      { FAKE_SEND, "+late\r\n", 0 },
                                      { FAKE_READ, NULL, 0 },
                                      { FAKE_SEND, "+wrong\r\n", 0 } };
    static const fake_line good[] = { { FAKE_READ, NULL, 0 },
                                      { FAKE_SEND, "+right\r\n", 0 },
                                      { FAKE_READ, NULL, 0 },
                                      { FAKE_SEND, "+again\r\n", 0 } };
    redisReply *reply;

    memcpy(server.script[0], late, sizeof(late));
    memcpy(server.script[1], good, sizeof(good));
    fake_begin(&server);
    use_port(server.port, "");
    ck_assert_int_eq(cause_of(), EP_CAUSE_TIMEOUT);
    usleep(300000);
    ck_assert_int_eq(ask("x", &reply), EP_CAUSE_NONE);
    ck_assert_str_eq(reply->str, "right");
    freeReplyObject(reply);
    /* the twin: a connection without a fault is used again */
    ck_assert_int_eq(ask("x", &reply), EP_CAUSE_NONE);
    ck_assert_str_eq(reply->str, "again");
    freeReplyObject(reply);
    ck_assert_int_eq(server.accepted, 2);
}
END_TEST

START_TEST(what_comes_unasked_ends_the_connection)
{
    static const fake_line first[] = { { FAKE_READ, NULL, 0 },
                                       { FAKE_SEND, "+one\r\n+two\r\n", 0 },
                                       { FAKE_SLEEP, NULL, 5000 } };
    static const fake_line second[] = { { FAKE_READ, NULL, 0 },
                                        { FAKE_SEND, "+three\r\n", 0 },
                                        { FAKE_SLEEP, NULL, 50 },
                                        { FAKE_SEND, "+four\r\n", 0 },
                                        { FAKE_SLEEP, NULL, 5000 } };
    static const fake_line third[] = { { FAKE_READ, NULL, 0 },
                                       { FAKE_SEND, "+five\r\n", 0 },
                                       { FAKE_END, NULL, 0 } };
    static const char *const expected[] = { "one", "three", "five" };
    redisReply *reply;
    int i;

    memcpy(server.script[0], first, sizeof(first));
    memcpy(server.script[1], second, sizeof(second));
    memcpy(server.script[2], third, sizeof(third));
    fake_begin(&server);
    use_port(server.port, "");
    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(ask("x", &reply), EP_CAUSE_NONE);
        ck_assert_str_eq(reply->str, expected[i]);
        freeReplyObject(reply);
        usleep(150000);
    }
    /* closed while it was idle: no failure */
    ck_assert_int_eq(cause_of(), EP_CAUSE_NONE);
    ck_assert_int_eq(server.accepted, 4);
}
END_TEST

START_TEST(a_reset_after_the_command_is_doubtful_and_sent_once)
{
    server.script[0][0].step = FAKE_READ;
    server.script[0][1].step = FAKE_RESET;
    fake_begin(&server);
    use_port(server.port, "");
    ck_assert_int_eq(cause_of(), EP_CAUSE_CLOSED);
    ck_assert(ep_reply_is_doubtful(EP_CAUSE_CLOSED));
    usleep(50000);
    ck_assert_int_eq(server.accepted, 1);
}
END_TEST

START_TEST(a_port_of_nobody_refuses_at_once)
{
    const apr_int64_t begun = ep_conn_clock();

    use_port(fake_free_port(), "");
    ck_assert_int_eq(cause_of(), EP_CAUSE_CONNECT);
    ck_assert(!ep_reply_is_doubtful(EP_CAUSE_CONNECT));
    ck_assert_int_lt(ep_conn_clock() - begun, 150 * MS);
}
END_TEST

START_TEST(to_connect_ends_at_the_deadline_and_opens_the_breaker)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t length = sizeof(at);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    int i;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(fd, 0), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    /* fill its backlog: further ones are not answered */
    for (i = 0; i < 4; i++) {
        const int one = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

        connect(one, (struct sockaddr *)&at, sizeof(at));
    }
    use_port(ntohs(at.sin_port), "");
    ck_assert_int_eq(cause_of(), EP_CAUSE_CONNECT_TIMEOUT);
    ck_assert(ep_breaker_is_open(&breaker));
}
END_TEST

START_TEST(a_name_that_is_not_found_is_looked_up_in_the_background)
{
    int i;

    server.script[0][0].step = FAKE_READ;
    server.script[0][1].step = FAKE_SEND;
    server.script[0][1].text = "+OK\r\n";
    fake_begin(&server);
    use("redis", apr_psprintf(pool, "//late-host:%d", server.port));
    ck_assert_ptr_nonnull(strstr(logged, "late-host"));
    ck_assert_int_eq(cause_of(), EP_CAUSE_RESOLVE);
    is_late_host_there = 1;
    for (i = 0; i < 80 && cause_in(200 * MS, 1) != EP_CAUSE_NONE; i++) {
        usleep(100000);
    }
    ck_assert_int_lt(i, 80);
    /* the twin is found at the start */
    use("redis", apr_psprintf(pool, "//late-host:%d", server.port));
    ck_assert_str_eq(logged, "");
    ck_assert_int_eq(cause_of(), EP_CAUSE_NONE);
}
END_TEST

static const struct handshake {
    const char *first, *second;
    ep_cause cause;
} handshakes[] = {
    { "+OK\r\n", "+OK\r\n", EP_CAUSE_NONE },
    { "-WRONGPASS invalid\r\n", "+OK\r\n", EP_CAUSE_AUTH },
    { "-ERR unknown command `AUTH`, with args beginning with: `SECRET`\r\n",
      "+OK\r\n", EP_CAUSE_AUTH },
    { "+OK\r\n", "-NOPERM no\r\n", EP_CAUSE_NOPERM },
    { "+OK\r\n", "-ERR DB index is out of range\r\n", EP_CAUSE_AUTH },
    { "-LOADING\r\n", "+OK\r\n", EP_CAUSE_LOADING },
    { "garbage\r\n", "+OK\r\n", EP_CAUSE_CONNECT },
    { "", "", EP_CAUSE_CONNECT_TIMEOUT },
    { NULL, "", EP_CAUSE_CONNECT },
};

START_TEST(a_command_is_sent_after_the_handshake_alone)
{
    const struct handshake *row = &handshakes[_i];
    fake_line lines[] = { { FAKE_READ, NULL, 0 },
                          { row->first != NULL ? FAKE_SEND : FAKE_RESET,
                            row->first, 0 },
                          { row->first != NULL ? FAKE_READ : FAKE_END, NULL, 0 },
                          { FAKE_SEND, row->second, 0 },
                          { FAKE_READ, NULL, 0 },
                          { FAKE_SEND, "+done\r\n", 0 },
                          { FAKE_SLEEP, NULL, 5000 } };
    int i;

    memcpy(server.script[0], lines, sizeof(lines));
    fake_begin(&server);
    use("redis", apr_psprintf(pool, "//user:SECRET@127.0.0.1:%d/1",
                              server.port));
    ck_assert_int_eq(cause_of(), row->cause);
    usleep(20000);
    /* not even the beginning of the command */
    ck_assert_int_eq(strstr(server.read, "ECHO") != NULL,
                     row->cause == EP_CAUSE_NONE);
    for (i = 0; i < 3; i++) {
        cause_of();
    }
    ck_assert_ptr_null(strstr(logged, "SECRET"));
}
END_TEST

/* ----------------------------------------------------------- the breaker */

START_TEST(an_open_breaker_lets_nobody_wait_and_one_probe_a_second_pass)
{
    redisReply *reply;
    apr_int64_t begun;
    int i;

    server.script[0][0].step = FAKE_SLEEP;
    server.script[0][0].milliseconds = 10000;
    server.script[1][0].step = FAKE_SLEEP;
    server.script[1][0].milliseconds = 10000;
    server.script[2][0].step = FAKE_SLEEP;
    server.script[2][0].milliseconds = 10000;
    server.script[3][0].step = FAKE_READ;
    server.script[3][1].step = FAKE_SEND;
    server.script[3][1].text = "+OK\r\n";
    server.script[3][2].step = FAKE_SLEEP;
    server.script[3][2].milliseconds = 10000;
    fake_begin(&server);
    use("redis", apr_psprintf(pool, "//:SECRET@127.0.0.1:%d", server.port));
    url->password = NULL;
    for (i = 0; i < 3; i++) {
        ck_assert(!ep_breaker_is_open(&breaker));
        ck_assert_int_eq(cause_of(), EP_CAUSE_TIMEOUT);
    }
    ck_assert(ep_breaker_is_open(&breaker));
    begun = ep_conn_clock();
    for (i = 0; i < 1000; i++) {
        ck_assert_int_eq(ask("x", &reply), EP_CAUSE_OPEN);
    }
    ck_assert_int_lt(ep_conn_clock() - begun, 150 * MS);
    ck_assert_int_eq(server.accepted, 3);
    /* the first probe is due at once, and closes it */
    ck_assert_int_eq(call_in(200 * MS, 1, "x", &reply), EP_CAUSE_NONE);
    freeReplyObject(reply);
    ck_assert(!ep_breaker_is_open(&breaker));
    ck_assert_int_eq(breaker.causes[EP_CAUSE_OPEN], 1000);
    ck_assert_int_eq(breaker.causes[EP_CAUSE_TIMEOUT], 3);
    ck_assert_int_eq(breaker.causes[EP_CAUSE_NONE], 1);
    ck_assert_int_eq(breaker.opened, 1);
    ck_assert_str_eq(logged,
                     apr_psprintf(pool, "the ledger %s does not answer"
                                        " (timeout), and is asked again once a"
                                        " second\nthe ledger %s answers"
                                        " again\n", url->shown, url->shown));
}
END_TEST

START_TEST(probes_are_a_second_apart_whatever_lies_in_the_memory)
{
    const apr_int64_t now = INT64_C(5000) * 1000000;
    static const apr_uint32_t wrong[] = { 0, 1, 0x7fffffff, 0x80000000,
                                          0xffffffff, 5001001, 4999999 };
    size_t i;

    for (i = 0; i < COUNT(wrong); i++) {
        ep_breaker one;

        memset(&one, 0xa5, sizeof(one));
        one.next_probe = wrong[i];
        ck_assert_int_eq(ep_breaker_may_call(&one, 0, now), 0);
        ck_assert_int_eq(ep_breaker_may_call(&one, 1, now), 1);
        ck_assert_int_eq(ep_breaker_may_call(&one, 1, now), 0);
        ck_assert_int_eq(ep_breaker_may_call(&one, 1, now + 999 * MS), 0);
        ck_assert_int_eq(ep_breaker_may_call(&one, 1, now + 1000 * MS), 1);
        ck_assert_int_eq(ep_breaker_may_call(&one, 1, now + 1000 * MS), 0);
        one.is_open = 0;
        ck_assert_int_eq(ep_breaker_may_call(&one, 0, now), 1);
    }
}
END_TEST

START_TEST(three_failures_in_a_row_open_it_and_a_success_between_does_not)
{
    ep_breaker one;

    memset(&one, 0, sizeof(one));
    ep_breaker_note(&one, EP_CAUSE_OOM, 1);
    ep_breaker_note(&one, EP_CAUSE_OOM, 1);
    ep_breaker_note(&one, EP_CAUSE_NONE, 1);
    ep_breaker_note(&one, EP_CAUSE_OOM, 1);
    ep_breaker_note(&one, EP_CAUSE_NOSCRIPT, 1);
    ep_breaker_note(&one, EP_CAUSE_OOM, 1);
    ck_assert_int_eq(ep_breaker_note(&one, EP_CAUSE_OOM, 1), EP_BREAKER_SAME);
    ck_assert(!ep_breaker_is_open(&one));
    ck_assert_int_eq(ep_breaker_note(&one, EP_CAUSE_OOM, 1),
                     EP_BREAKER_OPENED);
    ck_assert_int_eq(ep_breaker_note(&one, EP_CAUSE_OOM, 1), EP_BREAKER_SAME);
    ck_assert_int_eq(ep_breaker_note(&one, EP_CAUSE_NONE, 1),
                     EP_BREAKER_CLOSED);
    ck_assert_int_eq(one.cause, EP_CAUSE_OOM);
}
END_TEST

START_TEST(each_call_is_counted_in_the_step_of_its_time)
{
    ep_breaker one;
    int i;

    memset(&one, 0, sizeof(one));
    for (i = 0; i < EP_BREAKER_STEPS - 1; i++) {
        ep_breaker_note(&one, EP_CAUSE_NONE, ep_breaker_limits[i]);
        ck_assert_int_eq(one.steps[i], i == 0 ? 1 : 2);
        ep_breaker_note(&one, EP_CAUSE_NONE, ep_breaker_limits[i] + 1);
        ck_assert_int_eq(one.steps[i + 1], 1);
    }
}
END_TEST

/* ------------------------------------------------------- more than one node */

static fake other;

static void serve_other(const char *text)
{
    other.script[0][0].step = FAKE_READ;
    other.script[0][1].step = FAKE_SEND;
    other.script[0][1].text = text;
    other.script[0][2].step = FAKE_READ;
    other.script[0][3].step = FAKE_SEND;
    other.script[0][3].text = "+asked\r\n";
    other.script[0][4].step = FAKE_SLEEP;
    other.script[0][4].milliseconds = 5000;
    fake_begin(&other);
}

START_TEST(moved_is_followed_and_remembered)
{
    redisReply *reply;

    serve_other("+here\r\n");
    serve_reply(apr_psprintf(pool, "-MOVED 1 %s:%d\r\n",
                             _i ? "" : "127.0.0.1", other.port));
    ck_assert_int_eq(ask("x", &reply), EP_CAUSE_NONE);
    ck_assert_str_eq(reply->str, "here");
    freeReplyObject(reply);
    ck_assert_int_eq(ask("x", &reply), EP_CAUSE_NONE);
    ck_assert_str_eq(reply->str, "asked");
    freeReplyObject(reply);
    ck_assert_int_eq(server.accepted, 1);
    ck_assert_int_eq(other.accepted, 1);
}
END_TEST

START_TEST(ask_is_followed_for_one_command)
{
    redisReply *reply;

    serve_other("+OK\r\n");
    serve_reply(apr_psprintf(pool, "-ASK 1 127.0.0.1:%d\r\n", other.port));
    ck_assert_int_eq(ask("x", &reply), EP_CAUSE_NONE);
    ck_assert_str_eq(reply->str, "asked");
    freeReplyObject(reply);
    /* goes to the first again */
    cause_of();
    ck_assert_int_eq(server.accepted, 2);
}
END_TEST

/* Serves on `other`, which sends a call back to `server`. */
static void serve_circle(const char *word)
{
    static char back[64];

    serve_other(back);
    serve_reply(apr_psprintf(pool, "-MOVED 1 127.0.0.1:%d\r\n", other.port));
    snprintf(back, sizeof(back), "-%s 1 127.0.0.1:%d\r\n", word, server.port);
}

START_TEST(moved_in_a_circle_ends)
{
    serve_circle("MOVED");
    ck_assert_int_eq(cause_of(), EP_CAUSE_MOVED);
    ck_assert_int_eq(server.accepted, 2);
    ck_assert_int_eq(other.accepted, 1);
}
END_TEST

/* As long as a slot is moved, a call that did not know its node needs both. */
START_TEST(ask_behind_moved_is_followed)
{
    static const fake_line lines[FAKE_LINES] = {
        { FAKE_READ, NULL, 0 }, { FAKE_SEND, "+OK\r\n", 0 },
        { FAKE_READ, NULL, 0 }, { FAKE_SEND, "+there\r\n", 0 }
    };
    static fake third;
    redisReply *reply;
    const char *text;

    memset(&third, 0, sizeof(third));
    memcpy(third.script[0], lines, sizeof(lines));
    fake_begin(&third);
    text = apr_psprintf(pool, "-ASK 1 127.0.0.1:%d\r\n", third.port);
    serve_other(text);
    serve_reply(apr_psprintf(pool, "-MOVED 1 127.0.0.1:%d\r\n", other.port));
    ck_assert_int_eq(ask("x", &reply), EP_CAUSE_NONE);
    ck_assert_str_eq(reply->str, "there");
    freeReplyObject(reply);
    ck_assert_int_eq(server.accepted, 1);
    ck_assert_int_eq(other.accepted, 1);
    ck_assert_int_eq(third.accepted, 1);
}
END_TEST

static const char *const of_the_address[] = {
    "-READONLY replica\r\n", "-LOADING\r\n", "-CLUSTERDOWN\r\n",
    "-MASTERDOWN\r\n", "", "garbage\r\n"
};

START_TEST(after_a_fault_of_an_address_the_next_one_is_asked)
{
    serve_other("+here\r\n");
    serve_reply(of_the_address[_i]);
    use("redis", apr_psprintf(pool, "//127.0.0.1:%d,127.0.0.1:%d", server.port,
                              other.port));
    ck_assert_int_ne(cause_of(), EP_CAUSE_NONE);
    ck_assert_int_eq(cause_of(), EP_CAUSE_NONE);
}
END_TEST

/* ------------------------------------------------------------ a real one */

START_TEST(a_real_server_answers_by_tcp_and_by_its_socket)
{
    const int port = fake_free_port();
    const long pid = fake_redis_start(port, directory, "no");
    redisReply *reply;

    use_port(port, "/3");
    ck_assert_int_eq(ask("a\nb", &reply), EP_CAUSE_NONE);
    ck_assert_str_eq(reply->str, "a\nb");
    freeReplyObject(reply);
    use("redis+unix", apr_psprintf(pool, "//%s/socket db=2", directory));
    ck_assert_int_eq(ask("c", &reply), EP_CAUSE_NONE);
    ck_assert_str_eq(reply->str, "c");
    freeReplyObject(reply);
    use_port(port, "/16383");
    ck_assert_int_eq(cause_of(), EP_CAUSE_AUTH);
    fake_redis_stop(pid, SIGKILL);
}
END_TEST

static void command(const char *const *words, int count)
{
    const char *argv[8];
    redisReply *reply;

    memcpy(argv, words, sizeof(*argv) * (size_t)count);
    ck_assert_int_eq(ep_pool_call(ep_conn_clock() + 1000 * MS, 0, count, argv,
                                  NULL, &reply),
                     EP_CAUSE_NONE);
    freeReplyObject(reply);
}

START_TEST(a_real_server_knows_users_and_passwords)
{
    static const char *const user[] = { "ACL", "SETUSER", "app", "on",
                                        ">SECRET", "+echo", "+select" };
    static const char *const all[] = { "CONFIG", "SET", "requirepass",
                                       "MAIN" };
    const int port = fake_free_port();
    const long pid = fake_redis_start(port, directory, "no");
    static const struct { const char *who; ep_cause cause; } rows[] = {
        { "app:SECRET@", EP_CAUSE_NONE }, { "app:SECRE@", EP_CAUSE_AUTH },
        { "apq:SECRET@", EP_CAUSE_AUTH }, { ":MAIN@", EP_CAUSE_NONE },
        { ":SECRET@", EP_CAUSE_AUTH }, { "", EP_CAUSE_AUTH },
    };
    const char *get[] = { "GET", "x" };
    redisReply *reply;
    size_t i;

    use_port(port, "");
    command(user, 7);
    command(all, 4);
    for (i = 0; i < COUNT(rows); i++) {
        use("redis", apr_psprintf(pool, "//%s127.0.0.1:%d", rows[i].who, port));
        ck_assert_int_eq(cause_of(), rows[i].cause);
        cause_of();
        cause_of();
        ck_assert_int_eq(strstr(logged, "(auth)") != NULL,
                         rows[i].cause == EP_CAUSE_AUTH);
        ck_assert_ptr_null(strstr(logged, "SECRE"));
    }
    use("redis", apr_psprintf(pool, "//app:SECRET@127.0.0.1:%d", port));
    ck_assert_int_eq(ep_pool_call(ep_conn_clock() + 1000 * MS, 0, 2, get, NULL,
                                  &reply),
                     EP_CAUSE_NOPERM);
    fake_redis_stop(pid, SIGKILL);
}
END_TEST

#ifdef EP_REDIS_TLS

/* Writes DIR/NAME.key, and DIR/NAME.crt that it signs itself. */
static void make_certificate(const char *name, const char *for_whom)
{
    ck_assert_int_eq(system(apr_psprintf(
                         pool,
                         "openssl req -x509 -newkey rsa:2048 -nodes -days 1"
                         " -subj /CN=x -addext subjectAltName=%s -keyout"
                         " %s/%s.key -out %s/%s.crt 2>/dev/null",
                         for_whom, directory, name, directory, name)),
                     0);
}

static void set(const char *name, const char *value)
{
    const char *words[] = { "CONFIG", "SET", name, value };

    command(words, 4);
}

START_TEST(tls_checks_who_answers)
{
    static const struct { const char *signer, *host; ep_cause cause; } rows[] = {
        { "good", "127.0.0.1", EP_CAUSE_NONE },
        { "other", "127.0.0.1", EP_CAUSE_CONNECT },
        { "good", "localhost", EP_CAUSE_CONNECT },
    };
    const int port = fake_free_port();
    const int tls_port = fake_free_port();
    const long pid = fake_redis_start(port, directory, "no");
    size_t i;

    make_certificate("good", "IP:127.0.0.1");
    make_certificate("other", "IP:127.0.0.1");
    use_port(port, "");
    {
        const char *words[] = {
            "CONFIG", "SET", "tls-auth-clients", "no", "tls-key-file",
            apr_psprintf(pool, "%s/good.key", directory), "tls-cert-file",
            apr_psprintf(pool, "%s/good.crt", directory)
        };
        command(words, 8);
    }
    set("tls-port", apr_psprintf(pool, "%d", tls_port));
    set("requirepass", "SECRET");
    for (i = 0; i < COUNT(rows); i++) {
        use("rediss", apr_psprintf(pool, "//:SECRET@%s:%d cafile=%s/%s.crt",
                                   rows[i].host, tls_port, directory,
                                   rows[i].signer));
        ck_assert_int_eq(cause_of(), rows[i].cause);
        /* that a connection is used again: with TLS, too */
        ck_assert_int_eq(cause_of(), rows[i].cause);
    }
    fake_redis_stop(pid, SIGKILL);
}
END_TEST

#endif

START_TEST(a_server_that_was_started_again_is_asked_without_a_failure)
{
    const int port = fake_free_port();
    long pid = fake_redis_start(port, directory, "no");

    use_port(port, "");
    ck_assert_int_eq(cause_of(), EP_CAUSE_NONE);
    fake_redis_stop(pid, SIGKILL);
    pid = fake_redis_start(port, directory, "no");
    ck_assert_int_eq(cause_of(), EP_CAUSE_NONE);
    fake_redis_stop(pid, SIGKILL);
    ck_assert_int_eq(cause_of(), EP_CAUSE_CONNECT);
}
END_TEST

START_TEST(a_stopped_server_keeps_nobody_longer_than_the_deadline)
{
    const int port = fake_free_port();
    const long pid = fake_redis_start(port, directory, "no");
    int i;

    use_port(port, "");
    ck_assert_int_eq(cause_of(), EP_CAUSE_NONE);
    kill((pid_t)pid, SIGSTOP);
    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(cause_of(), EP_CAUSE_TIMEOUT);
    }
    ck_assert_int_eq(cause_of(), EP_CAUSE_OPEN);
    kill((pid_t)pid, SIGCONT);
    usleep(50000);
    ck_assert_int_eq(cause_in(200 * MS, 1),
                     EP_CAUSE_NONE);
    fake_redis_stop(pid, SIGKILL);
}
END_TEST

/* Three of a cluster, each with a directory of its own. */
static void start_cluster(int *ports, long *pids)
{
    const char *all = "";
    int i;

    for (i = 0; i < 3; i++) {
        const char *own = apr_psprintf(pool, "%s/%d", directory, i);

        ck_assert_int_eq(mkdir(own, 0700), 0);
        /* its bus listens on a port 10000 higher */
        do {
            ports[i] = fake_free_port();
        } while (ports[i] > 55000);
        pids[i] = fake_redis_start(ports[i], own, "yes");
        all = apr_psprintf(pool, "%s 127.0.0.1:%d", all, ports[i]);
    }
    ck_assert_int_eq(system(apr_psprintf(pool,
                                         "redis-cli --cluster create%s"
                                         " --cluster-yes >%s/cluster 2>&1",
                                         all, directory)),
                     0);
    for (i = 0; i < 3; i++) {
        const char *knows = apr_psprintf(pool, "redis-cli -p %d cluster info"
                                               " | grep -q cluster_state:ok",
                                         ports[i]);
        int turns = 0;

        while (system(knows) != 0 && turns++ < 200) {
            usleep(50000);
        }
        ck_assert_int_lt(turns, 200);
    }
}

static ep_cause increment(const char *key, long long *value)
{
    const char *argv[] = { "EVAL", "return redis.call('INCR', KEYS[1])", "1",
                           key };
    redisReply *reply;
    const ep_cause cause = ep_pool_call(ep_conn_clock() + 1000 * MS, 1, 4,
                                        argv, NULL, &reply);

    if (reply != NULL) {
        *value = reply->integer;
        freeReplyObject(reply);
    }
    return cause;
}

START_TEST(in_a_cluster_moved_leads_to_the_node_of_the_ledger)
{
    long long value = 0;
    long pids[3];
    int ports[3];
    int i, j;

    start_cluster(ports, pids);
    /* whichever node the URL names: each ledger has its node, and is counted once */
    for (i = 0; i < 3; i++) {
        use_port(ports[i], "");
        for (j = 0; j < 20; j++) {
            ck_assert_int_eq(increment(apr_psprintf(pool, "{ep:%d}:x", j),
                                       &value),
                             EP_CAUSE_NONE);
            ck_assert_int_eq(value, i + 1);
        }
        ck_assert_int_eq(breaker.causes[EP_CAUSE_NONE], 20);
    }
    /* the node that does not answer is left for one that does */
    use("redis", apr_psprintf(pool, "//127.0.0.1:%d,127.0.0.1:%d",
                              fake_free_port(), ports[0]));
    ck_assert_int_eq(increment("{ep:0}:x", &value), EP_CAUSE_CONNECT);
    ck_assert_int_eq(increment("{ep:0}:x", &value), EP_CAUSE_NONE);
    ck_assert_int_eq(value, 4);
    for (i = 0; i < 3; i++) {
        fake_redis_stop(pids[i], SIGKILL);
    }
}
END_TEST

START_TEST(a_replica_is_left_for_its_master)
{
    const int master_port = fake_free_port();
    const int replica_port = fake_free_port();
    const char *master_of = apr_psprintf(pool, "%s/m", directory);
    const char *replica_of = apr_psprintf(pool, "%s/r", directory);
    long master, replica;
    long long value = 0;

    ck_assert_int_eq(mkdir(master_of, 0700), 0);
    ck_assert_int_eq(mkdir(replica_of, 0700), 0);
    master = fake_redis_start(master_port, master_of, "no");
    replica = fake_redis_start(replica_port, replica_of, "no");
    use_port(replica_port, "");
    {
        const char *words[] = { "REPLICAOF", "127.0.0.1",
                                apr_psprintf(pool, "%d", master_port) };
        command(words, 3);
    }
    use("redis", apr_psprintf(pool, "//127.0.0.1:%d,127.0.0.1:%d",
                              replica_port, master_port));
    ck_assert_int_eq(increment("{ep:x}:x", &value), EP_CAUSE_READONLY);
    ck_assert_int_eq(increment("{ep:x}:x", &value), EP_CAUSE_NONE);
    ck_assert_int_eq(value, 1);
    fake_redis_stop(replica, SIGKILL);
    fake_redis_stop(master, SIGKILL);
}
END_TEST

START_TEST(a_full_server_says_oom_and_an_empty_one_does_not)
{
    static const char *const full[] = { "CONFIG", "SET", "maxmemory", "1" };
    static const char *const empty[] = { "CONFIG", "SET", "maxmemory", "0" };
    const int port = fake_free_port();
    const long pid = fake_redis_start(port, directory, "no");
    long long value = 0;

    use_port(port, "");
    command(full, 4);
    ck_assert_int_eq(increment("{ep:x}:x", &value), EP_CAUSE_OOM);
    command(empty, 4);
    ck_assert_int_eq(increment("{ep:x}:x", &value), EP_CAUSE_NONE);
    ck_assert_int_eq(value, 1);
    fake_redis_stop(pid, SIGKILL);
}
END_TEST

#define CALLS 300
static void *call_often(void *data)
{
    int i;

    for (i = 0; i < CALLS; i++) {
        char word[32];
        const char *argv[] = { "ECHO", word };
        redisReply *reply;

        snprintf(word, sizeof(word), "%d-%d", *(int *)data, i);
        if (ep_pool_call(ep_conn_clock() + 5000 * MS, 0, 2, argv, NULL, &reply)
                != EP_CAUSE_NONE
            || strcmp(reply->str, word) != 0) {
            return NULL;
        }
        freeReplyObject(reply);
    }
    return data;
}

START_TEST(threads_get_the_replies_to_their_own_commands)
{
    const int port = fake_free_port();
    const long pid = fake_redis_start(port, directory, "no");
    pthread_t threads[8];
    int numbers[8];
    int i;

    use_port(port, "");
    for (i = 0; i < 8; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_often,
                                        &numbers[i]), 0);
    }
    for (i = 0; i < 8; i++) {
        void *result;

        pthread_join(threads[i], &result);
        ck_assert_ptr_eq(result, &numbers[i]);
    }
    ck_assert_int_eq(breaker.causes[EP_CAUSE_NONE], 8 * CALLS);
    ep_pool_tidy();
    fake_redis_stop(pid, SIGKILL);
}
END_TEST

#define ADD_ROWS(test, rows) \
    tcase_add_loop_test(tcase, test, 0, (int)COUNT(rows))

static void add_calls(TCase *tcase)
{
    ADD_ROWS(an_error_reply_is_a_cause_and_no_reply, error_replies);
    ADD_ROWS(a_reply_is_bounded_whatever_it_announces, hostile);
    tcase_add_test(tcase, silence_ends_at_the_deadline);
    tcase_add_test(tcase, a_script_that_fails_may_have_run_in_part);
    tcase_add_test(tcase, one_byte_a_second_ends_at_the_deadline);
    tcase_add_test(tcase, a_late_reply_is_never_that_of_the_next_call);
    tcase_add_test(tcase, what_comes_unasked_ends_the_connection);
    tcase_add_test(tcase, a_reset_after_the_command_is_doubtful_and_sent_once);
    tcase_add_test(tcase, a_port_of_nobody_refuses_at_once);
    tcase_add_test(tcase,
                   to_connect_ends_at_the_deadline_and_opens_the_breaker);
    tcase_add_test(tcase,
                   a_name_that_is_not_found_is_looked_up_in_the_background);
#ifdef EP_REDIS_TLS
    tcase_add_test(tcase, tls_checks_who_answers);
#endif
    ADD_ROWS(a_command_is_sent_after_the_handshake_alone, handshakes);
    tcase_add_test(
        tcase, an_open_breaker_lets_nobody_wait_and_one_probe_a_second_pass);
    tcase_add_loop_test(tcase, moved_is_followed_and_remembered, 0, 2);
    tcase_add_test(tcase, ask_is_followed_for_one_command);
    tcase_add_test(tcase, moved_in_a_circle_ends);
    tcase_add_test(tcase, ask_behind_moved_is_followed);
    ADD_ROWS(after_a_fault_of_an_address_the_next_one_is_asked,
             of_the_address);
    tcase_add_test(tcase, a_real_server_answers_by_tcp_and_by_its_socket);
    tcase_add_test(tcase, a_real_server_knows_users_and_passwords);
    tcase_add_test(
        tcase, a_server_that_was_started_again_is_asked_without_a_failure);
    tcase_add_test(
        tcase, a_stopped_server_keeps_nobody_longer_than_the_deadline);
    tcase_add_test(tcase, in_a_cluster_moved_leads_to_the_node_of_the_ledger);
    tcase_add_test(tcase, a_replica_is_left_for_its_master);
    tcase_add_test(tcase, a_full_server_says_oom_and_an_empty_one_does_not);
    tcase_add_test(tcase, threads_get_the_replies_to_their_own_commands);
}

int main(void)
{
    Suite *suite = suite_create("redis");
    TCase *tcase = tcase_create("redis");
    SRunner *runner;
    int failed, run;

    tcase_add_checked_fixture(tcase, begin, finish);
    tcase_set_timeout(tcase, 60);
    ADD_ROWS(a_url_says_where_redis_is, good_urls);
    ADD_ROWS(a_wrong_url_is_told_without_its_password, bad_urls);
    tcase_add_test(tcase, a_word_of_a_url_has_a_longest_length);
    ADD_ROWS(a_passwordfile_is_read_by_its_first_line, password_files);
    tcase_add_test(tcase, what_is_no_file_is_no_passwordfile);
    ADD_ROWS(the_first_word_of_an_error_is_its_cause, error_replies);
    tcase_add_test(tcase, every_cause_has_a_word_of_its_own);
    ADD_ROWS(moved_says_where, moved_replies);
    tcase_add_test(tcase,
                   probes_are_a_second_apart_whatever_lies_in_the_memory);
    tcase_add_test(
        tcase, three_failures_in_a_row_open_it_and_a_success_between_does_not);
    tcase_add_test(tcase, each_call_is_counted_in_the_step_of_its_time);
    add_calls(tcase);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    run = srunner_ntests_run(runner);
    srunner_free(runner);
    return run == 0 || failed != 0;
}
