/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef EP_REDIS_TLS
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif

/* By hiredis: the bytes of commands and replies.  By us: sockets, waiting and
 * bounds, so that nothing blocks or looks a name up. */
struct ep_conn {
    redisContext *context;
    ep_reply_bounds bounds;
    /* 1: a command failed, other than by an error reply */
    int is_broken;
    int is_tls;
};

apr_int64_t ep_conn_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* @return 1: ready, or broken; 0: not by the deadline; -1: an error */
static int wait_for(int fd, short events, apr_int64_t deadline)
{
    for (;;) {
        struct pollfd one = { .fd = fd, .events = events };
        const apr_int64_t left = deadline - ep_conn_clock();
        int ready;

        if (left <= 0) {
            return 0;
        }
        /* rounded up: less would be a busy loop */
        ready = poll(&one, 1, (int)(left / 1000 + 1));
        if (ready > 0) {
            return 1;
        }
        if (ready < 0 && errno != EINTR) {
            return -1;
        }
    }
}

/* @return a connected socket; -1: see cause */
static int connect_to(const ep_conn_address *address, apr_int64_t deadline,
                      ep_cause *cause)
{
    const struct sockaddr *to = (const struct sockaddr *)&address->at;
    /* CLOEXEC at once: programs that another thread forks must not inherit it */
    const int fd = socket(to->sa_family,
                          SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    int error = 0;
    socklen_t length = sizeof(error);
    int ready = 1;

    *cause = EP_CAUSE_CONNECT;
    if (fd < 0) {
        return -1;
    }
    if (connect(fd, to, address->length) != 0) {
        ready = errno == EINPROGRESS ? wait_for(fd, POLLOUT, deadline) : -1;
    }
    if (ready > 0
        && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0
        && error == 0) {
        if (to->sa_family != AF_UNIX) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        }
        return fd;
    }
    if (ready == 0) {
        *cause = EP_CAUSE_CONNECT_TIMEOUT;
    }
    close(fd);
    return -1;
}

#ifdef EP_REDIS_TLS

/* @return 1: set up; the handshake goes on with the first write.  Checked are the
 * chain, and the name or address in the URL */
static int start_tls(redisContext *context, const ep_url *url,
                     const ep_conn_address *address)
{
    SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    int is_done = 0;

    if (settings == NULL) {
        return 0;
    }
    SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION);
    if (address->name != NULL
        && (url->ca_file != NULL
                ? SSL_CTX_load_verify_locations(settings, url->ca_file, NULL)
                : SSL_CTX_set_default_verify_paths(settings)) == 1) {
        ssl = SSL_new(settings);
    }
    SSL_CTX_free(settings);
    if (ssl == NULL) {
        return 0;
    }
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address->name) == 1
        || (SSL_set1_host(ssl, address->name) == 1
            && SSL_set_tlsext_host_name(ssl, address->name) == 1)) {
        is_done = redisInitiateSSL(context, ssl) == REDIS_OK;
    }
    if (!is_done) {
        /* hiredis has not taken it */
        SSL_free(ssl);
    }
    return is_done;
}

#else

static int start_tls(redisContext *context, const ep_url *url,
                     const ep_conn_address *address)
{
    (void)context;
    (void)url;
    (void)address;
    return 0;
}

#endif

/* @return NULL: no memory, or no TLS; the socket is closed */
static ep_conn *wrap(int fd, const ep_url *url,
                     const ep_conn_address *address)
{
    ep_conn *conn = calloc(1, sizeof(*conn));

    if (conn != NULL) {
        conn->context = redisConnectFd(fd);
    }
    if (conn == NULL || conn->context == NULL) {
        free(conn);
        close(fd);
        return NULL;
    }
    /* hiredis takes the socket for a blocking one */
    conn->context->flags &= ~REDIS_BLOCK;
    ep_reply_bound(conn->context->reader, &conn->bounds);
    conn->is_tls = url->scheme == EP_URL_TLS;
    if (conn->is_tls && !start_tls(conn->context, url, address)) {
        ep_conn_close(conn);
        return NULL;
    }
    return conn;
}

/* A failure of hiredis or the system. */
static ep_cause broken_by(ep_conn *conn)
{
    const int error = conn->context->err;

    conn->is_broken = 1;
    return error == REDIS_ERR_PROTOCOL || error == REDIS_ERR_OOM
               ? EP_CAUSE_PROTOCOL
               : EP_CAUSE_CLOSED;
}

static ep_cause time_out(ep_conn *conn, int ready)
{
    conn->is_broken = 1;
    return ready == 0 ? EP_CAUSE_TIMEOUT : EP_CAUSE_CLOSED;
}

static ep_cause send_all(ep_conn *conn, apr_int64_t deadline)
{
    int is_done = 0;

    for (;;) {
        int ready;

        if (redisBufferWrite(conn->context, &is_done) != REDIS_OK) {
            return broken_by(conn);
        }
        if (is_done) {
            return EP_CAUSE_NONE;
        }
        /* with TLS, it is the handshake that waits for the other side */
        ready = wait_for(conn->context->fd, conn->is_tls ? POLLIN : POLLOUT,
                         deadline);
        if (ready <= 0) {
            return time_out(conn, ready);
        }
    }
}

/* @param reply out: not NULL on NONE; may be an error */
static ep_cause receive(ep_conn *conn, apr_int64_t deadline,
                        redisReply **reply)
{
    redisContext *context = conn->context;
    void *found = NULL;

    ep_reply_begin(&conn->bounds);
    for (;;) {
        int ready;

        if (redisGetReplyFromReader(context, &found) != REDIS_OK) {
            return broken_by(conn);
        }
        if (found != NULL) {
            *reply = found;
            return EP_CAUSE_NONE;
        }
        if (context->reader->len > EP_REPLY_BYTES_MAX) {
            conn->is_broken = 1;
            return EP_CAUSE_PROTOCOL;
        }
        ready = wait_for(context->fd, POLLIN, deadline);
        if (ready <= 0) {
            return time_out(conn, ready);
        }
        if (redisBufferRead(context) != REDIS_OK) {
            return broken_by(conn);
        }
    }
}

/* What a reply says, if it is an error.  Frees that. */
static ep_cause judge(redisReply **reply, ep_reply_moved *moved)
{
    ep_cause cause;

    if ((*reply)->type != REDIS_REPLY_ERROR) {
        return EP_CAUSE_NONE;
    }
    cause = ep_reply_classify((*reply)->str, (*reply)->len);
    if (cause == EP_CAUSE_MOVED && moved != NULL
        && !ep_reply_read_moved((*reply)->str, (*reply)->len, moved)) {
        cause = EP_CAUSE_ERROR;
    }
    freeReplyObject(*reply);
    *reply = NULL;
    return cause;
}

ep_cause ep_conn_call(ep_conn *conn, apr_int64_t deadline, int argc,
                      const char **argv, const size_t *lens, redisReply **reply,
                      ep_reply_moved *moved)
{
    ep_cause cause;

    *reply = NULL;
    if (redisAppendCommandArgv(conn->context, argc, argv, lens) != REDIS_OK) {
        return broken_by(conn);
    }
    cause = send_all(conn, deadline);
    if (cause == EP_CAUSE_NONE) {
        cause = receive(conn, deadline, reply);
    }
    return cause == EP_CAUSE_NONE ? judge(reply, moved) : cause;
}

/* One command of the handshake.  An error there is AUTH, but for those that pass. */
static ep_cause prepare(ep_conn *conn, apr_int64_t deadline, int argc,
                        const char **argv)
{
    redisReply *reply;
    const ep_cause cause = ep_conn_call(conn, deadline, argc, argv, NULL,
                                        &reply, NULL);

    if (reply != NULL) {
        freeReplyObject(reply);
    }
    switch (cause) {
    case EP_CAUSE_ERROR:
        return EP_CAUSE_AUTH;
    /* nothing that counts was sent yet, so nothing is doubtful */
    case EP_CAUSE_TIMEOUT:
        return EP_CAUSE_CONNECT_TIMEOUT;
    case EP_CAUSE_CLOSED:
    case EP_CAUSE_PROTOCOL:
        return EP_CAUSE_CONNECT;
    default:
        return cause;
    }
}

/* Authenticates, and selects the database.  Each waits for its reply: a command that
 * was sent behind a SELECT that fails would run in another database. */
static ep_cause introduce(ep_conn *conn, const ep_url *url,
                          apr_int64_t deadline)
{
    ep_cause cause = EP_CAUSE_NONE;

    if (url->password != NULL) {
        const char *two[] = { "AUTH", url->password };
        const char *three[] = { "AUTH", url->user, url->password };

        cause = url->user != NULL ? prepare(conn, deadline, 3, three)
                                  : prepare(conn, deadline, 2, two);
    }
    if (cause == EP_CAUSE_NONE && url->db != 0) {
        const char *select[] = { "SELECT", NULL };
        char number[12];

        snprintf(number, sizeof(number), "%d", url->db);
        select[1] = number;
        cause = prepare(conn, deadline, 2, select);
    }
    return cause;
}

ep_cause ep_conn_open(const ep_url *url, const ep_conn_address *address,
                      apr_int64_t deadline, ep_conn **conn)
{
    ep_cause cause;
    const int fd = connect_to(address, deadline, &cause);

    *conn = NULL;
    if (fd < 0) {
        return cause;
    }
    *conn = wrap(fd, url, address);
    if (*conn == NULL) {
        return EP_CAUSE_CONNECT;
    }
    cause = introduce(*conn, url, deadline);
    if (cause != EP_CAUSE_NONE) {
        ep_conn_close(*conn);
        *conn = NULL;
    }
    return cause;
}

int ep_conn_is_usable(const ep_conn *conn)
{
    const redisReader *reader = conn->context->reader;
    struct pollfd one = { .fd = conn->context->fd, .events = POLLIN };

    return !conn->is_broken && conn->context->err == 0
           && reader->pos >= reader->len && poll(&one, 1, 0) == 0;
}

void ep_conn_close(ep_conn *conn)
{
    if (conn != NULL) {
        redisFree(conn->context);
        free(conn);
    }
}
