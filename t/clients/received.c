/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Preloaded into httpd: writes down how much of each connection has arrived.
 *
 * What httpd reads is not what a client sends: a connection that is closed
 * early leaves content in the kernel, and what is read and thrown away behind
 * an answer is in no log.  The kernel knows, until the last close():
 *
 *   EP_RECEIVED, one line a close:  PORT COOKIE RECEIVED HEAD DATA
 *
 * PORT is the server's.  COOKIE is the same for all descriptors of one
 * connection; the largest numbers count.  RECEIVED is what TCP took in, HEAD
 * the length of the first head if it was read here (HTTP/1), DATA the content
 * in DATA frames (HTTP/2).  The kernel counts a FIN as a byte.  It is taken off
 * where one can have come; after a reset, that may be a byte too much.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* netinet/tcp.h has them, but no tcpi_bytes_received */
enum { ESTABLISHED = 1, FIN_WAIT1 = 4, FIN_WAIT2 = 5 };

#define DESCRIPTORS 65536
#define FRAME_HEAD 9
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define PREFACE_LENGTH (sizeof(preface) - 1)

/* What was read of one descriptor; httpd has one thread at a time read it. */
typedef struct seen {
    uint64_t offset;
    uint64_t head;
    uint64_t data;
    /* of the frame that is being read */
    uint32_t left;
    unsigned char start[FRAME_HEAD];
    unsigned char start_length;
    unsigned char line_ends;
    char is_http1;
} seen;

static seen table[DESCRIPTORS];
static int log_fd = -1;
static ssize_t (*next_read)(int, void *, size_t);
static int (*next_close)(int);

__attribute__((constructor)) static void prepare(void)
{
    const char *name = getenv("EP_RECEIVED");

    *(void **)&next_read = dlsym(RTLD_NEXT, "read");
    *(void **)&next_close = dlsym(RTLD_NEXT, "close");
    if (name != NULL) {
        log_fd = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
    }
}

static int has_tcp(int fd, struct tcp_info *info)
{
    socklen_t length = sizeof(*info);

    memset(info, 0, sizeof(*info));
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0;
}

/* The kernel reads the state before it locks the socket: two looks that agree
 * are one in which a FIN is in both numbers or in none. */
static int has_steady_tcp(int fd, struct tcp_info *info)
{
    struct tcp_info before;
    int tries = 10;

    do {
        if (!has_tcp(fd, &before) || !has_tcp(fd, info)) {
            return 0;
        }
    } while ((before.tcpi_state != info->tcpi_state
              || before.tcpi_bytes_received != info->tcpi_bytes_received)
             && --tries > 0);
    return 1;
}

/* The head ends where two line ends meet. */
static void see_http1(seen *s, const unsigned char *bytes, size_t length)
{
    size_t i;

    for (i = 0; i < length && s->head == 0; i++) {
        s->offset++;
        if (bytes[i] == '\n' && ++s->line_ends == 2) {
            s->head = s->offset;
        }
        else if (bytes[i] != '\n' && bytes[i] != '\r') {
            s->line_ends = 0;
        }
    }
}

static void see_http2(seen *s, const unsigned char *bytes, size_t length)
{
    size_t i = 0;

    while (i < length) {
        if (s->offset < PREFACE_LENGTH) {
            s->offset++;
            i++;
        }
        else if (s->left > 0) {
            const size_t piece = length - i < s->left ? length - i : s->left;

            s->left -= (uint32_t)piece;
            i += piece;
        }
        else {
            s->start[s->start_length++] = bytes[i++];
            if (s->start_length == FRAME_HEAD) {
                s->start_length = 0;
                s->left = (uint32_t)s->start[0] << 16
                          | (uint32_t)s->start[1] << 8 | s->start[2];
                s->data += s->start[3] == 0 ? s->left : 0;
            }
        }
    }
}

ssize_t read(int fd, void *buffer, size_t most)
{
    const ssize_t length = next_read(fd, buffer, most);
    struct tcp_info info;
    seen *s;

    if (length <= 0 || log_fd < 0 || fd < 0 || fd >= DESCRIPTORS
        || table[fd].head > 0 || !has_tcp(fd, &info)) {
        return length;
    }
    s = &table[fd];
    if (s->offset == 0) {
        s->is_http1 = memcmp(buffer, preface,
                             (size_t)length < 4 ? (size_t)length : 4) != 0;
    }
    if (s->is_http1) {
        see_http1(s, buffer, (size_t)length);
    }
    else {
        see_http2(s, buffer, (size_t)length);
    }
    return length;
}

static int may_have_fin(const struct tcp_info *info)
{
    return info->tcpi_state != ESTABLISHED && info->tcpi_state != FIN_WAIT1
           && info->tcpi_state != FIN_WAIT2;
}

int close(int fd)
{
    struct tcp_info info;
    struct sockaddr_in address;
    socklen_t address_length = sizeof(address);
    uint64_t cookie = 0;
    socklen_t cookie_length = sizeof(cookie);

    if (log_fd < 0 || fd < 0 || fd >= DESCRIPTORS) {
        return next_close(fd);
    }
    if (has_steady_tcp(fd, &info) && info.tcpi_bytes_received > 0
        && getsockname(fd, (struct sockaddr *)&address, &address_length) == 0
        && getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_length)
               == 0) {
        char line[128];
        const int length = snprintf(
            line, sizeof(line), "%u %llu %llu %llu %llu\n",
            (unsigned)ntohs(address.sin_port), (unsigned long long)cookie,
            (unsigned long long)info.tcpi_bytes_received
                - (may_have_fin(&info) ? 1 : 0),
            (unsigned long long)table[fd].head,
            (unsigned long long)table[fd].data);

        if (write(log_fd, line, (size_t)length) != length) {
            abort();
        }
    }
    memset(&table[fd], 0, sizeof(table[fd]));
    return next_close(fd);
}
