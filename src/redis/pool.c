/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/pool.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include "http_log.h"

APLOG_USE_MODULE(expect_policy_redis);

#define ADDRESSES_MAX 16
/* Of a request there is one at a time, so this is about one for each thread. */
#define IDLE_MAX 64
#define IDLE_SPAN (INT64_C(60) * 1000000)
/* How often names are looked up, in seconds: and after a failure. */
#define RESOLVE_EVERY 60
#define RESOLVE_SOON 5
/* While a slot is moved, a node that never had it says MOVED, and the one that had it
 * ASK. */
#define FOLLOWED 2

typedef struct idle_conn {
    ep_conn *conn;
    /* of the address: see below */
    unsigned generation;
    apr_int64_t since;
} idle_conn;

/* Where Redis is.  What MOVED told stands behind what was resolved. */
typedef struct places {
    ep_conn_address at[ADDRESSES_MAX];
    int count;
    int current;
} places;

/* Of this process; the parent's is what the children begin with. */
static struct pool {
    const ep_url *url;
    server_rec *server;
    ep_breaker *breaker;
    places places;
    /* without what MOVED told */
    places resolved;
    /* counted up when another address becomes the current one, or the current one has
     * a fault: connections made before are closed */
    unsigned generation;
    idle_conn idle[IDLE_MAX];
    int idle_count;
    int is_ending;
    int resolve_soon;
} pool;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;

/* ------------------------------------------------------------ addresses */

static void add_address(places *found, const struct addrinfo *info,
                        const char *name)
{
    ep_conn_address *address = &found->at[found->count];

    if (found->count < ADDRESSES_MAX
        && info->ai_addrlen <= sizeof(address->at)) {
        memset(address, 0, sizeof(*address));
        memcpy(&address->at, info->ai_addr, info->ai_addrlen);
        address->length = info->ai_addrlen;
        address->name = name;
        found->count++;
    }
}

/* @param flags AI_NUMERICHOST: looks nothing up
 * @return 0: done; else for gai_strerror() */
static int resolve_node(places *found, const char *host, int port, int flags,
                        const char *name)
{
    struct addrinfo hints = { .ai_flags = flags | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *all;
    const struct addrinfo *info;
    char number[8];
    int error;

    snprintf(number, sizeof(number), "%d", port);
    error = getaddrinfo(host, number, &hints, &all);
    if (error != 0) {
        return error;
    }
    for (info = all; info != NULL; info = info->ai_next) {
        add_address(found, info, name);
    }
    freeaddrinfo(all);
    return 0;
}

static void use_socket(places *found, const char *path)
{
    ep_conn_address *address = &found->at[0];
    struct sockaddr_un *un = (struct sockaddr_un *)&address->at;

    un->sun_family = AF_UNIX;
    /* its length was checked by ep_url_parse() */
    memcpy(un->sun_path, path, strlen(path) + 1);
    address->length = sizeof(*un);
    found->count = 1;
}

/* @param s where it is logged which names are not found; NULL: nowhere */
static void resolve(places *found, const ep_url *url, server_rec *s)
{
    int i;

    memset(found, 0, sizeof(*found));
    if (url->scheme == EP_URL_UNIX) {
        use_socket(found, url->path);
        return;
    }
    for (i = 0; i < url->count; i++) {
        const char *host = url->nodes[i].host;
        const int error = resolve_node(found, host, url->nodes[i].port, 0,
                                       host);

        if (error != 0 && s != NULL) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         "the name %s of the ledger is not found: %s; it is"
                         " looked up again", host, gai_strerror(error));
        }
    }
}

/* @return 1: a host of the URL is a name */
static int has_names(const ep_url *url)
{
    places ignored = { .count = 0 };
    int i;

    for (i = 0; i < url->count; i++) {
        if (resolve_node(&ignored, url->nodes[i].host, url->nodes[i].port,
                         AI_NUMERICHOST, NULL) != 0) {
            return 1;
        }
    }
    return 0;
}

static int is_same(const ep_conn_address *a, const ep_conn_address *b)
{
    return a->length == b->length && memcmp(&a->at, &b->at, a->length) == 0;
}

/* @return the index of an address; count: it is not there */
static int find_address(const places *in, const ep_conn_address *address)
{
    int i = 0;

    while (i < in->count && !is_same(&in->at[i], address)) {
        i++;
    }
    return i;
}

/* With the lock.  Takes what was found, unless that is nothing or, in any order, what
 * was found before. */
static void use_found(const places *found)
{
    int known = 0;
    int i;

    for (i = 0; i < found->count; i++) {
        known += find_address(&pool.resolved, &found->at[i])
                 < pool.resolved.count;
    }
    if (found->count == 0
        || (known == found->count && known == pool.resolved.count)) {
        return;
    }
    pool.places = *found;
    pool.resolved = *found;
    pool.generation++;
}

/* ------------------------------------------------------------- resolver */

static apr_int64_t time_to_resolve(apr_int64_t last)
{
    const int is_soon = pool.resolve_soon || pool.places.count == 0;

    return last + (is_soon ? RESOLVE_SOON : RESOLVE_EVERY) * INT64_C(1000000);
}

/* Waits until names are to be looked up.  @return 0: the child ends */
static int wait_to_resolve(void)
{
    const apr_int64_t last = ep_conn_clock();
    int is_ending;

    pthread_mutex_lock(&lock);
    while (!pool.is_ending && ep_conn_clock() < time_to_resolve(last)) {
        const apr_int64_t next = time_to_resolve(last);
        const struct timespec until = { next / 1000000,
                                        next % 1000000 * 1000 };

        pthread_cond_timedwait(&wake, &lock, &until);
    }
    pool.resolve_soon = 0;
    is_ending = pool.is_ending;
    pthread_mutex_unlock(&lock);
    return !is_ending;
}

/* A look-up can take very long, and cannot be interrupted.  So this thread does
 * nothing else, and nobody waits for its end. */
static void *run_resolver(void *url)
{
    while (wait_to_resolve()) {
        places found;

        resolve(&found, url, NULL);
        pthread_mutex_lock(&lock);
        if (!pool.is_ending) {
            use_found(&found);
        }
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* The thread may return into this code after httpd has unloaded the module: it stays
 * in memory. */
static void stay_loaded(void)
{
    Dl_info self;

    if (dladdr((void *)&pool, &self) != 0 && self.dli_fname != NULL) {
        (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    }
}

static apr_status_t start_resolver(const ep_url *url)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int error;

    stay_loaded();
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* httpd's signals are for its own threads */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&thread, &attributes, run_resolver, (void *)url);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

/* ---------------------------------------------------------- connections */

/* With the lock. */
static void close_idle(void)
{
    while (pool.idle_count > 0) {
        ep_conn_close(pool.idle[--pool.idle_count].conn);
    }
}

/* The copy of an address, and the generation of what connects to it. */
typedef struct target {
    ep_conn_address address;
    unsigned generation;
} target;

/* @return 0: there is none */
static int find_target(target *to)
{
    int is_found;

    pthread_mutex_lock(&lock);
    is_found = pool.places.count > 0;
    if (is_found) {
        to->address = pool.places.at[pool.places.current];
        to->generation = pool.generation;
    }
    pthread_mutex_unlock(&lock);
    return is_found;
}

/* @return NULL: there is none */
static ep_conn *take_idle(void)
{
    ep_conn *conn = NULL;

    pthread_mutex_lock(&lock);
    if (pool.idle_count > 0) {
        const idle_conn *last = &pool.idle[--pool.idle_count];

        conn = last->conn;
        if (last->generation != pool.generation) {
            ep_conn_close(conn);
            close_idle();
            conn = NULL;
        }
    }
    pthread_mutex_unlock(&lock);
    return conn;
}

/* @return a connection that has nothing to be read; NULL: none is idle */
static ep_conn *find_idle(void)
{
    ep_conn *conn;

    while ((conn = take_idle()) != NULL && !ep_conn_is_usable(conn)) {
        ep_conn_close(conn);
    }
    return conn;
}

static void give_back(ep_conn *conn, const target *to)
{
    if (ep_conn_is_usable(conn)) {
        pthread_mutex_lock(&lock);
        if (pool.idle_count < IDLE_MAX && to->generation == pool.generation
            && !pool.is_ending) {
            idle_conn *last = &pool.idle[pool.idle_count++];

            last->conn = conn;
            last->generation = to->generation;
            last->since = ep_conn_clock();
            conn = NULL;
        }
        pthread_mutex_unlock(&lock);
    }
    ep_conn_close(conn);
}

/* The next call tries the next address, and names are looked up soon. */
static void leave_address(const target *from)
{
    pthread_mutex_lock(&lock);
    if (from->generation == pool.generation && pool.places.count > 0) {
        pool.places.current = (pool.places.current + 1) % pool.places.count;
        pool.generation++;
        if (!pool.resolve_soon) {
            pool.resolve_soon = 1;
            pthread_cond_signal(&wake);
        }
    }
    pthread_mutex_unlock(&lock);
}

/* From now on calls go there.  If it was not resolved from the URL, it takes the
 * place behind these. */
static void settle_at(target *to)
{
    places *known = &pool.places;
    int i;

    pthread_mutex_lock(&lock);
    i = find_address(known, &to->address);
    if (i == known->count) {
        i = known->count < ADDRESSES_MAX ? known->count++ : ADDRESSES_MAX - 1;
        known->at[i] = to->address;
    }
    if (known->current != i) {
        known->current = i;
        pool.generation++;
    }
    to->generation = pool.generation;
    pthread_mutex_unlock(&lock);
}

/* ---------------------------------------------------------------- calls */

typedef struct command {
    apr_int64_t deadline;
    int argc;
    const char **argv;
    const size_t *lens;
} command;

static ep_cause send_asking(ep_conn *conn, apr_int64_t deadline)
{
    const char *asking[] = { "ASKING" };
    redisReply *reply;
    const ep_cause cause = ep_conn_call(conn, deadline, 1, asking, NULL,
                                        &reply, NULL);

    if (reply != NULL) {
        freeReplyObject(reply);
    }
    /* the command itself was not sent; what Redis says of ASKING itself is for the log */
    return ep_reply_is_doubtful(cause) && cause != EP_CAUSE_NOPERM
                   && cause != EP_CAUSE_ERROR
               ? EP_CAUSE_CONNECT
               : cause;
}

/* @param moved in: is_ask; out: for MOVED */
static ep_cause call_at(const target *to, ep_conn *conn, int is_ask,
                        const command *what, redisReply **reply,
                        ep_reply_moved *moved)
{
    ep_cause cause = EP_CAUSE_NONE;

    if (conn == NULL) {
        cause = ep_conn_open(pool.url, &to->address, what->deadline, &conn);
    }
    if (cause == EP_CAUSE_NONE && is_ask) {
        cause = send_asking(conn, what->deadline);
    }
    if (cause == EP_CAUSE_NONE) {
        cause = ep_conn_call(conn, what->deadline, what->argc, what->argv,
                             what->lens, reply, moved);
    }
    /* after an error, another connection may lead to another server: behind a name
     * or a proxy there may be a new master */
    if (conn != NULL && !is_ask
        && (cause == EP_CAUSE_NONE || cause == EP_CAUSE_NOSCRIPT)) {
        give_back(conn, to);
    }
    else {
        ep_conn_close(conn);
    }
    return cause;
}

static int port_offset(const struct sockaddr_storage *at)
{
    return at->ss_family == AF_INET6
               ? (int)offsetof(struct sockaddr_in6, sin6_port)
               : (int)offsetof(struct sockaddr_in, sin_port);
}

/* @param to in: who said MOVED; out: where that is
 * @return 0: that is a name, or nothing of TCP */
static int find_moved(target *to, const ep_reply_moved *moved)
{
    places found = { .count = 0 };

    if (to->address.at.ss_family == AF_UNIX) {
        return 0;
    }
    if (moved->host[0] == '\0') {
        const unsigned short port = htons((unsigned short)moved->port);

        memcpy((char *)&to->address.at + port_offset(&to->address.at), &port,
               sizeof(port));
        return 1;
    }
    if (resolve_node(&found, moved->host, moved->port, AI_NUMERICHOST,
                     to->address.name) != 0
        || found.count == 0) {
        return 0;
    }
    to->address = found.at[0];
    return 1;
}

/* Causes for which another address may do better. */
static int is_of_the_address(ep_cause cause)
{
    switch (cause) {
    case EP_CAUSE_CONNECT:
    case EP_CAUSE_CONNECT_TIMEOUT:
    case EP_CAUSE_TIMEOUT:
    case EP_CAUSE_CLOSED:
    case EP_CAUSE_PROTOCOL:
    case EP_CAUSE_READONLY:
    case EP_CAUSE_LOADING:
    case EP_CAUSE_CLUSTERDOWN:
    case EP_CAUSE_AGAIN:
        return 1;
    default:
        return 0;
    }
}

static ep_cause call(const command *what, redisReply **reply)
{
    ep_reply_moved moved;
    ep_cause cause;
    target to;
    int i;

    if (!find_target(&to)) {
        return EP_CAUSE_RESOLVE;
    }
    cause = call_at(&to, find_idle(), 0, what, reply, &moved);
    for (i = 0; i < FOLLOWED && cause == EP_CAUSE_MOVED && find_moved(&to, &moved);
         i++) {
        if (!moved.is_ask) {
            settle_at(&to);
        }
        cause = call_at(&to, NULL, moved.is_ask, what, reply, &moved);
    }
    if (is_of_the_address(cause)) {
        leave_address(&to);
    }
    return cause;
}

static void tell(ep_breaker_news news, ep_cause cause)
{
    if (news == EP_BREAKER_OPENED) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, pool.server,
                     "the ledger %s does not answer (%s), and is asked again"
                     " once a second", pool.url->shown, ep_reply_word(cause));
    }
    else if (news == EP_BREAKER_CLOSED) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, pool.server,
                     "the ledger %s answers again", pool.url->shown);
    }
}

ep_cause ep_pool_call(apr_int64_t deadline, int is_probe, int argc,
                      const char **argv, const size_t *lens,
                      redisReply **reply)
{
    const command what = { deadline, argc, argv, lens };
    const apr_int64_t begin = ep_conn_clock();
    ep_cause cause;

    *reply = NULL;
    if (!ep_breaker_may_call(pool.breaker, is_probe, begin)) {
        return EP_CAUSE_OPEN;
    }
    cause = call(&what, reply);
    tell(ep_breaker_note(pool.breaker, cause, ep_conn_clock() - begin),
         cause);
    return cause;
}

void ep_pool_tidy(void)
{
    const apr_int64_t before = ep_conn_clock() - IDLE_SPAN;
    int kept = 0;
    int i;

    pthread_mutex_lock(&lock);
    for (i = 0; i < pool.idle_count; i++) {
        if (pool.idle[i].since < before) {
            ep_conn_close(pool.idle[i].conn);
        }
        else {
            pool.idle[kept++] = pool.idle[i];
        }
    }
    pool.idle_count = kept;
    pthread_mutex_unlock(&lock);
}

/* ------------------------------------------------------- start and end */

void ep_pool_post_config(apr_pool_t *pconf, server_rec *s, const ep_url *url)
{
    (void)pconf;
    memset(&pool, 0, sizeof(pool));
    pool.url = url;
    resolve(&pool.resolved, url, s);
    pool.places = pool.resolved;
}

static apr_status_t end(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    pool.is_ending = 1;
    close_idle();
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    return APR_SUCCESS;
}

apr_status_t ep_pool_child_init(apr_pool_t *pchild, server_rec *s,
                                ep_breaker *breaker)
{
    pthread_condattr_t attributes;

    pool.server = s;
    pool.breaker = breaker;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&wake, &attributes);
    pthread_condattr_destroy(&attributes);
    apr_pool_pre_cleanup_register(pchild, NULL, end);
    return has_names(pool.url) ? start_resolver(pool.url) : APR_SUCCESS;
}
