/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "connection/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "apr_portable.h"
#include "apr_thread_proc.h"
#include "http_connection.h"
#include "http_core.h"
#include "http_log.h"

#include "connection/fork.h"
#include "request/counters.h"

APLOG_USE_MODULE(expect_policy);

/* the times that httpd uses (MAX_SECS_TO_LINGER, SECONDS_TO_LINGER) */
#define FULL_TIME apr_time_from_sec(30)
#define SHORT_TIME apr_time_from_sec(2)
/* How long connections are drained after the child was told to end. */
#define LAST_TIME apr_time_from_sec(2)
/* The most connections at once, per child.  A further one replaces the one with the
 * earliest deadline. */
#define CONNECTIONS_MAX 256
/* The receive buffer of a connection in the kernel, in bytes: without a bound, it
 * grows to megabytes for a fast sender.  A client can send one buffer per round trip:
 * 3.2 MB a second at 80 ms (calculated). */
#define RECEIVE_BUFFER (256 * 1024)
/* The most bytes that are read in a tick from all connections together: about 50 MB
 * a second.  A full receive buffer slows down a faster sender. */
#define TICK_BYTES (512 * 1024)
#define TICK_MSEC 10
#define PIECE (64 * 1024)

/*
 *   request threads                    the drain thread
 *   ---------------                    ----------------
 *   dup, write to pipe[1]      ----->  poll(pipe[0], sockets...)
 *                                      recv until end, error or deadline
 *                                      close
 */
typedef struct handover {
    int fd;
    size_t host;
    apr_time_t deadline;
} handover;

static struct drain {
    /* guards the members up to pipe.  Its pool is of the process: connections may
     * still be closed while the child's pool is destroyed */
    apr_thread_mutex_t *mutex;
    apr_pool_t *pool;
    apr_thread_t *thread;
    int is_over;
    pid_t owner;
    int pipe[2];
    /* only for the drain thread; [0] is the pipe */
    struct pollfd polled[1 + CONNECTIONS_MAX];
    apr_time_t deadline[1 + CONNECTIONS_MAX];
    size_t host[1 + CONNECTIONS_MAX];
    int count;
} drain;

static void close_connection(int i)
{
    close(drain.polled[i].fd);
    drain.count--;
    drain.polled[i] = drain.polled[drain.count];
    drain.deadline[i] = drain.deadline[drain.count];
    drain.host[i] = drain.host[drain.count];
}

static void close_oldest(void)
{
    int oldest = 1;
    int i;

    for (i = 2; i < drain.count; i++) {
        if (drain.deadline[i] < drain.deadline[oldest]) {
            oldest = i;
        }
    }
    close_connection(oldest);
}

/* @return 0 when the child is ending */
static int receive_handovers(void)
{
    handover next;
    ssize_t length;

    while ((length = read(drain.pipe[0], &next, sizeof(next)))
           == (ssize_t)sizeof(next)) {
        if (drain.count == 1 + CONNECTIONS_MAX) {
            close_oldest();
        }
        drain.polled[drain.count].fd = next.fd;
        drain.polled[drain.count].events = POLLIN;
        drain.polled[drain.count].revents = 0;
        drain.deadline[drain.count] = next.deadline;
        drain.host[drain.count] = next.host;
        drain.count++;
    }
    return length != 0;
}

/* @return 0 if the connection has ended or failed */
static int discard(int fd, size_t host, apr_size_t most)
{
    static char discarded[PIECE];

    while (most > 0) {
        const apr_size_t piece = most < PIECE ? most : PIECE;
        const ssize_t length = recv(fd, discarded, piece, MSG_DONTWAIT);

        if (length <= 0) {
            return length < 0 && (errno == EAGAIN || errno == EINTR);
        }
        most -= (apr_size_t)length;
        ep_counters_drained(host, (apr_size_t)length);
    }
    return 1;
}

/* Reads from each connection once, and closes those that ended or are too late.
 * @param last when all are closed
 * @return how many had something to read */
static int read_all(apr_time_t last)
{
    const apr_time_t now = apr_time_now();
    const apr_size_t share = TICK_BYTES / (apr_size_t)drain.count;
    int busy = 0;
    int i;

    for (i = drain.count - 1; i > 0; i--) {
        const int is_ready = drain.polled[i].revents != 0;

        busy += is_ready;
        if (now >= drain.deadline[i] || now >= last
            || (is_ready
                && !discard(drain.polled[i].fd, drain.host[i], share))) {
            close_connection(i);
        }
    }
    return busy;
}

static void *APR_THREAD_FUNC drain_all(apr_thread_t *thread, void *data)
{
    apr_time_t last = APR_INT64_MAX;
    int is_open = 1;

    (void)thread;
    (void)data;
    /* signals must go to httpd's threads */
    apr_setup_signal_thread();
    drain.polled[0].fd = drain.pipe[0];
    drain.polled[0].events = POLLIN;
    drain.count = 1;
    while (is_open || drain.count > 1) {
        int busy;

        /* the timeout bounds how late a deadline is noticed */
        poll(drain.polled, (nfds_t)drain.count,
             drain.count > 1 ? 500 : -1);
        if (is_open && drain.polled[0].revents != 0) {
            is_open = receive_handovers();
            if (!is_open) {
                last = apr_time_now() + LAST_TIME;
                drain.polled[0].fd = -1;
            }
        }
        busy = read_all(last);
        if (busy > 0) {
            apr_sleep(apr_time_from_msec(TICK_MSEC));
        }
    }
    return NULL;
}

static apr_status_t end_thread(void *data)
{
    apr_thread_t *thread;
    apr_status_t rv;

    (void)data;
    /* danger: a process that a child forks to run a program has copies of the child's
     * pools, and destroys them if it is killed before exec; but it has no threads */
    if (drain.owner != getpid()) {
        return APR_SUCCESS;
    }
    apr_thread_mutex_lock(drain.mutex);
    thread = drain.thread;
    drain.thread = NULL;
    drain.is_over = 1;
    if (thread != NULL) {
        close(drain.pipe[1]);
    }
    apr_thread_mutex_unlock(drain.mutex);
    if (thread != NULL) {
        apr_thread_join(&rv, thread);
        close(drain.pipe[0]);
    }
    return APR_SUCCESS;
}

static int start_thread(void)
{
    int i;

    if (pipe(drain.pipe) != 0) {
        return 0;
    }
    for (i = 0; i < 2; i++) {
        fcntl(drain.pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(drain.pipe[i], F_SETFL, O_NONBLOCK);
    }
    if (apr_thread_create(&drain.thread, NULL, drain_all, NULL, drain.pool)
        != APR_SUCCESS) {
        drain.thread = NULL;
        close(drain.pipe[0]);
        close(drain.pipe[1]);
        return 0;
    }
    ep_fork_guard();
    return 1;
}

/* @return 1: handed over; 0: the pipe is full; -1: there is no thread */
static int hand_over(const handover *next)
{
    sigset_t all, before;
    int result = -1;

    /* danger: prefork ends a child in its handler of SIGTERM, at any instruction.  If
     * that came here, end_thread() would wait for the mutex for ever */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    apr_thread_mutex_lock(drain.mutex);
    if (!drain.is_over && (drain.thread != NULL || start_thread())) {
        result = write(drain.pipe[1], next, sizeof(*next))
                 == (ssize_t)sizeof(*next);
    }
    apr_thread_mutex_unlock(drain.mutex);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

int ep_drain(conn_rec *c, ep_linger linger, size_t host)
{
    apr_socket_t *socket = ap_get_conn_socket(c);
    handover next;
    int fd, result;

    if (drain.mutex == NULL || socket == NULL
        || apr_os_sock_get(&fd, socket) != APR_SUCCESS) {
        return 0;
    }
    apr_socket_opt_set(socket, APR_SO_RCVBUF, RECEIVE_BUFFER);
    memset(&next, 0, sizeof(next));
    next.host = host;
    next.deadline = apr_time_now() + (linger == EP_LINGER_FULL ? FULL_TIME
                                                               : SHORT_TIME);
    next.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (next.fd < 0
        || apr_socket_shutdown(socket, APR_SHUTDOWN_WRITE) != APR_SUCCESS) {
        result = 0;
    }
    else {
        result = hand_over(&next);
    }
    if (result != 1 && next.fd >= 0) {
        close(next.fd);
    }
    /* if the pipe is full, the connection is closed: no worker is held */
    return result >= 0;
}

static void prepare_child(apr_pool_t *pool, server_rec *s)
{
    drain.thread = NULL;
    drain.is_over = 0;
    drain.owner = getpid();
    drain.mutex = NULL;
    if (apr_pool_create(&drain.pool, s->process->pool) != APR_SUCCESS
        || apr_thread_mutex_create(&drain.mutex, APR_THREAD_MUTEX_DEFAULT,
                                   drain.pool) != APR_SUCCESS) {
        drain.mutex = NULL;
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "cannot make a lock: httpd's workers drain refused "
                     "connections");
        return;
    }
    apr_pool_pre_cleanup_register(pool, NULL, end_thread);
}

void ep_drain_register(void)
{
    ap_hook_child_init(prepare_child, NULL, NULL, APR_HOOK_MIDDLE);
}
